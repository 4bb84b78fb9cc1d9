"""SIGKILL while a store is written, and a writer that stands still: what was acknowledged is there, and one engine writes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.errors import StorageError
from genesis.storage.address import PostgresAddress, StoreAddress
from genesis.storage.lease import Lease
from genesis.storage.memory import MemoryJournal
from genesis.storage.opening import keeping, open_store
from genesis.storage.postgres import PostgresStore
from genesis.storage.postgres_database import ENGINE, PostgresDatabase
from genesis.storage.reader import StoreReader
from genesis.system.keys import check_signature
from tests.kit.factories import small_run
from tests.kit.postgres import execute

ROOT = Path(__file__).parents[2]
ORDERS = 300
RUN = small_run(ORDERS)
GROUP = 3


@contextmanager
def writing(address: StoreAddress, lease_s: float | None = None) -> Iterator[subprocess.Popen[str]]:
    lease = [] if lease_s is None else [str(lease_s)]
    command = [sys.executable, "-m", "tests.contract.writer", str(address), str(ORDERS), *lease]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        try:
            yield writer
        finally:
            writer.kill()


def killed_after(address: StoreAddress, lines: int, delay_s: float) -> int:
    """Kill a writer some time after it has said that many lines; the last thing it said, or all there is where it had come to its end before."""
    with writing(address) as writer:
        assert writer.stdout is not None
        said = [writer.stdout.readline() for _ in range(lines)]
        time.sleep(delay_s)
        writer.send_signal(signal.SIGKILL)
        said += writer.stdout.readlines()
    lengths = [line for line in said if line]
    assert lengths or left_nothing(address)
    return int(lengths[-1]) if lengths else len(RUN)


def left_nothing(address: StoreAddress) -> bool:
    """Whether the whole run is in the store."""
    with StoreReader(address) as reader:
        return reader.head()[0] == len(RUN)


def assert_holds(address: StoreAddress, acknowledged: int) -> None:
    """All that was acknowledged, whole groups, and the head of the uninterrupted run so far."""
    with StoreReader(address) as reader:
        length, head = reader.head()
        assert reader.audit(check_signature).findings == ()
    prefix = MemoryJournal()
    prefix.append(RUN[:length])
    assert acknowledged <= length <= acknowledged + GROUP
    assert head == prefix.head.hex()


def kill_and_recover(address: StoreAddress, times: int) -> None:
    chance = random.Random(times)
    commits = len(RUN) // GROUP
    for number in range(times):
        # Each begins where the one before ended: it says a line for every commit that is new.
        left = commits - commits * number // times
        lines = chance.randint(1, max(1, left // (times - number) - 1))
        # The more kills, the sooner each: a fast disk keeps some commits a millisecond.
        acknowledged = killed_after(address, lines, chance.random() / (20 * times))
        assert_holds(address, acknowledged)
    whole = MemoryJournal()
    whole.append(RUN)
    with open_store(address, ManualClock(), "host") as store:
        store.journal.append(RUN)
        store.journal.commit()
        assert store.journal.head == whole.head
    assert_holds(address, len(RUN))


def test_killed_again_and_again_it_ends_as_if_it_had_never_been(address: StoreAddress) -> None:
    """After every kill the store is sound, free and holds what was acknowledged; the end is that of the uninterrupted run."""
    kill_and_recover(address, 12)


@pytest.mark.slow
def test_killed_a_hundred_times_it_ends_as_if_it_had_never_been(address: StoreAddress) -> None:
    """As above, at a hundred points."""
    kill_and_recover(address, 100)


def test_an_engine_that_stands_still_keeps_its_store_for_the_time_of_its_lease(address: StoreAddress) -> None:
    """While the lease holds another engine is refused, stopped or not."""
    with writing(address, 60.0) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.send_signal(signal.SIGSTOP)
        with pytest.raises(StorageError, match=rf"found another engine .*process {writer.pid}\)"):
            open_store(address, ManualClock(), "host")


def test_a_store_in_a_file_is_never_taken_from_a_living_process(tmp_path: Path) -> None:
    """The lock of a file ends with the process and not before: there is no lease to run out."""
    address = tmp_path / "run.db"
    with writing(address, 0.3) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        writer.send_signal(signal.SIGSTOP)
        time.sleep(1.0)
        with pytest.raises(StorageError, match="found another engine"):
            open_store(address, ManualClock(), "host")
    assert keeping(address).held_by is None


def test_an_engine_stopped_past_its_lease_writes_nothing_any_more(postgres: PostgresAddress) -> None:
    """Another engine takes the store over and goes on; the first, awake again, is told at its next commit and keeps nothing."""
    with writing(postgres, 1.0) as writer:
        assert writer.stdout is not None
        first = int(writer.stdout.readline())
        writer.send_signal(signal.SIGSTOP)
        time.sleep(2.0)
        with PostgresStore(postgres, ManualClock(), "second") as store:
            store.journal.append(RUN)
            store.journal.commit()
            length, head = store.journal.length, store.journal.head
            writer.send_signal(signal.SIGCONT)
            said = writer.stdout.readlines()
            assert writer.wait(30) == 1
            store.operation("stop")
    assert first < length == len(RUN)
    assert said[-1].startswith("StorageError: ")
    with StoreReader(postgres) as reader:
        assert reader.head() == (length, head.hex())
        assert reader.audit(check_signature).findings == ()


def test_a_store_that_was_let_go_is_free_at_once(postgres: PostgresAddress) -> None:
    """Not only when the server has noticed that the connection ended: here it is still open."""
    PostgresStore(postgres, ManualClock(), "made").close()
    with closing(PostgresDatabase(postgres)) as holding, closing(PostgresDatabase(postgres)) as asking:
        first, second = Lease(holding, "first"), Lease(asking, "second")
        first.lock()
        first.start()
        with pytest.raises(StorageError, match=r"another engine \(first\)"):
            second.lock()
        first.release()
        assert asking.execute(f"SELECT pg_try_advisory_lock({ENGINE})").fetchone() == (True,)


def test_one_that_was_killed_just_now_is_waited_for(postgres: PostgresAddress) -> None:
    """Its lease has not run out, and its connection lives for another moment."""
    PostgresStore(postgres, ManualClock(), "made").close()
    holding = PostgresDatabase(postgres)
    lease = Lease(holding, "first")
    lease.lock()
    lease.start()
    ending = threading.Timer(0.4, holding.close)
    ending.start()
    with PostgresStore(postgres, ManualClock(), "second") as store:
        store.operation("start")
    ending.join()
    lease.release()


def test_a_lease_that_lives_is_renewed_while_nothing_is_written(postgres: PostgresAddress) -> None:
    """An engine that waits longer than its lease for something to write keeps its store."""
    with PostgresStore(postgres, ManualClock(), "first", lease_s=0.6) as store:
        store.journal.append(RUN[:3])
        time.sleep(2.0)
        with pytest.raises(StorageError, match=r"another engine \(first, process"):
            PostgresStore(postgres, ManualClock(), "second")
        store.journal.commit()


def test_the_token_decides_whatever_the_lock_says(postgres: PostgresAddress) -> None:
    """Where a later lease was given out, whoever holds the earlier one writes nothing, though its connection and lock are whole."""
    with PostgresStore(postgres, ManualClock(), "first") as store:
        store.journal.append(RUN[:3])
        store.journal.commit()
        execute(postgres, "UPDATE lease SET token = token + 1")
        store.journal.append(RUN[3:])
        for _ in range(2):
            with pytest.raises(StorageError, match="another engine has taken this store over; nothing was written"):
                store.journal.commit()
        with pytest.raises(StorageError, match="taken this store over"):
            store.operation("stop")
    with StoreReader(postgres) as reader:
        assert (reader.head()[0], reader.operations()) == (3, [])
