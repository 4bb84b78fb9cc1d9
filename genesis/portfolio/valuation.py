"""What a portfolio of several moneys is worth in its first one, by the tape's rates: an amount, or why there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from genesis.errors import ConfigError
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.tape_rates import TapeRates
from genesis.tape.stream import Stream

if TYPE_CHECKING:
    from genesis.portfolio.portfolio import Portfolio


class Valuation:
    """Equity in the first money's ledger units.

    ``told`` is the newest that could be told, for who asks at a moment that has none. ``begun`` turns true at the first moment at which all that
    the portfolio started with has a rate: its worth is the budget from then on, and the index is 1 there. Until then nothing can be bought.

    Args:
        streams: those whose prices are rates between the moneys, in the order in which they are preferred.

    Raises:
        ConfigError: no rate leads from a money to the first one.
    """

    def __init__(self, portfolio: Portfolio, streams: Sequence[Stream]) -> None:
        self._portfolio = portfolio
        self.currency = portfolio.currency
        self.rates = TapeRates(streams, portfolio.scales)
        for money in portfolio.moneys:
            if self.rates.way(money, self.currency) is None:
                known = ", ".join(i.id for i in self.rates.instruments) or "none"
                raise ConfigError(
                    f"{money}: expected instruments whose prices lead from it to {self.currency}, found {known}"
                )
        self.told = portfolio.budget_units
        self.begun = not any(portfolio.budget_of(m) for m in portfolio.moneys if m != self.currency)

    def begin(self, now: int) -> NoRate | None:
        """The rates of ``now`` (its rows included) say what the portfolio started with; nothing happens where one is missing."""
        self.rates.look(now, included=True)
        worth = self._sum({m: self._portfolio.budget_of(m) for m in self._portfolio.moneys}, now)
        if isinstance(worth, NoRate):
            return worth
        self.begun, self.told = True, worth
        self._portfolio.begin_with(now, worth)
        return None

    def equity(self, cash: Mapping[str, int], values: Mapping[str, int], now: int, included: bool) -> int | NoRate:
        """Equity at ``now``, of ``cash`` by money and positions worth ``values`` in their quote by instrument id, both as `Portfolio.netted` tells them.

        ``included``: after the rows of that moment.
        """
        self.rates.look(now, included)
        sums = dict(cash)
        for holding in self._portfolio.holdings():
            sums[holding.purse.currency] += values[holding.id]
        total = self._sum(sums, now)
        if isinstance(total, NoRate):
            return total
        problem = None if self.begun else self.begin(now)
        if problem is not None:
            return problem
        self.told = total
        return total

    def unrealized(self, values: Mapping[str, int], now: int) -> int:
        """Value of the positions less their cost, each converted at the rates last looked at; what has none counts as nothing."""
        total = 0
        for holding in self._portfolio.holdings():
            gain = values[holding.id] - holding.position.cost
            worth = self.rates.convert(gain, holding.purse.currency, self.currency, now)
            total += 0 if isinstance(worth, NoRate) else worth
        return total

    def _sum(self, sums: Mapping[str, int], now: int) -> int | NoRate:
        total = 0
        for money, units in sums.items():
            worth = self.rates.convert(units, money, self.currency, now)
            if isinstance(worth, NoRate):
                return worth
            total += worth
        return total
