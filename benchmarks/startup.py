"""How long a start takes against the length of what is there already: ``python -m benchmarks.startup [FOLDER]``, a table in Markdown on stdout.

Histories of recorded candles are run once up to a day before their end, each into a store in FOLDER. Then a fresh process opens each: from the last snapshot, and
without snapshots from the tape's start, up to the moment at which it would take the next row. Nothing new is run. What is measured is processor
time and wall time of that process from after its imports, and which part of it is reading the tape; the best of three.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from genesis.clock import NS_PER_DAY
from genesis.config import load_config
from genesis.storage.address import store_address
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare, run_prepared

_DATA = Path(os.environ.get("GENESIS_TEST_DATA", "../shared/data")) / "candles"
_HOURLY = _DATA / "binance-spot/1h/BTCUSDT_20170817-20230630.parquet"
_MINUTES = _DATA / "coinbase/1m/BTCUSD_20161007-20180406.parquet"
_TRIES = 3
_CONFIG = """
run: {{name: startup, seed: 1, store: run.db}}
instruments:
  - {{symbol: BTCUSD, venue: ANY, base: BTC, quote: USD, tick: 0.01, lot: 0.000001}}
data:
  - {{instrument: BTCUSD.ANY, path: tape.parquet}}
strategies:
  - {{name: cross, strategy: ma_crossover, instruments: [BTCUSD.ANY], budget: 10000}}
  - {{name: fast, strategy: ma_crossover, instruments: [BTCUSD.ANY], budget: 10000, params: {{fast: 3, slow: 9}}}}
  - {{name: breakout, strategy: breakout, instruments: [BTCUSD.ANY], budget: 10000}}
  - {{name: reversion, strategy: mean_reversion, instruments: [BTCUSD.ANY], budget: 10000}}
storage: {{snapshots: {{every_entries: {every}}}}}
"""


class History(NamedTuple):
    """So many days of one file."""

    name: str
    source: Path
    days: int


HISTORIES = (
    History("hourly, 1 month", _HOURLY, 31),
    History("hourly, 1 year", _HOURLY, 365),
    History("hourly, 3 years", _HOURLY, 1_095),
    History("hourly, 5.8 years", _HOURLY, 2_120),
    History("minutes, 1 month", _MINUTES, 31),
    History("minutes, 1 year", _MINUTES, 365),
    History("minutes, 1.5 years", _MINUTES, 545),
)


class Opened(NamedTuple):
    """Seconds of wall time to read and of all, seconds of processor time, and what was there."""

    read: float
    wall: float
    cpu: float
    entries: int


def made(history: History, folder: Path) -> int:
    """A store that holds the history but for its last day; until when it was run (ns)."""
    table = pq.read_table(history.source)
    first = table["ts_ns"][0].as_py()
    until: int = first + (history.days - 1) * NS_PER_DAY
    rows = sum(1 for t in table["ts_ns"].to_pylist() if t < until + NS_PER_DAY)
    folder.mkdir()
    pq.write_table(table.slice(0, rows), folder / "tape.parquet")
    for name, every in (("snapshots", 50_000), ("none", 0)):
        (folder / f"{name}.yaml").write_text(_CONFIG.format(every=every))
    config = load_config(folder / "snapshots.yaml")
    run_prepared(prepare(config, folder), store_address(config.run.store, folder), until)
    return until


def opened(path: Path, until_ns: int) -> Opened:
    """Start as a run does, and stop where the next row would be taken."""
    start, cpu = time.perf_counter(), time.process_time()
    config = load_config(path)
    prepared = prepare(config, path.parent)
    read = time.perf_counter() - start
    summary = run_prepared(prepared, store_address(config.run.store, path.parent), until_ns)
    return Opened(read, time.perf_counter() - start, time.process_time() - cpu, summary.entries)


def best(path: Path, until_ns: int) -> Opened:
    """The quickest of some fresh processes."""
    command = [sys.executable, "-m", "benchmarks.startup", "--open", str(path), str(until_ns)]
    found = [
        Opened(*json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        for _ in range(_TRIES)
    ]
    return min(found, key=lambda o: o.wall)


def table(folder: Path) -> Iterator[str]:
    """Rows in Markdown."""
    yield "| history | entries | from the snapshot: all, reading, processor | from the tape's start: all, processor | store |"
    yield "|---|---|---|---|---|"
    for number, history in enumerate(HISTORIES):
        place = folder / str(number)
        until = made(history, place)
        with_, without = (best(place / f"{name}.yaml", until) for name in ("snapshots", "none"))
        size = (place / "run.db").stat().st_size / 1e6
        with StoreReader(place / "run.db") as reader:
            entries, _ = reader.head()
        yield (
            f"| {history.name} | {entries:,} | {with_.wall:.2f} s, {with_.read:.2f} s, {with_.cpu:.2f} s "
            f"| {without.wall:.1f} s, {without.cpu:.1f} s | {size:.0f} MB |"
        )


def main() -> int:
    """Print the table, or, of one store, how long it took to open."""
    if len(sys.argv) == 4 and sys.argv[1] == "--open":
        print(json.dumps(opened(Path(sys.argv[2]), int(sys.argv[3]))))
        return 0
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as folder:
        print(f"load {os.getloadavg()[0]:.1f}", file=sys.stderr)
        for line in table(Path(folder)):
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
