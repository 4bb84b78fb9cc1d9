"""What becomes of a version at a moment: every rule of promotion by itself, with numbers."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from genesis.evidence.rules import Source
from genesis.paper_trading.promotion_facts import (
    TAKES,
    Awaited,
    DataState,
    Evaluation,
    Level,
    Order,
    OwnInputs,
    Pause,
    Reading,
    Room,
    Standing,
)
from genesis.paper_trading.promotion_rules import Expiry, Gate, Gates, Profile, PromotionRules
from genesis.paper_trading.stages import Action, HaltKind, Move, Stage
from genesis.paper_trading.verdicts import Measurements, Window
from tests.kit.promotions import (
    BAR,
    DAY,
    FAILED,
    T0,
    UNDECIDED,
    UNMEASURABLE,
    alarm,
    decided,
    halted,
    said,
    standing,
    verdicts,
    warning,
)

BALANCED = PromotionRules(profile=Profile.BALANCED)
PAPER, VALIDATED, LIVE = standing(Stage.PAPER), standing(Stage.VALIDATED), standing(Stage.LIVE, "0.10")
STABLE, DEGRADED, DEMOTED = standing(Stage.STABLE, "1.00"), standing(Stage.DEGRADED, "0.20"), standing(Stage.DEMOTED)
HALTED = standing(Stage.HALTED, halt=halted(HaltKind.DATA), halted_fraction=Decimal("0.30"), committed=Decimal("0.30"))
CAPITAL = [LIVE, standing(Stage.STABLE, "1.00"), DEGRADED]


def live(fraction: str, **values: Any) -> Standing:
    return standing(Stage.LIVE, fraction, **values)


def outcome(e: Evaluation) -> tuple[str | None, str, str, str]:
    """Move, stage, fraction and action."""
    return None if e.move is None else e.move.value, e.after.stage.value, str(e.after.fraction), e.action.value


def words(e: Evaluation) -> str:
    return " | ".join(e.reasons)


# ---- registered, validated, live


def test_a_draft_joins_its_family_with_nothing() -> None:
    """Its evidence begins where the facts say, its deadline a year later."""
    e = decided(Standing(version="a", identity="i" * 64), adjusted=50.0, evidence_from_ns=T0 - DAY)
    assert outcome(e) == ("register", "PAPER", "0", "none")
    assert (e.after.evidence_from_ns, e.after.deadline_ns) == (T0 - DAY, T0 + 364 * DAY)


def test_under_given_the_five_criteria_alone_validate_and_go_live() -> None:
    """With an E of 1, which proves nothing."""
    e = decided(PAPER, adjusted=1.0)
    assert outcome(e) == ("validate", "VALIDATED", "0", "none")
    assert outcome(decided(VALIDATED, adjusted=1.0)) == ("go_live", "LIVE", "0.10", "join")


@pytest.mark.parametrize("found", [FAILED, UNDECIDED, UNMEASURABLE, ()], ids=["failed", "undecided", "error", "none"])
@pytest.mark.parametrize("at", [PAPER, VALIDATED], ids=["paper", "validated"])
def test_only_passed_climbs(at: Standing, found: Any) -> None:
    """Not failed, not undecided, not unmeasurable, and not a profile `given` without any criterion."""
    e = decided(at, verdicts=found, adjusted=100.0)
    assert (e.move, e.after.fraction) == (None, 0)
    assert "criteri" in words(e)


def test_what_is_missing_is_named_with_its_value() -> None:
    """The criterion, the value, how much more and how long; the worst first, and everything that is not passed."""
    both = words(decided(PAPER, verdicts=verdicts(trades=40, sharpe=0.5)))
    assert both.startswith(
        "criteria FAILED: min_sharpe 0.5 (FAILED); min_trades INCONCLUSIVE 40 (60 more trades of 100;"
    )
    assert "min_win_rate INCONCLUSIVE 0.6 (60 more trades" in both
    assert "criteria INCONCLUSIVE: min_trades 40 (60 more trades of 100; about 150 days at this pace)" in words(
        decided(PAPER, verdicts=UNDECIDED)
    )
    assert "criteria FAILED: min_win_rate 0.5" in words(decided(PAPER, verdicts=FAILED))


@pytest.mark.parametrize(
    ("profile", "short", "enough"), [("balanced", 9.99, 10.0), ("strict", 19.99, 20.0), ("pilot", 4.99, 5.0)]
)
def test_the_other_profiles_ask_evidence_for_going_live(profile: str, short: float, enough: float) -> None:
    """1 / alpha_live, exactly."""
    rules = PromotionRules(profile=Profile(profile))
    assert decided(PAPER, rules, adjusted=short).move is None
    assert decided(PAPER, rules, adjusted=enough).move is Move.VALIDATE
    assert decided(VALIDATED, rules, adjusted=short).move is None
    assert decided(VALIDATED, rules, adjusted=enough).move is Move.GO_LIVE
    assert f"an adjusted E of {enough:g} is needed, found {short:g}" in words(decided(PAPER, rules, adjusted=short))


def test_the_smaller_of_raw_and_hedged_evidence_counts() -> None:
    """A bull market is no skill: hedged by the benchmark, buying and holding shows nothing."""
    assert decided(PAPER, BALANCED, adjusted=50.0, residual=9.0).move is None
    assert decided(PAPER, BALANCED, adjusted=50.0, residual=11.0).move is Move.VALIDATE
    assert decided(PAPER, BALANCED, adjusted=9.0, residual=50.0).move is None
    bull = decided(live("0.10"), adjusted=60.0, residual=1.2)
    assert bull.move is None
    assert "for 20 % an E of 4 is needed, found 1.2" in words(bull)


def test_higher_costs_must_leave_something() -> None:
    """E at stressed costs under 1 keeps a profile with evidence on paper; where it was not measured nothing is said."""
    assert decided(PAPER, BALANCED, adjusted=20.0, e_stress=0.9).move is None
    assert decided(PAPER, BALANCED, adjusted=20.0, e_stress=1.0).move is Move.VALIDATE
    assert decided(PAPER, adjusted=1.0, e_stress=0.2).move is Move.VALIDATE


def test_paper_evidence_is_frozen_at_most_at_what_going_live_takes() -> None:
    """14 counts as 10: what was earned on paper cannot pay for more."""
    assert decided(PAPER, BALANCED, adjusted=14.0).after.frozen == 10.0
    assert decided(PAPER, adjusted=1.5).after.frozen == 1.5


def test_validated_thaws_when_its_evidence_is_half_gone() -> None:
    """Under 5 of 10, and not before; under `given` there is nothing to lose."""
    assert decided(VALIDATED, BALANCED, adjusted=5.0).move is None
    e = decided(VALIDATED, BALANCED, adjusted=4.99)
    assert outcome(e) == ("thaw", "PAPER", "0", "none")
    assert e.after.frozen is None
    assert decided(VALIDATED, adjusted=0.01).move is Move.GO_LIVE


def test_nothing_thaws_at_a_look_that_cannot_judge() -> None:
    """Neither on bad data nor by evidence of an earlier attempt."""
    assert decided(VALIDATED, BALANCED, adjusted=1.0, data=DataState.STALE).move is None
    assert decided(VALIDATED, BALANCED, adjusted=1.0, data=DataState.DEGRADED).move is None
    assert decided(VALIDATED, BALANCED, adjusted=1.0, evidence_from_ns=T0).move is None


def test_going_live_says_how_often_luck_alone_gets_this_far_and_what_the_evidence_is() -> None:
    """Under `given`, at the first step; later ones and other profiles are bounded by evidence."""
    first = words(decided(VALIDATED, adjusted=0.8))
    assert "by 20 % of strategies without any edge" in first
    assert "an adjusted E of 0.8, which is none" in first
    second = words(decided(live("0.10"), adjusted=4.0))
    assert "that any version without edge ever gets there has probability at most 25 %" in second
    assert "strategies without any edge whose" not in second
    assert "strategies without any edge whose" not in words(decided(VALIDATED, BALANCED, adjusted=10.0))


def test_validated_thaws_after_six_failed_looks_in_a_row() -> None:
    """One look in between that cannot judge does not count, one that passes begins anew."""
    five = standing(Stage.VALIDATED, failures=5)
    assert outcome(decided(five, verdicts=FAILED))[0] == "thaw"
    assert decided(standing(Stage.VALIDATED, failures=4), verdicts=FAILED).after.failures == 5
    assert decided(five, verdicts=UNDECIDED).after.failures == 5
    assert decided(five).after.failures == 0


# ---- venues


def test_a_perfect_replay_opens_no_real_venue() -> None:
    """However good: an accelerated history is not paper trading."""
    e = decided(VALIDATED, adjusted=200.0, venue_simulated=False, source=Source.REPLAY)
    assert e.move is None
    assert "however good, only a live feed, watched while the process ran, opens a real venue" in words(e)
    assert decided(VALIDATED, venue_simulated=False, source=Source.LIVE_FEED).move is Move.GO_LIVE
    assert decided(VALIDATED, venue_simulated=True, source=Source.REPLAY).move is Move.GO_LIVE


def test_what_was_told_the_future_never_opens_a_real_venue() -> None:
    """Not on a live feed, not by a person's word; a simulated venue it may open."""
    real: dict[str, Any] = {"venue_simulated": False, "source": Source.LIVE_FEED, "synthetic": True, "adjusted": 200.0}
    e = decided(VALIDATED, **real)
    assert e.move is None
    assert "synthetic" in words(e)
    forced = decided(VALIDATED, commands=[said(Order.PROMOTE)], **real)
    assert forced.move is None
    assert not forced.answers[0].taken
    assert "synthetic" in forced.answers[0].words
    assert decided(VALIDATED, synthetic=True).move is Move.GO_LIVE


def test_a_step_too_small_for_the_venue_is_reported_before_promotion() -> None:
    """Orders are never rounded up."""
    assert "LADDER_INFEASIBLE: at 10 %" in words(decided(PAPER, least_fraction=Decimal("0.25")))
    e = decided(VALIDATED, least_fraction=Decimal("0.25"))
    assert e.move is None
    assert "from 25 % on it is not" in words(e)
    assert decided(VALIDATED, least_fraction=Decimal("0.10")).move is Move.GO_LIVE


