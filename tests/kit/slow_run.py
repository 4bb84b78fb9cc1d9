"""A run in small batches, for tests that kill it: ``python -m tests.kit.slow_run CONFIG``."""

from __future__ import annotations

import sys
from pathlib import Path

from genesis.config import load_config
from genesis.storage.address import store_address
from genesis.system.run import prepare, run_prepared

if __name__ == "__main__":
    path = Path(sys.argv[1])
    config = load_config(path)
    run_prepared(prepare(config, path.parent), store_address(config.run.store, path.parent), rows=60)
