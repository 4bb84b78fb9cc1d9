"""Perpetuals of several settlement currencies on one track: each currency is a margin wallet of its own, and none stands in for another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
import pytest

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import OrderCanceled, OrderFilled, OrderRejected
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import MarginTier
from genesis.model.market import Trade
from genesis.model.money import Money
from genesis.model.orders import DenyReason, OrderType, Side
from genesis.model.run_events import RunStarted
from genesis.model.track_events import FundingPaid, Liquidated, TrackHalted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.tiers import Tier
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream
from tests.kit.runs import (
    EXACT,
    START,
    UNBOUNDED,
    Memory,
    denials,
    funding_stream,
    last_metrics,
    marks_stream,
    only,
    trades_stream,
)

SECOND, E8 = 1_000_000_000, 10**8
USDC = Instrument("USDCUSDT", "X", "USDC", "USDT", Decimal("0.0001"), Decimal(1))
USDT = Instrument("USDTUSD", "X", "USDT", "USD", Decimal("0.0001"), Decimal(1))
SPOT = Instrument("BTCUSDT", "X", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
ETH = Instrument("ETHUSDC", "F", "ETH", "USDC", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
BTC = Instrument("BTCUSDT", "F", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
BTC_USDC = Instrument("BTCUSDC", "F", "BTC", "USDC", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
TIERS = (MarginTier(floor=Decimal(0), cap=Decimal(10**6), maintenance_rate=Decimal("0.01"), max_leverage=20),)
TERMS = PerpetualTerms(margin_tiers=TIERS, leverage=10)
NO_FEE = FeeSchedule(maker_bp=Decimal(0), taker_bp=Decimal(0), currency=FeeCurrency.QUOTE)


class Plan(Strategy):
    """Sends signed lots by instrument id at the first print of that instrument in each given second; ``reduce`` names seconds of reduce-only orders."""

    class Params(msgspec.Struct, frozen=True):
        orders: dict[int, dict[str, int]]
        reduce: tuple[int, ...] = ()

    def on_start(self) -> None:
        for instrument in self.instruments:
            self.subscribe_trades(instrument)
        self._left = {at: dict(orders) for at, orders in self.params.orders.items()}

    def on_trade(self, trade: Trade) -> None:
        at, i = (trade.time_received - START) // SECOND, trade.instrument
        lots = self._left.get(at, {}).pop(i.id, 0)
        if lots:
            side = Side.BUY if lots > 0 else Side.SELL
            self.order(side, i.quantity(abs(lots)), instrument=i, reduce_only=at in self.params.reduce)


def prints(instrument: Instrument, prices: Sequence[str]) -> Stream:
    """A large print a second."""
    return trades_stream([(i * SECOND, instrument.ticks(p), 10**7, 0) for i, p in enumerate(prices)], instrument)


def perpetual(instrument: Instrument, prices: Sequence[int], rates: Sequence[tuple[int, int]] = ()) -> list[Stream]:
    """A print and a mark a second, and settlements of (second, rate in 10**-8)."""
    return [
        prints(instrument, [str(p) for p in prices]),
        marks_stream([(i * SECOND, p * E8, p * E8, p * E8) for i, p in enumerate(prices)], instrument),
        funding_stream([(at * SECOND, rate) for at, rate in rates], instrument),
    ]


def go(
    streams: Sequence[Stream],
    strategy: Strategy,
    budget: Money,
    balances: Sequence[Money] = (),
    rates: Sequence[Instrument] = (),
    tier: Tier = UNBOUNDED,
    leverage: Mapping[str, int] | None = None,
) -> tuple[Memory, Track]:
    tape = Tape(streams)
    of = {s.instrument.id: NO_FEE for s in streams}
    terms = {
        i.id: msgspec.structs.replace(TERMS, leverage=(leverage or {}).get(i.id, 10)) for i in (ETH, BTC, BTC_USDC)
    }
    simulator = PaperTradingSimulator(
        tape, StrategyMonitor(60 * SECOND), 7, START - 1, EXACT, None, (tier,), of, terms=terms
    )
    track = simulator.add("t", strategy, budget, balances=balances, rates=rates)
    journal = Memory()
    TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {})).run(Replay(streams).cut(None))
    return journal, track


def owned(track: Track, asset: str) -> Decimal:
    portfolio = track.portfolio
    return currency_grid(portfolio.scales[asset]).to_decimal(portfolio.owned_of(asset)).normalize() + 0


def check(track: Track) -> None:
    """The ledger balances, and the venue's wallet has of each money what the ledger owns."""
    track.portfolio.ledger.check()
    wallet = track.executor.wallet
    if wallet is not None:
        for money in track.portfolio.moneys:
            assert wallet.free[money] + wallet.locked[money] == track.portfolio.owned_of(money)


