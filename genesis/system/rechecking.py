"""The run chain before the snapshot that a run goes on from, checked beside the run: nothing waits for it but the run's good end."""

from __future__ import annotations

from threading import Thread

from genesis.audit.verify import Place
from genesis.errors import GenesisError, IntegrityError
from genesis.storage.address import StoreAddress
from genesis.storage.sqlite import StoreReader


class EarlierEntries:
    """Reads a store's run chain up to a place, on a connection and in a thread of its own, from `begin` on.

    Going on from a snapshot runs none of it again, and an entry altered there would otherwise be found by `genesis audit verify` alone.
    """

    def __init__(self, store: StoreAddress, until: Place) -> None:
        self._store, self._until = store, until
        self._problem: GenesisError | None = None
        self._thread = Thread(target=self._check, name="earlier entries", daemon=True)

    def begin(self) -> None:
        """Read from now on, if it has not begun before."""
        if self._thread.ident is None:
            self._thread.start()

    def _check(self) -> None:
        try:
            with StoreReader(self._store) as reader:
                findings = reader.verify_before(self._until)
        except GenesisError as error:
            self._problem = error
            return
        if findings:
            first = findings[0]
            told = f"{len(findings)} findings, the first at entry {first.seq}: {first.problem}"
            self._problem = IntegrityError(f"{self._store}: {told}")

    def ensure(self) -> None:
        """Go on, unless something was found by now.

        Raises:
            IntegrityError: an entry is not what was chained. StorageError: the store cannot be read.
        """
        if self._problem is not None:
            raise self._problem

    def finish(self) -> None:
        """As `ensure`, once all of it was read."""
        self.begin()
        self._thread.join()
        self.ensure()
