"""From a configuration to a finished run: data, tape, tracks, journal, engine."""

from __future__ import annotations

import asyncio
import hashlib
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from structlog.typing import FilteringBoundLogger

from genesis.audit.entry import encode
from genesis.clock import SystemClock, iso_utc
from genesis.config import Config, inactive_keys, plain_config, secrets_of
from genesis.config.schema import StrategyConfig
from genesis.engine.engine import Batch, Progress, TradingEngine
from genesis.engine.feed import price_stream
from genesis.engine.journal import Journal
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.errors import ConfigError, GenesisError, IntegrityError
from genesis.evidence.gathering import Evidence
from genesis.evidence.pair_rules import PairRules
from genesis.evidence.rules import BettingRules, Source
from genesis.execution.fault_plan import FaultPlan
from genesis.execution.faults import venue_faults
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import ExecutionProfile, FeeSchedule
from genesis.feeds.files import Reading
from genesis.feeds.replay import Replay
from genesis.model.events import GapFound, RunStarted, TrackStopped
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.money import Money
from genesis.model.rules import ExchangeRules
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.account_rates import ACCOUNT_CURRENCY, AccountRates
from genesis.paper_trading.ladder import CapitalLadder, LiveVenue
from genesis.paper_trading.own_criteria import OwnJudge
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.several_moneys import SeveralMoneysPortfolio
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.paper_trading.validation_criteria import ALWAYS_TOLD, Mode, ValidationCriteria
from genesis.risk.tiers import DEFAULT_TIERS
from genesis.storage.address import StoreAddress, store_address
from genesis.storage.opening import open_store
from genesis.storage.rows import OperationRow, TakenRow
from genesis.storage.snapshots import Snapshot
from genesis.storage.sqlite import StoreReader
from genesis.storage.state import NotKept
from genesis.storage.store import Store
from genesis.strategies.base import Strategy
from genesis.system import versions
from genesis.system.archiving import move_out_at_end
from genesis.system.checkpointing import Checkpointer
from genesis.system.commands import InboxCommands, TakingJournal
from genesis.system.companions import COMPANIONS, check_marks, within_prices
from genesis.system.concealing import ConcealingJournal
from genesis.system.data import interval_ns, read_data
from genesis.system.faulted import faulted_streams, plan_values, plans_in_use
from genesis.system.identity import code_of, version_of
from genesis.system.listings import read_listings, rules_digest
from genesis.system.log import speaker
from genesis.system.moving import ensure_not_moved
from genesis.system.outgrown import KeptOn, OutgrownWatch, holding_back
from genesis.system.pacing import Pace
from genesis.system.rechecking import EarlierEntries
from genesis.system.resuming import Parts
from genesis.system.snapshots import Checks, Taker, cuts, load, problem_of
from genesis.system.stopping import StopRequest
from genesis.system.strategies import build_strategy, find_measure, find_strategy
from genesis.system.telling import TellingJournal
from genesis.tape.stream import Stream, StreamKind

_PRICED = (StreamKind.QUOTES, StreamKind.TRADES, StreamKind.BARS)
# A recorded tape is all that runs; how evidence is weighed is fixed before the first row.
SOURCE = Source.REPLAY
_CAP_LEAST = 4_000.0


def betting_rules(promotion: PromotionRules, versions: int) -> BettingRules:
    """How the evidence of a family of so many versions is weighed.

    Winnings are kept up to ten times what all of the capital takes, adjusted for a family that shows nothing, and up to 4,000 at least, twenty times 200. With
    a cap that knows no family, one good version among two hundred could never hold its whole budget, however long it went on.
    """
    return BettingRules(cap=max(_CAP_LEAST, float(10 * versions / promotion.level_full)))


class RunSummary(msgspec.Struct, frozen=True):
    """What a run came to. ``complete``: the tape ended; else it may go on. ``stopped_by``: the signal that stopped it."""

    complete: bool
    entries: int
    head: str
    rows: int
    tracks: tuple[str, ...]
    stopped_by: str | None = None


