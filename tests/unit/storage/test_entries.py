"""Entries of one type are those that end as one does, whatever else of theirs looks like it."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.model.track_events import TrackOpened
from genesis.storage.sqlite import SqliteStore, StoreReader
from tests.kit.factories import T0, note, started

# Its facts hold, among a parameter's values, what ends an entry that is a note.
LOOKS_LIKE_A_NOTE: dict[str, object] = {
    "name": "ema.fast@live",
    "params": {"a": 1, "type": "StrategyNote", "version": 1},
}


@pytest.fixture
def reader(tmp_path: Path) -> StoreReader:
    with SqliteStore(tmp_path / "run.db", ManualClock(T0), "desk-1") as store:
        store.journal.append(
            [started(), note("first"), note("last"), TrackOpened(T0, "ema.fast@live", LOOKS_LIKE_A_NOTE)]
        )
        store.journal.commit()
    return StoreReader(tmp_path / "run.db")


def test_all_of_a_type_come_in_order(reader: StoreReader) -> None:
    """Two notes, and not the track that was opened after them."""
    assert [d["body"]["text"] for d in reader.events("StrategyNote")] == ["first", "last"]


def test_the_newest_is_found_behind_what_only_looks_like_it(reader: StoreReader) -> None:
    """The last note; of a type that nobody wrote there is none."""
    found = reader.newest("StrategyNote")
    assert found is not None
    assert found["body"]["text"] == "last"
    assert reader.newest("GapFound") is None
