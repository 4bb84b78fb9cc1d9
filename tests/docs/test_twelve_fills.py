"""docs/TWELVE_FILLS.md is true: its tables are read from the page, and every cell is what the code says, to the last decimal."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import cache

import msgspec
import numpy as np
import pytest

from genesis.execution.asset_fees import AssetFee
from genesis.execution.fees import FeeCalculator, commission_rates
from genesis.execution.perpetual import Contract, CrossMargin, Held, MarginStatement
from genesis.execution.profile import FeeDiscount, FeeSchedule
from genesis.execution.wallet import Wallet
from genesis.model.events import OrderFilled
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import MarginTier, margin_schedule
from genesis.model.mark_prices import mark_grid
from genesis.model.money import Money
from genesis.model.orders import Liquidity, Order, OrderIntent, Side
from genesis.portfolio.portfolio import Portfolio
from genesis.portfolio.tape_rates import TapeRates
from genesis.portfolio.trades import ClosedTrade
from genesis.tape.stream import Stream, StreamKind
from tests.kit.pages import Page, Row, plain

PAGE = Page("TWELVE_FILLS.md")
SECOND = 1_000_000_000
BNB = Instrument("BNBUSDT", "SPOT", "BNB", "USDT", Decimal("0.1"), Decimal("0.001"))
EUR = Instrument("EURUSDT", "SPOT", "EUR", "USDT", Decimal("0.0001"), Decimal("0.1"))
CURRENCIES = {"BTC": "BTCUSDT", "ADA": "ADAEUR"}
TIERS = (MarginTier(floor=Decimal(0), cap=Decimal(50_000), maintenance_rate=Decimal("0.004"), max_leverage=20),)
LEVERAGE, LIQUIDATION_FEE, DISCOUNT = 5, Decimal("0.0125"), Decimal("0.75")
# What the page says in words.
PAID_IN_BNB, NEW_RATES_FROM, FORCED = (4, 12), 10, 9


def instruments() -> dict[str, Instrument]:
    """As the page declares them."""
    out: dict[str, Instrument] = {}
    for row in PAGE.table("instrument"):
        symbol, venue = row["instrument"].split(".")
        base = next(b for b, s in CURRENCIES.items() if s == symbol)
        kind = InstrumentKind(row["kind"])
        out[row["instrument"]] = Instrument(
            symbol, venue, base, symbol.removeprefix(base), Decimal(row["tick"]), Decimal(row["lot"]), kind
        )
    return out


INSTRUMENTS = instruments()
PERP = INSTRUMENTS["BTCUSDT.USDM"]
FILLS, SETTLEMENTS, TRADES = PAGE.table("fill"), PAGE.table("settlement"), PAGE.table("trade")
FEES = {row["instrument"]: row for row in PAGE.table("instrument")}


class Ledger:
    """The page's track, with what it took to get there."""

    def __init__(self, *budgets: Money) -> None:
        self.accounts = Portfolio(budgets, list(INSTRUMENTS.values()))
        self.decimals = self.accounts.scales
        self.quotes = {i.id: Stream(i, StreamKind.QUOTES) for i in (BNB, EUR)}
        self.rates = TapeRates(list(self.quotes.values()), self.decimals)
        schedule = margin_schedule(TIERS, "USDT", self.decimals["USDT"], "page", "by hand")
        self.contract = Contract(PERP, schedule, LEVERAGE, LIQUIDATION_FEE)
        self.margin = CrossMargin([self.contract])
        self.closed: list[ClosedTrade] = []
        self.funded = 0

    def units(self, currency: str, text: str) -> int:
        return currency_grid(self.decimals[currency]).from_text(text)

    def text(self, currency: str, units: int) -> str:
        return plain(currency_grid(self.decimals[currency]).to_decimal(units))

    def show(self, at: int, bid: str, ask: str) -> None:
        """BNB at 250 and EUR at these prices, just before a second."""
        for name, low, high in ((BNB.id, 2500, 2500), (EUR.id, EUR.ticks(bid), EUR.ticks(ask))):
            row = {"ts": at * SECOND - 1, "time_event": 0, "seq": 0, "bid_ticks": low, "ask_ticks": high}
            row |= {"bid_lots": 1, "ask_lots": 1}
            self.quotes[name].append({n: np.array([v], np.int64) for n, v in row.items()})
        self.rates.look(at * SECOND)

    def schedule(self, instrument: Instrument) -> FeeSchedule:
        """The page's."""
        row = FEES[instrument.id]
        maker, taker = (Decimal(row[name].removesuffix(" bp")) for name in ("maker", "taker"))
        return FeeSchedule(maker, taker)

    def fee_in_bnb(
        self, instrument: Instrument, side: Side, liquidity: Liquidity, lots: int, ticks: int, now: int
    ) -> tuple[int, str, int] | None:
        """What is charged in BNB, by what is left of it."""
        schedule = msgspec.structs.replace(self.schedule(instrument), discount=FeeDiscount("BNB", DISCOUNT))
        wallet, scale = Wallet({"BNB": self.decimals["BNB"]}), self.decimals["BNB"]
        wallet.deposit("BNB", self.accounts.cash_of("BNB"))
        fee = AssetFee("BNB", commission_rates(schedule), scale, schedule.decimals, self.rates, wallet)
        base = lots * instrument.lot_units
        if side is Side.BUY:
            return fee.charge(base, instrument.base, instrument.base_decimals, side, liquidity, now)
        decimals = self.decimals[instrument.quote]
        received = base * ticks * instrument.notional_unit(decimals)
        return fee.charge(received, instrument.quote, decimals, side, liquidity, now)

    def fee(
        self, instrument: Instrument, side: Side, liquidity: Liquidity, lots: int, ticks: int
    ) -> tuple[int, str, int]:
        """The standard fee by the page's schedule."""
        decimals = self.decimals[instrument.quote]
        base = lots * instrument.lot_units
        notional = base * ticks * instrument.notional_unit(decimals)
        return FeeCalculator(self.schedule(instrument), instrument, decimals).fee(side, liquidity, base, notional)

    def fill(self, row: Row, forced: bool = False, extra: int = 0) -> OrderFilled:
        """Make and post the fill a row describes; ``extra`` is charged beside its fee."""
        number, instrument = int(row["fill"]), INSTRUMENTS[row["instrument"]]
        side, liquidity = Side[row["side"].upper()], Liquidity[row["liquidity"].upper()]
        lots, ticks = instrument.lots(row["quantity"]), instrument.ticks(row["price"])
        fee, currency, decimals = self.fee(instrument, side, liquidity, lots, ticks)
        now, value = number * SECOND, 0
        if number in PAID_IN_BNB:
            in_bnb = self.fee_in_bnb(instrument, side, liquidity, lots, ticks, now)
            if in_bnb is not None:
                fee, currency, decimals = in_bnb
                owed = self.rates.convert(-fee, "BNB", instrument.quote, now)
                assert isinstance(owed, int)
                value = -owed
        order = Order("o1" if number <= 2 else f"o{number}", "t", OrderIntent(instrument, side, lots), now, 0)
        event = OrderFilled(
            now,
            "t",
            order,
            now,
            1,
            ticks,
            lots,
            lots,
            0,
            liquidity,
            fee + extra,
            currency,
            decimals,
            "trades",
            "low",
            None,
            None,
        )
        self.closed += self.accounts.apply_fill(event, forced, value)
        return event

    def fund(self, row: Row) -> int:
        """Post the settlement a row describes."""
        held = self.accounts.position_units(PERP.id)
        rate = currency_grid(8).from_text(row["rate"])
        change = self.contract.funding(held, mark_grid(PERP).from_text(row["mark"]), rate)
        self.accounts.apply_funding(PERP.id, change, int(row["after fill"]) * SECOND)
        return change

    def held(self, mark: str) -> Held:
        position, cost = self.accounts.position_units(PERP.id), self.accounts.cost_units(PERP.id)
        return Held(position, cost, mark_grid(PERP).from_text(mark))


