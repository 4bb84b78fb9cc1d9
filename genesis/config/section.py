"""What the parts of a configuration have in common."""

from __future__ import annotations

import msgspec

_NAME_MAX = 100


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the configuration."""


def check_name(field: str, name: str) -> None:
    """A name stands in tables, files and messages, and is part of a track's name, where @ and ! have a meaning."""
    if name != name.strip() or not 0 < len(name) <= _NAME_MAX or not name.isprintable() or set(name) & set("@!"):
        shown = name if len(name) <= _NAME_MAX else f"{name[:_NAME_MAX]}…"
        raise ValueError(
            f"{field}: expected 1 to {_NAME_MAX} printable characters without @ and !, no blank at the ends, found {shown!r}"
        )


def check_word(field: str, word: str) -> None:
    if not word or len(word) > _NAME_MAX or not word.isprintable() or any(c.isspace() for c in word):
        raise ValueError(
            f"{field}: expected 1 to {_NAME_MAX} printable characters without blanks, found {word[:200]!r}"
        )
