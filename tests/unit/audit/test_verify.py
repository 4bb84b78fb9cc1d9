"""The chain finds every change, and tells all of them."""

from __future__ import annotations

import hashlib

import pytest

from genesis.audit.chain import GENESIS_HASH, OPERATIONS_DOMAIN, RUN_DOMAIN, link
from genesis.audit.entry import encode
from genesis.audit.verify import Place, verify
from tests.kit.factories import note

Rows = list[tuple[int, bytes, bytes]]


def chain(count: int = 6, domain: bytes = RUN_DOMAIN) -> Rows:
    head, rows = GENESIS_HASH, []
    for seq in range(1, count + 1):
        entry = encode(note(f"note {seq}"))
        head = link(head, entry, domain)
        rows.append((seq, entry, head))
    return rows


def where(rows: Rows, **kept: object) -> list[int]:
    return [f.seq for f in verify(rows, **kept)]  # type: ignore[arg-type]


def test_the_layout_of_what_is_hashed() -> None:
    """Domain tag, previous hash, length as 8 bytes big-endian, bytes: in this order and nothing between."""
    want = hashlib.sha256(
        b"genesis.run-chain.1\x00" + bytes(32) + b"\x00\x00\x00\x00\x00\x00\x00\x03" + b"abc"
    ).digest()
    assert link(GENESIS_HASH, b"abc") == want


def test_a_sound_chain_has_no_findings() -> None:
    """Nothing is found where nothing is wrong, with all that can be known of it."""
    rows = chain()
    places = [Place(0, GENESIS_HASH), Place(4, rows[3][2]), Place(6, rows[5][2])]
    assert verify(rows, length=6, head=rows[-1][2], places=places) == []
    assert verify([], length=0, head=GENESIS_HASH) == []


@pytest.mark.parametrize("row", range(4))
def test_every_flipped_bit_of_an_entry_is_found_at_that_entry_alone(row: int) -> None:
    """Each bit of an entry's bytes, changed, gives one finding, at its entry."""
    rows = chain(4)
    seq, entry, digest = rows[row]
    for place in range(len(entry)):
        for bit in range(8):
            bad = entry[:place] + bytes([entry[place] ^ 1 << bit]) + entry[place + 1 :]
            assert where([*rows[:row], (seq, bad, digest), *rows[row + 1 :]]) == [seq]


@pytest.mark.parametrize("row", range(4))
def test_every_flipped_byte_of_a_hash_is_found_there_and_at_the_next(row: int) -> None:
    """A changed hash fits neither its own entry nor the one that was built on it."""
    rows = chain(4)
    seq, entry, digest = rows[row]
    for place in range(32):
        bad = digest[:place] + bytes([digest[place] ^ 255]) + digest[place + 1 :]
        want = [seq, seq + 1] if seq < 4 else [4]
        assert where([*rows[:row], (seq, entry, bad), *rows[row + 1 :]]) == want


def test_every_change_is_told_not_only_the_first() -> None:
    """Two entries changed far apart are two findings."""
    rows = chain()
    for i in (1, 4):
        rows[i] = (rows[i][0], rows[i][1] + b" ", rows[i][2])
    assert where(rows) == [2, 5]


@pytest.mark.parametrize("gone", range(1, 6))
def test_a_dropped_entry_is_found_where_the_gap_closes(gone: int) -> None:
    """The entry after the hole has the wrong number and does not follow from the one before."""
    rows = [r for r in chain() if r[0] != gone]
    findings = verify(rows)
    assert [f.seq for f in findings] == [gone + 1, gone + 1]
    assert "1 missing before it" in findings[0].problem
    renumbered = [(i, e, h) for i, (_, e, h) in enumerate(rows, 1)]
    assert where(renumbered) == [gone]


def test_a_swapped_pair_is_found() -> None:
    """Entries in another order, renumbered or not, do not follow from one another."""
    rows = chain()
    rows[2], rows[3] = rows[3], rows[2]
    assert set(where(rows)) == {3, 4, 5}
    renumbered = [(i, e, h) for i, (_, e, h) in enumerate(rows, 1)]
    assert set(where(renumbered)) == {3, 4, 5}


