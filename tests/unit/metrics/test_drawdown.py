"""Drawdown by hand: where it fell from, how deep, and when it was over."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.metrics.drawdown import DrawdownTracker, Stretch, deepest_fall


def test_a_story_of_two_drawdowns() -> None:
    """1.0, 1.2, 0.9 (25 %), 1.2, 1.3 (over), 1.17 (10 %): the deepest keeps its dates."""
    tracker = DrawdownTracker()
    tracker.start(100)
    falls = [tracker.update(x, t) for t, x in enumerate((1.1, 1.2, 0.9, 1.2, 1.3, 1.17), 101)]
    assert falls == pytest.approx([0, 0, 0.25, 0, 0, 0.1])
    assert tracker.maximum == pytest.approx(0.25)
    assert (tracker.fell_from_ns, tracker.trough_ns, tracker.recovery_ns) == (102, 103, 105)
    assert (tracker.peak, tracker.peak_ns) == (1.3, 105)
    assert tracker.at(1.04) == pytest.approx(0.2)
    assert tracker.at(1.4) == 0.0


def test_the_peak_starts_at_one_when_the_evaluation_begins() -> None:
    """A track that only ever lost has fallen since the start."""
    tracker = DrawdownTracker()
    tracker.start(7)
    assert tracker.update(0.8, 9) == pytest.approx(0.2)
    assert (tracker.fell_from_ns, tracker.trough_ns, tracker.recovery_ns) == (7, 9, None)


def test_a_deeper_fall_after_a_recovery_is_not_recovered() -> None:
    """Dates belong to one drawdown, never to two."""
    tracker = DrawdownTracker()
    for t, x in enumerate((0.9, 1.1, 0.8)):
        tracker.update(x, t)
    assert (tracker.fell_from_ns, tracker.trough_ns, tracker.recovery_ns) == (1, 2, None)


def test_everything_lost_is_one_and_debt_is_more() -> None:
    """An index of 0 is a drawdown of 1; under 0 it is above 1, and never undefined."""
    tracker = DrawdownTracker()
    assert tracker.update(0.0, 1) == 1.0
    assert tracker.update(-0.5, 2) == 1.5


@pytest.mark.parametrize("n", [3, 300])
def test_a_scan_stops_at_the_limit_and_takes_nothing_behind_it(n: int) -> None:
    """At or over counts; the next scan goes on after it."""
    values = np.linspace(1, 0.5, n)
    tracker = DrawdownTracker()
    place = tracker.scan(values, np.arange(n), 0.25)
    assert place == (n - 1) // 2 + (n % 2 == 0)
    assert tracker.maximum == 1 - values[place] / 1.0
    assert tracker.trough_ns == place
    assert tracker.scan(values[place + 1 :], np.arange(place + 1, n), None) is None
    assert tracker.maximum == 0.5


@pytest.mark.parametrize("n", [3, 300])
def test_a_fall_of_exactly_the_limit_is_one(n: int) -> None:
    """Half of the peak is lost to the last bit; a limit that is a bit higher does not stop there."""
    values = np.array([1.0] * n + [0.5, 0.75])
    assert DrawdownTracker().scan(values, np.arange(n + 2), 0.5) == n
    assert DrawdownTracker().scan(values, np.arange(n + 2), np.nextafter(0.5, 1)) is None


@pytest.mark.parametrize("n", [3, 300])
def test_a_column_may_recover_with_its_first_value(n: int) -> None:
    """It fell in the column before, and stands above that peak when this one begins."""
    tracker = DrawdownTracker()
    tracker.scan(np.array([1.2] + [0.9] * n), np.arange(n + 1), None)
    tracker.scan(np.array([1.3] * n), np.arange(1_000, 1_000 + n), None)
    assert (tracker.fell_from_ns, tracker.trough_ns, tracker.recovery_ns) == (0, 1, 1_000)


def test_an_empty_column_changes_nothing() -> None:
    """No values, no drawdown, no break."""
    tracker = DrawdownTracker()
    assert tracker.scan(np.array([]), np.array([], dtype=np.int64), 0.0) is None
    assert tracker.save() == DrawdownTracker().save()


@given(
    st.lists(st.sampled_from([-2, -1, -1, 0, 1, 1, 2, 3]), min_size=70, max_size=240),
    st.lists(st.integers(1, 120), min_size=1, max_size=6),
    st.sampled_from([None, 0.05, 0.1, 0.25]),
)
def test_a_walk_by_columns_of_any_length_is_the_walk_row_by_row(
    steps: list[int], lengths: list[int], limit: float | None
) -> None:
    """Peaks that are met again, falls that recover and deeper ones behind them: every figure and date, and every break of a limit."""
    walk = 1 + np.cumsum(np.array(steps)) / 100
    times = np.arange(10, 10 + len(walk))
    by_row, by_column = DrawdownTracker(), DrawdownTracker()
    by_row.start(5)
    by_column.start(5)
    broken = []
    for value, time_ns in zip(walk.tolist(), times.tolist(), strict=True):
        if limit is not None and by_row.update(value, time_ns) >= limit:
            broken.append(time_ns)
        elif limit is None:
            by_row.update(value, time_ns)
    found, start, turn = [], 0, 0
    while start < len(walk):
        stop = start + lengths[turn % len(lengths)]
        place = by_column.scan(walk[start:stop], times[start:stop], limit)
        if place is not None:
            found.append(int(times[start + place]))
        start, turn = (stop if place is None else start + place + 1), turn + 1
    assert found == broken
    assert by_column.save() == by_row.save()


def test_a_long_column_tells_when_a_fall_was_over() -> None:
    """From 1.2 at 9 to 0.9 at 19, over at 29 where it first stands above 1.2; to meet the old peak again is not to be over it."""
    values = np.concatenate(
        (np.linspace(1.0, 1.2, 10), np.linspace(1.2, 0.9, 11)[1:], np.linspace(0.9, 1.2, 10)[1:], [1.21] * 20)
    )
    tracker = DrawdownTracker()
    tracker.scan(values, np.arange(len(values)), None)
    assert (tracker.fell_from_ns, tracker.trough_ns, tracker.recovery_ns) == (9, 19, 29)
    assert (tracker.peak, tracker.peak_ns) == (1.21, 29)
    again = DrawdownTracker()
    again.load(tracker.save())
    assert again.save() == tracker.save()


@pytest.mark.parametrize("lacking", [0, 1, 2])
def test_a_state_that_lacks_a_number_is_refused(lacking: int) -> None:
    """Peak, maximum and the peak's time are always there; dates need not be."""
    state = list(DrawdownTracker().save())
    state[lacking] = None
    with pytest.raises(ValueError, match="expected peak, maximum and the peak's time"):
        DrawdownTracker().load(state)


