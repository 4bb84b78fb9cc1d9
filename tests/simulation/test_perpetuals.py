"""Perpetuals on a track: funding, margin and liquidation, as a strategy and its ledger meet them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.engine.agenda import FAR
from genesis.engine.margin import Leg, MarginAccount
from genesis.errors import ConfigError
from genesis.execution.fault_plan import Disconnect, FaultPlan, Span
from genesis.execution.faults import venue_faults
from genesis.execution.perpetual import Contract
from genesis.execution.perpetual_terms import MarkedBy, PerpetualTerms
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.model.events import OrderCancelRejected, OrderDenied, OrderFilled, OrderRejected, OrderSubmitted
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import MarginTier, margin_schedule
from genesis.model.market import Quote, Trade
from genesis.model.money import Money
from genesis.model.orders import DenyReason, Side
from genesis.model.track_events import FundingPaid, Liquidated, TrackHalted, TradeClosed
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.portfolio.portfolio import Portfolio
from genesis.risk.tiers import SNIPER, Tier
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream, StreamKind
from tests.kit.fills import fill_of
from tests.kit.plans import Plan
from tests.kit.runs import (
    EXACT,
    START,
    UNBOUNDED,
    Memory,
    funding_stream,
    marks_stream,
    only,
    quotes_stream,
    run,
    trades_stream,
)

SECOND = 1_000_000_000
E8 = 10**8
BTC = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
ETH = Instrument("ETHUSDT", "USDM", "ETH", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
TIERS = (
    MarginTier(floor=Decimal(0), cap=Decimal(50_000), maintenance_rate=Decimal("0.01"), max_leverage=20),
    MarginTier(floor=Decimal(50_000), cap=Decimal(10**6), maintenance_rate=Decimal("0.02"), max_leverage=10),
)
TERMS = PerpetualTerms(margin_tiers=TIERS, leverage=10)
BY_LAST = msgspec.structs.replace(TERMS, marked_by=MarkedBy.LAST_PRICE)
FEES = FeeSchedule(maker_bp=Decimal(0), taker_bp=Decimal(0), currency=FeeCurrency.QUOTE)


class Both(Plan):
    """A plan by instrument id, where two instruments have one symbol."""

    def on_trade(self, trade: Trade) -> None:
        at = (trade.time_received - START) // SECOND
        for instrument in self.instruments:
            lots = self._left.get(at, {}).pop(instrument.id, 0) if trade.instrument is instrument else 0
            if lots:
                self.order(Side.BUY if lots > 0 else Side.SELL, instrument.quantity(abs(lots)), instrument=instrument)


def plan(orders: dict[int, dict[str, int]], instruments: tuple[Instrument, ...] = (BTC,)) -> Plan:
    return Plan(instruments, Plan.Params(orders))


def prints(prices: Sequence[int], instrument: Instrument = BTC) -> Stream:
    """A print of 1,000 coins a second, at whole prices."""
    return trades_stream([(i * SECOND, p * 100, 10**6, 0) for i, p in enumerate(prices)], instrument)


def marks(prices: Sequence[int], instrument: Instrument = BTC) -> Stream:
    """A mark price a second."""
    return marks_stream([(i * SECOND, p * E8, p * E8, p * E8) for i, p in enumerate(prices)], instrument)


def go(
    streams: Sequence[Stream],
    orders: dict[int, dict[str, int]],
    rows: int | None = None,
    budget: str = "10000",
    terms: PerpetualTerms = TERMS,
    instruments: tuple[Instrument, ...] = (BTC,),
    tier: Tier = UNBOUNDED,
) -> tuple[Memory, Portfolio]:
    """One track under a plan, without fees or slippage, ten milliseconds from the venue."""
    fees = {i.id: FEES for i in instruments}
    of = {i.id: terms for i in instruments}
    journal, simulator = run(
        streams, [("t", plan(orders, instruments))], rows, EXACT, budget, tiers=(tier,), fees=fees, terms=of
    )
    return journal, simulator.tracks[0].portfolio


def money(portfolio: Portfolio, units: int) -> Decimal:
    return portfolio.to_money(units).amount.normalize()


# ---- funding


@pytest.mark.parametrize(("lots", "paid"), [(1000, Decimal("-0.0100005")), (-1000, Decimal("0.0100005"))])
def test_a_long_pays_and_a_short_receives(lots: int, paid: Decimal) -> None:
    """One coin at a mark of 100.005 and a rate of 0.01 %: 0.0100005 USDT, in cash, in the trade and in the chain."""
    flat = [100] * 12
    at_settlement = [(i * SECOND, int(Decimal("100.005") * E8), 100 * E8, 101 * E8) for i in range(12)]
    streams = [prints(flat), marks_stream(at_settlement, BTC), funding_stream([(5 * SECOND, 10_000)], BTC)]
    journal, portfolio = go(streams, {1: {"BTCUSDT": lots}, 8: {"BTCUSDT": -lots}})
    (event,) = only(journal, FundingPaid)
    (trade,) = only(journal, TradeClosed)
    assert isinstance(event, FundingPaid)
    assert isinstance(trade, TradeClosed)
    assert (event.time, event.units, event.rate_e8) == (START + 5 * SECOND, lots * 10**5, 10_000)
    assert money(portfolio, event.change) == paid
    assert money(portfolio, trade.funding or 0) == money(portfolio, trade.pnl) == paid
    assert money(portfolio, portfolio.funding_units) == money(portfolio, portfolio.cash_units) - 10_000 == paid
    portfolio.ledger.check()


def test_nothing_is_settled_without_a_position() -> None:
    """The position is opened after one settlement and closed before the other."""
    streams = [prints([100] * 12), marks([100] * 12), funding_stream([(SECOND, 10_000), (9 * SECOND, 10_000)], BTC)]
    journal, portfolio = go(streams, {3: {"BTCUSDT": 10}, 6: {"BTCUSDT": -10}})
    assert len(only(journal, OrderFilled)) == 2
    assert only(journal, FundingPaid) == []
    assert portfolio.funding_units == 0


def test_the_venue_settles_the_position_it_has_and_the_track_hears_of_the_fill_first() -> None:
    """Filled at the very second of the settlement, told 5 ms later: it pays, and pays once the fill was heard."""
    streams = [prints([100] * 12), marks([100] * 12), funding_stream([(4 * SECOND, 10_000)], BTC)]
    journal, _ = go(streams, {3: {"BTCUSDT": 1000}})
    (fill,), (event,) = only(journal, OrderFilled), only(journal, FundingPaid)
    assert isinstance(fill, OrderFilled)
    assert isinstance(event, FundingPaid)
    assert fill.time_event == event.time_event == START + 4 * SECOND
    assert event.time == fill.time > event.time_event
    assert journal.events.index(fill) < journal.events.index(event)


def test_without_a_mark_price_at_the_settlement_the_track_holds() -> None:
    """Marks end at second 3, the settlement is 200 s later: what it cost cannot be told, so no further entry is made."""
    streams = [prints([100] * 220), marks([100] * 4), funding_stream([(203 * SECOND + 1, 10_000)], BTC)]
    journal, _ = go(streams, {1: {"BTCUSDT": 10}, 210: {"BTCUSDT": 10}}, terms=BY_LAST)
    (halt,), (denied,) = only(journal, TrackHalted), only(journal, OrderDenied)
    assert isinstance(halt, TrackHalted)
    assert isinstance(denied, OrderDenied)
    assert (halt.reason, denied.reason) == ("MARK_PRICE", DenyReason.TRACK_HALTED)
    assert "expected a mark price of at most 120 s, found one of 200 s" in halt.detail
    assert only(journal, FundingPaid) == []


# ---- margin and liquidation

NO_FUNDING = [(0, 0)]


def test_a_crash_liquidates_a_long_at_the_venues_price() -> None:
    """Ten coins at 100 on 200 USDT: 1 % of notional is left at 80.80, so the row that shows 80 liquidates; 1.25 % of 800 is charged."""
    path = [100] * 6 + [90, 80, 80, 80, 80]
    streams = [prints(path), marks(path), funding_stream(NO_FUNDING, BTC)]
    journal, portfolio = go(streams, {1: {"BTCUSDT": 10_000}, 9: {"BTCUSDT": 1}}, budget="200")
    (event,) = only(journal, Liquidated)
    assert isinstance(event, Liquidated)
    assert (event.time, event.units, event.mark) == (START + 7 * SECOND, 10**9, 80 * E8)
    assert [money(portfolio, u) for u in (event.wallet, event.unrealized, event.maintenance)] == [200, -200, 8]
    opened, closed = only(journal, OrderFilled)
    assert isinstance(closed, OrderFilled)
    assert (closed.order.intent.tag, closed.order.intent.reduce_only) == ("liquidation", True)
    assert Decimal(closed.fee).scaleb(-closed.fee_decimals) == Decimal("10")
    (trade,) = only(journal, TradeClosed)
    assert isinstance(trade, TradeClosed)
    assert (trade.forced, money(portfolio, trade.pnl)) == (True, Decimal(-210))
    (denied,) = only(journal, OrderDenied)
    assert isinstance(denied, OrderDenied)
    assert denied.reason is DenyReason.TRACK_HALTED
    assert money(portfolio, portfolio.cash_units) == -10  # nobody insures the account
    portfolio.ledger.check()


@pytest.mark.parametrize("low", [81, 80])
def test_the_extremes_between_two_marks_count(low: int) -> None:
    """The mark is 100 at every row. A low of 80 between two of them liquidates, one of 81 does not."""
    rows = [(i * SECOND, 100 * E8, (low if i == 7 else 100) * E8, 100 * E8) for i in range(11)]
    streams = [prints([100] * 11), marks_stream(rows, BTC), funding_stream(NO_FUNDING, BTC)]
    journal, _ = go(streams, {1: {"BTCUSDT": 10_000}}, budget="200")
    assert len(only(journal, Liquidated)) == (1 if low == 80 else 0)


def unconnected(streams: Sequence[Stream], strategy: Strategy, until: str) -> tuple[Memory, PaperTradingSimulator]:
    """A run with 200 USDT, without a connection to the venue from the fifth second on."""
    gone = Disconnect(windows=[Span("2025-01-01T00:00:05Z", until)])
    return run(
        streams,
        [("t", strategy)],
        None,
        EXACT,
        "200",
        tiers=(UNBOUNDED,),
        fees={BTC.id: FEES},
        terms={BTC.id: TERMS},
        faults=venue_faults(FaultPlan(disconnect=gone), 1),
    )


def test_the_venue_liquidates_whoever_is_not_connected() -> None:
    """Without a connection from 5 to 10 s: the venue closes at 7 s all the same, and at 10 s the account hears of it."""
    path = [100] * 6 + [90, 80, 80, 80, 80, 80]
    streams = [prints(path), marks(path), funding_stream(NO_FUNDING, BTC)]
    journal, simulator = unconnected(streams, plan({1: {"BTCUSDT": 10_000}}), "2025-01-01T00:00:10Z")
    (event,) = only(journal, Liquidated)
    _, closed = only(journal, OrderFilled)
    assert isinstance(closed, OrderFilled)
    assert event.time == START + 7 * SECOND
    assert START + 7 * SECOND < closed.time_event < START + 9 * SECOND
    assert closed.time == START + 10 * SECOND
    assert only(journal, OrderRejected) == []
    assert simulator.tracks[0].desk.position_lots(BTC) == 0


class Dips(Strategy):
    """Buys 10 coins at the second trade and bids for one more far below, at the fourth."""

    def on_start(self) -> None:
        self._n = 0
        self.subscribe_trades()

    def on_trade(self, trade: Trade) -> None:
        self._n += 1
        if self._n == 2:
            self.buy(BTC.quantity(10_000))
        if self._n == 4:
            self.buy(BTC.quantity(1_000), limit=BTC.price(9_600))


def test_the_venue_cancels_the_orders_of_whoever_is_not_connected() -> None:
    """Liquidated at 7 s without a connection; the bid at 96 that its prints go through at 7.5 s is gone by then, and nothing is bought."""
    path = [(i * SECOND, p * 100, 10**6, 0) for i, p in enumerate([100] * 7)]
    path += [(7 * SECOND + SECOND // 2, 9_500, 10**6, 0), (9 * SECOND, 9_500, 10**6, 0), (21 * SECOND, 9_500, 10**6, 0)]
    marked = marks([100] * 7 + [80] * 15)
    streams = [trades_stream(path, BTC), marked, funding_stream(NO_FUNDING, BTC)]
    journal, simulator = unconnected(streams, Dips((BTC,), None), "2025-01-01T00:00:20Z")
    assert [e.time for e in journal.events if isinstance(e, Liquidated)] == [START + 7 * SECOND]
    bought = [e.last_lots for e in journal.events if isinstance(e, OrderFilled) and e.order.intent.side is Side.BUY]
    assert bought == [10_000]
    assert only(journal, OrderCancelRejected) == []
    assert simulator.tracks[0].desk.position_lots(BTC) == 0


def test_a_rise_liquidates_a_short_and_its_open_orders_go() -> None:
    """Ten coins sold at 100 on 200 USDT; at 119 the balance of 10 is under the maintenance margin of 11.90."""
    path = [100] * 6 + [119] * 5
    streams = [prints(path), marks(path), funding_stream(NO_FUNDING, BTC)]
    journal, _ = go(streams, {1: {"BTCUSDT": -10_000}}, budget="200")
    (event,) = only(journal, Liquidated)
    assert isinstance(event, Liquidated)
    assert (event.units, event.detail()) == (
        -(10**9),
        "expected a margin balance above the maintenance margin of 11.9000000000000000, found 10.0000000000000000",
    )


def test_where_the_last_price_stands_in_its_rows_liquidate() -> None:
    """Mark prices stay at 100; the instrument's own price falls to 80."""
    path = [100] * 6 + [80] * 5
    streams = [prints(path), marks([100] * 4), funding_stream(NO_FUNDING, BTC)]
    journal, _ = go(streams, {1: {"BTCUSDT": 10_000}}, budget="200", terms=BY_LAST)
    (event,) = only(journal, Liquidated)
    assert isinstance(event, Liquidated)
    assert event.time == START + 6 * SECOND


