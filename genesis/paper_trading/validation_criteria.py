"""`ValidationCriteria`: measurements in, verdicts out. Each criterion is judged by itself; nothing here promotes anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from enum import Enum
from typing import Annotated

import msgspec
from msgspec import Meta

from genesis.clock import NS_PER_DAY
from genesis.evidence.detection import drawdown_limit, shrunk_sharpe
from genesis.evidence.monitor_rules import DrawdownRules, EdgeRules
from genesis.metrics.ratios import SHARPE_BARS_MIN
from genesis.paper_trading.judging import Asked, judged, share_error
from genesis.paper_trading.verdicts import (
    BEST_TRADES,
    Criterion,
    Measurements,
    Mode,
    SampleSize,
    Status,
    Unit,
    Verdict,
    Window,
)

BARS_PER_DAY = 6
# Standard errors below an estimate at which its one-sided 95 % interval ends: the 95 % quantile of the normal distribution.
ONE_SIDED_95 = 1.6448536269514722
_OWN_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_KNOWN_NAMES = frozenset(
    {
        "min_trades",
        "min_days",
        "min_sharpe",
        "max_drawdown",
        "min_win_rate",
        "concentration",
        "cost_stress",
        "data_quality",
        "loss_bound",
        "fidelity",
    }
)
# What every run tells of its criteria; of the others only what is not as it is by default.
ALWAYS_TOLD = frozenset(
    {
        "min_trades",
        "min_days",
        "min_sharpe",
        "max_drawdown",
        "min_win_rate",
        "trades_mode",
        "days_mode",
        "sharpe_mode",
        "drawdown_mode",
        "win_rate_mode",
    }
)


class SharpeUse(Enum):
    """What of a Sharpe ratio is judged: the estimate itself (``point``), or the lower end of its one-sided 95 % interval."""

    POINT = "point"
    LOWER_BOUND = "lower_bound"


class DrawdownLimit(Enum):
    """What a drawdown is held against: ``max_drawdown`` (``absolute``), or what volatility and ratio let expect (``vol_scaled``)."""

    ABSOLUTE = "absolute"
    VOL_SCALED = "vol_scaled"


class OwnCriterion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A criterion of the user's: ``code`` (``file.py:name``, ``package.module:name`` or the name of an entry point) gives its value.

    Raises:
        ValueError: a name that is none or that one of Genesis' criteria has, or a threshold that is no finite number.
    """

    name: str
    code: str
    threshold: Decimal
    at_most: bool = False
    mode: Mode = Mode.ENFORCE

    def __post_init__(self) -> None:
        if not _OWN_NAME.fullmatch(self.name) or self.name in _KNOWN_NAMES:
            raise ValueError(
                f"name: expected small letters, digits and underscores, and none of Genesis' own, found {self.name!r}"
            )
        if not self.threshold.is_finite():
            raise ValueError(f"threshold: expected a finite number, found {self.threshold}")

    @property
    def criterion(self) -> Criterion:
        """As it is judged."""
        return Criterion(self.name, float(self.threshold), Unit.OWN, self.at_most, self.mode)


