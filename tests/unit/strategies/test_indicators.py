"""Indicators by their definitions, beside TA-Lib where the definition is the same, and at the edges where it is silent."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import talib

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

N = 1500


def walk(seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 30_000 * np.exp(np.cumsum(rng.standard_t(4, N) * 1e-3))


PRICES = walk(1)
HIGHS, LOWS = PRICES * (1 + abs(walk(2) / 3e7)), PRICES * (1 - abs(walk(3) / 3e7))


def column(update: Callable[[float], float | None], values: np.ndarray) -> list[float | None]:
    return [update(float(x)) for x in values]


def assert_same(ours: list[float | None], theirs: np.ndarray) -> None:
    """Equal to 1e-9, and undefined in the same places."""
    assert [x is None for x in ours] == np.isnan(theirs).tolist()
    np.testing.assert_allclose([x for x in ours if x is not None], theirs[~np.isnan(theirs)], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("period", [2, 3, 14, 200])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (SMA, talib.SMA),
        (SeededEMA, talib.EMA),
        (RSI, talib.RSI),
        (RollingStd, talib.STDDEV),
        (RollingMax, talib.MAX),
        (RollingMin, talib.MIN),
    ],
    ids=lambda x: getattr(x, "__name__", ""),
)
def test_one_input_indicators_equal_ta_lib(ours: Any, theirs: Any, period: int) -> None:
    """The same number at every bar, and warm at the same bar, as TA-Lib's function of that name."""
    assert_same(column(ours(period).update, PRICES), theirs(PRICES, timeperiod=period))


def test_atr_equals_ta_lib() -> None:
    """Wilder's average of the true range from the second bar on."""
    atr = ATR(14)
    ours = [atr.update(*map(float, bar)) for bar in zip(HIGHS, LOWS, PRICES, strict=True)]
    assert_same(ours, talib.ATR(HIGHS, LOWS, PRICES, timeperiod=14))


def test_bollinger_bands_equal_ta_lib() -> None:
    """Upper, middle and lower band, 2 population deviations wide."""
    bands, ours = BollingerBands(20, 2.0), []
    for x in PRICES:
        bands.update(float(x))
        ours.append((bands.upper, bands.value, bands.lower))
    theirs = talib.BBANDS(PRICES, timeperiod=20, nbdevup=2.0, nbdevdn=2.0)
    for band, expected in zip(zip(*ours, strict=True), theirs, strict=True):
        assert_same(list(band), expected)


def test_macd_equals_ta_lib() -> None:
    """Signal and histogram at every bar; the line wherever TA-Lib shows it, and already before the signal is warm."""
    macd, lines, signals, histograms = MACD(12, 26, 9), [], [], []
    for x in PRICES:
        lines.append(macd.update(float(x)))
        signals.append(macd.signal)
        histograms.append(macd.histogram)
    line, signal, histogram = talib.MACD(PRICES, 12, 26, 9)
    assert_same(signals, signal)
    assert_same(histograms, histogram)
    assert lines[:25] == [None] * 25
    assert lines[25] is not None
    assert_same([*[None] * 33, *lines[33:]], line)


def test_ema_is_seeded_with_the_first_value_and_forgets_it() -> None:
    """Ready at once, alpha = 2 / (n + 1); after many periods it is TA-Lib's, whose seed is an average."""
    ema = EMA(3)
    assert [ema.update(x) for x in (10.0, 20.0, 10.0)] == [10.0, 15.0, 12.5]
    ours = column(EMA(20).update, PRICES)
    np.testing.assert_allclose(np.array(ours[600:], float), talib.EMA(PRICES, 20)[600:], rtol=1e-9)


def test_vwap_is_notional_over_volume_since_the_reset() -> None:
    """Undefined until something traded; a reset forgets everything."""
    vwap = VWAP()
    assert vwap.update(100.0, 0.0) is None
    vwap.update(100.0, 1.0)
    assert vwap.update(103.0, 2.0) == 102.0
    assert vwap.update(500.0, 0.0) == 102.0
    vwap.reset()
    assert not vwap.ready
    assert vwap.update(7.0, 5.0) == 7.0


def test_zscore_is_the_distance_from_the_mean_in_deviations() -> None:
    """(last - mean) / population deviation."""
    z = ZScore(4)
    assert [z.update(x) for x in (1.0, 2.0, 3.0)] == [None] * 3
    assert z.update(6.0) == pytest.approx((6 - 3) / math.sqrt((4 + 1 + 0 + 9) / 4), rel=1e-15)


