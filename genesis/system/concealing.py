"""No configured secret reaches the run chain: what a strategy says in its own words is masked before it is an entry.

So the chain, everything made of it and every copy of it are free of it, and a changed key changes no entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from genesis.config.secrets import MASK, Secret
from genesis.engine.journal import Journal
from genesis.model.events import Event
from genesis.model.track_events import StrategyNote, TrackStopped
from genesis.system.journal_in_front import JournalInFront


class ConcealingJournal(JournalInFront):
    """A `Journal` in front of another one, for a run whose configuration has secrets."""

    def __init__(self, journal: Journal, secrets: Iterable[Secret]) -> None:
        super().__init__(journal)
        # The longest first: one secret may be part of another.
        self._secrets = sorted({t for s in secrets for t in s.spellings()}, key=len, reverse=True)

    def append(self, events: Sequence[Event]) -> None:
        """As the journal's, with the secrets masked."""
        self._journal.append([self._concealed(e) for e in events] if self._secrets else events)

    def _concealed(self, event: Event) -> Event:
        if isinstance(event, TrackStopped):
            return msgspec.structs.replace(event, error=self._masked(event.error))
        if isinstance(event, StrategyNote):
            return msgspec.structs.replace(event, text=self._masked(event.text))
        return event

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, MASK)
        return text
