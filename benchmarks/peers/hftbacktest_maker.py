"""hftbacktest on W5: the rule compiled by numba, the four captures one after another.

Its exchange without partial fills: the orders are of the smallest size there is, and the one with partial fills stops with an error on such a
run (its issue 301). The strategy wakes on every row and decides as the rule says.
"""

from __future__ import annotations

from typing import Any

from hftbacktest import HashMapMarketDepthBacktest
from hftbacktest.order import GTX, LIMIT
from numba import njit

from benchmarks.captures import CAPTURES, Capture, load
from benchmarks.measure import Outcome, Stopwatch, job
from benchmarks.peers.hftbacktest_book import records, venue
from benchmarks.workloads import Maker

NEVER = 1 << 62
NO_BID, NO_ASK = -(1 << 63), (1 << 63) - 1


@njit
def quote(engine: Any, tick: float, lot: float, lots: int, most: int) -> tuple[int, int, int, int]:
    """Run to the end of the feed: orders sent, ticks of the last bid and ask, the last answer of the engine (1 is the end)."""
    sent = 0
    bid_id = ask_id = 0
    bid_at = ask_at = 0
    last_bid, last_ask = 0, 0
    stirred = True
    while True:
        answer = engine.wait_next_feed(True, NEVER)
        if answer != 2 and answer != 3:
            break
        orders = engine.orders(0)
        if bid_id:
            order = orders.get(bid_id)
            if order is None or (order.status != 1 and order.req == 0):
                bid_id, stirred = 0, True
        if ask_id:
            order = orders.get(ask_id)
            if order is None or (order.status != 1 and order.req == 0):
                ask_id, stirred = 0, True
        depth = engine.depth(0)
        bid, ask = depth.best_bid_tick, depth.best_ask_tick
        if bid == NO_BID or ask == NO_ASK or (bid == last_bid and ask == last_ask and not stirred):
            continue
        last_bid, last_ask, stirred = bid, ask, False
        held = round(engine.position(0) / lot)
        if bid_id and bid_at != bid:
            if orders.get(bid_id).cancellable:
                engine.cancel(0, bid_id, False)
            bid_id = 0
        if ask_id and ask_at != ask:
            if orders.get(ask_id).cancellable:
                engine.cancel(0, ask_id, False)
            ask_id = 0
        if not bid_id and held < most:
            sent += 1
            bid_id, bid_at = sent, bid
            engine.submit_buy_order(0, sent, bid * tick, lots * lot, GTX, LIMIT, False)
        if not ask_id and -held < most:
            sent += 1
            ask_id, ask_at = sent, ask
            engine.submit_sell_order(0, sent, ask * tick, lots * lot, GTX, LIMIT, False)
        if sent % 64 == 0:
            engine.clear_inactive_orders(0)
    return sent, last_bid, last_ask, answer


def once(capture: Capture, feed: Any, rule: Maker) -> Outcome:
    """One capture."""
    fee = float(rule.fee)
    market = capture.market
    engine = HashMapMarketDepthBacktest([venue(capture, feed, rule.queue, fee, fee, partial=False)])
    tick, lot = float(market.tick), 10.0**-market.size_decimals
    sent, bid, ask, answer = quote(engine, tick, lot, capture.size_lots, rule.limit * capture.size_lots)
    if answer != 1:
        raise RuntimeError(f"{capture.name}: expected to reach the end of the data, found error {answer}")
    state = engine.state_values(0)
    pnl = state.balance - state.fee + state.position * (bid + ask) / 2 * tick
    made = Outcome(int(sent), int(state.num_trades), float(state.position), float(pnl))
    engine.close()
    return made


def main() -> None:
    task = job(__doc__, "default")
    rule = task.workload.maker or Maker("risk_averse")
    watch = Stopwatch(task, "hftbacktest")
    share = None if task.n is None else task.n // len(CAPTURES)
    tapes = [load(capture, share) for capture in CAPTURES]
    changes = sum(tape.level_changes for tape in tapes)
    feeds = [records(capture, tape) for capture, tape in zip(CAPTURES, tapes, strict=True)]
    watch.loaded()
    once(CAPTURES[0], feeds[0][:5_000].copy(), rule)
    with watch:
        ran = [once(capture, feed, rule) for capture, feed in zip(CAPTURES, feeds, strict=True)]
    held = round(sum(r.position for r in ran), 8)
    watch.report(changes, Outcome(sum(r.orders for r in ran), sum(r.fills for r in ran), held, sum(r.pnl for r in ran)))


if __name__ == "__main__":
    main()