@pytest.mark.parametrize("x", [0.1, 1 / 3, 30_000.07, 1e-9])
@pytest.mark.parametrize("period", [1, 2, 3, 7, 48])
def test_a_flat_window_is_exactly_flat(x: float, period: int) -> None:
    """However the price came there: mean = price, deviation 0, z-score 0 from the first flat window on."""
    sma, std, z = SMA(period), RollingStd(period), ZScore(period)
    for value in [x * (1 + 0.37 * math.sin(i)) for i in range(3 * period + 2)] + [x] * (period - 1):
        sma.update(value), std.update(value), z.update(value)
    for _ in range(2 * period + 1):
        assert (sma.update(x), std.update(x), z.update(x)) == (x, 0.0, 0.0)


def test_rsi_without_any_move_is_undefined_and_at_its_ends_0_and_100() -> None:
    """No gain and no loss is no strength at all; only gains are 100, only losses 0."""
    rsi = RSI(3)
    assert [rsi.update(5.0) for _ in range(6)] == [None] * 6
    assert not rsi.ready
    assert rsi.update(6.0) == 100.0
    falling = RSI(2)
    assert [falling.update(x) for x in (3.0, 2.0, 1.0)] == [None, None, 0.0]


def test_window_sums_do_not_drift_over_a_long_run_with_shocks() -> None:
    """After 50,000 values with spikes a million times the level, mean and deviation are the window's own, to 1e-10."""
    rng = np.random.default_rng(5)
    values = 100 + rng.normal(0, 1e-3, 50_000)
    values[rng.integers(0, 50_000, 200)] *= 1e6
    sma, std = SMA(30), RollingStd(30)
    for i, x in enumerate(values.tolist()):
        mean, deviation = sma.update(x), std.update(x)
        if i % 97 == 0 and i >= 29:
            window = [Fraction(v) for v in values[i - 29 : i + 1].tolist()]
            exact = sum(window) / 30
            variance = float(sum((v - exact) ** 2 for v in window) / 30)
            assert mean == pytest.approx(float(exact), rel=1e-14)
            assert deviation == pytest.approx(math.sqrt(variance), rel=1e-10)


@pytest.mark.parametrize(
    "make", [EMA, SeededEMA, RSI, ATR, SMA, RollingStd, ZScore, BollingerBands, RollingMax, RollingMin]
)
@pytest.mark.parametrize("period", [0, -3, 2.0, True, "5", None])
def test_a_period_that_is_no_positive_integer_is_refused(make: Any, period: Any) -> None:
    """ValueError naming what was expected and what was found."""
    with pytest.raises(ValueError, match=rf"period: expected an integer of 1 or more, found {period!r}"):
        make(period)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: MACD(26, 12), "fast: expected less than slow 12, found 26"),
        (lambda: MACD(12, 26, 0), "signal: expected an integer of 1 or more, found 0"),
        (lambda: MACD(0, 26), "fast: expected an integer of 1 or more, found 0"),
        (lambda: RollingStd(1, ddof=1), "period: expected an integer of 2 or more, found 1"),
        (lambda: RollingStd(5, ddof=2), "ddof: expected 0 or 1, found 2"),
        (lambda: BollingerBands(20, 0), "width: expected a finite number above 0, found 0"),
        (lambda: BollingerBands(20, math.nan), "width: expected a finite number above 0, found nan"),
        (lambda: EMA(3).load([]), "EMA state: expected 2 numbers, found 0"),
        (lambda: SMA(3).load([1.0]), "SMA state: expected 6 to 9 numbers, found 1"),
        (lambda: RollingMax(2).load([1.0, 2.0]), "RollingMax state: expected an odd count up to 5, found 2"),
    ],
)
def test_parameters_and_states_that_cannot_be_are_refused(build: Callable[[], object], message: str) -> None:
    """ValueError naming the field, what was expected and what was found."""
    with pytest.raises(ValueError, match=message):
        build()


def test_sample_deviation_divides_by_one_less() -> None:
    """ddof 1 over the window, as numpy's."""
    std = RollingStd(5, ddof=1)
    for x in PRICES[:5]:
        std.update(float(x))
    assert std.value == pytest.approx(float(np.std(PRICES[:5], ddof=1)), rel=1e-12)
