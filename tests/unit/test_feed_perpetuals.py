"""Mark prices and funding rates are read exactly, from every format in which they come."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.feather as feather
import pyarrow.parquet as pq
import pytest

from genesis.clock import NS_PER_HOUR, NS_PER_MS, NS_PER_SECOND, parse_utc
from genesis.errors import ConfigError, DataError
from genesis.feeds.files import (
    Format,
    Reading,
    ReadOptions,
    align_capture,
    detect,
    infer_steps,
    parse_policies,
    read,
    write_stream,
)
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.mark_prices import mark_decimals, mark_grid, mark_value_unit, marks_per_tick
from genesis.tape.stream import COLUMNS, StreamKind

BTC = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.1"), Decimal("0.001"), InstrumentKind.PERPETUAL)
SPOT = Instrument("ETHUSDT", "SPOT", "ETH", "USDT", Decimal("0.01"), Decimal("0.001"))
FINE = Instrument("PEPEUSDT", "USDM", "PEPE", "USDT", Decimal("1E-10"), Decimal("1"), InstrumentKind.PERPETUAL)
DAY = parse_utc("2024-03-01T00:00:00Z")
HOURS_8 = 8 * NS_PER_HOUR
FUNDING_FILE = "funding/binance-usdm_BTCUSDT_20231201-20251116.funding.parquet"
LATE = 577  # settlements stamped 1 to 16 ms after their second
MARK_FILE = "candles/binance-usdm/8h-mark/BTCUSDT_20231201-20251116.parquet"


def one(path: Path, **options: object) -> Reading:
    """The only stream of a file, of BTC."""
    (reading,) = read(path, BTC, ReadOptions(**options))  # type: ignore[arg-type]
    return reading


def written(path: Path, text: str) -> Path:
    """``path`` with ``text`` in it."""
    path.write_text(text)
    return path


def column(reading: Reading, name: str) -> list[int]:
    """A column as plain integers."""
    values: list[int] = reading.columns[name].tolist()
    return values


# ---- the grid of mark prices


def test_a_mark_price_is_kept_at_eight_decimals_or_the_ticks_own() -> None:
    """BTC ticks by 0.1 and marks by 1e-8: ten million marks a tick. What ticks by 1e-10 marks by 1e-10."""
    assert (mark_decimals(BTC), marks_per_tick(BTC)) == (8, 10_000_000)
    assert (mark_decimals(FINE), marks_per_tick(FINE)) == (10, 1)


def test_a_mark_times_a_base_unit_is_a_whole_number_of_ledger_units() -> None:
    """8 decimals of price and 8 of the base are 16 of quote; with 18 the unit is 100, with 15 it is refused."""
    assert mark_value_unit(BTC, 16) == 1
    assert mark_value_unit(BTC, 18) == 100
    with pytest.raises(ValueError, match=r"BTCUSDT.USDM: expected at least 16 decimals for mark prices, found 15"):
        mark_value_unit(BTC, 15)


# ---- funding


def test_funding_rates_of_the_plain_schema_are_the_files_integers(market_data: Callable[[str], Path]) -> None:
    """All 2,151 settlements of BTCUSDT: rate and order as recorded, eight hours apart, none missing. Some stamps are late."""
    path = market_data(FUNDING_FILE)
    recorded = pq.read_table(path)
    reading = one(path)
    assert detect(path) is Format.FUNDING
    assert (reading.kind, reading.rows, reading.report.gaps) == (StreamKind.FUNDING, 2151, ())
    assert column(reading, "rate_e8") == recorded["rate_e8"].to_pylist()
    stamps = recorded["ts_ns"].to_pylist()
    assert column(reading, "time_event") == stamps
    assert column(reading, "ts") == [t - t % NS_PER_SECOND for t in stamps]
    assert sum(t % NS_PER_SECOND > 0 for t in stamps) == LATE
    assert reading.report.facts == {"shortest interval": "8h", "longest interval": "8h"}


FUNDING_TEXT = "time,rate\n2024-03-01T00:00:00Z,0.0001\n2024-03-01T08:00:00Z,-0.00003027\n2024-03-01T16:00:00Z,0\n"
FUNDING_BINANCE = (
    "calc_time,funding_interval_hours,last_funding_rate\n"
    "1709251200000,8,0.00010000\n1709280000003,8,-0.00003027\n1709308800000,8,0.00000000\n"
)


def freqtrade_funding(path: Path, columns: dict[str, list[object]]) -> Path:
    """A feather file as Freqtrade writes it: typed dates and floats."""
    dates = pa.array([DAY + i * HOURS_8 for i in range(3)], pa.timestamp("ns", "UTC"))
    feather.write_feather(pa.table({"date": dates, **columns}), str(path))
    return path


RATES: list[object] = [0.0001, -3.027e-05, 0.0]


@pytest.mark.parametrize(
    "make",
    [
        lambda p: (written(p / "a.csv", FUNDING_TEXT), None),
        lambda p: (written(p / "b.csv", FUNDING_BINANCE), None),
        lambda p: (written(p / "c.csv", FUNDING_BINANCE.split("\n", 1)[1]), Format.BINANCE_FUNDING),
        lambda p: (freqtrade_funding(p / "d.feather", {"funding_rate": RATES}), Format.FREQTRADE_FUNDING),
        lambda p: (
            freqtrade_funding(
                p / "e.feather", {"open": RATES, **dict.fromkeys(("high", "low", "close", "volume"), [0.0] * 3)}
            ),
            Format.FREQTRADE_FUNDING,
        ),
        lambda p: (
            written(p / "f.json", json.dumps([[DAY // NS_PER_MS + i * 28_800_000, r] for i, r in enumerate(RATES)])),
            Format.FREQTRADE_FUNDING,
        ),
    ],
    ids=["text", "binance", "binance without header", "freqtrade", "freqtrade candles", "freqtrade json"],
)
def test_every_funding_format_gives_the_same_stream(
    make: Callable[[Path], tuple[Path, Format | None]], tmp_path: Path
) -> None:
    """0.01 %, -0.003027 % and 0 at midnight, 8 and 16 o'clock."""
    path, fmt = make(tmp_path)
    reading = one(path, format=fmt)
    assert column(reading, "rate_e8") == [10_000, -3_027, 0]
    assert column(reading, "ts") == [DAY, DAY + HOURS_8, DAY + 2 * HOURS_8]
    assert column(reading, "seq") == [0, 0, 0]


