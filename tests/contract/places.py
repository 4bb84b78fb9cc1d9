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


def edit(address: StoreAddress, statement: str, *values: object) -> None:
    """Change a store as another program could; ``?`` are the values."""
    if not isinstance(address, Path):
        execute(address, statement.replace("?", "%s"), *values)
        return
    with closing(sqlite3.connect(address)) as db, db:
        db.execute(statement, values)
