"""The deterministic core of the loop: what arrived goes in, the entries of every track come out in one order. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import Any, Protocol

from genesis.engine.track import Track
from genesis.evidence.families import closed_adjustment
from genesis.invariants import ensure
from genesis.model.events import Event
from genesis.model.instruments import Instrument
from genesis.model.market import BarSpec
from genesis.model.promotion_events import EvidenceSample, FamilyEvidence
from genesis.model.run_events import GapFound, RowsLate, TapeEnded
from genesis.tape.bars import BarSeries
from genesis.tape.stream import Stream, StreamKind


class Tape:
    """The streams of a run, the bar series built from them, and the gaps known of them; shared by every track."""

    def __init__(self, streams: Sequence[Stream], gaps: Sequence[GapFound] = ()) -> None:
        names = [s.name for s in streams]
        if len(set(names)) != len(names):
            raise ValueError(f"streams: expected each once, found {names}")
        self.streams = tuple(streams)
        self._gaps = sorted(gaps, key=lambda g: (g.time, g.stream))
        self._gaps_told = 0
        # By the name of the stream they are built from.
        self._series: dict[tuple[str, BarSpec], BarSeries] = {}
        self._late_told: dict[tuple[str, BarSpec], int] = {}
        self._watched: list[BarSeries] = []
        self._closed = 0

    def of(self, instrument: Instrument, label: str = "") -> list[Stream]:
        """The streams of one instrument; of a recording that is there twice, the one with the label asked for."""
        streams = [s for s in self.streams if s.instrument is instrument]
        labelled = {(s.kind, s.spec): s for s in streams if label and s.label == label}
        return [labelled.get((s.kind, s.spec), s) for s in streams if not s.label]

    def series(self, instrument: Instrument, spec: BarSpec, label: str = "") -> BarSeries:
        """The shared series of ``spec``, built from trades where there are any, else from the longest bars that divide it.

        Raises:
            ValueError: the tape has nothing to build them from.
        """
        source = self._bar_source(instrument, spec, label)
        key = (source.name, spec)
        if key not in self._series:
            series = BarSeries(source, spec)
            series.update(self._closed)
            self._series[key], self._late_told[key] = series, 0
        return self._series[key]

    def missing_ns(self, stream: str, from_ns: int, to_ns: int) -> int:
        """How much of [``from_ns``, ``to_ns``) the known gaps of a stream cover."""
        missing, at = 0, from_ns
        for gap in self._gaps:
            if gap.stream == stream and gap.time_to > at and gap.time_from < to_ns:
                missing += min(gap.time_to, to_ns) - max(gap.time_from, at)
                at = max(at, min(gap.time_to, to_ns))
        return missing

    def is_missing(self, stream: str, from_ns: int, to_ns: int) -> bool:
        """Whether known gaps of a stream cover all of [``from_ns``, ``to_ns``)."""
        return self.missing_ns(stream, from_ns, to_ns) >= to_ns - from_ns

    @property
    def closed_before(self) -> int:
        """Engine time before which every moment has been handed on; 0 before the first."""
        return self._closed

    def watch(self, series: BarSeries) -> BarSeries:
        """Keep a series up to date that no strategy hears: what its rows tell is not journalled."""
        series.update(self._closed)
        self._watched.append(series)
        return series

    def _bar_source(self, instrument: Instrument, spec: BarSpec, label: str) -> Stream:
        streams = self.of(instrument, label)
        for stream in streams:
            if stream.kind is StreamKind.TRADES:
                return stream
        bars = [s for s in streams if s.spec is not None and s.spec.kind is spec.kind and not spec.step % s.spec.step]
        if not bars:
            found = ", ".join(s.name for s in streams) or "nothing"
            raise ValueError(f"{instrument.id}: expected trades or bars that divide {spec}, found {found}")
        return max(bars, key=lambda s: s.spec.step if s.spec else 0)

    @property
    def all_series(self) -> tuple[BarSeries, ...]:
        """Every series there is: those that strategies hear, then those that are watched."""
        return (*self._series.values(), *self._watched)

    def kept(self) -> dict[str, object]:
        """How far the tape has been read, as plain values: what `resume` takes."""
        heard = [(k[0], k[1], self._late_told[k], s.rows) for k, s in self._series.items()]
        watched = [(s.source.name, s.spec, s.rows) for s in self._watched]
        return {"closed": self._closed, "gaps_told": self._gaps_told, "heard": heard, "watched": watched}

    def resume(self, kept: Mapping[str, Any]) -> None:
        """Stand where another tape of the same streams stood; as many rows as it had are revealed already.

        Raises:
            IntegrityError: the rows come to other bars than they did.
        """
        self._closed, self._gaps_told = kept["closed"], kept["gaps_told"]
        by_name = {s.name: s for s in self.streams}
        for source, spec, late_told, rows in kept["heard"]:
            series = self._series[source, spec] = BarSeries(by_name[source], spec)
            self._late_told[source, spec] = late_told
            _read_again(series, self._closed, rows)
        for place, (source, spec, rows) in enumerate(kept["watched"]):
            if place == len(self._watched):
                self._watched.append(BarSeries(by_name[source], spec))
            _read_again(self._watched[place], self._closed, rows)

    def close(self, closed_before: int) -> list[Event]:
        """Close the bars that can be closed and tell the gaps and late rows that this shows."""
        self._closed = closed_before
        events: list[Event] = []
        while self._gaps_told < len(self._gaps) and self._gaps[self._gaps_told].time < closed_before:
            events.append(self._gaps[self._gaps_told])
            self._gaps_told += 1
        for key, series in self._series.items():
            series.update(closed_before)
            events.extend(self._late(key, series))
        for series in self._watched:
            series.update(closed_before)
        return events

    def _late(self, key: tuple[str, BarSpec], series: BarSeries) -> list[Event]:
        start = self._late_told[key]
        self._late_told[key] = series.rows
        if not series.at_boundary or start == series.rows:
            return []
        late = series.columns["late"][start : series.rows]
        return [
            RowsLate(
                int(series.columns["ts"][start + i]),
                None,
                series.source.name,
                int(series.columns["ts"][start + i]),
                int(late[i]),
            )
            for i in late.nonzero()[0].tolist()
        ]


def _read_again(series: BarSeries, closed_before: int, rows: int) -> None:
    series.update(closed_before)
    ensure(series.rows == rows, f"{series.source.name}: expected {rows} bars of {series.spec}, found {series.rows}")


class SharedAccount(Protocol):
    """Watches what several tracks do together in one account, between their moments."""

    def due(self, closed_before: int) -> int:
        """Engine time of its next look; ``closed_before`` where there is none before it."""
        ...

    def look(self, now: int) -> None:
        """Its look is due: all tracks of the account have handled every moment up to ``now``."""
        ...


class Overseer(Protocol):
    """Looks at all tracks when an evidence bar has closed, or sooner where it has reason to, and opens and closes tracks; ``tracks`` are those of the step."""

    def next_before(self, closed_before: int) -> int | None:
        """Engine time of its next look, the next close of an evidence bar at the latest; ``None`` where there is none before ``closed_before``."""
        ...

    def is_called(self, time_ns: int) -> bool:
        """Between two stretches of the tape, every moment up to ``time_ns`` handled: whether a person wants what cannot wait, so that it looks now."""
        ...

    def watches(self, track: Track) -> bool:
        """Whether it wants to look at a track after each of its moments."""
        ...

    def look(self, track: Track, now: int) -> None:
        """A watched track has handled the moment ``now``; tracks opened here have handled it too."""
        ...

    def hear(self, entries: Sequence[Event]) -> None:
        """What tracks have journalled since it last heard of them."""
        ...

    def account(self) -> SharedAccount | None:
        """The account in which tracks that trade a share go on together; ``None`` where each goes its own way."""
        ...

    def look_at_all(self, time_ns: int) -> list[Event]:
        """Its next look is due, or it was called: every track has handled every moment up to ``time_ns``, and was heard of. What was decided."""
        ...

    def look_at_end(self, time_ns: int) -> list[Event]:
        """The tape ends with the moment ``time_ns``, which every track has handled: its last look, at what persons want. What was decided."""
        ...


def step(
    tape: Tape,
    tracks: Sequence[Track],
    closed_before: int,
    overseer: Overseer | None = None,
    elsewhere: Sequence[float] = (),
) -> list[Event]:
    """Advance every track over the moments before ``closed_before``; their entries by engine time, then in the order of tracks.

    ``elsewhere`` are e-values of the family's members that are not in this run.
    """
    entries: list[Event] = []
    if overseer is not None and overseer.is_called(tape.closed_before - 1):
        entries.extend(overseer.look_at_all(tape.closed_before - 1))
    entries.extend(tape.close(closed_before))
    while overseer is not None and (now := overseer.next_before(closed_before)) is not None:
        entries.extend(_advance(tracks, now + 1, overseer, elsewhere))
        entries.extend(overseer.look_at_all(now))
    entries.extend(_advance(tracks, closed_before, overseer, elsewhere))
    entries.sort(key=attrgetter("time"))
    return entries


def _advance(
    tracks: Sequence[Track], closed_before: int, overseer: Overseer | None, elsewhere: Sequence[float]
) -> list[Event]:
    """Advance every track; what they journal, and what their evidence bars show together."""
    for members in _scopes(tracks):
        advance_together(members, closed_before, overseer)
    # Those that were opened on the way stand at the end.
    shares = [t for t in tracks if t.share is not None]
    account = None if overseer is None else overseer.account()
    if account is not None:
        advance_in_account(shares, closed_before, account)
    for track in shares:
        track.advance(closed_before)
    entries: list[Event] = []
    for track in tracks:
        entries.extend(track.entries)
        track.entries.clear()
    candidates = frozenset(t.name for t in tracks if t.share is None)
    entries.extend(family_evidence([e for e in entries if e.track in candidates], elsewhere))
    if overseer is not None:
        overseer.hear(entries)
    return entries


def family_evidence(entries: Sequence[Event], elsewhere: Sequence[float] = ()) -> list[FamilyEvidence]:
    """For each moment at which evidence bars closed, the e-values of all tracks adjusted for each other and for those ``elsewhere``.

    ``entries`` are those of a whole step: every track has handled every moment before its end, so a moment's samples are all there.
    """
    moments: dict[int, list[EvidenceSample]] = {}
    for entry in entries:
        if type(entry) is EvidenceSample:
            moments.setdefault(entry.time, []).append(entry)
    return [_adjusted(time, samples, elsewhere) for time, samples in moments.items()]


def _adjusted(time: int, samples: Sequence[EvidenceSample], elsewhere: Sequence[float]) -> FamilyEvidence:
    adjusted = closed_adjustment([*(s.e_value for s in samples), *elsewhere])
    names = [s.track or "" for s in samples]
    return FamilyEvidence(time, None, dict(zip(names, adjusted, strict=False)), samples[0].source)


def advance_together(tracks: Sequence[Track], closed_before: int, overseer: Overseer | None = None) -> None:
    """Advance the tracks of one liquidity scope from moment to moment, each through the whole of it: what one takes, the next does not see.

    Within a moment they come in the order of the configuration. A track that is alone goes its way at once, unless it is watched.
    """
    watched = [] if overseer is None else [t for t in tracks if overseer.watches(t)]
    if len(tracks) > 1 or watched:
        now = min(track.next_time(closed_before) for track in tracks)
        while now < closed_before and (len(tracks) > 1 or watched):
            for track in tracks:
                track.advance(now + 1)
            for track in watched:
                if overseer is not None:
                    overseer.look(track, now)
            watched = [] if overseer is None else [t for t in watched if overseer.watches(t)]
            now = min(track.next_time(closed_before) for track in tracks)
    for track in tracks:
        track.advance(closed_before)


def advance_in_account(tracks: Sequence[Track], closed_before: int, account: SharedAccount) -> None:
    """Advance the tracks of one account from moment to moment, so that all stand at the same one when a limit that they share is asked about.

    Within a moment they come in the order in which they were opened. The account looks at them when all have had their turn.
    """
    while True:
        moment = min(track.next_time(closed_before) for track in tracks)
        look = account.due(closed_before)
        now = min(moment, look)
        if now >= closed_before:
            return
        if moment == now:
            for track in tracks:
                track.advance(now + 1)
            # What has just filled may make a look due at this very moment.
            look = account.due(closed_before)
        if look == now:
            account.look(now)


def _scopes(tracks: Sequence[Track]) -> list[list[Track]]:
    """Tracks that compete for the same liquidity together, the others each alone; in the order of their first members.

    Those that trade a share are not among them: each is alone at its venue.
    """
    found: dict[str, list[Track]] = {}
    for track in tracks:
        if track.share is not None:
            continue
        # A scope's name cannot be a track's own: those have no blank.
        found.setdefault(f"{track.name} alone" if track.scope is None else track.scope, []).append(track)
    return list(found.values())


def end(tape: Tape, tracks: Sequence[Track], time_ns: int, overseer: Overseer | None = None) -> list[Event]:
    """The recorded tape is over: persons are answered, the strategies hear it, and the run says so."""
    entries: list[Event] = [] if overseer is None else overseer.look_at_end(time_ns)
    for track in tracks:
        track.finish(time_ns)
        entries.extend(track.entries)
        track.entries.clear()
    entries.append(TapeEnded(time_ns, None, sum(s.rows for s in tape.streams)))
    return entries
