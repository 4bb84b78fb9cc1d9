"""Bringing the record of an earlier version to this one's, by Alembic, on every database alike (docs/DECISIONS/0006).

The record is the chains and the inbox. Projections need no revision: they are made again from the entries, in the same transaction.
"""

from __future__ import annotations

from genesis.storage import schema
from genesis.storage.archived import Lines
from genesis.storage.database import Database
from genesis.storage.faults import transaction
from genesis.storage.projections import make_anew


def bring_forward(db: Database, lines: Lines | None = None) -> None:
    """Bring the record to `schema.HEAD` and the projections to this version's layout, all of it or nothing.

    Raises:
        ConfigError: projections are to be made again and some entries lie in an archive, whose ``lines`` are not given.
        IntegrityError: the archive holds others than were chained.
    """
    old = schema.revision(db) != schema.HEAD
    anew = schema.version(db, "projections") != schema.PROJECTIONS_VERSION
    if not old and not anew:
        return
    with transaction(db):
        if old:
            _upgrade(db)
        if anew:
            make_anew(db, lines)


def _upgrade(db: Database) -> None:
    # A third of a second of processor time, which only who needs it pays.
    from genesis.storage import alembic_upgrade

    found = schema.revision(db)
    if found is not None and not db.has_table(schema.REVISION_TABLE):
        schema.stamp(db, found)
    alembic_upgrade.upgrade(db)
