"""How much of the account each version may hold, when all of them want some: the tier, the account's total, the cap on unproven capital.

What is held is kept before anything rises; where it has to shrink, the weakest evidence gives first. Rises are served by evidence, ties by name; the rest wait and are told
why. Limits measured by equity let what is held stand until equity is under `_SHRUNK` of what they ask, as the tiers do: else every small loss would move capital.
What is proven keeps what it holds while its E is at least `proven_evidence`, and rises beyond the room of the unproven at `_CLEARLY` times as much.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from genesis.model.grid import plain
from genesis.paper_trading.promotion_facts import NOTHING, AccountFacts, Facts, Room, Standing
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import Stage

_SHRUNK = Decimal("0.9")
# An E that stands about `proven_evidence` would take the same step again and again, and give it back at once each time (docs/PROMOTION.md, "The account").
_CLEARLY = 1.5
_CENT = Decimal("0.01")
_ONE = Decimal(1)


class _Limits:
    """What may be held, in money, and how much of it is."""

    __slots__ = ("all_max", "each_max", "held", "live", "live_max", "unproven", "unproven_max")

    def __init__(self, rules: PromotionRules, account: AccountFacts, equity: Decimal, unproven_equity: Decimal) -> None:
        self.live_max = account.live_max
        self.each_max = account.budget_max * equity
        self.all_max = account.open_max * equity
        self.unproven_max = rules.unproven_capital_max * unproven_equity
        self.live = 0
        self.held = self.unproven = NOTHING

    def put(self, amount: Decimal, proven: bool, live: int) -> None:
        """Count an amount and a live version in, or with negative ones out."""
        self.held += amount
        self.live += live
        if not proven:
            self.unproven += amount

    def left(self, proven: bool) -> tuple[Decimal, str]:
        """The greatest amount that one more version may hold, and the limit that says so."""
        if self.live >= self.live_max:
            return NOTHING, f"{self.live} of {self.live_max} versions are live"
        found = [
            (self.each_max, f"each version holds at most {_money(self.each_max)}"),
            (self.all_max - self.held, f"all together hold {_money(self.held)} of at most {_money(self.all_max)}"),
        ]
        if not proven:
            told = f"unproven versions together hold {_money(self.unproven)} of at most {_money(self.unproven_max)}"
            found.append((self.unproven_max - self.unproven, told))
        amount, words = min(found, key=lambda pair: pair[0])
        return max(NOTHING, amount), words


class Allocation:
    """The account's room at one moment, handed out version by version in ``order``.

    ``take`` each version's standing after its decision, before the next asks for its `room`.

    Args:
        rules: the configuration.
        account: what all versions share.
        standings: of all versions.
        facts: of those that are looked at now; what the others hold stays as it was at their last look.
    """

    def __init__(
        self,
        rules: PromotionRules,
        account: AccountFacts,
        standings: Mapping[str, Standing],
        facts: Mapping[str, Facts],
    ) -> None:
        self._rules, self._account, self._facts = rules, account, facts
        self._standings = dict(standings)
        self.order: tuple[str, ...] = tuple(sorted(facts, key=lambda v: (-self._evidence(v), v)))
        self._proven = {v: self._is_proven(v) for v in self._standings}
        # Between evidence bars not all who hold capital are looked at, and what is lost has to take it from all of them.
        self.revoked = self._lost() if all(f.at_bar for f in facts.values()) else ""
        self._limits = _Limits(rules, account, account.equity, account.equity)
        for version in self._standings:
            self._put(version, 1)
        self._kept = self._keep()

    # ---- a version, as it is seen now or was seen last

    def _evidence(self, version: str) -> float:
        """The E that counts; 1 where it is of an earlier attempt."""
        facts, standing = self._facts[version], self._standings[version]
        return facts.counted if facts.evidence_from_ns == standing.evidence_from_ns else 1.0

    def _is_clear(self, version: str) -> bool:
        """Whether it is proven by so much that it may rise for it."""
        return self._evidence(version) >= _CLEARLY * float(self._rules.proven_evidence)

    def _is_proven(self, version: str) -> bool:
        if version in self._facts:
            return self._evidence(version) >= self._rules.proven_evidence
        return self._standings[version].proven

    def _rate(self, version: str) -> Decimal:
        return self._account.rates.get(version, _ONE)

    def _budget(self, version: str) -> Decimal:
        """In the account's currency, as are all amounts here."""
        budget = self._facts[version].budget if version in self._facts else self._standings[version].budget
        return budget * self._rate(version)

    def _earned(self, version: str) -> Decimal:
        """Live profit that counts as unproven."""
        standing = self._standings[version]
        earned = self._facts[version].live_pnl if version in self._facts else standing.live_pnl
        return (earned - standing.cleared_pnl) * self._rate(version)

    def _committed(self, version: str) -> Decimal:
        """The fraction that is or may still be in the market."""
        standing = self._standings[version]
        if standing.stage.holds_capital:
            return standing.fraction
        gone = version in self._facts and self._facts[version].live_flat
        return NOTHING if gone else standing.committed

    # ---- the account

    def _put(self, version: str, sign: int) -> None:
        amount = self._committed(version)
        live = 1 if amount else 0
        self._limits.put(sign * amount * self._budget(version), self._proven[version], sign * live)

    def _lost(self) -> str:
        """In words, why all unproven capital has to go; empty where it has not."""
        unproven = [v for v, proven in self._proven.items() if not proven]
        earned = sum((self._earned(v) for v in unproven), NOTHING)
        most = self._rules.unproven_loss_max * self._account.equity
        if not any(self._committed(v) for v in unproven) or -earned <= most:
            return ""
        return f"unproven versions together have lost {_money(-earned)}, at most {_money(most)} is allowed: all of them are demoted"

    def _keep(self) -> dict[str, Room]:
        """What those that hold capital may keep: the strongest first, up to what each holds. Who was halted with a position comes before them: it holds it."""
        rules, account = self._rules, self._account
        tolerant = account.equity / _SHRUNK
        # Who is unproven since this moment has gained nothing by a falling equity: its cap is the cap.
        fallen = any(s.proven and not self._proven[v] for v, s in self._standings.items())
        limits = _Limits(rules, account, tolerant, account.equity if fallen else tolerant)
        holders = [v for v in self.order if self._standings[v].stage.holds_capital]
        kept = {}
        for version in self._standings:
            if version not in holders and (amount := self._committed(version)):
                if self._standings[version].stage is Stage.HALTED:
                    kept[version] = self._fitting(limits, version)
                limits.put(amount * self._budget(version), self._proven[version], 1)
        for version in holders:
            kept[version] = self._fitting(limits, version)
            fraction = kept[version].fraction
            limits.put(fraction * self._budget(version), self._proven[version], 1 if fraction else 0)
        return kept

    def _fitting(self, limits: _Limits, version: str) -> Room:
        """What it holds, or the rung of the ladder that fits."""
        held, budget = self._held(version), self._budget(version)
        left, words = limits.left(self._proven[version])
        return Room(held if held * budget <= left else self._rules.rung(left / budget), words)

    def _held(self, version: str) -> Decimal:
        """What it holds, or holds still and may be given back: of who was halted with a position."""
        standing = self._standings[version]
        return self._committed(version) if standing.stage is Stage.HALTED else standing.fraction

    def room(self, version: str) -> Room:
        """What a version may hold now."""
        found, limit = self._shared(version), self._account.limits.get(version)
        if limit is None or limit.fraction >= found.fraction:
            return found
        return Room(limit.fraction, limit.words, found.revoked)

    def _shared(self, version: str) -> Room:
        """What the limits that all share leave to it."""
        revoked = "" if self._proven[version] else self.revoked
        kept, held = self._kept.get(version), self._held(version)
        if kept is not None and kept.fraction < held:
            return Room(kept.fraction, kept.words, revoked)
        if self._account.held_back:
            return Room(held, self._account.held_back, revoked)
        self._put(version, -1)
        left, words = self._limits.left(self._is_clear(version))
        self._put(version, 1)
        return Room(max(held, min(left / self._budget(version), self._rules.max_allocation)), words, revoked)

    def take(self, after: Standing) -> None:
        """Count a version as its decision left it."""
        self._put(after.version, -1)
        self._standings[after.version] = after
        self._put(after.version, 1)


def _money(amount: Decimal) -> str:
    cents = amount.quantize(_CENT)
    return plain(cents.to_integral() if cents == cents.to_integral() else cents)
