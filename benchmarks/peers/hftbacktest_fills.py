"""hftbacktest on the fixed list of orders: each in a run of its own, from the book that stands when it is sent to its cancel.

Partial fills on, the risk-averse queue, no latency. Fills are read off the order after every row. Where it fills at several prices in one
row the engine shows only the last of them, and counts only that one in its account: such a fill is noted at that price.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from hftbacktest import HashMapMarketDepthBacktest
from hftbacktest.order import GTC, IOC, LIMIT, MARKET
from numba import njit

from benchmarks.captures import CAPTURES, Capture, Joined, Standing, load
from benchmarks.orders import Done, Sent, read_orders, write_answers
from benchmarks.peers.hftbacktest_book import records, venue

ENGINE = "hftbacktest"
ENDED = {0: "none", 1: "open", 2: "expired", 3: "filled", 4: "cancelled", 5: "partly filled, gone", 6: "rejected"}
MOST = 1_000


@njit
def follow(
    engine: Any, sent: int, cancelled: int, buys: bool, price: float, qty: float, tif: int, kind: int, out: Any
) -> tuple[int, int, int]:
    """Send at ``sent``, cancel at ``cancelled``; each fill as (time, ticks of the last price, qty) into ``out``.

    Returns how many fills, the last status, and the last answer of the engine to a wait: above 3 is an error.
    """
    # The engine has no time of its own before it has taken a first step, which ends at the first row.
    engine.elapse(0)
    engine.elapse(sent - engine.current_timestamp)
    if buys:
        engine.submit_buy_order(0, 1, price, qty, tif, kind, False)
    else:
        engine.submit_sell_order(0, 1, price, qty, tif, kind, False)
    left, count, answer = qty, 0, 0
    while True:
        wait = cancelled - engine.current_timestamp
        answer = engine.wait_next_feed(True, wait)
        order = engine.orders(0).get(1)
        if order is not None and order.leaves_qty < left - 1e-12:
            out[count, 0] = order.exch_timestamp - sent
            out[count, 1] = order.exec_price_tick
            out[count, 2] = left - order.leaves_qty
            left = order.leaves_qty
            count += 1
        if (answer != 2 and answer != 3) or engine.current_timestamp >= cancelled:
            break
    order = engine.orders(0).get(1)
    status = order.status if order is not None else 0
    if answer == 0 and order is not None and order.cancellable:
        engine.cancel(0, 1, False)
        engine.elapse(1)
        status = engine.orders(0).get(1).status
    return count, status, answer


def opening(standing: Standing, ts: int) -> Joined:
    """The standing book as rows of one message."""
    rows = [(side, ticks, lots) for side, known in standing.levels.items() for ticks, lots in known.items()]
    side, ticks, lots = (np.array(column, np.int64) for column in zip(*rows, strict=True))
    same = np.full(len(rows), 1, np.int64)
    return Joined(same * ts, same * 2, side, ticks, lots, same == 1, same * 0)


def one(capture: Capture, order: Sent, before: Any, after: Any) -> Done:
    """Run one order over the book before it and the rows after it."""
    # The engine reads the array where it lies: it must live as long as the engine.
    feed = np.concatenate([before, after])
    engine = HashMapMarketDepthBacktest([venue(capture, feed, "risk_averse")])
    market = capture.market
    price = 0.0 if order.limit is None else order.limit / 10.0**market.price_decimals
    qty = order.lots / 10.0**market.size_decimals
    tif, kind = IOC if order.immediate else GTC, MARKET if order.limit is None else LIMIT
    out = np.zeros((MOST, 3))
    count, status, answer = follow(engine, order.sent, order.cancelled, order.side > 0, price, qty, tif, kind, out)
    engine.close()
    fills = tuple((order.sent + int(t), int(p), round(q * 10**market.size_decimals)) for t, p, q in out[:count])
    return Done(order.number, fills, ENDED[int(status)] if answer <= 3 else f"error {answer}")


def main() -> None:
    capture = {c.name: c for c in CAPTURES}[sys.argv[1]]
    tape = load(capture)
    feed, standing = records(capture, tape), Standing(tape)
    done = []
    for order in read_orders(capture):
        standing.advance(order.sent)
        start = int(np.searchsorted(tape.ts, order.sent))
        # A row after the cancel, so that the engine does not end before it.
        stop = int(np.searchsorted(tape.ts, order.cancelled)) + 1
        before = records(capture, opening(standing, int(tape.ts[start - 1])))
        done.append(one(capture, order, before, feed[start:stop]))
    write_answers(capture, ENGINE, done)


if __name__ == "__main__":
    main()
