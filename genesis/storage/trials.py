"""The ledger of everything ever tried in an account: a file of lines, each linked to the one before, shared by all stores that name it.

A run registers its versions before its first row and notes what they have shown when it ends. A later run in another store is adjusted for all of them
(definitions.md, "Family"): a new store, another name, another parameter escapes nothing. A line that is changed, moved or dropped breaks the links; that the
file as a whole was taken away is seen by the stores, each of which keeps length and head that it found.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.entry import canonical
from genesis.errors import IntegrityError
from genesis.storage.faults import storage_errors

TRIALS_DOMAIN = b"genesis.trials.1\x00"
_BEGUN, _SHOWN = "begun", "shown"


class Version(msgspec.Struct, frozen=True):
    """A version of a run, and its E, raw and beyond its benchmark, when the run last ended; 0 where nothing is known of it, which counts against the others most."""

    name: str
    identity: str
    e_value: float = 0.0
    hedged: float = 0.0


class Tried(msgspec.Struct, frozen=True):
    """A version that was tried in the run whose digest is ``run``."""

    run: str
    version: Version


class TrialsPlace(msgspec.Struct, frozen=True):
    """How far a ledger went, and the hash (hex) of its last line."""

    length: int
    head: str


class _Line(msgspec.Struct, frozen=True):
    """``hash`` is of ``body`` as canonical JSON after the line before."""

    body: msgspec.Raw
    hash: str


class _Body(msgspec.Struct, frozen=True):
    kind: str
    run: str
    versions: dict[str, tuple[str, str, str]]


class _Lines(NamedTuple):
    """What the whole lines of a ledger say, the hash of the last of them, and how many bytes they take."""

    bodies: list[_Body]
    head: bytes
    size: int


class Trials:
    """The ledger in the file at ``path``; none there is an empty one.

    Every method raises `StorageError` where it cannot be read or written, and `IntegrityError` where a line is not what was written.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def place(self) -> TrialsPlace:
        """Where it ends."""
        lines = self._read()
        return TrialsPlace(len(lines.bodies), lines.head.hex())

    def tried(self, before: str = "") -> list[Tried]:
        """Every version of every run, in the order in which runs began and then by name, each as it last stood; where the run ``before`` is registered, as all stood then.

        So a run that is made again, in its store or in another, is adjusted for the same as it was, and what is tried later lowers nobody.
        """
        found: dict[tuple[str, str], Version] = {}
        for body in self._read().bodies:
            if body.run == before:
                break
            for name, (identity, raw, hedged) in body.versions.items():
                found[body.run, name] = Version(name, identity, float(raw), float(hedged))
        return [Tried(run, version) for (run, _), version in found.items()]

    def begin(self, run: str, versions: Sequence[Version]) -> None:
        """Register the versions of a run, unless they were; durable when this returns."""
        self._append(_BEGUN, run, versions)

    def end(self, run: str, versions: Sequence[Version]) -> None:
        """Note what the versions of a run have shown by now; durable when this returns."""
        self._append(_SHOWN, run, versions)

    def _read(self) -> _Lines:
        with storage_errors(self.path):
            if not self.path.exists():
                return _Lines([], GENESIS_HASH, 0)
            with self.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                return self._checked(file.read())

    def _append(self, kind: str, run: str, versions: Sequence[Version]) -> None:
        told = {v.name: (v.identity, repr(v.e_value), repr(v.hedged)) for v in versions}
        with storage_errors(self.path), self.path.open("a+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            lines = self._checked(file.read())
            known = [b for b in lines.bodies if b.run == run]
            if known and (kind == _BEGUN or known[-1].versions == told):
                return
            body = canonical({"kind": kind, "run": run, "versions": {n: list(v) for n, v in told.items()}})
            file.truncate(lines.size)
            file.write(_line(body, link(lines.head, body, TRIALS_DOMAIN)))
            file.flush()
            os.fsync(file.fileno())

    def _checked(self, data: bytes) -> _Lines:
        # What a line without an end holds was never acknowledged.
        size, head, bodies = data.rfind(b"\n") + 1, GENESIS_HASH, []
        for number, line in enumerate(data[:size].splitlines(), 1):
            try:
                read = msgspec.json.decode(line, type=_Line)
                body = msgspec.json.decode(read.body, type=_Body)
                values = [float(v) for told in body.versions.values() for v in told[1:]]
            except (msgspec.DecodeError, ValueError) as error:
                raise self._damaged(number, f"found {error}") from None
            head = link(head, bytes(read.body), TRIALS_DOMAIN)
            if read.hash != head.hex() or not all(0 <= v < float("inf") for v in values):
                raise self._damaged(
                    number, f"found the hash {read.hash[:16]} where the lines come to {head.hex()[:16]}"
                )
            bodies.append(body)
        return _Lines(bodies, head, size)

    def _damaged(self, line: int, found: str) -> IntegrityError:
        return IntegrityError(f"{self.path}: line {line}: expected the ledger of trials as it was written, {found}")


def _line(body: bytes, head: bytes) -> bytes:
    return b'{"body":' + body + b',"hash":"' + head.hex().encode() + b'"}\n'
