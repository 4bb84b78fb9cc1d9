"""The one function that walks the table of `genesis.paper_trading.stages`: what becomes of a version at a moment.

Pure: the same values give the same decision, so a stored one can be made again. The order in which things are asked: persons who halt, broken limits, persons who take away, other
halts, another identity, what lowers, what a stage leads to, and only then what raises; so nothing rises in a moment that takes down. Between evidence bars only
persons and halts are asked: nothing that evidence has a say in changes there.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from typing import Any

import msgspec

from genesis.paper_trading.promotion_facts import (
    NOTHING,
    Command,
    DataState,
    Evaluation,
    Facts,
    Halt,
    Pause,
    Room,
    Standing,
)
from genesis.paper_trading.promotion_falls import changed, halted, lowered
from genesis.paper_trading.promotion_look import take_look
from genesis.paper_trading.promotion_minutes import Minutes, Step
from genesis.paper_trading.promotion_paths import after_cooldown, ended, recovered, registered, thawed, validated
from genesis.paper_trading.promotion_persons import Persons
from genesis.paper_trading.promotion_rises import raised
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import Action, HaltKind, Stage, action_of, after


def decide(
    rules: PromotionRules, standing: Standing, facts: Facts, room: Room, commands: Sequence[Command] = ()
) -> Evaluation:
    """What becomes of a version at a moment; at most one move.

    Args:
        rules: the configuration.
        standing: where it stands.
        facts: all that is known of it.
        room: what the account lets it hold.
        commands: of persons, for this version, in the order in which they came.

    Raises:
        ValueError: facts of another version, or of an earlier moment.
    """
    if facts.version != standing.version:
        raise ValueError(f"version: expected facts of {standing.version}, found {facts.version}")
    if facts.time_ns < standing.since_ns:
        raise ValueError(f"time_ns: expected {standing.since_ns} or later, found {facts.time_ns}")
    minutes = Minutes(rules, standing, _recordable(facts), room, tuple(commands))
    take_look(minutes)
    persons = Persons(minutes)
    # A broken limit stands before all that persons want but their own halt: nobody leads past it by asking for less.
    step = persons.halted() or halted(minutes, HaltKind.RISK) or persons.taken_away() or halted(minutes)
    if step is None and facts.at_bar:
        step = changed(minutes) or lowered(minutes) or _led_on(minutes, persons)
    elif step is None and minutes.standing.stage is not Stage.HALTED:
        minutes.reasons.append("between evidence bars nothing rises, and only persons and halts take away")
    persons.answer_late(step)
    action = _unfinished(minutes) if step is None else _done(minutes, step)
    return Evaluation(
        rules=rules,
        facts=minutes.facts,
        room=room,
        commands=minutes.commands,
        before=standing,
        after=minutes.standing,
        move=None if step is None else step.move,
        action=action,
        answers=tuple(minutes.answers[i] for i in range(len(minutes.commands))),
        reasons=tuple(minutes.reasons),
        call="; ".join(minutes.calls),
        rules_digest=rules.digest,
    )


def _recordable(facts: Facts) -> Facts:
    """No entry holds a number that is none: its verdict is an error that says so, and its value is undefined."""
    verdicts = tuple(
        v if v.value is None or isfinite(v.value) else msgspec.structs.replace(v, value=None) for v in facts.verdicts
    )
    own = facts.own
    if own is not None:
        told = msgspec.structs.asdict(own.given)
        none = {k: None for k, v in told.items() if isinstance(v, float) and not isfinite(v)}
        own = msgspec.structs.replace(own, given=msgspec.structs.replace(own.given, **none))
    return msgspec.structs.replace(facts, verdicts=verdicts, own=own)


def _led_on(minutes: Minutes, persons: Persons) -> Step | None:
    """What a stage leads to, and what raises."""
    stage = minutes.standing.stage
    if stage is Stage.DRAFT:
        return registered(minutes)
    over = ended(minutes) if stage is Stage.PAPER else thawed(minutes) if stage is Stage.VALIDATED else None
    step = over or persons.raised()
    if step is not None:
        return step
    if stage is Stage.PAPER:
        return validated(minutes)
    if stage is Stage.DEMOTED:
        return after_cooldown(minutes)
    if stage is Stage.DEGRADED:
        return recovered(minutes)
    return raised(minutes) if stage in (Stage.VALIDATED, Stage.LIVE) else None


def _done(minutes: Minutes, step: Step) -> Action:
    """Bring the standing where the step leads."""
    before, facts = minutes.standing, minutes.facts
    stage = after(before.stage, step.move)
    left = NOTHING if facts.live_flat else before.committed
    base: dict[str, Any] = {
        "stage": stage,
        "fraction": step.fraction,
        "committed": step.fraction if stage.holds_capital else left,
    }
    if stage is not before.stage:
        # Whoever was asked was asked about a version that stood elsewhere.
        base |= {"since_ns": minutes.now, "awaited": None}
    if step.fraction != before.fraction:
        base |= {"stepped_ns": minutes.now, "stepped_trades": facts.live_trades, "awaited": None}
    if not step.fraction:
        base |= {"forced": False, "awaited": None}
    if not stage.holds_capital and before.pause is Pause.UNTIL_CLEAR:
        base |= {"pause": Pause.NONE, "pause_words": ""}
    minutes.set(**(base | step.changes))
    minutes.reasons[:0] = step.why
    return _action(minutes, before.stage, step)


def _action(minutes: Minutes, left: Stage, step: Step) -> Action:
    halt = step.changes.get("halt")
    action = action_of(left, step.move, halt.kind if isinstance(halt, Halt) else None)
    if action is Action.FLATTEN and minutes.facts.data is DataState.STALE:
        return Action.HOLD
    if action is Action.STEP_UP and step.fraction == minutes.before.fraction:
        return Action.NONE
    # A pair that waits for its first entry is flat as well, and has to be told.
    gone = minutes.facts.live_flat and not left.holds_capital
    return Action.NONE if gone and action in (Action.DEMOTE, Action.FLATTEN, Action.HOLD) else action


def _unfinished(minutes: Minutes) -> Action:
    """A flattening that waited for prices is due once there are any."""
    halt = minutes.standing.halt
    if minutes.standing.stage is not Stage.HALTED or halt is None or halt.kind is not HaltKind.RISK:
        return Action.NONE
    if minutes.facts.live_flat:
        return Action.NONE
    if minutes.facts.data is DataState.STALE:
        minutes.reasons.append("to be flattened as soon as prices are no longer stale")
        return Action.HOLD
    return Action.FLATTEN