class Prepared:
    """A run that is built and not started. ``rules`` are the exchange's, by instrument id, where an information file is configured."""

    def __init__(
        self,
        config: Config,
        folder: Path,
        readings: Sequence[Reading],
        rules: Mapping[str, ExchangeRules] | None = None,
    ) -> None:
        self.config, self.folder = config, folder
        self.rules = dict(rules or {})
        self.readings = tuple(within_prices(readings))
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
            _monitor(config.run.sample_every, self.tape),
            config.run.seed,
            first - 1,
            config.execution,
            config.risk,
            self._tiers,
            fees,
            rules=self.rules,
            terms=terms,
        )
        instruments = {r.instrument.id: r.instrument for r in self.readings}
        tried = sum(len(s.variants) or 1 for s in config.strategies)
        self.betting = betting_rules(config.paper_trading.promotion, tried)
        self._facts: list[dict[str, object]] = []
        self._experiments: dict[str, object] = {}
        for profile in (config.execution, config.realistic) if config.run.realistic else (config.execution,):
            for strategy in config.strategies:
                self._add(strategy, instruments, folder, profile)
        for plan_name, (plan, strategies) in plans_in_use(config).items():
            for strategy in strategies:
                self._add(strategy, instruments, folder, config.execution, (plan_name, plan))
        self._account: dict[str, dict[str, object]] = {}
        self._own, self._own_code = self._own_criteria(folder)
        self.ladder = self._ladder(first - 1) if config.paper_trading.enabled else None
        # Where an earlier process stopped, once it is gone on from.
        self.resumed: Snapshot | None = None
        self.started = RunStarted(first - 1, None, self._started())

    @property
    def digest(self) -> str:
        """SHA-256 of everything the run is a function of."""
        return hashlib.sha256(encode(self.started)).hexdigest()

    def speak(self, log: FilteringBoundLogger, store: StoreAddress) -> None:
        """Say what is about to run, what its data lack and what was repaired."""
        log.info(
            "run started",
            name=self.config.run.name,
            store=str(store),
            config=self.digest,
            tracks=len(self.tracks),
            no_effect=inactive_keys(),
        )
        criteria = self.config.paper_trading.validation_criteria
        if self.ladder is not None and criteria.asks_a_share_of_wins:
            log.warning(
                "absolute win rate",
                min_win_rate=str(criteria.min_win_rate),
                so="who wins seldom and much stays on paper whatever it earns; win_rate_margin asks what its own wins and losses need",
            )
        for track, facts in zip(self.tracks, self._facts, strict=False):
            if track.portfolio.valuation is not None and not facts["beside"] and "faults" not in facts:
                told = track.portfolio.currency
                log.info(
                    "several moneys", track=track.name, told_in=told, so="it stays on paper; capital is given in one"
                )
        for currency, rate in self._account.items():
            log.info("account rate", currency=currency, told_in=ACCOUNT_CURRENCY, **rate)
        for traded in {r.instrument.id: r.instrument for r in self.readings}.values():
            given = next(i for i in self.config.instruments if i.id == traded.id)
            if (given.tick is None or given.lot is None) and given.exchange_info is None:
                log.info("steps inferred", instrument=traded.id, tick=str(traded.tick), lot=str(traded.lot))
        for instrument, rules in self.rules.items():
            if rules.unknown_filters:
                log.warning("unknown filters", instrument=instrument, filters=", ".join(rules.unknown_filters))
        for reading, stream in zip(self.readings, self.streams, strict=True):
            report = reading.report
            if not stream.has_volume:
                log.warning("no volume", stream=stream.name, so="the size of a bar limits no fill")
            if report.gaps:
                log.warning("gaps found", stream=stream.name, gaps=len(report.gaps), first=report.gaps[0].detail)
            for repair in report.repairs:
                log.warning(
                    "rows repaired",
                    stream=stream.name,
                    problem=repair.problem.value,
                    policy=repair.policy.value,
                    rows=repair.count,
                    example=repair.examples[0] if repair.examples else None,
                )

    @property
    def tracks(self) -> list[Track]:
        """In the configuration's order."""
        return self.simulator.tracks

    @property
    def plans(self) -> dict[str, str]:
        """By track under a fault plan: the plan's name."""
        return {t.name: t.name.rpartition("!")[2] for t in self.tracks if t.undisturbed is not None}

    def _ladder(self, start_ns: int) -> CapitalLadder:
        """The capital ladder over all reference tracks."""
        config, paper = self.config, self.config.paper_trading
        venue = LiveVenue(config.live_profile, config.live_venue.seed)
        candidates = [t for t, facts in zip(self.tracks, self._facts, strict=True) if self._is_candidate(t, facts)]
        currencies = {t.portfolio.currency for t in candidates}
        rates = AccountRates(self._rate_streams(), currencies, paper.account.assumed_rates)
        self._account = rates.facts()
        ladder = CapitalLadder(
            self.simulator,
            self.tape,
            paper.validation_criteria,
            paper.promotion,
            self.betting,
            SOURCE,
            venue,
            rates,
            start_ns,
            self._tiers,
        )
        ladder.judge_also_by(self._own)
        for track, facts in zip(self.tracks, self._facts, strict=True):
            if track in candidates:
                ladder.add(track, str(facts["version"]), facts)
        if paper.ab_testing.enabled:
            pairs = PairRules(max_variants=paper.ab_testing.max_variants)
            for strategy in config.strategies:
                names = [f"{strategy.name}.{v.name}" for v in strategy.variants]
                if len(names) > 1 and all(ladder.knows(n) for n in names):
                    ladder.compare(strategy.name, names, pairs)
                    rules = _floats_as_text(msgspec.to_builtins(pairs))
                    self._experiments[strategy.name] = {"tracks": names, "rules": rules}
        return ladder

    def _own_criteria(self, folder: Path) -> tuple[list[OwnJudge], dict[str, str]]:
        """The user's own criteria that are judged, and what their code is, by name."""
        judges, code = [], {}
        for own in self.config.paper_trading.validation_criteria.own:
            if own.mode is not Mode.OFF:
                measure = find_measure(own.code, folder)
                judges.append(OwnJudge(own, measure))
                code[own.name] = code_of(measure, own.code.rpartition(":")[2])
        return judges, code

    @staticmethod
    def _is_candidate(track: Track, facts: Mapping[str, object]) -> bool:
        """A reference track. Capital of several moneys cannot be given by one yet: such a version stays on paper."""
        several = isinstance(track.portfolio, SeveralMoneysPortfolio)
        return not facts["beside"] and "faults" not in facts and not several

    def _rate_streams(self) -> list[Stream]:
        """The prices of all instruments that exchange two currencies."""
        spot = [r.instrument for r in self.readings if r.instrument.kind is not InstrumentKind.PERPETUAL]
        of_each = [self.tape.of(i) for i in dict.fromkeys(spot)]
        return [price_stream(streams) for streams in of_each if any(s.kind in _PRICED for s in streams)]

    def _add(
        self,
        strategy: StrategyConfig,
        by_id: Mapping[str, Instrument],
        folder: Path,
        profile: ExecutionProfile,
        faults: tuple[str, FaultPlan] | None = None,
    ) -> None:
        """Every variant under a profile. The profile that is not the run's own stands beside: the same strategy, on a track of its own.

        So does one under a fault plan (its name and values), beside the same strategy undisturbed, which was added before.
        """
        beside = profile is not self.config.execution
        instruments, rates = ([by_id[i] for i in ids] for ids in (strategy.instruments, strategy.rates))
        balances = tuple(Money(amount, currency) for currency, amount in strategy.balances.items())
        cls = find_strategy(strategy.strategy, folder)
        variants = [(f"{strategy.name}.{v.name}", {**strategy.params, **v.params}) for v in strategy.variants]
        data = [r.report.sha256 for r in self.readings if r.instrument in instruments or r.instrument in rates]
        for name, params in variants or [(strategy.name, dict(strategy.params))]:
            built = build_strategy(cls, instruments, params, f"strategies.{name}")
            budget = Money(strategy.budget, strategy.budget_currency or instruments[0].quote)
            track = f"{name}@{profile.name}" if beside else name
            # Under each profile a scope is one of its own, and so it is under each plan.
            scope = None if strategy.liquidity_scope is None else f"{strategy.liquidity_scope} {profile.name}"
            if faults is None:
                evidence = None if beside else Evidence(self.betting, SOURCE)
                self.simulator.add(
                    track,
                    built,
                    budget,
                    strategy.lots,
                    strategy.trade_basis,
                    profile,
                    scope,
                    evidence=evidence,
                    balances=balances,
                    rates=rates,
                )
            else:
                track = self._add_disturbed(name, built, budget, strategy, scope, *faults, balances, rates)
            version = version_of(cls, params, strategy.instruments, data, profile.name)
            scoped = {} if scope is None else {"liquidity_scope": strategy.liquidity_scope}
            under = {} if faults is None else {"faults": _plan_facts(name, *faults)}
            moneys = _moneys_facts(strategy) if self.tracks[-1].portfolio.valuation is not None else {}
            self._facts.append(
                scoped
                | under
                | moneys
                | {
                    "beside": name if beside else None,
                    "budget": str(budget),
                    "instruments": [i.id for i in instruments],
                    "name": track,
                    "params": {k: str(v) for k, v in params.items()},
                    "profile": profile.name,
                    "strategy": strategy.strategy.rpartition("/")[2],
                    "synthetic": cls.synthetic,
                    "tier": self.tracks[-1].gate.tier.name,
                    "version": version,
                }
            )

    def _add_disturbed(
        self,
        name: str,
        built: Strategy,
        budget: Money,
        strategy: StrategyConfig,
        scope: str | None,
        plan_name: str,
        plan: FaultPlan,
        balances: Sequence[Money],
        rates: Sequence[Instrument],
    ) -> str:
        """Add a strategy under a plan; the track's name."""
        undisturbed = next(t for t in self.tracks if t.name == name)
        track = self.simulator.add(
            f"{name}!{plan_name}",
            built,
            budget,
            strategy.lots,
            strategy.trade_basis,
            None,
            None if scope is None else f"{scope}!{plan_name}",
            plan_name,
            venue_faults(plan, self.config.run.seed),
            balances=balances,
            rates=rates,
        )
        track.compare_with(undisturbed)
        return track.name

    def _started(self) -> dict[str, object]:
        """Everything the run is a function of; no path, host or wall clock."""
        plain = plain_config(self.config)
        # A run without an information file is what it was before there were any.
        rules = {"rules": {i: rules_digest(r) for i, r in self.rules.items()}} if self.rules else {}
        perpetuals = {i.id: _texts(i.perpetual) for i in self.config.instruments if i.perpetual is not None}
        terms: dict[str, object] = {"perpetuals": perpetuals} if perpetuals else {}
        # Nor does it matter where a run is kept that may be kept anywhere.
        bound = {k: plain["storage"][k] for k in ("outgrown_usd", "require_postgres")}
        kept: dict[str, object] = {"storage": bound} if self.config.storage.require_postgres else {}
        # Nor is one without a fault plan anything else.
        faulted: dict[str, object] = {"faulted_streams": [f.facts() for f in self.faulted]} if self.plans else {}
        # Whoever has the entries alone makes the answers of A/B tests again by these rules.
        compared: dict[str, object] = {"experiments": self._experiments} if self._experiments else {}
        # What of the criteria is as it was before there was a choice is not told.
        asked, usual = self.config.paper_trading.validation_criteria, ValidationCriteria()
        criteria = {
            k: v
            for k, v in plain["paper_trading"]["validation_criteria"].items()
            if k in ALWAYS_TOLD or getattr(asked, k) != getattr(usual, k)
        }
        for own in criteria.get("own", ()):
            own["code"] = own["code"].rpartition("/")[2]
        # Whose code gives a criterion's value.
        owned: dict[str, object] = {"own_criteria": self._own_code} if self._own_code else {}
        # An account whose budgets are all in USD needs no rate.
        account: dict[str, object] = {"account_rates": self._account} if self._account else {}
        return (
            rules
            | account
            | terms
            | faulted
            | kept
            | compared
            | owned
            | {
                "criteria": criteria,
                "evidence": {"rules": _floats_as_text(msgspec.to_builtins(self.betting)), "source": SOURCE.value},
                "execution": _floats_as_text(plain["execution"]),
                "live_venue": _floats_as_text(plain["live_venue"]),
                "promotion": plain["paper_trading"]["promotion"],
                "paper_trading": {"enabled": self.config.paper_trading.enabled},
                "realism": _floats_as_text(plain["realism"]),
                "fees": {i.id: _fee_facts(i.fees) for i in self.config.instruments},
                "instruments": [str(r.instrument) for r in self.readings],
                "risk": _floats_as_text(plain["risk"]),
                "run": self._run_facts(),
                "streams": [
                    {"digest": r.report.sha256, "name": s.name, "rows": s.recorded, "volume": s.has_volume}
                    for r, s in zip(self.readings, self.streams, strict=True)
                ],
                "source": SOURCE.value,
                "tiers": [msgspec.to_builtins(t) for t in self._tiers],
                "tracks": self._facts,
            }
        )

    def _run_facts(self) -> dict[str, object]:
        run = self.config.run
        # Every run was beside the realistic profile before it could be without.
        alone: dict[str, object] = {} if run.realistic else {"realistic": False}
        return alone | {"about": run.about, "name": run.name, "sample_every": run.sample_every, "seed": run.seed}

    @property
    def parts(self) -> Parts:
        """What of the run changes while it runs."""
        return Parts(self.tape, self.simulator, self.ladder)

    def go_on_from(self, snapshot: Snapshot, parts: Parts) -> None:
        """Be the run that a snapshot was taken of."""
        self.simulator, self.ladder, self.resumed = parts.simulator, parts.ladder, snapshot
        if self.ladder is not None:
            self.ladder.judge_also_by(self._own)

    def anew(self) -> Prepared:
        """The same, built again."""
        return Prepared(self.config, self.folder, self.readings, self.rules)

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
        return TradingEngine(self.tape, self.tracks, journal, self.started, on_progress, self.ladder, resumed, is_due)


