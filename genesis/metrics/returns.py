"""Returns, the cash-flow-adjusted equity index, and returns a year (definitions.md, 'Clock and returns').

Columns are float64, one value a bar; an equity or price column has one value more than there are bars.
"""

from __future__ import annotations

from math import expm1, log1p

import numpy as np
from numpy.typing import NDArray

from genesis.clock import NS_PER_DAY

YEAR_DAYS = 365
YEAR_NS = YEAR_DAYS * NS_PER_DAY

# A return is a ratio near 1, less 1: what varies by less than a float's step at 1 does not vary.
NO_DEVIATION = 2.0**-52

_LARGEST = 1e60  # its fourth power, times any number of bars, is still finite

Floats = NDArray[np.float64]


def check_return(x: float) -> None:
    """Refuse what is no return: a missing bar is an error of that bar, not 0.

    Raises:
        ValueError: nan, infinite, or so large that its fourth power may be.
    """
    if not -_LARGEST < x < _LARGEST:
        raise ValueError(f"return: expected a finite number, found {x}")


def simple_returns(equity: Floats, flows: Floats | None = None) -> Floats:
    """Return of each bar: net P&L over equity at the bar's start; (n + 1,) equity and (n,) flows give (n,) fractions.

    ``equity[i]`` stands at the start of bar i, after the flows of the bar before; ``flows[i]`` is what was paid in (or, negative, taken out) at
    the end of bar i and is no P&L: (equity[i + 1] - flows[i] - equity[i]) / equity[i].

    Raises:
        ValueError: too few values, lengths that do not fit, a value that is not finite, or equity not above 0 at the start of a bar.
    """
    bars = len(equity) - 1
    if bars < 0:
        raise ValueError("equity: expected at least one value, found none")
    flows = np.zeros(bars) if flows is None else flows
    if len(flows) != bars:
        raise ValueError(f"flows: expected one a bar, {bars}, found {len(flows)}")
    _check("equity", equity, np.isfinite(equity), "a finite number")
    _check("equity", equity, equity[:-1] > 0, "above 0 at the start of a bar")
    _check("flows", flows, np.isfinite(flows), "a finite number")
    return (equity[1:] - flows) / equity[:-1] - 1.0


def _check(name: str, values: Floats, good: NDArray[np.bool_], expected: str) -> None:
    if not good.all():
        bad = int(np.argmin(good))
        raise ValueError(f"{name}[{bad}]: expected {expected}, found {values[bad]}")


def equity_index(returns: Floats) -> Floats:
    """Cash-flow-adjusted equity index: 1, then the running product of 1 + return; (n,) gives (n + 1,). Multiplied in order of time."""
    return np.concatenate(([1.0], np.cumprod(1.0 + returns)))


def total_return(returns: Floats) -> float | None:
    """Compounded return over all bars, a fraction; ``None`` without bars."""
    return float(equity_index(returns)[-1]) - 1.0 if len(returns) else None


def annualised_return(total: float | None, elapsed_ns: int) -> float | None:
    """Compound annual growth rate on a 365-day year: (1 + total)**(365 d / elapsed) - 1 (GIPS formula, with 365 for 24x7 markets).

    ``total`` is a fraction, ``elapsed_ns`` the length of the whole evaluation. ``None`` without time, for a loss of more than everything,
    and where the power of a short time is beyond a float. Under a year it extrapolates: read it with its length.
    """
    if total is None or elapsed_ns <= 0 or total < -1:
        return None
    if total == -1:
        return -1.0
    exponent = log1p(total) * (YEAR_NS / elapsed_ns)
    return expm1(exponent) if exponent < 709 else None
