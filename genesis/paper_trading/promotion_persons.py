"""What persons want of a version at a moment: who is heard, what is taken, what is refused and why."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from genesis.clock import NS_PER_DAY
from genesis.paper_trading.promotion_facts import NOTHING, Answer, Awaited, Command, Halt, Order, Pause
from genesis.paper_trading.promotion_falls import halt_by
from genesis.paper_trading.promotion_guards import Words
from genesis.paper_trading.promotion_minutes import Minutes, Step
from genesis.paper_trading.promotion_rises import fitting, is_enough, next_fraction, rise
from genesis.paper_trading.promotion_rules import percent
from genesis.paper_trading.stages import STAGES, HaltKind, Move, Stage

# Of several wishes of one moment the most careful counts.
_CAREFUL_FIRST = (Order.HALT, Order.ARCHIVE, Order.DEMOTE, Order.RESUME, Order.RESTORE, Order.PROMOTE)
_NOT_HALTED: dict[str, Any] = {"halt": None, "halted_fraction": NOTHING, "ended": None}
_NOTHING_AWAITED = "expected something that awaits approval, found nothing"


def _is_same(a: str, b: str) -> bool:
    """Whether two names are one person's: as they are spoken, whatever the letters' size and the blanks."""
    return " ".join(a.split()).casefold() == " ".join(b.split()).casefold()


class Persons:
    """The commands of one moment. What moves nothing by itself is taken at once; of the others one wish counts, if any."""

    __slots__ = ("_minutes", "_wish")

    def __init__(self, minutes: Minutes) -> None:
        self._minutes = minutes
        self._wish = self._hear()

    # ---- hearing

    def _hear(self) -> int | None:
        """Take every command that moves nothing by itself; the place of the one wish for a move that counts."""
        commands, answers = self._minutes.commands, self._minutes.answers
        wishes = []
        for i, command in enumerate(commands):
            if self._is_wish(command):
                wishes.append(i)
            else:
                answers[i] = Answer(command, *self._heard(command))
        if not wishes:
            return None
        first = min(wishes, key=lambda i: (_CAREFUL_FIRST.index(commands[i].order), i))
        chosen = commands[first]
        for i in wishes:
            if i != first:
                words = f"overruled by {chosen.order.value} of {chosen.author} at the same moment"
                answers[i] = Answer(commands[i], False, words)
        return first

    def _is_wish(self, command: Command) -> bool:
        if command.order is Order.RESUME:
            return self._minutes.standing.stage is Stage.HALTED
        return command.order in _CAREFUL_FIRST

    def _heard(self, command: Command) -> tuple[bool, str]:
        if command.order is Order.PAUSE:
            return self._paused(command)
        if command.order is Order.RESUME:
            return self._unpaused()
        return self._approved(command) if command.order is Order.APPROVE else self._refused()

    def _paused(self, command: Command) -> tuple[bool, str]:
        stage = self._minutes.standing.stage
        if stage in (Stage.REJECTED, Stage.ARCHIVED, Stage.HALTED):
            return False, f"{stage.value} rises by nothing: there is nothing to pause"
        self._minutes.set(pause=Pause.UNTIL_RESUMED, pause_words=f"{command.author}: {command.reason}")
        return True, "paused: it goes on as it is, and nothing rises"

    def _unpaused(self) -> tuple[bool, str]:
        minutes, standing = self._minutes, self._minutes.standing
        if standing.pause is not Pause.UNTIL_RESUMED:
            return False, "expected something paused or halted, found neither"
        minutes.set(pause=Pause.NONE, pause_words="", inconclusive=0)
        if minutes.now >= standing.deadline_ns:
            minutes.set(deadline_ns=minutes.now + minutes.rules.paper_max_days * NS_PER_DAY)
        return True, "no longer paused"

    def _approved(self, command: Command) -> tuple[bool, str]:
        awaited = self._minutes.standing.awaited
        if awaited is None:
            return False, _NOTHING_AWAITED
        if any(_is_same(command.author, voice) for voice in awaited.voices):
            return False, f"{command.author} is for it already: another person has to be"
        voices = (*awaited.voices, command.author)
        self._minutes.set(awaited=msgspec.structs.replace(awaited, voices=voices))
        return True, f"{awaited.move.value} to {percent(awaited.fraction)}: {command.author} is for it"

    def _refused(self) -> tuple[bool, str]:
        awaited, days = self._minutes.standing.awaited, self._minutes.rules.cooldown_days
        if awaited is None:
            return False, _NOTHING_AWAITED
        self._minutes.set(awaited=None, asked_again_ns=self._minutes.now + days * NS_PER_DAY)
        return (
            True,
            f"{awaited.move.value} to {percent(awaited.fraction)} is refused: nobody is asked for {days} days",
        )

    def _wished(self, *orders: Order) -> Command | None:
        if self._wish is None or self._minutes.commands[self._wish].order not in orders:
            return None
        return self._minutes.commands[self._wish]

    def _answer(self, taken: bool, words: str) -> None:
        if self._wish is not None:
            self._minutes.answers[self._wish] = Answer(self._minutes.commands[self._wish], taken, words)

    def answer_late(self, step: Step | None) -> None:
        """Whoever wanted something and was not heard first hears why."""
        if self._wish is not None and self._wish not in self._minutes.answers:
            why = "it cannot happen here" if step is None else f"{step.move.value} came first: {'; '.join(step.why)}"
            self._answer(False, f"{self._minutes.before.stage.value}: {why}")

    # ---- what is taken away

    def halted(self) -> Step | None:
        """A person's halt, which comes before everything."""
        command = self._wished(Order.HALT)
        if command is None:
            return None
        self._answer(True, f"halt by {command.author}")
        return halt_by(self._minutes, Halt(HaltKind.RISK, f"halt by {command.author}: {command.reason}"))

    def taken_away(self) -> Step | None:
        """What a person takes away or ends is done at once."""
        command = self._wished(Order.ARCHIVE, Order.DEMOTE, Order.RESUME)
        if command is None:
            return None
        move, stage = Move(command.order.value), self._minutes.standing.stage
        if (stage, move) not in STAGES:
            self._answer(False, f"{move.value}: expected a stage where it is possible, found {stage.value}")
            return None
        if self._is_being_flattened():
            # Less than a flattening, whatever it is called, would leave a position to its strategy that risk wants closed.
            self._answer(False, f"{move.value}: expected a version that is flat, found one that a halt flattens first")
            return None
        words = f"{move.value} by {command.author}: {command.reason}"
        if move is Move.RESUME:
            return self._resumed(command, words)
        self._answer(True, f"{move.value} by {command.author}")
        return Step(move, NOTHING, (words,), **_NOT_HALTED)

    def _is_being_flattened(self) -> bool:
        """What a risk limit or a person halted still holds something: it is on its way out, or waits for fresh prices."""
        standing = self._minutes.standing
        by_risk = standing.halt is not None and standing.halt.kind is HaltKind.RISK
        return standing.stage is Stage.HALTED and by_risk and not self._minutes.facts.live_flat

    def _resumed(self, command: Command, words: str) -> Step:
        """Back to paper for a further attempt; who had been rejected or archived before the halt is so again."""
        ended = self._minutes.standing.ended
        if ended is not None:
            told = f"{ended.value} before the halt, and it is again"
            self._answer(True, f"resume by {command.author}: {told}")
            move = Move.REJECT if ended is Stage.REJECTED else Move.ARCHIVE
            return Step(move, NOTHING, (words, told), **_NOT_HALTED)
        self._answer(True, f"resume by {command.author}")
        again = self._minutes.again()
        told = f"attempt {again['attempt']}: {self._minutes.raised_by(again['attempt'])}"
        return Step(Move.RESUME, NOTHING, (words, told), **again)

    # ---- what is given

    def raised(self) -> Step | None:
        """Capital by a person's word: one step, never against a limit, and marked where evidence does not carry it."""
        command = self._wished(Order.PROMOTE, Order.RESTORE)
        if command is not None:
            return self._asked(command)
        awaited = self._minutes.standing.awaited
        if awaited is None or not awaited.forced or not is_enough(self._minutes.rules, awaited):
            return None
        target = fitting(self._minutes, awaited.fraction)
        if awaited.move is Move.RESTORE:
            # Its position may have been closed while the second person was waited for.
            target = min(target, self._restored())
        lacking = self._hindered(awaited.move, target)
        if lacking:
            self._minutes.set(awaited=None)
            self._minutes.reasons.append(
                f"{awaited.move.value} to {percent(awaited.fraction)} was approved and cannot be: {'; '.join(lacking)}"
            )
            return None
        return self._by_word(awaited.move, target, " and ".join(awaited.voices))

    def _asked(self, command: Command) -> Step | None:
        minutes = self._minutes
        move, stage = Move.FORCE if command.order is Order.PROMOTE else Move.RESTORE, minutes.standing.stage
        if (stage, move) not in STAGES:
            self._answer(False, f"{command.order.value}: expected a stage where it is possible, found {stage.value}")
            return None
        target = next_fraction(minutes) if move is Move.FORCE else self._restored()
        lacking = self._hindered(move, target)
        if lacking:
            self._answer(False, f"a person's word replaces evidence, not a limit: {'; '.join(lacking)}")
            return None
        awaited = Awaited(move, target, minutes.now, (command.author,), True)
        if not is_enough(minutes.rules, awaited):
            minutes.set(awaited=awaited)
            self._answer(True, f"{percent(target)} awaits the approval of a second person")
            return None
        step = self._by_word(move, target, f"{command.author} ({command.reason})")
        self._answer(True, "; ".join(step.why))
        return step

    def _hindered(self, move: Move, target: Decimal) -> Words:
        """What stands in the way of a person's word."""
        if move is Move.RESTORE:
            return self._unrestorable(target)
        if target <= self._minutes.standing.fraction:
            return (f"{percent(target)} is the greatest fraction there is",)
        return self._minutes.case.must(target)

    def _restored(self) -> Decimal:
        """What it held, as far as it fits; one step where its position is gone."""
        standing = self._minutes.standing
        held = max(self._minutes.rules.initial_allocation, standing.committed)
        return fitting(self._minutes, min(standing.halted_fraction, held))

    def _unrestorable(self, target: Decimal) -> Words:
        standing, case = self._minutes.standing, self._minutes.case
        if not target:
            return ("it held no capital: resume leads back to paper",)
        if standing.halt is not None and standing.halt.kind is HaltKind.RISK:
            return ("a risk limit or a person halted it: resume leads back to paper",)
        return (*case.held(), *case.room_for(target))

    def _by_word(self, move: Move, target: Decimal, whose: str) -> Step:
        if move is Move.RESTORE:
            why = (f"restored to {percent(target)} by {whose}",)
            return Step(move, target, why, errors=0, **_NOT_HALTED)
        lacking = self._minutes.case.should(target)
        backed = "criteria and evidence allow it" if not lacking else f"not backed by evidence: {'; '.join(lacking)}"
        return rise(self._minutes, target, f"{percent(target)} by {whose}; {backed}", forced=bool(lacking))
