"""What a store says, for people: the latest metrics of every track, and the report."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from genesis.audit.entry import decode
from genesis.errors import StorageError
from genesis.monitoring.report.assumptions import (
    execution_facts,
    fee_facts,
    limit_facts,
    perpetual_facts,
    realism_facts,
)
from genesis.monitoring.report.evidence import bar_returns, benchmark, cash
from genesis.monitoring.report.ladder_values import Ladder
from genesis.monitoring.report.page import render
from genesis.monitoring.report.values import (
    BarReturns,
    Benchmark,
    Cost,
    Fact,
    FeeRate,
    Gap,
    Line,
    Metrics,
    MoneyHeld,
    Note,
    PriceChart,
    Refusal,
    RunReport,
    Stop,
    StreamFact,
    TrackReport,
    Trade,
    measurements_of,
)
from genesis.monitoring.report.wording import exact
from genesis.paper_trading.promotion_rules import percent
from genesis.paper_trading.statement import Statement
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Mode, Verdict, Window, overall
from genesis.storage.address import StoreAddress
from genesis.storage.rows import DenialRow, FillRow, NoteRow, SampleRow, StopRow, TradeRow
from genesis.storage.sqlite import StoreReader
from genesis.system.fault_reporting import under_faults
from genesis.system.gatekeeper import criteria_of, decided_last, evidence_of
from genesis.system.ladder_reporting import ladder_of

NOTES_SHOWN = 20
TRADES_SHOWN = 20
PRICES_SHOWN = 6
# Under this many samples a price line from them alone says too little; the fills join it.
_FEW_SAMPLES = 20
_DIGITS = 60
_TICK_DATA = frozenset({"trades", "quotes", "depth", "orders"})
_Row = TypeVar("_Row", DenialRow, FillRow, NoteRow, SampleRow, StopRow, TradeRow)


def track_names(store: StoreReader) -> list[str]:
    """Tracks of the run, in the configuration's order.

    Raises:
        StorageError: nothing was started there.
    """
    names = [t.track for t in store.tracks()]
    if not names:
        raise StorageError(f"{store.path}: expected a started run, found no entries")
    return names


def besides(store: StoreReader) -> dict[str, str]:
    """By track, the one that runs the same strategy under the profile beside it."""
    return {str(t.facts["beside"]): t.track for t in store.tracks() if t.facts.get("beside")}


def under_plans(store: StoreReader) -> dict[str, tuple[str, str]]:
    """By track under a fault plan: the track of the same strategy undisturbed, and the plan's name."""
    told = {t.track: t.facts.get("faults") for t in store.tracks()}
    return {name: (str(f["of"]), str(f["plan"])) for name, f in told.items() if f}


def roles(store: StoreReader) -> dict[str, str]:
    """By track that is not one of paper's own: ``live`` or ``twin``. They are never added to paper."""
    return {t.track: str(t.facts["role"]) for t in store.tracks() if t.facts.get("of")}


def account(store: StoreReader) -> dict[str, Any] | None:
    """What the live tracks of the account did together when they were last looked at, with its ``time``; ``None`` where no two were ever live."""
    if list(roles(store).values()).count("live") < 2:
        return None
    found = store.newest("AccountSample")
    return None if found is None else {"time": int(found["time"]), **found["body"]}


def stages(store: StoreReader) -> dict[str, str]:
    """Where every version stands on the capital ladder, in a word, and its capital where it has any."""
    return {
        p.track: p.stage if not float(p.fraction) else f"{p.stage} {percent(Decimal(p.fraction))}"
        for p in store.last_promotions()
    }


def standing(
    sample: SampleRow,
    start_ns: int,
    criteria: ValidationCriteria,
    warmup_bars: int,
    decided: Sequence[Verdict] = (),
) -> str:
    """The enforced criteria in a word, that of the worst verdict; with how many have it."""
    window = Window(start_ns, sample.time)
    verdicts = criteria.judge_sample(measurements_of(Metrics(sample.metrics), window, warmup_bars), decided)
    judged = [v.status for v in verdicts if v.criterion.mode is Mode.ENFORCE]
    worst = overall(verdicts)
    return "none enforced" if worst is None else f"{worst.value} {judged.count(worst)} of {len(judged)}"


def write_report(store_path: StoreAddress, out: Path) -> Path:
    """Write the HTML report of a store.

    Raises:
        StorageError: the store cannot be read, or ``out`` not written.
    """
    with StoreReader(store_path) as store, store.one_view():
        page = render(*_read(store))
    try:
        out.write_text(page, encoding="utf-8")
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise StorageError(
            f"{out}: expected a writable file, found: {found}; check the folder and the room on the disk"
        ) from error
    return out


