"""Champion and challengers: fair where both are alike, quick where they are correlated, plain in words."""

from __future__ import annotations

from itertools import product
from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.evidence.pair_rules import PairRules, Standing
from genesis.evidence.pairs import Comparison, Pair

RULES = PairRules()
DEVIATION = 0.20 / sqrt(2190)
RETURNS = st.lists(st.floats(-0.05, 0.05, allow_nan=False), max_size=60)


def variants(seed: int, bars: int, ratios: list[float], correlation: float) -> list[list[float]]:
    """(bars, variants) normal returns of 20 % a year with these annual Sharpe ratios and this correlation."""
    chance = np.random.default_rng(seed)
    common, own = chance.standard_normal((bars, 1)), chance.standard_normal((bars, len(ratios)))
    mean = np.array(ratios) / sqrt(2190)
    found: list[list[float]] = (DEVIATION * (mean + sqrt(correlation) * common + sqrt(1 - correlation) * own)).tolist()
    return found


def run(rows: list[list[float]], rules: PairRules = RULES) -> Comparison:
    comparison = Comparison(rules, "ABC"[: len(rows[0])])
    for row in rows:
        comparison.add(row, [1] * len(row))
    return comparison


def test_alike_variants_are_a_fair_bet() -> None:
    """After the warm-up, over all 1,024 signs of ten differences, the mean of the two-sided E is exactly 1."""
    rules = PairRules(warmup_bars=2)
    total = 0.0
    for path in product((-0.001, 0.001), repeat=10):
        pair = Pair(rules)
        for warm in (0.001, -0.001):
            pair.add(warm, 0.0, 0)
        for gap in path:
            pair.add(gap, 0.0, 0)
        total += pair.e_value
    assert total / 1024 == pytest.approx(1, abs=1e-12)


def test_a_better_challenger_is_named_with_its_advantage() -> None:
    """At a correlation of 0.97 a ratio of 8 beside 3 is shown within two months; the sentence says by how much and that it may be acted on."""
    comparison = run(variants(1, 360, [3.0, 8.0], 0.97))
    (found,) = comparison.results()
    assert found.standing is Standing.BETTER
    assert comparison.winner() == found
    assert found.trade_bp == pytest.approx(found.mean_bp)
    assert found.words.startswith(f"B earns {found.mean_bp:.1f} bp a trade more than A, 95 % confidence sequence ")
    assert "may be acted on now" in found.words
    assert found.low_bp is not None
    assert found.high_bp is not None
    assert 0 < found.low_bp < 5 * 0.20 / 2190 * 1e4 < found.high_bp


def test_a_worse_challenger_is_told_in_the_direction_of_the_sentence() -> None:
    """The mirror image: less than A, both ends positive, and no winner."""
    comparison = run(variants(1, 360, [8.0, 3.0], 0.97))
    (found,) = comparison.results()
    assert (found.standing, comparison.winner()) == (Standing.WORSE, None)
    assert " less than A, 95 % confidence sequence " in found.words
    first = float(found.words.split("sequence ")[1].split(" to ")[0])
    assert first > 0


def test_per_trade_is_per_bar_over_trades() -> None:
    """Three trades of A and one of B in every bar are two on average: half as much a trade as a bar; without trades there is none."""
    rows = variants(2, 60, [0.0, 0.0], 0.5)
    traded, idle = Comparison(RULES, "AB"), Comparison(RULES, "AB")
    for row in rows:
        traded.add(row, [3, 1])
        idle.add(row, [0, 0])
    (found,), (none,) = traded.results(), idle.results()
    assert (found.trades, found.bars) == (120, 60)
    assert found.trade_bp == pytest.approx(found.mean_bp / 2)
    assert found.trade_low_bp == pytest.approx((found.low_bp or 0) / 2)
    assert (none.trade_bp, none.trade_low_bp) == (None, None)
    assert "bp a bar" in none.words


def test_challengers_pay_for_each_other() -> None:
    """Beside one that is alike, the good one's E is adjusted to their mean at most, and the winner is the good one."""
    rows = variants(3, 400, [3.0, 8.0, 3.0], 0.97)
    comparison = run(rows)
    good, alike = comparison.results()
    assert good.adjusted <= (good.e_value + alike.e_value) / 2 + 1e-9
    assert alike.adjusted <= alike.e_value
    winner = comparison.winner()
    assert winner is not None
    assert winner.challenger == "B"


def test_of_two_equal_winners_the_first_by_name() -> None:
    """The same returns under two names."""
    rows = [[a, b, b] for a, b in variants(1, 360, [3.0, 8.0], 0.97)]
    winner = run(rows).winner()
    assert winner is not None
    assert winner.challenger == "B"


