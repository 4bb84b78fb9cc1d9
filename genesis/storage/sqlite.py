"""The journal on SQLite: both chains and the tables people query, in one transaction a group.

One file is one run. An engine holds the file's lock; readers need none.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from genesis.audit.chain import GENESIS_HASH, OPERATIONS_DOMAIN, RUN_DOMAIN, Finding, link, verify
from genesis.audit.entry import encode
from genesis.clock import Clock
from genesis.errors import ConfigError, IntegrityError, StorageError
from genesis.model.events import Event

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (seq INTEGER PRIMARY KEY, type TEXT, time INTEGER, track TEXT, bytes BLOB, hash BLOB);
CREATE TABLE IF NOT EXISTS operations (seq INTEGER PRIMARY KEY, bytes BLOB, hash BLOB);
CREATE TABLE IF NOT EXISTS orders (track TEXT, id TEXT PRIMARY KEY, time INTEGER, instrument TEXT, side TEXT, type TEXT,
    qty TEXT, limit_px TEXT, trigger_px TEXT, status TEXT, filled_qty TEXT);
CREATE TABLE IF NOT EXISTS fills (track TEXT, id TEXT PRIMARY KEY, order_id TEXT, time INTEGER, side TEXT, px TEXT,
    qty TEXT, liquidity TEXT, fee TEXT, fee_currency TEXT, tier TEXT, arrival_px TEXT, decision_px TEXT);
CREATE TABLE IF NOT EXISTS trades (track TEXT, seq INTEGER PRIMARY KEY, instrument TEXT, side TEXT, time_open INTEGER,
    time_close INTEGER, qty TEXT, pnl TEXT, fees TEXT, currency TEXT, fills INTEGER, forced INTEGER);
CREATE TABLE IF NOT EXISTS samples (track TEXT, time INTEGER, metrics TEXT, PRIMARY KEY (track, time));
CREATE TABLE IF NOT EXISTS denials (track TEXT, seq INTEGER PRIMARY KEY, time INTEGER, reason TEXT, detail TEXT);
"""
TABLES = ("orders", "fills", "trades", "samples", "denials")
_STATUS = {
    "OrderAccepted": "ACCEPTED",
    "OrderRejected": "REJECTED",
    "OrderTriggered": "TRIGGERED",
    "OrderCanceled": "CANCELED",
    "OrderExpired": "EXPIRED",
}


@contextmanager
def _storage_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageError(f"{path}: the store cannot be used: {error}; free space or check permissions") from error
    except sqlite3.DatabaseError as error:
        raise IntegrityError(f"{path}: expected a Genesis store, found a broken or foreign file: {error}") from error
    except OSError as error:
        raise StorageError(f"{path}: the store cannot be used: {error.strerror or error}") from error


