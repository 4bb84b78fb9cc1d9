"""Overseers of a run's tracks for tests: what an overseer has to answer, where nobody commands and nothing is watched."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from genesis.engine.track import Track
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.model.events import Event


class EveryBar(ABC):
    """Looks when an evidence bar has closed, from ``next_ns`` on; what is done then is `close_bar` of those that inherit."""

    def __init__(self, next_ns: int) -> None:
        self.next_ns = next_ns

    def watches(self, track: Track) -> bool:
        """It watches nobody."""
        return False

    def look(self, track: Track, now: int) -> None:  # noqa: B027 - there is nothing to look at
        """Nothing is watched."""

    def hear(self, entries: Sequence[Event]) -> None:  # noqa: B027 - most need not hear
        """Nothing depends on what was journalled."""

    def next_before(self, closed_before: int) -> int | None:
        """The next close of an evidence bar."""
        return self.next_ns if self.next_ns < closed_before else None

    def is_called(self, time_ns: int) -> bool:
        """Nobody commands."""
        return False

    def account(self) -> None:  # noqa: B027 - no account is shared
        """Tracks that trade a share go their own way."""

    def look_at_all(self, time_ns: int) -> list[Event]:
        """A bar has closed."""
        self.next_ns = time_ns + EVIDENCE_BAR_NS
        return self.close_bar(time_ns)

    @abstractmethod
    def close_bar(self, time_ns: int) -> list[Event]:
        """What follows from the bar that closed at ``time_ns``."""

    def look_at_end(self, time_ns: int) -> list[Event]:
        """Nobody waits for an answer."""
        return []
