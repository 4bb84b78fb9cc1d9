"""Files as other programs leave them: each is read as what it says, or its refusal tells what to do about it."""

from __future__ import annotations

import zipfile
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from genesis.errors import DataError
from genesis.feeds.files import Policy, Problem, Reading, ReadOptions, infer_steps, read
from genesis.feeds.files.policies import ALLOWED, parse_policies, repairs
from genesis.model.instruments import Instrument

EUR = Instrument("EURUSD", "FX", "EUR", "USD", Decimal("0.00001"), Decimal(1))
HEADER = "time,open,high,low,close,volume"
ROWS = (
    "2024-03-08 10:00:00+00:00,1.08002,1.08021,1.07977,1.08010,2455",
    "2024-03-08 11:00:00+00:00,1.08010,1.08177,1.07976,1.08174,5627",
    "2024-03-08 12:00:00+00:00,1.08174,1.08180,1.08100,1.08111,4001",
)
CANDLES = "\n".join((HEADER, *ROWS)) + "\n"


def put(folder: Path, content: str | bytes, name: str = "candles.csv") -> Path:
    """A file with this content."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def bars(path: Path, **policies: str) -> Reading:
    """The only stream of a file."""
    (reading,) = read(path, EUR, ReadOptions(policies=parse_policies(policies)))
    return reading


def refusal(path: Path, **policies: str) -> str:
    """What reading it says, without the file's place."""
    with pytest.raises(DataError) as caught:
        bars(path, **policies)
    return str(caught.value).removeprefix(str(path))


def zipped(folder: Path, members: dict[str, str]) -> Path:
    """An archive of these files."""
    path = folder / "candles.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def test_the_nameless_index_of_a_data_frame_is_the_time(tmp_path: Path) -> None:
    """`DataFrame.to_csv` and `to_parquet` of an index without a name: the same bars as under a header that says time."""
    named = bars(put(tmp_path, CANDLES))
    nameless = bars(put(tmp_path, CANDLES.removeprefix("time"), "index.csv"))
    times = pa.array([row.split(",")[0] for row in ROWS]).cast(pa.timestamp("us", "UTC"))
    prices = list(zip(*(map(float, row.split(",")[1:]) for row in ROWS), strict=True))
    columns = dict(zip(HEADER.split(",")[1:], map(pa.array, prices), strict=True))
    pq.write_table(pa.table({**columns, "__index_level_0__": times}), tmp_path / "index.parquet")
    for found in (nameless, bars(tmp_path / "index.parquet")):
        assert {name: column.tolist() for name, column in found.columns.items()} == {
            name: column.tolist() for name, column in named.columns.items()
        }


def test_a_column_with_the_name_of_a_time_goes_before_one_without_a_name(tmp_path: Path) -> None:
    """Row numbers that a data frame puts first are no times; alone they are refused as such."""
    numbered = "\n".join(f"{'' if i == 0 else i - 1},{line}" for i, line in enumerate(CANDLES.splitlines()))
    assert (
        bars(put(tmp_path, numbered)).columns["time_open"].tolist()
        == bars(put(tmp_path, CANDLES)).columns["time_open"].tolist()
    )
    prices = "\n".join(
        f"{'' if i == 0 else i - 1},{line.split(',', 1)[1]}" for i, line in enumerate(CANDLES.splitlines())
    )
    assert refusal(put(tmp_path, prices)) == (
        ":2: unknown time unit: field '(unnamed)': expected a time since 1973, found 0"
    )


@pytest.mark.parametrize("price", ["1,08002", "1.234,5", "1'234.5", "1 234.5", "1,234.5"])
def test_a_number_of_another_country_is_refused_with_how_it_is_written_here(tmp_path: Path, price: str) -> None:
    """A decimal comma and marks between thousands; with a tick given and with one to be inferred."""
    path = put(tmp_path, CANDLES.replace("1.08002", price).replace(",", ";").replace(price.replace(",", ";"), price))
    expected = "expected a number with a decimal point and without marks between thousands, found " + price
    assert refusal(path).startswith(f":2: unreadable value: field 'open': {expected}")
    with pytest.raises(DataError) as caught:
        infer_steps(path)
    assert f"{path}:2: unreadable value: field 'open': {expected}" in str(caught.value)


def test_what_is_no_number_anywhere_is_not_explained(tmp_path: Path) -> None:
    """Words and gaps expect a number, no more."""
    for found, said in (("n/a", "n/a"), ("", "nothing"), ("--", "--")):
        path = put(tmp_path, CANDLES.replace("1.08010,1.08177", f"{found},1.08177"))
        assert ":3: unreadable value: field 'open': expected a number, found " + said in refusal(path)


