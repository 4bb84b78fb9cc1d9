"""What a promotion decision is made of: frozen values that go in and the whole record that comes out. No decision is made here.

Times are engine time, UTC ns. Capital fractions are of a version's budget, exact; money is exact, a version's in its own currency and the account's in USD.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec

from genesis.audit.entry import canonical
from genesis.evidence.rules import Source
from genesis.metrics.ratios import EVIDENCE_BAR_NS
from genesis.paper_trading.promotion_rules import PromotionRules, written
from genesis.paper_trading.stages import Action, HaltKind, Move, Stage
from genesis.paper_trading.verdicts import Measurements, Verdict
from genesis.risk.tiers import Tier

NOTHING = Decimal(0)
WHOLE = Decimal(1)


class Level(Enum):
    """What a monitor says: ``WARN`` halves the capital, ``ALARM`` takes it."""

    CALM = "CALM"
    WARN = "WARN"
    ALARM = "ALARM"


class Reading(msgspec.Struct, frozen=True):
    """A monitor (``edge``, ``gap``, ``var``, ``drawdown``), its level, and what it saw in words."""

    name: str
    level: Level
    words: str = ""


class Halt(msgspec.Struct, frozen=True):
    """Why a live track stands still."""

    kind: HaltKind
    words: str


class DataState(Enum):
    """The market data at a look: ``STALE`` says nothing about anything, ``DEGRADED`` is a window that is no evidence."""

    FRESH = "FRESH"
    STALE = "STALE"
    DEGRADED = "DEGRADED"


class OwnInputs(msgspec.Struct, frozen=True):
    """What the user's own criteria went by: by name the digest (hex) of the code, and the measurements that all of them were given.

    Whoever has the code runs it on ``given`` and has to get the verdict's value. A number that is none cannot be recorded and is undefined here.
    """

    code: Mapping[str, str]
    given: Measurements


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of one version at one moment.

    ``version`` is the name of its reference track, ``identity`` the digest of what it is. Verdicts, E and futility were gathered since
    ``evidence_from_ns``; they count only where that is the standing's (every attempt begins anew). ``adjusted`` is E among the family's members (those
    registered after a version went live leave its own alone), ``residual`` the same of benchmark-hedged returns. ``e_live`` is E of the live track since it went live,
    ``e_stress`` of the reference track at higher costs, ``futility`` an e-value against a Sharpe ratio of 1.5. ``live_trades`` counts all
    trades that live tracks of the version have closed, ``live_pnl`` is all they have earned, net. ``least_fraction`` is the least fraction at which its
    typical order is twice the venue's minima. ``own`` is there where the user has criteria.
    """

    time_ns: int
    version: str
    identity: str
    evidence_from_ns: int
    budget: Decimal
    verdicts: tuple[Verdict, ...] = ()
    e_value: float = 1.0
    adjusted: float = 1.0
    residual: float | None = None
    e_live: float | None = None
    e_stress: float | None = None
    futility: float | None = None
    bound_broken: bool = False
    monitors: tuple[Reading, ...] = ()
    live_trades: int = 0
    live_equity: Decimal | None = None
    live_pnl: Decimal = NOTHING
    live_flat: bool = True
    halt: Halt | None = None
    data: DataState = DataState.FRESH
    source: Source = Source.REPLAY
    synthetic: bool = False
    venue_simulated: bool = True
    least_fraction: Decimal = NOTHING
    own: OwnInputs | None = None

    def __post_init__(self) -> None:
        if not self.budget > 0:
            raise ValueError(f"budget: expected above 0, found {self.budget}")
        for name in ("e_value", "adjusted", "residual", "e_live", "e_stress", "futility"):
            value = getattr(self, name)
            if value is not None and not 0 <= value < float("inf"):
                raise ValueError(f"{name}: expected a finite number of 0 or more, found {value}")

    @property
    def at_bar(self) -> bool:
        """Whether an evidence bar closes at the moment; between two of them capital is only taken."""
        return self.time_ns % EVIDENCE_BAR_NS == 0

    @property
    def counted(self) -> float:
        """The E that decides: adjusted for the family, the smaller of the raw and the benchmark-hedged one."""
        return self.adjusted if self.residual is None else min(self.adjusted, self.residual)

    @property
    def level(self) -> Level:
        """The worst that any monitor says."""
        found = {m.level for m in self.monitors}
        return next((x for x in (Level.ALARM, Level.WARN) if x in found), Level.CALM)


class Limit(msgspec.Struct, frozen=True):
    """The greatest capital fraction that a version may hold, whatever room there is, and why."""

    fraction: Decimal
    words: str


class AccountFacts(msgspec.Struct, frozen=True, kw_only=True):
    """The account at one moment. ``equity`` (USD) is what shares are measured by, ``budget_max`` and ``open_max`` are shares of it.

    ``rates``: by version, USD for one unit of the currency in which its budget and profit are told; 1 where nothing is said. ``live_max``: how many versions may be live; ``budget_max``: what each may hold; ``open_max``: what all may hold together.
    ``held_back`` says in words why nobody may hold more than now; empty where nothing does. ``limits``: by version, what bounds it alone.
    """

    equity: Decimal
    live_max: int
    budget_max: Decimal
    open_max: Decimal = WHOLE
    tier: str = ""
    held_back: str = ""
    rates: Mapping[str, Decimal] = {}
    limits: Mapping[str, Limit] = {}

    @classmethod
    def of(
        cls,
        tier: Tier | None,
        equity: Decimal,
        held_back: str = "",
        rates: Mapping[str, Decimal] | None = None,
        limits: Mapping[str, Limit] | None = None,
    ) -> AccountFacts:
        """The account of a tier; ``None`` is ``paper_only``, which lets nothing live."""
        told: dict[str, Any] = {"held_back": held_back, "rates": rates or {}, "limits": limits or {}}
        if tier is None:
            return cls(equity=equity, live_max=0, budget_max=NOTHING, tier="paper_only", **told)
        return cls(
            equity=equity,
            live_max=tier.strategies,
            budget_max=tier.budget_max,
            open_max=min(WHOLE, tier.gross_exposure_max),
            tier=tier.name,
            **told,
        )


