"""Streams kept on disk in our own schema, ``genesis.tape/1``: the tape's columns as they are, read back identically."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from genesis.errors import StorageError
from genesis.feeds.files.formats import Format
from genesis.feeds.files.options import ReadOptions
from genesis.feeds.files.reading import Reading, steps_back
from genesis.feeds.files.rows import Rows
from genesis.feeds.files.tables import Table
from genesis.model.grid import plain
from genesis.model.instruments import Instrument
from genesis.model.market import BarKind, BarSpec
from genesis.tape.stream import COLUMNS, Stream, StreamKind


def write_stream(stream: Stream, path: Path) -> None:
    """Write the stream's revealed rows as Parquet: int64 columns, with kind, bar spec, instrument and its steps as
    metadata.

    The file appears whole or not at all.

    Raises:
        StorageError: it cannot be written.
    """
    instrument, spec = stream.instrument, stream.spec
    metadata = {
        "schema": Format.TAPE.value,
        "kind": stream.kind.value,
        "instrument": instrument.id,
        "tick": plain(instrument.tick),
        "lot": plain(instrument.lot),
    }
    if spec is not None:
        metadata |= {"bar_kind": spec.kind.value, "bar_step": str(spec.step)}
    arrays = {name: pa.array(stream.columns[name][: stream.rows]) for name in COLUMNS[stream.kind]}
    table = pa.table(arrays).replace_schema_metadata(metadata)
    temporary = path.with_name(path.name + ".part")
    try:
        # Integers that mostly grow by small steps: their differences are what is worth keeping.
        pq.write_table(
            table,
            temporary,
            compression="zstd",
            use_dictionary=False,
            column_encoding=dict.fromkeys(arrays, "DELTA_BINARY_PACKED"),
        )
        with temporary.open("rb") as written:
            os.fsync(written.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(f"{path}: cannot write the stream: {error.strerror or error}") from None


def read_tape(table: Table, instrument: Instrument, options: ReadOptions) -> tuple[Reading, ...]:
    """The stream that `write_stream` wrote; the instrument must be the one it was written for, on the same steps."""
    rows = Rows(table, options.policies)
    written = {"instrument": instrument.id, "tick": plain(instrument.tick), "lot": plain(instrument.lot)}
    for key, expected in written.items():
        found = table.metadata.get(key)
        if found != expected:
            raise rows.refuse("another instrument's tape", None, key, expected, str(found))
    kind, spec = _stated(rows)
    for name in COLUMNS[kind]:
        rows.integer(name, name)
    rows.in_order("ts", "ts")
    event = "time_open" if kind is StreamKind.BARS else "time_event"
    report = rows.report("arrival", event_steps_back=steps_back(rows[event]))
    columns = {name: np.ascontiguousarray(rows[name]) for name in COLUMNS[kind]}
    return (Reading(instrument, kind, spec, columns, report),)


def _stated(rows: Rows) -> tuple[StreamKind, BarSpec | None]:
    metadata = rows.table.metadata
    try:
        kind = StreamKind(metadata.get("kind"))
        if kind is not StreamKind.BARS:
            return kind, None
        return kind, BarSpec(BarKind(metadata.get("bar_kind")), int(metadata.get("bar_step", "")))
    except ValueError as error:
        raise rows.refuse("bad metadata", None, "kind", "a stream kind, and a bar spec for bars", str(error)) from None
