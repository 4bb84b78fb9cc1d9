"""Commands on their way from the inbox of a store into a run.

What stops or takes away (`TAKES`) is taken between the next two batches, all else at the first evidence bar that closes after it was left, and what is left
when the tape ends is taken or refused then; the entry that records it says when, and the inbox names the entry. When a run is made again from its tape, those
that were recorded are taken where they were, and no other before the record ends.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from genesis.engine.journal import Journal
from genesis.model.events import Event
from genesis.model.promotion_events import CommandTaken
from genesis.paper_trading.promotion_facts import TAKES, Asked
from genesis.storage.rows import CommandRow, TakenRow
from genesis.system.journal_in_front import JournalInFront

_AT_ONCE = frozenset(order.value for order in TAKES)


class InboxCommands:
    """What is commanded at a moment.

    Args:
        recorded: the commands that the store says were answered, refused ones included.
        until_ns: engine time of its last entry; -1 where it has none.
        waiting: asks the inbox.
    """

    def __init__(
        self, recorded: Iterable[TakenRow], until_ns: int, waiting: Callable[[], Sequence[CommandRow]]
    ) -> None:
        self._until, self._waiting = until_ns, waiting
        self._recorded: dict[int, list[Asked]] = defaultdict(list)
        self._given: set[int] = set()
        for row in recorded:
            # A command for all versions is recorded once for each of them.
            if row.number not in self._given:
                self._recorded[row.time].append(Asked(row.number, row.command, row.target, row.author, row.reason))
                self._given.add(row.number)
        self._times = sorted(self._recorded)

    def at_bar(self, time_ns: int) -> Sequence[Asked]:
        """What is to be answered at the evidence bar that closes at ``time_ns``, in the inbox's order."""
        return self._recorded_at(time_ns) if time_ns <= self._until else self._taken(self._left())

    def at_once(self, time_ns: int) -> Sequence[Asked]:
        """What is to be answered at ``time_ns`` between two evidence bars, in the inbox's order."""
        return self._recorded_at(time_ns) if time_ns <= self._until else self._taken(self._urgent())

    def at_end(self, time_ns: int) -> Sequence[Asked]:
        """What is to be answered at ``time_ns``, at which the tape ends, in the inbox's order."""
        return self._recorded_at(time_ns) if time_ns <= self._until else self._taken(self._left())

    def is_urgent(self, time_ns: int) -> bool:
        """Whether something waits that may be answered at ``time_ns``, beyond the record, without waiting for the evidence bar."""
        return time_ns > self._until and bool(self._urgent())

    def recorded_after(self, time_ns: int) -> int | None:
        """Engine time of the first recorded answer after ``time_ns``; ``None`` where there is none."""
        place = bisect_right(self._times, time_ns)
        return self._times[place] if place < len(self._times) else None

    def _recorded_at(self, time_ns: int) -> list[Asked]:
        return sorted(self._recorded.get(time_ns, ()), key=lambda c: c.number)

    def _left(self) -> list[CommandRow]:
        return [row for row in self._waiting() if row.number not in self._given]

    def _urgent(self) -> list[CommandRow]:
        return [row for row in self._left() if row.command in _AT_ONCE]

    def _taken(self, found: Sequence[CommandRow]) -> list[Asked]:
        self._given.update(row.number for row in found)
        return [Asked(r.number, r.command, r.target, r.author, r.reason) for r in found]


class _Takes(Journal, Protocol):
    def take_command(self, number: int) -> None: ...


class TakingJournal(JournalInFront):
    """A `Journal` in front of one that has an inbox: each command is marked as taken by the entry that records it."""

    def __init__(self, journal: _Takes) -> None:
        super().__init__(journal)
        self._inbox = journal

    def append(self, events: Sequence[Event]) -> None:
        """As the journal's."""
        start = 0
        for stop, event in enumerate(events, 1):
            if type(event) is CommandTaken:
                self._journal.append(events[start:stop])
                self._inbox.take_command(event.number)
                start = stop
        self._journal.append(events[start:])
