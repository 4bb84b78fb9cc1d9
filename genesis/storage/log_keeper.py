"""Folds a store's write-ahead log into its file in a thread of its own, so that no commit waits for it.

A log that was folded is written over from its beginning, in blocks that the file has already: an append is then cheaper than one that makes the file longer.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

_LOOK_S = 1.0
# So many entries are worth a fold; as many in one look, and the store is busy: then only a log of this size is.
_ENTRIES = 500
_BUSY_BYTES = 64 * 1024 * 1024
_WAIT_S = 1.0


class LogKeeper:
    """Looks once a second, from construction to `stop`.

    Args:
        path: the store.
        length: how many entries its engine has taken; asked from the keeper's thread.
    """

    def __init__(self, path: Path, length: Callable[[], int]) -> None:
        self._path, self._length = path, length
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"fold {path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a fold that has begun is waited for."""
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        seen = folded = self._length()
        while not self._over.wait(_LOOK_S):
            before, seen = seen, self._length()
            busy = seen - before >= _ENTRIES and self._log_bytes() < _BUSY_BYTES
            if seen - folded >= _ENTRIES and not busy:
                folded = seen
                # What fails here is tried again at the next look; a disk that fails is told by the commits.
                with suppress(sqlite3.Error):
                    self._fold()

    def _log_bytes(self) -> int:
        with suppress(OSError):
            return self._path.with_name(f"{self._path.name}-wal").stat().st_size
        return 0

    def _fold(self) -> None:
        with closing(sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous=FULL")
            db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
