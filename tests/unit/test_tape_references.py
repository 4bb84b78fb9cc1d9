"""The prices that an exchange's filters refer to, read from the tape: the weighted average of the last minutes' trades, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.model.instruments import Instrument, InstrumentKind
from genesis.tape.references import TapeReferences
from tests.kit.runs import START, marks_stream, trades_stream

MINUTE = 60_000_000_000
PERP = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)


def of(trades: Sequence[tuple[int, int, int]], mark: int | None = None) -> TapeReferences:
    """Trades of (ns after the start, ticks, lots), and a mark price of so many ticks at the start."""
    streams = [trades_stream([(t, ticks, lots, 0) for t, ticks, lots in trades], PERP)]
    if mark is not None:
        streams.append(marks_stream([(0, mark * 10**6, mark * 10**6, mark * 10**6)], PERP))
    for stream in streams:
        stream.reveal(stream.recorded)
    return TapeReferences(streams)


def at(references: TapeReferences, time_ns: int, minutes: int | None = 5) -> tuple[int, int] | None:
    """The reference so long after the start."""
    return references.reference(START + time_ns, minutes)


def test_a_ledger_of_five_minutes() -> None:
    """Each trade counts until it is five minutes old; after that the last price stands in; a trade to come is unknown."""
    found = of([(0, 100, 1), (MINUTE, 110, 3), (7 * MINUTE, 90, 2)])

    assert at(found, -1) is None
    assert at(found, 0) == (100, 1)
    assert at(found, MINUTE) == (430, 4)
    assert at(found, 5 * MINUTE - 1) == (430, 4)
    assert at(found, 5 * MINUTE) == (330, 3)
    assert at(found, 6 * MINUTE) == (110, 1)
    assert at(found, 7 * MINUTE) == (180, 2)


def test_no_minutes_is_the_last_price() -> None:
    """However long ago, and whatever its size."""
    found = of([(0, 100, 5), (1, 101, 1)])

    assert at(found, -1, 0) is None
    assert at(found, 99 * MINUTE, 0) == (101, 1)


@given(
    st.lists(
        st.tuples(st.integers(0, 3 * MINUTE), st.integers(1, 10**6), st.integers(1, 10**6)), min_size=1, max_size=40
    ),
    st.integers(1, 5),
    st.lists(st.integers(0, 130 * MINUTE), min_size=1, max_size=10),
)
def test_it_is_the_average_of_the_trades_in_the_window(
    steps: list[tuple[int, int, int]], minutes: int, moments: list[int]
) -> None:
    """Asked in any order, the quotient is that of the trades younger than the window, or the last price."""
    trades, now = [], 0
    for step, ticks, lots in steps:
        now += step
        trades.append((now, ticks, lots))
    found = of(trades)
    for moment in (now, *moments):
        known = [(t, p, q) for t, p, q in trades if t <= moment]
        young = [(p, q) for t, p, q in known if t > moment - minutes * MINUTE] or [(p, 1) for _, p, _ in known[-1:]]
        answer = at(found, moment, minutes)
        if not known:
            assert answer is None
        else:
            assert answer is not None
            assert Fraction(*answer) == Fraction(sum(p * q for p, q in young), sum(q for _, q in young))


@pytest.mark.parametrize(("minutes", "expected"), [(0, 120), (1, 120), (5, 110), (None, 77)])
def test_one_tape_serves_every_reference(minutes: int | None, expected: int) -> None:
    """All averaging times, and the mark price, which has none."""
    answer = at(of([(0, 100, 1), (MINUTE, 120, 1)], mark=77), MINUTE, minutes)

    assert answer is not None
    assert Fraction(*answer) == expected


def test_without_a_mark_price_there_is_no_reference() -> None:
    """Trades do not stand in for a mark price."""
    assert at(of([(0, 100, 1)]), 0, None) is None


def test_the_mark_price_is_the_latest_that_has_come() -> None:
    """One at the start and one a minute later: none before the first, and never one to come."""
    marks = marks_stream(
        [(at_ns, mark * 10**6, mark * 10**6, mark * 10**6) for at_ns, mark in ((0, 77), (MINUTE, 80))], PERP
    )
    marks.reveal(2)
    found = TapeReferences([marks])
    told = [at(found, moment, None) for moment in (-1, 0, MINUTE - 1, MINUTE)]
    assert told[0] is None
    assert [Fraction(*mark) for mark in told[1:] if mark is not None] == [77, 77, 80]
