"""From a configuration to a finished run: data, tape, tracks, journal, engine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from genesis.clock import SystemClock
from genesis.config import Config, plain_config
from genesis.config.schema import DataConfig, StrategyConfig
from genesis.engine.engine import Progress, TradingEngine
from genesis.engine.journal import Journal
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.errors import ConfigError
from genesis.feeds.files import Format, Reading, ReadOptions, align_capture, infer_steps, parse_policies, read
from genesis.feeds.replay import Replay
from genesis.model.events import GapFound, RunStarted
from genesis.model.instruments import Instrument
from genesis.model.market import BarKind, BarSpec
from genesis.model.money import Money
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.tiers import DEFAULT_TIERS
from genesis.storage.sqlite import SqliteJournal
from genesis.system.strategies import build_strategy, find_strategy, version_of


class RunSummary(msgspec.Struct, frozen=True):
    """What a run came to. ``complete``: the tape ended; else it was stopped at ``until`` and may go on."""

    complete: bool
    entries: int
    head: str
    rows: int
    tracks: tuple[str, ...]


class Prepared:
    """A run that is built and not started."""

    def __init__(self, config: Config, folder: Path, readings: Sequence[Reading]) -> None:
        self.config = config
        self.readings = tuple(readings)
        self.streams = [r.stream() for r in readings]
        gaps = [
            GapFound(g.time_to, None, s.name, g.time_from, g.time_to, g.missing, g.detail)
            for r, s in zip(readings, self.streams, strict=True)
            for g in r.report.gaps
        ]
        self.tape = Tape(self.streams, gaps)
        first = min(s.times[0] for s in self.streams)
        fees = {i.id: i.fees for i in config.instruments}
        self.simulator = PaperTradingSimulator(
            self.tape,
            StrategyMonitor(_hours(config.run.sample_every)),
            config.run.seed,
            first - 1,
            config.execution,
            config.risk,
            config.tiers or DEFAULT_TIERS,
            fees,
        )
        instruments = {r.instrument.id: r.instrument for r in readings}
        self._facts: list[dict[str, object]] = []
        for strategy in config.strategies:
            self._add(strategy, [instruments[i] for i in strategy.instruments], folder)
        self.started = RunStarted(first - 1, None, self._started())

    @property
    def tracks(self) -> list[Track]:
        """In the configuration's order."""
        return self.simulator.tracks

    def _add(self, strategy: StrategyConfig, instruments: list[Instrument], folder: Path) -> None:
        cls = find_strategy(strategy.strategy, folder)
        variants = [(f"{strategy.name}.{v.name}", {**strategy.params, **v.params}) for v in strategy.variants]
        data = [r.report.sha256 for r in self.readings if r.instrument in instruments]
        for name, params in variants or [(strategy.name, dict(strategy.params))]:
            built = build_strategy(cls, instruments, params, f"strategies.{name}")
            budget = Money(strategy.budget, instruments[0].quote)
            self.simulator.add(name, built, budget, strategy.lots, strategy.trade_basis)
            version = version_of(cls, params, strategy.instruments, data, self.config.execution.name)
            self._facts.append(
                {
                    "budget": str(budget),
                    "name": name,
                    "params": {k: str(v) for k, v in params.items()},
                    "strategy": strategy.strategy.rpartition("/")[2],
                    "synthetic": cls.synthetic,
                    "tier": self.tracks[-1].gate.tier.name,
                    "version": version,
                }
            )

    def _started(self) -> dict[str, object]:
        """Everything the run is a function of; no path, host or wall clock."""
        plain = plain_config(self.config)
        return {
            "execution": _floats_as_text(plain["execution"]),
            "instruments": [str(r.instrument) for r in self.readings],
            "risk": _floats_as_text(plain["risk"]),
            "run": {
                "name": self.config.run.name,
                "sample_every": self.config.run.sample_every,
                "seed": self.config.run.seed,
            },
            "streams": [
                {"digest": r.report.sha256, "name": s.name, "rows": s.recorded}
                for r, s in zip(self.readings, self.streams, strict=True)
            ],
            "tracks": self._facts,
        }

    def execute(
        self,
        journal: Journal,
        until_ns: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        rows: int | None = 16_384,
    ) -> bool:
        """Run to the end of the tape or to ``until_ns``; whether the tape ended. ``rows`` is how the tape is cut."""
        engine = TradingEngine(self.tape, self.tracks, journal, self.started, on_progress)
        return engine.run(Replay(self.streams, until_ns).cut(rows))


