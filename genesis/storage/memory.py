"""Journals without a disk, for tests and measurements."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.entry import encode
from genesis.audit.replay import ensure_same
from genesis.engine.journal import NullJournal
from genesis.model.events import Event

__all__ = ["MemoryJournal", "NullJournal"]


class MemoryJournal:
    """A run chain in memory: ``entries`` holds the bytes, those given at the start and those appended.

    Args:
        stored: entries of an earlier run, with which the first ones are compared.
    """

    def __init__(self, stored: Sequence[bytes] = ()) -> None:
        self.entries = list(stored)
        self._stored = len(self.entries)
        self._length, self._head = 0, GENESIS_HASH

    @property
    def length(self) -> int:
        """Entries appended or compared so far."""
        return self._length

    @property
    def head(self) -> bytes:
        """Hash of the last of them."""
        return self._head

    @property
    def replaying(self) -> bool:
        """Whether entries given at the start are left to compare with."""
        return self._length < self._stored

    def append(self, events: Sequence[Event]) -> None:
        """Compare, or keep."""
        for event in events:
            entry = encode(event)
            if self.replaying:
                ensure_same("memory", self._length + 1, self.entries[self._length], entry)
            else:
                self.entries.append(entry)
            self._length += 1
            self._head = link(self._head, entry)

    def commit(self) -> None:
        """Nothing is waiting: memory keeps at once what it is given."""
