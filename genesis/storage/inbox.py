"""The inbox: commands for the engine, each with author and reason, numbered in the order in which they came.

Anybody who may write the store's file may leave a command, engine or not; the engine takes it at its next moment.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from genesis.clock import Clock
from genesis.errors import ConfigError
from genesis.storage.beside import beside
from genesis.storage.faults import transaction
from genesis.storage.rows import CommandRow, select


def leave_command(path: Path, command: str, target: str | None, author: str, reason: str, clock: Clock) -> int:
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
        row = (command, target, author, reason, clock.now_ns())
        columns = "command, target, author, reason, wall_time"
        return int(db.execute(f"INSERT INTO inbox ({columns}) VALUES (?,?,?,?,?)", row).lastrowid or 0)  # nosec B608 # names are ours, values are bound


def waiting(db: sqlite3.Connection) -> list[CommandRow]:
    """Commands that no entry records yet, in their order."""
    return select(db, CommandRow, "inbox", "WHERE taken_at_seq IS NULL ORDER BY number")