# ---- steps


@pytest.mark.parametrize(
    ("held", "e_value"), [("0.10", 4.0), ("0.20", 6.0), ("0.30", 8.0), ("0.40", 10.0), ("0.50", 12.0), ("0.80", 18.0)]
)
def test_each_step_takes_its_evidence(held: str, e_value: float) -> None:
    """Fraction <= 0.05 E: at the number itself it rises by one step, just under it does not."""
    e = decided(live(held), adjusted=e_value, e_live=1.0)
    assert outcome(e) == ("step_up", "LIVE", str(Decimal(held) + Decimal("0.10")), "step_up")
    assert decided(live(held), adjusted=e_value - 1e-9, e_live=1.0).move is None


def test_the_last_step_is_stable() -> None:
    """And nothing rises from there."""
    assert outcome(decided(live("0.90"), adjusted=20.0, e_live=1.0)) == ("reach_max", "STABLE", "1.00", "step_up")
    assert outcome(decided(STABLE, adjusted=200.0, e_live=9.0)) == (None, "STABLE", "1.00", "none")


def test_a_ladder_that_has_no_further_step_is_stable_at_once() -> None:
    """After the only step, or back from a warning at the top; nothing is done to the track for it."""
    assert outcome(decided(live("1.00"), adjusted=100.0)) == ("reach_max", "STABLE", "1.00", "none")
    short = PromotionRules(max_allocation=Decimal("0.10"))
    assert outcome(decided(live("0.10"), short)) == ("reach_max", "STABLE", "0.10", "none")


def test_beyond_half_the_live_track_must_bear_it_out() -> None:
    """E_live of 1 or more; unknown is not enough. Up to half nothing is asked of it."""
    for e_live, move in ((None, None), (0.99, None), (1.0, Move.STEP_UP)):
        assert decided(live("0.50"), adjusted=100.0, e_live=e_live).move is move
        assert decided(live("0.40"), adjusted=100.0, e_live=e_live).move is Move.STEP_UP
    assert "E of the live track must be 1 or more, found 0.99" in words(
        decided(live("0.50"), adjusted=100.0, e_live=0.99)
    )


def test_where_evidence_opened_the_first_step_old_paper_pays_for_no_more() -> None:
    """Balanced: frozen 10 times E_live. Half is open at once; beyond it live has to earn it."""
    at = live("0.50", frozen=10.0)
    assert decided(at, BALANCED, adjusted=200.0, e_live=1.19).move is None
    assert decided(at, BALANCED, adjusted=200.0, e_live=1.2).move is Move.STEP_UP
    assert decided(live("0.40", frozen=10.0), BALANCED, adjusted=200.0).move is Move.STEP_UP
    assert decided(at, adjusted=12.0, e_live=1.0).move is Move.STEP_UP


@pytest.mark.parametrize(("ago", "trades", "up"), [(3 * DAY, 10, True), (3 * DAY - 1, 10, False), (3 * DAY, 9, False)])
def test_a_step_is_held_for_three_days_and_ten_trades(ago: int, trades: int, up: bool) -> None:
    """Both."""
    at = live("0.10", stepped_ns=T0 - ago, stepped_trades=100)
    e = decided(at, adjusted=100.0, live_trades=100 + trades)
    assert (e.move is Move.STEP_UP) is up
    if up:
        assert (e.after.stepped_ns, e.after.stepped_trades) == (T0, 110)


@pytest.mark.parametrize("at", [PAPER, VALIDATED, LIVE, DEGRADED], ids=lambda s: s.stage.value)
def test_nothing_rises_while_paused(at: Standing) -> None:
    """Not to validated, not to capital, not back from a warning."""
    paused = msgspec.structs.replace(at, pause=Pause.UNTIL_RESUMED, pause_words="ann: holiday")
    e = decided(paused, adjusted=100.0)
    assert (e.move, e.after.fraction) == (None, at.fraction)
    assert "paused: ann: holiday" in words(e)


@pytest.mark.parametrize("data", [DataState.STALE, DataState.DEGRADED])
@pytest.mark.parametrize("at", [PAPER, VALIDATED, LIVE, DEGRADED], ids=lambda s: s.stage.value)
def test_nothing_rises_on_bad_data(at: Standing, data: DataState) -> None:
    """Nor falls."""
    e = decided(at, adjusted=100.0, data=data)
    assert (e.move, e.after.fraction) == (None, at.fraction)


def test_a_step_waits_for_room_and_says_for_which() -> None:
    """The limit's own words."""
    e = decided(VALIDATED, room=Room(Decimal("0.05"), "5 of 5 versions are live"))
    assert e.move is None
    assert "no room for 10 %: 5 of 5 versions are live" in words(e)
    assert decided(live("0.10"), adjusted=100.0, room=Room(Decimal("0.19"), "full")).move is None


@pytest.mark.parametrize(
    ("room", "opened"),
    [("0.0999", "0.0999"), ("0.09995", "0.0999"), ("0.09", "0.0900"), ("0.0899", None), ("0.10", "0.10")],
)
def test_a_first_step_that_almost_fits_is_cut_to_what_does(room: str, opened: str | None) -> None:
    """Down to nine tenths of it, never above the room, and to a hundredth of a per cent."""
    e = decided(VALIDATED, room=Room(Decimal(room), "unproven versions together hold 0 of at most 999"))
    assert (None if e.move is None else str(e.after.fraction)) == opened
    by_word = decided(VALIDATED, room=Room(Decimal(room)), commands=[said(Order.PROMOTE)])
    assert (None if by_word.move is None else str(by_word.after.fraction)) == opened


def test_from_a_cut_first_step_it_climbs_by_whole_steps() -> None:
    """9.99 % and 10 % more; the evidence rule counts to the hundredth of a per cent."""
    assert str(decided(live("0.0999"), adjusted=3.999).after.fraction) == "0.1999"
    assert decided(live("0.0999"), adjusted=3.997).move is None


def test_an_approval_of_the_first_step_holds_for_what_fits_of_it() -> None:
    """A person approves 10 %; a cent is lost before the next look: 9.99 % are opened, and nobody is asked again."""
    rules = PromotionRules(gates=Gates(go_live=Gate.MANUAL))
    asked = decided(VALIDATED, rules).after
    assert asked.awaited is not None
    short = Room(Decimal("0.0999"), "so it is")
    again = decided(asked, rules, short)
    assert (again.move, again.call, again.after.awaited) == (None, "", asked.awaited)
    approved = decided(asked, rules, short, [said(Order.APPROVE)])
    assert outcome(approved) == ("go_live", "LIVE", "0.0999", "join")


def test_a_second_voice_counts_for_what_fits_of_a_forced_step() -> None:
    """As above, where two persons have to be for it."""
    rules = PromotionRules(four_eyes=True)
    asked = decided(PAPER, rules, commands=[said(Order.PROMOTE)], verdicts=FAILED).after
    approved = decided(asked, rules, Room(Decimal("0.0999")), [said(Order.APPROVE, "bob")], verdicts=FAILED)
    assert outcome(approved) == ("force", "LIVE", "0.0999", "join")


def test_what_was_halted_is_restored_as_far_as_it_fits() -> None:
    """29.9 % of 30: the loss of before the halt is no reason to sell; at half of it nothing is restored."""
    for room, left in (("0.299", "0.2990"), ("0.15", None)):
        e = decided(HALTED, room=Room(Decimal(room), "so it is"), commands=[said(Order.RESTORE)], live_flat=False)
        assert (None if e.move is None else str(e.after.fraction)) == left


def test_nothing_goes_live_while_what_it_held_is_still_being_sold() -> None:
    """A track joins flat."""
    e = decided(standing(Stage.VALIDATED, committed=Decimal("0.20")), live_flat=False)
    assert e.move is None
    assert e.after.committed == Decimal("0.20")
    assert decided(standing(Stage.VALIDATED, committed=Decimal("0.20"))).move is Move.GO_LIVE


# ---- what takes down


@pytest.mark.parametrize(
    ("held", "left"),
    [("0.10", "0.10"), ("0.15", "0.10"), ("0.20", "0.10"), ("0.30", "0.15"), ("0.50", "0.25"), ("1.00", "0.50")],
)
def test_a_warning_halves_the_capital(held: str, left: str) -> None:
    """But leaves the first step."""
    at = standing(Stage.STABLE if held == "1.00" else Stage.LIVE, held)
    e = decided(at, adjusted=100.0, e_live=2.0, monitors=warning("gap"))
    assert e.move is Move.DEGRADE
    assert e.after.stage is Stage.DEGRADED
    assert e.after.fraction == Decimal(left)
    assert e.action is Action.REDUCE
    assert "WARN of the gap monitor: it is lower" in words(e)


def test_calm_is_counted_from_the_last_warning_that_was_of_real_prices() -> None:
    """A warning on stale data neither breaks the calm nor begins it; the bar before such a look is no calm one."""
    at = standing(Stage.DEGRADED, "0.20", calm_since_ns=T0 - DAY)
    assert decided(at, adjusted=4.0, monitors=warning(), data=DataState.STALE).after.calm_since_ns == T0 - DAY + BAR
    assert decided(at, adjusted=4.0, monitors=warning()).after.calm_since_ns is None
    restless = standing(Stage.DEGRADED, "0.20", calm_since_ns=None)
    assert decided(restless, adjusted=4.0, data=DataState.STALE).after.calm_since_ns is None
    assert decided(restless, adjusted=4.0).after.calm_since_ns == T0


def test_a_warning_at_the_first_step_names_nothing_but_itself() -> None:
    """Half of 10 % would be under it, so it stays: neither room nor evidence have taken anything."""
    e = decided(live("0.10"), room=Room(Decimal("0.10"), "so it is"), monitors=warning())
    assert outcome(e) == ("degrade", "DEGRADED", "0.10", "reduce")
    assert e.reasons == ("WARN of the edge monitor: it is lower",)


