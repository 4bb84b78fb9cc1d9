"""A journal that also speaks: what a person should hear of at once is told when its entry is durable, never before."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from structlog.typing import FilteringBoundLogger

from genesis.clock import iso_utc
from genesis.engine.journal import Journal
from genesis.errors import GenesisError
from genesis.model.events import Event
from genesis.model.run_events import GapFound, RowsLate
from genesis.model.track_events import TrackHalted, TrackStopped
from genesis.system.journal_in_front import JournalInFront

_Line = tuple[str, dict[str, object]]


def _stopped(e: TrackStopped) -> _Line:
    return "track stopped", {"track": e.track, "at": iso_utc(e.time), "hook": e.hook, "error": e.error}


def _halted(e: TrackHalted) -> _Line:
    return "track halted", {
        "track": e.track,
        "at": iso_utc(e.time),
        "reason": e.reason,
        "detail": e.detail,
        "action": e.action,
    }


def _gap(e: GapFound) -> _Line:
    return "gap", {
        "stream": e.stream,
        "from": iso_utc(e.time_from),
        "to": iso_utc(e.time_to),
        "missing": e.missing,
        "detail": e.detail,
    }


def _late(e: RowsLate) -> _Line:
    return "rows late", {"stream": e.stream, "bar_close": iso_utc(e.bar_close), "rows": e.rows}


_WARNINGS: dict[type[Event], Callable[..., _Line]] = {TrackStopped: _stopped, TrackHalted: _halted}
# There may be thousands: how many there are is said at the start, each one only to who asks.
_DETAILS: dict[type[Event], Callable[..., _Line]] = {GapFound: _gap, RowsLate: _late}
_LINES = {*_WARNINGS, *_DETAILS}


class TellingJournal(JournalInFront):
    """A `Journal` in front of another one.

    Args:
        journal: where the entries go.
        held: how many entries it held at the start; they were told by the process that wrote them.
        log: where the lines go.
    """

    def __init__(self, journal: Journal, held: int, log: FilteringBoundLogger) -> None:
        super().__init__(journal)
        self._held, self._log = held, log
        self._recovering = journal.replaying
        self._untold: list[Event] = []

    def append(self, events: Sequence[Event]) -> None:
        """As the journal's."""
        already = max(0, self._held - self._journal.length)
        self._journal.append(events)
        self._untold.extend(e for e in events[already:] if type(e) in _LINES)

    def commit(self) -> None:
        """As the journal's; then tell."""
        try:
            self._journal.commit()
        except GenesisError as error:
            self._log.error("commit failed", entries=self._journal.length, error=str(error))
            raise
        if self._recovering and not self._journal.replaying:
            self._recovering = False
            self._log.info("recovered", entries=self._held, equal="all")
        for event in self._untold:
            if type(event) in _WARNINGS:
                what, facts = _WARNINGS[type(event)](event)
                self._log.warning(what, **facts)
            else:
                what, facts = _DETAILS[type(event)](event)
                self._log.debug(what, **facts)
        self._untold.clear()
