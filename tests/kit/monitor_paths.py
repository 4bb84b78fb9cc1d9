"""Monitors and comparisons over many simulated paths at once: the same recurrences as the runtime's, a column a bar."""

from __future__ import annotations

from math import sqrt

import numpy as np

from genesis.evidence.monitor_rules import EdgeRules, GapRules
from genesis.evidence.pair_rules import PairRules
from genesis.metrics.ratios import BARS_PER_YEAR, SHARPE_BARS_MIN
from tests.kit.evidence_paths import HOURS, Floats, hourly

_YEAR = sqrt(BARS_PER_YEAR)
DAY_HOURS = 24


def running_scales(
    returns: Floats, start: Floats, least: Floats, decay: float, start_bars: int | None = None
) -> Floats:
    """(paths, bars) returns over the scale known before each bar; ``start`` and ``least`` are (paths,)."""
    variance = start * start
    found = np.zeros(returns.shape)
    for bar in range(returns.shape[1]):
        change = returns[:, bar]
        found[:, bar] = change / np.maximum(np.sqrt(variance), least)
        gain = 1 - decay if start_bars is None else max(1 - decay, 1 / (start_bars + bar + 1))
        variance = (1 - gain) * variance + gain * change * change
    return found


def edge_values(returns: Floats, rules: EdgeRules, reference: float, deviation: float) -> Floats:
    """(paths, bars) M of `EdgeMonitor`, without the cap that only acts far above the alarm."""
    every = np.full(len(returns), deviation)
    scaled = running_scales(returns, every, rules.floor * every, rules.decay)
    shift = max(reference - rules.sharpe_bad, rules.shift_min) / _YEAR
    bets = np.minimum(np.array(rules.bets) * shift, rules.bet_cap)
    parts = np.zeros((len(returns), len(bets)))
    found = np.zeros(returns.shape)
    for bar in range(returns.shape[1]):
        factors = 1 - np.minimum(bets * scaled[:, bar, None], rules.lose_most) + bets * reference / _YEAR
        parts = np.minimum((1 + parts) * factors, 10 * rules.arl_alarm_years * BARS_PER_YEAR)
        found[:, bar] = parts.mean(axis=1)
    return found


def gap_values(gaps: Floats, rules: GapRules, deviation: float) -> Floats:
    """(paths, bars) W of `GapMonitor`."""
    every = np.full(len(gaps), deviation)
    scaled = running_scales(gaps, rules.start * every, rules.floor * every, rules.decay, rules.start_bars)
    counted = np.clip(scaled, -rules.clip, rules.clip)
    bad = -rules.shift / _YEAR
    level = np.zeros(len(gaps))
    found = np.zeros(gaps.shape)
    for bar in range(gaps.shape[1]):
        level = np.maximum(0.0, level + bad * (counted[:, bar] - bad / 2))
        found[:, bar] = level
    return found


def pair_values(gaps: Floats, rules: PairRules) -> tuple[Floats, Floats]:
    """(paths, bars) E of `Pair` for better and for worse, of differences none of which is 0."""
    warm = rules.warmup_bars
    deviation = gaps[:, :warm].std(axis=1, ddof=1)
    scaled = running_scales(gaps[:, warm:], deviation, rules.floor * deviation, rules.decay)
    found = []
    for sign in (1, -1):
        wealths = np.ones((len(gaps), len(rules.bets)))
        values = np.ones(gaps.shape)
        for bar in range(scaled.shape[1]):
            counted = np.minimum(sign * scaled[:, bar], rules.clip)
            wealths *= np.maximum(0.0, 1 + np.array(rules.bets) * counted[:, None])
            now = wealths.mean(axis=1)
            wealths *= np.where(now > rules.cap, rules.cap / np.maximum(now, 1e-300), 1.0)[:, None]
            values[:, warm + bar] = wealths.mean(axis=1)
        found.append(values)
    return found[0], found[1]