def prepare(config: Config, folder: Path) -> Prepared:
    """Read the data and build the tracks; relative paths are relative to ``folder``."""
    if not config.strategies:
        raise ConfigError("strategies: expected at least one, found none")
    listings = read_listings(config, folder)
    readings = read_data(config, folder, {i: listing.instrument for i, listing in listings.items()})
    return Prepared(config, folder, readings, {i: listing.rules for i, listing in listings.items()})


def run_config(
    config: Config,
    folder: Path,
    until_ns: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    from_start: bool = False,
) -> RunSummary:
    """Run a configuration into its store, going on where an earlier process ended; as `run_prepared`."""
    store = store_address(config.run.store, folder)
    return run_prepared(prepare(config, folder), store, until_ns, on_progress, from_start=from_start)


def run_prepared(
    prepared: Prepared,
    store: StoreAddress,
    until_ns: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    rows: int | None = None,
    from_start: bool = False,
) -> RunSummary:
    """`run_prepared_async` in an event loop of its own; SIGINT and SIGTERM stop it at a closed moment."""
    return asyncio.run(run_prepared_async(prepared, store, StopRequest(), until_ns, on_progress, rows, from_start))


async def run_prepared_async(
    prepared: Prepared,
    store: StoreAddress,
    stop: StopRequest,
    until_ns: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    rows: int | None = None,
    from_start: bool = False,
) -> RunSummary:
    """Run what is built into ``store``; the operations chain tells of the start and the stop, and why.

    It goes on from the last usable snapshot, and compares with what is stored after it. ``from_start``: it runs from the tape's start, compares every
    entry, and at the moments of the snapshots that are there the state too.

    Raises:
        StorageError: the store cannot be used or written. IntegrityError: what is stored is not what this run yields.
        ConfigError: the store keeps another configuration's run.
    """
    log = speaker()
    prepared.speak(log, store)
    try:
        with stop.listening():
            held = _held(store)
            with open_store(store, SystemClock(), socket.gethostname()) as kept:
                ensure_not_moved(store)
                return await _run(prepared, kept, held, log, stop, until_ns, on_progress, rows, from_start)
    except BaseException as error:
        # In what words is for the face to say, once.
        log.info("run ended", reason=type(error).__name__, complete=False)
        raise


