"""A promotion decision as entries of the run chain, and read back from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from genesis.errors import IntegrityError
from genesis.model.events import Event
from genesis.model.grid import plain
from genesis.model.promotion_events import CommandTaken, PromotionEvaluated, StageChanged
from genesis.paper_trading.promotion_facts import Answer, Asked, Command, Evaluation, Order, digest_of
from genesis.paper_trading.promotion_manager import Round
from genesis.paper_trading.promotion_rules import written

_ORDERS = {o.value: o for o in Order}


def entries_of(found: Round, time_ns: int) -> list[Event]:
    """All that is written of a moment: what was commanded, the decision whole, and the move, version by version; last what concerned no version."""
    events: list[Event] = []
    for evaluation in found.evaluations:
        events.extend(_evaluated(evaluation))
    return [*events, *_answered(found.unheard, time_ns, None)]


def commands_of(inbox: Iterable[Asked], time_ns: int) -> tuple[list[Command], list[CommandTaken]]:
    """The inbox's commands as orders; those that are none are answered at once."""
    commands, refused = [], []
    for row in inbox:
        if row.command in _ORDERS:
            commands.append(Command(row.number, _ORDERS[row.command], row.target, row.author, row.reason))
            continue
        words = f"command: expected one of {', '.join(_ORDERS)}, found {row.command}"
        refused.append(
            CommandTaken(time_ns, None, row.number, row.command, row.target, row.author, row.reason, False, words)
        )
    return commands, refused


def too_late(commands: Iterable[Command], time_ns: int) -> list[CommandTaken]:
    """Answers to what waited for an evidence bar when the tape ended: none follows at which it could be weighed."""
    words = "refused: the tape has ended, and no evidence bar follows at which it could be weighed"
    return _answered([Answer(c, False, f"{c.order.value} {words}") for c in commands], time_ns, None)


def evaluation_of(digest: str, record: Mapping[str, object]) -> Evaluation:
    """A decision as an entry holds it.

    Raises:
        IntegrityError: it is none that this version of Genesis knows, or not the one that the digest names.
    """
    try:
        evaluation = msgspec.convert(record, Evaluation, strict=False)
    except (msgspec.ValidationError, ValueError) as error:
        raise IntegrityError(f"promotion: expected a decision, found: {error}") from None
    if evaluation.digest != digest:
        raise IntegrityError(
            f"{evaluation.version} at {evaluation.time_ns}: expected the digest {digest}, found {evaluation.digest}"
        )
    return evaluation


def _evaluated(evaluation: Evaluation) -> list[Event]:
    time_ns, version, record = evaluation.time_ns, evaluation.version, written(evaluation)
    digest = digest_of(record)
    whole = PromotionEvaluated(time_ns, version, digest, record)
    events: list[Event] = [*_answered(evaluation.answers, time_ns, version), whole]
    before, after = evaluation.before, evaluation.after
    if evaluation.move is not None:
        events.append(
            StageChanged(
                time_ns,
                version,
                after.identity,
                evaluation.move.value,
                evaluation.action.value,
                before.stage.value,
                after.stage.value,
                plain(before.fraction),
                plain(after.fraction),
                after.attempt,
                after.epoch,
                after.forced,
                evaluation.reasons,
                digest,
            )
        )
    return events


def _answered(answers: Sequence[Answer], time_ns: int, version: str | None) -> list[CommandTaken]:
    return [
        CommandTaken(
            time_ns,
            version,
            a.command.number,
            a.command.order.value,
            a.command.target,
            a.command.author,
            a.command.reason,
            a.taken,
            a.words,
        )
        for a in answers
    ]
