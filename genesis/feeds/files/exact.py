"""Whole columns to integer units of a grid, exactly.

A value is never computed in floating point: text goes through decimals, scaled integers through integer division, and a
float source stands for the shortest decimal that round-trips to it. What the fast paths cannot decide, `Grid` decides
value by value.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from genesis.feeds.files.blocks import blocks, has_only
from genesis.model.grid import EXACT, FLOOR, Grid, parse_decimal, plain, shortest_decimal
from genesis.tape.stream import Column

GOOD, UNREADABLE, OFF_GRID = 0, 1, 2

_INT64_MAX = 2**63 - 1
# Two decimals of up to 15 significant digits that round to the same double are the same decimal (IEEE 754 binary64), so
# below this bound a decimal that round-trips is the shortest one.
_SHORTEST_SAFE = 10**15
_POWERS_EXACT = 22  # 10**22 is the largest power of ten that a double holds exactly
# What Arrow's decimals read for sure: they do not survive an exponent such as 1e400, so exponents go the slow way.
_SIMPLE = r"^[+-]?[0-9]{1,18}(\.[0-9]{1,18})?$"
_ARROW_DIGITS, _ARROW_DECIMALS = 38, 18
# Text of digits, points and minus signs alone is a decimal without exponent, or no number at all. As a double it is still the one decimal of so few
# digits (see above).
_DOUBLE_DIGITS, _INTEGER_DIGITS = 15, 18
# Digits with a decimal comma, or with marks between thousands.
_MARKED = re.compile(r"[+-]?\d*(?:[.,'\u2019 \u00a0\u202f]\d+)+")
# Beyond these no value fits 64 bits of any sensible step, and integer powers of ten would take the machine down.
_EXPONENT_MAX, _EXPONENT_MIN = 40, -400


class Units(NamedTuple):
    """Units of a grid (the floor where a value is off the grid, 0 where unreadable) and each value's fault."""

    values: Column
    faults: NDArray[np.uint8]


def to_units(column: pa.Array, grid: Grid, scale: int = 0) -> Units:
    """``column`` (text, integer, float or decimal) as units of ``grid``; an integer n stands for n x 10**-scale."""
    column = _plain_column(column)
    kind = column.type
    if pa.types.is_integer(kind):
        return _from_integers(column, grid, scale)
    if pa.types.is_floating(kind):
        return _from_floats(column, grid)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        if scale:
            whole, faults = to_units(column, _ONE)
            units = _divide(whole, grid, scale)
            units.faults[faults != GOOD] = UNREADABLE
            return units
        return _from_text(column, grid)
    if pa.types.is_decimal(kind):
        return _one_by_one(column, grid)
    return Units(np.zeros(len(column), np.int64), np.full(len(column), UNREADABLE, np.uint8))


def round_units(column: pa.Array, grid: Grid, rounding: str, scale: int = 0) -> Column:
    """Nearest units of readable values in the direction named; see `Grid.round`."""
    column = _plain_column(column)
    read = _reader(column.type, scale)
    coded = pc.dictionary_encode(column)
    distinct = np.array([grid.round(read(value), rounding) for value in coded.dictionary.to_pylist()], np.int64)
    rounded: Column = distinct[numbers(coded.indices)]
    return rounded


def shown(column: pa.Array, row: int, scale: int = 0) -> str:
    """A value as an error message shows it."""
    value = column[row].as_py()
    if value is None or value == "":
        return "nothing"
    if scale and isinstance(value, int):
        return plain(Decimal(value).scaleb(-scale, EXACT))
    return repr(value) if isinstance(value, str) and not value.isprintable() else str(value)


def number_wanted(text: str) -> str:
    """What an error expects where ``text`` is no number: that, and how one is written where this is one of another country."""
    marked = _MARKED.fullmatch(text.strip()) is not None
    return "a number with a decimal point and without marks between thousands" if marked else "a number"


def numbers(column: pa.Array, absent: float = 0) -> NDArray[Any]:
    """The integers or floats of a column, ``absent`` where there is none; with no copy if it can be, so not to be written to.

    Not `to_numpy`, which imports pandas where that is installed.
    """
    return np.from_dlpack(column.fill_null(absent) if column.null_count else column)


def flags(column: pa.Array) -> NDArray[np.bool_]:
    """The truths of a column, false where there is none; as `numbers`."""
    return numbers(column.cast(pa.uint8())).view(np.bool_)


