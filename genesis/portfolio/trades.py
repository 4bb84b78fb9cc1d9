"""Trades as definitions.md counts them: from flat to flat, dust under one lot is flat, a flip's fill is split by quantity."""

from __future__ import annotations

from enum import Enum

import msgspec

from genesis.model.orders import Side


class TradeBasis(Enum):
    """What counts as one trade: flat to flat, or (for a strategy that is never flat) each reduction matched first in, first out."""

    FLAT_TO_FLAT = "flat_to_flat"
    FIFO_LOT = "fifo_lot"


class ClosedTrade(msgspec.Struct, frozen=True, gc=False):
    """A finished trade. Quantities are base ledger units, amounts quote ledger units; ``pnl`` is net of ``fees``.

    ``qty`` is the largest position held; ``forced`` marks an exit that risk ordered.
    """

    instrument: str
    side: Side
    time_open: int
    time_close: int
    qty: int
    entry_notional: int
    exit_notional: int
    fees: int
    pnl: int
    fills: int
    forced: bool


class OpenTrade:
    """A trade that is not flat yet."""

    __slots__ = ("entry", "exit", "fees", "fills", "forced", "peak", "pnl", "side", "time_open")

    def __init__(self, side: Side, time_open: int) -> None:
        self.side, self.time_open = side, time_open
        self.peak = self.entry = self.exit = self.fees = self.pnl = self.fills = 0
        self.forced = False

    def close(self, instrument: str, time_close: int) -> ClosedTrade:
        """The finished trade."""
        return ClosedTrade(
            instrument,
            self.side,
            self.time_open,
            time_close,
            self.peak,
            self.entry,
            self.exit,
            self.fees,
            self.pnl - self.fees,
            self.fills,
            self.forced,
        )
