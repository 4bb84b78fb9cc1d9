"""A key that is always the same, for tests; a key of a real run is made by `genesis.system.keys`."""

from __future__ import annotations

import hashlib

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from genesis.system.keys import SigningKey, check_signature

__all__ = ["check_signature", "key_of"]


def key_of(word: str) -> SigningKey:
    """The key whose seed is the SHA-256 of ``word``."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(word.encode()).digest()))
