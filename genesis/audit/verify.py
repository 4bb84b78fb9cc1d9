"""Checking a chain from its rows alone: every finding is told, not only the first. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from enum import Enum

import msgspec

from genesis.audit.chain import GENESIS_HASH, RUN_DOMAIN, link


class Part(Enum):
    """What of a store a finding is about."""

    RUN_CHAIN = "run chain"
    OPERATIONS_CHAIN = "operations chain"
    CHECKPOINTS = "checkpoints"
    KEPT = "kept outside"
    PROJECTIONS = "projections"
    INBOX = "inbox"
    LAYOUT = "layout"
    SNAPSHOTS = "snapshots"


class Finding(msgspec.Struct, frozen=True):
    """Something wrong at entry ``seq`` of the part that is named; entries count from 1."""

    seq: int
    problem: str
    part: Part = Part.RUN_CHAIN


class Place(msgspec.Struct, frozen=True):
    """A chain as somebody outside it kept it: its ``length`` in entries and its ``head`` (32 bytes) at that length."""

    length: int
    head: bytes


def verify(
    entries: Iterable[tuple[int, bytes, bytes]],
    domain: bytes = RUN_DOMAIN,
    length: int | None = None,
    head: bytes | None = None,
    places: Iterable[Place] = (),
    after: Place | None = None,
    archived: int = 0,
) -> list[Finding]:
    """Every finding over rows of (seq, entry's bytes, hash) in stored order.

    Each row is judged against the row stored before it, so one changed entry does not put the blame on all that follow. The
    rows alone cannot show that the chain was cut at its end or written anew; what was kept outside them can.

    Args:
        entries: the rows, as stored.
        domain: which chain it is.
        length: entries the chain must have.
        head: hash the last entry must have.
        places: earlier lengths and heads, each of which the chain must have passed.
        after: where the chain was in order once: the rows are those that follow, and places before it are not asked for.
        archived: so many entries from the first on may be without bytes, which lie elsewhere; their hashes are taken as they stand.
    """
    findings: list[Finding] = []
    kept: dict[int, list[bytes]] = {}
    for place in places:
        kept.setdefault(place.length, []).append(place.head)
    last, previous = (0, GENESIS_HASH) if after is None else (after.length, after.head)
    findings.extend(_off_place(kept.pop(last, []), last, previous))
    kept = {length: heads for length, heads in kept.items() if length > last}
    sha256, join = hashlib.sha256, b"".join
    for seq, entry, stored in entries:
        # Nearly every row: the right number, bytes, and the hash that `link` would say.
        if not (
            seq == last + 1
            and type(entry) is type(stored) is type(previous) is bytes
            and sha256(join((domain, previous, len(entry).to_bytes(8, "big"), entry))).digest() == stored
        ):
            there = not (
                seq <= archived and entry == b"" and type(stored) is bytes and len(stored) == len(GENESIS_HASH)
            )
            findings.extend(_row(last, previous, seq, entry, stored, domain, there))
        if seq in kept:
            findings.extend(_off_place(kept.pop(seq), seq, stored))
        last, previous = seq, stored
    for missing in sorted(kept):
        findings.append(Finding(missing, f"expected an entry that was once recorded, found a chain of {last}"))
    if length is not None and last != length:
        findings.append(Finding(min(last, length) + 1, f"expected {length} entries, found {last}"))
    if head is not None and previous != head:
        findings.append(Finding(last, f"expected head {_short(head)}, found {_short(previous)}"))
    return findings


def _row(
    last: int, previous: bytes, seq: int, entry: bytes, stored: bytes, domain: bytes, there: bool
) -> Iterator[Finding]:
    if seq != last + 1:
        yield Finding(seq, f"expected seq {last + 1}, found {seq}{_guess(last, seq)}")
    if not there:
        return
    for what, value in (("an entry", entry), ("a hash", stored)):
        if not isinstance(value, bytes):
            yield Finding(seq, f"expected {what} of bytes, found {type(value).__name__}")
            return
    if not isinstance(previous, bytes):
        return
    computed = link(previous, entry, domain)
    if computed != stored:
        yield Finding(
            seq, f"expected hash {_short(computed)} from its bytes and the entry before, found {_short(stored)}"
        )


def _guess(last: int, seq: int) -> str:
    if seq > last + 1:
        return f": {seq - last - 1} missing before it"
    return ": a duplicate" if seq == last else ": out of order"


def _off_place(heads: list[bytes], seq: int, found: bytes) -> Iterator[Finding]:
    for head in heads:
        if head != found:
            yield Finding(seq, f"expected the once recorded hash {_short(head)}, found {_short(found)}")


def _short(value: object) -> str:
    return value.hex()[:16] if isinstance(value, bytes) else repr(value)[:16]
