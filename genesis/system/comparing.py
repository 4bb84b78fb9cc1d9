"""Paper beside live, read from a store: every live track with its twin, on the same bars and the same decisions."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from statistics import fmean, median
from typing import NamedTuple

from genesis.errors import ConfigError
from genesis.paper_trading.comparison import (
    Intent,
    Result,
    Side,
    SideBySide,
    attribute,
    indices,
    match,
    mean_gap,
    of_bars,
)
from genesis.paper_trading.live_pair import LIVE, TWIN
from genesis.storage.rows import CapitalRow, FillRow, OrderRow, SampleRow, TrackRow
from genesis.storage.sqlite import StoreReader

_SIDES = {"BUY": 1, "SELL": -1}
_BP = 10_000
_END = "the end"


class _Pair(NamedTuple):
    of: str
    attempt: int
    live: TrackRow
    twin: TrackRow


def comparisons(store: StoreReader, strategy: str | None = None, entries: int | None = None) -> list[SideBySide]:
    """Every pair of the run, or of one version, that has a sample or is closed; from the first ``entries`` entries.

    Raises:
        ConfigError: no version of that name.
        StorageError: the store cannot be read.
    """
    tracks = store.tracks()
    references = [t.track for t in tracks if not t.facts.get("of") and "@" not in t.track and "!" not in t.track]
    if strategy is not None and strategy not in references:
        raise ConfigError(f"STRATEGY: expected one of {', '.join(references) or 'none'}, found {strategy}")
    last = store.head()[0] if entries is None else entries
    found = [_compared(store, pair, last) for pair in _pairs(tracks) if strategy in (None, pair.of)]
    return [f for f in found if f is not None]


def _pairs(tracks: Sequence[TrackRow]) -> list[_Pair]:
    by_of: dict[tuple[str, str], list[TrackRow]] = defaultdict(list)
    for track in tracks:
        if track.facts.get("of"):
            by_of[str(track.facts["of"]), str(track.facts["role"])].append(track)
    order = {t.track: i for i, t in enumerate(tracks)}
    names = sorted({of for of, _ in by_of}, key=lambda name: order[name])
    return [
        _Pair(name, n, live, twin)
        for name in names
        for n, (live, twin) in enumerate(zip(by_of[name, LIVE], by_of[name, TWIN], strict=False), 1)
    ]


class _Read(NamedTuple):
    """A track of a pair as it stood at its end or at its last sample."""

    side: Side
    intents: list[Intent]
    result: Result
    marks: dict[str, Fraction]
    flows: list[CapitalRow]
    end_ns: int


def _compared(store: StoreReader, pair: _Pair, last: int) -> SideBySide | None:
    bars = [
        {e.time: e.bar_return for e in store.evidence(name) if e.seq <= last and e.bar_return is not None}
        for name in (pair.live.track, pair.twin.track, pair.of)
    ]
    times = sorted(bars[0].keys() & bars[1].keys())
    live_returns, twin_returns = ([b[t] for t in times] for b in bars[:2])
    live = _read(store, pair.live, live_returns, last)
    twin = _read(store, pair.twin, twin_returns, last)
    if live is None or twin is None:
        return None
    matched = match(live.intents, twin.intents)
    marks = {**twin.marks, **live.marks}
    return SideBySide(
        strategy=pair.of,
        attempt=pair.attempt,
        synthetic=bool(pair.live.facts.get("synthetic", False)),
        currency=live.flows[0].currency,
        start_ns=live.flows[0].time,
        end_ns=max(live.end_ns, twin.end_ns),
        closed=live.flows[-1].reason == _END,
        share=live.flows[-1].share,
        live=live.side,
        twin=twin.side,
        paper=of_bars([bars[2][t] for t in times if t in bars[2]]),
        gap=mean_gap(live_returns, twin_returns),
        both=len(matched.both),
        live_only=len(matched.live_only),
        twin_only=len(matched.twin_only),
        attribution=attribute(matched, live.result, twin.result, marks, _decimals(live.flows)),
        indices=indices(times, live_returns, twin_returns),
    )


def _decimals(flows: Sequence[CapitalRow]) -> int:
    """Of the ledger's unit, as its amounts are written."""
    return max(8, *(len(f.equity.partition(".")[2]) for f in flows))


