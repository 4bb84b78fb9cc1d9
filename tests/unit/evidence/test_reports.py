"""Planned looks: backtests of the value at risk, spending, the window; attempts and dearer trading."""

from __future__ import annotations

from math import exp, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.evidence import var_backtests as vb
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.evidence.spending import boundaries, obrien_fleming, pocock, window_boundary, window_power
from genesis.evidence.stress import StressedEvidence

# ---- value at risk


@pytest.mark.parametrize(
    ("x", "n", "p", "ratio", "p_value", "within"),
    [(57, 1043, 0.05, 0.46147, 0.49694, (5e-6, 5e-6)), (17, 1043, 0.01, 3.5118, 0.060933, (5e-5, 5e-7))],
)
def test_failures_of_mathworks(
    x: int, n: int, p: float, ratio: float, p_value: float, within: tuple[float, float]
) -> None:
    """The example of the MathWorks page on `varbacktest.pof`."""
    found = vb.proportion_of_failures(x, n, p)
    assert found.ratio == pytest.approx(ratio, abs=within[0])
    assert found.p_value == pytest.approx(p_value, abs=within[1])


@pytest.mark.parametrize(
    ("p", "regions"),
    [
        (0.01, ((1, 6), (2, 10), (5, 16))),
        (0.025, ((3, 11), (7, 20), (16, 35))),
        (0.05, ((7, 20), (17, 35), (38, 64))),
        (0.075, ((12, 27), (28, 50), (60, 91))),
        (0.10, ((17, 35), (39, 64), (82, 119))),
    ],
)
def test_regions_of_kupiec(p: float, regions: tuple[tuple[int, int], ...]) -> None:
    """Kupiec 1995 and Jorion, 95 % regions for 255, 510 and 1,000 bars; printed "N < 7" at 1 % of 255, where the ratio rejects 0 as well (5.13)."""
    assert tuple(vb.accepted(n, p) for n in (255, 510, 1000)) == regions
    assert vb.proportion_of_failures(0, 255, 0.01).ratio == pytest.approx(5.13, abs=5e-3)


def test_zones_of_basel() -> None:
    """Basel Committee 1996: cumulative probabilities of 0 to 9 breaches of 250 days at 1 %; yellow from 5, red from 10."""
    shares = [8.11, 28.58, 54.32, 75.81, 89.22, 95.88, 98.63, 99.60, 99.89, 99.97]
    for x, share in enumerate(shares):
        assert 100 * vb.cumulative_binomial(x, 250, 0.01) == pytest.approx(share, abs=5e-3)
    zones = [vb.traffic_light(x, 250, 0.01) for x in (4, 5, 9, 10)]
    assert zones == [vb.Zone.GREEN, vb.Zone.YELLOW, vb.Zone.YELLOW, vb.Zone.RED]


def test_failures_of_teaching_pages() -> None:
    """Our own, where pages print different figures: 3 of 250 at 1 % is .0949 (p .758), 15 of 1,000 is 2.189 (p .139)."""
    few, many = vb.proportion_of_failures(3, 250, 0.01), vb.proportion_of_failures(15, 1000, 0.01)
    assert (few.ratio, few.p_value) == pytest.approx((0.0949, 0.758), abs=1e-3)
    assert (many.ratio, many.p_value) == pytest.approx((2.189, 0.139), abs=1e-3)


def test_of_few_bars_little_is_said() -> None:
    """30 days at 95 %: five breaches or more are rejected and none cannot be; 720 hours at 99 %: 3 to 13 are accepted."""
    assert vb.accepted(30, 0.05) == (0, 4)
    assert vb.accepted(720, 0.01) == (3, 13)


def test_breaches_that_cluster_are_not_independent() -> None:
    """Ten breaches in a row among 200 are the right number at 5 % and no independence; spread evenly they are both."""
    clustered = [False] * 95 + [True] * 10 + [False] * 95
    spread = [i % 20 == 10 for i in range(200)]
    found, fine = vb.backtest(clustered, 0.05), vb.backtest(spread, 0.05)
    assert found.number.p_value == fine.number.p_value == pytest.approx(1)
    assert found.independence.p_value < 1e-6
    assert fine.independence.p_value > 0.25
    assert found.coverage.ratio == found.number.ratio + found.independence.ratio
    assert found.coverage.p_value == pytest.approx(exp(-found.coverage.ratio / 2))
    assert (found.n, found.breaches, found.zone) == (200, 10, vb.Zone.GREEN)


def test_independence_by_hand() -> None:
    """0 0 1 1 0: n00 = n01 = n11 = n10 = 1, so both shares are a half and the ratio is 0; without any breach it is 0 as well."""
    assert vb.independence_of([False, False, True, True, False]).ratio == 0
    assert vb.independence_of([False] * 9).p_value == 1


