"""One track of a run as the report shows it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from genesis.monitoring.report.evidence import bar_returns
from genesis.monitoring.report.values import (
    BarReturns,
    Fact,
    Line,
    Metrics,
    MoneyHeld,
    Note,
    PriceChart,
    Refusal,
    Stop,
    TrackReport,
    Trade,
)
from genesis.paper_trading.statement import Statement
from genesis.paper_trading.verdicts import Window
from genesis.storage.rows import DenialRow, FillRow, NoteRow, SampleRow, StopRow, TradeRow
from genesis.storage.sqlite import StoreReader
from genesis.system.cost_reporting import costs_of, fee_rates, quote_of

NOTES_SHOWN = 20
TRADES_SHOWN = 20
PRICES_SHOWN = 6
# Under this many samples a price line from them alone says too little; the fills join it.
_FEW_SAMPLES = 20
_Row = TypeVar("_Row", DenialRow, FillRow, NoteRow, SampleRow, StopRow, TradeRow)


def until_entry(entries: int, rows: Iterable[_Row]) -> list[_Row]:
    """Rows up to the entry at which the report stands."""
    return [r for r in rows if r.seq <= entries]


def track_report(
    store: StoreReader,
    name: str,
    facts: dict[str, Any],
    run: Window,
    fills: Sequence[FillRow],
    entries: int,
    only: str | None,
    evidence: Statement | None,
    cut_ns: int | None,
) -> TrackReport:
    samples = until_entry(entries, store.samples(name))
    denials, notes = until_entry(entries, store.denials(name)), until_entry(entries, store.notes(name))
    trades, stops = until_entry(entries, store.trades(name)), until_entry(entries, store.stops(name))
    budget, currency = facts["budget"].split()
    window = Window(run.start_ns, samples[-1].time if samples else run.end_ns)
    metrics = Metrics(samples[-1].metrics if samples else {})
    moneys = _moneys(metrics, facts, currency)
    if moneys and metrics.money("budget_worth") is not None:
        budget = str(metrics.values["budget_worth"])
    unvalued = metrics.values.get("valuation_error")
    equity = _line(samples, "equity", run.start_ns, float(budget))
    data = tuple(sorted({f.tier for f in fills}))
    return TrackReport(
        name=name,
        strategy=str(facts.get("strategy", "not recorded")),
        version=str(facts.get("version", "not recorded")),
        params=tuple(Fact(k, str(v)) for k, v in facts.get("params", {}).items()),
        synthetic=bool(facts.get("synthetic", False)),
        currency=currency,
        budget=budget,
        tier=str(facts.get("tier", "not recorded")),
        window=window,
        sampled=bool(samples),
        metrics=metrics,
        equity=equity,
        drawdown=_line(samples, "drawdown", run.start_ns, 0.0),
        gross=_line(samples, "gross_exposure", run.start_ns, 0.0),
        net=_line(samples, "net_exposure", run.start_ns, 0.0),
        hold=_line(samples, "buy_and_hold_return", run.start_ns, 0.0),
        bars=bar_returns(equity, float(budget), run.start_ns, metrics.whole("evidence_bars"), cut_ns)
        if samples
        else BarReturns(),
        prices=_prices(samples, fills, facts, only),
        costs=costs_of(metrics, currency, data),
        fees=fee_rates([(f, quote_of(f, currency, moneys)) for f in fills]),
        data=data,
        refusals=_refusals(denials),
        stops=tuple(Stop(s.time, s.kind, s.reason, s.detail, s.action or "") for s in stops),
        notes=tuple(Note(n.time, n.text) for n in notes[:NOTES_SHOWN]),
        note_count=len(notes),
        trades=tuple(_trade(t) for t in trades[-TRADES_SHOWN:]),
        trade_count=len(trades),
        fill_count=len(fills),
        evidence=evidence,
        moneys=moneys,
        unvalued=None if unvalued is None else str(unvalued),
    )


def _moneys(metrics: Metrics, facts: dict[str, Any], currency: str) -> tuple[MoneyHeld, ...]:
    """What an account of several moneys has of each, first the budget's; none of an account of one."""
    names = [n.removeprefix("cash.") for n in metrics.values if n.startswith("cash.")]
    began = {currency: facts["budget"].split()[0], **facts.get("balances", {})}

    def told(what: str, name: str) -> str:
        return str(metrics.values.get(f"{what}.{name}"))

    def of_perpetuals(what: str, name: str) -> str | None:
        return told(what, name) if f"{what}.{name}" in metrics.values else None

    return tuple(
        MoneyHeld(
            name,
            str(began.get(name, "0")),
            told("cash", name),
            told("fees", name),
            told("realized_pnl", name),
            of_perpetuals("wallet_balance", name),
            of_perpetuals("funding", name),
        )
        for name in sorted(names, key=lambda n: (n != currency, n))
    )


