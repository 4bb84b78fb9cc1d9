"""Every kind of bad row is refused with file, line, field, expected and found, or repaired by the policy named and counted."""

from decimal import Decimal
from pathlib import Path

import pytest

from genesis.errors import ConfigError, DataError
from genesis.feeds.files import (
    Format,
    OhlcvColumns,
    Policy,
    Problem,
    Reading,
    ReadOptions,
    parse_policies,
    read,
)
from genesis.model.instruments import Instrument

BTC = Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
S = 1_700_000_000_000
BARS = [
    [S, "10.00", "11.00", "9.00", "10.50", "1.000"],
    [S + 60_000, "10.50", "10.60", "10.40", "10.45", "2.000"],
    [S + 120_000, "10.45", "10.45", "10.45", "10.45", "0"],
]
TRADES = [
    [101, "10.00", "1.000", "10.0", S, "True"],
    [102, "10.01", "0.500", "5.0", S, "False"],
    [103, "10.02", "0.250", "2.5", S + 5, "False"],
]
BAR_HEADER = "time,open,high,low,close,volume"
TRADE_HEADER = "id,price,qty,quote_qty,time,is_buyer_maker"


def written(folder: Path, header: str, rows: list[list[object]]) -> Path:
    """A CSV of these rows."""
    path = folder / "rows.csv"
    path.write_text("\n".join([header, *(",".join(map(str, row)) for row in rows)]) + "\n")
    return path


def changed(rows: list[list[object]], row: int, column: int, value: object) -> list[list[object]]:
    """The rows with one value replaced."""
    return [[value if (i, j) == (row, column) else v for j, v in enumerate(r)] for i, r in enumerate(rows)]


def one(path: Path, options: ReadOptions | None = None) -> Reading:
    """The only stream of a file."""
    (reading,) = read(path, BTC, options or ReadOptions())
    return reading


def policy(**given: str) -> ReadOptions:
    """Options with policies by name."""
    return ReadOptions(policies=parse_policies(given))


def refused(path: Path, line: int | None, field: str | None, expected: str, found: str) -> None:
    """Reading must fail with exactly this place and these words."""
    with pytest.raises(DataError) as caught:
        one(path)
    error = caught.value
    assert error.source == str(path)
    assert (error.line, error.field, error.expected, error.found) == (line, field, expected, found)
    assert str(path) in str(error)


@pytest.mark.parametrize(
    ("row", "column", "value", "field", "expected", "found"),
    [
        (1, 0, "soon", "time", "a time in ms", "soon"),
        (1, 0, "", "time", "a time in ms", "nothing"),
        (1, 1, "nan", "open", "a number", "nan"),
        (1, 1, "", "open", "a number", "nothing"),
        (0, 4, "-10.5", "close", "more than 0", "-10.5"),
        (0, 1, "0", "open", "more than 0", "0"),
        (2, 5, "-0.001", "volume", "0 or more", "-0.001"),
        (1, 2, "10.605", "high", "a multiple of 0.01", "10.605"),
        (1, 5, "2.0005", "volume", "a multiple of 0.001", "2.0005"),
        (0, 2, "8.00", "high", "high at or above low", "8.00 below 9.00"),
        (0, 1, "11.01", "open", "open within low and high", "11.01, low 9.00, high 11.00"),
        (0, 4, "8.99", "close", "close within low and high", "8.99, low 9.00, high 11.00"),
        (2, 0, S, "time", "one row of each open time", f"open time {S} again, first at 2"),
        (2, 0, S - 60_000, "time", "2023-11-14T22:14:20Z or later", "2023-11-14T22:12:20Z"),
        (1, 0, 1_700_000_060, "time", f"a time in ms, as {S} is", "1700000060"),
    ],
)
def test_a_bad_bar_is_refused_where_it_stands(
    tmp_path: Path, row: int, column: int, value: object, field: str, expected: str, found: str
) -> None:
    """The line counts the header, and the field is the file's own name for it."""
    refused(written(tmp_path, BAR_HEADER, changed(BARS, row, column, value)), row + 2, field, expected, found)


