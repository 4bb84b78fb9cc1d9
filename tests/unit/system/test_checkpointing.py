"""When a run at work is signed."""

from __future__ import annotations

from pathlib import Path

import pytest

from genesis.audit.checkpoint import notes_in, parse_checkpoint
from genesis.audit.note import parse_note
from genesis.clock import ManualClock
from genesis.config.schema import AuditSection
from genesis.model.events import Event
from genesis.storage.sqlite import SqliteStore
from genesis.system.checkpointing import Checkpointer
from genesis.system.log import speaker
from tests.kit.factories import T0, small_run

RUN = small_run()
EVERY = 10


def opened(folder: Path) -> SqliteStore:
    return SqliteStore.open(folder / "run.db", ManualClock(T0), "desk-1")


def grow(store: SqliteStore, checkpointer: Checkpointer, events: list[Event]) -> None:
    """Commit one by one, telling each time what is durable."""
    for event in events:
        store.journal.append([event])
        store.journal.commit()
        checkpointer.durable(store.journal.length)


def sizes(store: SqliteStore) -> list[int]:
    return [parse_checkpoint(parse_note(c.note).text).size for c in store.checkpoints()]


def test_a_run_is_signed_at_every_interval_and_at_the_end(tmp_path: Path) -> None:
    """After so many new entries, and once more for what is left; each goes out as it comes."""
    audit = AuditSection(checkpoint_every=EVERY, publish="out.txt")
    with opened(tmp_path) as store:
        checkpointer = Checkpointer(store, audit, tmp_path, speaker())
        grow(store, checkpointer, RUN[:34])
        assert sizes(store) == [10, 20, 30]
        checkpointer.sign()
        checkpointer.sign()
        assert sizes(store) == [10, 20, 30, 34]
        assert notes_in((tmp_path / "out.txt").read_text()) == [c.note for c in store.checkpoints()]


def test_a_run_begun_again_goes_on_counting_from_the_last_checkpoint(tmp_path: Path) -> None:
    """Entries that were signed before are not new."""
    audit = AuditSection(checkpoint_every=EVERY)
    with opened(tmp_path) as store:
        grow(store, Checkpointer(store, audit, tmp_path, speaker()), RUN[:25])
    with opened(tmp_path) as store:
        checkpointer = Checkpointer(store, audit, tmp_path, speaker())
        store.journal.append(RUN[:25])
        grow(store, checkpointer, RUN[25:31])
        assert sizes(store) == [10, 20, 30]


@pytest.mark.parametrize("name", ["", "two words", "a+b", "/a", "a//b", "line\n"])
def test_an_origin_that_cannot_stand_in_a_checkpoint_is_refused(name: str) -> None:
    """By the configuration, before anything runs."""
    with pytest.raises(ValueError, match="expected letters, digits, dots"):
        AuditSection(name=name)