def test_what_cannot_be_backtested_is_refused() -> None:
    """More breaches than bars, no bars, no share."""
    for x, n, p in ((3, 2, 0.1), (0, 0, 0.1), (0, 9, 1.0)):
        with pytest.raises(ValueError, match="breaches"):
            vb.proportion_of_failures(x, n, p)


# ---- planned looks

FIVE = [0.2, 0.4, 0.6, 0.8, 1.0]


def test_obrien_fleming_of_gsdesign() -> None:
    """gsDesign; Jennison and Turnbull: five equal looks, one-sided 0.025."""
    expected = [4.877, 3.357, 2.680, 2.290, 2.031]
    assert boundaries(obrien_fleming(0.025), FIVE) == pytest.approx(expected, abs=1e-3)


def test_pocock_of_gsdesign() -> None:
    """The same with Pocock's spending."""
    expected = [2.438, 2.427, 2.410, 2.397, 2.386]
    assert boundaries(pocock(0.025), FIVE) == pytest.approx(expected, abs=1e-3)


def test_one_look_spends_all() -> None:
    """1.96 at 0.025; shares that fall are refused."""
    assert boundaries(pocock(0.025), [1.0]) == pytest.approx([1.96], abs=1e-3)
    for shares in ([], [0.0, 1.0], [0.5, 0.5], [0.5, 1.1]):
        with pytest.raises(ValueError, match="shares"):
            boundaries(pocock(0.025), shares)


def test_the_reflection_principle() -> None:
    """P(max of Brownian motion over a unit of time >= 1.96) = 0.05: of 4,000 walks of 4,000 steps .05 within .01."""
    chance = np.random.default_rng(3)
    crossed = 0
    limit = window_boundary(0.05, 4000, 1.0)
    assert limit == pytest.approx(1.95996 * sqrt(4000), rel=1e-5)
    for _ in range(8):
        walks = chance.standard_normal((500, 4000)).cumsum(axis=1)
        crossed += int((walks.max(axis=1) >= limit).sum())
    assert crossed / 4000 == pytest.approx(0.05, abs=0.01)


def test_power_of_the_window() -> None:
    """At a drift of 2.5 deviations .779 (a single look at the end with one-sided 0.05 has .804)."""
    assert window_power(2.5, 0.05) == pytest.approx(0.779, abs=5e-4)
    assert window_power(0, 0.05) == pytest.approx(0.05)


def test_windows_that_cannot_be_are_refused() -> None:
    """No bars, no level."""
    with pytest.raises(ValueError, match="bars"):
        window_boundary(0.05, 0, 1.0)
    with pytest.raises(ValueError, match="alpha"):
        window_power(1.0, 1.0)


# ---- dearer trading


def test_stress_takes_half_the_costs_again() -> None:
    """A bar of +1 % that paid 0.4 % counts as +0.8 %; without costs both are the same."""
    rules = BettingRules()
    stressed, plain = StressedEvidence(rules, Source.REPLAY), Evidence(rules, Source.REPLAY)
    stressed.add(0.01, 0.004)
    assert stressed.evidence.change == pytest.approx(0.008)
    stressed = StressedEvidence(rules, Source.REPLAY)
    for i in range(60):
        stressed.add(0.001 * (i % 4 - 1), 0.0)
        plain.add(0.001 * (i % 4 - 1))
    assert stressed.e_value == plain.e_value != 1


def test_an_edge_that_is_all_costs_fails_under_stress() -> None:
    """A ratio of 5 net of costs that are twice the edge: evidence for, and under stress none."""
    chance = np.random.default_rng(4).standard_normal(2190)
    unit = 0.2 / sqrt(2190)
    edge = unit * 5 / sqrt(2190)
    plain, stressed = Evidence(BettingRules(), Source.REPLAY), StressedEvidence(BettingRules(), Source.REPLAY)
    for x in (unit * chance + edge).tolist():
        plain.add(x)
        stressed.add(x, 2 * edge)
    assert plain.e_value > 10
    assert stressed.e_value < plain.e_value / 5


@given(st.lists(st.floats(-0.05, 0.05), max_size=60), st.lists(st.floats(-0.05, 0.05), max_size=30))
def test_stress_saved_and_loaded_goes_on_bit_by_bit(before: list[float], after: list[float]) -> None:
    """Interrupted anywhere."""
    kept, restored = (StressedEvidence(BettingRules(), Source.REPLAY) for _ in range(2))
    for x in before:
        kept.add(x, 0.001)
    restored.load(kept.save())
    for x in after:
        kept.add(x, 0.002)
        restored.add(x, 0.002)
    assert restored.save() == kept.save()


def test_costs_cannot_be_negative_nor_a_stress_a_relief() -> None:
    """Each refused by its name."""
    with pytest.raises(ValueError, match="costs"):
        StressedEvidence(BettingRules(), Source.REPLAY).add(0.0, -0.001)
    with pytest.raises(ValueError, match="factor"):
        StressedEvidence(BettingRules(), Source.REPLAY, 1.0)
