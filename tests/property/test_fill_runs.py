"""Whole runs of paper tracks: time goes forward, nothing looks ahead, cuts never show, and `realistic` never beats `spec`.

Numbers in brackets are the invariants of the execution design. Every property holds for both profiles and for every kind of data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from hypothesis import strategies as st

from genesis.execution.profile import ExecutionProfile, Realism
from genesis.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRequested,
    OrderEvent,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
)
from genesis.model.orders import Side, TimeInForce
from genesis.model.track_events import MetricSample
from genesis.rng import ClippedNormal
from genesis.strategies.base import NoParams, Strategy
from genesis.tape.stream import Stream, StreamKind
from tests.kit.runs import (
    FX,
    SPOT,
    START,
    Memory,
    bars_stream,
    depth_stream,
    quotes_stream,
    run,
    trades_stream,
)
from tests.kit.thorough import holds_for
from tests.kit.traders import QuoteFollower, Restless, Sleeper
from tests.kit.walks import walks

MS = 1_000_000
SECOND = 1_000 * MS
SPEC = ExecutionProfile()
# One journey in three is late: what is rare in the profile must not be rare in the test.
REALISTIC = Realism(tail_probability=0.33).over(SPEC)
TRADES, QUOTES, DEPTH, BARS = StreamKind.TRADES, StreamKind.QUOTES, StreamKind.DEPTH, StreamKind.BARS
# Bars beside trades are left out until a track no longer goes back to passed rows: see the test of it below.
KINDS = ((TRADES,), (QUOTES, TRADES), (DEPTH, QUOTES, TRADES), (BARS,))


class Market(NamedTuple):
    """Rows of each kind of data of one market."""

    kinds: tuple[StreamKind, ...]
    trades: list[tuple[int, int, int, int]]

    def streams(self, scrambled_after: int | None = None) -> list[Stream]:
        """Recorded streams; what comes after a time (ns after START) may be another market altogether."""

        def other(time: int, ticks: int) -> int:
            return ticks if scrambled_after is None or time <= scrambled_after else ticks + 500 + time // MS % 7

        def size(time: int, lots: int) -> int:
            return lots if scrambled_after is None or time <= scrambled_after else 41 - lots

        found = []
        rows = self.trades
        if TRADES in self.kinds:
            found.append(trades_stream([(t, other(t, p), size(t, n), s) for t, p, n, s in rows]))
        if QUOTES in self.kinds:
            # The first comes with the first trade: before it the benchmark looks ahead (see the test of it below).
            times = [t + (i > 0) for i, (t, *_) in enumerate(rows)]
            quotes = [(t, other(t, p), size(t, n), s) for t, (_, p, n, s) in zip(times, rows, strict=True)]
            found.append(quotes_stream([(t, p - 1 - n % 2, n, p + 1, n + 3) for t, p, n, s in quotes]))
        if DEPTH in self.kinds:
            depth = [
                (t + 2, side, other(t + 2, p) - side * (1 + (n + k) % 4), size(t + 2, n) % 9)
                for t, p, n, s in rows
                for k, side in enumerate((1, -1))
            ]
            found.append(depth_stream(depth))
        if BARS in self.kinds:
            found.append(self._bars(scrambled_after))
        return found

    def _bars(self, scrambled_after: int | None) -> Stream:
        bars = []
        for i, (_, p, n, s) in enumerate(self.trades):
            close_time = (i + 1) * SECOND
            changed = scrambled_after is not None and close_time > scrambled_after
            p, n = (p + 500 + i % 7, 41 - n) if changed else (p, n)
            bars.append((p, p + n % 4, p - n % 3, p + s * (n % 3 > 0 and s < 0) + s * (n % 4 > 0 and s > 0), 10 * n))
        return bars_stream(bars)


@st.composite
def markets(draw: st.DrawFn, kinds: Sequence[tuple[StreamKind, ...]] = KINDS, most: int = 90) -> Market:
    """A walk of prices with irregular times."""
    rows = draw(walks(20, most, [0, 1, 3 * MS, 9 * MS, 40 * MS, 700 * MS, 2500 * MS]))
    return Market(draw(st.sampled_from(kinds)), rows)


profiles = st.sampled_from([SPEC, REALISTIC])


def tracks(market: Market) -> list[tuple[str, Strategy]]:
    """Busy strategies for the data there are."""
    busy: list[tuple[str, Strategy]] = [("sleeper", Sleeper((FX,), NoParams()))]
    if TRADES in market.kinds:
        busy.append(("restless", Restless((FX,), NoParams())))
    if QUOTES in market.kinds:
        busy.append(("follower", QuoteFollower((FX,), NoParams())))
    return busy


@holds_for(markets(), profiles, st.integers(1, 19), examples=40)
def test_nothing_looks_ahead(market: Market, profile: ExecutionProfile, keep: int) -> None:
    """(10) Whatever comes after a moment, no fill and no other entry up to it changes: models look at columns, and see the past only."""
    moment = (keep + 1) * SECOND if BARS in market.kinds else market.trades[keep][0]
    told = []
    for scrambled_after in (None, moment):
        journal, _ = run(market.streams(scrambled_after), tracks(market), profile=profile)
        told.append([e for e, v in zip(journal.entries, journal.events, strict=True) if v.time <= START + moment])
    assert told[0] == told[1]


@holds_for(markets(), profiles, examples=25)
def test_cuts_never_show(market: Market, profile: ExecutionProfile) -> None:
    """(18) One row at a time, seven, or all at once: the same chain, with impact, estimated spreads and late orders too."""
    heads = {run(market.streams(), tracks(market), cut, profile)[0].head for cut in (1, 7, None)}
    assert len(heads) == 1


def test_the_benchmark_starts_at_a_price_that_was_seen() -> None:
    """Trades at 100.00 before and after an hour's sample, then the first quote: the sample is the same whether or not the quote has been read from the file.

    With trades and quotes the mark is the quote; ``Mark.first_ticks`` takes the stream's first row even where it lies after the sample.
    """
    hour = 3_600 * SECOND
    samples = []
    for rows in (1, None):
        streams = [
            trades_stream([(0, 10_000, 5, 1), (hour + 1, 10_000, 5, 1)]),
            quotes_stream([(hour + 2, 9_998, 5, 10_000, 5)]),
        ]
        journal, _ = run(streams, [("a", Sleeper((FX,), NoParams()))], rows)
        samples.append([e.told() for e in journal.events if isinstance(e, MetricSample) and e.time <= START + hour])
    assert samples[0] == samples[1]


def orders_of(journal: Memory) -> dict[str, list[OrderEvent]]:
    """Events by order, as they were heard."""
    found: dict[str, list[OrderEvent]] = {}
    for event in journal.events:
        if isinstance(event, OrderEvent):
            found.setdefault(event.client_order_id, []).append(event)
    return found


@holds_for(markets(), profiles, examples=40)
def test_time_goes_forward(market: Market, profile: ExecutionProfile) -> None:
    """(8, 9) Sent, arrived, heard, in this order; answers of an order never overtake; orders of one connection arrive as they were sent.

    No fill before the arrival, none after a cancel arrived.
    """
    journal, _ = run(market.streams(), tracks(market), profile=profile)
    arrivals: dict[str, int] = {}
    for events in orders_of(journal).values():
        sent = events[0]
        assert isinstance(sent, OrderSubmitted)
        answers = [e for e in events if isinstance(e, OrderAccepted | OrderRejected | OrderFilled | OrderCanceled)]
        assert all(e.time >= e.time_event >= sent.time for e in answers)
        for name in ("time", "time_event"):
            times = [getattr(e, name) for e in answers]
            assert times == sorted(times)
        if answers:
            assert isinstance(answers[0], OrderAccepted | OrderRejected)
            assert answers[0].time_event > arrivals.get(sent.track or "", 0)
            arrivals[sent.track or ""] = answers[0].time_event


class Regretful(Strategy):
    """Rests a tick under the market at its third trade, and takes it back at the sixth."""

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_trades()

    def on_trade(self, trade) -> None:  # type: ignore[no-untyped-def]
        self._n += 1
        if self._n == 3:
            self.order(Side.BUY, self.instrument.quantity(2), limit=self.instrument.price(trade.ticks - 1))
        if self._n == 6:
            self.cancel_all()


def test_an_order_may_still_fill_while_its_cancel_travels() -> None:
    """(8) A print goes through it 3 ms after the cancel was sent, which needs 5 ms at least: it is filled, and the cancel finds nothing."""
    rows = [(i * 100 * MS, 10_000, 5, 1) for i in range(6)] + [(503 * MS, 9_990, 5, -1), (900 * MS, 9_990, 5, 1)]
    for profile in (SPEC, REALISTIC):
        journal, _ = run([trades_stream(rows)], [("a", Regretful((FX,), NoParams()))], profile=profile)
        kinds = [type(e) for e in journal.events if isinstance(e, OrderEvent)]
        assert kinds == [OrderSubmitted, OrderAccepted, OrderCancelRequested, OrderFilled]


class Spender(Strategy):
    """On spot: buys and sells all kinds, more than it can have."""

    def on_start(self) -> None:
        self.subscribe_trades()

    def on_trade(self, trade) -> None:  # type: ignore[no-untyped-def]
        i, price = self.instrument, trade.ticks
        side = Side.BUY if trade.lots % 3 else Side.SELL
        limit = None if trade.lots % 2 else i.price(price + (trade.lots % 5 - 2))
        self.order(side, i.quantity(trade.lots), limit=limit)
        if trade.lots % 7 == 0:
            self.cancel_all()


@holds_for(markets([k for k in KINDS if TRADES in k]), st.booleans(), examples=30)
def test_what_a_track_heard_is_its_account_at_the_venue(market: Market, careful: bool) -> None:
    """(16) Without latency the portfolio, a fold of what was heard, is to the unit what the venue's wallet and position hold."""
    still = ClippedNormal(0, 0, 0, 0)
    profile = msgspec.structs.replace(SPEC, latency_ms=still)
    profile = msgspec.structs.replace(Realism(tail_probability=0).over(profile)) if careful else profile
    streams = [_on_spot(s) for s in market.streams()]
    _, simulator = run(streams, [("spender", Spender((SPOT,), NoParams()))], profile=profile, budget="1000")
    track = simulator.tracks[0]
    desk = track.executor._desks[SPOT.id]
    assert desk.party.spot is not None
    wallet = desk.party.spot.wallet
    totals = {asset: wallet.free[asset] + wallet.locked[asset] for asset in wallet.free}
    assert totals == {"USDT": track.portfolio.cash_units, "BTC": track.portfolio.position_units(SPOT.id)}
    if not track.orders.by_id:
        assert set(wallet.locked.values()) == {0}


