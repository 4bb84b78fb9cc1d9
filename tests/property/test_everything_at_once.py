"""Runs in which everything meets: spot and perpetuals, several data tiers, shared liquidity, a fee in a third asset, funding, liquidation, halts.

Numbers in brackets are the invariants of the execution design.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import msgspec
from hypothesis import strategies as st

from genesis.clock import iso_utc
from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.errors import ConfigError
from genesis.execution.fault_plan import FaultPlan, Halt, Span
from genesis.execution.faults import venue_faults
from genesis.execution.perpetual_terms import MarkedBy, PerpetualTerms
from genesis.execution.profile import ExecutionProfile, FeeCurrency, FeeDiscount, FeeSchedule, Realism
from genesis.feeds.replay import Replay
from genesis.model.events import OrderFilled
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import MarginTier
from genesis.model.market import Bar, Quote, Trade
from genesis.model.money import Money
from genesis.model.orders import OrderType, Side, TimeInForce
from genesis.model.rules import StpMode
from genesis.model.run_events import RunStarted
from genesis.model.track_events import FundingPaid, Liquidated
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.limits import Limits
from genesis.rng import ClippedNormal
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream, StreamKind
from tests.kit.runs import (
    START,
    UNBOUNDED,
    Memory,
    bars_stream,
    depth_stream,
    funding_stream,
    marks_stream,
    quotes_stream,
    trades_stream,
)
from tests.kit.thorough import holds_for

MS = 1_000_000
SECOND = 1_000 * MS
E8 = 10**8
SPOT = Instrument("BTCUSDT", "X", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
BNB = Instrument("BNBUSDT", "X", "BNB", "USDT", Decimal("0.01"), Decimal("0.001"))
PERP = Instrument("BTCUSDT", "F", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
ETH = Instrument("ETHUSDT", "F", "ETH", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
TRADES, QUOTES, DEPTH, BARS = StreamKind.TRADES, StreamKind.QUOTES, StreamKind.DEPTH, StreamKind.BARS
KINDS = ((TRADES,), (QUOTES, TRADES), (DEPTH, QUOTES, TRADES), (QUOTES,), (BARS,))
FREE = msgspec.structs.replace(UNBOUNDED, open_orders_max=20)
TERMS = PerpetualTerms(
    margin_tiers=(
        MarginTier(floor=Decimal(0), cap=Decimal(2_000), maintenance_rate=Decimal("0.02"), max_leverage=20),
        MarginTier(floor=Decimal(2_000), cap=Decimal(10**6), maintenance_rate=Decimal("0.05"), max_leverage=10),
    ),
    leverage=10,
)
FEES = {
    SPOT.id: FeeSchedule(discount=FeeDiscount("BNB")),
    BNB.id: FeeSchedule(discount=FeeDiscount("BNB")),
    PERP.id: FeeSchedule(Decimal(2), Decimal(5), FeeCurrency.QUOTE),
    ETH.id: FeeSchedule(Decimal(2), Decimal(5), FeeCurrency.QUOTE),
}


class Wild(Strategy):
    """At every few rows the next action of its script, on the instrument of the row."""

    class Params(msgspec.Struct, frozen=True):
        script: tuple[int, ...]
        every: int

    def on_start(self) -> None:
        self._n = 0
        for instrument in self.instruments:
            for what in (self.subscribe_trades, self.subscribe_quotes):
                try:
                    what(instrument)
                    break
                except ConfigError:
                    continue
            else:
                self.subscribe_bars("1s", instrument)

    def on_trade(self, trade: Trade) -> None:
        self._act(trade.instrument, trade.ticks)

    def on_quote(self, quote: Quote) -> None:
        self._act(quote.instrument, quote.bid_ticks)

    def on_bar(self, bar: Bar) -> None:
        self._act(bar.instrument, bar.ticks(bar.close))

    def _act(self, i: Instrument, ticks: int) -> None:
        self._n += 1
        if self._n % self.params.every:
            return
        script = self.params.script
        action = script[self._n // self.params.every % len(script)]
        side = Side.BUY if action % 2 else Side.SELL
        sign, lots = int(side), 1 + action // 2 % 7 * 5
        if i.kind is InstrumentKind.PERPETUAL:
            # Up to ten times what the account is worth.
            lots = 1 + int(self.equity.amount * (1 + action % 10) / (ticks * i.tick * i.lot))
        qty = i.quantity(lots)
        reduces = action % 5 == 0
        what = action // 14
        near, far = i.price(ticks - sign), i.price(ticks + 4 * sign)
        if what == 0:
            self.order(side, qty, instrument=i, reduce_only=reduces)
        elif what == 1:
            self.order(side, qty, limit=near, instrument=i, reduce_only=reduces)
        elif what == 2:
            self.order(side, qty, limit=near, post_only=True, instrument=i)
        elif what == 3:
            self.order(side, qty, limit=far, tif=TimeInForce.IOC, instrument=i)
        elif what == 4:
            self.order(side, qty, limit=far, tif=TimeInForce.FOK, instrument=i)
        elif what == 5:
            self.order(side, qty, trigger=far, instrument=i, reduce_only=reduces)
        elif what == 6:
            self.order(side, qty, trigger=far, limit=i.price(ticks + 6 * sign), instrument=i)
        elif what == 7:
            self.order(
                side, qty, type=OrderType.TAKE_PROFIT, trigger=i.price(ticks - 3 * sign), instrument=i, reduce_only=True
            )
        elif what == 8:
            self.order(side, qty, trailing_bp=5, instrument=i)
        elif what == 9:
            self.cancel_all(i)
            self.order(side, qty, limit=near, instrument=i)
        elif what == 10:
            self.close(i)
        else:
            self.target_position(i.quantity(sign * lots), i)


class World(NamedTuple):
    """A tape, and who trades on it."""

    spot: tuple[StreamKind, ...]
    perp: tuple[StreamKind, ...]
    rows: tuple[tuple[int, int, int, int, int], ...]
    settlements: tuple[tuple[int, int], ...]
    scripts: tuple[tuple[int, ...], ...]
    every: int
    halts: tuple[tuple[int, int], ...]
    budget: str
    bnb: str
    by_mark: bool
    mode: StpMode
    careful: bool
    still: bool

    def streams(self) -> list[Stream]:
        """The four instruments; prices of the perpetuals move five times as far."""
        made: list[Stream] = []
        for instrument, kinds, factor in ((SPOT, self.spot, 1), (PERP, self.perp, 5), (ETH, self.perp, -3)):
            size = 1 if factor == 1 else 20 * int(self.budget)
            walk = [(t, 10_000 + factor * (p - 10_000), n * size, s, w) for t, p, n, s, w in self.rows]
            made += _market(instrument, kinds, walk)
            if instrument.kind is InstrumentKind.PERPETUAL:
                marks = [(t + 7, p * 10**6, (p - 2 * w) * 10**6, (p + 2 * w) * 10**6) for t, p, _, _, w in walk]
                made += [marks_stream(marks, instrument), funding_stream(self.settlements, instrument)]
        made.append(trades_stream([(t, 30_000 + p % 7, 50, s) for t, p, _, s, _ in self.rows], BNB))
        return made

    def run(self, cut: int | None = None, only: str | None = None) -> tuple[Memory, list[Track]]:
        """``a`` and ``b`` share their liquidity, ``c`` is alone; or one of them by itself."""
        streams = self.streams()
        latency = ClippedNormal(0, 0, 0, 0) if self.still else ClippedNormal(10, 2, 5, 15)
        profile = ExecutionProfile(self_trade=self.mode, latency_ms=latency)
        if self.careful:
            profile = Realism(tail_probability=0.2).over(profile)
        tape = Tape(streams)
        marked = MarkedBy.MARK_PRICE if self.by_mark else MarkedBy.LAST_PRICE
        terms = msgspec.structs.replace(TERMS, marked_by=marked)
        simulator = PaperTradingSimulator(
            tape,
            StrategyMonitor(60 * SECOND),
            7,
            START - 1,
            profile,
            Limits(orders_per_minute=10_000),
            (FREE,),
            FEES,
            terms={PERP.id: terms, ETH.id: terms},
        )
        spans = [Span(iso_utc(START + a * MS), iso_utc(START + b * MS)) for a, b in self.halts]
        plan = FaultPlan(halt=Halt(windows=spans))
        for name, script in zip("abc", self.scripts, strict=True):
            if only in (None, name):
                simulator.add(
                    name,
                    Wild((SPOT, PERP, ETH, BNB), Wild.Params(script, self.every)),
                    Money(self.budget, "USDT"),
                    balances=[Money(self.bnb, "BNB")],
                    scope=None if name == "c" else "shared",
                    faults=venue_faults(plan, 3),
                )
        journal = Memory()
        engine = TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}))
        engine.run(Replay(streams).cut(cut))
        return journal, simulator.tracks


def _market(
    instrument: Instrument, kinds: Sequence[StreamKind], walk: Sequence[tuple[int, int, int, int, int]]
) -> list[Stream]:
    made = []
    if TRADES in kinds:
        made.append(trades_stream([(t, p, n, s) for t, p, n, s, _ in walk], instrument))
    if QUOTES in kinds:
        made.append(quotes_stream([(t + 1, p - 1, n, p + w, n + 3) for t, p, n, _, w in walk], instrument))
    if DEPTH in kinds:
        rows = [
            (t + 2, side, p - side * k * (1 + n % 3), (n + k) % 9)
            for t, p, n, _, _ in walk
            for side in (1, -1)
            for k in (1, 2, 3)
        ]
        made.append(depth_stream(rows, instrument, snapshots=[rows[0][0], *(r[0] for r in rows[60:] if r[3] == 5)]))
    if BARS in kinds:
        bars = [(p, p + w, p - w, p + (s * w) // 2, 10 * n) for _, p, n, s, w in walk]
        made.append(bars_stream(bars, instrument=instrument))
    return made


@st.composite
def worlds(draw: st.DrawFn) -> World:
    n = draw(st.integers(25, 70))
    gaps = draw(st.lists(st.sampled_from([0, 1, 9 * MS, 40 * MS, 700 * MS, 2500 * MS]), min_size=n, max_size=n))
    moves = draw(st.lists(st.sampled_from([-60, -3, -1, 0, 1, 2, 3, 60]), min_size=n, max_size=n))
    lots = draw(st.lists(st.integers(1, 40), min_size=n, max_size=n))
    sides = draw(st.lists(st.sampled_from([-1, 1, 0]), min_size=n, max_size=n))
    widths = draw(st.lists(st.sampled_from([1, 2, 5, 20]), min_size=n, max_size=n))
    time, ticks, rows = 0, 10_000, []
    for gap, move, size, side, width in zip(gaps, moves, lots, sides, widths, strict=True):
        time, ticks = time + gap, min(11_500, max(8_500, ticks + move))
        rows.append((time, ticks, size, side, width))
    at = st.sampled_from([t for t, *_ in rows]) | st.integers(0, rows[-1][0])
    settled = sorted(draw(st.sets(at, max_size=4)))
    scripts = tuple(tuple(draw(st.lists(st.integers(0, 167), min_size=1, max_size=12))) for _ in "abc")
    # As often as not where a bar closes.
    begins = st.integers(0, 30_000) | st.integers(0, 30).map(lambda second: second * 1_000)
    halts = [(a, a + draw(st.integers(1, 4_000))) for a in draw(st.lists(begins, max_size=2))]
    return World(
        draw(st.sampled_from(KINDS)),
        draw(st.sampled_from(KINDS)),
        tuple(rows),
        tuple((t, draw(st.sampled_from([-75_000, 10_000, 300_000]))) for t in settled),
        scripts,
        draw(st.integers(1, 4)),
        tuple(halts),
        draw(st.sampled_from(["20", "200", "5000"])),
        draw(st.sampled_from(["0", "0.00002", "2"])),
        draw(st.booleans()),
        draw(st.sampled_from(StpMode)),
        draw(st.booleans()),
        draw(st.booleans()),
    )


@holds_for(worlds(), examples=12)
def test_money_and_positions_are_what_was_heard(world: World) -> None:
    """(1, 2, 16) The ledger balances; what a track holds is what it heard of, what the venue holds besides is on its way; no wallet is below zero.

    But for what perpetuals lost: where they lost what orders set aside, or were liquidated.
    """
    journal, tracks = world.run()
    for track in tracks:
        track.portfolio.ledger.check()
        fills = [e for e in journal.events if isinstance(e, OrderFilled) and e.track == track.name]
        waiting = [item for *_, item in track.agenda._heap if isinstance(item, OrderFilled)]
        for feed in track.feeds:
            instrument = feed.instrument
            heard, coming = (
                sum(f.last_lots * f.order.intent.side for f in these if f.order.intent.instrument is instrument)
                for these in (fills, waiting)
            )
            assert track.executor._desks[instrument.id].party.position == heard + coming
            if instrument.short_allowed:
                assert track.desk.position_lots(instrument) == heard
        wallet = track.executor.wallet
        assert wallet is not None
        gone = {e.currency for e in journal.events if isinstance(e, Liquidated) and e.track == track.name}
        assert min(wallet.locked.values()) >= 0
        assert all(units >= 0 for asset, units in wallet.free.items() if asset != "USDT")
        assert wallet.free["USDT"] + wallet.locked["USDT"] >= 0 or "USDT" in gone
        working = [w for d in track.executor._desks.values() for w in d.matcher.working if w.party is d.party]
        assert sum(w.locked for w in working) == sum(wallet.locked.values())


@holds_for(worlds(), examples=6)
def test_how_the_tape_is_cut_never_shows(world: World) -> None:
    """(18) One row at a time, five, or all at once: the same chain."""
    assert len({world.run(cut)[0].head for cut in (1, 5, None)}) == 1


@holds_for(worlds(), examples=8)
def test_who_is_alone_in_its_scope_is_alone(world: World) -> None:
    """(20) The entries of a track that shares its liquidity with nobody are those of a run without the others."""
    together, alone = world.run()[0], world.run(only="c")[0]
    said = [
        [e for e, v in zip(j.entries, j.events, strict=True) if getattr(v, "track", None) == "c"]
        for j in (together, alone)
    ]
    assert said[0] == said[1]


@holds_for(worlds(), examples=12)
def test_what_the_venue_does_by_itself(world: World) -> None:
    """Nothing fills in a halt; funding has its sign and size, on the position of its moment; who is liquidated has no margin left and enters no more."""
    journal, _ = world.run()
    gone = [(START + a * MS, START + b * MS) for a, b in world.halts]
    over: dict[tuple[str, str], int] = {}
    for event in journal.events:
        if isinstance(event, OrderFilled):
            assert not any(a <= event.time_event < b for a, b in gone)
        elif isinstance(event, FundingPaid):
            owed = -event.units * event.mark * event.rate_e8
            assert owed * event.change >= 0
        elif isinstance(event, Liquidated):
            assert event.wallet + event.unrealized <= event.maintenance
            over.setdefault((event.track or "", event.instrument.id), event.time)
    held: dict[tuple[str, str], int] = defaultdict(int)
    for event in journal.events:
        if isinstance(event, OrderFilled):
            intent = event.order.intent
            key = (event.track or "", intent.instrument.id)
            before, held[key] = held[key], held[key] + int(intent.side) * event.last_lots
            if key in over and event.order.decided_ns > over[key]:
                # An exit is not always marked as one.
                assert min(before, 0) <= held[key] <= max(before, 0)