class _Held(NamedTuple):
    """What a store holds before this process writes to it: length and head (hex), commands recorded, time of the last entry.

    ``last`` is the start or stop that the operations chain tells of last, ``versions`` those under which it was last written.
    """

    length: int = 0
    head: str = ""
    commands: Sequence[TakenRow] = ()
    time: int = -1
    last: OperationRow | None = None
    versions: Mapping[str, str] = {}
    operations: Sequence[OperationRow] = ()
    kept_on: KeptOn | None = None


def _held(store: StoreAddress) -> _Held:
    """What is there already.

    Asked before the store is opened to write: a second opening in the same process would, on being closed, take away the
    locks of the first (https://www.sqlite.org/howtocorrupt.html, 2.2).
    """
    try:
        with StoreReader(store) as reader:
            length, head = reader.head()
            status = reader.status()
            time = -1 if status.time is None else status.time
            operations = reader.operations()
            return _Held(
                length,
                head,
                reader.commands_taken(),
                time,
                status.last_operation,
                versions.at_last_start(operations),
                operations,
                KeptOn.of(store, reader),
            )
    except GenesisError:
        # None yet, or none that can be used: opening it to write says what is wrong.
        return _Held()


async def _run(
    prepared: Prepared,
    kept: Store,
    before: _Held,
    log: FilteringBoundLogger,
    stop: StopRequest,
    until_ns: int | None,
    on_progress: Callable[[Progress], None] | None,
    rows: int | None,
    from_start: bool,
) -> RunSummary:
    if not from_start:
        prepared = _go_on(prepared, kept, until_ns, log)
    held, held_head = before.length, before.head
    ended = "nothing" if before.last is None else before.last.kind
    now = versions.installed()
    kept.operation("recovery" if held else "start", versions=now, **({"after": ended} if held else {}))
    if changed := versions.changes(before.versions, now):
        kept.operation(versions.CHANGED, changed=changed)
        log.warning(
            "versions changed",
            changed="; ".join(changed),
            so="what is stored is made again and compared; a person should look before more capital is at stake",
        )
    if before.last is not None and ended not in ("stop", "failed"):
        log.warning(
            "no stop was noted",
            last=ended,
            at=iso_utc(before.last.wall_time),
            host=before.last.host,
            entries_then=before.last.run_length,
            entries=held,
            so="that process was killed or its machine went down; what it committed is here and was checked",
        )
    resumed = prepared.resumed
    if held:
        since = {} if resumed is None else {"from_snapshot_at": resumed.length, "of": iso_utc(resumed.closed_before)}
        log.info("recovery", entries=held, head=held_head, **since)
    checks = Checks(kept.snapshots() if from_start else (), prepared.digest, log)
    taker = Taker(kept, prepared.config.storage.snapshots, prepared.digest, log)
    if prepared.ladder is not None:
        commands = [c for c in before.commands if resumed is None or c.seq > resumed.length]
        prepared.ladder.take_from(InboxCommands(commands, before.time, kept.waiting_commands))
        kept_on = before.kept_on or KeptOn.of(kept.path, None)
        prepared.ladder.hold_back_by(holding_back(prepared.config.storage, kept_on))
    concealing = ConcealingJournal(TakingJournal(kept.journal), secrets_of(prepared.config))
    journal = TellingJournal(concealing, held, log)
    earlier = None if resumed is None else EarlierEntries(kept.path, resumed.place)
    try:
        checkpointer = _checkpointer(prepared, kept, log)
        watching = _ensuring(earlier, _watching(prepared, kept, before, log, on_progress))
        progress = _signing(checkpointer, _snapping(prepared, taker, checks, watching))
        complete = await prepared.execute_async(journal, stop, until_ns, progress, rows, checks.stops)
        if earlier is not None:
            earlier.finish()
        if not journal.replaying:
            taker.stopped(prepared.parts)
            if checkpointer is not None and journal.length:
                checkpointer.finish()
                if prepared.config.audit.retention is not None:
                    move_out_at_end(kept, prepared.config.audit.retention, prepared.folder, log)
    except BaseException as error:
        # The reason is told where it is handled; a store that failed cannot note its own failure.
        with suppress(Exception):
            kept.operation("failed", error=type(error).__name__)
        raise
    reason = stop.by.name if stop.by and not complete else "tape ended" if complete else "until"
    kept.operation("stop", complete=complete, reason=reason)
    # A stop before everything stored was compared: what is durable is longer than what this process has seen.
    length, head = max((held, held_head), (journal.length, journal.head.hex()))
    seen = sum(s.rows for s in prepared.tape.streams)
    if complete and length > held:
        for track in prepared.tracks:
            if not track.desk.orders_sent and track.undisturbed is None and "@" not in track.name:
                log.warning(
                    "no order was sent",
                    track=track.name,
                    hint="what risk refused (genesis orders --denied) and notes may say why; so may a lot too large, or bars too long for the tape",
                )
    log.info("run ended", reason=reason, complete=complete, rows=seen, entries=length, head=head)
    stopped_by = None if complete or stop.by is None else stop.by.name
    return RunSummary(complete, length, head, seen, tuple(t.name for t in prepared.tracks), stopped_by)


