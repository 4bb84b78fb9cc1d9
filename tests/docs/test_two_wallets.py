"""docs/TWO_WALLETS.md is true: its tables are read from the page, and a whole run over such a tape says the same, to the last decimal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache

import msgspec
import pytest

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import Event, OrderDenied, OrderFilled
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import MarginTier
from genesis.model.mark_prices import mark_grid
from genesis.model.market import Trade
from genesis.model.money import Money
from genesis.model.orders import OrderIntent, Side
from genesis.model.run_events import RunStarted
from genesis.model.track_events import FundingPaid, Liquidated, MetricSample
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.strategies.base import Strategy
from genesis.tape.stream import Stream
from tests.kit.pages import Page, Row, plain
from tests.kit.runs import EXACT, START, UNBOUNDED, Memory, funding_stream, marks_stream, trades_stream

PAGE = Page("TWO_WALLETS.md")
SECOND, END = 1_000_000_000, 30
USDC = Instrument("USDCUSDT", "SPOT", "USDC", "USDT", Decimal("0.0001"), Decimal(1))
ETH = Instrument("ETHUSDC", "USDM", "ETH", "USDC", Decimal("0.1"), Decimal("0.001"), InstrumentKind.PERPETUAL)
BTC = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.1"), Decimal("0.001"), InstrumentKind.PERPETUAL)
BY_ID = {i.id: i for i in (USDC, ETH, BTC)}
TIERS = (MarginTier(floor=Decimal(0), cap=Decimal(50_000), maintenance_rate=Decimal("0.004"), max_leverage=20),)
FEES = {
    USDC.id: FeeSchedule(Decimal(10), Decimal(10)),
    ETH.id: FeeSchedule(Decimal(2), Decimal(5), FeeCurrency.QUOTE),
    BTC.id: FeeSchedule(Decimal(2), Decimal(5), FeeCurrency.QUOTE),
}
Path_ = Mapping[int, str]


class Plan(Strategy):
    """Sends signed quantities at the first print heard in each given second."""

    class Params(msgspec.Struct, frozen=True):
        orders: dict[int, list[tuple[str, str]]]

    def on_start(self) -> None:
        for instrument in self.instruments:
            self.subscribe_trades(instrument)
        self._left = dict(self.params.orders)

    def on_trade(self, trade: Trade) -> None:
        for name, qty in self._left.pop((trade.time_received - START) // SECOND, []):
            signed = Decimal(qty)
            self.order(Side.BUY if signed > 0 else Side.SELL, abs(signed), instrument=BY_ID[name])


def every_second(path: Path_) -> list[str]:
    """The price at each second, where ``path`` says from when on it is another."""
    prices: list[str] = []
    for second in range(END):
        prices.append(path.get(second, prices[-1] if prices else ""))
    return prices


def prints(instrument: Instrument, path: Path_) -> Stream:
    lots = 10**7
    return trades_stream(
        [(i * SECOND, instrument.ticks(p), lots, 0) for i, p in enumerate(every_second(path))], instrument
    )


def marks(instrument: Instrument, path: Path_) -> Stream:
    at = [mark_grid(instrument).from_text(p) for p in every_second(path)]
    return marks_stream([(i * SECOND, m, m, m) for i, m in enumerate(at)], instrument)


def run(
    streams: Sequence[Stream],
    orders: dict[int, list[tuple[str, str]]],
    budgets: Sequence[Money],
    leverage: int,
    rows: int | None = None,
) -> tuple[Memory, Track]:
    tape = Tape(streams)
    terms = PerpetualTerms(margin_tiers=TIERS, leverage=leverage, liquidation_fee=Decimal("0.0125"))
    simulator = PaperTradingSimulator(
        tape,
        StrategyMonitor(60 * SECOND),
        7,
        START - 1,
        EXACT,
        None,
        (UNBOUNDED,),
        FEES,
        terms={i.id: terms for i in (ETH, BTC)},
    )
    traded = tuple(i for i in (ETH, BTC, USDC) if any(s.instrument is i for s in streams))
    track = simulator.add("t", Plan(traded, Plan.Params(orders)), budgets[0], balances=budgets[1:])
    journal = Memory()
    TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {})).run(Replay(streams).cut(rows))
    return journal, track


@cache
def the_run(rows: int | None = None) -> tuple[Memory, Track]:
    """The page's track on the page's tape."""
    streams = [
        prints(USDC, {0: "1.0010", 8: "1.0020", 14: "1.0005", 22: "1.0000"}),
        prints(ETH, {0: "2000", 8: "2100", 14: "2150"}),
        marks(ETH, {0: "2000", 8: "2100", 14: "2150"}),
        funding_stream([(10 * SECOND, 10_000)], ETH),
        prints(BTC, {0: "20000", 11: "19500", 16: "19400"}),
        marks(BTC, {0: "20000", 11: "19500", 16: "19400"}),
        funding_stream([(12 * SECOND, 20_000)], BTC),
    ]
    orders = {
        1: [(USDC.id, "4000"), (ETH.id, "2")],
        3: [(ETH.id, "2")],
        5: [(BTC.id, "-0.1")],
        6: [(USDC.id, "-3500")],
        15: [(ETH.id, "-2")],
        17: [(BTC.id, "0.1")],
        24: [(USDC.id, "-4291")],
    }
    return run(streams, orders, [Money(10_000, "USDT")], 5, rows)


def shorter(text: str) -> str:
    """Numbers without the zeros at their end."""
    return re.sub(r"-?\d+\.\d+", lambda found: plain(Decimal(found[0])), text)


def units(track: Track, currency: str, amount: int) -> str:
    return plain(currency_grid(track.portfolio.scales[currency]).to_decimal(amount))


def asked(intent: OrderIntent) -> str:
    """Quantity and instrument."""
    return f"{plain(intent.instrument.qty_grid.to_decimal(intent.lots))} {intent.instrument.id}"


class Heard:
    """Folds the events of a run into what an account of each currency has: by nothing but what the events say."""

    def __init__(self, budgets: Sequence[Money]) -> None:
        self.wallets = {"USDT": Decimal(0), "USDC": Decimal(0)} | {b.currency: b.amount for b in budgets}
        self._held: dict[str, tuple[Decimal, Decimal]] = {}

    def take(self, event: Event) -> Row | None:
        """What a fill or a settlement changed, as the page has it."""
        if isinstance(event, FundingPaid):
            change = currency_grid(event.decimals).to_decimal(event.change)
            self.wallets[event.currency] += change
            held = currency_grid(event.instrument.base_decimals).to_decimal(event.units)
            side, mark = ("long" if held > 0 else "short"), mark_grid(event.instrument).to_decimal(event.mark)
            at = (event.time_event - START) // SECOND
            return self._row(at, "funding", event.instrument, side, abs(held), mark, change, Decimal(0), event.currency)
        if not isinstance(event, OrderFilled):
            return None
        intent = event.order.intent
        instrument, sign = intent.instrument, int(intent.side)
        qty = instrument.qty_grid.to_decimal(event.last_lots)
        price = instrument.price_grid.to_decimal(event.last_ticks)
        fee = currency_grid(event.fee_decimals).to_decimal(event.fee)
        if instrument.kind is InstrumentKind.PERPETUAL:
            change = self._realised(instrument, sign * qty, price)
        else:
            change = -sign * qty * price
            self.wallets[instrument.base] += sign * qty
        self.wallets[instrument.quote] += change
        self.wallets[event.fee_currency] -= fee
        side, at = intent.side.name.lower(), (event.time_event - START) // SECOND
        return self._row(at, "fill", instrument, side, qty, price, change, fee, event.fee_currency)

    def _realised(self, instrument: Instrument, qty: Decimal, price: Decimal) -> Decimal:
        """Opened and closed whole, as on the page."""
        held, entry = self._held.pop(instrument.id, (Decimal(0), price))
        if not held:
            self._held[instrument.id] = (qty, price)
        return held * (price - entry)

    def _row(
        self,
        at: int,
        what: str,
        instrument: Instrument,
        side: str,
        qty: Decimal,
        price: Decimal,
        change: Decimal,
        fee: Decimal,
        asset: str,
    ) -> Row:
        told = [str(at), what, instrument.id, side, *map(plain, (qty, price, change, fee)), asset]
        names = ["second", "what", "instrument", "side", "quantity", "price", "change", "fee", "fee asset"]
        wallets = {f"{c} wallet": plain(self.wallets[c]) for c in ("USDT", "USDC")}
        return dict(zip(names, told, strict=True)) | wallets


def test_every_row_of_the_page() -> None:
    """Eight fills and settlements, with the wallets after each, folded from the events of the run."""
    journal, _ = the_run()
    heard = Heard([Money(10_000, "USDT")])
    rows = [row for row in map(heard.take, journal.events) if row is not None]
    assert [{"row": str(n)} | row for n, row in enumerate(rows, 1)] == PAGE.table("row")


def test_the_fold_of_the_events_is_the_account() -> None:
    """What the events say is owned of each currency is what the ledger owns, and what the venue's wallet has free."""
    journal, track = the_run()
    heard = Heard([Money(10_000, "USDT")])
    for event in journal.events:
        heard.take(event)
    wallet, portfolio = track.executor.wallet, track.portfolio
    assert wallet is not None
    for currency, amount in heard.wallets.items():
        assert units(track, currency, portfolio.owned_of(currency)) == plain(amount)
        assert (wallet.free[currency], wallet.locked[currency]) == (portfolio.owned_of(currency), 0)
    portfolio.ledger.check()


