"""The ledger of everything ever tried in an account."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.errors import IntegrityError, StorageError
from genesis.storage.trials import Trials, TrialsPlace, Tried, Version

FAST, SLOW = Version("ema.fast", "f" * 64), Version("ema.slow", "5" * 64)


@pytest.fixture
def ledger(tmp_path: Path) -> Trials:
    trials = Trials(tmp_path / "trials.jsonl")
    trials.begin("one", [FAST, SLOW])
    trials.end("one", [Version("ema.fast", "f" * 64, 2.5, 0.1), Version("ema.slow", "5" * 64, 0.75, 0.5)])
    trials.begin("two", [FAST])
    return trials


def test_where_there_is_no_file_nothing_was_tried(tmp_path: Path) -> None:
    """An account begins with an empty ledger, and to look at it makes no file."""
    trials = Trials(tmp_path / "trials.jsonl")
    assert trials.tried() == []
    assert trials.place() == TrialsPlace(0, 64 * "0")
    assert not trials.path.exists()


def test_each_version_of_each_run_stands_as_its_run_last_ended(ledger: Trials) -> None:
    """Versions come in the order of their runs, then by name; of a run that has not ended nothing is known, which counts as an E of 0."""
    assert ledger.tried() == [
        Tried("one", Version("ema.fast", "f" * 64, 2.5, 0.1)),
        Tried("one", Version("ema.slow", "5" * 64, 0.75, 0.5)),
        Tried("two", Version("ema.fast", "f" * 64, 0.0, 0.0)),
    ]


def test_a_run_that_is_made_again_finds_what_it_found(ledger: Trials) -> None:
    """What counts for a run is what stood in the ledger when it was registered first, however much was tried since."""
    ledger.end("two", [Version("ema.fast", "f" * 64, 9.0, 9.0)])
    ledger.begin("three", [SLOW])
    assert ledger.tried(before="one") == []
    assert [(t.run, t.version.e_value) for t in ledger.tried(before="two")] == [("one", 2.5), ("one", 0.75)]
    assert [(t.run, t.version.e_value) for t in ledger.tried(before="three")][2:] == [("two", 9.0)]
    assert len(ledger.tried(before="never")) == 4


def test_who_says_nothing_new_adds_no_line(ledger: Trials) -> None:
    """A run that is started again is registered, and what it has shown already is not told twice."""
    before = ledger.place()
    ledger.begin("one", [FAST, SLOW])
    ledger.end("one", [Version("ema.fast", "f" * 64, 2.5, 0.1), Version("ema.slow", "5" * 64, 0.75, 0.5)])
    assert ledger.place() == before


def test_every_changed_byte_and_every_line_that_is_gone_from_within_is_found(ledger: Trials) -> None:
    """No byte of a line can be another, and no line but the last can be missing, without the ledger being refused by its line."""
    whole = ledger.path.read_bytes()
    lines = whole.splitlines(keepends=True)
    forged = [b"".join(lines[:i] + lines[i + 1 :]) for i in range(len(lines) - 1)]
    forged += [whole[:i] + bytes([whole[i] ^ 1]) + whole[i + 1 :] for i in range(len(whole) - 1)]
    for data in forged:
        ledger.path.write_bytes(data)
        with pytest.raises(
            IntegrityError, match=r"trials.jsonl: line \d: expected the ledger of trials as it was written"
        ):
            ledger.tried()


def test_a_line_without_its_end_was_never_acknowledged(ledger: Trials) -> None:
    """Where the power failed in the middle of a line, the next one stands in its place."""
    whole = ledger.path.read_bytes()
    lines = whole.splitlines(keepends=True)
    ledger.path.write_bytes(b"".join(lines[:2]) + lines[2][:40])
    assert ledger.place().length == 2
    ledger.begin("two", [FAST])
    assert ledger.path.read_bytes() == whole


def test_a_ledger_that_cannot_be_written_is_told_with_its_path(tmp_path: Path) -> None:
    """A folder that is not there is an error that names the file, and nothing is made."""
    with pytest.raises(StorageError, match=r"gone/trials\.jsonl: expected a usable file"):
        Trials(tmp_path / "gone" / "trials.jsonl").begin("one", [FAST])
