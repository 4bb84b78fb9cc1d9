"""Where a store may be kept; every test of this folder runs on each."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from genesis.storage.address import StoreAddress
from tests.kit.postgres import execute

KINDS = ("sqlite", "postgres")


def address_of(kind: str, request: pytest.FixtureRequest) -> StoreAddress:
    """The address of a store that is not there yet."""
    if kind == "postgres":
        found: StoreAddress = request.getfixturevalue("postgres")
        return found
    folder: Path = request.getfixturevalue("tmp_path")
    return folder / "run.db"


def layout(address: StoreAddress) -> list[tuple[object, ...]]:
    """Every table, column and index, as the database itself describes it; the lease, which only a server has, is left out."""
    if isinstance(address, Path):
        with closing(sqlite3.connect(address)) as db:
            return db.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name").fetchall()
    columns = (
        "SELECT table_name, ordinal_position, column_name, data_type, character_maximum_length, is_nullable, column_default "
        "FROM information_schema.columns WHERE table_schema = current_schema() AND table_name <> 'lease' ORDER BY 1, 2"
    )
    indices = (
        "SELECT tablename, indexname, replace(indexdef, current_schema() || '.', '') FROM pg_indexes "
        "WHERE schemaname = current_schema() AND tablename <> 'lease' ORDER BY 1, 2"
    )
    return execute(address, columns) + execute(address, indices)


def edit(address: StoreAddress, statement: str, *values: object) -> None:
    """Change a store as another program could; ``?`` are the values."""
    if not isinstance(address, Path):
        execute(address, statement.replace("?", "%s"), *values)
        return
    with closing(sqlite3.connect(address)) as db, db:
        db.execute(statement, values)