def test_a_warning_that_goes_on_halves_once() -> None:
    """Degraded is where it waits."""
    assert outcome(decided(DEGRADED, adjusted=100.0, monitors=warning())) == (None, "DEGRADED", "0.20", "none")


def test_it_recovers_after_three_calm_days_with_its_evidence() -> None:
    """Calm since then, and the fraction carried in full."""
    assert decided(standing(Stage.DEGRADED, "0.20", calm_since_ns=T0 - 3 * DAY), adjusted=4.0).move is Move.RECOVER
    assert decided(standing(Stage.DEGRADED, "0.20", calm_since_ns=T0 - 3 * DAY + 1), adjusted=4.0).move is None
    assert decided(standing(Stage.DEGRADED, "0.20", calm_since_ns=None), adjusted=4.0).move is None
    assert decided(DEGRADED, adjusted=3.9).move is None
    assert decided(standing(Stage.DEGRADED, "0.10"), adjusted=0.1).move is Move.RECOVER
    assert decided(standing(Stage.DEGRADED, "0.10"), BALANCED, adjusted=1.9).move is None


@pytest.mark.parametrize("at", CAPITAL, ids=lambda s: s.stage.value)
@pytest.mark.parametrize("monitor", ["edge", "gap", "var", "drawdown"])
def test_an_alarm_demotes_from_every_stage_with_capital(at: Standing, monitor: str) -> None:
    """At once, whatever the evidence says."""
    e = decided(at, adjusted=200.0, e_live=50.0, monitors=(*warning("var"), *alarm(monitor)), live_flat=False)
    assert outcome(e) == ("demote", "DEMOTED", "0", "demote")
    assert e.after.committed == at.fraction
    assert f"ALARM of the {monitor} monitor: it is gone" in words(e)


@pytest.mark.parametrize(
    ("held", "e_value", "left"),
    [
        ("0.50", 5.0, "0.50"),
        ("0.50", 4.99, "0.20"),
        ("0.50", 2.5, "0.10"),
        ("1.00", 10.0, "1.00"),
        ("1.00", 9.99, "0.40"),
        ("0.20", 1.9, "0.10"),
    ],
)
def test_capital_is_taken_back_when_evidence_carries_less_than_half_of_it(held: str, e_value: float, left: str) -> None:
    """Down to the rung that it carries; so never more than twice what the rule allows."""
    at = standing(Stage.STABLE if held == "1.00" else Stage.LIVE, held, frozen=None)
    e = decided(at, BALANCED, adjusted=e_value, e_live=1.0)
    assert e.after.fraction == Decimal(left)
    assert e.action is (Action.NONE if left == held else Action.REDUCE)
    assert e.after.fraction <= 2 * Decimal("0.05") * Decimal(str(e_value))


def test_the_evidence_rule_takes_everything_but_under_given_the_first_step() -> None:
    """Balanced: under half of what 10 % takes, an E of 1, it is demoted. Given: exempt in both directions."""
    assert decided(live("0.10"), BALANCED, adjusted=1.0).move is None
    assert outcome(decided(live("0.10"), BALANCED, adjusted=0.99)) == ("demote", "DEMOTED", "0", "demote")
    assert outcome(decided(live("0.10"), adjusted=0.0)) == (None, "LIVE", "0.10", "none")
    assert outcome(decided(live("0.60"), adjusted=0.0)) == ("step_down", "LIVE", "0.10", "reduce")


def test_failed_criteria_take_what_evidence_does_not_carry() -> None:
    """Six looks in a row; 10 % is carried by an E of 2."""
    five = {"failures": 5, "verdicts": FAILED}
    at = live("0.10", failures=5)
    assert decided(at, verdicts=FAILED, adjusted=1.9).move is Move.DEMOTE
    assert decided(at, verdicts=FAILED, adjusted=2.0).move is None
    assert decided(live("0.10", failures=4), verdicts=FAILED, adjusted=1.9).move is None
    assert "criteria FAILED at 6 looks in a row and evidence does not carry 10 %" in words(
        decided(at, verdicts=five["verdicts"])
    )


def test_less_room_takes_capital_back_without_blame() -> None:
    """Down to a rung that fits, or back to waiting with its validation kept."""
    e = decided(live("0.50"), adjusted=100.0, room=Room(Decimal("0.37"), "the account is smaller"))
    assert outcome(e) == ("step_down", "LIVE", "0.30", "reduce")
    assert "the account is smaller" in words(e)
    e = decided(
        live("0.50", frozen=8.0), adjusted=100.0, room=Room(Decimal(0), "0 of 0 versions are live"), live_flat=False
    )
    assert outcome(e) == ("give_back", "VALIDATED", "0", "demote")
    assert e.after.frozen == 8.0
    assert e.after.committed == Decimal("0.50")


def test_the_greatest_fall_of_several_counts() -> None:
    """A warning that would leave 40 %, evidence for 20 % and room for 30 %: 20 %, degraded."""
    e = decided(live("0.80"), adjusted=4.0, room=Room(Decimal("0.30"), "less"), monitors=warning())
    assert outcome(e) == ("degrade", "DEGRADED", "0.20", "reduce")


def test_lost_unproven_capital_goes_whatever_the_data() -> None:
    """And what was lost is counted anew afterwards."""
    room = Room(Decimal(1), "", "unproven versions together have lost 1,001")
    e = decided(live("0.10"), room=room, live_pnl=Decimal(-700), data=DataState.STALE)
    assert outcome(e)[:2] == ("demote", "DEMOTED")
    assert e.after.cleared_pnl == Decimal(-700)
    assert decided(DEMOTED, room=room, live_pnl=Decimal(-300)).after.cleared_pnl == Decimal(-300)


# ---- looks that can judge nothing


@pytest.mark.parametrize("at", CAPITAL, ids=lambda s: s.stage.value)
def test_stale_data_with_an_open_position_flatten_nothing_judge_nothing_and_call_a_person(at: Standing) -> None:
    """Alarms of that moment are of prices that are not there."""
    e = decided(at, adjusted=0.0, monitors=alarm(), data=DataState.STALE, live_flat=False)
    assert outcome(e) == (None, at.stage.value, str(at.fraction), "none")
    assert e.after.pause is Pause.UNTIL_CLEAR
    assert "a position is open: it is kept, nothing is flattened on stale prices" in e.call
    paused = msgspec.structs.replace(at, pause=Pause.UNTIL_RESUMED, pause_words="ann: holiday")
    assert "a position is open" in decided(paused, data=DataState.STALE, live_flat=False).call
    later = decided(e.after, data=DataState.STALE, live_flat=False, time_ns=T0 + 60)
    assert later.call == ""
    assert later.after.errors == 1
    degraded = decided(at, adjusted=200.0, data=DataState.DEGRADED, live_flat=False)
    assert "it is kept, and the bar in which they were missing is no evidence" in degraded.call


@pytest.mark.parametrize("found", [UNDECIDED, UNMEASURABLE], ids=["undecided", "error"])
def test_what_cannot_be_judged_pauses_and_the_next_good_look_goes_on(found: Any) -> None:
    """Nothing is taken away for it."""
    e = decided(live("0.30"), adjusted=100.0, verdicts=found)
    assert outcome(e) == (None, "LIVE", "0.30", "none")
    assert e.after.pause is Pause.UNTIL_CLEAR
    good = decided(e.after, adjusted=100.0, time_ns=T0 + BAR)
    assert good.move is Move.STEP_UP
    assert good.after.pause is Pause.NONE
    assert (good.after.errors, good.after.inconclusive) == (0, 0)


def test_six_undecided_looks_in_a_row_wait_for_a_person() -> None:
    """Then only a person's word lets it rise again."""
    e = decided(live("0.30", inconclusive=5), adjusted=100.0, verdicts=UNDECIDED)
    assert e.after.pause is Pause.UNTIL_RESUMED
    assert "undecided for 6 looks in a row" in e.call
    still = decided(e.after, adjusted=100.0, time_ns=T0 + BAR)
    assert (still.move, still.call) == (None, "")
    freed = decided(e.after, adjusted=100.0, time_ns=T0 + BAR, commands=[said(Order.RESUME)])
    assert freed.move is Move.STEP_UP
    assert freed.answers[0].taken


@pytest.mark.parametrize("at", CAPITAL, ids=lambda s: s.stage.value)
def test_four_errors_in_a_row_halt_and_keep_the_position(at: Standing) -> None:
    """A person is called; the position stays with its stops."""
    worn = msgspec.structs.replace(at, errors=3)
    e = decided(worn, adjusted=200.0, verdicts=UNMEASURABLE, live_flat=False)
    assert outcome(e) == ("halt", "HALTED", "0", "hold")
    assert e.after.halt is not None
    assert e.after.halt.kind is HaltKind.DATA
    assert (e.after.committed, e.after.halted_fraction) == (at.fraction, at.fraction)
    assert "nothing could be judged at 4 looks in a row" in e.call
    assert decided(msgspec.structs.replace(at, errors=2), verdicts=UNMEASURABLE, adjusted=200.0).move is None


def test_a_look_counts_once_a_bar_however_often_it_is_taken() -> None:
    """Ten looks within four hours are one error."""
    at = live("0.10")
    for minute in range(10):
        at = decided(at, data=DataState.STALE, time_ns=T0 + minute * 60_000_000_000).after
    assert at.errors == 1
    assert decided(at, data=DataState.STALE, time_ns=T0 + BAR).after.errors == 2


def test_on_paper_an_error_only_waits() -> None:
    """There is no capital to be careful with."""
    e = decided(standing(Stage.PAPER, errors=50), verdicts=UNMEASURABLE)
    assert outcome(e) == (None, "PAPER", "0", "none")
    assert e.after.pause is Pause.NONE


# ---- halts


