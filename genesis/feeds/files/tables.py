"""Files into tables: Parquet, Feather (Arrow IPC), CSV and JSON rows, plain or packed with gzip or zip. No meaning yet.

Columns of text files stay text, so that numbers can be read exactly. Each row knows its place in the file: the line of
a text file, header included, or the row number (from 1) of the others.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.feather as feather
import pyarrow.parquet as pq
from numpy.typing import NDArray

from genesis.errors import DataError
from genesis.feeds.files.blocks import has_only
from genesis.feeds.files.formats import LAYOUTS, UNNAMED, Format, as_described, positional, recognise
from genesis.tape.stream import Column

_JSON_LIST = re.compile(rb"\s*\[")
_DELIMITERS = (",", ";", "\t", "|")
_OF_MACOS = "__MACOSX/"  # what its archiver puts beside the files
_OF_A_WORKBOOK = "[Content_Types].xml"
_OLD_WORKBOOK = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # before 2007: a compound file
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_BROKEN = (pa.ArrowException, OSError, ValueError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError)


class Ragged(msgspec.Struct, frozen=True):
    """A line of a text file with too few or too many fields."""

    line: int
    expected: int
    found: int


class Table(msgspec.Struct, frozen=True, eq=False):
    """Columns of one file by name, all of one length, with what is known of the file itself."""

    source: str
    container: str
    sha256: str
    format: Format
    columns: dict[str, pa.Array]
    metadata: dict[str, str]
    first_line: int
    ragged: tuple[Ragged, ...] = ()

    @property
    def rows(self) -> int:
        """Rows that have all their fields."""
        return len(next(iter(self.columns.values())))

    def lines(self) -> Column:
        """Each row's place in the file."""
        if not self.ragged:
            return np.arange(self.first_line, self.first_line + self.rows, dtype=np.int64)
        every = np.arange(self.first_line, self.first_line + self.rows + len(self.ragged), dtype=np.int64)
        return np.setdiff1d(every, np.array([r.line for r in self.ragged], np.int64))


def load(path: Path, fmt: Format | None = None) -> Table:
    """Read ``path``; ``fmt`` names the format where its columns do not tell.

    Raises:
        DataError: the file cannot be read, is empty or broken, or its format is unknown.
    """
    source = str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(
            "cannot be read", source=source, expected="a readable file", found=error.strerror or str(error)
        ) from None
    with ThreadPoolExecutor(1) as beside:
        # Every byte that is parsed, while it is parsed.
        digest = beside.submit(hashlib.sha256, data)
        table = _parsed(source, data, fmt)
        return msgspec.structs.replace(table, sha256=digest.result().hexdigest())


def _parsed(source: str, data: bytes, fmt: Format | None) -> Table:
    packed, data = _unpack(source, data)
    if not data or data.isspace():
        raise DataError("empty file", source=source, expected="at least one row", found="nothing")
    table = _table(source, data, packed, fmt)
    if not table.columns or not (table.rows or table.ragged):
        raise DataError("empty file", source=source, expected="at least one row", found="none")
    return table


