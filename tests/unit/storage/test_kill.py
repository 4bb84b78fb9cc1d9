"""SIGKILL while a store is written: what was acknowledged is there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.errors import StorageError
from genesis.storage.memory import MemoryJournal
from genesis.storage.sqlite import SqliteStore, StoreReader
from tests.kit.factories import small_run
from tests.unit.storage.test_projections import tables

ROOT = Path(__file__).parents[3]
RUN = small_run(400)
# Commits three entries at a time and says how many there are after each.
WRITER = """
import sys
from pathlib import Path
from genesis.clock import ManualClock
from genesis.storage.sqlite import SqliteStore
from tests.kit.factories import small_run

run = small_run(400)
store = SqliteStore.open(Path(sys.argv[1]), ManualClock(), "host")
for i in range(0, len(run), 3):
    store.journal.append(run[i : i + 3])
    store.journal.commit()
    if not store.journal.replaying:
        print(store.journal.length, flush=True)
"""


def killed_after(path: Path, lines: int) -> int:
    """Run the writer, kill it after it has said that many lines, and return the last thing it said."""
    command = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(lines)]
        if lines == 1:
            with pytest.raises(StorageError, match=rf"another engine \(process {writer.pid}\)"):
                SqliteStore.open(path, ManualClock(), "host")
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.readlines()
    assert writer.returncode == -signal.SIGKILL
    return int(said[-1])


def test_killed_again_and_again_it_ends_as_if_it_had_never_been(tmp_path: Path) -> None:
    """After every kill the store holds all that was acknowledged, whole groups, and is free; the end is the uninterrupted one."""
    path = tmp_path / "run.db"
    for lines in (1, 20, 60):
        acknowledged = killed_after(path, lines)
        with StoreReader.open(path) as reader:
            length, head = reader.head()
            assert reader.verify() == []
        prefix = MemoryJournal()
        prefix.append(RUN[:length])
        assert acknowledged <= length <= acknowledged + 3
        assert head == prefix.head.hex()
    whole = MemoryJournal()
    whole.append(RUN)
    with SqliteStore.open(path, ManualClock(), "host") as store:
        store.journal.append(RUN)
        store.journal.commit()
        assert store.journal.head == whole.head
    before = tables(path)
    with SqliteStore.open(path, ManualClock(), "host") as store:
        store.rebuild_projections()
    assert tables(path) == before
