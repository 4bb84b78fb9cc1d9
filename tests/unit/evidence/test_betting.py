"""The e-process: fair, predictable, exact when it is taken up again."""

from __future__ import annotations

from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.evidence.betting import BettingProcess
from genesis.evidence.families import closed_adjustment, rejected_by_discovery_rate
from genesis.evidence.gathering import Evidence
from genesis.evidence.pace import bars_at_pace, expected_bars
from genesis.evidence.rules import BettingRules, Source

RULES = BettingRules()
RETURNS = st.floats(-0.05, 0.05, allow_nan=False)


def test_the_bets_are_those_of_the_design() -> None:
    """Annual ratios 1.5, 3, 5, 8, 12 over the root of 2,190, capped at 0.12: .032, .064, .107, .12, .12; the default bound is 12 deviations."""
    assert [round(b, 4) for b in RULES.bets] == [0.0321, 0.0641, 0.1068, 0.12, 0.12]
    assert (RULES.kappa, RULES.upper_clip, RULES.decay, RULES.warmup_bars, RULES.cap) == (8, 6, 0.94, 12, 200)
    assert RULES.bound_deviations == 12


def test_a_fair_coin_makes_nothing_of_nothing() -> None:
    """Over all 4,096 paths of 12 fair bars the mean E is 1, with the bets .016, .032, .053, .085, .12 of the design's own check."""
    rules = BettingRules(bets_sharpe=tuple(b * sqrt(2190) for b in (0.016, 0.032, 0.053, 0.085, 0.12)), decay=0.0)
    total = 0.0
    for path in product((-1.0, 1.0), repeat=12):
        process = BettingProcess(rules, loss_bound=8.0, variance=1.0)
        for x in path:
            process.add(x)
        total += process.value
    assert total / 4096 == pytest.approx(1, abs=1e-12)


@given(st.lists(RETURNS, min_size=1, max_size=30), RETURNS, RETURNS)
def test_a_bar_does_not_choose_its_own_scale(before: list[float], one: float, other: float) -> None:
    """What a return is divided by is known before it: two futures of one past meet the same scale."""
    scales = []
    for last in (one, other):
        process = BettingProcess(RULES, 0.1, 1e-4)
        for x in before:
            process.add(x)
        scales.append(process.scale)
        process.add(last)
    assert scales[0] == scales[1]


@given(st.lists(RETURNS, max_size=120), st.lists(RETURNS, max_size=60), st.booleans())
def test_saved_and_loaded_it_goes_on_bit_by_bit(before: list[float], after: list[float], flat_first: bool) -> None:
    """Interrupted anywhere, also in the warm-up, everything that can be read is the same to the last bit."""
    kept = Evidence(RULES, Source.REPLAY)
    for x in ([0.0] * 5 if flat_first else []) + before:
        kept.add(x)
    restored = Evidence(RULES, Source.REPLAY)
    restored.load(kept.save())
    assert restored.save() == kept.save()
    for x in after:
        kept.add(x)
        restored.add(x)
    assert restored.save() == kept.save()
    assert (restored.e_value, restored.sharpe(), restored.loss_bound) == (kept.e_value, kept.sharpe(), kept.loss_bound)


def test_a_state_of_other_rules_is_refused() -> None:
    """Another number of bets or another bound."""
    state = BettingProcess(RULES, 0.1, 1e-4).save()
    with pytest.raises(ValueError, match="bets"):
        BettingProcess(BettingRules(bets_sharpe=(5.0,)), 0.1, 1e-4).load(state)
    with pytest.raises(ValueError, match="bound"):
        BettingProcess(RULES, 0.2, 1e-4).load(state)


def test_a_broken_bound_proves_nothing_for_ever() -> None:
    """A loss of exactly the bound is within it; a hair more, and E is 0 whatever follows."""
    process = BettingProcess(RULES, 0.05, 1e-4)
    process.add(-0.05)
    assert process.value > 0
    assert not process.broken
    process.add(-0.0500001)
    assert (process.value, process.broken) == (0.0, True)
    process.add(0.05)
    assert process.value == 0.0


def test_the_worst_bar_leaves_something() -> None:
    """Losing the bound whole costs the largest bet 0.12 x 8 of its stake, never all of it."""
    process = BettingProcess(RULES, 0.08, 1e-8)
    process.add(-0.08)
    assert process.value == pytest.approx(sum(1 - b * 8 for b in RULES.bets) / 5)


def test_winnings_above_the_cap_are_taken_off_the_table() -> None:
    """E never stands above 200, and what is left falls from there when the edge is gone."""
    process = BettingProcess(RULES, 0.08, 1e-4)
    for _ in range(400):
        process.add(0.01)
    assert process.value == pytest.approx(200)
    process.add(-0.01)
    assert process.value < 200


def test_the_warm_up_counts_bars_that_moved() -> None:
    """Twelve bars with a return other than 0; flat ones between them are warm-up and no part of the deviation; the bound is 12 deviations."""
    evidence = Evidence(RULES, Source.REPLAY)
    moved = [0.001 * (-1) ** i * (1 + i / 10) for i in range(12)]
    for x in [0.0, 0.0, *moved[:6], 0.0, *moved[6:]]:
        assert evidence.loss_bound is None
        evidence.add(x)
    assert evidence.loss_bound == pytest.approx(12 * float(np.std(moved, ddof=1)))
    assert (evidence.bars, evidence.warmup_bars, evidence.e_value) == (15, 15, 1.0)
    evidence.add(0.001)
    assert evidence.e_value > 1
    assert evidence.warmup_bars == 15