def test_a_tracker_begins_without_a_date() -> None:
    """Its peak is 1 at time 0 until the evaluation begins."""
    assert DrawdownTracker().save() == (1.0, 0.0, 0, None, None, None)
    assert DrawdownTracker().at(1.0) == 0.0


def test_the_expected_deepest_fall_of_a_random_walk() -> None:
    """Without drift, over unit time at unit volatility, it is sqrt(pi / 2) = 1.2533 (Magdon-Ismail, Atiya, Pratap and Abu-Mostafa 2004)."""
    chance, steps, paths, small = np.random.default_rng(8), 5_000, 1_500, 1e-4
    times = np.arange(steps, dtype=np.int64)
    total = 0.0
    for _ in range(paths):
        tracker = DrawdownTracker()
        tracker.scan(1 + small * np.cumsum(chance.standard_normal(steps)) / np.sqrt(steps), times, None)
        total += tracker.maximum / small
    assert total / paths == pytest.approx(1.2533, abs=0.03)


@pytest.mark.parametrize("in_columns", [False, True])
@pytest.mark.parametrize(
    ("begins", "values", "told"),
    [
        (-0.2, [-0.3, -0.1], (-0.1, -0.3, 1.0)),
        (0.0, [-0.5], (0.0, -0.5, 1.0)),
        (-0.2, [0.5, 0.25], (0.5, -0.2, 0.5)),
        (1.0, [-0.5], (1.0, -0.5, 1.5)),
    ],
    ids=["in debt", "with nothing", "out of debt", "into debt"],
)
def test_a_stretch_that_begins_with_nothing_has_lost_everything(
    begins: float, values: list[float], told: tuple[float, float, float], in_columns: bool
) -> None:
    """Where no peak is above 0, an index at or under 0 is a fall of 1, not a division by nothing and not none."""
    stretch = Stretch(begins)
    if in_columns:
        stretch.scan(np.array(values))
    else:
        for value in values:
            stretch.update(value)
    assert (stretch.high, stretch.low, stretch.deepest) == told


def test_stretches_in_debt_alone_are_a_fall_of_everything() -> None:
    """A window in which there was only debt, or nothing; one that begins worth something falls from there."""
    assert deepest_fall([(-0.2, -0.3, 0.0)]) == 1.0
    assert deepest_fall([(0.0, 0.0, 0.0)]) == 1.0
    assert deepest_fall([(0.5, 0.5, 0.0)]) == 0.0
    assert deepest_fall([(0.5, 0.5, 0.0), (-0.25, -0.25, 0.0)]) == 1.5


@given(st.lists(st.lists(st.floats(0.1, 10), max_size=8), min_size=1, max_size=6), st.booleans())
def test_stretches_that_follow_each_other_tell_the_deepest_fall_over_all_of_them(
    walk: list[list[float]], in_columns: bool
) -> None:
    """Each begins where the one before ended; taken row by row or by columns, the same to the bit as a tracker that saw it all."""
    index, whole, ended = 1.0, DrawdownTracker(), []
    for values in walk:
        stretch = Stretch(index)
        if in_columns:
            stretch.scan(np.array(values))
        for value in values:
            whole.update(value, 0)
            index = value
            if not in_columns:
                stretch.update(value)
        ended.append((stretch.high, stretch.low, stretch.deepest))
    assert deepest_fall(ended) == whole.maximum
    assert deepest_fall([]) == 0.0