@pytest.mark.parametrize(
    ("kind", "action"), [("risk", "flatten"), ("data", "hold"), ("integrity", "hold"), ("strategy", "hold")]
)
@pytest.mark.parametrize("at", CAPITAL, ids=lambda s: s.stage.value)
def test_what_halts_the_live_track_halts_the_version(at: Standing, kind: str, action: str) -> None:
    """Risk flattens; everything else holds and calls."""
    e = decided(at, adjusted=200.0, halt=halted(HaltKind(kind)), live_flat=False)
    assert outcome(e) == ("halt", "HALTED", "0", action)
    assert e.call == f"halted ({kind}): daily loss of 5 %"


def test_a_risk_halt_on_stale_prices_holds_and_flattens_once_they_are_fresh() -> None:
    """Never flattened on stale prices."""
    e = decided(live("0.30"), halt=halted(), live_flat=False, data=DataState.STALE)
    assert outcome(e) == ("halt", "HALTED", "0", "hold")
    wait = decided(e.after, halt=halted(), live_flat=False, data=DataState.STALE, time_ns=T0 + 1)
    assert outcome(wait) == (None, "HALTED", "0", "hold")
    fresh = decided(e.after, halt=halted(), live_flat=False, time_ns=T0 + 2)
    assert outcome(fresh) == (None, "HALTED", "0", "flatten")
    assert outcome(decided(e.after, halt=halted(), time_ns=T0 + 3)) == (None, "HALTED", "0", "none")


def test_a_halt_for_risk_ends_what_a_halt_for_data_kept() -> None:
    """And remembers what was held before both."""
    e = decided(HALTED, halt=halted(HaltKind.RISK), live_flat=False)
    assert outcome(e) == ("halt", "HALTED", "0", "flatten")
    assert e.after.halted_fraction == Decimal("0.30")
    assert decided(HALTED, halt=halted(HaltKind.STRATEGY), live_flat=False).move is None


@pytest.mark.parametrize("at", [PAPER, VALIDATED, LIVE, DEGRADED], ids=lambda s: s.stage.value)
def test_a_broken_loss_bound_halts(at: Standing) -> None:
    """Its evidence is void; a person has to look."""
    e = decided(at, adjusted=0.0, bound_broken=True)
    assert (e.move, e.after.stage) == (Move.HALT, Stage.HALTED)
    assert "loss bound" in e.call
    assert decided(at, adjusted=2.0, bound_broken=True, evidence_from_ns=T0 - 200 * DAY).move is not Move.HALT


def test_a_halted_live_track_says_nothing_of_a_version_that_has_left_it() -> None:
    """Nothing is held, nothing is committed."""
    assert decided(standing(Stage.PAPER), verdicts=UNDECIDED, halt=halted()).move is None
    assert decided(standing(Stage.DEMOTED, committed=Decimal("0.1")), halt=halted(), live_flat=False).move is Move.HALT


# ---- attempts and ends


def test_after_the_cool_down_it_begins_anew_on_paper() -> None:
    """Seven days, flat: evidence from now on, the second attempt, its counters empty."""
    at = standing(Stage.DEMOTED, since_ns=T0 - 7 * DAY, frozen=9.0, failures=6, calm_since_ns=None)
    e = decided(at, adjusted=50.0)
    assert outcome(e) == ("retry", "PAPER", "0", "none")
    assert e.reasons == (
        "attempt 2 of 3: evidence begins anew, and every threshold of it is 2 times that of the first",
    )
    after = e.after
    assert (after.attempt, after.evidence_from_ns, after.frozen, after.failures) == (2, T0, None, 0)
    assert after.deadline_ns == T0 + 365 * DAY
    assert decided(standing(Stage.DEMOTED, since_ns=T0 - 7 * DAY + 1)).move is None
    assert decided(at, live_flat=False).move is None


@pytest.mark.parametrize("way", ["retry", "resume", "change"])
def test_a_new_beginning_leaves_nothing_of_the_old(way: str) -> None:
    """Counters, frozen evidence, marks and halts: all as on the first day."""
    worn: dict[str, Any] = {"errors": 3, "inconclusive": 2, "failures": 5, "frozen": 9.0, "proven": True}
    # Such marks hold no capital and no move leaves them; where one is found all the same nothing of it is left.
    worn |= {"forced": True, "awaited": Awaited(Move.GO_LIVE, Decimal("0.10"), T0 - 1, ("ann",))}
    if way == "resume":
        at = standing(Stage.HALTED, halt=halted(HaltKind.DATA), halted_fraction=Decimal("0.30"), **worn)
        after = decided(at, adjusted=50.0, commands=[said(Order.RESUME)]).after
    elif way == "retry":
        after = decided(standing(Stage.DEMOTED, **worn), adjusted=50.0).after
    else:
        after = decided(live("0.10", **worn), adjusted=50.0, identity="j" * 64).after
    assert after.stage is Stage.PAPER
    assert (after.errors, after.inconclusive, after.failures, after.frozen, after.proven) == (0, 0, 0, None, False)
    assert (after.forced, after.awaited, after.halt, after.halted_fraction) == (False, None, None, 0)
    assert (after.evidence_from_ns, after.deadline_ns) == (T0, T0 + 365 * DAY)


def test_ten_is_proven() -> None:
    """And a hair less is not."""
    assert decided(live("0.10"), adjusted=10.0).after.proven
    assert not decided(live("0.10"), adjusted=9.999).after.proven


def test_a_resumed_pause_counts_undecided_looks_anew() -> None:
    """Else the next one would pause again at once."""
    at = live("0.30", inconclusive=6, pause=Pause.UNTIL_RESUMED, pause_words="undecided")
    assert decided(at, verdicts=UNDECIDED, commands=[said(Order.RESUME)]).after.inconclusive == 0


def test_of_a_fall_only_what_caused_it_is_named() -> None:
    """Room for 30 % and evidence for 20 %: the evidence; and the other way round the room."""
    e = decided(live("0.80"), adjusted=4.0, room=Room(Decimal("0.30"), "it is small"))
    assert e.reasons == ("evidence carries 20 %: E 4",)
    e = decided(live("0.80"), adjusted=100.0, room=Room(Decimal("0.30"), "it is small"))
    assert e.reasons == ("the account has room for 30 %: it is small",)
    e = decided(live("0.20"), adjusted=100.0, monitors=warning())
    assert e.reasons == ("WARN of the edge monitor: it is lower",)


def test_a_cool_down_says_what_it_waits_for() -> None:
    """The days, or the position."""
    early = decided(standing(Stage.DEMOTED, since_ns=T0 - DAY), live_flat=False)
    assert early.reasons == ("cool-down of 7 days",)
    late = decided(standing(Stage.DEMOTED), live_flat=False)
    assert late.reasons == ("what it held before is still being sold",)


def test_a_pause_is_answered_and_kept() -> None:
    """With the author's words."""
    e = decided(live("0.10"), adjusted=100.0, commands=[said(Order.PAUSE, reason="I am away")])
    assert e.answers[0].taken
    assert (e.move, e.after.pause, e.after.pause_words) == (None, Pause.UNTIL_RESUMED, "ann: I am away")


def test_the_evidence_of_an_earlier_attempt_counts_for_nothing() -> None:
    """Neither E nor criteria, until the facts say that they began with the attempt."""
    at = standing(Stage.PAPER, attempt=2, evidence_from_ns=T0)
    e = decided(at, adjusted=100.0, time_ns=T0 + BAR)
    assert e.move is None
    assert "nothing of an earlier attempt counts" in words(e)
    assert decided(at, adjusted=1.0, time_ns=T0 + BAR, evidence_from_ns=T0).move is Move.VALIDATE


def test_the_second_attempt_needs_twice_the_evidence_everywhere() -> None:
    """20 to go live under balanced, 8 for 20 % under given."""
    assert decided(standing(Stage.PAPER, attempt=2), BALANCED, adjusted=19.9).move is None
    assert decided(standing(Stage.PAPER, attempt=2), BALANCED, adjusted=20.0).after.frozen == 20.0
    assert decided(live("0.10", attempt=2), adjusted=7.9).move is None
    assert decided(live("0.10", attempt=2), adjusted=8.0).move is Move.STEP_UP


def test_the_third_demotion_rejects() -> None:
    """All attempts are used up."""
    e = decided(standing(Stage.DEMOTED, attempt=3))
    assert outcome(e) == ("reject", "REJECTED", "0", "none")
    assert "all 3 attempts are used up" in words(e)
    assert decided(e.after, adjusted=200.0).move is None


def test_futility_rejects_on_paper() -> None:
    """An e-value of 20 against a Sharpe ratio of 1.5."""
    assert decided(PAPER, futility=19.9).move is Move.VALIDATE
    assert outcome(decided(PAPER, futility=20.0)) == ("reject", "REJECTED", "0", "none")
    assert decided(live("0.10"), futility=50.0).move is None


def test_at_the_deadline_a_person_is_asked_or_it_is_rejected() -> None:
    """As `on_expiry` says; a person's `resume` gives another year."""
    at = standing(Stage.PAPER, deadline_ns=T0)
    e = decided(at, adjusted=100.0)
    assert e.move is None
    assert e.after.pause is Pause.UNTIL_RESUMED
    assert "time on paper is over" in e.call
    assert decided(e.after, time_ns=T0 + BAR).call == ""
    more = decided(e.after, time_ns=T0 + BAR, commands=[said(Order.RESUME)])
    assert more.move is Move.VALIDATE
    assert more.after.deadline_ns == T0 + BAR + 365 * DAY
    rejected = decided(at, PromotionRules(on_expiry=Expiry.REJECT), adjusted=100.0)
    assert outcome(rejected) == ("reject", "REJECTED", "0", "none")
    assert decided(standing(Stage.PAPER, deadline_ns=T0 + 1)).move is Move.VALIDATE
    paused = standing(Stage.PAPER, deadline_ns=T0, pause=Pause.UNTIL_RESUMED, pause_words="ann: holiday")
    assert decided(paused, commands=[said(Order.RESUME)]).after.deadline_ns == T0 + 365 * DAY
    early = msgspec.structs.replace(paused, deadline_ns=T0 + 1)
    assert decided(early, commands=[said(Order.RESUME)]).after.deadline_ns == T0 + 1


