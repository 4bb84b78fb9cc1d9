"""What takes a version down: halts, another identity, monitors, evidence, criteria, the account."""

from __future__ import annotations

from genesis.paper_trading.promotion_facts import NOTHING, DataState, Halt, Level
from genesis.paper_trading.promotion_minutes import JUDGED, Minutes, Step
from genesis.paper_trading.promotion_rules import percent
from genesis.paper_trading.stages import STAGES, HaltKind, Move, Stage

_FOR_GOOD = (Stage.REJECTED, Stage.ARCHIVED)


def halted(minutes: Minutes, *kinds: HaltKind) -> Step | None:
    """A halt of one of the kinds (of any where none is named), where one is found that is worse than what is."""
    standing, facts = minutes.standing, minutes.facts
    exposed = standing.stage.holds_capital or standing.committed > 0
    found = facts.halt if exposed else None
    if found is None and facts.bound_broken and minutes.case.current and standing.stage in JUDGED:
        found = Halt(HaltKind.RISK, "a bar lost more than the declared loss bound: its evidence is void")
    if found is None and standing.stage.holds_capital and standing.errors >= minutes.rules.consecutive_error_limit:
        words = f"nothing could be judged at {standing.errors} looks in a row: {minutes.case.unjudged}"
        found = Halt(HaltKind.DATA, words)
    if found is None or (kinds and found.kind not in kinds) or not _is_worse(minutes, found):
        return None
    return halt_by(minutes, found)


def _is_worse(minutes: Minutes, found: Halt) -> bool:
    """Whether it halts what stands, or turns a halt that keeps the position into one that ends it."""
    old = minutes.standing.halt
    return minutes.standing.stage is not Stage.HALTED or (
        found.kind is HaltKind.RISK and old is not None and old.kind is not HaltKind.RISK
    )


def halt_by(minutes: Minutes, halt: Halt) -> Step:
    """Halted, and a person is called."""
    standing = minutes.standing
    held = standing.halted_fraction if standing.stage is Stage.HALTED else standing.fraction
    ended = standing.stage if standing.stage in _FOR_GOOD else standing.ended
    minutes.call(f"halted ({halt.kind.value}): {halt.words}")
    return Step(Move.HALT, NOTHING, (halt.words,), halt=halt, halted_fraction=held, ended=ended)


def changed(minutes: Minutes) -> Step | None:
    """Another identity is another candidate."""
    standing, found = minutes.standing, minutes.facts.identity
    if found == standing.identity or (standing.stage, Move.CHANGE) not in STAGES:
        return None
    words = f"another identity, {found[:12]} after {standing.identity[:12]}: a new candidate of the same family, without evidence of its own"
    return Step(
        Move.CHANGE,
        NOTHING,
        (words,),
        identity=found,
        epoch=standing.epoch + 1,
        **(minutes.anew() | {"attempt": 1, "halt": standing.halt}),
    )


def lowered(minutes: Minutes) -> Step | None:
    """Less capital, or none."""
    standing, case = minutes.standing, minutes.case
    if not standing.stage.holds_capital:
        return None
    if case.room.revoked:
        return Step(Move.DEMOTE, NOTHING, (case.room.revoked,))
    if minutes.facts.data is DataState.STALE:
        return None
    if why := case.demotion():
        return Step(Move.DEMOTE, NOTHING, why)
    if not case.granted():
        return Step(Move.GIVE_BACK, NOTHING, (f"the account has no room: {case.room.words}",))
    return _reduced(minutes)


def _reduced(minutes: Minutes) -> Step | None:
    standing, case = minutes.standing, minutes.case
    granted, evidenced = case.granted(), case.evidenced()
    warned = minutes.facts.level is Level.WARN and standing.stage is not Stage.DEGRADED
    target = min(granted, evidenced, case.halved() if warned else standing.fraction)
    why = []
    if granted == target < standing.fraction:
        why.append(f"the account has room for {percent(granted)}: {case.room.words}")
    if evidenced == target < standing.fraction:
        why.append(f"evidence carries {percent(evidenced)}: E {case.step_evidence:.4g}")
    if warned:
        loud = [f"WARN of the {m.name} monitor: {m.words}" for m in minutes.facts.monitors if m.level is Level.WARN]
        return Step(Move.DEGRADE, target, (*loud, *why))
    return Step(Move.STEP_DOWN, target, tuple(why)) if target < standing.fraction else None
