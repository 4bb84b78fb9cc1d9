"""A run in small batches, for tests that kill it: ``python -m tests.kit.slow_run CONFIG``."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

from genesis.clock import SystemClock
from genesis.config import load_config
from genesis.storage.sqlite import SqliteJournal
from genesis.system.run import prepare

if __name__ == "__main__":
    path = Path(sys.argv[1])
    prepared = prepare(load_config(path), path.parent)
    journal = SqliteJournal(path.parent / "genesis.db", SystemClock(), socket.gethostname())
    prepared.execute(journal, rows=60)
    journal.close()
