"""Every property of the fill path once more, with ten times as many examples."""

from __future__ import annotations

import pytest

from tests.kit.thorough import THOROUGH
from tests.property import (  # noqa: F401 - importing fills the table
    test_everything_at_once,
    test_fill_invariants,
    test_fill_liquidity,
    test_fill_order_life,
    test_fill_prices,
    test_fill_realism,
    test_fill_runs,
    test_fill_symmetry,
    test_settlement_currencies,
)


@pytest.mark.slow
@pytest.mark.parametrize("name", THOROUGH)
def test_the_property_holds_for_many_more_examples(name: str) -> None:
    """The same statement, searched for longer."""
    THOROUGH[name]()
