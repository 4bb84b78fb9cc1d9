"""Copying a record from one store into another, whatever keeps either: the same bytes, the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from genesis.errors import IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Lines, ensure_none_archived, every_entry
from genesis.storage.bulk import Rows
from genesis.storage.database import Database
from genesis.storage.entries import chain_head
from genesis.storage.faults import one_view, transaction
from genesis.storage.moved import ARRIVING, arriving_from
from genesis.storage.operations import add_operation
from genesis.storage.projections import project
from genesis.storage.schema import RECORD, create_projections

_RANGE = 2_048


def copy_record(
    source: Database, place: StoreAddress, target: Database, host: str, wall_ns: int, lines: Lines | None = None
) -> None:
    """Copy chains and inbox into an empty store, make its projections from the entries, and note that the history is arriving; all of it or nothing.

    Entries of the source, which is at ``place``, that lie in an archive lie in it for the target too. ``lines`` are the archive's entries, which the projections are made from.

    Raises:
        IntegrityError: what was read from the target is not what was written, or the archive holds others than were chained.
        ConfigError: some entries of the source lie in an archive, and it is not given.
    """
    if lines is None:
        ensure_none_archived(source, "entries")
    with one_view(source), transaction(target):
        for table, key in RECORD.items():
            for rows in _ranges(source, table, key):
                waiting = Rows(table)
                for row in rows:
                    waiting.append(row)
                waiting.insert(target)
        for chain in ("entries", "operations"):
            expected, found = chain_head(source, chain), chain_head(target, chain)
            if expected != found:
                raise IntegrityError(
                    f"{chain}: expected a copy of {expected[0]} rows with head {expected[1].hex()}, "
                    f"found {found[0]} with {found[1].hex()}; nothing was kept"
                )
        create_projections(target)
        project(target, every_entry(target, lines, "projections"))
        add_operation(target, ARRIVING, host, wall_ns, msgspec.to_builtins(arriving_from(place, target)))


def _ranges(db: Database, table: str, key: str) -> Iterator[list[tuple[Any, ...]]]:
    query = f"SELECT * FROM {table} WHERE {key} > ? ORDER BY {key} LIMIT {_RANGE}"  # nosec B608 # names are ours, values are bound
    rows = db.execute(query, (0,)).fetchall()
    while rows:
        yield rows
        rows = db.execute(query, (rows[-1][0],)).fetchall()
