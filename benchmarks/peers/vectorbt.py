"""vectorbt: indicators, signals and simulation over whole columns; orders fill at the price of the signal's event.

No strategy is called: this is the family of column arithmetic. The clock holds indicators, signals, simulation, order count and
final value. Modes name its two engines: numba, compiled on a short slice beforehand, and rust, an extra of the package. W4
resamples the trades with pandas, inside the clock.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import vectorbt as vbt

from benchmarks.measure import Job, Outcome, Stopwatch, job
from benchmarks.workloads import CASH, FEE, SLOW, Wakes


def prices(task: Job) -> pd.Series:
    if task.workload.wakes is Wakes.BAR:
        bars = task.workload.bars(task.n)
        return pd.Series(bars.close, index=pd.to_datetime(bars.ts))
    trades = task.workload.trades(task.n)
    return pd.Series(trades.price, index=pd.to_datetime(trades.ts))


def simulate(task: Job, feed: pd.Series) -> tuple[Any, int, float]:
    """The portfolio, its orders, and the final value over all variants."""
    close = feed.resample("1min").last().dropna().iloc[:-1] if task.workload.wakes is Wakes.MINUTE else feed
    fast = vbt.MA.run(close, window=list(task.fasts), ewm=True, adjust=False, short_name="fast")
    slow = vbt.MA.run(close, window=SLOW, ewm=True, adjust=False, short_name="slow")
    fast_mean = fast.ma.to_numpy().reshape(len(close), -1)
    slow_mean = slow.ma.to_numpy().reshape(len(close), -1)
    # A mean without a full window is NaN and compares false: no signal before the slow window is full.
    enter, leave = fast_mean > slow_mean, fast_mean < slow_mean
    portfolio = vbt.Portfolio.from_signals(
        close, enter, leave, size=float(task.workload.size), fees=float(FEE), init_cash=CASH, freq="1min"
    )
    return portfolio, int(np.sum(portfolio.orders.count())), float(np.sum(portfolio.final_value()))


def main() -> None:
    task = job(__doc__, "numba", "rust")
    warnings.filterwarnings("ignore")
    vbt.settings.array_wrapper["freq"] = "1min"
    vbt.settings["engine"] = task.mode
    watch = Stopwatch(task, "vectorbt")
    feed = prices(task)
    watch.loaded()
    simulate(task, feed[:2_000] if task.workload.wakes is not Wakes.MINUTE else feed[:100_000])
    with watch:
        portfolio, orders, value = simulate(task, feed)
    held = float(np.sum(np.asarray(portfolio.assets())[-1]))
    # W4 ends with a bar that has not closed: what is held is marked at the last trade, as everywhere.
    marked = held * (float(feed.iloc[-1]) - np.ravel(np.asarray(portfolio.close)[-1])[0])
    pnl = value - CASH * len(task.fasts) + float(marked)
    watch.report(len(feed) * len(task.fasts), Outcome(orders, orders, round(held, 8), pnl))


if __name__ == "__main__":
    main()
