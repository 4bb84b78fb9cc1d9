"""Run by Alembic for a command: the revisions, over the connection that `genesis.storage.alembic_upgrade` was lent."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
with context.begin_transaction():
    context.run_migrations()
