"""The tiers of an account and the limits beside them: every number as definitions.md states it."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest

from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS, Tier, paper_tier

# name, from USD, strategies, leverage, open orders; in per cent: budget, order, gross exposure, daily loss, drawdown halt
TABLE = [
    ("sniper", 500, 1, None, 10, 50, 25, 50, 5, 15),
    ("hunter", 2_000, 3, 1, 20, 30, 15, 90, 5, 20),
    ("strategist", 10_000, 5, 2, 50, 20, 10, 100, 5, 20),
    ("architect", 50_000, 10, 3, 100, 10, 5, 150, 2, 20),
]


def test_the_tiers_are_those_of_the_table() -> None:
    """Number by number; a share is a fraction of the account's equity."""
    assert [
        (
            t.name,
            t.from_usd,
            t.strategies,
            t.leverage,
            t.open_orders_max,
            100 * t.budget_max,
            100 * t.order_max,
            100 * t.gross_exposure_max,
            100 * t.daily_loss_max,
            100 * t.drawdown_halt,
        )
        for t in DEFAULT_TIERS
    ] == TABLE


@pytest.mark.parametrize(
    ("equity", "name"),
    [
        ("0", "sniper"),
        ("499.99", "sniper"),
        ("500", "sniper"),
        ("1999.99", "sniper"),
        ("2000", "hunter"),
        ("9999.99", "hunter"),
        ("10000", "strategist"),
        ("50000", "architect"),
    ],
)
def test_a_tier_begins_at_its_bound(equity: str, name: str) -> None:
    """And below the first one paper has the first one's limits."""
    assert paper_tier(Decimal(equity)).name == name


@pytest.mark.parametrize("key", ["budget_max", "order_max", "gross_exposure_max", "daily_loss_max", "drawdown_halt"])
def test_a_share_of_a_tier_lies_between_nothing_and_tenfold(key: str) -> None:
    """Both ends are taken, a step beyond is refused with the tier's name and the key's."""
    sniper = DEFAULT_TIERS[0]
    for value in (Decimal(0), Decimal(10)):
        assert getattr(msgspec.structs.replace(sniper, **{key: value}), key) == value
    for value in (Decimal("-0.01"), Decimal("10.01")):
        with pytest.raises(ValueError, match=f"tier sniper: {key}: expected 0 to 10, found {value}"):
            msgspec.structs.replace(sniper, **{key: value})


def test_limits_that_nobody_sets() -> None:
    """5 % from the market, 60 orders a minute, no age and no net exposure; half in what moves together, from 0.7 over 180 bars."""
    limits = Limits()
    assert (limits.fat_finger, limits.orders_per_minute) == (Decimal("0.05"), 60)
    assert (limits.stale_after_ns, limits.net_exposure_max) == (None, None)
    assert (limits.stacked_max, limits.stacked_correlation, limits.stacked_bars) == (
        Decimal("0.5"),
        Decimal("0.7"),
        180,
    )


@pytest.mark.parametrize("kind", [Limits, Tier])
def test_a_limit_of_an_unknown_name_is_refused(kind: type) -> None:
    """A slip of the pen never leaves the default in force."""
    known = msgspec.to_builtins(Limits() if kind is Limits else DEFAULT_TIERS[0])
    assert msgspec.convert(known, kind) == (Limits() if kind is Limits else DEFAULT_TIERS[0])
    with pytest.raises(msgspec.ValidationError, match="unknown field `fat_fingr`"):
        msgspec.convert(known | {"fat_fingr": "0.01"}, kind)
