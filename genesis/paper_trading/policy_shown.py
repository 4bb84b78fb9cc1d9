"""What one simulated version has shown, a column each: what the criteria see of it, and its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import sqrt
from typing import Any

import numpy as np

from genesis.evidence.betting import BettingProcess
from genesis.evidence.columns import Counts, Floats, WarmUp, e_values, futilities
from genesis.evidence.futility import Futility
from genesis.evidence.rules import FutilityRules
from genesis.metrics.ratios import BARS_PER_YEAR, SHARPE_BARS_MIN, Moments, sharpe
from genesis.metrics.returns import NO_DEVIATION
from genesis.metrics.trades import breakeven_rate
from genesis.paper_trading.policy_values import BAR_NS, BARS_A_DAY, BEGIN_NS, Policy
from genesis.paper_trading.validation_criteria import ONE_SIDED_95, DrawdownLimit, SharpeUse, ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Mode, Window

# Risk flattens a track at this part of its loss bound.
CUT_AT = 0.8
_FAILED, _OPEN, PASSED, _NONE_ENFORCED = 0, 1, 2, 3


def time_of(bar: int) -> int:
    """Engine time at which a bar closes; bar -1 is the begin."""
    return BEGIN_NS + (bar + 1) * BAR_NS


class Shown:
    """What one version has shown from a bar on, a column each: trades and wins so far, deepest fall, Sharpe ratio, evidence, and what the criteria make of it.

    Args:
        first: the bar after which it begins.
        equity: after each trade, from 1.
        won: whether each trade won.
        trades: closed by the end of each bar.
        start: equity at the begin.
    """

    __slots__ = (
        "_gained",
        "codes",
        "deviation",
        "e",
        "fall",
        "first",
        "futility",
        "ratio",
        "ratio_error",
        "returns",
        "trades",
        "warmup",
        "wins",
    )

    def __init__(self, policy: Policy, first: int, start: float, equity: Floats, won: Counts, trades: Counts) -> None:
        path = np.concatenate([[start], equity])
        change = np.diff(path)
        # What the trades up to each bar have won, and lost.
        self._gained = tuple(
            np.concatenate([[0.0], np.cumsum(change * side)])[trades] for side in (change > 0, change < 0)
        )
        self.first, self.trades = first, trades
        self.wins = np.concatenate([[0], np.cumsum(won)])[trades]
        self.fall = _falls(path, trades, policy.criteria.window_bars)
        ends = path[trades]
        self.returns: Floats = ends / np.concatenate([[start], ends[:-1]]) - 1
        self.deviation = _deviations(self.returns)
        self.ratio = _ratios(self.returns, self.deviation)
        self.ratio_error = _ratio_errors(self.returns) if policy.criteria.sharpe_use is SharpeUse.LOWER_BOUND else None
        warm = WarmUp(policy.betting, 1)
        for bar in range(len(self.returns)):
            warm.add(self.returns[bar : bar + 1])
            if warm.begun[0]:
                break
        self.warmup = int(warm.bars[0])
        if warm.begun[0]:
            cut = -CUT_AT * warm.bound[0]
            self.returns[self.warmup :] = np.maximum(self.returns[self.warmup :], cut)
        self.e = self.futility = np.ones(0)
        self.codes = _codes(policy.criteria, self)

    def at(self, bar: int) -> int:
        """The place of a bar in the columns."""
        return bar - self.first - 1

    def breakeven(self, i: int) -> float | None:
        """The share of trades up to a place that has to win so that nothing is lost."""
        wins, (won, lost) = int(self.wins[i]), (x[i] for x in self._gained)
        return breakeven_rate(wins, Decimal(float(won)), int(self.trades[i]) - wins, Decimal(float(lost)))

    def least_wins(self, criteria: ValidationCriteria) -> Floats:
        """What each bar's win rate is held against."""
        return np.array([criteria.least_wins(self.breakeven(i)) for i in range(len(self.trades))])

    def most_fall(self, criteria: ValidationCriteria) -> Floats:
        """What each bar's drawdown is held against."""
        if criteria.drawdown_limit is DrawdownLimit.ABSOLUTE:
            return np.full(len(self.trades), float(criteria.max_drawdown))
        bars = range(self.first + 1, self.first + 1 + len(self.trades))
        return np.array([criteria.most_fall(self.measured(bar)) for bar in bars])

    def measured(self, bar: int) -> Measurements:
        """What the criteria judge at a bar."""
        i = self.at(bar)
        bars, trades = i + 1, int(self.trades[i])
        ratio = float(self.ratio[i])
        error = np.nan if self.ratio_error is None else float(self.ratio_error[i])
        return Measurements(
            window=Window(time_of(self.first), time_of(bar)),
            trades=trades,
            bars=bars,
            warmup_bars=min(bars, self.warmup),
            sharpe=None if np.isnan(ratio) else ratio,
            sharpe_stderr=None if np.isnan(error) else error,
            volatility=float(self.deviation[i]) * sqrt(BARS_PER_YEAR) if i else None,
            drawdown_max=float(self.fall[i]),
            win_rate=float(self.wins[i]) / trades if trades else None,
            breakeven=self.breakeven(i),
        )


