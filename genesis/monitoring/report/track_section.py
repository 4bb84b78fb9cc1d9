"""One track in full: charts, costs, every metric with its definition, refusals, stops, remarks and its last trades."""

from __future__ import annotations

from decimal import Decimal

from genesis.metrics.ratios import SHARPE_BARS_MIN
from genesis.monitoring.report.charts import cost_chart, equity_chart, exposure_chart, histogram, price_chart
from genesis.monitoring.report.definitions import GROUPS, Basis, Definition, Kind, sample_words
from genesis.monitoring.report.tables import badge, table, two
from genesis.monitoring.report.values import MoneyHeld, TrackReport, Trade
from genesis.monitoring.report.wording import DASH, count, exact, minute, moment, money, number, plain, safe, span

# What a unit is a share of, or counted by.
_OF_WHAT = {
    "total_return": "of budget",
    "drawdown": "of peak",
    "drawdown_max": "of peak",
    "win_rate": "of trades",
    "expectancy": "a trade",
    "exposure_mean": "of budget",
    "time_in_market": "of time",
}
# To a year: of a short run they say next to nothing.
_EXTRAPOLATED = frozenset({"annualised_return", "calmar"})


def section(track: TrackReport, place: int) -> str:
    """The track's section; ``place`` is its number on the page."""
    mark = " " + badge("synthetic: told the future", "bad") if track.synthetic else ""
    params = ", ".join(f"{p.name} = {p.value}" for p in track.params) or "none"
    facts = (
        f"<p>Strategy <strong>{safe(track.strategy)}</strong>, version <code>{safe(track.version[:12])}</code>, parameters: {safe(params)}. "
        f"Budget {exact(Decimal(track.budget))} {safe(track.currency)}, tier {safe(track.tier)}. "
        f"Last sample {moment(track.window.end_ns)}, {span(track.window.length_ns)} after the start. "
        f"{_marked(track)}</p>"
        f"{_unvalued(track)}"
    )
    parts = [
        f"<section class='track'><h2 id='track-{place}'>{safe(track.name)}{mark}</h2>",
        facts,
        equity_chart(track),
        *(price_chart(p, track.window) for p in track.prices),
        histogram(track),
        exposure_chart(track),
        _moneys(track),
        _costs(track),
        _metrics(track),
        _refusals(track),
        _stops(track),
        _notes(track),
        _trades(track),
        "</section>",
    ]
    return "".join(parts)


def _marked(track: TrackReport) -> str:
    if not track.data:
        return "Nothing was filled."
    by_bars = "bars" in track.data
    coarse = " Bars alone are marked at their close, so drawdown within a bar is not seen." if by_bars else ""
    return f"Data behind its fills: {safe(', '.join(track.data))}.{coarse}"


def _unvalued(track: TrackReport) -> str:
    if track.unvalued is None:
        return ""
    return f"<p class='warn'>At the last sample the account could not be valued: {safe(track.unvalued)}.</p>"


def _moneys(track: TrackReport) -> str:
    """What an account of several moneys has of each, in its own currency."""
    if not track.moneys:
        return ""
    margined = any(m.wallet is not None for m in track.moneys)

    def amounts(m: MoneyHeld) -> tuple[str | None, ...]:
        return (m.budget, m.cash, m.fees, m.realized, *((m.wallet, m.funding) if margined else ()))

    rows = [
        (
            safe(m.currency),
            *(DASH if text is None else two(exact(Decimal(text)), m.currency) for text in amounts(m)),
        )
        for m in track.moneys
    ]
    did = track.metrics.money("conversion_pnl")
    waiting = track.metrics.whole("unconverted")
    words = f"What rates did to the money that was held: {DASH if did is None else exact(did)} {safe(track.currency)}."
    if waiting:
        words += f" {waiting:,} fills wait for a rate, and are in that amount until they have one."
    heads: tuple[str, ...] = ("money", "began with", "cash", "fees charged in it", "realised P&amp;L")
    if margined:
        heads = (*heads, "margin wallet", "funding")
        words += " Cash is less what open perpetuals cost; a margin wallet is what is owned of the money, as if nothing had been paid for them."
    return (
        "<h3>Moneys <span class='n'>(each in its own currency; everything else on this track is told in "
        f"{safe(track.currency)} by the tape's rates)</span></h3>"
        + table("", heads, rows, "facts", tuple(range(1, len(heads))))
        + f"<p class='note'>{words}</p>"
    )


def _costs(track: TrackReport) -> str:
    rows = [
        (
            safe(c.name),
            two(exact(c.money), track.currency) if c.money is not None else DASH,
            DASH if c.basis_points is None else f"{money(c.basis_points)} bp",
            safe(c.note),
        )
        for c in track.costs
    ]
    rates = "; ".join(
        f"{safe(f.liquidity.lower())} {DASH if f.basis_points is None else money(f.basis_points)} bp on {f.fills:,} fills"
        for f in track.fees
    )
    turnover = track.metrics.money("turnover")
    over = f"turnover {exact(turnover)} {safe(track.currency)}" if turnover is not None else "turnover not recorded"
    charged = f"<p class='note'>Fees as charged, in basis points of each fill's notional: {rates}.</p>" if rates else ""
    return (
        f"<h3>Costs <span class='n'>({track.fill_count:,} fills, {over})</span></h3>{cost_chart(track.costs, track.currency)}"
        + table("", ("cost", "money", "of turnover", "what it is"), rows, "facts", (1, 2))
        + charged
    )