@pytest.mark.parametrize(
    ("row", "column", "value", "field", "expected", "found"),
    [
        (2, 0, 101, "id", "one row of each trade id", "trade id 101 again, first at 2"),
        (1, 1, "10.001", "price", "a multiple of 0.01", "10.001"),
        (1, 1, "0.00", "price", "more than 0", "0.00"),
        (1, 2, "0", "qty", "more than 0", "0"),
        (1, 2, "0.0001", "qty", "a multiple of 0.001", "0.0001"),
        (2, 5, "maybe", "is_buyer_maker", "true or false", "maybe"),
        (2, 4, S - 1, "time", "2023-11-14T22:13:20Z or later", "2023-11-14T22:13:19.999Z"),
    ],
)
def test_a_bad_trade_is_refused_where_it_stands(
    tmp_path: Path, row: int, column: int, value: object, field: str, expected: str, found: str
) -> None:
    """The line counts the header, and the field is the file's own name for it."""
    refused(written(tmp_path, TRADE_HEADER, changed(TRADES, row, column, value)), row + 2, field, expected, found)


def test_equal_values_are_no_duplicate(tmp_path: Path) -> None:
    """Two trades with the same time, price and size but their own ids are two trades."""
    twin = [TRADES[0], [102, *TRADES[0][1:]]]
    assert one(written(tmp_path, TRADE_HEADER, twin)).rows == 2


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    """A file that lacks one column of its format says which, on the header's line."""
    path = written(tmp_path, "time,open,high,low,volume", [row[:4] + row[5:] for row in BARS])
    with pytest.raises(DataError) as caught:
        one(path)
    assert (caught.value.line, caught.value.field) == (1, "close")
    assert caught.value.found == "time, open, high, low, volume"
    with pytest.raises(DataError) as caught:
        one(path, ReadOptions(columns=OhlcvColumns(close="last")))
    assert (caught.value.line, caught.value.field, caught.value.expected) == (1, "last", "last")


def test_a_line_with_too_few_fields_is_refused_or_dropped(tmp_path: Path) -> None:
    """A ragged line is found at its line, and dropping it moves no other line's number."""
    path = written(tmp_path, BAR_HEADER, [BARS[0], BARS[1][:3], BARS[2]])
    refused(path, 3, "columns", "6 columns", "3")
    reading = one(path, policy(unreadable="drop"))
    assert reading.rows == 2
    assert reading.report.rows_read == 3
    assert reading.report.repairs[0].examples == ("line 3: expected 6 columns, found 3",)
    bad = written(tmp_path, BAR_HEADER, [BARS[0], BARS[1][:3], [*BARS[2][:5], "-1"]])
    with pytest.raises(DataError, match="0 or more") as caught:
        one(bad, policy(unreadable="drop"))
    assert caught.value.line == 4


def test_a_blank_line_within_counts_as_a_line(tmp_path: Path) -> None:
    """A blank line is a row without values, at its own line; blank lines at the end are nothing."""
    path = tmp_path / "rows.csv"
    rows = [",".join(map(str, row)) for row in BARS]
    path.write_text("\n".join([BAR_HEADER, rows[0], "", rows[1]]))
    refused(path, 3, "time", "a time in ms", "nothing")
    path.write_text("\n".join([BAR_HEADER, *rows, "", ""]))
    assert one(path).rows == 3


@pytest.mark.parametrize("name", ["unreadable", "out_of_range", "inconsistent", "off_tick", "off_lot", "backwards"])
def test_a_dropped_row_is_counted_with_its_place(tmp_path: Path, name: str) -> None:
    """Dropping removes the bad row alone, and the report says how many there were and where the first stood."""
    bad: dict[str, tuple[int, object]] = {
        "unreadable": (1, "x"),
        "out_of_range": (1, "-1"),
        "inconsistent": (1, "99.00"),
        "off_tick": (1, "10.505"),
        "off_lot": (5, "2.0001"),
        "backwards": (0, S - 60_000),
    }
    path = written(tmp_path, BAR_HEADER, changed(BARS, 1, *bad[name]))
    reading = one(path, policy(**{name: "drop"}))
    (repair,) = reading.report.repairs
    assert (repair.problem, repair.policy, repair.count) == (Problem(name), Policy.DROP, 1)
    assert repair.examples[0].startswith("line 3: ")
    assert reading.columns["close"].tolist() == [1050, 1045]
    assert (reading.report.rows_read, reading.report.rows_kept) == (3, 2)


