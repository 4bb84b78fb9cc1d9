"""Snapshots around a run: the last usable one is found and loaded, new ones are taken, and a run from the tape's start is held against them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import msgspec
from structlog.typing import FilteringBoundLogger

import genesis
from genesis.clock import iso_utc
from genesis.config.schema import SnapshotsSection
from genesis.engine.engine import Progress
from genesis.engine.step import Tape
from genesis.errors import IntegrityError, StorageError
from genesis.feeds.replay import Cut, Replay
from genesis.storage.snapshots import ReadUpTo, Snapshot, SnapshotThere, digest_of
from genesis.storage.state import NotKept
from genesis.storage.store import Store
from genesis.system.resuming import Parts, capture, restore
from genesis.system.versions import installed

# The faces and what they show are no part of what makes a state.
_NOT_OF_A_STATE = frozenset({"cli", "web"})
OTHER_BUILD = "another version of Genesis or of a library took it"


class Taker:
    """Takes snapshots of a run into its store.

    One is taken where enough entries are durable since the last, and at a clean stop. A run whose state cannot be written is none the worse: it is said
    once, in the log and in the operations chain, and the next start begins at the tape's start.
    """

    def __init__(self, store: Store, rules: SnapshotsSection, run: str, log: FilteringBoundLogger) -> None:
        self._store, self._rules, self._run, self._log = store, rules, run, log
        self._last = next((s for s in store.snapshots() if (s.run, s.build) == (run, build())), None)
        self._reached: Progress | None = None
        self._refused = False

    def durable(self, parts: Parts, progress: Progress) -> None:
        """A group of entries has become durable."""
        self._reached = progress
        if progress.entries - (0 if self._last is None else self._last.length) >= self._rules.every_entries:
            self._take(parts, progress)

    def stopped(self, parts: Parts) -> None:
        """The run stops at a moment at which everything written is durable."""
        reached, last = self._reached, self._last
        if reached is not None and (
            last is None or (last.closed_before, last.complete) < (reached.closed_before, reached.complete)
        ):
            self._take(parts, reached)

    def _take(self, parts: Parts, reached: Progress) -> None:
        if self._refused or not self._rules.every_entries:
            return
        try:
            state = capture(parts)
        except NotKept as why:
            self._refused = True
            self._store.operation("no snapshot", reason=str(why))
            self._log.info("no snapshot", reason=str(why), so="the next start runs from the tape's start")
            return
        journal = self._store.journal
        read = tuple(ReadUpTo(s.name, s.rows, s.rows_digest(s.rows)) for s in parts.tape.streams)
        snapshot = Snapshot(
            journal.length,
            journal.head.hex(),
            reached.closed_before,
            reached.complete,
            read,
            self._run,
            build(),
            digest_of(state),
        )
        try:
            self._store.keep_snapshot(snapshot, state, self._rules.keep)
        except StorageError as error:
            # What only saves time must not stop who trades; the next commit says what is wrong with the store.
            self._log.warning("snapshot not kept", entries=snapshot.length, error=str(error))
            return
        self._last = snapshot
        self._log.info(
            "snapshot",
            entries=snapshot.length,
            at=iso_utc(reached.closed_before),
            state=snapshot.digest[:16],
            bytes=len(state),
        )


class Checks:
    """Holds a run from the tape's start against the snapshots of the same run that are there: at the same moment, the same state."""

    def __init__(self, snapshots: Sequence[Snapshot], run: str, log: FilteringBoundLogger) -> None:
        self._log = log
        self._waiting = sorted(
            (s for s in snapshots if s.run == run and s.build == build()), key=lambda s: (s.closed_before, s.complete)
        )

    @property
    def stops(self) -> list[int]:
        """Engine times before which the run must have handled every moment, and none after, at some time."""
        return [s.closed_before for s in self._waiting]

    def durable(self, parts: Parts, progress: Progress) -> None:
        """A group of entries has become durable, or was compared.

        Raises:
            IntegrityError: the state is not the one that a snapshot of this moment holds.
        """
        reached = progress.closed_before, progress.complete
        while self._waiting and (self._waiting[0].closed_before, self._waiting[0].complete) <= reached:
            snapshot = self._waiting.pop(0)
            if (snapshot.closed_before, snapshot.complete) == reached:
                self._check(snapshot, parts, progress.entries)

    def _check(self, snapshot: Snapshot, parts: Parts, entries: int) -> None:
        try:
            found = digest_of(capture(parts))
        except NotKept as why:
            raise IntegrityError(
                f"snapshot at entry {snapshot.length}: expected state {snapshot.digest[:16]}, found none: {why}"
            ) from None
        if (entries, found) != (snapshot.length, snapshot.digest):
            raise IntegrityError(
                f"snapshot at entry {snapshot.length}: expected state {snapshot.digest[:16]}, found after running from the tape's start "
                f"{found[:16]} at entry {entries}"
            )
        self._log.info("snapshot agrees", entries=entries, at=iso_utc(snapshot.closed_before), state=found[:16])


