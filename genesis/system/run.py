"""From a configuration to a finished run in its store: what is there already, the journal, the engine, and how it ended."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec
from structlog.typing import FilteringBoundLogger

from genesis.clock import SystemClock, iso_utc
from genesis.config import Config, secrets_of
from genesis.engine.engine import Progress
from genesis.engine.track import Track
from genesis.errors import ConfigError
from genesis.storage.address import StoreAddress, store_address
from genesis.storage.opening import open_store
from genesis.storage.store import Store
from genesis.storage.trials import Trials
from genesis.system import versions
from genesis.system.account_trials import ledger_of, register, tried_elsewhere, versions_of
from genesis.system.after_commit import ensuring, in_turn, signing, snapping, watching
from genesis.system.announcing import announce
from genesis.system.archiving import move_out_at_end
from genesis.system.checkpointing import Checkpointer
from genesis.system.commands import InboxCommands, TakingJournal
from genesis.system.concealing import ConcealingJournal
from genesis.system.data import read_data
from genesis.system.going_on import Held, go_on, held_by
from genesis.system.listings import read_listings
from genesis.system.log import speaker
from genesis.system.moving import ensure_not_moved
from genesis.system.outgrown import KeptOn, holding_back
from genesis.system.prepared import Prepared
from genesis.system.rechecking import EarlierEntries
from genesis.system.snapshots import Checks, Taker
from genesis.system.stopping import StopRequest
from genesis.system.telling import TellingJournal


class WaitingOrder(msgspec.Struct, frozen=True):
    """An order that was open when a run ended, and why it was not filled yet, in words."""

    track: str
    client_order_id: str
    instrument: str
    status: str
    why: str


class RunSummary(msgspec.Struct, frozen=True):
    """What a run came to. ``complete``: the tape ended; else it may go on. ``stopped_by``: the signal that stopped it."""

    complete: bool
    entries: int
    head: str
    rows: int
    tracks: tuple[str, ...]
    waiting: tuple[WaitingOrder, ...] = ()
    stopped_by: str | None = None


class _Asked(NamedTuple):
    """How far and how a run is to go; as `run_prepared_async` takes them."""

    until_ns: int | None
    on_progress: Callable[[Progress], None] | None
    rows: int | None
    from_start: bool
    trials: Trials | None


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
    """Run a configuration into its store, going on where an earlier process ended, as one of those tried in its account; as `run_prepared`."""
    store = store_address(config.run.store, folder)
    prepared, trials = prepare(config, folder), ledger_of(config, folder)
    elsewhere = tried_elsewhere(prepared, store, trials)
    if elsewhere != prepared.elsewhere:
        prepared = prepared.beside(elsewhere)
    return run_prepared(prepared, store, until_ns, on_progress, from_start=from_start, trials=trials)


def run_prepared(
    prepared: Prepared,
    store: StoreAddress,
    until_ns: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    rows: int | None = None,
    from_start: bool = False,
    trials: Trials | None = None,
) -> RunSummary:
    """`run_prepared_async` in an event loop of its own; SIGINT and SIGTERM stop it at a closed moment."""
    return asyncio.run(
        run_prepared_async(prepared, store, StopRequest(), until_ns, on_progress, rows, from_start, trials)
    )


async def run_prepared_async(
    prepared: Prepared,
    store: StoreAddress,
    stop: StopRequest,
    until_ns: int | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    rows: int | None = None,
    from_start: bool = False,
    trials: Trials | None = None,
) -> RunSummary:
    """Run what is built into ``store``; the operations chain tells of the start and the stop, and why.

    It goes on from the last usable snapshot, and compares with what is stored after it. ``from_start``: it runs from the tape's start, compares every
    entry, and at the moments of the snapshots that are there the state too. What it tries is registered in ``trials``; without a ledger it is nobody's trial.

    Raises:
        StorageError: the store cannot be used or written. IntegrityError: what is stored is not what this run yields.
        ConfigError: the store keeps another configuration's run.
    """
    log = speaker()
    announce(prepared, store, log)
    try:
        with stop.listening():
            held = held_by(store)
            with open_store(store, SystemClock(), socket.gethostname()) as kept:
                ensure_not_moved(store)
                asked = _Asked(until_ns, on_progress, rows, from_start, trials)
                return await _run(prepared, kept, held, log, stop, asked)
    except BaseException as error:
        # In what words is for the face to say, once.
        log.info("run ended", reason=type(error).__name__, complete=False)
        raise


async def _run(
    prepared: Prepared, kept: Store, before: Held, log: FilteringBoundLogger, stop: StopRequest, asked: _Asked
) -> RunSummary:
    if not asked.from_start:
        prepared = go_on(prepared, kept, asked.until_ns, log)
    _note_start(kept, before, log)
    if asked.trials is not None:
        register(prepared, kept, asked.trials, before.length, log)
    resumed = prepared.resumed
    if before.length:
        since = {} if resumed is None else {"from_snapshot_at": resumed.length, "of": iso_utc(resumed.closed_before)}
        log.info("recovery", entries=before.length, head=before.head, **since)
    _let_persons_be_heard(prepared, kept, before)
    concealing = ConcealingJournal(TakingJournal(kept.journal), secrets_of(prepared.config))
    journal = TellingJournal(concealing, before.length, log)
    try:
        complete = await _executed(prepared, kept, before, journal, log, stop, asked)
    except BaseException as error:
        # The reason is told where it is handled; a store that failed cannot note its own failure.
        with suppress(Exception):
            kept.operation("failed", error=type(error).__name__)
        raise
    reason = stop.by.name if stop.by and not complete else "tape ended" if complete else "until"
    kept.operation("stop", complete=complete, reason=reason)
    if asked.trials is not None and not journal.replaying:
        asked.trials.end(prepared.trial, versions_of(prepared, begun=True))
    # A stop before everything stored was compared: what is durable is longer than what this process has seen.
    length, head = max((before.length, before.head), (journal.length, journal.head.hex()))
    seen = sum(s.rows for s in prepared.tape.streams)
    if complete and length > before.length:
        _warn_of_no_order(prepared, log)
    log.info("run ended", reason=reason, complete=complete, rows=seen, entries=length, head=head)
    stopped_by = None if complete or stop.by is None else stop.by.name
    names = tuple(t.name for t in prepared.tracks)
    return RunSummary(complete, length, head, seen, names, _waiting(prepared.tracks), stopped_by)


def _waiting(tracks: Sequence[Track]) -> tuple[WaitingOrder, ...]:
    return tuple(
        WaitingOrder(t.name, o.order.client_order_id, o.order.intent.instrument.id, o.status.value, o.waits)
        for t in tracks
        for o in t.desk.open_orders(None)
    )


async def _executed(
    prepared: Prepared,
    kept: Store,
    before: Held,
    journal: TellingJournal,
    log: FilteringBoundLogger,
    stop: StopRequest,
    asked: _Asked,
) -> bool:
    """Whether the tape ended; what ends with a run is done: a snapshot, a checkpoint, an archive."""
    checks = Checks(kept.snapshots() if asked.from_start else (), prepared.digest, log)
    taker = Taker(kept, prepared.config.storage.snapshots, prepared.digest, log)
    resumed = prepared.resumed
    earlier = None if resumed is None else EarlierEntries(kept.path, resumed.place)
    checkpointer = _checkpointer(prepared, kept, log)
    after = in_turn(
        (
            signing(checkpointer),
            snapping(prepared, taker, checks),
            ensuring(earlier),
            watching(prepared, kept, before, log),
            asked.on_progress,
        )
    )
    complete = await prepared.execute_async(journal, stop, asked.until_ns, after, asked.rows, checks.stops)
    if earlier is not None:
        earlier.finish()
    if not journal.replaying:
        taker.stopped(prepared.parts)
        if checkpointer is not None and journal.length:
            checkpointer.finish()
            if prepared.config.audit.retention is not None:
                move_out_at_end(kept, prepared.config.audit.retention, prepared.folder, log)
    return complete


def _let_persons_be_heard(prepared: Prepared, kept: Store, before: Held) -> None:
    """Give the ladder the inbox, with the commands that were answered after what a snapshot holds, and the reason why nothing may rise."""
    ladder, resumed = prepared.ladder, prepared.resumed
    if ladder is None:
        return
    commands = [c for c in before.commands if resumed is None or c.seq > resumed.length]
    ladder.take_from(InboxCommands(commands, before.time, kept.waiting_commands))
    kept_on = before.kept_on or KeptOn.of(kept.path, None)
    ladder.hold_back_by(holding_back(prepared.config.storage, kept_on))


def _note_start(kept: Store, before: Held, log: FilteringBoundLogger) -> None:
    """Note the start, and say where other versions wrote what is there, or the process before noted no stop."""
    held = before.length
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


def _warn_of_no_order(prepared: Prepared, log: FilteringBoundLogger) -> None:
    for track in prepared.tracks:
        if not track.desk.orders_sent and track.undisturbed is None and "@" not in track.name:
            log.warning(
                "no order was sent",
                track=track.name,
                hint="what risk refused (genesis orders --denied) and notes may say why; so may a lot too large, or bars too long for the tape",
            )


def _checkpointer(prepared: Prepared, kept: Store, log: FilteringBoundLogger) -> Checkpointer | None:
    audit = prepared.config.audit
    return Checkpointer(kept, audit, prepared.folder, log) if audit.checkpoint_every else None