def test_a_budget_in_usd_holds_a_perpetual_that_settles_in_usdt() -> None:
    """1,000 USD buy 1,000 USDT at 0.99; a coin gains 100 USDT, worth 99 USD when it was closed; 5 more USDT are paid for funding."""
    path = [1000] * 8 + [1100] * 12
    streams = [prints(USDT, ["0.99"] * 20), *perpetual(BTC, path, [(6, 500_000)])]
    orders = {1: {USDT.id: 1000}, 3: {BTC.id: 1000}, 10: {BTC.id: -1000}}

    journal, track = go(streams, Plan((USDT, BTC), Plan.Params(orders)), Money(1_000, "USD"))

    assert denials(journal) == []
    assert (owned(track, "USD"), owned(track, "USDT")) == (10, 1095)
    told = last_metrics(journal)
    assert Decimal(str(told["equity"])) == 10 + 1095 * Decimal("0.99")
    assert (Decimal(str(told["realized_pnl"])), Decimal(str(told["funding"]))) == (99, Decimal("-4.95"))
    assert Decimal(str(told["funding.USDT"])) == -5
    assert Decimal(str(told["wallet_balance.USDT"])) == 1095
    check(track)


def test_what_is_won_on_a_perpetual_can_be_sold_on_spot() -> None:
    """100 USDC of margin win 50: 150 are sold for USDT, which the venue's own wallet knows of."""
    streams = [prints(USDC, ["1"] * 20), *perpetual(ETH, [100] * 6 + [150] * 14)]
    orders = {1: {ETH.id: 1000}, 8: {ETH.id: -1000}, 12: {USDC.id: -150}}

    journal, track = go(streams, Plan((USDC, ETH), Plan.Params(orders)), Money(1_000, "USDT"), [Money(100, "USDC")])

    assert denials(journal) == []
    assert only(journal, OrderRejected) == []
    assert (owned(track, "USDT"), owned(track, "USDC")) == (1150, 0)
    check(track)


@pytest.mark.parametrize("reduce_only", [False, True])
def test_the_margin_of_a_position_cannot_be_sold(reduce_only: bool) -> None:
    """100 USDC, bought on spot; a coin at 200 at ten times keeps 20 of them: 81 cannot be sold, reduce-only or not, 80 can."""
    streams = [prints(USDC, ["1"] * 20), *perpetual(ETH, [200] * 20)]
    orders = {1: {USDC.id: 100}, 3: {ETH.id: 1000}, 6: {USDC.id: -81}, 9: {USDC.id: -80}}
    strategy = Plan((USDC, ETH), Plan.Params(orders, (6, 9) if reduce_only else ()))

    journal, track = go(streams, strategy, Money(1_000, "USDT"))

    ((reason, says),) = denials(journal)
    assert reason is DenyReason.MARGIN
    assert says.startswith("USDC wallet: expected 81.")
    assert (owned(track, "USDT"), owned(track, "USDC")) == (980, 20)
    check(track)


