"""The manager: many versions at one moment, what it remembers, and decisions that can be made again from their record alone."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from genesis.audit.entry import encode
from genesis.errors import IntegrityError
from genesis.model.promotion_events import CommandTaken, PromotionEvaluated, StageChanged
from genesis.paper_trading.promotion_facts import Asked, DataState, Evaluation, Order
from genesis.paper_trading.promotion_manager import Round, StrategyPromotionManager, recompute
from genesis.paper_trading.promotion_record import commands_of, entries_of, evaluation_of, too_late
from genesis.paper_trading.promotion_rules import Profile, PromotionRules, written
from genesis.paper_trading.stages import HaltKind, Move, Stage
from tests.kit.promotions import (
    BAR,
    DAY,
    GIVEN,
    T0,
    UNDECIDED,
    UNMEASURABLE,
    account,
    alarm,
    decided,
    facts,
    halted,
    said,
    standing,
    verdicts,
    warning,
)


def run_of(manager: StrategyPromotionManager, names: str, looks: int, equity: int = 100_000) -> list[Evaluation]:
    """Looks at versions whose criteria pass and whose E grows by a tenth of their place a look."""
    found: list[Evaluation] = []
    for i in range(looks):
        now = [
            facts(version=v, time_ns=T0 + i * BAR, evidence_from_ns=T0, adjusted=1 + i * n / 10, live_trades=2 * i)
            for n, v in enumerate(names)
        ]
        found.extend(manager.evaluate(now, account(equity)).evaluations)
    return found


def test_two_versions_rise_for_one_place_and_the_better_one_gets_it() -> None:
    """10,000 of equity, a tenth for unproven capital; the other one is told what it waits for."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "ab", 4, equity=10_000)
    assert {v: (s.stage.value, s.fraction) for v, s in manager.standings.items()} == {
        "a": ("VALIDATED", 0),
        "b": ("LIVE", Decimal("0.10")),
    }


def test_alone_on_its_account_it_finds_room_again_after_a_small_loss() -> None:
    """The account is its budget of 10,000 less 10 lost live: the cap on unproven capital is 999, and 9.99 % of the budget are opened, no cent more."""
    manager = StrategyPromotionManager(GIVEN)
    opened = []
    for i in range(4):
        now = facts(time_ns=T0 + i * BAR, evidence_from_ns=T0, live_pnl=Decimal(-10))
        (evaluation,) = manager.evaluate([now], account(9_990)).evaluations
        opened.append(str(evaluation.after.fraction))
    assert opened == ["0", "0", "0.0999", "0.0999"]


def test_unproven_capital_stays_under_its_cap_when_twenty_rise_together() -> None:
    """A tenth of 100,000 are ten first steps of 10,000 at 10 %; the other ten wait."""
    manager = StrategyPromotionManager(GIVEN)
    names = "abcdefghijklmnopqrst"
    for i in range(5):
        now = [facts(version=v, time_ns=T0 + i * BAR, evidence_from_ns=T0) for v in names]
        manager.evaluate(now, account(100_000, live_max=20))
    held = {v for v, s in manager.standings.items() if s.stage is Stage.LIVE}
    assert held == set("abcdefghij")
    assert {s.stage for v, s in manager.standings.items() if v not in held} == {Stage.VALIDATED}


def test_a_command_for_all_reaches_all_and_what_raises_needs_a_name() -> None:
    """The kill switch; an unknown version is named."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "ab", 3)
    now = [facts(version=v, time_ns=T0 + 3 * BAR, evidence_from_ns=T0) for v in "ab"]
    wanted = [
        said(Order.HALT, target=None),
        said(Order.PROMOTE, number=2, target=None),
        said(Order.DEMOTE, number=3, target="z"),
    ]
    found = manager.evaluate(now, account(), wanted)
    assert {s.stage for s in manager.standings.values()} == {Stage.HALTED}
    assert [(a.command.number, a.taken, a.words) for a in found.unheard] == [
        (2, False, "promote: expected the name of a version, found none"),
        (3, False, "target: expected one of a, b, found z"),
    ]


def test_a_known_version_that_is_not_looked_at_hears_no_command() -> None:
    """Nothing is known of it at that moment; it keeps its standing."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "ab", 3)
    before = manager.standing("b")
    now = facts(version="a", time_ns=T0 + 3 * BAR, evidence_from_ns=T0)
    found = manager.evaluate([now], account(), [said(Order.DEMOTE, target="b")])
    assert [(a.taken, a.words) for a in found.unheard] == [
        (False, "target: expected a version that is looked at now, found b")
    ]
    assert manager.standing("b") == before


