"""Columns to integer units: text, scaled integers and floats, and what is no value at all."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest

from genesis.feeds.files.exact import GOOD, OFF_GRID, UNREADABLE, decimals_of, round_units, shown, to_units
from genesis.model.grid import FLOOR, HALF_EVEN, Grid

CENT = Grid(Decimal("0.01"))


@pytest.mark.parametrize(
    ("text", "units", "fault"),
    [
        ("61837.63000000", 6183763, GOOD),
        ("7e2", 70000, GOOD),
        ("7.18e-06", 0, OFF_GRID),
        ("-0.05", -5, GOOD),
        ("0.015", 1, OFF_GRID),
        ("-0.015", -2, OFF_GRID),
        ("", 0, UNREADABLE),
        ("nan", 0, UNREADABLE),
        ("inf", 0, UNREADABLE),
        ("1,5", 0, UNREADABLE),
        ("92233720368547758.07", 2**63 - 1, GOOD),
        ("92233720368547758.08", 0, UNREADABLE),
        ("1e400", 0, UNREADABLE),
        ("1e-400000000", 0, UNREADABLE),
    ],
)
def test_text_is_read_exactly_or_named(text: str, units: int, fault: int) -> None:
    """A text value is its exact number of steps, or is marked as off the grid (with the floor) or unreadable."""
    values, faults = to_units(pa.array([text]), CENT)
    assert (int(values[0]), int(faults[0])) == (units, fault)


@pytest.mark.parametrize("kind", [pa.string(), pa.int64(), pa.float64()])
def test_one_odd_value_in_a_long_column_is_found_where_it_is(kind: pa.DataType) -> None:
    """However many are looked at together: 50,000 values, of which the 33,000th is off the grid by half a step."""
    steps = [2 * n for n in range(50_000)]
    steps[33_000] += 1
    values, faults = to_units(pa.array(steps).cast(kind), Grid(Decimal(2)))
    assert values.tolist() == list(range(50_000))
    assert np.flatnonzero(faults).tolist() == [33_000]
    assert faults[33_000] == OFF_GRID


def test_one_odd_text_changes_no_other_value() -> None:
    """Good values beside a bad one are read as if it were not there."""
    values, faults = to_units(pa.array(["1.00", "x", "2.50", "0.001"]), CENT)
    assert values.tolist() == [100, 0, 250, 0]
    assert faults.tolist() == [GOOD, UNREADABLE, GOOD, OFF_GRID]


@pytest.mark.parametrize(
    ("step", "e8", "units", "fault"),
    [
        ("0.01", 6183763000000, 6183763, GOOD),
        ("0.01", 6183763500000, 6183763, OFF_GRID),
        ("0.5", 150000000, 3, GOOD),
        ("10", 120 * 10**8, 12, GOOD),
        ("0.0000000001", 7, 700, GOOD),
        ("0.0000000001", 2**62, 0, UNREADABLE),
        ("100000000000000000000", 10**8, 0, OFF_GRID),
    ],
)
def test_scaled_integers_divide_exactly(step: str, e8: int, units: int, fault: int) -> None:
    """An integer in 1e-8 is divided by the step without remainder, or is off the grid."""
    values, faults = to_units(pa.array([e8]), Grid(Decimal(step)), 8)
    assert (int(values[0]), int(faults[0])) == (units, fault)
    values, faults = to_units(pa.array([str(e8)]), Grid(Decimal(step)), 8)
    assert (int(values[0]), int(faults[0])) == (units, fault)


@pytest.mark.parametrize(
    ("value", "step", "units", "fault"),
    [
        (0.1, "0.1", 1, GOOD),
        (0.3, "0.1", 3, GOOD),
        (0.1 + 0.2, "0.1", 3, OFF_GRID),
        (1.05236, "0.00001", 105236, GOOD),
        (123456789.12345678, "0.00000001", 12345678912345678, GOOD),
        (0.25, "0.5", 0, OFF_GRID),
        (1e22, "1", 0, UNREADABLE),
        (float("nan"), "1", 0, UNREADABLE),
        (float("inf"), "1", 0, UNREADABLE),
        (5e-324, "1", 0, OFF_GRID),
    ],
)
def test_a_float_is_the_shortest_decimal_that_round_trips(value: float, step: str, units: int, fault: int) -> None:
    """A float stands for the decimal that was written, and binary noise is off the grid."""
    values, faults = to_units(pa.array([value]), Grid(Decimal(step)))
    assert (int(values[0]), int(faults[0])) == (units, fault)


def test_a_narrow_float_is_its_own_shortest_decimal() -> None:
    """0.1 kept in 32 bits is one tenth, though the double it widens to is not."""
    values, faults = to_units(pa.array(np.array([0.1, 2.5], np.float32)), Grid(Decimal("0.1")))
    assert values.tolist() == [1, 25]
    assert not faults.any()


def test_decimal_and_integer_columns_and_nulls() -> None:
    """Typed decimals and integers are exact; nothing is unreadable, and so is a column of another kind."""
    assert to_units(pa.array([Decimal("1.50"), None]), CENT).values.tolist() == [150, 0]
    assert to_units(pa.array([7, None]), CENT).faults.tolist() == [GOOD, UNREADABLE]
    assert to_units(pa.array([2**64 - 1], pa.uint64()), CENT).faults.tolist() == [UNREADABLE]
    assert to_units(pa.array([True]), CENT).faults.tolist() == [UNREADABLE]
    assert to_units(pa.array(["1.5", "1.5"]).dictionary_encode(), CENT).values.tolist() == [150, 150]


def test_rounding_is_named() -> None:
    """Half-even for prices and down for sizes are exact decisions on the decimal."""
    column = pa.array(["0.005", "0.015", "0.025", "0.029"])
    assert round_units(column, CENT, HALF_EVEN).tolist() == [0, 2, 2, 3]
    assert round_units(column, CENT, FLOOR).tolist() == [0, 1, 2, 2]


def test_values_are_shown_as_a_person_writes_them() -> None:
    """A message shows the decimal, not its integer, and says when there is nothing."""
    assert shown(pa.array([6183763500000]), 0, 8) == "61837.63500000"
    assert shown(pa.array(["", None]), 1) == "nothing"
    assert decimals_of(pa.array([1.5, 1.5])) == {Decimal("1.5")}