def _line(samples: Sequence[SampleRow], key: str, start_ns: int, first: float) -> Line:
    """A metric over time from the run's start, where it was ``first``; empty where no sample has it."""
    known = [(s.time, s.metrics.get(key)) for s in samples]
    if all(v is None for _, v in known):
        return Line()
    values = tuple(None if v is None else float(v) for _, v in known)
    return Line((start_ns, *(t for t, _ in known)), (first, *values))


def _prices(
    samples: Sequence[SampleRow], fills: Sequence[FillRow], facts: dict[str, Any], only: str | None
) -> tuple[PriceChart, ...]:
    by_instrument: dict[str, list[FillRow]] = defaultdict(list)
    for fill in fills:
        by_instrument[fill.instrument].append(fill)
    # Samples carry the price of the strategy's first instrument without its name.
    listed = facts.get("instruments") or ([only] if only else [])
    sampled = str(listed[0]) if listed else None
    names = list(dict.fromkeys([*([sampled] if sampled else []), *by_instrument]))
    marks = _line(samples, "mark_px", 0, 0.0)
    marks = Line(marks.times[1:], marks.values[1:])
    charts = []
    for name in names[:PRICES_SHOWN]:
        own = by_instrument[name]
        from_samples = marks if name == sampled else Line()
        line, origin = _price_line(from_samples, own)
        left = len(names) - PRICES_SHOWN
        more = f" {left} further instruments are not drawn." if left > 0 and name == names[PRICES_SHOWN - 1] else ""
        charts.append(PriceChart(name, line, origin + more, _side(own, "BUY"), _side(own, "SELL")))
    return tuple(charts)


def _price_line(marks: Line, fills: Sequence[FillRow]) -> tuple[Line, str]:
    n = len(marks.times)
    if n >= _FEW_SAMPLES or not fills:
        return marks, f"Line: last price at {n:,} samples."
    points = sorted([*zip(marks.times, marks.values, strict=True), *((f.time_event, float(f.last_px)) for f in fills)])
    words = f"Line: joins the {len(fills):,} fills" + (f" and the price at {n:,} samples" if n else "")
    line = Line(tuple(t for t, _ in points), tuple(v for _, v in points))
    return line, f"{words}; the price between them was not sampled."


def _side(fills: Sequence[FillRow], side: str) -> Line:
    own = [f for f in fills if f.side == side]
    return Line(tuple(f.time_event for f in own), tuple(float(f.last_px) for f in own))


def _refusals(denials: Sequence[DenialRow]) -> tuple[Refusal, ...]:
    counts = Counter(d.reason for d in denials)
    first = {d.reason: d for d in reversed(denials)}
    return tuple(
        Refusal(reason, n, first[reason].time, _order_words(first[reason])) for reason, n in counts.most_common()
    )


def _order_words(d: DenialRow) -> str:
    return f"{d.side.lower()} {d.qty} {d.instrument}, {d.type}: {d.detail}"


def _trade(t: TradeRow) -> Trade:
    return Trade(
        t.time_open,
        t.time_close,
        t.instrument,
        t.side,
        t.qty,
        t.entry_notional,
        t.exit_notional,
        t.fees,
        t.pnl,
        t.currency,
        t.fills,
        t.forced,
    )