def _on_spot(stream: Stream) -> Stream:
    """The same rows of the spot instrument."""
    moved = Stream(SPOT, stream.kind, stream.spec)
    moved.record(stream.columns)
    return moved


class Single(Strategy):
    """One order at the third bar, as its parameters say; behind a cancel where they say so."""

    class Params(msgspec.Struct, frozen=True):
        side: Side
        lots: int
        limit: int | None = None
        trigger: int | None = None
        force: str = "GTC"
        post_only: bool = False
        behind_a_cancel: bool = False

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_bars("1s")

    def on_bar(self, bar) -> None:  # type: ignore[no-untyped-def]
        self._n += 1
        wanted, i = self.params, self.instrument
        price = bar.ticks(bar.close)
        if self._n == 1 and wanted.behind_a_cancel:
            # No walk of these tapes comes so far.
            self.buy(i.quantity(1), limit=i.price(price - 450))
        if self._n == 3:
            self.cancel_all()
            self.order(
                wanted.side,
                i.quantity(wanted.lots),
                limit=None if wanted.limit is None else i.price(price + wanted.limit),
                trigger=None if wanted.trigger is None else i.price(price + wanted.trigger),
                tif=TimeInForce(wanted.force),
                post_only=wanted.post_only,
            )


@st.composite
def singles(draw: st.DrawFn) -> Single.Params:
    limit = draw(st.none() | st.integers(-6, 6))
    trigger = draw(st.none() | st.integers(-6, 6))
    post_only = limit is not None and trigger is None and draw(st.booleans())
    forces = ["GTC", "IOC", "FOK"] if limit is not None and not post_only else ["GTC"]
    return Single.Params(
        draw(st.sampled_from(Side)),
        draw(st.integers(1, 60)),
        limit,
        trigger,
        draw(st.sampled_from(forces)),
        post_only,
        draw(st.booleans()),
    )