def test_margin_that_is_on_its_way_out_is_no_margin() -> None:
    """All USDC are being sold, reduce-only, when a position is asked for: it finds nothing free."""

    class Both(Plan):
        def on_trade(self, trade: Trade) -> None:
            if trade.instrument is ETH and (trade.time_received - START) // SECOND == 5:
                self.order(Side.SELL, USDC.quantity(100), instrument=USDC, reduce_only=True)
                self.order(Side.BUY, ETH.quantity(1000), instrument=ETH)
            else:
                super().on_trade(trade)

    streams = [prints(USDC, ["1"] * 20), *perpetual(ETH, [200] * 20)]

    journal, track = go(streams, Both((USDC, ETH), Plan.Params({1: {USDC.id: 100}})), Money(1_000, "USDT"))

    ((reason, says),) = denials(journal)
    assert reason is DenyReason.MARGIN
    assert says.startswith("USDC wallet: initial margin: expected at most ")
    assert (owned(track, "USDT"), owned(track, "USDC")) == (1000, 0)


def test_a_profit_that_is_not_realised_buys_no_spot() -> None:
    """100 USDT at ten times: a coin bought at 500 is marked at 900. 10 USDT are left to spend, whatever the 400 say."""
    streams = [
        prints(SPOT, ["20"] * 20),
        *perpetual(BTC, [500] * 5 + [900] * 15),
    ]
    orders = {1: {BTC.id: 1000}, 8: {SPOT.id: 501}, 10: {SPOT.id: 500}}

    journal, track = go(streams, Plan((SPOT, BTC), Plan.Params(orders)), Money(100, "USDT"))

    assert [r for r, _ in denials(journal)] == [DenyReason.INSUFFICIENT_FUNDS]
    assert track.portfolio.position_units(SPOT.id) == E8 // 2
    check(track)


def test_a_loss_limit_closes_positions_first_and_then_brings_the_margin_home() -> None:
    """1,000 USDC, bought on spot, lose 200 on a coin: the track is flattened, and the 800 that are left are sold, not the 1,000."""
    streams = [prints(USDC, ["1"] * 30), *perpetual(ETH, [1000] * 6 + [800] * 24)]
    tier = msgspec.structs.replace(UNBOUNDED, daily_loss_max=Decimal("0.05"))
    strategy = Plan((USDC, ETH), Plan.Params({1: {USDC.id: 1000}, 3: {ETH.id: 1000}}))

    journal, track = go(streams, strategy, Money(2_000, "USDT"), tier=tier)

    assert [e.reason for e in journal.events if isinstance(e, TrackHalted)] == ["DAILY_LOSS"]
    closing = [e.order.intent for e in journal.events if isinstance(e, OrderFilled)][2:]
    assert [(i.instrument, i.lots, i.tag) for i in closing] == [(ETH, 1000, "flatten"), (USDC, 800, "flatten")]
    assert only(journal, OrderRejected) == []
    assert (owned(track, "USDT"), owned(track, "USDC")) == (1800, 0)
    check(track)


def test_a_wallet_is_liquidated_though_another_has_plenty() -> None:
    """30 USDC carry a coin at 200; at 170 they are gone. The venue closes that one; the position in USDT is closed by risk, without the venue's fee."""
    streams = [
        prints(USDC, ["1"] * 20),
        *perpetual(ETH, [200] * 8 + [170] * 12),
        *perpetual(BTC, [500] * 20),
    ]
    strategy = Plan((USDC, ETH, BTC), Plan.Params({1: {ETH.id: 1000, BTC.id: -100}}))

    journal, track = go(streams, strategy, Money(10_000, "USDT"), [Money(30, "USDC")])

    (event,) = only(journal, Liquidated)
    assert isinstance(event, Liquidated)
    assert (event.instrument, event.currency, event.time) == (ETH, "USDC", START + 8 * SECOND)
    closed = [e for e in journal.events if isinstance(e, OrderFilled)][2:]
    assert {(e.order.intent.instrument, e.order.intent.tag, e.fee > 0) for e in closed} == {
        (ETH, "liquidation", True),
        (BTC, "flatten", False),
    }
    assert owned(track, "USDC") == Decimal(30 - 30) - 170 * Decimal("0.0125")
    assert owned(track, "USDT") == 10_000
    check(track)


