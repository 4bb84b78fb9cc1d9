"""A run that is run again must say what it said: entries are compared byte for byte. Pure."""

from __future__ import annotations

from itertools import zip_longest

from genesis.audit.entry import decode
from genesis.errors import ConfigError, IntegrityError

_AROUND = 60
_KEYS_SHOWN = 12


def ensure_same(store: str, seq: int, stored: bytes, given: bytes) -> None:
    """Compare entry ``seq`` of the run kept in ``store`` with what the core says now.

    Raises:
        ConfigError: the first entry differs: the store holds the run of another configuration.
        IntegrityError: a later entry differs: the same run came out otherwise.
    """
    if stored == given:
        return
    if seq == 1:
        keys = differing_keys(decode(stored).get("body"), decode(given).get("body")) or ["type, time or track"]
        more = f" and {len(keys) - _KEYS_SHOWN} more" if len(keys) > _KEYS_SHOWN else ""
        raise ConfigError(
            f"{store}: expected the run this store holds, found one of another configuration: "
            f"{', '.join(keys[:_KEYS_SHOWN])}{more} differ; use another store or the configuration it was made with"
        )
    at = first_difference(stored, given)
    raise IntegrityError(
        f"{store}: entry {seq}: expected what is stored, {_around(stored, at)}, found {_around(given, at)} "
        f"(they differ from byte {at} on)"
    )


def ensure_same_hash(store: str, seq: int, stored: bytes, found: bytes) -> None:
    """Compare entry ``seq``, whose bytes lie in an archive, with what the core says now: by the hash (32 bytes) that the chain has there.

    Raises:
        IntegrityError: it differs.
    """
    if stored != found:
        raise IntegrityError(
            f"{store}: entry {seq}: expected what was archived, with the chained hash {stored.hex()[:16]}, found an entry that makes "
            f"{found.hex()[:16]}; genesis audit put-back brings the archived bytes back, and the first difference is told"
        )


def first_difference(a: bytes, b: bytes) -> int:
    """Index of the first byte in which ``a`` and ``b`` differ; the shorter one's length when it begins the other."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def differing_keys(a: object, b: object, path: str = "") -> list[str]:
    """Dotted paths (``run.seed``, ``tracks[1].budget``) at which two decoded JSON values differ, in order."""
    if a == b:
        return []
    if isinstance(a, dict) and isinstance(b, dict):
        return [p for k in sorted(a.keys() | b.keys()) for p in _under(a, b, k, f"{path}.{k}" if path else k)]
    if isinstance(a, list) and isinstance(b, list):
        return [p for i, (x, y) in enumerate(zip_longest(a, b)) for p in differing_keys(x, y, f"{path}[{i}]")]
    return [path]


def _under(a: dict[str, object], b: dict[str, object], key: str, path: str) -> list[str]:
    return differing_keys(a[key], b[key], path) if key in a and key in b else [path]


def _around(entry: bytes, at: int) -> str:
    start = max(0, at - _AROUND)
    text = entry[start : at + _AROUND].decode(errors="replace")
    return f"{'…' if start else ''}{text}{'…' if at + _AROUND < len(entry) else ''}"