def cuts(tape: Tape, stops: Sequence[int], until_ns: int | None, rows: int | Callable[[], int] | None) -> Iterator[Cut]:
    """A replay up to ``until_ns`` that is cut at every one of ``stops`` too, from where the tape stands."""
    whole = Replay(tape.streams, until_ns)
    for stop in sorted({s for s in stops if s < whole.closing}):
        yield from Replay(tape.streams, stop).cut(rows)
    yield from whole.cut(rows)


class Usable(msgspec.Struct, frozen=True):
    """A snapshot that is kept, and whether this build can go on from it.

    Attributes:
        entries: length of the run chain when it was taken; ``None`` where its facts cannot be read.
        closed_before: engine time before which every moment had been handled.
        size: bytes that its state takes in the store.
        problem: why it is of no use to this build, in words; ``None`` where it is. Whether configuration and tape are its own is seen at the start.
    """

    entries: int | None
    closed_before: int | None
    size: int
    problem: str | None


def usable(there: Sequence[SnapshotThere]) -> list[Usable]:
    """What this build can go on from, in the order given."""
    return [_usable(one) for one in there]


def _usable(there: SnapshotThere) -> Usable:
    found = there.snapshot
    if found is None:
        return Usable(None, None, there.size, there.problem)
    problem = there.problem or (None if found.build == build() else OTHER_BUILD)
    return Usable(found.length, found.closed_before, there.size, problem)


def problem_of(snapshot: Snapshot, run: str, tape: Tape, until_ns: int | None) -> str | None:
    """Why a snapshot cannot be gone on from, in words; ``None`` where it can."""
    if snapshot.build != build():
        return OTHER_BUILD
    if snapshot.run != run:
        return "it is of another configuration's run"
    if until_ns is not None and snapshot.closed_before > until_ns:
        return f"it was taken at {iso_utc(snapshot.closed_before)}, after what is asked for"
    found = {s.name: s for s in tape.streams}
    if {r.stream for r in snapshot.read} != set(found):
        return "the tape has other streams"
    for read in snapshot.read:
        stream = found[read.stream]
        if read.rows > stream.recorded:
            return f"{read.stream}: expected {read.rows} rows, found {stream.recorded}"
        if stream.rows_digest(read.rows) != read.digest:
            return f"{read.stream}: expected the rows that had been read, found others"
    return None


def load(store: Store, snapshot: Snapshot, fresh: Parts) -> Parts:
    """The run as it was; ``fresh`` is used up, whether or not it succeeds.

    Raises:
        IntegrityError: the snapshot is damaged, or what was made of it is another state.
    """
    state = store.state_of(snapshot)
    rows: Mapping[str, int] = {r.stream: r.rows for r in snapshot.read}
    for stream in fresh.tape.streams:
        stream.reveal(rows[stream.name])
    parts = restore(fresh, state)
    again = digest_of(capture(parts))
    if again != snapshot.digest:
        raise IntegrityError(f"expected a state of digest {snapshot.digest[:16]} once it is loaded, found {again[:16]}")
    store.journal.resume(snapshot.place)
    return parts


@cache
def build() -> str:
    """SHA-256 (hex) of what reads and writes states: versions of Python, libraries and Genesis, every source file below the faces, and how it was compiled.

    As they are when it is first asked for: what changes later, this process has not loaded.
    """
    h = hashlib.sha256(msgspec.json.encode(installed(), order="sorted"))
    root = Path(genesis.__file__).parent
    for path in sorted(p for p in root.rglob("*.py") if p.relative_to(root).parts[0] not in _NOT_OF_A_STATE):
        h.update(path.relative_to(root).as_posix().encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    h.update(b"".join(sorted(p.name.encode() for p in root.rglob("*.so"))))
    return h.hexdigest()