def test_rows_out_of_order_are_sorted_by_policy(tmp_path: Path) -> None:
    """Sorting by time keeps rows of one time in file order."""
    rows = [TRADES[2], TRADES[0], TRADES[1]]
    reading = one(written(tmp_path, TRADE_HEADER, rows), policy(backwards="sort"))
    assert reading.columns["trade_id"].tolist() == [101, 102, 103]
    assert reading.report.repairs[0].count == 2


def test_the_first_of_a_duplicate_is_kept_by_policy(tmp_path: Path) -> None:
    """A repeated trade id is left out and counted, wherever it stands, before the order of times is judged."""
    reading = one(written(tmp_path, TRADE_HEADER, [*TRADES, TRADES[0]]), policy(duplicate="keep_first"))
    assert reading.columns["trade_id"].tolist() == [101, 102, 103]
    assert reading.report.duplicates == 1
    assert reading.report.repairs[0].policy is Policy.KEEP_FIRST


def test_values_off_the_grid_are_rounded_by_policy(tmp_path: Path) -> None:
    """Prices go half-even to the tick, sizes down to the lot; a size below one lot becomes none."""
    rows = changed(changed(TRADES, 0, 1, "10.005"), 1, 1, "10.015")
    rows = changed(rows, 2, 2, "0.0009")
    reading = one(written(tmp_path, TRADE_HEADER, rows), policy(off_tick="round", off_lot="round"))
    assert reading.columns["ticks"].tolist() == [1000, 1002, 1002]
    assert reading.columns["lots"].tolist() == [1000, 500, 0]
    assert [(r.problem, r.count) for r in reading.report.repairs] == [(Problem.OFF_TICK, 2), (Problem.OFF_LOT, 1)]


def test_a_price_that_rounds_to_nothing_is_out_of_range(tmp_path: Path) -> None:
    """Rounding never makes a price of zero."""
    path = written(tmp_path, TRADE_HEADER, changed(TRADES, 0, 1, "0.001"))
    with pytest.raises(DataError, match=r"expected at least 0\.01, found 0\.001"):
        one(path, policy(off_tick="round"))


def test_bars_that_overlap_are_refused(tmp_path: Path) -> None:
    """Bars closer together than their stated length cannot be."""
    path = written(tmp_path, BAR_HEADER, BARS)
    with pytest.raises(DataError, match="bars overlap") as caught:
        one(path, ReadOptions(interval_ns=300 * 10**9))
    assert (caught.value.line, caught.value.expected) == (3, "bars at least 5m apart, or the interval given")


def test_a_stray_bar_closes_no_other_bar_early(tmp_path: Path) -> None:
    """The length of a bar is the usual step between bars; a bar out of step is refused, because with its step as
    the length of all a strategy would be told every close before it was known."""
    rows = [*BARS, [S + 180_000, *BARS[2][1:]], [S + 190_000, *BARS[2][1:]], [S + 240_000, *BARS[2][1:]]]
    assert one(written(tmp_path, BAR_HEADER, rows[:4])).columns["ts"].tolist()[0] == (S + 60_000) * 10**6
    with pytest.raises(DataError, match="bars overlap") as caught:
        one(written(tmp_path, BAR_HEADER, rows))
    assert (caught.value.line, caught.value.expected) == (6, "bars at least 1m apart, or the interval given")


def test_months_are_no_bars_of_one_length(tmp_path: Path) -> None:
    """February's length would end every other month early: the file is refused."""
    opens = [1_704_067_200, 1_706_745_600, 1_709_251_200, 1_711_929_600, 1_714_521_600, 1_717_200_000]  # 2024
    with pytest.raises(DataError, match="bars overlap"):
        one(written(tmp_path, BAR_HEADER, [[t, *BARS[0][1:]] for t in opens]))


KLINE = [S, "10.00", "11.00", "9.00", "10.50", "1.000", S + 59_999, "0", "1", "0", "0", "0"]