@pytest.mark.parametrize(
    "at",
    [PAPER, VALIDATED, LIVE, STABLE, DEGRADED, DEMOTED, standing(Stage.REJECTED), standing(Stage.ARCHIVED)],
    ids=lambda s: s.stage.value,
)
def test_another_identity_is_a_new_candidate_without_evidence(at: Standing) -> None:
    """From every stage: back to paper, the next epoch, the first attempt, E = 1, and what it held is sold."""
    worn = msgspec.structs.replace(at, attempt=3, frozen=9.0)
    e = decided(worn, identity="j" * 64, adjusted=200.0, live_flat=False)
    assert (e.move, e.after.stage, e.after.fraction) == (Move.CHANGE, Stage.PAPER, 0)
    after = e.after
    assert (after.identity, after.epoch, after.attempt, after.frozen, after.evidence_from_ns) == (
        "j" * 64,
        2,
        1,
        None,
        T0,
    )
    assert (e.action, after.committed) == (Action.DEMOTE, at.committed)
    assert e.reasons[0].startswith("another identity, jjjjjjjjjjjj after iiiiiiiiiiii: a new candidate")
    assert decided(after, identity="j" * 64, adjusted=200.0, time_ns=T0 + BAR).move is None


def test_another_identity_does_not_end_a_halt() -> None:
    """Only a person does."""
    e = decided(HALTED, identity="j" * 64, live_flat=False)
    assert (e.move, e.after.stage, e.after.epoch) == (Move.CHANGE, Stage.HALTED, 2)
    assert e.after.halt == HALTED.halt


def test_what_the_old_identity_came_to_before_a_halt_does_not_bind_the_new_one() -> None:
    """Rejected, halted and changed: resumed, it is a new candidate on paper and not rejected again."""
    at = standing(Stage.HALTED, halt=halted(), ended=Stage.REJECTED)
    new = decided(at, identity="j" * 64).after
    assert new.ended is None
    again = decided(new, identity="j" * 64, time_ns=T0 + BAR, commands=[said(Order.RESUME)])
    assert (again.move, again.after.stage, again.after.epoch) == (Move.RESUME, Stage.PAPER, 2)


# ---- persons


def test_demote_archive_and_halt_are_done_at_once() -> None:
    """With author and reason in the record."""
    for order, stage, action in (
        (Order.DEMOTE, "DEMOTED", "demote"),
        (Order.ARCHIVE, "ARCHIVED", "demote"),
        (Order.HALT, "HALTED", "flatten"),
    ):
        e = decided(live("0.30"), adjusted=100.0, live_flat=False, commands=[said(order, reason="I am worried")])
        assert outcome(e) == (order.value, stage, "0", action)
        assert e.answers[0].taken
        assert f"{order.value} by ann: I am worried" in words(e)


@pytest.mark.parametrize("stage", list(Stage), ids=lambda s: s.value)
def test_a_person_can_halt_from_everywhere_in_one_event(stage: Stage) -> None:
    """The kill switch has no conditions."""
    held = "0.30" if stage.holds_capital else "0"
    e = decided(standing(stage, held), commands=[said(Order.HALT)])
    assert (e.move, e.after.stage, e.after.fraction) == (Move.HALT, Stage.HALTED, 0)


@pytest.mark.parametrize(
    ("order", "at", "told"),
    [
        (Order.DEMOTE, PAPER, "demote: expected a stage where it is possible, found PAPER"),
        (Order.ARCHIVE, standing(Stage.ARCHIVED), "found ARCHIVED"),
        (Order.PROMOTE, STABLE, "promote: expected a stage where it is possible, found STABLE"),
        (Order.PROMOTE, HALTED, "found HALTED"),
        (Order.RESTORE, PAPER, "restore: expected a stage where it is possible, found PAPER"),
        (Order.RESUME, PAPER, "expected something paused or halted, found neither"),
        (Order.PAUSE, standing(Stage.REJECTED), "there is nothing to pause"),
        (Order.APPROVE, PAPER, "expected something that awaits approval, found nothing"),
        (Order.REFUSE, PAPER, "expected something that awaits approval, found nothing"),
    ],
)
def test_what_cannot_be_done_is_refused_in_words(order: Order, at: Standing, told: str) -> None:
    """And changes nothing."""
    e = decided(at, verdicts=UNDECIDED, adjusted=200.0, commands=[said(order)])
    assert not e.answers[0].taken
    assert told in e.answers[0].words
    assert e.move is None
    assert e.after.fraction == at.fraction


def test_a_persons_word_replaces_evidence_and_is_marked() -> None:
    """One step, from paper, with criteria undecided: forced, in the author's name."""
    e = decided(PAPER, verdicts=UNDECIDED, commands=[said(Order.PROMOTE, reason="I know it")])
    assert outcome(e) == ("force", "LIVE", "0.10", "join")
    assert e.after.forced
    assert "10 % by ann (I know it); not backed by evidence: criteria INCONCLUSIVE" in words(e)
    assert e.answers[0].taken


def test_a_forced_fraction_is_never_above_the_first_step_unless_forced_again() -> None:
    """It stays there by itself; each further word is one step, and holds for the dwell."""
    at = live("0.10", forced=True)
    assert outcome(decided(at, adjusted=3.9)) == (None, "LIVE", "0.10", "none")
    again = decided(at, adjusted=1.0, commands=[said(Order.PROMOTE)])
    assert outcome(again) == ("force", "LIVE", "0.20", "step_up")
    assert again.after.forced
    soon = decided(again.after, adjusted=1.0, time_ns=T0 + DAY, commands=[said(Order.PROMOTE)])
    assert soon.move is None
    assert "held for 3 days at least" in soon.answers[0].words


def test_a_forced_fraction_stands_against_evidence_and_criteria_but_not_against_monitors() -> None:
    """A person answered for the first two."""
    at = live("0.20", forced=True, failures=5)
    assert decided(at, BALANCED, adjusted=0.01, verdicts=FAILED).move is None
    assert decided(at, BALANCED, adjusted=0.01, monitors=alarm()).move is Move.DEMOTE


def test_evidence_that_catches_up_takes_the_mark_away() -> None:
    """20 % and an E of 4."""
    at = live("0.20", forced=True, stepped_ns=T0 - DAY)
    assert decided(at, adjusted=3.99).after.forced
    assert not decided(at, adjusted=4.0).after.forced


@pytest.mark.parametrize(
    ("at", "values", "told"),
    [
        (live("0.10"), {"monitors": warning()}, "WARN of the edge monitor"),
        (live("0.10", pause=Pause.UNTIL_RESUMED, pause_words="bob: no"), {}, "paused: bob: no"),
        (PAPER, {"data": DataState.STALE}, "market data are stale"),
        (PAPER, {"room": Room(Decimal("0.05"), "it is full")}, "no room for 10 %: it is full"),
        (PAPER, {"least_fraction": Decimal("0.5")}, "LADDER_INFEASIBLE"),
        (live("0.10", stepped_trades=45), {}, "5 of 10 live trades since the last step"),
        (PAPER, {"venue_simulated": False}, "only a live feed"),
    ],
)
def test_a_persons_word_replaces_no_limit(at: Standing, values: dict[str, Any], told: str) -> None:
    """Pauses, monitors, data, room, the venue's minima, dwell, the source of evidence: all stand."""
    e = decided(at, commands=[said(Order.PROMOTE)], adjusted=1.0, **values)
    assert e.move is not Move.FORCE
    assert e.after.fraction <= at.fraction
    assert not e.answers[0].taken
    assert told in e.answers[0].words


def test_there_is_no_word_for_more_than_everything() -> None:
    """At the top of the ladder nothing is left to ask for."""
    e = decided(live("1.00"), adjusted=100.0, commands=[said(Order.PROMOTE)])
    assert not e.answers[0].taken
    assert "100 % is the greatest fraction there is" in e.answers[0].words


def test_a_word_for_what_the_rules_allow_anyway_is_not_forced() -> None:
    """The person opened the gate, the evidence did the rest."""
    rules = PromotionRules(auto_promote=False)
    e = decided(live("0.10"), rules, adjusted=4.0, commands=[said(Order.PROMOTE)])
    assert outcome(e) == ("step_up", "LIVE", "0.20", "step_up")
    assert not e.after.forced


def test_the_most_careful_of_several_wishes_counts() -> None:
    """Two persons at one moment: promote is overruled by demote, demote by halt."""
    wishes = [said(Order.PROMOTE, "ann", 1), said(Order.DEMOTE, "bob", 2), said(Order.HALT, "cyd", 3)]
    e = decided(live("0.10"), adjusted=100.0, commands=wishes)
    assert e.move is Move.HALT
    assert [a.taken for a in e.answers] == [False, False, True]
    assert e.answers[0].words == "overruled by halt of cyd at the same moment"


def test_a_wish_that_came_with_a_fall_is_refused_with_it() -> None:
    """Nothing rises in a moment that takes down."""
    e = decided(live("0.10"), monitors=alarm(), commands=[said(Order.PROMOTE)])
    assert e.move is Move.DEMOTE
    assert not e.answers[0].taken
    assert "demote came first: ALARM" in e.answers[0].words


# ---- gates and four eyes


@pytest.mark.parametrize(
    "rules",
    [PromotionRules(auto_promote=False), PromotionRules(gates=Gates(go_live=Gate.MANUAL))],
    ids=["auto_promote", "gate"],
)
def test_a_manual_gate_asks_once_and_opens_by_approval(rules: PromotionRules) -> None:
    """The analysis is not begun again; it goes live at the moment of the approval, backed by evidence."""
    asked = decided(VALIDATED, rules)
    assert asked.move is None
    assert asked.call == "go_live to 10 % awaits approval"
    waiting = decided(asked.after, rules, time_ns=T0 + BAR)
    assert (waiting.move, waiting.call) == (None, "")
    assert "awaits approval" in words(waiting)
    e = decided(waiting.after, rules, time_ns=T0 + 2 * BAR, commands=[said(Order.APPROVE)])
    assert outcome(e) == ("go_live", "LIVE", "0.10", "join")
    assert not e.after.forced
    assert e.after.awaited is None


