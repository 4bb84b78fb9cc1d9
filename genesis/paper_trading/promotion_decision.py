"""The one function that walks the table of `genesis.paper_trading.stages`: what becomes of a version at a moment.

Pure: the same values give the same decision, so a stored one can be made again. The order in which things are asked: persons who take away, halts, another
identity, what lowers, what a stage leads to, and only then what raises; so nothing rises in a moment that takes down.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from math import isfinite
from typing import Any

import msgspec

from genesis.clock import NS_PER_DAY
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.paper_trading.promotion_facts import (
    NOTHING,
    Answer,
    Awaited,
    Command,
    DataState,
    Evaluation,
    Facts,
    Halt,
    Level,
    Order,
    Pause,
    Room,
    Standing,
)
from genesis.paper_trading.promotion_guards import Case, Words
from genesis.paper_trading.promotion_rules import Expiry, Gate, PromotionRules, percent
from genesis.paper_trading.stages import CAPITAL, STAGES, Action, HaltKind, Move, Stage, action_of, after
from genesis.paper_trading.validation_criteria import Status

_GENESIS = "genesis"
# Of several wishes of one moment the most careful counts.
_CAREFUL_FIRST = (Order.HALT, Order.ARCHIVE, Order.DEMOTE, Order.RESUME, Order.RESTORE, Order.PROMOTE)
_KEPT = {
    DataState.STALE: "nothing is flattened on stale prices",
    DataState.DEGRADED: "and the bar in which they were missing is no evidence",
}
_JUDGED = CAPITAL | {Stage.PAPER, Stage.VALIDATED}


class _Step:
    """A move that is due: the fraction after it, why, and what else changes of the standing."""

    __slots__ = ("changes", "fraction", "move", "why")

    def __init__(self, move: Move, fraction: Decimal, why: Words, **changes: Any) -> None:
        self.move, self.fraction, self.why, self.changes = move, fraction, why, changes


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
    return _Decision(rules, standing, _recordable(facts), room, tuple(commands)).made()


def _recordable(facts: Facts) -> Facts:
    """No entry holds a number that is none: its verdict is an error that says so, and its value is undefined."""
    if all(v.value is None or isfinite(v.value) for v in facts.verdicts):
        return facts
    verdicts = tuple(
        v if v.value is None or isfinite(v.value) else msgspec.structs.replace(v, value=None) for v in facts.verdicts
    )
    return msgspec.structs.replace(facts, verdicts=verdicts)


class _Decision:
    """A decision while it is made."""

    def __init__(
        self, rules: PromotionRules, standing: Standing, facts: Facts, room: Room, commands: tuple[Command, ...]
    ) -> None:
        self._before, self._commands = standing, commands
        self._rules, self._facts, self._now = rules, facts, facts.time_ns
        self._case = Case(rules, standing, facts, room)
        self._answers: dict[int, Answer] = {}
        self._reasons: list[str] = []
        self._calls: list[str] = []
        self._voiced: Command | None = None

    def made(self) -> Evaluation:
        """The whole of it."""
        self._look()
        wish = self._hear()
        step = self._taken_by_person(wish) or self._halted() or self._changed() or self._lowered() or self._led_on(wish)
        self._answer_late(wish, step)
        action = self._apply(step) if step is not None else self._unfinished()
        return Evaluation(
            rules=self._rules,
            facts=self._facts,
            room=self._case.room,
            commands=self._commands,
            before=self._before,
            after=self._case.standing,
            move=None if step is None else step.move,
            action=action,
            answers=tuple(self._answers[i] for i in range(len(self._commands))),
            reasons=tuple(self._reasons),
            call="; ".join(self._calls),
            rules_digest=self._rules.digest,
        )

    # ---- what the look itself changes

    @property
    def _standing(self) -> Standing:
        return self._case.standing

    def _set(self, **changes: Any) -> None:
        self._case.standing = msgspec.structs.replace(self._case.standing, **changes)

    def _look(self) -> None:
        standing, facts, case = self._standing, self._facts, self._case
        holds = standing.stage.holds_capital
        left = NOTHING if facts.live_flat else standing.committed
        self._set(
            committed=standing.fraction if holds else left,
            proven=case.evidence >= self._rules.proven_evidence,
            budget=facts.budget,
            live_pnl=facts.live_pnl,
        )
        if case.room.revoked:
            self._set(cleared_pnl=facts.live_pnl)
        if facts.data is not DataState.STALE:
            calm = facts.level is Level.CALM
            since = self._now if standing.calm_since_ns is None else standing.calm_since_ns
            self._set(calm_since_ns=since if calm else None)
        if standing.look_ns is None or self._now // EVIDENCE_BAR_NS > standing.look_ns // EVIDENCE_BAR_NS:
            self._set(look_ns=self._now)
            if standing.stage in _JUDGED:
                self._count()
        if holds:
            self._hold_on()
        elif standing.pause is Pause.UNTIL_CLEAR:
            self._set(pause=Pause.NONE, pause_words="")
        if standing.forced and case.carries(standing.fraction) and case.status is Status.PASSED:
            self._set(forced=False)
            self._reasons.append(
                f"evidence has caught up: {percent(standing.fraction)} is no longer held by a person's word"
            )

    def _count(self) -> None:
        """Looks in a row, one an evidence bar."""
        standing, case = self._standing, self._case
        failed = case.status is Status.FAILED
        error = case.facts.data is DataState.STALE or case.status is Status.ERROR
        undecided = not error and bool(case.unjudged)
        kept = standing.failures if error or undecided else 0
        self._set(
            errors=standing.errors + 1 if error else 0,
            inconclusive=standing.inconclusive + 1 if undecided else 0,
            failures=standing.failures + 1 if failed and not error and not undecided else kept,
        )

    def _hold_on(self) -> None:
        """A look that can judge nothing takes nothing away: it pauses, and in the end calls a person."""
        standing, why = self._standing, self._case.unjudged
        begun = standing.pause is Pause.NONE or (standing.errors == 1 and self._before.errors == 0)
        if begun and self._facts.data is not DataState.FRESH and not self._facts.live_flat:
            self._call(f"{why} and a position is open: it is kept, {_KEPT[self._facts.data]}")
        if standing.pause is Pause.UNTIL_RESUMED:
            return
        if not why:
            self._set(pause=Pause.NONE, pause_words="")
            return
        if standing.pause is Pause.NONE:
            self._set(pause=Pause.UNTIL_CLEAR, pause_words=why)
        if standing.inconclusive >= self._rules.inconclusive_limit:
            words = f"undecided for {standing.inconclusive} looks in a row, the last time because {why}"
            self._set(pause=Pause.UNTIL_RESUMED, pause_words=words)
            self._call(words)

    def _call(self, why: str) -> None:
        self._calls.append(why)

    # ---- persons

    def _hear(self) -> int | None:
        """Take every command that moves nothing by itself; the place of the one wish for a move that counts."""
        wishes = []
        for i, command in enumerate(self._commands):
            if self._is_wish(command):
                wishes.append(i)
            else:
                taken, words = self._heard(command)
                self._answers[i] = Answer(command, taken, words)
        if not wishes:
            return None
        first = min(wishes, key=lambda i: (_CAREFUL_FIRST.index(self._commands[i].order), i))
        chosen = self._commands[first]
        for i in wishes:
            if i != first:
                words = f"overruled by {chosen.order.value} of {chosen.author} at the same moment"
                self._answers[i] = Answer(self._commands[i], False, words)
        return first

    def _is_wish(self, command: Command) -> bool:
        if command.order is Order.RESUME:
            return self._standing.stage is Stage.HALTED
        return command.order in _CAREFUL_FIRST

    def _heard(self, command: Command) -> tuple[bool, str]:
        if command.order is Order.PAUSE:
            return self._paused(command)
        if command.order is Order.RESUME:
            return self._unpaused()
        return self._approved(command) if command.order is Order.APPROVE else self._refused(command)

    def _paused(self, command: Command) -> tuple[bool, str]:
        if self._standing.stage in (Stage.REJECTED, Stage.ARCHIVED, Stage.HALTED):
            return False, f"{self._standing.stage.value} rises by nothing: there is nothing to pause"
        self._set(pause=Pause.UNTIL_RESUMED, pause_words=f"{command.author}: {command.reason}")
        return True, "paused: it goes on as it is, and nothing rises"

    def _unpaused(self) -> tuple[bool, str]:
        standing = self._standing
        if standing.pause is not Pause.UNTIL_RESUMED:
            return False, "expected something paused or halted, found neither"
        self._set(pause=Pause.NONE, pause_words="", inconclusive=0)
        if self._now >= standing.deadline_ns:
            self._set(deadline_ns=self._now + self._rules.paper_max_days * NS_PER_DAY)
        return True, "no longer paused"

    def _approved(self, command: Command) -> tuple[bool, str]:
        awaited = self._standing.awaited
        if awaited is None:
            return False, "expected something that awaits approval, found nothing"
        if command.author in awaited.voices:
            return False, f"{command.author} is for it already: another person has to be"
        self._voiced = command
        self._set(awaited=msgspec.structs.replace(awaited, voices=(*awaited.voices, command.author)))
        return True, f"{awaited.move.value} to {percent(awaited.fraction)}: {command.author} is for it"

    def _refused(self, command: Command) -> tuple[bool, str]:
        awaited = self._standing.awaited
        if awaited is None:
            return False, "expected something that awaits approval, found nothing"
        until = self._now + self._rules.cooldown_days * NS_PER_DAY
        self._set(awaited=None, asked_again_ns=until)
        words = f"{awaited.move.value} to {percent(awaited.fraction)} is refused: nobody is asked for {self._rules.cooldown_days} days"
        return True, words

    def _wished(self, wish: int | None, *orders: Order) -> Command | None:
        if wish is None or self._commands[wish].order not in orders:
            return None
        return self._commands[wish]

    def _answer(self, wish: int | None, taken: bool, words: str) -> None:
        if wish is not None:
            self._answers[wish] = Answer(self._commands[wish], taken, words)

    def _answer_late(self, wish: int | None, step: _Step | None) -> None:
        """Whoever wanted something and was not heard first hears why."""
        if wish is not None and wish not in self._answers:
            why = "it cannot happen here" if step is None else f"{step.move.value} came first: {'; '.join(step.why)}"
            self._answer(wish, False, f"{self._before.stage.value}: {why}")

    def _taken_by_person(self, wish: int | None) -> _Step | None:
        """What a person takes away or ends is done at once."""
        command = self._wished(wish, Order.HALT, Order.ARCHIVE, Order.DEMOTE, Order.RESUME)
        if command is None:
            return None
        move = Move(command.order.value)
        if (self._standing.stage, move) not in STAGES:
            self._answer(
                wish, False, f"{move.value}: expected a stage where it is possible, found {self._standing.stage.value}"
            )
            return None
        self._answer(wish, True, f"{move.value} by {command.author}")
        words = (f"{move.value} by {command.author}: {command.reason}",)
        if move is Move.HALT:
            return self._halt(Halt(HaltKind.RISK, words[0]))
        return _Step(move, NOTHING, words, **(self._anew() if move is Move.RESUME else {}))

    # ---- what takes down

    def _halted(self) -> _Step | None:
        standing, facts = self._standing, self._facts
        exposed = standing.stage.holds_capital or standing.committed > 0
        found = facts.halt if exposed else None
        if found is None and facts.bound_broken and self._case.current and standing.stage in _JUDGED:
            found = Halt(HaltKind.RISK, "a bar lost more than the declared loss bound: its evidence is void")
        if found is None and standing.stage.holds_capital and standing.errors >= self._rules.consecutive_error_limit:
            words = f"nothing could be judged at {standing.errors} looks in a row: {self._case.unjudged}"
            found = Halt(HaltKind.DATA, words)
        if found is None or not self._is_worse(found):
            return None
        return self._halt(found)

    def _is_worse(self, found: Halt) -> bool:
        """Whether it halts what stands, or turns a halt that keeps the position into one that ends it."""
        old = self._standing.halt
        return self._standing.stage is not Stage.HALTED or (
            found.kind is HaltKind.RISK and old is not None and old.kind is not HaltKind.RISK
        )

    def _halt(self, halt: Halt) -> _Step:
        held = self._standing.halted_fraction if self._standing.stage is Stage.HALTED else self._standing.fraction
        self._call(f"halted ({halt.kind.value}): {halt.words}")
        return _Step(Move.HALT, NOTHING, (halt.words,), halt=halt, halted_fraction=held)

    def _changed(self) -> _Step | None:
        standing, found = self._standing, self._facts.identity
        if found == standing.identity or (standing.stage, Move.CHANGE) not in STAGES:
            return None
        words = f"another identity, {found[:12]} after {standing.identity[:12]}: a new candidate of the same family, without evidence of its own"
        return _Step(
            Move.CHANGE,
            NOTHING,
            (words,),
            identity=found,
            epoch=standing.epoch + 1,
            **(self._anew() | {"attempt": 1, "halt": standing.halt}),
        )

    def _lowered(self) -> _Step | None:
        standing, case = self._standing, self._case
        if not standing.stage.holds_capital:
            return None
        if case.room.revoked:
            return _Step(Move.DEMOTE, NOTHING, (case.room.revoked,))
        if self._facts.data is DataState.STALE:
            return None
        if why := case.demotion():
            return _Step(Move.DEMOTE, NOTHING, why)
        granted, evidenced = case.granted(), case.evidenced()
        if not granted:
            return _Step(Move.GIVE_BACK, NOTHING, (f"the account has no room: {case.room.words}",))
        warned = self._facts.level is Level.WARN and standing.stage is not Stage.DEGRADED
        target = min(granted, evidenced, case.halved() if warned else standing.fraction)
        why = tuple(
            w
            for w in (
                f"the account has room for {percent(granted)}: {case.room.words}"
                if granted == target < standing.fraction
                else "",
                f"evidence carries {percent(evidenced)}: E {case.step_evidence:.4g}"
                if evidenced == target < standing.fraction
                else "",
            )
            if w
        )
        if warned:
            loud = tuple(
                f"WARN of the {m.name} monitor: {m.words}" for m in self._facts.monitors if m.level is Level.WARN
            )
            return _Step(Move.DEGRADE, target, (*loud, *why))
        return _Step(Move.STEP_DOWN, target, why) if target < standing.fraction else None

    # ---- what a stage leads to

    def _led_on(self, wish: int | None) -> _Step | None:
        stage = self._standing.stage
        if stage is Stage.DRAFT:
            return self._registered()
        if stage is Stage.PAPER and (ended := self._ended()):
            return ended
        if stage is Stage.VALIDATED and (thawed := self._thawed()):
            return thawed
        raised = self._by_person(wish)
        if raised is not None:
            return raised
        if stage is Stage.PAPER:
            return self._validated()
        if stage is Stage.DEMOTED:
            return self._after_cooldown()
        if stage is Stage.DEGRADED:
            return self._recovered()
        return self._raised() if stage in (Stage.VALIDATED, Stage.LIVE) else None

    def _anew(self) -> dict[str, Any]:
        """What an attempt begins with: evidence, counters and time of its own."""
        return {
            "evidence_from_ns": self._now,
            "deadline_ns": self._now + self._rules.paper_max_days * NS_PER_DAY,
            "frozen": None,
            "forced": False,
            "errors": 0,
            "inconclusive": 0,
            "failures": 0,
            "halt": None,
            "halted_fraction": NOTHING,
            "awaited": None,
            "proven": False,
        }

    def _registered(self) -> _Step:
        began = self._facts.evidence_from_ns
        return _Step(
            Move.REGISTER,
            NOTHING,
            ("registered: it joins its family with E = 1",),
            identity=self._facts.identity,
            evidence_from_ns=began,
            deadline_ns=began + self._rules.paper_max_days * NS_PER_DAY,
        )

    def _ended(self) -> _Step | None:
        standing, facts, rules = self._standing, self._facts, self._rules
        hopeless = 1 / float(rules.futility_alpha)
        if self._case.current and facts.futility is not None and facts.futility >= hopeless:
            words = (
                f"futile: an e-value of {facts.futility:.4g} against a Sharpe ratio of 1.5, {hopeless:.4g} is enough"
            )
            return _Step(Move.REJECT, NOTHING, (words,))
        if self._now < standing.deadline_ns:
            return None
        words = f"its time on paper is over after {rules.paper_max_days} days"
        if rules.on_expiry is Expiry.REJECT:
            return _Step(Move.REJECT, NOTHING, (words,))
        if standing.pause is not Pause.UNTIL_RESUMED:
            self._set(pause=Pause.UNTIL_RESUMED, pause_words=words)
            self._call(f"{words}: resume it, promote it or archive it")
        return None

    def _validated(self) -> _Step | None:
        case, first = self._case, self._rules.initial_allocation
        lacking = (*case.held(), *case.should(first))
        if lacking:
            self._reasons += (*lacking, *case.infeasible(first))
            return None
        frozen = min(case.evidence, self._rules.needed_live(self._standing.attempt))
        words = ("all that the profile asks of paper is met", *case.infeasible(first))
        return _Step(Move.VALIDATE, NOTHING, words, frozen=frozen)

    def _thawed(self) -> _Step | None:
        case, rules, standing = self._case, self._rules, self._standing
        if self._facts.data is not DataState.FRESH or not case.current:
            return None
        half = rules.needed_live(standing.attempt) * float(rules.deramp_hysteresis)
        words = []
        if rules.needs_evidence and case.evidence < half:
            words.append(f"adjusted E {case.evidence:.4g} has fallen under {half:.4g}")
        if standing.failures >= rules.failure_limit:
            words.append(f"criteria FAILED at {standing.failures} looks in a row")
        return _Step(Move.THAW, NOTHING, tuple(words), frozen=None) if words else None

    def _after_cooldown(self) -> _Step | None:
        standing, rules = self._standing, self._rules
        over = standing.since_ns + rules.cooldown_days * NS_PER_DAY
        if self._now < over or not self._facts.live_flat:
            self._reasons.append(
                f"cool-down of {rules.cooldown_days} days"
                if self._now < over
                else "what it held before is still being sold"
            )
            return None
        if standing.attempt >= rules.max_attempts:
            return _Step(Move.REJECT, NOTHING, (f"all {rules.max_attempts} attempts are used up",))
        attempt = standing.attempt + 1
        words = f"attempt {attempt} of {rules.max_attempts}: evidence begins anew, and every threshold of it is {rules.penalty(attempt):f} times that of the first"
        return _Step(Move.RETRY, NOTHING, (words,), **(self._anew() | {"attempt": attempt}))

    def _recovered(self) -> _Step | None:
        case, standing, dwell = self._case, self._standing, self._rules.min_dwell.days * NS_PER_DAY
        lacking = list(case.held())
        if standing.calm_since_ns is None or self._now - standing.calm_since_ns < dwell:
            lacking.append(f"the monitors have to be calm for {self._rules.min_dwell.days} days")
        if not (standing.forced or case.exempt(standing.fraction) or case.carries(standing.fraction)):
            needed = self._rules.needed(standing.fraction, standing.attempt)
            lacking.append(f"E {case.step_evidence:.4g} of {needed:.4g} for {percent(standing.fraction)}")
        if lacking:
            self._reasons += lacking
            return None
        return _Step(Move.RECOVER, standing.fraction, ("the monitors are calm again",))

    # ---- what raises

    def _next(self) -> Decimal:
        held, rules = self._standing.fraction, self._rules
        return min(held + rules.allocation_increment, rules.max_allocation) if held else rules.initial_allocation

    def _raised(self) -> _Step | None:
        case, standing, rules = self._case, self._standing, self._rules
        if standing.stage is Stage.LIVE and standing.fraction >= rules.max_allocation:
            return _Step(Move.REACH_MAX, standing.fraction, ("there is no further step",))
        target = self._next()
        lacking = (*case.must(target), *case.should(target))
        if not lacking and not self._is_open(target):
            return None
        if lacking:
            self._reasons += lacking
            return None
        who = "criteria alone allow" if case.exempt(target) else "criteria and evidence allow"
        return self._up(target, f"{who} {percent(target)}", forced=False)

    def _up(self, target: Decimal, why: str, forced: bool) -> _Step:
        if forced or (self._standing.stage, self._by_rule(target)) not in STAGES:
            return _Step(Move.FORCE, target, self._told(why), forced=True)
        return _Step(self._by_rule(target), target, self._told(why), forced=False)

    def _told(self, why: str) -> Words:
        """Beside a rise stands what the evidence says, and at the first one how often luck alone gets this far."""
        first = not self._standing.fraction
        return tuple(w for w in (why, self._case.shown(), self._rules.caution if first else "") if w)

    def _by_rule(self, target: Decimal) -> Move:
        if not self._standing.fraction:
            return Move.GO_LIVE
        return Move.REACH_MAX if target >= self._rules.max_allocation else Move.STEP_UP

    def _is_open(self, target: Decimal) -> bool:
        """Whether the gate before a rise is open: by itself, or because enough persons are for it; else they are asked."""
        rules, standing = self._rules, self._standing
        first = not standing.fraction
        gate = rules.gates.go_live if first else rules.gates.each_step
        if gate is Gate.AUTO and rules.auto_promote:
            return True
        awaited, move = standing.awaited, self._by_rule(target)
        if awaited is not None and awaited.fraction == target and self._enough(awaited):
            return True
        if self._now < standing.asked_again_ns:
            self._reasons.append(f"{move.value} to {percent(target)} was refused")
            return False
        if awaited is None or awaited.fraction != target:
            self._set(awaited=Awaited(move, target, self._now))
            self._call(f"{move.value} to {percent(target)} awaits approval")
        self._reasons.append(f"{move.value} to {percent(target)} awaits approval{self._eyes()}")
        return False

    def _eyes(self) -> str:
        return " by two persons" if self._rules.four_eyes else ""

    def _enough(self, awaited: Awaited) -> bool:
        return len(awaited.voices) >= (2 if self._rules.four_eyes else 1)

    def _by_person(self, wish: int | None) -> _Step | None:
        """Capital by a person's word: one step, never against a limit, and marked where evidence does not carry it."""
        command = self._wished(wish, Order.PROMOTE, Order.RESTORE)
        if command is not None:
            return self._asked(wish, command)
        awaited = self._standing.awaited
        if self._voiced is None or awaited is None or not awaited.forced or not self._enough(awaited):
            return None
        lacking = self._hindered(awaited.move, awaited.fraction)
        if lacking:
            self._set(awaited=None)
            self._reasons.append(
                f"{awaited.move.value} to {percent(awaited.fraction)} was approved and cannot be: {'; '.join(lacking)}"
            )
            return None
        return self._word(awaited.move, awaited.fraction, f"{' and '.join(awaited.voices)}")

    def _asked(self, wish: int | None, command: Command) -> _Step | None:
        move = Move.FORCE if command.order is Order.PROMOTE else Move.RESTORE
        if (self._standing.stage, move) not in STAGES:
            self._answer(
                wish,
                False,
                f"{command.order.value}: expected a stage where it is possible, found {self._standing.stage.value}",
            )
            return None
        target = self._next() if move is Move.FORCE else self._restored()
        lacking = self._hindered(move, target)
        if lacking:
            self._answer(wish, False, f"a person's word replaces evidence, not a limit: {'; '.join(lacking)}")
            return None
        awaited = Awaited(move, target, self._now, (command.author,), True)
        if not self._enough(awaited):
            self._set(awaited=awaited)
            self._answer(wish, True, f"{percent(target)} awaits the approval of a second person")
            return None
        step = self._word(move, target, f"{command.author} ({command.reason})")
        self._answer(wish, True, "; ".join(step.why))
        return step

    def _hindered(self, move: Move, target: Decimal) -> Words:
        """What stands in the way of a person's word."""
        if move is Move.RESTORE:
            return self._unrestorable(target)
        if target <= self._standing.fraction:
            return (f"{percent(target)} is the greatest fraction there is",)
        return self._case.must(target)

    def _restored(self) -> Decimal:
        """What it held; one step where its position is gone."""
        standing = self._standing
        return min(standing.halted_fraction, max(self._rules.initial_allocation, standing.committed))

    def _unrestorable(self, target: Decimal) -> Words:
        standing = self._standing
        if not target:
            return ("it held no capital: resume leads back to paper",)
        if standing.halt is not None and standing.halt.kind is HaltKind.RISK:
            return ("a risk limit or a person halted it: resume leads back to paper",)
        return (*self._case.held(), *self._case.room_for(target))

    def _word(self, move: Move, target: Decimal, whose: str) -> _Step:
        if move is Move.RESTORE:
            return _Step(
                move,
                target,
                (f"restored to {percent(target)} by {whose}",),
                halt=None,
                halted_fraction=NOTHING,
                errors=0,
            )
        lacking = self._case.should(target)
        backed = "criteria and evidence allow it" if not lacking else f"not backed by evidence: {'; '.join(lacking)}"
        return self._up(target, f"{percent(target)} by {whose}; {backed}", forced=bool(lacking))

    # ---- the end

    def _apply(self, step: _Step) -> Action:
        standing, facts = self._standing, self._facts
        stage = after(standing.stage, step.move)
        moved = step.fraction != standing.fraction
        if stage.holds_capital:
            committed = step.fraction
        else:
            committed = NOTHING if facts.live_flat else standing.committed
        base: dict[str, Any] = {"stage": stage, "fraction": step.fraction, "committed": committed}
        if stage is not standing.stage:
            base["since_ns"] = self._now
        if moved:
            base |= {"stepped_ns": self._now, "stepped_trades": facts.live_trades, "awaited": None}
        if not step.fraction:
            base |= {"forced": False, "awaited": None}
        if not stage.holds_capital and standing.pause is Pause.UNTIL_CLEAR:
            base |= {"pause": Pause.NONE, "pause_words": ""}
        self._set(**(base | step.changes))
        self._reasons[:0] = step.why
        return self._action(standing.stage, step)

    def _action(self, stage: Stage, step: _Step) -> Action:
        halt = step.changes.get("halt")
        action = action_of(stage, step.move, halt.kind if isinstance(halt, Halt) else None)
        if action is Action.FLATTEN and self._facts.data is DataState.STALE:
            return Action.HOLD
        if action is Action.STEP_UP and step.fraction == self._before.fraction:
            return Action.NONE
        gone = self._facts.live_flat and not stage.holds_capital
        return Action.NONE if gone and action in (Action.DEMOTE, Action.FLATTEN, Action.HOLD) else action

    def _unfinished(self) -> Action:
        """A flattening that waited for prices is due once there are any."""
        halt, facts = self._standing.halt, self._facts
        if (
            self._standing.stage is not Stage.HALTED
            or halt is None
            or halt.kind is not HaltKind.RISK
            or facts.live_flat
        ):
            return Action.NONE
        if facts.data is DataState.STALE:
            self._reasons.append("to be flattened as soon as prices are no longer stale")
            return Action.HOLD
        return Action.FLATTEN