def test_a_late_stamp_belongs_to_its_second_and_is_kept(tmp_path: Path) -> None:
    """The settlement stamped 3 ms after eight o'clock is at eight; its stamp is the event time."""
    reading = one(written(tmp_path / "a.csv", FUNDING_BINANCE))
    assert column(reading, "time_event")[1] - column(reading, "ts")[1] == 3 * NS_PER_MS


def test_missing_settlements_are_told_where_an_interval_is_stated(tmp_path: Path) -> None:
    """Without the one at eight, one settlement is missing; a file that states no interval says how far apart its rows are."""
    lines = FUNDING_BINANCE.splitlines()
    reading = one(written(tmp_path / "a.csv", "\n".join((lines[0], lines[1], lines[3]))))
    (gap,) = reading.report.gaps
    assert (gap.time_from, gap.time_to, gap.missing) == (DAY + HOURS_8, DAY + 2 * HOURS_8, 1)
    lines = FUNDING_TEXT.splitlines()
    reading = one(written(tmp_path / "b.csv", "\n".join((lines[0], lines[1], lines[3]))))
    assert reading.report.gaps == ()
    assert reading.report.facts == {"shortest interval": "16h", "longest interval": "16h"}
    reading = one(tmp_path / "b.csv", interval_ns=HOURS_8)
    assert [g.missing for g in reading.report.gaps] == [1]


def test_a_halved_interval_is_no_gap(tmp_path: Path) -> None:
    """From 8 to 4 hours: the wait of 8 hours beside the change is not a missing settlement."""
    rows = [(0, 8), (8, 8), (16, 4), (20, 4), (24, 4)]
    lines = [f"{(DAY + h * NS_PER_HOUR) // NS_PER_MS},{interval},0.0001" for h, interval in rows]
    text = "\n".join(("calc_time,funding_interval_hours,last_funding_rate", *lines))
    assert one(written(tmp_path / "a.csv", text)).report.gaps == ()


@pytest.mark.parametrize(
    ("rate", "says"),
    [
        ("1", r"a.csv:2: value out of range: field 'rate': expected above -1 and below 1, found 1.00000000"),
        ("-1.5", r"expected above -1 and below 1, found -1.50000000"),
        ("0.000012345678", r"field 'rate': expected a multiple of 0.00000001, found 0.000012345678"),
        ("n/a", r"field 'rate': expected a number, found n/a"),
    ],
)
def test_a_bad_rate_is_refused(rate: str, says: str, tmp_path: Path) -> None:
    """A rate of the whole position, one finer than the grid, and what is no number name file, line and field."""
    path = written(tmp_path / "a.csv", f"time,rate\n2024-03-01T00:00:00Z,{rate}\n")
    with pytest.raises(DataError, match=says):
        one(path)


