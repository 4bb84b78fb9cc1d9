"""What a market was like lately, by hand: volume and volatility of a day, the spread where none is shown, the usual print."""

from __future__ import annotations

from math import sqrt

import pytest

from genesis.errors import IntegrityError
from genesis.model.market import BarKind, BarSpec
from genesis.tape.bars import BarSeries
from genesis.tape.conditions import MarketConditions
from genesis.tape.stream import Stream
from tests.kit.fills import SECOND
from tests.unit.tape.columns import HOUR, bars, trades

PRIOR = 0.03
Candle = tuple[int, int, int, int, int]


def of_bars(*candles: Candle) -> MarketConditions:
    """Conditions of hourly bars that have all closed."""
    stream = bars("1h", *candles)
    series = BarSeries(stream, BarSpec(BarKind.TIME, HOUR))
    series.update(len(candles) * HOUR + 1)
    return MarketConditions(series, None, PRIOR)


def of_prints(stream: Stream) -> MarketConditions:
    return MarketConditions(None, stream, PRIOR)


def flat(n: int, lots: int = 10) -> list[Candle]:
    """Bars in which nothing moved."""
    return [(100, 100, 100, 100, lots)] * n


def test_before_the_first_bar_nothing_is_known() -> None:
    """Neither volatility nor volume; nor without bars."""
    assert of_bars(*flat(3)).daily(HOUR - 1) == (0.0, 0.0)
    assert of_prints(trades()).daily(HOUR) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("hours", "lots"),
    [
        (1, 240.0),  # 10 in an hour
        (3, 240.0),  # 30 in three
        (3.5, 30 * 24 / 3.5),  # 30 in three and a half
        (24, 240.0),
        (30, 240.0),  # of thirty bars the latest 24
    ],
)
def test_volume_is_that_of_the_last_day_and_scaled_up_before(hours: float, lots: float) -> None:
    """Bars closed at the moment or before it; the first day is as long as it is."""
    found = of_bars(*flat(30)).daily(round(hours * HOUR))
    assert found == (PRIOR, pytest.approx(lots, rel=1e-12))


def test_a_day_is_counted_from_the_first_bar_wherever_the_tape_begins() -> None:
    """Three hours of 10 lots that begin with the hundredth hour: 240 a day. After a day and more without any the next hour stands alone."""
    hours = (100, 101, 102, 130)
    series = BarSeries(trades(*((3_600 * h, 100, 10) for h in hours)), BarSpec(BarKind.TIME, HOUR))
    series.update(131 * HOUR)
    conditions = MarketConditions(series, None, PRIOR)
    assert conditions.daily(103 * HOUR) == (PRIOR, pytest.approx(240.0))
    for _ in range(2):
        conditions.before_kept()
    assert conditions.daily(131 * HOUR) == (PRIOR, pytest.approx(10.0))


def test_a_first_bar_is_never_shorter_than_a_bar() -> None:
    """Bars of three trades whose first one took no time: the span is that of a whole bar, its step."""
    series = BarSeries(trades((0, 100, 1), (0, 100, 1), (0, 100, 2)), BarSpec(BarKind.TICK, 3))
    series.update(1)
    _, lots = MarketConditions(series, None, PRIOR).daily(0)
    assert lots == pytest.approx(4 * 86_400 * SECOND / 3)


def test_volatility_is_the_weighted_root_mean_square_of_thirty_returns_and_more() -> None:
    """A rise of a tenth in the first hour and nothing since: at 31 bars its weight is a half to the power of 30 / 24 of a day.

    Weights of 31 hours sum to (1 - w^31) / (1 - w), w = 2^(-1/24); a day has 24 hours.
    """
    moved = of_bars((100, 110, 100, 110, 1), *[(110, 110, 110, 110, 1)] * 30)
    assert moved.daily(30 * HOUR)[0] == PRIOR
    w = 2 ** (-1 / 24)
    expected = sqrt(0.01 * w**30 * (1 - w) / (1 - w**31) * 24)
    assert moved.daily(31 * HOUR)[0] == pytest.approx(expected, rel=1e-12)


def test_volatility_counts_from_the_open_of_the_first_bar_and_from_close_to_close_after() -> None:
    """Every close a tenth above the one before, opens do not matter: a tenth an hour is the root of 24 tenths of a tenth a day."""
    closes = [round(100_000 * 1.1**i) for i in range(41)]
    moved = of_bars(*((closes[0] if i == 0 else 1, 10**7, 1, closes[i + 1], 1) for i in range(40)))
    assert moved.daily(40 * HOUR)[0] == pytest.approx(0.1 * sqrt(24), rel=1e-4)


def test_what_no_moment_asks_for_any_more_is_let_go_and_changes_no_answer() -> None:
    """After a state was kept: the same volume and volatility, and a moment long gone is an error and no other number."""
    whole, kept = (of_bars(*[(100, 102, 99, 100 + i % 3, 5 + i) for i in range(48)]) for _ in range(2))
    kept.before_kept()
    kept.before_kept()
    for hours in (48, 49, 60):
        assert kept.daily(hours * HOUR) == whole.daily(hours * HOUR)
    with pytest.raises(IntegrityError, match="expected a moment not yet let go of"):
        kept.daily(24 * HOUR)


