"""Whole runs of planted strategies over recorded hourly bars: what a strategy with an edge, one whose edge dies, and one without any go through."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from genesis.clock import NS_PER_DAY, NS_PER_HOUR
from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import DataConfig, PaperSection, RunSection, Variant
from genesis.demo.planted import plant
from genesis.execution.perpetual_terms import MarkedBy, PerpetualTerms
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.model.instruments import InstrumentKind
from genesis.model.margin import MarginTier
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


def settlements(hours: Path, folder: Path, rate_e8: int) -> list[DataConfig]:
    """Files of a mark price every eight hours, the bar's open, and of a funding rate settled at it, for the perpetual on those hourly bars."""
    with hours.open() as file:
        rows = [
            (int(row["timestamp"]) * 1_000_000, int(Decimal(row["open"]).scaleb(8))) for row in csv.DictReader(file)
        ]
    eighths = [(time, price) for time, price in rows if time % (8 * NS_PER_HOUR) == 0]
    times = [time for time, _ in eighths]
    marks = {"ts_ns": times} | {f"{n}_e8": [p for _, p in eighths] for n in ("open", "high", "low", "close")}
    told = {
        "venue": "binance-usdm",
        "symbol": "BTCUSDT",
        "price_scale": "1e-8",
        "time_unit": "ns UTC",
        "interval": "8h",
    }
    found = []
    for name, schema, columns, form in (
        ("marks", "candles/1", {**marks, "volume_e8": [0] * len(times)}, "mark-candles/1"),
        ("funding", "funding/1", {"ts_ns": times, "rate_e8": [rate_e8] * len(times)}, "funding/1"),
    ):
        fields = pa.schema([pa.field(n, pa.int64(), nullable=False) for n in columns], {"schema": schema, **told})
        path = folder / f"{name}.{'funding.' if name == 'funding' else ''}parquet"
        pq.write_table(pa.table(columns, fields), path)
        found.append(DataConfig(instrument=ID, path=str(path), format=form))
    return found


def on_a_perpetual(config: Config, hours: Path, folder: Path, rate_e8: int = 10_000, leverage: int = 2) -> Config:
    """The same run on a perpetual that settles funding every eight hours, in USDT, and asks for margin."""
    tier = MarginTier(floor=Decimal(0), cap=Decimal(10**7), maintenance_rate=Decimal("0.005"), max_leverage=100)
    terms = PerpetualTerms(
        leverage=leverage, marked_by=MarkedBy.LAST_PRICE, margin_tiers=(tier,), mark_age_max_s=8 * 3_600
    )
    replace = msgspec.structs.replace
    perpetual = replace(config.instruments[0], kind=InstrumentKind.PERPETUAL, perpetual=terms)
    return replace(config, instruments=[perpetual], data=[*config.data, *settlements(hours, folder, rate_e8)])


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
