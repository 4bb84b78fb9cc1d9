"""Ticks, dates and lines thinned for the page."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.monitoring.report.axes import Scale, evenly, padded, places, thin, ticks, time_ticks
from genesis.monitoring.report.svg import spread
from genesis.monitoring.report.values import Line
from tests.unit.reporting.made import HOUR, START

FINITE = st.floats(-1e9, 1e9, allow_nan=False)


@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9))
def test_ticks_lie_inside_and_are_few(low: float, width: float) -> None:
    """Between one and a dozen, rising."""
    found = ticks(low, low + width)
    assert 1 <= len(found) <= 12
    assert found == sorted(found)
    assert all(low - 1e-6 * width <= t <= low + width * (1 + 1e-6) for t in found) or len(found) == 1


def test_labels_have_the_decimals_that_tell_ticks_apart() -> None:
    """And no more."""
    assert [places(ticks(low, high)) for low, high in ((0, 10), (0, 0.3), (10_000, 10_001), (0, 5000))] == [0, 1, 1, 0]


@pytest.mark.parametrize(
    ("hours", "first"),
    [(0.01, "01-01 00:00:00"), (0.5, "01-01 00:00"), (24, "01-01 00:00"), (24 * 20, "2025-01-0"), (24 * 400, "2025-01"), (24 * 8000, "2025-01")],
)  # fmt: skip
def test_dates_fall_on_the_calendar_at_every_length(hours: float, first: str) -> None:
    """From seconds to decades there are two to a dozen labels, inside the window."""
    end = START + int(hours * HOUR)
    found = time_ticks(START, end)
    assert found[0][1].startswith(first)
    assert 2 <= len(found) <= 12
    assert all(START <= ns <= end for ns, _ in found)


def test_a_moment_is_a_date_too() -> None:
    """A window without length has one label."""
    assert len(time_ticks(START, START)) == 1


@given(st.lists(FINITE, min_size=1, max_size=400))
def test_thinning_loses_no_extreme(values: list[float]) -> None:
    """At most four points a pixel column; first, last, least and greatest stay, in the order of time."""
    line = Line(tuple(range(len(values))), tuple(values))
    x = Scale(0, len(values), 0, 20)
    (piece,) = thin(line, x)
    shown = [v for _, v in piece]
    assert len(piece) <= 4 * 21
    assert (min(shown), max(shown), shown[0], shown[-1]) == (min(values), max(values), values[0], values[-1])
    assert [at for at, _ in piece] == sorted(at for at, _ in piece)


def test_an_undefined_value_breaks_the_line() -> None:
    """It is never drawn as 0 and never bridged."""
    line = Line((0, 1, 2, 3), (1.0, None, 3.0, 4.0))
    assert thin(line, Scale(0, 3, 0, 300)) == [[(0.0, 1.0)], [(200.0, 3.0), (300.0, 4.0)]]


@given(st.integers(1, 2000), st.integers(2, 400))
def test_what_is_left_out_is_left_out_evenly(n: int, most: int) -> None:
    """Never more than asked for; the first and the last stay."""
    line = Line(tuple(range(n)), tuple(float(i) for i in range(n)))
    found = evenly(line, most)
    assert len(found.times) == min(n, most)
    assert (found.times[0], found.times[-1]) == (0, n - 1)
    assert len(set(found.times)) == len(found.times)


@given(st.lists(st.floats(14, 326), min_size=1, max_size=14))
def test_labels_never_overlap_nor_change_their_order(heights: list[float]) -> None:
    """A line's label stands beside it, at least 15 px from the next."""
    placed = spread(heights, 15, 14, 326)
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    gaps = [placed[b] - placed[a] for a, b in zip(order, order[1:], strict=False)]
    assert all(g >= 15 - 1e-9 for g in gaps)


def test_a_range_is_never_empty() -> None:
    """Also without values and with one value."""
    for values in ([], [0.0], [5.0], [5.0, 5.0]):
        low, high = padded(values)
        assert low < high


def test_a_line_has_a_value_for_each_time() -> None:
    """Others cannot be made."""
    with pytest.raises(ValueError, match="line"):
        Line((1, 2), (0.0,))
