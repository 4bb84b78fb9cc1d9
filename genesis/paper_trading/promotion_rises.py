"""What raises: the next step of the ladder, the gate before it, and how a rise is told."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from genesis.paper_trading.promotion_facts import Awaited
from genesis.paper_trading.promotion_guards import Words
from genesis.paper_trading.promotion_minutes import Minutes, Step
from genesis.paper_trading.promotion_rules import Gate, PromotionRules, percent
from genesis.paper_trading.stages import STAGES, Move, Stage

# As much of a step has to fit at least, so that it is cut to what does; the tolerance of what is held (`allocation`), seen from the other side.
_MOST = Decimal("0.9")
_FINEST = Decimal("0.0001")


def next_fraction(minutes: Minutes) -> Decimal:
    """The fraction after the next step."""
    held, rules = minutes.standing.fraction, minutes.rules
    if held:
        return min(held + rules.allocation_increment, rules.max_allocation)
    return fitting(minutes, rules.initial_allocation)


def fitting(minutes: Minutes, target: Decimal) -> Decimal:
    """``target``, or what the account has room for where that is most of it, rounded down to a hundredth of a per cent.

    Limits are shares of the account's equity, a fraction is one of a budget that was granted before anything was lost: without this a loss of a cent would
    close the way back to a first step that is exactly as large as the cap on unproven capital, and the cap is never exceeded to open it.
    """
    room = minutes.case.room.fraction
    if not _MOST * target <= room < target:
        return target
    return room.quantize(_FINEST, ROUND_FLOOR) or target


def raised(minutes: Minutes) -> Step | None:
    """A step by the rules, where nothing is lacking and the gate is open."""
    case, standing, rules = minutes.case, minutes.standing, minutes.rules
    if standing.stage is Stage.LIVE and standing.fraction >= rules.max_allocation:
        return Step(Move.REACH_MAX, standing.fraction, ("there is no further step",))
    target = next_fraction(minutes)
    lacking = (*case.must(target), *case.should(target))
    if lacking:
        minutes.reasons += lacking
        return None
    # Asked for is the whole step: what room there is changes with every look.
    if not _is_open(minutes, target if standing.fraction else rules.initial_allocation):
        return None
    who = "criteria alone allow" if case.exempt(target) else "criteria and evidence allow"
    return rise(minutes, target, f"{who} {percent(target)}", forced=False)


def rise(minutes: Minutes, target: Decimal, why: str, forced: bool) -> Step:
    """A step to ``target``; ``forced`` where a person's word stands in for evidence."""
    move = move_to(minutes, target)
    if forced or (minutes.standing.stage, move) not in STAGES:
        return Step(Move.FORCE, target, _told(minutes, why), forced=True)
    return Step(move, target, _told(minutes, why), forced=False)


def _told(minutes: Minutes, why: str) -> Words:
    """Beside a rise stands what the evidence says, and at the first one how often luck alone gets this far."""
    first = not minutes.standing.fraction
    return tuple(w for w in (why, minutes.case.shown(), minutes.rules.caution if first else "") if w)


def move_to(minutes: Minutes, target: Decimal) -> Move:
    """The move by which the rules get to ``target``."""
    if not minutes.standing.fraction:
        return Move.GO_LIVE
    return Move.REACH_MAX if target >= minutes.rules.max_allocation else Move.STEP_UP


def is_enough(rules: PromotionRules, awaited: Awaited) -> bool:
    """Whether as many persons are for a rise as have to be."""
    return len(awaited.voices) >= (2 if rules.four_eyes else 1)


def _is_open(minutes: Minutes, target: Decimal) -> bool:
    """Whether the gate before a rise is open: by itself, or because enough persons are for it; else they are asked."""
    rules, standing = minutes.rules, minutes.standing
    gate = rules.gates.each_step if standing.fraction else rules.gates.go_live
    if gate is Gate.AUTO and rules.auto_promote:
        return True
    awaited, move = standing.awaited, move_to(minutes, target)
    if awaited is not None and awaited.fraction == target and is_enough(rules, awaited):
        return True
    if minutes.now < standing.asked_again_ns:
        minutes.reasons.append(f"{move.value} to {percent(target)} was refused")
        return False
    if awaited is None or awaited.fraction != target:
        minutes.set(awaited=Awaited(move, target, minutes.now))
        minutes.call(f"{move.value} to {percent(target)} awaits approval")
    eyes = " by two persons" if rules.four_eyes else ""
    minutes.reasons.append(f"{move.value} to {percent(target)} awaits approval{eyes}")
    return False
