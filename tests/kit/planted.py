"""Whole runs of planted strategies over recorded hourly bars: what a strategy with an edge, one whose edge dies, and one without any go through."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from genesis.clock import NS_PER_DAY, NS_PER_HOUR
from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import DataConfig, PaperSection, RunSection, Variant
from genesis.demo.planted import plant
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.model.instruments import InstrumentKind
from genesis.paper_trading.promotion_rules import PromotionRules

HOURLY = "candles/binance-spot/1h/BTCUSDT_20170817-20230630.parquet"
ID = "BTCUSDT.BINANCE"
FIRST_NS = 1_609_459_200_000_000_000  # 2021-01-01


def hourly(source: Path, folder: Path, days: int) -> Path:
    """A CSV of that many days of recorded BTC/USDT candles from 2021-01-01; the future is planted as well."""
    table = pq.read_table(source)
    columns = {n: table[f"{n}_e8"].to_pylist() for n in ("open", "high", "low", "close", "volume")}
    times = table["ts_ns"].to_pylist()
    rows = [i for i, t in enumerate(times) if FIRST_NS <= t < FIRST_NS + days * NS_PER_DAY]
    path = folder / "hourly.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["timestamp", "open", "high", "low", "close", "volume"])
        for i in rows:
            values = [Decimal(columns[n][i]).scaleb(-8) for n in ("open", "high", "low", "close", "volume")]
            writer.writerow([times[i] // 1_000_000, *values])
    # A bar is told of when it closes; ticks are cents.
    plant(ID, [times[i] + NS_PER_HOUR for i in rows], [columns["close"][i] // 1_000_000 for i in rows])
    return path


def both_ways(tick: str, lot: str) -> InstrumentConfig:
    """Bitcoin that may be sold short, at fees of 1 and 2 bp in the quote."""
    return InstrumentConfig(
        symbol="BTCUSDT",
        venue="BINANCE",
        base="BTC",
        quote="USDT",
        tick=Decimal(tick),
        lot=Decimal(lot),
        kind=InstrumentKind.FX,
        fees=FeeSchedule(maker_bp=Decimal(1), taker_bp=Decimal(2), currency=FeeCurrency.QUOTE),
    )


def configuration(data: Path, strategies: Sequence[StrategyConfig], rules: PromotionRules, name: str = "run") -> Config:
    """A run of planted strategies on that file, shorts allowed."""
    instrument = both_ways("0.01", "0.000001")
    return Config(
        run=RunSection(name=name, sample_every="24h", store=f"{name}.db"),
        instruments=[instrument],
        data=[DataConfig(instrument=ID, path=str(data), format="ohlcv", interval="1h", time_format="ms")],
        strategies=list(strategies),
        paper_trading=PaperSection(promotion=rules),
    )


def planted(name: str, told: float, **params: Any) -> StrategyConfig:
    """A strategy that is told the truth with that probability, eight trades a day."""
    values: dict[str, object] = {"told": told, "every": 3, "hold": 2, **params}
    return StrategyConfig(
        name=name,
        strategy="genesis.demo.planted:PlantedEdge",
        instruments=[ID],
        budget=Decimal(10_000),
        params=values,
    )


def variants(name: str, told: Sequence[float], **params: Any) -> StrategyConfig:
    """One strategy in variants that are told differently much."""
    base = planted(name, 0.5, **params)
    found = [Variant(name=f"{t:g}".replace(".", ""), params={"told": t}) for t in told]
    return StrategyConfig(
        name=name,
        strategy=base.strategy,
        instruments=base.instruments,
        budget=base.budget,
        params=base.params,
        variants=found,
    )
