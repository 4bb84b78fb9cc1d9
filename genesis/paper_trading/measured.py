"""A track's metrics at one moment, held as the raw numbers until somebody reads them.

One value an hour and track, which the garbage collector need not look at: with one object of a compiled class for each, it took a third of a
run over hourly bars.
"""

from __future__ import annotations

import msgspec

from genesis.model.grid import Grid
from genesis.paper_trading.measures import BarReturns, Metric, OfFills, OfTrades, worked_out


class Measures(msgspec.Struct, gc=False):
    """All metrics of a moment: read one by its name, or take them all with `metrics`. Nothing that happens later changes it.

    Times are ns, amounts ledger units of ``grid``, drawdowns fractions, dates as the drawdown tracker has them. ``bar_count`` is how many of
    ``bars`` had ended; ``mark_ticks``, of ``mark_grid``, the price at which the first instrument is marked; ``moneys`` what only an account of
    several moneys has.
    """

    grid: Grid
    budget: int
    elapsed_ns: int
    equity: int
    net: int
    gross: int
    unrealized: int
    turnover: int
    drawdown: float
    drawdown_max: float
    fell_from_ns: int | None
    trough_ns: int | None
    recovery_ns: int | None
    equity_mean: float | None
    exposure_mean: float | None
    time_in_market: float | None
    buy_and_hold: float | None
    fills: OfFills
    bars: BarReturns
    bar_count: int
    trades: OfTrades
    mark_grid: Grid | None
    mark_ticks: int | None
    moneys: dict[str, Metric] | None
    made: dict[str, Metric] | None = None

    def __getitem__(self, name: str) -> Metric:
        return self.metrics()[name]

    def metrics(self) -> dict[str, Metric]:
        """Money as exact text, fractions as floats, undefined as ``None``; all net of fees. Worked out once."""
        if self.made is None:
            self.made = worked_out(self)
        return self.made
