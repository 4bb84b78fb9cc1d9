"""Margin brackets: published tables load, broken ones are refused, and the margin has no steps."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.model.margin import (
    EXAMPLE_NAME,
    EXAMPLE_SOURCE,
    EXAMPLE_TIERS,
    MarginBracket,
    MarginSchedule,
    MarginTier,
    margin_schedule,
)

UNIT = 10**8
EXAMPLE = margin_schedule(EXAMPLE_TIERS, "USDT", 8, EXAMPLE_NAME, EXAMPLE_SOURCE)

# A recorded answer of GET /fapi/v1/leverageBracket for BTCUSDT with the exchange's own amounts ("cum"), floors and caps in USDT
# (public repository boolean404/heikin-ashi-trading-bot, json/fapiPrivate_get_leverage_bracket.py); its last row is cut off there.
RECORDED = [
    (0, 50_000, "0.004", 125, "0.0"),
    (50_000, 250_000, "0.005", 100, "50.0"),
    (250_000, 3_000_000, "0.01", 50, "1300.0"),
    (3_000_000, 20_000_000, "0.025", 20, "46300.0"),
    (20_000_000, 40_000_000, "0.05", 10, "546300.0"),
    (40_000_000, 100_000_000, "0.1", 5, "2546300.0"),
    (100_000_000, 120_000_000, "0.125", 4, "5046300.0"),
    (120_000_000, 200_000_000, "0.15", 3, "8046300.0"),
    (200_000_000, 300_000_000, "0.25", 2, "28046300.0"),
]


def tier(floor: str, cap: str, rate: str, leverage: int, amount: str | None = None) -> MarginTier:
    return MarginTier(
        floor=Decimal(floor),
        cap=Decimal(cap),
        maintenance_rate=Decimal(rate),
        max_leverage=leverage,
        maintenance_amount=None if amount is None else Decimal(amount),
    )


def test_the_example_has_the_amounts_worked_out_by_hand() -> None:
    """Each amount is the one before plus the rise of the rate times the floor."""
    amounts = [b.amount // UNIT for b in EXAMPLE.brackets]

    assert amounts == [0, 50, 1_300, 16_300, 266_300, 1_266_300, 2_516_300, 5_016_300, 25_016_300, 100_016_300]


def test_amounts_the_exchange_published_are_the_ones_worked_out() -> None:
    """A recorded table with the exchange's own amounts loads, and is the same without them."""
    given_amounts = [tier(str(f), str(c), r, leverage, a) for f, c, r, leverage, a in RECORDED]
    left_out = [tier(str(f), str(c), r, leverage) for f, c, r, leverage, _ in RECORDED]

    assert margin_schedule(given_amounts, "USDT", 8, "x", "y") == margin_schedule(left_out, "USDT", 8, "x", "y")


@pytest.mark.parametrize(
    ("notional", "margin", "leverage"),
    [
        ("0", "0", 125),
        ("50000", "200", 125),
        ("50000.01", "200.00005", 100),
        ("100000", "450", 100),
        ("1000000", "8700", 50),
        ("12000000", "333700", 10),
        ("500000000", "149983700", 1),
        ("500000001", "149983700.5", 0),
    ],
)
def test_margin_and_leverage_of_a_position(notional: str, margin: str, leverage: int) -> None:
    """Margin is notional times the bracket's rate less its amount; a position on a cap belongs to the bracket under it."""
    units = int(Decimal(notional) * UNIT)

    assert Decimal(EXAMPLE.maintenance(units)) / UNIT == Decimal(margin)
    assert EXAMPLE.max_leverage(units) == leverage


def test_margin_is_rounded_up() -> None:
    """A fraction of a unit counts as a whole one: against the account."""
    assert EXAMPLE.maintenance(1) == 1
    assert EXAMPLE.maintenance(250) == 1
    assert EXAMPLE.maintenance(251) == 2


