"""The probability of backtest overfitting, against published figures."""

from __future__ import annotations

import numpy as np
import pytest

from genesis.evidence.overfitting import overfitting_probability


def mean_of_luck(matrices: int, versions: int) -> float:
    chance = np.random.default_rng(1)
    found = [overfitting_probability(chance.standard_normal((1000, versions))) for _ in range(matrices)]
    return sum(p for p in found if p is not None) / matrices


@pytest.mark.slow
def test_of_pure_luck_the_best_half_says_nothing() -> None:
    """1,000 bars, 200 versions without edge: .476 with a deviation of .137 from matrix to matrix (controlled study, pbo.marketmaker.cc); mean of 30."""
    assert mean_of_luck(30, 200) == pytest.approx(0.476, abs=0.08)


def test_of_a_little_luck_too() -> None:
    """The same with 20 versions, five matrices, wider."""
    assert mean_of_luck(5, 20) == pytest.approx(0.476, abs=0.2)


def test_a_real_edge_is_no_luck() -> None:
    """The same with an edge of .15 a bar in 20 of the 200: .001 (same study)."""
    returns = np.random.default_rng(2).standard_normal((1000, 200))
    returns[:, :20] += 0.15
    assert overfitting_probability(returns) == pytest.approx(0.001, abs=0.02)


def test_the_order_of_versions_and_left_over_bars_change_nothing() -> None:
    """Versions may be named in any order; what precedes sixteen equal blocks is dropped."""
    returns = np.random.default_rng(3).standard_normal((325, 5))
    found = overfitting_probability(returns)
    assert found == overfitting_probability(returns[:, ::-1])
    assert found == overfitting_probability(returns[5:])


def test_too_little_is_undefined() -> None:
    """One version, or fewer than 320 bars; a version that never moves has the ratio 0 and no error."""
    returns = np.random.default_rng(4).standard_normal((320, 3))
    assert overfitting_probability(returns[:, :1]) is None
    assert overfitting_probability(returns[:319]) is None
    returns[:, 0] = 0.0
    assert overfitting_probability(returns) is not None
