"""The best bid and ask of a book, where a recording has the book and no quotes of its own."""

from __future__ import annotations

import msgspec
import numpy as np

from genesis.execution.book import DepthBook
from genesis.feeds.files.books import INCOMPLETE
from genesis.feeds.files.reading import Reading
from genesis.tape.stream import StreamKind

_NAMES = ("ts", "time_event", "seq", "bid_ticks", "bid_lots", "ask_ticks", "ask_lots")


def touch_of(depth: Reading) -> Reading | None:
    """Quotes of a depth stream: one after each message that changed the best bid or ask, or the size there.

    While one side is empty or the book crossed there is no quote. A quote comes after the rows it was made of: where others of the same moment
    have a place in the arrival, its is the next one. ``None`` where the book has no snapshot, so that its best levels are not known, or shows no quote.
    """
    if INCOMPLETE in depth.report.facts or not depth.rows:
        return None
    columns, book = dict(depth.columns), DepthBook()
    moments = np.stack([columns["ts"], columns["seq"]])
    ends = np.append(np.flatnonzero((moments[:, 1:] != moments[:, :-1]).any(axis=0)) + 1, depth.rows)
    rows: list[tuple[int, ...]] = []
    last: tuple[int, ...] = ()
    for end in ends.tolist():
        book.apply(columns, end)
        bids, asks = book.best(1, 1), book.best(-1, 1)
        if not bids or not asks or bids[0][0] >= asks[0][0]:
            continue
        quote = (*bids[0], *asks[0])
        if quote != last:
            ts, event, seq = (columns[name].item(end - 1) for name in ("ts", "time_event", "seq"))
            rows.append((ts, event, seq + 1, *quote))
            last = quote
    if not rows:
        return None
    table = np.array(rows, np.int64)
    quotes = {name: np.ascontiguousarray(table[:, i]) for i, name in enumerate(_NAMES)}
    # What is missing or was repaired is told of the book.
    report = msgspec.structs.replace(
        depth.report, rows_kept=len(rows), gaps=(), repairs=(), facts={"made of": depth.name}
    )
    return Reading(depth.instrument, StreamKind.QUOTES, None, quotes, report)
