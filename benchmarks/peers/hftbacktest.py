"""hftbacktest: its Rust matching engine under a strategy compiled by numba; latency zero, the whole order at the best price.

It fills against a book, so the feed is the trades with the changes of a book one tick wide (four rows a change); a bar is one
trade at its close, which is the ask, and its book. Buys fill at the ask, sells at the bid. On trades and bars the strategy wakes
on every row and decides on every trade; in W4 it sleeps to the end of each minute and reads the last trade.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from hftbacktest import (
    BUY_EVENT,
    DEPTH_EVENT,
    EXCH_EVENT,
    GTC,
    LOCAL_EVENT,
    MARKET,
    SELL_EVENT,
    TRADE_EVENT,
    BacktestAsset,
    HashMapMarketDepthBacktest,
)
from hftbacktest.types import event_dtype
from numba import njit

from benchmarks.measure import Job, Outcome, Stopwatch, job
from benchmarks.workloads import FEE, MINUTE_NS, SLOW, WARMUP, Bars, Flags, Floats, Ints, Market, Wakes, apart, scaled

BOTH = EXCH_EVENT | LOCAL_EVENT
NEVER = 1 << 62
LEVEL_SIZE = 1e6
SECOND_NS = 1_000_000_000


@njit
def put(row: Any, kind: int, ts: int, price: float, size: float) -> None:
    row["ev"] = kind | BOTH
    row["exch_ts"] = ts
    row["local_ts"] = ts
    row["px"] = price
    row["qty"] = size


@njit
def fill_rows(ts: Ints, price: Floats, qty: Floats, at_bid: Flags, bid: Ints, scale: float, out: Any) -> int:
    """On a change of the book: remove the old bid and ask, add the new; then the trade. Returns how many rows were written."""
    count = 0
    last = -1
    for i in range(len(ts)):
        if bid[i] != last:
            if last >= 0:
                put(out[count], DEPTH_EVENT | BUY_EVENT, ts[i], last / scale, 0.0)
                put(out[count + 1], DEPTH_EVENT | SELL_EVENT, ts[i], (last + 1) / scale, 0.0)
                count += 2
            put(out[count], DEPTH_EVENT | BUY_EVENT, ts[i], bid[i] / scale, LEVEL_SIZE)
            put(out[count + 1], DEPTH_EVENT | SELL_EVENT, ts[i], (bid[i] + 1) / scale, LEVEL_SIZE)
            count += 2
            last = bid[i]
        put(out[count], TRADE_EVENT | (SELL_EVENT if at_bid[i] else BUY_EVENT), ts[i], price[i], qty[i])
        count += 1
    return count


@njit
def on_every_trade(engine: Any, fast: int, slow: int, warmup: int, size: float) -> tuple[int, int]:
    """Run to the end of the feed; returns the trades seen and the orders sent."""
    fast_weight, slow_weight = 2.0 / (fast + 1), 2.0 / (slow + 1)
    fast_mean = slow_mean = 0.0
    seen = sent = 0
    holds = False
    while True:
        answer = engine.wait_next_feed(False, NEVER)
        if answer != 2 and answer != 0:
            break
        trades = engine.last_trades(0)
        if len(trades) == 0:
            continue
        for i in range(len(trades)):
            price = trades[i]["px"]
            if seen == 0:
                fast_mean = slow_mean = price
            fast_mean = fast_weight * price + (1.0 - fast_weight) * fast_mean
            slow_mean = slow_weight * price + (1.0 - slow_weight) * slow_mean
            seen += 1
        engine.clear_last_trades(0)
        if seen < warmup:
            continue
        if fast_mean > slow_mean and not holds:
            sent += 1
            holds = True
            engine.submit_buy_order(0, sent, engine.depth(0).best_ask, size, GTC, MARKET, False)
        elif fast_mean < slow_mean and holds:
            sent += 1
            holds = False
            engine.submit_sell_order(0, sent, engine.depth(0).best_bid, size, GTC, MARKET, False)
        if sent and sent % 64 == 0:
            engine.clear_inactive_orders(0)
    return seen, sent


@njit
def on_every_minute(engine: Any, fast: int, slow: int, warmup: int, size: float, to_boundary: int) -> tuple[int, int]:
    """Sleep from minute to minute, the first ``to_boundary`` ns after the first row; returns the trades seen, the orders sent."""
    fast_weight, slow_weight = 2.0 / (fast + 1), 2.0 / (slow + 1)
    fast_mean = slow_mean = 0.0
    seen = sent = closed = 0
    holds = False
    sleep = to_boundary
    while engine.elapse(sleep) == 0:
        sleep = MINUTE_NS
        trades = engine.last_trades(0)
        if len(trades) == 0:
            continue
        seen += len(trades)
        price = trades[len(trades) - 1]["px"]
        engine.clear_last_trades(0)
        if closed == 0:
            fast_mean = slow_mean = price
        fast_mean = fast_weight * price + (1.0 - fast_weight) * fast_mean
        slow_mean = slow_weight * price + (1.0 - slow_weight) * slow_mean
        closed += 1
        if closed < warmup:
            continue
        if fast_mean > slow_mean and not holds:
            sent += 1
            holds = True
            engine.submit_buy_order(0, sent, engine.depth(0).best_ask, size, GTC, MARKET, False)
        elif fast_mean < slow_mean and holds:
            sent += 1
            holds = False
            engine.submit_sell_order(0, sent, engine.depth(0).best_bid, size, GTC, MARKET, False)
    return seen + len(engine.last_trades(0)), sent


def columns(task: Job) -> tuple[Ints, Floats, Floats, Flags, Ints]:
    """Time, price, size, whether the print was at the bid, and the bid in ticks, of every trade or bar close."""
    if task.workload.wakes is not Wakes.BAR:
        trades = task.workload.trades(task.n)
        # The engine wakes the strategy once for all rows of a moment.
        return apart(trades.ts, 1), trades.price, trades.qty, trades.buyer_maker, trades.bid_tick
    bars: Bars = task.workload.bars(task.n)
    bid = scaled(bars.close, task.workload.market.price_decimals) - 1
    return bars.ts + bars.interval_ns, bars.close, bars.volume, np.zeros(len(bars), np.bool_), bid


def rows(task: Job) -> tuple[Any, int, float]:
    """The feed in the engine's own records, how many trades it holds, and the last price."""
    ts, price, qty, at_bid, bid = columns(task)
    buffer = np.zeros(len(ts) * 5, event_dtype)
    count = fill_rows(ts, price, qty, at_bid, bid, 10.0**task.workload.market.price_decimals, buffer)
    # The engine answers "end of data" on its last row: a far-away level one second later takes that place.
    tail = buffer[count - 1 : count].copy()
    last, tick = tail[0], float(task.workload.market.tick)
    put(last, DEPTH_EVENT | BUY_EVENT, int(ts[-1]) + SECOND_NS, tick, LEVEL_SIZE)
    return np.concatenate([buffer[:count], tail]), len(ts), float(price[-1])


