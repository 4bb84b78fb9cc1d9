"""The demonstration: built-in strategies, untuned, on two recorded markets. Mostly they lose; that is what is shown."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path

from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import RunSection, Variant
from genesis.demo.data import DemoMarket, bitcoin_half_hour, euro_year
from genesis.engine.engine import Progress
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.system.reporting import write_report
from genesis.system.run import Prepared, RunSummary, run_prepared

_FX_FEES = FeeSchedule(maker_bp=Decimal("0.2"), taker_bp=Decimal("0.2"), currency=FeeCurrency.QUOTE)


def markets() -> list[tuple[str, DemoMarket, FeeSchedule, list[StrategyConfig]]]:
    """(name, market, fees, strategies) of each part of the demonstration."""
    budget = Decimal(10_000)
    btc, eur = bitcoin_half_hour(), euro_year()
    on_book, on_bars = [btc.instrument.id], [eur.instrument.id]
    book = [
        StrategyConfig(name="maker", strategy="market_maker", instruments=on_book, budget=budget),
        StrategyConfig(name="taker", strategy="imbalance_taker", instruments=on_book, budget=budget),
    ]
    bars = [
        _two(
            "crossover",
            "ma_crossover",
            on_bars,
            ("20-50", {"fast": 20, "slow": 50}),
            ("50-200", {"fast": 50, "slow": 200}),
        ),
        _two("reversion", "mean_reversion", on_bars, ("48", {"window": 48}), ("120", {"window": 120})),
        _two("breakout", "breakout", on_bars, ("48", {"entry": 48}), ("120", {"entry": 120, "leave": 60})),
    ]
    return [("bitcoin-half-hour", btc, FeeSchedule(), book), ("euro-year", eur, _FX_FEES, bars)]


def _two(name: str, strategy: str, instruments: list[str], *variants: tuple[str, dict[str, object]]) -> StrategyConfig:
    return StrategyConfig(
        name=name,
        strategy=strategy,
        instruments=instruments,
        budget=Decimal(10_000),
        params={"short": True},
        variants=[Variant(name=n, params=p) for n, p in variants],
    )


def run_demo(out: Path, on_progress: Callable[[str, Progress], None]) -> list[tuple[str, str, Path, Path, RunSummary]]:
    """Run every part into ``out``; (name, statement, store, report, summary) of each.

    Raises:
        DemoDataMissing: the packages that carry the data are not installed.
    """
    parts = markets()
    out.mkdir(parents=True, exist_ok=True)
    results = []
    for name, market, fees, strategies in parts:
        instrument = market.instrument
        described = InstrumentConfig(
            symbol=instrument.symbol, venue=instrument.venue, base=instrument.base, quote=instrument.quote, fees=fees
        )
        config = Config(run=RunSection(name=name), instruments=[described], strategies=strategies)
        store = out / f"{name}.db"
        for old in out.glob(f"{name}.db*"):
            old.unlink()
        summary = run_prepared(Prepared(config, out, market.readings), store, on_progress=partial(on_progress, name))
        report = write_report(store, out / f"{name}.html")
        results.append((name, market.statement, store, report, summary))
    return results
