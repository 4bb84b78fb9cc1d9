"""Under which versions of Genesis and its libraries a store was written, and whether they have changed since.

They are told in the operations chain at every start. A result that comes out differently is an `IntegrityError` anyhow, when what is stored is made again;
a change that shows nowhere yet is for a person to look at.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, requires, version

from genesis.storage.rows import OperationRow

PACKAGE = "genesis-trading"
# The operation that tells of a change.
CHANGED = "versions"
_NAME = re.compile(r"[A-Za-z0-9._-]+")
_NONE = "none"
Versions = Mapping[str, str]


def installed() -> dict[str, str]:
    """The versions of Python, of Genesis and of the libraries that it requires, by name; ``none`` of what is not installed as a package."""
    try:
        required = [r for r in requires(PACKAGE) or [] if "extra" not in r.partition(";")[2]]
    except PackageNotFoundError:
        required = []
    names = sorted({m.group() for r in required if (m := _NAME.match(r)) is not None})
    return {"python": platform.python_version(), **{n: _version(n) for n in (PACKAGE, *names)}}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return _NONE


def at_last_start(operations: Iterable[OperationRow]) -> dict[str, str]:
    """What the last start or recovery told; empty where none told any."""
    told: dict[str, str] = {}
    for operation in operations:
        found = operation.facts.get("versions")
        if operation.kind in ("start", "recovery") and isinstance(found, dict):
            told = {str(k): str(v) for k, v in found.items()}
    return told


def changes(before: Versions, now: Versions) -> list[str]:
    """``numpy 2.0.1, was 2.0.0``: what differs, by name; nothing where nothing is known of before."""
    if not before:
        return []
    names = sorted({*before, *now})
    pairs = [(n, before.get(n, _NONE), now.get(n, _NONE)) for n in names]
    return [f"{n} {b}, was {a}" for n, a, b in pairs if a != b]


def noted(operations: Iterable[OperationRow]) -> list[str]:
    """What the last start changed, as the operations chain notes it; nothing where that start changed nothing."""
    found: list[str] = []
    for operation in operations:
        if operation.kind in ("start", "recovery"):
            found = []
        elif operation.kind == CHANGED:
            found = [str(c) for c in operation.facts.get("changed", ())]
    return found
