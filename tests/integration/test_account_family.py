"""The family of a version is everything that was tried in its account, in whatever store and under whatever name."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from genesis.evidence.families import closed_adjustment
from genesis.storage.sqlite import StoreReader
from genesis.storage.trials import Trials
from tests.kit.held_project import TRACKS, documents, finished, project
from tests.unit.cli.calling import genesis


@pytest.fixture(scope="module")
def tried(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose three versions ran to the end once; not to be changed."""
    folder = tmp_path_factory.mktemp("account") / "project"
    finished(folder)
    return folder


@pytest.fixture
def again(tried: Path, tmp_path: Path) -> Path:
    """A copy of it, in which more may be tried."""
    return shutil.copytree(tried, tmp_path / "project")


def ran(folder: Path, store: str, *changes: tuple[str, str]) -> Path:
    """Run the project's configuration, changed, into another store."""
    text = (folder / "config.yaml").read_text().replace("run: {", f"run: {{store: {store}, ")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    config = folder / f"{store}.yaml"
    config.write_text(text)
    answer = genesis("run", config)
    assert answer.code == 0, answer.err
    return folder / store


def first_entry(store: Path) -> dict[str, Any]:
    return next(documents(store))["body"]


def shown(store: Path) -> dict[str, float]:
    """E of every version at the end of a run, raw."""
    return {e["track"]: float(e["body"]["e_value"]) for e in documents(store) if e["type"] == "EvidenceSample"}


def adjusted(store: Path) -> dict[str, float]:
    found: dict[str, float] = [e["body"]["adjusted"] for e in documents(store) if e["type"] == "FamilyEvidence"][-1]
    return found


def among(members: dict[str, float], others: dict[str, float]) -> dict[str, float]:
    """E of each member, adjusted for the members and for others."""
    return dict(zip(members, closed_adjustment([*members.values(), *others.values()]), strict=False))


def test_another_parameter_in_another_store_is_tried_beside_what_was_tried_before(tried: Path, again: Path) -> None:
    """Whoever changes a parameter, or a name, and starts anew is adjusted for what the earlier versions have shown, and the first entry names them."""
    before = shown(tried / "genesis.db")
    store = ran(again, "second.db", ("{every: 3}", "{every: 5}"), ("name: held", "name: kept"))
    told = first_entry(store)["tried"]
    assert {t["version"]: float(t["e_value"]) for t in told} == before
    assert len({t["run"] for t in told}) == 1
    now = shown(store)
    assert adjusted(store) == among(now, before)
    assert adjusted(store) != among(now, {})


def test_decisions_go_by_the_family_of_the_account_and_are_made_again_from_the_record(again: Path) -> None:
    """What decides about capital is E among all that was tried; the record alone gives it again, inside and outside."""
    store = ran(again, "second.db", ("{every: 3}", "{every: 5}"))
    earlier = [float(t["e_value"]) for t in first_entry(store)["tried"]]
    decided = [e for e in documents(store) if e["type"] == "PromotionEvaluated"]
    at = decided[-1]["time"]
    last = {e["track"]: e["body"]["record"]["facts"] for e in decided if e["time"] == at}
    assert sorted(last) == sorted(TRACKS)
    present = [facts["e_value"] for facts in last.values()]
    assert [f["adjusted"] for f in last.values()] == closed_adjustment([*present, *earlier])[:3]
    archive = store.with_name("audit.zip")
    assert genesis("audit", "export", store, "--out", archive).code == 0
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(again / "unpacked")
    script = again / "unpacked" / "recompute.py"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-E", script, archive], capture_output=True, text=True, cwd="/", env={}
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "all of it follows")


def test_the_same_run_in_a_new_store_is_the_same_run(tried: Path, again: Path) -> None:
    """A run that is made again is no other trial, and what was tried since does not change it."""
    ran(again, "second.db", ("{every: 3}", "{every: 5}"))
    store = ran(again, "third.db")
    with StoreReader(tried / "genesis.db") as one, StoreReader(store) as other:
        assert one.head() == other.head()
    assert len({t.run for t in Trials(again / "trials.jsonl").tried()}) == 2


