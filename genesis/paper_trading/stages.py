"""The life of a strategy version from its registration to its end: one literal table, and what each move does to orders and position."""

from __future__ import annotations

from enum import Enum


class Stage(Enum):
    """Where a version stands. Capital is held in `LIVE`, `STABLE` and `DEGRADED` and nowhere else."""

    DRAFT = "DRAFT"
    PAPER = "PAPER"
    VALIDATED = "VALIDATED"
    LIVE = "LIVE"
    STABLE = "STABLE"
    DEGRADED = "DEGRADED"
    DEMOTED = "DEMOTED"
    HALTED = "HALTED"
    REJECTED = "REJECTED"
    ARCHIVED = "ARCHIVED"

    @property
    def holds_capital(self) -> bool:
        """Whether a capital fraction above 0 is possible here."""
        return self in CAPITAL


class Move(Enum):
    """What can happen to a version.

    ``register``: it joins its family. ``change``: its identity is another one, so it is a new candidate. ``validate``: all that the profile asks of paper is met; ``thaw``: it
    no longer is. ``go_live``, ``step_up``: capital by the rules; ``reach_max``: nothing is left to climb; ``force``: capital by a person's word against
    the evidence. ``step_down``: less capital, by evidence or by the account's limits; ``give_back``: the account has no room left, by no fault of the
    version. ``degrade``: a monitor warns; ``recover``: the monitors are calm again. ``demote``: the capital is taken away; ``retry``: back to
    paper after the cool-down. ``reject``: futile, too late, or no attempt left. ``halt``, ``resume`` (to paper), ``restore`` (to what it held), ``archive``.
    """

    REGISTER = "register"
    CHANGE = "change"
    VALIDATE = "validate"
    THAW = "thaw"
    GO_LIVE = "go_live"
    STEP_UP = "step_up"
    REACH_MAX = "reach_max"
    FORCE = "force"
    STEP_DOWN = "step_down"
    GIVE_BACK = "give_back"
    DEGRADE = "degrade"
    RECOVER = "recover"
    DEMOTE = "demote"
    RETRY = "retry"
    REJECT = "reject"
    HALT = "halt"
    RESUME = "resume"
    RESTORE = "restore"
    ARCHIVE = "archive"


class Action(Enum):
    """What is done to a live track's orders and position.

    ``NONE``: nothing. ``JOIN``: entries are taken; a track that is flat joins at the strategy's next entry from flat. ``STEP_UP``: the greater fraction counts for new
    entries only. ``REDUCE``: entries cancelled, the position reduced pro rata to the new fraction, reduce-only, within 15 minutes. ``DEMOTE``: entries cancelled,
    reduce-only, protective stops stay; what is left after 24 hours is flattened in slices. ``FLATTEN``: entries cancelled, flattened now.
    ``HOLD``: entries cancelled, position and stops kept while a person is called; never flattened on stale prices.
    """

    NONE = "none"
    JOIN = "join"
    STEP_UP = "step_up"
    REDUCE = "reduce"
    DEMOTE = "demote"
    FLATTEN = "flatten"
    HOLD = "hold"


class HaltKind(Enum):
    """Why something stands still: a risk limit (or a person), the data, the record, or the strategy's own code."""

    RISK = "risk"
    DATA = "data"
    INTEGRITY = "integrity"
    STRATEGY = "strategy"


CAPITAL = frozenset({Stage.LIVE, Stage.STABLE, Stage.DEGRADED})