def test_losses_are_counted_anew_for_all_once_unproven_capital_was_withdrawn() -> None:
    """Also those of a version that is not looked at then."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "ab", 3)
    both = [
        facts(version=v, time_ns=T0 + 3 * BAR, evidence_from_ns=T0, live_pnl=Decimal(-900 if v == "b" else 0))
        for v in "ab"
    ]
    assert not any(e.room.revoked for e in manager.evaluate(both, account()).evaluations)
    alone = facts(version="a", time_ns=T0 + 4 * BAR, evidence_from_ns=T0, live_pnl=Decimal(-101))
    (e,) = manager.evaluate([alone], account()).evaluations
    assert (e.move, e.after.cleared_pnl) == (Move.DEMOTE, Decimal(-101))
    assert manager.standing("b").cleared_pnl == Decimal(-900)


def test_what_a_proven_version_has_lost_is_not_forgotten_when_unproven_capital_is_withdrawn() -> None:
    """Its 500 are no part of what was withdrawn: they count should its proof be lost."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "ab", 3)
    lost = {"evidence_from_ns": T0, "live_pnl": Decimal(-500)}
    manager.evaluate([facts(version="b", time_ns=T0 + 3 * BAR, adjusted=10.0, **lost)], account())
    assert manager.standing("b").proven
    alone = facts(version="a", time_ns=T0 + 4 * BAR, evidence_from_ns=T0, live_pnl=Decimal(-1001))
    (e,) = manager.evaluate([alone], account()).evaluations
    assert (e.move, e.after.cleared_pnl) == (Move.DEMOTE, Decimal(-1001))
    assert manager.standing("b").cleared_pnl == 0


def test_between_bars_a_loss_that_takes_all_unproven_capital_is_left_for_the_bar() -> None:
    """Looked at alone in the middle of a bar, its loss has broken the limit for both: nobody's loss is forgotten, and at the bar all capital goes."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "ab", 3)
    assert {s.stage for s in manager.standings.values()} == {Stage.LIVE}
    lost = {"evidence_from_ns": T0, "live_pnl": Decimal(-600)}
    between = facts(version="a", time_ns=T0 + 2 * BAR + 1, **lost)
    manager.evaluate([facts(version="b", time_ns=T0 + 2 * BAR + 1, **lost)], account(), [said(Order.PAUSE, target="b")])
    (e,) = manager.evaluate([between], account(), [said(Order.HALT)]).evaluations
    assert (e.room.revoked, e.after.cleared_pnl, e.after.stage) == ("", 0, Stage.HALTED)
    assert manager.standing("b").cleared_pnl == 0
    at_bar = [facts(version=v, time_ns=T0 + 3 * BAR, **lost) for v in "ab"]
    found = {e.version: e for e in manager.evaluate(at_bar, account()).evaluations}
    assert (found["b"].move, found["b"].after.fraction) == (Move.DEMOTE, 0)
    assert found["b"].reasons[0].startswith("unproven versions together have lost 1200")


def test_what_was_asked_before_somebody_stopped_a_version_is_not_heard_for_it() -> None:
    """Of a resume for all the others hear it; a refusal takes nothing from a stop and is heard; what was asked after it is heard too."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "ab", 3)
    paused = [facts(version=v, time_ns=T0 + 3 * BAR, evidence_from_ns=T0) for v in "ab"]
    manager.evaluate(paused, account(), [said(Order.PAUSE, target=None)])
    stopped = {"a": said(Order.PAUSE, "bob", number=5)}
    wanted = [said(Order.RESUME, number=4, target=None), said(Order.REFUSE, number=3), said(Order.APPROVE, number=6)]
    now = [facts(version=v, time_ns=T0 + 4 * BAR, evidence_from_ns=T0) for v in "ab"]
    found = manager.evaluate(now, account(), wanted, stopped)
    heard = {e.version: [(a.command.number, a.taken) for a in e.answers] for e in found.evaluations}
    assert heard == {"a": [(3, False), (6, False)], "b": [(4, True)]}
    assert [manager.standing(v).pause.value for v in "ab"] == ["UNTIL_RESUMED", "NONE"]
    (overtaken,) = found.unheard
    assert (overtaken.command.number, overtaken.taken) == (4, False)
    assert overtaken.words == (
        "a: overtaken by pause of bob, which came after it and did not wait: ask again if it is still wanted"
    )


