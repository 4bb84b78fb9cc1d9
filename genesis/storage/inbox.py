"""The inbox: commands for the engine, each with author and reason, numbered in the order in which they came.

Anybody who may write the store may leave a command, engine or not; the engine takes it at its next moment.
"""

from __future__ import annotations

from genesis.clock import Clock
from genesis.errors import ConfigError
from genesis.storage.address import StoreAddress
from genesis.storage.beside import beside
from genesis.storage.database import Database
from genesis.storage.faults import transaction
from genesis.storage.rows import CommandRow, select


def leave_command(path: StoreAddress, command: str, target: str | None, author: str, reason: str, clock: Clock) -> int:
    """Put a command into the inbox of a store and return its number; durable when this returns.

    Args:
        path: the store; an engine may be at work on it.
        command: what to do.
        target: the track it is for; ``None`` for the whole run.
        author: who wants it.
        reason: why, in the author's words.
        clock: gives the wall time that is noted.

    Raises:
        ConfigError: no command, author or reason.
        StorageError: no store there, or it cannot be written.
    """
    for name, value in (("command", command), ("author", author), ("reason", reason)):
        if not value.strip():
            raise ConfigError(f"{name}: expected some words, found none")
    with beside(path) as db, transaction(db):
        # Nobody else writes before this transaction ends.
        number = int(db.execute("SELECT coalesce(max(number), 0) + 1 FROM inbox").fetchone()[0])
        row = (number, command, target, author, reason, clock.now_ns(), None)
        db.execute("INSERT INTO inbox VALUES (?,?,?,?,?,?,?)", row)
        return number


def waiting(db: Database) -> list[CommandRow]:
    """Commands that no entry records yet, in their order."""
    return select(db, CommandRow, "inbox", "WHERE taken_at_seq IS NULL ORDER BY number")
