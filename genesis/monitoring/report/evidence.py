"""Evidence-bar returns from sampled equity, and what the benchmarks would have come to over the same bars."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.metrics.drawdown import DrawdownTracker
from genesis.metrics.ratios import EVIDENCE_BAR_NS, Moments, calmar, sharpe, sortino
from genesis.metrics.returns import annualised_return
from genesis.monitoring.report.values import BarReturns, Benchmark, Line
from genesis.paper_trading.verdicts import Window


def bar_returns(
    worth: Line, first: float, start_ns: int, counted: int | None = None, cut_ns: int | None = None
) -> BarReturns:
    """Return of each 4 h bar (UTC) whose both ends were sampled; ``first`` is the worth at ``start_ns``, the first bar's start.

    Args:
        worth: equity, or anything proportional to it, at the samples.
        counted: how many bars the track itself counted, to say how many are lacking.
        cut_ns: end of the bar in the middle of which the run began, which is no observation; ``None`` where it began with one.
    """
    found, ends, skipped = [], 0, 0
    before, before_ns = first, start_ns // EVIDENCE_BAR_NS * EVIDENCE_BAR_NS
    for time, value in zip(worth.times, worth.values, strict=True):
        if time % EVIDENCE_BAR_NS or value is None or time <= start_ns:
            continue
        ends += 1
        if time != cut_ns and time - before_ns == EVIDENCE_BAR_NS and before > 0:
            found.append(value / before - 1)
        else:
            skipped += 1
        before, before_ns = value, time
    return BarReturns(tuple(found), _lacking(len(found), ends, counted))


def _lacking(found: int, ends: int, counted: int | None) -> str:
    if counted is not None and counted > found:
        return f"{found:,} of {counted:,} bars have a sample at both ends; the others were not sampled at their 4 h boundaries"
    if found:
        return ""
    return "no two samples bound a whole bar" if ends else "no 4 h boundary (UTC) lies within the run"


def benchmark(name: str, tracks: Sequence[str], line: Line, window: Window, cut_ns: int | None = None) -> Benchmark:
    """A benchmark's figures from its return so far at each sample (fractions), before costs; ``cut_ns`` as of `bar_returns`.

    Its drawdown is that of the samples: what fell and rose between two of them is not in it.
    """
    worth = Line(line.times, tuple(None if v is None else 1 + v for v in line.values))
    index = [(t, v) for t, v in zip(worth.times, worth.values, strict=True) if v is not None]
    fall = DrawdownTracker()
    fall.start(window.start_ns)
    for time, value in index:
        fall.update(value, time)
    moments = Moments(bar_returns(worth, 1.0, window.start_ns, cut_ns=cut_ns).values)
    estimate = sharpe(moments)
    total = index[-1][1] - 1 if index else None
    annual = annualised_return(total, window.length_ns)
    return Benchmark(
        name=name,
        tracks=tuple(tracks),
        line=line,
        total_return=total,
        annualised_return=annual,
        sharpe=None if estimate is None else estimate.value,
        sharpe_stderr=None if estimate is None else estimate.stderr,
        sortino=sortino(moments),
        calmar=calmar(annual, fall.maximum),
        drawdown_max=fall.maximum if index else None,
        bars=moments.n,
    )


def cash(window: Window, bars: int) -> Benchmark:
    """Nothing done with the budget over ``bars`` evidence bars: return 0, no deviation, no drawdown."""
    return Benchmark(
        name="cash",
        tracks=(),
        line=Line(),
        total_return=0.0,
        annualised_return=annualised_return(0.0, window.length_ns),
        sharpe=None,
        sharpe_stderr=None,
        sortino=None,
        calmar=None,
        drawdown_max=0.0,
        bars=bars,
    )
