"""What a single look that was planned beforehand would say of a family of return columns: PSR, DSR, MinTRL. Reported, never a trigger."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt

import msgspec

from genesis.evidence import estimators
from genesis.metrics.ratios import SHARPE_BARS_MIN, Moments, ratio_variance


class Look(msgspec.Struct, frozen=True):
    """Probabilities that the true Sharpe ratio is above 0 (``psr``) and above what the best of the family shows by luck (``dsr``).

    ``trials`` is the effective number of independent members; ``bars_needed`` how many bars bring PSR to 95 % if ratio and shape stay, ``None``
    where the ratio is not above 0.
    """

    psr: float
    dsr: float
    trials: float
    bars_needed: float | None


class _Member(msgspec.Struct, frozen=True):
    ratio: float
    variance: float
    n: int


def looks(returns: Mapping[str, Sequence[float]]) -> dict[str, Look]:
    """A look at each member that has 42 bars and a deviation; columns of one length are of the same bars.

    The benchmark of the DSR takes the deviation of the members' ratios (ddof 1) and rho + (1 - rho) N trials, rho their mean correlation.
    """
    moments = {name: Moments(column) for name, column in returns.items()}
    members = {name: m for name, found in moments.items() if (m := _member(found)) is not None}
    if not members:
        return {}
    trials = estimators.effective_trials(len(returns), _mean_correlation([returns[n] for n in members]))
    spread = Moments(m.ratio for m in members.values()).deviation() or 0.0
    luck = estimators.deflated_benchmark(spread, trials)
    return {name: _look(member, luck, trials) for name, member in members.items()}


def _member(moments: Moments) -> _Member | None:
    deviation, skewness, kurtosis = moments.deviation(), moments.skewness(), moments.kurtosis()
    if moments.n < SHARPE_BARS_MIN or not deviation or skewness is None or kurtosis is None:
        return None
    ratio = moments.mean / deviation
    variance = ratio_variance(ratio, skewness, kurtosis)
    return _Member(ratio, variance, moments.n) if variance > 0 else None


def _look(member: _Member, luck: float, trials: float) -> Look:
    stderr = sqrt(member.variance / (member.n - 1))
    return Look(
        estimators.probabilistic(member.ratio, 0, stderr),
        estimators.probabilistic(member.ratio, luck, stderr),
        trials,
        estimators.minimum_track_record(member.ratio, 0, member.variance),
    )


def _mean_correlation(columns: Sequence[Sequence[float]]) -> float:
    """Over all pairs of one length; 0 without any."""
    found = [_correlation(a, b) for a, b in combinations(columns, 2) if len(a) == len(b)]
    return Moments(found).mean if found else 0.0


def _correlation(a: Sequence[float], b: Sequence[float]) -> float:
    """Pearson's."""
    of_a, of_b = Moments(a), Moments(b)
    across = Moments((x - of_a.mean) * (y - of_b.mean) for x, y in zip(a, b, strict=True)).mean
    both = (of_a.deviation() or 0.0) * (of_b.deviation() or 0.0) * (of_a.n - 1) / of_a.n
    return min(1.0, max(-1.0, across / both)) if both else 0.0
