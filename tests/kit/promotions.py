"""Versions, facts and accounts for tests of promotion: what is not said is what lets a strategy rise."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from genesis.clock import NS_PER_DAY, NS_PER_HOUR
from genesis.model.events import Event
from genesis.paper_trading.promotion_decision import decide
from genesis.paper_trading.promotion_facts import (
    AccountFacts,
    Command,
    Evaluation,
    Facts,
    Halt,
    Level,
    Order,
    Reading,
    Room,
    Standing,
)
from genesis.paper_trading.promotion_manager import StrategyPromotionManager
from genesis.paper_trading.promotion_record import entries_of
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import HaltKind, Stage
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Verdict, Window

T0 = 1_700_000_000_000_000_000 // (4 * NS_PER_HOUR) * (4 * NS_PER_HOUR)
BAR = 4 * NS_PER_HOUR
DAY = NS_PER_DAY
GIVEN = PromotionRules()
WIDE = Room(Decimal(1))


def verdicts(**values: Any) -> tuple[Verdict, ...]:
    """The five criteria judged over a hundred days; all of them pass unless a value says otherwise."""
    good: dict[str, Any] = {"trades": 200, "bars": 600, "sharpe": 3.0, "drawdown_max": 0.04, "win_rate": 0.6}
    return ValidationCriteria().judge(Measurements(window=Window(T0 - 100 * DAY, T0), **(good | values)))


PASSED = verdicts()
FAILED = verdicts(win_rate=0.5)
UNDECIDED = verdicts(trades=40)
UNMEASURABLE = verdicts(sharpe=float("nan"))


def standing(stage: Stage = Stage.PAPER, fraction: str = "0", **values: Any) -> Standing:
    """A version that has stood where it is for a hundred days; its evidence began then."""
    held = Decimal(fraction)
    past: dict[str, Any] = {
        "since_ns": T0 - 100 * DAY,
        "stepped_ns": T0 - 100 * DAY,
        "evidence_from_ns": T0 - 100 * DAY,
        "deadline_ns": T0 + 265 * DAY,
        "committed": held,
        "calm_since_ns": T0 - 100 * DAY,
        "look_ns": T0 - BAR,
    }
    return Standing(version="a", identity="i" * 64, stage=stage, fraction=held, **(past | values))


def facts(**values: Any) -> Facts:
    """Everything in order, criteria passed, an adjusted E of 1, 50 live trades, flat, at `T0`."""
    good: dict[str, Any] = {
        "time_ns": T0,
        "version": "a",
        "identity": "i" * 64,
        "evidence_from_ns": T0 - 100 * DAY,
        "budget": Decimal(10_000),
        "verdicts": PASSED,
        "live_trades": 50,
    }
    return Facts(**(good | values))


def decided(
    at: Standing, rules: PromotionRules = GIVEN, room: Room = WIDE, commands: Sequence[Command] = (), **values: Any
) -> Evaluation:
    """A decision about ``at`` under `facts` with ``values``."""
    return decide(rules, at, facts(**values), room, commands)


def said(
    order: Order, author: str = "ann", number: int = 1, target: str | None = "a", reason: str = "because"
) -> Command:
    """A command."""
    return Command(number, order, target, author, reason)


def warning(name: str = "edge") -> tuple[Reading, ...]:
    """One monitor warns."""
    return (Reading(name, Level.WARN, "it is lower"),)


def alarm(name: str = "edge") -> tuple[Reading, ...]:
    """One monitor is in alarm."""
    return (Reading(name, Level.ALARM, "it is gone"),)


def halted(kind: HaltKind = HaltKind.RISK) -> Halt:
    """The live track stands still."""
    return Halt(kind, "daily loss of 5 %")


def account(equity: int = 100_000, live_max: int = 5, budget_max: str = "1", open_max: str = "1") -> AccountFacts:
    """An account wide enough for what a test is not about."""
    return AccountFacts(
        equity=Decimal(equity), live_max=live_max, budget_max=Decimal(budget_max), open_max=Decimal(open_max)
    )


def a_rise(version: str, time_ns: int) -> list[Event]:
    """The entries of a version's first looks: registered, validated, paused and refused by persons, live."""
    manager = StrategyPromotionManager(GIVEN)
    events: list[Event] = []
    for i in range(4):
        now = facts(
            version=version, time_ns=time_ns + i * BAR, evidence_from_ns=time_ns, adjusted=1.5 + i / 3, residual=None
        )
        commands = [said(Order.APPROVE, target=version), said(Order.PROMOTE, number=2, target=None)] if i == 2 else []
        events.extend(entries_of(manager.evaluate([now], account(), commands), now.time_ns))
    return events
