"""Tables to take away: CSV, JSON or Parquet, complete or not there at all.

Prices, quantities and money leave as the exact text they are kept as; times are UTC ns; undefined is empty in CSV, null elsewhere.
``entries`` is the run chain as a third party needs it to verify: the bytes as text and the hash in hex.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from genesis.errors import ConfigError, StorageError
from genesis.storage.address import StoreAddress
from genesis.storage.rows import (
    CapitalRow,
    ComparisonRow,
    DenialRow,
    EvidenceRow,
    FamilyRow,
    FaultsRow,
    FillRow,
    FundingRow,
    GapRow,
    IncidentRow,
    NoteRow,
    OrderRow,
    PositionRow,
    PromotionRow,
    SampleRow,
    StageRow,
    StopRow,
    TakenRow,
    TrackRow,
    TradeRow,
)
from genesis.storage.sqlite import StoreReader
from genesis.system.syncing import sync

_ROW_TYPES: dict[str, type[msgspec.Struct]] = {
    "tracks": TrackRow,
    "orders": OrderRow,
    "fills": FillRow,
    "positions": PositionRow,
    "denials": DenialRow,
    "trades": TradeRow,
    "funding": FundingRow,
    "samples": SampleRow,
    "evidence": EvidenceRow,
    "families": FamilyRow,
    "capital": CapitalRow,
    "comparisons": ComparisonRow,
    "promotions": PromotionRow,
    "stages": StageRow,
    "commands": TakenRow,
    "stops": StopRow,
    "gaps": GapRow,
    "notes": NoteRow,
    "incidents": IncidentRow,
    "faults": FaultsRow,
}
ENTRIES = "entries"
TABLES = (*_ROW_TYPES, ENTRIES)
_ORDERS, _POSITIONS = "orders", "positions"
_OF_VERSIONS = frozenset({"promotions", "stages", "commands"})
_PAPER = "paper"
_ROWS_AT_ONCE = 10_000
_Row = dict[str, Any]
# Of a column in the file: text, whole numbers, truth, or a document (text again where the format has none).
_Columns = dict[str, type]


class ExportFormat(Enum):
    """What the file is."""

    CSV = "csv"
    JSON = "json"
    PARQUET = "parquet"


class Exported(msgspec.Struct, frozen=True):
    """A file that was written."""

    file: str
    table: str
    format: str
    rows: int


def export(store: StoreAddress, table: str, form: ExportFormat, out: Path, overwrite: bool = False) -> Exported:
    """Write one table of a store; the file appears when it is whole.

    Raises:
        ConfigError: no such table, or ``out`` exists and may not be overwritten. StorageError: the store cannot be read, or
        ``out`` not written.
    """
    if table not in TABLES:
        raise ConfigError(f"table: expected one of {', '.join(TABLES)}, found {table}")
    with StoreReader(store) as reader:
        columns, rows = _table(reader, table)
        count = 0

        def counted() -> Iterator[_Row]:
            nonlocal count
            for row in rows:
                count += 1
                yield row

        write_whole(out, overwrite, lambda part: _WRITERS[form](part, columns, counted()))
    return Exported(str(out), table, form.value, count)


def write_whole(out: Path, overwrite: bool, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a file beside ``out`` and give it that name when it is whole and on the disk.

    Raises:
        ConfigError: ``out`` exists and may not be overwritten. StorageError: it cannot be written; nothing is left of it.
    """
    if out.exists() and not overwrite:
        raise ConfigError(f"{out}: expected no such file, found one; --force overwrites it")
    if not out.parent.is_dir():
        raise StorageError(f"{out}: expected an existing folder, found none; create {out.parent}")
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        write(part)
        sync(part)
        part.replace(out)
        # The name too: whoever lets go of something because it is in this file must find it there after a power cut.
        sync(out.parent)
    except StorageError as error:
        raise StorageError(str(error).replace(str(part), str(out))) from error
    except OSError as error:
        raise StorageError(
            f"{out}: expected a file that can be written, found: {(error.strerror or str(error)).lower()}; "
            "check the folder and the room on the disk"
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _table(reader: StoreReader, table: str) -> tuple[_Columns, Iterable[_Row]]:
    if table == ENTRIES:
        entries = ({"seq": e.seq, "bytes": e.entry.decode(), "hash": e.hash.hex()} for e in reader.entries())
        return {"seq": int, "bytes": str, "hash": str}, entries
    hints = get_type_hints(_ROW_TYPES[table])
    names = [f.name for f in msgspec.structs.fields(_ROW_TYPES[table])]
    columns: _Columns = {
        n: next((k for k in (bool, int, float, str) if hints[n] in (k, k | None)), dict) for n in names
    }
    flags = [n for n, kind in columns.items() if kind is bool]
    rows = ({**row, **{n: bool(row[n]) for n in flags}} for row in _rows(reader, table))
    return (columns, rows) if "track" not in columns else _tagged(reader, table, columns, rows)


def _rows(reader: StoreReader, table: str) -> Iterable[_Row]:
    """The rows of a table as the store keeps them; what it does not keep is made from what it does: positions, and an order's average price."""
    if table == _POSITIONS:
        return ({**msgspec.structs.asdict(p), "fees": json.dumps(p.fees)} for p in reader.positions())
    if table == _ORDERS:
        return (msgspec.structs.asdict(o) for o in reader.orders())
    return reader.rows(table)


def _tagged(
    reader: StoreReader, table: str, columns: _Columns, rows: Iterable[_Row]
) -> tuple[_Columns, Iterable[_Row]]:
    """Every row says whether its track was told the future, and, but for a version's decisions, whether it is paper, live or a twin."""
    facts = {t.track: t.facts for t in reader.tracks()}
    synthetic = {name for name, told in facts.items() if told.get("synthetic")}
    if table in _OF_VERSIONS:
        return columns | {"synthetic": bool}, ({**row, "synthetic": row["track"] in synthetic} for row in rows)
    roles = {name: str(told.get("role", _PAPER)) for name, told in facts.items()}
    tagged = (
        {**row, "role": roles.get(str(row["track"]), _PAPER), "synthetic": row["track"] in synthetic} for row in rows
    )
    return columns | {"role": str, "synthetic": bool}, tagged


def _write_csv(path: Path, columns: _Columns, rows: Iterator[_Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(columns), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _write_json(path: Path, columns: _Columns, rows: Iterator[_Row]) -> None:
    documents = [n for n, kind in columns.items() if kind is dict]
    with path.open("w", encoding="utf-8") as file:
        file.write("[")
        for i, row in enumerate(rows):
            file.write(",\n" if i else "\n")
            json.dump({**row, **{n: json.loads(row[n]) for n in documents}}, file, ensure_ascii=False)
        file.write("\n]\n")


def _write_parquet(path: Path, columns: _Columns, rows: Iterator[_Row]) -> None:
    kinds = {bool: pa.bool_(), int: pa.int64(), float: pa.float64(), str: pa.string(), dict: pa.string()}
    schema = pa.schema([(name, kinds[kind]) for name, kind in columns.items()])
    with pq.ParquetWriter(path, schema) as writer:
        while group := list(islice(rows, _ROWS_AT_ONCE)):
            writer.write_table(pa.Table.from_pylist(group, schema))


_WRITERS: dict[ExportFormat, Callable[[Path, _Columns, Iterator[_Row]], None]] = {
    ExportFormat.CSV: _write_csv,
    ExportFormat.JSON: _write_json,
    ExportFormat.PARQUET: _write_parquet,
}
