"""What can go wrong between a store and its server: each told in the words of Genesis, naming the address and what to do."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import msgspec
import pytest

from genesis.clock import ManualClock
from genesis.errors import IntegrityError, StorageError
from genesis.storage.address import PostgresAddress
from genesis.storage.inbox import leave_command
from genesis.storage.opening import open_store
from genesis.storage.reader import StoreReader
from tests.kit.factories import small_run
from tests.kit.postgres import execute

RUN = small_run()
_NUMBERS = count(1)


def write(address: PostgresAddress, entries: int = len(RUN)) -> None:
    with open_store(address, ManualClock(), "host") as store:
        store.journal.append(RUN[:entries])
        store.journal.commit()


def test_every_commit_waits_for_the_disk(postgres: PostgresAddress) -> None:
    """Whatever the database's default is, this connection waits until its commit is durable."""
    database = postgres.database or "postgres"
    execute(postgres, f"ALTER DATABASE {database} SET synchronous_commit = off")
    try:
        assert execute(postgres, "SHOW synchronous_commit") == [("off",)]
        with open_store(postgres, ManualClock(), "host") as store:
            assert store._db.execute("SHOW synchronous_commit").fetchone() == ("on",)
    finally:
        execute(postgres, f"ALTER DATABASE {database} RESET synchronous_commit")


