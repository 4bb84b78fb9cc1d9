"""Fault plans as users meet them: on the command line, in the report, and over a process that is killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from genesis.cli.exits import ExitCode
from genesis.storage.sqlite import StoreReader
from tests.unit.cli.calling import ROOT, genesis, project

PLANS = """
fault_plans:
  mine:
    about: no order gets through
    rejects: {share: 1, reasons: [OVERLOADED]}
"""


def with_plans(folder: Path, more: str = "") -> Path:
    path = project(folder)
    path.write_text(path.read_text().replace("run: {name: small}", "run: {name: small" + more + "}") + PLANS)
    return path


def test_a_run_under_a_named_plan_stands_beside_itself_in_table_and_report(tmp_path: Path) -> None:
    """``--faults``: the main table is of undisturbed tracks, a small one has both, and the report says how it was taken."""
    path = with_plans(tmp_path / "a")
    said = genesis("run", path, "--faults", "mine")
    assert said.code == 0, said.err
    main, small = said.out.split("under faults")
    assert "mine" not in main
    assert "own" in main
    (line,) = [x.split() for x in small.splitlines() if "mine" in x]
    assert line[:2] == ["own", "mine"]
    assert line[2] == "1000000.00" != line[3]
    trades, undisturbed = map(int, line[-2:])
    assert trades == 0 < undisturbed
    page = tmp_path / "page.html"
    assert genesis("report", tmp_path / "a" / "genesis.db", "--out", page).code == 0
    html = page.read_text()
    assert "<h2 id='faults'>Under faults</h2>" in html
    assert "No order gets through." in html
    assert "OVERLOADED)" in html
    assert genesis("verify", tmp_path / "a" / "genesis.db").code == 0


def test_the_undisturbed_track_is_the_one_of_a_run_without_a_plan(tmp_path: Path) -> None:
    """Fill for fill and sample for sample."""
    for name, more in (("with", ("--faults", "rough-day")), ("without", ())):
        assert genesis("run", with_plans(tmp_path / name), *more).code == 0
    found = []
    for name in ("with", "without"):
        with StoreReader(tmp_path / name / "genesis.db") as store:
            rows = [[{**r, "seq": 0} for r in store.rows(table, "own")] for table in ("fills", "samples", "orders")]
            found.append(rows)
            assert bool(store.faults()) is (name == "with")
    assert found[0] == found[1]
    assert found[0][0]


def test_checking_says_which_plans_are_in_use(tmp_path: Path) -> None:
    """By track, as words and as JSON; plans have an effect now."""
    path = with_plans(tmp_path, ", faults: mine")
    found = genesis("check-config", path, "--json").json
    assert {t["track"]: t["faults"] for t in found["tracks"]} == {
        "own": None,
        "own@realistic": None,
        "own!mine": "mine",
    }
    assert not [k for k in found["no_effect"] if "fault" in k]
    assert "own!mine" in genesis("check-config", path).out


def test_a_plan_that_is_not_there_is_refused_by_its_name(tmp_path: Path) -> None:
    """One line, naming those there are; nothing has run."""
    said = genesis("run", with_plans(tmp_path), "--faults", "ruff-day")
    assert said.code == ExitCode.CONFIG
    assert "run.faults: expected one of feed-gap" in said.error
    assert "mine, none, found ruff-day" in said.error
    assert not (tmp_path / "genesis.db").exists()


def test_another_plan_is_another_run_and_wants_a_store_of_its_own(tmp_path: Path) -> None:
    """A store that holds a run without a plan is not continued with one."""
    path = with_plans(tmp_path)
    assert genesis("run", path).code == 0
    assert genesis("run", path, "--faults", "mine").code != 0
    assert genesis("run", path, "--faults", "none").code == 0


def test_a_killed_run_under_a_plan_goes_on_to_the_same_head(tmp_path: Path) -> None:
    """SIGKILL at five moments, started again each time: chain, fills and what was injected are those of the run nobody disturbed."""
    chance, found = random.Random(3), []
    for name, kills in (("quiet", 0), ("beaten", 5)):
        path = with_plans(tmp_path / name, ", faults: rough-day")
        command = [sys.executable, "-m", "tests.kit.slow_run", str(path)]
        for _ in range(kills):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
            while not path.with_name("genesis.db").exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.3))
            process.send_signal(signal.SIGKILL)
            process.wait()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT)
        with StoreReader(path.with_name("genesis.db")) as store:
            assert store.verify() == []
            found.append((store.head(), store.rows("fills"), store.rows("faults"), store.rows("incidents")))
    assert found[0] == found[1]
