"""backtesting.py: orders fill at the next bar's open, its default. Trades are fed as bars with four equal prices.

It trades whole units, so prices are quoted for one order's size and one unit is traded (what its own FractionalBacktest does).
Its loop begins one bar after the first bar on which every indicator has a value, so the averages are shown from one bar before
the first signal. W3 runs the variants one after another over one frame; W4 resamples the trades with pandas, inside the clock.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
from backtesting import Backtest, Strategy, backtesting

from benchmarks.measure import Job, Outcome, Stopwatch, job
from benchmarks.workloads import CASH, FAST, FEE, SLOW, WARMUP, Floats, Wakes


def average(prices: Any, periods: int) -> Floats:
    means = pd.Series(prices).ewm(span=periods, adjust=False).mean().to_numpy(copy=True)
    means[: WARMUP - 2] = np.nan
    return means


class Cross(Strategy):
    """The moving-average cross."""

    periods = FAST

    def init(self) -> None:
        self.fast = self.I(average, self.data.Close, self.periods, name="fast", plot=False)
        self.slow = self.I(average, self.data.Close, SLOW, name="slow", plot=False)
        self.holds = False
        self.sent = 0

    def next(self) -> None:
        fast, slow = self.fast[-1], self.slow[-1]
        if fast > slow and not self.holds:
            self.holds = True
            self.sent += 1
            self.buy(size=1)
        elif fast < slow and self.holds:
            self.holds = False
            self.sent += 1
            self.position.close()


def frame(task: Job) -> pd.DataFrame:
    """Bars priced for one order's size; for W4 the trades, yet to be resampled."""
    size = float(task.workload.size)
    if task.workload.wakes is Wakes.BAR:
        bars = task.workload.bars(task.n)
        prices = {"Open": bars.open, "High": bars.high, "Low": bars.low, "Close": bars.close}
        columns = {name: column * size for name, column in prices.items()} | {"Volume": bars.volume}
        return pd.DataFrame(columns, index=pd.to_datetime(bars.ts))
    trades = task.workload.trades(task.n)
    price = trades.price * size
    columns = {"Open": price, "High": price, "Low": price, "Close": price, "Volume": trades.qty}
    return pd.DataFrame(columns, index=pd.to_datetime(trades.ts))


def minutes(trades: pd.DataFrame) -> pd.DataFrame:
    """One-minute bars that have closed, each labelled by its opening."""
    wanted = {"Open": "first", "High": "max", "Low": "min", "Close": "last", "Volume": "sum"}
    return trades.resample("1min").agg(wanted).dropna().iloc[:-1]


def once(feed: pd.DataFrame, periods: int, last: float) -> Outcome:
    found = Backtest(feed, Cross, cash=CASH, commission=float(FEE)).run(periods=periods)
    strategy = found["_strategy"]
    held = strategy.position.size
    marked = held * (last - float(feed["Close"].iloc[-1]))
    fills = 2 * len(strategy.closed_trades) + len(strategy.trades)
    return Outcome(strategy.sent, fills, held, float(found["Equity Final [$]"]) - CASH + marked)


def main() -> None:
    task = job(__doc__, "default")
    warnings.filterwarnings("ignore")
    backtesting._tqdm = lambda items=None, **_: items  # no progress bar inside the clock
    watch = Stopwatch(task, "backtesting")
    feed = frame(task)
    last = float(feed["Close"].iloc[-1])
    with watch:
        bars = minutes(feed) if task.workload.wakes is Wakes.MINUTE else feed
        runs = [once(bars, periods, last) for periods in task.fasts]
    held = sum(run.position for run in runs) * float(task.workload.size)
    total = Outcome(sum(r.orders for r in runs), sum(r.fills for r in runs), round(held, 8), sum(r.pnl for r in runs))
    watch.report(len(feed) * len(runs), total)


if __name__ == "__main__":
    main()
