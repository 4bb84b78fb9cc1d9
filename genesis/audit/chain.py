"""Linking and checking: hash = SHA-256(domain tag, previous hash, length of the bytes as 8 bytes big-endian, the bytes)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import msgspec

RUN_DOMAIN = b"genesis.run-chain.1\x00"
OPERATIONS_DOMAIN = b"genesis.operations-chain.1\x00"
GENESIS_HASH = bytes(32)


def link(previous: bytes, entry: bytes, domain: bytes = RUN_DOMAIN) -> bytes:
    """The hash of ``entry`` in a chain whose head was ``previous``."""
    return hashlib.sha256(domain + previous + len(entry).to_bytes(8, "big") + entry).digest()


class Finding(msgspec.Struct, frozen=True):
    """Something wrong with a chain; ``seq`` counts from 1."""

    seq: int
    problem: str


def verify(
    entries: Iterable[tuple[int, bytes, bytes]],
    domain: bytes = RUN_DOMAIN,
    length: int | None = None,
    head: bytes | None = None,
) -> list[Finding]:
    """Every finding over (seq, bytes, hash) rows in stored order, also against a kept ``length`` and ``head`` where given."""
    findings: list[Finding] = []
    previous, expected = GENESIS_HASH, 1
    for seq, entry, stored in entries:
        if seq != expected:
            findings.append(Finding(expected, f"expected seq {expected}, found {seq}"))
        computed = link(previous, entry, domain)
        if computed != stored:
            findings.append(Finding(seq, f"expected hash {computed.hex()[:16]}, found {stored.hex()[:16]}"))
        previous, expected = stored, seq + 1
    if length is not None and expected - 1 != length:
        findings.append(Finding(expected, f"expected {length} entries, found {expected - 1}"))
    if head is not None and previous != head:
        findings.append(Finding(expected - 1, f"expected head {head.hex()[:16]}, found {previous.hex()[:16]}"))
    return findings
