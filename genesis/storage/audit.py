"""The whole check of a store: both chains, checkpoints, what somebody kept outside, projections. Every finding is told."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress
from itertools import zip_longest
from typing import Any

import msgspec

from genesis.audit.chain import GENESIS_HASH
from genesis.audit.checkpoint import Checkpoint, parse_checkpoint, rotation_text
from genesis.audit.merkle import EMPTY_ROOT, Frontier, leaf_hash
from genesis.audit.note import Check, PublicKey, open_note, parse_key, parse_note
from genesis.audit.verify import Finding, Part, verify
from genesis.clock import NS_PER_SECOND
from genesis.errors import GenesisError, StorageError
from genesis.storage import schema
from genesis.storage.archived import Archived, Lines, archived, whole_entries
from genesis.storage.checkpoints import KeptCheckpoint, kept_checkpoints, kept_keys
from genesis.storage.database import Database, SqliteDatabase
from genesis.storage.entries import stored_entries
from genesis.storage.faults import one_view, transaction
from genesis.storage.inbox import check_inbox
from genesis.storage.operations import check_operations, read_operation
from genesis.storage.projections import project
from genesis.storage.snapshots import UNNAMED, snapshots_there

_Entry = tuple[int, bytes, bytes]
_RANGE = 2_048
# A clock that is kept by others is put right by less.
_CLOCK_SLACK_NS = 60 * NS_PER_SECOND


class Kept(msgspec.Struct, frozen=True):
    """What somebody keeps outside a store: a head (32 bytes), a length, signed notes of checkpoints, the key to trust."""

    head: bytes | None = None
    length: int | None = None
    notes: tuple[str, ...] = ()
    key: PublicKey | None = None


class Audit(msgspec.Struct, frozen=True):
    """What an audit came to.

    ``signed`` entries stand under the last of ``checkpoints``. ``keys`` are those that signed, as the store names them; ``key_kept``:
    one of them was kept outside. ``archived``: where the first entries lie; ``unseen`` says what could not be looked at without them. ``remarks`` are no
    findings: what may have happened in good order, and what somebody who knows should look at.
    """

    entries: int
    head: str
    root: str
    checkpoints: int
    signed: int
    keys: tuple[str, ...]
    key_kept: bool
    findings: tuple[Finding, ...]
    archived: Archived | None = None
    unseen: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


class _Tree:
    """Passes rows of entries on, and takes each into a Merkle tree; ``roots`` are those at the wanted sizes.

    Args:
        sizes: those wanted.
        begun: the tree of the first entries, whose bytes are not there.
    """

    def __init__(self, sizes: Iterable[int], begun: Frontier) -> None:
        self.frontier, self._sizes, self._begun = begun, frozenset(sizes), begun.size
        self.roots = {0: EMPTY_ROOT, begun.size: begun.root()}
        self.last, self.head = 0, GENESIS_HASH

    def watch(self, entries: Iterable[_Entry]) -> Iterator[_Entry]:
        take, sizes, begun = self.frontier.append, self._sizes, self._begun
        for row in entries:
            seq, entry, stored = row
            if seq > begun:
                take(leaf_hash(entry if type(entry) is bytes else b""))
            if seq in sizes and seq > begun:
                self.roots[seq] = self.frontier.root()
            self.last, self.head = seq, stored
            yield row


class _Claim(msgspec.Struct, frozen=True):
    """A signed checkpoint to compare with the entries, and where it is from: operation ``seq``, at which the run chain was ``length`` long, or from outside."""

    seq: int
    of: str
    part: Part
    checkpoint: Checkpoint
    length: int = 0


def audit(db: Database, check: Check, kept: Kept | None = None, lines: Lines | None = None) -> Audit:
    """Check everything that can be checked, in one view of the store.

    Args:
        db: the store.
        check: how a signature is checked.
        kept: what was kept outside; without it a chain cut at its end and a key put in another's place can go unseen.
        lines: the entries of the archive, where some lie in one.
    """
    kept = kept or Kept()
    with one_view(db):
        findings, places = check_operations(db)
        keys, wrong = _keys(db, check)
        findings += wrong
        trusted, since, wrong = _trusted(db, keys, kept.key)
        findings += wrong
        claims, wrong = _claims(db, trusted, since, check)
        findings += wrong
        findings += _out_of_order(db, claims)
        if kept.key is not None and not claims:
            findings.append(Finding(0, f"expected a checkpoint under the kept key {kept.key}, found none", Part.KEPT))
        outside, wrong = _outside(kept, trusted, check)
        findings += wrong
        remarks = (*_other_operations_outside(db, outside), *_clock_set_back(db))
        gone = archived(db, findings)
        absent = gone.entries if gone is not None and lines is None else 0
        begun, wrong = _begun(db, claims, gone if absent else None)
        findings += wrong
        tree = _Tree((c.checkpoint.size for c in [*claims, *outside]), begun)
        rows = tree.watch(stored_entries(db) if lines is None else whole_entries(db, lines()))
        found = verify(rows, length=kept.length, head=kept.head, places=places, archived=absent)
        judged = [c for c in [*claims, *outside] if c.checkpoint.size >= absent]
        found += [f for c in judged for f in _judged(c, tree)]
        found += findings
        found += _inbox(db)
        found += check_layout(db)
        if not absent:
            found += check_projections(db, lines)
        found += check_snapshots(db)
    return Audit(
        tree.last,
        tree.head.hex() if isinstance(tree.head, bytes) else "",
        tree.frontier.root().hex(),
        len(claims),
        max((c.checkpoint.size for c in claims), default=0),
        tuple(str(k) for k in keys),
        kept.key is not None and kept.key in keys,
        tuple(found),
        gone,
        _unseen(gone, len(claims) + len(outside) - len(judged)) if gone is not None and absent else (),
        remarks,
    )


def _begun(db: Database, claims: Iterable[_Claim], gone: Archived | None) -> tuple[Frontier, list[Finding]]:
    """The tree of the archived entries, as the checkpoint over them keeps it: its peaks make the root that was signed."""
    if gone is None:
        return Frontier(), []
    if gone.entries in {c.checkpoint.size for c in claims}:
        for kept in kept_checkpoints(db, []):
            with suppress(GenesisError):
                checkpoint = parse_checkpoint(parse_note(kept.note).text)
                if checkpoint.size == gone.entries and kept.tree(checkpoint.size).root() == checkpoint.root:
                    return kept.tree(checkpoint.size), []
    problem = f"operation {gone.seq}: expected a signed checkpoint over the {gone.entries} archived entries, found none"
    return Frontier(), [Finding(gone.seq, problem, Part.CHECKPOINTS)]


def _unseen(gone: Archived, checkpoints: int) -> tuple[str, ...]:
    """What stays open without the archive."""
    words = [
        f"entries 2 to {gone.entries} lie in {gone.where()}: their hashes are the store's word up to the signed root over them",
        "tables are compared only where every entry is there",
    ]
    if checkpoints:
        words.append(f"{checkpoints} checkpoints over fewer than {gone.entries} entries")
    return tuple(words)


def _keys(db: Database, check: Check) -> tuple[list[PublicKey], list[Finding]]:
    """The keys that may have signed here. Each but the first must have been named by the one before it."""
    keys: list[PublicKey] = []
    findings: list[Finding] = []
    for kept in kept_keys(db, findings):
        try:
            key = parse_key(kept.key)
            if keys:
                text, _ = open_note(kept.endorsement or "", keys[-1:], check)
                if text != rotation_text(key):
                    raise _Wrong(f"expected the key before it to name {key}, found: {text.strip()!r}")
            keys.append(key)
        except (GenesisError, _Wrong) as error:
            findings.append(Finding(kept.seq, f"operation {kept.seq}: key: {error}", Part.CHECKPOINTS))
    return keys, findings


def _trusted(db: Database, keys: list[PublicKey], kept: PublicKey | None) -> tuple[list[PublicKey], int, list[Finding]]:
    """The keys to believe, and the operation from which on they alone sign: the kept one and those that follow it.

    A key before the kept one may be anybody's, who can let it name the kept one: what it signed is passed over. Without a kept key
    the store's own word is taken for all of them.
    """
    if kept is None:
        return keys, 0, []
    if kept not in keys:
        found = ", ".join(map(str, keys)) or "none"
        return [kept], 0, [Finding(0, f"expected the kept key {kept} among the store's, found {found}", Part.KEPT)]
    since = next((k.seq for k in kept_keys(db, []) if k.key == str(kept)), 0)
    return keys[keys.index(kept) :], since, []


def _claims(db: Database, keys: list[PublicKey], since: int, check: Check) -> tuple[list[_Claim], list[Finding]]:
    claims: list[_Claim] = []
    findings: list[Finding] = []
    for one in kept_checkpoints(db, findings):
        if one.seq < since:
            continue
        try:
            checkpoint = _opened(one, keys, check)
        except (GenesisError, _Wrong) as error:
            findings.append(Finding(one.seq, f"operation {one.seq}: checkpoint: {error}", Part.CHECKPOINTS))
        else:
            claims.append(_Claim(one.seq, f"operation {one.seq}", Part.CHECKPOINTS, checkpoint, one.length))
    return claims, findings


def _out_of_order(db: Database, claims: Iterable[_Claim]) -> Iterator[Finding]:
    """Checkpoints that were put where they were not made: one of the future, one of the past once more, one over other operations."""
    signed = 0
    for claim in claims:
        one = claim.checkpoint
        if one.size > claim.length:
            problem = f"expected no more than the {claim.length} entries that there were then, found {one.size} signed"
            yield Finding(claim.seq, f"{claim.of}: checkpoint: {problem}", Part.CHECKPOINTS)
        if one.size < signed:
            problem = f"expected one over the {signed} entries that were signed by then, or more, found {one.size}"
            yield Finding(claim.seq, f"{claim.of}: checkpoint: {problem}", Part.CHECKPOINTS)
        signed = max(signed, one.size)
        if (found := _other_operations(db, claim)) is not None:
            yield Finding(claim.seq, f"{claim.of}: checkpoint: {found}", Part.CHECKPOINTS)


def _other_operations(db: Database, claim: _Claim) -> str | None:
    """What is wrong where the operations chain does not pass where it stood when the checkpoint was signed."""
    place = claim.checkpoint.operations
    if place is None or not place.length:
        return None
    row = db.execute("SELECT hash FROM operations WHERE seq = ?", (place.length,)).fetchone()
    if row is None:
        return f"expected {place.length} operations or more, as was signed, found fewer"
    if row[0] == place.head:
        return None
    found = _short(row[0]) if isinstance(row[0], bytes) else repr(row[0])
    return f"expected the signed head {_short(place.head)} of the first {place.length} operations, found {found}"


def _other_operations_outside(db: Database, outside: Iterable[_Claim]) -> Iterator[str]:
    """Kept checkpoints that saw other operations than there are. A store that was put back from a backup has lost those that came after it."""
    for claim in outside:
        if (found := _other_operations(db, claim)) is not None:
            yield f"{claim.of}: {found}: they were cut or written anew, unless the store was put back from a backup of before"


def _clock_set_back(db: Database) -> Iterator[str]:
    """Operations of an earlier wall time than the one before, by more than clocks are commonly put right by."""
    before = 0
    for seq, entry in db.execute("SELECT seq, bytes FROM operations ORDER BY seq").fetchall():
        with suppress(msgspec.DecodeError, ValueError, TypeError):
            time = read_operation(entry).time
            if time < before - _CLOCK_SLACK_NS:
                yield f"operation {seq}: the clock of the machine stood {(before - time) / NS_PER_SECOND:.0f} s before that of the operation before"
            before = time


class _Wrong(Exception):  # noqa: N818 - never leaves the module
    """What was read is not what it must be."""


def _opened(kept: KeptCheckpoint, keys: list[PublicKey], check: Check) -> Checkpoint:
    text, signed = open_note(kept.note, keys, check)
    checkpoint = parse_checkpoint(text)
    if checkpoint.origin != signed[0].name:
        raise _Wrong(f"expected the origin {signed[0].name}, found {checkpoint.origin}")
    root = kept.tree(checkpoint.size).root()
    if root != checkpoint.root:
        raise _Wrong(f"expected peaks that make the signed root {_short(checkpoint.root)}, found {_short(root)}")
    return checkpoint


def _outside(kept: Kept, keys: list[PublicKey], check: Check) -> tuple[list[_Claim], list[Finding]]:
    """The kept notes as claims."""
    found: list[_Claim] = []
    findings: list[Finding] = []
    origins = {k.name for k in keys}
    for number, note in enumerate(kept.notes, 1):
        of = f"kept checkpoint {number}"
        try:
            text, _ = open_note(note, keys, check)
            checkpoint = parse_checkpoint(text)
            if checkpoint.origin not in origins:
                raise _Wrong(f"expected the origin {', '.join(sorted(origins))}, found {checkpoint.origin}")
        except (GenesisError, _Wrong) as error:
            findings.append(Finding(0, f"{of}: {error}", Part.KEPT))
        else:
            found.append(_Claim(checkpoint.size, of, Part.KEPT, checkpoint))
    return found, findings


def _judged(claim: _Claim, tree: _Tree) -> Iterator[Finding]:
    signed = claim.checkpoint
    root = tree.roots.get(signed.size)
    if root is None:
        problem = f"{claim.of}: expected {signed.size} entries or more, as was signed, found {tree.last}"
        yield Finding(signed.size, problem, claim.part)
    elif root != signed.root:
        problem = (
            f"{claim.of}: expected the signed root {_short(signed.root)} over the first {signed.size} entries, "
            f"found {_short(root)}"
        )
        yield Finding(signed.size, problem, claim.part)


def _inbox(db: Database) -> list[Finding]:
    """What `check_inbox` finds; where entries or rows cannot be read, that."""
    try:
        return list(check_inbox(db))
    except (GenesisError, msgspec.MsgspecError, sqlite3.Error, ValueError, TypeError) as error:
        return [Finding(0, f"inbox: expected commands that can be read, found: {error}", Part.INBOX)]


def check_layout(db: Database) -> Iterator[Finding]:
    """Whether the database finds itself whole, and every table is made as this version makes it."""
    with closing(SqliteDatabase(":memory:", isolation_level=None)) as fresh:
        schema.create(fresh)
        for problem in db.layout_problems(fresh):
            yield Finding(0, problem, Part.LAYOUT)
    version = schema.version(db, "projections")
    if version != schema.PROJECTIONS_VERSION:
        problem = f"projections: expected version {schema.PROJECTIONS_VERSION}, found {version}; genesis audit rebuild"
        yield Finding(0, problem, Part.LAYOUT)


def check_snapshots(db: Database) -> Iterator[Finding]:
    """Snapshots that the operations chain names and that are not what was kept. One that it does not name is never used, and a kill may leave one."""
    try:
        there = snapshots_there(db)
    except (GenesisError, msgspec.MsgspecError, sqlite3.Error, ValueError, TypeError) as error:
        yield Finding(0, f"snapshots: expected rows that can be read, found: {error}", Part.SNAPSHOTS)
        return
    for one in there:
        if one.problem not in (None, UNNAMED):
            yield Finding(one.number, f"snapshot {one.number}: {one.problem}", Part.SNAPSHOTS)


def check_projections(db: Database, lines: Lines | None = None) -> Iterator[Finding]:
    """Whether the tables that people query are what the entries make; they are made once more, elsewhere, and compared."""
    with closing(SqliteDatabase("", isolation_level=None)) as fresh:
        schema.create(fresh)
        try:
            with transaction(fresh):
                project(fresh, stored_entries(db) if lines is None else whole_entries(db, lines()))
        except (GenesisError, ArithmeticError, ValueError, TypeError, KeyError, sqlite3.Error) as error:
            yield Finding(0, f"projections: expected entries to make them from, found: {error}", Part.PROJECTIONS)
            return
        for table in schema.PROJECTIONS:
            try:
                yield from _compared(table, fresh, db)
            except (sqlite3.Error, StorageError, TypeError) as error:
                yield Finding(0, f"projections: {table}: expected a table to read, found: {error}", Part.PROJECTIONS)


def _compared(table: str, fresh: Database, db: Database) -> Iterator[Finding]:
    """Both sides in the order of their keys."""
    wrong_keys: list[Finding] = []
    made, kept = _in_order(fresh, table), _keyed(_in_order(db, table), table, wrong_keys)
    columns = schema.columns(fresh, table)
    expected, found = next(made, None), next(kept, None)
    while expected is not None or found is not None:
        if found is not None and (expected is None or found[0] < expected[0]):
            yield _off(table, found[0], "expected no row, found one")
            found = next(kept, None)
        elif expected is not None and (found is None or expected[0] < found[0]):
            yield _off(table, expected[0], "expected a row, found none")
            expected = next(made, None)
        elif expected is not None and found is not None:
            values = zip_longest(columns, expected, found)
            wrong = [f"{c}: expected {e!r}, found {f!r}" for c, e, f in values if e != f and db.kept(e) != f]
            if wrong:
                yield _off(table, expected[0], "; ".join(wrong))
            expected, found = next(made, None), next(kept, None)
    yield from wrong_keys


def _keyed(rows: Iterable[tuple[Any, ...]], table: str, wrong: list[Finding]) -> Iterator[tuple[Any, ...]]:
    """Rows whose key is a number; those of a damaged page may have none."""
    for row in rows:
        if isinstance(row[0], int):
            yield row
        else:
            wrong.append(_off(table, 0, f"expected a whole number as its key, found {row[0]!r}"))


def _off(table: str, key: int, problem: str) -> Finding:
    return Finding(key, f"projections: {table}: row {key}: {problem}", Part.PROJECTIONS)


def _in_order(db: Database, table: str) -> Iterator[tuple[Any, ...]]:
    """Rows of a projection, read in ranges of its key, which is its first column."""
    key = schema.key_of(table)
    query = f"SELECT {key}, * FROM {table} {{}} ORDER BY {key} LIMIT {_RANGE}"  # nosec B608 # names are ours, values are bound
    rows = db.execute(query.format("")).fetchall()
    while rows:
        yield from rows
        rows = db.execute(query.format(f"WHERE {key} > ?"), (rows[-1][0],)).fetchall()


def _short(value: bytes) -> str:
    return value.hex()[:16]