def replay(
    stop: int = 12, settled: bool = True, watch: Callable[[Ledger, Row, OrderFilled, int], None] | None = None
) -> Ledger:
    """The page's track after fill ``stop`` (and its settlement); ``watch`` sees each fill with the profit before it."""
    ledger = Ledger(Money(10_000, "USDT"), Money(500, "EUR"), Money(Decimal("0.0065"), "BNB"))
    for row in FILLS[:stop]:
        number = int(row["fill"])
        ledger.show(number, *(("1.1000", "1.1002") if number >= NEW_RATES_FROM else ("1.0800", "1.0802")))
        quote = INSTRUMENTS[row["instrument"]].quote
        before = ledger.accounts.realized_of(quote)
        event = ledger.fill(row, number == FORCED)
        ledger.accounts.ledger.check()
        if watch is not None:
            watch(ledger, row, event, before)
        if settled or number < stop:
            for settlement in SETTLEMENTS:
                if int(settlement["after fill"]) == number:
                    ledger.fund(settlement)
    return ledger


@cache
def observed() -> dict[int, Row]:
    """Every fill as the code made it, in the page's columns."""
    out: dict[int, Row] = {}

    def watch(ledger: Ledger, row: Row, event: OrderFilled, before: int) -> None:
        instrument = event.order.intent.instrument
        quote, accounts = instrument.quote, ledger.accounts
        out[int(row["fill"])] = {
            **{n: row[n] for n in ("fill", "instrument", "side", "quantity", "price", "liquidity")},
            "fee": plain(currency_grid(event.fee_decimals).to_decimal(event.fee)),
            "fee asset": event.fee_currency,
            "profit": ledger.text(quote, accounts.realized_of(quote) - before),
            "position": plain(
                currency_grid(instrument.base_decimals).to_decimal(accounts.position_units(instrument.id))
            ),
            "cost": ledger.text(quote, accounts.cost_units(instrument.id)),
            "cash": ledger.text(quote, accounts.cash_of(quote)),
        }

    replay(watch=watch)
    return out