def read_report(store: StoreReader) -> RunReport:
    """The run as one moment left it: an engine that goes on writing changes nothing in it.

    Raises:
        StorageError: nothing was started there, or it cannot be read.
    """
    return _read(store)[0]


def _read(store: StoreReader) -> tuple[RunReport, Ladder | None]:
    """The run, and its ladder where one was on."""
    names = track_names(store)
    beside = besides(store)
    status = store.status()
    first: Any = decode(next(iter(store.entries(1, 1))).entry)
    body, start = first["body"], int(first["time"])
    window = Window(start, max(start, status.time or start))
    facts = {t.track: t.facts for t in store.tracks()}
    instruments = tuple(dict.fromkeys(str(i) for i in body.get("instruments", ())))
    only = instruments[0].split(" ")[0] if len(instruments) == 1 else None
    criteria, recorded = criteria_of(store)
    statements, decided = evidence_of(store, status.entries), decided_last(store, criteria)
    cut_ns = _cut_ns(store, names)
    tracks: list[TrackReport] = []
    others: list[TrackReport] = []
    disturbed: list[TrackReport] = []
    fills_of_all: list[tuple[FillRow, str]] = []
    for name in names:
        # Live tracks and twins stand beside each other and nowhere else.
        if facts[name].get("of"):
            continue
        fills = _until(status.entries, store.fills(name))
        track = _track(store, name, facts[name], window, fills, status.entries, only, statements.get(name), cut_ns)
        track = msgspec.structs.replace(track, decided=decided.get(name, ()))
        if "faults" in facts[name]:
            disturbed.append(track)
            continue
        fills_of_all += [(f, _quote_of(f, track.currency, track.moneys)) for f in fills]
        (others if name in beside.values() else tracks).append(track)
    gaps = [g for g in store.gaps() if g.seq <= status.entries]
    faulted = {str(s["name"]) for s in body.get("faulted_streams", ())}
    data = sorted({kind for t in tracks for kind in t.data})
    report = RunReport(
        name=str(body["run"]["name"]),
        store=store.path.name if isinstance(store.path, Path) else str(store.path),
        source=str(body.get("source", "replay")),
        entries=status.entries,
        head=status.head,
        about=str(body["run"].get("about", "")),
        seed=str(body["run"]["seed"]),
        sample_every=str(body["run"].get("sample_every", "not recorded")),
        complete=status.complete,
        window=window,
        execution=execution_facts(body.get("execution", {}), data)
        + (realism_facts(body.get("realism", {})) if body["run"].get("realistic", True) else ())
        + fee_facts(body.get("fees"), _fee_rates(fills_of_all))
        + perpetual_facts(body.get("perpetuals")),
        limits=limit_facts(body.get("risk", {}), body.get("tiers"), {t.tier for t in tracks}),
        instruments=instruments,
        streams=tuple(
            StreamFact(str(s["name"]), int(s["rows"]), str(s["digest"]), bool(s.get("volume", True)))
            for s in body.get("streams", ())
        ),
        gaps=tuple(Gap(g.stream, g.time_from, g.time_to, g.detail) for g in gaps if g.stream not in faulted),
        tracks=tuple(tracks),
        beside={t.name: o for t in tracks for o in others if beside.get(t.name) == o.name},
        benchmarks=_benchmarks(tracks, window, cut_ns),
        under_faults=under_faults(store, status.entries, body, facts, [*tracks, *disturbed], gaps),
        criteria=criteria,
        criteria_recorded=recorded,
    )
    return report, ladder_of(store, body, status.entries)


def _cut_ns(store: StoreReader, names: Sequence[str]) -> int | None:
    """End of the bar in which the run began, where no track has a return of it: of all tracks that were there it is the same bar."""
    first = [rows[0] for name in names if (rows := store.evidence(name))]
    end_ns = min((row.time for row in first), default=None)
    return end_ns if all(row.bar_return is None for row in first if row.time == end_ns) else None


def _until(entries: int, rows: Iterable[_Row]) -> list[_Row]:
    """Rows up to the entry at which the report stands."""
    return [r for r in rows if r.seq <= entries]


