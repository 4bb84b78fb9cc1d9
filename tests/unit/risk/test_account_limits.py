"""What live tracks may do together, number by number: met exactly a limit is kept, a unit more is refused."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.orders import DenyReason, OrderIntent, OrderType, Side
from genesis.risk.account_limits import (
    SCALE,
    AccountLimits,
    Exposure,
    InBook,
    Together,
    beyond_closing,
    money,
)
from genesis.risk.limits import Limits
from genesis.risk.tiers import DEFAULT_TIERS

HUNTER = DEFAULT_TIERS[1]
USD = 10**SCALE
BUY, SELL = Side.BUY, Side.SELL


def of(symbol: str, base: str) -> Instrument:
    return Instrument(symbol, "X", base, "USD", Decimal("0.1"), Decimal("0.01"), InstrumentKind.FX)


BTC, BTC2, ETH, GOLD = of("BTC1", "BTC"), of("BTC2", "BTC"), of("ETH1", "ETH"), of("GOLD", "XAU")
# Ether moves as bitcoin does, gold against both, and all other pairs apart.
KNOWN = {frozenset({"BTC1.X", "ETH1.X"}): 0.7, frozenset({"BTC1.X", "GOLD.X"}): -0.9}
LIMITS = Limits(net_exposure_max=Decimal("0.4"), stacked_max=Decimal("0.5"))


def correlation(one: str, other: str) -> float | None:
    return KNOWN.get(frozenset({one, other}), 0.0)


def entry(instrument: Instrument, usd: int, more: int = 0) -> Exposure:
    """An order that adds all of its value; ``more`` units beyond the dollars, below 0 it is sold."""
    sign = 1 if usd > 0 else -1
    value = abs(usd) * USD + more
    return Exposure(instrument).with_entry(sign, value, value)


def asked(
    instrument: Instrument,
    usd: int,
    *others: Exposure,
    more: int = 0,
    limits: Limits = LIMITS,
    equity: int = 10_000 * USD,
    lost: int = 0,
    open_orders: int = 0,
    in_book: tuple[InBook, ...] = (),
    limit_ticks: int | None = None,
) -> tuple[DenyReason, str] | None:
    """What is said of an entry on an account of a hunter: 10,000 USD, 90 % gross, 20 orders, 5 % a day."""
    kind = OrderType.MARKET if limit_ticks is None else OrderType.LIMIT
    intent = OrderIntent(instrument, BUY if usd > 0 else SELL, 1, kind, limit_ticks)
    at = Together(
        tier=HUNTER,
        equity=equity,
        day_equity=10_000 * USD,
        day_lost=lost,
        exposures=[*others, entry(instrument, usd, more)],
        open_orders=open_orders,
        others=in_book,
    )
    return AccountLimits(limits, correlation).check(intent, at)


def reason(found: tuple[DenyReason, str] | None) -> DenyReason | None:
    return None if found is None else found[0]


def held(instrument: Instrument, usd: int) -> Exposure:
    return Exposure(instrument, usd * USD)


ALONE = msgspec.structs.replace(LIMITS, net_exposure_max=None, stacked_max=None)


def test_gross_exposure_of_all_may_be_the_tier_s_share_and_no_more() -> None:
    """3,000 long, 2,000 short and 1,000 in an open order leave 3,000 of 9,000."""
    others = (held(BTC, 3_000), held(ETH, -2_000), entry(GOLD, 1_000))
    assert asked(GOLD, 3_000, *others, limits=ALONE) is None
    assert asked(GOLD, 3_000, *others, more=1, limits=ALONE) == (
        DenyReason.ACCOUNT_GROSS_EXPOSURE,
        "expected gross exposure of all live tracks of at most 90 % of equity (9000.00 USD), found 9000.00 USD",
    )


def test_what_an_open_order_may_sell_counts_as_gross_too() -> None:
    """3,000 long and 2,000 in an open sell order leave 4,000 of 9,000."""
    others = (held(BTC, 3_000), entry(ETH, -2_000))
    assert asked(GOLD, 4_000, *others, limits=ALONE) is None
    assert reason(asked(GOLD, 4_000, *others, more=1, limits=ALONE)) is DenyReason.ACCOUNT_GROSS_EXPOSURE


@pytest.mark.parametrize(("known", "alike"), [(0.7, 1), (0.69, 0), (0.0, 0), (-0.69, 0), (-0.7, -1), (None, 1)])
def test_two_move_together_or_against_each_other_from_the_limit_on(known: float | None, alike: int) -> None:
    """At 0.7 and at -0.7 exactly; between them they move apart, and of what is not known they move together."""
    assert AccountLimits(LIMITS, lambda a, b: known).alike(ETH, GOLD) == alike


def test_what_moves_apart_is_no_stack_in_either_direction() -> None:
    """3,000 long ether and 3,000 short gold are 3,000 twice, not 6,000 of 5,000."""
    limits = msgspec.structs.replace(LIMITS, net_exposure_max=None)
    assert asked(GOLD, -3_000, held(ETH, 3_000), limits=limits) is None


@pytest.mark.parametrize(
    ("usd", "side", "says"), [(1, SELL, "a sell order of b@live at 10.0"), (-1, BUY, "a buy order")]
)
def test_the_order_that_would_be_met_is_told(usd: int, side: Side, says: str) -> None:
    """Its side, its track and its price."""
    found = asked(BTC, usd, in_book=(InBook("b@live", int(side), 100),), limit_ticks=100)
    assert found is not None
    assert says in found[1]


def test_net_exposure_to_an_asset_is_summed_over_tracks_and_instruments() -> None:
    """2,500 of bitcoin on one instrument less 500 on the other, and 1,000 in an open buy order, leave 1,000 of 4,000; other assets count for nothing."""
    others = (held(BTC, 2_500), held(BTC2, -500), entry(BTC2, 1_000), held(GOLD, 500))
    limits = msgspec.structs.replace(LIMITS, stacked_max=None)
    assert asked(BTC2, 1_000, *others, limits=limits) is None
    found = asked(BTC2, 1_000, *others, more=1, limits=limits)
    assert reason(found) is DenyReason.ACCOUNT_NET_EXPOSURE
    assert found is not None
    assert "to BTC of at most 40 % of equity (4000.00 USD)" in found[1]


def test_net_exposure_counts_what_may_still_be_sold_for_a_sale_alone() -> None:
    """An open sell order of 3,000 takes nothing off a purchase, which may be filled without it; a sale of 1,001 is added to it."""
    limits = msgspec.structs.replace(LIMITS, stacked_max=None)
    assert reason(asked(BTC, 4_001, entry(BTC, -3_000), limits=limits)) is DenyReason.ACCOUNT_NET_EXPOSURE
    assert asked(BTC, -1_000, entry(BTC, -3_000), limits=limits) is None
    assert reason(asked(BTC, -1_001, entry(BTC, -3_000), limits=limits)) is DenyReason.ACCOUNT_NET_EXPOSURE


def test_an_order_that_turns_a_position_is_net_of_what_it_closes() -> None:
    """4,500 bought on 1,000 short are 3,500 long: 4,000 may be; of the gross only the 3,500 are new."""
    limits = msgspec.structs.replace(LIMITS, stacked_max=None)
    turned = held(BTC, -1_000), Exposure(BTC).with_entry(1, 4_500 * USD, 3_500 * USD)
    at = Together(HUNTER, 10_000 * USD, 10_000 * USD, 0, turned, 0, ())
    check = AccountLimits(limits, correlation).check
    assert check(OrderIntent(BTC, BUY, 45), at) is None
    turned = held(BTC, -1_000), Exposure(BTC).with_entry(1, 5_001 * USD, 4_001 * USD)
    assert reason(check(OrderIntent(BTC, BUY, 51), at._replace(exposures=turned))) is DenyReason.ACCOUNT_NET_EXPOSURE


def test_what_moves_together_is_one_stack() -> None:
    """2,000 of bitcoin and 1,500 in an order for the other bitcoin leave 1,500 of 5,000 for ether at a correlation of 0.7 exactly; short ether stands in another direction."""
    limits = msgspec.structs.replace(LIMITS, net_exposure_max=None)
    others = (held(BTC, 2_000), entry(BTC, 1_500), held(ETH, -2_000))
    assert asked(ETH, 1_500, *others, limits=limits) is None
    found = asked(ETH, 1_500, *others, more=1, limits=limits)
    assert reason(found) is DenyReason.STACKED_POSITIONS
    assert found is not None
    assert "(BTC1.X, ETH1.X, long BTC1.X) of at most 50 %" in found[1]
    assert asked(ETH, -2_999, *others, limits=limits) is None


def test_what_falls_as_the_other_rises_stacks_in_the_opposite_direction() -> None:
    """At a correlation of -0.9 short gold is as long bitcoin: 3,000 leave 2,000 of it; long gold is not."""
    limits = msgspec.structs.replace(LIMITS, net_exposure_max=None)
    assert asked(GOLD, -2_000, held(BTC, 3_000), limits=limits) is None
    assert reason(asked(GOLD, -2_000, held(BTC, 3_000), more=1, limits=limits)) is DenyReason.STACKED_POSITIONS
    assert asked(GOLD, 5_000, held(BTC, 3_000), limits=limits) is None


def test_an_entry_is_judged_in_every_stack_that_it_is_part_of() -> None:
    """Ether and gold move apart, and each with bitcoin: 2,500 of ether, a little bitcoin and 2,500 short gold are 5,000 and more that move with bitcoin."""
    limits = msgspec.structs.replace(LIMITS, net_exposure_max=None)
    assert asked(GOLD, -2_499, held(ETH, 2_500), held(BTC, 1), limits=limits) is None
    assert reason(asked(GOLD, -2_500, held(ETH, 2_500), held(BTC, 1), limits=limits)) is DenyReason.STACKED_POSITIONS


def test_what_is_not_known_to_move_apart_moves_together() -> None:
    """Without a correlation 3,000 and 2,001 are one stack of 5,001; without a limit there is none."""
    check = AccountLimits(msgspec.structs.replace(LIMITS, net_exposure_max=None), lambda a, b: None).check
    at = Together(HUNTER, 10_000 * USD, 10_000 * USD, 0, [held(GOLD, 3_000), entry(ETH, 2_001)], 0, ())
    assert reason(check(OrderIntent(ETH, BUY, 1), at)) is DenyReason.STACKED_POSITIONS
    assert AccountLimits(ALONE, lambda a, b: None).check(OrderIntent(ETH, BUY, 1), at) is None


def test_the_day_is_over_when_the_share_is_lost() -> None:
    """500 of 10,000 are 5 %: a unit less is not enough."""
    assert asked(BTC, 1, lost=500 * USD - 1) is None
    assert asked(BTC, 1, lost=500 * USD) == (
        DenyReason.ACCOUNT_DAILY_LOSS,
        "expected all live tracks to lose under 5 % of the account at the day's start (500.00 USD), found 500.00 USD",
    )


def test_the_twentieth_open_order_of_all_is_the_last() -> None:
    """19 are open: one more; 20 are open: none."""
    assert asked(BTC, 1, open_orders=19) is None
    assert asked(BTC, 1, open_orders=20) == (
        DenyReason.ACCOUNT_OPEN_ORDERS,
        "expected fewer than 20 open orders of all live tracks, found 20",
    )


@pytest.mark.parametrize(
    ("usd", "limit", "side", "other", "meets"),
    [
        (1, 100, SELL, 100, True),
        (1, 100, SELL, 101, False),
        (-1, 100, BUY, 100, True),
        (-1, 100, BUY, 99, False),
        (1, None, SELL, 10_000, True),
        (1, 100, SELL, None, True),
        (1, None, SELL, None, False),
        (1, None, BUY, None, False),
        (1, 100, BUY, 100, False),
    ],
)
def test_an_entry_meets_what_it_crosses(
    usd: int, limit: int | None, side: Side, other: int | None, meets: bool
) -> None:
    """Prices that cross or touch, or a market order on one side and a limit on the other; never two market orders, none of which rests, nor two orders of one side."""
    found = asked(BTC, usd, in_book=(InBook("b@live", int(side), other),), limit_ticks=limit)
    assert (reason(found) is DenyReason.OPPOSING_ORDER) is meets
    assert found is None or "b@live" in found[1]


def test_an_account_that_is_worth_nothing_enters_nothing() -> None:
    """A share of nothing is nothing; and no tier lets nothing live."""
    assert reason(asked(BTC, 1, equity=0, limits=ALONE)) is DenyReason.ACCOUNT_GROSS_EXPOSURE
    assert reason(asked(BTC, 1, equity=-USD, limits=ALONE)) is DenyReason.ACCOUNT_GROSS_EXPOSURE
    at = Together(None, USD, USD, 0, [entry(BTC, 1)], 0, ())
    assert AccountLimits(ALONE, correlation).check(OrderIntent(BTC, BUY, 1), at) == (
        DenyReason.ACCOUNT_GROSS_EXPOSURE,
        "expected an account of a tier that lets anything live, found tier paper_only",
    )


@pytest.mark.parametrize(
    ("side", "lots", "held_lots", "working", "adds"),
    [
        (BUY, 5, 0, 0, 5),
        (SELL, 5, 8, 0, 0),
        (SELL, 8, 8, 0, 0),
        (SELL, 9, 8, 0, 1),
        (SELL, 5, 8, 3, 0),
        (SELL, 5, 8, 4, 1),
        (SELL, 5, 8, 20, 5),
        (BUY, 5, -3, 0, 2),
        (BUY, 5, 8, 0, 5),
    ],
)
def test_what_only_closes_adds_nothing(side: Side, lots: int, held_lots: int, working: int, adds: int) -> None:
    """Of a position of 8, orders for 8 in all close; each lot beyond them opens. Reduce-only opens nothing whatever works."""
    assert beyond_closing(OrderIntent(BTC, side, lots), held_lots, working) == adds
    assert beyond_closing(OrderIntent(BTC, side, lots, reduce_only=True), held_lots, working) == 0


def test_amounts_are_told_in_cents_rounded_down() -> None:
    """A loss too; what is less than a dollar is told whole."""
    assert money(12_345 * USD // 10) == "1234.50"
    assert money(2 * USD + USD // 3) == "2.33"
    assert money(-USD // 2) == "-0.50"
    assert money(USD // 1_000) == "0.001"


@pytest.mark.parametrize(
    ("key", "within", "beyond", "says"),
    [
        ("fat_finger", ["0.01", "1"], ["0", "1.01"], "expected above 0 and at most 1"),
        ("orders_per_minute", [1], [0], "expected 1 or more"),
        ("stale_after_ns", [None, 1], [0], "expected above 0, or null"),
        ("net_exposure_max", [None, "0"], ["-0.01"], "expected 0 or more, or null"),
        ("stacked_max", [None, "0.01", "10"], ["0", "-0.1", "10.01"], "expected above 0 and at most 10, or null"),
        ("stacked_correlation", ["0.01", "1"], ["0", "1.01"], "expected above 0 and at most 1"),
        ("stacked_bars", [42, 2_190], [41, 2_191], "expected 42 to 2190"),
    ],
)
def test_limits_hold_to_their_ranges(key: str, within: list[Any], beyond: list[Any], says: str) -> None:
    """Both ends are taken, a step beyond is refused by the key's name; a block of bars is a week at least and a year at most."""
    for value in within:
        assert getattr(Limits(**made(key, value)), key) == made(key, value)[key]
    for value in beyond:
        with pytest.raises(ValueError, match=f"{key}: {says}, found {value}"):
            Limits(**made(key, value))


def made(key: str, value: Any) -> dict[str, Any]:
    """A limit, of text where it is a share."""
    return {key: Decimal(value) if isinstance(value, str) else value}
