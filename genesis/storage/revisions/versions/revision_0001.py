"""The first store: both chains, the inbox, and the versions of what is in it."""

from __future__ import annotations

from alembic import op

from genesis.storage.revisions.forward_only import downgrade as downgrade

revision = "0001"
down_revision = None

_TABLES = {
    "sqlite": (
        "CREATE TABLE versions (part TEXT PRIMARY KEY, version INTEGER NOT NULL)",
        "CREATE TABLE entries (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL)",
        "CREATE TABLE operations (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL)",
        "CREATE TABLE inbox (number INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, target TEXT, author TEXT NOT NULL,\n"
        "    reason TEXT NOT NULL, wall_time INTEGER NOT NULL, taken_at_seq INTEGER)",
    ),
    "postgresql": (
        "CREATE TABLE versions (part TEXT PRIMARY KEY, version BIGINT NOT NULL)",
        "CREATE TABLE entries (seq BIGINT PRIMARY KEY, bytes BYTEA NOT NULL, hash BYTEA NOT NULL)",
        "CREATE TABLE operations (seq BIGINT PRIMARY KEY, bytes BYTEA NOT NULL, hash BYTEA NOT NULL)",
        "CREATE TABLE inbox (number BIGINT PRIMARY KEY, command TEXT NOT NULL, target TEXT, author TEXT NOT NULL,"
        " reason TEXT NOT NULL, wall_time BIGINT NOT NULL, taken_at_seq BIGINT)",
    ),
}


def upgrade() -> None:
    """Make the record of a store."""
    for statement in _TABLES[op.get_bind().dialect.name]:
        op.execute(statement)
