"""The command line as its users meet it: every error in one line with its code, signals, files, JSON."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import typer

from genesis.cli.exits import ExitCode
from genesis.clock import ManualClock
from genesis.config import load_config
from genesis.demo.data import INSTALL_COMMAND, missing_packages
from genesis.demo.own import OwnData
from genesis.demo.show import own_parts, run_demo
from genesis.storage import schema
from genesis.storage.sqlite import SqliteStore, StoreReader
from genesis.system.export import TABLES
from tests.kit.altered import signed_store
from tests.kit.decided import decided_store
from tests.unit.cli.calling import PROGRAM, ROOT, Answer, genesis, in_process_of_its_own, project, start

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: to mount a small disk")
demo_data = pytest.mark.skipif(bool(missing_packages()), reason=f"not installed: {', '.join(missing_packages())}")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project that has run; not to be changed."""
    folder = tmp_path_factory.mktemp("finished")
    assert genesis("run", project(folder)).code == 0
    return folder


# ---- errors that users meet


def replaced(old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        path = folder / "config.yaml"
        assert old in path.read_text()
        path.write_text(path.read_text().replace(old, new))

    return change


def written(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def strategy(line: str) -> Callable[[Path], None]:
    """A strategy whose body is this one line."""
    head = "from genesis.strategies.base import Strategy\n\n\nclass Own(Strategy):\n    "
    return written("own.py", f"{head}{line}\n".encode())


def folder_in_place_of(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def cut_gzip(folder: Path) -> None:
    packed = gzip.compress((folder / "candles.csv").read_bytes())
    (folder / "candles.csv").write_bytes(packed[: len(packed) // 2])


def cut_parquet(folder: Path) -> None:
    (folder / "candles.csv").write_bytes(b"PAR1" + b"\x15\x00" * 300)


def other_columns(folder: Path) -> None:
    (folder / "candles.csv").write_text("a,b\n1,2\n")


def backwards(folder: Path) -> None:
    lines = (folder / "candles.csv").read_text().splitlines()
    lines[5], lines[6] = lines[6], lines[5]
    (folder / "candles.csv").write_text("\n".join(lines))


ERRORS: dict[str, tuple[Callable[[Path], None], ExitCode, tuple[str, ...]]] = {
    "missing configuration": (
        lambda folder: (folder / "config.yaml").unlink(),
        ExitCode.CONFIG,
        ("config.yaml", "expected a readable file", "no such file"),
    ),
    "a folder for a configuration": (
        folder_in_place_of("config.yaml"),
        ExitCode.CONFIG,
        ("config.yaml", "expected a readable file", "is a directory"),
    ),
    "yaml syntax": (replaced("run: {name: small}", "run: {name: small"), ExitCode.CONFIG, ("line 3", "expected YAML")),
    "tab": (replaced("run: {name: small}", "run:\n\tname: small"), ExitCode.CONFIG, ("line 3", "expected YAML")),
    "not UTF-8": (written("config.yaml", b"run: \xff"), ExitCode.CONFIG, ("expected UTF-8",)),
    "unknown key": (
        replaced("{name: small}", "{nam: small}"),
        ExitCode.CONFIG,
        ("run.nam: expected a known key, found 'nam'", "did you mean 'name'"),
    ),
    "unknown key far down": (
        replaced("quote: USDT,", "quote: USDT, fees: {taker_bps: 1},"),
        ExitCode.CONFIG,
        ("instruments[0].fees.taker_bps: expected a known key", "did you mean 'taker_bp'"),
    ),
    "key in another place": (
        replaced("{name: small}", "{fat_finger: 0.1}"),
        ExitCode.CONFIG,
        ("run.fat_finger: expected a known key", "did you mean 'risk.fat_finger'"),
    ),
    "wrong type": (
        replaced("{name: small}", "{seed: many}"),
        ExitCode.CONFIG,
        ("run.seed: expected `int`", "found 'many'"),
    ),
    "key twice": (replaced("{name: small}", "{seed: 1, seed: 2}"), ExitCode.CONFIG, ("line 2", "found 'seed' again")),
    "not a number": (replaced("budget: 1000000", "budget: .nan"), ExitCode.CONFIG, ("line 8", "finite decimal")),
    "no such strategy": (replaced("own.py:Own", "owm"), ExitCode.CONFIG, ("found 'owm'", "ma_crossover")),
    "no such class": (replaced("own.py:Own", "own.py:Own2"), ExitCode.CONFIG, ("own.py:Own2", "expected a subclass")),
    "strategy with a syntax error": (written("own.py", b"def"), ExitCode.CONFIG, ("own.py", "SyntaxError")),
    "strategy that leaves while it is imported": (
        written("own.py", b"import sys\nsys.exit(4)"),
        ExitCode.CONFIG,
        ("own.py: cannot be imported: SystemExit: 4",),
    ),
    "strategy that cannot be built": (
        strategy("def __init__(self, *given): raise KeyError('x')"),
        ExitCode.CONFIG,
        ("strategies.own: cannot be built: KeyError: 'x'",),
    ),
    "strategy that forgets its base class": (
        strategy("def __init__(self, *given): pass"),
        ExitCode.CONFIG,
        ("strategies.own: Own: expected super().__init__(instruments, params)",),
    ),
    "parameters that are no struct": (
        strategy("Params = dict"),
        ExitCode.CONFIG,
        ("strategies.own: Own.Params: expected a msgspec.Struct, found <class 'dict'>",),
    ),
    "hook that is a property": (
        strategy("on_bar = property(lambda self: 1 / 0)"),
        ExitCode.CONFIG,
        ("Own.on_bar: expected a plain method, found a property",),
    ),
    "hook that is a coroutine": (
        strategy("async def on_bar(self, bar): pass"),
        ExitCode.CONFIG,
        ("Own.on_bar: expected a plain method, found a coroutine",),
    ),
    "hook that is a generator": (
        strategy("def on_bar(self, bar): yield bar"),
        ExitCode.CONFIG,
        ("Own.on_bar: expected a plain method, found a generator",),
    ),
    "strategy parameter": (
        replaced("budget: 1000000", "budget: 1000000, params: {fast: 1}"),
        ExitCode.CONFIG,
        ("strategies.own.params.fast: expected no parameters, found 'fast'",),
    ),
    "misspelt parameter": (
        replaced('"own.py:Own", instruments', '"ma_crossover", params: {fats: 1}, instruments'),
        ExitCode.CONFIG,
        ("params.fats: expected one of bars, fast, slow, weight, short", "did you mean 'fast'?"),
    ),
    "parameter out of range": (
        replaced('"own.py:Own", instruments', '"ma_crossover", params: {fast: -1}, instruments'),
        ExitCode.CONFIG,
        ("params.fast: expected `int` >= ", "found -1"),
    ),
    "no package": (replaced("candles.csv", '"package:no_such/a.csv"'), ExitCode.CONFIG, ("no_such", "installed")),
    "missing data": (
        lambda folder: (folder / "candles.csv").unlink(),
        ExitCode.DATA,
        ("candles.csv", "expected a readable file"),
    ),
    "truncated gzip": (cut_gzip, ExitCode.DATA, ("candles.csv", "truncated or corrupt")),
    "truncated parquet": (cut_parquet, ExitCode.DATA, ("candles.csv", "truncated or corrupt")),
    "empty data": (written("candles.csv", b""), ExitCode.DATA, ("candles.csv", "empty file")),
    "only a header": (
        written("candles.csv", b"timestamp,open,high,low,close,volume\n"),
        ExitCode.DATA,
        ("candles.csv", "empty file"),
    ),
    "other columns": (other_columns, ExitCode.DATA, ("candles.csv", "expected")),
    "rows backwards": (backwards, ExitCode.DATA, ("candles.csv:7", "field 'timestamp'", "expected", "found")),
    "tick does not divide": (
        replaced("tick: 0.01", "tick: 0.1"),
        ExitCode.DATA,
        ("candles.csv:2", "field 'low'", "0.1"),
    ),
    "capture of bars": (
        replaced("path: candles.csv", "path: candles.csv, capture: one"),
        ExitCode.CONFIG,
        ("data: capture one: expected trades, quotes or depth, found bars",),
    ),
    "two files of one stream": (
        replaced("path: candles.csv}", "path: candles.csv}\n  - {instrument: BTCUSDT.BINANCE, path: candles.csv}"),
        ExitCode.CONFIG,
        ("candles.csv: expected files that follow one another, found",),
    ),
    "unknown policy": (
        replaced("path: candles.csv", "path: candles.csv, policies: {off_tick: ignore}"),
        ExitCode.CONFIG,
        ("data[0].policies", "'ignore'"),
    ),
    "an uneven sampling": (
        replaced("{name: small}", "{sample_every: 7m}"),
        ExitCode.CONFIG,
        ("run.sample_every: expected whole hours, or whole minutes that divide an hour, found 7 minutes",),
    ),
    "no name for the store": (
        replaced("{name: small}", "{store: ''}"),
        ExitCode.CONFIG,
        ("run.store: expected the name",),
    ),
    "no tiers": (
        replaced("{name: small}", "{name: small}\ntiers: []"),
        ExitCode.CONFIG,
        ("tiers: expected at least one",),
    ),
    "store folder missing": (
        replaced("{name: small}", "{store: none/genesis.db}"),
        ExitCode.STORAGE,
        ("none/genesis.db", "expected an existing folder"),
    ),
    "store is no database": (
        written("genesis.db", b"hello"),
        ExitCode.INTEGRITY,
        ("genesis.db", "expected a Genesis store"),
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_one_line_with_its_code_and_leaves_nothing(name: str, tmp_path: Path) -> None:
    """File, place, expected and found are in the line; no file was added or changed."""
    spoil, code, words = ERRORS[name]
    config = project(tmp_path)
    spoil(tmp_path)
    before = contents(tmp_path)
    answer = genesis("run", config)
    assert answer.code == code, answer.err
    for word in words:
        assert word in answer.error
    assert answer.err.count("genesis: ") == 1
    assert answer.out == ""
    assert contents(tmp_path) == before


@pytest.mark.parametrize("name", ["unknown key", "truncated gzip", "store is no database"])
def test_an_error_is_json_for_programs(name: str, tmp_path: Path) -> None:
    """The same words and code as one JSON object, the last line on standard error; standard output stays empty."""
    spoil, code, words = ERRORS[name]
    config = project(tmp_path)
    spoil(tmp_path)
    answer = genesis("run", config, "--json")
    told = [json.loads(line) for line in answer.err.splitlines()]
    assert set(told[-1]) == {"error", "exit_code"}
    assert told[-1]["exit_code"] == answer.code == code
    assert all(word in told[-1]["error"] for word in words)
    assert answer.out == ""


def contents(folder: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in folder.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts and not p.name.endswith(".lock")
    }


def test_a_store_of_another_configuration_is_refused(tmp_path: Path) -> None:
    """The difference is named, and the run that is kept there stays as it is."""
    config = project(tmp_path)
    assert genesis("run", config).code == 0
    with StoreReader(tmp_path / "genesis.db") as reader:
        before = reader.head()
    replaced("{name: small}", "{name: small, seed: 2}")(tmp_path)
    answer = genesis("run", config)
    assert answer.code == ExitCode.CONFIG
    assert "run" in answer.error
    assert "differ" in answer.error
    with StoreReader(tmp_path / "genesis.db") as reader:
        assert reader.head() == before
        assert reader.verify() == []
        told = [o.kind for o in reader.operations() if "snapshot" not in o.kind]
    assert told == ["start", "trials", "stop", "recovery", "failed"]


def test_a_store_held_by_another_process_is_refused(tmp_path: Path) -> None:
    """Whoever came first goes on; the second one is told the process."""
    config = project(tmp_path)
    with SqliteStore.open(tmp_path / "genesis.db", ManualClock(1), "test"):
        answer = in_process_of_its_own("run", config)
        assert answer.code == ExitCode.STORAGE
        assert f"another engine (process {os.getpid()})" in answer.error
    assert genesis("run", config).code == 0


def test_a_changed_entry_is_told_by_run_verify_doctor(tmp_path: Path) -> None:
    """One changed byte: nothing runs on it, and each command names the entry."""
    config = project(tmp_path)
    assert genesis("run", config).code == 0
    store = tmp_path / "genesis.db"
    with sqlite3.connect(store) as db:
        db.execute("UPDATE entries SET bytes = replace(bytes, 'FILLED', 'FILLET') WHERE seq = 7")
        db.execute("UPDATE entries SET bytes = CAST(bytes || ' ' AS BLOB) WHERE seq = 7")
    db.close()
    for args, code in ((("run", config), 5), (("audit", "verify", store), 5), (("doctor", config), 7)):
        answer = genesis(*args)
        assert answer.code == code
        answer.error  # noqa: B018 - one line, no traceback
    assert "entry 7" in genesis("run", config).error
    found = genesis("verify", store, "--json").json["findings"]
    assert [f["seq"] for f in found if f["part"] == "run chain"] == [7]


def test_a_damaged_file_is_an_integrity_error(tmp_path: Path) -> None:
    """Pages of noise are found out, whatever command meets them."""
    config = project(tmp_path)
    assert genesis("run", config).code == 0
    store = tmp_path / "genesis.db"
    sound = store.read_bytes()
    store.write_bytes(sound[:4096] + b"\xff" * (len(sound) - 4096))
    for args in (("run", config), ("status", store), ("verify", store)):
        answer = genesis(*args)
        assert (answer.code, "genesis.db" in answer.error) == (ExitCode.INTEGRITY, True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(place)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip("needs the right to mount a small disk")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


@as_root
def test_a_read_only_folder_is_a_storage_error(small_disk: Path) -> None:
    """Nothing is written, and the line says what to do; what is there already can still be read."""
    config = project(small_disk)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    answer = in_process_of_its_own("run", config, env={"PYTHONDONTWRITEBYTECODE": "1"})
    assert answer.code == ExitCode.STORAGE, answer.err
    assert "genesis.db" in answer.error
    assert "read-only" in answer.error
    assert not list(small_disk.glob("genesis.db*"))
    assert genesis("doctor", config).code == ExitCode.UNHEALTHY
    subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    assert genesis("run", config).code == 0
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    assert genesis("status", small_disk / "genesis.db").code == 0
    assert genesis("run", config).code == ExitCode.STORAGE


@as_root
def test_a_full_disk_stops_the_run_and_room_lets_it_go_on(tmp_path: Path, small_disk: Path) -> None:
    """What was committed is sound; with room again the run ends as if nothing had happened."""
    config = project(tmp_path / "quiet", 60_000, 1)
    assert genesis("run", config).code == 0
    beaten = project(tmp_path / "beaten", 60_000, 1)
    replaced("{name: small}", f"{{name: small, store: {small_disk / 'genesis.db'}}}")(tmp_path / "beaten")
    answer = genesis("run", beaten)
    assert answer.code == ExitCode.STORAGE
    assert "full" in answer.error
    assert "commit failed" in answer.err
    with StoreReader(small_disk / "genesis.db") as reader:
        assert reader.verify() == []
        assert 0 <= reader.head()[0] < 2_000
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)
    assert genesis("run", beaten).code == 0
    assert head(small_disk / "genesis.db") == head(tmp_path / "quiet" / "genesis.db")


@as_root
def test_an_export_onto_a_full_disk_leaves_no_file(finished: Path, small_disk: Path) -> None:
    """No half of a file, under its name or another."""
    (small_disk / "ballast").write_bytes(b"0" * 1_000_000)
    answer = genesis("export", finished / "genesis.db", "entries", "--out", small_disk / "entries.csv")
    assert answer.code == ExitCode.STORAGE
    assert "entries.csv" in answer.error
    assert [p.name for p in small_disk.iterdir()] == ["ballast"]


def head(store: Path) -> tuple[int, str]:
    with StoreReader(store) as reader:
        assert reader.verify() == []
        return reader.head()


# ---- signals


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[int, str]:
    """The chain of a run that nobody stopped."""
    folder = tmp_path_factory.mktemp("undisturbed")
    assert genesis("run", project(folder, 60_000, 1)).code == 0
    return head(folder / "genesis.db")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_stops_at_a_closed_moment_and_the_next_start_goes_on(
    number: signal.Signals, code: int, tmp_path: Path, undisturbed: tuple[int, str]
) -> None:
    """Committed, noted with its reason, the right exit code; then the same head as a run that nobody stopped."""
    config, store = project(tmp_path, 60_000, 1), tmp_path / "genesis.db"
    process = start("run", config, "--json", env={"SLOW_S": "0.003"})
    wait_for_entries(store, process)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    stopped = json.loads(out)
    assert (stopped["complete"], stopped["stopped_by"]) == (False, number.name)
    assert (stopped["entries"], stopped["head"]) == head(store)
    assert 0 < stopped["entries"] < undisturbed[0]
    with StoreReader(store) as reader:
        last = reader.operations()[-1]
    assert (last.kind, last.facts["reason"], last.run_head) == ("stop", number.name, stopped["head"])
    lines = [json.loads(line) for line in err.splitlines()]
    assert lines[-1]["event"] == "run ended"
    assert lines[-1]["reason"] == number.name
    assert f"stopped ({number.name})" in genesis("status", store).out

    again = genesis("run", config)
    assert again.code == 0
    assert "snapshot loaded" in again.err
    assert head(store) == undisturbed


def begun(store: Path) -> int:
    """How many processes have begun to work on a store."""
    kinds = " OR ".join(f'CAST(bytes AS TEXT) LIKE \'%"type":"{kind}"%\'' for kind in ("start", "recovery"))
    return rows(store, f"operations WHERE {kinds}")


def test_sigterm_at_many_moments_leaves_the_same_chain(tmp_path: Path) -> None:
    """In small batches, stopped again and again, also while it recovers: the chain is that of a run nobody stopped."""
    quiet, beaten = project(tmp_path / "quiet", 3_000), project(tmp_path / "beaten", 3_000)
    assert genesis("run", quiet).code == 0
    store = tmp_path / "beaten" / "genesis.db"
    stops = 0
    for wait in (0.0, 0.05, 0.1, 0.2, 0.3):
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.kit.slow_run", str(beaten)], cwd=ROOT, env={**os.environ, "SLOW_S": "0.004"}
        )
        while process.poll() is None and not begun(store) > stops:
            time.sleep(0.01)
        time.sleep(wait)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        stops += 1
    with StoreReader(store) as reader:
        assert [o.facts.get("reason") for o in reader.operations() if o.kind == "stop"] == ["SIGTERM"] * stops
    assert 0 < head(store)[0] < head(tmp_path / "quiet" / "genesis.db")[0]
    assert genesis("run", beaten).code == 0
    assert head(store) == head(tmp_path / "quiet" / "genesis.db")


def rows(store: Path, table: str) -> int:
    """How many there are now. Not by `StoreReader`: it is asked again and again while the store is being made."""
    if not store.exists():
        return 0
    try:
        with closing(sqlite3.connect(f"{store.as_uri()}?mode=ro", uri=True)) as db:
            return int(db.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
    except sqlite3.Error:
        return 0


def wait_for_entries(store: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(1_000):
        if rows(store, "entries"):
            return
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    raise AssertionError("expected entries within 20 s, found none")


def test_terminated_before_the_run_leaves_no_store(tmp_path: Path) -> None:
    """SIGTERM while nothing runs yet ends with 143, one line and no file."""
    config = project(tmp_path)
    fifo = tmp_path / "candles.csv"
    fifo.unlink()
    os.mkfifo(fifo)
    process = start("run", config)
    # Whoever opens a pipe to write waits for its reader: now the process reads its data.
    with fifo.open("w"):
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err.splitlines()) == (143, ["genesis: terminated"])
    assert not (tmp_path / "genesis.db").exists()


def test_a_closed_pipe_is_no_traceback(finished: Path) -> None:
    """``genesis orders STORE | head`` ends quietly with a code of its own."""
    read, write = os.pipe()
    os.close(read)
    process = subprocess.run(
        [*PROGRAM, "orders", str(finished / "genesis.db")],
        stdout=write,
        stderr=subprocess.PIPE,
        check=False,
        cwd=ROOT,
    )
    os.close(write)
    assert (process.returncode, process.stderr) == (141, b"")


def called(shell: str, *args: object) -> subprocess.CompletedProcess[str]:
    """The program with its standard streams as a shell leaves them, ``"$@" >&-`` for one, and buffered as Python does it unasked."""
    words = ["sh", "-c", shell, "sh", *PROGRAM, *map(str, args)]
    env = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT, env=env)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("command", [("orders",), ("status",), ("status", "--json")])
def test_output_that_cannot_be_written_is_an_error_of_storage(finished: Path, command: tuple[str, ...]) -> None:
    """A table and a document that went nowhere are not reported as done."""
    done = called('"$@" > /dev/full', command[0], finished / "genesis.db", *command[1:])
    assert done.returncode == 4
    said = "standard output: expected room for what is told there, found: no space left on device"
    wanted = json.dumps({"error": said, "exit_code": 4}) if "--json" in command else f"genesis: {said}"
    assert done.stderr.splitlines() == [wanted]


def test_a_standard_stream_that_is_closed_is_told_to_nobody(finished: Path) -> None:
    """Neither answers nor errors are told in another's place; the exit code is what it would have been."""
    answer, error = finished / "genesis.db", finished / "none.db"
    closed = called('"$@" >&-', "status", answer)
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "", "")
    closed = called('"$@" 2>&-', "status", error)
    assert (closed.returncode, closed.stdout, closed.stderr) == (4, "", "")
    closed = called('"$@" <&- >&- 2>&-', "status", answer)
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_an_output_without_every_letter_shows_the_others_by_their_code(tmp_path: Path, encoding: str) -> None:
    """Names in another alphabet: tables are told, and a document stays one."""
    config = project(tmp_path)
    config.write_text(config.read_text().replace("name: own", "name: дом ü"), encoding="utf-8")

    def told(*args: object) -> bytes:
        words = [*PROGRAM, *map(str, args)]
        env = {**os.environ, "PYTHONIOENCODING": encoding}
        return subprocess.run(words, capture_output=True, check=True, cwd=ROOT, env=env).stdout

    assert rb"\u0434\u043e\u043c " in told("run", config)
    assert "дом ü" in json.loads(told("status", tmp_path / "genesis.db", "--json"))["tracks"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
@pytest.mark.parametrize("stderr", ["/dev/full", "&-"])
def test_a_log_that_cannot_be_written_stops_no_run(tmp_path: Path, stderr: str) -> None:
    """The chains are the record and the log is not: the run is the one of a log that could."""
    done = called(f'"$@" 2> {stderr}'.replace("> &", ">&"), "run", project(tmp_path), "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["complete"]
    assert told["head"] == genesis("run", project(tmp_path / "other"), "--json").json["head"]


# ---- every command speaks JSON


def test_every_command_prints_one_json_document(finished: Path, tmp_path: Path) -> None:
    """A program can read each of them."""
    config, store = finished / "config.yaml", finished / "genesis.db"
    going, signed = decided_store(tmp_path / "going.db"), signed_store(tmp_path / "signed.db")
    calls: dict[str, tuple[object, ...]] = {
        "init": (tmp_path / "new",),
        "doctor": (config,),
        "demo": ("--data", finished / "candles.csv", "--symbol", "A/B", "--lot", "0.01", "--out", tmp_path / "demo"),
        "check-config": (config,),
        "show-config": (config,),
        "run": (config,),
        "status": (store,),
        "report": (store, "--out", tmp_path / "r.html"),
        "export": (store, "fills", "--out", tmp_path / "f.csv"),
        **{
            name: (store,)
            for name in ("orders", "fills", "trades", "funding", "positions", "criteria", "compare", "verify")
        },
        "strategies": (),
        "backup": (store, "--out", tmp_path / "backup.db"),
        "restore": (tmp_path / "backup.db", tmp_path / "restored.db"),
        **{f"audit {name}": (store, "--keys", tmp_path / "keys") for name in ("checkpoint", "rotate-key")},
        **{f"audit {name}": (store,) for name in ("verify", "search")},
        **{f"audit {name}": (store, 1) for name in ("show", "prove")},
        "audit export": (store, "--out", tmp_path / "audit.zip"),
        "audit archive": (signed, "--before", "2100-01-01", "--to", tmp_path / "old.zip"),
        "audit put-back": (signed, "--archive", tmp_path / "old.zip"),
        "audit rebuild": (store,),
        "experiments": (store,),
        "simulate-policy": ("--families", "1", "--days", "20", "--payoff", "symmetric", "--sharpe", "5"),
        "why": (going, "ema.fast"),
        **{
            name: (going, "ema.fast", "--author", "ann", "--reason", "so I want it")
            for name in ("promote", "demote", "pause", "resume", "halt", "approve", "refuse", "archive")
        },
    }
    assert set(calls) == commands()
    for name, args in calls.items():
        answer = genesis(*name.split(), *args, "--json")
        assert answer.code == 0, (name, answer.err)
        assert answer.json or name in ("compare", "funding"), name
        assert answer.out.count("\n") == 1
        for line in answer.err.splitlines():
            assert json.loads(line)["level"] in ("info", "warning"), name


def commands() -> set[str]:
    from genesis.cli.app import app
    from genesis.cli.audit import audit_app

    def names(of: typer.Typer) -> list[str]:
        return [c.name or c.callback.__name__.replace("_", "-") for c in of.registered_commands if c.callback]

    return {*names(app), *(f"audit {name}" for name in names(audit_app))}


def test_the_documentation_lists_every_command_and_code() -> None:
    """docs/CLI.md and the program agree."""
    text = (ROOT / "docs" / "CLI.md").read_text()
    for name in commands():
        assert f"`genesis {name}" in text or f"`{name}" in text
    table = text.split("## Exit codes")[1].split("\n\n")[1].splitlines()[2:]
    assert [int(line.split("|")[1]) for line in table] == [int(c) for c in ExitCode]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("frob",), "No such command 'frob'"),
        (("run",), "Missing argument"),
        (("status", "--frob", "x"), "No such option"),
        (("export", "x.db", "fills"), "Missing option '--out'"),
        (("export", "x.db", "fills", "--out", "y", "--format", "xml"), "'xml' is not one of"),
        (("run", "x.yaml", "--log-level", "loud"), "'loud' is not one of"),
    ],
)
def test_a_usage_error_is_one_line_and_code_two(args: tuple[str, ...], words: str) -> None:
    """Also as JSON."""
    answer = genesis(*args)
    assert (answer.code, answer.err.count("\n")) == (2, 1)
    assert words in answer.error
    told = json.loads(genesis(*args, "--json").err)
    assert (words in told["error"], told["exit_code"]) == (True, 2)


# ---- tables and files


def test_status_tells_an_empty_store_and_an_unfinished_run_in_words(tmp_path: Path) -> None:
    """Neither is an error."""
    store = tmp_path / "genesis.db"
    SqliteStore.open(store, ManualClock(1), "test").close()
    empty = genesis("status", store)
    assert (empty.code, empty.out.strip()) == (0, "no entries: nothing has run in this store yet")
    assert genesis("status", store, "--json").json["state"] == "empty"
    for name in ("orders", "fills", "trades", "positions"):
        assert (genesis(name, store).code, genesis(name, store, "--json").json) == (0, [])
    config = project(tmp_path)
    assert genesis("run", config, "--until", "2022-12-01T10:00:00Z").code == 0
    assert "unfinished: stopped (until)" in genesis("status", store).out
    assert genesis("status", store, "--json").json["state"] == "stopped"
    assert genesis("run", config).code == 0
    assert "complete: the tape ended" in genesis("status", store).out


def test_a_name_that_looks_like_a_style_is_shown_as_it_is(tmp_path: Path) -> None:
    """Brackets and colons in a name are neither colour nor emoji, and end no command."""
    config = project(tmp_path)
    config.write_text(config.read_text().replace("{name: own,", '{name: "[/b] [red]own:100:",'))
    assert genesis("run", config).code == 0
    status, orders = genesis("status", tmp_path / "genesis.db"), genesis("orders", tmp_path / "genesis.db")
    assert (status.code, orders.code) == (0, 0)
    assert "[/b] [red]own:100:" in status.out
    assert "[/b] [red]own:100:" in orders.out


@pytest.mark.parametrize("columns", [40, 80, 100, 300])
def test_no_terminal_is_too_narrow_for_a_number(columns: int, finished: Path) -> None:
    """Whatever the width, an amount stands there whole, and nothing is shortened."""
    terminal = {"TTY_COMPATIBLE": "1", "COLUMNS": str(columns), "LINES": "50", "NO_COLOR": "1"}
    shown = re.sub("\x1b\\[[0-9;]*m", "", genesis("status", finished / "genesis.db", env=terminal).out)
    equity = genesis("status", finished / "genesis.db", "--json").json["tracks"]["own"]["equity"]
    assert f"{Decimal(equity):.2f}" in shown
    assert "…" not in shown
    assert max(map(len, shown.splitlines()[:-1])) <= columns


def test_the_module_is_the_program(finished: Path) -> None:
    """``python -m genesis`` is there where the folder of scripts is not on the path."""
    told = subprocess.run(
        [sys.executable, "-m", "genesis", "status", finished / "genesis.db", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert (told.returncode, json.loads(told.stdout)["state"]) == (0, "complete")


def test_status_rounds_money_as_the_report_does(finished: Path, tmp_path: Path) -> None:
    """The same sample reads the same on both: half to even, not cut off."""
    sample = genesis("status", finished / "genesis.db", "--json").json["tracks"]["own"]
    exact = [sample[key] for key in ("equity", "fees")]
    amounts = [f"{Decimal(amount):.2f}" for amount in exact]
    assert not all(amount.startswith(rounded) for amount, rounded in zip(exact, amounts, strict=True))
    assert genesis("report", finished / "genesis.db", "--out", tmp_path / "r.html").code == 0
    shown, page = genesis("status", finished / "genesis.db").out, (tmp_path / "r.html").read_text()
    for amount in amounts:
        assert amount in shown
        assert f"{Decimal(amount):,.2f}" in page


def test_positions_are_what_the_fills_come_to(finished: Path) -> None:
    """Bought minus sold, per track and instrument, beside the track's last sample."""
    store = finished / "genesis.db"
    rows = genesis("positions", store, "--json").json
    fills = genesis("fills", store, "--track", "own", "--json").json
    net = sum((Decimal(f["last_qty"]) * (1 if f["side"] == "BUY" else -1) for f in fills), Decimal(0))
    assert [(r["track"], r["fills"], Decimal(r["qty"])) for r in rows if r["track"] == "own"] == [
        ("own", len(fills), net)
    ]
    assert [r["track"] for r in rows] == ["own", "own@realistic"]
    assert rows[0]["track_equity"] == genesis("status", store, "--json").json["tracks"]["own"]["equity"]
    assert "BTCUSDT.BINANCE" in genesis("positions", store, "--track", "own").out


def test_orders_can_be_open_or_denied(finished: Path, tmp_path: Path) -> None:
    """Refused ones are told beside the others and listed on request."""
    store = finished / "genesis.db"
    every = genesis("orders", store, "--json").json
    still = genesis("orders", store, "--open", "--json").json
    assert [o for o in every if o["status"] in ("SUBMITTED", "ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED")] == still
    config = project(tmp_path)
    replaced("budget: 1000000", "budget: 1000000, params: {}")(tmp_path)
    (tmp_path / "own.py").write_text((tmp_path / "own.py").read_text().replace('"0.05"', '"0.9"'))
    ran = genesis("run", config)
    assert ran.code == 0
    denied = genesis("orders", tmp_path / "genesis.db", "--denied", "--json").json
    assert denied
    own = sum(d["track"] == "own" for d in denied)
    assert f"own: risk refused {own} of its {own} orders, {own} by ORDER_SIZE: expected an order of at most" in ran.out
    told = genesis("status", tmp_path / "genesis.db", "--json").json["refused"]
    assert [(r["track"], r["count"]) for r in told if r["track"] == "own"] == [("own", own)]
    assert "risk refused" not in genesis("status", store).out
    assert {d["reason"] for d in denied} == {"ORDER_SIZE"}
    assert f"risk refused {len(denied)}" in genesis("orders", tmp_path / "genesis.db").out
    both = genesis("orders", store, "--open", "--denied")
    assert (both.code, "expected one of them" in both.error) == (2, True)
    wrong = genesis("orders", store, "--track", "nobody")
    assert (wrong.code, "expected one of own, own@realistic, found nobody" in wrong.error) == (2, True)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_says_the_same_in_every_format(table: str, finished: Path, tmp_path: Path) -> None:
    """CSV, JSON and Parquet hold the rows of the store, in order, with every column also where there is no row."""
    store = finished / "genesis.db"
    files = {form: tmp_path / f"t.{form}" for form in ("csv", "json", "parquet")}
    counts = {
        genesis("export", store, table, "--out", path, "--format", form, "--json").json["rows"]
        for form, path in files.items()
    }
    with files["csv"].open(newline="") as file:
        reader = csv.DictReader(file)
        from_csv = list(reader)
        columns = list(reader.fieldnames or ())
    from_json = json.loads(files["json"].read_text())
    from_parquet = pq.read_table(files["parquet"])
    assert counts == {len(from_csv)} == {len(from_json)} == {from_parquet.num_rows}
    assert from_parquet.column_names == columns
    with StoreReader(store) as stored:
        if table in schema.PROJECTIONS:
            assert len(stored.rows(table)) == len(from_csv)
    for a, b, c in zip(from_csv, from_json, from_parquet.to_pylist(), strict=True):
        assert list(b) == columns
        for name in columns:
            document = isinstance(b[name], (dict, list))
            assert (json.loads(c[name]) if document else c[name]) == b[name]
            assert a[name] == ("" if c[name] is None else str(c[name]))


def test_every_projection_can_be_exported() -> None:
    """None is forgotten when one is added."""
    assert set(TABLES) == {*schema.PROJECTIONS, "entries", "positions"}


@pytest.mark.parametrize("table", ["orders", "fills", "trades", "positions"])
def test_what_a_command_shows_can_be_taken_away(table: str, finished: Path, tmp_path: Path) -> None:
    """Every row and every field of what the command prints of fills stands in the export of the same name, with the same values."""
    store, out = finished / "genesis.db", tmp_path / "t.json"
    assert genesis("export", store, table, "--out", out, "--format", "json").code == 0
    shown, exported = genesis(table, store, "--json").json, json.loads(out.read_text())
    # What is beside a position was sampled of its track, and is the samples' own.
    beside = {"track_equity", "track_gross_exposure", "time_sampled"}
    assert shown
    assert [{k: v for k, v in row.items() if k not in beside} for row in shown] == [
        {k: v for k, v in row.items() if k in shown[0]} for row in exported
    ]
    assert set(shown[0]) - beside <= set(exported[0])


def test_a_third_party_verifies_the_exported_entries(finished: Path, tmp_path: Path) -> None:
    """Nothing but the file, SHA-256 and three lines of docs/CLI.md; a changed letter is found."""
    out = tmp_path / "entries.csv"
    assert genesis("export", finished / "genesis.db", "entries", "--out", out).code == 0

    def broken(text: str) -> list[int]:
        previous, found = bytes(32), []
        for row in csv.DictReader(text.splitlines()):
            entry = row["bytes"].encode()
            digest = hashlib.sha256(b"genesis.run-chain.1\x00" + previous + len(entry).to_bytes(8, "big") + entry)
            if digest.hexdigest() != row["hash"]:
                found.append(int(row["seq"]))
            previous = bytes.fromhex(row["hash"])
        return found

    text = out.read_text()
    assert broken(text) == []
    assert text.splitlines()[-1].endswith(head(finished / "genesis.db")[1])
    lines = text.splitlines()
    lines[4] = lines[4].replace("BUY", "BUX", 1) if "BUY" in lines[4] else lines[4].replace('""track""', '""trakc""', 1)
    assert broken("\n".join(lines)) == [4]


def test_a_file_is_replaced_only_by_force(finished: Path, tmp_path: Path) -> None:
    """Both commands that write a file keep what is there."""
    store, out = finished / "genesis.db", tmp_path / "mine"
    out.write_text("mine")
    for args in (("report", store), ("export", store, "fills")):
        answer = genesis(*args, "--out", out)
        assert (answer.code, "--force" in answer.error, out.read_text()) == (2, True, "mine")
        assert genesis(*args, "--out", out, "--force").code == 0
        assert out.read_text() != "mine"
        out.write_text("mine")
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_a_folder_that_is_not_there_is_told_by_its_name(finished: Path, tmp_path: Path) -> None:
    """For both commands, in one line."""
    for args in (("report", finished / "genesis.db"), ("export", finished / "genesis.db", "fills")):
        answer = genesis(*args, "--out", tmp_path / "none" / "x")
        assert answer.code == ExitCode.STORAGE
        assert f"{tmp_path}/none/x: expected an existing folder" in answer.error
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_table_and_a_missing_store_are_told(finished: Path, tmp_path: Path) -> None:
    """And no file is made."""
    for args, code in ((("genesis.db", "filles"), 2), (("none.db", "fills"), 4)):
        answer = genesis("export", finished / args[0], args[1], "--out", tmp_path / "x")
        assert answer.code == code
        assert "expected" in answer.error
    assert list(tmp_path.iterdir()) == []


# ---- the first steps


@demo_data
def test_what_init_writes_runs_as_it_stands(tmp_path: Path) -> None:
    """On the packages' data, with no line changed."""
    assert genesis("init", tmp_path / "new").code == 0
    config = tmp_path / "new" / "config.yaml"
    assert genesis("check-config", config).code == 0
    answer = genesis("run", config, "--until", "2017-03-01", "--json")
    assert answer.code == 0
    assert answer.json["tracks"][:3] == ["own", "crossover.quick", "crossover.slow"]
    assert genesis("trades", tmp_path / "new" / "genesis.db", "--json").json
    again = genesis("init", tmp_path / "new")
    assert (again.code, "nothing was written" in again.error) == (2, True)


def test_the_demonstration_runs_on_the_users_candles(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Three strategies, two variants each, a report, and the life of a planted edge under two profiles; twice is the same run."""
    file = market_data("candles/binance-usdm/1m/SOLUSDT_20250504-20250603.parquet")
    first = genesis("demo", "--data", file, "--symbol", "sol/usdt", "--out", tmp_path, "--json")
    assert first.code == 0
    part, *planted = first.json
    assert [p["name"] for p in planted] == ["planted-given", "planted-balanced"]
    assert all("synthetic" in p["statement"] and p["life"][-1]["version"] == "coin, 20 of them" for p in planted)
    (second,) = run_demo(own_parts(OwnData(file, "sol/usdt"))[:1], tmp_path, lambda name, progress: None)
    assert part["complete"]
    assert part["tracks"] == [
        f"{name}.{variant}{beside}"
        for beside in ("", "@realistic")
        for name, variants in (
            ("crossover", ("20-50", "50-200")),
            ("reversion", ("48", "120")),
            ("breakout", ("48", "120")),
        )
        for variant in variants
    ]
    assert second.summary.head == part["head"]
    assert "<svg" in Path(part["report"]).read_text()


def test_the_demonstration_tells_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    """File, line, field, expected, found; and nothing is written."""
    project(tmp_path)
    file, out = tmp_path / "candles.csv", tmp_path / "out"
    lines = file.read_text().splitlines()
    lines[9] = lines[9].replace(",20", ",x20", 1)
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join(lines))
    cases: list[tuple[tuple[object, ...], int, tuple[str, ...]]] = [
        (
            ("--data", bad, "--symbol", "A/B", "--tick", "0.01", "--lot", "0.1"),
            3,
            ("bad.csv:10", "'open'", "found", "x20"),
        ),
        (("--data", bad, "--symbol", "A/B"), 3, ("bad.csv:10", "'open'", "x20")),
        (("--data", file, "--symbol", "A/B"), 2, ("--lot", "found 0.1", "own step")),
        (("--data", tmp_path / "none.csv", "--symbol", "A/B"), 3, ("none.csv", "readable file")),
        (("--data", file), 2, ("--symbol", "BASE/QUOTE")),
        (("--data", file, "--symbol", "AB"), 2, ("--symbol", "'AB'")),
        (("--data", file, "--symbol", "A/B", "--tick", "0.5"), 3, ("candles.csv:2", "'low'")),
        (("--data", file, "--symbol", "A/B", "--tick", "-1"), 2, ("--tick", "above 0")),
        (("--data", file, "--symbol", "A/B", "--tick", "x"), 2, ("--tick", "'x'")),
        (("--data", file, "--symbol", "A/B", "--format", "x"), 2, ("--format", "'x'")),
        (("--symbol", "A/B"), 2, ("--symbol", "--data")),
    ]
    for args, code, words in cases:
        answer: Answer = genesis("demo", *args, "--out", out)
        assert answer.code == code, answer.err
        assert all(word in answer.error for word in words), answer.err
    assert not out.exists()


def test_the_demo_without_its_data_is_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A code of its own, and nothing written; doctor warns with the same command."""
    monkeypatch.setattr("genesis.demo.data.find_spec", lambda name: None)
    answer = genesis("demo", "--out", tmp_path / "out")
    assert (answer.code, answer.error) == (ExitCode.DEMO_DATA_MISSING, f"genesis: {INSTALL_COMMAND}")
    assert not (tmp_path / "out").exists()
    told = {c["name"]: c for c in genesis("doctor", "--json").json}
    assert (told["demo data"]["health"], told["demo data"]["advice"]) == ("warning", INSTALL_COMMAND)


def test_doctor_names_what_is_wrong_and_what_to_do(tmp_path: Path) -> None:
    """A sound project is all well; a spoilt one is an exit code and lines to act on."""
    config = project(tmp_path)
    sound = genesis("doctor", config, "--json")
    assert sound.code == 0
    assert {c["health"] for c in sound.json} <= {"ok", "warning"}
    names = [c["name"] for c in sound.json]
    assert {"python", "sqlite", "time zones", "disk", "folder", "configuration", "data[0]", "store", "demo data"} <= {
        *names
    }
    assert any(n.startswith("package ") for n in names)
    (tmp_path / "candles.csv").unlink()
    (tmp_path / "genesis.db").write_bytes(b"no store")
    spoilt = genesis("doctor", config, "--json")
    assert spoilt.code == ExitCode.UNHEALTHY
    wrong = {c["name"]: c for c in spoilt.json if c["health"] == "error"}
    assert set(wrong) == {"data[0]", "store"}
    assert all(c["advice"] for c in wrong.values())
    assert json.loads(spoilt.err)["exit_code"] == 7
    replaced("{name: small}", "{nam: small}")(tmp_path)
    assert "did you mean 'name'" in genesis("doctor", config).out


# ---- secrets

SECRET = "hunter2-Ω-sesame"


def test_a_secret_is_in_no_output_no_error_and_no_line_of_the_log(tmp_path: Path) -> None:
    """Given by the file or by the environment; used, misspelt, of the wrong type, or in a broken file."""
    config = project(tmp_path)
    plain = config.read_text()
    name = "GENESIS__VENUES__BINANCE__API_SECRET"
    said = []
    for env in ({name: SECRET}, {name: f"[{SECRET}"}, {name + "T": SECRET}, {"GENESIS__VENUES__BINANCE": SECRET}):
        said += [
            genesis(c, config, *j, env=env) for c in ("show-config", "check-config", "run") for j in ((), ("--json",))
        ]
    texts = [
        f"venues: {{binance: {{api_secret: {SECRET}}}}}",
        f"venues: {{binance: {{api_secrets: {SECRET}}}}}",
        f"venues: {{binance: {{api_secret: [{SECRET}]}}}}",
        f"venues: {{binance: {SECRET}}}",
        f"venues: {SECRET}",
        f"venues: {{binance: {{api_secret: *{SECRET}}}}}",
        f"venues: {{binance: {{api_secret: !{SECRET} x}}}}",
        f"venues: {{binance: {{api_secret: '{SECRET}}}}}",
        f"venues: {{binance: {{api_secret: {SECRET}, api_key: {{}}}}}}",
    ]
    for text in texts:
        config.write_text(plain + text + "\n")
        said += [genesis(c, config, "--log-level", "debug") for c in ("check-config", "run")]
        said += [genesis("show-config", config), genesis("doctor", config)]
    for answer in said:
        assert SECRET not in answer.out + answer.err
        assert "sesame" not in answer.out + answer.err
        assert "Traceback" not in answer.err
    assert {a.code for a in said} == {0, 2, 7}
    assert "api_secret: '***'" in said[0].out
    assert SECRET.encode() not in (tmp_path / "genesis.db").read_bytes()
    config.write_text(plain)
    loaded = load_config(config, {name: SECRET})
    assert loaded.venues["binance"].api_secret is not None
    assert loaded.venues["binance"].api_secret.reveal() == SECRET
    assert SECRET not in repr(loaded)


def test_a_strategy_that_quotes_a_secret_is_masked(tmp_path: Path) -> None:
    """Also where the text comes from elsewhere, once the configuration knows it for a secret."""
    config = project(tmp_path)
    source = (tmp_path / "own.py").read_text()
    (tmp_path / "own.py").write_text(
        source.replace("self.target_weight", f"raise ValueError('{SECRET}')\n        self.x")
    )
    answer = genesis("run", config, env={"GENESIS__VENUES__X__PASSPHRASE": SECRET})
    assert answer.code == 0
    assert "track stopped" in answer.err
    assert "***" in answer.err
    assert SECRET not in answer.err


# ---- the log


def test_the_log_tells_the_run_from_start_to_end(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """What was started and of what digest, what data lack, what was repaired, what stopped, how it ended; JSON as asked."""
    config = project(tmp_path)
    lines = (tmp_path / "candles.csv").read_text().splitlines()
    lines[5:8] = []
    lines[20] = lines[20].replace(".25,", ".255,")
    (tmp_path / "candles.csv").write_text("\n".join(lines))
    replaced("path: candles.csv", "path: candles.csv, policies: {off_tick: round}")(tmp_path)
    source = (tmp_path / "own.py").read_text()
    (tmp_path / "own.py").write_text(
        source.replace("self.target_weight", "raise ValueError('by hand')\n        self.x")
    )
    answer = genesis("run", config, "--log-format", "json", "--log-level", "debug")
    told = [json.loads(line) for line in answer.err.splitlines()]
    events = [t["event"] for t in told]
    assert events == [
        "run started",
        "absolute win rate",
        "account rate",
        "gaps found",
        "rows repaired",
        "gap",
        "track stopped",
        "track stopped",
        "snapshot",
        "no order was sent",
        "run ended",
    ]
    by = dict(zip(events, told, strict=True))
    assert by["run started"]["config"] == genesis("check-config", config, "--json").json["config"]
    assert "venues" in by["run started"]["no_effect"]
    assert (by["gaps found"]["gaps"], by["rows repaired"]["policy"], by["rows repaired"]["rows"]) == (1, "round", 1)
    assert by["track stopped"]["error"] == "ValueError: by hand"
    assert (by["run ended"]["entries"], by["run ended"]["head"]) == head(tmp_path / "genesis.db")
    assert all(t["time"].endswith("Z") for t in told)

    again = genesis("run", config, env={"GENESIS_LOG_FORMAT": "json"})
    told = [json.loads(line) for line in again.err.splitlines()]
    assert [t["event"] for t in told][-3:] == ["snapshot loaded", "recovery", "run ended"]
    assert "track stopped" not in [t["event"] for t in told]
    quiet = genesis("--log-level", "error", "run", config)
    assert (quiet.code, quiet.err) == (0, "")
    wrong = genesis("run", config, env={"GENESIS_LOG_LEVEL": "loud"})
    assert (wrong.code, "expected one of debug" in wrong.error) == (2, True)


def test_files_by_month_are_a_run_over_all_of_them(finished: Path, tmp_path: Path) -> None:
    """Named by a pattern, not in the order of their times: the same fills as of one file, and doctor looks at each."""
    config = project(tmp_path)
    head, *rows = (tmp_path / "candles.csv").read_text().splitlines(keepends=True)
    for name, part in (("c-1.csv", rows[150:]), ("c-2.csv", rows[:150])):
        (tmp_path / name).write_text("".join([head, *part]))
    replaced("path: candles.csv", 'path: "c-*.csv"')(tmp_path)
    assert genesis("run", config).code == 0
    store = tmp_path / "genesis.db"
    assert genesis("fills", store, "--json").json == genesis("fills", finished / "genesis.db", "--json").json
    (stream,) = genesis("check-config", config, "--json").json["streams"]
    assert (stream["rows"], stream["gaps"]) == (len(rows), 0)
    looked = genesis("doctor", config).out
    assert "c-1.csv can be read" in looked
    assert "c-2.csv can be read" in looked
    (tmp_path / "c-1.csv").unlink()
    (tmp_path / "c-2.csv").unlink()
    assert "expected files of this pattern, found none" in genesis("check-config", config).error


def test_check_config_says_how_large_an_order_may_be(tmp_path: Path) -> None:
    """By each track's tier: a strategy that sends larger ones is refused from its first order to its last."""
    config = project(tmp_path)
    replaced("budget: 1000000", "budget: 3000")(tmp_path)
    tracks = genesis("check-config", config, "--json").json["tracks"]
    assert {t["track"]: (t["tier"], t["order_max"], t["gross_exposure_max"]) for t in tracks} == {
        "own": ("hunter", "0.15", "0.90"),
        "own@realistic": ("hunter", "0.15", "0.90"),
    }
    assert "0.15" in genesis("check-config", config).out


def test_the_digest_in_the_log_is_that_of_the_first_entry(finished: Path) -> None:
    """It names everything the run is a function of."""
    with StoreReader(finished / "genesis.db") as reader:
        first = next(reader.entries(1, 1)).entry
    digest = genesis("check-config", finished / "config.yaml", "--json").json["config"]
    assert digest == hashlib.sha256(first).hexdigest()


def test_a_project_can_be_moved(finished: Path, tmp_path: Path) -> None:
    """Paths are relative to the configuration and part of no entry: elsewhere it goes on in the same store."""
    shutil.copytree(finished, tmp_path / "moved")
    assert genesis("run", tmp_path / "moved" / "config.yaml").code == 0


def test_an_installed_package_offers_its_strategies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entry points are listed and run by their names; one that cannot be imported is told in one line."""
    config = project(tmp_path / "project")
    (tmp_path / "offered.py").write_text((tmp_path / "project" / "own.py").read_text())
    info = tmp_path / "offered-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: offered\nVersion: 1\n")
    (info / "entry_points.txt").write_text("[genesis.strategies]\nmine = offered:Own\nlost = offered.gone:Own\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    listed = {s["name"]: s["what"] for s in genesis("strategies", "--json").json}
    assert (listed["mine"], listed["lost"]) == ("installed: offered:Own", "installed: offered.gone:Own")
    config.write_text(config.read_text().replace("own.py:Own", "mine"))
    assert genesis("run", config).code == 0
    config.write_text(config.read_text().replace('"mine"', '"lost"'))
    lost = genesis("check-config", config)
    assert (lost.code, "strategy: lost: cannot be imported: ModuleNotFoundError" in lost.error) == (2, True)


def test_what_a_strategy_prints_is_no_part_of_the_answer(tmp_path: Path) -> None:
    """It goes to standard error: standard output stays one document for programs."""
    config = project(tmp_path)
    source = (tmp_path / "own.py").read_text()
    printing = source.replace("self.subscribe_bars(", "print('hello')\n        self.subscribe_bars(", 1)
    (tmp_path / "own.py").write_text(f"print('imported')\n{printing}")
    for command in ("check-config", "run"):
        answer = genesis(command, config, "--json")
        assert isinstance(answer.json, dict)
        assert {"imported", "hello"} <= set(answer.err.splitlines())


def test_a_run_ends_with_why_each_order_that_is_open_waits(tmp_path: Path) -> None:
    """A limit far under the market is open as the tape ends: the run says where it rests, to a person and to a program."""
    config = project(tmp_path)
    source = (tmp_path / "own.py").read_text()
    wait = "self.buy('0.1', limit='19900') if not self.open_orders() else None\n        return\n        "
    (tmp_path / "own.py").write_text(
        source.replace("def on_bar(self, bar):\n        ", f"def on_bar(self, bar):\n        {wait}")
    )
    told = genesis("run", config, "--until", "2022-12-01T06:00:00Z", "--json").json["waiting"]
    assert [(o["track"], o["client_order_id"], o["status"]) for o in told] == [
        (name, f"{name}-1", "ACCEPTED") for name in ("own", "own@realistic")
    ]
    assert all(o["why"].startswith("rests at 19900.00; the market is at 2") for o in told)
    answer = genesis("run", config)
    assert "open orders, and why they wait:" in answer.out
    assert "rests at 19900.00" in " ".join(answer.out.split())


def test_a_strategy_that_cannot_start_is_told_before_and_after_the_run(tmp_path: Path) -> None:
    """check-config starts it and fails by its name; a run goes on without it, and status shows that it was stopped."""
    config = project(tmp_path)
    source = (tmp_path / "own.py").read_text()
    (tmp_path / "own.py").write_text(source.replace("self.subscribe_bars(", "self.subscribe_bars('7m') or (", 1))
    checked = genesis("check-config", config)
    assert checked.code == 2
    assert "on_start: ValueError" in checked.error
    assert "divide 7m" in checked.error
    assert not (tmp_path / "genesis.db").exists()
    assert genesis("run", config).code == 0
    answer = genesis("status", tmp_path / "genesis.db")
    assert "STOPPED" in answer.out
    assert "on_start: ValueError" in answer.out
    told = genesis("status", tmp_path / "genesis.db", "--json").json["stops"]
    assert [(s["track"], s["kind"], s["reason"]) for s in told] == [
        (name, "STOPPED", "on_start") for name in ("own", "own@realistic")
    ]