def test_a_run_that_goes_on_is_adjusted_for_what_it_was_adjusted_for(again: Path) -> None:
    """What is tried, and shown, between two processes of one run changes nothing of it."""
    config = again / "slow.yaml"
    config.write_text(
        (again / "config.yaml")
        .read_text()
        .replace("run: {", "run: {store: slow.db, ")
        .replace("{every: 3}", "{every: 7}")
    )
    assert genesis("run", config, "--until", "2025-01-20").code == 0
    ran(again, "between.db", ("{every: 3}", "{every: 5}"))
    whole = shutil.copytree(again, again.with_name("whole"))
    assert genesis("run", config).code == 0
    for left in (whole / "slow.db", *whole.glob("slow.db-*")):
        left.unlink()
    assert genesis("run", whole / "slow.yaml").code == 0
    with StoreReader(again / "slow.db") as stopped, StoreReader(whole / "slow.db") as at_once:
        assert stopped.head() == at_once.head()


def test_a_family_of_its_own_takes_somebody_s_word_and_the_record_keeps_it(again: Path) -> None:
    """Splitting a family is approved by name and reason; both are in the first entry, and the run is still registered for those who come after."""
    words = "paper_trading: {account: {split: {by: ann, reason: another desk}}}\nstrategies:"
    store = ran(again, "own.db", ("strategies:", words), ("{every: 3}", "{every: 5}"))
    first = first_entry(store)
    assert "tried" not in first
    assert first["split"] == {"by": "ann", "reason": "another desk"}
    assert adjusted(store) == among(shown(store), {})
    assert len({t.run for t in Trials(again / "trials.jsonl").tried()}) == 2


def test_a_split_without_words_is_refused(tmp_path: Path) -> None:
    """Nobody's approval is none."""
    folder = project(tmp_path / "project", hours=10)
    config = folder / "config.yaml"
    config.write_text(config.read_text() + 'paper_trading: {account: {split: {by: ann, reason: " "}}}\n')
    answer = genesis("check-config", config)
    assert answer.code == 2
    assert "paper_trading.account.split.reason: expected some words, found none" in answer.err


def test_a_ledger_that_somebody_rewrote_stops_the_run_before_it_begins(again: Path) -> None:
    """A line that says less than it did is named, and no store is made."""
    ledger = again / "trials.jsonl"
    ledger.write_text(ledger.read_text().replace("held.short", "held.shore", 1))
    config = again / "config.yaml"
    config.write_text(config.read_text().replace("run: {", "run: {store: new.db, "))
    answer = genesis("run", config)
    assert answer.code != 0
    assert "trials.jsonl: line 1: expected the ledger of trials as it was written" in answer.err
    assert not (again / "new.db").exists()


def test_a_configuration_that_the_store_refuses_is_no_trial(again: Path) -> None:
    """Who changes the configuration of a store that keeps another run is refused, and the ledger says nothing of it."""
    before = Trials(again / "trials.jsonl").place()
    config = again / "config.yaml"
    config.write_text(config.read_text().replace("{every: 3}", "{every: 5}"))
    answer = genesis("run", config)
    assert "differ" in answer.err
    assert answer.code == 2
    assert Trials(again / "trials.jsonl").place() == before


def test_a_person_is_told_how_many_were_tried(again: Path) -> None:
    """The criteria's words and the list of experiments count what was tried in other runs."""
    store = ran(again, "second.db", ("{every: 3}", "{every: 5}"))
    said = genesis("criteria", store)
    assert (
        "Adjusted for the 3 versions tried in this run and the 3 tried before in other runs of the account"
        in " ".join(said.out.split())
    )
    listed = json.loads(genesis("experiments", store, "--json").out)
    assert [(x["version"], x["elsewhere"]) for x in listed][:3] == [
        ("held.long", True),
        ("held.never", True),
        ("held.short", True),
    ]
    assert [x["elsewhere"] for x in listed][3:] == [False] * (len(listed) - 3)
    checked = json.loads(genesis("check-config", again / "config.yaml", "--json").out)
    # The project's own run came first of all.
    assert checked["tried_elsewhere"] == 0
    told = genesis("check-config", again / "second.db.yaml").out
    assert "tried before: 3 versions of 1 run" in told
    assert "trials.jsonl: 6 versions of 2 runs" in genesis("doctor", again / "config.yaml").out