def _go_on(prepared: Prepared, kept: Store, until_ns: int | None, log: FilteringBoundLogger) -> Prepared:
    """The run as the last usable snapshot has it; from the tape's start, and that is said, where there are snapshots and none will do."""
    snapshots = kept.snapshots() if prepared.config.storage.snapshots.every_entries else []
    for snapshot in snapshots:
        problem = problem_of(snapshot, prepared.digest, prepared.tape, until_ns)
        if problem is None:
            try:
                prepared.go_on_from(snapshot, load(kept, snapshot, prepared.parts))
            except (IntegrityError, NotKept) as error:
                problem, prepared = str(error), prepared.anew()
            else:
                log.info("snapshot loaded", entries=snapshot.length, at=iso_utc(snapshot.closed_before))
                return prepared
        kept.operation("snapshot refused", digest=snapshot.digest, reason=problem)
        log.warning("snapshot refused", entries=snapshot.length, reason=problem)
    if snapshots:
        log.warning("no snapshot will do", so="the run begins at the tape's start and is compared with what is stored")
    return prepared


def _snapping(
    prepared: Prepared, taker: Taker, checks: Checks, on_progress: Callable[[Progress], None] | None
) -> Callable[[Progress], None]:
    """What is called after each commit: hold the state against snapshots, take one where it is time, then go on to who wants to know."""

    def durable(progress: Progress) -> None:
        checks.durable(prepared.parts, progress)
        if not progress.replaying:
            taker.durable(prepared.parts, progress)
        if on_progress is not None:
            on_progress(progress)

    return durable