@given(st.integers(0, 600_000_000 * UNIT), st.integers(0, 100_000_000))
def test_margin_never_falls_and_never_jumps(notional: int, more: int) -> None:
    """A larger position needs no less margin, and at most the highest rate of what was added (and one unit of rounding)."""
    step = EXAMPLE.maintenance(notional + more) - EXAMPLE.maintenance(notional)

    assert 0 <= step <= more // 2 + 2


@given(st.integers(0, 600_000_000 * UNIT))
def test_margin_is_what_the_brackets_add_up_to(notional: int) -> None:
    """The short formula with the amount equals each slice of the position at its own bracket's rate."""
    slices = sum(
        (min(notional, b.cap if b is not EXAMPLE.brackets[-1] else notional) - b.floor) * b.rate_ppm
        for b in EXAMPLE.brackets
        if notional > b.floor
    )

    assert EXAMPLE.maintenance(notional) == -(-slices // 1_000_000)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "x: brackets: expected at least one, found none"),
        ([tier("1", "5", "0.1", 5)], "x: bracket 1: floor: expected 0.00, found 1.00"),
        (
            [tier("0", "5", "0.1", 5), tier("6", "9", "0.2", 5)],
            "x: bracket 2: floor: expected 5.00, found 6.00",
        ),
        (
            [tier("0", "5", "0.1", 5), tier("5", "9", "0.1", 5)],
            "x: bracket 2: rate: expected above 100000 and below 1000000 ppm, found 100000",
        ),
        (
            [tier("0", "5", "0.1", 5), tier("5", "9", "0.2", 6)],
            "x: bracket 2: max_leverage: expected 1 to 5, found 6",
        ),
        (
            [tier("0", "5", "0.1", 5), tier("5", "9", "0.2", 5, "0.51")],
            "x: bracket 2: maintenance amount: expected 0.5, found 0.51",
        ),
        (
            [tier("0", "5", "0.1", 5, "1")],
            "x: bracket 1: maintenance amount: expected 0, found 1.00",
        ),
        ([tier("0", "5.001", "0.1", 5)], "x: bracket 1: expected a multiple of 0.01, found 5.001"),
        ([tier("0", "5", "0.0000001", 5)], "x: bracket 1: expected a multiple of 0.000001, found 0.0000001"),
        (
            [tier("0", "5", "0.1", 5), tier("5", "9", "0.1001", 5)],
            "x: bracket 2: expected a multiple of 0.01, found 0.00050000",
        ),
    ],
)
def test_a_broken_table_is_refused(rows: list[MarginTier], message: str) -> None:
    """The message names the bracket, what was expected and what was found."""
    with pytest.raises(ValueError) as caught:
        margin_schedule(rows, "USDT", 2, "x", "y")

    assert str(caught.value) == message


def test_integers_made_by_hand_are_checked_too() -> None:
    """A schedule cannot exist with a cap under its floor, however it was made."""
    with pytest.raises(ValueError) as caught:
        MarginSchedule("x", "y", "USDT", 2, (MarginBracket(0, 0, 4_000, 0, 5),))

    assert str(caught.value) == "x: bracket 1: cap: expected above 0.00, found 0.00"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("5", "5", "0.1", 5), "margin bracket: expected 0 <= floor < cap, found 5 and 5"),
        (("-1", "5", "0.1", 5), "margin bracket: expected 0 <= floor < cap, found -1 and 5"),
        (("0", "5", "1", 5), "maintenance_rate: expected between 0 and 1, found 1"),
        (("0", "5", "0.1", 0), "max_leverage: expected 1 or more, found 0"),
        (("0", "Infinity", "0.1", 5), "margin bracket: expected finite numbers, found 0, Infinity, 0.1, 0"),
    ],
)
def test_a_row_that_cannot_be_one_is_refused(row: tuple[str, str, str, int], message: str) -> None:
    """Floor under cap, a rate between nothing and everything, a leverage of at least one."""
    with pytest.raises(ValueError) as caught:
        tier(*row)

    assert str(caught.value) == message
