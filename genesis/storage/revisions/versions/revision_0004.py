"""The record's version stands in Alembic's table alone; ``versions`` keeps that of the tables that people query."""

from __future__ import annotations

from alembic import op

from genesis.storage.revisions.forward_only import downgrade as downgrade

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Take away what versions 1 to 3 said; Alembic's table says it from the start of the upgrade on."""
    op.execute("DELETE FROM versions WHERE part = 'schema'")