def test_a_server_that_is_not_there_is_named(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Engine, reader and whoever leaves a command are told alike."""
    pytest.importorskip("psycopg")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = PostgresAddress("127.0.0.1", free.getsockname()[1], "ann", "trading")
    for asking in (
        lambda: open_store(address, ManualClock(), "host"),
        lambda: StoreReader(address),
        lambda: leave_command(address, "pause", None, "ann", "news", ManualClock()),
    ):
        with pytest.raises(
            StorageError, match=r"postgresql://ann@127.0.0.1:\d+/trading: expected a server that lets us in"
        ):
            asking()


def test_no_store_there(postgres: PostgresAddress) -> None:
    """Only an engine makes one."""
    for asking in (
        lambda: StoreReader(postgres),
        lambda: leave_command(postgres, "pause", None, "ann", "news", ManualClock()),
    ):
        with pytest.raises(StorageError, match="expected a store, found nothing in this schema"):
            asking()


def test_a_schema_of_another_program_is_left_alone(postgres: PostgresAddress) -> None:
    """A table that is there belongs to somebody."""
    execute(postgres, f"CREATE SCHEMA {postgres.schema}")
    execute(postgres, "CREATE TABLE theirs (x INTEGER)")
    for opener in (lambda: StoreReader(postgres), lambda: write(postgres)):
        with pytest.raises(StorageError, match="expected a Genesis store, found a database of another program"):
            opener()
    assert execute(postgres, "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()") == [(1,)]


def test_a_connection_that_ends_keeps_nothing_of_the_group(postgres: PostgresAddress) -> None:
    """The engine is told to start again; the next start goes on from what was committed."""
    with open_store(postgres, ManualClock(), "host") as store:
        store.journal.append(RUN[:5])
        store.journal.commit()
        execute(postgres, "SELECT pg_terminate_backend(backend::integer) FROM lease")
        store.journal.append(RUN[5:])
        for _ in range(2):
            with pytest.raises(StorageError, match="start again once it is back"):
                store.journal.commit()
    with StoreReader(postgres) as reader:
        assert reader.head()[0] == 5
    write(postgres)


def test_a_standby_or_a_database_set_read_only_is_refused_at_the_start(postgres: PostgresAddress) -> None:
    """Before anything was decided: the first statement changes no row and needs what a commit needs."""
    write(postgres)
    with open_store(postgres, ManualClock(), "host") as store:
        store._db.execute("SET default_transaction_read_only = on")
        store.journal.append([*RUN, RUN[-1]])
        with pytest.raises(StorageError, match="expected a server that can be written, found it read-only"):
            store.journal.commit()


@contextmanager
def a_user(postgres: PostgresAddress, grants: str) -> Iterator[PostgresAddress]:
    name = f"test_user_{next(_NUMBERS)}"
    password = f" PASSWORD '{os.environ['PGPASSWORD']}'" if "PGPASSWORD" in os.environ else ""
    execute(postgres, f"CREATE ROLE {name} LOGIN{password}")
    try:
        execute(postgres, f"GRANT USAGE ON SCHEMA {postgres.schema} TO {name}")
        for grant in filter(None, grants.split(";")):
            execute(postgres, f"GRANT {grant} ON ALL TABLES IN SCHEMA {postgres.schema} TO {name}")
        yield msgspec.structs.replace(postgres, user=name)
    finally:
        execute(postgres, f"DROP OWNED BY {name}")
        execute(postgres, f"DROP ROLE {name}")


def test_a_user_without_rights_is_told_so_and_one_who_may_read_reads(postgres: PostgresAddress) -> None:
    """Reading needs SELECT and nothing more; writing is refused at the start."""
    write(postgres)
    with a_user(postgres, "SELECT") as reading:
        with StoreReader(reading) as reader:
            assert reader.head()[0] == len(RUN)
        with pytest.raises(StorageError, match="expected permission to use the schema and its tables, found none"):
            open_store(reading, ManualClock(), "host")
    with a_user(postgres, "") as nobody, pytest.raises(StorageError, match="expected permission"):
        StoreReader(nobody).head()


def test_a_database_that_does_not_exist_is_named(postgres: PostgresAddress) -> None:
    """The server's own words are kept in brackets."""
    with pytest.raises(StorageError, match=r"database \"no_such\" does not exist"):
        StoreReader(msgspec.structs.replace(postgres, database="no_such"))


def test_waiting_for_another_writer_has_an_end(postgres: PostgresAddress) -> None:
    """Somebody who never ends a transaction stops the commit, and the group is kept for another try."""
    from genesis.storage.postgres_database import PostgresDatabase

    with open_store(postgres, ManualClock(), "host") as store:
        other = PostgresDatabase(postgres)
        other.begin()
        store._db.execute("SET lock_timeout = 200")
        store.journal.append(RUN)
        with pytest.raises(StorageError, match="expected a free store, found another process writing for too long"):
            store.journal.commit()
        other.close()
        store.journal.commit()
    with StoreReader(postgres) as reader:
        assert reader.head()[0] == len(RUN)


def test_a_full_disk_keeps_nothing_of_the_group_and_all_of_it_later(postgres: PostgresAddress) -> None:
    """The server's own error of a full disk, raised in the middle of a commit: told as such, and the same group is committed later."""
    with open_store(postgres, ManualClock(), "host") as store:
        store.journal.append(RUN[:5])
        store.journal.commit()
        execute(
            postgres,
            f"CREATE FUNCTION {postgres.schema}.full_disk() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$",
        )
        execute(
            postgres,
            f"CREATE TRIGGER full_disk BEFORE INSERT ON orders EXECUTE FUNCTION {postgres.schema}.full_disk()",
        )
        store.journal.append(RUN[5:])
        with pytest.raises(StorageError, match="expected room on the server's disk, found it full; free some space"):
            store.journal.commit()
        execute(postgres, "DROP TRIGGER full_disk ON orders")
        store.journal.commit()
    with StoreReader(postgres) as reader:
        assert (reader.head()[0], reader.verify()) == (len(RUN), [])


def test_a_table_that_is_gone_is_an_integrity_error(postgres: PostgresAddress) -> None:
    """What was a store and is none any more is not gone on with."""
    write(postgres)
    execute(postgres, "DROP TABLE fills")
    with StoreReader(postgres) as reader, pytest.raises(IntegrityError, match="found a table missing"):
        reader.fills()


def test_a_server_that_is_too_old_is_refused(postgres: PostgresAddress, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest version that is known to do is named."""
    monkeypatch.setattr("genesis.storage.postgres_database.OLDEST", 99)
    with pytest.raises(StorageError, match="expected PostgreSQL 99 or newer, found"):
        StoreReader(postgres)


def test_a_file_needs_no_package_for_servers() -> None:
    """Who keeps stores in files never loads psycopg."""
    code = (
        "import sys, tempfile, pathlib\nfrom genesis.clock import ManualClock\nfrom genesis.storage.opening import open_store\n"
        "open_store(pathlib.Path(tempfile.mkdtemp()) / 'run.db', ManualClock(), 'h').close()\n"
        "import genesis.cli.main\nprint('psycopg' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
