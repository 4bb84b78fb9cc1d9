"""A run's whole record in one file for a third party: both chains, checkpoints, keys, and two scripts that need only Python.

The same store gives the same bytes: no time, no host and no path of the machine that packs is in the archive.
"""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import msgspec

from genesis.audit.checkpoint import parse_checkpoint
from genesis.audit.note import parse_note
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Lines
from genesis.storage.checkpoints import KeptCheckpoint
from genesis.storage.rows import EntryRow
from genesis.storage.sqlite import StoreReader
from genesis.system.export import write_whole

ENTRIES = "entries.jsonl"
VERIFIER = "verify.py"
RECOMPUTATION = "recompute.py"
# The modules that ``RECOMPUTATION`` runs: a folder beside it, in the archive as here.
_MODULES = "recomputation"
_README = """This is the record of one run of Genesis, as its store holds it.

entries.jsonl      the run chain: one entry a line, byte for byte (RFC 8785 JSON)
entries.hashes     the hash of each, in hex: SHA-256 over "genesis.run-chain.1", a NUL, the hash before (32 zero bytes at first),
                   the length of the entry (8 bytes, big-endian) and the entry
operations.*       the operations chain in the same way, under "genesis.operations-chain.1": starts, stops, keys, checkpoints
checkpoints.txt    the signed checkpoints (c2sp.org/tlog-checkpoint): Merkle roots (RFC 6962) over the lines of entries.jsonl
keys.txt           the public keys that signed them, the oldest first (c2sp.org/signed-note)
SHA256SUMS         the digest of every file here
verify.py          checks all of it: python3 -S -E verify.py ARCHIVE --key KEY
recompute.py       makes every promotion decision and A/B verdict again from the entries: python3 -S -E recompute.py ARCHIVE
recomputation/     the rules it goes by, one subject a file; its __init__.py says in which order to read them

Who could have altered the entries could have altered both scripts, that folder and keys.txt as well. Take the scripts from a place you trust, and
the key, an earlier checkpoint or an earlier head from what you keep yourself.
"""


class Archived(msgspec.Struct, frozen=True):
    """An archive that was written, and its own digest."""

    file: str
    entries: int
    operations: int
    checkpoints: int
    sha256: str


def archive(store: StoreAddress, out: Path, overwrite: bool = False, old: Lines | None = None) -> Archived:
    """Pack a store's record; the file appears when it is whole. An engine may be at work. ``old`` gives the entries that lie in an archive.

    Raises:
        ConfigError: ``out`` exists and may not be overwritten, or entries lie in an archive that is not given. StorageError: the store cannot be read, or
        ``out`` not written.
    """
    with StoreReader(store) as reader, reader.one_view():
        # Read first: what is written while this packs is not in it, and nothing of it is half there.
        length, _ = reader.head()
        operations = list(reader.operation_entries())
        notes = [c.note for c in reader.checkpoints()]
        keys = [k.key for k in reader.signing_keys()]
        gone = reader.archived()

        def entries() -> Iterator[bytes]:
            there = 0
            if old is not None and gone is not None:
                there = gone.entries
                yield from islice(old(), there)
            for row in reader.entries(there + 1, length):
                yield row.entry

        record = _Record(length, operations, notes, keys, entries)
        return _write(reader, record, out, overwrite)


def archive_until(reader: StoreReader, last: KeptCheckpoint, lines: Lines, out: Path) -> Archived:
    """Pack a store's record as it was when ``last`` was signed: the entries under it, and what the operations chain told by then.

    ``lines`` gives every entry of the store, also those that lie in an earlier archive.
    """
    size = parse_checkpoint(parse_note(last.note).text).size
    operations = [o for o in reader.operation_entries() if o.seq <= last.seq]
    notes = [c.note for c in reader.checkpoints() if c.seq <= last.seq]
    keys = [k.key for k in reader.signing_keys() if k.seq <= last.seq]
    return _write(reader, _Record(size, operations, notes, keys, lambda: islice(lines(), size)), out, False)


class _Record(NamedTuple):
    """What is packed; ``entries`` gives the first ``length`` entries' bytes."""

    length: int
    operations: list[EntryRow]
    notes: list[str]
    keys: list[str]
    entries: Lines


def _write(reader: StoreReader, record: _Record, out: Path, overwrite: bool) -> Archived:
    def write(part: Path) -> None:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as packed:
            _Packer(packed).pack(reader, record)

    write_whole(out, overwrite, write)
    return Archived(str(out), record.length, len(record.operations), len(record.notes), sha256_of(out))


def sha256_of(path: Path) -> str:
    """The digest of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _scripts() -> list[str]:
    modules = files("genesis.system").joinpath("templates", _MODULES).iterdir()
    return [VERIFIER, RECOMPUTATION, *sorted(f"{_MODULES}/{m.name}" for m in modules if m.name.endswith(".py"))]


class _Packer:
    """Writes members and remembers their digests."""

    def __init__(self, packed: zipfile.ZipFile) -> None:
        self._packed = packed
        self._sums: dict[str, str] = {}

    def pack(self, reader: StoreReader, record: _Record) -> None:
        self._add(ENTRIES, (e + b"\n" for e in record.entries()))
        self._add("entries.hashes", (h.hex().encode() + b"\n" for h in islice(reader.hashes(), record.length)))
        self._add("operations.jsonl", (o.entry + b"\n" for o in record.operations))
        self._add("operations.hashes", (o.hash.hex().encode() + b"\n" for o in record.operations))
        self._add("checkpoints.txt", (f"{n}\n".encode() for n in record.notes))
        self._add("keys.txt", (f"{k}\n".encode() for k in record.keys))
        self._add("README.txt", [_README.encode()])
        for script in _scripts():
            self._add(script, [files("genesis.system").joinpath("templates", script).read_bytes()])
        sums = "".join(f"{digest}  {name}\n" for name, digest in sorted(self._sums.items()))
        self._add("SHA256SUMS", [sums.encode()])

    def _add(self, name: str, pieces: Iterable[bytes]) -> None:
        # A ZipInfo of its own carries the format's first day, 1980-01-01, in place of the wall clock.
        member = zipfile.ZipInfo(name)
        member.compress_type = zipfile.ZIP_DEFLATED
        member.external_attr = 0o644 << 16
        digest = hashlib.sha256()
        with self._packed.open(member, "w", force_zip64=True) as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        self._sums[name] = digest.hexdigest()
