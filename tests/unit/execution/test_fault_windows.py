"""Windows of a fault: given ones, drawn ones, and what is asked of them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_SECOND
from genesis.execution.fault_windows import FaultWindows, Interval
from genesis.rng import ClippedNormal, KeyedDraws

LAW = ClippedNormal(600, 900, 1, 7_200)
DAY = 20_000 * NS_PER_DAY


def windows(given_: list[Interval] | None = None, an_hour: float = 0, seed: int = 1, of: str = "A.B") -> FaultWindows:
    return FaultWindows(given_ or [], an_hour, LAW, KeyedDraws(seed), "fault.test", of)


def test_a_window_holds_its_start_and_not_its_end() -> None:
    """[10, 20) covers 10 and 19; 9 and 20 lie outside."""
    asked = windows([(10, 20)])
    assert [asked.end_of(t) for t in (9, 10, 19, 20)] == [None, 20, 20, None]


def test_windows_that_touch_or_overlap_are_one() -> None:
    """Whoever is in the first is out only at the end of the last; a gap of a moment keeps them apart."""
    asked = windows([(10, 20), (20, 25), (15, 22), (26, 30)])
    assert [asked.end_of(t) for t in (10, 21, 25, 26)] == [25, 25, None, 30]
    assert asked.between(0, 100) == [(10, 25), (26, 30)]
    assert asked.between(24, 26) == [(10, 25)]
    assert asked.between(25, 26) == []


def test_drawn_windows_come_as_often_as_said() -> None:
    """Two an hour over forty days: 1,920 are expected, and a Poisson count of them has a deviation of 44."""
    asked = windows(an_hour=2.0)
    counted = sum(asked._count(DAY + h * NS_PER_HOUR) for h in range(40 * 24))  # noqa: SLF001 - the draw itself
    assert abs(counted - 1_920) < 4 * 44
    lengths = [stop - start for h in range(100) for start, stop in asked._of_hour(DAY + h * NS_PER_HOUR)]  # noqa: SLF001
    assert NS_PER_SECOND <= min(lengths) <= max(lengths) <= 7_200 * NS_PER_SECOND
    assert len(set(lengths)) > 50


def test_nothing_drawn_and_nothing_given_is_nothing() -> None:
    """A rate of 0 draws no window at all."""
    assert windows().between(DAY, DAY + 400 * NS_PER_DAY) == []


@given(st.integers(0, 5), st.lists(st.integers(0, 3 * NS_PER_DAY), min_size=1, max_size=30), st.floats(0.1, 3))
def test_the_two_ways_to_ask_agree_in_any_order(seed: int, times: list[int], an_hour: float) -> None:
    """Asked moment by moment, in any order and twice, or for a stretch at once: the windows are the same."""
    stretch = windows([(DAY + 5, DAY + 9)], an_hour, seed).between(DAY, DAY + 3 * NS_PER_DAY + 1)
    asked = windows([(DAY + 5, DAY + 9)], an_hour, seed)
    for time in [*times, *reversed(times)]:
        at = DAY + time
        assert asked.end_of(at) == next((b for a, b in stretch if a <= at < b), None)


@given(st.integers(0, 5), st.integers(1, NS_PER_DAY), st.integers(0, NS_PER_DAY))
def test_a_longer_tape_has_the_same_windows(seed: int, length: int, more: int) -> None:
    """What is drawn for a stretch does not depend on where the question ends."""
    short = windows(an_hour=1.0, seed=seed).between(DAY, DAY + length)
    longer = windows(an_hour=1.0, seed=seed).between(DAY, DAY + length + more)
    assert longer[: len(short)] == short
    assert all(start >= DAY + length for start, _ in longer[len(short) :])
    assert all(a[1] < b[0] for a, b in zip(longer, longer[1:], strict=False))


def test_another_seed_or_instrument_has_other_windows() -> None:
    """The key holds both."""
    found = [
        windows(an_hour=1.0, seed=s, of=i).between(DAY, DAY + NS_PER_DAY) for s, i in ((1, "A"), (2, "A"), (1, "B"))
    ]
    assert found[0] != found[1] != found[2] != found[0]
    assert windows(an_hour=1.0, seed=1, of="A").between(DAY, DAY + NS_PER_DAY) == found[0]
