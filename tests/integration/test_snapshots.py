"""A store that is run, stopped and started again: from its last snapshot, from the one before, or from the tape's start; the same run each time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from genesis.clock import ManualClock, iso_utc
from genesis.config.schema import SnapshotsSection, StorageSection
from genesis.errors import IntegrityError
from genesis.storage.opening import open_store
from genesis.storage.reader import StoreReader
from genesis.storage.rows import OperationRow
from genesis.storage.snapshots import Snapshot, keep_snapshot
from genesis.system.prepared import Prepared
from genesis.system.run import RunSummary, run_prepared
from genesis.system.snapshots import problem_of
from tests.kit.disturbed import TRADERS, S, prepared, quotes, trades
from tests.kit.runs import START
from tests.unit.cli.calling import genesis, project

TABLES = ("orders", "fills", "trades", "samples", "denials", "evidence")
ROWS = [(i * S // 2, 10_000 + (i * 7) % 13 - (i * 3) % 5, 1 + i % 17, 1 - 2 * (i % 2)) for i in range(1_200)]
SEEN = [(t + 1, p - 1, s, p + 1, s + 3) for t, p, s, _ in ROWS]


def build(storage: StorageSection | None = None, strategy: str = f"{TRADERS}:Restless") -> Prepared:
    """Ten minutes of a busy strategy, alone and realistic."""
    of = prepared([trades(ROWS), quotes(SEEN)], None, strategy)
    return Prepared(msgspec.structs.replace(of.config, storage=storage), of.folder, of.readings) if storage else of


def run(store: Path, until_s: float | None = None, from_start: bool = False, of: Prepared | None = None) -> RunSummary:
    """Run, or go on, to so many seconds after START, or to the end."""
    until = None if until_s is None else START + int(until_s * S)
    return run_prepared(of or build(), store, until, from_start=from_start)


def told(store: Path) -> list[OperationRow]:
    with StoreReader(store) as reader:
        return reader.operations()


def kinds(store: Path) -> list[str]:
    return [o.kind for o in told(store)]


def tables(store: Path) -> list[Sequence[object]]:
    with StoreReader(store) as reader:
        assert reader.verify() == []
        return [reader.rows(t) for t in TABLES]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose run nobody stopped."""
    store = tmp_path_factory.mktemp("whole") / "run.db"
    assert run(store).complete
    return store


@pytest.fixture
def stopped(tmp_path: Path) -> Path:
    """A store whose run was stopped twice."""
    store = tmp_path / "run.db"
    run(store, 200)
    run(store, 400)
    return store


def change(store: Path, statement: str, *values: object) -> None:
    with closing(sqlite3.connect(store)) as db, db:
        db.execute(statement, values)


def test_a_run_that_was_stopped_is_the_run_that_was_not(stopped: Path, whole: Path) -> None:
    """Twice gone on from a snapshot: the same head, the same tables; and once it is over, a start has nothing left to do."""
    summary = run(stopped)
    with StoreReader(whole) as reader:
        assert (summary.entries, summary.head) == reader.head()
    assert tables(stopped) == tables(whole)
    again = run(stopped)
    assert (again.complete, again.entries, again.head) == (True, summary.entries, summary.head)
    assert kinds(stopped) == [
        *("start", "snapshot", "stop"),
        *("recovery", "snapshot", "stop"),
        *("recovery", "snapshot", "stop"),
        *("recovery", "stop"),
    ]


def test_from_the_start_everything_is_compared(stopped: Path, whole: Path) -> None:
    """Every entry, and the state at the moment of each snapshot; then the run goes on."""
    assert run(stopped, from_start=True).head == run(whole, from_start=True).head
    assert tables(stopped) == tables(whole)


def test_a_state_that_is_not_the_run_s_is_found_from_the_start(stopped: Path) -> None:
    """A forged snapshot, named by the operations chain as a real one is: no entry tells of it, and the check does."""
    forge(stopped)
    with pytest.raises(
        IntegrityError,
        match="snapshot at entry [0-9]+: expected state [0-9a-f]+, found after running from the tape's start",
    ):
        run(stopped, from_start=True)
    assert kinds(stopped)[-1] == "failed"


