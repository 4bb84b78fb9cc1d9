"""Bars by hand: what each holds, when it closes, and that nothing of one is in another."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from genesis.model.market import Bar, BarKind, BarSpec
from genesis.tape.bars import BarSeries
from genesis.tape.stream import ABSENT, Stream, StreamKind
from tests.kit.fills import SECOND, SPOT
from tests.unit.tape.columns import HOUR, bars, more, rows, trades

FIVE = ((0.5, 100, 2), (1.0, 103, 1), (1.9, 99, 4), (2.0, 101, 1), (5.0, 102, 3))


def closed(series: BarSeries, *names: str) -> list[tuple[int, ...]]:
    """Columns of the bars that have closed, bar by bar."""
    return list(zip(*(series.columns[n][: series.rows].tolist() for n in names), strict=True))


def candles(series: BarSeries) -> list[tuple[int, ...]]:
    """(seconds of open and close, open, high, low, close, lots) of each closed bar."""
    found = closed(series, "time_open", "ts", "open", "high", "low", "close", "lots")
    assert all(a % (SECOND // 10) == b % (SECOND // 10) == 0 for a, b, *_ in found)
    return [(10 * a // SECOND, 10 * b // SECOND, *rest) for a, b, *rest in found]


def of(stream: Stream, spec: BarSpec, until_s: float) -> BarSeries:
    """Bars of what lies before a second."""
    series = BarSeries(stream, spec)
    series.update(round(until_s * SECOND))
    return series


TWO_SECONDS = BarSpec(BarKind.TIME, 2 * SECOND)


def test_a_time_bar_holds_what_happened_from_its_open_to_before_its_close() -> None:
    """2 s of the five trades: three, then the one of the very second 2; nothing of 4 to 6 s before that has passed."""
    first = (0, 20, 100, 103, 99, 99, 7)
    second = (20, 40, 101, 101, 101, 101, 1)
    assert candles(of(trades(*FIVE), TWO_SECONDS, 1.9)) == []
    assert candles(of(trades(*FIVE), TWO_SECONDS, 2)) == [first]
    assert candles(of(trades(*FIVE), TWO_SECONDS, 5)) == [first, second]
    assert candles(of(trades(*FIVE), TWO_SECONDS, 6)) == [first, second, (40, 60, 102, 102, 102, 102, 3)]


def test_many_rows_a_bar_and_none_in_the_one_between() -> None:
    """Twenty trades from 0 to 2 s and twenty from 4 to 6 s: two bars, and no bar of a time in which nothing was traded."""
    stream = trades(*((i / 10, 100 + i, 1) for i in range(20)), *((4 + i / 10, 200 - i, 2) for i in range(20)))
    assert candles(of(stream, TWO_SECONDS, 7)) == [
        (0, 20, 100, 119, 100, 119, 20),
        (40, 60, 200, 200, 181, 181, 40),
    ]


def test_many_rows_a_bar_again_and_again() -> None:
    """Twenty trades in each of three bars, asked for one bar at a time: each holds its own twenty."""
    stream = trades(*((i / 10, 100 + i, 1) for i in range(60)))
    series = BarSeries(stream, TWO_SECONDS)
    for second in (2, 4, 6):
        series.update(second * SECOND)
        assert series.rows == second // 2
    assert closed(series, "open", "high", "low", "close", "lots") == [
        (100, 119, 100, 119, 20),
        (120, 139, 120, 139, 20),
        (140, 159, 140, 159, 20),
    ]


def test_a_single_trade_after_many_is_a_bar() -> None:
    """Thirty trades of the first two seconds and one of the next two."""
    stream = trades(*((i / 20, 100, 1) for i in range(30)), (2.5, 105, 4))
    assert candles(of(stream, TWO_SECONDS, 4))[1:] == [(20, 40, 105, 105, 105, 105, 4)]


def test_bars_come_as_their_rows_come() -> None:
    """Closed as soon as a moment says so, never twice, whatever was asked before; 700 bars of a second are all kept."""
    stream, spec = trades(), BarSpec(BarKind.TIME, SECOND)
    series = BarSeries(stream, spec)
    series.update(SECOND)
    assert series.rows == 0
    for start in range(0, 700, 35):
        more(stream, *((second, 100 + second, 1) for second in range(start, start + 35)))
        series.update((start + 20) * SECOND)
        series.update((start + 35) * SECOND)
        assert series.rows == start + 35
    assert candles(series) == [(10 * s, 10 * s + 10, 100 + s, 100 + s, 100 + s, 100 + s, 1) for s in range(700)]
    assert list(series.times[:3]) == [SECOND, 2 * SECOND, 3 * SECOND]


def test_a_bar_of_three_trades_closes_with_the_third() -> None:
    """Of five trades one bar; it lies between the times of its first and last trade."""
    series = of(trades(*FIVE), BarSpec(BarKind.TICK, 3), 9)
    assert candles(series) == [(5, 19, 100, 103, 99, 99, 7)]
    more(series.source, (9.0, 90, 1), (9.5, 91, 1))
    series.update(9_200_000_000)
    assert candles(series)[1:] == [(20, 90, 101, 102, 90, 90, 5)]


def test_a_bar_of_two_trades_leaves_nothing_over() -> None:
    """Four trades are two bars of two."""
    series = of(trades(*FIVE[:4]), BarSpec(BarKind.TICK, 2), 9)
    assert closed(series, "open", "close", "lots") == [(100, 103, 3), (99, 101, 5)]


def test_a_bar_of_five_lots_closes_with_the_trade_that_reaches_them() -> None:
    """2 + 1 + 4 lots reach five and nothing is carried over; 1 + 3 do not, and one more does."""
    series = of(trades(*FIVE), BarSpec(BarKind.VOLUME, 5), 9)
    assert candles(series) == [(5, 19, 100, 103, 99, 99, 7)]
    more(series.source, (9.0, 104, 1))
    series.update(10 * SECOND)
    assert candles(series)[1:] == [(20, 90, 101, 104, 101, 104, 5)]


def test_a_dollar_bar_counts_ticks_times_lots() -> None:
    """200 + 103 + 396 reach 699 and not 700."""
    assert closed(of(trades(*FIVE[:3]), BarSpec(BarKind.DOLLAR, 699), 9), "close", "lots") == [(99, 7)]
    assert closed(of(trades(*FIVE[:3]), BarSpec(BarKind.DOLLAR, 700), 9), "close", "lots") == []


def test_longer_bars_of_shorter_ones() -> None:
    """Two hours of three bars of one: the extremes of both, known once the moment of the second one's close is over."""
    stream = bars("1h", (100, 110, 95, 105, 3), (106, 108, 90, 91, 4), (91, 92, 91, 92, 5))
    series = BarSeries(stream, BarSpec(BarKind.TIME, 2 * HOUR))
    series.update(2 * HOUR)
    assert series.rows == 0
    series.update(2 * HOUR + 1)
    assert closed(series, "time_open", "ts", "open", "high", "low", "close", "lots", "late") == [
        (0, 2 * HOUR, 100, 110, 90, 91, 7, 0)
    ]
    assert not series.at_boundary