def test_bars_that_do_not_vary_end_no_warm_up() -> None:
    """Without deviation there is no bound, so there is no bet."""
    evidence = Evidence(RULES, Source.REPLAY)
    for _ in range(40):
        evidence.add(0.001)
    assert (evidence.loss_bound, evidence.e_value, evidence.warmup_bars) == (None, 1.0, 40)


@pytest.mark.parametrize(("bound", "variance"), [(0.0, 1e-4), (0.1, 0.0), (float("nan"), 1e-4)])
def test_without_a_bound_or_a_variance_there_is_no_bet(bound: float, variance: float) -> None:
    """Both are known before the first bar."""
    with pytest.raises(ValueError, match="loss bound"):
        BettingProcess(RULES, bound, variance)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_a_missing_bar_is_no_zero(bad: float) -> None:
    """What is not finite is refused."""
    with pytest.raises(ValueError, match="return"):
        BettingProcess(RULES, 0.1, 1e-4).add(bad)


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"bet_cap": 0.125}, "bet_cap"),
        ({"bets_sharpe": ()}, "bets_sharpe"),
        ({"decay": 1.0}, "decay"),
        ({"upper_clip": 0.0}, "upper_clip"),
        ({"warmup_bars": 1}, "warm-up"),
    ],
)
def test_rules_that_could_ruin_or_never_begin_are_refused(changed: dict[str, float], name: str) -> None:
    """A bet of 1 / kappa could lose everything to one bar."""
    with pytest.raises(ValueError, match=name):
        BettingRules(**changed)  # type: ignore[arg-type]


# ---- families


def brute_force(values: list[float]) -> list[float]:
    """Closed testing as it is defined: the least mean over every subset that holds the member."""
    n = len(values)
    means = [(mask, sum(values[i] for i in range(n) if mask >> i & 1) / mask.bit_count()) for mask in range(1, 1 << n)]
    return [min(mean for mask, mean in means if mask >> i & 1) for i in range(n)]


@given(st.lists(st.floats(0, 1e4) | st.sampled_from([0.0, 1.0, 5.0]), min_size=1, max_size=7))
def test_the_adjustment_is_that_of_every_subset(values: list[float]) -> None:
    """Equal to the least mean over all subsets with the member, up to seven members."""
    assert closed_adjustment(values) == pytest.approx(brute_force(values), rel=1e-12, abs=1e-12)


def test_the_adjustment_of_the_design() -> None:
    """The worked example of eight."""
    found = closed_adjustment([50, 30, 12, 6, 2, 0.5, 0.1, 0.01])
    assert found == pytest.approx([9.768, 6.435, 2.922, 1.652, 0.652, 0.203, 0.055, 0.010], abs=1e-3)


def test_alone_nothing_is_adjusted_and_nothing_negative_is_taken() -> None:
    """One member keeps its E."""
    assert closed_adjustment([7.5]) == [7.5]
    with pytest.raises(ValueError, match=r"values\[1\]"):
        closed_adjustment([1.0, -0.1])


def test_discovery_rate_of_the_design() -> None:
    """The worked example of eight rejects none at 0.1: 50 is under 80, 30 under 40; with 90 first, it alone."""
    values = [50, 30, 12, 6, 2, 0.5, 0.1, 0.01]
    assert rejected_by_discovery_rate(values, 0.1) == []
    assert rejected_by_discovery_rate([0.5, 90, 3, 6, 2, 0.5, 0.1, 0.01], 0.1) == [1]
    assert rejected_by_discovery_rate([41, 42, 1, 1, 1, 1, 1, 1], 0.1) == [1, 0]
    with pytest.raises(ValueError, match="alpha"):
        rejected_by_discovery_rate(values, 0)


# ---- how long it takes


def test_the_ideal_time_to_ten() -> None:
    """Where neither the cap nor the bound holds a bet back: 2 ln(10) / SR**2 years, 187 days at 3 and 67 at 5 (Breiman 1961)."""
    for ratio, days in ((3, 187), (5, 67)):
        bars = expected_bars(RULES, ratio, 8, 10)
        assert bars is not None
        assert bars / 6 == pytest.approx(days, abs=1)


@pytest.mark.parametrize(("deviations", "days"), [(16, 78), (32, 147)])
def test_a_wide_bound_costs_time(deviations: float, days: float) -> None:
    """Simulated medians to E >= 10 at a true ratio of 5; the planning formula comes within a tenth of them."""
    bars = expected_bars(RULES, 5, deviations, 10)
    assert bars is not None
    assert bars / 6 == pytest.approx(days, rel=0.1)


def test_pace() -> None:
    """Logarithms grow evenly: ten bars to 2, ten more to 4; reached is 0, shrinking never."""
    assert bars_at_pace(2, 4, 10) == pytest.approx(10)
    assert bars_at_pace(4, 4, 10) == 0
    assert bars_at_pace(0.9, 4, 10) is None
    assert expected_bars(RULES, -1, 12, 10) is None