def test_each_step_can_have_its_gate() -> None:
    """Going live is automatic, the second step waits."""
    rules = PromotionRules(gates=Gates(each_step=Gate.MANUAL))
    assert decided(VALIDATED, rules).move is Move.GO_LIVE
    e = decided(live("0.10"), rules, adjusted=4.0)
    assert e.move is None
    assert e.after.awaited is not None
    assert e.after.awaited.fraction == Decimal("0.20")


def test_an_approval_stays_valid_until_nothing_else_is_missing() -> None:
    """Data were stale when it came: it steps at the next fresh look."""
    rules = PromotionRules(gates=Gates(each_step=Gate.MANUAL))
    asked = decided(live("0.10"), rules, adjusted=4.0).after
    stale = decided(asked, rules, adjusted=4.0, time_ns=T0 + 1, data=DataState.STALE, commands=[said(Order.APPROVE)])
    assert stale.move is None
    assert stale.answers[0].taken
    assert decided(stale.after, rules, adjusted=4.0, time_ns=T0 + BAR).move is Move.STEP_UP


def test_a_refusal_holds_for_the_cool_down() -> None:
    """Nobody is asked for seven days; then again."""
    rules = PromotionRules(gates=Gates(go_live=Gate.MANUAL))
    asked = decided(VALIDATED, rules).after
    no = decided(asked, rules, time_ns=T0 + BAR, commands=[said(Order.REFUSE)])
    assert (no.move, no.after.awaited, no.call) == (None, None, "")
    assert no.answers[0].taken
    assert decided(no.after, rules, time_ns=T0 + 6 * DAY).after.awaited is None
    assert decided(no.after, rules, time_ns=T0 + BAR + 7 * DAY).after.awaited is not None


def test_four_eyes_are_two_different_persons() -> None:
    """The same one twice is one."""
    rules = PromotionRules(gates=Gates(go_live=Gate.MANUAL), four_eyes=True)
    first = decided(VALIDATED, rules)
    assert "go_live to 10 % awaits approval by two persons" in words(first)
    asked = first.after
    one = decided(asked, rules, time_ns=T0 + BAR, commands=[said(Order.APPROVE, "ann")])
    assert one.move is None
    assert one.answers[0].taken
    same = decided(one.after, rules, time_ns=T0 + 2 * BAR, commands=[said(Order.APPROVE, "ann")])
    assert same.move is None
    assert not same.answers[0].taken
    assert "ann is for it already: another person has to be" in same.answers[0].words
    assert decided(one.after, rules, time_ns=T0 + 2 * BAR, commands=[said(Order.APPROVE, "bob")]).move is Move.GO_LIVE


def test_four_eyes_are_asked_of_a_forced_promotion_too() -> None:
    """Whoever asks for it is the first; what was asked for cannot be done any more when a limit came between."""
    rules = PromotionRules(four_eyes=True)
    asked = decided(PAPER, rules, verdicts=UNDECIDED, commands=[said(Order.PROMOTE, "ann")])
    assert asked.move is None
    assert asked.answers[0].taken
    assert "second person" in asked.answers[0].words
    second = [said(Order.APPROVE, "bob", 2)]
    e = decided(asked.after, rules, verdicts=UNDECIDED, time_ns=T0 + BAR, commands=second)
    assert outcome(e) == ("force", "LIVE", "0.10", "join")
    assert e.after.forced
    assert "ann and bob" in words(e)
    full = decided(
        asked.after, rules, verdicts=UNDECIDED, time_ns=T0 + BAR, commands=second, room=Room(Decimal(0), "full")
    )
    assert full.move is None
    assert full.after.awaited is None
    assert "was approved and cannot be" in words(full)


def test_one_person_is_enough_to_take_away_under_four_eyes() -> None:
    """Care needs no second opinion."""
    assert decided(live("0.10"), PromotionRules(four_eyes=True), commands=[said(Order.DEMOTE)]).move is Move.DEMOTE


# ---- a person's word, and what the rules make of it afterwards


FORCED = live("0.10", forced=True)


def test_a_persons_word_is_no_way_round_the_evidence_that_going_live_takes() -> None:
    """Forced at a tenth under `balanced`: an E of 4 would carry 20 %, and is no proof until it has once been the 10 that going live takes."""
    e = decided(FORCED, BALANCED, adjusted=9.99, e_live=1.0)
    assert outcome(e) == (None, "LIVE", "0.10", "none")
    assert "beyond a person's word an adjusted E of 10 is needed, as to go live, found 9.99" in e.reasons
    assert (e.after.forced, e.after.frozen) == (True, None)
    assert decided(live("0.10", frozen=10.0), BALANCED, adjusted=4.0).move is Move.STEP_UP
    assert decided(FORCED, adjusted=4.0).move is Move.STEP_UP
    assert decided(FORCED, BALANCED, adjusted=10.0, e_live=1.0).move is Move.STEP_UP


def test_evidence_that_catches_up_is_frozen_and_live_has_to_bear_it_out() -> None:
    """As much as going live takes, at most: from then on steps need it times what live has shown."""
    e = decided(FORCED, BALANCED, adjusted=50.0, e_live=0.3)
    assert (e.move, e.after.forced, e.after.frozen) == (None, False, 10.0)
    assert "for 20 % an E of 4 is needed, found 3" in e.reasons
    assert decided(FORCED, BALANCED, adjusted=50.0, e_live=0.4).move is Move.STEP_UP
    third = live("0.10", forced=True, attempt=3)
    assert decided(third, BALANCED, adjusted=39.9).after.frozen is None
    assert decided(third, BALANCED, adjusted=45.0).after.frozen == 40.0


def test_what_live_denies_or_the_criteria_have_not_caught_up() -> None:
    """50 % by a person's word, an E of 50 on paper and a fifth of it lost live: it stays forced, and stays. A failed criterion opens nothing."""
    e = decided(live("0.50", forced=True), BALANCED, adjusted=50.0, e_live=0.8)
    assert (e.move, e.after.forced, e.after.frozen) == (None, True, 10.0)
    e = decided(FORCED, BALANCED, adjusted=50.0, verdicts=FAILED)
    assert (e.move, e.after.forced, e.after.frozen) == (None, True, None)


def test_what_was_restored_is_opened_by_evidence_as_well() -> None:
    """A halt takes the mark of a person's word: evidence opens the way to more all the same, and without it there is none."""
    at = live("0.10")
    assert decided(at, BALANCED, adjusted=12.0).after.frozen == 10.0
    assert decided(at, adjusted=12.0).after.frozen is None
    assert decided(at, BALANCED, adjusted=9.0).move is None
    assert decided(DEMOTED, BALANCED, adjusted=12.0).after.frozen is None


def test_a_second_voice_for_a_version_that_has_been_degraded_since_moves_nothing() -> None:
    """Asked at a tenth, warned at a tenth: whoever was asked is asked no longer, and the second person hears so. Nor is a gate open that was opened before."""
    rules = PromotionRules(four_eyes=True)
    asked = decided(LIVE, rules, commands=[said(Order.PROMOTE)])
    assert asked.after.awaited is not None
    warned = decided(asked.after, rules, monitors=warning(), time_ns=T0 + BAR)
    assert (warned.after.stage, warned.after.fraction, warned.after.awaited) == (Stage.DEGRADED, Decimal("0.10"), None)
    second = decided(warned.after, rules, time_ns=T0 + 2 * BAR, commands=[said(Order.APPROVE, "bob", 2)])
    assert (second.move, second.answers[0].taken) == (None, False)
    opened = live("0.10", awaited=Awaited(Move.STEP_UP, Decimal("0.20"), T0 - DAY, ("ann",)))
    assert decided(opened, monitors=warning()).after.awaited is None


def test_a_validated_version_that_is_thawed_is_asked_about_no_more() -> None:
    """The approval was of a version that met everything."""
    at = standing(Stage.VALIDATED, awaited=Awaited(Move.GO_LIVE, Decimal("0.10"), T0 - DAY), failures=5)
    e = decided(at, PromotionRules(gates=Gates(go_live=Gate.MANUAL)), verdicts=FAILED)
    assert (e.move, e.after.awaited) == (Move.THAW, None)


def test_who_was_asked_about_a_step_is_asked_no_more_once_the_fraction_is_another() -> None:
    """Up from 40 %, which has become 10; and back from a halt for data that has become one for risk, or another version's."""
    at = live("0.40", awaited=Awaited(Move.STEP_UP, Decimal("0.50"), T0 - DAY, ("ann",)))
    fallen = decided(at, adjusted=1.0)
    assert (fallen.move, fallen.after.awaited) == (Move.STEP_DOWN, None)
    asked = msgspec.structs.replace(HALTED, awaited=Awaited(Move.RESTORE, Decimal("0.30"), T0 - DAY, ("ann",), True))
    four = PromotionRules(four_eyes=True)
    assert decided(asked, four, live_flat=False).after.awaited is not None
    assert decided(asked, four, live_flat=False, halt=halted()).after.awaited is None
    assert decided(asked, four, live_flat=False, identity="j" * 64).after.awaited is None


