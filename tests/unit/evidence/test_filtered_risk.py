"""What the next bar may lose at the volatility of now."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.evidence.filtered_risk import FilteredRisk

NOISE = np.random.default_rng(1).standard_normal(1_200).tolist()


def told(returns: list[float]) -> FilteredRisk:
    found = FilteredRisk()
    for change in returns:
        found.add(change)
    return found


def test_it_is_the_fifth_smallest_of_500_scaled_returns_at_the_present_deviation() -> None:
    """By hand: a warm-up of 12 whose deviation starts the running one (0.94), and what comes after each over the one known before it."""
    returns = [0.01 * x for x in NOISE[:700]]
    start = float(np.std(returns[:12], ddof=1))
    variance, scaled = start * start, []
    for change in returns[12:]:
        scale = max(np.sqrt(variance), 0.25 * start)
        scaled.append(change / scale)
        variance = 0.94 * variance + 0.06 * change * change
    expected = -sorted(scaled[-500:])[4] * max(np.sqrt(variance), 0.25 * start)
    assert told(returns).value_at_risk == pytest.approx(expected, rel=1e-12)


def test_nothing_is_told_before_500_bars_after_the_warm_up() -> None:
    """Flat bars count for the 500 and not for the warm-up."""
    warm = [0.01, -0.01] * 6
    assert told([0.0] * 100 + warm + [0.0] * 499).value_at_risk is None
    assert told([0.0] * 100 + warm + [0.0] * 500).value_at_risk == 0


def test_it_rises_with_volatility_and_forgets_it() -> None:
    """Twice the swings for a week: about twice the risk at its end, and again what it was two months later."""
    calm = [0.01 * x for x in NOISE[:900]]
    before, storm = told(calm), told([*calm, *(2 * c for c in calm[:42])])
    after = told([*calm, *(2 * c for c in calm[:42]), *calm[:360]])
    assert before.value_at_risk is not None
    assert storm.value_at_risk is not None
    assert after.value_at_risk is not None
    assert 1.5 < storm.value_at_risk / before.value_at_risk < 3.0
    assert 0.7 < after.value_at_risk / before.value_at_risk < 1.4


def test_who_has_traded_little_of_late_does_not_risk_nothing() -> None:
    """After 300 flat bars the deviation stands at a quarter of that of the warm-up."""
    found = told([0.01 * x for x in NOISE[:600]] + [0.0] * 200)
    assert found.value_at_risk is not None
    assert found.value_at_risk > 0.002


def test_a_missing_bar_is_refused() -> None:
    """It is not 0."""
    with pytest.raises(ValueError, match="return"):
        told([float("nan")])


@given(st.integers(0, 560), st.lists(st.floats(-0.05, 0.05), max_size=30))
@settings(max_examples=20, deadline=None)
def test_saved_and_loaded_it_goes_on_bit_by_bit(cut: int, after: list[float]) -> None:
    """Interrupted anywhere."""
    kept, restored = told([0.01 * x for x in NOISE[:cut]]), FilteredRisk()
    restored.load(kept.save())
    for change in after:
        kept.add(change)
        restored.add(change)
    assert (restored.save(), restored.value_at_risk) == (kept.save(), kept.value_at_risk)
