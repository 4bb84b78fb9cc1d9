"""The state of a whole run as bytes, and a run that is built and not started brought to where another one stood.

What the configuration and the tape make again is not part of it: streams, instruments, bars, strategies. A strategy is kept as what its `on_save`
gives and gets that back by `on_load`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import localcontext
from typing import Any

import msgspec

from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.errors import ASKED_TO_END, IntegrityError
from genesis.invariants import ensure
from genesis.paper_trading.ladder import CapitalLadder
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.storage.state import NotKept, Outside, decode_state, encode_state
from genesis.strategies.base import Strategy

_ERROR_LENGTH = 500
# What a state may name: the core, which does no I/O, and what samples its tracks.
_CORE = (
    "engine",
    "evidence",
    "execution",
    "ids",
    "metrics",
    "model",
    "monitoring",
    "paper_trading",
    "portfolio",
    "risk",
    "rng",
    "tape",
)


class Parts(msgspec.Struct, frozen=True):
    """What of a run changes while it runs."""

    tape: Tape
    simulator: PaperTradingSimulator
    ladder: CapitalLadder | None

    def tracks(self) -> Iterator[Track]:
        """Every track, those of pairs that have been closed too."""
        seen: dict[str, Track] = {t.name: t for t in self.simulator.tracks}
        if self.ladder is not None:
            for pair in self.ladder.pairs:
                seen.update((t.name, t) for t in pair.tracks)
        yield from seen.values()


def capture(parts: Parts) -> bytes:
    """The state of a run of which everything journalled is durable. Equal states have equal bytes.

    Raises:
        NotKept: a strategy raises, or gives nothing to save, or something in the state cannot be written.
        IntegrityError: a strategy acted while it was saved.
    """
    tracks = list(parts.tracks())
    names = {id(t.strategy): f"strategy {t.name}" for t in tracks}
    series = {f"series {n}": s for n, s in enumerate(parts.tape.all_series)}
    outside = Outside(_fixed(parts) | series, lambda found: names.get(id(found)))
    saved = {t.name: _saved(t) for t in tracks}
    tape = encode_state(parts.tape.kept(), outside, _is_core)
    try:
        run = encode_state(
            {"ladder": parts.ladder, "simulator": parts.simulator, "strategies": saved}, outside, _is_core
        )
    except NotKept:
        _find_whose(saved, outside)
        raise
    return msgspec.msgpack.encode([tape, run])


def restore(fresh: Parts, state: bytes) -> Parts:
    """The parts of a run brought to a state; ``fresh`` is used up, whether or not it succeeds.

    As many rows as had arrived when the state was taken are revealed already.

    Raises:
        IntegrityError: it is no state of this run.
    """
    strategies = {t.name: t.strategy for t in fresh.tracks()}
    try:
        tape, run = msgspec.msgpack.decode(state, type=tuple[bytes, bytes])
    except msgspec.DecodeError as error:
        raise IntegrityError(f"state: expected tape and run, found: {error}") from None
    fresh.tape.resume(decode_state(tape, {}, _is_core))
    series = {f"series {n}": s for n, s in enumerate(fresh.tape.all_series)}
    found = decode_state(run, _Strategies(_fixed(fresh) | series, strategies), _is_core)
    parts = Parts(fresh.tape, found["simulator"], found["ladder"])
    saved = found["strategies"]
    for track in parts.tracks():
        _load(track, saved[track.name])
    return parts


class _Strategies(dict[str, object]):
    """What stands outside; a strategy that was copied in mid-run for a live track is made anew like the one it was copied from."""

    def __init__(self, fixed: Mapping[str, object], strategies: Mapping[str, Strategy]) -> None:
        super().__init__(fixed)
        self.update((f"strategy {n}", s) for n, s in strategies.items())

    def __missing__(self, key: str) -> object:
        of = self[key.partition("@")[0]]
        if not isinstance(of, Strategy) or "@" not in key:
            raise KeyError(key)
        self[key] = made = type(of)(of.instruments, of.params)
        return made


def _saved(track: Track) -> Mapping[str, Any]:
    state, raised = None, ""
    try:
        with localcontext():
            state = track.strategy.on_save()
    except BaseException as error:  # noqa: BLE001 - the strategy's own code
        raised = _raised(error)
    ensure(not track.entries, f"track {track.name}: on_save: expected state alone, found {len(track.entries)} entries")
    if raised:
        raise NotKept(f"track {track.name}: on_save: {raised}")
    if state is None:
        # Without attributes of its own it may still remember something, in its module.
        raise NotKept(f"track {track.name}: expected a strategy with on_save, found none")
    if track.arithmetic.is_changed:
        raise NotKept(f"track {track.name}: expected Python's own decimal context, found one that the strategy changed")
    if not isinstance(state, Mapping):
        raise NotKept(
            f"track {track.name}: on_save: expected a mapping of names to plain values, found {type(state).__name__}"
        )
    return dict(state)


def _find_whose(saved: Mapping[str, Mapping[str, Any]], outside: Outside) -> None:
    """Raise `NotKept` with the track's name where what a strategy gave is what cannot be written."""
    for name, state in saved.items():
        try:
            encode_state(state, outside, _is_core)
        except NotKept as problem:
            raise NotKept(f"track {name}: on_save: expected plain values: {problem}") from None


def _load(track: Track, state: Mapping[str, Any]) -> None:
    track.strategy.attach(track.desk if track.share is None else track.share)
    track.arithmetic.enter()
    try:
        track.strategy.on_load(state)
    except BaseException as error:
        raise IntegrityError(f"track {track.name}: on_load: {_raised(error)}") from error
    finally:
        track.arithmetic.leave()
    ensure(not track.entries, f"track {track.name}: on_load: expected no entry, found {len(track.entries)}")


def _raised(error: BaseException) -> str:
    """What a strategy's own code raised, in a line; what a person did to this process is raised again."""
    if isinstance(error, ASKED_TO_END):
        raise error
    return " ".join(f"{type(error).__name__}: {error}"[:_ERROR_LENGTH].split())


def _fixed(parts: Parts) -> dict[str, object]:
    """What configuration and tape make again."""
    streams = parts.tape.streams
    instruments = {f"instrument {s.instrument.id}": s.instrument for s in streams}
    return {"tape": parts.tape, **{f"stream {s.name}": s for s in streams}, **instruments}


def _is_core(module: str) -> bool:
    package, _, rest = module.partition(".")
    return package == "genesis" and rest.partition(".")[0] in _CORE
