"""What somebody forges who can write a store and has no key: operations, checkpoints moved to where they were not made, snapshots, clocks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from genesis.audit.checkpoint import parse_checkpoint
from genesis.audit.entry import canonical
from genesis.audit.note import parse_key, parse_note
from genesis.audit.verify import Part
from genesis.clock import NS_PER_HOUR, NS_PER_SECOND, ManualClock
from genesis.storage.audit import Audit, Kept
from genesis.storage.checkpoints import kept_checkpoints, kept_keys
from genesis.storage.snapshots import Snapshot, digest_of, keep_snapshot
from genesis.storage.sqlite import SqliteStore, StoreReader
from tests.kit.altered import RUN, Altered, Row, operations_anew, signed_store
from tests.kit.factories import T0, started
from tests.kit.signing import check_signature, key_of

# Of the store below: a start, the key, three checkpoints, a stop.
START, _, FIRST, SECOND, THIRD, STOP = range(1, 7)
SIZES = [len(RUN) // 2, len(RUN) // 2 + 3, len(RUN)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Altered]:
    with Altered.of(signed_store(tmp_path_factory.mktemp("signed") / "run.db")) as opened:
        yield opened


def problems(found: Audit, part: Part) -> list[tuple[int, str]]:
    assert {f.part for f in found.findings} <= {part}
    return [(f.seq, f.problem) for f in found.findings]


def changed(row: Row, **values: object) -> Row:
    """The row with other values in its body."""
    read = json.loads(row[1])
    read["body"].update(values)
    return row[0], canonical(read), row[2]


def noted(row: Row, of: Row) -> Row:
    """The row with the note and the peaks of another one."""
    return changed(row, facts=json.loads(of[1])["body"]["facts"])


# ---- the operations chain


def test_the_operations_that_went_before_are_signed_along(store: Altered) -> None:
    """Each checkpoint tells how long the operations chain was, and its head."""
    hashes = {seq: digest for seq, _, digest in store.rows("operations")}
    checkpoints = list(kept_checkpoints(store.db))
    assert [kept.seq for kept in checkpoints] == [FIRST, SECOND, THIRD]
    for kept in checkpoints:
        place = parse_checkpoint(parse_note(kept.note).text).operations
        assert place is not None
        assert (place.length, place.head) == (kept.seq - 1, hashes[kept.seq - 1])


@pytest.mark.parametrize("which", [START, START + 1])
def test_operations_written_anew_are_found_by_every_checkpoint_after_them(store: Altered, which: int) -> None:
    """One altered, or left out, and every hash made to fit: the chain is one, and no checkpoint signed it."""
    rows = store.rows("operations")
    altered = [changed(r, host="desk-2") if r[0] == which else r for r in rows]
    with store.holding("operations", operations_anew(altered)):
        found = problems(store.audit(), Part.CHECKPOINTS)
    assert [seq for seq, _ in found] == [FIRST, SECOND, THIRD]
    assert all("expected the signed head" in problem for _, problem in found)
    with store.holding("operations", operations_anew(rows[1:])):
        assert [seq for seq, _ in problems(store.audit(), Part.CHECKPOINTS)] == [FIRST - 1, SECOND - 1, THIRD - 1]


def test_operations_after_the_last_checkpoint_are_chained_and_not_signed(store: Altered) -> None:
    """As docs/AUDIT.md says: the stop may be altered by whoever makes its hash fit."""
    rows = store.rows("operations")
    with store.holding("operations", operations_anew([*rows[:-1], changed(rows[-1], host="desk-2")])):
        assert store.audit().findings == ()


def test_a_cut_end_of_the_operations_is_told_by_a_kept_checkpoint(store: Altered) -> None:
    """A remark and no finding, for a store put back from a backup looks the same; the entries under that checkpoint are all there."""
    notes = tuple(c.note for c in kept_checkpoints(store.db))
    with store.holding("operations", store.rows("operations")[:FIRST]):
        assert (store.audit().findings, store.audit().remarks) == ((), ())
        found = store.audit(Kept(notes=notes))
        assert found.findings == ()
        assert [r.partition(",")[0] for r in found.remarks] == ["kept checkpoint 3: expected 4 operations or more"]
        assert "unless the store was put back from a backup of before" in found.remarks[0]
    assert store.audit(Kept(notes=notes)).remarks == ()


# ---- checkpoints where they were not made


def test_two_checkpoints_that_changed_places_are_both_named(store: Altered) -> None:
    """One is of the future then, and one signs less than was signed before; the others fit no more, for the operations are others."""
    rows = store.rows("operations")
    swapped = [*rows[:3], noted(rows[3], rows[4]), noted(rows[4], rows[3]), rows[5]]
    with store.holding("operations", operations_anew(swapped)):
        found = problems(store.audit(), Part.CHECKPOINTS)
    assert [(seq, p.partition("checkpoint: ")[2].partition(", found")[0]) for seq, p in found] == [
        (SECOND, f"expected no more than the {SIZES[1]} entries that there were then"),
        (SECOND, f"expected the signed head {rows[3][2].hex()[:16]} of the first 4 operations"),
        (THIRD, f"expected one over the {SIZES[2]} entries that were signed by then, or more"),
    ]


def test_a_checkpoint_of_the_past_put_in_once_more_is_named(store: Altered) -> None:
    """Behind the last one: no key signs less than it has signed."""
    rows = store.rows("operations")
    again = noted(changed(rows[THIRD - 1]), rows[FIRST - 1])
    with store.holding("operations", operations_anew([*rows, again])):
        assert [seq for seq, _ in problems(store.audit(), Part.CHECKPOINTS)] == [STOP + 1]


def test_a_checkpoint_of_more_than_there_is_shows_the_cut(store: Altered) -> None:
    """Kept, or in the store: the entries up to its size are missing, whatever else was made to fit."""
    last = kept_checkpoints(store.db)[-1].note
    entries, operations = store.rows("entries"), store.rows("operations")
    future = operations_anew([*operations[:SECOND], noted(operations[SECOND - 1], operations[THIRD - 1])])
    with store.holding("entries", entries[: SIZES[1]]), store.holding("operations", operations[:SECOND]):
        assert [f for f in store.audit().findings if f.part is not Part.PROJECTIONS] == []
        kept = [f for f in store.audit(Kept(notes=(last,))).findings if f.part is Part.KEPT]
        assert [f.seq for f in kept] == [SIZES[2]]
        assert f"expected {SIZES[2]} entries or more, as was signed, found {SIZES[1]}" in kept[0].problem
        with store.holding("operations", future):
            named = {f.seq for f in store.audit().findings if f.part is Part.CHECKPOINTS}
            assert named == {SECOND + 1, SIZES[2]}


def test_a_checkpoint_of_another_run_signed_with_the_same_key_is_none_of_this_one(
    store: Altered, tmp_path: Path
) -> None:
    """One key on two stores signs under two names: put into this one's operations, or kept among its checkpoints, it is named and counts for nothing."""
    with SqliteStore.open(tmp_path / "other.db", ManualClock(T0), "desk-1") as other:
        other.journal.append([started(seed=9), *RUN[1:]])
        other.journal.commit()
        strange, _ = other.sign("desk", key_of("desk"), check_signature)
        peaks = other.checkpoints()[-1].peaks
    rows = store.rows("operations")
    mixed = changed(rows[THIRD - 1], facts={"note": strange, "peaks": list(peaks)})
    with store.holding("operations", operations_anew([*rows, mixed])):
        found = problems(store.audit(), Part.CHECKPOINTS)
    assert [seq for seq, _ in found] == [STOP + 1]
    assert "expected a signature of" in found[0][1]
    own = tuple(c.note for c in kept_checkpoints(store.db))
    key = parse_key(kept_keys(store.db)[0].key)
    told = problems(store.audit(Kept(notes=(own[0], strange, own[2]), key=key)), Part.KEPT)
    assert [p.partition(":")[0] for _, p in told] == ["kept checkpoint 2"]


