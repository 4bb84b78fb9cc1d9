"""What a track does with orders, refusals, failures and loss limits."""

from __future__ import annotations

from decimal import ROUND_UP, Decimal, Inexact, getcontext
from typing import ClassVar

import numpy as np
import pytest

from genesis.execution.profile import ExecutionProfile
from genesis.model.events import OrderAccepted, OrderDenied, OrderFilled, OrderRejected, OrderSubmitted
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.market import Bar, BarSpec, Trade
from genesis.model.orders import DenyReason, Refused, Side
from genesis.model.track_events import MetricSample, StrategyNote, TrackHalted, TrackStopped
from genesis.rng import ClippedNormal
from genesis.strategies.base import NoParams, Strategy
from genesis.tape.stream import Stream, StreamKind
from tests.kit.runs import EXACT, FX, SPOT, START, UNBOUNDED, Memory, denials, only, quotes_stream, run, trades_stream
from tests.kit.traders import DEEDS, Hostile, Once, Raises, Restless

MS = 1_000_000
FLAT = [(i * 100 * MS, 10_000, 50, 1 if i % 2 else -1) for i in range(100)]


def test_a_market_order_takes_latency_and_slippage_against_itself() -> None:
    """A buy fills after 5 to 15 ms, on prints of its side, 2 to 5 bp worse, at most a fifth of each print."""
    journal, _ = run([trades_stream(FLAT)], [("a", Once((FX,), Once.Params(Side.BUY, 25)))])
    fills = [e for e in journal.events if isinstance(e, OrderFilled)]
    assert [f.last_lots for f in fills] == [10, 10, 5]
    assert all(10_002 <= f.last_ticks <= 10_005 for f in fills)
    assert len({f.last_ticks for f in fills}) == 1
    accepted = next(e for e in journal.events if isinstance(e, OrderAccepted))
    assert 5 * MS <= accepted.time_event - START <= 15 * MS
    assert 2 * MS <= accepted.time - accepted.time_event <= 8 * MS


class Greedy(Strategy):
    """Asks for more than its cash once, and orders in the end to sell what the fee has taken a part of."""

    Params = NoParams

    def on_start(self) -> None:
        self.subscribe_trades()
        self.step = 0

    def on_trade(self, trade: Trade) -> None:
        self.step += 1
        if self.step == 1:
            self.buy(101)
        elif self.step == 2:
            self.buy(1)
        elif self.step == 60:
            self.sell(1, limit="100.10", reduce_only=True)


def test_what_is_missing_is_said_in_money() -> None:
    """By risk with the currency: 101 at 100.00 and a fee of 0.1 % are 10,110.1; by the venue with the asset: of 1 BTC bought the fee left 0.999."""
    journal, _ = run(
        [trades_stream(FLAT, SPOT)], [("a", Greedy((SPOT,), NoParams()))], profile=EXACT, tiers=(UNBOUNDED,)
    )
    assert denials(journal) == [
        (DenyReason.INSUFFICIENT_FUNDS, "expected 10110.1000000000 USDT free, found 10000.0000000000 USDT")
    ]
    (rejected,) = only(journal, OrderRejected)
    assert isinstance(rejected, OrderRejected)
    assert rejected.detail == "expected 1.00000000 BTC free, found 0.99900000"


def test_an_assumed_spread_is_paid_only_where_no_bid_and_ask_are_shown() -> None:
    """On trades alone half of it comes on top of slippage, rounded against us; on quotes the book's own spread is paid."""
    no_draw = ClippedNormal(0, 0, 0, 0)
    assumed = ExecutionProfile(name="assumed", latency_ms=no_draw, slippage_bp=no_draw, half_spread_bp=Decimal("3.5"))
    quotes = [(i * 100 * MS, 9_999, 50, 10_001, 50) for i in range(100)]
    trades = [(ns + 50 * MS, ticks, lots, side) for ns, ticks, lots, side in FLAT]
    for side, on_trades, on_quotes in ((Side.BUY, 10_004, 10_001), (Side.SELL, 9_996, 9_999)):
        for streams, expected in (([], on_trades), ([quotes_stream(quotes)], on_quotes)):
            journal, _ = run(
                [*streams, trades_stream(trades)], [("a", Once((FX,), Once.Params(side, 5)))], profile=assumed
            )
            assert {e.last_ticks for e in journal.events if isinstance(e, OrderFilled)} == {expected}


