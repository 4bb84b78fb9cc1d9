"""Numbers from other programs and from integrals: mixtures, intervals, drawdown, and why the running mean is no reference."""

from __future__ import annotations

import random
from importlib.util import find_spec
from math import inf, sqrt

import numpy as np
import pytest

from genesis.evidence import estimators as est
from genesis.evidence.confidence import radius
from genesis.evidence.detection import PageCusum
from genesis.evidence.mixtures import half_normal_mixture, normal_mixture

WITH_RIVER = pytest.mark.skipif(find_spec("river") is None, reason="river is not installed: the extra 'dev'")
WITH_VILLE = pytest.mark.skipif(find_spec("ville") is None, reason="ville is not installed: the extra 'dev'")


def test_half_normal_mixture_is_fair() -> None:
    """Its mean over a normal sum of variance 500, with rho**2 = 0.01, is 1: Gauss-Hermite of 200 nodes."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    values = [half_normal_mixture(sqrt(500) * float(x), 500, 0.1) for x in nodes]
    assert float(weights @ np.array(values)) / sqrt(2 * np.pi) == pytest.approx(1, abs=1e-6)


def test_normal_mixture_is_fair() -> None:
    """The same of the two-sided one, for an estimate of variance 0.02 and truths of deviation 0.1."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    values = [normal_mixture(sqrt(0.02) * float(x), 0.02, 0.1) for x in nodes]
    assert float(weights @ np.array(values)) / sqrt(2 * np.pi) == pytest.approx(1, abs=1e-9)
    for refused in (lambda: normal_mixture(0, 0, 1), lambda: half_normal_mixture(0, 1, 0)):
        with pytest.raises(ValueError, match="variance"):
            refused()


@WITH_VILLE
def test_the_mixture_is_that_of_ville() -> None:
    """`ville.MSPRT` of 300 unit normals with mean 0.1: n values have an estimate of variance 1 / n."""
    from ville import MSPRT

    draws = 0.1 + np.random.default_rng(1).standard_normal(300)
    theirs = MSPRT(tau=0.2).fit(draws).e_values_
    ours = [normal_mixture(float(draws[:n].mean()), 1 / n, 0.2) for n in range(1, 301)]
    assert ours == pytest.approx(theirs.tolist(), rel=1e-9)


@WITH_VILLE
def test_the_confidence_sequence_is_that_of_ville() -> None:
    """`ville.AsymptoticCS` of the same draws, tuned for 500; it searches the tuning that the formula approximates."""
    from ville import AsymptoticCS

    draws = 0.1 + np.random.default_rng(1).standard_normal(300)
    low, high = AsymptoticCS(alpha=0.05, t_opt=500).fit(draws).interval()
    reach = radius(float(draws.std(ddof=1)), 300, 0.05, 500)
    assert (high - low) / 2 == pytest.approx(reach, rel=2e-3)
    assert (high + low) / 2 == pytest.approx(float(draws.mean()), rel=1e-9)


def test_deepest_fall_of_a_walk_without_drift() -> None:
    """Magdon-Ismail et al. 2004: sqrt(pi / 2) = 1.2533 for a unit of volatility and time; 4,000 walks of 4,000 steps within 0.03."""
    assert est.expected_drawdown_without_edge(1, 1) == pytest.approx(1.2533, abs=5e-5)
    assert est.expected_drawdown_without_edge(0.2, 0.25) == pytest.approx(0.12533, abs=5e-6)
    chance, total = np.random.default_rng(9), 0.0
    for _ in range(8):
        walks = chance.standard_normal((500, 4000)).cumsum(axis=1) / sqrt(4000)
        peaks = np.maximum(np.maximum.accumulate(walks, axis=1), 0.0)
        total += float((peaks - walks).max(axis=1).sum())
    assert total / 4000 == pytest.approx(1.2533, abs=0.03)


STREAM_AT = 1000


def stream() -> list[int]:
    """River's docstring: a thousand coins, then a thousand dice of 4 to 7."""
    chance = random.Random(12345)
    return chance.choices([0, 1], k=STREAM_AT) + chance.choices(range(4, 8), k=1000)


def page_hinkley(
    values: list[int], least: int = 30, delta: float = 0.005, limit: float = 50.0, keep: float = 0.9999
) -> int:
    """Index of the first alarm of Page and Hinkley's test with a running mean, up and down, as its authors write it."""
    mean, up, down, lowest, highest = 0.0, 0.0, 0.0, inf, -inf
    for n, x in enumerate(values, 1):
        mean += (x - mean) / n
        up, down = keep * up + x - mean - delta, keep * down + x - mean + delta
        lowest, highest = min(lowest, up), max(highest, down)
        if n >= least and max(up - lowest, highest - down) > limit:
            return n - 1
    raise AssertionError("expected an alarm")


def test_page_hinkley_of_river() -> None:
    """River's docstring for `PageHinkley()`: drift at index 1006, at the value 5; written anew here from its definition."""
    values = stream()
    at = page_hinkley(values)
    assert (at, values[at]) == (1006, 5)


@WITH_RIVER
def test_river_itself() -> None:
    """The library that the number is from."""
    from river.drift import PageHinkley

    detector, alarms = PageHinkley(), []
    for at, x in enumerate(stream()):
        detector.update(x)
        if detector.drift_detected:
            alarms.append(at)
    assert alarms[0] == 1006


def test_a_running_mean_learns_the_decay_that_a_fixed_reference_sees() -> None:
    """A mean that slips from 0 to -1 over 5,000 bars: Page and Hinkley's test at the same limit alarms later than the CUSUM with a fixed reference."""
    noise = np.random.default_rng(2).standard_normal(5000)
    values = (noise - np.linspace(0, 1, 5000)).tolist()
    cusum, seen = PageCusum(0.0, -1.0), None
    for at, x in enumerate(values):
        cusum.add(x)
        if cusum.value >= 8:
            seen = at
            break
    assert seen is not None
    assert page_hinkley(values, delta=0.5, limit=8.0) > seen
