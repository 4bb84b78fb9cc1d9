"""What the moneys of an account's versions are worth in USD, the currency in which tiers and the account's limits are told.

USDT is not USD (definitions.md, "Tiers"): where instruments of the tape lead from one to the other their prices say what it is worth, what is owned at the
bid, and a price that is too old is an error of the valuation, never replaced by a guess. Where none lead there an assumption of the configuration does, which the run prints and its
first entry holds. Where there is neither, nothing can be valued.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal

from genesis.model.grid import plain
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.tape_rates import TapeRates
from genesis.tape.stream import Stream

ACCOUNT_CURRENCY = "USD"
# One scale for all of them: then a ratio of ledger units is one of moneys.
_SCALE = 8
_FINEST = Decimal("0.000000000001")
_ONE = Decimal(1)


class AccountRates:
    """USD for one unit of each currency, at a moment.

    Args:
        streams: those whose prices are rates, one an instrument, in the order in which they are preferred.
        currencies: those of the versions' budgets.
        assumed: USD for one unit of a currency from which no instrument leads there.
    """

    def __init__(self, streams: Sequence[Stream], currencies: Collection[str], assumed: Mapping[str, Decimal]) -> None:
        foreign = sorted(set(currencies) - {ACCOUNT_CURRENCY})
        self._rates = TapeRates(streams, dict.fromkeys((*foreign, ACCOUNT_CURRENCY), _SCALE))
        self._shown = {c for c in foreign if self._rates.way(c, ACCOUNT_CURRENCY) is not None}
        self.assumed: dict[str, Decimal] = {c: assumed[c] for c in foreign if c not in self._shown and c in assumed}
        self.foreign: tuple[str, ...] = tuple(foreign)

    def look(self, now: int, included: bool = True) -> None:
        """Stand after the rows of ``now``, or right before them."""
        if self._shown:
            self._rates.look(now, included)

    def rate(self, currency: str, now: int) -> Decimal | NoRate:
        """USD for one unit at the rows last looked at, rounded down to 1e-12; or why there is none."""
        if currency == ACCOUNT_CURRENCY:
            return _ONE
        if currency in self.assumed:
            return self.assumed[currency]
        ratio = self._rates.ratio(currency, ACCOUNT_CURRENCY, now, owned=True)
        if isinstance(ratio, NoRate):
            return ratio
        found = (Decimal(ratio[0]) / Decimal(ratio[1])).quantize(_FINEST, ROUND_FLOOR)
        return Decimal(plain(found.normalize()))

    def facts(self) -> dict[str, dict[str, object]]:
        """For the first entry: which instruments say what a currency is worth, what is assumed of others, and what has no rate at all."""
        return {c: self._told(c) for c in self.foreign}

    def _told(self, currency: str) -> dict[str, object]:
        if currency in self.assumed:
            return {"assumed": plain(self.assumed[currency])}
        way = self._rates.way(currency, ACCOUNT_CURRENCY)
        return {"instruments": [] if way is None else [pair.id for pair, _ in way]}
