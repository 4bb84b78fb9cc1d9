"""Old entries leave a store for an archive and come back, whatever keeps it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from genesis.clock import ManualClock
from genesis.errors import ConfigError, IntegrityError
from genesis.storage import schema
from genesis.storage.address import StoreAddress
from genesis.storage.opening import keeping, open_store
from genesis.storage.reader import StoreReader
from genesis.system.archive_file import ArchiveFile
from genesis.system.archiving import bring_back, bring_forward, move_out
from genesis.system.keys import check_signature
from tests.contract.places import edit
from tests.kit.factories import T0, small_run
from tests.kit.signing import key_of

CLOCK = ManualClock(T0)
RUN = small_run(1)
HALF = len(RUN) // 2


def signed(address: StoreAddress) -> None:
    """A run signed in its middle and at its end."""
    with open_store(address, CLOCK, "desk-1") as store:
        for part in (RUN[:HALF], RUN[HALF:]):
            store.journal.append(part)
            store.journal.commit()
            store.sign("desk", key_of("desk"), check_signature)


def record(address: StoreAddress) -> list[tuple[int, bytes, bytes]]:
    with StoreReader(address) as reader:
        return [(e.seq, e.entry, e.hash) for e in reader.entries()]


def test_what_is_archived_is_proven_recovered_and_put_back(address: StoreAddress, tmp_path: Path) -> None:
    """The same head and tables throughout; with the archive the audit finds nothing; a run made again is compared by hashes; at the end every byte is as it was."""
    signed(address)
    before, out = record(address), tmp_path / "old.zip"
    with StoreReader(address) as reader:
        head, fills = reader.head(), reader.fills()
    moved = move_out(address, 2**62, out, None, CLOCK)
    assert (moved.entries, moved.before) == (HALF, 0)
    with StoreReader(address) as reader:
        assert (reader.head(), reader.fills()) == (head, fills)
        assert reader.verify() == []
        assert [h for _, _, h in before] == list(reader.hashes())
        assert len([*reader.present_entries()]) < len(before)
        found = reader.audit(check_signature, lines=ArchiveFile(out).lines)
        assert (found.findings, found.unseen, found.signed) == ((), (), len(RUN))
        alone = reader.audit(check_signature)
        assert (alone.findings, alone.root) == ((), found.root)
        assert alone.unseen
        with pytest.raises(ConfigError, match=r"entry 2: expected it in the store, found it in the archive old\.zip"):
            list(reader.entries())
    with open_store(address, CLOCK, "desk-2") as store:
        store.journal.append(RUN)
        store.journal.commit()
        assert (store.journal.length, store.journal.head.hex()) == head
    assert bring_back(address, out, CLOCK) == HALF
    assert record(address) == before


def test_a_run_that_differs_in_an_archived_entry_is_refused(address: StoreAddress, tmp_path: Path) -> None:
    """By its number, as if its bytes were there."""
    signed(address)
    move_out(address, 2**62, tmp_path / "old.zip", None, CLOCK)
    other = small_run(2)
    first = next(i for i, (a, b) in enumerate(zip(RUN, other, strict=False)) if a != b)
    if first == 0:
        other[0], first = RUN[0], next(i for i, (a, b) in enumerate(zip(RUN[1:], other[1:], strict=False), 1) if a != b)
    assert first < HALF
    with (
        open_store(address, CLOCK, "desk-2") as store,
        pytest.raises(IntegrityError, match=rf"entry {first + 1}: expected what was archived"),
    ):
        store.journal.append(other)


def test_an_archive_that_was_altered_is_not_put_back(address: StoreAddress, tmp_path: Path) -> None:
    """Neither a byte of an entry with the digest made to fit, nor a line too few: the store stays as it is."""
    signed(address)
    out = tmp_path / "old.zip"
    move_out(address, 2**62, out, None, CLOCK)
    edit(address, "UPDATE entries SET hash = ? WHERE seq = 5", bytes(32))
    with pytest.raises(IntegrityError, match="entry 5: expected in the archive what was chained"):
        bring_back(address, out, CLOCK)
    with StoreReader(address) as reader:
        gone = reader.archived()
    assert gone is not None
    assert gone.entries == HALF


def made_earlier(address: StoreAddress) -> None:
    """As a version without snapshots, whose tables were laid out otherwise, would have left it."""
    for table in ("snapshots", schema.REVISION_TABLE):
        edit(address, f"DROP TABLE {table}")
    edit(address, "INSERT INTO versions VALUES ('schema', 2)")
    edit(address, "UPDATE versions SET version = 6 WHERE part = 'projections'")


def versions(address: StoreAddress) -> tuple[int | None, int | None]:
    found = keeping(address)
    return found.schema_version, found.projections_version


def test_a_store_of_an_earlier_version_is_brought_forward_with_the_archive_beside_it(
    address: StoreAddress, tmp_path: Path
) -> None:
    """Tables of another layout are made from all entries, those of the archive too, which stay there; without it, or with another, nothing changes."""
    signed(address)
    out = tmp_path / "old.zip"
    with StoreReader(address) as reader:
        head, orders = reader.head(), reader.orders()
    move_out(address, 2**62, out, None, CLOCK)
    made_earlier(address)
    edit(address, "DELETE FROM orders")
    with pytest.raises(ConfigError, match=r"found the first \d+ in the archive old\.zip .* give that by --archive"):
        open_store(address, CLOCK, "desk-2")
    shutil.copy(out, tmp_path / "other.zip")
    with zipfile.ZipFile(tmp_path / "other.zip", "a") as packed:
        packed.writestr("more", b"")
    with pytest.raises(IntegrityError, match="expected the archive old.zip"):
        bring_forward(address, CLOCK, ArchiveFile(tmp_path / "other.zip"))
    assert versions(address) == (2, 6)
    bring_forward(address, CLOCK, ArchiveFile(out))
    assert versions(address) == (schema.SCHEMA_VERSION, schema.PROJECTIONS_VERSION)
    with StoreReader(address) as reader:
        assert (reader.head(), reader.orders(), reader.operations()[-1].kind) == (head, orders, "upgrade")
        found = reader.audit(check_signature, lines=ArchiveFile(out).lines)
        assert (found.findings, found.unseen) == ((), ())


def test_a_store_of_an_earlier_version_is_brought_forward_once_its_entries_are_back(
    address: StoreAddress, tmp_path: Path
) -> None:
    """Put back, the entries are all there, and nothing more has to be given."""
    signed(address)
    before, out = record(address), tmp_path / "old.zip"
    move_out(address, 2**62, out, None, CLOCK)
    made_earlier(address)
    with pytest.raises(ConfigError, match="genesis audit put-back bring them back"):
        open_store(address, CLOCK, "desk-2")
    assert bring_back(address, out, CLOCK) == HALF
    with open_store(address, CLOCK, "desk-2") as store:
        assert store.archived() is None
    assert record(address) == before
    with StoreReader(address) as reader:
        assert reader.audit(check_signature).findings == ()
