"""Bringing the record of an earlier version to this one's, step by step, on every database alike (docs/DECISIONS/0006).

The record is the chains and the inbox. Projections need no step: they are made again from the entries, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from genesis.storage import schema
from genesis.storage.archived import Lines
from genesis.storage.database import Database
from genesis.storage.faults import transaction
from genesis.storage.projections import make_anew


def _projections_only(db: Database) -> None:
    """Between versions 1 and 2 only what people query was laid out anew."""


# What leads from a version to the next. An entry's bytes are never touched: they are final from the day they were written.
STEPS: Mapping[int, Callable[[Database], None]] = {1: _projections_only, 2: schema.create_snapshots}


def bring_forward(db: Database, lines: Lines | None = None) -> None:
    """Bring the record to `schema.SCHEMA_VERSION` and the projections to this version's layout, all of it or nothing.

    Raises:
        ConfigError: projections are to be made again and some entries lie in an archive, whose ``lines`` are not given.
        IntegrityError: the archive holds others than were chained.
    """
    found = schema.version(db, "schema") or 0
    anew = schema.version(db, "projections") != schema.PROJECTIONS_VERSION
    if found == schema.SCHEMA_VERSION and not anew:
        return
    with transaction(db):
        for version in range(found, schema.SCHEMA_VERSION):
            STEPS[version](db)
        db.execute("UPDATE versions SET version = ? WHERE part = 'schema'", (schema.SCHEMA_VERSION,))
        if anew:
            make_anew(db, lines)
