"""A newcomer's first steps: init, own candles, run, export."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path

import pytest

from genesis.config import Config, load_config
from genesis.errors import ConfigError, DataError, StorageError
from genesis.system.data import read_data
from genesis.system.export import ExportFormat, export
from genesis.system.project import init_project
from genesis.system.run import run_config
from tests.kit.disks import small_disk
from tests.unit.cli.calling import genesis, project


def candles(path: Path, rows: int = 400) -> None:
    """Five-minute candles that rise and fall."""
    with path.open("w") as file:
        file.write("timestamp,open,high,low,close,volume\n")
        for i in range(rows):
            low = 20_000 + 10 * (i % 37)
            file.write(f"{1669852800000 + i * 300_000},{low},{low + 9}.5,{low - 5}.25,{low + 4},{5 + i % 3}.5\n")


def own_project(folder: Path) -> Path:
    """What ``init`` writes, changed as its comment says: the commented sections for the first ones, and the id below."""
    init_project(folder)
    path = folder / "config.yaml"
    text = path.read_text()
    before, rest = text.split("\ninstruments:\n")
    _, commented = rest.split("without `short: true`:\n#\n")
    own, below = commented.split("\n\n")[0], commented.split("\n\nstrategies:")[1]
    own = "\n".join(line.removeprefix("# ") for line in own.splitlines())
    below = below.replace("EURUSD.FX", "BTCUSDT.BINANCE").replace("short: true, ", "")
    path.write_text(f"{before}\n{own}\n\nstrategies:{below}")
    candles(folder / "candles.csv")
    return path


def test_the_written_project_runs_on_the_users_candles(tmp_path: Path) -> None:
    """The files of ``init`` and a CSV are enough; every table leaves as CSV and JSON."""
    config = load_config(own_project(tmp_path))
    assert [d.path for d in config.data] == ["candles.csv"]
    summary = run_config(config, tmp_path)
    assert summary.complete
    assert summary.tracks[:3] == ("own", "crossover.quick", "crossover.slow")
    for table in ("orders", "fills", "trades", "samples", "denials"):
        count = export(tmp_path / "genesis.db", table, ExportFormat.JSON, tmp_path / f"{table}.json").rows
        assert len(json.loads((tmp_path / f"{table}.json").read_text())) == count
        assert export(tmp_path / "genesis.db", table, ExportFormat.CSV, tmp_path / f"{table}.csv").rows == count
        assert len(list(csv.DictReader((tmp_path / f"{table}.csv").open()))) == count
    assert run_config(config, tmp_path).head == summary.head


def test_steps_are_inferred_from_every_file_as_it_is_configured(tmp_path: Path) -> None:
    """Candles with a column named by the user and trades of another format: the finer of both steps, and policies hold."""
    candles(tmp_path / "candles.csv")
    lines = (tmp_path / "candles.csv").read_text().replace("volume", "Volume BTC").splitlines()
    (tmp_path / "candles.csv").write_text("\n".join([*lines[:5], "broken,,,,,", *lines[5:]]))
    trades = [f"{i},2000{i}.125,0.25,1,{1669852800000 + i},true" for i in range(1, 5)]
    (tmp_path / "trades.csv").write_text("\n".join(trades))
    config = _two_files(tmp_path, tick="null")
    streams = {r.stream().name: r for r in read_data(config, tmp_path, {})}
    steps = {(r.instrument.tick, r.instrument.lot) for r in streams.values()}
    assert steps == {(Decimal("0.001"), Decimal("0.01"))}
    assert streams["BTCUSDT.BINANCE/bars/5m"].columns["lots"].tolist()[:3] == [550, 650, 750]
    assert streams["BTCUSDT.BINANCE/bars/5m"].report.repairs[0].count == 1


def test_a_step_of_zero_is_no_step_left_out(tmp_path: Path) -> None:
    """A tick of 0 is refused, not quietly replaced by what the data tell."""
    candles(tmp_path / "candles.csv")
    with pytest.raises(ConfigError, match=r"tick: expected 1E-18 to 1E\+12, found 0"):
        read_data(_two_files(tmp_path, tick="0", only="{path: candles.csv}"), tmp_path, {})


def test_data_without_volume_want_a_lot(tmp_path: Path) -> None:
    """Prices tell the tick; what is missing is named alone."""
    candles(tmp_path / "candles.csv")
    (tmp_path / "trades.csv").write_text("time,open,high,low,close\n1669852800,1.5,1.5,1.5,1.5\n1669852860,1,1,1,1\n")
    with pytest.raises(ConfigError, match=r"BINANCE\.lot: expected it here, or a data file with a size or volume"):
        read_data(_two_files(tmp_path, tick="null", only="{path: trades.csv}"), tmp_path, {})


def _two_files(folder: Path, tick: str, only: str | None = None) -> Config:
    """Candles whose volume has a name of its own, and trades; or one file alone."""
    own = '{path: candles.csv, columns: {volume: "Volume BTC"}, policies: {unreadable: drop}}'
    files = [own, "{path: trades.csv, format: binance-trades}"] if only is None else [only]
    listed = "".join(f"  - {{instrument: BTCUSDT.BINANCE, {f[1:]}\n" for f in files)
    text = (
        f"instruments:\n  - {{symbol: BTCUSDT, venue: BINANCE, base: BTC, quote: USDT, tick: {tick}}}\ndata:\n{listed}"
    )
    (folder / "config.yaml").write_text(text)
    return load_config(folder / "config.yaml")


def test_init_overwrites_nothing(tmp_path: Path) -> None:
    """A file that exists stays as it is, and nothing is half-written."""
    (tmp_path / "own.py").write_text("mine")
    with pytest.raises(ConfigError, match="nothing was written"):
        init_project(tmp_path)
    assert not (tmp_path / "config.yaml").exists()
    assert (tmp_path / "own.py").read_text() == "mine"


def test_a_full_disk_leaves_no_half_of_a_project(tmp_path: Path) -> None:
    """What was begun is taken away again, so that the next attempt may write it whole."""
    with small_disk(tmp_path / "disk", "16k") as disk:
        (disk / "filler").write_bytes(bytes(8192))
        with pytest.raises(StorageError, match="expected a writable folder, found: no space left on device"):
            init_project(disk / "new")
        assert list((disk / "new").iterdir()) == []
        (disk / "filler").unlink()
    assert len(init_project(tmp_path / "new")) == 2


def test_a_broken_candle_is_refused_with_its_place(tmp_path: Path) -> None:
    """File, line, field, expected and found."""
    own_project(tmp_path)
    lines = (tmp_path / "candles.csv").read_text().splitlines()
    lines[9] = lines[9].replace(",20", ",-20", 1)
    (tmp_path / "candles.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(DataError) as error:
        run_config(load_config(tmp_path / "config.yaml"), tmp_path)
    assert (error.value.line, error.value.field) == (10, "open")
    assert not (tmp_path / "genesis.db").exists()


def test_steps_that_only_arithmetic_left_are_warned_of(tmp_path: Path) -> None:
    """A price written to the last digit of a double has no tick: the start says so and what to do, and with tick and rounding given it is silent."""
    config = project(tmp_path, rows=60)
    path = tmp_path / "candles.csv"
    path.write_text(path.read_text().replace(",20000,20009.5,", ",20000.000000000004,20009.5,"))
    inferred = config.read_text().replace(", tick: 0.01, lot: 0.1", "")
    config.write_text(inferred)
    said = genesis("run", config)
    assert said.code == 0
    assert "steps inferred         instrument=BTCUSDT.BINANCE tick=0.000000000001 lot=0.1" in said.err
    assert "steps too fine         instrument=BTCUSDT.BINANCE" in said.err
    assert "policies: {off_tick: round, off_lot: round}" in said.err
    given = inferred.replace("quote: USDT}", "quote: USDT, tick: 0.01, lot: 0.1}").replace(
        "name: small", "name: given, store: given.db"
    )
    config.write_text(given.replace("path: candles.csv}", "path: candles.csv, policies: {off_tick: round}}"))
    said = genesis("run", config)
    assert said.code == 0
    assert "steps inferred" not in said.err
    assert "steps too fine" not in said.err
    assert "rows repaired" in said.err


def test_bars_that_may_be_longer_than_they_are_said_to_be_are_warned_of(tmp_path: Path) -> None:
    """Of candles of five minutes that are said to be of one, none begins where another ends; said to be of five, or left to be found out, they do."""
    config = project(tmp_path, rows=60)
    text = config.read_text()
    warned = {}
    for interval in ("1m", "5m", None):
        given = "path: candles.csv" if interval is None else f"path: candles.csv, interval: {interval}"
        config.write_text(
            text.replace("path: candles.csv", given).replace("name: small", f"name: small, store: {interval}.db")
        )
        said = genesis("run", config)
        assert said.code == 0
        warned[interval] = "bars stand apart       stream=BTCUSDT.BINANCE/bars" in said.err
    assert warned == {"1m": True, "5m": False, None: False}
