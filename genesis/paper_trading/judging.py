"""One criterion judged: a value, its threshold and its sample make a verdict, or say what is missing."""

from __future__ import annotations

from math import isfinite, sqrt

import msgspec

from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.paper_trading.verdicts import Criterion, Measurements, SampleSize, Status, Verdict, Window

# Under this many standard errors from the threshold, the side on which a value lies may be luck.
_CLEAR = 2.0
# With these words begins what an `ERROR` says of a value.
IMPOSSIBLE = "a value that can be"


class Asked(msgspec.Struct, frozen=True):
    """A criterion with what was found for it; ``least`` to ``most`` is where a value can lie."""

    criterion: Criterion
    value: float | None
    sample: SampleSize
    stderr: float | None = None
    least: float = 0.0
    most: float = float("inf")
    # Where it is not that of all measurements.
    window: Window | None = None
    # What an undefined value waits for.
    undefined: str = "a value: it is undefined over this sample"
    # What is said in place of the distance from the threshold.
    beside: str = ""


def judged(asked: Asked, found: Measurements) -> Verdict:
    """The verdict on what is asked: a value that cannot be is an error, a limit that is broken fails however short the sample."""
    criterion, value, sample = asked.criterion, asked.value, asked.sample
    window = asked.window or found.window
    if value is not None and not (isfinite(value) and asked.least <= value <= asked.most):
        wrong = f"{IMPOSSIBLE}: expected {asked.least:g} to {asked.most:g}, found {value}"
        return Verdict(criterion, value, sample, window, Status.ERROR, wrong)
    broken = value is not None and criterion.at_most and not criterion.met_by(value)
    lacking = "" if broken else _lacking(value, sample, asked.undefined)
    if lacking or value is None:
        wait = _wait(sample, found)
        return Verdict(criterion, value, sample, window, Status.INCONCLUSIVE, lacking, wait_ns=wait)
    status = Status.PASSED if criterion.met_by(value) else Status.FAILED
    remark = asked.beside or _remark(criterion, value, asked.stderr)
    return Verdict(criterion, value, sample, window, status, remark=remark)


def _lacking(value: float | None, sample: SampleSize, undefined: str) -> str:
    if not sample.enough:
        return f"{sample.lacking:,} more {sample.of} of {sample.needed:,}"
    return undefined if value is None else ""


def _wait(sample: SampleSize, found: Measurements) -> int | None:
    """Bars come by the clock; trades as they came over the window."""
    if sample.enough:
        return None
    if sample.of != "trades":
        return sample.lacking * EVIDENCE_BAR_NS
    return sample.lacking * found.window.length_ns // sample.n if sample.n else None


def _remark(criterion: Criterion, value: float, stderr: float | None) -> str:
    if not stderr:
        return ""
    distance = (value - criterion.threshold) / stderr
    side = "above" if distance >= 0 else "below"
    text = f"{abs(distance):.1f} standard errors {side} the threshold"
    return text if abs(distance) >= _CLEAR else f"{text}: chance alone could turn it"


def share_error(found: Measurements) -> float | None:
    """Standard error of a share of independent trades, as a fraction."""
    p = found.win_rate
    return None if p is None or found.trades <= 0 or not 0 <= p <= 1 else sqrt(p * (1 - p) / found.trades)
