"""The door for identity. Simulated things have derived ids: the same run gives the same ids, so a duplicate is recognised."""

from __future__ import annotations

import hashlib


def order_id(track: str, ordinal: int) -> str:
    """Client order id of a track's ``ordinal``-th order, counted from 1."""
    return f"{track}-{ordinal}"


def fill_id(client_order_id: str, number: int) -> str:
    """Id of an order's ``number``-th fill, counted from 1."""
    return f"{client_order_id}.{number}"


def digest(*parts: bytes) -> str:
    """SHA-256 (hex) over length-prefixed parts, so that no two lists of parts run together."""
    h = hashlib.sha256()
    for part in parts:
        h.update(len(part).to_bytes(8, "big"))
        h.update(part)
    return h.hexdigest()