class ValidationCriteria(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The five given criteria and their modes, and five that are off unless asked for; fractions are fractions, a day is six evidence bars.

    Those are (statistics.md 4.1): ``concentration``, the trades lose nothing without the best `BEST_TRADES` of them; ``cost_stress``, E at one and a half times the
    costs is at least 1; ``data_quality``, at least ``min_coverage`` of the bars had whole data; ``loss_bound``, no bar has lost more than the declared bound;
    ``fidelity``, the gap between live and twin is not in alarm. ``own`` are the user's (`genesis.paper_trading.own_criteria`). Where nothing is live fidelity says nothing and counts for nothing, or nobody could ever go live.

    ``win_rate_margin``: with one, in place of ``min_win_rate`` the share of trades that won has to exceed by as much the one at which their mean win and
    mean loss would come to nothing. 55 % is easy for many small wins and out of reach for a few large ones, whatever they earn (statistics.md 4.1, 5.5).
    ``drawdown_window_days``: the drawdown is that of the last so many days, in place of all since the attempt began. ``drawdown_limit``: with ``vol_scaled``
    it is held against the fall below which a healthy strategy of the same volatility and reference ratio lies a share ``drawdown_q`` of the time,
    sigma ln(1 / q) / (2 SR_ref), at most the hard limit of the drawdown monitor (statistics.md 4.1, 4.5), in place of ``max_drawdown``.
    ``sharpe_use``: with ``lower_bound`` the ratio less 1.645 of its standard errors has to reach ``min_sharpe``.
    """

    min_trades: Annotated[int, Meta(ge=1)] = 100
    min_days: Annotated[int, Meta(ge=1)] = 7
    min_sharpe: Decimal = Decimal("1.5")
    max_drawdown: Decimal = Decimal("0.10")
    min_win_rate: Decimal = Decimal("0.55")
    trades_mode: Mode = Mode.ENFORCE
    days_mode: Mode = Mode.ENFORCE
    sharpe_mode: Mode = Mode.ENFORCE
    drawdown_mode: Mode = Mode.ENFORCE
    win_rate_mode: Mode = Mode.ENFORCE
    win_rate_margin: Decimal | None = None
    sharpe_use: SharpeUse = SharpeUse.POINT
    drawdown_window_days: Annotated[int, Meta(ge=1)] | None = None
    drawdown_limit: DrawdownLimit = DrawdownLimit.ABSOLUTE
    drawdown_q: Decimal = Decimal("0.01")
    min_coverage: Decimal = Decimal("0.99")
    concentration_mode: Mode = Mode.OFF
    cost_stress_mode: Mode = Mode.OFF
    data_quality_mode: Mode = Mode.OFF
    loss_bound_mode: Mode = Mode.OFF
    fidelity_mode: Mode = Mode.OFF
    own: tuple[OwnCriterion, ...] = ()

    def __post_init__(self) -> None:
        if self.win_rate_margin is not None and not 0 <= self.win_rate_margin < 1:
            raise ValueError(f"win_rate_margin: expected 0 to under 1, found {self.win_rate_margin}")
        names = [o.name for o in self.own]
        if len(set(names)) < len(names):
            raise ValueError(f"own: expected each name once, found {', '.join(names)}")
        if not 0 < self.drawdown_q < 1:
            raise ValueError(f"drawdown_q: expected above 0 to under 1, found {self.drawdown_q}")
        for name in ("max_drawdown", "min_win_rate", "min_coverage"):
            value = getattr(self, name)
            if not 0 <= value <= 1:
                raise ValueError(f"{name}: expected 0 to 1, found {value}")

    def least_wins(self, breakeven: float | None) -> float:
        """The share of trades that has to win; ``breakeven`` is that at which nothing is lost, ``None`` where nothing was won or lost."""
        if self.win_rate_margin is None:
            return float(self.min_win_rate)
        return (breakeven or 0.0) + float(self.win_rate_margin)

    @property
    def asks_a_share_of_wins(self) -> bool:
        """Whether an absolute share of wins is enforced: it keeps strategies with an edge on paper for how they pay (statistics.md 4.2: 70 % power falls to 21, for a trend follower to 0)."""
        return self.win_rate_mode is Mode.ENFORCE and self.win_rate_margin is None

    @property
    def window_bars(self) -> int | None:
        """Evidence bars over which the drawdown is measured; ``None``: all."""
        return None if self.drawdown_window_days is None else self.drawdown_window_days * BARS_PER_DAY

    @property
    def unsampled(self) -> frozenset[str]:
        """Names of the criteria whose value no metric sample holds: what a store knows of them is what the last decision says."""
        of_late = () if self.drawdown_window_days is None else ("max_drawdown",)
        return frozenset((*of_late, *self.unsimulated))

    @property
    def unsimulated(self) -> tuple[str, ...]:
        """Names of the criteria that are judged and that no study of a policy simulates, in the order in which they are judged."""
        return (*self.integrity, *(o.name for o in self.own if o.mode is not Mode.OFF))

    @property
    def integrity(self) -> tuple[str, ...]:
        """Names of those criteria beyond the five that are judged."""
        names = ("concentration", "cost_stress", "data_quality", "loss_bound", "fidelity")
        return tuple(n for n in names if getattr(self, f"{n}_mode") is not Mode.OFF)

    def simulated(self) -> ValidationCriteria:
        """The same, without those that no study simulates."""
        modes = {f"{n}_mode": Mode.OFF for n in self.integrity}
        return msgspec.structs.replace(self, own=(), **modes)

    def most_fall(self, found: Measurements) -> float:
        """The drawdown that is allowed, a fraction of the peak.

        Scaled, the reference is the ratio shown so far, shrunk for having been chosen because it looked good; one that is undefined or not above 0 leaves the hard limit.
        """
        if self.drawdown_limit is DrawdownLimit.ABSOLUTE:
            return float(self.max_drawdown)
        reference = self._reference(found)
        hard, volatility = DrawdownRules().hard, found.volatility
        scaled = None if volatility is None else drawdown_limit(volatility, reference, float(self.drawdown_q))
        return hard if scaled is None else min(scaled, hard)

    @staticmethod
    def _reference(found: Measurements) -> float:
        return shrunk_sharpe(found.sharpe or 0.0, found.bars / BARS_PER_DAY, EdgeRules().prior_deviation)

    def judged_ratio(self, sharpe: float | None, stderr: float | None) -> float | None:
        """What ``min_sharpe`` is compared with: the annual ratio, or the lower end of its one-sided 95 % interval; ``None`` while undefined.

        The interval is that of one look, by the standard error of returns that do not depend on each other (Mertens 2002). The confidence sequence, which
        holds at all looks at once, stays for display (statistics.md 4.4): what has to hold under watching is E's part.
        """
        if self.sharpe_use is SharpeUse.POINT:
            return sharpe
        return None if sharpe is None or stderr is None else sharpe - ONE_SIDED_95 * stderr

    def judge(self, found: Measurements) -> tuple[Verdict, ...]:
        """A verdict for each criterion that is not off, in the configuration's order.

        Counts that are not reached yet are `INCONCLUSIVE`, never `FAILED`: time may bring them. A drawdown over its limit is `FAILED`
        however short the sample. A number that cannot be is `ERROR`.
        """
        asked = self._asked(found) + (self._integrity(found) if self.integrity else ())
        return tuple(judged(a, found) for a in asked if a.criterion.mode is not Mode.OFF)

    def judge_own(self, own: OwnCriterion, value: float | None, found: Measurements, problem: str = "") -> Verdict:
        """A user's criterion by the value that its code gave, as soon as there are ``min_days``; ``problem`` is what kept it from giving one."""
        valid = max(0, found.bars - found.warmup_bars)
        sample = SampleSize(valid, self.min_days * BARS_PER_DAY, "evidence bars")
        if problem:
            return Verdict(own.criterion, None, sample, found.window, Status.ERROR, problem)
        return judged(Asked(own.criterion, value, sample, least=float("-inf")), found)

    def judge_sample(self, found: Measurements, decided: Sequence[Verdict] = ()) -> tuple[Verdict, ...]:
        """As `judge`, of measurements that a metric sample holds; what it does not is as it was ``decided`` last, and missing before that."""
        last = {v.criterion.name: v for v in decided if v.criterion.name in self.unsampled}
        judged = [v for v in self.judge(found) if v.criterion.name not in self.unsampled]
        named = {v.criterion.name: v for v in judged} | last
        order = (*(a.criterion.name for a in self._asked(found)), *self.unsimulated)
        return tuple(named[n] for n in order if n in named)

    def _asked(self, found: Measurements) -> tuple[Asked, ...]:
        bars_needed, valid = self.min_days * BARS_PER_DAY, max(0, found.bars - found.warmup_bars)
        trades = SampleSize(max(0, found.trades), self.min_trades, "trades")
        days = SampleSize(valid, bars_needed, "evidence bars")
        of_ratio = SampleSize(max(0, found.bars), max(bars_needed, SHARPE_BARS_MIN), "evidence bars")
        sharpe, fall, wins = float(self.min_sharpe), self.most_fall(found), self.least_wins(found.breakeven)
        return (
            Asked(
                Criterion("min_trades", self.min_trades, Unit.TRADES, mode=self.trades_mode),
                float(found.trades),
                trades,
            ),
            Asked(Criterion("min_days", self.min_days, Unit.DAYS, mode=self.days_mode), valid / BARS_PER_DAY, days),
            Asked(
                Criterion("min_sharpe", sharpe, Unit.A_YEAR, mode=self.sharpe_mode),
                self.judged_ratio(found.sharpe, found.sharpe_stderr),
                of_ratio,
                found.sharpe_stderr,
                float("-inf"),
                beside=self._of_ratio(found),
            ),
            Asked(
                Criterion("max_drawdown", fall, Unit.FRACTION, True, self.drawdown_mode),
                found.drawdown_max,
                days,
                window=self._of_late(found.window),
                beside=self._of_fall(found),
            ),
            Asked(
                Criterion("min_win_rate", wins, Unit.FRACTION, mode=self.win_rate_mode),
                found.win_rate,
                trades,
                share_error(found),
                most=1.0,
            ),
        )

    def _of_ratio(self, found: Measurements) -> str:
        if self.sharpe_use is SharpeUse.POINT or found.sharpe is None or found.sharpe_stderr is None:
            return ""
        return f"the lower end of a one-sided 95 % interval: a ratio of {found.sharpe:.2f} with a standard error of {found.sharpe_stderr:.2f}"

    def _integrity(self, found: Measurements) -> tuple[Asked, ...]:
        valid = max(0, found.bars - found.warmup_bars)
        days = SampleSize(valid, self.min_days * BARS_PER_DAY, "evidence bars")
        trades = SampleSize(max(0, found.trades), max(self.min_trades, BEST_TRADES + 1), "trades")
        breaks = None if found.bound_breaks is None else float(found.bound_breaks)
        return (
            Asked(
                Criterion("concentration", 0.0, Unit.FRACTION, mode=self.concentration_mode),
                found.without_best,
                trades,
                least=float("-inf"),
                beside=f"of the budget, without the best {BEST_TRADES} trades",
            ),
            Asked(
                Criterion("cost_stress", 1.0, Unit.E_VALUE, mode=self.cost_stress_mode),
                found.e_stress,
                days,
                undefined="a loss bound: the bet begins with it",
                beside="at one and a half times the costs",
            ),
            Asked(
                Criterion("data_quality", float(self.min_coverage), Unit.FRACTION, mode=self.data_quality_mode),
                found.coverage,
                days,
                most=1.0,
                beside="of all bars had whole data",
            ),
            Asked(
                Criterion("loss_bound", 0.0, Unit.BARS, True, self.loss_bound_mode),
                breaks,
                days,
                undefined="a loss bound: it is fixed with the warm-up",
                beside="lost more than the declared bound",
            ),
            self._fidelity(found),
        )

    def _fidelity(self, found: Measurements) -> Asked:
        alarm, mode = found.gap_alarm, self.fidelity_mode
        if alarm is None and mode is Mode.ENFORCE:
            mode = Mode.ADVISORY
        return Asked(
            Criterion("fidelity", 0.0, Unit.ALARMS, True, mode),
            None if alarm is None else float(alarm),
            SampleSize(found.gap_bars, 0, "bars of live beside its twin"),
            undefined="a live track: until then it counts for nothing",
            beside="of the gap between live and its twin",
        )

    def _of_late(self, whole: Window) -> Window | None:
        if self.drawdown_window_days is None:
            return None
        return Window(max(whole.start_ns, whole.end_ns - self.drawdown_window_days * NS_PER_DAY), whole.end_ns)

    def _of_fall(self, found: Measurements) -> str:
        days = self.drawdown_window_days
        late = "" if days is None else f"over the last {days} day{'' if days == 1 else 's'}"
        if self.drawdown_limit is DrawdownLimit.ABSOLUTE:
            return late
        limit = f"a healthy strategy lies deeper {self.drawdown_q:.1%} of the time"
        if self.most_fall(found) == DrawdownRules().hard:
            limit = "the limit is the hard one"
        return f"{late}; {limit}" if late else limit
