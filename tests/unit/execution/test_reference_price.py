"""The weighted average of the last minutes' trades, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.execution.reference_price import AveragePrice, ReferencePrices

MINUTE = 60_000_000_000


def test_a_ledger_of_five_minutes() -> None:
    """Each trade counts until it is five minutes old; after that the last price stands in."""
    average = AveragePrice(5)

    assert average.at(0) is None
    average.on_trade(0, 100, 1)
    assert average.at(0) == (100, 1)
    average.on_trade(MINUTE, 110, 3)
    assert average.at(MINUTE) == (430, 4)
    assert average.at(5 * MINUTE - 1) == (430, 4)
    assert average.at(5 * MINUTE) == (330, 3)
    assert average.at(6 * MINUTE) == (110, 1)
    average.on_trade(7 * MINUTE, 90, 2)
    assert average.at(7 * MINUTE) == (180, 2)


def test_no_minutes_is_the_last_price() -> None:
    """However long ago, and whatever its size."""
    average = AveragePrice(0)

    assert average.at(0) is None
    average.on_trade(0, 100, 5)
    average.on_trade(1, 101, 1)
    assert average.at(99 * MINUTE) == (101, 1)


@given(
    st.lists(
        st.tuples(st.integers(0, 3 * MINUTE), st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=40
    ),
    st.integers(1, 5),
    st.integers(0, 10 * MINUTE),
)
def test_it_is_the_average_of_the_trades_in_the_window(
    steps: list[tuple[int, int, int]], minutes: int, later: int
) -> None:
    """At every trade and between, the quotient is that of the trades younger than the window, or the last price."""
    average = AveragePrice(minutes)
    trades: list[tuple[int, int, int]] = []
    now = 0
    for step, ticks, lots in steps:
        now += step
        average.on_trade(now, ticks, lots)
        trades.append((now, ticks, lots))
        young = [(p, q) for t, p, q in trades if t > now - minutes * MINUTE]
        found = average.at(now)
        assert found is not None
        assert Fraction(*found) == Fraction(sum(p * q for p, q in young), sum(q for _, q in young))
    now += later
    young = [(p, q) for t, p, q in trades if t > now - minutes * MINUTE] or [(trades[-1][1], 1)]
    found = average.at(now)
    assert found is not None
    assert Fraction(*found) == Fraction(sum(p * q for p, q in young), sum(q for _, q in young))


@given(st.lists(st.integers(0, MINUTE), min_size=1, max_size=20), st.data())
def test_asking_between_changes_nothing(steps: list[int], data: st.DataObject) -> None:
    """Who looks and when never changes what another sees later."""
    asked, unasked = AveragePrice(1), AveragePrice(1)
    now = 0
    for number, step in enumerate(steps):
        asked.at(now + data.draw(st.integers(0, step)))
        now += step
        asked.on_trade(now, 100 + number, 1 + number)
        unasked.on_trade(now, 100 + number, 1 + number)

    assert asked.at(now) == unasked.at(now)


@pytest.mark.parametrize(
    ("minutes", "expected"), [(0, (120, 1)), (1, (120, 1)), (5, (220, 2)), (None, (77, 1)), (9, None)]
)
def test_one_feed_serves_every_reference(minutes: int | None, expected: tuple[int, int] | None) -> None:
    """Trades are fed once for all averaging times; the mark price has none; a time nobody declared is unknown."""
    references = ReferencePrices([5, 0, 1, 5])
    references.on_trade(0, 100, 1)
    references.on_trade(MINUTE, 120, 1)
    references.on_mark(77)

    assert references.reference(MINUTE, minutes) == expected


def test_without_a_mark_price_there_is_no_reference() -> None:
    """Trades do not stand in for a mark price."""
    references = ReferencePrices([0])
    references.on_trade(0, 100, 1)

    assert references.reference(0, None) is None
