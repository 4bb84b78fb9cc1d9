"""A disk that fails or forgets, at any call: nothing that was acknowledged is lost, and the next start goes on to the same end."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.errors import StorageError
from genesis.storage.memory import MemoryJournal
from genesis.storage.sqlite import SqliteStore, StoreReader
from tests.kit.disks import failing_disk
from tests.kit.factories import small_run

ROOT = Path(__file__).parents[3]
RUN = small_run(60)
GROUP = 5
# Commits groups and says after each how many entries there are; an error is said and ends it.
WRITER = """
import sys
from pathlib import Path
from genesis.clock import ManualClock
from genesis.errors import StorageError
from genesis.storage.sqlite import SqliteStore
from tests.kit.factories import small_run

run = small_run(60)
try:
    with SqliteStore.open(Path(sys.argv[1]), ManualClock(), "host") as store:
        for i in range(0, len(run), 5):
            store.journal.append(run[i : i + 5])
            store.journal.commit()
            print(store.journal.length, flush=True)
            if i == 100:
                store.checkpoint()
except StorageError as error:
    print(error, file=sys.stderr)
    sys.exit(4)
"""


def head_of(length: int) -> str:
    journal = MemoryJournal()
    journal.append(RUN[:length])
    return journal.head.hex()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The preloaded library."""
    return failing_disk(tmp_path_factory.mktemp("disk"))


