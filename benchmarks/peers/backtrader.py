"""backtrader: orders fill at the next event's open, its default. Trades are fed as bars with four equal prices.

The averages are kept in the strategy: its own indicator is seeded with a simple mean and gives other orders. W3 is its
`optstrategy` in one process. W4 is its resampler from trades to minutes.
"""

from __future__ import annotations

from typing import Any

import backtrader as bt

from benchmarks.measure import Job, Outcome, Stopwatch, job
from benchmarks.workloads import CASH, FAST, FEE, SLOW, WARMUP, Wakes, apart

EPOCH_DAYS = 719_163.0  # 1970-01-01 as the ordinal day that its datetime line counts in


class Columns(bt.feed.DataBase):
    """A feed straight from lists: its fastest way in."""

    params = (("columns", None),)

    def start(self) -> None:
        super().start()
        self._rows = iter(zip(*self.p.columns, strict=True))

    def _load(self) -> bool:
        row = next(self._rows, None)
        if row is None:
            return False
        lines = self.lines
        lines.datetime[0], lines.open[0], lines.high[0], lines.low[0], lines.close[0], lines.volume[0] = row
        lines.openinterest[0] = 0.0
        return True


class Cross(bt.Strategy):
    """The moving-average cross."""

    params = (("fast", FAST), ("size", 0.0))

    def __init__(self) -> None:
        self.fills = self.seen = self.sent = 0
        self.holds = False
        self.fast_mean = self.slow_mean = 0.0
        self.fast_weight, self.slow_weight = 2 / (self.p.fast + 1), 2 / (SLOW + 1)

    def notify_order(self, order: Any) -> None:
        if order.status == order.Completed:
            self.fills += 1

    def next(self) -> None:
        price = self.data.close[0]
        if not self.seen:
            self.fast_mean = self.slow_mean = price
        self.fast_mean = self.fast_weight * price + (1 - self.fast_weight) * self.fast_mean
        self.slow_mean = self.slow_weight * price + (1 - self.slow_weight) * self.slow_mean
        self.seen += 1
        if self.seen < WARMUP:
            return
        if self.fast_mean > self.slow_mean and not self.holds:
            self.holds = True
            self.sent += 1
            self.buy(size=self.p.size)
        elif self.fast_mean < self.slow_mean and self.holds:
            self.holds = False
            self.sent += 1
            self.sell(size=self.p.size)


class Keep(bt.Analyzer):
    """An optimisation hands back analyzers only: this one carries the result out."""

    def stop(self) -> None:
        ran = self.strategy
        self.rets["result"] = Outcome(ran.sent, ran.fills, ran.position.size, ran.broker.getvalue() - CASH)


def columns(task: Job) -> list[list[float]]:
    """Day number, open, high, low, close, volume."""
    if task.workload.wakes is Wakes.BAR:
        bars = task.workload.bars(task.n)
        ts, values = bars.ts, [bars.open, bars.high, bars.low, bars.close, bars.volume]
    else:
        trades = task.workload.trades(task.n)
        # An order does not fill at the moment of its creation, and a day number resolves no less than 10 us.
        ts, values = apart(trades.ts, 20_000), [trades.price] * 4 + [trades.qty]
    return [(EPOCH_DAYS + ts / 86_400e9).tolist(), *(column.tolist() for column in values)]


def cerebro(task: Job, feed: list[list[float]]) -> bt.Cerebro:
    made = bt.Cerebro(stdstats=False, preload=True, runonce=True, maxcpus=1, optreturn=True)
    frame = bt.TimeFrame.Minutes if task.workload.wakes is Wakes.BAR else bt.TimeFrame.Ticks
    data = Columns(columns=feed, timeframe=frame, compression=1)
    if task.workload.wakes is Wakes.MINUTE:
        made.resampledata(data, timeframe=bt.TimeFrame.Minutes, compression=1)
    else:
        made.adddata(data)
    made.broker.setcash(CASH)
    made.broker.setcommission(commission=float(FEE))
    made.addanalyzer(Keep, _name="keep")
    if len(task.fasts) > 1:
        made.optstrategy(Cross, fast=task.fasts, size=[float(task.workload.size)])
    else:
        made.addstrategy(Cross, fast=task.fasts[0], size=float(task.workload.size))
    return made


def main() -> None:
    task = job(__doc__, "default")
    watch = Stopwatch(task, "backtrader")
    feed = columns(task)
    rows = len(feed[0])
    made = cerebro(task, feed)
    with watch:
        found = made.run()
    ran = [one[0] if isinstance(one, list) else one for one in found]
    runs = [one.analyzers.keep.get_analysis()["result"] for one in ran]
    held = round(sum(run.position for run in runs), 8)
    total = Outcome(sum(r.orders for r in runs), sum(r.fills for r in runs), held, sum(r.pnl for r in runs))
    watch.report(rows * len(runs), total)


if __name__ == "__main__":
    main()
