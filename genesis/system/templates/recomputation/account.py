"""The account's tier and room."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import isclose

from .arithmetic import BAR_NS, DAY_NS
from .comparing import Document
from .ladder import CAPITAL, rungs
from .version import Version


class Account:
    """Tier and room of the account, in USD: what each version may hold when all of them want some (docs/LADDER.md).

    Only where every budget is in USD or in a money whose rate the first entry assumes; other rates are of the tape.
    """

    def __init__(self, rules: Document, tiers: list[Document], rates: dict[str, Fraction], initial: Fraction) -> None:
        self.rules, self.tiers, self.rates, self.initial = rules, tiers, rates, initial
        self.place: int | None = None
        self.closes, self.equity = [0] * len(tiers), initial

    @classmethod
    def of(cls, body: Document, budgets: dict[str, tuple[Fraction, str]]) -> Account | None:
        assumed = {c: Fraction(r["assumed"]) for c, r in body.get("account_rates", {}).items() if "assumed" in r}
        known, rules = {"USD": Fraction(1), **assumed}, body["promotion"]
        if "storage" in body or any(currency not in known for _, currency in budgets.values()):
            return None
        rates = {n: known[currency] for n, (_, currency) in budgets.items()}
        total_ = sum((budget * rates[n] for n, (budget, _) in budgets.items()), Fraction(0))
        told = rules["account_equity"]
        return cls(rules, body["tiers"], rates, total_ if told is None else Fraction(told))

    def stands(self, equity: Fraction) -> bool:
        """Whether the tier is out of danger by a twentieth."""
        bound = (
            Fraction(self.tiers[self.place]["from_usd"]) if self.place is not None and self.place >= 0 else Fraction(0)
        )
        return equity >= Fraction(19, 20) * bound

    def look(self, time: int, equity: Fraction) -> None:
        """Down at once under nine tenths of a bound, up after seven days that closed at it."""
        bounds = [Fraction(t["from_usd"]) for t in self.tiers]
        if self.place is None:
            self.place = max((i for i, bound in enumerate(bounds) if self.initial >= bound), default=-1)
        while self.place >= 0 and equity < Fraction(9, 10) * bounds[self.place]:
            self.closes[self.place] = 0
            self.place -= 1
        if time % DAY_NS == 0:
            self.closes = [n + 1 if equity >= bound else 0 for n, bound in zip(self.closes, bounds, strict=True)]
            self.place = max([self.place, *(i for i, n in enumerate(self.closes) if n >= 7)])

    def rooms(
        self, time: int, looked: list[Document], versions: dict[str, Version], earned: dict[str, Fraction],
        followed: dict[str, tuple[str, Fraction]],
    ) -> Iterator[tuple[int, str, object, object]]:  # fmt: skip
        """(entry, version, what was found or None where it agrees, what is told) of each decision, in their order."""
        # Between evidence bars it is what it was.
        if time % BAR_NS == 0:
            self.equity = self.initial + sum((e * self.rates[n] for n, e in earned.items()), Fraction(0))
            self.look(time, self.equity)
        stands = {n: v.after for n, v in versions.items() if v.after is not None}
        stands |= {record["facts"]["version"]: record["before"] for record in looked}
        facts = {record["facts"]["version"]: record["facts"] for record in looked}
        most = {n: self.limit(stands[after], held) for n, (after, held) in followed.items() if after in stands}
        place = self.place if self.place is not None else -1
        tier = self.tiers[place] if place >= 0 else None
        allotment = Allotment(self.rules, tier, self.rates, self.equity, stands, facts)
        for record in looked:
            name, told = record["facts"]["version"], record["room"]
            room = min(allotment.room(name), most.get(name, Fraction(10)))
            if not isclose(float(room), float(told["fraction"]), rel_tol=1e-9, abs_tol=1e-12):
                yield record["seq"], name, f"{float(room):.9g}", told["fraction"]
            gone = allotment.lost and not allotment.proven[name]
            if gone != bool(told["revoked"]):
                yield record["seq"], name, "revoked" if gone else "not revoked", told["revoked"] or "not revoked"
            allotment.take(record["after"])

    def limit(self, successor: Document, held: Fraction) -> Fraction:
        """What a former champion may hold: what it held less what its successor holds and may take next."""
        fraction = Fraction(successor["fraction"])
        step = Fraction(self.rules["allocation_increment"] if fraction else self.rules["initial_allocation"])
        return max(Fraction(0), held - fraction - (step if successor["stage"] in (*CAPITAL, "VALIDATED") else 0))


class Limits:
    """What may be held, in money, and how much of it is."""

    def __init__(self, rules: Document, tier: Document | None, equity: Fraction, unproven_equity: Fraction) -> None:
        self.versions = tier["strategies"] if tier else 0
        self.each = Fraction(tier["budget_max"]) * equity if tier else Fraction(0)
        self.all = min(Fraction(1), Fraction(tier["gross_exposure_max"]) if tier else Fraction(1)) * equity
        self.unproven_most = Fraction(rules["unproven_capital_max"]) * unproven_equity
        self.live, self.held, self.unproven = 0, Fraction(0), Fraction(0)

    def put(self, amount: Fraction, proven: bool, live: int) -> None:
        self.held, self.live = self.held + amount, self.live + live
        self.unproven += 0 if proven else amount

    def left(self, proven: bool) -> Fraction:
        if self.live >= self.versions:
            return Fraction(0)
        found = [self.each, self.all - self.held] + ([] if proven else [self.unproven_most - self.unproven])
        return max(Fraction(0), min(found))


class Allotment:
    """One moment's room: what is held is kept before anything rises, the strongest evidence first."""

    def __init__(
        self, rules: Document, tier: Document | None, rates: dict[str, Fraction], equity: Fraction,
        stands: dict[str, Document], facts: dict[str, Document],
    ) -> None:  # fmt: skip
        self.rules, self.rates, self.stands, self.facts = rules, rates, dict(stands), facts
        self.proven = {n: self.is_proven(n) for n in stands}
        losses = -sum((self.unproven_profit(n) for n, proven in self.proven.items() if not proven), Fraction(0))
        at_stake = any(self.committed(n) for n, proven in self.proven.items() if not proven)
        self.lost = at_stake and losses > Fraction(rules["unproven_loss_max"]) * equity
        self.limits = Limits(rules, tier, equity, equity)
        for name in stands:
            self.put(name, 1)
        # What is held may stand until equity is under nine tenths of what it asks; who has just become unproven gains nothing by that.
        tolerant = equity / Fraction(9, 10)
        fallen = any(s["proven"] and not self.proven[n] for n, s in stands.items())
        self.kept = self.keep(Limits(rules, tier, tolerant, equity if fallen else tolerant))

    def evidence(self, name: str) -> float:
        facts = self.facts[name]
        counted = facts["adjusted"] if facts["residual"] is None else min(facts["adjusted"], facts["residual"])
        return counted if int(facts["evidence_from_ns"]) == int(self.stands[name]["evidence_from_ns"]) else 1.0

    def is_proven(self, name: str) -> bool:
        if name in self.facts:
            return self.evidence(name) >= float(self.rules["proven_evidence"])
        return bool(self.stands[name]["proven"])

    def is_clear(self, name: str) -> bool:
        """Whether it is proven by so much that it may rise for it."""
        return self.evidence(name) >= 1.5 * float(self.rules["proven_evidence"])

    def worth(self, name: str, fraction: Fraction) -> Fraction:
        """That share of its budget, in USD."""
        budget = self.facts[name]["budget"] if name in self.facts else self.stands[name]["budget"]
        return fraction * Fraction(budget) * self.rates[name]

    def unproven_profit(self, name: str) -> Fraction:
        earned = self.facts[name]["live_pnl"] if name in self.facts else self.stands[name]["live_pnl"]
        return (Fraction(earned) - Fraction(self.stands[name]["cleared_pnl"])) * self.rates[name]

    def committed(self, name: str) -> Fraction:
        """The share that is or may still be in the market."""
        stands = self.stands[name]
        if stands["stage"] in CAPITAL:
            return Fraction(stands["fraction"])
        flat = name in self.facts and self.facts[name]["live_flat"]
        return Fraction(0) if flat else Fraction(stands["committed"])

    def put(self, name: str, sign: int) -> None:
        amount = self.committed(name)
        self.limits.put(sign * self.worth(name, amount), self.proven[name], sign if amount else 0)

    def keep(self, limits: Limits) -> dict[str, Fraction]:
        order = sorted(self.facts, key=lambda n: (-self.evidence(n), n))
        holders = [n for n in order if self.stands[n]["stage"] in CAPITAL]
        kept = {}
        for name, stands in self.stands.items():
            amount = self.committed(name)
            if name not in holders and amount:
                if stands["stage"] == "HALTED":
                    kept[name] = self.fitting(limits, name)
                limits.put(self.worth(name, amount), self.proven[name], 1)
        for name in holders:
            kept[name] = self.fitting(limits, name)
            limits.put(self.worth(name, kept[name]), self.proven[name], 1 if kept[name] else 0)
        return kept

    def fitting(self, limits: Limits, name: str) -> Fraction:
        """What it holds, or the rung of the ladder that fits."""
        held, left = self.held(name), limits.left(self.proven[name])
        if self.worth(name, held) <= left:
            return held
        share = left / self.worth(name, Fraction(1))
        return max((r for r in rungs(self.rules) if r <= share), default=Fraction(0))

    def held(self, name: str) -> Fraction:
        stands = self.stands[name]
        return self.committed(name) if stands["stage"] == "HALTED" else Fraction(stands["fraction"])

    def room(self, name: str) -> Fraction:
        kept, held = self.kept.get(name), self.held(name)
        if kept is not None and kept < held:
            return kept
        self.put(name, -1)
        left = self.limits.left(self.is_clear(name))
        self.put(name, 1)
        return max(held, min(left / self.worth(name, Fraction(1)), Fraction(self.rules["max_allocation"])))

    def take(self, after: Document) -> None:
        """Count a version as its decision left it."""
        name = after["version"]
        self.put(name, -1)
        self.stands[name] = after
        self.put(name, 1)
