"""The chain finds every change, and the store refuses what it must."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.entry import encode
from genesis.audit.verify import verify
from genesis.clock import ManualClock
from genesis.errors import ConfigError, IntegrityError, StorageError
from genesis.model.run_events import RunStarted
from genesis.model.track_events import StrategyNote
from genesis.storage.sqlite import SqliteStore, StoreReader

NOTES = [StrategyNote(10**18 + i, "a", f"note {i}") for i in range(5)]


def chain(entries: list[bytes]) -> list[tuple[int, bytes, bytes]]:
    head, out = GENESIS_HASH, []
    for seq, entry in enumerate(entries, 1):
        head = link(head, entry)
        out.append((seq, entry, head))
    return out


def test_entries_are_canonical_json_with_time_as_text() -> None:
    """Keys are sorted, nothing is padded, engine time beyond 2**53 is a string."""
    assert encode(NOTES[0]) == (
        b'{"body":{"text":"note 0"},"time":"1000000000000000000","track":"a","type":"StrategyNote","version":1}'
    )


def test_every_flipped_byte_is_found() -> None:
    """Each single byte of entries and hashes, changed, gives a finding at its entry."""
    rows = chain([encode(n) for n in NOTES])
    assert verify(rows) == []
    for i, (seq, entry, digest) in enumerate(rows):
        for place in range(len(entry)):
            bad = entry[:place] + bytes([entry[place] ^ 1]) + entry[place + 1 :]
            assert verify([*rows[:i], (seq, bad, digest), *rows[i + 1 :]])[0].seq == seq
        for place in range(32):
            bad = digest[:place] + bytes([digest[place] ^ 1]) + digest[place + 1 :]
            assert verify([*rows[:i], (seq, entry, bad), *rows[i + 1 :]])[0].seq == seq


@given(st.integers(0, 4), st.integers(0, 4))
def test_dropped_swapped_and_cut_entries_are_found(i: int, j: int) -> None:
    """Against a kept length and head, no entry can go, move or be cut off."""
    rows = chain([encode(n) for n in NOTES])
    length, head = len(rows), rows[-1][2]
    assert verify(rows[:i] + rows[i + 1 :], length=length, head=head)
    assert verify(rows[:i], length=length, head=head)
    if i != j:
        swapped = list(rows)
        swapped[i], swapped[j] = swapped[j], swapped[i]
        assert verify(swapped)


def journal(path: Path) -> SqliteStore:
    return SqliteStore(path, ManualClock(1), "test")


def test_a_second_start_compares_and_goes_on(tmp_path: Path) -> None:
    """What was committed is compared byte for byte, then the chain grows."""
    store = tmp_path / "run.db"
    first = journal(store)
    first.journal.append(NOTES[:3])
    first.journal.commit()
    first.close()
    second = journal(store)
    assert second.journal.replaying
    second.journal.append(NOTES)
    second.journal.commit()
    second.close()
    assert StoreReader(store).head()[1] == chain([encode(n) for n in NOTES])[-1][2].hex()
    assert StoreReader(store).verify() == []


def test_a_different_replay_is_an_integrity_error(tmp_path: Path) -> None:
    """An entry that differs from the stored one names itself."""
    store = tmp_path / "run.db"
    first = journal(store)
    first.journal.append([RunStarted(1, None, {"a": 1}), NOTES[0]])
    first.journal.commit()
    first.close()
    second = journal(store)
    with pytest.raises(IntegrityError, match="entry 2"):
        second.journal.append([RunStarted(1, None, {"a": 1}), NOTES[1]])
    second.close()
    third = journal(store)
    with pytest.raises(ConfigError, match="a differ"):
        third.journal.append([RunStarted(1, None, {"a": 2})])
    third.close()


def test_a_store_serves_one_engine(tmp_path: Path) -> None:
    """A second engine on the same file is refused."""
    first = journal(tmp_path / "run.db")
    with pytest.raises(StorageError, match="another engine"):
        journal(tmp_path / "run.db")
    first.close()


def test_a_changed_row_is_found_at_the_next_start(tmp_path: Path) -> None:
    """Rewriting one stored entry keeps the store from opening."""
    store = tmp_path / "run.db"
    first = journal(store)
    first.journal.append(NOTES)
    first.journal.commit()
    first.close()
    with sqlite3.connect(store) as db:
        db.execute("UPDATE entries SET bytes = replace(CAST(bytes AS TEXT), 'note 2', 'note 9') WHERE seq = 3")
    with pytest.raises(IntegrityError, match="entry 3"):
        journal(store)
    assert StoreReader(store).verify()[0].seq == 3


def test_files_that_are_no_store_are_refused(tmp_path: Path) -> None:
    """A foreign file, a missing folder and a missing store each get a clear error."""
    foreign = tmp_path / "foreign.db"
    foreign.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(IntegrityError, match="foreign"):
        journal(foreign)
    with pytest.raises(StorageError):
        journal(tmp_path / "missing" / "run.db")
    with pytest.raises(StorageError, match="no such file"):
        StoreReader(tmp_path / "none.db")