def test_of_two_contracts_the_one_with_the_larger_margin_goes_and_the_other_is_flattened() -> None:
    """BTC falls from 100 to 85 with 10 coins held, ETH stays at 10 with 10 held: BTC is liquidated, ETH closed by risk."""
    path = [100] * 6 + [85] * 5
    streams = [
        *(f(path, BTC) for f in (prints, marks)),
        *(f([10] * 11, ETH) for f in (prints, marks)),
        *(funding_stream(NO_FUNDING, i) for i in (BTC, ETH)),
    ]
    orders = {1: {"BTCUSDT": 10_000, "ETHUSDT": 10_000}}
    journal, portfolio = go(streams, orders, budget="155", instruments=(BTC, ETH))
    (event,) = only(journal, Liquidated)
    assert isinstance(event, Liquidated)
    assert event.instrument is BTC
    tags = {e.order.intent.instrument.symbol: e.order.intent.tag for e in only(journal, OrderSubmitted)[2:]}  # type: ignore[attr-defined]
    assert tags == {"BTCUSDT": "liquidation", "ETHUSDT": "flatten"}
    assert portfolio.position_units(BTC.id) == portfolio.position_units(ETH.id) == 0


def test_a_loss_limit_that_breaks_at_the_same_row_does_not_spare_the_liquidation_fee() -> None:
    """Risk sends the closing order, the venue takes it over: one order closes the position, and bears the fee."""
    path = [100] * 6 + [80] * 5
    streams = [prints(path), marks(path), funding_stream(NO_FUNDING, BTC)]
    tier = msgspec.structs.replace(UNBOUNDED, drawdown_halt=Decimal("0.2"))
    journal, _ = go(streams, {1: {"BTCUSDT": 10_000}}, budget="200", tier=tier)
    assert len(only(journal, TrackHalted)) == len(only(journal, Liquidated)) == 1
    _, closed = only(journal, OrderFilled)
    assert isinstance(closed, OrderFilled)
    assert (closed.order.intent.tag, Decimal(closed.fee).scaleb(-closed.fee_decimals)) == ("flatten", Decimal(10))