def _ensuring(
    earlier: EarlierEntries | None, on_progress: Callable[[Progress], None] | None
) -> Callable[[Progress], None] | None:
    """What is called after each commit: stop where an earlier entry was found altered, else go on to who wants to know."""
    if earlier is None:
        return on_progress

    def durable(progress: Progress) -> None:
        earlier.ensure()
        if on_progress is not None:
            on_progress(progress)

    return durable


def _checkpointer(prepared: Prepared, kept: Store, log: FilteringBoundLogger) -> Checkpointer | None:
    audit = prepared.config.audit
    return Checkpointer(kept, audit, prepared.folder, log) if audit.checkpoint_every else None


def _watching(
    prepared: Prepared,
    kept: Store,
    before: _Held,
    log: FilteringBoundLogger,
    on_progress: Callable[[Progress], None] | None,
) -> Callable[[Progress], None] | None:
    """What is called after each commit where a ladder may outgrow its store: look, then go on to who wants to know."""
    ladder = prepared.ladder
    if ladder is None:
        return on_progress
    watch = OutgrownWatch(kept, prepared.config.storage, before.operations, lambda: ladder.live_equity, log)

    def durable(progress: Progress) -> None:
        watch.look()
        if on_progress is not None:
            on_progress(progress)

    return durable


