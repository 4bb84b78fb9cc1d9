"""The feed half of a fault plan: recorded columns in, the columns that would have arrived out.

It works on a recording before the tape is built, so the faulted tape is simply the tape of a run. What is drawn is keyed by the
instrument, the moment of the message and its place in that moment, so a message's fate depends on no other message.

A message is a trade, a quote, or the depth rows that arrived together. In this order: messages are late and delivered twice,
quotes and depth stand still, a gap takes away what arrives in it, all is put in the order of arrival, and the door of the feed lets
nothing in twice that an id betrays. Engine time never decreases; the exchange's own time stays as it is and may step back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from genesis.clock import NS_PER_MS
from genesis.execution.book import DepthBook
from genesis.execution.fault_plan import Deliveries, FaultPlan, Windowed
from genesis.execution.faults import windows_of
from genesis.feeds.files.reading import GapInfo, Reading
from genesis.rng import KeyedDraws
from genesis.tape.stream import ABSENT, COLUMNS, Column, StreamKind

Mask = NDArray[np.bool_]
_STANDING = (StreamKind.QUOTES, StreamKind.DEPTH, StreamKind.ORDERS)


class FeedFault(msgspec.Struct, frozen=True):
    """What one fault did to one stream: ``windows`` it fell into and ``messages`` it touched (missing, held back, late, delivered twice).

    ``recognised``: how many of these messages the door of the feed dropped, because their id was known already or older than one it had.
    """

    fault: str
    stream: str
    windows: int
    messages: int
    recognised: int = 0


class Faulted(msgspec.Struct, frozen=True, eq=False):
    """A reading as it would have arrived, and what was done to it. Where nothing was, the reading is the very same."""

    reading: Reading
    done: tuple[FeedFault, ...]


def fault_reading(reading: Reading, plan: FaultPlan, seed: int) -> Faulted:
    """Put one recorded stream through the feed half of ``plan``; ``seed`` is the run's, for a plan without one of its own.

    Gaps are told in the report of the reading, beside those that the recording has.
    """
    draws = KeyedDraws(seed if plan.seed is None else plan.seed)
    name = reading.name
    if not reading.rows or not _touches(reading, plan):
        return Faulted(reading, ())
    arriving = _Arriving(reading, name)
    done = [
        *arriving.deliver(plan.reorder, plan.duplicates, draws),
        *arriving.stand_still(plan, draws),
    ]
    gaps, fault = arriving.lose(plan, draws)
    done += fault
    recognised = arriving.settle()
    done = [msgspec.structs.replace(d, recognised=recognised.get(d.fault, 0)) for d in done]
    if not any(d.messages for d in done):
        return Faulted(reading, tuple(done))
    report = msgspec.structs.replace(
        reading.report, gaps=tuple(sorted((*reading.report.gaps, *gaps), key=lambda g: (g.time_to, g.time_from)))
    )
    columns = {n: arriving.columns[n] for n in COLUMNS[reading.kind]}
    extras = {n: arriving.columns[n] for n in reading.extras}
    return Faulted(msgspec.structs.replace(reading, columns=columns, extras=extras, report=report), tuple(done))


def message_ids(reading: Reading) -> Column | None:
    """The venue's own ids of a stream's rows: of trades theirs, of quotes and depth the book's update.

    ``None`` where the source has none, or where they do not tell its messages apart: then no duplicate can be recognised.
    """
    if reading.kind is StreamKind.TRADES:
        # A reader says so where it had to number the trades itself.
        return None if "trade id" in reading.report.facts else reading.columns["trade_id"]
    return reading.extras.get("update_id")


def known_at_the_door(kind: StreamKind, ids: Column) -> Mask:
    """Which of the messages, in the order of arrival, the door of a feed drops: ``ids`` are theirs, one a message.

    A trade is known by its id, whenever it comes. A quote or a depth message says what the book is after an update: one that is not newer than
    the newest says nothing (Binance: ``u`` not above the last applied is dropped; execution.md 5.2 and 5.3).
    """
    known = np.ones(len(ids), np.bool_)
    if not len(ids):
        return known
    if kind is StreamKind.TRADES:
        known[np.unique(ids, return_index=True)[1]] = False
        return known
    known[0] = False
    known[1:] = ids[1:] <= np.maximum.accumulate(ids)[:-1]
    return known


def _touches(reading: Reading, plan: FaultPlan) -> bool:
    instrument, kind = reading.instrument.id, reading.kind
    faults: list[tuple[Windowed | Deliveries | None, Sequence[StreamKind]]] = [
        (fault, fault.streams) for fault in (plan.gap, plan.reorder, plan.duplicates) if fault is not None
    ]
    faults.append((plan.stale_quotes, _STANDING))
    return any(_applies(fault, instrument) and kind in streams for fault, streams in faults)


def _applies(fault: object, instrument: str) -> bool:
    if not isinstance(fault, (Windowed, Deliveries)) or fault.is_off:
        return False
    only: list[str] | None = getattr(fault, "instruments", None)
    return only is None or instrument in only


class _Arriving:
    """The rows of one stream on their way: what the recording has, when it arrives now, and which fault each row met."""

    def __init__(self, reading: Reading, name: str) -> None:
        self.reading, self.name, self.kind = reading, name, reading.kind
        self.instrument = reading.instrument.id
        self.columns: dict[str, Column] = {**reading.columns, **reading.extras}
        self._sent = reading.columns["ts"]
        self._starts = _message_starts(reading)
        self._lengths = np.diff(np.append(self._starts, reading.rows))
        self._ids = message_ids(reading)
        # By message: which one of the recording, when it arrives, whether it is a copy, whether it is late or was taken away.
        count = len(self._starts)
        self._message = np.arange(count)
        self._arrival = self._sent[self._starts].copy()
        self._is_copy = np.zeros(count, np.bool_)
        self._is_late = np.zeros(count, np.bool_)
        self._is_gone = np.zeros(count, np.bool_)
        self._snapshots: list[tuple[int, int]] = []

    # ---- the faults

    def deliver(self, reorder: Deliveries | None, duplicates: Deliveries | None, draws: KeyedDraws) -> list[FeedFault]:
        """Make messages late, and deliver messages twice."""
        done = []
        if reorder is not None and self._concerns(reorder, reorder.streams):
            chosen, delay = self._draw("fault.reorder", reorder, draws)
            self._arrival[chosen] += delay
            self._is_late[chosen] = True
            if self.kind is StreamKind.DEPTH:
                # Depth builds on itself and travels on one ordered connection: what is late holds back what is behind it.
                self._arrival = np.maximum.accumulate(self._arrival)
            done.append(FeedFault("reorder", self.name, 0, len(chosen)))
        if duplicates is not None and self._concerns(duplicates, duplicates.streams):
            chosen, delay = self._draw("fault.duplicate", duplicates, draws)
            again = self._arrival[chosen] + delay
            self._message = np.concatenate((self._message, self._message[chosen]))
            self._arrival = np.concatenate((self._arrival, again))
            self._is_copy = np.concatenate((self._is_copy, np.ones(len(chosen), np.bool_)))
            self._is_late = np.concatenate((self._is_late, np.zeros(len(chosen), np.bool_)))
            self._is_gone = np.concatenate((self._is_gone, np.zeros(len(chosen), np.bool_)))
            done.append(FeedFault("duplicates", self.name, 0, len(chosen)))
        return done

    def stand_still(self, plan: FaultPlan, draws: KeyedDraws) -> list[FeedFault]:
        """Hold what stands still back to the end of a window."""
        windows = self._windows(plan.stale_quotes, _STANDING, draws, "fault.stale_quotes")
        if windows is None:
            return []
        within, place = _within(windows, self._arrival)
        self._hold(within, windows, place)
        return [FeedFault("stale quotes", self.name, len(np.unique(place[within])), int(np.count_nonzero(within)))]

    def lose(self, plan: FaultPlan, draws: KeyedDraws) -> tuple[list[GapInfo], list[FeedFault]]:
        """Take away what arrives in a gap, and tell each gap in which something is missing."""
        gap = plan.gap
        windows = None if gap is None else self._windows(gap, gap.streams, draws, "fault.gap")
        if windows is None:
            return [], []
        within, place = _within(windows, self._arrival)
        if self.kind is StreamKind.ORDERS:
            # Read anew, each order is in its place as if what became of it had been heard at once.
            self._hold(within, windows, place)
        else:
            self._is_gone |= within
        missing = np.bincount(place[within & ~self._is_copy], minlength=len(windows)).tolist()
        gaps = []
        for window, count in zip(windows, missing, strict=True):
            if count:
                gaps.append(self._told(window, count))
        if self.kind is StreamKind.DEPTH:
            self._read_anew([w for w, count in zip(windows, missing, strict=True) if count])
        return gaps, [FeedFault("gap", self.name, len(gaps), sum(missing))]

    def settle(self) -> dict[str, int]:
        """Put what is left in the order of arrival and through the door; how many messages it recognised, by fault."""
        seq = self.columns["seq"][self._starts][self._message]
        order = np.lexsort((self._message, self._is_copy, seq, self._arrival))
        order = order[~self._is_gone[order]]
        recognised = {}
        if self._ids is not None and self._tells_apart():
            ids = self._ids[self._starts][self._message[order]]
            known = known_at_the_door(self.kind, ids)
            copies, late = self._is_copy[order], self._is_late[order]
            recognised = {
                "duplicates": int(np.count_nonzero(known & copies)),
                "reorder": int(np.count_nonzero(known & late & ~copies)),
            }
            order = order[~known]
        self._take(order)
        return recognised

    # ---- inside

    def _hold(self, within: Mask, windows: Sequence[tuple[int, int]], place: Column) -> None:
        """Let what arrives in a window arrive at its end."""
        if windows:
            self._arrival[within] = np.array([w[1] for w in windows], np.int64)[place[within]]

    def _concerns(self, fault: Windowed | Deliveries | None, streams: Sequence[StreamKind]) -> bool:
        return self.kind in streams and _applies(fault, self.instrument)

    def _windows(
        self, fault: Windowed | None, streams: Sequence[StreamKind], draws: KeyedDraws, purpose: str
    ) -> list[tuple[int, int]] | None:
        if not self._concerns(fault, streams):
            return None
        found = windows_of(fault, draws, purpose, self.instrument)
        return None if found is None else found.between(int(self._arrival.min()), int(self._arrival.max()) + 1)

    def _draw(self, purpose: str, fault: Deliveries, draws: KeyedDraws) -> tuple[Column, Column]:
        """The messages that a share chose, and their delays in ns."""
        sent = self._sent[self._starts]
        ordinals = np.arange(len(sent)) - np.searchsorted(sent, sent)
        share, key, uniform = float(fault.share), f"{purpose}.{self.kind.value}", draws.uniform
        chosen, delays = [], []
        for i, (ts, ordinal) in enumerate(zip(sent.tolist(), ordinals.tolist(), strict=True)):
            if uniform(key, self.instrument, ts, ordinal) < share:
                chosen.append(i)
                delays.append(
                    draws.clipped_normal(fault.delay_ms, NS_PER_MS, f"{key}.delay", self.instrument, ts, ordinal)
                )
        return np.array(chosen, np.int64), np.array(delays, np.int64)

    def _told(self, window: tuple[int, int], count: int) -> GapInfo:
        # What a feed can know of a gap: ids and bars count up, quotes and depth do not.
        counted = self.kind in (StreamKind.TRADES, StreamKind.BARS)
        what = {StreamKind.TRADES: "trades", StreamKind.BARS: "bars"}.get(self.kind, "messages")
        return GapInfo(*window, count if counted else None, f"on purpose, by a fault plan: {count} {what} missing")

    def _read_anew(self, windows: Sequence[tuple[int, int]]) -> None:
        """At the end of a gap the book is read as it is then: it holds every message of before, also what is still on its way."""
        sent = self._sent[self._starts][self._message]
        for start, stop in windows:
            self._is_gone |= (sent < stop) & (self._arrival >= start)
            last = int(np.searchsorted(self._sent, stop)) - 1
            self._snapshots.append((last, stop))

    def _tells_apart(self) -> bool:
        """Whether the recording's own messages all pass the door."""
        ids = self._ids
        return ids is not None and not known_at_the_door(self.kind, ids[self._starts]).any()

    def _take(self, order: Column) -> None:
        """The rows of the messages in ``order``, and the snapshots among them."""
        messages = self._message[order]
        lengths = self._lengths[messages]
        before = np.cumsum(lengths) - lengths
        rows = np.arange(int(lengths.sum())) + np.repeat(self._starts[messages] - before, lengths)
        taken = {name: column[rows] for name, column in self.columns.items()}
        taken["ts"] = np.repeat(self._arrival[order], lengths)
        for last, stop in self._snapshots:
            taken = self._with_snapshot(taken, last, stop)
        self.columns = taken

    def _with_snapshot(self, taken: Mapping[str, Column], last: int, stop: int) -> dict[str, Column]:
        """``taken`` with the whole book at ``stop``, which the recording's rows up to ``last`` make."""
        at = int(np.searchsorted(taken["ts"], stop))
        book = DepthBook()
        book.apply(dict(self.reading.columns), last + 1)
        levels = [(side, ticks, lots) for side in (1, -1) for ticks, lots in sorted(book.levels(side).items())]
        # A book of which nothing is left is told by a level that is gone.
        sides, ticks, lots = np.array(levels or [(1, 1, 0)], np.int64).T
        values = {"ts": stop, "time_event": ABSENT, "seq": int(self.columns["seq"][last]), "snapshot": 1}
        new = {name: np.full(len(sides), value, np.int64) for name, value in values.items()}
        new |= {"side": sides, "ticks": ticks, "lots": lots}
        new |= {name: np.full(len(sides), column[last], np.int64) for name, column in self.reading.extras.items()}
        return {name: np.concatenate((column[:at], new[name], column[at:])) for name, column in taken.items()}


def _message_starts(reading: Reading) -> Column:
    """The first row of each message."""
    if reading.kind is not StreamKind.DEPTH:
        return np.arange(reading.rows)
    same = [reading.columns["ts"], reading.columns["seq"], *reading.extras.values()]
    changes = np.zeros(reading.rows, np.bool_)
    changes[0] = True
    for column in same:
        changes[1:] |= column[1:] != column[:-1]
    return np.flatnonzero(changes)


def _within(windows: Sequence[tuple[int, int]], times: Column) -> tuple[Mask, Column]:
    """Which times lie in a window, and the number of the last window that begins at or before each."""
    if not windows:
        return np.zeros(len(times), np.bool_), np.zeros(len(times), np.int64)
    starts, stops = (np.array(side, np.int64) for side in zip(*windows, strict=True))
    place = np.searchsorted(starts, times, "right") - 1
    inside: Mask = (place >= 0) & (times < stops[np.maximum(place, 0)])
    return inside, place
