"""Runs whose tape holds the orders themselves, beside the same runs without them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from genesis.config import Config
from genesis.config.schema import DataConfig, InstrumentConfig
from genesis.feeds.files import Reading
from genesis.model.events import OrderFilled
from genesis.model.market import Quote
from genesis.model.orders import Liquidity
from genesis.strategies.base import NoParams, Strategy
from genesis.system.data import read_data
from genesis.tape.stream import StreamKind
from tests.kit.runs import run
from tests.kit.traders import QuoteFollower

MS = 1_777_689_383_000


def recorded(folder: Path) -> None:
    """A minute of an order book: bids and asks come and go every 20 ms, and every 200 ms one trades."""
    orders = ["id,timestamp,exchange_timestamp,price,volume,action,direction"]
    trades = ["timestamp,exchange_timestamp,trade_id,price,amount,side"]

    def event(ms: int, order_id: int, price: int, volume: int, action: str, side: str) -> None:
        orders.append(f"{order_id},{MS + ms},{MS + ms},{price},{volume},{action},{side}")

    for i in range(3000):
        ms, bid, ask = 20 * i, 2 * i + 1, 2 * i + 2
        event(ms, bid, 100 + i // 50 % 3, 5, "created", "bid")
        event(ms, ask, 104 + i // 50 % 3, 5, "created", "ask")
        if i >= 40:
            old = i - 40
            left = 0 if old % 10 == 0 else 5
            event(ms, 2 * old + 1, 100 + old // 50 % 3, left, "deleted", "bid")
            event(ms, 2 * old + 2, 104 + old // 50 % 3, 5, "deleted", "ask")
            if not left:
                trades.append(f"{MS + ms},{MS + ms},{i},{100 + old // 50 % 3},5,sell")
    event(60_000, 6001, 90, 7, "created", "bid")
    (folder / "orders.csv").write_text("\n".join(orders) + "\n")
    (folder / "trades.csv").write_text("\n".join(trades) + "\n")


def readings(folder: Path, orders: bool) -> list[Reading]:
    """What a configuration of both files reads."""
    instrument = InstrumentConfig(
        symbol="BTCUSD", venue="BITSTAMP", base="BTC", quote="USD", tick=Decimal(1), lot=Decimal(1)
    )
    files = [
        DataConfig(
            instrument=instrument.id,
            path="orders.csv",
            format="ob-analytics-orders",
            capture="one",
            orders=orders,
        ),
        DataConfig(instrument=instrument.id, path="trades.csv", format="ob-analytics-trades", capture="one"),
    ]
    return read_data(Config(instruments=[instrument], data=files), folder, {})


def test_orders_on_the_tape_add_one_stream(tmp_path: Path) -> None:
    """``orders: true`` leaves depth and quotes alone."""
    recorded(tmp_path)
    plain, kept = readings(tmp_path, False), readings(tmp_path, True)
    kinds = [r.kind for r in kept]
    assert kinds == [StreamKind.DEPTH, StreamKind.QUOTES, StreamKind.ORDERS, StreamKind.TRADES]
    assert [r.kind for r in plain] == [k for k in kinds if k is not StreamKind.ORDERS]


def test_takers_fill_alike_and_only_the_tier_is_another(tmp_path: Path) -> None:
    """Sizes come from the book either way; that the queues are known order by order is in the fill's stamp."""
    recorded(tmp_path)
    seen = {}
    for orders in (False, True):
        found = readings(tmp_path, orders)
        strategy = QuoteFollower((found[0].instrument,), NoParams())
        journal, _ = run([r.stream() for r in found], [("a", strategy)], rows=997)
        fills = [e for e in journal.events if isinstance(e, OrderFilled)]
        assert len(fills) > 10
        assert {f.tier for f in fills} == {"orders" if orders else "depth"}
        seen[orders] = [(f.time, f.last_ticks, f.last_lots) for f in fills]
    assert seen[False] == seen[True]


class Rests(Strategy):
    """Buys 5 at 100 once, with everything that is there before it."""

    def on_start(self) -> None:
        self.subscribe_quotes()
        self.seen: list[str] = []

    def on_quote(self, quote: Quote) -> None:
        if not self.seen and quote.bid_ticks == 100:
            self.buy(5, limit=100)
        self.seen += [o.waits for o in self.open_orders()]


def test_a_resting_order_stands_behind_real_orders_by_name(tmp_path: Path) -> None:
    """One order of 5 was there first, and those that come later change nothing; the print that takes more than it fills ours."""
    recorded(tmp_path)
    found = readings(tmp_path, True)
    strategy = Rests((found[0].instrument,), NoParams())
    journal, _ = run([r.stream() for r in found], [("a", strategy)], rows=997)
    fills = [e for e in journal.events if isinstance(e, OrderFilled)]
    assert [(f.last_ticks, f.tier, f.liquidity, f.confidence) for f in fills[:1]] == [
        (100, "orders", Liquidity.MAKER, "high")
    ]
    ahead = [int(w.split("; ")[2].split()[0]) for w in strategy.seen if "ahead in the queue" in w]
    assert set(ahead) == {5}
