"""Every stage under everything that can happen to it: what is decided is what the table says, and every cell of the table is decided by something."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from genesis.paper_trading.promotion_facts import Evaluation, Order, Room, Standing
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import STAGES, HaltKind, Move, Stage
from tests.kit.promotions import FAILED, alarm, decided, halted, said, standing, warning
from tests.unit.paper_trading.test_stages import expected

PASSES = {"adjusted": 200.0, "residual": 200.0, "e_live": 5.0}
# What is to bring a move about, whatever the stage: facts, the room in the account, persons.
CAUSES: dict[Move, dict[str, Any]] = {
    Move.REGISTER: {},
    Move.CHANGE: {"identity": "j" * 64},
    Move.VALIDATE: PASSES,
    Move.THAW: {"verdicts": FAILED},
    Move.GO_LIVE: PASSES,
    Move.STEP_UP: PASSES,
    Move.REACH_MAX: PASSES,
    Move.FORCE: {"commands": [said(Order.PROMOTE)], "verdicts": FAILED, "adjusted": 4.0},
    Move.STEP_DOWN: {"room": Room(Decimal("0.10"), "so it is"), **PASSES},
    Move.GIVE_BACK: {"room": Room(Decimal(0), "so it is"), **PASSES},
    Move.DEGRADE: {"monitors": warning(), **PASSES},
    Move.RECOVER: PASSES,
    Move.DEMOTE: {"monitors": alarm(), **PASSES},
    Move.RETRY: {"verdicts": FAILED},
    Move.REJECT: {"futility": 25.0, "verdicts": FAILED},
    Move.HALT: {"commands": [said(Order.HALT)]},
    Move.RESUME: {"commands": [said(Order.RESUME)]},
    Move.RESTORE: {"commands": [said(Order.RESTORE)]},
    Move.ARCHIVE: {"commands": [said(Order.ARCHIVE)]},
}
HELD = {Stage.LIVE: "0.20", Stage.STABLE: "1.00", Stage.DEGRADED: "0.20"}


def stood(stage: Stage, move: Move) -> Standing:
    """A version in a stage, where the move is possible at once."""
    if stage is Stage.DRAFT:
        return Standing(version="a", identity="i" * 64)
    if stage is Stage.HALTED and move is Move.REJECT:
        return standing(stage, halt=halted(), ended=Stage.REJECTED)
    if stage is Stage.HALTED:
        return standing(stage, halt=halted(HaltKind.DATA), halted_fraction=Decimal("0.20"))
    if stage is Stage.LIVE and move is Move.REACH_MAX:
        return standing(stage, "0.90")
    if stage is Stage.DEMOTED and move is Move.REJECT:
        return standing(stage, attempt=3)
    return standing(stage, HELD.get(stage, "0"), failures=5 if move is Move.THAW else 0)


def happened(stage: Stage, move: Move) -> Evaluation:
    # Three attempts, so that the third demotion is the last; all else as it is shipped.
    cause = Move.RESUME if (stage, move) == (Stage.HALTED, Move.REJECT) else move
    return decided(stood(stage, move), PromotionRules(max_attempts=3), **CAUSES[cause])


@pytest.mark.parametrize(("stage", "move"), list(product(Stage, Move)), ids=lambda x: x.value)
def test_a_decision_is_a_cell_of_the_table(stage: Stage, move: Move) -> None:
    """Where the cell of a move holds a stage, its cause leads there; where it is empty the cause leads along another cell of the row, or nowhere."""
    e = happened(stage, move)
    to = expected(stage, move)
    if to is not None:
        assert (e.move, e.after.stage) == (move, to)
        return
    assert e.move is not move
    if e.move is None:
        assert (e.after.stage, e.after.fraction) == (stage, e.before.fraction)
    else:
        assert e.after.stage is expected(stage, e.move)


def test_every_cell_is_decided_by_its_cause() -> None:
    """As many as the table has."""
    found = {(s, m) for s, m in product(Stage, Move) if happened(s, m).move is m}
    assert found == set(STAGES)
