"""Where one recording of a run begins later than another, or ends earlier."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, parse_utc
from genesis.config import load_config
from genesis.feeds.files.reading import Reading
from genesis.model.instruments import Calendar
from genesis.model.market import BarKind, BarSpec
from genesis.model.promotion_events import EvidenceSample
from genesis.model.run_events import GapFound
from genesis.system.edges import up_from_ns, with_edges
from genesis.system.run import prepare
from genesis.tape.stream import StreamKind
from tests.kit.recordings import reading
from tests.kit.runs import FX, SPOT, START, Memory

HOUR, DAY = NS_PER_HOUR, NS_PER_DAY
# Of a Wednesday, UTC.
MIDNIGHT = START


def bars(first_h: int, last_h: int) -> Reading:
    """Hourly bars that open from the one hour after MIDNIGHT to the other."""
    rows = [(h * HOUR, (h + 1) * HOUR) for h in range(first_h, last_h + 1)]
    return reading(StreamKind.BARS, rows, ("time_open", "ts"), SPOT, spec=BarSpec(BarKind.TIME, HOUR))


def trades(*hours: float) -> Reading:
    return reading(StreamKind.TRADES, [(int(h * HOUR),) for h in hours], ("ts",), FX)


def missing(of: Reading) -> list[tuple[float, float, int | None]]:
    """The gaps of a reading: from and to in hours after MIDNIGHT, and how many bars."""
    return [((g.time_from - MIDNIGHT) / HOUR, (g.time_to - MIDNIGHT) / HOUR, g.missing) for g in of.report.gaps]


def test_bars_that_another_recording_shows_to_be_missing_are_a_gap() -> None:
    """Bars from hour 3 to 5 beside trades from hour 0.5 to 9.25: those that open at 1 and 2, and at 6, 7 and 8, are not there."""
    of_bars, of_trades = with_edges([bars(3, 5), trades(0.5, 9.25)])
    assert missing(of_bars) == [(1, 3, 2), (6, 9.25, 3)]
    assert missing(of_trades) == []


def test_a_recording_alone_or_of_the_same_time_lacks_nothing() -> None:
    """The run begins when the first bar closes and ends when the last one does; less than a bar is no bar."""
    assert missing(with_edges([bars(0, 5)])[0]) == []
    assert [missing(r) for r in with_edges([bars(0, 5), trades(0.2, 6.9)])] == [[], []]


def test_of_trades_only_whole_evidence_bars_without_any_are_missing() -> None:
    """A quiet hour is no gap. From 01:00 with one trade at 09:00: up to 08:00, and from 12:00 on."""
    assert missing(with_edges([bars(0, 24), trades(9)])[1]) == [(1, 8, None), (12, 25, None)]


def test_a_closed_market_lacks_nothing() -> None:
    """From Friday 22:00 to Sunday 22:00 UTC (New York 17:00 in winter) no bar and no trade is expected."""
    friday = (parse_utc("2025-01-10T22:00:00Z") - MIDNIGHT) // HOUR
    of_bars, of_trades = bars(friday - 5, friday - 1), trades(friday - 4.5, friday - 0.5)
    closed = [
        msgspec.structs.replace(r, instrument=replace(r.instrument, calendar=Calendar.FX)) for r in (of_bars, of_trades)
    ]
    around = trades(friday - 5, friday + 40)
    assert [missing(r) for r in with_edges([*closed, around])[:2]] == [[], []]
    assert missing(with_edges([of_bars, around])[0]) == [(friday, friday + 40, 40)]


def test_a_run_is_up_from_the_open_of_its_first_bar() -> None:
    """That row tells of the hour before it came; a trade tells of nothing before itself; whatever tells first counts."""
    assert up_from_ns([bars(3, 5)]) == MIDNIGHT + 3 * HOUR
    assert up_from_ns([trades(3, 5)]) == MIDNIGHT + 3 * HOUR
    assert up_from_ns([trades(3.5), bars(3, 5)]) == MIDNIGHT + 3 * HOUR


def test_while_the_market_was_closed_nothing_was_to_be_seen() -> None:
    """It opens on Sunday at 22:00 UTC: of the bar that began at 20:00 nothing is lacking, but an hour where the first row comes at 23:00."""
    sunday = (parse_utc("2025-01-12T22:00:00Z") - MIDNIGHT) // HOUR
    opened, later = (
        msgspec.structs.replace(r, instrument=replace(r.instrument, calendar=Calendar.FX))
        for r in (bars(sunday, sunday + 5), bars(sunday + 1, sunday + 5))
    )
    assert up_from_ns([opened]) == MIDNIGHT + (sunday - 2) * HOUR
    assert up_from_ns([later]) == MIDNIGHT + (sunday + 1) * HOUR
    assert up_from_ns([bars(sunday, sunday + 5)]) == MIDNIGHT + sunday * HOUR


def test_who_trades_what_has_ended_earns_no_more_days(tmp_path: Path) -> None:
    """Two days of one market beside ten of another: twelve evidence bars of the one, sixty of the other, and the gap is told once."""
    begin = parse_utc("2024-01-01T00:00:00Z") // 10**9
    for name, days in (("short", 2), ("long", 10)):
        rows = (f"{begin + h * 3_600},{10 + h % 3},14,9,{10 + (h + 1) % 3},5" for h in range(24 * days))
        (tmp_path / f"{name}.csv").write_text("\n".join(("time,open,high,low,close,volume", *rows)))
    path = tmp_path / "config.yaml"
    path.write_text(
        """
run: {realistic: false}
instruments:
  - {symbol: S, venue: X, base: S, quote: USDT, tick: 0.01, lot: 0.01}
  - {symbol: L, venue: X, base: L, quote: USDT, tick: 0.01, lot: 0.01}
data:
  - {instrument: S.X, path: short.csv}
  - {instrument: L.X, path: long.csv}
strategies:
  - {name: s, strategy: ma_crossover, instruments: [S.X], budget: 10000, params: {bars: 1h, fast: 2, slow: 3}}
  - {name: l, strategy: ma_crossover, instruments: [L.X], budget: 10000, params: {bars: 1h, fast: 2, slow: 3}}
"""
    )
    journal = Memory()
    prepare(load_config(path), tmp_path).execute(journal)
    returns = {
        name: [e.bar_return for e in journal.events if isinstance(e, EvidenceSample) and e.track == name]
        for name in "sl"
    }
    assert [sum(r is not None for r in returns[name]) for name in "sl"] == [12, 60]
    (gap,) = [e for e in journal.events if isinstance(e, GapFound)]
    assert (gap.stream, gap.missing, gap.detail) == ("S.X/bars/1h", 192, "192 bars of 1h missing after the last")