@pytest.mark.parametrize("row", FILLS, ids=[f"fill {row['fill']}" for row in FILLS])
def test_each_fill(row: Row) -> None:
    """Fee, fee asset, profit, position, cost and cash are the page's."""
    assert observed()[int(row["fill"])] == row


def test_there_are_twelve() -> None:
    """Twelve fills, three settlements, four trades: nothing fell out of the page unseen."""
    assert (len(FILLS), len(SETTLEMENTS), len(TRADES)) == (12, 3, 4)


@pytest.mark.parametrize("row", SETTLEMENTS, ids=[f"settlement {row['settlement']}" for row in SETTLEMENTS])
def test_each_settlement(row: Row) -> None:
    """The position it meets and the change of cash are the page's."""
    ledger = replay(int(row["after fill"]), settled=False)
    position = plain(currency_grid(PERP.base_decimals).to_decimal(ledger.accounts.position_units(PERP.id)))
    cash = ledger.accounts.cash_of("USDT")
    change = ledger.fund(row)
    assert ledger.accounts.cash_of("USDT") == cash + change
    assert (position, ledger.text("USDT", change)) == (row["position"], row["change"])


def margin_lines(ledger: Ledger, mark: str) -> Row:
    """The lines of a margin account at a mark."""
    accounts, contract, held = ledger.accounts, ledger.contract, ledger.held(mark)
    wallet = accounts.owned_of("USDT")
    said: MarginStatement = ledger.margin.statement(wallet, [held])
    price = mark_grid(PERP).to_text
    liquidation = contract.liquidation_mark(held.units, held.cost, wallet)
    bankruptcy = contract.bankruptcy_mark(held.units, held.cost, wallet)
    assert liquidation is not None
    assert bankruptcy is not None
    return {
        "wallet balance": ledger.text("USDT", said.wallet),
        "unrealised profit": ledger.text("USDT", said.unrealized),
        "margin balance": ledger.text("USDT", said.balance),
        "maintenance margin": ledger.text("USDT", said.maintenance),
        "initial margin": ledger.text("USDT", said.initial),
        "available": ledger.text("USDT", said.available),
        "liquidation price": price(liquidation),
        "bankruptcy price": price(bankruptcy),
    }


def test_the_margin_account() -> None:
    """Wallet, margins, liquidation and bankruptcy after the second settlement, at a mark of 20,300."""
    assert margin_lines(replay(6), "20300") == PAGE.section("The margin account after the second settlement")


def test_each_trade() -> None:
    """Side, size, fills, fees, funding, result and flag of the four trades, and what each is in USDT at its close."""
    ledger = replay()
    found = []
    for number, trade in enumerate(ledger.closed, 1):
        instrument = INSTRUMENTS[trade.instrument]
        quote = instrument.quote
        profit = trade.pnl + trade.fees - funding_of(trade)
        assert profit == trade.side * (trade.exit_notional - trade.entry_notional)
        in_usdt = ledger.rates.convert(trade.pnl, quote, "USDT", trade.time_close)
        assert isinstance(in_usdt, int)
        found.append(
            {
                "trade": str(number),
                "instrument": trade.instrument,
                "side": trade.side.name.lower(),
                "largest": plain(currency_grid(instrument.base_decimals).to_decimal(trade.qty)),
                "fills": str(trade.fills),
                "fees": ledger.text(quote, trade.fees),
                "funding": ledger.text(quote, funding_of(trade)),
                "result": ledger.text(quote, trade.pnl),
                "forced": "yes" if trade.forced else "no",
                "in USDT": ledger.text("USDT", in_usdt),
            }
        )
    assert found == TRADES


def funding_of(trade: ClosedTrade) -> int:
    """The settlements that fell into a trade on its own instrument."""
    if trade.instrument != PERP.id:
        return 0
    decimals = currency_grid(Ledger(Money(1, "USDT")).decimals["USDT"])
    inside = [s for s in SETTLEMENTS if trade.time_open <= int(s["after fill"]) * SECOND < trade.time_close]
    return sum(decimals.from_text(s["change"]) for s in inside)


