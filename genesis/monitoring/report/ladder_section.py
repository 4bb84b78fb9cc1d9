"""The capital ladder on the page: where every version stands and why, live beside its twin, A/B tests, and what persons commanded."""

from __future__ import annotations

from collections.abc import Callable

from genesis.clock import NS_PER_DAY, NS_PER_MS, NS_PER_SECOND
from genesis.monitoring.report.definitions import GROUPS
from genesis.monitoring.report.ladder_charts import EVIDENCE_DRAWN, beside_chart, climb_chart, trial_chart
from genesis.monitoring.report.ladder_values import Beside, Climb, Ladder, Trial, Watched
from genesis.monitoring.report.tables import badge, dash, table, two
from genesis.monitoring.report.values import Metrics
from genesis.monitoring.report.wording import DASH, count, exact, minute, money, number, percent, safe, span
from genesis.paper_trading.comparison import PARTS, OfBars, Side, SideBySide
from genesis.paper_trading.verdicts import Window

_DRAWN = 6
_MISSING_SHOWN = 3
_CSS = {"LIVE": "good", "STABLE": "good", "VALIDATED": "good", "PAPER": "open", "DRAFT": "open"}
_LEVELS = {"CALM": "good", "WARN": "open", "ALARM": "bad"}
_STANDINGS = {"BETTER": "good", "WORSE": "bad"}
_SYNTHETIC = badge("synthetic", "bad")


def links(ladder: Ladder | None) -> list[tuple[str, str]]:
    """Places on the page, for its contents."""
    if ladder is None:
        return []
    found = [("promotion", "Promotion")]
    found += [("beside", "Live beside paper")] if ladder.beside else []
    return found + ([("trials", "A/B tests")] if ladder.trials else [])


def section(ladder: Ladder | None, window: Window) -> str:
    """All sections of the ladder; nothing where no ladder was on."""
    if ladder is None:
        return ""
    return _promotion(ladder, window) + _all_beside(ladder) + _trials(ladder, window)


# ---- promotion


def _promotion(ladder: Ladder, window: Window) -> str:
    words = "".join(f"<li>{safe(w, 1000)}</li>" for w in ladder.guarantees)
    drawn = sorted((c for c in ladder.climbs if c.highest > 0), key=lambda c: -c.highest)
    left = len(drawn) - _DRAWN
    more = (
        f"<p class='note'>{left} further versions held capital and are not drawn; their moves are in the table.</p>"
        if left > 0
        else ""
    )
    return (
        "<section><h2 id='promotion'>Promotion</h2>"
        "<p>Every version's place on the capital ladder, decided by rules at the close of evidence bars and written down before it is done. "
        "<strong>Live means a second simulated venue with assumptions of its own: no real money moves.</strong> A capital fraction is of the strategy's budget.</p>"
        f"<h3>What the profile {safe(ladder.profile)} lets through, and what it guarantees</h3><ul>{words}</ul>"
        f"<h3>Where every version stands</h3>{_standings(ladder)}"
        + (f"<p class='note'>{EVIDENCE_DRAWN}</p>" if drawn else "")
        + "".join(climb_chart(c, window) for c in drawn[:_DRAWN])
        + more
        + _moves(ladder)
        + _commands(ladder)
        + "</section>"
    )


def _standings(ladder: Ladder) -> str:
    if not ladder.climbs:
        return "<p class='empty'>No decision yet.</p>"
    rows = [
        (
            _named(c.version, c.synthetic),
            badge(c.stage, _CSS.get(c.stage, "bad")) + (" " + badge("forced", "open") if c.forced else ""),
            percent(float(c.fraction), 0),
            two(number(c.e_counted), _parts(c)),
            count(c.attempt),
            _missing(c),
        )
        for c in ladder.climbs
    ]
    heads = ("version", "stage", "capital", "E that decides", "attempt", "what is missing, or why it stands there")
    return table("At the last look at each.", heads, rows, "ladder", (2, 3, 4))


def _parts(c: Climb) -> str:
    """Of which two it is the smaller."""
    return "" if c.e_residual is None else f"raw {number(c.e_adjusted)}, hedged {number(c.e_residual)}"


def _missing(c: Climb) -> str:
    # Where nothing is missing any more, the last move says why it stands there.
    found = c.missing or (c.moves[-1].reasons if c.moves else ())
    parts = [safe(m) for m in found[:_MISSING_SHOWN]] or ["nothing"]
    if c.call:
        parts.append(f"<strong>a person is called: {safe(c.call)}</strong>")
    return "<br>".join(parts)