def test_the_very_bars_of_the_source_are_used() -> None:
    """Hours of an hourly source: its own columns, each at its close; a moment that is not over is not in it."""
    stream = bars("1h", (100, 110, 95, 105, 3), (106, 108, 90, 91, 4))
    series = BarSeries(stream, BarSpec(BarKind.TIME, HOUR))
    series.update(HOUR)
    assert (series.rows, series.columns) == (0, stream.columns)
    series.update(HOUR + 1)
    assert (series.rows, closed(series, "close", "lots")) == (1, [(105, 3)])
    series.update(2 * HOUR + 1)
    assert series.rows == 2


def test_a_bar_is_told_in_prices_and_base_units() -> None:
    """Ticks of 0.01 and lots of 0.001, as the nearest floats."""
    series = of(trades(*FIVE), TWO_SECONDS, 5)
    block, place = series.events.at(0, series.rows)
    assert place == 0
    assert block.events[0] == Bar(SPOT, TWO_SECONDS, 0, 2 * SECOND, 1.0, 1.03, 0.99, 0.99, 0.007)
    assert (block.times, block.close_ticks, block.closes) == ([2 * SECOND, 4 * SECOND], [99, 101], [0.99, 1.01])


def test_steps_that_are_no_power_of_ten_are_told_exactly() -> None:
    """Quarters of a dollar and half a contract: 401 ticks are 100.25, three lots 1.5."""
    quarters = replace(SPOT, tick=Decimal("0.25"), lot=Decimal("0.5"))
    series = of(trades((0, 401, 1), (1, 403, 2), instrument=quarters), TWO_SECONDS, 2)
    (bar,) = series.events.at(0, 1)[0].events
    assert (bar.open, bar.close, bar.volume) == (100.25, 100.75, 1.5)


def test_trades_of_an_earlier_bar_are_counted_as_late() -> None:
    """By the exchange's own time two of the second bar belong to the first; one that lies on the bar's open is its own, one without a time too."""
    own = (500, 1_000, 1_999, 2_000, ABSENT, 1_500, 2_400, 2_600)
    at = (500, 1_000, 2_000, 2_100, 2_200, 2_300, 2_500, 2_700)
    stream = rows(
        Stream(SPOT, StreamKind.TRADES),
        *(
            {
                "ts": a * SECOND // 1_000,
                "time_event": o if o == ABSENT else o * SECOND // 1_000,
                "ticks": 100,
                "lots": 1,
            }
            for a, o in zip(at, own, strict=True)
        ),
    )
    assert closed(of(stream, TWO_SECONDS, 4), "late", "lots") == [(0, 2), (2, 6)]
    assert closed(of(stream, BarSpec(BarKind.TICK, 8), 4), "late", "lots") == [(0, 8)]


@pytest.mark.parametrize(
    ("source", "spec", "says"),
    [
        (Stream(SPOT, StreamKind.QUOTES), TWO_SECONDS, "BTCUSDT.TEST/quotes: expected trades or bars to build bars"),
        (bars("2h"), BarSpec(BarKind.TIME, 3 * HOUR), "expected time bars of a multiple of"),
        (bars("2h"), BarSpec(BarKind.TICK, 2 * HOUR), "expected time bars of a multiple of"),
    ],
)
def test_bars_that_cannot_be_built_are_refused(source: Stream, spec: BarSpec, says: str) -> None:
    """Of quotes, of bars that do not divide, and bars of trades where there are none."""
    with pytest.raises(ValueError, match=says):
        BarSeries(source, spec)


def test_only_time_bars_of_trades_close_like_a_timer() -> None:
    """Before the rows of their moment; all others after them."""
    assert BarSeries(trades(), TWO_SECONDS).at_boundary
    assert not BarSeries(trades(), BarSpec(BarKind.TICK, 3)).at_boundary
