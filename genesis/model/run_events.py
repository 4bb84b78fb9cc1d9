"""What is journalled of a run as a whole: how it began, what its data lacked, what faults it was given, that it is complete."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from genesis.model.events import Event, Wire


class RunStarted(Event, frozen=True, gc=False):
    """The first entry: everything the run is a function of. ``facts`` holds configuration, instruments, tape and tracks."""

    facts: Wire

    def wire(self) -> Wire:
        return dict(self.facts)


class GapFound(Event, frozen=True, gc=False):
    """Market data are missing in [``time_from``, ``time_to``); ``missing`` counts bars or ids where that is known."""

    stream: str
    time_from: int
    time_to: int
    missing: int | None
    detail: str

    def wire(self) -> Wire:
        return {
            "detail": self.detail,
            "missing": self.missing,
            "stream": self.stream,
            "time_from": self.time_from,
            "time_to": self.time_to,
        }


class RowsLate(Event, frozen=True, gc=False):
    """Rows arrived after the bar they belong to had closed; the bar was not reopened."""

    stream: str
    bar_close: int
    rows: int

    def wire(self) -> Wire:
        return {"bar_close": self.bar_close, "rows": self.rows, "stream": self.stream}


class FaultWindow(msgspec.Struct, frozen=True, gc=False):
    """A window [``time_from``, ``time_to``) of a fault, into which ``hits`` orders, cancels or answers fell.

    ``instrument`` is empty where it is one of the connection to the venue.
    """

    fault: str
    instrument: str
    time_from: int
    time_to: int
    hits: int

    def wire(self) -> Wire:
        """Wire form."""
        return {
            "fault": self.fault,
            "hits": self.hits,
            "instrument": self.instrument,
            "time_from": self.time_from,
            "time_to": self.time_to,
        }


class FaultTime(msgspec.Struct, frozen=True, gc=False):
    """How many windows of a fault met a run, and for how long in all; ``instrument`` as in `FaultWindow`."""

    fault: str
    instrument: str
    windows: int
    length_ns: int

    def wire(self) -> Wire:
        """Wire form."""
        return {
            "fault": self.fault,
            "instrument": self.instrument,
            "length_ns": self.length_ns,
            "windows": self.windows,
        }


class FaultsInjected(Event, frozen=True, gc=False):
    """What a fault plan did to a track's orders and answers, told when the tape ends.

    ``injected`` counts by fault; ``times`` are of all windows that met the run, ``hit`` those into which something fell. The largest age of the price that marked a position while it was
    held, in ns (``None``: nothing was held), is that of this track and of the same strategy undisturbed.
    """

    injected: Mapping[str, int]
    times: tuple[FaultTime, ...]
    hit: tuple[FaultWindow, ...]
    oldest_price_ns: int | None
    oldest_price_undisturbed_ns: int | None

    def wire(self) -> Wire:
        return {
            "hit": [w.wire() for w in self.hit],
            "injected": dict(self.injected),
            "oldest_price_ns": self.oldest_price_ns,
            "oldest_price_undisturbed_ns": self.oldest_price_undisturbed_ns,
            "times": [t.wire() for t in self.times],
        }


class TapeEnded(Event, frozen=True, gc=False):
    """The recorded tape has no more rows: the run is complete."""

    rows: int

    def wire(self) -> Wire:
        return {"rows": self.rows}
