"""The tables that people query follow from the entries alone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.clock import ManualClock
from genesis.errors import IntegrityError
from genesis.model.events import Event
from genesis.model.run_events import RunStarted
from genesis.storage import schema
from genesis.storage.sqlite import SqliteStore
from tests.kit.factories import (
    TRACKS,
    accepted,
    canceled,
    filled,
    life,
    order,
    sample,
    small_run,
    started,
    submitted,
)

Tables = dict[str, list[tuple[object, ...]]]
RUN = small_run(25)


def store(path: Path) -> SqliteStore:
    return SqliteStore.open(path, ManualClock(), "host")


def tables(path: Path) -> Tables:
    db = sqlite3.connect(path)
    try:
        return {t: db.execute(f"SELECT * FROM {t} ORDER BY rowid").fetchall() for t in schema.PROJECTIONS}
    finally:
        db.close()


def write(path: Path, events: list[Event], cuts: list[int]) -> Tables:
    with store(path) as opened:
        for start, stop in zip([0, *cuts], [*cuts, len(events)], strict=True):
            opened.journal.append(events[start:stop])
            opened.journal.commit()
    return tables(path)


def test_every_projection_has_rows_in_the_run_used_here(tmp_path: Path) -> None:
    """The tests below compare something in every table."""
    assert all(write(tmp_path / "run.db", RUN, []).values())


@pytest.mark.parametrize("group", [1, 7, 10_000])
def test_a_rebuild_gives_the_same_rows(tmp_path: Path, group: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made again from the entries, every table is what it was, whatever had been done to it, in small steps or large."""
    monkeypatch.setattr("genesis.storage.projections._REBUILD_GROUP", group)
    path = tmp_path / "run.db"
    before = write(path, RUN, [9, 30])
    db = sqlite3.connect(path)
    with db:
        db.execute("DELETE FROM fills")
        db.execute("UPDATE orders SET status = 'FILLED'")
        db.execute("DROP TABLE samples")
    db.close()
    with store(path) as opened:
        opened.rebuild_projections()
    assert tables(path) == before


@given(cuts=st.lists(st.integers(0, len(RUN)), max_size=12).map(sorted))
def test_how_entries_are_grouped_never_shows(cuts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    """An order whose life is spread over many groups, or starts, has the row it has in one."""
    folder = tmp_path_factory.mktemp("groups")
    assert write(folder / "cut.db", RUN, cuts) == write(folder / "whole.db", RUN, [])


def test_a_store_begun_again_goes_on_where_its_open_orders_stand(tmp_path: Path) -> None:
    """What a new process does to an order of the one before gives the row that one process would have made."""
    whole = write(tmp_path / "whole.db", RUN, [])
    for place in range(1, len(RUN), 4):
        path = tmp_path / f"{place}.db"
        write(path, RUN[:place], [])
        assert write(path, RUN, []) == whole


def test_a_layout_of_another_version_is_made_again_at_the_next_start(tmp_path: Path) -> None:
    """Projections need no migration: their entries are there."""
    path = tmp_path / "run.db"
    before = write(path, RUN, [])
    db = sqlite3.connect(path)
    with db:
        db.execute("DROP TABLE orders")
        db.execute("CREATE TABLE orders (another_layout)")
        db.execute("UPDATE versions SET version = 0 WHERE part = 'projections'")
    db.close()
    store(path).close()
    assert tables(path) == before


def test_a_rebuild_waits_for_the_group_that_is_not_committed(tmp_path: Path) -> None:
    """Rows of entries that may yet be lost are not mixed with those that are kept."""
    with store(tmp_path / "run.db") as opened:
        opened.journal.append(RUN[:3])
        with pytest.raises(IntegrityError, match="expected no uncommitted entries, found 3"):
            opened.rebuild_projections()


def test_what_cannot_happen_to_an_order_is_not_projected(tmp_path: Path) -> None:
    """The order's life is one table, and a journal that leaves it halts."""
    of = order(1)
    with (
        store(tmp_path / "a.db") as opened,
        pytest.raises(IntegrityError, match="what can follow FILLED.*found accept"),
    ):
        opened.journal.append([submitted(of), accepted(of), filled(of), accepted(of)])
    with store(tmp_path / "b.db") as opened, pytest.raises(IntegrityError, match="submitted, found ema.fast-1"):
        opened.journal.append([accepted(of)])


def test_two_late_fills_of_an_order_that_ended_long_ago_both_count(tmp_path: Path) -> None:
    """After a cancel has been committed, fills that were on their way still add up, in one group or two."""
    of = order(1, lots=100)
    late = [filled(of, 30), filled(of, 50, 30, 2)]
    for cuts in ([3], [3, 4]):
        found = write(tmp_path / f"{len(cuts)}.db", [submitted(of), accepted(of), canceled(of), *late], cuts)
        assert found["orders"][0][-4:] == ("CANCELED", "0.00080", "34.4008960", None)


def test_first_entries_without_tracks_and_with_strange_ones(tmp_path: Path) -> None:
    """A run that names no tracks has none to list; tracks that have no name are refused."""
    assert write(tmp_path / "a.db", [RunStarted(1, None, {"a": 1})], [])["tracks"] == []
    with (
        store(tmp_path / "b.db") as opened,
        pytest.raises(IntegrityError, match="entry 1: expected the fields of its type"),
    ):
        opened.journal.append([started(tracks=[{"title": "x"}])])


def test_large_groups_are_written_whole(tmp_path: Path) -> None:
    """Rows beyond and short of a full statement all arrive, in order."""
    events: list[Event] = [started()]
    for number in range(1, 251):
        events.extend(life(number * 5, TRACKS[0]))
    events.extend(sample(time=i) for i in range(199))
    found = write(tmp_path / "run.db", events, [])
    assert [len(found[t]) for t in ("orders", "fills", "samples")] == [250, 250, 199]
    assert [row[0] for row in found["fills"]] == list(range(4, 752, 3))
