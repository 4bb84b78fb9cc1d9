"""Trade statistics, exposure, turnover and time in market, by hand."""

from __future__ import annotations

from decimal import Decimal, localcontext

import pytest

from genesis.metrics.amounts import Amount
from genesis.metrics.exposure import TimeWeighted
from genesis.metrics.trades import TradeTally, breakeven_rate, trade_stats


def test_a_ledger_of_five_trades() -> None:
    """+30, -10, 0, +20, -15: two wins of five, zero counts in the denominator."""
    pnls = [Decimal("30.00"), Decimal("-10.00"), Decimal("0.00"), Decimal("20.00"), Decimal("-15.00")]
    stats = trade_stats(zip(pnls, [60, 120, 30, 90, 10], strict=True))
    assert (stats.n, stats.wins, stats.losses) == (5, 2, 2)
    assert stats.win_rate == 0.4
    assert stats.profit_factor == 2.0
    assert (stats.gross_profit, stats.gross_loss, stats.net_pnl) == (Decimal(50), Decimal(-25), Decimal(25))
    assert stats.expectancy == Decimal(5)
    assert (stats.average_win, stats.average_loss) == (Decimal(25), Decimal("-12.5"))
    assert (stats.largest_win, stats.largest_loss) == (Decimal(30), Decimal(-15))
    assert stats.average_duration_ns == 62


def test_without_trades_every_statistic_is_undefined() -> None:
    """Counts and sums are 0, everything else None."""
    stats = trade_stats([])
    assert (stats.n, stats.wins, stats.losses, stats.forced, stats.net_pnl) == (0, 0, 0, 0, 0)
    for name in (
        "win_rate",
        "profit_factor",
        "expectancy",
        "average_win",
        "average_loss",
        "largest_win",
        "largest_loss",
    ):
        assert getattr(stats, name) is None
    assert stats.average_duration_ns is None


@pytest.mark.parametrize(
    ("pnls", "win_rate", "profit_factor"),
    [([1, 2], 1.0, None), ([-1, -2], 0.0, 0.0), ([0, 0], 0.0, None), ([3, -1], 0.5, 3.0)],
)
def test_profit_factor_is_none_without_a_loss(pnls: list[int], win_rate: float, profit_factor: float | None) -> None:
    """No loss is no division, only losses are 0; a trade of zero is no win."""
    stats = trade_stats((p, 1) for p in pnls)
    assert (stats.win_rate, stats.profit_factor) == (win_rate, profit_factor)


@pytest.mark.parametrize(
    ("wins", "won", "losses", "lost", "rate"),
    [
        (2, 40, 3, -30, 1 / 3),
        (3, 30, 1, -30, 0.75),
        (1, Decimal("0.5"), 1, Decimal("-0.5"), 0.5),
        (4, 40, 0, 0, 0.0),
        (0, 0, 4, -40, 1.0),
        (0, 0, 0, 0, None),
    ],
)
def test_the_share_that_has_to_win_so_that_nothing_is_lost(
    wins: int, won: Amount, losses: int, lost: Amount, rate: float | None
) -> None:
    """20 won against 10 lost at a time: one of three; nothing lost, none; nothing won, all; neither, undefined."""
    assert breakeven_rate(wins, won, losses, lost) == rate


def test_the_least_trades_there_are() -> None:
    """Half a unit won at once and a quarter lost in 3 ns: the largest are these, and 3 ns over two trades are 1, rounded down."""
    stats = trade_stats([(Decimal("0.5"), 0), (Decimal("-0.25"), 3)])
    assert (stats.largest_win, stats.largest_loss) == (Decimal("0.5"), Decimal("-0.25"))
    assert stats.average_duration_ns == 1


def test_forced_exits_count_and_are_flagged() -> None:
    """They are trades like others, and their number is known."""
    tally = TradeTally()
    tally.add(5, 10)
    tally.add(-5, 10, forced=True)
    assert (tally.stats().n, tally.stats().forced, tally.stats().win_rate) == (2, 1, 0.5)


def test_money_is_exact_whatever_the_ambient_context() -> None:
    """A user's decimal settings change no statistic; sums keep every digit."""
    pnls: list[tuple[int | Decimal, int]] = [
        (Decimal("12345678901234567890.12345678"), 1),
        (Decimal("-0.00000001"), 1),
        (10**25, 1),
    ]
    expected = trade_stats(pnls)
    with localcontext() as context:
        context.prec = 3
        assert trade_stats(pnls) == expected
    assert expected.net_pnl == Decimal("10000012345678901234567890.12345677")


def test_a_quotient_has_34_digits() -> None:
    """One over three trades, and two, rounded half to even."""
    assert trade_stats([(1, 1), (0, 1), (0, 1)]).expectancy == Decimal("0." + 34 * "3")
    assert trade_stats([(2, 1), (0, 1), (0, 1)]).expectancy == Decimal("0." + 33 * "6" + "7")


def test_integers_of_ledger_units_and_decimals_give_the_same() -> None:
    """The unit is the caller's."""
    assert trade_stats([(300, 5), (-100, 7)]) == trade_stats([(Decimal(300), 5), (Decimal(-100), 7)])


@pytest.mark.parametrize(
    ("pnl", "duration", "message"),
    [
        (Decimal("NaN"), 1, "pnl: expected a finite amount, found NaN"),
        (Decimal("Infinity"), 1, "pnl: expected a finite amount, found Infinity"),
        (1, -1, "duration_ns: expected 0 or more, found -1"),
    ],
)
def test_what_is_no_trade_is_refused(pnl: int | Decimal, duration: int, message: str) -> None:
    """Before it is counted."""
    tally = TradeTally()
    with pytest.raises(ValueError, match=message):
        tally.add(pnl, duration)
    assert tally.stats() == trade_stats([])


def test_time_in_market_is_the_share_of_time_with_a_position() -> None:
    """In from 10 to 30 and from 70 on: 20 + 30 of 100."""
    held = TimeWeighted(0)
    assert held.mean(0) is None
    for time_ns, value in ((10, 1), (30, 0), (70, 1), (70, 1)):
        held.change(time_ns, value)
    assert held.mean(100) == 0.5
    assert held.mean(140) == 90 / 140


def test_time_weighted_gross_exposure() -> None:
    """0.5 for a quarter of the time and 0.1 for the rest."""
    weighted = TimeWeighted(1_000, 0.5)
    weighted.change(1_025, 0.1)
    assert weighted.mean(1_100) == pytest.approx(0.2)


def test_time_does_not_step_back() -> None:
    """A change before the last one is refused."""
    weighted = TimeWeighted(5)
    with pytest.raises(ValueError, match="time_ns: expected 5 or later, found 4"):
        weighted.change(4, 1.0)