def _signing(
    checkpointer: Checkpointer | None, on_progress: Callable[[Progress], None] | None
) -> Callable[[Progress], None] | None:
    """What is called after each commit: sign where it is time, then go on to who wants to know."""
    if checkpointer is None:
        return on_progress

    def durable(progress: Progress) -> None:
        if not progress.replaying:
            checkpointer.durable(progress.entries)
        if on_progress is not None:
            on_progress(progress)

    return durable


def _plan_facts(of: str, name: str, plan: FaultPlan) -> dict[str, object]:
    return {"of": of, "plan": name, "values": plan_values(plan)}


def _moneys_facts(strategy: StrategyConfig) -> dict[str, object]:
    """What an account of several moneys starts with beside its budget, and what converts between them."""
    return {"balances": {c: str(a) for c, a in strategy.balances.items()}, "rates": list(strategy.rates)}


def _fee_facts(fees: FeeSchedule) -> Any:
    """A schedule as plain values; one of a maker's and a taker's rate says nothing of the rest."""
    facts = msgspec.to_builtins(fees)
    return facts if fees.in_full else {k: facts[k] for k in ("maker_bp", "taker_bp", "currency", "decimals")}


def _monitor(sample_every: str, tape: Tape) -> StrategyMonitor:
    try:
        return StrategyMonitor(interval_ns(sample_every, "run.sample_every"), tape)
    except ConfigError as error:
        raise ConfigError(f"run.{error}".replace("run.run.", "run.")) from None


def _texts(terms: PerpetualTerms) -> Any:
    """Terms of a perpetual as plain values; decimals are exact text."""
    return msgspec.to_builtins(terms, str_keys=True)


def _floats_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _floats_as_text(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_floats_as_text(v) for v in value]
    return repr(value) if isinstance(value, float) else value
