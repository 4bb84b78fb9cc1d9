"""What our own orders took of the displayed size, by hand: how it fades, and when it is forgotten."""

from __future__ import annotations

import pytest

from genesis.execution.liquidity import TakenLiquidity

BID, ASK = 1, -1
MS = 1_000_000


def taken(*lots: int, half_life_ms: int = 0) -> TakenLiquidity:
    """So many lots taken, one order after another, of the ask at 100, at time 0."""
    found = TakenLiquidity(half_life_ms * MS)
    for n in lots:
        found.take(ASK, 100, n, 0)
    return found


def test_what_is_left_is_what_is_shown_less_what_was_taken() -> None:
    """Two orders took 3 and 4 of 10: 3 are left, of a display of 5 none; of other levels nothing was taken."""
    found = taken(3, 4)
    assert found.taken(ASK, 100) == 7
    assert [found.available(ASK, 100, shown) for shown in (10, 7, 5)] == [3, 0, 0]
    assert (found.available(BID, 100, 10), found.available(ASK, 101, 10), found.taken(ASK, 101)) == (10, 10, 0)
    assert bool(found)
    assert not TakenLiquidity(0)


def test_a_refresh_shows_no_more_than_it_shows() -> None:
    """Without a half-life 7 taken stay 7 while as much is shown, are 4 when 4 are, and nothing when the level is gone."""
    found = taken(7)
    found.refresh(ASK, 100, 9, 10**12)
    assert found.taken(ASK, 100) == 7
    found.refresh(ASK, 100, 4, 10**12)
    assert found.taken(ASK, 100) == 4
    found.refresh(ASK, 100, 0, 10**12)
    assert (found.taken(ASK, 100), bool(found)) == (0, False)


@pytest.mark.parametrize(
    ("at_ms", "left"),
    [(0, 7), (9, 7), (10, 4), (19, 4), (20, 2), (30, 1), (1_000, 1)],
    ids=["at once", "before", "one", "nearly two", "two", "three", "a hundred"],
)
def test_every_half_life_that_has_passed_halves_what_was_taken(at_ms: int, left: int) -> None:
    """Of 7 lots 4 after 10 ms, 2 after 20, 1 after 30: halves are rounded up, so that the last lot never fades by itself."""
    found = taken(7, half_life_ms=10)
    found.refresh(ASK, 100, 100, at_ms * MS)
    assert found.taken(ASK, 100) == left


def test_a_part_of_a_half_life_is_not_lost_between_refreshes() -> None:
    """Refreshed at 15 ms and at 20 ms: the second half-life has passed at 20, not at 25; a further order begins anew."""
    found = taken(8, half_life_ms=10)
    found.refresh(ASK, 100, 100, 15 * MS)
    assert found.taken(ASK, 100) == 4
    found.refresh(ASK, 100, 100, 20 * MS)
    assert found.taken(ASK, 100) == 2
    found.take(ASK, 100, 6, 25 * MS)
    found.refresh(ASK, 100, 100, 34 * MS)
    assert found.taken(ASK, 100) == 8
    found.refresh(ASK, 100, 100, 35 * MS)
    assert found.taken(ASK, 100) == 4


def test_what_stands_unchanged_never_fades() -> None:
    """Time alone, without a new size, gives nothing back: else the same lots could be sold twice by waiting."""
    found = taken(8, half_life_ms=10)
    found.refresh(BID, 100, 100, 10**12)
    found.refresh(ASK, 101, 100, 10**12)
    assert found.taken(ASK, 100) == 8


def test_more_half_lives_than_there_are_bits_leave_one_lot() -> None:
    """Ten thousand lots after a million half-lives; a shift is no more than 64, as 2^64 lots are never there."""
    found = taken(10_000, half_life_ms=1)
    found.refresh(ASK, 100, 10_000, 10**6 * MS)
    assert found.taken(ASK, 100) == 1


def test_levels_inside_the_spread_are_gone() -> None:
    """With bids up to 99 and asks from 101: what was taken of a bid at 100 or an ask at 100 is forgotten, at 99 and 101 it is not."""
    found = TakenLiquidity(0)
    for side, ticks in ((BID, 100), (BID, 99), (ASK, 100), (ASK, 101)):
        found.take(side, ticks, 1, 0)
    assert found.prices() == [100, 99, -100, -101]
    found.leave(99, 101)
    assert found.prices() == [99, -101]
    found.leave(99, 0)
    assert found.prices() == [99]
    found.leave(0, 101)
    assert found.prices() == []
