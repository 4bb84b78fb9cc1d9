"""The tables of a store: both chains, the inbox, and the projections that people query.

The chains and the inbox are the record. A projection is made from the entries alone and can be made again: when its layout
changes, `PROJECTIONS_VERSION` goes up and the next engine rebuilds it. `SCHEMA_VERSION` covers the record: it is the number of the last
of Alembic's revisions (`genesis/storage/revisions`), and a new store is made at that one directly.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from genesis.errors import IntegrityError, StorageError
from genesis.storage.address import StoreAddress
from genesis.storage.database import Database
from genesis.storage.faults import transaction

SCHEMA_VERSION = 4
PROJECTIONS_VERSION = 7


def revision_of(schema_version: int) -> str:
    """Alembic's name for a version of the record."""
    return f"{schema_version:04}"


HEAD = revision_of(SCHEMA_VERSION)
REVISIONS = tuple(revision_of(v) for v in range(1, SCHEMA_VERSION + 1))
# Alembic's own name for the table in which it looks for a database's revision.
REVISION_TABLE = "alembic_version"

_RECORD = """
CREATE TABLE versions (part TEXT PRIMARY KEY, version INTEGER NOT NULL);
CREATE TABLE entries (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE operations (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL, hash BLOB NOT NULL);
CREATE TABLE inbox (number INTEGER PRIMARY KEY AUTOINCREMENT, command TEXT NOT NULL, target TEXT, author TEXT NOT NULL,
    reason TEXT NOT NULL, wall_time INTEGER NOT NULL, taken_at_seq INTEGER);
"""
_REVISION = "CREATE TABLE alembic_version (version_num TEXT PRIMARY KEY NOT NULL);"
# Beside the record and no part of it: it is neither copied nor exported, and a store without any row of it is whole.
_SNAPSHOTS = "CREATE TABLE snapshots (number INTEGER PRIMARY KEY, facts TEXT NOT NULL, state BLOB NOT NULL);"

# A sample's metrics and a promotion's record are not kept twice: they are most of a store, and their entries hold them. ``seq`` is the entry a row was made from; an order's is that of its submission. Prices, quantities and money are exact text.
_PROJECTIONS = """
CREATE TABLE tracks (position INTEGER PRIMARY KEY, track TEXT, facts TEXT);
CREATE TABLE orders (seq INTEGER PRIMARY KEY, track TEXT, client_order_id TEXT, instrument TEXT, side TEXT, type TEXT,
    tif TEXT, qty TEXT, limit_px TEXT, trigger_px TEXT, trailing_bp INTEGER, post_only INTEGER, reduce_only INTEGER,
    tag TEXT, time_submitted INTEGER, time_updated INTEGER, status TEXT, filled_qty TEXT, filled_notional TEXT, reason TEXT);
CREATE TABLE fills (seq INTEGER PRIMARY KEY, track TEXT, client_order_id TEXT, fill_id TEXT, instrument TEXT, side TEXT,
    time INTEGER, time_event INTEGER, last_px TEXT, last_qty TEXT, liquidity TEXT, fee TEXT, fee_currency TEXT, tier TEXT,
    confidence TEXT, decision_px TEXT, arrival_px TEXT, drift TEXT, spread_x2 TEXT, walk TEXT, slippage TEXT, impact TEXT);
CREATE TABLE denials (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, instrument TEXT, side TEXT, type TEXT, qty TEXT,
    reason TEXT, detail TEXT);
CREATE TABLE trades (seq INTEGER PRIMARY KEY, track TEXT, instrument TEXT, side TEXT, time_open INTEGER, time_close INTEGER,
    qty TEXT, entry_notional TEXT, exit_notional TEXT, fees TEXT, pnl TEXT, currency TEXT, fills INTEGER, forced INTEGER, funding TEXT);
CREATE TABLE funding (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, time_event INTEGER, instrument TEXT, qty TEXT, mark_px TEXT,
    rate TEXT, amount TEXT, currency TEXT);
CREATE TABLE samples (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, currency TEXT);
CREATE TABLE stops (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, kind TEXT, reason TEXT, detail TEXT, action TEXT);
CREATE TABLE gaps (seq INTEGER PRIMARY KEY, time INTEGER, stream TEXT, time_from INTEGER, time_to INTEGER, missing INTEGER,
    detail TEXT);
CREATE TABLE notes (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, text TEXT);
CREATE TABLE incidents (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, kind TEXT, client_order_id TEXT, code INTEGER,
    detail TEXT);
CREATE TABLE faults (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, facts TEXT);
CREATE TABLE evidence (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, bar_return REAL, bars INTEGER, warmup_bars INTEGER,
    e_value REAL, loss_bound REAL, bound_broken INTEGER, deviation REAL, sharpe REAL, sharpe_stderr REAL, sharpe_low REAL,
    sharpe_high REAL, source TEXT);
CREATE TABLE families (seq INTEGER PRIMARY KEY, time INTEGER, adjusted TEXT, source TEXT);
CREATE TABLE capital (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, amount TEXT, equity TEXT, currency TEXT, share TEXT,
    reason TEXT);
CREATE TABLE comparisons (seq INTEGER PRIMARY KEY, time INTEGER, experiment TEXT, results TEXT);
CREATE TABLE promotions (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, stage TEXT, fraction TEXT, move TEXT, action TEXT, attempt INTEGER,
    epoch INTEGER, forced INTEGER, pause TEXT, e_value REAL, e_adjusted REAL, e_residual REAL, e_live REAL, reasons TEXT, call TEXT, digest TEXT);
CREATE TABLE stages (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, move TEXT, action TEXT, stage_before TEXT, stage_after TEXT,
    fraction_before TEXT, fraction_after TEXT, attempt INTEGER, epoch INTEGER, identity TEXT, forced INTEGER, reasons TEXT, evaluation TEXT);
CREATE TABLE commands (seq INTEGER PRIMARY KEY, track TEXT, time INTEGER, number INTEGER, command TEXT, target TEXT, author TEXT, reason TEXT,
    taken INTEGER, words TEXT);
CREATE INDEX promotions_by_track ON promotions (track);
CREATE INDEX evidence_by_track ON evidence (track);
CREATE INDEX samples_by_track ON samples (track);
"""
# The tables of the record, and the column by which their rows are in order.
RECORD = {"entries": "seq", "operations": "seq", "inbox": "number"}
PROJECTIONS = (
    "tracks",
    "orders",
    "fills",
    "denials",
    "trades",
    "funding",
    "samples",
    "evidence",
    "families",
    "capital",
    "comparisons",
    "promotions",
    "stages",
    "commands",
    "stops",
    "gaps",
    "notes",
    "incidents",
    "faults",
)


