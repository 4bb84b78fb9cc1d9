"""Mark prices and funding rates beside an instrument's prices: what of them belongs to the run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from genesis.clock import NS_PER_SECOND
from genesis.errors import ConfigError
from genesis.execution.perpetual_terms import MarkedBy, PerpetualTerms
from genesis.feeds.files import Reading
from genesis.tape.stream import StreamKind

COMPANIONS = (StreamKind.MARK, StreamKind.FUNDING)


def within_prices(readings: Sequence[Reading]) -> list[Reading]:
    """The readings, those of mark prices and funding cut to the time of the prices.

    A file of them often covers years. The run is where there are prices to trade at: before the first and after the last one nothing
    could be decided, and a position would be charged for a market nobody sees. The mark price in force at the first price is kept.

    Raises:
        ConfigError: nothing of one is left, or there are no prices at all.
    """
    prices = [r for r in readings if r.kind not in COMPANIONS and len(r.columns["ts"])]
    if len(prices) == len(readings):
        return list(readings)
    if not prices:
        raise ConfigError("data: expected prices beside mark prices and funding rates, found none")
    first = min(int(r.columns["ts"][0]) for r in prices)
    last = max(int(r.columns["ts"][-1]) for r in prices)
    return [r if r.kind not in COMPANIONS else _between(r, first, last) for r in readings]


def check_marks(readings: Sequence[Reading], terms: Mapping[str, PerpetualTerms]) -> None:
    """Refuse mark prices too far apart to value a position by: nearly every entry would be denied.

    Raises:
        ConfigError: half of them or more are farther apart than the terms allow.
    """
    for reading in readings:
        of = terms.get(reading.instrument.id)
        if reading.kind is not StreamKind.MARK or of is None or of.marked_by is not MarkedBy.MARK_PRICE:
            continue
        apart = np.unique(reading.columns["ts"])
        usual = int(np.median(np.diff(apart))) // NS_PER_SECOND if len(apart) > 1 else 0
        if usual > of.mark_age_max_s:
            raise ConfigError(
                f"{reading.instrument.id}: mark prices: expected one at least every {of.mark_age_max_s} s, "
                f"found {usual} s between most of them; give finer ones, or say marked_by: last_price"
            )


def _between(reading: Reading, first: int, last: int) -> Reading:
    ts = reading.columns["ts"]
    start, stop = int(np.searchsorted(ts, first, "left")), int(np.searchsorted(ts, last, "right"))
    if reading.kind is StreamKind.MARK and start and (start == len(ts) or ts[start] > first):
        start -= 1
    if start >= stop:
        name = "mark prices" if reading.kind is StreamKind.MARK else "funding rates"
        raise ConfigError(
            f"data: {reading.report.source}: expected {name} of {reading.instrument.id} within the time of its prices, found none"
        )
    columns = {name: column[start:stop] for name, column in reading.columns.items()}
    gaps = tuple(g for g in reading.report.gaps if g.time_to > first and g.time_from < last)
    report = msgspec.structs.replace(reading.report, gaps=gaps)
    return msgspec.structs.replace(reading, columns=columns, report=report)