def _moves(ladder: Ladder) -> str:
    moved = sorted((m.time, i, c, m) for i, c in enumerate(ladder.climbs) for m in c.moves)
    if not moved:
        return "<h3>Every move</h3><p>None: every version is where it began.</p>"
    rows = [
        (
            minute(time),
            _named(c.version, c.synthetic),
            safe(m.move.replace("_", " ")) + (" " + badge("forced", "open") if m.forced else ""),
            f"{safe(m.stage_before)} → {safe(m.stage_after)}",
            f"{percent(float(m.before), 0)} → {percent(float(m.after), 0)}",
            safe("; ".join(m.reasons), 300),
        )
        for time, _, c, m in moved
    ]
    heads = ("at", "version", "move", "stage", "capital", "because")
    return f"<h3>Every move <span class='n'>({len(rows):,})</span></h3>" + table("", heads, rows, "trades moves", (4,))


def _commands(ladder: Ladder) -> str:
    if not ladder.commands:
        return "<h3>Commands of persons</h3><p>None.</p>"
    rows = [
        (
            minute(c.time),
            safe(c.command),
            safe(c.target),
            safe(c.author),
            safe(c.reason),
            badge("taken" if c.taken else "refused", "good" if c.taken else "bad"),
            safe(c.words),
        )
        for c in ladder.commands
    ]
    heads = ("heard at", "command", "version", "author", "reason", "answer", "in words")
    return f"<h3>Commands of persons <span class='n'>({len(rows):,})</span></h3>" + table("", heads, rows)


def _named(name: str, synthetic: bool) -> str:
    return f"{safe(name)} {_SYNTHETIC}" if synthetic else safe(name)


# ---- live beside paper


def _all_beside(ladder: Ladder) -> str:
    if not ladder.beside:
        return ""
    return (
        "<section><h2 id='beside'>Live beside paper</h2>"
        "<p>Each live track beside its twin: the same strategy, capital and start on the paper venue. Only the venue differs, so what live earns less, "
        "the venue took. Live is never added to paper; the comparison and the criteria above are of the reference tracks alone.</p>"
        + _venue(ladder)
        + "".join(_beside(b) for b in ladder.beside)
        + "</section>"
    )


def _venue(ladder: Ladder) -> str:
    if not ladder.venue:
        return ""
    rows = [(safe(f.name), safe(f.value), safe(f.note)) for f in ladder.venue]
    return "<h3>What is assumed of the live venue</h3>" + table("", ("what", "value", "meaning"), rows, "facts sides")


def _beside(b: Beside) -> str:
    c = b.pair
    again = "" if c.attempt == 1 else f", live for the {c.attempt}. time"
    state = badge("closed", "open") if c.closed else badge("live, simulated", "good")
    numerator, _, denominator = c.share.partition("/")
    share = percent(int(numerator) / int(denominator), 0)
    return (
        f"<h3>{_named(c.strategy, c.synthetic)}{again} {state}</h3>"
        f"<p>{minute(c.start_ns)} to {minute(c.end_ns)}, {'last' if c.closed else 'now'} at {share} of the budget. {_gap_words(c)} "
        f"Decisions: {c.both:,} taken by both, {c.live_only:,} by live alone, {c.twin_only:,} by the twin alone.</p>"
        + beside_chart(c.live.track, c.indices)
        + _measures(c)
        + _attribution(c)
        + _monitors(b)
        + _every_metric(c)
    )


def _gap_words(c: SideBySide) -> str:
    gap = c.gap
    text = f"Live less twin: {number(gap.mean * 1e4, 3)} bp an evidence bar, mean of {gap.bars:,} bars in which either held something"
    if gap.low is None or gap.high is None:
        return f"{text}; too few for an interval."
    ends = f"{number(gap.low * 1e4, 3)} to {number(gap.high * 1e4, 3)}"
    meant = "live does worse" if gap.high < 0 else "live does better" if gap.low > 0 else "no difference is shown"
    return f"{text}; 95 % confidence sequence {ends}: {meant}."


