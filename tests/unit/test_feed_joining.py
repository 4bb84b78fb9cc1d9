"""Files by day or by month are one stream: cut anywhere and joined again, a recording is what it was."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.clock import NS_PER_HOUR, NS_PER_MS, parse_utc
from genesis.errors import ConfigError
from genesis.feeds.files import Reading, joined, read
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.system.data import data_paths

BTC = Instrument("BTCUSDT", "X", "BTC", "USDT", Decimal("0.1"), Decimal("0.001"), InstrumentKind.PERPETUAL)
BEGIN = parse_utc("2025-01-01T00:00:00Z") // NS_PER_MS
HOUR = NS_PER_HOUR // NS_PER_MS
# Two hours are missing in the middle.
OPENS = [BEGIN + i * HOUR for i in range(12) if i not in (6, 7)]


def kline(opens: int) -> str:
    """An hour of Binance's archive."""
    price = f"{100 + (opens - BEGIN) // HOUR}.0"
    return f"{opens},{price},{price},{price},{price},1.5,{opens + HOUR - 1},150,3,1,100,0"


def trade(i: int) -> str:
    """A trade of Binance's archive, two at each moment; ids 8 and 9 are missing."""
    number = 100 + i if i < 8 else 102 + i
    return f"{number},{100 + i}.0,0.010,1.0,{BEGIN + i // 2 * 250},{'true' if i % 3 else 'false'}"


KLINES = [kline(opens) for opens in OPENS]
TRADES = [trade(i) for i in range(20)]
FUNDING = [f"{BEGIN + i * 8 * HOUR + 3},8,0.000{i}" for i in range(1, 7) if i != 3]
KINDS = {
    "klines": ("", KLINES),
    "trades": ("", TRADES),
    "funding": ("calc_time,funding_interval_hours,last_funding_rate", FUNDING),
    "marks": ("time,mark", [f"{BEGIN + i * HOUR},{100 + i}" for i in range(9)]),
}


def files(folder: Path, kind: str, cuts: Sequence[int]) -> list[Reading]:
    """The rows of a kind, cut before the rows of these numbers, each part read from a file of its own."""
    head, rows = KINDS[kind]
    found = []
    for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True):
        path = folder / f"{kind}-{a}-{b}.csv"
        path.write_text("\n".join([*([head] if head else []), *rows[a:b]]) + "\n")
        (reading,) = read(path, BTC)
        found.append(reading)
    return found


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_what_was_cut_is_joined_to_what_it_was(
    tmp_path_factory: pytest.TempPathFactory, kind: str, data: st.DataObject
) -> None:
    """Rows and gaps, whatever the cuts and the order of the files; the digest depends on the files, not on their order."""
    folder = tmp_path_factory.mktemp(kind)
    rows = len(KINDS[kind][1])
    # One bar or one settlement alone does not say how long it is.
    cuts = sorted(data.draw(st.sets(st.integers(2, rows - 2), max_size=3)))
    cuts = [c for i, c in enumerate(cuts) if i == 0 or c - cuts[i - 1] >= 2]
    (whole,) = files(folder, kind, ())
    parts = files(folder, kind, cuts)
    found = joined(data.draw(st.permutations(parts)))
    assert {n: c.tolist() for n, c in found.columns.items()} == {n: c.tolist() for n, c in whole.columns.items()}
    assert (found.spec, found.rows, found.report.rows_kept) == (whole.spec, whole.rows, whole.report.rows_kept)
    gaps = [(g.time_from, g.time_to) for g in found.report.gaps]
    assert gaps == [(g.time_from, g.time_to) for g in whole.report.gaps]
    assert found.report.sha256 == joined(parts).report.sha256
    assert (found.report.sha256 == whole.report.sha256) == (not cuts)


def test_the_gap_between_two_files_is_one(tmp_path: Path) -> None:
    """Bars by the calendar, trades by their counter, settlements by their step."""
    for kind, cut, missing in (("klines", 6, 2), ("trades", 8, 2), ("funding", 2, None)):
        found = joined(files(tmp_path, kind, (cut,)))
        assert [g.missing for g in found.report.gaps] == [missing], kind


def test_files_that_overlap_are_refused(tmp_path: Path) -> None:
    """Both are named, and where: nobody knows which of them is right."""
    first, second = files(tmp_path, "klines", (5,))
    (whole,) = files(tmp_path, "klines", ())
    with pytest.raises(
        ValueError, match=r"klines-0-10.csv and .*klines-5-10.csv: expected files that follow one another"
    ):
        joined([second, whole])
    with pytest.raises(ValueError, match="found 2025-01-01T01:00:00Z in the second, where the first ends at"):
        joined([first, first])
    one, other = files(tmp_path, "trades", (7,))
    twice = msgspec.structs.replace(other, columns={**other.columns, "trade_id": other.columns["trade_id"] - 1})
    with pytest.raises(ValueError, match="expected each trade in one file, found trade id 106 in both"):
        joined([one, twice])


def test_a_pattern_names_files_in_the_order_of_their_names(tmp_path: Path) -> None:
    """A file whose name looks like one is itself; a pattern that nothing fits is an error, and a plain name is left to the reader."""
    for name in ("b-2.csv", "b-1.csv", "b-[1].csv", "c.csv"):
        (tmp_path / name).write_text("x")
    assert [p.name for p in data_paths(tmp_path, "b-?.csv")] == ["b-1.csv", "b-2.csv"]
    assert [p.name for p in data_paths(tmp_path, "b-[1].csv")] == ["b-[1].csv"]
    assert [p.name for p in data_paths(tmp_path, "missing.csv")] == ["missing.csv"]
    with pytest.raises(ConfigError, match=r"path d\*.csv: expected files of this pattern, found none"):
        data_paths(tmp_path, "d*.csv")
