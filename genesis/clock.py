"""The door for time: UTC nanoseconds since 1970-01-01, as ``int``.

The core never calls `SystemClock`: it takes time from the event. The shell is given a `Clock`, so tests pass a `ManualClock`.
"""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from typing import Protocol

NS_PER_US = 1_000
NS_PER_MS = 1_000_000
NS_PER_SECOND = 1_000_000_000
NS_PER_MINUTE = 60 * NS_PER_SECOND
NS_PER_HOUR = 3_600 * NS_PER_SECOND
NS_PER_DAY = 24 * NS_PER_HOUR

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?)?)(?:\.(\d{1,9}))?([zZ]|[+-]\d\d:?\d\d)?")


class Clock(Protocol):
    """Wall time for the shell."""

    def now_ns(self) -> int:
        """UTC nanoseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock; the only place that asks it."""

    def now_ns(self) -> int:
        """UTC nanoseconds since the epoch, from the operating system."""
        return time.time_ns()

    def elapsed_s(self) -> float:
        """Seconds on a clock that never steps back, for progress and durations."""
        return time.perf_counter()


class ManualClock:
    """A clock a test sets by hand."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now = start_ns

    def now_ns(self) -> int:
        """The time that was set."""
        return self._now

    def advance(self, ns: int) -> None:
        """Move on by ``ns`` nanoseconds."""
        self._now += ns


def iso_utc(ns: int) -> str:
    """``2025-05-04T15:33:00Z``; a fraction only where there is one, exact to the nanosecond."""
    seconds, fraction = divmod(ns, NS_PER_SECOND)
    text = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else f"{text}Z"


def parse_utc(text: str) -> int:
    """Nanoseconds of an ISO 8601 instant or date; a time without zone is UTC.

    Raises:
        ValueError: not an ISO 8601 date or instant.
    """
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"expected an ISO 8601 date or instant, found {text!r}")
    head, fraction, zone = match.groups()
    try:
        moment = datetime.fromisoformat(head + {"z": "+00:00", "Z": "+00:00"}.get(zone or "", zone or ""))
    except ValueError as error:
        raise ValueError(f"expected an ISO 8601 date or instant, found {text!r}: {error}") from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    return int(moment.timestamp()) * NS_PER_SECOND + int((fraction or "").ljust(9, "0") or "0")
