"""A run whose tape holds the orders themselves, beside the same run without them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from genesis.config import Config
from genesis.config.schema import DataConfig, InstrumentConfig
from genesis.feeds.files import Reading
from genesis.model.events import OrderFilled, TapeEnded
from genesis.strategies.base import NoParams
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
    return read_data(Config(instruments=[instrument], data=files), folder)


def test_orders_on_the_tape_change_no_decision(tmp_path: Path) -> None:
    """``orders: true`` adds one stream and leaves depth and quotes alone; every entry is the same, byte for byte, but the last.

    That one counts the tape's rows.
    """
    recorded(tmp_path)
    plain, kept = readings(tmp_path, False), readings(tmp_path, True)
    kinds = [r.kind for r in kept]
    assert kinds == [StreamKind.DEPTH, StreamKind.QUOTES, StreamKind.ORDERS, StreamKind.TRADES]
    assert [r.kind for r in plain] == [k for k in kinds if k is not StreamKind.ORDERS]
    entries = []
    for found in (plain, kept):
        journal, _ = run(
            [r.stream() for r in found], [("a", QuoteFollower((found[0].instrument,), NoParams()))], rows=997
        )
        assert sum(isinstance(e, OrderFilled) for e in journal.events) > 10
        assert isinstance(journal.events[-1], TapeEnded)
        entries.append(journal.entries[:-1])
    assert entries[0] == entries[1]
