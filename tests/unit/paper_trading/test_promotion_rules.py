"""The rules of promotion: the mission's keys, the profiles' numbers, what may not be configured, and what is said of it."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from genesis.paper_trading.promotion_rules import LEVELS, Gates, MinDwell, Profile, PromotionRules, percent, written


def loaded(**values: Any) -> PromotionRules:
    return msgspec.convert(values, PromotionRules, strict=False)


def test_without_a_word_the_rules_are_the_missions() -> None:
    """Automatic, 10 % first, 10 % more each time, up to all; the profile is the given one."""
    rules = PromotionRules()
    assert rules.auto_promote
    assert rules.profile is Profile.GIVEN
    assert not rules.needs_evidence
    assert rules.ladder == tuple(Decimal(n) / 10 for n in range(1, 11))
    assert rules.min_dwell == MinDwell(days=3, trades=10)
    assert rules.gates == Gates()


def test_what_nobody_configures_is_what_the_contract_says() -> None:
    """Every key, as statistics.md 4.2 and definitions.md have it."""
    assert written(PromotionRules()) == {
        "auto_promote": True,
        "initial_allocation": "0.10",
        "allocation_increment": "0.10",
        "max_allocation": "1.00",
        "profile": "given",
        "alpha_live": None,
        "alpha_full": None,
        "min_dwell": {"days": 3, "trades": 10},
        "deramp_hysteresis": "0.5",
        "cooldown_days": 7,
        "max_attempts": 3,
        "retry_penalty": "2",
        "paper_max_days": 365,
        "on_expiry": "manual",
        "futility_alpha": "0.05",
        "failure_limit": 6,
        "inconclusive_limit": 6,
        "consecutive_error_limit": 4,
        "gates": {"go_live": "auto", "each_step": "auto", "champion_swap": "auto"},
        "four_eyes": False,
        "proven_evidence": "10",
        "unproven_capital_max": "0.10",
        "unproven_loss_max": "0.01",
        "join": "wait_flat",
        "join_days": 7,
        "account_equity": None,
    }


@pytest.mark.parametrize("kind", [PromotionRules, MinDwell, Gates])
def test_rules_are_named_one_by_one_known_and_unchangeable(kind: type[Any]) -> None:
    """All sections alike."""
    name = kind.__struct_fields__[0]
    with pytest.raises(TypeError):
        kind(getattr(kind(), name))
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"unheard_of": 1}, kind)
    with pytest.raises(AttributeError):
        setattr(kind(), name, getattr(kind(), name))


def test_what_is_just_allowed() -> None:
    """One attempt, no trades to dwell for, no cool-down, no penalty, any E a proof, a level of 1, an account of one dollar, steps of a thousandth."""
    rules = loaded(
        max_attempts=1, min_dwell={"trades": 0}, retry_penalty="1", proven_evidence="1", alpha_live="1", alpha_full="1"
    )
    assert (rules.max_attempts, rules.min_dwell.trades, rules.penalty(5), rules.level_full) == (1, 0, 1, 1)
    assert "over 3 attempts at most 100 %" in loaded(profile="pilot", alpha_live="0.9").words()[0]
    small = loaded(cooldown_days=0, account_equity="1", unproven_capital_max="0", unproven_loss_max="1")
    assert (small.cooldown_days, small.account_equity, small.unproven_capital_max) == (0, 1, 0)
    assert "20 % an E of 0.2 (at most 100 %)" in rules.words()[1]
    assert len(loaded(allocation_increment="0.001").ladder) == 901


@pytest.mark.parametrize(
    ("profile", "first", "half", "all_of_it", "live"),
    [("given", 2, 10, 20, 10), ("balanced", 2, 10, 20, 10), ("strict", 10, 50, 100, 20), ("pilot", 2, 10, 20, 5)],
)
def test_the_evidence_that_fractions_take(
    profile: str, first: float, half: float, all_of_it: float, live: float
) -> None:
    """Fraction over eps, and 1 over alpha for going live (statistics.md 4.2), to the last bit."""
    rules = loaded(profile=profile)
    assert [rules.needed(Decimal(f)) for f in ("0.10", "0.50", "1.00")] == [first, half, all_of_it]
    assert rules.needed_live() == live
    assert rules.needs_evidence is (profile != "given")


def test_twenty_percent_takes_an_e_of_exactly_four() -> None:
    """Definitions.md says 4, and no rounding says 4.000000000000001."""
    assert [PromotionRules().needed(Decimal(n) / 10) for n in range(1, 11)] == [2.0 * n for n in range(1, 11)]


def test_every_attempt_doubles_every_threshold() -> None:
    """2^(k - 1), for going live and for each step."""
    rules = loaded(profile="balanced")
    assert [rules.needed_live(k) for k in (1, 2, 3)] == [10, 20, 40]
    assert sum(1 / rules.needed_live(k) for k in range(1, 60)) == pytest.approx(0.2)
    assert [rules.needed(Decimal("0.20"), k) for k in (1, 2, 3)] == [4, 8, 16]


def test_levels_of_ones_own_replace_the_profiles() -> None:
    """Each by itself."""
    assert (loaded(alpha_full="0.02").level_live, loaded(alpha_full="0.02").level_full) == (
        Decimal("0.10"),
        Decimal("0.02"),
    )
    assert loaded(profile="strict", alpha_live="0.5").level_live == Decimal("0.5")
    assert LEVELS[Profile.STRICT] == (Decimal("0.05"), Decimal("0.01"))


def test_a_ladder_ends_at_the_greatest_fraction_whatever_the_steps() -> None:
    """Steps that do not divide it leave a smaller last one."""
    rules = loaded(initial_allocation="0.1", allocation_increment="0.4", max_allocation="0.6")
    assert rules.ladder == (Decimal("0.1"), Decimal("0.5"), Decimal("0.6"))
    assert [rules.rung(Decimal(x)) for x in ("0.05", "0.1", "0.55", "2")] == [
        0,
        Decimal("0.1"),
        Decimal("0.5"),
        Decimal("0.6"),
    ]
    assert loaded(initial_allocation="0.3", max_allocation="0.3").ladder == (Decimal("0.3"),)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"initial_allocation": "0"}, "initial_allocation: expected above 0, found 0"),
        ({"max_allocation": "1.1"}, "max_allocation: expected 0 to 1, found 1.1"),
        ({"allocation_increment": "0.0009"}, "allocation_increment: expected 0.001 or more, found 0.0009"),
        ({"initial_allocation": "0.5", "max_allocation": "0.2"}, "at most max_allocation 0.2, found 0.5"),
        ({"alpha_live": "0"}, "alpha_live: expected above 0, found 0"),
        ({"alpha_full": "2"}, "alpha_full: expected 0 to 1, found 2"),
        ({"deramp_hysteresis": "0"}, "deramp_hysteresis: expected above 0"),
        ({"retry_penalty": "0.5"}, "retry_penalty: expected 1 or more, found 0.5"),
        ({"proven_evidence": "0"}, "proven_evidence: expected 1 or more, found 0"),
        ({"unproven_loss_max": "-0.1"}, "unproven_loss_max: expected 0 to 1, found -0.1"),
        ({"account_equity": "0"}, "account_equity: expected above 0, found 0"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"stpes": 1}, "stpes"),
        ({"gates": {"go_live": "open"}}, "gates.go_live"),
        ({"min_dwell": {"day": 1}}, "day"),
    ],
)
def test_what_may_not_be_configured_is_named(values: dict[str, Any], words: str) -> None:
    """Numbers out of range, contradictions and unknown keys."""
    with pytest.raises(msgspec.ValidationError) as error:
        loaded(**values)
    assert words in str(error.value)


def test_the_digest_tells_rules_apart_and_nothing_else() -> None:
    """One changed key is another digest; the same keys the same one."""
    assert PromotionRules().digest == loaded(profile="given").digest
    others = [
        PromotionRules(),
        loaded(four_eyes=True),
        loaded(min_dwell={"days": 4}),
        loaded(profile="pilot"),
        loaded(alpha_full="0.04"),
    ]
    assert len({r.digest for r in others}) == len(others)


def test_the_given_profile_says_how_many_duds_it_lets_through() -> None:
    """The measured 20 and 74 %, and what the steps above guarantee: 0.05 over the fraction."""
    text = " ".join(PromotionRules().words())
    assert "alone open the first 10 %" in text
    assert "by 20 % of strategies without any edge" in text
    assert "by 74 % of those with many small wins" in text
    assert "20 % an E of 4 (at most 25 %)" in text
    assert "50 % an E of 10 (at most 10 %)" in text
    assert "100 % an E of 20 (at most 5 %)" in text
    assert "at most 20 % of their budget" in text
    assert "together hold at most 10 % of the account's equity and lose at most 1 % of it" in text


@pytest.mark.parametrize(
    ("profile", "live", "e", "lifetime", "average"),
    [
        ("balanced", "10 %", "10", "17.5 %", "10 %"),
        ("strict", "5 %", "20", "8.75 %", "2 %"),
        ("pilot", "20 %", "5", "35 %", "10 %"),
    ],
)
def test_the_other_profiles_say_what_they_guarantee(
    profile: str, live: str, e: str, lifetime: str, average: str
) -> None:
    """At most alpha_live are ever live, 1.75 times that over three attempts, and 2 eps of capital on average (statistics.md 4.3)."""
    first, steps, mean, *_ = loaded(profile=profile).words()
    assert f"10 % an E of {loaded(profile=profile).needed(Decimal('0.1')):g} (at most {live})" in steps
    assert f"an adjusted E of {e}." in first
    assert f"ever live is at most {live}, over 3 attempts at most {lifetime}" in first
    assert f"at most {average} of their budget" in mean


def test_without_hysteresis_the_average_is_half_and_a_ladder_of_one_step_has_no_further_one() -> None:
    """E of the fraction is at most eps then."""
    assert "at most 5 % of their budget" in loaded(profile="balanced", deramp_hysteresis="1").words()[2]
    assert loaded(initial_allocation="1", max_allocation="1").words()[1] == "There is no further step."


def test_percentages_are_short() -> None:
    """Three digits at most, none that says nothing."""
    assert [percent(Decimal(x)) for x in ("0.1", "0.175", "0.00333333", "1", "0")] == [
        "10 %",
        "17.5 %",
        "0.333 %",
        "100 %",
        "0 %",
    ]
