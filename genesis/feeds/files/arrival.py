"""Engine time of a file: arrival plus one constant offset where the file has arrival, else the exchange's own time."""

from __future__ import annotations

import numpy as np

from genesis.feeds.files.rows import Rows
from genesis.tape.stream import ABSENT, Column


def engine_time(rows: Rows, time: str, arrived: str, sent: str = "") -> tuple[Column, int | None]:
    """Engine time of the survivors, in order, and the offset added to arrival (``None``: the file has no arrival time).

    The offset is the smallest, zero or more, with which no row arrives before the exchange's time (``time``, already
    read as ``time_event``) or before it was sent.
    """
    if not rows.has(arrived):
        rows.in_order("time_event", time)
        return rows["time_event"], None
    rows.time("arrived", arrived)
    if rows.has(sent):
        rows.time("sent", sent, optional=True)
    rows.in_order("arrived", arrived)
    needed = [0]
    for name in ("time_event", "sent"):
        if name in rows.columns:
            known = rows[name] != ABSENT
            needed.extend((rows[name][known] - rows["arrived"][known]).max(initial=0, keepdims=True).tolist())
    offset = max(needed)
    ts: Column = rows["arrived"] + np.int64(offset)
    return ts, offset