def _read(store: StoreReader, track: TrackRow, returns: Sequence[float], last: int) -> _Read | None:
    name = track.track
    flows = [c for c in store.capital(name) if c.seq <= last]
    samples = [s for s in store.samples(name) if s.seq <= last and s.metrics.get("equity") is not None]
    closed = bool(flows) and flows[-1].reason == _END
    if not flows or not (closed or samples):
        return None
    end = flows[-1].seq if closed else samples[-1].seq
    end_ns = flows[-1].time if closed else samples[-1].time
    paid_in = sum((Decimal(f.amount) for f in flows if f.seq <= end and f.reason != _END), Decimal(0))
    equity = Decimal(flows[-1].equity if closed else str(samples[-1].metrics["equity"]))
    fills = [f for f in store.fills(name) if f.seq <= end]
    orders = [o for o in store.orders(name) if o.seq <= end]
    intents = _intents(store, name, orders, fills, end)
    fees = sum((_fee(f) for f in fills), Fraction(0))
    funding = sum((Fraction(f.amount) for f in store.funding(name) if f.seq <= end), Fraction(0))
    pnl = equity - paid_in
    trades = [t for t in store.trades(name) if t.seq <= end]
    notional = sum((Fraction(f.last_px) * Fraction(f.last_qty) for f in fills), Fraction(0))
    sent = [i for i in intents if not i.refused and i.asked]
    side = Side(
        track=name,
        capital=paid_in,
        pnl=pnl,
        of_bars=of_bars(returns),
        trades=len(trades),
        wins=sum(Decimal(t.pnl) > 0 for t in trades),
        orders=len(orders),
        refused=sum(i.refused for i in intents),
        filled=sum(i.filled > 0 for i in sent),
        fill_rate=fmean(float(i.filled / i.asked) for i in sent) if sent else None,
        slippage_bp=_of(sum((Fraction(f.slippage or 0) * Fraction(f.last_qty) for f in fills), Fraction(0)), notional),
        cost_bp=_of(sum((i.cost for i in intents), Fraction(0)), notional),
        fees=_decimal(fees),
        fee_bp=_of(fees, notional),
        delay_ns=_delay(orders, fills),
        metrics=samples[-1].metrics if samples else {},
    )
    return _Read(side, intents, Result(Fraction(pnl), fees, funding), _marks(track, samples, fills), flows, end_ns)


def _intents(
    store: StoreReader, name: str, orders: Sequence[OrderRow], fills: Sequence[FillRow], end: int
) -> list[Intent]:
    """Everything that was asked for, refused by risk or sent, in its order at each moment."""
    by_order: dict[str, list[FillRow]] = defaultdict(list)
    for fill in fills:
        by_order[fill.client_order_id].append(fill)
    asked = [(d.seq, d.time, d.instrument, d.side, d.qty, None) for d in store.denials(name) if d.seq <= end]
    sent = [(o.seq, o.time_submitted, o.instrument, o.side, o.qty, o.client_order_id) for o in orders]
    places: Counter[int] = Counter()
    found = []
    for _, time, instrument, side, qty, order in sorted([*asked, *sent], key=lambda row: row[0]):
        own = by_order[order] if order is not None else []
        found.append(
            Intent(
                time_ns=time,
                ordinal=places[time],
                instrument=instrument,
                side=_SIDES[side],
                asked=Fraction(qty),
                filled=sum((Fraction(f.last_qty) for f in own), Fraction(0)),
                notional=sum((Fraction(f.last_qty) * Fraction(f.last_px) for f in own), Fraction(0)),
                cost=sum((Fraction(f.last_qty) * _cost(f) for f in own), Fraction(0)),
                refused=order is None,
            )
        )
        places[time] += 1
    return found


def _cost(fill: FillRow) -> Fraction:
    """Beyond the price faced when it arrived, in quote a unit."""
    parts = (fill.walk, fill.slippage, fill.impact)
    return Fraction(fill.spread_x2 or 0) / 2 + sum((Fraction(p or 0) for p in parts), Fraction(0))


def _fee(fill: FillRow) -> Fraction:
    """In quote; one charged in the base asset at the price of its fill."""
    in_kind = fill.instrument.startswith(fill.fee_currency)
    return Fraction(fill.fee) * (Fraction(fill.last_px) if in_kind else 1)


def _marks(track: TrackRow, samples: Sequence[SampleRow], fills: Sequence[FillRow]) -> dict[str, Fraction]:
    """By instrument the last price known: that of the last fill, of the first instrument that of the last sample."""
    marks = {f.instrument: Fraction(f.last_px) for f in fills}
    listed = track.facts.get("instruments") or []
    price = samples[-1].metrics.get("mark_px") if samples else None
    if listed and price is not None:
        marks[str(listed[0])] = Fraction(str(price))
    return marks


def _delay(orders: Sequence[OrderRow], fills: Sequence[FillRow]) -> int | None:
    """Median from the decision to the first fill."""
    first: Mapping[str, int] = {f.client_order_id: f.time_event for f in reversed(fills)}
    delays = [first[o.client_order_id] - o.time_submitted for o in orders if o.client_order_id in first]
    return round(median(delays)) if delays else None


def _of(money: Fraction, notional: Fraction) -> float | None:
    return float(money / notional * _BP) if notional else None


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)