class Room(msgspec.Struct, frozen=True):
    """The greatest capital fraction that the account lets a version hold now, and which of its limits says so.

    ``revoked`` says in words why all unproven capital has to go; empty where it has not.
    """

    fraction: Decimal
    words: str = ""
    revoked: str = ""


class Order(Enum):
    """What a person can tell the manager."""

    PROMOTE = "promote"
    DEMOTE = "demote"
    PAUSE = "pause"
    RESUME = "resume"
    RESTORE = "restore"
    HALT = "halt"
    APPROVE = "approve"
    REFUSE = "refuse"
    ARCHIVE = "archive"


# What stops or takes away is not kept waiting for the evidence bar.
TAKES = frozenset({Order.HALT, Order.PAUSE, Order.DEMOTE, Order.ARCHIVE})


class Command(msgspec.Struct, frozen=True):
    """An order of a person, with its ``number`` in the inbox; ``target`` is a version, ``None`` all of them."""

    number: int
    order: Order
    target: str | None
    author: str
    reason: str


class Asked(msgspec.Struct, frozen=True):
    """What lies in an inbox, whether its word is an order or not."""

    number: int
    command: str
    target: str | None
    author: str
    reason: str


class Answer(msgspec.Struct, frozen=True):
    """What became of a command: taken or refused, and why, in words."""

    command: Command
    taken: bool
    words: str


class Pause(Enum):
    """Whether anything may rise: ``UNTIL_CLEAR`` ends with the next look that can judge, ``UNTIL_RESUMED`` with a person's word."""

    NONE = "NONE"
    UNTIL_CLEAR = "UNTIL_CLEAR"
    UNTIL_RESUMED = "UNTIL_RESUMED"


class Awaited(msgspec.Struct, frozen=True):
    """A rise that waits for people; ``voices`` are the authors who are for it, ``forced`` that a person asked for it."""

    move: Move
    fraction: Decimal
    since_ns: int
    voices: tuple[str, ...] = ()
    forced: bool = False


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version stands: all that the manager remembers of it.

    ``fraction`` is what it may use, ``committed`` what its position may still hold (more, while it is being sold). ``since_ns``: in this stage; ``stepped_ns`` and
    ``stepped_trades``: when the fraction changed last. ``evidence_from_ns``: when this attempt's evidence began; ``deadline_ns``: when its time
    on paper is over. ``epoch`` counts identities, ``attempt`` tries of one. ``frozen``: paper E when it was validated, ``None`` where it is not. ``forced``: the
    fraction is held by a person's word, not backed by evidence. ``ended``: it was rejected or archived before it was halted. ``look_ns``: the last look that counted; ``errors``, ``inconclusive`` and ``failures``: such looks
    in a row; ``calm_since_ns``: since when no monitor warned. ``halted_fraction``: what it held when it was halted. ``asked_again_ns``: until
    then a refusal holds. ``budget``, ``live_pnl``, ``proven``: as the last look found them; ``cleared_pnl``: live profit that no longer counts as unproven.
    """

    version: str
    identity: str
    stage: Stage = Stage.DRAFT
    fraction: Decimal = NOTHING
    committed: Decimal = NOTHING
    since_ns: int = 0
    stepped_ns: int = 0
    stepped_trades: int = 0
    evidence_from_ns: int = 0
    deadline_ns: int = 0
    epoch: int = 1
    attempt: int = 1
    frozen: float | None = None
    forced: bool = False
    pause: Pause = Pause.NONE
    pause_words: str = ""
    look_ns: int | None = None
    errors: int = 0
    inconclusive: int = 0
    failures: int = 0
    calm_since_ns: int | None = None
    halt: Halt | None = None
    halted_fraction: Decimal = NOTHING
    ended: Stage | None = None
    awaited: Awaited | None = None
    asked_again_ns: int = 0
    budget: Decimal = NOTHING
    live_pnl: Decimal = NOTHING
    cleared_pnl: Decimal = NOTHING
    proven: bool = False

    def __post_init__(self) -> None:
        if self.stage.holds_capital != (self.fraction > 0):
            raise ValueError(
                f"fraction: expected capital in {self.stage.value} alone where it is held, found {self.fraction}"
            )


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """A decision whole: what went in, what came out, and why.

    ``reasons`` say what moved it, or what holds it back and what is missing; ``call`` why a person is called, empty where none is.
    """

    rules: PromotionRules
    facts: Facts
    room: Room
    commands: tuple[Command, ...]
    before: Standing
    after: Standing
    move: Move | None
    action: Action
    answers: tuple[Answer, ...]
    reasons: tuple[str, ...]
    call: str
    rules_digest: str

    @property
    def time_ns(self) -> int:
        """The moment."""
        return self.facts.time_ns

    @property
    def version(self) -> str:
        """The version's name."""
        return self.facts.version

    @property
    def digest(self) -> str:
        """SHA-256 of its canonical JSON, hex."""
        return digest_of(written(self))


def digest_of(record: Mapping[str, object]) -> str:
    """SHA-256 (hex) of a decision's document, as `written` gives it."""
    return hashlib.sha256(canonical(record)).hexdigest()
