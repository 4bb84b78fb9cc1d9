"""The single look at a family: PSR, DSR and MinTRL from columns of returns."""

from __future__ import annotations

from math import sqrt

import numpy as np
import pytest

from genesis.evidence import estimators as est
from genesis.evidence.looks import looks
from genesis.metrics.ratios import Moments


def columns(n: int = 200, correlation: float = 0.0, members: int = 4) -> dict[str, list[float]]:
    chance = np.random.default_rng(11)
    common = chance.standard_normal(n)
    own = chance.standard_normal((members, n))
    mixed = sqrt(correlation) * common + sqrt(1 - correlation) * own
    return {f"m{i}": (0.001 * row + 0.0001 * i).tolist() for i, row in enumerate(mixed)}


def test_a_look_is_made_of_the_estimators() -> None:
    """PSR over n - 1 bars at the measured ratio; the DSR's benchmark from the spread of all ratios and the effective number of trials."""
    returns = columns()
    found = looks(returns)
    ratios = {}
    for name, column in returns.items():
        m = Moments(column)
        ratios[name] = m.mean / (m.deviation() or 1)
    matrix = np.corrcoef(np.array(list(returns.values())))
    rho = float(matrix[np.triu_indices(4, 1)].mean())
    trials = est.effective_trials(4, rho)
    luck = est.deflated_benchmark(float(np.std(list(ratios.values()), ddof=1)), trials)
    m = Moments(returns["m3"])
    stderr = est.standard_error(ratios["m3"], 199, m.skewness() or 0, m.kurtosis() or 3)
    assert found["m3"].trials == pytest.approx(trials)
    assert found["m3"].psr == pytest.approx(est.probabilistic(ratios["m3"], 0, stderr))
    assert found["m3"].dsr == pytest.approx(est.probabilistic(ratios["m3"], luck, stderr))


def test_versions_that_do_the_same_count_as_few() -> None:
    """At a correlation of 0.9 four trials are about one and a third; at none they are four."""
    assert looks(columns(correlation=0.9))["m0"].trials == pytest.approx(1.3, abs=0.15)
    assert looks(columns(2000))["m0"].trials == pytest.approx(4, abs=0.2)


def test_too_short_or_flat_is_no_look_but_still_a_trial() -> None:
    """Under 42 bars or without deviation nothing is said; alone, the luck of the family is 0."""
    returns = columns(60, members=1)
    found = looks({**returns, "flat": [0.0] * 60, "short": [0.1] * 10})
    assert set(found) == {"m0"}
    alone = looks(returns)["m0"]
    assert (alone.trials, alone.dsr) == (1, alone.psr)
    assert looks({"short": [0.1, 0.2]}) == {}