def test_a_spot_sell_beyond_holdings_is_denied_with_its_reason() -> None:
    """A refusal is a value, and an entry."""
    strategy = Once((SPOT,), Once.Params(Side.SELL, 5))
    journal, _ = run([trades_stream(FLAT, SPOT)], [("a", strategy)])
    denied = next(e for e in journal.events if isinstance(e, OrderDenied))
    assert denied.reason is DenyReason.SHORT_NOT_ALLOWED
    assert isinstance(strategy.answers[0], Refused)
    assert not any(isinstance(e, OrderSubmitted) for e in journal.events)


def test_an_order_over_the_tier_limit_is_denied() -> None:
    """A budget of 10,000 is the strategist tier: 10 % of equity an order."""
    journal, _ = run([trades_stream(FLAT)], [("a", Once((FX,), Once.Params(Side.BUY, 10_100)))])
    denied = next(e for e in journal.events if isinstance(e, OrderDenied))
    assert denied.reason is DenyReason.ORDER_SIZE
    assert "10" in denied.detail


def test_a_strategy_that_raises_stops_its_own_track_and_no_other() -> None:
    """Its position is flattened; its neighbour writes what it writes alone."""
    pair, simulator = run(
        [trades_stream(FLAT)], [("bad", Raises((FX,), NoParams())), ("good", Restless((FX,), NoParams()))]
    )
    alone, _ = run([trades_stream(FLAT)], [("good", Restless((FX,), NoParams()))])
    stopped = [e for e in pair.events if isinstance(e, TrackStopped)]
    assert [(e.track, e.error) for e in stopped] == [("bad", "RuntimeError: no more")]
    assert simulator.tracks[0].portfolio.position_units(FX.id) == 0
    assert _of("good", pair) == _of("good", alone)


@pytest.mark.parametrize("deed", DEEDS)
def test_nothing_that_a_strategy_does_stops_the_run(deed: str) -> None:
    """Text that no journal can hold, numbers that are not whole, leaving the process: its own track stops, with a reason that can be read."""
    hostile = ("bad", Hostile((FX,), Hostile.Params(deed)))
    pair, _ = run([trades_stream(FLAT)], [hostile, ("good", Restless((FX,), NoParams()))])
    alone, _ = run([trades_stream(FLAT)], [("good", Restless((FX,), NoParams()))])
    stopped = [e for e in pair.events if isinstance(e, TrackStopped)]
    assert [(e.track, e.hook) for e in stopped] == [("bad", "on_trade")]
    assert stopped[0].error.encode()
    assert _of("good", pair) == _of("good", alone)


class Rounds(Restless):
    """Works out decimals by rules of its own from its first trade on, and notes what they come to."""

    def on_start(self) -> None:
        super().on_start()
        self.thirds: set[str] = set()
        self.is_changed = False

    def on_trade(self, trade: Trade) -> None:
        if not self.is_changed:
            self.is_changed = True
            context = getcontext()
            context.prec, context.rounding, context.Emax, context.traps[Inexact] = 1, ROUND_UP, 9, False
        self.thirds.add(str(Decimal(1) / 3))
        super().on_trade(trade)


def test_a_strategys_decimal_arithmetic_is_its_own() -> None:
    """It keeps what it sets, however the tape is cut; its neighbour, before or behind it, and whoever decides about capital know nothing of it."""
    alone, _ = run([trades_stream(FLAT)], [("good", Restless((FX,), NoParams()))])
    for size in (1, 7, None):
        rounds = Rounds((FX,), NoParams())
        tracks = [("before", Restless((FX,), NoParams())), ("rounds", rounds), ("good", Restless((FX,), NoParams()))]
        journal, _ = run([trades_stream(FLAT)], tracks, size)
        assert rounds.thirds == {"0.4"}
        assert _of("good", journal) == _of("good", alone)
        assert not any(isinstance(e, TrackStopped) for e in journal.events)
    assert str(Decimal(1) / 3) == "0." + "3" * 28


