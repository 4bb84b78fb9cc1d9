"""A confidence sequence: an interval that holds at all times at once, so that it may be watched."""

from __future__ import annotations

from math import log, sqrt

# Two-sided; narrowest, beside a fixed-sample interval, after 90 days of evidence bars. Fixed before the first bar, as it must be.
ALPHA = 0.05
TUNED_FOR = 540


def radius(deviation: float, n: int, alpha: float = ALPHA, tuned_for: float = TUNED_FOR) -> float:
    """Half the width, around a mean of ``n`` values, of the two-sided asymptotic confidence sequence of level 1 - ``alpha``.

    s sqrt(2 (n r**2 + 1) / (n**2 r**2) ln(sqrt(n r**2 + 1) / alpha)) with r**2 = (-2 ln alpha + ln(1 - 2 ln alpha)) / t*: Waudby-Smith,
    Arbour, Sinha, Kennedy and Ramdas (arXiv 2103.06476). Asymptotic: the level holds in the limit, for display and not for decisions. For
    dependent values ``deviation`` is the root of the long-run variance.

    Raises:
        ValueError: no values, or a level or tuning out of range.
    """
    if n < 1 or not 0 < alpha < 1 or tuned_for <= 0:
        raise ValueError(f"n, alpha, tuned_for: expected 1 or more, 0 to 1, above 0, found {n}, {alpha}, {tuned_for}")
    square = (-2 * log(alpha) + log(1 - 2 * log(alpha))) / tuned_for
    spread = n * square + 1
    return deviation * sqrt(2 * spread / (n * n * square) * log(sqrt(spread) / alpha))
