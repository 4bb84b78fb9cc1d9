"""The fast paths of column conversion agree with `Grid`, value by value."""

from decimal import Decimal

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.feeds.files.exact import GOOD, OFF_GRID, UNREADABLE, to_units
from genesis.model.grid import FLOOR, Grid, parse_decimal, plain, shortest_decimal

steps = st.builds(
    lambda mantissa, exponent: Decimal(mantissa).scaleb(exponent), st.sampled_from([1, 2, 5, 25]), st.integers(-10, 2)
)
numbers = st.builds(
    lambda number, exponent: Decimal(number).scaleb(exponent), st.integers(-(10**14), 10**14), st.integers(-9, 1)
)


def expected(value: Decimal, grid: Grid) -> tuple[int, int]:
    """What `Grid` says of one value."""
    units = grid.round(value, FLOOR)
    return units, GOOD if grid.to_decimal(units) == value else OFF_GRID


@settings(deadline=None)
@given(st.lists(numbers, min_size=1), steps)
def test_text_agrees_with_the_grid(values: list[Decimal], step: Decimal) -> None:
    """A column of decimal text has the units that `Grid` gives each value."""
    grid = Grid(step)
    found = to_units(pa.array([plain(v) for v in values]), grid)
    wanted = [expected(v, grid) for v in values]
    # A count of the step's own last digits that leaves int64 is refused as out of range.
    fits = [abs(u) * grid.mantissa < 2**63 for u, _ in wanted]
    got = list(zip(found.values.tolist(), found.faults.tolist(), strict=True))
    assert [g for g, f in zip(got, fits, strict=True) if f] == [w for w, f in zip(wanted, fits, strict=True) if f]


# Short and long, with and without a point, at times no number at all.
words = st.from_regex(r"-?[0-9]{0,9}\.?[0-9]{0,9}", fullmatch=True)
whole_words = st.from_regex(r"-?0{0,3}[0-9]{1,15}", fullmatch=True)


@settings(deadline=None)
@given(st.one_of(st.lists(words, min_size=1), st.lists(whole_words, min_size=1)), steps)
def test_any_word_of_digits_agrees_with_the_grid(texts: list[str], step: Decimal) -> None:
    """However a column's words are read together, each has the units that `Grid` gives it alone, or is unreadable where it is no number."""
    grid = Grid(step)
    found = to_units(pa.array(texts), grid)
    for text, units, fault in zip(texts, found.values.tolist(), found.faults.tolist(), strict=True):
        try:
            wanted = expected(parse_decimal(text), grid)
        except ValueError:
            assert (units, fault) == (0, UNREADABLE)
            continue
        if abs(wanted[0]) * grid.mantissa < 2**63:
            assert (units, fault) == wanted


@settings(deadline=None)
@given(st.lists(st.integers(-(2**53), 2**53), min_size=1), steps)
def test_scaled_integers_agree_with_the_grid(values: list[int], step: Decimal) -> None:
    """A column of integers in 1e-8 has the units that `Grid` gives each value."""
    grid = Grid(step)
    found = to_units(pa.array(values), grid, 8)
    wanted = [expected(Decimal(v).scaleb(-8), grid) for v in values]
    got = list(zip(found.values.tolist(), found.faults.tolist(), strict=True))
    # A count of the step's own last digits that leaves int64 is refused as out of range.
    fits = [abs(u) * grid.mantissa < 2**63 for u, _ in wanted]
    assert [g for g, f in zip(got, fits, strict=True) if f] == [w for w, f in zip(wanted, fits, strict=True) if f]


@settings(deadline=None)
@given(st.lists(st.floats(-1e12, 1e12), min_size=1), steps)
def test_any_float_agrees_with_its_shortest_decimal(values: list[float], step: Decimal) -> None:
    """A float column has the units of each value's shortest decimal."""
    grid = Grid(step)
    found = to_units(pa.array(values), grid)
    wanted = [expected(shortest_decimal(v), grid) for v in values]
    got = list(zip(found.values.tolist(), found.faults.tolist(), strict=True))
    # A count of the step's own last digits that leaves int64 is refused as out of range.
    fits = [abs(u) * grid.mantissa < 2**63 for u, _ in wanted]
    assert [g for g, f in zip(got, fits, strict=True) if f] == [w for w, f in zip(wanted, fits, strict=True) if f]


@settings(deadline=None)
@given(st.lists(st.integers(-(10**15) + 1, 10**15 - 1), min_size=1), st.integers(0, 10))
def test_a_float_written_from_the_grid_comes_back(units: list[int], decimals: int) -> None:
    """Units written as floats are read back exactly while they have at most 15 digits."""
    grid = Grid(Decimal(1).scaleb(-decimals))
    found = to_units(pa.array([grid.to_float(u) for u in units]), grid)
    assert found.values.tolist() == units
    assert not found.faults.any()
