"""What a look changes of a standing before anything is decided: counters, pauses, what is remembered of the version."""

from __future__ import annotations

from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.paper_trading.promotion_facts import NOTHING, DataState, Level, Pause
from genesis.paper_trading.promotion_minutes import JUDGED, Minutes
from genesis.paper_trading.promotion_rules import percent
from genesis.paper_trading.stages import Stage
from genesis.paper_trading.verdicts import Status

_KEPT = {
    DataState.STALE: "nothing is flattened on stale prices",
    DataState.DEGRADED: "and the bar in which they were missing is no evidence",
}


def take_look(minutes: Minutes) -> None:
    """Remember what is seen, count the look, pause where it can judge nothing."""
    _remember(minutes)
    standing, now = minutes.standing, minutes.now
    if standing.look_ns is None or now // EVIDENCE_BAR_NS > standing.look_ns // EVIDENCE_BAR_NS:
        minutes.set(look_ns=now)
        if standing.stage in JUDGED:
            _count(minutes)
    if standing.stage.holds_capital:
        _hold_on(minutes)
    elif standing.pause is Pause.UNTIL_CLEAR:
        minutes.set(pause=Pause.NONE, pause_words="")
    _catch_up(minutes)


def _remember(minutes: Minutes) -> None:
    standing, facts, case = minutes.standing, minutes.facts, minutes.case
    left = NOTHING if facts.live_flat else standing.committed
    minutes.set(
        committed=standing.fraction if standing.stage.holds_capital else left,
        proven=case.evidence >= minutes.rules.proven_evidence,
        budget=facts.budget,
        live_pnl=facts.live_pnl,
    )
    if case.room.revoked:
        minutes.set(cleared_pnl=facts.live_pnl)
    if facts.data is not DataState.STALE:
        calm = facts.level is Level.CALM
        since = minutes.now if standing.calm_since_ns is None else standing.calm_since_ns
        minutes.set(calm_since_ns=since if calm else None)
    _leave_out(minutes)


def _leave_out(minutes: Minutes) -> None:
    """Of a version that was warned about, time in which nothing could be seen is no calm time."""
    standing, calm_since_ns = minutes.before, minutes.standing.calm_since_ns
    seen = standing.stage is not Stage.DEGRADED or minutes.facts.data is DataState.FRESH
    if not seen and calm_since_ns is not None and standing.look_ns is not None:
        minutes.set(calm_since_ns=min(minutes.now, calm_since_ns + minutes.now - standing.look_ns))


def _count(minutes: Minutes) -> None:
    """Looks in a row, one an evidence bar."""
    standing, case = minutes.standing, minutes.case
    failed = case.status is Status.FAILED
    error = case.facts.data is DataState.STALE or case.status is Status.ERROR
    undecided = not error and bool(case.unjudged)
    kept = standing.failures if error or undecided else 0
    minutes.set(
        errors=standing.errors + 1 if error else 0,
        inconclusive=standing.inconclusive + 1 if undecided else 0,
        failures=standing.failures + 1 if failed and not error and not undecided else kept,
    )


def _hold_on(minutes: Minutes) -> None:
    """A look that can judge nothing takes nothing away: it pauses, and in the end calls a person."""
    standing, why, facts = minutes.standing, minutes.case.unjudged, minutes.facts
    begun = standing.pause is Pause.NONE or (standing.errors == 1 and minutes.before.errors == 0)
    if begun and facts.data is not DataState.FRESH and not facts.live_flat:
        minutes.call(f"{why} and a position is open: it is kept, {_KEPT[facts.data]}")
    if standing.pause is Pause.UNTIL_RESUMED:
        return
    if not why:
        minutes.set(pause=Pause.NONE, pause_words="")
        return
    if standing.pause is Pause.NONE:
        minutes.set(pause=Pause.UNTIL_CLEAR, pause_words=why)
    if standing.inconclusive >= minutes.rules.inconclusive_limit:
        words = f"undecided for {standing.inconclusive} looks in a row, the last time because {why}"
        minutes.set(pause=Pause.UNTIL_RESUMED, pause_words=words)
        minutes.call(words)


def _catch_up(minutes: Minutes) -> None:
    """Criteria and evidence reach what a person's word gave: where they have to open the way to capital, no sooner than they would have by themselves."""
    case = minutes.case
    if not minutes.standing.stage.holds_capital or case.status is not Status.PASSED or case.unopened:
        return
    if minutes.rules.needs_evidence and minutes.standing.frozen is None:
        minutes.set(frozen=case.to_freeze())
    standing = minutes.standing
    if standing.forced and case.carries(standing.fraction):
        minutes.set(forced=False)
        minutes.reasons.append(
            f"evidence has caught up: {percent(standing.fraction)} is no longer held by a person's word"
        )
