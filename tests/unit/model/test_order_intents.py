"""What a strategy may want: of which types its numbers are, and which of them belong together."""

from __future__ import annotations

from typing import Any

import pytest

from genesis.model.orders import TAG_MAX, Liquidity, OrderIntent, OrderStatus, OrderType, Side, TimeInForce
from tests.kit.fills import FX

BUY = Side.BUY
LIMIT, STOP, TRAILING = OrderType.LIMIT, OrderType.STOP, OrderType.TRAILING_STOP


def wanted(kind: OrderType = OrderType.MARKET, lots: Any = 5, side: Any = BUY, **how: Any) -> OrderIntent:
    return OrderIntent(FX, side, lots, kind, **how)


def test_a_side_is_the_sign_of_a_quantity() -> None:
    """Buying adds, selling takes away."""
    assert (int(Side.BUY), int(Side.SELL)) == (1, -1)


def test_an_intent_is_at_market_until_cancelled_unless_it_says_more() -> None:
    """No price, no trigger, no label, neither post-only nor reduce-only."""
    plain = OrderIntent(FX, BUY, 5)
    assert (plain.type, plain.time_in_force) == (OrderType.MARKET, TimeInForce.GTC)
    assert (plain.limit_ticks, plain.trigger_ticks, plain.trailing_bp) == (None, None, None)
    assert (plain.post_only, plain.reduce_only, plain.tag) == (False, False, "")
    assert plain.problem() is None


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ({"lots": 5.0}, "expected a Side, whole lots and a text tag, found <Side.BUY: 1>, 5.0 and str"),
        ({"lots": True}, "expected a Side, whole lots and a text tag, found <Side.BUY: 1>, True and str"),
        ({"side": 1}, "expected a Side, whole lots and a text tag, found 1, 5 and str"),
        ({"tag": None}, "expected a Side, whole lots and a text tag, found <Side.BUY: 1>, 5 and NoneType"),
        ({"limit_ticks": 1.5}, r"expected whole ticks and basis points, found \(1.5, None, None\)"),
        ({"trigger_ticks": "1"}, r"expected whole ticks and basis points, found \(None, '1', None\)"),
        ({"trailing_bp": True}, r"expected whole ticks and basis points, found \(None, None, True\)"),
        ({"kind": "market"}, "expected an OrderType and a TimeInForce, found 'market'"),
        ({"time_in_force": "GTC"}, "expected an OrderType and a TimeInForce, found .* and 'GTC'"),
        ({"post_only": 1}, "expected True or False for post_only and reduce_only, found 1 and False"),
        ({"reduce_only": None}, "expected True or False for post_only and reduce_only, found False and None"),
    ],
)
def test_what_is_of_another_type_is_refused(how: dict[str, Any], says: str) -> None:
    """By name, one at a time; a truth value is no number."""
    with pytest.raises(TypeError, match=f"order: {says}"):
        wanted(**how)
    with pytest.raises(TypeError, match=f"order: {says}"):
        wanted(**{"tag": "a label", **how})


def test_a_label_is_text_of_at_most_255_characters() -> None:
    """Whatever the language; half of a character is none."""
    assert TAG_MAX == 255
    for tag in ("x" * 255, "ü" * 255, "a"):
        assert wanted(tag=tag).tag == tag
    for tag in ("x" * 256, "ü" * 256):
        with pytest.raises(ValueError, match="tag: expected at most 255 characters, found 256"):
            wanted(tag=tag)
    with pytest.raises(ValueError, match="tag: expected Unicode text, found"):
        wanted(tag="\ud800")


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"lots": 1}, None),
        ({"lots": 0}, "quantity: expected more than 0, found 0.0"),
        ({"kind": LIMIT, "limit_ticks": 1}, None),
        ({"kind": LIMIT, "limit_ticks": 0}, "limit price: expected a positive price for limit, found 0"),
        ({"kind": LIMIT}, "limit price: expected a positive price for limit, found None"),
        ({"limit_ticks": 7}, "limit price: expected none for market, found 7 ticks"),
        ({"kind": STOP, "trigger_ticks": 1}, None),
        ({"kind": STOP, "trigger_ticks": 0}, "trigger price: expected a positive price for stop, found 0"),
        ({"kind": STOP}, "trigger price: expected a positive price for stop, found None"),
        ({"trigger_ticks": 7}, "trigger price: expected none for market, found 7 ticks"),
        ({"kind": TRAILING, "trailing_bp": 1}, None),
        ({"kind": TRAILING, "trailing_bp": 9_999, "trigger_ticks": 7}, None),
        ({"kind": TRAILING, "trailing_bp": 0}, "trailing distance: expected 1 to 9999 basis points, found 0"),
        ({"kind": TRAILING, "trailing_bp": -1}, "trailing distance: expected 1 to 9999 basis points, found -1"),
        ({"kind": TRAILING, "trailing_bp": 10_000}, "trailing distance: expected 1 to 9999 basis points, found 10000"),
        ({"kind": TRAILING}, "trailing distance: expected 1 to 9999 basis points, found None"),
        ({"trailing_bp": 7}, "trailing distance: expected none for market, found 7"),
        ({"kind": LIMIT, "limit_ticks": 1, "post_only": True}, None),
        ({"post_only": True}, "post only: expected a GTC limit order, found market GTC"),
        (
            {"kind": LIMIT, "limit_ticks": 1, "post_only": True, "time_in_force": TimeInForce.IOC},
            "post only: expected a GTC limit order, found limit IOC",
        ),
        ({"time_in_force": TimeInForce.IOC}, None),
        ({"time_in_force": TimeInForce.FOK}, "time in force: expected GTC or IOC for market, found FOK"),
        ({"kind": LIMIT, "limit_ticks": 1, "time_in_force": TimeInForce.FOK}, None),
    ],
)
def test_what_contradicts_itself_is_told_in_words(how: dict[str, Any], problem: str | None) -> None:
    """Prices are above nothing where the kind has them, and nowhere else."""
    assert wanted(**how).problem() == problem


def test_which_kinds_have_a_limit_and_which_a_trigger() -> None:
    """A trailing stop makes its own trigger."""
    assert [k.value for k in OrderType if k.has_limit] == ["limit", "stop_limit", "take_profit_limit"]
    assert [k.value for k in OrderType if k.has_trigger] == [
        "stop",
        "stop_limit",
        "take_profit",
        "take_profit_limit",
    ]


def test_a_status_is_open_or_final_or_not_sent() -> None:
    """Only what was made and not sent yet is neither."""
    assert [s for s in OrderStatus if not s.is_open and not s.is_final] == [OrderStatus.INITIALIZED]
    assert [s.value for s in OrderStatus if s.is_open] == ["SUBMITTED", "ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED"]
    assert [s for s in OrderStatus if s.is_open and s.is_final] == []
    assert {s.value for s in Liquidity} == {"MAKER", "TAKER"}
