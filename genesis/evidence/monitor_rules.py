"""What monitors of a live strategy go by, and what they say: numbers fixed before the first bar, and readings of a moment."""

from __future__ import annotations

from enum import Enum

import msgspec


class Level(Enum):
    """What a monitor says, worst first: `ALARM` late and sure, `WARN` early and cheap."""

    ALARM = "ALARM"
    WARN = "WARN"
    CALM = "CALM"


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A monitor at one moment.

    ``value`` stands against ``warn`` and ``alarm`` (at or above is reached; ``warn`` may be ``None``: one level only). The ``arl`` are the mean
    years between false alarms for which the two are set, ``None`` for a plain limit. ``bars`` evidence bars were counted.
    """

    monitor: str
    level: Level
    value: float
    warn: float | None
    alarm: float
    arl_warn_years: float | None
    arl_alarm_years: float | None
    bars: int
    words: str


class Cause(Enum):
    """Why a live strategy does worse; `NOT_KNOWN` where something is raised that no other monitor explains."""

    NONE = "NONE"
    BAD_DATA = "BAD_DATA"
    WORSE_EXECUTION = "WORSE_EXECUTION"
    LOST_EDGE = "LOST_EDGE"
    LOST_EDGE_AND_WORSE_EXECUTION = "LOST_EDGE_AND_WORSE_EXECUTION"
    MORE_RISK = "MORE_RISK"
    NOT_KNOWN = "NOT_KNOWN"


class Finding(msgspec.Struct, frozen=True):
    """A cause, the worst level among the live strategy's monitors, and a sentence."""

    cause: Cause
    level: Level
    words: str


class MeanGap(msgspec.Struct, frozen=True):
    """Live minus twin, a fraction of equity an evidence bar, over ``bars``; ``low`` to ``high`` is a confidence sequence, ``None`` under 42 bars."""

    mean: float
    low: float | None
    high: float | None
    bars: int


class EdgeRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a lost edge is looked for.

    The ``arl`` are mean years between false alarms. ``sharpe_bad``: the annual Sharpe ratio that an edge is lost at; the design looks for a fall
    to it from the reference, or by ``shift_min`` if that is more. ``prior_deviation``: of true annual ratios among strategies, to shrink a measured one.
    ``bets``: multiples of the shift per bar at which is bet, each at most ``bet_cap``. ``lose_most``: the part of a bet that one bar may cost; gains
    beyond that count no more. ``decay`` of the running variance. ``floor``: the least scale, as a share of the deviation known at the start.

    Raises:
        ValueError: a number out of its range.
    """

    arl_warn_years: float = 0.5
    arl_alarm_years: float = 3.0
    sharpe_bad: float = 0.0
    shift_min: float = 2.0
    prior_deviation: float = 2.0
    bets: tuple[float, ...] = (0.5, 1.0, 1.5)
    bet_cap: float = 0.12
    lose_most: float = 0.88
    decay: float = 0.98
    floor: float = 0.5

    def __post_init__(self) -> None:
        _check_levels(self.arl_warn_years, self.arl_alarm_years)
        _check_scale(self.decay, self.floor)
        if not self.bets or min(self.bets) <= 0:
            raise ValueError(f"bets: expected multiples above 0, found {self.bets}")
        if self.shift_min <= 0 or self.prior_deviation <= 0:
            raise ValueError(
                f"shift_min, prior_deviation: expected above 0, found {self.shift_min}, {self.prior_deviation}"
            )
        # A reference lies above -1 a bar, so a bet never loses more than lose_most + bet_cap.
        if self.lose_most <= 0 or self.bet_cap <= 0 or self.lose_most + self.bet_cap > 1:
            raise ValueError(
                f"lose_most, bet_cap: expected above 0 and together at most 1, found {self.lose_most}, {self.bet_cap}"
            )


class GapRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How worse execution is looked for, in live minus twin.

    ``shift``: fall of the gap's annual Sharpe ratio that the design looks for. ``clip``: deviations beyond which a bar counts no more, either way.
    ``start`` and ``floor``: the first and the least scale, as shares of the deviation of the twin's bars; the first counts as ``start_bars`` bars. Others
    as in `EdgeRules`.

    Raises:
        ValueError: a number out of its range.
    """

    arl_warn_years: float = 0.5
    arl_alarm_years: float = 2.0
    shift: float = 20.0
    clip: float = 6.0
    decay: float = 0.99
    start: float = 0.25
    start_bars: int = 12
    floor: float = 0.05

    def __post_init__(self) -> None:
        _check_levels(self.arl_warn_years, self.arl_alarm_years)
        _check_scale(self.decay, self.floor)
        if self.shift <= 0 or self.clip <= 0 or self.start < self.floor or self.start_bars < 1:
            raise ValueError(
                "shift, clip, start, start_bars: expected above 0, above 0, at least the floor, 1 or more, found "
                f"{self.shift}, {self.clip}, {self.start}, {self.start_bars}"
            )


class VarRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How more risk than told is looked for: ``p`` is how often a bar may lose more than its value at risk, ``multiples`` of it are bet on.

    Raises:
        ValueError: a number out of its range.
    """

    p: float = 0.01
    multiples: tuple[float, ...] = (1.5, 2.0, 3.0, 5.0)
    arl_warn_years: float = 0.5
    arl_alarm_years: float = 3.0

    def __post_init__(self) -> None:
        _check_levels(self.arl_warn_years, self.arl_alarm_years)
        if not self.multiples or min(self.multiples) <= 1 or not 0 < self.p * max(self.multiples) < 1:
            raise ValueError(
                f"p, multiples: expected multiples above 1 of a p above 0 that stay under 1, found {self.p}, {self.multiples}"
            )


class DrawdownRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``q``: share of time for which a healthy strategy may lie below the scaled limit; ``hard``: the limit whatever its volatility.

    Raises:
        ValueError: a number that is not between 0 and 1.
    """

    q: float = 0.01
    hard: float = 0.20

    def __post_init__(self) -> None:
        if not 0 < self.q < 1 or not 0 < self.hard < 1:
            raise ValueError(f"q, hard: expected between 0 and 1, found {self.q}, {self.hard}")


def worst(levels: tuple[Level, ...]) -> Level:
    """The worst of them; `CALM` of none."""
    return next((level for level in Level if level in levels), Level.CALM)


def _check_levels(warn: float, alarm: float) -> None:
    if not 0 < warn <= alarm:
        raise ValueError(
            f"arl_warn_years, arl_alarm_years: expected above 0, the warning's the shorter, found {warn}, {alarm}"
        )


def _check_scale(decay: float, floor: float) -> None:
    if not 0 <= decay < 1 or floor <= 0:
        raise ValueError(f"decay, floor: expected 0 to 1 and above 0, found {decay}, {floor}")
