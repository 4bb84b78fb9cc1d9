"""The configuration of what a store keeps, and of when it has been outgrown."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta

from genesis.config.section import Section


class SnapshotsSection(Section, frozen=True):
    """Snapshots of a run's state (docs/STORAGE.md), which leave no trace in the run chain.

    One is taken when ``every_entries`` more are durable, and at a clean stop; the last ``keep`` are kept. ``every_entries`` 0: none is taken.
    """

    every_entries: Annotated[int, Meta(ge=0)] = 50_000
    keep: Annotated[int, Meta(ge=1)] = 2


class StorageSection(Section, frozen=True):
    """What a live account brings with it that has outgrown a file (docs/STORAGE.md). Where the store is says ``run.store``.

    From ``outgrown_usd`` of live equity on a store in a file is warned of; with ``require_postgres`` no version rises meanwhile.
    """

    require_postgres: bool = False
    outgrown_usd: Decimal = Decimal(2000)
    snapshots: SnapshotsSection = SnapshotsSection()

    def __post_init__(self) -> None:
        if not self.outgrown_usd > 0:
            raise ValueError(f"outgrown_usd: expected above 0, found {self.outgrown_usd}")
