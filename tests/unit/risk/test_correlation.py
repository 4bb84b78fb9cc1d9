"""Correlation of returns over one block of bars."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

import numpy as np
import pytest

from genesis.risk.correlation import LEAST_BARS, Correlations


def closed(bars: int, *series: Sequence[int | None]) -> Correlations:
    """Instruments a, b, ... with these prices."""
    found = Correlations(bars)
    for row in zip(*series, strict=True):
        found.close_bar(dict(zip("abcd", row, strict=False)))
    return found


def test_a_known_value() -> None:
    """Returns of (+10 %, -10 %) for ever, and of twice the one and nothing of the other: alike or opposite as they are written down, and as numpy has it."""
    up, down, n = [10_000], [10_000], 60
    for i in range(n):
        up.append(up[-1] * 11 // 10 if i % 2 else up[-1] * 9 // 10)
        down.append(down[-1] * 9 // 10 if i % 3 else down[-1] * 12 // 10)
    found = closed(n, [*up], [*down]).of("a", "b")
    x, y = (np.diff(p) / np.array(p[:-1]) for p in (up, down))
    assert found == pytest.approx(float(np.corrcoef(x, y)[0, 1]), abs=1e-12)


def test_what_moves_as_one_and_what_moves_against_it() -> None:
    """1 and close to -1."""
    prices = [1_000 + (7 * i) % 11 for i in range(50)]
    found = closed(60, [*prices], [2 * p for p in prices], [10**9 // p for p in prices])
    assert found.of("a", "b") == pytest.approx(1)
    assert found.of("a", "c") == pytest.approx(-1, abs=1e-3)


def test_what_rises_in_turn_is_opposite_however_much_each_rises() -> None:
    """One rises a tenth in every other bar and the other a fifth in those between: means of 5 and 10 %, a correlation of -1."""
    one, other = [10**12], [10**12]
    for i in range(60):
        one.append(one[-1] * 11 // 10 if i % 2 else one[-1])
        other.append(other[-1] if i % 2 else other[-1] * 12 // 10)
    assert closed(60, [*one], [*other]).of("a", "b") == pytest.approx(-1, abs=1e-9)


def test_under_42_bars_nothing_is_known() -> None:
    """43 prices make 42 returns; of instruments that begin at different times only common bars count."""
    assert LEAST_BARS == 42
    prices = [1_000 + (7 * i) % 11 for i in range(LEAST_BARS + 1)]
    assert closed(100, [*prices], [*prices]).of("a", "b") == pytest.approx(1)
    assert closed(100, prices[1:], prices[1:]).of("a", "b") is None
    assert closed(100, [*prices], [None, *prices[1:]]).of("a", "b") is None
    assert closed(100, [*prices], [*prices]).of("a", "x") is None


def test_a_price_that_stands_still_is_like_nothing() -> None:
    """A deviation of 0 has no correlation."""
    prices = [1_000 + (7 * i) % 11 for i in range(50)]
    found = closed(60, [*prices], [500] * 50)
    assert (found.of("a", "b"), found.of("b", "a")) == (None, None)


def test_only_the_latest_bars_count() -> None:
    """Fifty bars against each other and then fifty alike: over a block of fifty they are alike."""
    one = [1_000 + (7 * i) % 11 for i in range(101)]
    other = [10**6 // p if i < 51 else p for i, p in enumerate(one)]
    assert closed(49, [*one], [*other]).of("a", "b") == pytest.approx(1)
    whole = closed(100, [*one], [*other]).of("a", "b")
    assert whole is not None
    assert abs(whole) < 1 / sqrt(2)
