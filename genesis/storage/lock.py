"""One engine a store: an advisory lock on a file beside it, given back by the operating system when the process is gone."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from genesis.errors import StorageError


class StoreLock:
    """Held from construction to `release`; readers need none.

    Raises:
        StorageError: another engine holds it.
        OSError: the lock file cannot be written.
    """

    def __init__(self, store: Path) -> None:
        # Another name for the same store must meet the same lock.
        real = store.resolve()
        self._file: IO[str] = real.with_name(real.name + ".lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = self._holder()
            self._file.close()
            raise StorageError(
                f"{store}: expected a free store, found another engine{holder} at work on it; stop it or use another store"
            ) from None
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    @staticmethod
    def held_by(store: Path) -> str | None:
        """Who holds a store, in words; ``None`` where nobody does. Asking takes the lock for a moment."""
        real = store.resolve()
        beside = real.with_name(real.name + ".lock")
        if not beside.exists():
            return None
        with beside.open(encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return f"process {file.read(20).strip()}"
        return None

    def _holder(self) -> str:
        self._file.seek(0)
        number = self._file.read(20).strip()
        return f" (process {number})" if number.isdigit() else ""

    def release(self) -> None:
        """Let others have the store."""
        self._file.close()