@pytest.mark.parametrize("data", [DataState.STALE, DataState.DEGRADED])
def test_a_frozen_feed_is_no_calm_time(data: DataState) -> None:
    """Warned two days ago; three days without data later it is not back, and with two more days of calm it is."""
    since_ns = T0 - 2 * DAY
    at = standing(Stage.DEGRADED, "0.20", calm_since_ns=since_ns, errors=-99, inconclusive=-99)
    blind = at
    for i in range(18):
        blind = decided(blind, adjusted=100.0, data=data, time_ns=T0 + i * BAR).after
    assert blind.calm_since_ns == since_ns + 18 * BAR
    assert decided(blind, adjusted=100.0, time_ns=T0 + 18 * BAR).move is None
    back = msgspec.structs.replace(blind, look_ns=T0 + 23 * BAR)
    assert decided(back, adjusted=100.0, time_ns=T0 + 24 * BAR - 1).move is not Move.RECOVER
    assert decided(back, adjusted=100.0, time_ns=T0 + 24 * BAR).move is Move.RECOVER
    # Of whoever was not warned about nothing waits for it.
    assert decided(LIVE, data=data).after.calm_since_ns == LIVE.calm_since_ns
    later = msgspec.structs.replace(at, calm_since_ns=T0 - 1)
    assert decided(later, data=data).after.calm_since_ns == T0


# ---- what is remembered of a move


def test_committed_is_what_the_market_may_still_hold() -> None:
    """All of it at once when it rises; nothing when it leaves flat, and what it held when it does not."""
    assert decided(VALIDATED).after.committed == Decimal("0.10")
    assert decided(live("0.30"), adjusted=100.0).after.committed == Decimal("0.40")
    assert decided(live("0.30"), monitors=alarm()).after.committed == 0
    assert decided(live("0.30"), monitors=alarm(), live_flat=False).after.committed == Decimal("0.30")


def test_a_pause_of_its_own_ends_with_the_capital() -> None:
    """And its words with it."""
    at = live("0.10", pause=Pause.UNTIL_CLEAR, pause_words="market data are stale", errors=3)
    after = decided(at, data=DataState.STALE).after
    assert (after.stage, after.pause, after.pause_words) == (Stage.HALTED, Pause.NONE, "")


def test_what_was_found_before_a_move_is_told_after_why_it_moves() -> None:
    """Evidence catches up and carries the next step in one moment."""
    e = decided(live("0.10", forced=True), adjusted=4.0)
    assert e.move is Move.STEP_UP
    assert e.reasons[0] == "criteria and evidence allow 20 %"
    assert e.reasons[-1] == "evidence has caught up: 10 % is no longer held by a person's word"


@pytest.mark.parametrize(
    ("adjusted", "told"),
    [
        (1.0, "an adjusted E of 1, which is none"),
        (1.5, "an adjusted E of 1.5: that any version without edge ever gets there has probability"),
    ],
)
def test_an_e_of_one_is_no_evidence_and_any_more_is_told_with_its_chance(adjusted: float, told: str) -> None:
    """Beside the first step."""
    assert told in words(decided(VALIDATED, adjusted=adjusted))


def test_a_number_that_is_none_is_recorded_as_undefined() -> None:
    """Beside one that is, and one that was never measured."""
    shown = (*UNMEASURABLE, *verdicts(sharpe=None))
    e = decided(LIVE, verdicts=shown)
    assert [v.value for v in e.facts.verdicts] == [
        None if v.value is None or v.value != v.value else v.value for v in shown
    ]


# ---- back from a halt


def test_resume_leads_to_paper_with_fresh_evidence() -> None:
    """What is left of the position is sold. Whoever begins anew begins another attempt, also beyond those that there are without a person: halting and resuming is no free one."""
    e = decided(HALTED, live_flat=False, commands=[said(Order.RESUME)])
    assert outcome(e) == ("resume", "PAPER", "0", "demote")
    assert (e.answers[0].taken, e.answers[0].words) == (True, "resume by ann")
    assert (e.after.evidence_from_ns, e.after.halt, e.after.attempt) == (T0, None, 2)
    assert e.reasons == (
        "resume by ann: because",
        "attempt 2: evidence begins anew, and every threshold of it is 2 times that of the first",
    )
    last = msgspec.structs.replace(HALTED, attempt=3)
    again = decided(last, commands=[said(Order.RESUME)])
    assert (again.after.stage, again.after.attempt) == (Stage.PAPER, 4)
    assert decided(again.after, BALANCED, adjusted=79.9, evidence_from_ns=T0).move is None
    assert decided(again.after, BALANCED, adjusted=80.0, evidence_from_ns=T0).move is Move.VALIDATE


def test_restore_gives_back_what_it_held_while_the_position_is_still_there() -> None:
    """Nothing was sold, so nothing rises; where it was sold, it begins with the first step."""
    e = decided(HALTED, live_flat=False, commands=[said(Order.RESTORE)])
    assert outcome(e) == ("restore", "LIVE", "0.30", "join")
    assert e.after.halt is None
    assert e.after.errors == 0
    assert decided(HALTED, commands=[said(Order.RESTORE)]).after.fraction == Decimal("0.10")


def test_a_position_that_was_closed_while_a_second_person_was_asked_is_not_restored() -> None:
    """Half of the budget when the first one spoke, nothing when the second did: the first step."""
    rules = PromotionRules(four_eyes=True)
    at = standing(Stage.HALTED, halt=halted(HaltKind.DATA), halted_fraction=Decimal("0.50"), committed=Decimal("0.50"))
    asked = decided(at, rules, live_flat=False, commands=[said(Order.RESTORE)])
    second = [said(Order.APPROVE, "bob", 2)]
    kept = decided(asked.after, rules, live_flat=False, time_ns=T0 + BAR, commands=second)
    assert outcome(kept) == ("restore", "LIVE", "0.50", "join")
    assert outcome(decided(asked.after, rules, time_ns=T0 + BAR, commands=second)) == (
        "restore",
        "LIVE",
        "0.10",
        "join",
    )


@pytest.mark.parametrize(
    ("at", "values", "told"),
    [
        (msgspec.structs.replace(HALTED, halt=halted(HaltKind.RISK)), {}, "a risk limit or a person halted it"),
        (msgspec.structs.replace(HALTED, halted_fraction=Decimal(0)), {}, "it held no capital"),
        (HALTED, {"data": DataState.STALE}, "market data are stale"),
        (HALTED, {"room": Room(Decimal("0.10"), "less now")}, "no room for 30 %: less now"),
    ],
)
def test_what_may_not_be_restored(at: Standing, values: dict[str, Any], told: str) -> None:
    """After a risk limit there is only the way over paper."""
    e = decided(at, live_flat=False, commands=[said(Order.RESTORE)], **values)
    assert e.move is None
    assert not e.answers[0].taken
    assert told in e.answers[0].words


# ---- what a decision is


def test_a_stage_is_counted_from_its_beginning() -> None:
    """A step within it changes when the fraction moved, not since when it is live."""
    began = decided(VALIDATED).after
    assert (began.since_ns, began.stepped_ns, began.stepped_trades) == (T0, T0, 50)
    stepped = decided(live("0.10"), adjusted=4.0).after
    assert (stepped.since_ns, stepped.stepped_ns) == (T0 - 100 * DAY, T0)
    warned = decided(live("0.10"), monitors=warning()).after
    assert (warned.since_ns, warned.stepped_ns) == (T0, T0 - 100 * DAY)


def test_what_is_taken_away_takes_its_marks_with_it() -> None:
    """Forced, awaited, and a pause of the moment; a person's pause stays a person's."""
    asked = Awaited(Move.STEP_UP, Decimal("0.20"), T0 - DAY, ("ann",))
    gone = decided(live("0.10", forced=True, awaited=asked), monitors=alarm()).after
    assert (gone.forced, gone.awaited) == (False, None)
    moment = live("0.10", pause=Pause.UNTIL_CLEAR, pause_words="market data are degraded")
    assert decided(moment, monitors=alarm(), data=DataState.DEGRADED).after.pause is Pause.NONE
    persons = live("0.10", pause=Pause.UNTIL_RESUMED, pause_words="ann: holiday")
    assert decided(persons, monitors=alarm()).after.pause is Pause.UNTIL_RESUMED
    lowered = decided(live("0.50"), adjusted=100.0, room=Room(Decimal("0.20"), "less"), data=DataState.DEGRADED).after
    assert (lowered.fraction, lowered.pause) == (Decimal("0.20"), Pause.UNTIL_CLEAR)


def test_facts_of_another_version_or_an_earlier_moment_are_refused() -> None:
    """They cannot decide about this one."""
    with pytest.raises(ValueError, match="version: expected facts of a, found b"):
        decided(PAPER, version="b")
    with pytest.raises(ValueError, match="time_ns: expected"):
        decided(standing(Stage.PAPER, since_ns=T0 + 1))


def test_a_standing_cannot_hold_capital_where_none_is_held() -> None:
    """Nor a stage with capital be without."""
    with pytest.raises(ValueError, match="expected capital in PAPER alone where it is held, found 0.10"):
        standing(Stage.PAPER, "0.10")
    with pytest.raises(ValueError, match="LIVE"):
        standing(Stage.LIVE, "0")


def test_advisory_criteria_hold_nothing_back() -> None:
    """They are judged and shown."""
    from genesis.paper_trading.validation_criteria import ValidationCriteria
    from genesis.paper_trading.verdicts import Measurements, Mode

    soft = ValidationCriteria(win_rate_mode=Mode.ADVISORY)
    window = verdicts()[0].window
    found = soft.judge(Measurements(window=window, trades=200, bars=600, sharpe=3.0, drawdown_max=0.04, win_rate=0.3))
    assert decided(PAPER, verdicts=found).move is Move.VALIDATE


def test_a_monitor_that_is_calm_holds_nothing_back() -> None:
    """A reading without alarm stands in the way of no step, and is no reason."""
    calm = (Reading("edge", Level.CALM, "as it was"),)
    e = decided(LIVE, adjusted=200.0, e_live=5.0, monitors=calm)
    assert e.move is Move.STEP_UP
    assert not any("CALM" in w for w in e.reasons)


def test_a_fraction_between_two_rungs_stays_while_there_is_room_for_it() -> None:
    """Room of exactly what is held takes nothing away."""
    halved = standing(Stage.DEGRADED, "0.15")
    assert decided(halved, adjusted=200.0, room=Room(Decimal("0.15"))).after.fraction == Decimal("0.15")


