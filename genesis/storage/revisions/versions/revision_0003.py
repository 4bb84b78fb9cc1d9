"""Snapshots of a run's state, beside the record."""

from __future__ import annotations

from alembic import op

from genesis.storage.revisions.forward_only import downgrade as downgrade

revision = "0003"
down_revision = "0002"

_TABLE = {
    "sqlite": "CREATE TABLE snapshots (number INTEGER PRIMARY KEY, facts TEXT NOT NULL, state BLOB NOT NULL)",
    "postgresql": "CREATE TABLE snapshots (number BIGINT PRIMARY KEY, facts TEXT NOT NULL, state BYTEA NOT NULL)",
}


def upgrade() -> None:
    """Make a table of no snapshots."""
    op.execute(_TABLE[op.get_bind().dialect.name])
