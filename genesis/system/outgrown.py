"""What a live account that has outgrown a file brings with it (`storage` in the configuration): a warning, or no further step up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
from structlog.typing import FilteringBoundLogger

from genesis.audit.entry import decode
from genesis.config.schema import StorageSection
from genesis.model.grid import plain
from genesis.storage.address import StoreAddress, is_postgres
from genesis.storage.moved import MIGRATED
from genesis.storage.reader import StoreReader
from genesis.storage.rows import OperationRow
from genesis.storage.store import Store

OUTGROWN = "outgrown"
ADVICE = "move the store to PostgreSQL: genesis db migrate STORE --to postgresql://user@host/database"


class _Span(msgspec.Struct, frozen=True):
    """Up to the engine time ``until_ns`` the run was kept on a server, or was not."""

    until_ns: int
    on_server: bool


class KeptOn:
    """On what a run was kept at each moment of its history, as the operations chain witnesses it; from then on, where it is now.

    A run that is made again finds the answers it had, wherever its store has been moved since.
    """

    def __init__(self, spans: Sequence[_Span], on_server: bool) -> None:
        self._spans, self._now = spans, on_server

    @classmethod
    def of(cls, store: StoreAddress, reader: StoreReader | None) -> KeptOn:
        """Of a store, and a reader of it where it holds anything yet."""
        moves = [] if reader is None else [o for o in reader.operations() if o.kind == MIGRATED]
        spans = (
            []
            if reader is None
            else [_Span(_time(reader, m.run_length), is_postgres(str(m.facts["source"]))) for m in moves]
        )
        return cls(spans, not isinstance(store, Path))

    def __call__(self, time_ns: int) -> bool:
        """Whether the run was on a server when it decided at ``time_ns``."""
        return next((s.on_server for s in self._spans if time_ns <= s.until_ns), self._now)


def holding_back(rules: StorageSection, on_server: Callable[[int], bool]) -> Callable[[int, Decimal], str]:
    """Why nobody rises at a moment with so much equity, in words; empty where nothing of this kind forbids it."""

    def words(time_ns: int, equity: Decimal) -> str:
        if not rules.require_postgres or equity < rules.outgrown_usd or on_server(time_ns):
            return ""
        return f"storage.require_postgres: from {plain(rules.outgrown_usd)} USD on the store must be on PostgreSQL"

    return words


class OutgrownWatch:
    """Notes once, in the operations chain and the log, that live equity has passed the bound while the store is a file.

    The run chain says nothing of it: on what a run is kept is no part of what it is a function of.
    """

    def __init__(
        self,
        store: Store,
        rules: StorageSection,
        noted: Sequence[OperationRow],
        live_equity: Callable[[], Decimal | None],
        log: FilteringBoundLogger,
    ) -> None:
        self._store, self._rules, self._live_equity, self._log = store, rules, live_equity, log
        self._noted = not isinstance(store.path, Path) or any(o.kind == OUTGROWN for o in noted)

    def look(self) -> None:
        """Note it, where it is so."""
        if self._noted:
            return
        equity = self._live_equity()
        if equity is None or equity < self._rules.outgrown_usd:
            return
        self._store.operation(OUTGROWN, equity=plain(equity), bound=plain(self._rules.outgrown_usd))
        self._log.warning("live equity has outgrown a file", equity=plain(equity), so=ADVICE)
        self._noted = True


def _time(reader: StoreReader, seq: int) -> int:
    return next((int(str(decode(row.entry)["time"])) for row in reader.entries(seq, seq)), -1)
