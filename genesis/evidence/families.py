"""Many strategies at once: evidence that stays honest however many were tried."""

from __future__ import annotations

from collections.abc import Sequence


def closed_adjustment(values: Sequence[float]) -> list[float]:
    """Each e-value adjusted for its family: E_i becomes the least, over m >= 0, of (E_i + the m smallest others) / (m + 1).

    Closed testing with the arithmetic mean, which is an e-value under any dependence (Vovk and Wang 2021, Annals of Statistics 49(3); Hartog and
    Lei 2025, arXiv 2501.09015): the probability that any member without edge is ever shown 1 / a is at most a. Nobody's rises by it.

    Raises:
        ValueError: a value that is negative or not a number.
    """
    for i, value in enumerate(values):
        if not value >= 0:
            raise ValueError(f"values[{i}]: expected 0 or more, found {value}")
    order = sorted(range(len(values)), key=values.__getitem__)
    adjusted = [0.0] * len(values)
    for place, i in enumerate(order):
        total = least = values[i]
        for m, other in enumerate(order[:place], 1):
            total += values[other]
            # The mean falls for as long as what joins it is below it, and the smallest join first.
            if total / (m + 1) >= least:
                break
            least = total / (m + 1)
        adjusted[i] = least
    return adjusted


def rejected_by_discovery_rate(values: Sequence[float], alpha: float) -> list[int]:
    """Places of the e-values that e-BH rejects at false discovery rate ``alpha``, under any dependence, largest first.

    Wang and Ramdas 2022 (JRSSB 84): the k largest, for the greatest k whose k-th largest is at least n / (k alpha).

    Raises:
        ValueError: ``alpha`` not between 0 and 1.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha: expected between 0 and 1, found {alpha}")
    order = sorted(range(len(values)), key=values.__getitem__, reverse=True)
    passed = [k for k, i in enumerate(order, 1) if values[i] >= len(values) / (k * alpha)]
    return order[: passed[-1]] if passed else []