def prepare(config: Config, folder: Path) -> Prepared:
    """Read the data and build the tracks; relative paths are relative to ``folder``."""
    if not config.strategies:
        raise ConfigError("strategies: expected at least one, found none")
    return Prepared(config, folder, read_data(config, folder))


def run_config(
    config: Config,
    folder: Path,
    until_ns: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> RunSummary:
    """Run a configuration into its store, going on where an earlier process ended."""
    return run_prepared(prepare(config, folder), folder / config.run.store, until_ns, on_progress)


def run_prepared(
    prepared: Prepared, store: Path, until_ns: int | None = None, on_progress: Callable[[Progress], None] | None = None
) -> RunSummary:
    """Run what is built into ``store``; the operations chain tells of the start and the stop."""
    journal = SqliteJournal(store, SystemClock(), socket.gethostname())
    try:
        journal.operation("recovery" if journal.replaying else "start")
        try:
            complete = prepared.execute(journal, until_ns, on_progress)
        except BaseException as error:
            # The reason is told where it is handled; a store that failed cannot note its own failure.
            with suppress(Exception):
                journal.operation("failed", error=type(error).__name__)
            raise
        journal.operation("stop", complete=complete)
        rows = sum(s.rows for s in prepared.streams)
        return RunSummary(complete, journal.length, journal.head.hex(), rows, tuple(t.name for t in prepared.tracks))
    finally:
        journal.close()


def read_data(config: Config, folder: Path) -> list[Reading]:
    """Every configured file, captures on one clock."""
    instruments = {i.id: _instrument(config, i.id, folder) for i in config.instruments}
    groups: dict[str, list[Reading]] = {}
    for i, data in enumerate(config.data):
        readings = read(folder / data.path, instruments[data.instrument], _options(data, f"data[{i}]"))
        groups.setdefault(f"capture {data.capture}" if data.capture else f"file {i}", []).extend(readings)
    out: list[Reading] = []
    for name, readings_of in groups.items():
        out.extend(align_capture(readings_of) if name.startswith("capture") else readings_of)
    return out


def _instrument(config: Config, instrument_id: str, folder: Path) -> Instrument:
    wanted = next(i for i in config.instruments if i.id == instrument_id)
    tick, lot = wanted.tick, wanted.lot
    if tick is None or lot is None:
        files = [d for d in config.data if d.instrument == instrument_id]
        if not files:
            raise ConfigError(f"instruments.{instrument_id}: expected tick and lot, or a data file to infer them from")
        steps = infer_steps(*(folder / d.path for d in files), options=_options(files[0], "data"))
        tick, lot = tick or steps.tick, lot or steps.lot
    if tick is None or lot is None:
        raise ConfigError(f"instruments.{instrument_id}: expected tick and lot, found data without prices or sizes")
    try:
        return Instrument(
            wanted.symbol,
            wanted.venue,
            wanted.base,
            wanted.quote,
            tick,
            lot,
            wanted.kind,
            wanted.min_qty,
            wanted.max_qty,
            wanted.min_notional,
            wanted.calendar,
        )
    except ValueError as error:
        raise ConfigError(f"instruments.{instrument_id}: {error}") from None


def _options(data: DataConfig, where: str) -> ReadOptions:
    formats = {f.value: f for f in Format}
    if data.format is not None and data.format not in formats:
        raise ConfigError(f"{where}.format: expected one of {', '.join(formats)}, found {data.format!r}")
    return ReadOptions(
        format=None if data.format is None else formats[data.format],
        policies=parse_policies(data.policies),
        interval_ns=None if data.interval is None else _interval(data.interval, f"{where}.interval"),
        time_format=data.time_format,
    )


def _interval(text: str, where: str) -> int:
    try:
        spec = BarSpec.parse(text)
    except ValueError as error:
        raise ConfigError(f"{where}: {error}") from None
    if spec.kind is not BarKind.TIME:
        raise ConfigError(f"{where}: expected a time such as 1h, found {text!r}")
    return spec.step


def _hours(text: str) -> int:
    return _interval(text, "run.sample_every")


def _floats_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _floats_as_text(v) for k, v in value.items()}
    return repr(value) if isinstance(value, float) else value
