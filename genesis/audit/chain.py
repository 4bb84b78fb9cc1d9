"""How entries are linked.

An entry's hash is SHA-256 over four parts in this order, nothing between them:

1. the domain tag, ASCII with a closing NUL: which chain it is, so that no entry of one can stand in the other;
2. the previous entry's hash, 32 bytes; 32 zero bytes before the first entry;
3. the length of the entry's bytes, 8 bytes, unsigned, big-endian;
4. the entry's bytes (`genesis.audit.entry`).

A chain's *head* is the hash of its last entry; the head of an empty chain is `GENESIS_HASH`.
"""

from __future__ import annotations

import hashlib

RUN_DOMAIN = b"genesis.run-chain.1\x00"
OPERATIONS_DOMAIN = b"genesis.operations-chain.1\x00"
GENESIS_HASH = bytes(32)
# Copied for each entry: to look the algorithm up takes a third of the time of a hash.
_SHA256 = hashlib.sha256()


def link(previous: bytes, entry: bytes, domain: bytes = RUN_DOMAIN) -> bytes:
    """The hash (32 bytes) of ``entry`` in a chain whose head was ``previous`` (32 bytes)."""
    linked = _SHA256.copy()
    linked.update(domain + previous + len(entry).to_bytes(8, "big") + entry)
    return linked.digest()
