"""Sections that concern the whole run: what it was, how its tracks compare, and how they stand against the criteria."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from genesis.metrics.ratios import EVIDENCE_BAR_NS, SHARPE_BARS_MIN
from genesis.monitoring.report.charts import returns_chart
from genesis.monitoring.report.definitions import DEFINITIONS
from genesis.monitoring.report.tables import badge, dash, table, two
from genesis.monitoring.report.values import Benchmark, Fact, RunReport, TrackReport
from genesis.monitoring.report.wording import DASH, count, minute, money, number, percent, safe, span
from genesis.paper_trading.validation_criteria import ALWAYS_TOLD, ValidationCriteria
from genesis.paper_trading.verdicts import Mode, Status, Unit, Verdict

_GAPS_SHOWN = 20
_FACT_HEADS = ("what", "value", "meaning")


def head(report: RunReport, places: Sequence[tuple[str, str]] = ()) -> str:
    """What one must know before the first number; ``places`` are further sections for the contents."""
    return (
        f"<h1>{safe(report.name)}</h1>"
        "<p class='lead'><strong>Every fill in this report is simulated.</strong> No order reached a venue. Times are UTC. Results are net of "
        "fees and slippage unless a line says gross. A dash is an undefined value, never zero.</p>"
        f"{_warnings(report)}{_contents(report, places)}"
    )


def assumptions(report: RunReport) -> str:
    """What the run is, and what it was a function of."""
    tier = sorted({t.tier for t in report.tracks})
    length = f"{minute(report.window.start_ns)} to {minute(report.window.end_ns)} ({span(report.window.length_ns)})"
    state = (
        "the tape ended; the run is complete" if report.complete else "the tape has not ended: the run is not complete"
    )
    rows = [
        *([Fact("about", report.about, "in the words of the configuration")] if report.about else []),
        Fact("source of evidence", report.source, _source_words(report.source)),
        Fact("engine time", length, state),
        Fact("seed", report.seed, "every simulated draw is keyed by it: the same run gives the same head"),
        Fact(
            "samples",
            f"every {report.sample_every}",
            "metrics of every track, by engine time; ratios are of 4 h bars, UTC",
        ),
        Fact("tier", ", ".join(tier) or DASH, "limits by the budget of each track"),
        Fact("store", report.store, "check the chain with: genesis verify"),
    ]
    listed = [(safe(f.name), safe(f.value), safe(f.note)) for f in rows]
    listed.insert(2, ("run chain", f"{report.entries:,} entries", f"head <code>{safe(report.head)}</code>"))
    return (
        f"<h2 id='run'>The run, and what was assumed</h2>{table('', _FACT_HEADS, listed, 'facts')}"
        f"<h3>Execution profile: what is assumed of the venue</h3>{_facts(report.execution)}"
        f"<h3>Limits before every order</h3>{_facts(report.limits)}"
        f"<h3>Instruments</h3><p>{'; '.join(safe(i) for i in report.instruments) or 'none'}</p>"
        f"{_streams(report)}{_gaps(report)}"
    )


def _source_words(source: str) -> str:
    if source == "replay":
        return "recorded market data, replayed: it opens simulated venues only, and no history however good opens a real one"
    return "gathered while the process ran" if source == "live_feed" else ""


def _warnings(report: RunReport) -> str:
    found = []
    if not report.complete:
        found.append("The run is not complete: what follows is as of its last entry.")
    if any(t.synthetic for t in report.tracks):
        names = ", ".join(t.name for t in report.tracks if t.synthetic)
        found.append(f"Synthetic, told the future for demonstration, evidence of nothing: {names}.")
    found += [f"{t.name}: {s.kind.lower()} at {minute(s.time)}, {s.reason}." for t in report.tracks for s in t.stops]
    for t in report.tracks:
        if not t.sampled:
            found.append(f"{t.name}: no sample yet, nothing can be said about it.")
    short = [t.name for t in report.tracks if t.sampled and (t.metrics.whole("evidence_bars") or 0) < SHARPE_BARS_MIN]
    if short:
        found.append(f"Under {SHARPE_BARS_MIN} evidence bars (7 days), so no ratio is defined: {', '.join(short)}.")
    thin = [t for t in report.tracks if (t.metrics.fraction("exposure_mean") or 1.0) < 0.05]
    if thin:
        parts = ", ".join(f"{t.name} {percent(t.metrics.fraction('exposure_mean'))}" for t in thin)
        found.append(
            f"Mean gross exposure under 5 % of budget, so returns and drawdowns are small because little was at stake: {parts}."
        )
    if report.gaps:
        found.append(f"{len(report.gaps):,} gaps in the market data.")
    items = "".join(f"<li>{safe(f, 1000)}</li>" for f in found)
    return (
        f"<section class='warn' aria-label='Read this first'><h2>Read this first</h2><ul>{items}</ul></section>"
        if found
        else ""
    )


def _contents(report: RunReport, places: Sequence[tuple[str, str]]) -> str:
    links = [("compare", "Comparison"), ("criteria", "Criteria"), *places]
    links += [("faults", "Under faults")] if report.under_faults else []
    links += [("run", "The run, and what was assumed")]
    links += [(f"track-{i}", t.name) for i, t in enumerate(report.tracks, 1)]
    return "<nav aria-label='Contents'>" + " ".join(f"<a href='#{i}'>{safe(n)}</a>" for i, n in links) + "</nav>"


def _facts(facts: Sequence[Fact]) -> str:
    if not facts:
        return "<p class='empty'>Not recorded in this run.</p>"
    rows = [(safe(f.name), safe(f.value), safe(f.note)) for f in facts]
    return table("", _FACT_HEADS, rows, "facts")


def _streams(report: RunReport) -> str:
    if not report.streams:
        return "<h3>Streams</h3><p class='empty'>Not recorded in this run.</p>"
    rows = [
        (
            safe(s.name) + ("" if s.volume else "<br>no volume recorded: a bar's size limits no fill"),
            count(s.rows),
            f"<code>{safe(s.digest)}</code>",
        )
        for s in report.streams
    ]
    return f"<h3>Streams</h3>{table('', ('stream', 'rows', 'SHA-256 of its source'), rows, '', (1,))}"


def _gaps(report: RunReport) -> str:
    if not report.gaps:
        return "<h3>Gaps</h3><p>No gap was found in the market data.</p>"
    rows = [
        (safe(g.stream), minute(g.time_from), minute(g.time_to), span(g.time_to - g.time_from), safe(g.detail))
        for g in report.gaps[:_GAPS_SHOWN]
    ]
    more = f", the first {_GAPS_SHOWN} of {len(report.gaps):,}" if len(report.gaps) > _GAPS_SHOWN else ""
    return f"<h3>Gaps found{more}</h3>{table('', ('stream', 'from', 'to', 'length', 'detail'), rows)}"


# ---- comparison

_COLUMNS = (
    "track",
    "equity<small>net</small>",
    "total return<small>%, net</small>",
    "annual&shy;ised<small>% a year, net</small>",
    "Sharpe<small>± std. error, net</small>",
    "Sortino<small>net</small>",
    "Calmar<small>net</small>",
    "max draw&shy;down<small>% of peak, net</small>",
    "win rate<small>% of trades, net</small>",
    "trades<small>closed</small>",
    "profit factor<small>net</small>",
    "fees<small>paid</small>",
    "time in market<small>%</small>",
)


def comparison(report: RunReport) -> str:
    """Every track beside the others, buy and hold, and cash."""
    rows = [_compared(t) for t in report.tracks] + [_beside(b, report.window.length_ns) for b in report.benchmarks]
    return (
        "<section><h2 id='compare'>Comparison</h2>"
        + table(
            f"Paper, simulated fills, over {span(report.window.length_ns)}. Ratios are of 4 h bars; n is the number of bars or of closed trades. "
            "Buy and hold and cash are before costs (gross).",
            _COLUMNS,
            rows,
            "compare",
            range(1, len(_COLUMNS)),
        )
        + returns_chart(report.tracks, report.benchmarks, report.window)
        + _realism(report)
        + "</section>"
    )


_REALISM_COLUMNS = (
    "track",
    "profile",
    "equity<small>net</small>",
    "total return<small>%, net</small>",
    "max draw&shy;down<small>% of peak, net</small>",
    "Sharpe<small>± std. error, net</small>",
    "trades<small>closed</small>",
    "fills",
    "fees<small>paid</small>",
    "costs beside fees<small>bp of turnover</small>",
)


def _realism(report: RunReport) -> str:
    """Every track under the configured profile and, the same strategy on the same tape and draws, under the realistic one."""
    if not report.beside:
        return ""
    rows = []
    for track in report.tracks:
        other = report.beside.get(track.name)
        if other is not None:
            rows += [_under(track, "configured"), _under(other, "realistic")]
    return "<h3 id='realism'>Beside the profile realistic</h3>" + table(
        "The same strategy on the same data and draws, with tails of latency, impact of its own orders and the careful queue. Per order it is never filled "
        "better; as the strategy goes on from there, a whole run may still come out better by chance.",
        _REALISM_COLUMNS,
        rows,
        "compare",
        range(2, len(_REALISM_COLUMNS)),
    )


def _under(track: TrackReport, profile: str) -> tuple[str, ...]:
    m = track.metrics
    costs = [c.basis_points for c in track.costs if c.name != "fees" and c.basis_points is not None]
    return (
        safe(track.name.partition("@")[0]),
        profile,
        _or_why(track, "equity", money(m.money("equity")), track.currency),
        _or_why(track, "total_return", percent(m.fraction("total_return"))),
        _or_why(track, "drawdown_max", percent(m.fraction("drawdown_max"))),
        _or_why(
            track,
            "sharpe",
            _estimate(m.fraction("sharpe"), m.fraction("sharpe_stderr")),
            f"n {m.whole('evidence_bars') or 0:,}",
        ),
        _or_why(track, "trades", count(m.whole("trades"))),
        count(track.fill_count),
        _or_why(track, "fees", money(m.money("fees")), track.currency),
        money(sum(costs, Decimal(0))) if costs else dash("nothing was traded"),
    )


def _compared(track: TrackReport) -> tuple[str, ...]:
    m, mark = track.metrics, " " + badge("synthetic", "bad") if track.synthetic else ""
    bars, trades = m.whole("evidence_bars") or 0, m.whole("trades") or 0
    short = _too_short(bars, track.window.length_ns) if track.sampled else ""
    return (
        f"{safe(track.name)}{mark}",
        _or_why(track, "equity", money(m.money("equity")), track.currency),
        _or_why(track, "total_return", percent(m.fraction("total_return"))),
        short or _or_why(track, "annualised_return", percent(m.fraction("annualised_return"))),
        _or_why(track, "sharpe", _estimate(m.fraction("sharpe"), m.fraction("sharpe_stderr")), f"n {bars:,}"),
        _or_why(track, "sortino", number(m.fraction("sortino"))),
        short or _or_why(track, "calmar", number(m.fraction("calmar"))),
        _or_why(track, "drawdown_max", percent(m.fraction("drawdown_max"))),
        _or_why(track, "win_rate", percent(m.fraction("win_rate"), 1), f"n {trades:,}"),
        _or_why(track, "trades", count(m.whole("trades"))),
        _or_why(track, "profit_factor", number(m.fraction("profit_factor")), f"n {trades:,}"),
        _or_why(track, "fees", money(m.money("fees")), track.currency),
        _or_why(track, "time_in_market", percent(m.fraction("time_in_market"), 1)),
    )


def _too_short(bars: int, length_ns: int) -> str:
    """A dash for what would be extrapolated to a year from less than seven days; empty otherwise."""
    return dash(f"not extrapolated from {span(length_ns)}") if bars < SHARPE_BARS_MIN else ""


def _or_why(track: TrackReport, key: str, value: str, beneath: str = "") -> str:
    if not track.sampled:
        return dash("no sample")
    why = DEFINITIONS[key].undefined(track.metrics)
    return dash(why) if why else two(value, beneath)


def _estimate(value: float | None, stderr: float | None) -> str:
    return f"{number(value)} ± {number(stderr)}"


def _beside(b: Benchmark, length_ns: int) -> tuple[str, ...]:
    # By its length: a run that samples by the day has few sampled bars, however long it is.
    short = _too_short(length_ns // EVIDENCE_BAR_NS, length_ns)
    few = f"under {SHARPE_BARS_MIN} sampled bars: {b.bars}" if b.bars < SHARPE_BARS_MIN else "no deviation"

    def cell(value: float | None, shown: str, why: str, beneath: str = "") -> str:
        return dash(why) if value is None else two(shown, beneath)

    return (
        two(safe(b.name), _whose(b)),
        dash("no budget"),
        cell(b.total_return, percent(b.total_return), "no sample", "gross"),
        short or cell(b.annualised_return, percent(b.annualised_return), "no sample", "gross"),
        cell(b.sharpe, _estimate(b.sharpe, b.sharpe_stderr), few, f"n {b.bars:,}, gross"),
        cell(b.sortino, number(b.sortino), few if b.bars < SHARPE_BARS_MIN else "no losing bar", "gross"),
        short or cell(b.calmar, number(b.calmar), "no drawdown", "gross"),
        cell(b.drawdown_max, percent(b.drawdown_max), "no sample", "gross, at samples"),
        dash("no trades"),
        dash("no trades"),
        dash("no trades"),
        dash("before costs"),
        "0.0 %" if not b.line.times else "100.0 %",
    )


def _whose(b: Benchmark) -> str:
    return "" if not b.tracks else f"of {', '.join(b.tracks)}"


# ---- criteria

_CSS = {Status.PASSED: "good", Status.FAILED: "bad", Status.ERROR: "bad", Status.INCONCLUSIVE: "open"}


def criteria(report: RunReport) -> str:
    """The criteria that the run was started under, and the evidence, per track."""
    judged = [(track, report.criteria.judge_sample(track.measurements(), track.decided)) for track in report.tracks]
    parts = [_overview(judged)]
    for track, found in judged:
        counts = [(s, sum(v.status is s for v in found)) for s in reversed(Status)]
        tally = ", ".join(f"{n} {s.value.lower()}" for s, n in counts if n or s is not Status.ERROR)
        title = f"<strong>{safe(track.name)}</strong>: {tally}. Window {minute(track.window.start_ns)} to {minute(track.window.end_ns)}."
        heads = ("criterion", "measured", "threshold", "sample", "status", "in words")
        parts.append(
            table(title, heads, [_judged(v) for v in found], "criteria", (1, 2, 3))
            + _evidence(track, report.criteria_recorded)
        )
    return (
        f"<section><h2 id='criteria'>Measured against the criteria</h2><p>{_whose_criteria(report)} "
        "<strong>Reference tracks alone: a live track is never added to paper.</strong> Each criterion is judged by itself, on simulated fills over "
        f"{safe(report.source)} data, net of costs. INCONCLUSIVE: the sample is too short to say. Passing all of them is not yet evidence of an edge: it says "
        "nothing about how many strategies were tried; E does (docs/EVIDENCE.md).</p>"
        + "".join(parts)
        + "<p class='note'>Days are evidence bars over six, without the warm-up of the evidence where any was gathered. A bar of whose data more than "
        "1 % is known to be missing is no observation and counts for no day.</p></section>"
    )


def _whose_criteria(report: RunReport) -> str:
    if not report.criteria_recorded:
        return "The run recorded no criteria, so these are the defaults."
    off = _off(report.criteria)
    return "These are the criteria that the run was started under." + (f" Off: {', '.join(off)}." if off else "")


def _off(criteria: ValidationCriteria) -> list[str]:
    """Names of the keys whose criterion is not judged."""
    modes = [f for f in criteria.__struct_fields__ if f.endswith("_mode") and f in ALWAYS_TOLD]
    return [m for m in modes if getattr(criteria, m) is Mode.OFF]


def _evidence(track: TrackReport, recorded: bool) -> str:
    if track.evidence is None:
        none = "No evidence bar has closed yet." if recorded else "No evidence was recorded."
        return f"<p class='empty'>{none}</p>"
    items = "".join(f"<li>{safe(sentence, 1000)}</li>" for sentence in track.evidence.sentences())
    return f"<h3>Evidence of {safe(track.name)}</h3><ul class='evidence'>{items}</ul>"


def _overview(judged: Sequence[tuple[TrackReport, Sequence[Verdict]]]) -> str:
    """Every track's statuses and evidence at a glance; their values stand below."""
    names = [v.criterion.name for v in judged[0][1]] if judged else []
    rows = [(safe(t.name), *(badge(v.status.value, _CSS[v.status]) for v in found), *_e(t)) for t, found in judged]
    heads = ("track", *names, "E<small>of the bet</small>", "E adjusted<small>for all versions</small>")
    return table(
        "At a glance; values, thresholds and samples stand below.", heads, rows, "", (len(names) + 1, len(names) + 2)
    )