# A pair that is not here cannot happen.
STAGES: dict[tuple[Stage, Move], Stage] = {
    (Stage.DRAFT, Move.REGISTER): Stage.PAPER,
    (Stage.DRAFT, Move.HALT): Stage.HALTED,
    (Stage.DRAFT, Move.ARCHIVE): Stage.ARCHIVED,
    (Stage.PAPER, Move.CHANGE): Stage.PAPER,
    (Stage.PAPER, Move.VALIDATE): Stage.VALIDATED,
    (Stage.PAPER, Move.FORCE): Stage.LIVE,
    (Stage.PAPER, Move.REJECT): Stage.REJECTED,
    (Stage.PAPER, Move.HALT): Stage.HALTED,
    (Stage.PAPER, Move.ARCHIVE): Stage.ARCHIVED,
    (Stage.VALIDATED, Move.CHANGE): Stage.PAPER,
    (Stage.VALIDATED, Move.THAW): Stage.PAPER,
    (Stage.VALIDATED, Move.GO_LIVE): Stage.LIVE,
    (Stage.VALIDATED, Move.FORCE): Stage.LIVE,
    (Stage.VALIDATED, Move.HALT): Stage.HALTED,
    (Stage.VALIDATED, Move.ARCHIVE): Stage.ARCHIVED,
    (Stage.LIVE, Move.CHANGE): Stage.PAPER,
    (Stage.LIVE, Move.STEP_UP): Stage.LIVE,
    (Stage.LIVE, Move.FORCE): Stage.LIVE,
    (Stage.LIVE, Move.REACH_MAX): Stage.STABLE,
    (Stage.LIVE, Move.STEP_DOWN): Stage.LIVE,
    (Stage.LIVE, Move.GIVE_BACK): Stage.VALIDATED,
    (Stage.LIVE, Move.DEGRADE): Stage.DEGRADED,
    (Stage.LIVE, Move.DEMOTE): Stage.DEMOTED,
    (Stage.LIVE, Move.HALT): Stage.HALTED,
    (Stage.LIVE, Move.ARCHIVE): Stage.ARCHIVED,
    (Stage.STABLE, Move.CHANGE): Stage.PAPER,
    (Stage.STABLE, Move.STEP_DOWN): Stage.LIVE,
    (Stage.STABLE, Move.GIVE_BACK): Stage.VALIDATED,
    (Stage.STABLE, Move.DEGRADE): Stage.DEGRADED,
    (Stage.STABLE, Move.DEMOTE): Stage.DEMOTED,
    (Stage.STABLE, Move.HALT): Stage.HALTED,
    (Stage.STABLE, Move.ARCHIVE): Stage.ARCHIVED,
    (Stage.DEGRADED, Move.CHANGE): Stage.PAPER,
    (Stage.DEGRADED, Move.STEP_DOWN): Stage.DEGRADED,
    (Stage.DEGRADED, Move.GIVE_BACK): Stage.VALIDATED,
    (Stage.DEGRADED, Move.RECOVER): Stage.LIVE,
    (Stage.DEGRADED, Move.DEMOTE): Stage.DEMOTED,
    (Stage.DEGRADED, Move.HALT): Stage.HALTED,
    (Stage.DEGRADED, Move.ARCHIVE): Stage.ARCHIVED,
    (Stage.DEMOTED, Move.CHANGE): Stage.PAPER,
    (Stage.DEMOTED, Move.RETRY): Stage.PAPER,
    (Stage.DEMOTED, Move.REJECT): Stage.REJECTED,
    (Stage.DEMOTED, Move.FORCE): Stage.LIVE,
    (Stage.DEMOTED, Move.HALT): Stage.HALTED,
    (Stage.DEMOTED, Move.ARCHIVE): Stage.ARCHIVED,
    # A change of code or parameters is no way out of a halt: only a person is.
    (Stage.HALTED, Move.CHANGE): Stage.HALTED,
    (Stage.HALTED, Move.HALT): Stage.HALTED,
    (Stage.HALTED, Move.RESUME): Stage.PAPER,
    # Who was rejected or archived before it was halted is so again once it is resumed: a halt is no way back to paper.
    (Stage.HALTED, Move.REJECT): Stage.REJECTED,
    (Stage.HALTED, Move.RESTORE): Stage.LIVE,
    (Stage.HALTED, Move.ARCHIVE): Stage.ARCHIVED,
    # Terminal for this identity; another identity is another candidate.
    (Stage.REJECTED, Move.CHANGE): Stage.PAPER,
    (Stage.REJECTED, Move.FORCE): Stage.LIVE,
    (Stage.REJECTED, Move.HALT): Stage.HALTED,
    (Stage.REJECTED, Move.ARCHIVE): Stage.ARCHIVED,
    (Stage.ARCHIVED, Move.CHANGE): Stage.PAPER,
    (Stage.ARCHIVED, Move.HALT): Stage.HALTED,
}

