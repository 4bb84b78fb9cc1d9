"""Is any version better than the benchmark, after all that were tried? Bootstrap tests of one planned look, through `arch` where it is installed.

Superior predictive ability (Hansen 2005; its upper p-value is White's reality check of 2000), StepM (Romano and Wolf 2005), the model confidence set
(Hansen, Lunde and Nason 2011). All draw with the stationary bootstrap (Politis and Romano 1994), blocks as long as Politis and White 2004 and
Patton, Politis and White 2009 find for the most dependent version. Reported, never a trigger: a weekly report is a look, a daily glance is many.

``returns`` are (bars, versions), a ``benchmark`` is (bars,): zeros, or the champion's returns. `arch` takes losses, so they go in with the other sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from math import ceil

import msgspec
import numpy as np
from numpy.typing import NDArray

EXTRA = "statistics"
BARS_MIN = 42
_REPETITIONS = 1000

Floats = NDArray[np.float64]


class Superiority(msgspec.Struct, frozen=True):
    """p-values of "no version is better than the benchmark" and the names that stand out.

    ``better``: StepM's, none of which is falsely named with probability 1 - ``level``. ``best_set``: versions among which the best lies with that
    probability, with ``best_p`` of each version, in the order of the names. ``block``: mean length of a block, in bars.
    """

    bars: int
    block: float
    level: float
    lower: float
    consistent: float
    upper: float
    better: tuple[str, ...]
    best_set: tuple[str, ...]
    best_p: tuple[float, ...]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What they say."""
        better, level = ", ".join(self.better) or "none", f"{self.level:.0%}"
        drawn = f"{self.bars:,} evidence bars, drawn anew in blocks of {self.block:.1f} in the mean"
        return (
            f"That no version beats the benchmark has a p-value of {self.consistent:.3f}, between {self.lower:.3f} and {self.upper:.3f} (SPA; {drawn}).",
            f"Better than the benchmark, where one false name in a look has a probability of at most {level} (StepM): {better}.",
            f"With a probability of {1 - self.level:.0%} the best of them is among (model confidence set): {', '.join(self.best_set)}.",
            "This holds for one look that was planned; who looks every day looks many times. Nothing of it moves capital.",
        )


class Unavailable(msgspec.Struct, frozen=True):
    """Why there is no report."""

    words: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """The reason."""
        return (f"Whether any version beats the benchmark is not tested: {self.words}.",)


def superiority(
    returns: Floats,
    benchmark: Floats,
    names: Sequence[str],
    seed: int,
    level: float = 0.05,
    repetitions: int = _REPETITIONS,
) -> Superiority | Unavailable:
    """All three tests of the same bars; the same seed gives the same report.

    Raises:
        ValueError: shapes that do not fit.
    """
    bars, versions = returns.shape
    if benchmark.shape != (bars,) or len(names) != versions:
        raise ValueError(
            f"benchmark, names: expected {bars} bars and {versions} names, found {benchmark.shape} and {len(names)}"
        )
    reason = _why_not(returns, bars)
    return Unavailable(reason) if reason else _tested(returns, benchmark, tuple(names), seed, level, repetitions)


def block_length(returns: Floats) -> float | None:
    """Mean length of a block of the stationary bootstrap for (bars,) or (bars, versions), the longest of the versions; ``None`` without `arch`."""
    if find_spec("arch") is None:
        return None
    from arch.bootstrap import optimal_block_length

    return float(np.max(optimal_block_length(returns)["stationary"].to_numpy()))


def _why_not(returns: Floats, bars: int) -> str:
    if find_spec("arch") is None:
        return f"needs arch: pip install 'genesis-trading[{EXTRA}]'"
    if bars < BARS_MIN:
        return f"needs {BARS_MIN} bars, found {bars}"
    if bool((returns.std(axis=0) == 0).any()):
        return "needs versions whose returns vary"
    return ""


def _tested(
    returns: Floats, benchmark: Floats, names: tuple[str, ...], seed: int, level: float, repetitions: int
) -> Superiority:
    from arch.bootstrap import MCS, SPA, StepM

    block = block_length(returns) or 1.0
    size = max(1, ceil(block))
    spa = SPA(-benchmark, -returns, block_size=size, reps=repetitions, seed=seed)
    spa.compute()
    stepped = StepM(-benchmark, -returns, size=level, block_size=size, reps=repetitions, seed=seed)
    stepped.compute()
    best, best_p = set(range(len(names))), [1.0] * len(names)
    if len(names) > 1:
        chosen = MCS(-returns, size=level, block_size=size, reps=repetitions, seed=seed)
        chosen.compute()
        best = {int(str(i)) for i in chosen.included}
        best_p = [float(chosen.pvalues["Pvalue"][i]) for i in range(len(names))]
    better = {int(str(i)) for i in stepped.superior_models}
    return Superiority(
        bars=len(returns),
        block=block,
        level=level,
        lower=float(spa.pvalues["lower"]),
        consistent=float(spa.pvalues["consistent"]),
        upper=float(spa.pvalues["upper"]),
        better=tuple(n for i, n in enumerate(names) if i in better),
        best_set=tuple(n for i, n in enumerate(names) if i in best),
        best_p=tuple(best_p),
    )
