"""Auditing from outside the engine: checking, signing, proving, looking entries up."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from genesis.audit.checkpoint import Checkpoint, Proof, is_proven, notes_in, parse_checkpoint
from genesis.audit.entry import decode
from genesis.audit.merkle import inclusion_path, leaf_hash
from genesis.audit.note import PublicKey, open_note, parse_key, parse_note
from genesis.clock import Clock
from genesis.errors import ConfigError, IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.audit import Audit, Kept
from genesis.storage.beside import beside
from genesis.storage.checkpoints import make_checkpoint, note_rotation
from genesis.storage.moved import ensure_here
from genesis.storage.opening import open_store
from genesis.storage.rows import EntryRow
from genesis.storage.sqlite import StoreReader
from genesis.system.archive_file import ArchiveFile, lines_for
from genesis.system.keys import check_signature, existing_key, follow, following_key, signing_key
from genesis.system.moving import ensure_not_being_moved
from genesis.system.publishing import Publisher


class Signed(msgspec.Struct, frozen=True):
    """A checkpoint that was signed, or that stood already for this length (``new`` false); ``published`` counts what went out."""

    note: str
    size: int
    root: str
    key: str
    new: bool
    published: int


class Proven(msgspec.Struct, frozen=True):
    """A proof, the checkpoint it leads to and the key that signed that."""

    proof: Proof
    checkpoint: Checkpoint
    key: PublicKey


def keys_beside(store: StoreAddress) -> Path:
    """Where a store's keys are unless somebody says otherwise.

    Raises:
        ConfigError: it is on a server.
    """
    if isinstance(store, Path):
        return store.parent / "keys"
    raise ConfigError(
        "--keys: expected the folder of the signing key, found none; a store on a server has none beside it"
    )


def audit_store(store: StoreAddress, kept: Kept | None = None, archive: ArchiveFile | None = None) -> Audit:
    """Check everything in a store, and in its ``archive`` where one is given; an engine may be at work on it.

    Raises:
        StorageError, IntegrityError: the file cannot be read, or is damaged so that rows cannot be told.
        ConfigError: no entry of this store lies in an archive, or it is another one.
    """
    lines = lines_for(store, archive)
    with StoreReader(store) as reader:
        return reader.audit(check_signature, kept, lines)


def kept_from(head: str | None, length: int | None, files: list[Path], key: str | None) -> Kept:
    """What a person kept, from arguments: a head in hex, files of checkpoints, a key or the file that holds it.

    Raises:
        ConfigError: one of them is not what it should be.
    """
    notes = [n for path in files for n in notes_in(_text(path, "--checkpoint"))]
    if files and not notes:
        raise ConfigError(f"--checkpoint: expected signed checkpoints, found none in {', '.join(map(str, files))}")
    return Kept(None if head is None else _head(head), length, tuple(notes), None if key is None else _key(key))


def sign(store: StoreAddress, folder: Path, name: str, clock: Clock, publisher: Publisher | None = None) -> Signed:
    """Sign the chain as it stands with the key in ``folder``, and publish what is not out yet. An engine may be at work.

    Raises:
        ConfigError: no entry, another key than this store's, or the history goes on in another store. StorageError: store, key or publication cannot be written; a
        checkpoint that was signed before stays.
    """
    signer = signing_key(folder)
    with beside(store) as db:
        ensure_here(db, store)
        try:
            note, new = make_checkpoint(db, name, signer, check_signature, socket.gethostname(), clock.now_ns())
        except (ConfigError, IntegrityError) as error:
            raise type(error)(f"{store}: {error}") from error
    checkpoint = parse_checkpoint(parse_note(note).text)
    published = publisher.publish(_notes(store)) if publisher is not None else 0
    key = PublicKey(checkpoint.origin, signer.key)
    return Signed(note, checkpoint.size, checkpoint.root.hex(), str(key), new, published)


def rotate(store: StoreAddress, folder: Path, clock: Clock) -> PublicKey:
    """Put a new key in the place of the one in ``folder``: the old one names it first, in the operations chain.

    Interrupted anywhere it can be begun again: the new key is on the disk before it is named, and takes its place after.

    Raises:
        ConfigError: the store has no key, or another one, or the history goes on in another store.
    """
    present, following = existing_key(folder), following_key(folder)
    with beside(store) as db:
        ensure_here(db, store)
        try:
            key = note_rotation(db, present, following, socket.gethostname(), clock.now_ns())
        except ConfigError as error:
            raise ConfigError(f"{store}: {error}") from error
    follow(folder)
    return key


def rebuild(store: StoreAddress, clock: Clock, archive: ArchiveFile | None = None) -> int:
    """Make the tables that people query again from the entries; no engine may be at work. How many entries there are.

    Raises:
        ConfigError: a move of it has not come to its end, some lie in an archive that is not given, or none does and one is. IntegrityError: it is another archive, or altered.
    """
    ensure_not_being_moved(store)
    lines = lines_for(store, archive)
    with open_store(store, clock, socket.gethostname(), lines) as kept:
        kept.rebuild_projections(lines)
        kept.operation("rebuild")
    with StoreReader(store) as reader:
        return reader.head()[0]


def prove(store: StoreAddress, seq: int) -> Proven:
    """That entry ``seq`` stands in the chain, under the first checkpoint that holds it.

    Raises:
        ConfigError: no such entry, or no checkpoint holds it yet. IntegrityError: the entries are not those that were signed.
    """
    with StoreReader(store) as reader:
        length, _ = reader.head()
        if not 1 <= seq <= length:
            raise ConfigError(f"entry: expected 1 to {length}, found {seq}")
        gone = reader.archived()
        before = 0 if gone is None else gone.entries
        if gone is not None and seq <= before:
            raise ConfigError(
                f"entry: expected {before + 1} to {length}, whose neighbours are here, found {seq}, which lies in {gone.where()}; "
                "genesis audit put-back brings it back"
            )
        keys = [parse_key(k.key) for k in reader.signing_keys()]
        for kept in reader.checkpoints():
            text, signed = open_note(kept.note, keys, check_signature)
            checkpoint = parse_checkpoint(text)
            if checkpoint.size >= seq:
                break
        else:
            raise ConfigError(
                f"{store}: expected a checkpoint that holds entry {seq}, found none; genesis audit checkpoint signs one"
            )
        rows = list(reader.entries(before + 1, checkpoint.size))
        begun = reader.tree_at(before)
    leaves = [leaf_hash(row.entry) for row in rows]
    path = inclusion_path(leaves, seq - 1, begun)
    proof = Proof(rows[seq - 1 - before].entry, seq - 1, tuple(path), kept.note)
    if not is_proven(proof, checkpoint):
        raise IntegrityError(
            f"{store}: expected the root that was signed over the first {checkpoint.size} entries, found another; "
            "genesis audit verify names every finding"
        )
    return Proven(proof, checkpoint, signed[0])


def entry_at(store: StoreAddress, seq: int) -> EntryRow:
    """One entry.

    Raises:
        ConfigError: no such entry.
    """
    with StoreReader(store) as reader:
        for row in reader.entries(seq, seq):
            return row
        length, _ = reader.head()
    raise ConfigError(f"entry: expected 1 to {length}, found {seq}")


def search(
    store: StoreAddress,
    kind: str | None = None,
    track: str | None = None,
    text: str | None = None,
    since_ns: int | None = None,
    until_ns: int | None = None,
) -> Iterator[tuple[EntryRow, dict[str, Any]]]:
    """Entries of the store, not of its archive, with their documents: of a type, of a track, with a text anywhere in their bytes, of a span of engine time."""
    needle = None if text is None else text.encode()
    with StoreReader(store) as reader:
        for row in reader.present_entries():
            if needle is not None and needle not in row.entry:
                continue
            document: dict[str, Any] = decode(row.entry)
            time = int(document["time"])
            if (
                (kind is None or document["type"] == kind)
                and (track is None or document["track"] == track)
                and (since_ns is None or time >= since_ns)
                and (until_ns is None or time < until_ns)
            ):
                yield row, document


def _notes(store: StoreAddress) -> list[str]:
    with StoreReader(store) as reader:
        return [c.note for c in reader.checkpoints()]


def _head(text: str) -> bytes:
    try:
        head = bytes.fromhex(text)
    except ValueError:
        head = b""
    if len(head) != 32:
        raise ConfigError(f"--head: expected 64 hexadecimal digits, found '{text}'")
    return head


def _key(text: str) -> PublicKey:
    try:
        return parse_key(text if "+" in text else _text(Path(text), "--key"))
    except IntegrityError as error:
        raise ConfigError(f"--key: {error}") from None


def _text(path: Path, option: str) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        found = (getattr(error, "strerror", None) or str(error)).lower()
        raise ConfigError(f"{option}: {path}: expected a readable file, found: {found}") from None
