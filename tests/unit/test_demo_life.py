"""What is planted for the demonstration, and what it may do."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from genesis.clock import NS_PER_DAY, NS_PER_HOUR
from genesis.config import Config, InstrumentConfig
from genesis.config.schema import DataConfig, PaperSection, RunSection
from genesis.demo.life import (
    EDGE,
    LOOK_ALIKE_COUNT,
    LOOK_ALIKES,
    Future,
    future_of,
    planted_strategies,
    round_trip_bp,
)
from genesis.demo.own import OwnData, own_market
from genesis.demo.show import own_parts, run_demo
from genesis.demo.tale import tale
from genesis.execution.profile import ExecutionProfile, FeeSchedule
from genesis.paper_trading.promotion_rules import Profile, PromotionRules
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare, run_prepared
from tests.kit.planted import HOURLY, configuration, hourly, planted


def waves(n: int = 400) -> Future:
    """Prices that go up and down by about a percent in ten hours."""
    closes = tuple(round(1_000_000 * (1 + 0.01 * np.sin(i / 6))) for i in range(n))
    return Future(tuple(i * NS_PER_HOUR for i in range(n)), closes, 1)


def test_a_look_alike_is_told_what_its_costs_are_and_no_more() -> None:
    """Right with that chance, the mean move times (2 p - 1) is the cost of a round trip; never under a coin, never above certainty."""
    future = waves()
    closes = np.asarray(future.closes, dtype=float)
    move = float(np.abs(closes[10:] / closes[:-10] - 1).mean() * 1e4)
    assert (2 * future.fair_chance(27) - 1) * move == pytest.approx(27)
    assert future.fair_chance(0) == 0.5
    assert future.fair_chance(10_000) == 1.0
    assert round_trip_bp(FeeSchedule(), ExecutionProfile()) == pytest.approx(2 * (10 + 2.40), abs=0.02)


def test_there_are_one_edge_and_twenty_look_alikes_with_luck_of_their_own() -> None:
    """All synthetic, each look-alike with a seed of its own; the edge is told more until three quarters of the bars are over."""
    future = waves()
    edge, look_alikes = planted_strategies("X.Y", future, "1h", 27)
    assert (edge.name, look_alikes.name) == (EDGE, LOOK_ALIKES)
    assert len({v.params["seed"] for v in look_alikes.variants}) == LOOK_ALIKE_COUNT == 20
    assert edge.params["dies_ns"] == 300 * NS_PER_HOUR
    assert float(str(edge.params["told"])) > float(str(look_alikes.params["told"]))


def test_the_future_of_trades_is_the_last_price_of_every_hour(tmp_path: Path) -> None:
    """Hours without a trade keep the price before."""
    path = tmp_path / "trades.csv"
    rows = [(0, 100), (1_800, 101), (3_599, 102), (9_000, 103)]
    lines = [f"{i},{1_600_000_000 + s},{p},1,buy" for i, (s, p) in enumerate(rows)]
    path.write_text("\n".join(["id,timestamp,price,amount,side", *lines]) + "\n", encoding="utf-8")
    reading = own_market(OwnData(path, "BTC/USDT", Decimal(1), Decimal(1))).market.readings[0]
    found = future_of(reading)
    first = (1_600_000_000 // 3_600 + 1) * NS_PER_HOUR
    assert found.times == tuple(first + i * NS_PER_HOUR for i in range(len(found.times)))
    assert found.closes == (101, 102, 103)


def test_the_future_of_short_bars_is_of_hours(market_data) -> None:  # type: ignore[no-untyped-def]
    """Else a look-alike would be told what ten minutes pay, and hold for ten hours."""
    file = market_data("candles/binance-usdm/1m/SOLUSDT_20250504-20250603.parquet")
    market = own_market(OwnData(file, "SOL/USDT")).market
    found, columns = future_of(market.readings[0]), market.readings[0].columns
    assert {b - a for a, b in zip(found.times, found.times[1:], strict=False)} == {NS_PER_HOUR}
    place = columns["ts"].tolist().index(found.times[5])
    assert found.closes[5] == columns["close"][place]
    assert 0.5 < found.fair_chance(24) < 0.75


def test_where_nothing_can_be_sold_short_it_stays_out_of_what_falls(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """A spot instrument is never sold beyond holdings, no order of it is refused, and told the truth it wins more than it loses."""
    data = hourly(market_data(HOURLY), tmp_path, 10)
    strategies = configuration(data, [planted("p", 1.0)], PromotionRules()).strategies
    spot = InstrumentConfig(
        symbol="BTCUSDT", venue="BINANCE", base="BTC", quote="USDT", tick=Decimal("0.01"), lot=Decimal("0.000001")
    )
    config = Config(
        run=RunSection(name="spot", store="spot.db", realistic=False),
        instruments=[spot],
        data=[DataConfig(instrument=spot.id, path=str(data), format="ohlcv", interval="1h", time_format="ms")],
        strategies=strategies,
        paper_trading=PaperSection(enabled=False),
    )
    run_prepared(prepare(config, tmp_path), tmp_path / "spot.db")
    with StoreReader(tmp_path / "spot.db") as reader:
        trades, denials = reader.trades(), reader.denials()
        names = [t.track for t in reader.tracks()]
    assert names == ["p"]
    assert denials == []
    assert {t.side for t in trades} == {"BUY"}
    assert sum(Decimal(t.pnl) > 0 for t in trades) > len(trades) / 2


def test_the_life_is_told_of_ones_own_candles(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Three parts; the planted ones are synthetic in every track's facts, under both profiles, and their tale counts the look-alikes."""
    data = hourly(market_data(HOURLY), tmp_path, 12)
    parts = own_parts(OwnData(data, "BTC/USDT"))
    assert [p.name for p in parts] == ["own-data", "planted-given", "planted-balanced"]
    (shown,) = run_demo(parts[1:2], tmp_path / "out", lambda name, progress: None)
    assert shown.planted is Profile.GIVEN
    assert "synthetic" in shown.statement
    with StoreReader(shown.store) as reader:
        tracks = reader.tracks()
        start, end = reader.status().start, reader.status().time
    assert len(tracks) == 1 + LOOK_ALIKE_COUNT
    assert all(t.facts["synthetic"] for t in tracks)
    assert start is not None
    assert end is not None
    assert end - start > 11 * NS_PER_DAY
    lines = tale(Profile.GIVEN, shown.store)
    assert lines[-1].version == f"{LOOK_ALIKES}, 20 of them"
    assert "0 got more than the first step" in lines[-1].what
    assert "synthetic" in shown.report.read_text(encoding="utf-8")


def test_an_edge_that_the_data_are_too_few_for_is_told_of_too(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Three days: it never moves, and the tale says where it stands and what is missing instead of leaving it out."""
    data = hourly(market_data(HOURLY), tmp_path, 3)
    (shown,) = run_demo(own_parts(OwnData(data, "BTC/USDT"))[2:], tmp_path / "out", lambda name, progress: None)
    first = tale(Profile.BALANCED, shown.store)[0]
    assert (first.profile, first.version, first.capital) == ("balanced", EDGE, "0 %")
    assert first.what.startswith("stays on paper: criteria INCONCLUSIVE: min_trades")
