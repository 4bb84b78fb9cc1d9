"""A ratio of two amounts is the nearest float, however large they are."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from genesis.model.grid import quotient

AMOUNTS = st.integers(-(10**19), 10**19)


@given(AMOUNTS, AMOUNTS.filter(bool))
def test_a_ratio_of_amounts_is_the_nearest_float(numerator: int, denominator: int) -> None:
    """As the exact fraction rounds, beyond 2^53 too, where the amounts themselves are no floats."""
    assert quotient(numerator, denominator) == float(Fraction(numerator, denominator))
