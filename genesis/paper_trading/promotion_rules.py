"""The rules of promotion: the configuration section ``paper_trading.promotion``, and what each profile guarantees, in words."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Annotated

import msgspec
from msgspec import Meta

from genesis.audit.entry import canonical
from genesis.model.grid import plain

_Count = Annotated[int, Meta(ge=1)]


class Profile(Enum):
    """Which evidence capital needs. ``given``: none for the first step. ``balanced``, ``strict``, ``pilot``: also for the first, at their levels."""

    GIVEN = "given"
    BALANCED = "balanced"
    STRICT = "strict"
    PILOT = "pilot"


class Gate(Enum):
    """Who opens: the rules by themselves, or a person once the rules allow it."""

    AUTO = "auto"
    MANUAL = "manual"


class Expiry(Enum):
    """What becomes of a version that is still on paper when its time is over: rejected, or a person decides."""

    REJECT = "reject"
    MANUAL = "manual"


class Join(Enum):
    """How a live track begins: flat, at the strategy's next entry from flat."""

    WAIT_FLAT = "wait_flat"


# Levels (alpha_live, alpha_full) of the profiles (statistics.md 4.2). Under `given` the first is shown and decides nothing.
LEVELS: dict[Profile, tuple[Decimal, Decimal]] = {
    Profile.GIVEN: (Decimal("0.10"), Decimal("0.05")),
    Profile.BALANCED: (Decimal("0.10"), Decimal("0.05")),
    Profile.STRICT: (Decimal("0.05"), Decimal("0.01")),
    Profile.PILOT: (Decimal("0.20"), Decimal("0.05")),
}
# How often the five criteria alone let a strategy without any edge pass in 30 days of looking after every trade (statistics.md 5.2):
# symmetric payoffs; many small wins and rare large losses.
PASSED_WITHOUT_EDGE = (0.20, 0.74)
_HALF = Decimal("0.5")
# A thousand steps: more would be no ladder, and each is held in memory.
_INCREMENT_MIN = Decimal("0.001")


