"""Public takers priced again: what each really paid, beside a walk of the book that was displayed just before it.

A taker is the trades of one side at one moment of the exchange. The walk is the venue's own: the best quote first, then the levels of the
depth book behind it, until the taker's lots are there. Both are taken from the tape as it arrived, ``lag_ns`` before the first trade.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import numpy as np

from genesis.execution.book import DepthBook
from genesis.feeds.files import Reading, align_capture, read
from genesis.model.instruments import Instrument
from genesis.tape.stream import Column

CAPTURES = ("binance-spot_BTCUSDT", "binance-usdm_BTCUSDT", "binance-usdm_ETHUSDT", "binance-coinm_BTCUSD_PERP")
LAGS_NS = (0, 10_000_000)


@dataclass
class Taker:
    """A taker's side (+1 buys), lots, what it paid in ticks x lots, and the arrival (ts, seq) of its first trade."""

    sign: int
    lots: int
    paid: int
    ts: int
    seq: int


@dataclass
class Walked:
    """One capture at one lag: how much more each taker paid than the walk (ticks a lot, positive is worse), and what had no walk.

    ``beyond`` counts takers larger than the displayed book, ``early`` those before there was one. ``bp`` is the difference in basis points.
    ``late`` counts trades at whose arrival the best quote had already left their price.
    """

    capture: str
    lag_ns: int
    trades: int
    worse: list[float]
    bp: list[float]
    beyond: int
    early: int
    late: int


def walked(folder: Path, capture: str, lag_ns: int) -> Walked:
    """Price every taker of a capture again.

    Raises:
        DataError: a file is missing or broken.
    """
    trades, quotes, depth = _capture(folder, capture)
    found = Walked(capture, lag_ns, trades.rows, [], [], 0, 0, late_trades(trades, quotes))
    book = DepthBook()
    depth_columns = dict(depth.columns)
    for taker in takers(trades):
        quote = _before(quotes.columns, taker, lag_ns) - 1
        book.apply(depth_columns, max(book.rows, _before(depth.columns, taker, lag_ns)))
        if quote < 0 or not book.rows:
            found.early += 1
            continue
        cost = _walk(book, quotes, quote, taker)
        if cost is None:
            found.beyond += 1
            continue
        more = (taker.paid - cost) * taker.sign
        found.worse.append(more / taker.lots)
        found.bp.append(10_000 * more / cost)
    return found


def takers(trades: Reading) -> Iterator[Taker]:
    """Neighbouring trades of one side and one moment of the exchange are one taker."""
    names = ("side", "lots", "ticks", "ts", "seq", "time_event")
    last, moment = None, None
    for side, lots, ticks, ts, seq, event in zip(*(trades.columns[n].tolist() for n in names), strict=True):
        if last is not None and (side, event) == (last.sign, moment):
            last.lots += lots
            last.paid += lots * ticks
            continue
        if last is not None:
            yield last
        last, moment = Taker(side, lots, lots * ticks, ts, seq), event
    if last is not None:
        yield last


def late_trades(trades: Reading, quotes: Reading) -> int:
    """Trades at a price better than the best quote that arrived before them shows: it had already moved through that price."""
    last = np.searchsorted(quotes.columns["seq"], trades.columns["seq"]) - 1
    side = trades.columns["side"]
    touch = np.where(side > 0, quotes.columns["ask_ticks"][last], quotes.columns["bid_ticks"][last])
    return int(((last >= 0) & ((touch - trades.columns["ticks"]) * side > 0)).sum())


def _capture(folder: Path, capture: str) -> tuple[Reading, ...]:
    files = {f["path"]: f for f in json.loads((folder / "manifest.json").read_text())["files"]}
    paths = [f"{kind}/{capture}_20240808T2354.{kind}.parquet" for kind in ("trades", "l1", "l2")]
    facts = files[paths[2]]
    tick, lot = Decimal(facts["price_step_observed"]), Decimal(facts["qty_step_observed"])
    instrument = Instrument(facts["symbol"], "BINANCE", "BASE", "QUOTE", tick, lot)
    return align_capture([read(folder / path, instrument)[0] for path in paths])


def _before(columns: Mapping[str, Column], taker: Taker, lag_ns: int) -> int:
    """Rows that had arrived ``lag_ns`` before the taker's first trade; at no lag, those before it in the capture."""
    if lag_ns:
        return int(np.searchsorted(columns["ts"], taker.ts - lag_ns, side="right"))
    return int(np.searchsorted(columns["seq"], taker.seq))


def _walk(book: DepthBook, quotes: Reading, quote: int, taker: Taker) -> int | None:
    """Ticks x lots for the taker's lots, best first; ``None`` where the displayed book is smaller."""
    name = "ask" if taker.sign > 0 else "bid"
    touch, lots = (int(quotes.columns[f"{name}_{what}"][quote]) for what in ("ticks", "lots"))
    left = taker.lots - min(lots, taker.lots)
    cost = touch * (taker.lots - left)
    for ticks, shown in book.beyond(-taker.sign, touch):
        if not left:
            break
        taken = min(shown, left)
        left -= taken
        cost += taken * ticks
    return None if left else cost
