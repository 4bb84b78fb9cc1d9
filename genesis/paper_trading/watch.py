"""The monitors of one live track beside its twin, fed an evidence bar at a time; what they raise is for the promotion manager to act on."""

from __future__ import annotations

from collections import deque
from math import sqrt

from genesis.engine.track import Track
from genesis.evidence import detection
from genesis.evidence.filtered_risk import FilteredRisk
from genesis.evidence.gathering import Evidence
from genesis.evidence.monitor_rules import (
    DrawdownRules,
    EdgeRules,
    Finding,
    GapRules,
    Level,
    MeanGap,
    Reading,
    VarRules,
    worst,
)
from genesis.metrics.ratios import BARS_PER_YEAR
from genesis.paper_trading.virtual_portfolio import VirtualPortfolio

_BARS_PER_DAY = 6
# Thirty days: what was missing longer ago explains nothing now.
_COVERAGE_BARS = 180
# An annual ratio that no market gives and a made-up series does: the edge monitor's bets have to stay bets against a larger one.
_REFERENCE_MOST = 40.0


class WatchRules:
    """How closely live tracks are watched."""

    __slots__ = ("drawdown", "edge", "gap", "var")

    def __init__(self) -> None:
        self.edge, self.gap, self.var, self.drawdown = EdgeRules(), GapRules(), VarRules(), DrawdownRules()


class Watch:
    """Edge of live and twin, their gap, breaches of the value at risk, and drawdown, from the moment the pair began to trade.

    Args:
        risk: what the version's paper track says that the next bar may lose.
        proven: the evidence of the reference track when capital was given: what live is held against, shrunk for the winner's curse.

    Raises:
        ValueError: evidence whose bars do not vary.
    """

    def __init__(self, rules: WatchRules, live: Track, twin: Track, risk: FilteredRisk, proven: Evidence) -> None:
        deviation = proven.deviation
        if not deviation:
            raise ValueError(f"{live.name}: expected a reference whose bars vary, found none")
        self._rules, self._live, self._twin, self._risk = rules, live, twin, risk
        self._reference = self._shrunk(proven)
        # Of the reference, whose returns are on its own capital: live has too few bars of its own.
        self._volatility = deviation * sqrt(BARS_PER_YEAR)
        self._edge = detection.EdgeMonitor(rules.edge, self._reference, deviation)
        self._twin_edge = detection.EdgeMonitor(rules.edge, self._reference, deviation)
        self._gap = detection.GapMonitor(rules.gap, deviation)
        self._var = detection.VarMonitor(rules.var)
        # Whether each of the latest bars was whole.
        self._whole: deque[bool] = deque(maxlen=_COVERAGE_BARS)
        self._told = risk.value_at_risk

    def _shrunk(self, proven: Evidence) -> float:
        shown = proven.sharpe()
        if shown is None:
            return 0.0
        shrunk = detection.shrunk_sharpe(shown[0], proven.bars / _BARS_PER_DAY, self._rules.edge.prior_deviation)
        return max(-_REFERENCE_MOST, min(shrunk, _REFERENCE_MOST))

    def refer(self, proven: Evidence) -> None:
        """Capital takes a step: the reference is what the strategy has shown until now."""
        self._reference = self._shrunk(proven)
        if proven.deviation:
            self._volatility = proven.deviation * sqrt(BARS_PER_YEAR)
        self._edge.refer(self._reference)
        self._twin_edge.refer(self._reference)

    def close_bar(self) -> None:
        """Take the bar that has just closed; a bar whose data are missing says nothing."""
        live, twin = _bar_return(self._live), _bar_return(self._twin)
        self._whole.append(live is not None and twin is not None)
        if live is None or twin is None:
            return
        self._edge.add(live)
        self._twin_edge.add(twin)
        if live or twin:
            # A bar in which neither held anything compares nothing, and would make those that do look large.
            self._gap.add(live, twin)
        self._var.add(live, self._told)
        self._told = self._risk.value_at_risk

    @property
    def reference(self) -> float:
        """The annual Sharpe ratio that live is held against."""
        return self._reference

    def readings(self) -> tuple[Reading, ...]:
        """Those that decide."""
        return (self._edge.reading(), self._gap.reading(), self._var.reading(), self._drawdown())

    def _drawdown(self) -> Reading:
        drawdown = self._live.marks.current_drawdown()
        return detection.drawdown_reading(
            self._rules.drawdown, drawdown, self._volatility, self._reference, self._edge.bars
        )

    def gap(self) -> tuple[int, bool]:
        """How many bars live and twin have been compared over, and whether the gap between them is in alarm."""
        return self._gap.bars, self._gap.reading().level is Level.ALARM

    def mean_gap(self) -> MeanGap:
        """Live minus twin, a fraction of equity a bar."""
        return self._gap.mean_gap()

    def finding(self) -> Finding:
        """Lost edge, worse execution or bad data."""
        coverage = sum(self._whole) / len(self._whole) if self._whole else 1.0
        risk = worst((self._var.reading().level, self._drawdown().level))
        edge, twin_edge, gap = (m.reading().level for m in (self._edge, self._twin_edge, self._gap))
        return detection.cause(edge, twin_edge, gap, coverage, risk=risk)


def _bar_return(track: Track) -> float | None:
    portfolio = track.portfolio
    return portfolio.bar_return if isinstance(portfolio, VirtualPortfolio) else None
