"""An archive on the disk: the entries that a store no longer holds."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from genesis.errors import ConfigError, IntegrityError, StorageError
from genesis.storage.address import StoreAddress
from genesis.storage.archived import Archived, Lines, archived
from genesis.storage.beside import connect_to_read
from genesis.storage.faults import storage_errors
from genesis.system.archive import ENTRIES, sha256_of


class ArchiveFile:
    """An archive that can be read.

    Raises:
        StorageError: it cannot be. IntegrityError: it is none.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.sha256 = sha256_of(path)
            with zipfile.ZipFile(path) as packed:
                packed.getinfo(ENTRIES)
        except OSError as error:
            found = (error.strerror or str(error)).lower()
            raise StorageError(f"{path}: expected an archive of this store, found: {found}") from error
        except (zipfile.BadZipFile, KeyError) as error:
            raise IntegrityError(f"{path}: expected an archive that holds {ENTRIES}, found none") from error

    def ensure_is(self, told: Archived | None, store: str) -> None:
        """Refuse another archive than the one that the store tells of.

        Raises:
            ConfigError: the store has none. IntegrityError: the file is not the one whose digest the store noted.
        """
        if told is None:
            raise ConfigError(f"{store}: expected entries that lie in an archive, found all of them in the store")
        if told.sha256 != self.sha256:
            raise IntegrityError(f"{self.path}: expected {told.where()}, found one with the digest {self.sha256}")

    def lines(self) -> Iterator[bytes]:
        """Its entries from the first on.

        Raises:
            IntegrityError: it is damaged.
        """
        try:
            with zipfile.ZipFile(self.path) as packed, packed.open(ENTRIES) as file:
                for line in file:
                    yield line.removesuffix(b"\n")
        except (OSError, zipfile.BadZipFile, EOFError, ValueError) as error:
            raise IntegrityError(f"{self.path}: expected an archive that can be read, found: {error}") from error


def lines_for(store: StoreAddress, archive: ArchiveFile | None) -> Lines | None:
    """The entries in ``archive`` from the first on, once it is sure that it is the one that ``store`` tells of; ``None`` where none is given.

    Raises:
        ConfigError: no entry of the store lies in an archive. IntegrityError: it is another archive.
    """
    if archive is None:
        return None
    with storage_errors(store), closing(connect_to_read(store, older=True)) as db:
        archive.ensure_is(archived(db), str(store))
    return archive.lines
