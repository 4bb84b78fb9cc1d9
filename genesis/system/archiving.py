"""Moving old entries out of a store into an archive, and back (docs/DECISIONS/0008).

The archive is an export of the record as it was at a signed checkpoint, from the first entry on: it proves itself, with the verifier it brings. What an earlier
archive held is carried over, so that there is always one file that holds all that the store does not.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from structlog.typing import FilteringBoundLogger

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.checkpoint import parse_checkpoint
from genesis.audit.entry import decode
from genesis.audit.merkle import Frontier, leaf_hash
from genesis.audit.note import parse_note
from genesis.clock import NS_PER_DAY, Clock, iso_utc
from genesis.config.schema import RetentionSection
from genesis.errors import ConfigError, GenesisError, IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Lines, archived, put_back
from genesis.storage.beside import beside
from genesis.storage.checkpoints import KeptCheckpoint
from genesis.storage.opening import keeping, open_store
from genesis.storage.schema import SCHEMA_VERSION
from genesis.storage.sqlite import StoreReader
from genesis.storage.store import Store
from genesis.system.archive import Archived as Exported
from genesis.system.archive import archive, archive_until, sha256_of
from genesis.system.archive_file import ArchiveFile, lines_for
from genesis.system.keys import check_signature
from genesis.system.moving import ensure_not_being_moved

_GATHERED = 0.1


class Moved(msgspec.Struct, frozen=True):
    """What was moved: the first ``entries`` entries, the last of them of engine time ``time``, lie in ``file``; ``before`` of them did already."""

    file: str
    sha256: str
    entries: int
    before: int
    time: int


def move_out(store: StoreAddress, before_ns: int, out: Path, previous: Path | None, clock: Clock) -> Moved:
    """Move all entries up to the last checkpoint whose entries are of before ``before_ns`` (engine time) into the archive ``out``; no engine may be at work.

    Args:
        previous: the archive that holds what was moved out earlier.

    Raises:
        ConfigError: a move of it has not come to its end, no checkpoint is that old, nothing of it is still in the store, ``out`` is there and is something else, or the earlier archive is not given.
        IntegrityError: store or archive is not sound; nothing was moved. StorageError: one of them cannot be read or written.
    """
    ensure_not_being_moved(store)
    with open_store(store, clock, socket.gethostname()) as kept:
        return move_out_of(kept, before_ns, out, previous)


def move_out_of(kept: Store, before_ns: int, out: Path, previous: Path | None) -> Moved:
    """As `move_out`, of a store that is held already."""
    gone = kept.archived()
    there = 0 if gone is None else gone.entries
    earlier = None if previous is None else ArchiveFile(previous)
    if gone is not None and earlier is None:
        raise ConfigError(f"{kept.path}: expected {gone.where()}, which is carried over, found none; give it")
    if earlier is not None:
        earlier.ensure_is(gone, str(kept.path))
    with StoreReader(kept.path) as reader:
        last, time = _last_before(reader, before_ns, there)

        def lines() -> Iterator[bytes]:
            if earlier is not None:
                yield from islice(earlier.lines(), there)
            for row in reader.entries(there + 1):
                yield row.entry

        _ensure_sound(reader, earlier)
        made = _made(reader, last, lines, out)
        _ensure_holds(reader, ArchiveFile(out), last)
    kept.forget(made.entries, out.name, made.sha256)
    return Moved(str(out), made.sha256, made.entries, there, time)


def bring_back(store: StoreAddress, archive: Path, clock: Clock) -> int:
    """Put the bytes of archived entries back into the store; no engine may be at work. How many entries the archive holds.

    Raises:
        ConfigError: nothing lies in an archive, an engine holds the store, or a move of it has not come to its end. IntegrityError: it is another archive, or altered; nothing was changed.
    """
    ensure_not_being_moved(store)
    file, holder = ArchiveFile(archive), keeping(store).held_by
    if holder is not None:
        raise ConfigError(f"{store}: expected no engine at work, found one: {holder}")
    # A store of an earlier version cannot be brought forward before its entries are back.
    with beside(store, older=True) as db:
        gone = archived(db)
        file.ensure_is(gone, str(store))
        if gone is None:
            return 0
        put_back(db, gone, file.lines(), socket.gethostname(), clock.now_ns())
        return gone.entries


def export_whole(store: StoreAddress, out: Path, overwrite: bool, archive_path: Path | None) -> Exported:
    """Pack a store's record with what lies in its archive, where that is given; as `genesis.system.archive.archive`.

    Raises:
        ConfigError: nothing lies in an archive. IntegrityError: it is another archive, or altered.
    """
    if archive_path is None:
        return archive(store, out, overwrite)
    file = ArchiveFile(archive_path)
    with StoreReader(store) as reader:
        file.ensure_is(reader.archived(), str(store))
    return archive(store, out, overwrite, file.lines)


def bring_forward(store: StoreAddress, clock: Clock, archive: ArchiveFile | None = None) -> None:
    """Bring a store of an earlier version to this one's layout, all of it or nothing, and note it; no engine may be at work.

    Raises:
        ConfigError: a move of it has not come to its end; or tables are made again, and the archive that holds old entries is missing or not of this store.
        IntegrityError: it is another, or altered.
    """
    ensure_not_being_moved(store)
    before, lines = keeping(store).schema_version, lines_for(store, archive)
    with open_store(store, clock, socket.gethostname(), lines) as kept:
        if before != SCHEMA_VERSION:
            kept.operation("upgrade", from_version=before, to_version=SCHEMA_VERSION)


def move_out_at_end(kept: Store, retention: RetentionSection, folder: Path, log: FilteringBoundLogger) -> None:
    """A run has ended: move out what is older than the configuration keeps, counted from the last entry's engine time.

    It waits until a tenth more has gathered, since an archive is written whole each time. What goes wrong is told and stops nothing: nothing was moved then.
    """
    archives, gone = folder / retention.folder, kept.archived()
    with StoreReader(kept.path) as reader:
        length, _ = reader.head()
        there = 1 if gone is None else gone.entries
        if length <= there + 1:
            return
        oldest, newest = (int(str(decode(next(reader.entries(n, n)).entry)["time"])) for n in (there + 1, length))
    if newest - oldest <= retention.days * NS_PER_DAY * (1 + _GATHERED):
        return
    try:
        archives.mkdir(mode=0o700, exist_ok=True)
        previous = None if gone is None else archives / gone.file
        moved = move_out_of(kept, newest - retention.days * NS_PER_DAY, archives / f"until-{length}.zip", previous)
    except (GenesisError, OSError) as error:
        log.warning(
            "old entries not archived", error=str(error), so="they stay in the store; it is tried again at the next end"
        )
        return
    log.info("old entries archived", entries=moved.entries, file=moved.file, sha256=moved.sha256)


def _made(reader: StoreReader, last: KeptCheckpoint, lines: Lines, out: Path) -> Exported:
    """The archive in ``out``. One that a call left there which was killed before the store noted it is as good, if it is the same byte for byte."""
    if not out.exists():
        return archive_until(reader, last, lines, out)
    with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        made = archive_until(reader, last, lines, Path(folder) / out.name)
    found = sha256_of(out)
    if found != made.sha256:
        raise ConfigError(
            f"{out}: expected no such file or the archive that is made now (SHA-256 {made.sha256}), found one with the digest {found}; choose another name"
        )
    return msgspec.structs.replace(made, file=str(out))


def _last_before(reader: StoreReader, before_ns: int, there: int) -> tuple[KeptCheckpoint, int]:
    """The last checkpoint over more than ``there`` entries, all of before that time, which leaves an entry; and the engine time of its last."""
    length, _ = reader.head()
    oldest = None
    for kept in reversed(reader.checkpoints()):
        size = _size(kept)
        if not there < size < length or size < 2:
            continue
        time = int(str(decode(next(reader.entries(size, size)).entry)["time"]))
        if time < before_ns:
            return kept, time
        oldest = time
    found = "none" if oldest is None else f"the first of {iso_utc(oldest)}"
    raise ConfigError(
        f"{reader.path}: expected a signed checkpoint of before {iso_utc(before_ns)} over entries that are still in the store, found {found}; "
        "genesis audit checkpoint signs one, audit.checkpoint_every does at intervals"
    )


def _ensure_sound(reader: StoreReader, earlier: ArchiveFile | None) -> None:
    """Nothing is thrown away of a record that is not what it was."""
    found = reader.audit(check_signature, lines=None if earlier is None else earlier.lines).findings
    if found:
        raise IntegrityError(
            f"{reader.path}: expected a sound record, found {len(found)} findings, the first at entry {found[0].seq}: {found[0].problem}; "
            "nothing was moved; genesis audit verify names every finding"
        )


def _ensure_holds(reader: StoreReader, file: ArchiveFile, last: KeptCheckpoint) -> None:
    """What was written is read again: the same chain, and the tree that was signed."""
    signed = parse_checkpoint(parse_note(last.note).text)
    tree, head = Frontier(), GENESIS_HASH
    for line, stored in zip(file.lines(), reader.hashes(), strict=False):
        head = link(head, line)
        tree.append(leaf_hash(line))
        if head != stored:
            break
    if (tree.size, tree.root()) != (signed.size, signed.root):
        raise IntegrityError(
            f"{file.path}: expected the {signed.size} entries that were signed, found others; nothing was moved"
        )


def _size(kept: KeptCheckpoint) -> int:
    return parse_checkpoint(parse_note(kept.note).text).size