def test_the_accounts_at_the_end() -> None:
    """Budget, realised profit, fees, funding and equity of each money, and both identities."""
    ledger = replay()
    accounts = ledger.accounts
    start = Ledger(Money(10_000, "USDT"), Money(500, "EUR"), Money(Decimal("0.0065"), "BNB"))
    start.show(0, "1.0800", "1.0802")
    found: dict[str, Row] = {}
    for money in accounts.moneys:
        at_start = start.rates.convert(accounts.budget_of(money), money, "USDT", 0)
        at_end = ledger.rates.convert(accounts.equity_of(money, {}), money, "USDT", 12 * SECOND)
        assert isinstance(at_start, int)
        assert isinstance(at_end, int)
        lines = {
            "budget": ledger.text(money, accounts.budget_of(money)),
            "realised": ledger.text(money, accounts.realized_of(money)),
            "fees": ledger.text(money, accounts.fees_of(money)),
            "funding": ledger.text(money, accounts.funding_of(money)),
            "equity": ledger.text(money, accounts.equity_of(money, {})),
            "fees paid elsewhere": ledger.text(money, accounts.fees_elsewhere_of(money)),
            "in USDT at the start": ledger.text("USDT", at_start),
            "in USDT at the end": ledger.text("USDT", at_end),
        }
        for line, amount in lines.items():
            found.setdefault(line, {"account": line})[money] = amount
        kept = accounts.realized_of(money) - accounts.fees_of(money) + accounts.funding_of(money)
        assert accounts.equity_of(money, {}) == accounts.budget_of(money) + kept
    for quote in ("USDT", "EUR"):
        results = sum(t.pnl for t in ledger.closed if INSTRUMENTS[t.instrument].quote == quote)
        gained = accounts.equity_of(quote, {}) - accounts.budget_of(quote)
        assert gained == results + accounts.fees_elsewhere_of(quote)
    assert list(found.values()) == PAGE.table("account")


def test_the_equity_in_usdt() -> None:
    """Start, end, the results of each money, and what the rates did: they add up."""
    ledger = replay()
    accounts, rates, end = ledger.accounts, ledger.rates, 12 * SECOND
    start = Ledger(Money(10_000, "USDT"), Money(500, "EUR"), Money(Decimal("0.0065"), "BNB"))
    start.show(0, "1.0800", "1.0802")
    first, last = start.accounts.equity_in("USDT", {}, start.rates, 0), accounts.equity_in("USDT", {}, rates, end)
    assert isinstance(first, int)
    assert isinstance(last, int)
    gains = {m: accounts.equity_of(m, {}) - accounts.budget_of(m) for m in accounts.moneys}
    in_usdt = {m: rates.convert(gain, m, "USDT", end) for m, gain in gains.items()}
    results = {f"result of {m}": value for m, value in in_usdt.items() if isinstance(value, int)}
    found = {"equity at the start": first, "equity at the end": last, **results}
    found["change of the rates"] = last - first - sum(results.values())
    assert {line: ledger.text("USDT", amount) for line, amount in found.items()} == {
        row["in USDT"]: row["amount"] for row in PAGE.table("in USDT")
    }


def test_the_liquidation() -> None:
    """The account is closed at a mark of 15,070, not at the price before it, and keeps the loss beyond its money."""
    ledger, said = Ledger(Money(1_000, "USDT")), PAGE.section("A liquidation")
    order = {
        "fill": "1",
        "instrument": PERP.id,
        "side": "buy",
        "quantity": "0.2",
        "price": "20000",
        "liquidity": "taker",
    }
    ledger.fill(order)
    lines = margin_lines_of_long(ledger, "15070")
    wallet = ledger.accounts.owned_of("USDT")
    assert ledger.margin.first_to_close(wallet, [ledger.held("15070")]) == 0
    assert ledger.margin.first_to_close(wallet, [ledger.held("15070.3")]) is None
    notional = ledger.units("USDT", "3012")
    charge = ledger.contract.liquidation_fee(notional)
    exit_order = {**order, "fill": "2", "side": "sell", "price": "15060"}
    event = ledger.fill(exit_order, True, charge)
    lines["liquidation fee"] = ledger.text("USDT", charge)
    lines["fee of the order"] = ledger.text("USDT", event.fee - charge)
    lines["equity after it"] = ledger.text("USDT", ledger.accounts.equity_of("USDT", {}))
    assert lines == said
    assert [t.forced for t in ledger.closed] == [True]


def margin_lines_of_long(ledger: Ledger, mark: str) -> Row:
    """The lines that the page shows of an account before its liquidation."""
    lines = margin_lines(ledger, mark)
    return {n: lines[n] for n in ("wallet balance", "liquidation price", "margin balance", "maintenance margin")}