class SeesInItsClass(Strategy):
    """Remembers every trade in a list that stands in its class, and says how many there are."""

    seen: ClassVar[list[int]] = []

    def on_start(self) -> None:
        self.subscribe_trades()

    def on_trade(self, trade: Trade) -> None:
        self.seen.append(trade.ticks)
        self.note(str(len(self.seen)))


def test_variants_of_a_class_tell_each_other_nothing_by_it() -> None:
    """What one of them remembers there the other does not find, nor a run after it: alone or beside another, its entries are the same."""
    alone, _ = run([trades_stream(FLAT)], [("a", SeesInItsClass((FX,), NoParams()))])
    pair = [(name, SeesInItsClass((FX,), NoParams())) for name in "ab"]
    beside, _ = run([trades_stream(FLAT)], pair)
    notes = {name: [e for e in beside.events if isinstance(e, StrategyNote) and e.track == name] for name in "ab"}
    assert notes["a"] == [e for e in alone.events if isinstance(e, StrategyNote)]
    assert [e.text for e in notes["b"]] == [str(n) for n in range(1, len(FLAT) + 1)]


class Timed(Strategy):
    """Sets a timer at the start that sets others, and says what became of it."""

    at_once: tuple[int, ...] = ()

    def on_start(self) -> None:
        self.fired: list[int] = []
        self.set_timer("first", self.now - 5)

    def on_timer(self, name: str) -> None:
        self.fired.append(self.now)
        if len(self.fired) <= len(self.at_once):
            self.set_timer("next", self.now + self.at_once[len(self.fired) - 1])


def test_a_timer_may_set_the_next_a_millisecond_later_and_no_earlier() -> None:
    """The moment goes on: what is set for less stops the track, with the field, what was expected and what was found."""
    fine, hasty = Timed((FX,), NoParams()), Timed((FX,), NoParams())
    fine.at_once, hasty.at_once = (MS, 2 * MS), (MS, MS - 1)
    journal, _ = run([trades_stream(FLAT)], [("fine", fine), ("hasty", hasty)])
    start = START - 1
    assert fine.fired == [start, start + MS, start + 3 * MS]
    assert hasty.fired == [start, start + MS]
    stopped = [e for e in journal.events if isinstance(e, TrackStopped)]
    expected = "at_ns: expected 1000000 ns (1 ms) or more after the timer that sets it, found 999999"
    assert [(e.track, e.error) for e in stopped] == [("hasty", f"ValueError: timer next: {expected}")]


@pytest.mark.parametrize(
    ("deed", "error"),
    [
        ("notes a megabyte", "ValueError: note: expected at most 4096 characters, found 1000000"),
        ("tags with a megabyte", "ValueError: tag: expected at most 255 characters, found 1000000"),
        (
            "sets a timer of a nanosecond",
            "ValueError: timer often: every_ns: expected 1000000 ns (1 ms) or more, found 1",
        ),
    ],
)
def test_what_is_too_much_is_refused_by_name_and_bound(deed: str, error: str) -> None:
    """Field, what was expected, what was found; and nothing of it is journalled."""
    journal, _ = run([trades_stream(FLAT)], [("bad", Hostile((FX,), Hostile.Params(deed)))])
    assert [e.error for e in journal.events if isinstance(e, TrackStopped)] == [error]
    assert max(map(len, journal.entries)) < 10_000


def test_a_note_of_the_longest_and_a_tag_of_the_longest_are_journalled() -> None:
    """4,096 and 255 characters are within bounds."""

    class Talks(Once):
        def on_start(self) -> None:
            super().on_start()
            self.note("n" * 4_096)

    strategy = Talks((FX,), Once.Params(Side.BUY, 5, {"tag": "t" * 255}))
    journal, _ = run([trades_stream(FLAT)], [("a", strategy)])
    assert [len(e.text) for e in journal.events if isinstance(e, StrategyNote)] == [4_096]
    assert {len(e.order.intent.tag) for e in journal.events if isinstance(e, OrderSubmitted)} == {255}


