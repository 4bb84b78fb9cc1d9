"""Streams of a few rows, written as a person would."""

from __future__ import annotations

import numpy as np

from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec
from genesis.tape.stream import Stream, StreamKind
from tests.kit.fills import SECOND, SPOT

HOUR = 3_600 * SECOND


def rows(stream: Stream, *values: dict[str, int]) -> Stream:
    """More rows of a stream; columns that are not named are 0."""
    stream.append({n: np.array([v.get(n, 0) for v in values], np.int64) for n in stream.columns})
    return stream


def trades(*prints: tuple[float, int, int] | tuple[float, int, int, int], instrument: Instrument = SPOT) -> Stream:
    """Prints of (second, ticks, lots) and the taker's side, +1 where it is not told; each at its own time."""
    return more(Stream(instrument, StreamKind.TRADES), *prints)


def more(stream: Stream, *prints: tuple[float, int, int] | tuple[float, int, int, int]) -> Stream:
    """Further prints."""
    times = [round(p[0] * SECOND) for p in prints]
    return rows(
        stream,
        *(
            {"ts": t, "time_event": t, "ticks": p[1], "lots": p[2], "side": p[3] if len(p) > 3 else 1}
            for t, p in zip(times, prints, strict=True)
        ),
    )


def bars(spec: str, *candles: tuple[int, int, int, int, int]) -> Stream:
    """Bars of (open, high, low, close, lots), one after another from time 0."""
    step = BarSpec.parse(spec).step
    names = ("open", "high", "low", "close", "lots")
    return rows(
        Stream(SPOT, StreamKind.BARS, BarSpec.parse(spec)),
        *(
            {"time_open": i * step, "ts": (i + 1) * step, **dict(zip(names, candle, strict=True))}
            for i, candle in enumerate(candles)
        ),
    )
