"""What the page shows of the capital ladder, as frozen values: fractions are of a version's budget, times are UTC ns."""

from __future__ import annotations

import msgspec

from genesis.monitoring.report.values import Fact, Line
from genesis.paper_trading.comparison import SideBySide


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """A move of a version: from where to where, with the capital fraction before and after (exact text), and why."""

    time: int
    move: str
    stage_before: str
    stage_after: str
    before: str
    after: str
    attempt: int
    forced: bool
    reasons: tuple[str, ...]

    @property
    def rises(self) -> bool:
        """More capital than before."""
        return float(self.after) > float(self.before)

    @property
    def falls(self) -> bool:
        """Less capital than before."""
        return float(self.after) < float(self.before)


class Climb(msgspec.Struct, frozen=True, kw_only=True):
    """A version on the ladder as its last look left it; ``missing`` is what holds it back, ``call`` why a person is called.

    ``fractions`` and ``evidence`` are the capital fraction and the adjusted E at every look.
    """

    version: str
    synthetic: bool
    stage: str
    fraction: str
    attempt: int
    forced: bool
    e_value: float
    e_adjusted: float
    e_residual: float | None
    e_counted: float
    missing: tuple[str, ...]
    call: str
    moves: tuple[Moved, ...]
    fractions: Line
    evidence: Line

    @property
    def highest(self) -> float:
        """The greatest fraction it ever held."""
        return max((float(m.after) for m in self.moves), default=0.0)


class Watched(msgspec.Struct, frozen=True):
    """A monitor of a live track at one look: its level, and what it saw."""

    name: str
    level: str
    words: str


class Beside(msgspec.Struct, frozen=True):
    """A live track beside its twin, with what the monitors said at ``watched_ns``, the last look at it while it held capital."""

    pair: SideBySide
    watched_ns: int | None
    monitors: tuple[Watched, ...]


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """A challenger beside the champion of an A/B test: what was last said, and mean and interval (bp a bar) as they were told."""

    experiment: str
    champion: str
    challenger: str
    standing: str
    adjusted: float
    bars: int
    trades: float
    words: str
    mean: Line
    low: Line
    high: Line


class Commanded(msgspec.Struct, frozen=True):
    """A person's order as the run heard it: who, why, and what came of it."""

    time: int
    command: str
    target: str
    author: str
    reason: str
    taken: bool
    words: str


class Ladder(msgspec.Struct, frozen=True):
    """All of it; ``guarantees`` are the profile's, in words, ``venue`` what is assumed of where live tracks trade."""

    profile: str
    guarantees: tuple[str, ...]
    climbs: tuple[Climb, ...] = ()
    beside: tuple[Beside, ...] = ()
    trials: tuple[Trial, ...] = ()
    commands: tuple[Commanded, ...] = ()
    venue: tuple[Fact, ...] = ()