def test_a_duplicated_entry_is_found() -> None:
    """The second copy has a number that was there already and follows from itself."""
    rows = chain()
    findings = verify([*rows[:3], rows[2], *rows[3:]])
    assert [f.seq for f in findings] == [3, 3]
    assert "a duplicate" in findings[0].problem


@pytest.mark.parametrize("left", range(6))
def test_a_chain_cut_at_its_end_is_found_by_what_was_kept_outside(left: int) -> None:
    """Rows alone cannot show it; a kept length, a kept head or a kept place each can."""
    rows = chain()
    head = rows[-1][2]
    assert verify(rows[:left]) == []
    assert where(rows[:left], length=6) == [left + 1]
    assert where(rows[:left], head=head) == [left]
    assert where(rows[:left], places=[Place(6, head)]) == [6]


def test_a_chain_that_is_too_long_is_found() -> None:
    """The first entry beyond the kept length is named."""
    assert where(chain(), length=4) == [5]


def test_a_chain_written_anew_is_found_at_every_place_kept_of_the_old_one() -> None:
    """A rewritten chain is sound in itself, but no longer passes through what was noted of the one before."""
    old = chain()
    head, rows = GENESIS_HASH, []
    for seq in range(1, 7):
        entry = encode(note(f"another {seq}"))
        head = link(head, entry)
        rows.append((seq, entry, head))
    assert verify(rows) == []
    assert where(rows, places=[Place(2, old[1][2]), Place(5, old[4][2])]) == [2, 5]


def test_entries_of_one_chain_cannot_stand_in_the_other() -> None:
    """The domain tag makes the operations chain's hashes its own."""
    assert where(chain(3, OPERATIONS_DOMAIN)) == [1, 2, 3]
    assert verify(chain(3, OPERATIONS_DOMAIN), OPERATIONS_DOMAIN) == []


def test_rows_that_do_not_hold_bytes_are_findings_not_exceptions() -> None:
    """A store that another hand wrote may hold anything; the rest of the chain is judged all the same."""
    rows = chain()
    rows[1] = (2, "text", rows[1][2])  # type: ignore[assignment]
    rows[4] = (5, rows[4][1], None)  # type: ignore[assignment]
    findings = verify(rows)
    assert [f.seq for f in findings] == [2, 5]
    assert "expected an entry of bytes, found str" in findings[0].problem
    assert "expected a hash of bytes, found NoneType" in findings[1].problem


# ---- entries whose bytes lie in an archive


def without_bytes(rows: Rows, *seqs: int) -> Rows:
    return [(seq, b"" if seq in seqs else entry, digest) for seq, entry, digest in rows]


def test_archived_entries_are_passed_over_up_to_where_they_may_be() -> None:
    """Their hashes stand for them; beyond that place, or where nothing was archived, missing bytes are a finding."""
    rows = without_bytes(chain(), 2, 3, 4)
    assert where(rows, archived=4) == []
    assert where(rows, archived=3) == [4]
    assert where(rows) == [2, 3, 4]


def test_what_is_kept_among_archived_entries_is_checked_against_the_hashes_around_it() -> None:
    """A changed entry is found between two that are archived; so is a hash where the kept part begins, and a row that is gone."""
    rows = without_bytes(chain(), 2, 4)
    changed = [(s, b"{}" if s == 3 else e, h) for s, e, h in rows]
    assert where(changed, archived=4) == [3]
    other_hash = [(s, e, bytes(32) if s == 4 else h) for s, e, h in rows]
    assert where(other_hash, archived=4) == [5]
    assert where([r for r in rows if r[0] != 2], archived=4) == [3, 3]
    short = [(s, e, h[:31] if s == 2 else h) for s, e, h in rows]
    assert 2 in where(short, archived=4)


def test_places_that_were_witnessed_are_looked_at_among_archived_entries() -> None:
    """The operations chain names lengths and heads: a hash there that is another one is a finding, bytes or not."""
    rows = without_bytes(chain(), 2, 3, 4)
    assert where(rows, archived=4, places=[Place(3, rows[2][2])]) == []
    assert where(rows, archived=4, places=[Place(3, bytes(32))]) == [3]