# ---- snapshots


def snapshot(store: Altered, state: bytes) -> None:
    """One of where the run chain stands."""
    length, _, head = store.rows("entries")[-1]
    facts = Snapshot(length, head.hex(), 7, False, (), "run", "build", digest_of(state))
    keep_snapshot(store.db, facts, state, 2, "desk-1", T0)


def test_snapshots_that_changed_places_are_both_named(store: Altered) -> None:
    """The operations chain knows the digest of each; the state of another run, or of another moment, is not what was kept."""
    with store.after():
        snapshot(store, b"the state at noon")
        snapshot(store, b"the state at night")
        assert store.audit().findings == ()
        states = dict(store.db.execute("SELECT number, state FROM snapshots").fetchall())
        one, other = sorted(states)
        for number, state in ((one, states[other]), (other, states[one])):
            store.db.execute("UPDATE snapshots SET state = ? WHERE number = ?", (state, number))
        found = problems(store.audit(), Part.SNAPSHOTS)
    assert [(seq, p.partition(",")[0]) for seq, p in found] == [
        (other, f"snapshot {other}: expected a state of digest {digest_of(b'the state at night')[:16]}"),
        (one, f"snapshot {one}: expected a state of digest {digest_of(b'the state at noon')[:16]}"),
    ]


def test_a_snapshot_that_nobody_names_is_no_finding_and_not_used(store: Altered) -> None:
    """A process killed between keeping it and naming it leaves one; whoever puts one in gains nothing by it."""
    with store.after():
        snapshot(store, b"the state at noon")
        store.db.execute("DELETE FROM operations WHERE seq = (SELECT max(seq) FROM operations)")
        assert store.audit().findings == ()
        store.db.execute("UPDATE snapshots SET facts = 'nothing'")
        assert [p for _, p in problems(store.audit(), Part.SNAPSHOTS)] != []


# ---- clocks


def test_a_clock_set_back_is_told_and_no_finding(tmp_path: Path) -> None:
    """By an hour, not by the seconds by which clocks are put right: nobody else stamps the time, so it is for somebody who knows to judge."""
    clock = ManualClock(T0)
    with SqliteStore.open(tmp_path / "run.db", clock, "desk-1") as store:
        for ns in (0, -5 * NS_PER_SECOND, -NS_PER_HOUR, NS_PER_SECOND):
            clock.advance(ns)
            store.operation("start")
    with StoreReader(tmp_path / "run.db") as reader:
        found = reader.audit(check_signature)
    assert (found.findings, found.remarks) == (
        (),
        ("operation 3: the clock of the machine stood 3600 s before that of the operation before",),
    )