def test_a_finer_rate_is_rounded_where_the_policy_says_so(tmp_path: Path) -> None:
    """To the nearest 1e-8, and reported; a negative one too."""
    text = "time,rate\n2024-03-01T00:00:00Z,0.000012345678\n2024-03-01T08:00:00Z,-0.000012345678\n"
    reading = one(written(tmp_path / "a.csv", text), policies=parse_policies({"off_tick": "round"}))
    assert column(reading, "rate_e8") == [1235, -1235]
    assert [r.count for r in reading.report.repairs] == [2]


def test_a_settlement_given_twice_is_refused(tmp_path: Path) -> None:
    """Two rows of one second are one settlement."""
    text = "time,rate\n2024-03-01T00:00:00.001Z,0.0001\n2024-03-01T00:00:00.005Z,0.0001\n"
    with pytest.raises(DataError, match=r"duplicate: field 'time': expected one row of each settlement"):
        one(written(tmp_path / "a.csv", text))


# ---- mark prices


def test_mark_candles_become_opens_and_closes_with_extremes(market_data: Callable[[str], Path]) -> None:
    """All 2,151 candles of BTCUSDT, exact to 1e-8: the open when it opens, low, high and close when it closes."""
    path = market_data(MARK_FILE)
    recorded = pq.read_table(path)
    reading = one(path, format=Format.MARK_CANDLES)
    assert (reading.kind, reading.rows, reading.report.rows_kept) == (StreamKind.MARK, 2 * 2151, 2151)
    assert reading.report.facts == {"candles": 2151, "interval": "8h"}
    opens, closes = slice(0, None, 2), slice(1, None, 2)
    for part, rows, name in (
        ("open_e8", opens, "mark"),
        ("open_e8", opens, "low"),
        ("open_e8", opens, "high"),
        ("close_e8", closes, "mark"),
        ("low_e8", closes, "low"),
        ("high_e8", closes, "high"),
    ):
        assert column(reading, name)[rows] == recorded[part].to_pylist(), (part, name)
    assert column(reading, "ts")[opens] == recorded["ts_ns"].to_pylist()
    assert column(reading, "ts")[closes] == [t + HOURS_8 for t in recorded["ts_ns"].to_pylist()]
    assert (np.diff(reading.columns["ts"]) >= 0).all()


def test_the_mark_of_a_settlement_is_the_open_of_its_candle(market_data: Callable[[str], Path]) -> None:
    """The last mark at or before each settlement is the open of the candle that opens there: what Freqtrade charges too."""
    marks = one(market_data(MARK_FILE), format=Format.MARK_CANDLES).stream()
    marks.reveal(marks.recorded)
    candles = pq.read_table(market_data(MARK_FILE))
    opens = dict(zip(candles["ts_ns"].to_pylist(), candles["open_e8"].to_pylist(), strict=True))
    settlements = column(one(market_data(FUNDING_FILE)), "ts")
    found = [int(marks.columns["mark"][marks.first_after(t) - 1]) for t in settlements]
    assert found == [opens[t] for t in settlements]


def test_freqtrades_mark_candles_are_the_same_stream(market_data: Callable[[str], Path], tmp_path: Path) -> None:
    """The same candles as typed dates and floats give the same integers."""
    path = market_data(MARK_FILE)
    recorded = pq.read_table(path)
    columns = {
        n: pa.array([v / 10**8 for v in recorded[f"{n}_e8"].to_pylist()]) for n in ("open", "high", "low", "close")
    }
    dates = recorded["ts_ns"].combine_chunks().cast(pa.timestamp("ns", "UTC"))
    feather.write_feather(
        pa.table({"date": dates, **columns, "volume": pa.array([0.0] * len(dates))}), str(tmp_path / "m")
    )
    same, plain = one(tmp_path / "m", format=Format.FREQTRADE_MARK), one(path, format=Format.MARK_CANDLES)
    assert {n: column(same, n) for n in COLUMNS[StreamKind.MARK]} == {
        n: column(plain, n) for n in COLUMNS[StreamKind.MARK]
    }


KLINES = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore\n"
    "1709251200000,61130.99,61200.00000001,61000.5,61180,0,1709251259999,0,60,0,0,0\n"
    "1709251260000,61180.1,61190,61170,61175.25,0,1709251319999,0,60,0,0,0\n"
)


