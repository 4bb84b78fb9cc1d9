"""Where checkpoints go so that somebody else holds them: a chain that is written anew later no longer fits what they hold."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Protocol

from genesis.audit.checkpoint import notes_in
from genesis.audit.note import parse_note
from genesis.errors import IntegrityError, StorageError

_CUT_OFF = "\n\u2014 cut off\n\n"


class Publisher(Protocol):
    """Takes signed checkpoints out of the reach of whoever can write the store."""

    def publish(self, notes: list[str]) -> int:
        """Hand over those of ``notes`` that are not out yet, in order; how many they were.

        Raises:
            StorageError: not all of them could be handed over; they may be tried again.
        """
        ...


class FilePublisher:
    """Appends to a file, which another system should carry away or keep append-only; it is on the disk when this returns."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def publish(self, notes: list[str]) -> int:
        """As the protocol says."""
        try:
            with self._path.open("a+", encoding="utf-8", newline="\n") as file:
                file.seek(0)
                text = file.read()
                there = notes_in(text)
                missing = [n for n in notes if n not in set(there)]
                if missing:
                    file.write("".join([_end_of(there), *(f"{n}\n" for n in missing)]))
                file.flush()
                os.fsync(file.fileno())
        except (OSError, UnicodeDecodeError) as error:
            found = (getattr(error, "strerror", None) or str(error)).lower()
            raise StorageError(f"{self._path}: expected a file to publish checkpoints to, found: {found}") from error
        return len(missing)


def _end_of(notes: list[str]) -> str:
    """What must stand before the next note: where the last one was cut off, a line that ends it, so that it spoils no other."""
    if not notes:
        return ""
    try:
        parse_note(notes[-1])
    except IntegrityError:
        return _CUT_OFF
    return ""
