"""The exchange's own rules are asked of every order of a run, at its arrival, in the exchange's words."""

from __future__ import annotations

from pathlib import Path

from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.feeds.replay import Replay
from genesis.model.events import OrderRejected, OrderSubmitted
from genesis.model.instruments import Instrument
from genesis.model.market import Trade
from genesis.model.money import Money
from genesis.model.orders import RejectReason
from genesis.model.rules import ExchangeRules
from genesis.model.run_events import RunStarted
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.strategies.base import NoParams, Strategy
from tests.kit.exchange import MARKET_LOT, MAX_NUM_ORDERS, listing_of, spot_symbol
from tests.kit.runs import START, Memory, trades_stream

MS = 1_000_000
ROWS = [(i * 100 * MS, 10_000, 50, 1 if i % 2 else -1) for i in range(60)]


class Small(Strategy):
    """Buys 0.003 at market once, then bids a second apart, ever lower."""

    def on_start(self) -> None:
        self.subscribe_trades()
        self.seen = 0

    def on_trade(self, trade: Trade) -> None:
        self.seen += 1
        if self.seen == 1:
            self.buy("0.003")
        elif self.seen % 10 == 0:
            self.buy("0.001", limit=f"{99 - self.seen // 10}")


def rejected(instrument: Instrument, rules: ExchangeRules | None) -> tuple[list[OrderRejected], int]:
    """What the venue refused of `Small`, and how many orders were sent."""
    stream = trades_stream(ROWS, instrument)
    tape = Tape([stream])
    known = {} if rules is None else {instrument.id: rules}
    simulator = PaperTradingSimulator(tape, StrategyMonitor(), 7, START - 1, rules=known)
    simulator.add("small", Small((instrument,), NoParams()), Money("10000", instrument.quote))
    journal = Memory()
    TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {})).run(Replay([stream]).cut(None))
    sent = sum(isinstance(e, OrderSubmitted) for e in journal.events)
    return [e for e in journal.events if isinstance(e, OrderRejected)], sent


def test_a_market_order_under_its_smallest_size_is_refused_in_the_exchanges_words(tmp_path: Path) -> None:
    """0.003 is a lot size, and no market lot size of 0.005; without a file nobody asks."""
    listing = listing_of(tmp_path, spot_symbol(MARKET_LOT))
    found, _ = rejected(listing.instrument, listing.rules)
    assert [(e.reason, e.detail) for e in found] == [(RejectReason.FILTER, "-1013 Filter failure: MARKET_LOT_SIZE")]
    assert rejected(listing.instrument, None)[0] == []


def test_open_orders_are_counted_at_the_venue(tmp_path: Path) -> None:
    """The symbol allows two: of the four bids that risk lets pass two are refused."""
    few = {**MAX_NUM_ORDERS, "maxNumOrders": 2}
    listing = listing_of(tmp_path, spot_symbol(few))
    found, sent = rejected(listing.instrument, listing.rules)
    assert sent == 5
    assert [e.detail for e in found] == ["-1013 Filter failure: MAX_NUM_ORDERS"] * 2