def asset(feed: Any, market: Market) -> BacktestAsset:
    made = BacktestAsset().data(feed).linear_asset(1.0).constant_order_latency(0, 0)
    made = made.risk_adverse_queue_model().no_partial_fill_exchange().trading_value_fee_model(float(FEE), float(FEE))
    return made.tick_size(float(market.tick)).lot_size(10.0**-market.size_decimals).last_trades_capacity(200_000)


def once(task: Job, feed: Any, fast: int, last: float) -> tuple[int, Outcome]:
    """One variant over the feed: the trades it saw, and what it did."""
    engine = HashMapMarketDepthBacktest([asset(feed, task.workload.market)])
    size = float(task.workload.size)
    if task.workload.wakes is Wakes.MINUTE:
        seen, sent = on_every_minute(engine, fast, SLOW, WARMUP, size, MINUTE_NS - int(feed[0]["local_ts"]) % MINUTE_NS)
    else:
        seen, sent = on_every_trade(engine, fast, SLOW, WARMUP, size)
    state = engine.state_values(0)
    pnl = state.balance - state.fee + state.position * last
    outcome = Outcome(sent, int(state.num_trades), float(state.position), float(pnl))
    engine.close()
    return seen, outcome


def main() -> None:
    task = job(__doc__, "default")
    watch = Stopwatch(task, "hftbacktest")
    feed, trades, last = rows(task)
    watch.loaded()
    once(task, feed[:5_000].copy(), task.fasts[0], last)
    with watch:
        runs = [once(task, feed, fast, last) for fast in task.fasts]
    for seen, _ in runs:
        if seen != trades:
            raise RuntimeError(f"hftbacktest: expected the strategy to see {trades} trades, found {seen}")
    ran = [outcome for _, outcome in runs]
    held = round(sum(r.position for r in ran), 8)
    total = Outcome(sum(r.orders for r in ran), sum(r.fills for r in ran), held, sum(r.pnl for r in ran))
    watch.report(trades * len(ran), total)


if __name__ == "__main__":
    main()