class SqliteJournal:
    """The run chain and the operations chain of one store.

    Raises:
        StorageError: the file cannot be written or another engine holds it.
        IntegrityError: the stored chain is broken.
    """

    def __init__(self, path: Path, clock: Clock, host: str) -> None:
        self.path, self._clock, self._host = path, clock, host
        self._pending: list[tuple[int, str, int, str | None, bytes, bytes, dict[str, object]]] = []
        with _storage_errors(path):
            self._lock = _take_lock(path)
            self._db = sqlite3.connect(path, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            findings = verify(
                self._db.execute("SELECT seq, CAST(bytes AS BLOB), CAST(hash AS BLOB) FROM entries ORDER BY seq")
            )
            self._stored: int = self._db.execute("SELECT count(*) FROM entries").fetchone()[0]
        if findings:
            self.close()
            first = findings[0]
            raise IntegrityError(f"{path}: {len(findings)} findings, the first at entry {first.seq}: {first.problem}")
        self.length = 0
        self.head = GENESIS_HASH
        self._unread: Iterator[tuple[bytes, bytes]] = iter(
            self._db.execute("SELECT bytes, hash FROM entries ORDER BY seq").fetchall()
        )

    @property
    def replaying(self) -> bool:
        """Whether entries are still compared rather than appended."""
        return self.length < self._stored

    def append(self, events: Sequence[Event]) -> None:
        """Compare with what is stored, or take into the next group."""
        for event in events:
            entry = encode(event)
            if self.length < self._stored:
                self._compare(event, entry)
                continue
            self.length += 1
            self.head = link(self.head, entry)
            row = (self.length, type(event).__name__, event.time, event.track, entry, self.head, event.wire())
            self._pending.append(row)

    def _compare(self, event: Event, entry: bytes) -> None:
        stored, stored_hash = next(self._unread)
        self.length += 1
        self.head = stored_hash
        if stored == entry:
            return
        if self.length == 1:
            keys = sorted(k for k, v in json.loads(entry)["body"].items() if json.loads(stored)["body"].get(k) != v)
            raise ConfigError(f"{self.path}: expected the run it holds, found another one: {', '.join(keys)} differ")
        raise IntegrityError(
            f"{self.path}: entry {self.length}: expected {stored[:160]!r}, found {type(event).__name__} {entry[:160]!r}"
        )

    def commit(self) -> None:
        """Write the group: entries and projections in one transaction, synced."""
        if not self._pending:
            return
        with _storage_errors(self.path):
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany("INSERT INTO entries VALUES (?,?,?,?,?,?)", [row[:6] for row in self._pending])
                for seq, kind, time, track, _, _, body in self._pending:
                    project(self._db, seq, kind, time, track, body)
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        self._pending.clear()

    def operation(self, kind: str, **facts: object) -> None:
        """Append to the operations chain: wall time, host, and the run chain's durable length and head."""
        with _storage_errors(self.path):
            row = self._db.execute("SELECT seq, hash FROM operations ORDER BY seq DESC LIMIT 1").fetchone()
            seq, previous = row or (0, GENESIS_HASH)
            run = self._db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
            length, head = run or (0, GENESIS_HASH)
            body = {
                "facts": facts,
                "host": self._host,
                "kind": kind,
                "run_head": head.hex(),
                "run_length": length,
                "wall_time": str(self._clock.now_ns()),
            }
            entry = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
            self._db.execute(
                "INSERT INTO operations VALUES (?,?,?)", (seq + 1, entry, link(previous, entry, OPERATIONS_DOMAIN))
            )

    def close(self) -> None:
        """Let the file go."""
        self._db.close()
        self._lock.close()


def _take_lock(path: Path) -> IO[str]:
    lock = path.with_name(path.name + ".lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise StorageError(f"{path}: expected a free store, found another engine running on it") from None
    return lock


def project(db: sqlite3.Connection, seq: int, kind: str, time: int, track: str | None, body: dict[str, object]) -> None:
    """Bring the tables that people query up to one entry."""
    order = body.get("client_order_id")
    if kind == "OrderSubmitted":
        intent = cast("dict[str, object]", body["intent"])
        wanted = ("instrument", "side", "type", "qty", "limit_px", "trigger_px")
        row = (track, order, time, *(intent[n] for n in wanted), "SUBMITTED", "0")
        db.execute("INSERT INTO orders VALUES (?,?,?,?,?,?,?,?,?,?,?)", row)
    elif kind == "OrderFilled":
        names = ("side", "last_px", "last_qty", "liquidity", "fee", "fee_currency", "tier", "arrival_px", "decision_px")
        fill = (track, body["fill_id"], order, time, *(body[n] for n in names))
        db.execute("INSERT INTO fills VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)", fill)
        leaves = str(body["leaves_qty"]).strip("0.")
        status = "PARTIALLY_FILLED" if leaves else "FILLED"
        db.execute("UPDATE orders SET status=?, filled_qty=? WHERE id=?", (status, body["filled_qty"], order))
    elif kind in _STATUS:
        db.execute("UPDATE orders SET status=? WHERE id=?", (_STATUS[kind], order))
    elif kind == "OrderDenied":
        db.execute("INSERT INTO denials VALUES (?,?,?,?,?)", (track, seq, time, body["reason"], body["detail"]))
    elif kind == "TradeClosed":
        parts = ("instrument", "side", "time_open", "time_close", "qty", "pnl", "fees", "currency", "fills", "forced")
        db.execute("INSERT INTO trades VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", (track, seq, *(body[n] for n in parts)))
    elif kind == "MetricSample":
        db.execute("INSERT INTO samples VALUES (?,?,?)", (track, time, json.dumps(body["metrics"])))


class StoreReader:
    """Read-only queries, also while an engine writes."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise StorageError(f"{path}: expected a store, found no such file")
        self.path = path
        with _storage_errors(path):
            self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            self._db.row_factory = sqlite3.Row
            self._db.execute("SELECT count(*) FROM entries").fetchone()

    def rows(self, table: str, track: str | None = None) -> list[dict[str, object]]:
        """All rows of a projection, of one track or of all, in the order in which they happened."""
        if table not in TABLES:
            raise ConfigError(f"table: expected one of {', '.join(TABLES)}, found {table}")
        with _storage_errors(self.path):
            where = "" if track is None else " WHERE track = ?"
            query = f"SELECT * FROM {table}{where} ORDER BY rowid"
            return [dict(r) for r in self._db.execute(query, () if track is None else (track,))]

    def head(self) -> tuple[int, str]:
        """Length and head (hex) of the run chain."""
        with _storage_errors(self.path):
            row = self._db.execute("SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1").fetchone()
        return (0, GENESIS_HASH.hex()) if row is None else (row["seq"], row["hash"].hex())

    def events(self, kind: str) -> list[dict[str, object]]:
        """Entries of one type, decoded."""
        with _storage_errors(self.path):
            rows = self._db.execute("SELECT bytes FROM entries WHERE type = ? ORDER BY seq", (kind,)).fetchall()
        return [json.loads(r["bytes"]) for r in rows]

    def verify(self) -> list[Finding]:
        """Every finding over both chains."""
        findings = []
        with _storage_errors(self.path):
            for table, domain in (("entries", RUN_DOMAIN), ("operations", OPERATIONS_DOMAIN)):
                query = f"SELECT seq, CAST(bytes AS BLOB), CAST(hash AS BLOB) FROM {table} ORDER BY seq"
                findings += verify((tuple(r) for r in self._db.execute(query)), domain)
        return findings
