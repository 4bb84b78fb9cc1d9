"""Times of a file as UTC ns: typed timestamps, numbers since 1970 in a unit, ISO 8601 text, or a strptime format."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from genesis.clock import NS_PER_SECOND, NS_PER_US, parse_utc
from genesis.feeds.files.exact import UNREADABLE, Units, flags, numbers, to_units, whole_numbers
from genesis.model.grid import Grid

ISO = "iso"
TIMESTAMP = "timestamp"
# One ns in each unit: a time in that unit, on this grid, is a whole number of ns.
UNITS: dict[str, Grid] = {
    "s": Grid(Decimal("1e-9")),
    "ms": Grid(Decimal("1e-6")),
    "us": Grid(Decimal("1e-3")),
    "ns": Grid(Decimal(1)),
}
# Where each unit ends, for times from 1973-03-03 to 5138-11-16: seconds below 1e11, milliseconds below 1e14, and so on.
_LEAST = 1e8
_ENDS = np.array([1e11, 1e14, 1e17])
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def unit_of(column: pa.Array) -> tuple[str | None, int | None]:
    """The unit of a time column, by magnitude, and the first row that is of another unit.

    The unit is ``timestamp`` for typed timestamps, ``iso`` for text that is no number, ``None`` where numbers are no
    time.
    """
    if pa.types.is_temporal(column.type):
        return TIMESTAMP, None
    sizes = _magnitudes(column)
    if sizes is None:
        return ISO, None
    if len(sizes) and np.isfinite(ends := np.array([sizes.min(), sizes.max()])).all():
        least, most = _classes(ends).tolist()
        if least == most:
            return (None, 0) if least < 0 else (list(UNITS)[least], None)
    readable = np.flatnonzero(np.isfinite(sizes))
    if not len(readable):
        return ISO, None
    sizes = sizes[readable]
    classes = _classes(sizes)
    odd = np.flatnonzero(classes != classes[0])
    first_odd = int(readable[odd[0]]) if len(odd) else None
    return (None, int(readable[0])) if classes[0] < 0 else (list(UNITS)[classes[0]], first_odd)


def _classes(sizes: NDArray[np.float64]) -> NDArray[np.int64]:
    """The place in `UNITS` of the unit of each size; -1 where it is too small to be a time."""
    return np.where(sizes < _LEAST, -1, np.searchsorted(_ENDS, sizes, "right"))


def to_ns(column: pa.Array, time_format: str) -> Units:
    """``column`` as UTC ns; ``time_format`` is a unit, ``timestamp``, ``iso`` or a strptime format (UTC without %z)."""
    if time_format in UNITS:
        return to_units(column, UNITS[time_format])
    if time_format == TIMESTAMP:
        return _from_timestamps(column)
    if time_format == ISO:
        return _from_iso(column)
    return _one_by_one(column, lambda text: _strptime_ns(text, time_format))


def _magnitudes(column: pa.Array) -> NDArray[np.float64] | None:
    """Sizes of the numbers, good enough to tell units apart; ``None`` where the first value is no number."""
    if pa.types.is_string(column.type):
        whole = whole_numbers(column)
        if whole is not None:
            return np.abs(whole.astype(np.float64))
        first = next((v for v in map(pa.StringScalar.as_py, column) if v), "")
        if not _is_number(first):
            return None
        good = pc.match_substring_regex(column, r"^-?\d+(\.\d*)?$")
        column = pc.if_else(good, column, pa.scalar(None, pa.string()))
    elif not (
        pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or pa.types.is_decimal(column.type)
    ):
        return None
    floats: NDArray[np.float64] = numbers(column.cast(pa.float64(), safe=False), np.nan)
    return np.abs(floats)


def _is_number(text: str) -> bool:
    return text.lstrip("-").replace(".", "", 1).isdigit()


def _from_timestamps(column: pa.Array) -> Units:
    faults = np.where(flags(column.is_null()), np.uint8(UNREADABLE), np.uint8(0))
    zone = column.type.tz if pa.types.is_timestamp(column.type) else None
    ns = column.cast(pa.timestamp("ns", zone)).cast(pa.int64())
    return Units(numbers(ns), faults)


def _from_iso(column: pa.Array) -> Units:
    if pa.types.is_string(column.type) and pc.any(pc.ends_with(column, "UTC")).as_py():
        column = pc.replace_substring_regex(column, " ?UTC$", "Z")
    if pa.types.is_string(column.type) and not column.null_count:
        for zone in (None, "UTC"):
            try:
                return _from_timestamps(pc.cast(column, pa.timestamp("ns", zone)))
            except pa.ArrowInvalid:
                continue
    return _one_by_one(column, parse_utc)


def _strptime_ns(text: str, time_format: str) -> int:
    moment = datetime.strptime(text, time_format)
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    past = moment - _UNIX_EPOCH
    return (past.days * 86_400 + past.seconds) * NS_PER_SECOND + past.microseconds * NS_PER_US


def _one_by_one(column: pa.Array, read: Callable[[str], int]) -> Units:
    values = np.zeros(len(column), np.int64)
    faults = np.zeros(len(column), np.uint8)
    for row, text in enumerate(column.to_pylist()):
        try:
            values[row] = read(text)
        except (TypeError, ValueError, AttributeError, OverflowError):
            faults[row] = UNREADABLE
    return Units(values, faults)