def _e(track: TrackReport) -> tuple[str, str]:
    e = track.evidence
    if e is None:
        return dash("not recorded"), dash("not recorded")
    return number(e.e_value), dash("not recorded") if e.adjusted is None else number(e.adjusted)


def _judged(v: Verdict) -> tuple[str, ...]:
    criterion = v.criterion
    words = f"missing: {v.words}" if v.missing else v.words
    mode = "" if criterion.mode is Mode.ENFORCE else "advisory: it does not count"
    return (
        two(f"<code>{safe(criterion.name)}</code>", mode),
        _valued(v.value, criterion.unit) if v.value is not None else dash("undefined"),
        f"{'at most' if criterion.at_most else 'at least'} {_valued(criterion.threshold, criterion.unit)}",
        f"{v.sample.n:,} {safe(v.sample.of)}",
        badge(v.status.value, _CSS[v.status]),
        safe(words),
    )


def _valued(value: float, unit: Unit) -> str:
    if unit is Unit.FRACTION:
        return percent(value)
    if unit is Unit.TRADES:
        return f"{value:,.0f} trades"
    if unit is Unit.DAYS:
        return f"{money(Decimal(repr(value)), 1) if value % 1 else f'{value:,.0f}'} days"
    if unit in (Unit.BARS, Unit.ALARMS):
        return f"{value:.0f} {unit.value}"
    return number(value)
