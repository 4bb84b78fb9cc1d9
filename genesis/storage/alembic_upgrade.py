"""Alembic at work on a store. It takes longer to import than a start may: only who has a store to bring forward imports this."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from genesis.storage.database import Database

_SCRIPTS = "genesis.storage:revisions"
# To look for a type that no store has, SQLAlchemy would ask for psycopg's own class of connection, which a lent one is not.
_OPTIONS: dict[str, dict[str, Any]] = {"sqlite": {}, "postgresql+psycopg": {"use_native_hstore": False}}


class _Lent:
    """A driver's connection whose transaction is its owner's: SQLAlchemy runs statements in it and can neither end it nor close it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def commit(self) -> None:
        """The owner commits."""

    def rollback(self) -> None:
        """What fails is raised, and the owner rolls back."""

    def close(self) -> None:
        """The owner goes on."""


def scripts() -> Config:
    """Where Alembic finds the revisions."""
    config = Config()
    config.set_main_option("script_location", _SCRIPTS)
    return config


@contextmanager
def connected(db: Database) -> Iterator[Connection]:
    """SQLAlchemy over the connection of ``db``, in the caller's transaction.

    Raises:
        StorageError: a statement failed; on SQLite it is the driver's own error, which `genesis.storage.faults.storage_errors` tells.
    """
    with db.lend() as lent:
        # Nothing of the address: the connection is there.
        engine = create_engine(
            f"{db.dialect}://",
            creator=lambda: _Lent(lent),
            poolclass=StaticPool,
            pool_reset_on_return=None,
            **_OPTIONS[db.dialect],
        )
        try:
            with engine.connect() as connection:
                yield connection
        except DBAPIError as error:
            # In the words of the driver, which are translated as those of every other statement.
            raise error.orig or error from None


def upgrade(db: Database) -> None:
    """Run every revision after the one that Alembic's table names, in the caller's transaction.

    Raises:
        StorageError: as `connected`.
    """
    config = scripts()
    with connected(db) as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
