"""Readings for tests, from rows one can read: what a file reader would have handed over."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from genesis.feeds.files.reading import Reading, ReadReport
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec
from genesis.tape.stream import COLUMNS, StreamKind
from tests.kit.runs import FX, START


def reading(
    kind: StreamKind,
    rows: Sequence[Sequence[int]],
    names: Sequence[str],
    instrument: Instrument = FX,
    numbered: bool = False,
    spec: BarSpec | None = None,
) -> Reading:
    """A reading of ``rows`` of ``names``; times are ns after START, what is not named is 0, but the exchange's time is the row's.

    ``numbered``: the source has ids: of trades its own, of quotes and depth the column ``update_id``.
    """
    table = np.array(rows, np.int64).reshape(len(rows), len(names))
    given = {name: table[:, i].copy() for i, name in enumerate(names)}
    for name in {"ts", "time_event", "time_open"} & set(given):
        given[name] += START
    columns = {name: given.get(name, np.zeros(len(rows), np.int64)) for name in COLUMNS[kind]}
    if "time_event" in columns and "time_event" not in given:
        columns["time_event"] = columns["ts"].copy()
    facts: dict[str, int | str] = {}
    if kind is StreamKind.TRADES and not numbered:
        facts["trade id"] = "the place in the file: the source has no numbers"
        columns["trade_id"] = np.arange(1, len(rows) + 1, dtype=np.int64)
    extras = {"update_id": given["update_id"]} if numbered and "update_id" in given else {}
    report = ReadReport("test", "0" * 64, "test", "csv", "ns", len(rows), len(rows), "exchange", facts=facts)
    return Reading(instrument, kind, spec, columns, report, extras)


def rows_of(of: Reading, *names: str) -> list[tuple[int, ...]]:
    """Columns as rows, times as ns after START."""
    shift = {name: START if name in ("ts", "time_event", "time_open") else 0 for name in names}
    held = {**of.columns, **of.extras}
    return list(zip(*((held[n] - shift[n]).tolist() for n in names), strict=True))
