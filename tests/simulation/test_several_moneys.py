"""Accounts of several moneys in whole runs: what is owned, what it is worth by the tape, who pays which fee, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.errors import ConfigError
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import FeeDiscount, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import OrderFilled
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import MarginTier
from genesis.model.market import Trade
from genesis.model.money import Money
from genesis.model.orders import DenyReason, Side
from genesis.model.run_events import RunStarted
from genesis.model.track_events import MetricSample, TrackHalted, TradeClosed
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.tiers import DEFAULT_TIERS, Tier
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream
from tests.kit.pages import plain
from tests.kit.plans import Plan
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
    quotes_stream,
    trades_stream,
)

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
BTCUSDT = Instrument("BTCUSDT", "X", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
ETHBTC = Instrument("ETHBTC", "X", "ETH", "BTC", Decimal("0.00001"), Decimal("0.001"))
ETHUSDT = Instrument("ETHUSDT", "X", "ETH", "USDT", Decimal("0.01"), Decimal("0.001"))
BNBUSDT = Instrument("BNBUSDT", "X", "BNB", "USDT", Decimal("0.1"), Decimal("0.001"))
USDTUSD = Instrument("USDTUSD", "X", "USDT", "USD", Decimal("0.0001"), Decimal("0.1"))
TRIANGLE = (BTCUSDT, ETHBTC, ETHUSDT)
NO_FEE = FeeSchedule(maker_bp=Decimal(0), taker_bp=Decimal(0))
IN_BNB = FeeSchedule(discount=FeeDiscount("BNB"))


def prints(instrument: Instrument, prices: Sequence[str], every: int = SECOND) -> Stream:
    """A large print every so often, at these prices."""
    return trades_stream([(i * every, instrument.ticks(p), 10**6, 0) for i, p in enumerate(prices)], instrument)


def steady(instrument: Instrument, price: str, count: int = 10) -> Stream:
    return prints(instrument, [price] * count)


def go(
    streams: Sequence[Stream],
    strategy: Strategy,
    budget: Money,
    balances: Sequence[Money] = (),
    rates: Sequence[Instrument] = (),
    fees: FeeSchedule = NO_FEE,
    rows: int | None = None,
    tier: Tier | None = UNBOUNDED,
    every: int = MINUTE,
    terms: Mapping[str, PerpetualTerms] | None = None,
) -> tuple[Memory, Track]:
    """Run one track over freshly recorded streams."""
    tape = Tape(streams)
    tiers = DEFAULT_TIERS if tier is None else (tier,)
    of = {s.instrument.id: fees for s in streams}
    simulator = PaperTradingSimulator(tape, StrategyMonitor(every), 7, START - 1, EXACT, None, tiers, of, terms=terms)
    track = simulator.add("t", strategy, budget, balances=balances, rates=rates)
    journal = Memory()
    engine = TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}))
    engine.run(Replay(streams).cut(rows))
    return journal, track


def owned(track: Track, asset: str) -> str:
    """What is owned of an asset, as plain text."""
    portfolio = track.portfolio
    return plain(currency_grid(portfolio.scales[asset]).to_decimal(portfolio.owned_of(asset)))


# ---- three quotes in a triangle


def test_one_budget_goes_round_a_triangle() -> None:
    """0.1 BTC for 2,000 USDT, of them 0.05 for 1 ETH, which is sold for 1,100 USDT: 0.05 BTC and 9,100 USDT are left."""
    orders = {1: {"BTCUSDT": 100}, 3: {"ETHBTC": 1000}, 5: {"ETHUSDT": -1000}}
    streams = [steady(BTCUSDT, "20000"), steady(ETHBTC, "0.05"), steady(ETHUSDT, "1100")]

    journal, track = go(streams, Plan(TRIANGLE, Plan.Params(orders)), Money(10_000, "USDT"))

    assert denials(journal) == []
    assert [owned(track, a) for a in ("USDT", "BTC", "ETH")] == ["9100", "0.05", "0"]
    # 9,100 and 0.05 BTC at 20,000; the ETH owed to ETHUSDT and owned by ETHBTC are one.
    assert last_metrics(journal)["equity"] == "10100.0000000000"
    track.portfolio.ledger.check()


def test_a_buy_needs_the_money_it_is_paid_in() -> None:
    """With 10,000 USDT and no BTC, 1 ETH for 0.05 BTC is denied: it says what is missing, and of what."""
    streams = [steady(BTCUSDT, "20000"), steady(ETHBTC, "0.05"), steady(ETHUSDT, "1100")]

    journal, _ = go(streams, Plan(TRIANGLE, Plan.Params({2: {"ETHBTC": 1000}})), Money(10_000, "USDT"))

    says = "ETHBTC.X: expected 0.0500000000000 BTC free, found 0.0000000000000"
    assert denials(journal) == [(DenyReason.INSUFFICIENT_FUNDS, says)]
    assert only(journal, OrderFilled) == []


def test_what_is_bound_by_an_open_order_is_not_free() -> None:
    """Of 0.1 BTC two orders at once want 0.06 each: the second is denied with 0.04 free."""

    class Twice(Plan):
        def on_trade(self, trade: Trade) -> None:
            if (trade.time_received - START) // SECOND == 2 and trade.instrument is ETHBTC:
                for qty in (1200, 1201):
                    self.buy(ETHBTC.quantity(qty), instrument=ETHBTC)

    streams = [steady(BTCUSDT, "20000"), steady(ETHBTC, "0.05")]
    strategy = Twice((BTCUSDT, ETHBTC), Plan.Params({}))

    journal, track = go(streams, strategy, Money(10_000, "USDT"), [Money("0.1", "BTC")])

    says = "ETHBTC.X: expected 0.0600500000000 BTC free, found 0.0400000000000"
    assert denials(journal) == [(DenyReason.INSUFFICIENT_FUNDS, says)]
    assert owned(track, "BTC") == "0.04"


def test_what_is_owned_may_be_sold_wherever_it_came_from_and_nothing_beyond() -> None:
    """0.1 BTC of the balances are sold on BTCUSDT; 0.001 more is denied."""
    orders = {2: {"BTCUSDT": -100}, 5: {"BTCUSDT": -1}}
    streams = [steady(BTCUSDT, "20000"), steady(ETHBTC, "0.05")]

    journal, track = go(
        streams, Plan((BTCUSDT, ETHBTC), Plan.Params(orders)), Money(10_000, "USDT"), [Money("0.1", "BTC")]
    )

    assert [r for r, _ in denials(journal)] == [DenyReason.SHORT_NOT_ALLOWED]
    assert [owned(track, a) for a in ("USDT", "BTC")] == ["12000", "0"]
    assert last_metrics(journal)["equity"] == "12000.0000000000"


# ---- what it is worth


def test_each_part_is_converted_at_its_moment_and_the_rest_is_what_rates_did() -> None:
    """2 ETH bought at 0.05 BTC and sold at 0.06 while BTC went from 20,000 to 30,000.

    The profit is 0.02 BTC at 30,000, its close: 600. The 0.5 BTC of the balances made 5,000, and no trade did.
    """
    btc = prints(BTCUSDT, ["20000"] * 4 + ["30000"] * 6)
    eth = prints(ETHBTC, ["0.05"] * 5 + ["0.06"] * 5)
    orders = {2: {"ETHBTC": 2000}, 7: {"ETHBTC": -2000}}

    journal, _ = go(
        [btc, eth], Plan((BTCUSDT, ETHBTC), Plan.Params(orders)), Money(10_000, "USDT"), [Money("0.5", "BTC")]
    )

    found = last_metrics(journal)
    assert found["budget_worth"] == "20000.0000000000"
    assert found["realized_pnl"] == "600.0000000000"
    assert found["conversion_pnl"] == "5000.0000000000"
    assert found["equity"] == "25600.0000000000"
    assert found["total_return"] == pytest.approx(0.28)
    assert found["cash.BTC"] == "0.5200000000000"
    (trade,) = only(journal, TradeClosed)
    assert isinstance(trade, TradeClosed)
    assert (trade.currency, plain(currency_grid(trade.decimals).to_decimal(trade.pnl))) == ("BTC", "0.02")


def test_a_rate_that_is_not_traded_converts() -> None:
    """A budget in USD beside USDT that buys BTC: 1,000 USD and 5,000 USDT at 0.999 are 5,995; BTC doubles."""
    btc = prints(BTCUSDT, ["20000"] * 4 + ["40000"] * 6)
    usd = quotes_stream([(i * SECOND, 9990, 10**6, 9992, 10**6) for i in range(10)], USDTUSD)
    strategy = Plan((BTCUSDT,), Plan.Params({2: {"BTCUSDT": 100}}))

    journal, track = go([btc, usd], strategy, Money(1_000, "USD"), [Money(5_000, "USDT")], [USDTUSD])

    assert last_metrics(journal)["budget_worth"] == "5995.00000000"
    # Beside 1,000 USD 3,000 USDT and 0.1 BTC at 40,000: 7,000 USDT, sold at 0.9990.
    assert last_metrics(journal)["equity"] == "7993.00000000"
    assert track.marks.index() == pytest.approx(7993 / 5995)
    assert owned(track, "USDT") == "3000"


def test_an_old_rate_is_no_valuation() -> None:
    """USDTUSD falls silent: 61 s later there is no equity, the sample says why, and no entry is made; an exit is."""
    btc = prints(BTCUSDT, ["20000"] * 200)
    usd = quotes_stream([(i * SECOND, 9990, 10**6, 9992, 10**6) for i in range(10)], USDTUSD)
    orders = {2: {"BTCUSDT": 100}, 75: {"BTCUSDT": 100}, 80: {"BTCUSDT": -100}}

    journal, track = go(
        [btc, usd], Plan((BTCUSDT,), Plan.Params(orders)), Money(1_000, "USD"), [Money(5_000, "USDT")], [USDTUSD]
    )

    old = "USDT to USD: expected a price of USDTUSD.X of at most 60 s, found one 66 s old"
    assert denials(journal) == [(DenyReason.NO_RATE, old)]
    assert owned(track, "BTC") == "0"
    samples = {(e.time - START) // SECOND: e.told() for e in journal.events if isinstance(e, MetricSample)}
    assert samples[60]["equity"] == "5995.00000000"
    assert samples[120]["equity"] is None
    assert str(samples[120]["valuation_error"]).startswith("USDT to USD: expected a price of USDTUSD.X of at most 60 s")
    # The exit had no rate: it waits for one.
    assert samples[120]["unconverted"] == 1


def test_a_fall_of_the_rate_alone_halts() -> None:
    """Nothing is held but USDT, and USDT loses a fifth: the drawdown limit of the tier stops the track."""
    btc = prints(BTCUSDT, ["20000"] * 20)
    usd = quotes_stream([(i * SECOND, 9990 - 300 * i, 10**6, 9992, 10**6) for i in range(20)], USDTUSD)

    journal, track = go(
        [btc, usd], Plan((BTCUSDT,), Plan.Params({})), Money(1_000, "USD"), [Money(5_000, "USDT")], [USDTUSD], tier=None
    )

    assert track.stops.forbidden is not None
    assert track.marks.drawdown.maximum >= 0.04
    assert only(journal, OrderFilled) == []


def test_a_halt_sells_what_is_owned_in_as_many_rounds_as_it_takes() -> None:
    """0.1 BTC bought, 0.05 of them paid for ETH, and BTC falls by half: both are sold, the BTC that ETH brings included, and nothing is bought."""
    count = 30
    btc = prints(BTCUSDT, ["20000"] * 8 + ["10000"] * (count - 8))
    orders = {2: {"BTCUSDT": 100}, 4: {"ETHBTC": 1000}}
    strategy = Plan((BTCUSDT, ETHBTC), Plan.Params(orders))

    journal, track = go(
        [btc, steady(ETHBTC, "0.05", count)], strategy, Money(2_500, "USDT"), tier=HALTS, fees=FeeSchedule()
    )

    assert track.stops.forbidden is not None
    # 0.0999 - 0.05 - 0.049 and 0.999 x 0.05 x 0.999 of the ETH, of which 0.05 in whole lots are sold.
    assert [owned(track, a) for a in ("ETH", "BTC")] == ["0", "0.00080005"]
    forced = [e.order.intent for e in only(journal, OrderFilled) if isinstance(e, OrderFilled) and e.order.intent.tag]
    assert [(i.instrument.symbol, i.side) for i in forced] == [
        ("BTCUSDT", Side.SELL),
        ("ETHBTC", Side.SELL),
        ("BTCUSDT", Side.SELL),
    ]
    assert [e.reason for e in only(journal, TrackHalted) if isinstance(e, TrackHalted)] == ["DRAWDOWN"]


HALTS = msgspec.structs.replace(UNBOUNDED, drawdown_halt=Decimal("0.2"))


def test_moneys_without_a_rate_are_refused() -> None:
    """A purse of BTC and no instrument that prices it: the run does not begin."""
    with pytest.raises(ConfigError, match="BTC: expected instruments whose prices lead from it to USDT, found ETHBTC"):
        go([steady(ETHBTC, "0.05")], Plan((ETHBTC,), Plan.Params({})), Money(10_000, "USDT"))


# ---- a fee in a third asset


def test_fees_are_paid_in_bnb_until_it_is_short() -> None:
    """As fill 4 of docs/TWELVE_FILLS.md: 0.09985 BTC sold at 20,400 cost 0.00611082 BNB of 0.0065; what is bought next pays in BTC.

    The seller receives all 2,036.94 USDT. The trade bears 0.00611082 x 250 = 1.527705.
    """
    streams = [steady(BTCUSDT_FINE, "20400", 20), steady(BNBUSDT, "250", 20)]
    orders = {2: {"BTCUSDT": -9985}, 5: {"BTCUSDT": 1000}}
    strategy = Plan((BTCUSDT_FINE,), Plan.Params(orders))

    journal, track = go(
        streams,
        strategy,
        Money(10_000, "USDT"),
        [Money("0.0065", "BNB"), Money("0.09985", "BTC")],
        [BNBUSDT],
        IN_BNB,
    )

    fills = [e for e in journal.events if isinstance(e, OrderFilled)]
    charged = [(plain(currency_grid(f.fee_decimals).to_decimal(f.fee)), f.fee_currency) for f in fills]
    assert charged == [("0.00611082", "BNB"), ("0.00001", "BTC")]
    assert [owned(track, a) for a in ("USDT", "BNB")] == ["11832.94", "0.00038918"]
    portfolio = track.portfolio
    borne = currency_grid(portfolio.scales["USDT"]).to_decimal(portfolio.fees_elsewhere_of("USDT"))
    assert plain(borne) == "1.527705"
    # 0.00001 BTC at 20,400 is 0.204.
    assert plain(Decimal(str(last_metrics(journal)["fees"]))) == "1.731705"
    assert last_metrics(journal)["fees.BNB"] == "0.00611082"


BTCUSDT_FINE = Instrument("BTCUSDT", "X", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"))


def test_bnb_that_is_bought_pays_fees_too() -> None:
    """0.1 BNB bought with a fee in BNB, then BTC: its fee of 0.02 x 0.75 USDT is 0.00006 BNB of what was bought."""
    streams = [steady(BTCUSDT, "20000", 20), steady(BNBUSDT, "250", 20)]
    orders = {2: {"BNBUSDT": 100}, 6: {"BTCUSDT": 1}}

    journal, track = go(
        streams, Plan((BTCUSDT, BNBUSDT), Plan.Params(orders)), Money(10_000, "USDT"), [Money(0, "BNB")], fees=IN_BNB
    )

    fills = [e for e in journal.events if isinstance(e, OrderFilled)]
    # At the first there is no BNB: the buyer receives 0.0999.
    assert [(f.fee_currency, plain(currency_grid(f.fee_decimals).to_decimal(f.fee))) for f in fills] == [
        ("BNB", "0.0001"),
        ("BNB", "0.00006"),
    ]
    assert owned(track, "BNB") == "0.09984"
    assert owned(track, "BTC") == "0.001"


# ---- short, perpetuals, and capital that moves


def test_a_short_of_the_budgets_own_currency_is_a_long_of_the_other() -> None:
    """1,000 USD sold at 150 yen are owed; bought back at 140 they leave 10,000 yen, which are 71.42857142 USD."""
    yen = prints(USDJPY, ["150"] * 5 + ["140"] * 15)
    strategy = Plan((USDJPY,), Plan.Params({2: {"USDJPY": -1000}, 10: {"USDJPY": 1000}}))

    journal, track = go([yen], strategy, Money(10_000, "USD"))

    assert denials(journal) == []
    assert track.portfolio.owned_of("JPY") == 10_000 * 10 ** track.portfolio.scales["JPY"]
    assert last_metrics(journal)["equity"] == "10071.42857142"
    assert last_metrics(journal)["realized_pnl"] == "71.42857142"
    (trade,) = [e for e in journal.events if isinstance(e, TradeClosed)]
    assert (trade.side, trade.currency) == (Side.SELL, "JPY")
    # While it was open at 140: 9,000 USD and 150,000 yen.
    assert track.marks.drawdown.maximum == 0


USDJPY = Instrument("USDJPY", "FX", "USD", "JPY", Decimal("0.01"), Decimal(1), InstrumentKind.FX)


PERP = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
TERMS = PerpetualTerms(
    margin_tiers=(MarginTier(floor=Decimal(0), cap=Decimal(10**6), maintenance_rate=Decimal("0.01"), max_leverage=20),),
    leverage=2,
)


def test_a_perpetual_stands_beside_spot_of_another_quote() -> None:
    """A short of 0.1 BTC at 20,000 that is marked at 19,000 made 100; 1 ETH of the balances is paid with 0.05 BTC of them."""
    streams = [
        steady(PERP, "20000"),
        marks_stream(
            [(i * SECOND, p * 10**8, p * 10**8, p * 10**8) for i, p in enumerate([20_000] * 5 + [19_000] * 5)], PERP
        ),
        funding_stream([(9 * SECOND, 0)], PERP),
        steady(BTCUSDT, "20000"),
        steady(ETHBTC, "0.05"),
    ]
    strategy = Plan((PERP, BTCUSDT, ETHBTC), Plan.Params({2: {"ETHBTC": 1000}, 3: {"PERP": -100}}))

    journal, track = go(streams, strategy, Money(10_000, "USDT"), [Money("0.1", "BTC")], terms={PERP.id: TERMS})

    assert denials(journal) == []
    assert owned(track, "BTC") == "0.05"
    assert track.portfolio.position_units(PERP.id) == -(10**7)
    # 10,000 + 0.05 BTC at 20,000 + 1 ETH at 0.05 x 20,000 + 100.
    assert Decimal(str(last_metrics(journal)["equity"])) == 12_100
    assert track.marks.index() == pytest.approx(12_100 / 12_000)


def test_capital_that_comes_in_is_no_return() -> None:
    """1,000 USDT added to 12,000 in two moneys: the index stays, the budget grows."""
    streams = [steady(BTCUSDT, "20000"), steady(ETHBTC, "0.05")]
    strategy = Plan((BTCUSDT, ETHBTC), Plan.Params({}))
    _, track = go(streams, strategy, Money(10_000, "USDT"), [Money("0.1", "BTC")])
    unit, index = 10**track.portfolio.decimals, track.marks.index()

    track.add_capital(1_000 * unit)

    assert index == pytest.approx(1)
    assert track.marks.index() == pytest.approx(index)
    assert track.portfolio.budget_units == 13_000 * unit
    assert owned(track, "USDT") == "11000"


# ---- properties


ROWS = st.lists(st.tuples(st.integers(0, 4), st.integers(-40, 40)), min_size=12, max_size=40)


def walk(instrument: Instrument, start: int, steps: Sequence[tuple[int, int]]) -> Stream:
    at, ticks, rows = 0, start, []
    for gap, move in steps:
        at += gap * SECOND // 2
        ticks = max(1, ticks + move)
        rows.append((at, ticks, 10_000, 1 if move > 0 else -1))
    # Nobody acts on the last one: what was ordered before it has been answered by then.
    return trades_stream([*rows, (60 * SECOND, ticks, 1, 1)], instrument)


class Wanderer(Strategy):
    """Trades all three by what it hears, but for prints of one lot, and never asks whether it can."""

    def on_start(self) -> None:
        self._n = 0
        for instrument in self.instruments:
            self.subscribe_trades(instrument)

    def on_trade(self, trade: Trade) -> None:
        if trade.lots == 1:
            return
        self._n += 1
        instrument = self.instruments[self._n % len(self.instruments)]
        side = Side.BUY if trade.ticks % 3 else Side.SELL
        self.order(side, instrument.quantity(1 + trade.ticks % 7), instrument=instrument)


@settings(max_examples=30, deadline=None)
@given(ROWS, ROWS, ROWS, st.integers(1, 9))
def test_how_the_tape_is_cut_changes_nothing_and_money_is_conserved(
    one: list[tuple[int, int]], two: list[tuple[int, int]], three: list[tuple[int, int]], rows: int
) -> None:
    """The same chain for any cut; every currency balances; ledger and venue own the same, never below zero; the parts of equity add up."""

    def once(cut: int | None) -> tuple[Memory, Track]:
        streams = [walk(BTCUSDT, 2_000_000, one), walk(ETHBTC, 5_000, two), walk(ETHUSDT, 110_000, three)]
        streams.append(steady(BNBUSDT, "250", 64))
        return go(
            streams,
            Wanderer(TRIANGLE, Wanderer.Params()),
            Money(10_000, "USDT"),
            [Money(1, "BTC"), Money("0.0001", "BNB")],
            [BNBUSDT],
            IN_BNB,
            cut,
        )

    journal, track = once(None)
    assert once(rows)[0].head == journal.head
    portfolio = track.portfolio
    portfolio.ledger.check()
    wallet = track.executor.wallet
    assert wallet is not None
    for asset in ("USDT", "BTC", "ETH", "BNB"):
        assert portfolio.owned_of(asset) == wallet.free[asset] + wallet.locked[asset] >= 0
    found = last_metrics(journal)
    fills = [e for e in journal.events if isinstance(e, OrderFilled)]
    event(f"{min(len(fills), 10)} fills or more")
    if found["equity"] is not None:
        told = {
            k: Decimal(str(found[k]))
            for k in ("budget_worth", "realized_pnl", "unrealized_pnl", "fees", "conversion_pnl")
        }
        parts = (
            told["budget_worth"] + told["realized_pnl"] + told["unrealized_pnl"] - told["fees"] + told["conversion_pnl"]
        )
        assert Decimal(str(found["equity"])) == parts