def forge(store: Path) -> Snapshot:
    """Put the state of the first snapshot in the place of the last."""
    with open_store(store, ManualClock(), "host") as kept:
        last, first = kept.snapshots()
        forged = msgspec.structs.replace(last, digest=first.digest)
        keep_snapshot(kept._db, forged, kept.state_of(first), 1, "host", 0)
        return forged


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("build", "another", "another version of Genesis or of a library took it"),
        ("run", "another", "it is of another configuration's run"),
        ("closed_before", START + 10**12, "it was taken at 2025-01-01T00:16:40Z, after what is asked for"),
    ],
)
def test_a_snapshot_that_will_not_do_is_refused_and_the_one_before_is_taken(
    stopped: Path, whole: Path, field: str, value: object, reason: str
) -> None:
    """It is said and noted, never silently; the run comes to the same."""
    with closing(sqlite3.connect(stopped)) as db:
        (facts,) = db.execute("SELECT facts FROM snapshots ORDER BY number DESC").fetchone()
    changed = msgspec.structs.replace(msgspec.json.decode(facts, type=Snapshot), **{field: value})
    change(stopped, "UPDATE snapshots SET facts = ? WHERE facts = ?", msgspec.json.encode(changed).decode(), facts)
    run(stopped, 500)
    (refused,) = [o for o in told(stopped) if o.kind == "snapshot refused"]
    assert refused.facts["reason"] == reason
    run(stopped)
    assert tables(stopped) == tables(whole)


def test_damaged_snapshots_leave_the_tape_s_start(stopped: Path, whole: Path) -> None:
    """One byte of each is changed: both are refused, and every entry is compared."""
    with closing(sqlite3.connect(stopped)) as db:
        rows = db.execute("SELECT number, state FROM snapshots").fetchall()
    for number, state in rows:
        damaged = bytes([*state[:50], state[50] ^ 1, *state[51:]])
        change(stopped, "UPDATE snapshots SET state = ? WHERE number = ?", damaged, number)
    run(stopped)
    refused = [o.facts["reason"] for o in told(stopped) if o.kind == "snapshot refused"]
    assert len(refused) == 2
    assert all("expected a state" in str(r) for r in refused)
    assert tables(stopped) == tables(whole)


def test_rows_that_are_not_those_that_were_read_are_found(stopped: Path) -> None:
    """Another block of the tape under the same name: no snapshot of it will do, and the reason says which stream."""
    with open_store(stopped, ManualClock(), "host") as kept:
        last = kept.snapshots()[0]
    of, read = build(), last.read[0]
    wrong = msgspec.structs.replace(read, digest="00")
    for changed, words in (
        ((wrong, *last.read[1:]), f"{read.stream}: expected the rows that had been read, found others"),
        (
            (msgspec.structs.replace(read, rows=10**6), *last.read[1:]),
            f"{read.stream}: expected 1000000 rows, found 1200",
        ),
        (last.read[1:], "the tape has other streams"),
    ):
        assert problem_of(msgspec.structs.replace(last, read=changed), of.digest, of.tape, None) == words
    assert problem_of(last, of.digest, of.tape, None) is None


def test_without_snapshots_none_is_taken_and_none_is_loaded(tmp_path: Path, whole: Path) -> None:
    """``every_entries: 0``: as ever, from the tape's start, and the same run."""
    store, off = tmp_path / "run.db", StorageSection(snapshots=SnapshotsSection(every_entries=0))
    run(store, 300, of=build(off))
    run(store, of=build(off))
    assert "snapshot" not in kinds(store)
    assert tables(store) == tables(whole)