def write_on(disk: Path, store: Path, call: str, at: int, number: int, count: int = 0) -> tuple[int, int, str]:
    """Run the writer on a disk that fails: its exit code, the last length it acknowledged, what it said."""
    env = {
        **os.environ,
        "LD_PRELOAD": str(disk),
        "FAIL_CALL": call,
        "FAIL_AT": str(at),
        "FAIL_FOR": str(count),
        "FAIL_ERRNO": str(number),
        "FAIL_FILE": store.name,
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run([sys.executable, "-c", WRITER, str(store)], cwd=ROOT, env=env, capture_output=True, text=True)
    lines = done.stdout.split()
    return done.returncode, int(lines[-1]) if lines else 0, done.stderr


def held(store: Path) -> tuple[int, str]:
    """Length and head of what is there; a file in which no store was begun yet holds nothing."""
    try:
        with StoreReader(store) as reader:
            assert reader.verify() == []
            return reader.head()
    except StorageError as error:
        if "found an empty file" in str(error) or "found no such file" in str(error):
            return 0, head_of(0)
        raise


def assert_nothing_acknowledged_is_lost(store: Path, acknowledged: int) -> None:
    """What is there is a sound beginning of the run, as long as was acknowledged; begun again it ends like any other."""
    length, head = held(store)
    assert length >= acknowledged
    assert head == head_of(length)
    with SqliteStore.open(store, ManualClock(), "host") as again:
        again.journal.append(RUN)
        again.journal.commit()
        assert again.journal.head.hex() == head_of(len(RUN))


def assert_failures_are_survived(disk: Path, folder: Path, call: str, number: int, places: list[int]) -> set[int]:
    codes = set()
    for at in places:
        store = folder / f"{call}-{number}-{at}.db"
        code, acknowledged, said = write_on(disk, store, call, at, number)
        assert code in (0, 4), said
        if code == 4:
            assert said.count("\n") == 1
            assert store.name in said
            assert "expected" in said
        assert_nothing_acknowledged_is_lost(store, acknowledged)
        codes.add(code)
    return codes


FAILURES = [
    ("write", errno.ENOSPC),
    ("write", errno.EIO),
    ("short", errno.ENOSPC),
    ("sync", errno.EIO),
]


@pytest.mark.parametrize(("call", "number"), FAILURES)
def test_a_disk_that_fails_at_some_calls_loses_nothing_acknowledged(
    disk: Path, tmp_path: Path, call: str, number: int
) -> None:
    """Full, broken, half written or not synced, early, in the middle and late: one clear line, a sound store, the same end."""
    places = [1, 3, 9, 30] if call == "sync" else [1, 8, 33, 120]
    assert 4 in assert_failures_are_survived(disk, tmp_path, call, number, places)


@pytest.mark.slow
@pytest.mark.parametrize(("call", "number"), FAILURES)
def test_a_disk_that_fails_at_any_call_loses_nothing_acknowledged(
    disk: Path, tmp_path: Path, call: str, number: int
) -> None:
    """At each of the first hundred calls, and at every seventh after."""
    assert_failures_are_survived(disk, tmp_path, call, number, [*range(1, 100), *range(100, 400, 7)])


def test_a_disk_that_works_again_takes_the_same_group(disk: Path, tmp_path: Path) -> None:
    """After a failure that passed, another start finds what was acknowledged and ends the run."""
    store = tmp_path / "run.db"
    code, acknowledged, said = write_on(disk, store, "sync", 12, errno.EIO, count=1)
    assert (code, 0 < acknowledged < len(RUN)) == (4, True)
    assert "run.db: expected a working disk, found a failed read or write" in said
    assert_nothing_acknowledged_is_lost(store, acknowledged)


# ---- a power cut: the end of the log that was not synced is gone or noise


def left_by_a_power_cut(folder: Path) -> tuple[Path, list[tuple[int, int]]]:
    """A store with its write-ahead log as a process that went down left them, and the log's size after each commit."""
    folder.mkdir()
    sizes: list[tuple[int, int]] = []
    with SqliteStore.open(folder / "run.db", ManualClock(), "host") as store:
        for i in range(0, len(RUN), GROUP):
            store.journal.append(RUN[i : i + GROUP])
            store.journal.commit()
            sizes.append(((folder / "run.db-wal").stat().st_size, store.journal.length))
        (folder / "left").mkdir()
        for name in ("run.db", "run.db-wal"):
            shutil.copy(folder / name, folder / "left" / name)
    return folder / "left", sizes


@pytest.mark.parametrize("noise", [b"", b"\x00", b"\xff", b"torn"])
def test_a_torn_end_of_the_log_costs_only_what_was_not_acknowledged(tmp_path: Path, noise: bytes) -> None:
    """Cut anywhere, with nothing, zeros or noise behind: every commit whose bytes were on the disk is there, whole."""
    left, sizes = left_by_a_power_cut(tmp_path / "made")
    whole = (left / "run.db-wal").read_bytes()
    for cut in range(len(whole) // 23, len(whole), len(whole) // 23):
        place = tmp_path / f"cut-{cut}"
        shutil.copytree(left, place)
        behind = (noise * len(whole))[: len(whole) - cut]
        (place / "run.db-wal").write_bytes(whole[:cut] + behind)
        acknowledged = max((length for size, length in sizes if size <= cut), default=0)
        assert_nothing_acknowledged_is_lost(place / "run.db", acknowledged)


def test_a_lost_log_leaves_a_store_that_says_so(tmp_path: Path) -> None:
    """Without its log the store holds what was folded in; nothing pretends that more was there."""
    left, _ = left_by_a_power_cut(tmp_path / "made")
    (left / "run.db-wal").unlink()
    with SqliteStore.open(left / "run.db", ManualClock(), "host") as store:
        assert store.journal.length == 0
    with StoreReader(left / "run.db") as reader:
        assert (reader.head()[0], reader.verify()) == (0, [])


def test_a_disk_that_fails_at_the_start_is_one_line(disk: Path, tmp_path: Path) -> None:
    """The very first write: no store is left that another start could not use."""
    code, acknowledged, said = write_on(disk, tmp_path / "run.db", "write", 1, errno.ENOSPC)
    assert (code, acknowledged, said.count("\n")) == (4, 0, 1)
    with SqliteStore.open(tmp_path / "run.db", ManualClock(), "host") as store:
        store.journal.append(RUN)
        store.journal.commit()
