"""Lots of an amount: the same object again has the same lots, and what is no amount stays refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from genesis.model.money import Quantity
from tests.kit.factories import BTC


def test_the_same_amount_again() -> None:
    """Amounts that alternate each get their own lots, whatever was asked before."""
    small, large = BTC.quantity(3), Decimal(BTC.lot * 7)
    assert [BTC.lots(x) for x in (small, small, large, large, small)] == [3, 3, 7, 7, 3]
    assert BTC.lots(str(BTC.lot * 5)) == 5


def test_what_is_no_amount_is_refused_again() -> None:
    """A refusal is not remembered as an amount."""
    off = Quantity(BTC.lot / 2)
    for _ in range(2):
        with pytest.raises(ValueError, match="quantity off the lot"):
            BTC.lots(off)
        for wrong in (None, 1.5, True):
            with pytest.raises(TypeError, match="expected Decimal, int or text"):
                BTC.lots(wrong)  # type: ignore[arg-type]
