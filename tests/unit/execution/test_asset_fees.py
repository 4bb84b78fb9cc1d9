"""Fees in a third asset: the exchange's own example, and who pays when the balance is short."""

from __future__ import annotations

from decimal import Decimal

import pytest

from genesis.execution.asset_fees import AssetFee
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.portfolio.conversion import NoRate, RateProblem
from genesis.portfolio.currencies import Rates
from tests.kit.fills import SECOND

BNB = Instrument("BNBUSDT", "T", "BNB", "USDT", Decimal("0.1"), Decimal("0.001"))
BTC = Instrument("BTCUSDT", "T", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"))
SCALES = {"BNB": 12, "USDT": 10, "BTC": 8}


def rates(at: int = 100) -> Rates:
    """One BNB is 260 USDT, one BTC 35,000."""
    found = Rates([BNB, BTC], SCALES)
    found.show(BNB.id, at * SECOND, 2600, 2600)
    found.show(BTC.id, at * SECOND, 3_500_000, 3_500_000)
    return found


def units(currency: str, text: str) -> int:
    """Ledger units."""
    return currency_grid(SCALES[currency]).from_text(text)


RICH = units("BNB", "1")
FULL = units("USDT", "0.01049475")  # 17,491.25 x 0.00000060


@pytest.mark.parametrize(("decimals", "charged"), [(9, "0.000010091"), (8, "0.00001009")])
def test_the_exchanges_example(decimals: int, charged: str) -> None:
    """0.01049475 USDT at 260 and a discount of 0.25 are 0.000010091 BNB as printed, 0.00001009 at 8 decimals."""
    fee = AssetFee("BNB", Decimal("0.25"), SCALES["BNB"], decimals)
    assert fee.fee(FULL, "USDT", RICH, rates(), 100 * SECOND) == units("BNB", charged)


def test_a_fee_in_base_goes_through_the_quote() -> None:
    """0.001 BTC is 35 USDT is 0.134615384... BNB; three quarters of it are 0.10096153."""
    fee = AssetFee("BNB", Decimal("0.75"), SCALES["BNB"])
    assert fee.fee(units("BTC", "0.001"), "BTC", RICH, rates(), 100 * SECOND) == units("BNB", "0.10096153")


def test_a_short_balance_leaves_the_full_fee_to_the_received_asset() -> None:
    """With exactly the fee it is paid in BNB, with one unit less it is not."""
    fee = AssetFee("BNB", Decimal("0.75"), SCALES["BNB"])
    due = units("BNB", "0.03461538")  # 12 / 260 x 0.75
    full = units("USDT", "12")
    assert fee.fee(full, "USDT", due, rates(), 100 * SECOND) == due
    assert fee.fee(full, "USDT", due - 1, rates(), 100 * SECOND) is None


def test_without_a_fresh_rate_the_received_asset_pays() -> None:
    """A rate of 60 s is used, an older one is not; a rebate is never turned into BNB."""
    fee = AssetFee("BNB", Decimal("0.75"), SCALES["BNB"])
    assert fee.fee(FULL, "USDT", RICH, rates(), 160 * SECOND) is not None
    assert fee.fee(FULL, "USDT", RICH, rates(), 160 * SECOND + 1) is None
    assert fee.fee(-FULL, "USDT", RICH, rates(), 100 * SECOND) is None


def test_a_trade_bears_what_the_fee_is_worth() -> None:
    """0.03461538 BNB are 8.9999988 USDT at 260, and a stale rate gives no value."""
    fee = AssetFee("BNB", Decimal("0.75"), SCALES["BNB"])
    assert fee.value(units("BNB", "0.03461538"), "USDT", rates(), 100 * SECOND) == units("USDT", "8.9999988")
    stale = fee.value(1, "USDT", rates(), 200 * SECOND)
    assert isinstance(stale, NoRate)
    assert stale.problem is RateProblem.STALE


@pytest.mark.parametrize(
    ("discount", "decimals", "says"),
    [
        ("0", 8, "BNB: discount: expected above 0 and at most 1, found 0"),
        ("1.1", 8, "BNB: discount: expected above 0 and at most 1, found 1.1"),
        ("0.75", 13, "BNB: fee_decimals: expected 0 to 12, found 13"),
        ("0.123456789", 8, "expected a multiple of 0.00000001"),
    ],
)
def test_a_discount_that_is_none_is_refused(discount: str, decimals: int, says: str) -> None:
    """A multiplier lies above 0 and not above 1."""
    with pytest.raises(ValueError, match=says):
        AssetFee("BNB", Decimal(discount), SCALES["BNB"], decimals)
