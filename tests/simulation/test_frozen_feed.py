"""The feed stands still for ten minutes while live holds a position: nothing is sold, nothing is judged, the bar is no evidence, a person is called."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE
from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import DataConfig, PaperSection, RunSection
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.model.instruments import InstrumentKind
from genesis.paper_trading.promotion_facts import DataState
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import Action, Stage
from genesis.paper_trading.validation_criteria import Mode, ValidationCriteria
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare, run_prepared

START_NS = 1_609_459_200_000_000_000
BAR_NS = 4 * NS_PER_HOUR
DAYS = 4
# It holds from one hour to three hours later, in every bar: the feed freezes an hour and a half into a bar of the third day, or over a bar's end.
FROZEN = {
    DataState.DEGRADED: START_NS + 2 * NS_PER_DAY + 8 * NS_PER_HOUR + 90 * NS_PER_MINUTE,
    DataState.STALE: START_NS + 2 * NS_PER_DAY + 12 * NS_PER_HOUR - 5 * NS_PER_MINUTE,
}
SWINGS = """
from genesis.strategies.base import Strategy


class Swings(Strategy):
    def on_start(self):
        self._n = 0
        self.subscribe_bars("1h")

    def on_bar(self, bar):
        self._n += 1
        if self._n % 8 == 1:
            self.buy(self.instrument.quantity(20))
        elif self._n % 8 == 7:
            self.close()

    def on_save(self):
        return {"n": self._n}

    def on_load(self, state):
        self._n = state["n"]
"""


def minutes(folder: Path, frozen_ns: int) -> Path:
    """Candles of a minute without the ten from ``frozen_ns`` on; the price swings by a tenth of a per cent."""
    path = folder / "minutes.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for i in range(DAYS * 24 * 60):
            at = START_NS + i * NS_PER_MINUTE
            if not frozen_ns <= at < frozen_ns + 10 * NS_PER_MINUTE:
                price = 100 + i // 60 % 7 / 10
                writer.writerow([at // 1_000_000, price, price, price, price, 1000])
    return path


def played(folder: Path, frozen_ns: int) -> Path:
    (folder / "swings.py").write_text(SWINGS)
    data = minutes(folder, frozen_ns)
    instrument = InstrumentConfig(
        symbol="BTCUSDT",
        venue="BINANCE",
        base="BTC",
        quote="USDT",
        tick=Decimal("0.1"),
        lot=Decimal("0.01"),
        kind=InstrumentKind.FX,
        fees=FeeSchedule(maker_bp=Decimal(1), taker_bp=Decimal(2), currency=FeeCurrency.QUOTE),
    )
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
        paper_trading=PaperSection(validation_criteria=few, promotion=PromotionRules()),
    )
    run_prepared(prepare(config, folder), folder / "frozen.db")
    return folder / "frozen.db"


@pytest.mark.parametrize("state", FROZEN)
def test_a_frozen_feed_moves_nothing_and_calls_a_person(state: DataState, tmp_path: Path) -> None:
    """In the middle of a bar or over its end: at the look after it the stage stays, rises wait, the position is kept, and its bar has no return."""
    frozen_ns = FROZEN[state]
    store = played(tmp_path, frozen_ns)
    end_ns = -(-frozen_ns // BAR_NS) * BAR_NS
    with StoreReader(store) as reader:
        documents: list[dict[str, Any]] = reader.events("PromotionEvaluated")
        evaluations = [evaluation_of(d["body"]["digest"], d["body"]["record"]) for d in documents]
        sold = [f.time for f in reader.fills("swings@live") if f.side == "SELL"]
        bars = {e.time: e.bar_return for e in reader.evidence("swings")}
    found = next(e for e in evaluations if e.time_ns == end_ns)
    assert found.before.stage is Stage.LIVE
    assert not found.facts.live_flat
    assert found.facts.data is state
    assert (found.move, found.action) == (None, Action.NONE)
    assert found.after.fraction == found.before.fraction
    assert "a position is open: it is kept" in found.call
    assert [t for t in sold if frozen_ns <= t < frozen_ns + 10 * NS_PER_MINUTE] == []
    assert bars[end_ns] is None
    assert bars[end_ns - BAR_NS] is not None
    later = next(e for e in evaluations if e.time_ns == end_ns + 2 * BAR_NS)
    assert later.facts.data is DataState.FRESH
    assert later.call == ""