@pytest.mark.parametrize(
    ("prints", "half"),
    [
        # A sale at 100 and a purchase at 102, a sale again two lower: a mean step of 2, half of it 1 tick of 101.
        (((0, 100, 1, -1), (1, 102, 1, 1), (2, 103, 1, 1), (3, 101, 1, -1)), 990_100),
        # Steps of 2 and of 1: a mean of 1.5 is rounded up to 2.
        (((0, 100, 1, -1), (1, 102, 1, 1), (2, 101, 1, -1)), 990_100),
        # No turn: half a tick of 50.
        (((0, 49, 1, 1), (1, 50, 1, 1)), 1_000_000),
        # Steps that go the wrong way are no spread: half a tick.
        (((0, 102, 1, -1), (1, 100, 1, 1)), 500_000),
        # A print of no side is no turn.
        (((0, 100, 1, -1), (1, 106, 1, 0), (2, 110, 1, 1)), 454_546),
        (((0, 100, 1, 0), (1, 96, 1, -1)), 520_834),
    ],
    ids=["two turns", "rounded up", "no turn", "against the spread", "no side", "no side before"],
)
def test_the_spread_of_prints_is_the_mean_step_between_sales_and_purchases(
    prints: tuple[tuple[float, int, int, int], ...], half: int
) -> None:
    """Half of it, as a fraction of the last price in 1e-8, rounded up; before the first print there is none."""
    found = of_prints(trades(*prints))
    assert found.half_spread(9 * SECOND) == half
    assert found.half_spread(0) == 0


def test_only_prints_before_the_moment_and_the_last_five_hundred_count() -> None:
    """A wide turn is forgotten once 499 prints came after its second one, and one at the very moment is not known."""
    wide = ((0, 100, 1, -1), (1, 110, 1, 1))
    later = [(2 + i, 110, 1, 1) for i in range(499)]
    assert of_prints(trades(*wide, *later[:498])).half_spread(10**15) == 4_545_455  # half of 10 of 110
    assert of_prints(trades(*wide, *later)).half_spread(10**15) == 454_546  # half of 1
    assert of_prints(trades(*wide)).half_spread(SECOND) == 500_000


@pytest.mark.parametrize(("prints", "size"), [([5], 5), ([5, 1], 5), ([9, 1, 4], 4), ([9, 1, 4, 6], 6)])
def test_the_usual_print_is_the_larger_middle_one(prints: list[int], size: int) -> None:
    """Of those before the moment, whatever their order."""
    found = of_prints(trades(*((i, 100, lots) for i, lots in enumerate(prints))))
    assert found.typical_print(len(prints) * SECOND) == size
    assert found.typical_print(0) is None
    assert of_bars(*flat(2)).typical_print(9 * HOUR) is None


def test_the_usual_print_is_of_the_last_hundred() -> None:
    """A hundred prints of one lot before a hundred of three: three; with one of them fewer it is still of a hundred."""
    stream = trades(*((i, 100, 1) for i in range(100)), *((100 + i, 100, 3) for i in range(100)))
    found = of_prints(stream)
    assert [found.typical_print(s * SECOND) for s in (200, 150, 149)] == [3, 3, 1]


def test_the_spread_of_equal_bars_is_their_range_over_their_middle() -> None:
    """Corwin and Schultz for two bars of one range: alpha is ln(high / low), so the spread is 2 (H - L) / (H + L).

    From 98 to 102 that is 4 %; half of it is 2 %, or half a tick where a bar does not move.
    """
    equal = of_bars((100, 102, 98, 100, 1), (100, 102, 98, 100, 1))
    assert equal.half_spread(2 * HOUR) == pytest.approx(2_000_000, abs=2)
    assert equal.half_spread(HOUR) == 500_000
    assert equal.half_spread(HOUR - 1) == 0
    assert of_bars(*flat(2)).half_spread(2 * HOUR) == 500_000
    assert of_bars((103, 103, 103, 103, 1)).half_spread(HOUR) == 485_437  # half a tick of 103, rounded up


def test_bars_that_run_away_have_no_spread_and_count_as_zero() -> None:
    """A pair with a trend beside one of equal bars: the mean of 0 and 4 %, half of it 1 %."""
    trend = of_bars((100, 102, 98, 100, 1), (100, 122, 118, 100, 1))
    assert trend.half_spread(2 * HOUR) == 500_000
    both = of_bars((100, 102, 98, 100, 1), (100, 102, 98, 100, 1), (100, 122, 118, 100, 1))
    assert both.half_spread(3 * HOUR) == pytest.approx(1_000_000, abs=2)


def test_of_bars_the_last_thirty_pairs_count() -> None:
    """One pair of 4 % among thirty, and one of a range beside none, which is none: half of 4 % over 30; an hour later the first is out of sight."""
    wide, still = (100_000, 102_000, 98_000, 100_000, 1), (100_000, 100_000, 100_000, 100_000, 1)
    found = of_bars(wide, wide, *[still] * 30)
    assert found.half_spread(31 * HOUR) == pytest.approx(66_667, abs=2)
    assert found.half_spread(32 * HOUR) == 500


def test_bars_that_do_not_close_by_time_tell_no_volatility() -> None:
    """Nobody knows how many of them a day has: nothing after thirty returns, what is assumed before."""
    series = BarSeries(trades(*((i, 100 + i % 2, 1) for i in range(31))), BarSpec(BarKind.TICK, 1))
    series.update(100 * SECOND)
    conditions = MarketConditions(series, None, PRIOR)
    assert [conditions.daily(s * SECOND)[0] for s in (29, 30)] == [PRIOR, 0.0]
