"""Was the value at risk told truly? Tests of one planned look at the breaches of a period; reported, never a trigger.

They are weak in small samples: of 30 days at 95 % only five breaches or more are rejected. For watching there is `detection.VarMonitor`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import comb, erfc, exp, log, sqrt

import msgspec


class Zone(Enum):
    """Basel's traffic light: cumulative probability of the breaches under 95 %, under 99.99 %, and beyond."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class LikelihoodRatio(msgspec.Struct, frozen=True):
    """-2 ln of a likelihood ratio, and the probability of so much or more where the hypothesis holds."""

    ratio: float
    p_value: float


class Backtest(msgspec.Struct, frozen=True):
    """``breaches`` of ``n`` bars where a share ``p`` was told: their number, their independence, both, and Basel's zone."""

    n: int
    breaches: int
    p: float
    number: LikelihoodRatio
    independence: LikelihoodRatio
    coverage: LikelihoodRatio
    zone: Zone


def backtest(breached: Sequence[bool], p: float) -> Backtest:
    """All of it, bar by bar in order of time.

    Raises:
        ValueError: no bar, or a share that is not between 0 and 1.
    """
    n, x = len(breached), sum(breached)
    number, independence = proportion_of_failures(x, n, p), independence_of(breached)
    both = number.ratio + independence.ratio
    return Backtest(n, x, p, number, independence, LikelihoodRatio(both, exp(-both / 2)), traffic_light(x, n, p))


def proportion_of_failures(breaches: int, n: int, p: float) -> LikelihoodRatio:
    """Kupiec 1995 (J. of Derivatives 3(2)): is ``breaches`` of ``n`` the share ``p``? Chi-squared of one degree of freedom.

    -2 ln [(1 - p)**(n - x) p**x / ((1 - x / n)**(n - x) (x / n)**x)].

    Raises:
        ValueError: no bar, more breaches than bars, or a share that is not between 0 and 1.
    """
    if n < 1 or not 0 <= breaches <= n or not 0 < p < 1:
        raise ValueError(f"breaches, n, p: expected 0 to n, 1 or more, between 0 and 1, found {breaches}, {n}, {p}")
    told = _log_likelihood(breaches, n - breaches, p)
    return _of_one(2 * (_log_likelihood(breaches, n - breaches, breaches / n) - told))


def independence_of(breached: Sequence[bool]) -> LikelihoodRatio:
    """Christoffersen 1998 (International Economic Review 39(4)): is a breach as likely after a breach as after none? One degree of freedom."""
    counts = [[0, 0], [0, 0]]
    for before, now in zip(breached, breached[1:], strict=False):
        counts[before][now] += 1
    (n00, n01), (n10, n11) = counts
    after = [hit / (hit + held) if hit + held else 0.0 for held, hit in counts]
    share = (n01 + n11) / max(1, n00 + n01 + n10 + n11)
    apart = _log_likelihood(n01, n00, after[0]) + _log_likelihood(n11, n10, after[1])
    return _of_one(2 * (apart - _log_likelihood(n01 + n11, n00 + n10, share)))


def accepted(n: int, p: float, level: float = 0.05) -> tuple[int, int]:
    """Least and greatest number of breaches that `proportion_of_failures` does not reject at ``level``."""
    kept = [x for x in range(n + 1) if proportion_of_failures(x, n, p).p_value > level]
    return kept[0], kept[-1]


def cumulative_binomial(x: int, n: int, p: float) -> float:
    """Probability of at most ``x`` breaches of ``n``."""
    return min(1.0, sum(comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(x + 1)))


def traffic_light(breaches: int, n: int, p: float) -> Zone:
    """The zone of so many breaches (Basel Committee 1996, supervisory framework for backtesting; there 250 days at 1 %: 5 yellow, 10 red)."""
    reached = cumulative_binomial(breaches, n, p)
    return Zone.GREEN if reached < 0.95 else Zone.YELLOW if reached < 0.9999 else Zone.RED


def _log_likelihood(hits: int, held: int, share: float) -> float:
    """ln of share**hits (1 - share)**held, with 0**0 = 1."""
    return (hits * log(share) if hits else 0.0) + (held * log(1 - share) if held else 0.0)


def _of_one(ratio: float) -> LikelihoodRatio:
    kept = max(0.0, ratio)
    return LikelihoodRatio(kept, erfc(sqrt(kept / 2)))
