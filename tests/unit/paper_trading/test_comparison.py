"""Live beside its twin: which decisions are the same, and a gap in money that adds up."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.paper_trading.comparison import Intent, Result, attribute, indices, match, mean_gap, of_bars

MARKS = {"X": Fraction(110), "Y": Fraction(7)}


def intent(time: int, side: int = 1, qty: str = "2", price: str = "100", cost: str = "0", **values: object) -> Intent:
    """A decision that was filled whole, ``cost`` a unit beyond the price faced."""
    told: dict[str, object] = {
        "time_ns": time,
        "ordinal": 0,
        "instrument": "X",
        "side": side,
        "asked": Fraction(qty),
        "filled": Fraction(qty),
        "notional": Fraction(qty) * Fraction(price),
        "cost": Fraction(qty) * Fraction(cost),
    }
    return Intent(**{**told, **values})  # type: ignore[arg-type]


def unfilled(time: int, **values: object) -> Intent:
    """A decision that came to nothing."""
    nothing = Fraction(0)
    return intent(time, **{"filled": nothing, "notional": nothing, "cost": nothing, **values})  # type: ignore[arg-type]


def worth(intents: list[Intent], fees: str = "0", funding: str = "0") -> Result:
    """What the fills earn up to the marks, less fees."""
    gross = sum((i.side * (i.filled * MARKS[i.instrument] - i.notional) for i in intents), Fraction(0))
    return Result(gross - Fraction(fees) + Fraction(funding), Fraction(fees), Fraction(funding))


def test_the_same_decision_is_of_the_same_moment_and_place() -> None:
    """One at another moment, of another side or instrument is not."""
    live = [intent(1), intent(2), intent(3, ordinal=1), intent(4, side=-1), intent(5, instrument="Y")]
    twin = [intent(1), intent(3), intent(4), intent(5)]
    found = match(live, twin)
    assert [(a.time_ns, b.time_ns) for a, b in found.both] == [(1, 1)]
    assert [i.time_ns for i in found.live_only] == [2, 3, 4, 5]
    assert [i.time_ns for i in found.twin_only] == [3, 4, 5]


def test_a_dearer_fill_is_price_and_a_later_one_timing() -> None:
    """Two bought at 103 of which 1 is cost, against 101 of which 0.5 is cost: 1 dearer by cost, 3 by the market."""
    live, twin = [intent(1, price="103", cost="1")], [intent(1, price="101", cost="0.5")]
    found = attribute(match(live, twin), worth(live), worth(twin), MARKS, 8)
    assert (found.gap, found.price, found.timing) == (Decimal(-4), Decimal(-1), Decimal(-3))
    assert (found.missed, found.fees, found.funding, found.valuation) == (0, 0, 0, 0)


def test_what_only_one_filled_is_what_it_earned() -> None:
    """The twin bought 2 at 100 that live missed, and they are worth 110: 20 less."""
    live, twin = [unfilled(1)], [intent(1)]
    assert attribute(match(live, twin), worth(live), worth(twin), MARKS, 8).missed == -20
    assert attribute(match([], twin), worth([]), worth(twin), MARKS, 8).missed == -20
    assert attribute(match(twin, []), worth(twin), worth([]), MARKS, 8).missed == 20


def test_a_part_that_was_filled_is_compared_and_the_rest_missed() -> None:
    """Live got 1 of 2 at 101; the twin 2 at 100: 1 dearer by 1, and 1 missed that would have earned 10."""
    live, twin = [intent(1, qty="1", price="101")], [intent(1)]
    found = attribute(match(live, twin), worth(live), worth(twin), MARKS, 8)
    assert (found.gap, found.missed, found.timing) == (Decimal(-11), Decimal(-10), Decimal(-1))


def test_fees_and_funding_are_parts_of_their_own() -> None:
    """0.3 more fees and 0.1 less funding received."""
    both = [intent(1)]
    live, twin = worth(both, "0.5", "0.1"), worth(both, "0.2", "0.2")
    found = attribute(match(both, both), live, twin, MARKS, 8)
    assert (found.fees, found.funding, found.gap) == (Decimal("-0.3"), Decimal("-0.1"), Decimal("-0.4"))


def test_refused_in_an_instrument_that_never_traded_needs_no_price() -> None:
    """It filled nothing, so nothing is to be valued."""
    found = attribute(match([unfilled(1, instrument="Z", refused=True)], []), worth([]), worth([]), {}, 8)
    assert found.gap == 0


amounts = st.decimals(min_value=0, max_value=50, places=3)
prices = st.decimals(min_value=1, max_value=300, places=2)


@st.composite
def runs(draw: st.DrawFn) -> list[Intent]:
    """Decisions of one track, some of them filled, in two instruments."""
    found = []
    for time in sorted(draw(st.sets(st.integers(0, 12), max_size=8))):
        asked = draw(amounts)
        filled = draw(st.sampled_from([asked, asked / 3, Decimal(0)]))
        price, cost = draw(prices), draw(st.decimals(min_value=-1, max_value=5, places=2))
        found.append(
            intent(
                time,
                draw(st.sampled_from([1, -1])),
                instrument=draw(st.sampled_from(["X", "Y"])),
                asked=Fraction(asked),
                filled=Fraction(filled),
                notional=Fraction(filled) * Fraction(price),
                cost=str(Fraction(filled) * Fraction(cost)),
            )
        )
    return found


@given(runs(), runs(), amounts, amounts, amounts)
def test_the_parts_add_up_to_the_gap_exactly(
    live: list[Intent], twin: list[Intent], a: Decimal, b: Decimal, funding: Decimal
) -> None:
    """Whatever was filled; and where all is held at the same last price, nothing is left for valuation."""
    own, other = worth(live, str(a), str(funding)), worth(twin, str(b))
    found = attribute(match(live, twin), own, other, MARKS, 10)
    assert sum(v for _, v in found.parts()) == found.gap
    assert abs(Fraction(found.gap) - (own.pnl - other.pnl)) <= Fraction(1, 2 * 10**10)
    assert found.valuation == 0


def test_the_mean_gap_is_of_the_bars_in_which_either_held_something() -> None:
    """Fifty bars of -1 bp, and as many empty ones: -1 bp with an interval around it; none under 42."""
    found = mean_gap([0.0, 0.001] * 50, [0.0, 0.0011] * 50)
    assert (found.bars, found.mean) == (50, pytest.approx(-0.0001))
    assert found.low is not None
    assert found.high is not None
    assert found.low <= found.mean <= found.high
    assert mean_gap([0.001] * 41, [0.0] * 41).low is None


def test_figures_of_bars_are_those_of_their_index() -> None:
    """Up 10 %, down 10 %: 1 % lost, 10 % off the peak; a ratio takes 42 bars."""
    found = of_bars([0.1, -0.1])
    assert (found.bars, found.total_return, found.drawdown) == (2, pytest.approx(-0.01), pytest.approx(0.1))
    assert found.sharpe is None
    assert of_bars([0.01, -0.005] * 21).sharpe is not None
    assert indices([1, 2], [0.1, -0.1], [0.0, 0.5]).live == pytest.approx((1.1, 0.99))
