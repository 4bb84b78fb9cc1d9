"""A library that changed between two starts: noted, told, and left to a person."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from genesis.clock import ManualClock
from genesis.storage.rows import OperationRow
from genesis.storage.sqlite import SqliteStore, StoreReader
from genesis.system.doctor import Health, versions_check
from genesis.system.versions import CHANGED, at_last_start, changes, installed, noted
from tests.unit.cli.calling import genesis, project


def told(kind: str, **facts: Any) -> OperationRow:
    return OperationRow(1, kind, 0, "here", 0, "", facts)


def test_what_is_installed_is_told_by_name() -> None:
    """Python and every library that Genesis requires are among them, each with the version that runs."""
    found = installed()
    assert {"python", "genesis-trading"} <= set(found)
    assert all(found.values())


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        ({}, {"numpy": "2"}, []),
        ({"numpy": "2"}, {"numpy": "2"}, []),
        ({"numpy": "2"}, {"numpy": "2.1"}, ["numpy 2.1, was 2"]),
        ({"numpy": "2"}, {"msgspec": "1", "numpy": "2"}, ["msgspec 1, was none"]),
        ({"msgspec": "1", "numpy": "2"}, {"numpy": "3"}, ["msgspec none, was 1", "numpy 3, was 2"]),
    ],
)
def test_every_difference_is_named(before: dict[str, str], now: dict[str, str], changed: list[str]) -> None:
    """What came, what went and what is another; of a store that told none, nothing is known."""
    assert changes(before, now) == changed
    assert versions_check(before, now).health is (Health.WARNING if changed else Health.OK)


def test_the_last_start_counts() -> None:
    """An earlier start's versions are history; a later start without a change takes the word back."""
    first, second = told("start", versions={"numpy": "1"}), told("recovery", versions={"numpy": "2"})
    change, stop = told(CHANGED, changed=["numpy 2, was 1"]), told("stop", reason="until")
    assert at_last_start([first, stop, second, change, stop]) == {"numpy": "2"}
    assert at_last_start([stop]) == {}
    assert noted([first, stop, second, change, stop]) == ["numpy 2, was 1"]
    assert noted([first, second, change, stop, second, stop]) == []


def test_a_changed_library_is_noted_by_the_next_start(tmp_path: Path) -> None:
    """The chain of operations, the log, status and doctor say which; the results are compared as ever and are the same."""
    config = project(tmp_path)
    assert genesis("run", config).code == 0
    store = tmp_path / "genesis.db"
    with SqliteStore.open(store, ManualClock(1), "elsewhere") as kept:
        kept.operation("recovery", versions=installed() | {"numpy": "0.1"}, after="stop")
    with StoreReader(store) as reader:
        before = reader.head()
    assert "numpy" in genesis("doctor", config).out
    again = genesis("run", config)
    assert again.code == 0
    with StoreReader(store) as reader:
        assert reader.head() == before
        told = [o.kind for o in reader.operations() if "snapshot" not in o.kind]
        assert told[-3:] == ["recovery", CHANGED, "stop"]
    assert "was 0.1" in genesis("status", store).out
    assert genesis("run", config).code == 0
    assert "was 0.1" not in genesis("status", store).out
