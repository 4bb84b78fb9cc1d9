"""What a stage leads to by itself: registered, validated, thawed, given up, tried again, recovered."""

from __future__ import annotations

from genesis.clock import NS_PER_DAY
from genesis.paper_trading.promotion_facts import NOTHING, DataState, Pause
from genesis.paper_trading.promotion_minutes import Minutes, Step
from genesis.paper_trading.promotion_rules import Expiry, percent
from genesis.paper_trading.stages import Move


def registered(minutes: Minutes) -> Step:
    """A draft joins its family."""
    began = minutes.facts.evidence_from_ns
    return Step(
        Move.REGISTER,
        NOTHING,
        ("registered: it joins its family with E = 1",),
        identity=minutes.facts.identity,
        evidence_from_ns=began,
        deadline_ns=began + minutes.rules.paper_max_days * NS_PER_DAY,
    )


def ended(minutes: Minutes) -> Step | None:
    """The end on paper: futile, or out of time."""
    standing, facts, rules = minutes.standing, minutes.facts, minutes.rules
    hopeless = 1 / float(rules.futility_alpha)
    if minutes.case.current and facts.futility is not None and facts.futility >= hopeless:
        words = f"futile: an e-value of {facts.futility:.4g} against a Sharpe ratio of 1.5, {hopeless:.4g} is enough"
        return Step(Move.REJECT, NOTHING, (words,))
    if minutes.now < standing.deadline_ns:
        return None
    words = f"its time on paper is over after {rules.paper_max_days} days"
    if rules.on_expiry is Expiry.REJECT:
        return Step(Move.REJECT, NOTHING, (words,))
    if standing.pause is not Pause.UNTIL_RESUMED:
        minutes.set(pause=Pause.UNTIL_RESUMED, pause_words=words)
        minutes.call(f"{words}: resume it, promote it or archive it")
    return None


def validated(minutes: Minutes) -> Step | None:
    """All that the profile asks of paper is met; the evidence is frozen."""
    case, first = minutes.case, minutes.rules.initial_allocation
    lacking = (*case.held(), *case.should(first))
    if lacking:
        minutes.reasons += (*lacking, *case.infeasible(first))
        return None
    words = ("all that the profile asks of paper is met", *case.infeasible(first))
    return Step(Move.VALIDATE, NOTHING, words, frozen=case.to_freeze())


def thawed(minutes: Minutes) -> Step | None:
    """What was met is met no longer."""
    case, rules, standing = minutes.case, minutes.rules, minutes.standing
    if minutes.facts.data is not DataState.FRESH or not case.current:
        return None
    half = rules.needed_live(standing.attempt) * float(rules.deramp_hysteresis)
    words = []
    if rules.needs_evidence and case.evidence < half:
        words.append(f"adjusted E {case.evidence:.4g} has fallen under {half:.4g}")
    if standing.failures >= rules.failure_limit:
        words.append(f"criteria FAILED at {standing.failures} looks in a row")
    return Step(Move.THAW, NOTHING, tuple(words), frozen=None) if words else None


def after_cooldown(minutes: Minutes) -> Step | None:
    """Back to paper with evidence that begins anew, or out of attempts."""
    standing, rules = minutes.standing, minutes.rules
    over = standing.since_ns + rules.cooldown_days * NS_PER_DAY
    if minutes.now < over:
        minutes.reasons.append(f"cool-down of {rules.cooldown_days} days")
        return None
    if not minutes.facts.live_flat:
        minutes.reasons.append("what it held before is still being sold")
        return None
    if standing.attempt >= rules.max_attempts:
        return Step(Move.REJECT, NOTHING, (f"all {rules.max_attempts} attempts are used up",))
    again = minutes.again()
    words = f"attempt {again['attempt']} of {rules.max_attempts}: {minutes.raised_by(again['attempt'])}"
    return Step(Move.RETRY, NOTHING, (words,), **again)


def recovered(minutes: Minutes) -> Step | None:
    """The monitors have been calm for long enough."""
    case, standing, rules = minutes.case, minutes.standing, minutes.rules
    lacking = list(case.held())
    if standing.calm_since_ns is None or minutes.now - standing.calm_since_ns < rules.min_dwell.days * NS_PER_DAY:
        lacking.append(f"the monitors have to be calm for {rules.min_dwell.days} days")
    if not (standing.forced or case.exempt(standing.fraction) or case.carries(standing.fraction)):
        needed = rules.needed(standing.fraction, standing.attempt)
        lacking.append(f"E {case.step_evidence:.4g} of {needed:.4g} for {percent(standing.fraction)}")
    if lacking:
        minutes.reasons += lacking
        return None
    return Step(Move.RECOVER, standing.fraction, ("the monitors are calm again",))
