"""Keeps a store's write-ahead log short and its blocks laid out, in a thread of its own, so that no commit waits for it.

An append that makes a file longer costs twice one that writes over blocks that the file has already: the file system then syncs its own journal too. So room is laid out ahead
of the log once, and the log is folded into the store's file often enough to begin again in this room. It begins again only where a fold has met its end: the last of a fold,
which is a few pages, keeps commits waiting.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

LOOK_S = 1.0
# So many entries are worth a fold; as many in one look, and the store is busy: then only a log of this size is.
_ENTRIES = 500
_BUSY_BYTES = 64 * 1024 * 1024
# A commit that is under way ends within this; a reader of an old state keeps commits waiting no longer.
_WAIT_S = 0.05
# What a thousand commits of one entry take, and a step of laying out, which a commit may have to wait for.
ROOM_BYTES = 16 * 1024 * 1024
_STEP_BYTES = 256 * 1024


class LogKeeper:
    """Looks now and then, from construction to `stop`.

    Args:
        path: the store.
        length: how many entries its engine has taken; asked from the keeper's thread.
        gate: held while commits are to wait; who commits passes through it.
        look_s: seconds from one look to the next.
    """

    def __init__(self, path: Path, length: Callable[[], int], gate: threading.Lock, look_s: float = LOOK_S) -> None:
        self._look_s = look_s
        self._path, self._length, self._gate = path, length, gate
        self._log = path.with_name(f"{path.name}-wal")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"fold {path.name}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a fold that has begun is waited for."""
        self._over.set()
        self._thread.join()

    def _keep(self) -> None:
        seen = folded = self._length()
        laid_out = False
        while not self._over.wait(self._look_s):
            before, seen = seen, self._length()
            busy = seen - before >= _ENTRIES and self._log_bytes() < _BUSY_BYTES
            # What fails here is tried again at the next look; a disk that fails is told by the commits.
            with suppress(sqlite3.Error, OSError):
                if seen - folded >= _ENTRIES and not busy:
                    folded = seen
                    self._fold()
                elif seen > before and not laid_out:
                    self._lay_out()
                    laid_out = True

    def _log_bytes(self) -> int:
        with suppress(OSError):
            return self._log.stat().st_size
        return 0

    def _fold(self) -> None:
        with closing(self._connected()) as db:
            # Twice beside the commits, each time less is left; the rest while they wait.
            for _ in range(2):
                db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
            with self._gate:
                db.execute("PRAGMA wal_checkpoint(FULL)").fetchone()

    def _lay_out(self) -> None:
        """Make the log's file longer by zeros, which SQLite takes for what they are: the end of the log (https://www.sqlite.org/fileformat2.html, 4.2)."""
        with closing(self._connected()) as db:
            number = os.open(self._log, os.O_WRONLY)
            try:
                while not self._over.is_set() and (end := os.fstat(number).st_size) < ROOM_BYTES:
                    with self._gate:
                        # Who holds this lock is the only one to write into the log.
                        db.execute("BEGIN IMMEDIATE")
                        os.pwrite(number, bytes(_STEP_BYTES), max(end, os.fstat(number).st_size))
                        db.execute("COMMIT")
                    os.fdatasync(number)
            finally:
                os.close(number)

    def _connected(self) -> sqlite3.Connection:
        db = sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)
        db.execute("PRAGMA synchronous=FULL")
        return db