def decimals_of(column: pa.Array, scale: int = 0) -> set[Decimal | None]:
    """The distinct values of ``column``, exactly; ``None`` stands for whatever is no finite number."""
    column = _plain_column(column)
    read = _reader(column.type, scale)
    try:
        values = pc.unique(column).to_pylist()
    except pa.ArrowNotImplementedError:
        return {None}  # lists, maps and the like
    return {_decimal_or_none(value, read) for value in values}


def _decimal_or_none(value: Any, read: Callable[[Any], Decimal]) -> Decimal | None:
    try:
        return None if value is None else read(value)
    except ValueError:
        return None


_ONE = Grid(Decimal(1))


def _plain_column(column: pa.Array) -> pa.Array:
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column


def _reader(kind: pa.DataType, scale: int) -> Callable[[Any], Decimal]:
    """How one value of a column becomes the decimal its source wrote; it raises ``ValueError`` where there is none."""
    if pa.types.is_float32(kind):
        # The shortest decimal of a narrow float is shorter than that of the double it widens to.
        return lambda value: parse_decimal(str(np.float32(value)))
    if pa.types.is_floating(kind):
        return shortest_decimal
    if pa.types.is_integer(kind):
        return lambda value: Decimal(value).scaleb(-scale, EXACT)
    if scale:
        return lambda value: parse_decimal(str(value)).scaleb(-scale, EXACT)
    return lambda value: parse_decimal(str(value))


def _divide(values: Column, grid: Grid, scale: int) -> Units:
    """Units of ``values`` x 10**-scale, which may be ``values`` themselves; what does not fit 64 bits is unreadable."""
    faults = np.zeros(len(values), np.uint8)
    shift = grid.decimals - scale
    step = grid.mantissa
    if shift > 0:
        factor = 10**shift
        largest = _INT64_MAX // factor
        if len(values) and (values.max() > largest or values.min() < -largest):
            too_large = (values > largest) | (values < -largest)
            faults[too_large] = UNREADABLE
            values = np.where(too_large, 0, values)
        values = values * np.int64(factor if factor <= _INT64_MAX else 0)
    else:
        step *= 10**-shift
    if step == 1:
        return Units(values, faults)
    if step > _INT64_MAX:
        faults[(values != 0) & (faults == GOOD)] = OFF_GRID
        return Units(np.where(values < 0, np.int64(-1), np.int64(0)), faults)
    units = np.empty(len(values), np.int64)
    for block in blocks(len(values)):
        # Two passes over what the processor has at hand, several values at a time; `np.divmod` takes them one by one.
        whole = np.floor_divide(values[block], step, out=units[block]) * np.int64(step) == values[block]
        if not whole.all():
            faults[block][~whole & (faults[block] == GOOD)] = OFF_GRID
    return Units(units, faults)


def _from_integers(column: pa.Array, grid: Grid, scale: int) -> Units:
    try:
        values = numbers(column.cast(pa.int64()))
    except pa.ArrowInvalid:
        return _one_by_one(column, grid, scale)
    units = _divide(values, grid, scale)
    if column.null_count:
        units.faults[flags(column.is_null())] = UNREADABLE
    return units


def _from_floats(column: pa.Array, grid: Grid) -> Units:
    values: NDArray[np.float64] = numbers(column.cast(pa.float64()), np.nan)
    if pa.types.is_float64(column.type) and grid.decimals <= _POWERS_EXACT:
        return _from_doubles(values, column, grid, _one_by_one)
    return _one_by_one(column, grid)


def _from_doubles(
    values: NDArray[np.float64], column: pa.Array, grid: Grid, exactly: Callable[[pa.Array, Grid], Units]
) -> Units:
    """Units of the doubles that ``column`` stands for; those that they do not tell for sure are read ``exactly``."""
    whole, sure = np.zeros(len(values), np.int64), np.ones(len(values), np.bool_)
    power = float(10**grid.decimals)
    with np.errstate(invalid="ignore", over="ignore"):
        for block in blocks(len(values)):
            candidate = np.rint(values[block] * power)
            # A correctly rounded quotient of two exact doubles: equality says that the decimal round-trips to the
            # float.
            found = (np.abs(candidate) < _SHORTEST_SAFE) & (candidate / power == values[block])
            if found.all():
                whole[block] = candidate
            else:
                sure[block], whole[block] = found, np.where(found, candidate, 0)
    units = _divide(whole, _mantissa_grid(grid), 0)
    rest = np.flatnonzero(~sure)
    if len(rest):
        units.values[rest], units.faults[rest] = exactly(column.take(pa.array(rest)), grid)
    return units


