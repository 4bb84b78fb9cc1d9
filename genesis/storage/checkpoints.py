"""Signed checkpoints of a run chain, and the keys that signed them, as entries of the operations chain.

A checkpoint keeps beside its signed note the peaks of its tree, so that the next one reads only the entries that came since.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from genesis.audit.chain import link
from genesis.audit.checkpoint import Checkpoint, endorsement, origin_of, parse_checkpoint
from genesis.audit.merkle import Frontier, leaf_hash
from genesis.audit.note import Check, PublicKey, Signer, open_note, parse_key, parse_note
from genesis.audit.verify import Finding, Part, Place
from genesis.errors import ConfigError, IntegrityError
from genesis.storage.database import Database
from genesis.storage.entries import chain_head, stored_entries
from genesis.storage.operations import append_operation

CHECKPOINT, KEY = "checkpoint", "key"


class KeptCheckpoint(msgspec.Struct, frozen=True):
    """A checkpoint as operation ``seq`` keeps it: the signed ``note``, and in hex the ``peaks`` of its tree; the run chain was ``length`` long by then."""

    seq: int
    note: str
    peaks: tuple[str, ...]
    length: int

    def tree(self, size: int) -> Frontier:
        """The tree of ``size`` entries that the peaks make.

        Raises:
            IntegrityError: they are not those of such a tree.
        """
        try:
            return Frontier(size, [bytes.fromhex(p) for p in self.peaks])
        except ValueError:
            raise IntegrityError("expected peaks in hex, found something else") from None


class KeptKey(msgspec.Struct, frozen=True):
    """A key as operation ``seq`` introduces it: the one it follows, and the note by which that one named it."""

    seq: int
    key: str
    previous: str | None
    endorsement: str | None


class _Facts(msgspec.Struct):
    note: str = ""
    peaks: tuple[str, ...] = ()
    key: str = ""
    previous: str | None = None
    endorsement: str | None = None


class _Body(msgspec.Struct):
    facts: _Facts
    run_length: int


class _Operation(msgspec.Struct):
    body: _Body
    type: str


_DECODER = msgspec.json.Decoder(_Operation)


def kept_checkpoints(db: Database, wrong: list[Finding] | None = None) -> list[KeptCheckpoint]:
    """Every checkpoint, in order.

    Raises:
        IntegrityError: an operation that says it is a checkpoint and cannot be read; where ``wrong`` is given it goes there.
    """
    return [KeptCheckpoint(seq, b.facts.note, b.facts.peaks, b.run_length) for seq, b in _bodies(db, CHECKPOINT, wrong)]


def kept_keys(db: Database, wrong: list[Finding] | None = None) -> list[KeptKey]:
    """Every key that signed here, in order; what cannot be read as in `kept_checkpoints`."""
    found = [(seq, body.facts) for seq, body in _bodies(db, KEY, wrong)]
    return [KeptKey(seq, f.key, f.previous, f.endorsement) for seq, f in found]


def current_key(db: Database) -> PublicKey | None:
    """The key that the next checkpoint must be signed with; ``None`` before the first."""
    keys = kept_keys(db)
    return parse_key(keys[-1].key) if keys else None


def make_checkpoint(db: Database, name: str, signer: Signer, check: Check, host: str, wall_ns: int) -> tuple[str, bool]:
    """Sign the chain as it stands; the note, and whether it is a new one: no key signs the same length twice.

    Args:
        db: the store, which an engine may be writing.
        name: beginning of the origin, for a store that has no checkpoint yet.
        signer: the key.
        check: how a signature is checked.
        host, wall_ns: for the operations chain.

    Raises:
        ConfigError: no entry to sign, or not the key that this store's checkpoints are signed with.
        IntegrityError: the chain does not go on from the last checkpoint, or is broken since.
    """
    length, _ = chain_head(db, "entries")
    if not length:
        raise ConfigError("expected a chain to sign, found no entry; run something into the store first")
    noted = current_key(db)
    origin = noted.name if noted is not None else origin_of(name, _hash_at(db, 1))
    key = PublicKey(origin, signer.key)
    if noted is not None and noted != key:
        raise ConfigError(
            f"expected the key that this store's checkpoints are signed with, {noted}, found {key}; "
            "use the folder that holds it, or name the new key by genesis audit rotate-key"
        )
    frontier, last = _frontier(db, origin, length, check)
    if last is not None and frontier.size == length and last.seq > kept_keys(db)[-1].seq:
        return last.note, False
    _grow(db, frontier, length)
    if noted is None:
        append_operation(db, KEY, host, wall_ns, {"endorsement": None, "key": str(key), "previous": None})
    note = Checkpoint(origin, length, frontier.root(), Place(*chain_head(db, "operations"))).signed(signer)
    peaks = [p.hex() for p in frontier.peaks]
    append_operation(db, CHECKPOINT, host, wall_ns, {"note": note, "peaks": peaks})
    return note, True


def note_rotation(db: Database, signer: Signer, following: Signer, host: str, wall_ns: int) -> PublicKey:
    """Let the key of ``signer`` name the one of ``following``, and note it; nothing is noted twice. The key from now on.

    Raises:
        ConfigError: the store has no key yet, or another one.
    """
    noted = current_key(db)
    if noted is None:
        raise ConfigError("expected a key that has signed a checkpoint here, found none; there is nothing to rotate")
    new = PublicKey(noted.name, following.key)
    if noted == new:
        return new
    if noted.key != signer.key:
        found = PublicKey(noted.name, signer.key)
        raise ConfigError(f"expected the key that this store's checkpoints are signed with, {noted}, found {found}")
    facts = {"endorsement": endorsement(new, noted.name, signer), "key": str(new), "previous": str(noted)}
    append_operation(db, KEY, host, wall_ns, dict(facts))
    return new


def tree_at(db: Database, size: int) -> Frontier | None:
    """The tree of the first ``size`` entries, as a checkpoint of that size keeps it; its signature is for the caller to check."""
    for kept in kept_checkpoints(db):
        if parse_checkpoint(parse_note(kept.note).text).size == size:
            return kept.tree(size)
    return None


def _frontier(db: Database, origin: str, length: int, check: Check) -> tuple[Frontier, KeptCheckpoint | None]:
    """The tree of the last checkpoint, and that one. It is believed only as far as its signature and its root go."""
    kept = kept_checkpoints(db)
    if not kept:
        return Frontier(), None
    last = kept[-1]
    keys = [parse_key(k.key) for k in kept_keys(db)]
    text, _ = open_note(last.note, keys, check)
    checkpoint = parse_checkpoint(text)
    frontier = last.tree(checkpoint.size)
    if checkpoint.origin != origin or frontier.root() != checkpoint.root:
        raise IntegrityError(
            f"operation {last.seq}: expected peaks that make the signed root of {origin}, found others; "
            "genesis audit verify names every finding"
        )
    if checkpoint.size > length:
        raise IntegrityError(
            f"expected a chain of {checkpoint.size} entries or more, as was signed, found {length}: it was cut"
        )
    return frontier, last


def _grow(db: Database, frontier: Frontier, length: int) -> None:
    """Take the entries up to ``length`` into the tree; a chain that is broken there is not signed."""
    last = frontier.size
    previous = _hash_at(db, last) if last else bytes(32)
    for seq, entry, stored in stored_entries(db, last + 1):
        if seq > length:
            break
        if seq != last + 1 or link(previous, entry) != stored:
            raise IntegrityError(
                f"entry {seq}: expected one that follows entry {last}, found another; nothing was signed"
            )
        frontier.append(leaf_hash(entry))
        last, previous = seq, stored
    if last != length:
        raise IntegrityError(f"expected {length} entries, found them ending with {last}; nothing was signed")


def _hash_at(db: Database, seq: int) -> bytes:
    row = db.execute("SELECT hash FROM entries WHERE seq = ?", (seq,)).fetchone()
    if row is None or not isinstance(row[0], bytes):
        raise IntegrityError(f"entry {seq}: expected it with its hash, found none")
    return row[0]


def _bodies(db: Database, kind: str, wrong: list[Finding] | None) -> Iterator[tuple[int, _Body]]:
    marker = f',"type":"{kind}",'.encode()
    for seq, entry in db.execute(f"SELECT seq, bytes FROM operations WHERE {db.contains} ORDER BY seq", (marker,)):  # nosec B608 # names are ours, values are bound
        try:
            read = _DECODER.decode(entry)
        except (msgspec.DecodeError, ValueError, TypeError) as error:
            problem = f"operation {seq}: expected a {kind}, found: {error}"
            if wrong is None:
                raise IntegrityError(problem) from None
            wrong.append(Finding(seq, problem, Part.CHECKPOINTS))
            continue
        if read.type == kind:
            yield seq, read.body
