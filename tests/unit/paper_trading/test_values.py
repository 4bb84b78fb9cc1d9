"""What a decision is made of, and the decision, are values: whoever holds one holds what was decided on."""

from __future__ import annotations

import msgspec
import pytest

from genesis.paper_trading import (
    ab_testing,
    judging,
    promotion_facts,
    promotion_manager,
    promotion_rules,
    validation_criteria,
    verdicts,
)

ROOMS = (ab_testing, judging, promotion_facts, promotion_manager, promotion_rules, validation_criteria, verdicts)
VALUES = [
    value
    for room in ROOMS
    for value in vars(room).values()
    if isinstance(value, type) and issubclass(value, msgspec.Struct) and value.__module__ == room.__name__
]


@pytest.mark.parametrize("value", VALUES, ids=lambda v: f"{v.__module__.rpartition('.')[2]}.{v.__name__}")
def test_nothing_that_a_decision_is_made_of_can_be_changed(value: type[msgspec.Struct]) -> None:
    """Rules, facts, verdicts, standings and answers are frozen: else the record of a decision could be made to tell of another."""
    assert value.__struct_config__.frozen