def given_alone(seed: int, paths: int, days: int, skewed: bool) -> Floats:
    """(paths,) whether a strategy without edge meets the five given criteria after any trade; a trade an hour, GARCH, autocorrelation .05.

    100 trades, 42 evidence bars, Sharpe 1.5 of these, drawdown 10 %, 55 % of trades won, judged with the figures as they stand at each trade.
    """
    ones = np.ones(paths)
    equity, peak, opened, deepest = ones.copy(), ones.copy(), ones.copy(), 0 * ones
    wins, sums, squares, ratio = 0 * ones, 0 * ones, 0 * ones, 0 * ones
    met = np.zeros(paths, dtype=bool)
    ratios = np.zeros(days * DAY_HOURS)
    for hour, change in enumerate(hourly(seed, paths, ratios, 0.05, skewed=skewed), 1):
        equity = equity * (1 + change[:, 0])
        peak = np.maximum(peak, equity)
        deepest = np.maximum(deepest, 1 - equity / peak)
        wins += change[:, 0] > 0
        bars, rest = divmod(hour, HOURS)
        if not rest:
            bar = equity / opened - 1
            sums, squares, opened = sums + bar, squares + bar * bar, equity
            if bars > 1:
                mean = sums / bars
                ratio = mean / np.sqrt((squares - bars * mean * mean) / (bars - 1)) * _YEAR
        if hour >= 100 and bars >= SHARPE_BARS_MIN:
            met |= (ratio >= 1.5) & (deepest <= 0.10) & (wins >= 0.55 * hour)
    return met.astype(float)


def changing(seed: int, paths: int, before: float, after: float, change_day: int, days: int) -> Floats:
    """(paths, bars) 4 h returns whose annual Sharpe ratio changes on a day; fat tails, GARCH, autocorrelation .05."""
    ratios = np.where(np.arange(days * DAY_HOURS) < change_day * DAY_HOURS, before, after)
    found = np.zeros((paths, days * DAY_HOURS // HOURS))
    for hour, change in enumerate(hourly(seed, paths, ratios, 0.05)):
        found[:, hour // HOURS] += change[:, 0]
    return found


def differences(
    seed: int, paths: int, days: int, ratios: tuple[float, float], correlation: float, phi: float
) -> Floats:
    """(paths, bars) 4 h returns of the second of two variants less the first's."""
    found = np.zeros((paths, days * DAY_HOURS // HOURS))
    means = np.tile(np.array(ratios), (days * DAY_HOURS, 1))
    for hour, change in enumerate(hourly(seed, paths, means, phi, 2, correlation)):
        found[:, hour // HOURS] += change[:, 1] - change[:, 0]
    return found


def ramped(values: Floats, alpha_live: float = 0.10, level: float = 0.05, dwell_bars: int = 18) -> Floats:
    """(paths, bars) capital fraction under E: 10 % from E >= 1 / alpha_live, then steps of 10 % up to level x E, one a dwell; down at once.

    Down when level x E falls under half of the fraction: to the highest step it allows, or to nothing.
    """
    found = np.zeros(values.shape)
    fraction, since = np.zeros(len(values)), np.full(len(values), dwell_bars)
    for bar in range(values.shape[1]):
        allowed = level * values[:, bar]
        enters = (fraction == 0) & (values[:, bar] >= 1 / alpha_live)
        rises = (fraction > 0) & (since >= dwell_bars) & (fraction < 0.95) & (allowed >= fraction + 0.1 - 1e-9)
        falls = (fraction > 0) & (allowed < fraction / 2)
        stepped = np.where(enters, 0.1, np.where(rises, fraction + 0.1, fraction))
        fraction = np.where(falls, np.minimum(np.floor(allowed * 10 + 1e-9) / 10, stepped), stepped)
        since = np.where(enters | rises | falls, 0, since + 1)
        found[:, bar] = fraction
    return found


def seldom(seed: int, paths: int, bars: int, share: float, annual_sharpe: float, deviation: float) -> Floats:
    """(paths, bars) returns that are 0 but in a ``share`` of bars, there Student t of 4 degrees; their deviation and Sharpe ratio are over all bars."""
    chance = np.random.default_rng(seed)
    moves = chance.random((paths, bars)) < share
    drawn = chance.standard_t(4, (paths, bars)) / sqrt(2) / sqrt(share)
    return np.asarray(np.where(moves, deviation * (drawn + annual_sharpe / _YEAR / share), 0.0))


def years_between(values: Floats, level: float) -> tuple[float, float]:
    """Mean years to the first alarm, all time watched over alarms (a censored exponential), and its standard error."""
    reached = values >= level
    times = np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, values.shape[1])
    alarms = max(float(reached.any(axis=1).sum()), 1.0)
    years = float(times.sum()) / BARS_PER_YEAR / alarms
    return years, years / sqrt(alarms)
