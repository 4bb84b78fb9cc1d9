"""Snapshots beside the record, on every kind of store: kept with their place, the last few, and believed only where the operations chain names them."""

from __future__ import annotations

import msgspec
import pytest

from genesis.clock import ManualClock
from genesis.errors import IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.opening import open_store
from genesis.storage.reader import StoreReader
from genesis.storage.snapshots import ReadUpTo, Snapshot, digest_of
from genesis.storage.store import Store
from genesis.system.keys import check_signature
from tests.contract.places import edit
from tests.kit.factories import small_run

RUN = small_run(30)
STATE = bytes(range(256)) * 40


def taken(store: Store, state: bytes = STATE, keep: int = 2) -> Snapshot:
    """A snapshot of where the store's journal stands."""
    journal = store.journal
    read = (ReadUpTo("X/trades", journal.length, ""),)
    snapshot = Snapshot(journal.length, journal.head.hex(), 7, False, read, "run", "build", digest_of(state))
    store.keep_snapshot(snapshot, state, keep)
    return snapshot


def run_with_snapshots(address: StoreAddress, *lengths: int) -> list[Snapshot]:
    """A run that is snapshotted at some lengths and goes on to its end."""
    found: list[Snapshot] = []
    done = 0
    with open_store(address, ManualClock(), "host") as store:
        for length in lengths:
            store.journal.append(RUN[done:length])
            store.journal.commit()
            found.append(taken(store, STATE + bytes([len(found)])))
            done = length
        store.journal.append(RUN[done:])
        store.journal.commit()
    return found


def test_a_snapshot_comes_back_as_it_was_kept(address: StoreAddress) -> None:
    """Its place, what was read of the tape, and its bytes; the record is a sound one, and the run chain knows nothing of it."""
    (kept,) = run_with_snapshots(address, 20)
    with open_store(address, ManualClock(), "host") as store:
        assert store.snapshots() == [kept]
        assert store.state_of(kept) == STATE + b"\0"
    with StoreReader(address) as reader:
        assert reader.audit(check_signature).findings == ()
        (named,) = [o for o in reader.operations() if o.kind == "snapshot"]
        assert reader.head()[0] == len(RUN)
    assert (named.run_length, named.run_head, named.facts["digest"]) == (20, kept.head, kept.digest)


def test_the_last_two_are_kept(address: StoreAddress) -> None:
    """The last first; the operations chain remembers all of them."""
    _, second, third = run_with_snapshots(address, 10, 20, 30)
    with open_store(address, ManualClock(), "host") as store:
        assert store.snapshots() == [third, second]
    with StoreReader(address) as reader:
        assert [o.run_length for o in reader.operations() if o.kind == "snapshot"] == [10, 20, 30]


def test_the_journal_goes_on_from_a_snapshot(address: StoreAddress) -> None:
    """What is stored after it is compared, and what comes then is appended."""
    (kept,) = run_with_snapshots(address, 20)
    with open_store(address, ManualClock(), "host") as store:
        journal = store.journal
        journal.resume(kept.place)
        assert (journal.length, journal.head.hex(), journal.replaying) == (20, kept.head, True)
        journal.append([*RUN[20:], RUN[1]])
        journal.commit()
        assert (journal.length, journal.replaying) == (len(RUN) + 1, False)
    with StoreReader(address) as reader:
        assert reader.verify() == []
    with open_store(address, ManualClock(), "host") as store:
        store.journal.resume(kept.place)
        with pytest.raises(IntegrityError, match="entry 21: expected what is stored"):
            store.journal.append([RUN[19]])


def test_a_place_that_the_chain_does_not_pass_is_refused(address: StoreAddress) -> None:
    """Another hash, or a length that is not there."""
    (kept,) = run_with_snapshots(address, 20)
    with open_store(address, ManualClock(), "host") as store:
        for wrong in (msgspec.structs.replace(kept, head="00" * 32), msgspec.structs.replace(kept, length=10**6)):
            with pytest.raises(IntegrityError, match=f"entry {wrong.length}: expected hash"):
                store.journal.resume(wrong.place)


def test_one_that_nobody_names_is_not_there(address: StoreAddress) -> None:
    """Killed between the two, or put there by another hand: it is never loaded."""
    (kept,) = run_with_snapshots(address, 20)
    other = msgspec.json.encode(msgspec.structs.replace(kept, digest=digest_of(b"forged"))).decode()
    edit(address, "UPDATE snapshots SET facts = ?", other)
    with open_store(address, ManualClock(), "host") as store:
        assert store.snapshots() == []


@pytest.mark.parametrize("damage", [b"no state", b""], ids=["other", "empty"])
def test_damaged_bytes_are_found(address: StoreAddress, damage: bytes) -> None:
    """Before anything is made of them."""
    (kept,) = run_with_snapshots(address, 20)
    edit(address, "UPDATE snapshots SET state = ?", damage)
    with open_store(address, ManualClock(), "host") as store, pytest.raises(IntegrityError, match="expected a state"):
        store.state_of(kept)


def test_opening_checks_the_chain_from_the_last_snapshot_on(address: StoreAddress) -> None:
    """A changed entry after it is refused at once; one before it is found by the audit, and when the run is made again from its start."""
    run_with_snapshots(address, 20)
    edit(address, "UPDATE entries SET hash = ? WHERE seq = 10", bytes(32))
    with StoreReader(address) as reader:
        assert [f.seq for f in reader.audit(check_signature).findings][:1] == [10]
    with (
        open_store(address, ManualClock(), "host") as store,
        pytest.raises(IntegrityError, match="entry 10: expected hash"),
    ):
        store.journal.append(RUN)
    edit(address, "UPDATE entries SET hash = ? WHERE seq = 25", bytes(32))
    with pytest.raises(IntegrityError, match="the first at entry 25"):
        open_store(address, ManualClock(), "host")


def test_a_chain_that_was_cut_before_its_snapshot_is_refused(address: StoreAddress) -> None:
    """The snapshot's place is gone, and the operations chain witnesses it."""
    run_with_snapshots(address, 20)
    edit(address, "DELETE FROM entries WHERE seq > 15")
    with pytest.raises(IntegrityError, match="expected an entry that was once recorded"):
        open_store(address, ManualClock(), "host")
