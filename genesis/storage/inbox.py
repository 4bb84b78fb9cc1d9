"""The inbox: commands for the engine, each with author and reason, numbered in the order in which they came.

Anybody who may write the store may leave a command, engine or not; the engine takes it at its next moment. That it was left is an operation, chained as all
are, and that it was heard is an entry: a row that is gone, or says something else than it did, is found by both.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator

import msgspec

from genesis.audit.verify import Finding, Part
from genesis.clock import Clock
from genesis.errors import ConfigError
from genesis.model.promotion_events import CommandTaken
from genesis.storage.address import StoreAddress
from genesis.storage.beside import beside
from genesis.storage.database import Database
from genesis.storage.entries import entries_of
from genesis.storage.faults import transaction
from genesis.storage.moved import ensure_here
from genesis.storage.operations import add_operation, facts_of
from genesis.storage.rows import CommandRow, select

# An operation: somebody left a command.
LEFT = "command"


class _Said(msgspec.Struct, frozen=True):
    """What somebody wanted, and why."""

    number: int
    command: str
    target: str | None
    author: str
    reason: str


class _Taken(msgspec.Struct, frozen=True):
    body: _Said


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
        ConfigError: no command, author or reason; or the history goes on in another store.
        StorageError: no store there, or it cannot be written.
    """
    for name, value in (("command", command), ("author", author), ("reason", reason)):
        if not value.strip():
            raise ConfigError(f"{name}: expected some words, found none")
    with beside(path) as db, transaction(db):
        ensure_here(db, path)
        # Nobody else writes before this transaction ends.
        number = int(db.execute("SELECT coalesce(max(number), 0) + 1 FROM inbox").fetchone()[0])
        row = (number, command, target, author, reason, clock.now_ns(), None)
        db.execute("INSERT INTO inbox VALUES (?,?,?,?,?,?,?)", row)
        facts = {"author": author, "command": command, "number": number, "reason": reason, "target": target}
        add_operation(db, LEFT, socket.gethostname(), clock.now_ns(), facts)
        return number


def waiting(db: Database) -> list[CommandRow]:
    """Commands that no entry records yet, in their order."""
    return select(db, CommandRow, "inbox", "WHERE taken_at_seq IS NULL ORDER BY number")


def check_inbox(db: Database) -> Iterator[Finding]:
    """Every row that is not what was left, and not what the run chain heard; every one that is missing, or that nobody is noted to have left."""
    rows = {row.number: row for row in select(db, CommandRow, "inbox", "ORDER BY number")}
    said = {n: _Said(n, row.command, row.target, row.author, row.reason) for n, row in rows.items()}
    left = {s.number: s for s in _left(db)}
    heard: dict[int, list[tuple[int, _Said]]] = {}
    for seq, one in _heard(db):
        heard.setdefault(one.number, []).append((seq, one))
    # Numbers are given without a gap. One beyond those that are there and those that were noted is of a version that noted none.
    for number in range(1, max(said.keys() | left.keys(), default=0) + 1):
        found = said.get(number)
        told = [("left", left[number])] if number in left else []
        told += [(f"recorded by entry {seq}", one) for seq, one in heard.get(number, ())]
        yield from (
            _off(number, f"expected what was {how}, {_shown(one)}, found {_shown(found)}")
            for how, one in told
            if one != found
        )
        if found is None and not told:
            yield _off(number, "expected it, for numbers are given without a gap, found no row")
        # Versions before this one noted nothing in the operations chain.
        if found is not None and number not in left and number > min(left, default=number):
            yield _off(number, f"expected nothing, for nobody is noted to have left a command, found {_shown(found)}")
        last = max((seq for seq, _ in heard.get(number, ())), default=None)
        if found is not None and rows[number].taken_at_seq != last:
            taken = rows[number].taken_at_seq
            yield _off(number, f"expected it {_waits(last)}, found it {_waits(taken)}")


def _left(db: Database) -> Iterator[_Said]:
    for _, _, facts in facts_of(db, LEFT):
        yield msgspec.convert(facts, _Said, strict=False)


def _heard(db: Database) -> Iterator[tuple[int, _Said]]:
    for seq, entry in entries_of(db, CommandTaken.__name__):
        yield seq, msgspec.json.decode(entry, type=_Taken, strict=False).body


def _waits(seq: int | None) -> str:
    return "waiting" if seq is None else f"recorded by entry {seq}"


def _shown(said: _Said | None) -> str:
    if said is None:
        return "no row"
    return f"{said.command} {said.target or 'all'} of {said.author} ({said.reason})"


def _off(number: int, problem: str) -> Finding:
    return Finding(number, f"inbox: command {number}: {problem}", Part.INBOX)