def test_evidence_of_an_earlier_attempt_is_one_however_low_the_bar() -> None:
    """It counts as an E of 1 and is not proven at a bar of 1.5."""
    rules = PromotionRules(proven_evidence=Decimal("1.5"))
    assert not decided(LIVE, rules, adjusted=200.0, evidence_from_ns=T0).after.proven
    assert decided(LIVE, rules, adjusted=200.0).after.proven


def test_stale_prices_say_nothing_about_how_long_monitors_have_been_calm() -> None:
    """The count stands still over a look without data, and begins anew with a warning that was seen."""
    assert DEGRADED.calm_since_ns is not None
    calm = DEGRADED.calm_since_ns + BAR
    assert decided(DEGRADED, data=DataState.STALE, monitors=warning()).after.calm_since_ns == calm
    assert decided(DEGRADED, monitors=warning()).after.calm_since_ns is None


def test_who_is_resumed_at_its_very_deadline_gets_another_time() -> None:
    """Its time on paper is over with the deadline itself; a person's word gives it as much again."""
    over = standing(Stage.PAPER, deadline_ns=T0, pause=Pause.UNTIL_RESUMED, pause_words="its time is over")
    e = decided(over, PromotionRules(paper_max_days=30), verdicts=UNDECIDED, commands=[said(Order.RESUME)])
    assert e.answers[0].taken
    assert (e.after.pause, e.after.deadline_ns) == (Pause.NONE, T0 + 30 * DAY)


@pytest.mark.parametrize(
    "at",
    [standing(Stage.HALTED, halt=halted(), halted_fraction=Decimal("0.5"), proven=True), standing(Stage.LIVE, "0.50")],
)
def test_an_attempt_that_begins_anew_has_proven_nothing_and_held_nothing(at: Standing) -> None:
    """Resumed by a person or changed: what it proved and what it held when it was halted are gone."""
    commands = [said(Order.RESUME)] if at.stage is Stage.HALTED else []
    identity = at.identity if commands else "j" * 64
    e = decided(at, adjusted=200.0, commands=commands, identity=identity)
    assert e.after.stage is Stage.PAPER
    assert (e.after.proven, e.after.halted_fraction) == (False, 0)


@pytest.mark.parametrize("data", [DataState.STALE, DataState.DEGRADED])
def test_a_look_without_good_data_sends_nobody_back_to_paper(data: DataState) -> None:
    """Validated, failed often enough, and the data of this look are bad: it stays; with good ones it goes."""
    waiting = standing(Stage.VALIDATED, failures=6)
    assert decided(waiting, data=data, verdicts=FAILED).move is None
    assert decided(waiting, verdicts=FAILED).move is Move.THAW


@pytest.mark.parametrize(("stage", "move"), [(Stage.REJECTED, "reject"), (Stage.ARCHIVED, "archive")])
def test_a_halt_of_everybody_is_no_way_back_for_who_has_ended(stage: Stage, move: str) -> None:
    """Halted twice and resumed with all the others it stands where it stood, at the same attempt, and by itself goes nowhere."""
    once = decided(standing(stage), commands=[said(Order.HALT, target=None)])
    assert (once.after.stage, once.after.ended) == (Stage.HALTED, stage)
    twice = decided(once.after, time_ns=T0 + BAR, commands=[said(Order.HALT, target=None)])
    back = decided(twice.after, adjusted=100.0, time_ns=T0 + 2 * BAR, commands=[said(Order.RESUME, target=None)])
    assert outcome(back)[:3] == (move, stage.value, "0")
    assert (back.after.attempt, back.after.halt, back.after.ended) == (1, None, None)
    told = f"resume by ann: {stage.value} before the halt, and it is again"
    assert (back.answers[0].taken, back.answers[0].words) == (True, told)
    assert decided(back.after, adjusted=100.0, time_ns=T0 + 3 * BAR).move is None


@pytest.mark.parametrize("order", [Order.DEMOTE, Order.ARCHIVE])
def test_a_person_who_asks_for_less_leads_nobody_past_a_broken_limit(order: Order) -> None:
    """Its drawdown limit broke before the look: it is halted and flattened, and the wish is told what came first; what else may halt lets the person go before it."""
    at, asked = standing(Stage.LIVE, "0.20"), [said(order)]
    broken = decided(at, halt=halted(), live_flat=False, commands=asked)
    assert outcome(broken) == ("halt", "HALTED", "0", "flatten")
    assert not broken.answers[0].taken
    assert broken.answers[0].words.startswith("LIVE: halt came first: ")
    assert not decided(broken.after, time_ns=T0 + BAR, commands=[said(Order.PROMOTE)]).answers[0].taken
    stopped = decided(at, halt=halted(HaltKind.STRATEGY), live_flat=False, commands=asked)
    assert (stopped.move, stopped.answers[0].taken) == (Move(order.value), True)


def test_resumed_while_a_limit_broke_it_stays_halted_and_is_flattened() -> None:
    """Halted for its data with the position kept, which then lost too much: a person's word at the same look comes after it."""
    at = standing(Stage.HALTED, halt=halted(HaltKind.DATA), halted_fraction=Decimal("0.20"), committed=Decimal("0.20"))
    e = decided(at, halt=halted(), live_flat=False, commands=[said(Order.RESUME)])
    assert outcome(e) == ("halt", "HALTED", "0", "flatten")
    assert not e.answers[0].taken
    assert e.after.halt is not None
    assert e.after.halt.kind is HaltKind.RISK


def test_archived_after_a_halt_nothing_of_the_halt_is_left() -> None:
    """Neither its reason nor what it held."""
    at = standing(Stage.HALTED, halt=halted(HaltKind.DATA), halted_fraction=Decimal("0.20"))
    after = decided(at, commands=[said(Order.ARCHIVE)]).after
    assert (after.stage, after.halt, after.halted_fraction) == (Stage.ARCHIVED, None, 0)


def test_one_person_under_two_spellings_is_one_pair_of_eyes() -> None:
    """Other blanks and letters make no second person."""
    rules = PromotionRules(four_eyes=True, auto_promote=False)
    asked = decided(standing(Stage.VALIDATED), rules).after
    one = decided(asked, rules, time_ns=T0 + BAR, commands=[said(Order.APPROVE, "Ann Lee")])
    for again in ("ann lee", " Ann  Lee ", "ANN LEE"):
        same = decided(one.after, rules, time_ns=T0 + 2 * BAR, commands=[said(Order.APPROVE, again)])
        assert (same.move, same.answers[0].taken) == (None, False)
    assert decided(one.after, rules, time_ns=T0 + 2 * BAR, commands=[said(Order.APPROVE, "ann l")]).move is Move.GO_LIVE


@pytest.mark.parametrize("order", sorted(TAKES, key=str))
def test_between_bars_only_what_takes_away_happens(order: Order) -> None:
    """A second after the bar everything is met for a step: it waits for the next bar, a person who stops does not; nor does evidence that is gone take it before that."""
    at = standing(Stage.LIVE, "0.10", look_ns=T0)
    between = decided(at, adjusted=100.0, time_ns=T0 + 1_000_000_000)
    assert (between.move, between.after.fraction) == (None, Decimal("0.10"))
    assert between.reasons == ("between evidence bars nothing rises, and only persons and halts take away",)
    assert decided(at, adjusted=100.0, time_ns=T0 + BAR).move is Move.STEP_UP
    higher = standing(Stage.LIVE, "0.50", look_ns=T0)
    assert decided(higher, adjusted=0.0, time_ns=T0 + 1_000_000_000).move is None
    assert decided(higher, adjusted=0.0, time_ns=T0 + BAR).after.fraction < Decimal("0.50")
    said_now = decided(at, time_ns=T0 + 1_000_000_000, commands=[said(order)])
    assert said_now.answers[0].taken
    assert said_now.after.pause is Pause.UNTIL_RESUMED or not said_now.after.stage.holds_capital
    assert said_now.after.look_ns == T0


def test_what_is_said_between_bars_is_said_where_nothing_moved() -> None:
    """Not of a halt that was just made, and not of one that waits for fresh prices."""
    stop = decided(standing(Stage.LIVE, "0.10"), time_ns=T0 + 1, commands=[said(Order.HALT)])
    assert stop.reasons == ("halt by ann: because",)
    held = standing(Stage.HALTED, halt=halted(), committed=Decimal("0.10"))
    waits = decided(held, time_ns=T0 + 1, live_flat=False, data=DataState.STALE)
    assert waits.reasons == ("to be flattened as soon as prices are no longer stale",)


def test_a_number_that_is_none_is_undefined_in_what_own_criteria_were_given() -> None:
    """No entry could hold it; all else stays as it was given."""
    given = Measurements(
        window=Window(0, T0), trades=3, bars=7, sharpe=float("nan"), win_rate=0.5, volatility=float("inf")
    )
    found = decided(PAPER, own=OwnInputs({"calm": "c" * 64}, given)).facts.own
    assert found is not None
    assert (found.code, found.given.sharpe, found.given.volatility) == ({"calm": "c" * 64}, None, None)
    assert (found.given.trades, found.given.bars, found.given.win_rate, found.given.window.end_ns) == (3, 7, 0.5, T0)


@pytest.mark.parametrize("order", [Order.RESUME, Order.ARCHIVE])
def test_what_a_halt_flattens_is_led_nowhere_before_it_is_flat(order: Order) -> None:
    """Halted for risk and still holding: the word is refused; flat, or halted for its data, it is taken."""
    at = standing(Stage.HALTED, halt=halted(), halted_fraction=Decimal("0.20"), committed=Decimal("0.20"))
    early = decided(at, live_flat=False, halt=halted(), commands=[said(order)])
    assert outcome(early) == (None, "HALTED", "0", "flatten")
    told = f"{order.value}: expected a version that is flat, found one that a halt flattens first"
    assert (early.answers[0].taken, early.answers[0].words) == (False, told)
    for free in (
        decided(at, halt=halted(), commands=[said(order)]),
        decided(HALTED, live_flat=False, commands=[said(order)]),
    ):
        assert (free.move, free.answers[0].taken) == (Move(order.value), True)
