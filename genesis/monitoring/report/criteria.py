"""Measurements against thresholds: the five given criteria, each judged by itself. Nothing here promotes anything."""

from __future__ import annotations

from enum import Enum
from math import isfinite, sqrt

import msgspec

from genesis.metrics.ratios import SHARPE_BARS_MIN

BARS_PER_DAY = 6
# Under this many standard errors from the threshold, the side on which a value lies may be luck.
_CLEAR = 2.0


class Status(Enum):
    """What a measurement says; `INCONCLUSIVE` names what is missing."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"


class Unit(Enum):
    """What a value counts."""

    TRADES = "trades"
    DAYS = "days"
    A_YEAR = "a year"
    FRACTION = "fraction"


class Window(msgspec.Struct, frozen=True):
    """Engine time [``start_ns``, ``end_ns``], UTC ns, over which something was measured."""

    start_ns: int
    end_ns: int

    def __post_init__(self) -> None:
        if self.end_ns < self.start_ns:
            raise ValueError(f"window: expected an end at or after {self.start_ns}, found {self.end_ns}")

    @property
    def length_ns(self) -> int:
        """Nanoseconds from start to end."""
        return self.end_ns - self.start_ns


class SampleSize(msgspec.Struct, frozen=True):
    """``n`` observations of ``of`` (``trades``, ``evidence bars``); under ``needed`` they are too few to pass."""

    n: int
    needed: int
    of: str

    def __post_init__(self) -> None:
        if self.n < 0 or self.needed < 0 or not self.of:
            raise ValueError(
                f"sample: expected counts of 0 or more of something, found {self.n}, {self.needed}, {self.of!r}"
            )

    @property
    def enough(self) -> bool:
        """Whether there are as many as needed."""
        return self.n >= self.needed


class Criterion(msgspec.Struct, frozen=True):
    """A threshold; ``at_most``: the value must not lie above it, and once it does it stays so (a maximum only grows)."""

    name: str
    threshold: float
    unit: Unit
    at_most: bool = False

    def met_by(self, value: float) -> bool:
        """Whether the value is on the right side; the threshold itself is."""
        return value <= self.threshold if self.at_most else value >= self.threshold


class Judgement(msgspec.Struct, frozen=True):
    """One criterion judged. ``missing`` says in words what an `INCONCLUSIVE` lacks; ``remark`` how sure the others are.

    Raises:
        ValueError: a status that value, threshold and sample do not bear out.
    """

    criterion: Criterion
    value: float | None
    sample: SampleSize
    window: Window
    status: Status
    missing: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        if (self.status is Status.INCONCLUSIVE) != bool(self.missing):
            raise ValueError(f"{self.criterion.name}: expected what is missing for INCONCLUSIVE and for nothing else")
        if self.status is Status.INCONCLUSIVE:
            return
        if self.value is None or not isfinite(self.value):
            raise ValueError(f"{self.criterion.name}: expected a value for {self.status.value}, found {self.value}")
        if (self.status is Status.PASSED) != self.criterion.met_by(self.value):
            raise ValueError(f"{self.criterion.name}: expected another status than {self.status.value} at {self.value}")
        if not self.sample.enough and not (self.criterion.at_most and self.status is Status.FAILED):
            raise ValueError(
                f"{self.criterion.name}: expected {self.sample.needed} {self.sample.of}, found {self.sample.n}"
            )


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """The mission's defaults; fractions are fractions, a day is six evidence bars."""

    min_trades: int = 100
    min_days: int = 7
    min_sharpe: float = 1.5
    max_drawdown: float = 0.10
    min_win_rate: float = 0.55


class Measurements(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: counts, and values that are ``None`` while undefined; all net, over one window."""

    window: Window
    trades: int
    bars: int
    sharpe: float | None = None
    sharpe_stderr: float | None = None
    drawdown_max: float | None = None
    win_rate: float | None = None


def judge(found: Measurements, limits: Thresholds | None = None) -> tuple[Judgement, ...]:
    """The five criteria in the configuration's order.

    Counts that are not reached yet are `INCONCLUSIVE`, never `FAILED`: time may bring them. A drawdown over its limit is `FAILED`
    however short the sample.
    """
    limits = limits or Thresholds()
    bars_needed = limits.min_days * BARS_PER_DAY
    trades = SampleSize(found.trades, limits.min_trades, "trades")
    days = SampleSize(found.bars, bars_needed, "evidence bars")
    ratio_bars = SampleSize(found.bars, max(bars_needed, SHARPE_BARS_MIN), "evidence bars")
    asked = (
        (Criterion("min_trades", limits.min_trades, Unit.TRADES), float(found.trades), trades, None),
        (Criterion("min_days", limits.min_days, Unit.DAYS), found.bars / BARS_PER_DAY, days, None),
        (Criterion("min_sharpe", limits.min_sharpe, Unit.A_YEAR), found.sharpe, ratio_bars, found.sharpe_stderr),
        (Criterion("max_drawdown", limits.max_drawdown, Unit.FRACTION, True), found.drawdown_max, days, None),
        (Criterion("min_win_rate", limits.min_win_rate, Unit.FRACTION), found.win_rate, trades, _share_error(found)),
    )
    return tuple(_one(c, value, sample, found.window, stderr) for c, value, sample, stderr in asked)


def _one(
    criterion: Criterion, value: float | None, sample: SampleSize, window: Window, stderr: float | None
) -> Judgement:
    broken = value is not None and criterion.at_most and not criterion.met_by(value)
    lacking = "" if broken else _lacking(value, sample)
    if lacking or value is None:
        return Judgement(criterion, value, sample, window, Status.INCONCLUSIVE, lacking)
    status = Status.PASSED if criterion.met_by(value) else Status.FAILED
    return Judgement(criterion, value, sample, window, status, remark=_remark(criterion, value, stderr))


def _lacking(value: float | None, sample: SampleSize) -> str:
    if not sample.enough:
        return f"{sample.needed - sample.n:,} more {sample.of} of {sample.needed:,}"
    return "a value: it is undefined over this sample" if value is None else ""


def _remark(criterion: Criterion, value: float, stderr: float | None) -> str:
    if not stderr:
        return ""
    distance = (value - criterion.threshold) / stderr
    side = "above" if distance >= 0 else "below"
    text = f"{abs(distance):.1f} standard errors {side} the threshold"
    return text if abs(distance) >= _CLEAR else f"{text}: chance alone could turn it"


def _share_error(found: Measurements) -> float | None:
    """Standard error of a share of independent trades, as a fraction."""
    p = found.win_rate
    return None if p is None or not found.trades else sqrt(p * (1 - p) / found.trades)
