"""A live account's tier: slowly up, at once down."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.risk.account_tier import AccountTier
from genesis.risk.tiers import DEFAULT_TIERS


def opened(equity: str) -> AccountTier:
    return AccountTier(DEFAULT_TIERS, Decimal(equity))


def name(account: AccountTier) -> str:
    return "paper_only" if account.tier is None else account.tier.name


def closes(account: AccountTier, *equities: str) -> list[str]:
    found = []
    for equity in equities:
        account.close_day(Decimal(equity))
        found.append(name(account))
    return found


@pytest.mark.parametrize(
    ("equity", "tier"),
    [
        ("0", "paper_only"),
        ("499.99", "paper_only"),
        ("500", "sniper"),
        ("1999.99", "sniper"),
        ("2000", "hunter"),
        ("9999.99", "hunter"),
        ("10000", "strategist"),
        ("50000", "architect"),
        ("1000000", "architect"),
    ],
)
def test_an_account_opens_in_the_tier_of_its_equity(equity: str, tier: str) -> None:
    """The bound itself belongs to the higher tier."""
    assert name(opened(equity)) == tier


def test_a_small_account_rises_after_seven_closes_above_the_bound() -> None:
    """Six closes above it are not enough, the seventh is."""
    account = opened("1500")
    assert closes(account, *["2100"] * 7) == ["sniper"] * 6 + ["hunter"]


def test_a_close_below_the_bound_starts_the_count_anew() -> None:
    """Seven closes have to follow each other."""
    account = opened("1500")
    assert closes(account, *["2100"] * 6, "1999.99", *["2000"] * 7) == ["sniper"] * 13 + ["hunter"]


def test_a_high_between_two_closes_leads_nowhere() -> None:
    """Only closes lead up."""
    account = opened("1500")
    for _ in range(20):
        account.look(Decimal(9_000))
    assert name(account) == "sniper"


def test_it_falls_at_once_below_nine_tenths_of_the_bound() -> None:
    """At 90 % it stays, a cent under it is one tier lower, at any moment."""
    account = opened("2100")
    account.look(Decimal("1800"))
    assert name(account) == "hunter"
    account.look(Decimal("1799.99"))
    assert name(account) == "sniper"


def test_one_fall_may_cost_several_tiers() -> None:
    """Every bound that is missed by a tenth counts, down to paper alone."""
    account = opened("60000")
    account.look(Decimal(1_000))
    assert name(account) == "sniper"
    account.look(Decimal(449))
    assert name(account) == "paper_only"


def test_a_lost_tier_is_earned_anew() -> None:
    """An account that fell during the day and closed above the bound has to close there seven times, whatever it did before."""
    account = opened("2100")
    closes(account, *["2100"] * 10)
    account.look(Decimal(1_700))
    assert closes(account, *["2100"] * 7) == ["sniper"] * 6 + ["hunter"]


def test_several_tiers_are_reached_at_once() -> None:
    """Seven closes above two bounds lead over both."""
    assert closes(opened("600"), *["12000"] * 7)[-2:] == ["sniper", "strategist"]


def test_from_paper_alone_an_account_rises_like_any_other() -> None:
    """An account under the first bound is let live after seven closes above it."""
    assert closes(opened("100"), *["500"] * 7)[-2:] == ["paper_only", "sniper"]


@given(st.integers(0, 100_000), st.lists(st.tuples(st.integers(0, 100_000), st.booleans()), max_size=40))
def test_no_tier_is_held_below_nine_tenths_of_its_bound(first: int, later: list[tuple[int, bool]]) -> None:
    """Whatever happens, after every look equity is at least 90 % of the tier's bound, and no look but a close leads up."""
    account = opened(str(first))
    for equity, is_close in later:
        before = name(account)
        ranks = ["paper_only", *(t.name for t in DEFAULT_TIERS)]
        account.close_day(Decimal(equity)) if is_close else account.look(Decimal(equity))
        assert account.tier is None or Decimal(equity) >= Decimal("0.9") * account.tier.from_usd
        assert is_close or ranks.index(name(account)) <= ranks.index(before)
