"""Reports made by hand for the tests: a plain track of a given length, and whatever a test changes in it."""

from __future__ import annotations

from decimal import Decimal
from math import sin
from typing import Any

import msgspec

from genesis.monitoring.report.evidence import bar_returns, benchmark, cash
from genesis.monitoring.report.values import (
    Cost,
    Fact,
    FeeRate,
    Line,
    Metrics,
    PriceChart,
    RunReport,
    TrackReport,
)
from genesis.paper_trading.verdicts import Window

START = 1_735_689_600_000_000_000
HOUR = 3_600_000_000_000
METRICS: dict[str, Any] = {
    "equity": "10050.25000000",
    "cash": "9000.00000000",
    "total_return": 0.005025,
    "annualised_return": 0.21,
    "drawdown": 0.01,
    "drawdown_max": 0.02,
    "drawdown_from_ns": str(START + 5 * HOUR),
    "drawdown_trough_ns": str(START + 9 * HOUR),
    "drawdown_recovery_ns": None,
    "sharpe": 2.25,
    "sharpe_stderr": 0.75,
    "sortino": 3.5,
    "calmar": 10.5,
    "win_rate": 0.625,
    "profit_factor": 1.75,
    "trades": 120,
    "evidence_bars": 60,
    "fees": "12.34560000",
    "turnover": "12345.60000000",
    "time_in_market": 0.5,
    "exposure_mean": 0.25,
    "buy_and_hold_return": 0.07,
    "cash_return": 0,
}


def wave(hours: int, level: float = 0.0, size: float = 1.0, every: int = 1) -> Line:
    """A smooth line of hourly values from the run's start."""
    places = range(0, hours + 1, every)
    return Line(tuple(START + h * HOUR for h in places), tuple(level + size * sin(h / 9) for h in places))


def fills(n: int, hours: int) -> Line:
    """``n`` fills spread evenly over the hours."""
    return Line(tuple(START + i * hours * HOUR // n for i in range(n)), tuple(100.0 + sin(i) for i in range(n)))


def track(name: str = "plain", hours: int = 240, **changed: Any) -> TrackReport:
    """A track with hourly samples; ``metrics`` are merged over `METRICS`, everything else replaces."""
    metrics = Metrics({**METRICS, **changed.pop("metrics", {})})
    equity = wave(hours, 10_000.0, 100.0)
    made = TrackReport(
        name=name,
        strategy="plain",
        version="ab" * 32,
        params=(Fact("fast", "20"),),
        synthetic=False,
        currency="USD",
        budget="10000",
        tier="strategist",
        window=Window(START, START + hours * HOUR),
        sampled=True,
        metrics=metrics,
        equity=equity,
        drawdown=wave(hours, 0.01, 0.01),
        gross=wave(hours, 0.3, 0.1),
        net=wave(hours, 0.0, 0.3),
        hold=wave(hours, 0.0, 0.05),
        bars=bar_returns(equity, 10_000.0, START, metrics.whole("evidence_bars")),
        prices=(PriceChart("BTCUSD.X", wave(hours, 100.0), "Line: samples.", fills(30, hours), fills(20, hours)),),
        costs=(Cost("fees", Decimal("12.3456"), Decimal(10), "charged"),),
        fees=(FeeRate("TAKER", 50, Decimal(10)),),
        data=("trades",),
        refusals=(),
        stops=(),
        notes=(),
        note_count=0,
        trades=(),
        trade_count=0,
        fill_count=50,
    )
    return msgspec.structs.replace(made, **changed)


def run(*tracks: TrackReport, **changed: Any) -> RunReport:
    """A run of these tracks, complete."""
    tracks = tracks or (track(),)
    window = tracks[0].window
    made = RunReport(
        name="a run",
        store="run.db",
        source="replay",
        entries=1234,
        head="cd" * 32,
        about="a <b>statement</b>",
        seed="7",
        sample_every="1h",
        complete=True,
        window=window,
        execution=(),
        limits=(),
        instruments=("BTCUSD.X (tick 0.01, lot 0.001)",),
        streams=(),
        gaps=(),
        tracks=tracks,
        benchmarks=(benchmark("buy and hold", (), tracks[0].hold, window), cash(window, 60)),
    )
    return msgspec.structs.replace(made, **changed)