def klines(*lengths_ms: int) -> list[list[object]]:
    """Klines a minute apart whose close times lie ``lengths_ms`` after their open."""
    return [[S + 60_000 * i, *KLINE[1:6], S + 60_000 * i + n - 1, *KLINE[7:]] for i, n in enumerate(lengths_ms)]


def test_one_short_close_time_shortens_no_other_kline(tmp_path: Path) -> None:
    """A kline cut short by an outage is handed over at the usual close, and the others keep theirs."""
    path = tmp_path / "k.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in klines(60_000, 1_000, 60_000)))
    opened = [(S + 60_000 * i) * 10**6 for i in range(3)]
    assert one(path).columns["ts"].tolist() == [t + 60 * 10**9 for t in opened]


def test_a_kline_longer_than_the_others_is_refused(tmp_path: Path) -> None:
    """Its close would be known only after the moment at which it would be told."""
    path = tmp_path / "k.csv"
    path.write_text("\n".join(",".join(map(str, row)) for row in klines(60_000, 90_000, 60_000)))
    with pytest.raises(DataError, match="expected at most 1m, found 1.5 times that") as caught:
        one(path)
    assert (caught.value.line, caught.value.field) == (2, "close_time")


def test_a_header_that_is_no_line_of_fields_is_refused(tmp_path: Path) -> None:
    """Line ends of the last century and a first line without end are market data errors, not faults of ours."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\r".join([BAR_HEADER.encode(), *(",".join(map(str, row)).encode() for row in BARS)]))
    with pytest.raises(DataError, match="expected fields of a line that ends in LF or CRLF") as caught:
        one(path)
    assert caught.value.line == 1
    path.write_text('"' + "x" * 200_000 + '",open\n1,2\n')
    with pytest.raises(DataError, match="unreadable line"):
        one(path)


def test_blanks_around_values_do_not_count(tmp_path: Path) -> None:
    """A file written with a blank after every comma is the same file."""
    plain = one(written(tmp_path, BAR_HEADER, BARS))
    spaced = one(written(tmp_path, BAR_HEADER.replace(",", " , "), [[f" {value} " for value in row] for row in BARS]))
    assert {n: c.tolist() for n, c in spaced.columns.items()} == {n: c.tolist() for n, c in plain.columns.items()}


def test_a_time_may_end_in_utc(tmp_path: Path) -> None:
    """``2023-11-14 22:13:20 UTC`` is the instant that it says."""
    path = written(tmp_path, BAR_HEADER, [["2023-11-14 22:13:20 UTC", *BARS[0][1:]]])
    assert one(path, ReadOptions(interval_ns=60 * 10**9)).columns["time_open"].tolist() == [S * 10**6]


def test_columns_that_are_not_named_are_found(tmp_path: Path) -> None:
    """Naming the one column with an odd name is enough; a name that the file lacks is refused."""
    header = "Date,Open,High,Low,Close,Volume BTC"
    path = written(tmp_path, header, BARS)
    reading = one(path, ReadOptions(columns=OhlcvColumns(volume="Volume BTC")))
    assert reading.columns["lots"].tolist() == [1000, 2000, 0]
    with pytest.raises(DataError, match="missing column: field 'Vol'"):
        one(path, ReadOptions(columns=OhlcvColumns(volume="Vol")))


def test_plain_candles_without_one_of_their_columns_are_refused_for_that(tmp_path: Path) -> None:
    """Their time has a name of its own, so no other format is nearer: what is missing is named, and how it may be called."""
    path = written(tmp_path, "timestamp,open,high,low,clse,volume", BARS)
    refused(
        path,
        1,
        "close",
        "one named close or c, in any case, or its name given in `columns`",
        "timestamp, open, high, low, clse, volume",
    )


def test_a_number_too_large_for_the_tick_says_so(tmp_path: Path) -> None:
    """A price that 64 bits of ticks do not hold is a number; what is wrong with it is its size."""
    path = written(tmp_path, BAR_HEADER, changed(BARS, 1, 2, "1e17"))
    refused(path, 3, "high", "less than 2^63 steps of 0.01", "1e17")


def test_objects_are_no_rows(tmp_path: Path) -> None:
    """JSON rows are lists; an object is named as what it is."""
    path = tmp_path / "rows.json"
    path.write_text('[{"time": 1}]')
    with pytest.raises(DataError, match="expected a list of values, found dict"):
        one(path)


def test_one_bar_alone_needs_its_length(tmp_path: Path) -> None:
    """The length of a bar is never guessed from nothing."""
    path = written(tmp_path, BAR_HEADER, BARS[:1])
    with pytest.raises(DataError, match="the interval given, found 1 bars"):
        one(path)
    assert one(path, ReadOptions(interval_ns=60 * 10**9)).columns["ts"].tolist() == [(S + 60_000) * 10**6]


def test_nothing_left_is_an_error(tmp_path: Path) -> None:
    """A file whose every row was dropped is refused."""
    path = written(tmp_path, TRADE_HEADER, [changed(TRADES, 0, 1, "x")[0]])
    with pytest.raises(DataError, match="at least one row, found none of 1 rows"):
        one(path, policy(unreadable="drop"))


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"offtick": "drop"}, "policies: expected one of unreadable, .* found 'offtick'"),
        ({"off_tick": "guess"}, "policy for off_tick: expected refuse, drop, round, found 'guess'"),
        ({"duplicate": "round"}, "policy for duplicate: expected refuse, keep_first, found round"),
    ],
)
def test_a_policy_must_fit_its_problem(given: dict[str, str], message: str) -> None:
    """Unknown names and unfitting policies are configuration errors."""
    with pytest.raises(ConfigError, match=message):
        parse_policies(given)


def test_policies_are_checked_wherever_they_come_from(tmp_path: Path) -> None:
    """Policies not made from text are checked when a file is read."""
    with pytest.raises(ConfigError, match="policy for backwards: expected refuse, drop, sort, found round"):
        one(written(tmp_path, BAR_HEADER, BARS), ReadOptions(policies={Problem.BACKWARDS: Policy.ROUND}))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty file: expected at least one row, found nothing"),
        (b"\n \n", "empty file"),
        (BAR_HEADER.encode(), "empty file: expected at least one row, found none"),
        (b"[]", "empty file: expected at least one row, found none"),
        (b"[[1700000000000, 1.0, 2.0", "truncated or corrupt file: expected readable json"),
        (b"[[1,2,3,4,5,6],[1,2]]", "expected a list of 6 values, found 2 values"),
        (b"PAR1 and then nothing", "truncated or corrupt file: expected readable parquet"),
        (b"ARROW1 and then nothing", "truncated or corrupt file: expected readable feather"),
        (b"\x1f\x8b\x08 broken", "truncated or corrupt file: expected readable gzip or zip"),
        (b"PK\x03\x04 broken", "truncated or corrupt file: expected readable gzip or zip"),
        (b"\x7fELF\x00\x00", "unknown kind of file: expected parquet, feather, csv or json"),
        (BAR_HEADER.encode() + b"\n1,\xff,3,4,5,6", ":2: not text: expected utf-8 text, found byte 0xff"),
        (b"name,age\nann,5", "unknown format: field 'columns'"),
        (b"1,2,3\n4,5,6", "cannot tell the format of a file without header"),
        (b"time,open,open,high,low,close\n1,2,3,4,5,6", "duplicate column: field 'open': expected one, found 2"),
        (b"time,open,high,low,close\n20240101,2,3,1,2", "unknown time unit: .* expected a time since 1973"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    """What cannot be read says which file it is and why."""
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        one(path)
    assert caught.value.source == str(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """A path without a file, and a folder, are data errors with the path."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(DataError, match="cannot be read: expected a readable file") as caught:
            one(path)
        assert caught.value.source == str(path)


def test_a_named_format_must_fit(tmp_path: Path) -> None:
    """Naming a format that the columns contradict is refused by the first missing column."""
    with pytest.raises(DataError, match="missing column: field 'open_time'"):
        one(written(tmp_path, BAR_HEADER, BARS), ReadOptions(format=Format.BINANCE_KLINES))