def test_what_is_refused() -> None:
    """Reason and words, with the wallet that lacks the money."""
    journal, _ = the_run()
    found = [
        {
            "asked": f"{e.intent.side.name.lower()} {asked(e.intent)}",
            "second": str((e.time - START) // SECOND),
            "reason": e.reason.value,
            "says": shorter(e.detail),
        }
        for e in journal.events
        if isinstance(e, OrderDenied)
    ]
    assert found == PAGE.table("asked")


def test_it_is_told_in_the_budgets_currency() -> None:
    """Every amount at the rate of its moment, and the parts make the equity."""
    journal, _ = the_run()
    told = [e for e in journal.events if isinstance(e, MetricSample)][-1].told()
    names = {
        "budget": "budget_worth",
        "realised": "realized_pnl",
        "fees": "fees",
        "funding": "funding",
        "unrealised": "unrealized_pnl",
        "conversion": "conversion_pnl",
        "equity": "equity",
    }
    found = {line: Decimal(str(told[key])) for line, key in names.items()}
    assert {line: plain(amount) for line, amount in found.items()} == PAGE.section("Told in USDT")
    made = found["realised"] + found["unrealised"] - found["fees"] + found["funding"] + found["conversion"]
    assert found["equity"] == found["budget"] + made


@pytest.mark.parametrize("rows", [1, 7])
def test_how_the_tape_is_cut_never_shows(rows: int) -> None:
    """The same entries, byte for byte."""
    assert the_run(rows)[0].entries == the_run()[0].entries


def test_the_liquidation() -> None:
    """One wallet is emptied and beyond; the other is what it was."""
    streams = [
        prints(USDC, {0: "1.0010"}),
        prints(ETH, {0: "2000", 10: "1795", 11: "1790"}),
        marks(ETH, {0: "2000", 10: "1795"}),
        funding_stream([], ETH),
    ]
    budgets = [Money(2_000, "USDT"), Money(210, "USDC")]
    journal, track = run(streams, {2: [(ETH.id, "1")]}, budgets, 10)
    (event,) = [e for e in journal.events if isinstance(e, Liquidated)]
    _, forced = [e for e in journal.events if isinstance(e, OrderFilled)]
    told = [e for e in journal.events if isinstance(e, MetricSample)][-1].told()
    margin = track.margin
    assert margin is not None
    leg = margin.all[0].legs[0]
    entry = 2_000 * 10 ** track.portfolio.scales["USDC"]
    price = leg.contract.liquidation_mark(event.units, entry, event.wallet)
    assert price is not None
    assert {
        "USDC wallet": units(track, "USDC", event.wallet),
        "liquidation price": mark_grid(ETH).to_text(price),
        "margin balance": units(track, "USDC", event.wallet + event.unrealized),
        "maintenance margin": units(track, "USDC", event.maintenance),
        "fee of the forced fill": units(track, "USDC", forced.fee),
        "USDC wallet after it": units(track, "USDC", track.portfolio.owned_of("USDC")),
        "USDT wallet after it": units(track, "USDT", track.portfolio.owned_of("USDT")),
        "equity in USDT": plain(Decimal(str(told["equity"]))),
    } == PAGE.section("A liquidation")
