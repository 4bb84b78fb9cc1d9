"""Funding belongs to the trade that held the position at the settlement, whatever the trade's basis."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.errors import IntegrityError
from genesis.portfolio.trade_books import FlatTrades, LotTrades


def split_funding(change: int, units: Sequence[int]) -> list[int]:
    """``change`` split by quantity over lots of ``units`` (of one sign, not all zero); the last one takes what rounding leaves."""
    parts: list[int] = []
    left, rest = change, sum(units)
    for lot in units:
        part = left * lot // rest if rest else 0
        parts.append(part)
        left -= part
        rest -= lot
    return parts


class FundedFlatTrades(FlatTrades):
    """Trades from flat to flat whose P&L is net of funding."""

    def fund(self, change: int) -> None:
        """Take a settlement (negative is paid) into the open trade.

        Raises:
            IntegrityError: no trade is open: nothing was held.
        """
        if self._trade is None:
            raise IntegrityError("funding: expected an open trade, found none")
        self._trade.pnl += change


class FundedLotTrades(LotTrades):
    """Trades of one lot each whose P&L is net of funding."""

    def fund(self, change: int) -> None:
        """Take a settlement into the open lots, by quantity; raises `IntegrityError` where nothing is held."""
        if not self._lots:
            raise IntegrityError("funding: expected an open lot, found none")
        for lot, part in zip(self._lots, split_funding(change, [lot.units for lot in self._lots]), strict=True):
            lot.pnl += part