def _unpack(source: str, data: bytes) -> tuple[str, bytes]:
    try:
        if data[:2] == b"\x1f\x8b":
            return ".gz", gzip.decompress(data)
        if data[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                members = [m for m in archive.infolist() if not m.is_dir() and not m.filename.startswith(_OF_MACOS)]
                if len(members) != 1:
                    raise _not_one(source, [m.filename for m in members])
                return ".zip", archive.read(members[0])
    except _BROKEN as error:
        raise _broken(source, "gzip or zip", error) from None
    return "", data


def _not_one(source: str, names: list[str]) -> DataError:
    if _OF_A_WORKBOOK in names:
        return _workbook(source)
    found = f"{len(names)} files ({', '.join(names[:3])}{', ...' if len(names) > 3 else ''})" if names else "none"
    advice = "unpack it and name its files by a pattern, as path: 'candles-*.csv'" if names else None
    return DataError("zip archive", source=source, expected="one file", found=found, advice=advice)


def _workbook(source: str) -> DataError:
    return DataError("spreadsheet", source=source, expected="a sheet of it saved as CSV (UTF-8)", found="a workbook")


def _broken(source: str, what: str, error: BaseException) -> DataError:
    reason = " ".join(str(error).split()) or type(error).__name__
    return DataError("truncated or corrupt file", source=source, expected=f"readable {what}", found=reason)


def _table(source: str, data: bytes, packed: str, fmt: Format | None) -> Table:
    if data[:4] == b"PAR1":
        return _arrow(source, "parquet" + packed, data, _parquet, fmt)
    if data[:6] == b"ARROW1" or data[:4] == b"FEA1":
        return _arrow(source, "feather" + packed, data, feather.read_table, fmt)
    if _JSON_LIST.match(data):
        return _json(source, "json" + packed, data, fmt)
    if data[:2] in _UTF_16:
        raise DataError("unknown encoding", source=source, expected="utf-8 text", found="utf-16 text")
    if data.startswith(_OLD_WORKBOOK):
        raise _workbook(source)
    if b"\x00" in data[:4096]:
        raise DataError(
            "unknown kind of file", source=source, expected="parquet, feather, csv or json", found="binary data"
        )
    return _csv(source, "csv" + packed, data, fmt)


def _arrow(
    source: str, container: str, data: bytes, read: Callable[[pa.BufferReader], pa.Table], fmt: Format | None
) -> Table:
    try:
        table = read(pa.BufferReader(data))
        table.validate(full=True)
        columns = {name: _single(table.column(name)) for name in table.column_names}
    except (*_BROKEN, KeyError) as error:
        raise _broken(source, container, error) from None
    pairs = (table.schema.metadata or {}).items()
    metadata = {k.decode(errors="replace"): v.decode(errors="replace") for k, v in pairs}
    known = fmt or recognise(source, container, list(columns), metadata)
    return Table(source, container, "", known, columns, metadata, 1)


def _parquet(data: pa.BufferReader) -> pa.Table:
    # Not `read_table`, which goes by way of data sets: it takes thrice as long, and leaves every column in pieces.
    with pq.ParquetFile(data) as file:
        return file.read()


def _single(column: pa.ChunkedArray) -> pa.Array:
    # Pieces are copied into one, and so would one be.
    whole = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    if isinstance(whole, pa.ChunkedArray):
        whole = pa.concat_arrays(whole.chunks)
    if pa.types.is_dictionary(whole.type):
        whole = whole.dictionary_decode()
    return whole.cast(pa.string()) if pa.types.is_large_string(whole.type) else whole


# ---- json rows


def _json(source: str, container: str, data: bytes, fmt: Format | None) -> Table:
    try:
        # Numbers stay text, so that they can be read exactly.
        rows = json.loads(data, parse_float=str, parse_int=str, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise _broken(source, container, error) from None
    if not rows:
        raise DataError("empty file", source=source, expected="at least one row", found="none")
    width = len(rows[0]) if isinstance(rows[0], list) else None
    for number, row in enumerate(rows, 1):
        if not isinstance(row, list) or len(row) != width:
            expected = "a list of values" if width is None else f"a list of {width} values"
            found = f"{len(row)} values" if isinstance(row, list) else type(row).__name__
            raise DataError("bad row", source=source, line=number, expected=expected, found=found)
    width = len(rows[0])
    known = fmt or positional(source, [], width, container)
    names = _positional_names(source, known, width)
    columns = {
        name: pa.array([None if row[i] is None else str(row[i]) for row in rows], pa.string())
        for i, name in enumerate(names)
    }
    return Table(source, container, "", known, columns, {}, 1)


def _positional_names(source: str, fmt: Format, width: int) -> tuple[str, ...]:
    layout = LAYOUTS.get(fmt)
    names = layout.positional if layout is not None else ()
    if layout is None or width > len(names) or not set(layout.required) <= set(names[:width]):
        expected = f"up to {len(names)} columns of {fmt.value}" if names else f"a header, as {fmt.value} has"
        raise DataError("no header", source=source, line=1, expected=expected, found=f"{width} columns")
    return names[:width]


# ---- csv


def _csv(source: str, container: str, data: bytes, fmt: Format | None) -> Table:
    data = data.removeprefix(b"\xef\xbb\xbf")
    end = _without_last_line_ends(data)
    line_end = data.find(b"\n", 0, end)
    first = data[: end if line_end < 0 else line_end].decode(errors="replace").rstrip("\r")
    if first.lower().startswith("sep="):
        # A line for Excel alone.
        raise DataError(
            "no header", source=source, line=1, expected="a header or a row", found=first, advice="remove it"
        )
    delimiter = max(_DELIMITERS, key=first.count)
    fields = _fields(source, first, delimiter)
    header = not any(_is_number(field) for field in fields)
    if header:
        fields[0] = fields[0] or UNNAMED
    known, names = _named(source, container, fields, header, fmt)
    if not data.isascii():
        # Before the parser meets it: asked for a row that is no text, it writes to standard error by itself.
        _check_text(source, data)
    unread = LAYOUTS[known].unread if known in LAYOUTS else ()
    lines = _Lines(pa.py_buffer(data).slice(0, end), names, unread, delimiter, header)
    try:
        columns, ragged = lines.columns(trimmed=b" " in data)
    except _BROKEN as error:
        if not header or line_end >= 0:
            raise _broken(source, container, error) from None
        columns, ragged = {name: pa.array([], pa.string()) for name in names}, ()
    return Table(source, container, "", known, columns, {}, 1 + header, ragged)


def _without_last_line_ends(data: bytes) -> int:
    """How much of a text is not its last line ends; a copy without them would take as long as to hash it."""
    end = len(data)
    while end and data[end - 1] in b"\r\n":
        end -= 1
    return end


def _fields(source: str, line: str, delimiter: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error as error:
        # Among them a lone carriage return as the line's end.
        expected = "fields of a line that ends in LF or CRLF"
        raise DataError("unreadable line", source=source, line=1, expected=expected, found=str(error)) from None


def _named(
    source: str, container: str, fields: list[str], header: bool, fmt: Format | None
) -> tuple[Format, tuple[str, ...]]:
    """The format and the columns' names: those of a header, else those that the format gives to its places."""
    if header:
        names = as_described(fields)
        known = fmt or recognise(source, container, names, {})
    else:
        known = fmt or positional(source, fields, len(fields), container)
        names = _positional_names(source, known, len(fields))
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        found = str(names.count(twice))
        raise DataError("duplicate column", source=source, line=1, field=twice, expected="one", found=found)
    return known, names


def _check_text(source: str, data: bytes) -> None:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"byte 0x{data[error.start]:02x}"
        raise DataError("not text", source=source, line=line, expected="utf-8 text", found=found) from None


def _is_number(field: str) -> bool:
    try:
        float(field)
    except ValueError:
        return False
    return True


class _Lines(NamedTuple):
    """Text whose lines have fields of these ``names``, without its last line ends; the values of those ``unread`` are of no use to anybody."""

    text: pa.Buffer
    names: tuple[str, ...]
    unread: tuple[str, ...]
    delimiter: str
    header: bool

    def columns(self, trimmed: bool) -> tuple[dict[str, pa.Array], tuple[Ragged, ...]]:
        """The columns, those unread as nulls, and the lines that have too few or too many fields."""
        ragged: list[Ragged] = []
        try:
            table = self._parsed(None)
        except pa.ArrowInvalid:
            table = self._parsed(ragged)
        found = {name: _single(table.column(name)) for name in table.column_names}
        if trimmed:
            found = {name: _trimmed(column) for name, column in found.items()}
        return {name: found.get(name, pa.nulls(len(table))) for name in self.names}, tuple(ragged)

    def _parsed(self, ragged: list[Ragged] | None) -> pa.Table:
        """Lines of other widths go to ``ragged``, and are an error where there is none."""

        def on_ragged(row: pacsv.InvalidRow) -> str:
            if ragged is None:
                return "error"
            ragged.append(Ragged(row.number, row.expected_columns, row.actual_columns))
            return "skip"

        return pacsv.read_csv(
            pa.BufferReader(self.text),
            # One thread where lines are to be told: only then do they know their numbers.
            read_options=pacsv.ReadOptions(
                use_threads=ragged is None, column_names=list(self.names), skip_rows=int(self.header)
            ),
            # A blank line counts as a line, and is a row without values.
            parse_options=pacsv.ParseOptions(
                delimiter=self.delimiter, invalid_row_handler=on_ragged, ignore_empty_lines=False
            ),
            convert_options=pacsv.ConvertOptions(
                column_types={name: pa.string() for name in self.names},
                strings_can_be_null=False,
                include_columns=[name for name in self.names if name not in self.unread],
            ),
        )


def _trimmed(column: pa.Array) -> pa.Array:
    """Text without white space around its values."""
    text = np.frombuffer(column.buffers()[2] or b"", np.uint8)
    return column if has_only(text, _is_printed) else pc.utf8_trim_whitespace(column)


def _is_printed(text: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """What ASCII prints; what lies beyond it may be white space too."""
    found: NDArray[np.bool_] = text - np.uint8(ord("!")) <= ord("~") - ord("!")
    return found
