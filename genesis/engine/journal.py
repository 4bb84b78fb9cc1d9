"""The port through which the engine writes, declared where it is called; stores fit it by shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from genesis.model.events import Event


class Journal(Protocol):
    """A run chain. While ``replaying`` it compares what it is given with what it holds; then it goes on appending."""

    @property
    def length(self) -> int: ...

    @property
    def replaying(self) -> bool: ...

    def append(self, events: Sequence[Event]) -> None:
        """Take entries in order; `IntegrityError` when a replayed one differs from the stored one."""
        ...

    def commit(self) -> None:
        """Make everything appended durable; when it returns, it is."""
        ...


class NullJournal:
    """Keeps a count and nothing else: for measurements without a journal."""

    def __init__(self) -> None:
        self.length = 0
        self.replaying = False

    def append(self, events: Sequence[Event]) -> None:
        """Count."""
        self.length += len(events)

    def commit(self) -> None:
        """Nothing to keep."""