class MinDwell(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long a capital fraction is held before it may rise: both must be over."""

    days: _Count = 3
    trades: Annotated[int, Meta(ge=0)] = 10


class Gates(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who opens what."""

    go_live: Gate = Gate.AUTO
    each_step: Gate = Gate.AUTO
    champion_swap: Gate = Gate.AUTO


class PromotionRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The capital ladder and what climbing it takes. Fractions are of a strategy's budget unless they say that they are of the account.

    ``alpha_live``, ``alpha_full``: levels in place of the profile's. ``deramp_hysteresis``: capital is taken back when the evidence allows less than this part
    of it. ``retry_penalty``: by how much every further attempt raises all evidence thresholds. ``failure_limit``, ``inconclusive_limit``,
    ``consecutive_error_limit``: looks in a row, one an evidence bar. ``proven_evidence``: adjusted E under which capital is unproven.
    ``unproven_capital_max``, ``unproven_loss_max``: of the account's equity. ``account_equity``: in USD, by default what
    the budgets are worth together.

    Raises:
        ValueError: a number out of its range, or two that contradict each other.
    """

    auto_promote: bool = True
    initial_allocation: Decimal = Decimal("0.10")
    allocation_increment: Decimal = Decimal("0.10")
    max_allocation: Decimal = Decimal("1.00")
    profile: Profile = Profile.GIVEN
    alpha_live: Decimal | None = None
    alpha_full: Decimal | None = None
    min_dwell: MinDwell = MinDwell()
    deramp_hysteresis: Decimal = Decimal("0.5")
    cooldown_days: Annotated[int, Meta(ge=0)] = 7
    max_attempts: _Count = 3
    retry_penalty: Decimal = Decimal(2)
    paper_max_days: _Count = 365
    on_expiry: Expiry = Expiry.MANUAL
    futility_alpha: Decimal = Decimal("0.05")
    failure_limit: _Count = 6
    inconclusive_limit: _Count = 6
    consecutive_error_limit: _Count = 4
    gates: Gates = Gates()
    four_eyes: bool = False
    proven_evidence: Decimal = Decimal(10)
    unproven_capital_max: Decimal = Decimal("0.10")
    unproven_loss_max: Decimal = Decimal("0.01")
    join: Join = Join.WAIT_FLAT
    join_days: _Count = 7
    account_equity: Decimal | None = None

    def __post_init__(self) -> None:
        for name in ("initial_allocation", "allocation_increment", "max_allocation", "deramp_hysteresis"):
            _within(name, getattr(self, name), above=0)
        for name in ("unproven_capital_max", "unproven_loss_max"):
            _within(name, getattr(self, name))
        for name in ("alpha_live", "alpha_full", "futility_alpha"):
            value = getattr(self, name)
            if value is not None:
                _within(name, value, above=0)
        if self.allocation_increment < _INCREMENT_MIN:
            raise ValueError(
                f"allocation_increment: expected {_INCREMENT_MIN} or more, found {self.allocation_increment}"
            )
        if self.initial_allocation > self.max_allocation:
            raise ValueError(
                f"initial_allocation: expected at most max_allocation {self.max_allocation}, found {self.initial_allocation}"
            )
        for name in ("retry_penalty", "proven_evidence"):
            if not getattr(self, name) >= 1:
                raise ValueError(f"{name}: expected 1 or more, found {getattr(self, name)}")
        if self.account_equity is not None and not self.account_equity > 0:
            raise ValueError(f"account_equity: expected above 0, found {self.account_equity}")

    @property
    def needs_evidence(self) -> bool:
        """Whether also the first step needs evidence."""
        return self.profile is not Profile.GIVEN

    @property
    def level_live(self) -> Decimal:
        """``alpha_live``, or the profile's."""
        return LEVELS[self.profile][0] if self.alpha_live is None else self.alpha_live

    @property
    def level_full(self) -> Decimal:
        """``alpha_full``, or the profile's: eps of the rule fraction <= eps E."""
        return LEVELS[self.profile][1] if self.alpha_full is None else self.alpha_full

    def penalty(self, attempt: int) -> Decimal:
        """By how much the evidence thresholds of an attempt (1 is the first) are raised."""
        return self.retry_penalty ** (attempt - 1)

    def needed_live(self, attempt: int = 1) -> float:
        """Adjusted E that going live takes where the profile asks for any."""
        return float(self.penalty(attempt) / self.level_live)

    def needed(self, fraction: Decimal, attempt: int = 1) -> float:
        """E that a capital fraction takes: fraction / eps, doubled (`retry_penalty`) with every further attempt."""
        return float(fraction * self.penalty(attempt) / self.level_full)

    @property
    def ladder(self) -> tuple[Decimal, ...]:
        """The capital fractions of the ladder, lowest first."""
        steps, rung = [], self.initial_allocation
        while rung < self.max_allocation:
            steps.append(rung)
            rung += self.allocation_increment
        return (*steps, self.max_allocation)

    def rung(self, limit: Decimal) -> Decimal:
        """The greatest fraction of the ladder that is not above ``limit``; 0 under the first."""
        return max((r for r in self.ladder if r <= limit), default=Decimal(0))

    @property
    def digest(self) -> str:
        """SHA-256 of the rules' canonical JSON, hex."""
        return _digest(self)

    def words(self) -> tuple[str, ...]:
        """What the profile lets through and what it guarantees, with its numbers."""
        return (self._first_step(), self._further_steps(), self._average(), *self._unproven(), _NOT_GUARANTEED)

    @property
    def caution(self) -> str:
        """How often a strategy without any edge gets the first step; empty where evidence bounds it."""
        return "" if self.needs_evidence else self._first_step()

    def _first_step(self) -> str:
        first = percent(self.initial_allocation)
        if not self.needs_evidence:
            symmetric, skewed = (percent(Decimal(str(p))) for p in PASSED_WITHOUT_EDGE)
            return (
                f"Profile given: the enforced criteria alone open the first {first}, without evidence. Looked at after every trade for 30 days, the "
                f"default criteria are met at some moment by {symmetric} of strategies without any edge whose gains and losses are alike, and by {skewed} of "
                "those with many small wins and rare large losses."
            )
        chance, ever = self.level_live, self.level_live * self._lifetime()
        return (
            f"Profile {self.profile.value}: going live takes the criteria and an adjusted E of {self.needed_live():g}. The probability that any version without edge "
            f"among all that were tried is ever live is at most {percent(chance)}, over {self.max_attempts} attempts at most {percent(min(ever, Decimal(1)))}, however often one looks."
        )

    def _further_steps(self) -> str:
        steps = [r for r in self.ladder if r > self.initial_allocation or self.needs_evidence]
        if not steps:
            return "There is no further step."
        shown = sorted({steps[0], steps[-1], *(r for r in steps if r == _HALF)})
        told = ", ".join(
            f"{percent(f)} an E of {self.needed(f):g} (at most {percent(self._reached(f))})" for f in shown
        )
        return f"Capital fractions take adjusted evidence, in brackets the probability that any version without edge ever gets there in one attempt: {told}."

    def _average(self) -> str:
        rule = 2 * self.level_full if self.deramp_hysteresis < 1 else self.level_full
        share = rule if self.needs_evidence else self.initial_allocation + rule
        return f"On average over versions without edge at most {percent(min(share, self.max_allocation))} of their budget is ever at work at one moment."

    def _unproven(self) -> tuple[str, ...]:
        return (
            f"All versions with an adjusted E under {plain(self.proven_evidence)} together hold at most {percent(self.unproven_capital_max)} of the account's equity and lose at most "
            f"{percent(self.unproven_loss_max)} of it; then all of them are demoted.",
        )

    def _reached(self, fraction: Decimal) -> Decimal:
        chance = min(Decimal(1), self.level_full / fraction)
        return min(chance, self.level_live) if self.needs_evidence else chance

    def _lifetime(self) -> Decimal:
        return sum((1 / self.penalty(k) for k in range(1, self.max_attempts + 1)), Decimal(0))


_NOT_GUARANTEED = (
    "Guaranteed against strategies whose returns have no positive mean given the past, as simulated, with the loss bound kept; not against "
    "an edge that ends tomorrow."
)


def percent(share: Decimal) -> str:
    """``12.5 %``: a fraction as a percentage, with as many digits as it has, three at most."""
    return f"{plain(Decimal(f'{100 * share:.3g}').normalize())} %"


# What is not told where there is none of it: decisions without it are what they were before it existed.
_ONLY_WHERE_ANY = frozenset({"ended", "own"})


def written(value: msgspec.Struct) -> dict[str, object]:
    """A struct as a JSON document: amounts as exact text in plain notation, words by their value, all that is undefined as ``None``."""
    document: dict[str, object] = msgspec.to_builtins(value, builtin_types=(Decimal,))
    return {k: _plain(v) for k, v in document.items()}


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items() if v is not None or k not in _ONLY_WHERE_ANY}
    return [_plain(v) for v in value] if isinstance(value, (list, tuple)) else value


@lru_cache(64)
def _digest(rules: PromotionRules) -> str:
    return hashlib.sha256(canonical(written(rules))).hexdigest()


def _within(name: str, value: Decimal, above: int | None = None) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: expected 0 to 1, found {value}")
    if value == above:
        raise ValueError(f"{name}: expected above {above}, found {value}")
