"""Measurements, thresholds and verdicts: the values that criteria take and give."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import isfinite

import msgspec

from genesis.clock import NS_PER_DAY, NS_PER_HOUR

# A result that rests on so few trades is theirs, and says little of the rest.
BEST_TRADES = 3


class Status(Enum):
    """What a measurement says, worst first; `INCONCLUSIVE` names what is missing, `ERROR` what cannot be."""

    ERROR = "ERROR"
    FAILED = "FAILED"
    INCONCLUSIVE = "INCONCLUSIVE"
    PASSED = "PASSED"


class Mode(Enum):
    """Whether a criterion counts: ``enforce`` must pass, ``advisory`` is judged and shown beside, ``off`` is not judged."""

    ENFORCE = "enforce"
    ADVISORY = "advisory"
    OFF = "off"


class Unit(Enum):
    """What a value counts."""

    TRADES = "trades"
    DAYS = "days"
    A_YEAR = "a year"
    FRACTION = "fraction"
    E_VALUE = "E"
    BARS = "bars"
    ALARMS = "alarms"
    OWN = "in its own unit"


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

    @property
    def lacking(self) -> int:
        """How many more are needed."""
        return max(0, self.needed - self.n)


class Criterion(msgspec.Struct, frozen=True):
    """A threshold; ``at_most``: the value must not lie above it, and where it does it fails however short the sample."""

    name: str
    threshold: float
    unit: Unit
    at_most: bool = False
    mode: Mode = Mode.ENFORCE

    def met_by(self, value: float) -> bool:
        """Whether the value is on the right side; the threshold itself is."""
        return value <= self.threshold if self.at_most else value >= self.threshold


class Verdict(msgspec.Struct, frozen=True):
    """One criterion judged; it cannot exist without value, threshold, sample and window.

    ``missing`` says in words what an `INCONCLUSIVE` lacks or what is wrong with an `ERROR`; ``remark`` how sure the others are. ``wait_ns`` is
    how long the missing takes if it comes as it has come so far, ``None`` where that cannot be said.

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
    wait_ns: int | None = None

    def __post_init__(self) -> None:
        name = self.criterion.name
        if (self.status in (Status.INCONCLUSIVE, Status.ERROR)) != bool(self.missing):
            raise ValueError(f"{name}: expected what is missing for INCONCLUSIVE and ERROR and for nothing else")
        if self.missing:
            return
        if self.value is None or not isfinite(self.value):
            raise ValueError(f"{name}: expected a value for {self.status.value}, found {self.value}")
        if (self.status is Status.PASSED) != self.criterion.met_by(self.value):
            raise ValueError(f"{name}: expected another status than {self.status.value} at {self.value}")
        if not self.sample.enough and not (self.criterion.at_most and self.status is Status.FAILED):
            raise ValueError(f"{name}: expected {self.sample.needed} {self.sample.of}, found {self.sample.n}")

    @property
    def words(self) -> str:
        """What is missing and how long it will take at this pace, or how sure the verdict is."""
        if self.status is not Status.INCONCLUSIVE or self.sample.enough:
            return self.missing or self.remark
        return f"{self.missing}; {in_time(self.wait_ns)}"


class Measurements(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged: counts, and values that are ``None`` while undefined; all net, over one window.

    ``sharpe`` and ``volatility`` are annual; ``drawdown_max`` is of the days that the criteria ask for. ``warmup_bars`` of the ``bars`` are no validation time; ``breakeven`` is the share of trades that has to win so that nothing is lost.
    ``without_best`` is what all trades but the best `BEST_TRADES` have earned, a fraction of the budget; ``e_stress`` E at one and a half times the costs; ``coverage``
    the share of bars whose data were whole; ``bound_breaks`` how many bars lost more than the loss bound; ``gap_alarm`` whether the monitor of the gap to the twin is in
    alarm, after ``gap_bars`` bars, ``None`` where nothing is live.
    """

    window: Window
    trades: int
    bars: int
    warmup_bars: int = 0
    sharpe: float | None = None
    sharpe_stderr: float | None = None
    volatility: float | None = None
    drawdown_max: float | None = None
    win_rate: float | None = None
    breakeven: float | None = None
    without_best: float | None = None
    e_stress: float | None = None
    coverage: float | None = None
    bound_breaks: int | None = None
    gap_bars: int = 0
    gap_alarm: bool | None = None


def overall(verdicts: Sequence[Verdict]) -> Status | None:
    """The worst status among the enforced criteria; ``None`` where none is enforced."""
    found = {v.status for v in verdicts if v.criterion.mode is Mode.ENFORCE}
    return next((s for s in Status if s in found), None)


def in_time(wait_ns: int | None) -> str:
    """``about 12 days at this pace``."""
    if wait_ns is None:
        return "at this pace never"
    if wait_ns < 2 * NS_PER_DAY:
        hours = -(-wait_ns // NS_PER_HOUR)
        return f"about {hours} hour{'' if hours == 1 else 's'} at this pace"
    return f"about {-(-wait_ns // NS_PER_DAY):,} days at this pace"
