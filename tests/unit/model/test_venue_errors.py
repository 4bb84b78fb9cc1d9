"""The table of the exchange's refusals: complete, and worded as clients expect."""

from __future__ import annotations

import pytest

from genesis.model.venue_errors import SPOT_ERRORS, USDM_ERRORS, Breach, Market, violation


@pytest.mark.parametrize("table", [SPOT_ERRORS, USDM_ERRORS], ids=["spot", "usd-m"])
def test_every_breach_has_its_words(table: dict[Breach, tuple[int, str, str]]) -> None:
    """No breach is without a negative code and a message."""
    assert set(table) == set(Breach)
    assert all(code < 0 and message for code, message, _ in table.values())


def test_a_spot_filter_is_named_in_its_message() -> None:
    """The message of a filter's failure is the fixed prefix and the filter's published name."""
    named = {message: name for _, message, name in SPOT_ERRORS.values() if name}

    assert all(message == f"Filter failure: {name}" for message, name in named.items())
    assert len(named) == 11


@pytest.mark.parametrize(
    ("market", "breach", "numbers", "code", "message"),
    [
        (
            Market.SPOT,
            Breach.TOO_MANY_NEW_ORDERS,
            (100, "10 SECOND"),
            -1015,
            "Too many new orders; current limit is 100 orders per 10 SECOND.",
        ),
        (Market.SPOT, Breach.PRICE_TICK, (), -1013, "Filter failure: PRICE_FILTER"),
        (Market.USDM, Breach.PRICE_TICK, (), -4014, "Price not increased by tick size."),
        (Market.SPOT, Breach.LOT_STEP, (), -1013, "Filter failure: LOT_SIZE"),
        (Market.USDM, Breach.LOT_STEP, (), -4023, "Qty not increased by step size."),
        (Market.SPOT, Breach.WOULD_TAKE, (), -2010, "Order would immediately match and take."),
        (Market.SPOT, Breach.WOULD_TRIGGER, (), -2010, "Order would trigger immediately."),
        (
            Market.SPOT,
            Breach.INSUFFICIENT_BALANCE,
            (),
            -2010,
            "Account has insufficient balance for requested action.",
        ),
        (Market.SPOT, Breach.MARKET_CLOSED, (), -2010, "Market is closed."),
        (Market.SPOT, Breach.DUPLICATE, (), -2010, "Duplicate order sent."),
        (Market.SPOT, Breach.UNKNOWN_ORDER, (), -2011, "Unknown order sent."),
        (
            Market.USDM,
            Breach.MIN_NOTIONAL,
            ("5.0",),
            -4164,
            "Order's notional must be no smaller than 5.0 (unless you choose reduce only)",
        ),
    ],
)
def test_words_to_the_byte(
    market: Market, breach: Breach, numbers: tuple[object, ...], code: int, message: str
) -> None:
    """Clients compare the English text, so it is exact to the final full stop."""
    found = violation(market, breach, *numbers)

    assert (found.code, found.message, found.breach) == (code, message, breach)


def test_a_message_needs_its_numbers() -> None:
    """A place that nobody fills is an error of ours, not a message with a hole."""
    with pytest.raises(TypeError):
        violation(Market.SPOT, Breach.TOO_MANY_NEW_ORDERS, 100)
    with pytest.raises(TypeError):
        violation(Market.SPOT, Breach.MARKET_CLOSED, 100)
