"""Alembic's revisions: one line of them, which ends where a new store begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text

from genesis.clock import ManualClock
from genesis.errors import StorageError
from genesis.storage import alembic_upgrade, schema
from genesis.storage.address import PostgresAddress, StoreAddress
from genesis.storage.database import Database, SqliteDatabase
from genesis.storage.faults import transaction
from genesis.storage.migrations import bring_forward
from genesis.storage.opening import keeping, open_store
from genesis.storage.reader import StoreReader
from tests.contract.places import edit, layout
from tests.contract.test_moving import earlier_on
from tests.kit.factories import T0
from tests.kit.postgres import fresh_schema

CLOCK = ManualClock(T0)


@pytest.fixture
def another(address: StoreAddress, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreAddress]:
    """A second place of the same kind as `address`."""
    if isinstance(address, Path):
        yield tmp_path / "another.db"
        return
    with fresh_schema(request.getfixturevalue("postgres_server")) as found:
        yield found


def connected(address: StoreAddress) -> Database:
    """A connection as an engine would have it, to whatever is there."""
    if isinstance(address, Path):
        return SqliteDatabase(address, isolation_level=None)
    from genesis.storage.postgres_database import PostgresDatabase

    db = PostgresDatabase(address)
    db.create_schema()
    return db


def made_by_revisions(address: StoreAddress) -> None:
    """A store of which nothing was made but by Alembic; the tables that people query have no revisions."""
    with closing(connected(address)) as db, transaction(db):
        db.execute("CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY NOT NULL)")
        alembic_upgrade.upgrade(db)
        schema.create_projections(db)
        db.mark_as_ours()


def test_the_revisions_are_one_line_that_ends_at_the_version_of_a_new_store() -> None:
    """Alembic's own head is the constant, and it knows the versions that a store may be of, in their order."""
    found = ScriptDirectory.from_config(alembic_upgrade.scripts())
    assert found.get_heads() == [schema.HEAD]
    assert tuple(s.revision for s in found.walk_revisions())[::-1] == schema.REVISIONS


def test_a_new_store_is_laid_out_as_one_made_by_every_revision(address: StoreAddress, another: StoreAddress) -> None:
    """Table by table, column by column and index by index; so is one that came from version 1."""
    open_store(address, CLOCK, "desk-1").close()
    new = layout(address)
    made_by_revisions(another)
    assert layout(another) == new
    assert {"alembic_version", "entries", "snapshots"} <= {value for row in new for value in row}


def test_a_store_of_version_1_comes_to_the_layout_of_a_new_one(
    address: StoreAddress, another: StoreAddress, tmp_path: Path
) -> None:
    """Nothing tells afterwards how old it is, but its entries."""
    open_store(another, CLOCK, "desk-1").close()
    earlier_on(address, "schema1_tables1", tmp_path)
    open_store(address, CLOCK, "desk-1").close()
    assert layout(address) == layout(another)
    with closing(connected(address)) as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [(schema.HEAD,)]
        assert db.execute("SELECT part FROM versions").fetchall() == [("projections",)]


def upgrade_and_fail(db: Database) -> None:
    """As a process that meets an error between Alembic's last statement and the commit."""
    with transaction(db):
        schema.stamp(db, "0002")
        alembic_upgrade.upgrade(db)
        assert schema.revision(db) == schema.HEAD
        assert db.in_transaction
        raise KeyError


def test_what_alembic_did_is_taken_back_with_the_transaction_it_was_done_in(
    address: StoreAddress, tmp_path: Path
) -> None:
    """It commits nothing, and the connection stays the engine's."""
    earlier_on(address, "schema2_tables6", tmp_path)
    before = layout(address)
    with closing(connected(address)) as db:
        with pytest.raises(KeyError):
            upgrade_and_fail(db)
        assert schema.revision(db) == "0002"
    assert layout(address) == before


def test_an_engine_whose_store_was_taken_over_brings_nothing_forward(postgres: PostgresAddress, tmp_path: Path) -> None:
    """The lease's token is read in the transaction in which Alembic works."""
    from genesis.storage.postgres_database import PostgresDatabase

    earlier_on(postgres, "schema2_tables6", tmp_path)
    edit(postgres, "INSERT INTO lease VALUES (1, 8, 'desk-2', 0, now())")
    with closing(PostgresDatabase(postgres)) as db:
        db.fence = 7
        with pytest.raises(StorageError, match="another engine has taken this store over; nothing was written"):
            bring_forward(db)
    assert keeping(postgres).revision == "0002"


def test_snapshots_of_version_3_are_kept(address: StoreAddress, tmp_path: Path) -> None:
    """A revision touches no row but those it is about."""
    earlier_on(address, "schema3_tables7", tmp_path)
    edit(address, "INSERT INTO snapshots VALUES (1, 'facts', ?)", b"state")
    with closing(connected(address)) as db:
        bring_forward(db)
        assert db.execute("SELECT * FROM snapshots").fetchall() == [(1, "facts", b"state")]


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("INSERT INTO alembic_version VALUES ('0002')", f"0002 and {schema.HEAD}"),
        ("UPDATE alembic_version SET version_num = 'ae1027a6acf'", "ae1027a6acf"),
        ("DELETE FROM alembic_version", "none"),
    ],
)
def test_a_store_of_no_revision_that_is_known_is_left_alone(address: StoreAddress, statement: str, found: str) -> None:
    """There are no branches and no other names: another hand wrote that, and nothing is guessed at."""
    open_store(address, CLOCK, "desk-1").close()
    edit(address, statement)
    for opener in (StoreReader, lambda where: open_store(where, CLOCK, "desk-1")):
        with pytest.raises(StorageError, match=f"schema revision {schema.HEAD} or an earlier one, found {found}; use"):
            opener(address)


def cut_off(db: Database) -> None:
    """As a server that ends the connection while Alembic works."""
    with transaction(db), alembic_upgrade.connected(db) as connection:
        connection.execute(text("DELETE FROM versions"))
        connection.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))


def test_a_connection_that_is_cut_while_alembic_works_is_told_as_ever(
    postgres: PostgresAddress, tmp_path: Path
) -> None:
    """In our words, with the address, and the server has taken everything back."""
    earlier_on(postgres, "schema3_tables7", tmp_path)
    with (
        closing(connected(postgres)) as db,
        pytest.raises(StorageError, match="expected a server that (stays|answers)") as told,
    ):
        cut_off(db)
    assert str(told.value).startswith(str(postgres))
    assert keeping(postgres).revision == "0003"


def test_there_is_no_way_back(tmp_path: Path) -> None:
    """Whoever asks Alembic for one is refused, and the store is as it was."""
    path = tmp_path / "run.db"
    open_store(path, CLOCK, "desk-1").close()
    config = alembic_upgrade.scripts()
    with closing(SqliteDatabase(path, isolation_level=None)) as db, alembic_upgrade.connected(db) as connection:
        config.attributes["connection"] = connection
        with pytest.raises(StorageError, match="expected a step forward, found one back"):
            command.downgrade(config, "0003")
    assert keeping(path).revision == schema.HEAD