def test_binances_mark_klines_are_read_when_they_are_named(tmp_path: Path) -> None:
    """By content they are klines; named, they are mark prices a minute apart, finer than the tick of 0.1."""
    path = written(tmp_path / "k.csv", KLINES)
    assert detect(path) is Format.BINANCE_KLINES
    reading = one(path, format=Format.BINANCE_MARK_KLINES)
    assert reading.report.facts["interval"] == "1m"
    assert column(reading, "mark") == [6113099000000, 6118000000000, 6118010000000, 6117525000000]
    assert column(reading, "high")[1] == 6120000000001


def test_single_marks_from_text_and_from_integers(tmp_path: Path) -> None:
    """``time,mark`` and ``ts_ns,mark_e8`` say the same; each mark is its own low and high."""
    text = one(
        written(tmp_path / "a.csv", "time,mark\n2024-03-01T00:00:01Z,61130.12345678\n2024-03-01T00:00:02Z,61131\n")
    )
    rows = "\n".join(f"{DAY + (i + 1) * NS_PER_SECOND},{v}" for i, v in enumerate((6113012345678, 6113100000000)))
    exact = one(written(tmp_path / "b.csv", f"ts_ns,mark_e8\n{rows}\n"))
    for reading in (text, exact):
        assert column(reading, "ts") == [DAY + NS_PER_SECOND, DAY + 2 * NS_PER_SECOND]
        assert column(reading, "mark") == column(reading, "low") == column(reading, "high")
        assert column(reading, "mark") == [6113012345678, 6113100000000]


def test_a_mark_finer_than_its_grid_or_of_zero_is_refused(tmp_path: Path) -> None:
    """Nine decimals do not fit eight, and a mark is more than 0."""
    with pytest.raises(DataError, match=r"field 'mark': expected a multiple of 0.00000001, found 1.000000001"):
        one(written(tmp_path / "a.csv", "time,mark\n2024-03-01T00:00:01Z,1.000000001\n"))
    with pytest.raises(DataError, match=r"field 'mark': expected more than 0, found 0"):
        one(written(tmp_path / "a.csv", "time,mark\n2024-03-01T00:00:01Z,0\n"))


# ---- around them


@pytest.mark.parametrize("kind", [StreamKind.MARK, StreamKind.FUNDING])
def test_the_tape_keeps_them_identically(kind: StreamKind, tmp_path: Path) -> None:
    """Written and read back, every column is the same."""
    marks = "time,mark\n2024-03-01T00:00:00Z,61000.5\n2024-03-01T00:00:01Z,61000.25\n"
    text = FUNDING_TEXT if kind is StreamKind.FUNDING else marks
    reading = one(written(tmp_path / "a.csv", text))
    stream = reading.stream()
    stream.reveal(stream.recorded)
    write_stream(stream, tmp_path / "tape.parquet")
    again = one(tmp_path / "tape.parquet")
    assert (again.kind, reading.kind) == (kind, kind)
    assert {n: column(again, n) for n in COLUMNS[kind]} == {n: column(reading, n) for n in COLUMNS[kind]}


def test_they_are_no_part_of_a_capture(tmp_path: Path) -> None:
    """Their times are the exchange's: they would put a capture's trades off its own clock."""
    reading = one(written(tmp_path / "a.csv", FUNDING_TEXT))
    with pytest.raises(ValueError, match="capture: expected trades, quotes or depth, found funding"):
        align_capture([reading])


@pytest.mark.parametrize("name", ["rate", "mark"])
def test_only_a_perpetual_has_them(name: str, tmp_path: Path) -> None:
    """Mark prices or funding of a spot pair would be read and never used: they are refused."""
    path = written(tmp_path / "a.csv", f"time,{name}\n2024-03-01T00:00:00Z,0.5\n")
    with pytest.raises(ConfigError, match=r"a.csv: ETHUSDT.SPOT: .*: expected a perpetual, found spot"):
        read(path, SPOT)


def test_they_propose_no_steps(tmp_path: Path) -> None:
    """A mark price says nothing about the tick."""
    path = written(tmp_path / "a.csv", "time,mark\n2024-03-01T00:00:01Z,61130.12345678\n")
    with pytest.raises(DataError, match=r"no steps in this file: expected trades, quotes, depth or bars, found mark"):
        infer_steps(path)


def test_the_mark_grid_writes_what_it_reads() -> None:
    """61130.12345678 there and back."""
    assert mark_grid(BTC).to_text(mark_grid(BTC).from_text("61130.12345678")) == "61130.12345678"
