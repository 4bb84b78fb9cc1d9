"""Each format is recognised by its content and read exactly, in every container it comes in."""

import gzip
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS, parse_utc
from genesis.errors import DataError, StorageError
from genesis.feeds.files import (
    Format,
    OhlcvColumns,
    QuoteBarsAs,
    Reading,
    ReadOptions,
    Steps,
    detect,
    infer_steps,
    parse_policies,
    read,
    write_stream,
)
from genesis.model.instruments import Calendar, Instrument, InstrumentKind
from genesis.model.market import BarKind, BarSpec
from genesis.tape.stream import ABSENT, COLUMNS, Stream, StreamKind

BTC = Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
EUR = Instrument(
    "EURUSD", "FX", "EUR", "USD", Decimal("0.01"), Decimal("1"), kind=InstrumentKind.FX, calendar=Calendar.FX
)
MS = 1_735_689_600_000  # 2025-01-01T00:00:00Z
KLINES = (
    f"{MS},10.00000000,11.00000000,9.00000000,10.50000000,1.50000000,{MS + 59_999},15.0,7,1.0,10.0,0\n"
    f"{MS + 60_000},10.50000000,10.50000000,10.50000000,10.50000000,0.00000000,{MS + 119_999},0,0,0,0,0\n"
)
KLINES_HEADER = (
    "open_time,open,high,low,close,volume,close_time,"
    "quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
)
AGG = f"7,10.00,1.500,70,72,{MS},True\n8,10.01,0.500,73,73,{MS + 1},False\n"
AGG_HEADER = "agg_trade_id,price,quantity,first_trade_id,last_trade_id,transact_time,is_buyer_maker\n"
TRADES = f"7,10.00,1.500,15.0,{MS},True\n8,10.01,0.500,5.005,{MS + 1},False\n"
TRADES_HEADER = "id,price,qty,quote_qty,time,is_buyer_maker\n"


def put(folder: Path, text: str, name: str = "file.csv") -> Path:
    """A text file."""
    path = folder / name
    path.write_text(text)
    return path


def one(path: Path, options: ReadOptions | None = None, instrument: Instrument = BTC) -> Reading:
    """The only stream of a file."""
    (reading,) = read(path, instrument, options or ReadOptions())
    return reading


def micro(text: str) -> str:
    """The same rows with times in microseconds, as Binance writes spot since 2025."""
    for ms in (MS + 119_999, MS + 59_999, MS + 60_000, MS + 1, MS):
        text = text.replace(str(ms), f"{ms}000" if ms % 1000 != 999 else f"{ms}999")
    return text


# ---- binance archives


@pytest.mark.parametrize("header", [KLINES_HEADER, ""])
@pytest.mark.parametrize(("unit", "write"), [("ms", str), ("us", micro)])
def test_klines(tmp_path: Path, header: str, unit: str, write: Callable[[str], str]) -> None:
    """Klines give the same bars with or without header, in ms or us, and the report says which unit it was."""
    path = put(tmp_path, header + write(KLINES))
    assert detect(path) is Format.BINANCE_KLINES
    reading = one(path)
    assert reading.report.time_unit == unit
    assert reading.spec == BarSpec.parse("1m")
    assert reading.columns["time_open"].tolist() == [MS * NS_PER_MS, MS * NS_PER_MS + NS_PER_MINUTE]
    assert (reading.columns["ts"] - reading.columns["time_open"]).tolist() == [NS_PER_MINUTE] * 2
    assert [reading.columns[n].tolist() for n in ("open", "high", "low", "close", "lots")] == [
        [1000, 1050],
        [1100, 1050],
        [900, 1050],
        [1050, 1050],
        [1500, 0],
    ]
    assert reading.report.facts == {"bars without volume": 1}