def test_the_order_that_stopped_a_version_is_not_overtaken_by_itself() -> None:
    """Only what was asked for before it: the one before goes unheard, it itself is heard."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "a", 3)
    stop = said(Order.PAUSE, number=5)
    now = facts(time_ns=T0 + 3 * BAR, evidence_from_ns=T0)
    found = manager.evaluate([now], account(), [said(Order.PROMOTE, number=4), stop], {"a": stop})
    assert [(a.command.number, a.taken) for e in found.evaluations for a in e.answers] == [(5, True)]
    assert [a.command.number for a in found.unheard] == [4]


def test_facts_are_of_one_moment_and_one_of_each_version() -> None:
    """Else the order would decide."""
    manager = StrategyPromotionManager(GIVEN)
    for two in ([facts(), facts()], [facts(), facts(version="b", time_ns=T0 + 1)]):
        with pytest.raises(ValueError, match="expected one of each version, all of one moment"):
            manager.evaluate(two, account())


def test_a_known_version_stays_where_it_stands_when_it_is_registered_again() -> None:
    """Registering escapes nothing."""
    manager = StrategyPromotionManager(GIVEN)
    run_of(manager, "a", 3)
    before = manager.standing("a")
    manager.register("a", "another")
    assert manager.standing("a") == before


def test_saved_and_loaded_it_goes_on_to_the_same_standings_bit_for_bit() -> None:
    """After every look of a run that climbs."""
    whole, split = StrategyPromotionManager(GIVEN), StrategyPromotionManager(GIVEN)
    looks = 120
    for i in range(looks):
        now = [
            facts(version=v, time_ns=T0 + i * BAR, evidence_from_ns=T0, adjusted=1 + i / 7, e_live=1.1, live_trades=i)
            for v in "ab"
        ]
        whole.evaluate(now, account())
        split.evaluate(now, account())
        state = split.save()
        split = StrategyPromotionManager(GIVEN)
        split.load(state)
    assert split.standings == whole.standings
    assert split.save() == whole.save()
    assert whole.standing("a").fraction > Decimal("0.30")


def test_a_state_that_is_none_breaks_integrity() -> None:
    """Nothing is guessed."""
    manager = StrategyPromotionManager(GIVEN)
    for wrong in (b"{", b'[{"version":"a"}]', b'[{"version":"a","identity":"i","stage":"LIVE"}]'):
        with pytest.raises(IntegrityError, match="expected the state of a manager"):
            manager.load(wrong)


# ---- the record


DECISIONS = {
    "registered": decided(standing(Stage.DRAFT)),
    "undecided": decided(standing(), verdicts=UNDECIDED),
    "unmeasurable": decided(standing(Stage.LIVE, "0.10", errors=3), verdicts=UNMEASURABLE, live_flat=False),
    "without value": decided(standing(), verdicts=verdicts(sharpe=None)),
    "validated": decided(
        standing(),
        PromotionRules(profile=Profile.STRICT),
        adjusted=20.5,
        residual=21.25,
        e_stress=1e-17,
        futility=0.125,
    ),
    "live": decided(standing(Stage.VALIDATED), live_equity=Decimal("10000.00"), live_pnl=Decimal("-0.10")),
    "stepped": decided(standing(Stage.LIVE, "0.50"), adjusted=123.456789, e_live=1 / 3 + 1),
    "warned": decided(standing(Stage.LIVE, "0.50"), adjusted=50.0, monitors=(*warning(), *warning("gap"))),
    "demoted": decided(standing(Stage.STABLE, "1.00"), monitors=alarm(), live_flat=False),
    "halted": decided(standing(Stage.LIVE, "0.10"), halt=halted(HaltKind.INTEGRITY), live_flat=False),
    "stale": decided(standing(Stage.LIVE, "0.10"), data=DataState.STALE, live_flat=False),
    "forced": decided(
        standing(),
        verdicts=UNDECIDED,
        commands=[said(Order.PROMOTE, author="Zoë „Ω“"), said(Order.APPROVE, number=2, target=None)],
    ),
    "awaited": decided(standing(Stage.VALIDATED), PromotionRules(auto_promote=False, four_eyes=True)),
}


@pytest.mark.parametrize("name", DECISIONS)
def test_a_decision_is_made_again_from_its_entry_alone(name: str) -> None:
    """Written, read as JSON, and decided once more: the same to the last bit."""
    made = DECISIONS[name]
    record = written_of(made)
    read = evaluation_of(record["digest"], record["record"])
    assert read == made
    assert read.digest == made.digest
    assert recompute(read) == made


def written_of(made: Evaluation) -> dict[str, Any]:
    """The body of the decision's entry, as anybody reads it from the chain."""
    (entry,) = [e for e in entries_of(Round((made,)), made.time_ns) if isinstance(e, PromotionEvaluated)]
    body: dict[str, Any] = json.loads(encode(entry))["body"]
    return body


