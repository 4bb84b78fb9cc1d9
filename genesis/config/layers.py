"""One configuration over another, as plain values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from genesis.errors import ConfigError

EXTENDS = "extends"


def over(lower: Any, upper: Any) -> Any:
    """``upper`` where it says something: sections are put over sections key by key, everything else, lists too, stands in place of what was there."""
    if not isinstance(lower, dict) or not isinstance(upper, dict):
        return upper
    return {**lower, **{k: over(lower[k], v) if k in lower else v for k, v in upper.items()}}


def layered(path: Path, read: Callable[[Path], dict[str, Any]]) -> tuple[dict[str, Any], tuple[Path, ...]]:
    """A document over the one that it ``extends``, and so on, and the files that it was made of, the uppermost first.

    Raises:
        ConfigError: what it extends is no name of a file, or extends it in turn.
    """
    files: list[Path] = []
    documents: list[dict[str, Any]] = []
    while True:
        document = dict(read(path))
        files.append(path)
        documents.append(document)
        below = document.pop(EXTENDS, None)
        if below is None:
            break
        if not isinstance(below, str):
            raise ConfigError(f"{path}: {EXTENDS}: expected the name of a file, found {type(below).__name__}")
        path = path.parent / below
        if any(path.resolve() == file.resolve() for file in files):
            raise ConfigError(f"{files[-1]}: {EXTENDS}: expected files that end somewhere, found {below} again")
    out: dict[str, Any] = {}
    for document in reversed(documents):
        out = over(out, document)
    return out, tuple(files)
