"""What a decision is made of, and the decision, are values: whoever holds one holds what was decided on."""

from __future__ import annotations

from decimal import Decimal

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
from genesis.paper_trading.promotion_facts import AccountFacts, Evaluation, Facts, Standing
from genesis.paper_trading.verdicts import Measurements

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


@pytest.mark.parametrize("value", [AccountFacts, Evaluation, Facts, Measurements, Standing], ids=lambda v: v.__name__)
def test_values_of_many_parts_are_made_by_name(value: type[msgspec.Struct]) -> None:
    """Two counts in each other's place would be read as a decision."""
    with pytest.raises(TypeError, match="Extra positional arguments"):
        value(0)


def test_who_has_just_been_registered_has_no_past() -> None:
    """A draft without capital, counters, dates, halt or wish; its first identity and its first attempt."""
    fresh = msgspec.structs.asdict(Standing(version="a", identity="i"))
    named = {"version": "a", "identity": "i", "epoch": 1, "attempt": 1, "pause_words": ""}
    told = {n: v for n, v in fresh.items() if n not in ("stage", "pause")}
    assert {n: v for n, v in told.items() if n in named} == named
    assert (fresh["stage"].value, fresh["pause"].value) == ("DRAFT", "NONE")
    rest = {n: v for n, v in told.items() if n not in named}
    assert len(rest) == 23
    assert not any(rest.values())


def test_of_a_version_of_which_nothing_is_known_nothing_is_believed() -> None:
    """E is 1, no trade is closed, nothing was earned, nothing is held, no fraction is too small."""
    known = Facts(time_ns=0, version="a", identity="i", evidence_from_ns=0, budget=Decimal(1))
    assert (known.e_value, known.adjusted, known.counted) == (1, 1, 1)
    assert (known.live_trades, known.live_pnl, known.live_flat, known.least_fraction) == (0, 0, True, 0)
