"""Indicators saved and restored anywhere go on to the bit; windows equal their definition on the values in them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.strategies.indicators import (
    ATR,
    EMA,
    MACD,
    RSI,
    SMA,
    VWAP,
    BollingerBands,
    RollingMax,
    RollingMin,
    RollingStd,
    SeededEMA,
    ZScore,
)

MAKE: dict[str, Callable[[int], Any]] = {
    "EMA": EMA,
    "SeededEMA": SeededEMA,
    "RSI": RSI,
    "ATR": ATR,
    "MACD": lambda n: MACD(n, n + 3, n),
    "VWAP": lambda n: VWAP(),
    "SMA": SMA,
    "RollingStd": RollingStd,
    "ZScore": ZScore,
    "BollingerBands": BollingerBands,
    "RollingMax": RollingMax,
    "RollingMin": RollingMin,
}
# Ties, flat stretches and outliers are where windows go wrong.
PRICES = st.lists(
    st.one_of(st.sampled_from([99.5, 100.0, 100.1]), st.floats(1e-3, 1e3), st.sampled_from([1e-8, 1e8])), max_size=80
)


def feed(indicator: Any, x: float) -> tuple[object, ...]:
    """Update with one price (a bar around it, a volume), and all that the indicator shows."""
    if isinstance(indicator, ATR):
        indicator.update(x * 1.25, x * 0.75, x)
    elif isinstance(indicator, VWAP):
        indicator.update(x, x % 3)
    else:
        indicator.update(x)
    shown = ("value", "ready", "signal", "histogram", "upper", "lower")
    return tuple(getattr(indicator, name, None) for name in shown)


@given(st.sampled_from(sorted(MAKE)), st.integers(1, 12), PRICES, st.integers(0, 80), PRICES)
@settings(max_examples=400)
def test_saved_and_restored_anywhere_it_goes_on_to_the_bit(
    name: str, period: int, values: list[float], cut: int, other: list[float]
) -> None:
    """Through JSON, into a fresh or a used indicator: every later output is the same."""
    straight, restored = MAKE[name](period), MAKE[name](period)
    for x in values[:cut]:
        feed(straight, x)
    for x in other:
        feed(restored, x)
    restored.load(json.loads(json.dumps(straight.save())))
    assert restored.save() == straight.save()
    assert restored.value == straight.value
    for x in values[cut:]:
        assert feed(restored, x) == feed(straight, x)


@given(st.integers(1, 12), PRICES)
def test_rolling_extremes_are_those_of_the_window(period: int, values: list[float]) -> None:
    """The maximum and minimum of the last ``period`` values, exactly."""
    high, low = RollingMax(period), RollingMin(period)
    for i, x in enumerate(values):
        window = values[i + 1 - period : i + 1] if i + 1 >= period else []
        assert high.update(x) == (max(window) if window else None)
        assert low.update(x) == (min(window) if window else None)


@given(st.integers(1, 12), PRICES)
def test_rolling_moments_are_those_of_the_window(period: int, values: list[float]) -> None:
    """Mean and deviation of the last ``period`` values by the two-pass definition, after outliers and flat stretches too."""
    sma, std, z = SMA(period), RollingStd(period), ZScore(period)
    for i, x in enumerate(values):
        found = sma.update(x), std.update(x), z.update(x)
        if i + 1 < period:
            assert found == (None, None, None)
            continue
        window = values[i + 1 - period : i + 1]
        last = window[-1]
        mean = last + math.fsum(v - last for v in window) / period
        deviation = math.sqrt(math.fsum((v - mean) ** 2 for v in window) / period)
        assert math.isclose(found[0] or 0.0, mean, rel_tol=1e-9)
        assert math.isclose(found[1] or 0.0, deviation, rel_tol=1e-9, abs_tol=1e-15 * abs(mean))
        assert abs(found[2] or 0.0) <= math.sqrt(period - 1) * (1 + 1e-9)
