"""The demonstration: built-in strategies, untuned, on two recorded markets or on the user's own data; and the life of a strategy on the capital ladder.

The built-in ones mostly lose; that is what is shown. Whoever climbs is synthetic: it was told the future.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

import msgspec

from genesis.clock import SystemClock, iso_utc, parse_utc
from genesis.config import Config, InstrumentConfig, StrategyConfig
from genesis.config.schema import AbSection, PaperSection, RunSection, Variant
from genesis.demo.data import EURO_HALF_SPREAD_BP, DemoMarket, bitcoin_half_hour, euro_year, until
from genesis.demo.life import EDGE, LOOK_ALIKE_COUNT, LOOK_ALIKES, TOLD, future_of, planted_strategies, round_trip_bp
from genesis.demo.own import OwnData, OwnMarket, own_market
from genesis.engine.engine import Progress
from genesis.errors import ConfigError, StorageError
from genesis.execution.profile import ExecutionProfile, FeeCurrency, FeeSchedule
from genesis.paper_trading.promotion_rules import Profile, PromotionRules
from genesis.storage.sqlite import SqliteStore
from genesis.system.prepared import Prepared
from genesis.system.reporting import write_report
from genesis.system.run import RunSummary, run_prepared

_FX_PROFILE = ExecutionProfile(name="spec-fx", half_spread_bp=EURO_HALF_SPREAD_BP)
_FX_FEES = FeeSchedule(maker_bp=Decimal("0.2"), taker_bp=Decimal("0.2"), currency=FeeCurrency.QUOTE)
# Well below the tier's largest order.
_WEIGHT = Decimal("0.04")
_BUDGET = Decimal(10_000)
# Long enough for a whole life: the rest of the year would show no more.
_PLANTED_UNTIL_NS = parse_utc("2017-08-01T00:00:00Z")
# As long of one's own data: it is told how far that goes.
_PLANTED_BARS = 4_000


class Part(msgspec.Struct, frozen=True, eq=False):
    """One market of the demonstration and what runs on it."""

    name: str
    market: DemoMarket
    fees: FeeSchedule
    strategies: list[StrategyConfig]
    sample_every: str = "1h"
    execution: ExecutionProfile = ExecutionProfile()
    about: str = ""
    planted: Profile | None = None

    @property
    def statement(self) -> str:
        """In a sentence what runs where."""
        return self.about or self.market.statement


class Shown(msgspec.Struct, frozen=True):
    """What one part came to, and where it is kept; ``planted``: under which promotion profile it shows a planted edge."""

    name: str
    statement: str
    store: Path
    report: Path
    summary: RunSummary
    planted: Profile | None = None


def recorded_parts() -> list[Part]:
    """The two recorded markets, and the life of a planted edge on the second.

    Raises:
        DemoDataMissing: the packages that carry the data are not installed.
    """
    btc, eur = bitcoin_half_hour(), euro_year()
    on_book, budget = [btc.instrument.id], _BUDGET
    book = [
        StrategyConfig(name="maker", strategy="market_maker", instruments=on_book, budget=budget),
        StrategyConfig(name="taker", strategy="imbalance_taker", instruments=on_book, budget=budget),
    ]
    on_bars = _on_bars(eur.instrument.id, {"short": True, "weight": _WEIGHT})
    return [
        Part("bitcoin-half-hour", btc, FeeSchedule(), book, "1m"),
        Part("euro-year", eur, _FX_FEES, on_bars, "4h", _FX_PROFILE),
        *_planted(until(eur, _PLANTED_UNTIL_NS), _FX_FEES, "1h", _FX_PROFILE),
    ]


def own_parts(own: OwnData) -> list[Part]:
    """The user's own data, with the strategies that need no book, and the life of a planted edge on it.

    Raises:
        ConfigError: an argument does not fit. DataError: the file cannot be read.
    """
    read = own_market(own)
    _check_lot(read)
    strategies = _on_bars(read.market.instrument.id, {"bars": read.bars, "weight": _WEIGHT})
    sample_every = "1h" if read.bars == "1h" else "4h"
    part = Part("own-data", read.market, FeeSchedule(), strategies, sample_every)
    market, times = read.market, future_of(read.market.readings[0]).times
    if len(times) > _PLANTED_BARS:
        market = until(market, times[_PLANTED_BARS - 1])
    return [part, *_planted(market, part.fees, read.bars, part.execution)]


def _planted(market: DemoMarket, fees: FeeSchedule, bars: str, execution: ExecutionProfile) -> list[Part]:
    """The same planted edge and look-alikes under two promotion profiles."""
    future = future_of(market.readings[0])
    strategies = planted_strategies(market.instrument.id, future, bars, round_trip_bp(fees, execution))
    fair = strategies[1].params["told"]
    told = (
        f"synthetic, for demonstration: {EDGE} is told the direction of {market.instrument.id} rightly with a chance of {TOLD:g} until "
        f"{iso_utc(future.dies_ns)[:10]}, then tosses coins, up to {iso_utc(future.times[-1])[:10]}; {LOOK_ALIKE_COUNT} look-alikes ({LOOK_ALIKES}) are told it with {fair}, which in the mean earns their "
        "costs and nothing more"
    )
    return [
        Part(
            f"planted-{p.value}",
            market,
            fees,
            strategies,
            "24h",
            execution,
            f"{told}; promotion profile {p.value}",
            p,
        )
        for p in (Profile.GIVEN, Profile.BALANCED)
    ]


def _check_lot(own: OwnMarket) -> None:
    """A lot inferred from whole numbers may be more than a strategy here ever buys; then nothing would trade, and nobody would know why."""
    lot, price = own.market.instrument.lot, own.highest_price()
    if lot * price > _BUDGET * _WEIGHT:
        raise ConfigError(
            f"--lot: expected a size of which {_BUDGET * _WEIGHT:f} {own.market.instrument.quote} buys one, found {lot:f} at a "
            f"price of {price:f}; give the venue's own step"
        )


def _on_bars(instrument: str, params: dict[str, object]) -> list[StrategyConfig]:
    """Three strategies, two variants of each, none of them tuned."""

    def two(name: str, strategy: str, *variants: tuple[str, dict[str, object]]) -> StrategyConfig:
        return StrategyConfig(
            name=name,
            strategy=strategy,
            instruments=[instrument],
            budget=_BUDGET,
            params=params,
            variants=[Variant(name=n, params=p) for n, p in variants],
        )

    return [
        two("crossover", "ma_crossover", ("20-50", {"fast": 20, "slow": 50}), ("50-200", {"fast": 50, "slow": 200})),
        two("reversion", "mean_reversion", ("48", {"window": 48}), ("120", {"window": 120})),
        two("breakout", "breakout", ("48", {"entry": 48}), ("120", {"entry": 120, "leave": 60})),
    ]


def run_demo(parts: Sequence[Part], out: Path, on_progress: Callable[[str, Progress], None]) -> list[Shown]:
    """Run every part into ``out``, each into a new store; a part that a signal stopped is the last and has no report.

    Raises:
        StorageError: ``out`` cannot be written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise StorageError(f"{out}: expected a writable folder, found: {found}") from error
    shown: list[Shown] = []
    for part in parts:
        store, report = out / f"{part.name}.db", out / f"{part.name}.html"
        prepared = Prepared(_config(part), out, part.market.readings)
        _remove(store)
        summary = run_prepared(prepared, store, on_progress=partial(on_progress, part.name))
        shown.append(Shown(part.name, part.statement, store, report, summary, part.planted))
        if summary.stopped_by is not None:
            break
        write_report(store, report)
    return shown


def _config(part: Part) -> Config:
    instrument = part.market.instrument
    described = InstrumentConfig(
        symbol=instrument.symbol, venue=instrument.venue, base=instrument.base, quote=instrument.quote, fees=part.fees
    )
    paper = PaperSection()
    if part.planted is not None:
        # Twenty look-alikes are no experiment: nobody wants to know which of them is best.
        paper = PaperSection(promotion=PromotionRules(profile=part.planted), ab_testing=AbSection(enabled=False))
    return Config(
        run=RunSection(
            name=part.name, sample_every=part.sample_every, about=part.statement, realistic=part.planted is None
        ),
        execution=part.execution,
        instruments=[described],
        strategies=part.strategies,
        paper_trading=paper,
    )


def _remove(store: Path) -> None:
    """A demonstration starts anew; only what an earlier one left is removed, and not while it is at work."""
    if not store.exists():
        return
    with SqliteStore.open(store, SystemClock(), "demo"):
        # Opened, it is a store of ours and nobody's at work on it.
        pass
    for end in ("", "-wal", "-shm", ".lock"):
        store.with_name(store.name + end).unlink(missing_ok=True)
