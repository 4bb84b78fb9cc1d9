"""Checkpoints while a run is at work: signed when enough entries are durable, and at the end. They leave no trace in the run chain."""

from __future__ import annotations

from pathlib import Path

from structlog.typing import FilteringBoundLogger

from genesis.audit.checkpoint import parse_checkpoint
from genesis.audit.note import parse_note
from genesis.config.schema import AuditSection
from genesis.errors import StorageError
from genesis.storage.store import Store
from genesis.system.keys import check_signature, signing_key
from genesis.system.outbound import Outbound, Published, published
from genesis.system.publishing import FilePublisher, Publisher
from genesis.system.remote_publishing import destinations


class Checkpointer:
    """Signs the chain of an open store by the configuration's interval.

    Args:
        store: the engine's.
        audit: the configuration's section; its paths are relative to ``folder``.
        folder: the configuration's.
        log: where a checkpoint, and one that could not be published, is told.

    Raises:
        ConfigError: the key cannot be used. StorageError: it cannot be written.
    """

    def __init__(self, store: Store, audit: AuditSection, folder: Path, log: FilteringBoundLogger) -> None:
        self._store, self._audit, self._log = store, audit, log
        self._signer = signing_key(folder / audit.keys)
        publish = audit.publishing
        self._publisher: Publisher | None = None if publish.file is None else FilePublisher(folder / publish.file)
        self._remote = [
            Outbound(to, far.get(to.name, Published()), store, log)
            for far in (published(store.operations()),)
            for to in destinations(publish, folder)
        ]
        kept = store.checkpoints()
        self._signed = _size(kept[-1].note) if kept else 0

    def durable(self, entries: int) -> None:
        """So many entries are durable; sign where enough of them are new."""
        for remote in self._remote:
            remote.collect()
        if entries - self._signed >= self._audit.checkpoint_every:
            self.sign()

    def sign(self) -> None:
        """Sign what is durable, where anything of it is new, and publish."""
        note, new = self._store.sign(self._audit.name, self._signer, check_signature)
        self._signed = _size(note)
        if new:
            self._log.info("checkpoint", entries=self._signed, origin=note.partition("\n")[0])
        self._publish()

    def finish(self) -> None:
        """The run ends: sign what is new, and give what is on its way to others the time that it may take."""
        self.sign()
        notes = [c.note for c in self._store.checkpoints()]
        for remote in self._remote:
            remote.finish(notes)

    def _publish(self) -> None:
        """A checkpoint that is not out yet is tried again with the next one: whoever publishes must not stop who trades."""
        notes = [c.note for c in self._store.checkpoints()]
        for remote in self._remote:
            remote.offer(notes)
        if self._publisher is None:
            return
        try:
            self._publisher.publish(notes)
        except StorageError as error:
            self._log.warning("checkpoint not published", error=str(error), so="it is tried again with the next one")


def _size(note: str) -> int:
    return parse_checkpoint(parse_note(note).text).size