def test_snapshots_are_taken_on_the_way_and_change_nothing(tmp_path: Path, whole: Path) -> None:
    """Every hundred entries: the same run, and the last of them are there."""
    store = tmp_path / "run.db"
    often = StorageSection(snapshots=SnapshotsSection(every_entries=100, keep=3))
    assert run_prepared(build(often), store, rows=50).complete
    assert kinds(store).count("snapshot") > 5
    with open_store(store, ManualClock(), "host") as kept:
        assert len(kept.snapshots()) == 3
    assert tables(store) == tables(whole)
    assert run(store, from_start=True, of=build(often)).complete


def test_a_strategy_without_on_save_costs_the_run_its_snapshots_and_says_so(tmp_path: Path) -> None:
    """Once in the operations chain; the next start begins at the tape's start and comes to the same."""
    store, strategy = tmp_path / "run.db", "tests/simulation/test_resuming.py:Unsaved"
    run(store, 300, of=build(strategy=strategy))
    assert run(store, of=build(strategy=strategy)).complete
    said = [o.facts["reason"] for o in told(store) if o.kind == "no snapshot"]
    assert said == ["track own: expected a strategy with on_save, found none"] * 2


def test_on_the_command_line(tmp_path: Path) -> None:
    """Stopped in one process and gone on with in another; ``--from-start`` compares, and finds what was changed."""
    folder = tmp_path / "p"
    path = project(folder)
    assert genesis("run", path).code == 0
    store = folder / "genesis.db"
    assert "snapshot" in kinds(store)
    again = genesis("run", path)
    assert (again.code, "snapshot loaded" in again.err) == (0, True)
    checked = genesis("run", path, "--from-start")
    assert (checked.code, "snapshot agrees" in checked.err) == (0, True)


def examined(config: Path) -> tuple[str, str]:
    """What the doctor says of snapshots."""
    (check,) = [c for c in json.loads(genesis("doctor", config, "--json").out) if c["name"] == "snapshots"]
    return check["health"], check["found"]


def test_status_and_doctor_say_what_snapshots_there_are_and_whether_this_build_reads_them(tmp_path: Path) -> None:
    """Place, entries and size of each; of one that is damaged, unnamed or another build's, why it is of no use."""
    folder = tmp_path / "p"
    path = project(folder)
    store = folder / "genesis.db"
    assert genesis("run", path).code == 0
    with StoreReader(store) as reader:
        (kept,), (length, _) = reader.snapshots(), reader.head()
    assert kept.snapshot is not None
    told_of = genesis("db", "status", store).out
    at = iso_utc(kept.snapshot.closed_before)
    place = f"snapshot at entry {length}, before {at}: {kept.size} bytes"
    assert f"{place}, this build can go on from it" in told_of
    assert examined(path) == ("ok", f"1 kept, the next start goes on from entry {length} of {length}, before {at}")
    (shown,) = json.loads(genesis("db", "status", store, "--json").out)["snapshots"]
    assert (shown["entries"], shown["size"], shown["problem"]) == (length, kept.size, None)
    facts = msgspec.json.encode(kept.snapshot).decode()
    other = msgspec.json.encode(msgspec.structs.replace(kept.snapshot, build="another")).decode()
    damages = (
        ("UPDATE snapshots SET facts = ?", (other,), "another version of Genesis or of a library took it"),
        (
            "UPDATE snapshots SET facts = ?",
            (facts.replace(kept.snapshot.head, "00" * 32),),
            "the operations chain does not name it",
        ),
        ("UPDATE snapshots SET facts = '{'", (), "snapshot 1: expected its facts, found"),
        ("UPDATE snapshots SET facts = ?, state = ?", (facts, b"noise"), "expected a state, found damaged bytes"),
    )
    for statement, values, problem in damages:
        change(store, statement, *values)
        assert f"of no use here: {problem}" in genesis("db", "status", store).out
        health, found = examined(path)
        assert (health, problem in found) == ("warning", True)
    change(store, "DELETE FROM snapshots")
    assert "no snapshot: a start runs from the tape's start" in genesis("db", "status", store).out
    assert examined(path) == ("ok", f"none yet; the next start runs over all {length} entries")
