"""How long a start takes against the length of what is there already: ``python -m benchmarks.startup [FOLDER]``, a table in Markdown on stdout.

Histories of recorded candles (of minute bars there is one month, which stands several times one after another where a history is longer) are run once up to a day before their end, each into a store in FOLDER. Then a fresh process opens a copy of each: from the last snapshot, and
without snapshots from the tape's start, up to where the first new row is durable. What is measured is wall time and processor time of that process from after its
imports (which take the same for every history and are said apart), and which part of it is reading the tape; the best of three. What runs beside the start (the check of the entries before the snapshot) is in the processor
time as far as it got.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from genesis.clock import NS_PER_DAY, NS_PER_HOUR
from genesis.config import load_config
from genesis.engine.engine import Progress
from genesis.storage.address import store_address
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare, run_prepared

_DATA = Path(os.environ.get("GENESIS_TEST_DATA", "../shared/data")) / "candles"
_HOURLY = _DATA / "binance-spot/1h/BTCUSDT_20170817-20230630.parquet"
_MINUTES = _DATA / "binance-usdm/1m/BTCUSDT_20250504-20250603.parquet"
_TRIES = 3
_CONFIG = """
run: {{name: startup, seed: 1, store: run.db}}
instruments:
  - {{symbol: BTCUSD, venue: ANY, base: BTC, quote: USD, tick: 0.01, lot: 0.00000001}}
data:
  - {{instrument: BTCUSD.ANY, path: tape.parquet}}
strategies:
  - {{name: cross, strategy: ma_crossover, instruments: [BTCUSD.ANY], budget: 10000, params: {{bars: {bars}}}}}
  - {{name: fast, strategy: ma_crossover, instruments: [BTCUSD.ANY], budget: 10000, params: {{bars: {bars}, fast: 3, slow: 9}}}}
  - {{name: breakout, strategy: breakout, instruments: [BTCUSD.ANY], budget: 10000, params: {{bars: {bars}}}}}
  - {{name: reversion, strategy: mean_reversion, instruments: [BTCUSD.ANY], budget: 10000, params: {{bars: {bars}}}}}
storage: {{snapshots: {{every_entries: {every}}}}}
"""


class History(NamedTuple):
    """So many days of one file, which is repeated where it is shorter, and the bars that the strategies trade on."""

    name: str
    source: Path
    days: int
    bars: str = "1h"


HISTORIES = (
    History("hourly, 1 month", _HOURLY, 31),
    History("hourly, 1 year", _HOURLY, 365),
    History("hourly, 3 years", _HOURLY, 1_095),
    History("hourly, 5.8 years", _HOURLY, 2_120),
    History("minutes, 1 month, traded on each", _MINUTES, 30, "1m"),
    History("minutes, 1 month", _MINUTES, 30),
    History("minutes, 1 year", _MINUTES, 365),
    History("minutes, 3 years", _MINUTES, 1_095),
)


class Opened(NamedTuple):
    """Seconds: of wall time to read, of wall time to the first new row, of processor time to there."""

    read: float
    wall: float
    cpu: float


def tape(history: History) -> pa.Table:
    """The file's rows as often as makes so many days, each time later by its length."""
    once = pq.read_table(history.source)
    times = once["ts_ns"]
    length = times[-1].as_py() + times[1].as_py() - 2 * times[0].as_py()
    again = range(-(-history.days * NS_PER_DAY // length))
    shifted = [once.set_column(0, once.schema.field(0), pc.add(times, i * length)) for i in again]
    return pa.concat_tables(shifted)


def made(history: History, folder: Path) -> int:
    """A store that holds the history but for its last day; until when it was run (ns)."""
    whole = tape(history)
    first: int = whole["ts_ns"][0].as_py()
    until = first + (history.days - 1) * NS_PER_DAY
    folder.mkdir()
    pq.write_table(whole.filter(pc.less(whole["ts_ns"], until + NS_PER_DAY)), folder / "tape.parquet")
    for name, every in (("snapshots", 50_000), ("none", 0)):
        (folder / f"{name}.yaml").write_text(_CONFIG.format(every=every, bars=history.bars))
    config = load_config(folder / "snapshots.yaml")
    run_prepared(prepare(config, folder), store_address(config.run.store, folder), until)
    return until


def opened(path: Path, until_ns: int) -> Opened:
    """Start as a run does, go on by an hour, and look at the clock when the first of it is durable."""
    start, cpu = time.perf_counter(), time.process_time()
    config = load_config(path)
    prepared = prepare(config, path.parent)
    read = time.perf_counter() - start
    found: list[Opened] = []

    def durable(progress: Progress) -> None:
        if not progress.replaying and progress.closed_before > until_ns and not found:
            found.append(Opened(read, time.perf_counter() - start, time.process_time() - cpu))

    run_prepared(prepared, store_address(config.run.store, path.parent), until_ns + NS_PER_HOUR, durable)
    return found[0]


def best(path: Path, until_ns: int) -> Opened:
    """The quickest of some fresh processes, each with a copy of the store."""
    store, kept = path.with_name("run.db"), path.with_name("kept.db")
    shutil.copy(store, kept)
    command = [sys.executable, "-m", "benchmarks.startup", "--open", str(path), str(until_ns)]
    found = []
    for _ in range(_TRIES):
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        found.append(Opened(*json.loads(done.stdout)))
        shutil.copy(kept, store)
    return min(found, key=lambda o: o.wall)


def importing() -> float:
    """Seconds that a process takes to be there with everything imported."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", "import benchmarks.startup"], check=True)
    return time.perf_counter() - start


def table(folder: Path) -> Iterator[str]:
    """Rows in Markdown."""
    yield "| history | entries | from the snapshot to the first new row: all, reading, processor | from the tape's start: all, processor | store |"
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
        before = os.getloadavg()[0]
        for line in table(Path(folder)):
            print(line, flush=True)
        print(
            f"\nImports: {min(importing() for _ in range(_TRIES)):.2f} s. Load before and after: {before:.1f} and {os.getloadavg()[0]:.1f}."
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