def test_a_refused_row_names_the_policies_that_there_are(tmp_path: Path) -> None:
    """Not where every row is bad: to leave them all out would be no advice."""
    path = put(tmp_path, "\n".join((HEADER, *reversed(ROWS))))
    assert refusal(path).endswith(
        "; policies: {backwards: sort} sorts the file, or {backwards: drop} leaves such rows out"
    )
    assert bars(path, backwards="sort").rows == 3
    path = put(tmp_path, "\n".join((HEADER, ROWS[0], *ROWS)))
    assert refusal(path).endswith("; policies: {duplicate: keep_first} keeps the first of them")
    assert bars(path, duplicate="keep_first").rows == 3
    path = put(tmp_path, "\n".join((HEADER, ROWS[0], "2024-03-08 11:00:00+00:00,1.08", *ROWS[2:])))
    assert refusal(path) == (
        ":3: bad row: field 'columns': expected 6 columns, found 2; policies: {unreadable: drop} leaves such rows out"
    )
    path = put(tmp_path, CANDLES.replace("2024-03-08", "08.03.2024"))
    assert refusal(path) == (
        ":2: unreadable value: field 'time': expected a time in ISO 8601, or its form given as `time_format`, "
        "found 08.03.2024 10:00:00+00:00"
    )
    assert infer_steps(path).tick == Decimal("0.00001")


def test_every_policy_that_is_named_is_one() -> None:
    """The advice for a problem holds each of its policies but refusal."""
    for problem in Problem:
        named = {policy for policy in Policy if f"{{{problem.value}: {policy.value}}}" in repairs(problem)}
        assert named == set(ALLOWED[problem]) - {Policy.REFUSE}


def test_prices_finer_than_any_step_want_one(tmp_path: Path) -> None:
    """What arithmetic leaves behind the eighteenth decimal is no price of a venue: the refusal says how to round it."""
    path = put(tmp_path, CANDLES.replace("1.08002", "1.0800200000000000001"))
    with pytest.raises(DataError, match=r"at most 18 decimals, found 1\.08002\d+; a configuration may give tick"):
        infer_steps(path)
    assert bars(path, off_tick="round").rows == 3


def test_an_archive_of_a_mac_is_its_one_file(tmp_path: Path) -> None:
    """What macOS puts beside a file is no second one."""
    path = zipped(tmp_path, {"candles.csv": CANDLES, "__MACOSX/._candles.csv": "finder"})
    assert bars(path).rows == 3


def test_an_archive_of_several_files_names_them(tmp_path: Path) -> None:
    """And a way to read them."""
    path = zipped(tmp_path, {f"{name}.csv": CANDLES for name in "abcd"})
    assert refusal(path) == (
        ": zip archive: expected one file, found 4 files (a.csv, b.csv, c.csv, ...); unpack it and name its files by a "
        "pattern, as path: 'candles-*.csv'"
    )
    path = zipped(tmp_path, {"__MACOSX/._candles.csv": "finder"})
    assert refusal(path) == ": zip archive: expected one file, found none"


def test_what_a_spreadsheet_saves_is_told_from_text(tmp_path: Path) -> None:
    """A workbook, UTF-16 and the line that names the separator."""
    book = zipped(tmp_path, {"[Content_Types].xml": "<Types/>", "xl/workbook.xml": "<workbook/>"})
    old = put(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504), "book.xls")
    for path in (book, old):
        assert refusal(path) == ": spreadsheet: expected a sheet of it saved as CSV (UTF-8), found a workbook"
    for encoding in ("utf-16", "utf-16-be"):
        text = CANDLES if encoding == "utf-16" else "\ufeff" + CANDLES
        path = put(tmp_path, text.encode(encoding))
        assert refusal(path) == ": unknown encoding: expected utf-8 text, found utf-16 text"
    path = put(tmp_path, "sep=,\r\n" + CANDLES.replace("\n", "\r\n"))
    assert refusal(path) == ":1: no header: expected a header or a row, found sep=,; remove it"


def test_a_byte_order_mark_line_ends_and_case_change_nothing(tmp_path: Path) -> None:
    """UTF-8 with its mark, CRLF, names in capitals in another order, a column of notes, an empty last line."""
    lines = [line.split(",") for line in CANDLES.splitlines()]
    other = [[*reversed(line), "note"] for line in lines]
    text = "\r\n".join(";".join(fields) for fields in other).replace("volume", "VOLUME").replace("time", "TIME")
    found = bars(put(tmp_path, b"\xef\xbb\xbf" + text.encode() + b"\r\n\r\n"))
    plain = bars(put(tmp_path, CANDLES, "plain.csv"))
    assert [found.columns[name].tolist() for name in found.columns] == [
        plain.columns[name].tolist() for name in plain.columns
    ]
