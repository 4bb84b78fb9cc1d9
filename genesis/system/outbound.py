"""Sends checkpoints while a run goes on: in a thread a destination, so that a machine that does not answer holds nobody up.

What is out is in the operations chain: ``published`` after each sending that was taken, ``unpublished`` when a destination begins to fail. So the next
checkpoint, or the next start, sends what is missing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence

import msgspec
from structlog.typing import FilteringBoundLogger

from genesis.errors import StorageError
from genesis.storage.rows import OperationRow
from genesis.storage.store import Store
from genesis.system.remote_publishing import Destination

PUBLISHED, UNPUBLISHED = "published", "unpublished"
# Between two tries at one sending, doubled each time.
_PAUSE_S = 0.5


class Published(msgspec.Struct, frozen=True):
    """How far a destination is: the first ``checkpoints`` of a store were taken; ``error`` says why the next ones are not, empty where nothing is."""

    checkpoints: int = 0
    error: str = ""


def published(operations: Iterable[OperationRow]) -> dict[str, Published]:
    """How far each destination is that was ever sent to, by its name."""
    found: dict[str, Published] = {}
    for operation in operations:
        to = str(operation.facts.get("to", ""))
        if operation.kind == PUBLISHED:
            found[to] = Published(int(str(operation.facts.get("checkpoints", 0))))
        elif operation.kind == UNPUBLISHED:
            error = str(operation.facts.get("error", ""))
            found[to] = msgspec.structs.replace(found.get(to, Published()), error=error)
    return found


class Outbound:
    """One destination of a run's checkpoints.

    Args:
        destination: where to.
        known: how far it is.
        store: whose operations chain notes what came of it.
        log: where a failure is told.
    """

    def __init__(self, destination: Destination, known: Published, store: Store, log: FilteringBoundLogger) -> None:
        self._to, self._known, self._store, self._log = destination, known, store, log
        self._sending: _Sending | None = None

    def offer(self, notes: Sequence[str]) -> None:
        """Begin to send those of ``notes``, all of the store in order, that are not out; while a sending is under way they wait for the next offer."""
        self.collect()
        missing = tuple(notes[self._known.checkpoints :])
        if missing and self._sending is None:
            self._sending = _Sending(self._to, missing)

    def collect(self, wait_s: float | None = 0.0) -> None:
        """Note what came of a sending that has ended, waiting so long for its end (``None``: however long it takes)."""
        sending = self._sending
        if sending is None or not sending.ended(wait_s):
            return
        self._sending = None
        name, known = self._to.name, self._known
        if sending.error:
            self._log.warning("checkpoint not published", to=name, error=sending.error, so=_AGAIN)
            if not known.error:
                self._store.operation(UNPUBLISHED, to=name, error=sending.error, checkpoints=known.checkpoints)
            self._known = msgspec.structs.replace(known, error=sending.error)
            return
        self._known = Published(known.checkpoints + len(sending.notes))
        self._store.operation(PUBLISHED, to=name, checkpoints=self._known.checkpoints)

    def finish(self, notes: Sequence[str]) -> None:
        """The run ends: wait for what is under way, then send what came meanwhile. Bounded by the destination's own limits."""
        self.collect(None)
        self.offer(notes)
        self.collect(None)


_AGAIN = "it is tried again with the next one"


class _Sending:
    """A sending in a thread of its own."""

    def __init__(self, to: Destination, notes: tuple[str, ...]) -> None:
        self.notes, self.error, self._to = notes, "", to
        self._over = threading.Event()
        # A daemon: a process that has to end does not wait for somebody else's machine.
        threading.Thread(target=self._send, name=f"genesis {to.name}", daemon=True).start()

    def _send(self) -> None:
        try:
            self._try()
        except Exception as error:  # noqa: BLE001 - whatever goes wrong there must not be lost with its thread
            self.error = type(error).__name__
        finally:
            self._over.set()

    def _try(self) -> None:
        for attempt in range(self._to.attempts):
            if attempt:
                self._over.wait(_PAUSE_S * 2 ** (attempt - 1))
            try:
                self._to.send(self.notes)
            except StorageError as error:
                self.error = str(error)
            else:
                self.error = ""
                return

    def ended(self, wait_s: float | None) -> bool:
        """Whether it has, within so many seconds."""
        return self._over.wait(wait_s)
