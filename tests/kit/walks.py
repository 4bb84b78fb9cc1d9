"""Walks of a price, print by print, as Hypothesis draws them."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

MS = 1_000_000
# (ns after the start, ticks, lots, side of the taker: 1 buys, -1 sells, 0 is not told)
Prints = list[tuple[int, int, int, int]]


@st.composite
def walks(draw: st.DrawFn, least: int, most: int, gaps: Sequence[int], sides: Sequence[int] = (-1, 1, 0)) -> Prints:
    """``least`` to ``most`` prints of up to 40 lots, up to three ticks and one of ``gaps`` (ns) apart, the taker on one of ``sides``."""
    n = draw(st.integers(least, most))
    steps = draw(st.lists(st.sampled_from(gaps), min_size=n, max_size=n))
    moves = draw(st.lists(st.integers(-3, 3), min_size=n, max_size=n))
    lots = draw(st.lists(st.integers(1, 40), min_size=n, max_size=n))
    takers = draw(st.lists(st.sampled_from(sides), min_size=n, max_size=n))
    time, ticks, prints = 0, 10_000, []
    for step, move, size, side in zip(steps, moves, lots, takers, strict=True):
        time, ticks = time + step, ticks + move
        prints.append((time, ticks, size, side))
    return prints


USUAL = walks(20, 150, [0, 1, 3 * MS, 40 * MS, 700 * MS, 2500 * MS])


def quotes_of(prints: Prints) -> list[tuple[int, int, int, int, int]]:
    """A book a nanosecond after each print: (ns after the start, bid, its size, ask, its size)."""
    return [(t + 1, p - 1 - n % 2, n, p + 1, n + 3) for t, p, n, _ in prints]
