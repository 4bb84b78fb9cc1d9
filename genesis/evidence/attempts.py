"""What a strategy owes that has failed before: every further attempt needs twice the evidence, from a fresh start."""

from __future__ import annotations


def threshold_of_attempt(alpha: float, attempt: int, penalty: float = 2.0) -> float:
    """E that attempt 1, 2, ... needs at the level ``alpha`` of the first: penalty**(attempt - 1) / alpha.

    Ville 1939 for each and Boole's inequality for all: the k-th attempt of a strategy without edge succeeds with probability at most
    alpha / penalty**(k - 1).

    Raises:
        ValueError: an alpha that is not between 0 and 1, an attempt under 1, or a penalty that is not above 1.
    """
    _check(alpha, penalty)
    if attempt < 1:
        raise ValueError(f"attempt: expected 1 or more, found {attempt}")
    return float(penalty ** (attempt - 1)) / alpha


def lifetime_level(alpha: float, penalty: float = 2.0) -> float:
    """How often a strategy without edge ever succeeds, at most, however often it tries: alpha penalty / (penalty - 1), twice alpha at 2.

    Raises:
        ValueError: as above.
    """
    _check(alpha, penalty)
    return alpha * penalty / (penalty - 1)


def _check(alpha: float, penalty: float) -> None:
    if not 0 < alpha < 1 or penalty <= 1:
        raise ValueError(f"alpha, penalty: expected between 0 and 1 and above 1, found {alpha}, {penalty}")