def test_a_record_is_silent_of_what_there_is_not_and_else_says_that_it_is_undefined() -> None:
    """Who never ended and has no criteria of one's own is recorded as before there were such; a halt or a residual is told also where there is none."""
    record = written(decided(standing()))
    after, found = record["after"], record["facts"]
    assert isinstance(after, dict)
    assert isinstance(found, dict)
    assert ("ended" in after, "own" in found) == (False, False)
    assert (after["halt"], found["residual"]) == (None, None)
    again = written(decided(standing(Stage.REJECTED), commands=[said(Order.HALT)]))["after"]
    assert isinstance(again, dict)
    assert again["ended"] == "REJECTED"


def test_a_record_that_was_changed_is_not_the_one_its_digest_names() -> None:
    """One value, one reason or one rule."""
    for path, value in ((("facts", "adjusted"), 99), (("reasons",), []), (("rules", "alpha_full"), "0.5")):
        record = written_of(DECISIONS["stepped"])
        inner = record["record"]
        for key in path[:-1]:
            inner = inner[key]
        assert inner[path[-1]] != value
        inner[path[-1]] = value
        with pytest.raises(IntegrityError, match="expected the digest"):
            evaluation_of(record["digest"], record["record"])


def test_a_record_that_is_none_is_refused() -> None:
    """Its field is named."""
    record = written_of(DECISIONS["live"])
    record["record"]["after"]["stage"] = "ALIVE"
    with pytest.raises(IntegrityError, match=r"expected a decision, found: .*stage"):
        evaluation_of(record["digest"], record["record"])


def test_a_decision_that_comes_out_differently_names_the_parts() -> None:
    """A record with a right digest and a wrong decision is found by deciding again."""
    made = msgspec.structs.replace(DECISIONS["undecided"], after=standing(Stage.VALIDATED))
    with pytest.raises(IntegrityError, match=r"a at \d+: expected the recorded decision, found others for after"):
        recompute(made)


def test_the_entries_of_a_moment_come_in_their_order() -> None:
    """What was commanded, the decision, the move; last the commands that concern no version."""
    manager = StrategyPromotionManager(GIVEN)
    manager.evaluate([facts(time_ns=T0 - BAR)], account())
    wanted = [said(Order.PROMOTE), said(Order.PAUSE, number=2, target="z")]
    events = entries_of(manager.evaluate([facts(evidence_from_ns=T0 - 100 * DAY)], account(), wanted), T0)
    assert [type(e) for e in events] == [CommandTaken, PromotionEvaluated, StageChanged, CommandTaken]
    first, whole, moved, last = events
    assert isinstance(first, CommandTaken)
    assert isinstance(moved, StageChanged)
    assert isinstance(last, CommandTaken)
    assert isinstance(whole, PromotionEvaluated)
    assert (first.track, first.number, first.taken, last.track, last.taken) == ("a", 1, True, None, False)
    assert (moved.stage_before, moved.stage_after, moved.fraction_before, moved.fraction_after) == (
        "PAPER",
        "LIVE",
        "0",
        "0.10",
    )
    assert moved.evaluation == whole.digest
    assert moved.forced


def test_the_words_of_the_inbox_are_orders_or_are_answered() -> None:
    """Every order has its word; another word is refused in the record, with its author."""
    waiting = [Asked(i, o.value, "a", "ann", "why") for i, o in enumerate(Order)]
    commands, refused = commands_of([*waiting, Asked(99, "sell", "a", "bob", "now")], T0)
    assert [c.order for c in commands] == list(Order)
    assert commands[0].reason == "why"
    (answer,) = refused
    assert (answer.number, answer.command, answer.author, answer.taken) == (99, "sell", "bob", False)
    assert answer.words.startswith("command: expected one of promote, demote")


def test_what_waited_for_a_bar_as_the_tape_ended_is_refused() -> None:
    """In the record, with its author; it concerns no version."""
    (answer,) = too_late([said(Order.PROMOTE, number=7)], T0)
    assert (answer.track, answer.number, answer.command, answer.author, answer.taken) == (
        None,
        7,
        "promote",
        "ann",
        False,
    )
    assert answer.words.startswith("promote refused: the tape has ended")
