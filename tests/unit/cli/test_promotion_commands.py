"""What persons may tell the manager by the shell, what it answers for, and what the shell refuses to pass on."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.model.promotion_events import PromotionEvaluated
from genesis.model.run_events import TapeEnded
from genesis.storage.sqlite import SqliteStore, StoreReader
from tests.kit.decided import decided_store
from tests.kit.factories import T0, started
from tests.kit.promotions import a_rise
from tests.unit.cli.calling import genesis

WHO = ("--author", "ann", "--reason", "so I want it")


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A run that goes on."""
    return decided_store(tmp_path / "run.db")


@pytest.mark.parametrize(
    ("args", "command", "target"),
    [
        (("promote", "ema.fast"), "promote", "ema.fast"),
        (("demote", "ema.fast"), "demote", "ema.fast"),
        (("pause", "ema.slow"), "pause", "ema.slow"),
        (("resume", "ema.fast"), "resume", "ema.fast"),
        (("resume", "ema.fast", "--restore"), "restore", "ema.fast"),
        (("halt", "ema.fast"), "halt", "ema.fast"),
        (("halt", "--all"), "halt", None),
        (("pause", "--all"), "pause", None),
        (("demote", "--all"), "demote", None),
        (("resume", "--all"), "resume", None),
        (("approve", "ema.fast"), "approve", "ema.fast"),
        (("refuse", "ema.fast"), "refuse", "ema.fast"),
        (("archive", "ema.fast"), "archive", "ema.fast"),
    ],
)
def test_a_command_waits_in_the_inbox_with_author_and_reason(
    store: Path, args: tuple[str, ...], command: str, target: str | None
) -> None:
    """Its number is told, and who takes it when."""
    answer = genesis(args[0], store, *args[1:], *WHO)
    assert answer.code == 0
    assert "command 1" in answer.out
    when = "before its next rows" if args[0] in ("halt", "pause", "demote", "archive") else "at its next evidence bar"
    assert f"an engine at work takes it {when}, else the next start does" in answer.out
    with StoreReader(store) as reader:
        (row,) = reader.commands()
    assert (row.command, row.target, row.author, row.reason, row.taken_at_seq) == (command, target, *WHO[1::2], None)


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("promote", "ema.fats", *WHO), "strategy: expected one of ema.fast, ema.slow, found ema.fats"),
        (("halt", *WHO), "strategy: expected a name or --all, found neither"),
        (("halt", "ema.fast", "--all", *WHO), "strategy: expected a name or --all, found both"),
        (("resume", "--all", "--restore", *WHO), "--restore: expected one strategy"),
        (("promote", "ema.fast", "--author", " ", "--reason", "x"), "author: expected some words, found none"),
        (("promote", "ema.fast", "--author", "ann"), "Missing option '--reason'"),
    ],
)
def test_what_cannot_be_meant_is_not_passed_on(store: Path, args: tuple[str, ...], words: str) -> None:
    """Exit code 2, and an empty inbox."""
    answer = genesis(args[0], store, *args[1:])
    assert answer.code == 2
    assert words in answer.error
    with StoreReader(store) as reader:
        assert reader.commands() == []


def test_a_run_whose_tape_has_ended_takes_no_commands(tmp_path: Path) -> None:
    """It would wait for ever."""
    ended = decided_store(tmp_path / "ended.db", TapeEnded(T0 + 10**15, None, 1))
    answer = genesis("halt", ended, "ema.fast", *WHO)
    assert answer.code == 2
    assert "expected a run that goes on, found one whose tape has ended" in answer.error


def test_why_tells_the_last_decision_and_that_it_was_made_again(store: Path) -> None:
    """Stage, capital, reasons, verdicts, evidence, moves, and what the profile lets through."""
    answer = genesis("why", store, "ema.fast")
    assert answer.code == 0
    for words in (
        "ema.fast stays LIVE at 10 % of 10000",
        "10 % is held for 3 days at least",
        "made again from the record: the same",
        "min_win_rate (enforce)",
        "E adjusted for the family",
        "the E that decides",
        "go_live",
        "by 20 % of strategies without any edge",
    ):
        assert words in answer.out, words


def test_why_as_json_holds_the_decision_whole(store: Path) -> None:
    """One document, with entry, digest and everything that went in."""
    told = genesis("why", store, "ema.fast", "--json").json
    assert told["decision"]["after"]["stage"] == "LIVE"
    assert told["decision"]["rules"]["profile"] == "given"
    assert [m["move"] for m in told["moves"]] == ["register", "validate", "go_live"]
    assert [(c["command"], c["taken"]) for c in told["commands"]] == [("approve", False)]
    assert len(told["digest"]) == 64


def test_all_decisions_can_be_made_again(store: Path) -> None:
    """Four looks, four decisions, each beginning where the one before it ended."""
    assert (
        "all 4 decisions about it were made again, each from its record alone: the same"
        in genesis("why", store, "ema.fast", "--all").out
    )
    assert genesis("why", store, "ema.fast", "--all", "--json").json["made_again"] == 4


def test_a_decision_that_was_left_out_is_missed(tmp_path: Path) -> None:
    """The next one begins where none has ended."""
    whole = [e for e in a_rise("ema.fast", T0)]
    decisions = [e for e in whole if isinstance(e, PromotionEvaluated)]
    store = tmp_path / "left_out.db"
    with SqliteStore(store, ManualClock(T0), "here") as opened:
        opened.journal.append([started(), *(e for e in whole if e is not decisions[1])])
        opened.journal.commit()
    answer = genesis("why", store, "ema.fast", "--all")
    assert answer.code == 5
    assert "expected a decision that begins where the one before ended" in answer.error


def test_why_of_what_nothing_was_decided_about_names_the_others(store: Path) -> None:
    """Exit code 2."""
    answer = genesis("why", store, "ema.slow")
    assert answer.code == 2
    assert "strategy: expected one of ema.fast, found ema.slow" in answer.error


def test_a_decision_that_does_not_come_out_again_breaks_integrity(store: Path) -> None:
    """Somebody changed a stored entry: exit code 5."""
    db = sqlite3.connect(store)
    (seq, entry) = db.execute("SELECT seq, bytes FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
    document = json.loads(entry)
    assert document["type"] == "PromotionEvaluated"
    changed = entry.replace(b'"adjusted":2.5', b'"adjusted":9.5')
    assert changed != entry
    db.execute("UPDATE entries SET bytes = ? WHERE seq = ?", (changed, seq))
    db.commit()
    db.close()
    answer = genesis("why", store, "ema.fast")
    assert answer.code == 5
    assert "expected the digest" in answer.error


def test_experiments_list_everything_that_was_tried(store: Path) -> None:
    """Also what nothing was decided about; all of them are one family."""
    rows = genesis("experiments", store, "--json").json
    assert [(r["version"], r["stage"], r["fraction"], r["epoch"], r["attempt"], r["family"]) for r in rows] == [
        ("ema.fast", "LIVE", "0.10", 1, 1, 2),
        ("ema.slow", None, None, 1, 1, 2),
    ]
    assert rows[0]["identity"] == "i" * 64
    text = genesis("experiments", store).out
    assert "E is adjusted for the 2 versions tried in the account by now" in text
    assert "not decided" in text
