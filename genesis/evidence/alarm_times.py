"""Mean times to a false and to a right alarm: planning figures of Page's CUSUM and of the Shiryaev-Roberts procedure.

Brownian formulas take a drop of the annual Sharpe ratio and give years; they are the limit of tiny shifts a bar, which ours are. Siegmund's and the
integral equations take shifts in deviations a bar, and give bars. All of them are of independent normal bars.
"""

from __future__ import annotations

from math import exp, expm1
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

# Expected overshoot of a normal walk over a barrier, twice, as Siegmund 1985 corrects for bars (2 x 0.583).
_OVERSHOOT = 1.166
_NODES = 80
_DECIMALS = 6


def brownian_arl_years(drop: float, threshold: float) -> float:
    """Mean years between false alarms of a CUSUM: 2 / D**2 (e**h - h - 1).

    ``drop`` is D, from the reference to the bad annual Sharpe ratio; ``threshold`` is h, in nats (Page 1954; Moustakides 1986).
    """
    _above("drop", drop)
    return 2 / (drop * drop) * (expm1(threshold) - threshold)


def brownian_delay_years(drop: float, threshold: float) -> float:
    """Mean years to the alarm after the ratio fell by ``drop``, at worst (the statistic stood at 0): 2 / D**2 (e**-h + h - 1)."""
    _above("drop", drop)
    return 2 / (drop * drop) * (expm1(-threshold) + threshold)


def threshold_for(drop: float, arl_years: float) -> float:
    """The h of `brownian_arl_years` for these years, to six decimals, so that every machine records the same."""
    _above("drop", drop)
    _above("arl_years", arl_years)
    low, high = 0.0, 1.0
    while brownian_arl_years(drop, high) < arl_years:
        high *= 2
    for _ in range(80):
        middle = (low + high) / 2
        if brownian_arl_years(drop, middle) < arl_years:
            low = middle
        else:
            high = middle
    return round(high, _DECIMALS)


def siegmund_arl(shift: float, allowance: float, limit: float) -> float:
    """Mean bars to the alarm of a one-sided tabular CUSUM with allowance k and limit h, at a shift in deviations.

    (e**(-2 D b) + 2 D b - 1) / (2 D**2), D = shift - k, b = h + 1.166; b**2 where D is 0 (Siegmund 1985).
    """
    drift, barrier = shift - allowance, limit + _OVERSHOOT
    if abs(drift) < 1e-9:
        return barrier * barrier
    return (exp(-2 * drift * barrier) + 2 * drift * barrier - 1) / (2 * drift * drift)


def exact_cusum_arl(shift: float, allowance: float, limit: float) -> float:
    """The same, from the integral equation for the run length from 0 (Page 1954; Nystroem's method with 80 Gauss-Legendre nodes)."""
    nodes, weights = _nodes(0.0, limit)
    kernel = _density(nodes[None, :] - nodes[:, None] + allowance - shift) * weights[None, :]
    at_zero = _distribution(allowance - shift - nodes)
    # Unknown are the run lengths from 0 and from each node: from u, one bar, and then from 0 or from where it led.
    system = np.zeros((_NODES + 1, _NODES + 1))
    system[0, 0] = 1 - _distribution(np.array([allowance - shift]))[0]
    system[0, 1:] = -_density(nodes + allowance - shift) * weights
    system[1:, 0] = -at_zero
    system[1:, 1:] = np.eye(_NODES) - kernel
    return float(np.linalg.solve(system, np.ones(_NODES + 1))[0])


def two_sided(one: float, other: float) -> float:
    """Mean bars of two one-sided CUSUMs together: 1 / (1 / one + 1 / other) (Siegmund 1985)."""
    return 1 / (1 / one + 1 / other)


def exact_shiryaev_roberts(theta: float, threshold: float) -> tuple[float, float]:
    """Mean bars to the alarm R >= ``threshold`` of R = (1 + R) L, without a change and with one before the first bar.

    L is the likelihood ratio of a normal's mean ``theta`` against 0. From the integral equations in ln(1 + R) (Moustakides, Polunchenko and
    Tartakovsky, arXiv 0908.4119).
    """
    top = float(np.log1p(threshold))
    nodes, weights = _nodes(0.0, top)
    # R after the bar is e**v - 1; ln of it less ln of (1 + R) before is ln L, normal with mean -+ theta**2 / 2 and deviation theta.
    after, slope = np.log(np.expm1(nodes)), np.exp(nodes) / np.expm1(nodes)
    found = []
    for mean in (-theta * theta / 2, theta * theta / 2):
        step = (after[None, :] - np.concatenate([[0.0], nodes])[:, None] - mean) / theta
        kernel = _density(step) / theta * slope[None, :] * weights[None, :]
        inner = np.linalg.solve(np.eye(_NODES) - kernel[1:], np.ones(_NODES))
        found.append(float(1 + kernel[0] @ inner))
    return found[0], found[1]


def _nodes(low: float, high: float) -> tuple[Floats, Floats]:
    at, weights = np.polynomial.legendre.leggauss(_NODES)
    return (high - low) / 2 * at + (high + low) / 2, (high - low) / 2 * weights


def _density(x: Floats) -> Floats:
    return np.asarray(np.exp(-x * x / 2) / np.sqrt(2 * np.pi))


def _distribution(x: Floats) -> Floats:
    cdf = NormalDist().cdf
    return np.array([cdf(v) for v in x.tolist()])


def _above(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name}: expected above 0, found {value}")
