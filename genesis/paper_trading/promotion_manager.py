"""`StrategyPromotionManager`: holds where every version stands, and lets the one function that decides walk the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from genesis.errors import IntegrityError
from genesis.paper_trading.allocation import Allocation
from genesis.paper_trading.promotion_decision import decide
from genesis.paper_trading.promotion_facts import AccountFacts, Answer, Command, Evaluation, Facts, Order, Standing
from genesis.paper_trading.promotion_rules import PromotionRules, written

# An order for all versions at once: what stops may be meant for everybody, what raises is meant for one.
_FOR_ALL = frozenset({Order.HALT, Order.PAUSE, Order.DEMOTE, Order.RESUME, Order.REFUSE})


class Round(msgspec.Struct, frozen=True):
    """What one moment brought: an evaluation a version, strongest evidence first, and the commands that concern none of them."""

    evaluations: tuple[Evaluation, ...]
    unheard: tuple[Answer, ...] = ()


class StrategyPromotionManager:
    """The standings of all versions. Deterministic: the same facts and commands in the same order give the same standings, bit for bit."""

    def __init__(self, rules: PromotionRules) -> None:
        self.rules = rules
        self._standings: dict[str, Standing] = {}

    @property
    def standings(self) -> Mapping[str, Standing]:
        """Where every version stands, by name."""
        return self._standings

    def standing(self, version: str) -> Standing:
        """Where a version stands.

        Raises:
            KeyError: it was never registered.
        """
        return self._standings[version]

    def register(self, version: str, identity: str) -> None:
        """A version that nobody has seen: a draft until its first look. One that is known stays where it stands."""
        self._standings.setdefault(version, Standing(version=version, identity=identity))

    def evaluate(
        self,
        facts: Sequence[Facts],
        account: AccountFacts,
        commands: Sequence[Command] = (),
        stopped: Mapping[str, Command] | None = None,
    ) -> Round:
        """Decide about every version there are facts of, all of one moment.

        Args:
            facts: one of each version that is looked at; unknown ones are registered, the others keep what they hold.
            account: what all of them share.
            commands: in the inbox's order.
            stopped: by version the last command that did not wait for its turn. Who asked for anything before it does not get it.

        Raises:
            ValueError: facts of more than one moment, or two of one version.
        """
        by_version = {f.version: f for f in facts}
        if len(by_version) != len(facts) or len({f.time_ns for f in facts}) > 1:
            raise ValueError("facts: expected one of each version, all of one moment, found others")
        for found in facts:
            self.register(found.version, found.identity)
        overtaken = _overtaken(commands, stopped or {})
        allocation = Allocation(self.rules, account, self._standings, by_version)
        evaluations = []
        for version in allocation.order:
            wanted = [c for c in commands if _concerns(c, version) and (c.number, version) not in overtaken]
            evaluation = decide(
                self.rules, self._standings[version], by_version[version], allocation.room(version), wanted
            )
            self._standings[version] = evaluation.after
            allocation.take(evaluation.after)
            evaluations.append(evaluation)
        if allocation.revoked:
            self._clear_absent(by_version)
        unheard = (*overtaken.values(), *_unheard(commands, by_version, self._standings))
        return Round(tuple(evaluations), unheard)

    def _clear_absent(self, looked_at: Mapping[str, Facts]) -> None:
        """What was lost has had its consequence: losses of unproven versions that are not looked at now are counted anew as well."""
        for version, standing in self._standings.items():
            if version not in looked_at and not standing.proven:
                self._standings[version] = msgspec.structs.replace(standing, cleared_pnl=standing.live_pnl)

    def save(self) -> bytes:
        """All standings, for `load`."""
        return msgspec.json.encode([written(s) for s in self._standings.values()])

    def load(self, state: bytes) -> None:
        """Take what `save` gave; what follows is the same, bit for bit.

        Raises:
            IntegrityError: it is no such state.
        """
        try:
            standings = msgspec.json.decode(state, type=list[Standing])
        except (msgspec.DecodeError, ValueError) as error:
            raise IntegrityError(f"promotion: expected the state of a manager, found: {error}") from None
        self._standings = {s.version: s for s in standings}


def recompute(evaluation: Evaluation) -> Evaluation:
    """Make a decision again from what its record says went into it.

    Raises:
        IntegrityError: it comes out differently; the parts that differ are named.
    """
    e = evaluation
    again = decide(e.rules, e.before, e.facts, e.room, e.commands)
    wrong = [n for n in Evaluation.__struct_fields__ if getattr(again, n) != getattr(e, n)]
    if wrong:
        raise IntegrityError(
            f"{e.version} at {e.time_ns}: expected the recorded decision, found others for {', '.join(wrong)}"
        )
    return again


def _concerns(command: Command, version: str) -> bool:
    return command.target == version or (command.target is None and command.order in _FOR_ALL)


def _overtaken(commands: Sequence[Command], stopped: Mapping[str, Command]) -> dict[tuple[int, str], Answer]:
    """By number and version: what was asked for before somebody stopped the version, and is answered after it."""
    found = {}
    for command in commands:
        for version, by in stopped.items():
            if _concerns(command, version) and command.number < by.number and command.order is not Order.REFUSE:
                words = f"{version}: overtaken by {by.order.value} of {by.author}, which came after it and did not wait: ask again if it is still wanted"
                found[command.number, version] = Answer(command, False, words)
    return found


def _unheard(
    commands: Iterable[Command], looked_at: Mapping[str, Facts], known: Mapping[str, Standing]
) -> Iterable[Answer]:
    for command in commands:
        if command.target is None and command.order not in _FOR_ALL:
            yield Answer(command, False, f"{command.order.value}: expected the name of a version, found none")
        elif command.target is not None and command.target not in known:
            yield Answer(command, False, f"target: expected one of {', '.join(known)}, found {command.target}")
        elif command.target is not None and command.target not in looked_at:
            yield Answer(command, False, f"target: expected a version that is looked at now, found {command.target}")