# What a move does to a live track. That of a halt depends on its kind, that of `Move.FORCE` on whether there is capital already.
ACTIONS: dict[Move, Action] = {
    Move.REGISTER: Action.NONE,
    Move.CHANGE: Action.DEMOTE,
    Move.VALIDATE: Action.NONE,
    Move.THAW: Action.NONE,
    Move.GO_LIVE: Action.JOIN,
    Move.STEP_UP: Action.STEP_UP,
    Move.REACH_MAX: Action.STEP_UP,
    Move.STEP_DOWN: Action.REDUCE,
    Move.GIVE_BACK: Action.DEMOTE,
    Move.DEGRADE: Action.REDUCE,
    Move.RECOVER: Action.NONE,
    Move.DEMOTE: Action.DEMOTE,
    Move.RETRY: Action.NONE,
    Move.REJECT: Action.NONE,
    Move.RESUME: Action.DEMOTE,
    Move.RESTORE: Action.JOIN,
    Move.ARCHIVE: Action.DEMOTE,
}
HALT_ACTIONS: dict[HaltKind, Action] = {
    HaltKind.RISK: Action.FLATTEN,
    HaltKind.DATA: Action.HOLD,
    HaltKind.INTEGRITY: Action.HOLD,
    HaltKind.STRATEGY: Action.HOLD,
}

# What a stage means for a live track while it lasts (definitions.md, 'Capital').
STANDING_ORDERS: dict[Stage, tuple[str, str]] = {
    Stage.DRAFT: ("none", "none"),
    Stage.PAPER: ("none", "none"),
    Stage.VALIDATED: ("none", "none, or what is left of it is sold down reduce-only"),
    Stage.LIVE: ("taken", "at the capital fraction"),
    Stage.STABLE: ("taken", "at the greatest fraction"),
    Stage.DEGRADED: (
        "those of before are cancelled; new ones at the lower fraction",
        "reduced pro rata to the lower fraction",
    ),
    Stage.DEMOTED: ("cancelled", "reduce-only, protective stops stay; flattened in slices after 24 h"),
    Stage.HALTED: (
        "cancelled",
        "risk: flattened now; data, integrity, strategy: kept with its stops, a person is called",
    ),
    Stage.REJECTED: ("none", "none"),
    Stage.ARCHIVED: ("cancelled", "reduce-only, protective stops stay; flattened in slices after 24 h"),
}


def after(stage: Stage, move: Move) -> Stage:
    """Where a version stands after a move.

    Raises:
        ValueError: the move cannot happen there.
    """
    found = STAGES.get((stage, move))
    if found is None:
        raise ValueError(f"move: expected one that is possible in {stage.value}, found {move.value}")
    return found


def action_of(stage: Stage, move: Move, halt: HaltKind | None = None) -> Action:
    """What a move from a stage does to the live track; ``halt`` is needed for `Move.HALT` alone.

    Raises:
        ValueError: a halt without its kind.
    """
    if move is Move.FORCE:
        return ACTIONS[Move.STEP_UP if stage.holds_capital else Move.GO_LIVE]
    if move is not Move.HALT:
        return ACTIONS[move]
    if halt is None:
        raise ValueError("halt: expected its kind, found none")
    return HALT_ACTIONS[halt]
