"""What the account is worth in USD as the capital ladder looks, which tier that gives, and why nothing may rise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import ClassVar, Final

from genesis.clock import NS_PER_DAY
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.paper_trading.account_rates import AccountRates
from genesis.paper_trading.ladder_version import LadderVersion
from genesis.paper_trading.promotion_facts import AccountFacts, Limit
from genesis.portfolio.conversion import NoRate
from genesis.risk.account_tier import AccountTier
from genesis.risk.tiers import Tier

HoldBack = Callable[[int, Decimal], str]
_NONE: Final = Decimal(0)


def _nothing_holds(time_ns: int, equity: Decimal) -> str:
    return ""


class AccountWorth:
    """The account that all versions share: what it began with and what live tracks have earned, in USD.

    Args:
        rates: what the versions' moneys are worth in USD.
        tiers: lowest first.
        initial: USD that it began with; ``None`` is the sum of all budgets at the present rates.
        versions: all of the account, by name; those that come later are put in.
    """

    # Who may hold back is told anew by every process.
    made_anew: ClassVar[Mapping[str, object]] = {"hold_back": _nothing_holds}

    def __init__(
        self,
        rates: AccountRates,
        tiers: Sequence[Tier],
        initial: Decimal | None,
        versions: Mapping[str, LadderVersion],
    ) -> None:
        self._rates, self._tiers, self._versions = rates, tiers, versions
        self._configured = initial
        self.hold_back: HoldBack = _nothing_holds
        self._tier: AccountTier | None = None
        # USD: what it began with as the last look found it, and its equity at the last look that could value it.
        self.initial = _NONE
        self.equity: Decimal | None = None
        self._at_bar: AccountFacts | None = None

    @property
    def tier(self) -> Tier | None:
        """Its tier now; ``None`` is ``paper_only``, and is so before the first look that could value it."""
        return None if self._tier is None else self._tier.tier

    def look(self, now: int, limits: Mapping[str, Limit]) -> AccountFacts:
        """The account at ``now``; between evidence bars as the last one found it: what waits for fresh prices rises by nothing, and moves no tier.

        A moment at which it cannot be valued moves no tier and lets nothing rise; limits of risk go by the last rates there were. ``limits``: by version, what bounds
        it alone.
        """
        if now % EVIDENCE_BAR_NS and self._at_bar is not None:
            return self._at_bar
        problems = self._look_at_rates(now)
        versions = self._versions.values()
        self.initial = self._begun_with()
        equity = self.initial + sum((v.earned() * v.rate for v in versions), _NONE)
        if problems:
            words = f"the account cannot be valued: {'; '.join(problems)}"
        else:
            words = self.hold_back(now, equity)
            self._look_at_tier(now, equity)
        self._at_bar = AccountFacts.of(self.tier, equity, words, {v.name: v.rate for v in versions}, limits)
        return self._at_bar

    def _begun_with(self) -> Decimal:
        if self._configured is not None:
            return self._configured
        return sum((v.budget * v.rate for v in self._versions.values()), _NONE)

    def _look_at_rates(self, now: int) -> list[str]:
        """Take what every version's money is worth now; why one has no value, in words."""
        self._rates.look(now)
        problems = {}
        for version in self._versions.values():
            found = self._rates.rate(version.currency, now)
            if isinstance(found, NoRate):
                problems[version.currency] = str(found)
            else:
                version.rate = found
        return list(problems.values())

    def _look_at_tier(self, now: int, equity: Decimal) -> None:
        if self._tier is None:
            self._tier = AccountTier(self._tiers, self.initial)
        self._tier.look(equity)
        if now % NS_PER_DAY == 0:
            self._tier.close_day(equity)
        self.equity = equity