def _measures(c: SideBySide) -> str:
    def sides(name: str, say_it: Callable[[Side], str]) -> tuple[str, ...]:
        return name, say_it(c.live), say_it(c.twin), ""

    def bars(name: str, say_it: Callable[[OfBars], str]) -> tuple[str, ...]:
        return name, say_it(c.live.of_bars), say_it(c.twin.of_bars), say_it(c.paper)

    rows = [
        sides("capital, paid in less returned", lambda s: money(s.capital)),
        sides("profit, net", lambda s: money(s.pnl, 4)),
        sides(
            "return, net, of the capital at each time<small>at the last sample</small>",
            lambda s: percent(Metrics(s.metrics).fraction("total_return"), 3),
        ),
        bars("return of the bars that are valid, net", lambda b: percent(b.total_return, 3)),
        bars("Sharpe ± std. error", _sharpe),
        bars("max drawdown of the bars", lambda b: percent(b.drawdown, 3)),
        sides("win rate of closed trades", lambda s: two(percent(s.win_rate, 1), f"n {s.trades:,}")),
        sides("orders sent, refused by risk", lambda s: f"{s.orders:,}, {s.refused:,}"),
        sides("fill rate by quantity", lambda s: percent(s.fill_rate, 1)),
        sides("slippage, bp a side", lambda s: number(s.slippage_bp, 3)),
        sides("costs beyond the price faced, bp a side", lambda s: number(s.cost_bp, 3)),
        sides("fees", lambda s: two(money(s.fees, 4), DASH if s.fee_bp is None else f"{s.fee_bp:.3f} bp a side")),
        sides("decision to fill, median", lambda s: _delay(s.delay_ns)),
    ]
    heads = ("measure", "live", "twin", "reference<small>whole budget, same bars</small>")
    return table(
        f"{c.live.of_bars.bars:,} evidence bars that both have; money in {safe(c.currency)}.",
        heads,
        rows,
        "facts sides",
        (1, 2, 3),
    )


def _sharpe(b: OfBars) -> str:
    if b.sharpe is None:
        return dash(f"under 42 bars: {b.bars}")
    return f"{number(b.sharpe)} ± {number(b.stderr)}"


def _delay(ns: int | None) -> str:
    if ns is None:
        return DASH
    return span(ns) if ns >= NS_PER_SECOND else f"{ns / NS_PER_MS:.1f} ms"


def _attribution(c: SideBySide) -> str:
    rows = [(name, exact(value), PARTS[name]) for name, value in c.attribution.parts()]
    rows.append(
        (
            "<strong>live less twin</strong>",
            f"<strong>{exact(c.attribution.gap)}</strong>",
            "the exact sum of the lines above",
        )
    )
    return table(
        f"Where the gap comes from, {safe(c.currency)}.", ("part", "money", "what it is"), rows, "facts sides", (1,)
    )


def _monitors(b: Beside) -> str:
    if not b.monitors:
        return "<p class='empty'>No monitor has looked at it yet.</p>"
    rows = [
        (safe(m.name), badge(m.level, _LEVELS.get(m.level, "open")), safe(m.words, 600))
        for m in b.monitors
        if m.name != "cause"
    ]
    cause = next((m for m in b.monitors if m.name == "cause"), None)
    said = table(f"Monitors at {minute(b.watched_ns)}.", ("monitor", "level", "in words"), rows, "sides")
    return said + _cause(cause)


def _cause(cause: Watched | None) -> str:
    return "" if cause is None else f"<p><strong>All of them together:</strong> {safe(cause.words, 600)}</p>"


def _every_metric(c: SideBySide) -> str:
    live, twin = Metrics(c.live.metrics), Metrics(c.twin.metrics)
    if not live.values or not twin.values:
        return ""
    rows = []
    for _, definitions in GROUPS:
        for d in definitions:
            cells = [dash(why) if (why := d.undefined(m)) else d.shown(m) for m in (live, twin)]
            rows.append((d.label, *cells))
    return (
        "<details><summary>Every metric of both, at their last sample</summary>"
        + table("", ("metric", "live", "twin"), rows, "facts", (1, 2))
        + "</details>"
    )


# ---- A/B tests


def _trials(ladder: Ladder, window: Window) -> str:
    if not ladder.trials:
        return ""
    return (
        "<section><h2 id='trials'>A/B tests</h2>"
        "<p>Variants of one strategy on the same bars and with the same luck. Only their difference is tested, so the market falls out; the answer stays valid "
        "whoever looks and how often. Champions are compared on paper.</p>"
        + "".join(_trial(t, window) for t in ladder.trials)
        + "</section>"
    )


def _trial(t: Trial, window: Window) -> str:
    state = badge(t.standing, _STANDINGS.get(t.standing, "open"))
    return f"<h3>{safe(t.experiment)} {state}</h3><p>{safe(t.words, 600)}.{_ended(t, window)}</p>" + trial_chart(t)


def _ended(t: Trial, window: Window) -> str:
    """Two that are no longer compared stand as they stood then."""
    last = t.mean.times[-1] if t.mean.times else window.end_ns
    if window.end_ns - last <= 7 * NS_PER_DAY:
        return ""
    return f" That was said last on {minute(last)}: since then the two have not been compared."