def test_no_order_fills_on_a_row_that_was_passed_over() -> None:
    """Bars beside trades: a stop that a bar of 5 to 6 s sets off takes what comes after 6 s, and no print of the time before.

    It was sent at 4 s. While it waits, the print of 4.6 s under its trigger matters to nobody and the lane's cursor stays before it; the bar
    sets it off without a settle, and that print fills it: in the past.
    """
    prints = [(ms * MS, 10_000, 5, 1) for ms in (0, 1_400, 3_900, 4_600, 9_000)]
    bars = [(10_000, 10_000, 10_000, 10_000, 10)] * 5 + [(10_000, 10_001, 10_000, 10_000, 10)] * 3
    for profile in (SPEC, REALISTIC):
        strategy = Single((FX,), Single.Params(Side.BUY, 5, trigger=1))
        journal, _ = run([trades_stream(prints), bars_stream(bars)], [("a", strategy)], profile=profile)
        triggered = next(e for e in journal.events if isinstance(e, OrderTriggered))
        assert all(e.time_event >= triggered.time_event for e in journal.events if isinstance(e, OrderFilled))


def filled_lots(journal: Memory) -> list[tuple[int, int]]:
    """(when it happened at the venue, what it cost; positive is worse) of each lot, in order."""
    fills = [e for e in journal.events if isinstance(e, OrderFilled)]
    return [(e.time_event, int(e.order.intent.side) * e.last_ticks) for e in fills for _ in range(e.last_lots)]


@holds_for(markets(), singles(), examples=80)
def test_realistic_is_never_more_favourable_than_spec(market: Market, wanted: Single.Params) -> None:
    """One order, the same tape, the same draws: each lot is filled no sooner and at no better a price, late or not.

    Late it is by its own tail, or by that of a cancel that was sent before it on its connection.
    """
    found = []
    for profile in (SPEC, REALISTIC):
        journal, _ = run(market.streams(), [("one", Single((FX,), wanted))], profile=profile)
        found.append(filled_lots(journal))
    spec, realistic = found
    assert len(realistic) <= len(spec)
    for (when, cost), (earliest, least) in zip(realistic, spec, strict=False):
        assert when >= earliest
        assert cost >= least