def _of(track: str, journal: Memory) -> list[bytes]:
    """The entries of one track."""
    return [b for b, e in zip(journal.entries, journal.events, strict=True) if e.track == track]


def test_a_daily_loss_halts_and_flattens() -> None:
    """A fall that costs 5 % of equity in a day cancels entries and closes the position."""
    rows = [(i * 100 * MS, 10_000 if i < 40 else 4_000, 5_000, 1 if i % 2 else -1) for i in range(120)]
    journal, simulator = run([trades_stream(rows)], [("a", Once((FX,), Once.Params(Side.BUY, 9_900)))])
    halted = [e for e in journal.events if isinstance(e, TrackHalted)]
    assert [h.reason for h in halted] == ["DAILY_LOSS"]
    assert halted[0].time == START + 4_000 * MS
    assert simulator.tracks[0].portfolio.position_units(FX.id) == 0


def test_a_resting_order_fills_only_behind_its_queue() -> None:
    """At the bid with 30 lots ahead, prints of 10 fill nothing until the queue has traded."""
    zero = ClippedNormal(0, 0, 0, 0)
    profile = ExecutionProfile(latency_ms=zero, slippage_bp=zero)
    quotes = quotes_stream([(0, 9_999, 30, 10_001, 30)])
    trades = trades_stream([(i * MS, 9_999, 10, -1) for i in range(1, 8)])
    strategy = Once((FX,), Once.Params(Side.BUY, 20, {"limit": FX.price(9_999)}))
    journal, _ = run([trades, quotes], [("a", strategy)], profile=profile)
    fills = [e for e in journal.events if isinstance(e, OrderFilled)]
    assert [(f.time_event - START, f.last_lots) for f in fills] == [(5 * MS, 10), (6 * MS, 10)]
    assert all(f.liquidity.value == "MAKER" and f.last_ticks == 9_999 for f in fills)


def bars_stream(lots: int, instrument: Instrument = FX, minutes: int = 60) -> Stream:
    """Ten bars from 10,000 to 10,010, each of ``lots``."""
    stream, n = Stream(instrument, StreamKind.BARS, BarSpec.parse(f"{minutes}m")), 10
    length = minutes * 60_000 * MS
    opened = np.arange(n, dtype=np.int64) * length + START
    prices = {"open": 10_000, "high": 10_010, "low": 9_990, "close": 10_005}
    columns = {name: np.full(n, value, np.int64) for name, value in {**prices, "lots": lots, "seq": 0}.items()}
    stream.record({"ts": opened + length, "time_open": opened, **columns})
    return stream


class BuysOnce(Strategy):
    """Buys 7 on the first bar."""

    def on_start(self) -> None:
        self.subscribe_bars("1h")

    def on_bar(self, bar: Bar) -> None:
        if self.is_flat() and not self.open_orders():
            self.buy(self.instrument.quantity(7))


@pytest.mark.parametrize(("lots", "first_fill"), [(50, 5), (0, 7), (1_000, 7)])
def test_a_bars_volume_limits_a_fill_only_where_volume_is_recorded(lots: int, first_fill: int) -> None:
    """A tenth of 50 is 5; of 1,000 more than enough; bars that all have none say nothing about it."""
    journal, _ = run([bars_stream(lots)], [("a", BuysOnce((FX,), NoParams()))])
    fills = [e for e in journal.events if isinstance(e, OrderFilled)]
    assert fills[0].last_lots == first_fill
    assert sum(f.last_lots for f in fills) == 7


def test_buy_and_hold_is_the_instrument_from_the_tapes_first_price_on() -> None:
    """Opened at 10,000 and last closed at 10,005: 0.05 %, whatever the strategy did; cash earns nothing."""
    journal, _ = run([bars_stream(50)], [("a", BuysOnce((FX,), NoParams()))])
    last = [e for e in journal.events if isinstance(e, MetricSample)][-1].metrics
    assert last["buy_and_hold_return"] == 10_005 / 10_000 - 1
    assert last["mark_px"] == FX.price_grid.to_text(10_005)
    assert last["cash_return"] == 0


