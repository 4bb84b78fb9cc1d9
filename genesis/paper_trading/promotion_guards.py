"""What stands between a version and more capital, or takes it down: each rule by itself, answered in words. Nothing moves here."""

from __future__ import annotations

from decimal import Decimal

from genesis.clock import NS_PER_DAY
from genesis.evidence.rules import Source
from genesis.paper_trading.promotion_facts import NOTHING, DataState, Facts, Level, Pause, Room, Standing
from genesis.paper_trading.promotion_rules import PromotionRules, percent
from genesis.paper_trading.statement import at_most
from genesis.paper_trading.verdicts import Mode, Status, Verdict, in_time, overall

# Beyond this fraction the live track itself has to bear the edge out (statistics.md 4.3, guarantee 4).
_BORNE_OUT_ABOVE = Decimal("0.50")
_NOTHING_ENFORCED = "no criterion is enforced, and the profile given knows nothing else to go by"

Words = tuple[str, ...]


class Case:
    """One version at one moment: its rules, the facts, its room, and where it stands."""

    __slots__ = ("facts", "room", "rules", "standing")

    def __init__(self, rules: PromotionRules, standing: Standing, facts: Facts, room: Room) -> None:
        self.rules, self.standing, self.facts, self.room = rules, standing, facts, room

    # ---- what is known

    @property
    def current(self) -> bool:
        """Whether evidence and verdicts are this attempt's."""
        return self.facts.evidence_from_ns == self.standing.evidence_from_ns

    @property
    def status(self) -> Status | None:
        """The worst of the enforced criteria; what was gathered for an earlier attempt decides nothing."""
        return overall(self.facts.verdicts) if self.current else Status.INCONCLUSIVE

    @property
    def unjudged(self) -> str:
        """Why this look can judge nothing, in words; empty where it can."""
        data = self.facts.data
        if data is not DataState.FRESH:
            return f"market data are {data.value.lower()}"
        if self.status is Status.ERROR:
            return f"a criterion cannot be measured: {self._failing(Status.ERROR)}"
        if self.status is Status.INCONCLUSIVE:
            return f"a criterion is undecided: {self._failing(Status.INCONCLUSIVE)}"
        return ""

    @property
    def evidence(self) -> float:
        """E that decides about going live: adjusted, the smaller of the raw and the benchmark-hedged one; 1 before this attempt's first."""
        return self.facts.counted if self.current else 1.0

    @property
    def step_evidence(self) -> float:
        """E that decides about a fraction.

        Where the profile asks evidence for going live, no more than the paper evidence of that time, frozen, times what the live track has shown since (statistics.md 4.3, 4): old
        success on paper cannot pay for steps that live does not bear out.
        """
        frozen, live = self.standing.frozen, self.facts.e_live
        if not self.rules.needs_evidence or frozen is None:
            return self.evidence
        return min(self.evidence, frozen if live is None else frozen * live)

    @property
    def unopened(self) -> str:
        """What evidence still lacks to have opened the way to capital, in words; empty under `given`, and where it was validated once."""
        if not self.rules.needs_evidence or self.standing.frozen is not None:
            return ""
        needed = self.rules.needed_live(self.standing.attempt)
        if self.evidence >= needed:
            return ""
        return (
            f"beyond a person's word an adjusted E of {needed:.4g} is needed, as to go live, found {self.evidence:.4g}"
        )

    def to_freeze(self) -> float:
        """The paper evidence that opens the way to capital, as much of it as going live takes."""
        return min(self.evidence, self.rules.needed_live(self.standing.attempt))

    def carries(self, fraction: Decimal) -> bool:
        """Whether evidence alone carries a fraction: fraction <= eps E."""
        return self.step_evidence >= self.rules.needed(fraction, self.standing.attempt)

    def exempt(self, fraction: Decimal) -> bool:
        """Whether a fraction needs no evidence: the first step of the profile ``given``."""
        return not self.rules.needs_evidence and fraction <= self.rules.initial_allocation

    def shown(self) -> str:
        """What the evidence says, in words, whether it decides anything or not."""
        found = f"its evidence: an adjusted E of {self.evidence:.3g}"
        if self.evidence <= 1:
            return f"{found}, which is none: a strategy without any edge comes as far as a matter of course"
        return f"{found}: that any version without edge ever gets there has probability {at_most(1 / self.evidence)}"

    # ---- what nobody can put aside

    def must(self, fraction: Decimal) -> Words:
        """What forbids to rise to ``fraction`` whoever wants it: limits, not judgements."""
        found = (
            *self.held(),
            *self._source(),
            *self.infeasible(fraction),
            *(self._dwell() if self.standing.fraction else self._flat()),
            *self.room_for(fraction),
        )
        return tuple(w for w in found if w)

    def held(self) -> Words:
        """What forbids anything upward, also to be validated or to recover: a pause, a monitor, bad data."""
        paused = self.standing.pause is not Pause.NONE
        why = f"paused: {self.standing.pause_words}" if paused else ""
        loud = [
            f"{m.level.value} of the {m.name} monitor: {m.words}"
            for m in self.facts.monitors
            if m.level is not Level.CALM
        ]
        data = "" if self.facts.data is DataState.FRESH else f"market data are {self.facts.data.value.lower()}"
        return tuple(w for w in (why, *loud, data) if w)

    def _source(self) -> Words:
        facts = self.facts
        if facts.venue_simulated:
            return ()
        if facts.synthetic:
            return ("synthetic: it was told the future, and no real venue is ever opened by that",)
        if facts.source is not Source.LIVE_FEED:
            return (
                f"its evidence is of {facts.source.value}: however good, only a live feed, watched while the process ran, opens a real venue",
            )
        return ()

    def infeasible(self, fraction: Decimal) -> Words:
        """What is reported of a fraction at which orders would be too small; they are never rounded up."""
        least = self.facts.least_fraction
        if fraction >= least:
            return ()
        return (
            f"LADDER_INFEASIBLE: at {percent(fraction)} its typical order is under twice the venue's minimum; from {percent(least)} on it is not",
        )

    def _dwell(self) -> Words:
        facts, standing, dwell = self.facts, self.standing, self.rules.min_dwell
        left = standing.stepped_ns + dwell.days * NS_PER_DAY - facts.time_ns
        trades = facts.live_trades - standing.stepped_trades
        return (
            f"{percent(standing.fraction)} is held for {dwell.days} days at least: {_time(left)} to go"
            if left > 0
            else "",
            f"{trades} of {dwell.trades} live trades since the last step" if trades < dwell.trades else "",
        )

    def _flat(self) -> Words:
        if self.facts.live_flat:
            return ()
        return ("what it held before is still being sold",)

    def room_for(self, fraction: Decimal) -> Words:
        """Why the account does not allow a fraction; nothing where it does."""
        return () if fraction <= self.room.fraction else (f"no room for {percent(fraction)}: {self.room.words}",)

    # ---- what the rules ask for, and a person can answer for instead

    def should(self, fraction: Decimal) -> Words:
        """What is missing of criteria and evidence for ``fraction``."""
        return tuple(w for w in (self._criteria(), *self._proof(fraction), *self._borne_out(fraction)) if w)

    def _criteria(self) -> str:
        if not self.current:
            return "its evidence begins anew: nothing of an earlier attempt counts"
        status = self.status
        if status is None:
            return "" if self.rules.needs_evidence else _NOTHING_ENFORCED
        short = list(Status)[list(Status).index(status) : -1]
        return f"criteria {status.value}: {self._failing(*short)}" if short else ""

    def _failing(self, *statuses: Status) -> str:
        """The enforced criteria of these statuses, worst first, each with its value and what is missing."""
        if not self.current:
            return "its evidence begins anew"
        found = [
            (s, v) for s in statuses for v in self.facts.verdicts if v.criterion.mode is Mode.ENFORCE and v.status is s
        ]
        return "; ".join(_judged(v, s is not statuses[0]) for s, v in found)

    def _proof(self, fraction: Decimal) -> Words:
        rules, attempt = self.rules, self.standing.attempt
        if self.standing.fraction:
            needed, found, what = rules.needed(fraction, attempt), self.step_evidence, f"for {percent(fraction)}"
            if self.exempt(fraction) or found >= needed:
                return (self.unopened,)
            return (f"{what} an E of {needed:.4g} is needed, found {found:.4g}", self.unopened)
        if not rules.needs_evidence:
            return ()
        needed, found = rules.needed_live(attempt), self.evidence
        lacking = f"to go live an adjusted E of {needed:.4g} is needed, found {found:.4g}" if found < needed else ""
        stress = self.facts.e_stress
        dear = f"at higher costs E is {stress:.4g}, expected 1 or more" if stress is not None and stress < 1 else ""
        return lacking, dear

    def _borne_out(self, fraction: Decimal) -> Words:
        if fraction <= _BORNE_OUT_ABOVE or not self.standing.fraction:
            return ()
        live = self.facts.e_live
        if live is not None and live >= 1:
            return ()
        found = "nothing yet" if live is None else f"{live:.4g}"
        return (f"beyond {percent(_BORNE_OUT_ABOVE)} E of the live track must be 1 or more, found {found}",)

    # ---- what takes capital down

    def demotion(self) -> Words:
        """Why all capital is taken; nothing where it is not."""
        facts, standing, rules = self.facts, self.standing, self.rules
        alarms = [f"ALARM of the {m.name} monitor: {m.words}" for m in facts.monitors if m.level is Level.ALARM]
        failed = ""
        if standing.failures >= rules.failure_limit and not standing.forced and not self.carries(standing.fraction):
            failed = f"criteria FAILED at {standing.failures} looks in a row and evidence does not carry {percent(standing.fraction)}: {self._failing(Status.FAILED)}"
        gone = "" if self.evidenced() else f"evidence carries nothing any more: E {self.step_evidence:.4g}"
        return tuple(w for w in (*alarms, failed, gone) if w)

    def evidenced(self) -> Decimal:
        """The fraction that the evidence lets stand: what it is while at least `deramp_hysteresis` of it is carried, else the rung that is."""
        rules, standing = self.rules, self.standing
        held, first = standing.fraction, rules.initial_allocation
        if standing.forced or self.exempt(held) or not self.current or self.carries(held * rules.deramp_hysteresis):
            return held
        carried = max((r for r in rules.ladder if self.carries(r)), default=NOTHING)
        if not carried and (self.exempt(first) or self.carries(first * rules.deramp_hysteresis)):
            return min(first, held)
        return carried

    def granted(self) -> Decimal:
        """The fraction that the account lets stand."""
        held = self.standing.fraction
        return held if held <= self.room.fraction else self.rules.rung(self.room.fraction)

    def halved(self) -> Decimal:
        """The fraction under a warning: half, but the first step at least."""
        held = self.standing.fraction
        return min(held, max(self.rules.initial_allocation, held / 2))


def _judged(v: Verdict, named: bool) -> str:
    """``min_sharpe 0.8 (1.2 standard errors below the threshold)``; ``named`` says the status too."""
    value = "" if v.value is None else f" {v.value:.4g}"
    return f"{v.criterion.name}{f' {v.status.value}' if named else ''}{value} ({v.words or v.status.value})"


def _time(ns: int) -> str:
    return in_time(ns).removesuffix(" at this pace").removeprefix("about ")
