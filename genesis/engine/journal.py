"""The port through which the engine writes, declared where it is called; stores fit it by shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from genesis.model.events import Event


class Journal(Protocol):
    """A run chain. While ``replaying`` it compares what it is given with what it holds; then it goes on appending."""

    @property
    def length(self) -> int:
        """Entries appended or compared so far; after a commit all of them are durable."""
        ...

    @property
    def head(self) -> bytes:
        """Hash (32 bytes) of entry ``length``; 32 zero bytes before the first."""
        ...

    @property
    def replaying(self) -> bool:
        """Whether stored entries are left with which the next ones will be compared."""
        ...

    def append(self, events: Sequence[Event]) -> None:
        """Take events in order.

        Raises:
            ConfigError: the first one differs from the first stored entry: another configuration's run is kept here.
            IntegrityError: another one differs from the stored entry in its place, or it cannot be written as an entry.
        """
        ...

    def commit(self) -> None:
        """Make everything appended durable, all of it or nothing; when it returns, it is.

        Raises:
            StorageError: nothing of the group was kept; it can be committed again once the cause is gone.
        """
        ...


class NullJournal:
    """Keeps a count and nothing else: for measurements without a journal."""

    head = bytes(32)
    replaying = False

    def __init__(self) -> None:
        self.length = 0

    def append(self, events: Sequence[Event]) -> None:
        """Count."""
        self.length += len(events)

    def commit(self) -> None:
        """Nothing to keep."""