def test_of_two_wallets_both_may_go_at_one_row() -> None:
    """Each has its own event at the same moment, in the order of the track's instruments, and pays its own fee."""
    path = [200] * 8 + [150] * 12
    streams = [prints(USDC, ["1"] * 20), *perpetual(BTC_USDC, path), *perpetual(BTC, path)]
    strategy = Plan((USDC, BTC_USDC, BTC), Plan.Params({1: {BTC_USDC.id: 1000, BTC.id: 1000}}))

    journal, track = go(streams, strategy, Money(30, "USDT"), [Money(30, "USDC")])

    events = [e for e in journal.events if isinstance(e, Liquidated)]
    assert [(e.currency, e.time) for e in events] == [(c, START + 8 * SECOND) for c in ("USDC", "USDT")]
    assert [owned(track, c) for c in ("USDC", "USDT")] == [Decimal(-20) - 150 * Decimal("0.0125")] * 2
    check(track)


def test_when_a_wallet_goes_the_orders_of_all_end() -> None:
    """Of two take-profits that wait, the venue cancels the one of its wallet, risk the other."""

    class Waiting(Plan):
        def on_trade(self, trade: Trade) -> None:
            super().on_trade(trade)
            if (trade.time_received - START) // SECOND == 3:
                i = trade.instrument
                above = i.price(2 * trade.ticks)
                self.order(
                    Side.SELL, i.quantity(1), type=OrderType.TAKE_PROFIT, trigger=above, instrument=i, reduce_only=True
                )

    streams = [prints(USDC, ["1"] * 20), *perpetual(ETH, [200] * 8 + [170] * 12), *perpetual(BTC, [500] * 20)]
    strategy = Waiting((ETH, BTC), Plan.Params({1: {ETH.id: 1000, BTC.id: 100}}))

    journal, _ = go(streams, strategy, Money(10_000, "USDT"), [Money(30, "USDC")], [USDC])

    assert len(only(journal, Liquidated)) == 1
    canceled = [e.order.intent.instrument.id for e in journal.events if isinstance(e, OrderCanceled)]
    assert sorted(canceled) == [BTC.id, ETH.id]


def test_a_long_in_one_currency_is_not_undone_by_a_short_in_another() -> None:
    """A coin long in USDC and one short in USDT at 500 are 1,000 of gross exposure, the 100 USDC beside them 100: on 1,100 of equity 0.201 more is too much."""
    streams = [prints(USDC, ["1"] * 20), *perpetual(BTC_USDC, [500] * 20), *perpetual(BTC, [500] * 20)]
    tier = msgspec.structs.replace(UNBOUNDED, gross_exposure_max=Decimal(1), order_max=Decimal(1))
    strategy = Plan((USDC, BTC_USDC, BTC), Plan.Params({1: {BTC_USDC.id: 1000}, 4: {BTC.id: -1000}, 8: {BTC.id: -201}}))

    journal, _ = go(streams, strategy, Money(1_000, "USDT"), [Money(100, "USDC")], tier=tier)

    ((reason, says),) = denials(journal)
    assert reason is DenyReason.GROSS_EXPOSURE
    assert says == "expected gross exposure of at most 100% of equity, found 109.13 %"


def test_a_wallet_is_judged_whether_or_not_its_money_has_a_rate() -> None:
    """The USDC price is 100 s old when the margin is gone: nothing can be entered, and the venue liquidates all the same."""
    streams = [
        trades_stream([(0, 10_000, 10**7, 0)], USDC),
        *perpetual(ETH, [200] * 100 + [170] * 20, [(95, 1_000)]),
    ]
    strategy = Plan((ETH,), Plan.Params({1: {ETH.id: 1000}, 90: {ETH.id: 1}}))

    journal, track = go(streams, strategy, Money(10_000, "USDT"), [Money(30, "USDC")], [USDC])

    assert [r for r, _ in denials(journal)] == [DenyReason.NO_RATE]
    assert [e.time for e in only(journal, Liquidated)] == [START + 100 * SECOND]
    (settled,) = only(journal, FundingPaid)
    assert isinstance(settled, FundingPaid)
    assert currency_grid(settled.decimals).to_decimal(settled.change) == Decimal("-0.002")
    # What was settled and closed without a rate is told of none.
    assert last_metrics(journal)["equity"] is None
    assert last_metrics(journal)["unconverted"] == 2
    track.portfolio.ledger.check()