def _metrics(track: TrackReport) -> str:
    if not track.sampled:
        return "<h3>Metrics</h3><p class='empty'>No sample yet.</p>"
    body = []
    for name, definitions in GROUPS:
        body.append(f"<tr class='group'><th colspan='6' scope='rowgroup'>{name}</th></tr>")
        body += [_metric(track, d) for d in definitions]
    heads = ("metric", "value", "unit", "sample", "basis", "definition")
    top = "".join(f"<th scope='col'{' class=n' if i == 1 else ''}>{h}</th>" for i, h in enumerate(heads))
    return (
        "<h3>All metrics</h3><div class='scroll'><table class='metrics'><caption>At the last sample, "
        f"{moment(track.window.end_ns)} UTC; money in full, ratios rounded.</caption><thead><tr>{top}</tr></thead><tbody>{''.join(body)}</tbody></table></div>"
    )


def _metric(track: TrackReport, d: Definition) -> str:
    why = d.undefined(track.metrics)
    value = two(DASH, why) if why else d.shown(track.metrics)
    if not why and d.key in _EXTRAPOLATED and (track.metrics.whole("evidence_bars") or 0) < SHARPE_BARS_MIN:
        value = two(value, f"extrapolated from {span(track.window.length_ns)}")
    unit = _unit(track, d)
    basis = "" if d.basis is Basis.NEITHER else d.basis.value
    sample = sample_words(d, track.metrics, track.window.length_ns)
    return (
        f"<tr><th scope='row'>{d.label}</th><td class='n'>{value}</td><td>{safe(unit)}</td>"
        f"<td>{safe(sample)}</td><td>{basis}</td><td class='why'>{d.text}</td></tr>"
    )


def _unit(track: TrackReport, d: Definition) -> str:
    unit = track.currency if d.kind is Kind.MONEY else d.kind.unit
    return f"{unit} {_OF_WHAT.get(d.key, '')}".strip()


def _refusals(track: TrackReport) -> str:
    if not track.refusals:
        return "<h3>Orders refused by risk</h3><p>None.</p>"
    total = sum(r.count for r in track.refusals)
    rows = [(f"<code>{safe(r.reason)}</code>", count(r.count), moment(r.time), safe(r.example)) for r in track.refusals]
    return f"<h3>Orders refused by risk <span class='n'>({total:,})</span></h3>" + table(
        "", ("reason", "orders", "first at", "the first one in words"), rows, "", (1,)
    )


def _stops(track: TrackReport) -> str:
    if not track.stops:
        return "<h3>Halts and stops</h3><p>None: no limit was broken, and the strategy raised nothing.</p>"
    rows = [(moment(s.time), safe(s.kind), safe(s.reason), safe(s.detail), safe(s.action)) for s in track.stops]
    return "<h3>Halts and stops</h3>" + table("", ("at", "kind", "reason", "detail", "action"), rows)


def _notes(track: TrackReport) -> str:
    if not track.notes:
        return ""
    more = (
        f"the first {len(track.notes)} of {track.note_count:,}"
        if track.note_count > len(track.notes)
        else f"{track.note_count:,}"
    )
    rows = [(moment(n.time), safe(n.text)) for n in track.notes]
    return f"<h3>Remarks of the strategy <span class='n'>({more})</span></h3>" + table("", ("at", "remark"), rows)


def _trades(track: TrackReport) -> str:
    if not track.trades:
        return "<h3>Closed trades</h3><p>None.</p>"
    rows = [_trade(t) for t in reversed(track.trades)]
    heads = (
        "closed",
        "held",
        "instrument",
        "side",
        "quantity",
        "entry<small>notional</small>",
        "exit<small>notional</small>",
        "fees",
        "P&amp;L, net",
        "of entry",
    )
    shown = (
        f"the last {len(rows)} of {track.trade_count:,}" if track.trade_count > len(rows) else f"{track.trade_count:,}"
    )
    currency = "the quote of each" if track.moneys else safe(track.currency)
    return f"<h3>Closed trades <span class='n'>({shown}, newest first; money in {currency})</span></h3>" + table(
        "", heads, rows, "trades", (1, 4, 5, 6, 7, 8, 9)
    )


def _trade(t: Trade) -> tuple[str, ...]:
    entry, pnl = Decimal(t.entry_notional), Decimal(t.pnl)
    share = DASH if not entry else f"{number(float(100 * pnl / abs(entry)))} %"
    forced = " " + badge("forced", "open") if t.forced else ""
    return (
        f"{minute(t.time_close)}{forced}",
        span(t.time_close - t.time_open),
        safe(t.instrument),
        safe({"BUY": "long", "SELL": "short"}.get(t.side, t.side)),
        plain(Decimal(t.qty)),
        money(entry),
        money(Decimal(t.exit_notional)),
        money(Decimal(t.fees)),
        f"<span class='{'won' if pnl > 0 else 'lost'}'>{money(pnl)}</span>",
        share,
    )