def _mantissa_grid(grid: Grid) -> Grid:
    return Grid(Decimal(grid.mantissa))


def _from_text(column: pa.Array, grid: Grid) -> Units:
    """Text of a few digits by way of numbers, where that is known to be exact; else by way of decimals."""
    whole = whole_numbers(column)
    if whole is not None:
        return _divide(whole, grid, 0)
    if grid.decimals <= _POWERS_EXACT and _is_of(column, _is_plain, _DOUBLE_DIGITS):
        try:
            return _from_doubles(numbers(pc.cast(column, pa.float64())), column, grid, _from_any_text)
        except pa.ArrowInvalid:
            pass
    return _from_any_text(column, grid)


def whole_numbers(column: pa.Array) -> Column | None:
    """The integers of a column of text of which every value is one, of at most 18 characters; ``None`` of any other."""
    if not _is_of(column, _is_whole, _INTEGER_DIGITS):
        return None
    try:
        return numbers(pc.cast(column, pa.int64()))
    except pa.ArrowInvalid:
        return None


def _is_of(column: pa.Array, allowed: Callable[[NDArray[np.uint8]], NDArray[np.bool_]], longest: int) -> bool:
    """Whether a column of text, all of it there, has only such bytes, and no value longer."""
    if column.null_count or not pa.types.is_string(column.type) or not len(column):
        return False
    ends = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][: len(column) + 1]
    if np.diff(ends).max() > longest:
        return False
    text = np.frombuffer(column.buffers()[2], np.uint8)[ends[0] : ends[-1]]
    return has_only(text, allowed)


def _is_whole(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Digits and minus signs."""
    found: NDArray[np.bool_] = (text - np.uint8(ord("0")) <= 9) | (text == ord("-"))
    return found


def _is_plain(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Those and points, which stand beside the minus in ASCII."""
    found: NDArray[np.bool_] = (text - np.uint8(ord("-")) <= ord("9") - ord("-")) & (text != ord("/"))
    return found


def _from_any_text(column: pa.Array, grid: Grid) -> Units:
    simple = flags(pc.match_substring_regex(column, _SIMPLE))
    if grid.decimals > _ARROW_DECIMALS or not simple.any():
        return _one_by_one(column, grid)
    if simple.all():
        return _from_simple_text(column, grid)
    units = Units(np.zeros(len(column), np.int64), np.zeros(len(column), np.uint8))
    for places, read in ((simple, _from_simple_text), (~simple, _one_by_one)):
        units.values[places], units.faults[places] = read(column.filter(pa.array(places)), grid)
    return units


def _from_simple_text(column: pa.Array, grid: Grid) -> Units:
    try:
        exact = pc.cast(column, pa.decimal128(_ARROW_DIGITS, grid.decimals))
    except pa.ArrowInvalid:
        return _one_by_one(column, grid)
    # 128 bits each, low half first.
    halves = np.frombuffer(exact.buffers()[1], np.int64)[2 * exact.offset :][: 2 * len(exact)]
    low, high = halves[::2], halves[1::2]
    too_large = high != low >> 63
    units = _divide(np.where(too_large, 0, low), _mantissa_grid(grid), 0)
    units.faults[too_large] = UNREADABLE
    return units


def _one_by_one(column: pa.Array, grid: Grid, scale: int = 0) -> Units:
    """The exact path: each distinct value once."""
    read = _reader(column.type, scale)
    coded = pc.dictionary_encode(column, null_encoding="encode")
    distinct = [_unit(value, grid, read) for value in coded.dictionary.to_pylist()]
    places = numbers(coded.indices)
    values = np.array([v for v, _ in distinct], np.int64)
    faults = np.array([f for _, f in distinct], np.uint8)
    return Units(values[places], faults[places])


def _unit(value: Any, grid: Grid, read: Callable[[Any], Decimal]) -> tuple[int, int]:
    if value is None:
        return 0, UNREADABLE
    try:
        number = read(value)
    except ValueError:
        return 0, UNREADABLE
    if number.adjusted() > _EXPONENT_MAX or int(number.as_tuple().exponent) < _EXPONENT_MIN:
        return 0, UNREADABLE
    units = grid.round(number, FLOOR)
    if abs(units) > _INT64_MAX:
        return 0, UNREADABLE
    return units, GOOD if grid.to_decimal(units) == number else OFF_GRID
