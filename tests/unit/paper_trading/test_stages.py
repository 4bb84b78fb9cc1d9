"""The one table of a version's life: every pair is either in it or cannot happen, and the document shows the same table."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from genesis.paper_trading.stages import (
    ACTIONS,
    CAPITAL,
    HALT_ACTIONS,
    STAGES,
    STANDING_ORDERS,
    Action,
    HaltKind,
    Move,
    Stage,
    action_of,
    after,
)

DOCUMENT = Path(__file__).parents[3] / "docs" / "PROMOTION.md"
ENDS = frozenset({Stage.REJECTED, Stage.ARCHIVED})
# Statistics.md 4.7, row by row, and what definitions.md adds; written here a second time and by hand.
LEADS_TO = {
    Stage.DRAFT: {"register": "PAPER"},
    Stage.PAPER: {"change": "PAPER", "validate": "VALIDATED", "reject": "REJECTED", "force": "LIVE"},
    Stage.VALIDATED: {"change": "PAPER", "thaw": "PAPER", "go_live": "LIVE", "force": "LIVE"},
    Stage.LIVE: {
        "change": "PAPER",
        "step_up": "LIVE",
        "force": "LIVE",
        "reach_max": "STABLE",
        "step_down": "LIVE",
        "give_back": "VALIDATED",
        "degrade": "DEGRADED",
        "demote": "DEMOTED",
    },
    Stage.STABLE: {
        "change": "PAPER",
        "step_down": "LIVE",
        "give_back": "VALIDATED",
        "degrade": "DEGRADED",
        "demote": "DEMOTED",
    },
    Stage.DEGRADED: {
        "change": "PAPER",
        "step_down": "DEGRADED",
        "give_back": "VALIDATED",
        "recover": "LIVE",
        "demote": "DEMOTED",
    },
    Stage.DEMOTED: {"change": "PAPER", "retry": "PAPER", "reject": "REJECTED", "force": "LIVE"},
    Stage.HALTED: {"change": "HALTED", "reject": "REJECTED", "resume": "PAPER", "restore": "LIVE"},
    Stage.REJECTED: {"change": "PAPER", "force": "LIVE"},
    Stage.ARCHIVED: {"change": "PAPER"},
}


def expected(stage: Stage, move: Move) -> Stage | None:
    if move is Move.HALT:
        return Stage.HALTED
    if move is Move.ARCHIVE:
        return None if stage is Stage.ARCHIVED else Stage.ARCHIVED
    found = LEADS_TO[stage].get(move.value)
    return None if found is None else Stage(found)


@pytest.mark.parametrize(("stage", "move"), list(product(Stage, Move)), ids=lambda x: x.value)
def test_every_pair_leads_where_it_must_or_is_refused(stage: Stage, move: Move) -> None:
    """A move that cannot follow names the stage and itself."""
    to = expected(stage, move)
    if to is not None:
        assert after(stage, move) is to
        return
    with pytest.raises(ValueError, match=f"possible in {stage.value}, found {move.value}"):
        after(stage, move)


def test_capital_is_held_in_three_stages() -> None:
    """And the property says what the set says."""
    assert {s for s in Stage if s.holds_capital} == set(CAPITAL) == {Stage.LIVE, Stage.STABLE, Stage.DEGRADED}


def test_a_halt_is_one_move_from_everywhere_and_left_by_persons_alone() -> None:
    """No rule leads out of it: rejected again is who was so before, once a person resumes it."""
    assert all(after(stage, Move.HALT) is Stage.HALTED for stage in Stage)
    leaving = {move for (stage, move), to in STAGES.items() if stage is Stage.HALTED and to is not Stage.HALTED}
    assert leaving == {Move.RESUME, Move.RESTORE, Move.REJECT, Move.ARCHIVE}


def test_what_has_ended_is_left_by_another_identity_or_a_person_alone() -> None:
    """Rejected and archived are ends for an identity."""
    leaving = {move for stage, move in STAGES if stage in ENDS}
    assert leaving == {Move.CHANGE, Move.FORCE, Move.HALT, Move.ARCHIVE}


def test_every_stage_can_be_reached_and_every_move_happens() -> None:
    """Nothing in the table is dead."""
    assert set(STAGES.values()) == set(Stage) - {Stage.DRAFT}
    assert {move for _, move in STAGES} == set(Move)
    assert set(STANDING_ORDERS) == set(Stage)


ACTS = {
    "register": Action.NONE,
    "change": Action.DEMOTE,
    "validate": Action.NONE,
    "thaw": Action.NONE,
    "go_live": Action.JOIN,
    "step_up": Action.STEP_UP,
    "reach_max": Action.STEP_UP,
    "step_down": Action.REDUCE,
    "give_back": Action.DEMOTE,
    "degrade": Action.REDUCE,
    "recover": Action.NONE,
    "demote": Action.DEMOTE,
    "retry": Action.NONE,
    "reject": Action.NONE,
    "resume": Action.DEMOTE,
    "restore": Action.JOIN,
    "archive": Action.DEMOTE,
}


@pytest.mark.parametrize("move", [m for m in Move if m not in (Move.FORCE, Move.HALT)], ids=lambda m: m.value)
def test_every_move_does_one_thing_to_orders_and_position(move: Move) -> None:
    """Whatever the stage it comes from."""
    assert {action_of(stage, move) for stage in Stage} == {ACTS[move.value]}


def test_a_persons_word_lets_join_where_there_is_no_capital_and_steps_up_where_there_is() -> None:
    """The same as the moves by rule."""
    for stage in Stage:
        assert action_of(stage, Move.FORCE) is (Action.STEP_UP if stage in CAPITAL else Action.JOIN)


def test_only_a_halt_for_risk_flattens() -> None:
    """Bad data, a broken record or a strategy's own fault keep the position and call a person."""
    found = {kind: action_of(Stage.LIVE, Move.HALT, kind) for kind in HaltKind}
    assert {kind for kind, action in found.items() if action is Action.FLATTEN} == {HaltKind.RISK}
    assert {found[k] for k in HaltKind if k is not HaltKind.RISK} == {Action.HOLD}
    with pytest.raises(ValueError, match="halt: expected its kind, found none"):
        action_of(Stage.LIVE, Move.HALT)


def rendered_stages() -> str:
    """A row for each stage, a column for each move, empty where the move cannot happen."""
    head = ["| stage | " + " | ".join(m.value for m in Move) + " |", "|---" * (len(Move) + 1) + "|"]
    rows = [f"| {s.value} | " + " | ".join(_cell(s, m) for m in Move) + " |" for s in Stage]
    return "\n".join(head + rows)


def _cell(stage: Stage, move: Move) -> str:
    to = STAGES.get((stage, move))
    return "" if to is None else to.value


def rendered_actions() -> str:
    """What each move does to the live track, and what each stage means for it."""
    lines = ["| move | action |", "|---|---|"]
    lines += [f"| {move.value} | {action.value} |" for move, action in ACTIONS.items()]
    lines += [f"| halt: {kind.value} | {action.value} |" for kind, action in HALT_ACTIONS.items()]
    lines += ["", "| stage | entry orders | position |", "|---|---|---|"]
    lines += [f"| {stage.value} | {orders} | {position} |" for stage, (orders, position) in STANDING_ORDERS.items()]
    return "\n".join(lines)


def test_the_document_shows_the_tables() -> None:
    """Made of the same literals."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert rendered_stages() in text
    assert rendered_actions() in text
