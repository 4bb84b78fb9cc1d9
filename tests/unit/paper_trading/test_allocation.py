"""The account's room: tiers, the total, the cap on unproven capital, who is served first and who gives first."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest

from genesis.paper_trading.allocation import Allocation
from genesis.paper_trading.promotion_facts import AccountFacts, Facts, Limit, Standing
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import Stage
from genesis.risk.tiers import DEFAULT_TIERS, SNIPER, Tier
from tests.kit.promotions import GIVEN, T0, account, facts, standing

Versions = Mapping[str, tuple[str, float]]


def held(versions: Versions, rules: PromotionRules = GIVEN, at: AccountFacts | None = None, **each: Any) -> Allocation:
    """Versions by name, each with the fraction that it holds of 10,000 and its adjusted E; those that hold nothing are validated."""
    standings = {
        v: _named(standing(Stage.LIVE if Decimal(f) else Stage.VALIDATED, f, proven=e >= 10), v)
        for v, (f, e) in versions.items()
    }
    found = {v: facts(version=v, adjusted=e, **each) for v, (_, e) in versions.items()}
    return Allocation(rules, at or account(), standings, found)


def _named(at: Standing, version: str) -> Standing:
    return Standing(**{n: getattr(at, n) for n in at.__struct_fields__} | {"version": version})


def rooms(allocation: Allocation) -> dict[str, str]:
    return {v: f"{allocation.room(v).fraction.normalize():f}" for v in sorted(allocation.order)}


def test_evidence_is_served_first_ties_by_name() -> None:
    """Whatever the order in which they came."""
    assert held({"c": ("0", 3.0), "b": ("0", 7.0), "a": ("0", 3.0)}).order == ("b", "a", "c")


def test_evidence_of_an_earlier_attempt_counts_as_none() -> None:
    """An E of 50 that was gathered before this attempt began is served after one of 1.5."""
    standings = {"a": _named(standing(Stage.VALIDATED, evidence_from_ns=T0), "a"), "b": _named(standing(), "b")}
    found = {"a": facts(version="a", adjusted=50.0), "b": facts(version="b", adjusted=1.5)}
    assert Allocation(GIVEN, account(), standings, found).order == ("b", "a")


def test_a_version_may_hold_at_most_what_the_tier_lets_each_hold() -> None:
    """20 % of 20,000 are 0.4 of a budget of 10,000."""
    room = held({"a": ("0.10", 50.0)}, at=account(20_000, budget_max="0.2")).room("a")
    assert room.fraction == Decimal("0.4")
    assert room.words == "each version holds at most 4000"


def test_no_more_versions_are_live_than_the_tier_lets() -> None:
    """Those that are stay and may climb; the next one waits, and is told why."""
    allocation = held({"a": ("0.10", 50.0), "b": ("0.10", 40.0), "c": ("0", 99.0)}, at=account(live_max=2))
    assert rooms(allocation) == {"a": "1", "b": "1", "c": "0"}
    assert allocation.room("c").words == "2 of 2 versions are live"


def test_all_together_hold_no_more_than_the_account_lets() -> None:
    """10,000 of equity, half of it open at most: 4,000 held leave 1,000."""
    allocation = held({"a": ("0.40", 50.0), "b": ("0", 40.0)}, at=account(10_000, open_max="0.5"))
    assert rooms(allocation) == {"a": "0.5", "b": "0.1"}
    assert allocation.room("b").words == "all together hold 4000 of at most 5000"


def test_unproven_versions_share_a_tenth_of_the_account() -> None:
    """20,000: the first two take 1,000 each, the third waits validated; proven capital is not counted, and stays."""
    allocation = held(
        {"a": ("0.10", 1.0), "b": ("0.10", 9.99), "c": ("0", 1.0), "d": ("0.90", 10.0)}, at=account(20_000)
    )
    assert rooms(allocation) == {"a": "0.1", "b": "0.1", "c": "0", "d": "0.9"}
    assert allocation.room("c").words == "unproven versions together hold 2000 of at most 2000"


def test_what_one_takes_the_next_no_longer_finds() -> None:
    """1,000 of unproven capital: the one with more evidence gets it."""
    allocation = held({"a": ("0", 1.0), "b": ("0", 2.0)}, at=account(10_000))
    assert rooms(allocation) == {"a": "0.1", "b": "0.1"}
    allocation.take(_named(standing(Stage.LIVE, "0.10"), "b"))
    assert rooms(allocation) == {"a": "0", "b": "0.1"}
    allocation.take(_named(standing(Stage.DEMOTED), "b"))
    assert allocation.room("a").fraction == Decimal("0.1")


def test_what_is_still_being_sold_is_still_held() -> None:
    """A demoted version with a position blocks the room that it had, and its place among the live."""
    standings = {
        "a": _named(standing(Stage.DEMOTED, committed=Decimal("0.30")), "a"),
        "b": _named(standing(Stage.VALIDATED), "b"),
    }
    for flat, room in ((False, "0"), (True, "0.10")):
        found = {"a": facts(version="a", adjusted=20.0, live_flat=flat), "b": facts(version="b", adjusted=2.0)}
        allocation = Allocation(GIVEN, account(10_000, live_max=1), standings, found)
        assert allocation.room("b").fraction == Decimal(room)


def test_fewer_places_take_the_weakest_first() -> None:
    """A tier lower: two of three stay, those with the most evidence."""
    allocation = held({"a": ("0.20", 12.0), "b": ("0.20", 40.0), "c": ("0.20", 11.0)}, at=account(live_max=2))
    assert rooms(allocation) | {"b": "", "a": ""} == {"a": "", "b": "", "c": "0"}
    assert allocation.room("a").fraction >= Decimal("0.20")
    assert allocation.room("c").words == "2 of 2 versions are live"


def test_what_is_hardly_proven_keeps_what_it_holds_and_rises_only_where_the_unproven_may() -> None:
    """At an E of 10 to 15 it would be back at a tenth with the next small loss: 50 % stay, 30 % may become 50 where the cap of 5,000 allows it. At 15 it may have all."""
    assert rooms(held({"a": ("0.50", 10.0)}, at=account(10_000))) == {"a": "0.5"}
    assert rooms(held({"a": ("0.30", 14.9)}, at=account(50_000))) == {"a": "0.5"}
    assert rooms(held({"a": ("0.30", 14.9), "b": ("0.10", 2.0)}, at=account(50_000))) == {"a": "0.4", "b": "0.5"}
    assert rooms(held({"a": ("0.30", 15.0)}, at=account(50_000))) == {"a": "1"}
    twice = PromotionRules(proven_evidence=Decimal(20))
    assert rooms(held({"a": ("0.10", 29.9)}, twice, account(10_000))) == {"a": "0.1"}
    assert rooms(held({"a": ("0.10", 30.0)}, twice, account(10_000))) == {"a": "1"}


def test_proof_that_is_lost_gives_capital_back_at_once() -> None:
    """Half of an account was held with an E of 10; at 9.9 a tenth of it may be."""
    at = account(10_000)
    standings = {"a": standing(Stage.LIVE, "0.50", proven=True)}
    allocation = Allocation(GIVEN, at, standings, {"a": facts(adjusted=9.9)})
    assert allocation.room("a").fraction == Decimal("0.10")


@pytest.mark.parametrize(("equity", "left"), [(10_000, "0.10"), (9_001, "0.10"), (8_999, "0")])
def test_a_falling_account_moves_nobody_until_a_tenth_is_gone(equity: int, left: str) -> None:
    """1,000 of unproven capital under a cap of a tenth: it stays until the cap is under 900, as the tiers do."""
    assert held({"a": ("0.10", 1.0)}, at=account(equity)).room("a").fraction == Decimal(left)


def test_what_fits_exactly_stays_also_between_two_rungs() -> None:
    """15 % of 10,000 under a cap of 1,500; one unit less, and it is the rung below."""
    assert held({"a": ("0.15", 1.0)}, at=account(13_500)).room("a").fraction == Decimal("0.15")
    assert held({"a": ("0.15", 1.0)}, at=account(13_499)).room("a").fraction == Decimal("0.10")


def test_the_weaker_of_two_gives_what_does_not_fit() -> None:
    """1,000 each under a cap of 1,111: the one with more evidence keeps its own."""
    assert rooms(held({"a": ("0.10", 1.0), "b": ("0.10", 2.0)}, at=account(10_000))) == {"a": "0", "b": "0.1"}


def test_the_tolerance_is_for_a_fallen_account_and_not_for_lost_proof() -> None:
    """11 % under a cap of 10: it stays beside a proven version, and goes where it was proven until now."""
    assert rooms(held({"a": ("0.11", 1.0), "b": ("0.50", 20.0)}, at=account(10_000)))["a"] == "0.11"
    lost = {"a": standing(Stage.LIVE, "0.11", proven=True)}
    assert Allocation(GIVEN, account(10_000), lost, {"a": facts(adjusted=9.9)}).room("a").fraction == Decimal("0.10")


def test_what_is_being_sold_leaves_less_to_keep() -> None:
    """3,000 of unproven capital on its way out, and one place: who holds the rest gives it back."""
    gone = _named(standing(Stage.DEMOTED, committed=Decimal("0.30")), "a")
    standings = {"a": gone, "b": _named(standing(Stage.LIVE, "0.10"), "b")}
    found = {"a": facts(version="a", live_flat=False), "b": facts(version="b")}
    assert Allocation(GIVEN, account(40_000), standings, found).room("b").fraction == Decimal("0.10")
    assert Allocation(GIVEN, account(35_000), standings, found).room("b").fraction == 0
    assert Allocation(GIVEN, account(40_000, live_max=1), standings, found).room("b").fraction == 0


def test_who_gives_everything_gives_its_place_too() -> None:
    """Of 5,555 the strongest keeps 5,000; 1,000 do not fit, and the 200 of the third do, on the place that became free."""
    versions = {"a": ("0.10", 12.0, 10_000), "b": ("0.50", 40.0, 10_000), "c": ("0.10", 11.0, 2_000)}
    standings = {v: _named(standing(Stage.LIVE, f, proven=True), v) for v, (f, _, _) in versions.items()}
    found = {v: facts(version=v, adjusted=e, budget=Decimal(b)) for v, (_, e, b) in versions.items()}
    allocation = Allocation(GIVEN, account(10_000, live_max=2, open_max="0.5"), standings, found)
    assert rooms(allocation) == {"a": "0", "b": "0.5", "c": "0.1"}


def test_nobody_rises_into_the_tolerance() -> None:
    """What may stay is not what may be taken."""
    allocation = held({"a": ("0.10", 1.0), "b": ("0", 1.0)}, at=account(9_500))
    assert rooms(allocation) == {"a": "0.1", "b": "0"}


@pytest.mark.parametrize(("lost", "revoked"), [("-500", False), ("-500.01", True)])
def test_unproven_capital_loses_a_hundredth_of_the_account_and_no_more(lost: str, revoked: bool) -> None:
    """Two versions of 100,000: 1,000 together; then both have to go, and the proven one has not."""
    allocation = held({"a": ("0.10", 1.0), "b": ("0.10", 2.0), "c": ("0.50", 30.0)}, live_pnl=Decimal(lost))
    assert [bool(allocation.room(v).revoked) for v in "abc"] == [revoked, revoked, False]
    if revoked:
        assert (
            allocation.revoked
            == "unproven versions together have lost 1000.02, at most 1000 is allowed: all of them are demoted"
        )


def test_losses_of_those_that_were_demoted_since_count_and_cleared_ones_do_not() -> None:
    """Else a row of failures would lose a hundredth each."""
    at, found = account(), facts(version="b", live_pnl=Decimal(-300))
    for cleared, revoked in ((Decimal(0), True), (Decimal(-800), False)):
        gone = _named(standing(Stage.DEMOTED, cleared_pnl=cleared), "a")
        standings = {"a": gone, "b": _named(standing(Stage.LIVE, "0.10"), "b")}
        allocation = Allocation(GIVEN, at, standings, {"a": facts(version="a", live_pnl=Decimal(-800)), "b": found})
        assert bool(allocation.revoked) is revoked


def test_what_is_not_looked_at_keeps_what_it_holds_and_counts_as_it_was() -> None:
    """Its capital, whether it is proven, its losses: as the last look found them."""
    absent = _named(standing(Stage.LIVE, "0.10", budget=Decimal(10_000), live_pnl=Decimal(-60)), "a")
    standings = {
        "a": absent,
        "b": _named(standing(Stage.VALIDATED), "b"),
        "c": _named(standing(Stage.LIVE, "0.10"), "c"),
    }
    found = {v: facts(version=v, adjusted=2.0, live_pnl=Decimal(-50) if v == "c" else Decimal(0)) for v in "bc"}
    allocation = Allocation(GIVEN, account(20_000), standings, found)
    assert allocation.room("b").words == "unproven versions together hold 2000 of at most 2000"
    assert allocation.revoked == ""
    assert Allocation(GIVEN, account(10_999), standings, found).revoked.startswith(
        "unproven versions together have lost 110"
    )


def test_evidence_of_an_earlier_attempt_proves_nothing_here_either() -> None:
    """An old E of 50 is unproven."""
    found = facts(adjusted=50.0, evidence_from_ns=T0 - 1)
    allocation = Allocation(GIVEN, account(10_000), {"a": standing(Stage.VALIDATED)}, {"a": found})
    assert allocation.room("a").fraction == Decimal("0.1")


def test_an_account_has_the_limits_of_its_tier() -> None:
    """Sniper: one version with half of it, half open at most. Under the first bound nothing is live."""
    sniper = AccountFacts.of(SNIPER, Decimal(1_000))
    assert (sniper.live_max, sniper.budget_max, sniper.open_max, sniper.tier) == (
        1,
        Decimal("0.50"),
        Decimal("0.50"),
        "sniper",
    )
    architect = AccountFacts.of(DEFAULT_TIERS[-1], Decimal(90_000))
    assert (architect.live_max, architect.open_max) == (10, 1)
    paper = AccountFacts.of(None, Decimal(100))
    assert (paper.live_max, paper.budget_max, paper.tier) == (0, 0, "paper_only")


@pytest.mark.parametrize("tier", [None, SNIPER])
def test_in_whatever_tier_an_account_keeps_rates_limits_and_what_holds_it_back(tier: Tier | None) -> None:
    """They come from elsewhere; where there are none there are none."""
    rates, limits = {"a": Decimal("1.1")}, {"a": Limit(Decimal("0.2"), "b is proven better")}
    found = AccountFacts.of(tier, Decimal(1_000), "no rate", rates, limits)
    assert (found.held_back, found.rates, found.limits) == ("no rate", rates, limits)
    bare = AccountFacts.of(tier, Decimal(1_000))
    assert (bare.held_back, bare.rates, bare.limits) == ("", {}, {})


def test_a_small_account_over_the_tier_bound_both_ways() -> None:
    """Two live strategies as a hunter; as a sniper the weaker one gives back, and waits; as a hunter again it returns."""
    versions = {"a": ("0.10", 12.0), "b": ("0.10", 11.0)}
    hunter, sniper = (AccountFacts.of(t, Decimal(e)) for t, e in ((DEFAULT_TIERS[1], 20_000), (SNIPER, 19_000)))
    assert held(versions, at=hunter).room("b").fraction >= Decimal("0.10")
    assert held(versions, at=sniper).room("b").fraction == 0
    assert held({"a": ("0.10", 12.0), "b": ("0", 11.0)}, at=hunter).room("b").fraction >= Decimal("0.10")


def test_amounts_of_several_currencies_are_compared_in_usd() -> None:
    """10,000 of one money at 0.5 and 10,000 of another at 2 on 20,000 USD: a first step is 500 here and 2,000 there, and no more are unproven."""
    at = AccountFacts(
        equity=Decimal(20_000), live_max=5, budget_max=Decimal(1), rates={"a": Decimal("0.5"), "b": Decimal(2)}
    )
    assert rooms(held({"a": ("0.10", 1.0), "b": ("0", 1.0)}, at=at)) == {"a": "0.4", "b": "0.075"}
    assert rooms(held({"a": ("0", 1.0), "b": ("0.10", 1.0)}, at=at)) == {"a": "0", "b": "0.1"}
    assert held({"a": ("0.10", 1.0)}, at=at, live_pnl=Decimal(-401)).revoked.startswith(
        "unproven versions together have lost 200.50, at most 200 is allowed"
    )


@pytest.mark.parametrize(("equity", "room"), [(10_000, "0.10"), (9_001, "0.10"), (8_999, "0"), (4_000, "0")])
def test_who_was_halted_with_a_position_may_have_it_back_as_if_it_had_held_it(equity: int, room: str) -> None:
    """A tenth of 10,000 under the cap on unproven capital: until a tenth of the account is gone, as for those that are live; and it still counts before them."""
    halted = _named(standing(Stage.HALTED, committed=Decimal("0.10"), halted_fraction=Decimal("0.10")), "a")
    standings = {"a": halted, "b": _named(standing(Stage.LIVE, "0.10", proven=True), "b")}
    found = {"a": facts(version="a", live_flat=False), "b": facts(version="b", adjusted=90.0, live_flat=False)}
    allocation = Allocation(GIVEN, account(equity), standings, found)
    assert allocation.room("a").fraction == Decimal(room)
    assert allocation.room("b").fraction >= Decimal("0.10")
    sold = Allocation(GIVEN, account(equity), standings, found | {"a": facts(version="a")})
    assert sold.room("a").fraction <= Decimal(equity) / 100_000


def test_a_limit_of_its_own_bounds_a_version_whatever_room_there_is() -> None:
    """A former champion holds what is left to it: less takes capital from it, and as much or more lets it stand; others know nothing of it."""
    bounds = {"a": Limit(Decimal("0.30"), "b is proven better"), "c": Limit(Decimal(1), "wide")}
    at = AccountFacts(equity=Decimal(100_000), live_max=5, budget_max=Decimal(1), limits=bounds)
    allocation = held({"a": ("0.50", 50.0), "b": ("0.10", 60.0), "c": ("0", 50.0)}, at=at)
    assert rooms(allocation) == {"a": "0.3", "b": "1", "c": "1"}
    assert allocation.room("a").words == "b is proven better"
    assert allocation.room("c").words != "wide"
    unlimited = held({"a": ("0.50", 50.0)}, at=account())
    assert unlimited.room("a").fraction == 1


def test_facts_need_a_budget_and_finite_evidence() -> None:
    """Nothing is divided by zero and nothing is proved by infinity."""
    with pytest.raises(ValueError, match="budget: expected above 0, found 0"):
        facts(budget=Decimal(0))
    for wrong in (float("nan"), float("inf"), -0.5):
        with pytest.raises(ValueError, match="adjusted: expected a finite number of 0 or more"):
            facts(adjusted=wrong)
    assert Facts(time_ns=0, version="a", identity="i", evidence_from_ns=0, budget=Decimal(1)).counted == 1.0


def test_a_fraction_between_two_rungs_stays_while_there_is_just_room_for_it() -> None:
    """0.15 of 10,000 is held, by a version that was halved, and 1,500 is what the account lets be open."""
    allocation = held({"a": ("0.15", 50.0)}, at=account(10_000, open_max="0.135"))
    assert allocation.room("a").fraction == Decimal("0.15")


def test_the_weakest_evidence_gives_first_and_by_what_the_stronger_keep() -> None:
    """9,000 may be open once the account has shrunk (tolerance of a tenth: 10,000): the strongest keeps its 6,000, the next its 3,000, and the last has 1,000 left of 3,000."""
    allocation = held({"a": ("0.60", 90.0), "b": ("0.30", 50.0), "c": ("0.30", 20.0)}, at=account(9_000))
    assert rooms(allocation) == {"a": "0.6", "b": "0.3", "c": "0.1"}


def test_who_has_to_give_all_leaves_its_place_to_the_next() -> None:
    """Two live at most: the unproven one in the middle has no room left and goes, and the third stays."""
    rules = PromotionRules(unproven_capital_max=Decimal(0))
    allocation = held(
        {"a": ("0.10", 90.0), "b": ("0.10", 9.0), "c": ("0.10", 50.0)}, rules, account(100_000, live_max=2)
    )
    assert rooms(allocation)["b"] == "0"
    assert rooms(allocation)["c"] == "0.1"


def test_what_is_still_being_sold_counts_by_its_amount_and_as_one() -> None:
    """5,000 of a demoted version are not sold yet: of 9,000 that may stay 4,000 are left for another, and with two live at most both fit."""
    standings = {
        "gone": _named(standing(Stage.DEMOTED, committed=Decimal("0.50"), proven=True), "gone"),
        "here": _named(standing(Stage.LIVE, "0.60", proven=True), "here"),
    }
    found = {v: facts(version=v, adjusted=50.0, live_flat=v == "here") for v in standings}
    kept = Allocation(GIVEN, account(8_100, live_max=2), standings, found)
    assert kept.room("here").fraction == Decimal("0.4")


def test_a_proven_version_that_stays_proven_leaves_the_tolerance_to_the_unproven() -> None:
    """The account has lost 5 %: the cap of a tenth is 950, and 1,000 held without proof stays because nobody has just lost its own."""
    allocation = held({"a": ("0.10", 90.0), "b": ("0.10", 1.0)}, at=account(9_500, open_max="1"))
    assert rooms(allocation)["b"] == "0.1"


def test_evidence_of_an_earlier_attempt_proves_nothing_however_low_the_bar() -> None:
    """Counted as 1 it is under a bar of 1.5: its capital is unproven, and the cap holds it down."""
    rules = PromotionRules(proven_evidence=Decimal("1.5"))
    at = account(5_000)
    stale = held({"a": ("0", 50.0)}, rules, at, evidence_from_ns=T0)
    assert stale.room("a").fraction == Decimal("0.05")
    assert held({"a": ("0", 50.0)}, rules, at).room("a").fraction == Decimal("0.5")