def ensure_sqlite_file(path: Path) -> None:
    """Refuse a file that is no database before anything is written beside it; a missing or empty one may become a store.

    Raises:
        IntegrityError: the file is of another kind.
    """
    if not path.exists() or not path.stat().st_size:
        return
    # SQLite is asked: to open and close the file by hand would take away the locks of a store that this process holds
    # (https://www.sqlite.org/howtocorrupt.html, 2.2).
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)
    try:
        db.execute("PRAGMA schema_version").fetchone()
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorname == "SQLITE_NOTADB":
            raise IntegrityError(f"{path}: expected a Genesis store, found a file that is no database") from None
        # Whatever else is wrong is said by the one who goes on to use it.
    finally:
        db.close()


def is_new(db: Database, place: StoreAddress, *, older: bool = False) -> bool:
    """Whether the database is empty and may become a store; ``older``: it may also be a store of an earlier version.

    Raises:
        StorageError: it belongs to another program or to another version of Genesis.
    """
    if db.is_empty():
        return True
    if not db.is_ours():
        raise StorageError(f"{place}: expected a Genesis store, found a database of another program")
    found = revision(db)
    if found not in REVISIONS:
        raise StorageError(
            f"{place}: expected a store of schema revision {HEAD} or an earlier one, found {found or 'none'}; "
            "use the version of Genesis that made it, or a new store"
        )
    if found != HEAD and not older:
        raise StorageError(
            f"{place}: expected a store of schema revision {HEAD}, found the earlier {found}; "
            "genesis db upgrade brings it forward, and so does the next run"
        )
    return False


def key_of(table: str) -> str:
    """The column by which rows of a projection are in order, its first."""
    return "position" if table == "tracks" else "seq"


def columns(db: Database, table: str) -> list[str]:
    """Names of the columns of a projection, in order, its key once more before them."""
    found = db.execute(f"SELECT {key_of(table)}, * FROM {table} WHERE 1 = 0")  # nosec B608 # names are ours, values are bound
    return [c[0] for c in found.description]


def revision(db: Database) -> str | None:
    """The revision of the record, ``None`` where there is none. Versions 1 to 3 kept its number in ``versions``; several, which only another hand can have written, are told together."""
    if db.has_table(REVISION_TABLE):
        rows = db.execute("SELECT version_num FROM alembic_version ORDER BY version_num").fetchall()
        return " and ".join(str(found) for (found,) in rows) or None
    found = version(db, "schema")
    return None if found is None else revision_of(found)


def version(db: Database, part: str) -> int | None:
    """The stored version of ``projections``, and of ``schema`` in a store of versions 1 to 3."""
    row = db.execute("SELECT version FROM versions WHERE part = ?", (part,)).fetchone()
    return None if row is None else int(row[0])


def create(db: Database) -> None:
    """Make an empty database a store, all at once or not at all."""
    with transaction(db):
        _execute(db, _RECORD)
        _execute(db, _SNAPSHOTS)
        stamp(db, HEAD)
        create_projections(db)
        db.mark_as_ours()


def stamp(db: Database, name: str) -> None:
    """Make the table of the revision and put ``name`` into it, in the caller's transaction."""
    _execute(db, _REVISION)
    db.execute("INSERT INTO alembic_version VALUES (?)", (name,))


def create_projections(db: Database) -> None:
    """Empty projections of this version's layout, in the caller's transaction; those of any version are dropped."""
    for table in PROJECTIONS:
        db.execute(f"DROP TABLE IF EXISTS {table}")
    _execute(db, _PROJECTIONS)
    db.execute("DELETE FROM versions WHERE part = 'projections'")
    db.execute("INSERT INTO versions VALUES ('projections', ?)", (PROJECTIONS_VERSION,))


def _execute(db: Database, script: str) -> None:
    # Not executescript(): that one commits the transaction it finds.
    for statement in script.split(";"):
        if statement.strip():
            db.execute(db.ddl(statement))