# ---- entries


@pytest.mark.parametrize(
    ("lots", "budget", "leverage", "age", "reason"),
    [
        (10_000, "200", 5, 0, None),
        (10_001, "200", 5, 0, DenyReason.MARGIN),
        (501_000, "100000", 20, 0, DenyReason.LEVERAGE),
        (501_000, "100000", 10, 0, None),
        (10, "200", 5, 200, DenyReason.STALE_PRICE),
    ],
)
def test_an_entry_needs_margin_leverage_and_a_fresh_mark(
    lots: int, budget: str, leverage: int, age: int, reason: DenyReason | None
) -> None:
    """At five times 200 USDT carry ten coins of 100 and not a lot more; 50,100 of notional may have ten times, not twenty."""
    streams = [prints([100] * (age + 4)), marks([100] * 2), funding_stream(NO_FUNDING, BTC)]
    terms = msgspec.structs.replace(TERMS, leverage=leverage)
    journal, _ = go(streams, {age + 1: {"BTCUSDT": lots}}, None, budget, terms)
    assert [e.reason for e in only(journal, OrderDenied)] == ([] if reason is None else [reason])  # type: ignore[attr-defined]


class Exits(Plan):
    """Rests its orders two dollars from the market, on their own side of it."""

    def on_trade(self, trade: Trade) -> None:
        lots = self._left.pop((trade.time_received - START) // SECOND, {}).get(BTC.symbol, 0)
        if lots:
            side = Side.BUY if lots > 0 else Side.SELL
            self.order(side, BTC.quantity(abs(lots)), limit=BTC.price(trade.ticks - 200 * int(side)))


def test_exits_that_together_open_a_position_need_its_margin() -> None:
    """Long 1 of 20,000 on 20,000 at leverage 1: a sale of 1 only closes, a second leads to a short that the margin bears, a third to one it does not."""
    orders = {1: {"BTCUSDT": 1000}, 5: {"BTCUSDT": -1000}, 6: {"BTCUSDT": -1000}, 7: {"BTCUSDT": -1000}}
    prices = [20_000] * 3 + [19_990] + [20_000] * 6 + [20_100] * 3
    terms = {BTC.id: msgspec.structs.replace(TERMS, leverage=1)}
    strategy = Exits((BTC,), Plan.Params(orders))
    journal, simulator = run(
        [prints(prices), marks([20_000] * 13), funding_stream([], BTC)],
        [("t", strategy)],
        None,
        EXACT,
        "20010",
        tiers=(UNBOUNDED,),
        fees={BTC.id: FEES},
        terms=terms,
    )
    denied = [e for e in journal.events if isinstance(e, OrderDenied)]
    assert [(e.reason, (e.time - START) // SECOND) for e in denied] == [(DenyReason.MARGIN, 7)]
    assert simulator.tracks[0].desk.position_lots(BTC) == -1000


def test_an_exit_beside_the_one_of_risk_opens_nothing() -> None:
    """The print that breaks the loss limit lets the strategy sell what it holds too: risk does so already, and the track ends flat."""
    tier = msgspec.structs.replace(UNBOUNDED, daily_loss_max=Decimal("0.05"))
    orders = {1: {"BTCUSDT": 1000}, 5: {"BTCUSDT": -1000}}
    prices = [20_000] * 5 + [18_000] * 4
    journal, portfolio = go([prints(prices), marks(prices), funding_stream([], BTC)], orders, terms=BY_LAST, tier=tier)
    assert [e.reason for e in journal.events if isinstance(e, TrackHalted)] == ["DAILY_LOSS"]
    assert [e.reason for e in journal.events if isinstance(e, OrderDenied)] == [DenyReason.TRACK_HALTED]
    assert portfolio.position_units(BTC.id) == 0


class Quick(Plan):
    """As a plan, at quotes, which fill an order when it arrives."""

    def on_start(self) -> None:
        self.subscribe_quotes(self.instrument)
        self._left = dict(self.params.orders)

    def on_quote(self, quote: Quote) -> None:
        lots = self._left.pop((quote.time_received - START) // SECOND, {}).get("BTCUSDT", 0)
        if lots:
            self.order(Side.BUY if lots > 0 else Side.SELL, self.instrument.quantity(abs(lots)))


@pytest.mark.parametrize(
    ("low", "more", "reason"), [(18_000, 500, "DAILY_LOSS"), (18_000, -500, "DAILY_LOSS"), (14_000, 500, "LIQUIDATED")]
)
def test_an_entry_on_its_way_is_closed_when_it_comes_after_the_halt(low: int, more: int, reason: str) -> None:
    """The price falls 5 ms after an order was sent, and 5 ms before it arrives: no cancel reaches it, and what it brought is closed at once."""
    times = [i * SECOND for i in range(6)] + [5 * SECOND + 5_000_000] + [i * SECOND for i in range(6, 12)]
    path = [(t, 20_000 if n < 6 else low) for n, t in enumerate(times)]
    streams = [
        quotes_stream([(t, p * 100, 10**6, p * 100 + 10, 10**6) for t, p in path], BTC),
        marks_stream([(t, p * E8, p * E8, p * E8) for t, p in path], BTC),
        funding_stream([], BTC),
    ]
    tier = UNBOUNDED if reason == "LIQUIDATED" else msgspec.structs.replace(UNBOUNDED, daily_loss_max=Decimal("0.05"))
    quick = Quick((BTC,), Plan.Params({1: {"BTCUSDT": 1000}, 5: {"BTCUSDT": more}}))
    budget = "6000" if reason == "LIQUIDATED" else "10000"
    terms = {BTC.id: BY_LAST}
    journal, simulator = run(
        streams, [("t", quick)], None, EXACT, budget, tiers=(tier,), fees={BTC.id: FEES}, terms=terms
    )

    found = [
        e.reason if isinstance(e, TrackHalted) else "LIQUIDATED"
        for e in journal.events
        if isinstance(e, (TrackHalted, Liquidated))
    ]
    assert found == [reason]
    late = [e for e in only(journal, OrderFilled) if isinstance(e, OrderFilled)][1]
    assert (late.last_lots, late.time_event) == (500, START + 5 * SECOND + 10_000_000)
    assert simulator.tracks[0].portfolio.position_units(BTC.id) == 0
    assert simulator.tracks[0].is_idle


@pytest.mark.parametrize(("coins", "denied"), [(7, []), (8, [DenyReason.INSUFFICIENT_FUNDS])])
def test_what_a_short_brings_in_buys_no_spot(coins: int, denied: list[DenyReason]) -> None:
    """Five coins sold at 100 at twice bind 250 of 1,000 USDT: 700 may be spent on spot, 800 may not."""
    spot = Instrument("BTCUSDT", "SPOT", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
    streams = [
        prints([100] * 12),
        marks([100] * 12),
        funding_stream(NO_FUNDING, BTC),
        trades_stream([(i * SECOND, 10_000, 10**6, 0) for i in range(12)], spot),
    ]
    both = Both((BTC, spot), Plan.Params({1: {BTC.id: -5_000}, 5: {spot.id: coins * 1_000}}))
    terms = {BTC.id: msgspec.structs.replace(TERMS, leverage=2)}
    journal, simulator = run(
        streams, [("t", both)], None, EXACT, "1000", tiers=(UNBOUNDED,), fees={BTC.id: FEES, spot.id: FEES}, terms=terms
    )
    assert [e.reason for e in only(journal, OrderDenied)] == denied  # type: ignore[attr-defined]
    portfolio = simulator.tracks[0].portfolio
    assert portfolio.position_units(spot.id) == (0 if denied else coins * E8)
    portfolio.ledger.check()


@pytest.mark.parametrize(
    ("tier", "leverage", "says"),
    [
        (SNIPER, 1, "BTCUSDT.USDM: expected no perpetual in tier sniper, found one at 1x"),
        (
            msgspec.structs.replace(UNBOUNDED, leverage=Decimal(2)),
            3,
            "leverage: expected at most 2x in tier free, found 3x",
        ),
        (UNBOUNDED, 21, "leverage: expected 1 to 20, found 21"),
    ],
)
def test_the_tier_bounds_leverage_before_anything_runs(tier: Tier, leverage: int, says: str) -> None:
    """A tier without leverage has no perpetuals."""
    streams = [prints([100] * 3), marks([100] * 3), funding_stream(NO_FUNDING, BTC)]
    with pytest.raises(ConfigError, match=says):
        go(streams, {}, terms=msgspec.structs.replace(TERMS, leverage=leverage), tier=tier)


@pytest.mark.parametrize("kind", [StreamKind.MARK, StreamKind.FUNDING])
def test_a_perpetual_needs_mark_prices_and_funding(kind: StreamKind) -> None:
    """Without one of them it is refused, by name."""
    streams = [prints([100] * 3), marks([100] * 3), funding_stream(NO_FUNDING, BTC)]
    with pytest.raises(ConfigError, match="expected mark prices and funding rates on the tape, found trades, "):
        go([s for s in streams if s.kind is not kind], {})


# ---- properties

PATHS = st.lists(st.integers(70, 130), min_size=12, max_size=30)


@settings(max_examples=30, deadline=None)
@given(
    PATHS,
    st.lists(st.tuples(st.integers(0, 29), st.integers(-9_000, 9_000)), max_size=5),
    st.lists(st.integers(-50_000, 50_000), max_size=4),
    st.sampled_from([TERMS, BY_LAST]),
    st.integers(1, 9),
)
def test_how_the_tape_is_cut_changes_nothing_and_money_is_conserved(
    path: list[int], sent: list[tuple[int, int]], rates: list[int], terms: PerpetualTerms, rows: int
) -> None:
    """Whatever is traded and settled: every cut gives the same chain, the ledger balances, and equity is what its parts say."""
    orders = {at: {"BTCUSDT": lots} for at, lots in sent if lots}

    def streams() -> list[Stream]:
        settled = [(SECOND * (2 + 3 * i), rate) for i, rate in enumerate(rates)] or NO_FUNDING
        wide = [(i * SECOND, p * E8, (p - 3) * E8, (p + 2) * E8) for i, p in enumerate(path)]
        return [prints(path), marks_stream(wide, BTC), funding_stream(settled, BTC)]

    whole, portfolio = go(streams(), orders, None, "200", terms)
    cut, _ = go(streams(), orders, rows, "200", terms)
    assert cut.entries == whole.entries
    portfolio.ledger.check()
    at = {BTC.id: path[-1] * E8}
    parts = portfolio.budget_units + portfolio.realized_units + portfolio.unrealized(at)
    assert portfolio.equity(at) == parts - portfolio.fees_units + portfolio.funding_units
    closed = sum(e.pnl for e in only(whole, TradeClosed))  # type: ignore[attr-defined]
    assert portfolio.equity(at) - portfolio.budget_units == closed + portfolio.open_pnl(at)


@pytest.mark.parametrize("rows", [1, 5, None])
def test_tracks_of_one_scope_settle_and_are_liquidated_alike(rows: int | None) -> None:
    """Two tracks that compete for one market are funded at the same moment and closed by force at the same row, however the tape is cut."""
    path = [100] * 6 + [80] * 5
    streams = [prints(path), marks(path), funding_stream([(4 * SECOND, 10_000)], BTC)]
    named = [(name, plan({1: {"BTCUSDT": 10_000}})) for name in ("a", "b")]
    scopes = {"a": "one", "b": "one"}
    journal, _ = run(streams, named, rows, EXACT, "200", None, scopes, (UNBOUNDED,), {BTC.id: FEES}, {BTC.id: TERMS})
    for kind, at in ((FundingPaid, 4), (Liquidated, 6)):
        assert [(e.track, e.time) for e in only(journal, kind)] == [(t, START + at * SECOND) for t in ("a", "b")]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(50, 150), st.integers(0, 20), st.integers(0, 20)), min_size=1, max_size=40),
    st.integers(-20_000, 20_000).filter(bool),
    st.integers(50, 150),
    st.integers(1, 400),
    st.booleans(),
)
def test_the_search_for_the_liquidation_price_finds_what_judging_every_moment_finds(
    rows: list[tuple[int, int, int]], lots: int, entry: int, budget: int, by_mark: bool
) -> None:
    """One definition of being liquidated, two evaluators: the first moment is the same, whichever stream shows it."""
    seen = [(i * SECOND, m * E8, (m - a) * E8, (m + b) * E8) for i, (m, a, b) in enumerate(rows)]
    shown, own = marks_stream(seen, BTC), prints([m for m, _, _ in rows])
    for stream in (shown, own):
        stream.reveal(len(rows))
    portfolio = Portfolio(Money(budget, "USDT"), [BTC])
    portfolio.apply_fill(fill_of(BTC, Side.BUY if lots > 0 else Side.SELL, abs(lots), entry * 100))
    schedule = margin_schedule(TIERS, "USDT", portfolio.decimals, "test", "by hand")
    contract = Contract(BTC, schedule, 1, Decimal("0.01"))
    leg = Leg(BTC, contract, portfolio.holding(BTC), shown, funding_stream(NO_FUNDING, BTC), own, by_mark, 120)
    account = MarginAccount([leg], portfolio)
    account.changed(START - 1)
    every = (START + i * SECOND for i in range(len(rows)))
    first = next((t for t in every if account.judge(t) is not None), FAR)
    assert account.next_hit(FAR - 1, False) == account.first_judged(FAR - 1, False) == first


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(60, 140), st.integers(60, 140)), min_size=1, max_size=40),
    st.tuples(st.integers(-20_000, 20_000), st.integers(-20_000, 20_000)).filter(any),
    st.integers(1, 400),
    st.lists(st.integers(1, 40), max_size=6),
)
def test_several_contracts_are_liquidated_at_the_first_moment_that_judging_finds(
    rows: list[tuple[int, int]], lots: tuple[int, int], budget: int, asked: list[int]
) -> None:
    """Whatever was asked before, and however far each question reached: no moment is passed over, none is found too early."""
    portfolio = Portfolio(Money(budget, "USDT"), [BTC, ETH])
    schedule = margin_schedule(TIERS, "USDT", portfolio.decimals, "test", "by hand")
    legs = []
    for place, (instrument, held) in enumerate(zip((BTC, ETH), lots, strict=True)):
        shown, own = marks([r[place] for r in rows], instrument), prints([100], instrument)
        shown.reveal(len(rows))
        if held:
            portfolio.apply_fill(fill_of(instrument, Side.BUY if held > 0 else Side.SELL, abs(held), 10_000))
        contract = Contract(instrument, schedule, 1, Decimal("0.01"))
        settled = funding_stream(NO_FUNDING, instrument)
        legs.append(Leg(instrument, contract, portfolio.holding(instrument), shown, settled, own, True, 120))
    account = MarginAccount(legs, portfolio)
    account.changed(START - 1)
    every = (START + i * SECOND for i in range(len(rows)))
    first = next((t for t in every if account.judge(t) is not None), FAR)
    for seconds in sorted(asked):
        until = START + seconds * SECOND
        assert account.next_hit(until, True) == (first if first <= until else FAR)
    assert account.next_hit(FAR - 1, False) == first
