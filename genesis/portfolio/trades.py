"""Trades as definitions.md counts them: from flat to flat, dust under one lot is flat, a flip's fill is split by quantity."""

from __future__ import annotations

from enum import Enum

import msgspec

from genesis.model.orders import Side


class TradeBasis(Enum):
    """What counts as one trade: flat to flat, or (for a strategy that is never flat) each lot, matched first in, first out."""

    FLAT_TO_FLAT = "flat_to_flat"
    FIFO_LOT = "fifo_lot"


class ClosedTrade(msgspec.Struct, frozen=True, gc=False):
    """A finished trade. Quantities are base ledger units, amounts quote ledger units; ``pnl`` is net of ``fees`` and ``funding``.

    ``qty`` is the largest position held; ``entry_notional`` is what grew the position and ``exit_notional`` what shrank it, each at its
    fill's price; ``fills`` counts a flip's fill in both of its trades; ``forced`` marks an exit that risk ordered
    or the venue; ``funding`` is what settlements changed, negative is paid.
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
    funding: int = 0