def weigh_all(policy: Policy, shown: Sequence[Shown]) -> None:
    """The evidence of versions that begin at the same bar."""
    returns = np.stack([s.returns for s in shown])
    evidence, against = e_values(returns, policy.betting), futilities(returns, policy.betting, FutilityRules())
    for one, e, futility in zip(shown, evidence, against, strict=True):
        one.e, one.futility = e, futility


def weigh(policy: Policy, shown: Shown) -> None:
    """The evidence of one version, by the runtime's own processes."""
    warm = shown.returns[: shown.warmup]
    shown.e, shown.futility = np.ones(len(shown.returns)), np.ones(len(shown.returns))
    moved = Moments(warm[warm != 0].tolist()).deviation()
    if len(warm) == len(shown.returns) or not moved:
        return
    bets = BettingProcess(policy.betting, policy.betting.bound_deviations * moved, moved * moved)
    against = Futility(FutilityRules(), Moments(warm.tolist()).deviation() or moved)
    for i, change in enumerate(shown.returns[shown.warmup :].tolist(), shown.warmup):
        bets.add(change)
        against.add(change)
        shown.e[i], shown.futility[i] = bets.value, against.value


def _falls(path: Floats, trades: Counts, window: int | None) -> Floats:
    """The deepest fall of the equity at the end of each bar, over all or over the latest ``window`` bars."""
    if window is None:
        return np.asarray(np.maximum.accumulate(1 - path / np.maximum.accumulate(path))[trades])
    begins = np.concatenate([np.zeros(window, dtype=np.int64), trades])
    parts = (path[begin : end + 1] for begin, end in zip(begins, trades, strict=False))
    return np.array([(1 - part / np.maximum.accumulate(part)).max() for part in parts])


def _deviations(returns: Floats) -> Floats:
    """Standard deviation (ddof 1) of the bars so far; 0 at the first."""
    n = np.arange(1, len(returns) + 1)
    # Less their overall mean, squares cancel little.
    centred = returns - returns.mean()
    squares = np.cumsum(centred * centred) - np.cumsum(centred) ** 2 / n
    return np.asarray(np.sqrt(np.maximum(squares, 0) / np.maximum(n - 1, 1)))


def _ratios(returns: Floats, deviation: Floats) -> Floats:
    """The annual Sharpe ratio of the bars so far; nan while it is undefined."""
    n = np.arange(1, len(returns) + 1)
    mean = np.cumsum(returns) / n
    defined = (n >= SHARPE_BARS_MIN) & (deviation > NO_DEVIATION)
    return np.asarray(np.where(defined, mean / np.where(defined, deviation, 1.0), np.nan) * sqrt(BARS_PER_YEAR))


def _ratio_errors(returns: Floats) -> Floats:
    """The standard error of the annual Sharpe ratio of the bars so far, as the runtime estimates it; nan while it is undefined."""
    moments, found = Moments(), np.full(len(returns), np.nan)
    for i, change in enumerate(returns.tolist()):
        moments.add(change)
        estimate = sharpe(moments)
        if estimate is not None:
            found[i] = estimate.stderr
    return found


def _codes(criteria: ValidationCriteria, shown: Shown) -> Counts:
    """The status of the enforced criteria at every bar, by which looks are chosen; what decides is judged at the look."""
    n, trades = np.arange(1, len(shown.returns) + 1), shown.trades
    needed = criteria.min_days * BARS_A_DAY
    valid = n - np.minimum(n, shown.warmup)
    rate = shown.wins / np.maximum(trades, 1)
    least = float(criteria.min_win_rate) if criteria.win_rate_margin is None else shown.least_wins(criteria)
    most = shown.most_fall(criteria)
    ratio = shown.ratio if shown.ratio_error is None else shown.ratio - ONE_SIDED_95 * shown.ratio_error
    asked: list[tuple[Mode, Any, Any]] = [
        (criteria.trades_mode, trades >= criteria.min_trades, True),
        (criteria.days_mode, valid >= needed, True),
        (criteria.sharpe_mode, (n >= needed) & ~np.isnan(ratio), ratio >= float(criteria.min_sharpe)),
        (criteria.drawdown_mode, valid >= needed, shown.fall <= most),
        (criteria.win_rate_mode, trades >= criteria.min_trades, rate >= least),
    ]
    enforced = [(enough, met) for mode, enough, met in asked if mode is Mode.ENFORCE]
    if not enforced:
        return np.full(len(n), _NONE_ENFORCED)
    failed, open_ = np.zeros(len(n), dtype=bool), np.zeros(len(n), dtype=bool)
    for enough, met in enforced:
        failed |= enough & np.logical_not(met)
        open_ |= ~np.asarray(enough)
    if criteria.drawdown_mode is Mode.ENFORCE:
        failed |= shown.fall > most
    return np.asarray(np.where(failed, _FAILED, np.where(open_, _OPEN, PASSED)))
