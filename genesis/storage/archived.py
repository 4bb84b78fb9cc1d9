"""Entries whose bytes lie in an archive: their hashes stay, so that the chain stays whole; what they said is in the file.

Up to a signed checkpoint, an entry's bytes are replaced by none. What stays whatever its age: the first entry, which says what the run is, and the commands
that were heard, which vouch for the inbox. An operation ``archived`` says up to where, into which file, and its digest; ``put-back`` that all are there again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import msgspec

from genesis.audit.chain import GENESIS_HASH, link
from genesis.audit.verify import Finding, Part
from genesis.errors import ConfigError, IntegrityError
from genesis.model.promotion_events import CommandTaken
from genesis.storage.database import Database
from genesis.storage.entries import stored_entries, type_marker
from genesis.storage.faults import transaction
from genesis.storage.operations import ARCHIVED, PUT_BACK, add_operation, facts_of

# The archive's entries, one after another from the first on; each call begins anew.
Lines = Callable[[], Iterator[bytes]]

_KEPT = type_marker(CommandTaken.__name__)
_GROUP = 2_048


class Archived(msgspec.Struct, frozen=True):
    """The first ``entries`` entries lie in ``file`` (its name alone, no path) of this SHA-256, as operation ``seq`` says."""

    seq: int
    entries: int
    file: str
    sha256: str

    def where(self) -> str:
        """Where they lie, in words."""
        return f"the archive {self.file} (SHA-256 {self.sha256})"


class _Facts(msgspec.Struct):
    entries: int
    file: str
    sha256: str


def archived(db: Database, wrong: list[Finding] | None = None) -> Archived | None:
    """The last archive that the operations chain tells of, which holds everything that earlier ones held; ``None`` where no bytes are missing.

    Raises:
        IntegrityError: an operation that says so and cannot be read; where ``wrong`` is given it goes there.
    """
    found = None
    for seq, kind, facts in facts_of(db, ARCHIVED, PUT_BACK):
        if kind == PUT_BACK:
            found = None
            continue
        try:
            told = msgspec.convert(facts, _Facts)
        except msgspec.ValidationError as error:
            problem = f"operation {seq}: expected an archive, found: {error}"
            if wrong is None:
                raise IntegrityError(problem) from None
            wrong.append(Finding(seq, problem, Part.OPERATIONS_CHAIN))
            continue
        found = Archived(seq, told.entries, told.file, told.sha256)
    return found


def forget(db: Database, entries: int, file: str, sha256: str, host: str, wall_ns: int) -> None:
    """Let the bytes of the first ``entries`` entries go, which lie in ``file``, and note it: both or neither."""
    with transaction(db):
        query = f"UPDATE entries SET bytes = ? WHERE seq > 1 AND seq <= ? AND NOT {db.contains}"  # nosec B608 # names are ours, values are bound
        db.execute(query, (b"", entries, _KEPT))
        add_operation(db, ARCHIVED, host, wall_ns, {"entries": entries, "file": file, "sha256": sha256})
    db.reclaim()


def put_back(db: Database, gone: Archived, lines: Iterable[bytes], host: str, wall_ns: int) -> None:
    """Put the bytes of archived entries where they were, and note it; all of it or nothing.

    Raises:
        IntegrityError: one is missing, or is not what the chain's hash says it was.
    """
    with transaction(db):
        group: list[tuple[bytes, int]] = []
        for seq, entry, _ in chained_entries(db, lines):
            if seq > gone.entries:
                break
            group.append((entry, seq))
            if len(group) == _GROUP:
                db.repeat("UPDATE entries SET bytes = ? WHERE seq = ?", group)
                group.clear()
        db.repeat("UPDATE entries SET bytes = ? WHERE seq = ?", group)
        add_operation(db, PUT_BACK, host, wall_ns, {"entries": gone.entries, "file": gone.file, "sha256": gone.sha256})


def whole_entries(db: Database, lines: Iterable[bytes]) -> Iterator[tuple[int, bytes, bytes]]:
    """The run chain's rows with the bytes of archived ones from ``lines``, the archive's entries from the first on.

    What they must hash to is the store's word; a line too few leaves its row without bytes.
    """
    rest = iter(lines)
    for seq, entry, stored in stored_entries(db):
        line = next(rest, b"")
        yield seq, entry or line, stored


def chained_entries(db: Database, lines: Iterable[bytes]) -> Iterator[tuple[int, bytes, bytes]]:
    """As `whole_entries`, each looked at before it is given.

    Raises:
        IntegrityError: one is missing, or is not what the chain's hash says it was.
    """
    previous = GENESIS_HASH
    for seq, entry, stored in whole_entries(db, lines):
        if link(previous, entry) != stored:
            raise IntegrityError(f"entry {seq}: expected in the archive what was chained, found another entry or none")
        yield seq, entry, stored
        previous = stored


def every_entry(db: Database, lines: Lines | None, what: str) -> Iterator[tuple[int, bytes, bytes]]:
    """The run chain's rows, each with its bytes: those of archived entries from ``lines``, each looked at before it is given.

    Args:
        db: the store.
        lines: the archive's entries, where it was given.
        what: who takes them, for the message.

    Raises:
        ConfigError: some lie in an archive that was not given. IntegrityError: one is missing, or is not what the chain's hash says it was.
    """
    if lines is None:
        ensure_none_archived(db, what)
        return stored_entries(db)
    return chained_entries(db, lines())


def ensure_none_archived(db: Database, what: str) -> None:
    """Refuse what takes the bytes of every entry.

    Raises:
        ConfigError: some lie in an archive.
    """
    gone = archived(db)
    if gone is not None:
        raise ConfigError(
            f"{what}: expected every entry in the store, found the first {gone.entries} in {gone.where()}; "
            "give that by --archive (genesis db upgrade, db migrate, audit export and rebuild take it), or let genesis audit put-back bring them back"
        )
