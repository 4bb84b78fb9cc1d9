"""What is told of closed trades; `genesis.metrics.trades` works it out."""

from __future__ import annotations

from decimal import Decimal

import msgspec


class TradeStats(msgspec.Struct, frozen=True):
    """Statistics of ``n`` closed trades, money in the unit of their P&L.

    ``win_rate``: wins over all trades, zeros included. ``profit_factor``: gross profit over the size of gross loss, ``None`` without a
    loss. ``expectancy``: net P&L a trade. Losses are negative, as P&L is. ``average_duration_ns`` is rounded down.
    """

    n: int
    wins: int
    losses: int
    forced: int
    net_pnl: Decimal
    gross_profit: Decimal
    gross_loss: Decimal
    win_rate: float | None
    profit_factor: float | None
    expectancy: Decimal | None
    average_win: Decimal | None
    average_loss: Decimal | None
    largest_win: Decimal | None
    largest_loss: Decimal | None
    average_duration_ns: int | None