class HoldsTwo(Strategy):
    """Buys a little of both its instruments at the first bar, and watches the bars of the first alone."""

    def on_start(self) -> None:
        self._bought = False
        self.subscribe_bars("1m")

    def on_bar(self, bar: Bar) -> None:
        if not self._bought:
            self._bought = True
            for instrument in self.instruments:
                self.buy(instrument.quantity(7_000), instrument=instrument)


def test_a_position_whose_bars_nobody_watches_is_marked_too() -> None:
    """Two positions of 7 % each at prices that hardly move: no drawdown beyond the fees, and no loss limit breaks."""
    second = Instrument("GBPUSD", "FX", "GBP", "USD", FX.tick, FX.lot, InstrumentKind.FX)
    streams = [bars_stream(10**9, FX, minutes=1), bars_stream(10**9, second, minutes=1)]
    journal, simulator = run(streams, [("a", HoldsTwo((FX, second), NoParams()))])
    assert sum(isinstance(e, OrderFilled) for e in journal.events) == 2
    assert not [e for e in journal.events if isinstance(e, TrackHalted)]
    assert simulator.tracks[0].marks.drawdown.maximum < 0.001


class HoldsTwoAndListens(Strategy):
    """Buys 2 of each instrument after a second; hears the first one's trades or quotes, or nothing."""

    def __init__(self, instruments: tuple[Instrument, ...], what: str) -> None:
        super().__init__(instruments, NoParams())
        self._what = what

    def on_start(self) -> None:
        if self._what == "trades":
            self.subscribe_trades()
        elif self._what == "quotes":
            self.subscribe_quotes()
        self.set_timer("buy", self.now + 1000 * MS)

    def on_timer(self, name: str) -> None:
        for each in self.instruments:
            self.buy("2", instrument=each)


@pytest.mark.parametrize("what", ["trades", "quotes"])
def test_what_a_track_with_two_positions_is_worth_does_not_depend_on_what_it_hears(what: str) -> None:
    """At every trade or quote that is heard both positions count: the deepest drawdown is that of a track that hears nothing."""
    pound = Instrument("GBPUSD", "FX", "GBP", "USD", Decimal("0.01"), Decimal("0.001"), InstrumentKind.FX)
    falls = [(i * 100 * MS, 10_000 - i // 5, 50_000, 1 if i % 2 else -1) for i in range(100)]
    shown = [(ns + MS, ticks - 1, 50_000, ticks + 1, 50_000) for ns, ticks, _, _ in falls]
    deepest = []
    for hears in (what, "nothing"):
        rows = [(FX, 0), (pound, 3 * MS)]
        if what == "trades":
            streams = [trades_stream([(ns + late, a, b, c) for ns, a, b, c in falls], of) for of, late in rows]
        else:
            streams = [quotes_stream([(ns + late, a, b, c, d) for ns, a, b, c, d in shown], of) for of, late in rows]
        journal, simulator = run(streams, [("a", HoldsTwoAndListens((FX, pound), hears))])
        assert sum(isinstance(e, OrderFilled) for e in journal.events) >= 2
        deepest.append(simulator.tracks[0].marks.drawdown.maximum)
    assert deepest[0] == deepest[1]
    assert 0 < deepest[0] < 0.01


class Strays(Strategy):
    """Asks for bars of an instrument that is not its own."""

    def on_start(self) -> None:
        self.subscribe_bars("1h", SPOT)


def test_bars_of_a_foreign_instrument_stop_the_track_and_nothing_else() -> None:
    """The strategy is told which instruments are its own, and the run goes on."""
    streams = [bars_stream(50), bars_stream(50, SPOT)]
    journal, _ = run(streams, [("a", Strays((FX,), NoParams())), ("b", BuysOnce((FX,), NoParams()))])
    stopped = [e for e in journal.events if isinstance(e, TrackStopped)]
    assert [(e.track, e.hook) for e in stopped] == [("a", "on_start")]
    assert "expected one of its instruments, found BTCUSDT.BINANCE" in stopped[0].error
    assert any(isinstance(e, OrderFilled) and e.track == "b" for e in journal.events)