def test_nothing_is_gained_by_going_on() -> None:
    """A challenger whose difference has a ratio of -3 is given up long before the year ends, if it is not called worse before."""
    rows = variants(4, 2190, [4.0, 1.0], 0.5)
    comparison = Comparison(PairRules(decide_at=100.0), "AB")
    standings = []
    for row in rows:
        comparison.add(row, [1, 1])
        standings.append(comparison.results()[0].standing)
    assert Standing.FUTILE in standings
    found = comparison.results()[0]
    assert found.futility >= 20
    assert "may be stopped" in found.words


def test_variants_that_do_the_same_are_alike() -> None:
    """No bar differs: E stays 1, there is nothing to bet on."""
    (found,) = run([[0.001 * (i % 3), 0.001 * (i % 3)] for i in range(50)]).results()
    assert (found.standing, found.e_value, found.mean_bp) == (Standing.ALIKE, 1.0, 0.0)
    assert "the same in all 50 bars" in found.words


def test_too_early_is_open() -> None:
    """In the warm-up E is 1 and nothing is known; later the sentence says how long it takes at this pace."""
    early = run(variants(5, 10, [0.0, 0.0], 0.0)).results()[0]
    assert (early.standing, early.e_value, early.low_bp) == (Standing.OPEN, 1.0, None)
    assert "at this pace never" in early.words
    later = run(variants(1, 60, [3.0, 8.0], 0.97)).results()[0]
    assert later.standing is Standing.OPEN
    assert "days more at this pace" in later.words


def test_a_bar_far_against_a_bet_loses_it_whole_and_no_other() -> None:
    """Twelve deviations against: bets over 1 / 12 are gone for ever, the two smaller ones live on."""
    pair = Pair(PairRules(warmup_bars=2, decay=0.999))
    for gap in (0.001, -0.001, -0.001 * sqrt(2) * 12):
        pair.add(gap, 0.0, 0)
    assert [w > 0 for w in pair._up.wealths] == [True, True, False, False, False]
    assert all(w > 1 for w in pair._down.wealths)


def test_evidence_whose_mean_points_the_other_way_decides_nothing() -> None:
    """E says better, in deviations, but the money says worse: the trial stays open."""
    comparison = run(variants(1, 360, [3.0, 8.0], 0.97))
    better, loses = comparison.results()[0], Comparison(RULES, "AB")
    loses.load(comparison.save())
    loses._pairs[0]._moments.mean = -0.0001
    found = loses.results()[0]
    assert (better.standing, found.standing) == (Standing.BETTER, Standing.OPEN)
    assert found.e_value == better.e_value >= 20


@given(RETURNS, RETURNS)
def test_saved_and_loaded_it_goes_on_bit_by_bit(before: list[float], after: list[float]) -> None:
    """Interrupted anywhere, also in the warm-up."""
    kept, restored = Comparison(RULES, "ABC"), Comparison(RULES, "ABC")
    for x in before:
        kept.add([0.001, x, -x], [0, 1, 2])
    restored.load(kept.save())
    for x in after:
        kept.add([0.0, x, x / 2], [1, 0, 0])
        restored.add([0.0, x, x / 2], [1, 0, 0])
    assert (restored.save(), restored.results()) == (kept.save(), kept.results())


@given(RETURNS, st.floats(-0.05, 0.05), st.floats(-0.05, 0.05))
def test_a_bar_does_not_choose_its_own_scale(before: list[float], one: float, other: float) -> None:
    """Two futures of one past meet the same scale."""
    scales = []
    for last in (one, other):
        pair = Pair(RULES)
        for x in before:
            pair.add(x, 0.0, 0)
        scales.append(pair._scale and pair._scale.save())
        pair.add(last, 0.0, 0)
    assert scales[0] == scales[1]


def test_what_cannot_be_compared_is_refused() -> None:
    """Names, counts and states that do not fit, and rules that could ruin a bet by themselves."""
    for names in ("A", "ABCD", "AA"):
        with pytest.raises(ValueError, match="names"):
            Comparison(RULES, names)
    comparison = Comparison(RULES, "ABC")
    with pytest.raises(ValueError, match="returns"):
        comparison.add([0.0, 0.0], [0, 0])
    with pytest.raises(ValueError, match="challengers"):
        comparison.load(Comparison(RULES, "AB").save())
    with pytest.raises(ValueError, match="return"):
        comparison.add([0.0, float("nan"), 0.0], [0, 0, 0])
    for changed, name in (
        ({"max_variants": 1}, "max_variants"),
        ({"bet_cap": 0.17}, "bet_cap"),
        ({"decide_at": 150.0}, "decide_at"),
    ):
        with pytest.raises(ValueError, match=name):
            PairRules(**changed)