def test_a_line_of_another_width_in_a_long_file_is_named(tmp_path: Path) -> None:
    """However much of a file is parsed at once: line 20,002 of 3 MB has a field too many; dropped by policy, all others are there."""
    rows = [
        f"{MS + 60_000 * n},10.0,10.0,10.0,10.0,1.5,{MS + 60_000 * n + 59_999},15.000000,7,1.000000,10.000000,0"
        for n in range(30_000)
    ]
    rows[20_000] += ",0"
    path = put(tmp_path, KLINES_HEADER + "\n".join(rows))
    with pytest.raises(DataError, match=re.escape("file.csv:20002: bad row")) as found:
        one(path)
    assert found.value.field == "columns"
    reading = one(path, ReadOptions(policies=parse_policies({"unreadable": "drop"})))
    opens = [(MS + 60_000 * n) * NS_PER_MS for n in range(30_000) if n != 20_000]
    assert reading.columns["time_open"].tolist() == opens


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("Aggregate tradeId,Price,Quantity,First tradeId,Last tradeId,Timestamp,Was the buyer the maker", AGG),
        ("aggTradeId,price,quantity,firstTradeId,lastTradeId,transactTime,isBuyerMaker", AGG),
        ("trade Id,price,qty,quoteQty,time,isBuyerMaker", TRADES),
        ("id,price,qty,quoteQty,time,isBuyerMaker", TRADES),
    ],
)
def test_a_header_may_be_in_the_words_of_the_archive_s_description(tmp_path: Path, header: str, rows: str) -> None:
    """The rows are those of the file without a header."""
    told, bare = one(put(tmp_path, f"{header}\n{rows}", "told.csv")), one(put(tmp_path, rows, "bare.csv"))
    assert told.report.format == bare.report.format
    assert told.rows == 2
    assert all((told.columns[name] == bare.columns[name]).all() for name in COLUMNS[StreamKind.TRADES])


def test_one_kline_knows_its_length(tmp_path: Path) -> None:
    """A single kline's length follows from its close time."""
    assert one(put(tmp_path, KLINES.splitlines()[0])).spec == BarSpec.parse("1m")


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        (AGG_HEADER + AGG, Format.BINANCE_AGGTRADES),
        (AGG, Format.BINANCE_AGGTRADES),
        (AGG.replace("True", "True,True").replace("False", "False,True"), Format.BINANCE_AGGTRADES),
        (TRADES_HEADER + TRADES, Format.BINANCE_TRADES),
        (TRADES.lower(), Format.BINANCE_TRADES),
        (TRADES.replace("True", "True,True").replace("False", "False,True"), Format.BINANCE_TRADES),
    ],
)
@pytest.mark.parametrize(("unit", "write"), [("ms", str), ("us", micro)])
def test_archived_trades(tmp_path: Path, text: str, fmt: Format, unit: str, write: Callable[[str], str]) -> None:
    """Single and aggregate trades of spot and futures, with or without header: the buyer as maker means a seller took."""
    path = put(tmp_path, write(text))
    assert detect(path) is fmt
    reading = one(path)
    assert reading.report.time_unit == unit
    assert reading.columns["trade_id"].tolist() == [7, 8]
    assert reading.columns["side"].tolist() == [-1, 1]
    assert reading.columns["ticks"].tolist() == [1000, 1001]
    assert reading.columns["lots"].tolist() == [1500, 500]
    assert reading.columns["ts"].tolist() == [MS * NS_PER_MS, (MS + 1) * NS_PER_MS]
    assert reading.columns["time_event"].tolist() == reading.columns["ts"].tolist()


def test_a_skipped_trade_id_is_a_gap(tmp_path: Path) -> None:
    """Ids that an archive skips are reported between the times of their neighbours."""
    (gap,) = one(put(tmp_path, TRADES.replace("8,10.01", "12,10.01"))).report.gaps
    assert (gap.time_from, gap.time_to, gap.missing) == (MS * NS_PER_MS, (MS + 1) * NS_PER_MS, 4)
    assert gap.detail == "trade ids 8 to 11 missing"


