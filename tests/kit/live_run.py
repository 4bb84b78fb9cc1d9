"""A run with a live track for tests that let its store fail: ``python -m tests.kit.live_run FOLDER STORE``.

A version with an edge goes live within five weeks of recorded hours, at the simulated venue of live tracks. After each commit a line says how many entries
are durable and how many orders live tracks have sent by then; an error is one line and exit code 4. What is told goes to stderr, line by line.
"""

from __future__ import annotations

import sys
from pathlib import Path

from genesis.clock import SystemClock
from genesis.engine.engine import Progress
from genesis.errors import GenesisError
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.storage.address import store_address
from genesis.system.log import LogFormat, LogLevel, configure_logging
from genesis.system.prepared import Prepared
from genesis.system.run import prepare, run_prepared
from tests.kit.market_data import DATA
from tests.kit.planted import HOURLY, configuration, hourly, planted

DAYS = 34
ROWS = 3


def prepared(folder: Path) -> Prepared:
    """The run; its data are written into ``folder``."""
    data = hourly(DATA / HOURLY, folder, DAYS)
    return prepare(configuration(data, [planted("fades", 0.9, seed=2)], PromotionRules()), folder)


def main(folder: str, store: str) -> int:
    """Run to the end, or to the first error."""
    configure_logging(LogLevel.DEBUG, LogFormat.JSON, SystemClock())
    run = prepared(Path(folder))

    def told(progress: Progress) -> None:
        if not progress.replaying and run.ladder is not None:
            sent = sum(p.live.desk.orders_sent for p in run.ladder.pairs if p.live is not None)
            print(progress.entries, sent, flush=True)

    try:
        run_prepared(run, store_address(store), on_progress=told, rows=ROWS)
    except GenesisError as error:
        print(f"{type(error).__name__}: {error}", flush=True)
        return 4
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
