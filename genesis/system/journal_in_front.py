"""What a journal in front of another one shares with it: where the chain stands."""

from __future__ import annotations

from genesis.engine.journal import Journal


class JournalInFront:
    """Stands where the journal behind it stands; what becomes of events on their way there is its own."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    @property
    def length(self) -> int:
        """As the journal's."""
        return self._journal.length

    @property
    def head(self) -> bytes:
        """As the journal's."""
        return self._journal.head

    @property
    def replaying(self) -> bool:
        """As the journal's."""
        return self._journal.replaying

    def commit(self) -> None:
        """As the journal's."""
        self._journal.commit()
