"""Four days of a strategy that swings between buying and selling on minute candles, goes live on the second, and is stopped or starved by tests."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, ManualClock
from genesis.config import Config, StrategyConfig
from genesis.config.schema import DataConfig, PaperSection, RunSection
from genesis.paper_trading.promotion_facts import DataState, Evaluation, Order
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Mode
from genesis.storage.address import StoreAddress
from genesis.storage.inbox import leave_command
from genesis.storage.reader import StoreReader
from genesis.system.prepared import Prepared
from genesis.system.promotions import made_again
from genesis.system.run import prepare, run_prepared
from tests.kit.outsider import findings
from tests.kit.planted import both_ways

START_NS = 1_609_459_200_000_000_000
BAR_NS = 4 * NS_PER_HOUR
DAYS = 4
# Once a day for 22 hours: open over the freeze and well after it.
DAILY = 24
SWINGS = """
EVERY = 8

from genesis.strategies.base import Strategy


class Swings(Strategy):
    def on_start(self):
        self._n = 0
        self.subscribe_bars("1h")

    def on_bar(self, bar):
        self._n += 1
        if self._n % EVERY == 1:
            self.buy(self.instrument.quantity(20))
        elif self._n % EVERY == EVERY - 1:
            self.close()

    def on_save(self):
        return {"n": self._n}

    def on_load(self, state):
        self._n = state["n"]
"""
# Beside what it buys it keeps an order far below the market.
RESTS = SWINGS.replace(
    """            self.buy(self.instrument.quantity(20))
""",
    """            self.buy(self.instrument.quantity(20))
            self.buy(self.instrument.quantity(20), limit=self.instrument.price(960))
""",
).replace("            self.close()", "            self.cancel_all()\n            self.close()")
NEVER_NS = START_NS + (DAYS + 1) * NS_PER_DAY
# It holds from one hour to three hours later, in every bar: the feed freezes an hour and a half into a bar of the third day, or over a bar's end.
FROZEN = {
    DataState.DEGRADED: START_NS + 2 * NS_PER_DAY + 8 * NS_PER_HOUR + 90 * NS_PER_MINUTE,
    DataState.STALE: START_NS + 2 * NS_PER_DAY + 12 * NS_PER_HOUR - 5 * NS_PER_MINUTE,
}
# Live since the second day, in the middle of a bar, while it holds.
STOPS_NS = START_NS + 2 * NS_PER_DAY + 9 * NS_PER_HOUR + 20 * NS_PER_MINUTE
# The run stood still with every moment before that handled.
TAKEN_NS = STOPS_NS - 1


def minutes(folder: Path, frozen_ns: int, days: int = DAYS, begin_ns: int = START_NS) -> Path:
    """Candles of a minute from ``begin_ns`` on without the ten from ``frozen_ns`` on; the price swings by a tenth of a per cent."""
    path = folder / "minutes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for i in range(days * 24 * 60):
            at = START_NS + i * NS_PER_MINUTE
            if at >= begin_ns and not frozen_ns <= at < frozen_ns + 10 * NS_PER_MINUTE:
                price = 100 + i // 60 % 7 / 10
                writer.writerow([at // 1_000_000, price, price, price, price, 1000])
    return path


def prepared(
    folder: Path,
    frozen_ns: int,
    every: int = 8,
    strategy: str = SWINGS,
    days: int = DAYS,
    begin_ns: int = START_NS,
    **rules: Any,
) -> Prepared:
    """The strategy on paper with a ladder, which holds for all but two of ``every`` hours; one criterion, met by its first trade; ``rules`` of promotion."""
    (folder / "swings.py").write_text(strategy.replace("EVERY = 8", f"EVERY = {every}"))
    data = minutes(folder, frozen_ns, days, begin_ns)
    instrument = both_ways("0.1", "0.01")
    few = ValidationCriteria(
        min_trades=1,
        days_mode=Mode.OFF,
        sharpe_mode=Mode.OFF,
        drawdown_mode=Mode.OFF,
        win_rate_mode=Mode.OFF,
    )
    config = Config(
        run=RunSection(name="frozen", sample_every="24h", store="frozen.db"),
        instruments=[instrument],
        data=[DataConfig(instrument=instrument.id, path=str(data), format="ohlcv", interval="1m", time_format="ms")],
        strategies=[
            StrategyConfig(
                name="swings", strategy="swings.py:Swings", instruments=[instrument.id], budget=Decimal(10_000)
            )
        ],
        paper_trading=PaperSection(validation_criteria=few, promotion=PromotionRules(**rules)),
    )
    return prepare(config, folder)


def ready(folder: Path, frozen_ns: int = NEVER_NS) -> Prepared:
    """The one that keeps an order beside what it buys, once a day."""
    folder.mkdir(exist_ok=True)
    return prepared(folder, frozen_ns, 24, RESTS)


def stopped(folder: Path, *orders: Order, target: str | None = "swings", until_ns: int = STOPS_NS) -> Path:
    """A run up to that moment, with orders left in its inbox one after the other."""
    store = folder / "frozen.db"
    run_prepared(ready(folder), store, until_ns)
    for order in orders:
        leave_command(store, order.value, target, "ann", "it looks wrong", ManualClock(1))
    return store


def decisions(store: StoreAddress) -> list[Evaluation]:
    """Every decision, in the order of the entries."""
    with StoreReader(store) as reader:
        documents: list[dict[str, Any]] = reader.events("PromotionEvaluated")
    return [evaluation_of(d["body"]["digest"], d["body"]["record"]) for d in documents]


def evaluations(store: StoreAddress) -> dict[int, Evaluation]:
    """The last decision of each moment, by engine time."""
    return {e.time_ns: e for e in decisions(store)}


def taken(store: StoreAddress) -> list[tuple[int, int, str, bool]]:
    """Time, number, command, and whether it was taken, of every answer."""
    with StoreReader(store) as reader:
        found: list[dict[str, Any]] = reader.events("CommandTaken")
    return [(int(d["time"]), d["body"]["number"], d["body"]["command"], d["body"]["taken"]) for d in found]


def entries(store: StoreAddress) -> list[bytes]:
    with StoreReader(store) as reader:
        return [bytes(row.entry) for row in reader.entries()]


def sent(store: StoreAddress, track: str, since_ns: int = 0) -> list[tuple[int, str]]:
    """When orders were sent there since, and on which side."""
    with StoreReader(store) as reader:
        return [(o.time_submitted, o.side) for o in reader.orders(track) if o.time_submitted >= since_ns]


def sound(store: StoreAddress, version: str = "swings") -> None:
    """The chain is whole, an outsider comes to the same decisions, and so do we."""
    assert findings(store) == []
    with StoreReader(store) as reader:
        assert reader.verify() == []
        assert made_again(reader, version) > 6
