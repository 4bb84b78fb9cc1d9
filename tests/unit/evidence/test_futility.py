"""Giving up: fair to who is as good as asked, sooner where money is lost."""

from __future__ import annotations

from itertools import product
from math import log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.evidence.futility import Futility
from genesis.evidence.rules import FutilityRules

RULES = FutilityRules()
RETURNS = st.lists(st.floats(-0.05, 0.05, allow_nan=False), max_size=60)


def test_who_is_as_good_as_asked_is_a_fair_bet() -> None:
    """Over all 1,024 paths of ten bars with exactly the mean that is asked for, the mean of E is 1."""
    mean, total = 2 * 1.5 / sqrt(2190), 0.0
    for path in product((-1.0, 1.0), repeat=10):
        process = Futility(FutilityRules(decay=0.0, floor=1.0), 2.0)
        for x in path:
            process.add(x + mean)
        total += process.value
    assert total / 1024 == pytest.approx(1, abs=1e-12)


def test_one_that_loses_is_given_up() -> None:
    """A ratio of -6 within half a year; one of 6 never in three years, and its E falls towards 0."""
    unit, noise = 0.004, np.random.default_rng(1).standard_normal(6570)
    bad, good = Futility(RULES, unit), Futility(RULES, unit)
    for bar, x in enumerate(noise.tolist()):
        good.add(unit * (x + 6 / sqrt(2190)))
        assert not good.futile
        if bar < 1095:
            bad.add(unit * (x - 6 / sqrt(2190)))
    assert bad.futile
    assert good.value < 0.01


def test_the_ideal_time() -> None:
    """2 ln(20) / 1.5**2 = 2.7 years without any edge, half a year at -2: the growth of the best bet, a deviation a bar."""
    assert 2 * log(20) / 1.5**2 == pytest.approx(2.7, abs=0.05)
    assert 2 * log(20) / 3.5**2 == pytest.approx(0.5, abs=0.02)


@given(RETURNS, RETURNS)
def test_saved_and_loaded_it_goes_on_bit_by_bit(before: list[float], after: list[float]) -> None:
    """Interrupted anywhere."""
    kept, restored = Futility(RULES, 0.004), Futility(RULES, 1.0)
    for x in before:
        kept.add(x)
    restored.load(kept.save())
    for x in after:
        kept.add(x)
        restored.add(x)
    assert (restored.save(), restored.value) == (kept.save(), kept.value)


def test_what_cannot_be_is_refused() -> None:
    """A message that names the number."""
    for changed, name in (
        ({"min_sharpe": 0.0}, "min_sharpe"),
        ({"multiples": ()}, "multiples"),
        ({"alpha": 1.0}, "alpha"),
        ({"bet_cap": 0.0}, "bet_cap"),
        ({"lose_most": 1.0}, "lose_most"),
    ):
        with pytest.raises(ValueError, match=name):
            FutilityRules(**changed)
    with pytest.raises(ValueError, match="bets"):
        Futility(RULES, 1.0).load([1.0, 1.0, 0.0, 1.0])
    with pytest.raises(ValueError, match="return"):
        Futility(RULES, 1.0).add(float("nan"))