@pytest.mark.parametrize("packed", ["gz", "zip"])
def test_packed_files_are_the_same_files(tmp_path: Path, packed: str) -> None:
    """Gzip and a zip of one file read as what they hold."""
    path = tmp_path / f"trades.{packed}"
    if packed == "gz":
        path.write_bytes(gzip.compress(TRADES.encode()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("trades.csv", TRADES)
    reading, plain = one(path), one(put(tmp_path, TRADES))
    assert reading.report.container == f"csv.{packed}"
    assert all(np.array_equal(reading.columns[n], plain.columns[n]) for n in COLUMNS[StreamKind.TRADES])


def test_a_cut_gzip_and_a_full_zip_are_refused(tmp_path: Path) -> None:
    """A truncated gzip never passes for a shorter file, and a zip of two files is ambiguous."""
    path = tmp_path / "trades.csv.gz"
    path.write_bytes(gzip.compress(TRADES.encode())[:-9])
    with pytest.raises(DataError, match="truncated or corrupt file"):
        one(path)
    with zipfile.ZipFile(tmp_path / "two.zip", "w") as archive:
        archive.writestr("a.csv", TRADES)
        archive.writestr("b.csv", TRADES)
    with pytest.raises(DataError, match="expected one file, found 2 files"):
        one(tmp_path / "two.zip")


# ---- freqtrade


def test_freqtrade_candles(tmp_path: Path) -> None:
    """Feather and packed JSON of the same candles are the same bars; floats are read as they were written."""
    dates = [MS, MS + 300_000, MS + 900_000]
    values = [[0.3, 0.3, 0.29, 0.3, 0.007], [0.3, 0.31, 0.3, 0.31, 1.5], [0.31, 0.31, 0.31, 0.31, 0.0]]
    frame = {"date": pa.array(dates, pa.timestamp("ms", "UTC"))}
    frame |= {n: [v[i] for v in values] for i, n in enumerate(["open", "high", "low", "close", "volume"])}
    path = tmp_path / "BTC_USDT-5m.feather"
    feather.write_feather(pa.table(frame), path, compression="lz4")
    packed = tmp_path / "BTC_USDT-5m.json.gz"
    packed.write_bytes(gzip.compress(json.dumps([[d, *v] for d, v in zip(dates, values, strict=True)]).encode()))
    first, second = one(path), one(packed)
    assert detect(path) is detect(packed) is Format.FREQTRADE_CANDLES
    assert (first.report.time_unit, second.report.time_unit) == ("timestamp", "ms")
    assert (first.report.container, second.report.container) == ("feather", "json.gz")
    for reading in (first, second):
        assert reading.spec == BarSpec.parse("5m")
        assert reading.columns["open"].tolist() == [30, 30, 31]
        assert reading.columns["lots"].tolist() == [7, 1500, 0]
        (gap,) = reading.report.gaps
        assert (gap.missing, gap.time_from, gap.time_to) == (1, (MS + 600_000) * NS_PER_MS, (MS + 900_000) * NS_PER_MS)


def test_freqtrade_trades(tmp_path: Path) -> None:
    """Feather and packed JSON of the same trades are the same trades."""
    rows = [[MS, "17", None, "buy", 10.0, 0.5, 5.0], [MS, "18", "limit", "sell", 9.99, 0.25, 2.4975]]
    names = ["timestamp", "id", "type", "side", "price", "amount", "cost"]
    path = tmp_path / "BTC_USDT-trades.feather"
    feather.write_feather(pa.table({n: [r[i] for r in rows] for i, n in enumerate(names)}), path)
    packed = tmp_path / "BTC_USDT-trades.json.gz"
    packed.write_bytes(gzip.compress(json.dumps(rows).encode()))
    for file in (path, packed):
        assert detect(file) is Format.FREQTRADE_TRADES
        reading = one(file)
        assert reading.columns["trade_id"].tolist() == [17, 18]
        assert reading.columns["side"].tolist() == [1, -1]
        assert reading.columns["ticks"].tolist() == [1000, 999]
        assert reading.columns["lots"].tolist() == [500, 250]


def test_ids_that_are_words(tmp_path: Path) -> None:
    """Ids that are no numbers tell duplicates apart, and the place in the file stands for them."""
    rows = [[MS, "a-1", "", "buy", 10, 1, 10], [MS, "a-2", "", "sell", 10, 1, 10]]
    path = put(tmp_path, json.dumps(rows), "trades.json")
    reading = one(path)
    assert reading.columns["trade_id"].tolist() == [1, 2]
    assert "trade id" in reading.report.facts
    path.write_text(json.dumps([*rows, rows[0]]))
    with pytest.raises(DataError, match="trade id a-1 again, first at 1"):
        one(path)
    path.write_text(json.dumps([[r[0], None, *r[2:]] for r in rows]))
    assert one(path).rows == 2


# ---- plain ohlcv


@pytest.mark.parametrize(
    ("times", "time_format", "unit"),
    [
        (["2025-01-01T00:00:00Z", "2025-01-01T01:00:00Z"], None, "iso"),
        (["2025-01-01 00:00:00", "2025-01-01 01:00:00"], None, "iso"),
        (["2025-01-01 02:00+02:00", "2025-01-01 01:00"], None, "iso"),
        (["1735689600", "1735693200"], None, "s"),
        (["1735689600.0", "1735693200.000"], None, "s"),
        (["1735689600000", "1735693200000"], None, "ms"),
        (["1735689600000000000", "1735693200000000000"], None, "ns"),
        (["01.01.2025 00:00", "01.01.2025 01:00"], "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M"),
        (["2025-01-01 05:00 +0500", "2025-01-01 06:00 +0500"], "%Y-%m-%d %H:%M %z", "%Y-%m-%d %H:%M %z"),
    ],
)
def test_times_of_plain_files(tmp_path: Path, times: list[str], time_format: str | None, unit: str) -> None:
    """Times are told by magnitude, as ISO text, or by a format given; without a zone they are UTC."""
    path = put(tmp_path, "Date,Open,High,Low,Close,Volume\n" + "".join(f"{t},1,2,1,2,3\n" for t in times))
    reading = one(path, ReadOptions(time_format=time_format))
    assert detect(path) is Format.OHLCV
    assert reading.report.time_unit == unit
    assert reading.columns["time_open"].tolist() == [MS * NS_PER_MS, MS * NS_PER_MS + NS_PER_HOUR]


def test_columns_can_be_named(tmp_path: Path) -> None:
    """A file with names of its own, another delimiter and no volume is read by the names given."""
    text = f"when;o1;h1;l1;c1;note\n{MS};1.5;2;1;2;x\n{MS + 60_000};2;2;2;2;y\n"
    names = OhlcvColumns("when", "o1", "h1", "l1", "c1", None)
    reading = one(put(tmp_path, text), ReadOptions(columns=names))
    assert reading.columns["open"].tolist() == [150, 200]
    assert reading.columns["lots"].tolist() == [0, 0]
    assert reading.report.facts["volume"] == "0: the file has none"


def test_a_byte_order_mark_and_windows_lines_are_nothing(tmp_path: Path) -> None:
    """What a spreadsheet adds to a file changes no value."""
    path = tmp_path / "sheet.csv"
    path.write_bytes(b"\xef\xbb\xbftime,open,high,low,close\r\n" + f"{MS},1,1,1,1\r\n{MS + 1000},1,1,1,1\r\n".encode())
    reading = one(path)
    assert reading.columns["open"].tolist() == [100, 100]
    assert reading.spec == BarSpec.parse("1s")


def test_closed_hours_of_fx_are_no_gap(tmp_path: Path) -> None:
    """From Friday 17:00 to Sunday 17:00 New York nothing is missing; an hour missing on Monday is."""
    hours = ["2025-01-03T20:00", "2025-01-03T21:00", "2025-01-05T22:00", "2025-01-05T23:00", "2025-01-06T01:00"]
    path = put(tmp_path, "time,open,high,low,close\n" + "".join(f"{h},1,1,1,1\n" for h in hours))
    (gap,) = one(path, instrument=EUR).report.gaps
    assert (gap.time_from, gap.missing) == (parse_utc("2025-01-06T00:00"), 1)
    assert sum(g.missing or 0 for g in one(path).report.gaps) == 48 + 1
    daily = put(tmp_path, "time,open,high,low,close\n2025-01-02,1,1,1,1\n2025-01-06,1,1,1,1\n", "daily.csv")
    (gap,) = one(daily, ReadOptions(interval_ns=NS_PER_DAY), EUR).report.gaps
    assert (gap.time_from, gap.missing) == (parse_utc("2025-01-03"), 2)


# ---- the plain schemas


def table(path: Path, schema: str, columns: dict[str, object], **metadata: str) -> Path:
    """A Parquet file of a plain schema."""
    pq.write_table(pa.table(columns).replace_schema_metadata({"schema": schema, **metadata}), path)
    return path


def candles(path: Path, **replaced: object) -> Path:
    """Two bars in the plain schema."""
    columns: dict[str, object] = {"ts_ns": [MS * NS_PER_MS, MS * NS_PER_MS + NS_PER_MINUTE]}
    columns |= {f"{n}_e8": [10 * 10**8, 10 * 10**8] for n in ("open", "high", "low", "close")}
    columns |= {"volume_e8": [10**8, 5 * 10**7], **replaced}
    return table(path, "candles/1", columns, interval="1m")


def test_a_parquet_row_is_found_by_number(tmp_path: Path) -> None:
    """A bad row of a file without lines is named by its row number, and its integer is shown as the decimal it means."""
    path = candles(tmp_path / "c.parquet", close_e8=[10 * 10**8, 1_000_500_000])
    with pytest.raises(DataError) as caught:
        one(path)
    assert (caught.value.line, caught.value.field) == (2, "close_e8")
    assert (caught.value.expected, caught.value.found) == ("a multiple of 0.01", "10.00500000")
    with pytest.raises(DataError, match=r"2: unreadable value: field 'open_e8': expected a number, found nothing"):
        one(candles(tmp_path / "n.parquet", open_e8=[10 * 10**8, None]))


def test_typed_timestamps_are_read_whatever_they_are_called(tmp_path: Path) -> None:
    """A time column that carries its own type needs no unit, and one without a zone is UTC."""
    times = pa.array([MS, MS + 60_000], pa.timestamp("ms"))
    reading = one(candles(tmp_path / "c.parquet", ts_ns=times))
    assert reading.columns["time_open"].tolist() == [MS * NS_PER_MS, MS * NS_PER_MS + NS_PER_MINUTE]
    far = pa.array([MS, 10**15], pa.timestamp("ms"))
    with pytest.raises(DataError, match="unreadable time: field 'ts_ns': expected times that fit"):
        one(candles(tmp_path / "f.parquet", ts_ns=far))


def test_the_schema_named_in_the_file_decides(tmp_path: Path) -> None:
    """A file that says what it is and lacks a column is refused for the column."""
    path = table(tmp_path / "c.parquet", "candles/1", {"ts_ns": [1], "open_e8": [1]})
    with pytest.raises(DataError, match="missing column: field 'high_e8'"):
        one(path)


def test_a_plain_schema_as_csv_and_feather(tmp_path: Path) -> None:
    """The same columns in another container are the same rows."""
    source = candles(tmp_path / "c.parquet")
    content = pq.read_table(source)
    feather.write_feather(content, tmp_path / "c.feather")
    rows = zip(*content.to_pydict().values(), strict=True)
    text = ",".join(content.column_names) + "\n" + "".join(",".join(map(str, r)) + "\n" for r in rows)
    expected = one(source)
    for path in (tmp_path / "c.feather", put(tmp_path, text)):
        reading = one(path)
        assert detect(path) is Format.CANDLES
        assert all(np.array_equal(reading.columns[n], expected.columns[n]) for n in expected.columns)


READS = """
import sys
from decimal import Decimal
from pathlib import Path

from genesis.feeds.files import read
from genesis.model.instruments import Instrument

for path in sys.argv[1:]:
    read(Path(path), Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("0.01"), Decimal("0.001")))
print("pandas" in sys.modules)
"""


def test_no_file_is_read_by_way_of_pandas(tmp_path: Path) -> None:
    """It would take longer to import than a year of bars to read, wherever it is installed."""
    pytest.importorskip("pandas")
    content = pq.read_table(candles(tmp_path / "c.parquet"))
    feather.write_feather(content, tmp_path / "c.feather")
    paths = [tmp_path / "c.parquet", tmp_path / "c.feather", put(tmp_path, KLINES_HEADER + KLINES)]
    done = subprocess.run([sys.executable, "-c", READS, *map(str, paths)], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"


@pytest.mark.parametrize("choice", list(QuoteBarsAs))
def test_quote_bars_become_what_is_asked(tmp_path: Path, choice: QuoteBarsAs) -> None:
    """Quote bars are the quote at each close, or bars of one side."""
    columns: dict[str, object] = {"ts_ns": [MS * NS_PER_MS]}
    for side, base in (("bid", 1000), ("ask", 2000)):
        parts = {"open": 2, "high": 3, "low": 0, "close": 1}
        columns |= {f"{side}_{part}_e8": [(base + add) * 10**6] for part, add in parts.items()}
        columns[f"{side}_size_e8"] = [base * 10**5]
    path = table(tmp_path / "q.parquet", "quotebars/1", columns, interval="1m")
    reading = one(path, ReadOptions(quotebars=choice))
    assert reading.columns["ts"].tolist() == [MS * NS_PER_MS + NS_PER_MINUTE]
    if choice is QuoteBarsAs.QUOTES:
        names = ("bid_ticks", "bid_lots", "ask_ticks", "ask_lots", "time_event")
        assert [int(reading.columns[n][0]) for n in names] == [1001, 1000, 2001, 2000, ABSENT]
        return
    base = 1000 if choice is QuoteBarsAs.BID else 2000
    values = [int(reading.columns[n][0]) for n in ("open", "high", "low", "close", "lots")]
    assert values == [base + 2, base + 3, base, base + 1, 0]


def test_trades_without_a_side_or_an_id(tmp_path: Path) -> None:
    """What a source does not say stays unknown."""
    columns: dict[str, object] = {"ts_ns": [1, 1], "price_e8": [10**8] * 2, "qty_e8": [10**8] * 2}
    reading = one(table(tmp_path / "t.parquet", "trades/1", columns))
    assert reading.columns["side"].tolist() == [0, 0]
    assert reading.columns["trade_id"].tolist() == [1, 2]


# ---- steps and our own files


def test_steps_are_the_largest_powers_of_ten(tmp_path: Path) -> None:
    """Proposed steps hold every value of a file, whatever the container says them in."""
    assert infer_steps(candles(tmp_path / "c.parquet")) == Steps(Decimal("10"), Decimal("0.1"))
    assert infer_steps(put(tmp_path, TRADES)) == Steps(Decimal("0.01"), Decimal("0.1"))
    path = put(tmp_path, "time,open,high,low,close,volume\n1735689600,1.05,1.05,1.05,1.052,0\n", "bars.csv")
    assert infer_steps(path) == Steps(Decimal("0.001"), None)
    with pytest.raises(DataError, match="field 'qty': expected a number, found x"):
        infer_steps(put(tmp_path, TRADES.replace("0.500", "x")))


def test_steps_come_from_the_rows_that_stay(tmp_path: Path) -> None:
    """A value that a policy drops does not stand in the way of inferring the steps from the others."""
    path = put(tmp_path, TRADES.replace("0.500", "x"))
    assert infer_steps(path, ReadOptions(policies=parse_policies({"unreadable": "drop"}))).tick == Decimal("0.01")


def test_a_value_finer_than_any_step_is_named(tmp_path: Path) -> None:
    """A stray 1e-400 is refused where it stands, not as a tick that nobody wrote."""
    with pytest.raises(DataError, match="field 'qty': expected at most 18 decimals, found 1e-400") as caught:
        infer_steps(put(tmp_path, TRADES.replace("0.500", "1e-400")))
    assert caught.value.line is not None


def stream_of(kind: StreamKind, rows: int = 5000) -> Stream:
    """A stream with distinct values in every column."""
    spec = BarSpec(BarKind.VOLUME, 700) if kind is StreamKind.BARS else None
    stream = Stream(BTC, kind, spec)
    stream.record({n: np.arange(rows, dtype=np.int64) * (i + 1) + i for i, n in enumerate(COLUMNS[kind])})
    return stream


@pytest.mark.parametrize("kind", list(StreamKind))
def test_a_stream_comes_back_as_it_was_written(tmp_path: Path, kind: StreamKind) -> None:
    """What was revealed is written, and reading it gives the same rows, the same name and the same block digests."""
    stream, path = stream_of(kind), tmp_path / "s.parquet"
    stream.reveal(4500)
    write_stream(stream, path)
    assert detect(path) is Format.TAPE
    back = one(path).stream()
    back.reveal(4500)
    assert (back.name, back.spec) == (stream.name, stream.spec)
    assert all(np.array_equal(back.columns[n], stream.columns[n][:4500]) for n in COLUMNS[kind])
    assert back.block_digest(4500) == stream.block_digest(4500)
    assert list(tmp_path.iterdir()) == [path]


def test_a_tape_belongs_to_its_instrument(tmp_path: Path) -> None:
    """Ticks mean prices only on the steps they were counted in."""
    stream, path = stream_of(StreamKind.TRADES), tmp_path / "s.parquet"
    stream.reveal(10)
    write_stream(stream, path)
    other = Instrument("BTCUSDT", "TEST", "BTC", "USDT", Decimal("0.1"), Decimal("0.001"))
    with pytest.raises(DataError, match=r"field 'tick': expected 0\.1, found 0\.01"):
        one(path, instrument=other)


def test_a_tape_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    """A folder that is not there leaves an error with the path, and no half file."""
    with pytest.raises(StorageError, match="cannot write the stream"):
        write_stream(stream_of(StreamKind.QUOTES), tmp_path / "none" / "s.parquet")


def test_a_time_off_its_format_is_refused_where_it_stands(tmp_path: Path) -> None:
    """A date that the named format does not fit is found at its line."""
    path = put(tmp_path, "time,open,high,low,close\n01.02.2025,1,1,1,1\n2025-02-02,1,1,1,1\n")
    with pytest.raises(DataError) as caught:
        one(path, ReadOptions(time_format="%d.%m.%Y"))
    assert (caught.value.line, caught.value.field) == (3, "time")
    assert (caught.value.expected, caught.value.found) == ("a time of the form %d.%m.%Y", "2025-02-02")


def test_a_stated_bar_length_must_be_one(tmp_path: Path) -> None:
    """Metadata that is no bar length is refused rather than guessed around."""
    path = candles(tmp_path / "c.parquet")
    pq.write_table(pq.read_table(path).replace_schema_metadata({"schema": "candles/1", "interval": "soon"}), path)
    with pytest.raises(DataError, match="bad metadata: field 'interval'"):
        one(path)
    with pytest.raises(DataError, match="bad metadata: field 'kind'"):
        one(table(tmp_path / "t.parquet", "genesis.tape/1", {"ts": [1]}, instrument=BTC.id, tick="0.01", lot="0.001"))


def test_a_file_without_header_must_have_the_width_of_its_format(tmp_path: Path) -> None:
    """A named format without header is read by position, and only where the positions can be its columns."""
    path = put(tmp_path, f"{MS},1,2,1,2,3\n{MS + 60_000},1,2,1,2,3\n")
    with pytest.raises(DataError, match="name it"):
        one(path)
    assert one(path, ReadOptions(format=Format.OHLCV)).rows == 2
    with pytest.raises(DataError, match="expected up to 12 columns of binance-klines, found 6 columns"):
        one(path, ReadOptions(format=Format.BINANCE_KLINES))
    with pytest.raises(DataError, match=r"expected a header, as trades/1 has"):
        one(path, ReadOptions(format=Format.TRADES))


def test_one_repair_counts_all_its_fields(tmp_path: Path) -> None:
    """Rows of one problem in several columns are one repair with one count."""
    path = put(tmp_path, f"time,open,high,low,close\n{MS},1.005,1.02,1,1.005\n{MS + 60_000},1,1,1,1\n")
    (repair,) = one(path, ReadOptions(policies=parse_policies({"off_tick": "round"}))).report.repairs
    assert (repair.count, len(repair.examples)) == (2, 2)
