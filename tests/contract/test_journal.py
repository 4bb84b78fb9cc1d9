"""What every journal does, whatever keeps it: one suite for all implementations."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

import pytest

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.entry import encode
from genesis.clock import ManualClock
from genesis.engine.journal import Journal, NullJournal
from genesis.errors import ConfigError, IntegrityError
from genesis.model.events import Event
from genesis.storage.address import StoreAddress
from genesis.storage.memory import MemoryJournal
from genesis.storage.opening import open_store
from genesis.storage.store import Store
from tests.contract.places import KINDS, address_of
from tests.kit.factories import note, sample, small_run, started

RUN = small_run()


class InMemory:
    """Starts again from the entries of the journal before."""

    def __init__(self) -> None:
        self._journal = MemoryJournal()

    def start(self) -> Journal:
        self._journal = MemoryJournal(self._journal.entries)
        return self._journal

    def stop(self) -> None:
        pass


class InStore:
    """Starts again from the file, or from the schema of a server."""

    def __init__(self, address: StoreAddress) -> None:
        self._address = address
        self._stores: list[Store] = []

    def start(self) -> Journal:
        self.stop()
        self._stores.append(open_store(self._address, ManualClock(), "host"))
        return self._stores[-1].journal

    def stop(self) -> None:
        for store in self._stores:
            store.close()
        self._stores.clear()


Keeper = InMemory | InStore


@pytest.fixture(params=["memory", *KINDS])
def keeper(request: pytest.FixtureRequest) -> Iterator[Keeper]:
    made: Keeper = InMemory() if request.param == "memory" else InStore(address_of(request.param, request))
    yield made
    made.stop()


def head_of(events: Sequence[Event]) -> bytes:
    head = GENESIS_HASH
    for event in events:
        head = link(head, encode(event))
    return head


def write(keeper: Keeper, events: Sequence[Event]) -> None:
    journal = keeper.start()
    journal.append(events)
    journal.commit()


def test_a_new_journal_is_empty_and_not_replaying(keeper: Keeper) -> None:
    """Length 0, the genesis hash, nothing to compare with."""
    journal = keeper.start()
    assert (journal.length, journal.head, journal.replaying) == (0, GENESIS_HASH, False)


def test_the_head_is_that_of_the_events_alone(keeper: Keeper) -> None:
    """Length and head follow from the events, not from who keeps them."""
    journal = keeper.start()
    journal.append(RUN)
    journal.commit()
    assert (journal.length, journal.head) == (len(RUN), head_of(RUN))


@pytest.mark.parametrize("group", [1, 3, 7, 1_000])
def test_groups_and_commits_leave_no_trace(keeper: Keeper, group: int) -> None:
    """However appends and commits cut the events, the head is the same; a commit of nothing is nothing."""
    journal = keeper.start()
    for i in range(0, len(RUN), group):
        journal.append(RUN[i : i + group])
        if i % 2:
            journal.commit()
        journal.append([])
    journal.commit()
    journal.commit()
    assert (journal.length, journal.head) == (len(RUN), head_of(RUN))


@pytest.mark.parametrize("kept", [1, 2, 20, len(RUN) - 1])
def test_a_run_begun_again_is_compared_and_goes_on(keeper: Keeper, kept: int) -> None:
    """The finished run has the head of the uninterrupted one, wherever it was interrupted."""
    write(keeper, RUN[:kept])
    journal = keeper.start()
    assert journal.replaying
    journal.append(RUN[:kept])
    assert not journal.replaying
    assert (journal.length, journal.head) == (kept, head_of(RUN[:kept]))
    journal.append(RUN[kept:])
    journal.commit()
    assert (journal.length, journal.head) == (len(RUN), head_of(RUN))


def test_one_append_may_end_the_replay_and_go_on(keeper: Keeper) -> None:
    """A group whose beginning is stored is compared so far and appended from there."""
    write(keeper, RUN[:10])
    journal = keeper.start()
    journal.append(RUN[:6])
    assert (journal.length, journal.head, journal.replaying) == (6, head_of(RUN[:6]), True)
    journal.append(RUN[6:])
    journal.commit()
    assert journal.head == head_of(RUN)
    assert keeper.start().replaying


def test_a_finished_run_begun_again_changes_nothing(keeper: Keeper) -> None:
    """Comparing all of it appends none of it."""
    write(keeper, RUN)
    write(keeper, RUN)
    journal = keeper.start()
    journal.append(RUN)
    assert (journal.length, journal.head, journal.replaying) == (len(RUN), head_of(RUN), False)


@pytest.mark.parametrize("place", [1, 5, 30])
def test_a_run_that_comes_out_otherwise_breaks_integrity(keeper: Keeper, place: int) -> None:
    """The entry is named, and nothing of the stored run is changed."""
    write(keeper, RUN)
    journal = keeper.start()
    changed = [*RUN[:place], note("something else"), *RUN[place + 1 :]]
    with pytest.raises(IntegrityError, match=f"entry {place + 1}: .*something else"):
        journal.append(changed)
    write(keeper, RUN)


def test_another_configuration_is_refused_at_the_first_entry(keeper: Keeper) -> None:
    """The store holds one run; a run of other settings is told which of them differ."""
    write(keeper, RUN)
    with pytest.raises(ConfigError, match=r"run\.seed differ"):
        keeper.start().append([started(seed=8)])
    write(keeper, RUN)


def test_what_cannot_be_written_is_refused_before_anything_of_it_is_kept(keeper: Keeper) -> None:
    """Length and head stay those of the entries before it, and the next start finds exactly these."""
    journal = keeper.start()
    with pytest.raises(IntegrityError, match="expected a finite number"):
        journal.append([*RUN[:3], sample(sharpe=float("nan"))])
    assert (journal.length, journal.head) == (3, head_of(RUN[:3]))
    with suppress(IntegrityError):
        journal.append([sample(sharpe=float("inf"))])
    journal.commit()
    again = keeper.start()
    again.append(RUN[:3])
    assert (again.head, again.replaying) == (head_of(RUN[:3]), False)


def test_a_journal_that_keeps_nothing_counts() -> None:
    """For measurements without a journal: it fits the port, and only its length moves."""
    journal: Journal = NullJournal()
    journal.append(RUN)
    journal.commit()
    assert (journal.length, journal.head, journal.replaying) == (len(RUN), GENESIS_HASH, False)
