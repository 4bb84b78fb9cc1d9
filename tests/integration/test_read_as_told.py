"""One file can be read in several ways: the record says which rows a run was of, and a run is not gone on with others."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from genesis.storage.reader import StoreReader
from genesis.tape.stream import BLOCK_ROWS
from tests.kit.runs import trades_stream
from tests.unit.cli.calling import genesis

HEADER = "time,open,high,low,close,second\n"
MINUTES = 4_600  # one full block of rows, and more
SPLIT = 4_200  # behind that block the two columns differ
CONFIG = """
run: {name: told, seed: 1}
instruments: [{symbol: BTCUSDT, venue: TEST, base: BTC, quote: USDT, tick: 0.01, lot: 0.00001}]
data: [{instrument: BTCUSDT.TEST, path: candles.csv%s}]
strategies:
  - {name: cross, strategy: ma_crossover, instruments: [BTCUSDT.TEST], budget: 10000, params: {bars: 15m, fast: 3, slow: 8, weight: 0.04}}
"""


def lines() -> list[str]:
    """Minutes of a price that swings, and beside its close a second one that is another from `SPLIT` on."""
    found = []
    for i in range(MINUTES):
        close = 10_000 + 100 * (abs(i % 240 - 120) // 10)
        second = close + (50 if i >= SPLIT else 0)
        found.append(f"{1_735_689_600 + 60 * i},{close},{close + 60},{close - 60},{close},{second}\n")
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The file, and a configuration that takes it as it is."""
    (tmp_path / "candles.csv").write_text(HEADER + "".join(lines()))
    told(tmp_path)
    return tmp_path


def told(folder: Path, how: str = "") -> Path:
    """The configuration with more said about how the file is to be read."""
    path = folder / "config.yaml"
    path.write_text(CONFIG % how)
    return path


def first_stream(folder: Path) -> dict[str, object]:
    """What the run's first entry says of its stream."""
    with StoreReader(folder / "genesis.db") as reader:
        (first,) = reader.entries(1, 1)
    (stream,) = json.loads(first.entry)["body"]["streams"]
    return dict(stream)


def test_the_same_file_read_otherwise_is_another_run(folder: Path) -> None:
    """Stopped behind the rows in which two readings differ: the second is no continuation, from a snapshot or from the start, and the refusal says of what."""
    assert genesis("run", folder / "config.yaml", "--until", "2025-01-04T00:00:00Z").code == 0
    second = genesis("run", told(folder, ", columns: {close: second, volume: null}"))
    assert second.code == 2
    assert "streams[0].rows_digest differ" in second.error


def test_who_says_nothing_has_the_first_entry_that_he_always_had(folder: Path) -> None:
    """A file that is taken as it is, with nothing repaired, is told by its own digest alone."""
    assert genesis("run", folder / "config.yaml", "--until", "2025-01-01T01:00:00Z").code == 0
    assert set(first_stream(folder)) == {"digest", "name", "rows", "volume"}


def test_what_was_repaired_stays_in_record_and_report(folder: Path) -> None:
    """Two rows out of order and one off the tick: the first entry has problem, policy and count, and the report shows them."""
    rows = lines()
    rows[10], rows[11] = rows[11], rows[10]
    cells = rows[50].strip().split(",")
    rows[50] = ",".join([cells[0], f"{cells[1]}.001", *cells[2:]]) + "\n"
    (folder / "candles.csv").write_text(HEADER + "".join(rows))
    path = told(folder, ", policies: {backwards: sort, off_tick: round}")
    assert genesis("run", path, "--until", "2025-01-01T05:00:00Z").code == 0
    stream = first_stream(folder)
    assert stream["repaired"] == [
        {"policy": "round", "problem": "off_tick", "rows": 1},
        {"policy": "sort", "problem": "backwards", "rows": 1},
    ]
    page = folder / "report.html"
    assert genesis("report", folder / "genesis.db", "--out", page).code == 0
    assert "repaired: 1 rows off_tick, by the policy round" in page.read_text()
    assert "repaired: 1 rows backwards, by the policy sort" in page.read_text()


@pytest.mark.parametrize("changed", [0, BLOCK_ROWS - 1, BLOCK_ROWS, BLOCK_ROWS + 9])
def test_every_row_is_in_the_digest(changed: int) -> None:
    """Whichever row is another, in a full block or behind the last one: the digest of the rows is, and that of the rows before it is not."""
    rows = [(i, 10_000, 1, 1) for i in range(BLOCK_ROWS + 10)]
    one, other = trades_stream(rows), trades_stream(rows)
    other.columns["ticks"] = np.array(other.columns["ticks"])
    other.columns["ticks"][changed] += 1
    assert one.rows_digest(len(rows)) != other.rows_digest(len(rows))
    assert one.rows_digest(changed) == other.rows_digest(changed)
