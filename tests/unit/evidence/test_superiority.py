"""Bootstrap tests through `arch`; without it a report says what to install."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

from genesis.evidence import superiority as sup

WITH_ARCH = pytest.mark.skipif(find_spec("arch") is None, reason="arch is not installed: the extra 'statistics'")
NAMES = ("a", "b", "c", "d")


def noise(bars: int = 365, versions: int = 4) -> sup.Floats:
    return np.random.default_rng(1).standard_normal((bars, versions))


@WITH_ARCH
def test_block_length_of_arch() -> None:
    """`arch`'s own test (after Patton, Politis and White 2009): 13.635665 for an autoregression of 0.3, 10,000 bars of RandomState(0)."""
    draws = np.random.RandomState(0).standard_normal(10_100)
    for i in range(1, draws.size):
        draws[i] += 0.3 * draws[i - 1]
    assert sup.block_length(draws[100:]) == pytest.approx(13.635665, abs=1e-4)


@WITH_ARCH
def test_circular_block_length_of_arch() -> None:
    """The same source: 15.60894 for circular blocks."""
    from arch.bootstrap import optimal_block_length

    draws = np.random.RandomState(0).standard_normal(10_100)
    for i in range(1, draws.size):
        draws[i] += 0.3 * draws[i - 1]
    assert float(optimal_block_length(draws[100:])["circular"].iloc[0]) == pytest.approx(15.60894, abs=1e-4)


@WITH_ARCH
def test_one_real_edge_is_the_one_that_is_named() -> None:
    """0.3 deviations a bar in one of four: SPA rejects, StepM names it, the set of the best holds it alone; the same seed says the same."""
    returns = noise()
    returns[:, 1] += 0.3
    found = sup.superiority(returns, np.zeros(365), NAMES, seed=5, repetitions=300)
    assert isinstance(found, sup.Superiority)
    assert found.consistent < 0.01
    assert found.lower <= found.consistent <= found.upper
    assert (found.better, found.best_set, found.best_p[1]) == (("b",), ("b",), 1.0)
    assert found == sup.superiority(returns, np.zeros(365), NAMES, seed=5, repetitions=300)


@WITH_ARCH
def test_without_edge_none_is_named() -> None:
    """Four of pure luck beside zero, and a champion that is one of them: no name, everyone may be the best."""
    found = sup.superiority(noise(), np.zeros(365), NAMES, seed=5, repetitions=300)
    assert isinstance(found, sup.Superiority)
    assert found.consistent > 0.05
    assert (found.better, found.best_set) == ((), NAMES)


@WITH_ARCH
def test_too_little_or_flat_is_no_report() -> None:
    """Under 42 bars, or a version that never moves; one version alone is its own best."""
    short = sup.superiority(noise(41), np.zeros(41), NAMES, seed=1)
    assert short == sup.Unavailable("needs 42 bars, found 41")
    flat = noise()
    flat[:, 0] = 0
    assert isinstance(sup.superiority(flat, np.zeros(365), NAMES, seed=1), sup.Unavailable)
    alone = sup.superiority(noise(versions=1), np.zeros(365), ("a",), seed=1, repetitions=100)
    assert isinstance(alone, sup.Superiority)
    assert alone.best_set == ("a",)


def test_without_arch_the_report_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """A value, no exception."""
    monkeypatch.setattr(sup, "find_spec", lambda name: None)
    found = sup.superiority(noise(), np.zeros(365), NAMES, seed=1)
    assert found == sup.Unavailable("needs arch: pip install 'genesis-trading[statistics]'")
    assert sup.block_length(noise()) is None


def test_shapes_that_do_not_fit_are_refused() -> None:
    """Names and bars are counted before anything is drawn."""
    with pytest.raises(ValueError, match="names"):
        sup.superiority(noise(), np.zeros(365), ("a",), seed=1)
    with pytest.raises(ValueError, match="benchmark"):
        sup.superiority(noise(), np.zeros(4), NAMES, seed=1)
