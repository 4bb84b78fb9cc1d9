"""Error rates and delays of the shipped statistics, by simulation (M1 to M16 of the design): measured against their bounds, and as a table.

``python -m tests.kit.acceptance`` measures all of it (minutes) and writes the table into docs/EVIDENCE.md.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np

from genesis.clock import NS_PER_DAY
from genesis.evidence.alarm_times import threshold_for
from genesis.evidence.detection import EdgeMonitor, GapMonitor, VarMonitor
from genesis.evidence.families import closed_adjustment
from genesis.evidence.futility import Futility
from genesis.evidence.gathering import Evidence
from genesis.evidence.hedging import HedgedEvidence
from genesis.evidence.monitor_rules import EdgeRules, GapRules, VarRules
from genesis.evidence.pair_rules import PairRules
from genesis.evidence.pairs import Pair
from genesis.evidence.rules import BettingRules, FutilityRules, HedgeRules, Source
from genesis.evidence.stress import StressedEvidence
from genesis.metrics.ratios import BARS_PER_YEAR as YEAR
from genesis.metrics.ratios import Moments
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Window, overall
from tests.kit.evidence_paths import ANNUAL_VOLATILITY, Floats, closed, e_values, four_hour_returns
from tests.kit.monitor_paths import (
    changing,
    differences,
    edge_values,
    gap_values,
    given_alone,
    pair_values,
    ramped,
    years_between,
)

BETS, PAIR = BettingRules(), PairRules()
BARS_A_DAY = 6
MONTH, QUARTER = 30 * BARS_A_DAY, 90 * BARS_A_DAY
DEVIATION = ANNUAL_VOLATILITY / sqrt(YEAR)
CHANGE_DAY = 120
PAGE = Path(__file__).parents[2] / "docs" / "EVIDENCE.md"
Tools = tuple[Evidence, HedgedEvidence, StressedEvidence, Futility, EdgeMonitor, GapMonitor, VarMonitor, Pair]
BEGIN, END = "<!-- acceptance: begin -->\n", "<!-- acceptance: end -->\n"


@dataclass(frozen=True)
class Measured:
    """``value`` of ``n`` cases with its standard error, and the bounds it has to lie in; ``form`` prints it."""

    what: str
    value: float
    stderr: float
    low: float
    high: float
    n: int
    form: str = "{:.1%}"

    def within(self, stderrs: float = 0.0) -> bool:
        """Whether it lies in its bounds, widened by so many standard errors."""
        return self.low - stderrs * self.stderr <= self.value <= self.high + stderrs * self.stderr

    @property
    def bounds(self) -> str:
        """The bounds in words."""
        low, high = self.form.format(self.low), self.form.format(self.high)
        return f"at most {high}" if self.low <= 0 else f"at least {low}" if self.high == np.inf else f"{low} to {high}"


def _rate(what: str, hits: Floats, low: float, high: float) -> Measured:
    p, n = float(hits.mean()), len(hits)
    return Measured(what, p, sqrt(max(p * (1 - p), 1 / n) / n), low, high, n)


def _median_days(what: str, days: Floats, high: float) -> Measured:
    """Of finite delays; the error of a median by its order statistics."""
    n, ordered = len(days), np.sort(days)
    half = 0.5 * sqrt(n)
    low_at, high_at = max(0, int(n / 2 - half)), min(n - 1, int(n / 2 + half))
    stderr = float(ordered[high_at] - ordered[low_at]) / 2
    return Measured(what, float(np.median(days)), stderr, 0, high, n, "{:.1f} d")


def ever(values: Floats, level: float) -> Floats:
    """(...,) 1 where a path reaches ``level`` at any bar."""
    return np.asarray((values.max(axis=-1) >= level).astype(float))


def first(values: Floats, level: float) -> Floats:
    """(paths,) bars until ``level`` is reached, infinite where it is not."""
    reached = values >= level
    return np.where(reached.any(axis=1), reached.argmax(axis=1) + 1.0, np.inf)


def m1(n: int) -> Measured:
    """The given criteria alone, symmetric fat tails."""
    return _rate("five criteria alone, no edge, fat tails, 30 d: ever met", given_alone(101, n, 30, False), 0.17, 0.22)


def m2(n: int) -> Measured:
    """The given criteria alone, many small wins."""
    return _rate("the same, 65 % wins and larger losses", given_alone(102, n, 30, True), 0.70, 0.77)


def m3(n: int) -> Measured:
    """A month without edge."""
    return _rate(
        "E >= 10 without edge, 30 d", ever(e_values(four_hour_returns(103, n, MONTH), BETS), 10)[:, 0], 0, 0.05
    )


def m4(n: int) -> Measured:
    """A year without edge."""
    return _rate(
        "E >= 10 without edge, 365 d", ever(e_values(four_hour_returns(104, n, YEAR), BETS), 10)[:, 0], 0, 0.13
    )


def _family(seed: int, n: int, bars: int, level: float, correlation: float, skewed: bool) -> Floats:
    returns = four_hour_returns(seed, n, bars, members=20, correlation=correlation, skewed=skewed)
    hits = [
        ever(closed(np.moveaxis(e_values(part, BETS), 1, 2)).max(axis=2), level)
        for part in np.array_split(returns, max(1, n // 100))
    ]
    return np.concatenate(hits)


def m5(n: int) -> Measured:
    """The worst of three correlations and two tails: any of twenty without edge."""
    cases = [(c, s) for c in (0.0, 0.5, 0.9) for s in (False, True)]
    rates = [_family(105 + i, n, MONTH, 20, c, s) for i, (c, s) in enumerate(cases)]
    return _rate("any of 20 without edge adjusted to E >= 20, 30 d, worst of six", max(rates, key=np.mean), 0, 0.05)


def m6(n: int) -> Measured:
    """A year of twenty."""
    return _rate("any of 20 without edge adjusted to E >= 10, 365 d", _family(112, n, YEAR, 10, 0.5, False), 0, 0.145)


def m7(n: int) -> Measured:
    """Power, at the bound of the design."""
    rules = BettingRules(bound_deviations=8.0)
    hits = ever(e_values(four_hour_returns(113, n, QUARTER, 8.0, 0.0), rules), 10)[:, 0]
    return _rate("Sharpe 8 reaches E >= 10 in 90 d, loss bound of 8 deviations", hits, 0.90, 1)


def m8(n: int) -> tuple[Measured, Measured]:
    """Capital on a strategy without edge."""
    share = ramped(e_values(four_hour_returns(114, n, YEAR), BETS)[:, 0])
    full = _rate("no edge ever holds 100 % of its capital, 365 d", ever(share, 0.999), 0, 0.065)
    means = share.mean(axis=1)
    return full, Measured(
        "mean capital share without edge", float(means.mean()), float(means.std()) / sqrt(n), 0, 0.05, n
    )


ONE_YEAR = EdgeRules(arl_warn_years=0.5, arl_alarm_years=1.0, sharpe_bad=-1.0)


def m9(n: int) -> Measured:
    """Mean time between false alarms: all time watched over alarms, the estimate for a censored exponential."""
    bars = 3 * YEAR
    values = edge_values(changing(115, n, 2.0, 2.0, 0, bars // BARS_A_DAY), ONE_YEAR, 2.0, DEVIATION)
    years, stderr = years_between(values, YEAR)
    return Measured(
        "edge monitor set to 1 y: between false alarms at Sharpe 2", years, stderr, 0.9, np.inf, n, "{:.2f} y"
    )


def _delays(values: Floats, level: float, change_day: int) -> Floats:
    """(some,) days from the change to the alarm, of paths that had not alarmed before."""
    times = first(values, level) - change_day * BARS_A_DAY
    return np.asarray(times[times > 0] / BARS_A_DAY)


def m10(n: int) -> Measured:
    """An edge of 2 that becomes -1."""
    values = edge_values(changing(116, n, 2.0, -1.0, CHANGE_DAY, CHANGE_DAY + 400), ONE_YEAR, 2.0, DEVIATION)
    return _median_days("Sharpe 2 to -1: median delay of the edge monitor", _delays(values, YEAR, CHANGE_DAY), 75)


def m11(n: int) -> Measured:
    """An edge of 5 that becomes -5."""
    rules = EdgeRules(arl_warn_years=0.5, arl_alarm_years=1.0, sharpe_bad=-5.0)
    values = edge_values(changing(117, n, 5.0, -5.0, CHANGE_DAY, CHANGE_DAY + 120), rules, 5.0, DEVIATION)
    return _median_days("Sharpe 5 to -5: median delay of the edge monitor", _delays(values, YEAR, CHANGE_DAY), 25)


def m12(n: int) -> Measured:
    """Two basis points a trade worse, twenty trades a day, on a gap that varies by 0.2 % a day."""
    rules = GapRules(arl_alarm_years=1.0)
    gaps = 0.002 / sqrt(BARS_A_DAY) * np.random.default_rng(118).standard_normal((n, 90 * BARS_A_DAY))
    gaps[:, 30 * BARS_A_DAY :] -= 20 * 0.0002 / BARS_A_DAY
    values = gap_values(gaps, rules, DEVIATION)
    return _median_days(
        "fills 2 bp a trade worse, 20 trades a day: median delay of the gap monitor set to 1 y",
        _delays(values, threshold_for(rules.shift, 1.0), 30),
        5,
    )


def m13(n: int) -> Measured:
    """Variants that are equally good."""
    up, down = pair_values(differences(119, n, 365, (3.0, 3.0), 0.5, 0.1), PAIR)
    return _rate("equal variants: a difference shown in 365 d", ever((up + down) / 2, 20), 0, 0.065)


def m14(n: int) -> Measured:
    """Sharpe 3 beside 1."""
    up, down = pair_values(differences(120, n, 365, (1.0, 3.0), 0.97, 0.0), PAIR)
    return _median_days(
        "Sharpe 3 beside 1, correlation .97: median time to a decision", first((up + down) / 2, 20) / BARS_A_DAY, 70
    )


STREAMS_LONGEST = 60


def m15(n: int) -> Measured:
    """Streams with gaps: kept, taken up again from a snapshot, and recomputed by columns; how many disagree anywhere."""
    chance = np.random.default_rng(121)
    returns = DEVIATION * chance.standard_normal((n, STREAMS_LONGEST))
    others = DEVIATION * chance.standard_normal((n, STREAMS_LONGEST))
    present = chance.random((n, STREAMS_LONGEST)) < 0.9
    cuts = chance.integers(0, STREAMS_LONGEST, n)
    wrong = sum(_disagrees(r[p], o[p], int(c)) for r, o, p, c in zip(returns, others, present, cuts, strict=True))
    return Measured(
        "streams with gaps where bar by bar, from a snapshot, and in columns disagree",
        float(wrong),
        0,
        0,
        0,
        n,
        "{:.0f}",
    )


def _disagrees(returns: Floats, others: Floats, cut: int) -> bool:
    kept, restored = _everything(), _everything()
    pairs = list(zip(returns.tolist(), others.tolist(), strict=True))
    _feed(kept, pairs[:cut])
    pair: Any
    for pair in zip(restored, kept, strict=True):
        pair[0].load(pair[1].save())
    _feed(kept, pairs[cut:])
    _feed(restored, pairs[cut:])
    for pair in zip(kept, restored, strict=True):
        if pair[0].save() != pair[1].save():
            return True
    return not np.allclose(_read(kept), _columns(returns, others), rtol=1e-11, atol=1e-12)


def _everything() -> Tools:
    return (
        Evidence(BETS, Source.REPLAY),
        HedgedEvidence(HedgeRules(), BETS),
        StressedEvidence(BETS, Source.REPLAY),
        Futility(FutilityRules(), DEVIATION),
        EdgeMonitor(EdgeRules(), 3.0, DEVIATION),
        GapMonitor(GapRules(), DEVIATION),
        VarMonitor(VarRules()),
        Pair(PAIR),
    )


def _feed(
    tools: Tools,
    bars: list[tuple[float, float]],
) -> None:
    evidence, hedged, stressed, futility, edge, gap, var, pair = tools
    for one, other in bars:
        evidence.add(one)
        hedged.add(one, other)
        stressed.add(one, 1e-5)
        futility.add(one)
        edge.add(one)
        gap.add(one, other)
        var.add(one, 2 * DEVIATION)
        pair.add(one, other, 1)


def _read(
    tools: Tools,
) -> list[float]:
    evidence, _, stressed, _, edge, gap, var, pair = tools
    values = [evidence.e_value, stressed.e_value, evidence.deviation or 0.0, edge.value, gap.value]
    return [*values, float(var.breaches), pair.up, pair.down, pair.mean()[0]]


def _columns(returns: Floats, others: Floats) -> list[float]:
    gaps = (returns - others)[None, :]
    up, down = pair_values(gaps, PAIR)
    e, stressed = (e_values(r[None, :], BETS)[0, -1] for r in (returns, returns - 0.5e-5))
    edge, gap = (
        edge_values(returns[None, :], EdgeRules(), 3.0, DEVIATION)[0, -1],
        gap_values(gaps, GapRules(), DEVIATION)[0, -1],
    )
    breaches = float((returns < -2 * DEVIATION).sum())
    return [e, stressed, float(returns.std(ddof=1)), edge, gap, breaches, up[0, -1], down[0, -1], float(gaps.mean())]


def m16(n: int) -> Measured:
    """A decision over twenty variants of ``n`` returns each: restore, adjust, judge five criteria; the 99th percentile of 200."""
    evidence, moments = Evidence(BETS, Source.REPLAY), Moments()
    for change in (DEVIATION * np.random.default_rng(122).standard_normal(n)).tolist():
        evidence.add(change)
        moments.add(change)
    state, spent = evidence.save(), []
    for _ in range(200):
        begun = time.perf_counter()
        _decide(state, n)
        spent.append(1000 * (time.perf_counter() - begun))
    value = float(np.quantile(spent, 0.99))
    return Measured(
        f"decision over 20 variants of {n:,} returns from a cold start, 99th percentile",
        value,
        0,
        0,
        1000,
        200,
        "{:.1f} ms",
    )


def _decide(state: tuple[float, ...], bars: int) -> None:
    values = []
    for _ in range(20):
        evidence = Evidence(BETS, Source.REPLAY)
        evidence.load(state)
        values.append(evidence.e_value)
        found = evidence.sharpe()
        sharpe, stderr = (found[0], found[1]) if found else (None, None)
        measured = Measurements(
            window=Window(0, NS_PER_DAY),
            trades=bars,
            bars=bars,
            sharpe=sharpe,
            sharpe_stderr=stderr,
            drawdown_max=0.05,
            win_rate=0.5,
        )
        overall(ValidationCriteria().judge(measured))
    closed_adjustment(values)


# Cases of the whole measurement; the fast suite takes fewer.
FULL: tuple[tuple[str, Callable[[int], Measured | tuple[Measured, ...]], int], ...] = (
    ("M1", m1, 4000),
    ("M2", m2, 4000),
    ("M3", m3, 1000),
    ("M4", m4, 1000),
    ("M5", m5, 1000),
    ("M6", m6, 400),
    ("M7", m7, 1000),
    ("M8", m8, 2000),
    ("M9", m9, 1500),
    ("M10", m10, 1500),
    ("M11", m11, 1500),
    ("M12", m12, 1500),
    ("M13", m13, 1000),
    ("M14", m14, 400),
    ("M15", m15, 10_000),
    ("M16", m16, 1_000_000),
)


def results(name: str, measure: Callable[[int], Measured | tuple[Measured, ...]], n: int) -> list[tuple[str, Measured]]:
    """What a measurement gave, with its name; some give two."""
    found = measure(n)
    return [(name, one) for one in (found if isinstance(found, tuple) else (found,))]


def table(rows: list[tuple[str, Measured]]) -> str:
    """The rows as Markdown."""
    lines = ["| | what | cases | measured | bound |", "|---|---|---|---|---|"]
    for name, row in rows:
        lines.append(f"| {name} | {row.what} | {row.n:,} | {row.form.format(row.value)} | {row.bounds} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure everything, print it as it comes, and write the page."""
    rows: list[tuple[str, Measured]] = []
    for name, measure, n in FULL:
        begun = time.perf_counter()
        rows += results(name, measure, n)
        print(
            f"{name}: {rows[-1][1].form.format(rows[-1][1].value)} in {time.perf_counter() - begun:.0f} s", flush=True
        )
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    PAGE.write_text(head + BEGIN + table(rows) + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
