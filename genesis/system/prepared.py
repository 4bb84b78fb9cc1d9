"""A run that is built and not started: data, tape, tracks, ladder, and the first entry."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from genesis.audit.entry import encode
from genesis.clock import SystemClock
from genesis.config import Config
from genesis.engine.engine import Batch, Progress, TradingEngine
from genesis.engine.journal import Journal
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.errors import ConfigError
from genesis.feeds.files import Reading
from genesis.feeds.replay import Replay
from genesis.model.rules import ExchangeRules
from genesis.model.run_events import GapFound, RunStarted
from genesis.model.track_events import TrackStopped
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.risk.tiers import DEFAULT_TIERS
from genesis.storage.snapshots import Snapshot
from genesis.system.beginning import Beginning
from genesis.system.companions import COMPANIONS, check_marks, within_prices
from genesis.system.data import interval_ns
from genesis.system.edges import up_from_ns, with_edges
from genesis.system.elsewhere import Elsewhere
from genesis.system.faulted import faulted_streams
from genesis.system.ladder_building import BuiltLadder, LadderBuilder, own_criteria
from genesis.system.pacing import Pace
from genesis.system.resuming import Parts
from genesis.system.snapshots import cuts
from genesis.system.stopping import StopRequest
from genesis.system.track_building import TrackBuilder
from genesis.system.weighing import betting_rules


class Prepared:
    """A run that is built and not started.

    Args:
        rules: the exchange's, by instrument id, where an information file is configured.
        elsewhere: what else was tried in the account.
        trial: the digest of the run as it is whatever else was tried; by default its own.
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        readings: Sequence[Reading],
        rules: Mapping[str, ExchangeRules] | None = None,
        elsewhere: Elsewhere | None = None,
        trial: str = "",
    ) -> None:
        self.elsewhere = elsewhere or Elsewhere()
        self.config, self.folder = config, folder
        self.rules = dict(rules or {})
        self.readings = tuple(with_edges(within_prices(readings)))
        self.streams = [r.stream() for r in self.readings]
        gaps = [
            GapFound(g.time_to, None, s.name, g.time_from, g.time_to, g.missing, g.detail)
            for r, s in zip(self.readings, self.streams, strict=True)
            for g in r.report.gaps
        ]
        self.faulted = faulted_streams(config, self.readings)
        gaps += [g for f in self.faulted for g in f.gaps]
        self.tape = Tape([*self.streams, *(f.stream for f in self.faulted)], gaps)
        first = min(s.times[0] for s in self.streams if s.kind not in COMPANIONS)
        terms = {i.id: i.perpetual for i in config.instruments if i.perpetual is not None}
        check_marks(self.readings, terms)
        fees = {i.id: i.fees for i in config.instruments}
        self._tiers = tuple(config.tiers or DEFAULT_TIERS)
        self.simulator = PaperTradingSimulator(
            self.tape,
            _monitor(config.run.sample_every, self.tape, up_from_ns(self.readings)),
            config.run.seed,
            first - 1,
            config.execution,
            config.risk,
            self._tiers,
            fees,
            rules=self.rules,
            terms=terms,
        )
        tried = sum(len(s.variants) or 1 for s in config.strategies) + len(self.elsewhere.tried)
        self.betting = betting_rules(config.paper_trading.promotion, tried)
        tracks = TrackBuilder(config, folder, self.readings, self.simulator, self.betting)
        tracks.add_all()
        # What the first entry tells of each track, and of the account's moneys.
        self.track_facts = tracks.facts
        self._own = own_criteria(config.paper_trading.validation_criteria, folder)
        built = self._ladder(first - 1) if config.paper_trading.enabled else BuiltLadder(None, {}, {})
        self.ladder, self.account_rates = built.ladder, built.account_rates
        # Where an earlier process stopped, once it is gone on from.
        self.resumed: Snapshot | None = None
        beginning = Beginning(
            config,
            self.rules,
            self.readings,
            self.streams,
            self.faulted,
            self.betting,
            self._tiers,
            self.track_facts,
            built.experiments,
            self.account_rates,
            self._own.code,
        )
        self.started = RunStarted(first - 1, None, beginning.facts() | self.elsewhere.facts())
        self.trial = trial or self.digest

    @property
    def digest(self) -> str:
        """SHA-256 of everything the run is a function of."""
        return hashlib.sha256(encode(self.started)).hexdigest()

    @property
    def tracks(self) -> list[Track]:
        """In the configuration's order."""
        return self.simulator.tracks

    @property
    def plans(self) -> dict[str, str]:
        """By track under a fault plan: the plan's name."""
        return {t.name: t.name.rpartition("!")[2] for t in self.tracks if t.undisturbed is not None}

    def _ladder(self, start_ns: int) -> BuiltLadder:
        builder = LadderBuilder(self.config, self.readings, self.tape, self.simulator, self.betting, self._tiers)
        return builder.build(self.track_facts, self._own.judges, start_ns, self.elsewhere.e_values)

    @property
    def parts(self) -> Parts:
        """What of the run changes while it runs."""
        return Parts(self.tape, self.simulator, self.ladder)

    def go_on_from(self, snapshot: Snapshot, parts: Parts) -> None:
        """Be the run that a snapshot was taken of."""
        self.simulator, self.ladder, self.resumed = parts.simulator, parts.ladder, snapshot
        if self.ladder is not None:
            self.ladder.judge_also_by(self._own.judges)

    def anew(self) -> Prepared:
        """The same, built again."""
        return self.beside(self.elsewhere)

    def beside(self, elsewhere: Elsewhere) -> Prepared:
        """The same, built again as one of those that were tried ``elsewhere``."""
        return Prepared(self.config, self.folder, self.readings, self.rules, elsewhere, self.trial)

    def started_badly(self) -> dict[str, str]:
        """Start every strategy, for a check that does not go on to run: what it raised in ``on_start``, by track."""
        found: dict[str, str] = {}
        for track in self.tracks:
            track.start()
            found.update((e.track or "", e.error) for e in track.entries if isinstance(e, TrackStopped))
        return found

    def execute(
        self,
        journal: Journal,
        until_ns: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        rows: int | None = None,
    ) -> bool:
        """Run to the end of the tape or to ``until_ns``; whether the tape ended. ``rows`` is how the tape is cut."""
        return self._engine(journal, on_progress).run(Replay(self.tape.streams, until_ns).cut(rows))

    async def execute_async(
        self,
        journal: Journal,
        stop: StopRequest,
        until_ns: int | None = None,
        on_progress: Callable[[Progress], None] | None = None,
        rows: int | None = None,
        stops: Sequence[int] = (),
    ) -> bool:
        """As `execute`, until ``stop`` is asked for at the latest; the tape is cut, and what was written made durable, at ``stops`` (engine ns) too.

        Without ``rows`` it is cut, and groups become durable, at a `Pace`.
        """
        if self.resumed is not None and self.resumed.complete:
            return True
        pace = Pace(SystemClock().elapsed_s)
        feed = stop.heed(cuts(self.tape, stops, until_ns, rows or pace))
        is_due = None if rows else lambda batch: batch.closed_before in stops or pace.is_due()
        return await self._engine(journal, on_progress, is_due).run_async(feed)

    def _engine(
        self,
        journal: Journal,
        on_progress: Callable[[Progress], None] | None,
        is_due: Callable[[Batch], bool] | None = None,
    ) -> TradingEngine:
        resumed = self.resumed is not None
        raw = [e for e, _ in self.elsewhere.e_values]
        return TradingEngine(
            self.tape, self.tracks, journal, self.started, on_progress, self.ladder, resumed, is_due, raw
        )


def _monitor(sample_every: str, tape: Tape, up_from: int) -> StrategyMonitor:
    try:
        return StrategyMonitor(interval_ns(sample_every, "sample_every"), tape, up_from)
    except ConfigError as error:
        raise ConfigError(f"run.{error}") from None