def _track(
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
    samples = _until(entries, store.samples(name))
    denials, notes = _until(entries, store.denials(name)), _until(entries, store.notes(name))
    trades, stops = _until(entries, store.trades(name)), _until(entries, store.stops(name))
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
        costs=_costs(metrics, currency, data),
        fees=_fee_rates([(f, _quote_of(f, currency, moneys)) for f in fills]),
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


def _quote_of(fill: FillRow, currency: str, moneys: Sequence[MoneyHeld]) -> str:
    """The money a fill is quoted in: of several the longest that its symbol ends with."""
    symbol = fill.instrument.split(".")[0]
    ends = [m.currency for m in moneys if symbol.endswith(m.currency)]
    return max(ends, key=len, default=currency)


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


def _costs(metrics: Metrics, currency: str, data: Sequence[str]) -> tuple[Cost, ...]:
    turnover = metrics.money("turnover")
    kinds = (
        ("fees", "fees", "charged by the venue; those in the base asset at the price of their fill"),
        (
            "spread",
            "spread_cost",
            "touch against the mid, or the spread assumed where none is shown; resting orders earn it",
        ),
        ("depth walked", "walk_cost", "levels behind the touch that larger orders took"),
        ("slippage", "slippage_cost", "what the draw added to that, takers only"),
        ("impact", "impact_cost", "what the impact of own orders added; none in the profile spec"),
    )
    found = [_cost(name, metrics.money(key), turnover, note) for name, key, note in kinds]
    funding = metrics.money("funding")
    settled = (
        ()
        if funding is None
        else (
            _cost(
                "funding",
                -funding,
                turnover,
                "settlements of perpetuals, paid less received; part of the result, not of a fill",
            ),
        )
    )
    latency, note = (
        metrics.money("latency_cost"),
        "what the market moved between decision and fill; chance, of either sign, but for what being late cost",
    )
    if data and not _TICK_DATA.intersection(data):
        moved = f" (between the bars of decision and fill it came to {exact(latency)} {currency})" if latency else ""
        return (
            *found,
            *settled,
            Cost("latency", None, None, f"not measured: bars alone hold no price between decision and arrival{moved}"),
        )
    return (*found, *settled, _cost("latency", latency, turnover, note))


def _cost(name: str, money: Decimal | None, turnover: Decimal | None, note: str) -> Cost:
    if money is None:
        return Cost(name, None, None, f"not recorded in this run's samples; {note}")
    if not turnover:
        return Cost(name, money, None, note)
    with localcontext() as context:
        context.prec = _DIGITS
        return Cost(name, money, money / turnover * 10_000, note)


def _fee_rates(fills: Sequence[tuple[FillRow, str]]) -> tuple[FeeRate, ...]:
    """Fees over notional by liquidity. A fee in the base asset counts at its fill's price; in a third one it is left undefined."""
    paid: dict[str, Decimal] = defaultdict(Decimal)
    worth: dict[str, Decimal] = defaultdict(Decimal)
    counts: Counter[str] = Counter()
    unknown = set()
    with localcontext() as context:
        context.prec = _DIGITS
        several = len({currency for _, currency in fills}) > 1
        for fill, currency in fills:
            price, fee = Decimal(fill.last_px), Decimal(fill.fee)
            # Notionals of two quotes do not add up.
            name = f"{fill.liquidity}, {currency}" if several else fill.liquidity
            counts[name] += 1
            worth[name] += price * Decimal(fill.last_qty)
            if fill.fee_currency == currency:
                paid[name] += fee
            elif fill.instrument.startswith(fill.fee_currency):
                paid[name] += fee * price
            else:
                unknown.add(name)
        return tuple(
            FeeRate(name, n, None if name in unknown or not worth[name] else paid[name] / worth[name] * 10_000)
            for name, n in sorted(counts.items())
        )


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


def _benchmarks(tracks: Sequence[TrackReport], window: Window, cut_ns: int | None) -> tuple[Benchmark, ...]:
    """Buy and hold, once for all tracks that hold the same, and cash."""
    same: dict[Line, list[str]] = {}
    for track in tracks:
        if track.hold.times:
            same.setdefault(track.hold, []).append(track.name)
    found = []
    for line, names in same.items():
        name = "buy and hold" if len(same) == 1 else f"buy and hold, {names[0]}"
        whole = Window(window.start_ns, line.times[-1])
        found.append(benchmark(name, names if len(same) > 1 else (), line, whole, cut_ns))
    bars = max((t.metrics.whole("evidence_bars") or 0 for t in tracks), default=0)
    return (*found, cash(window, bars))
