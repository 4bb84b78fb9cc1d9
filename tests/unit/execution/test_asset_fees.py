"""Fees in a third asset: the exchange's own example, and who pays when the balance is short."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest

from genesis.execution.asset_fees import AssetFee
from genesis.execution.fees import commission_rates, fee_calculator
from genesis.execution.profile import FeeDiscount, FeeSchedule, SideBps
from genesis.execution.wallet import Wallet
from genesis.model.commission import CommissionRates, SideRates
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.orders import Liquidity, Side
from genesis.portfolio.tape_rates import TapeRates
from genesis.tape.stream import Stream, StreamKind
from tests.kit.fills import SECOND
from tests.kit.venue import TOUCH, Venue

BNB = Instrument("BNBUSDT", "T", "BNB", "USDT", Decimal("0.1"), Decimal("0.001"))
BTC = Instrument("BTCUSDT", "T", "BTC", "USDT", Decimal("0.01"), Decimal("0.00001"))
SCALES = {"BNB": 12, "USDT": 10, "BTC": 8}
NO = SideRates(0, 0, 0, 0)


def one_print(instrument: Instrument, second: int, ticks: int) -> Stream:
    """A stream of one trade, which has arrived."""
    stream = Stream(instrument, StreamKind.TRADES)
    values = {"ts": second * SECOND, "time_event": 0, "seq": 0, "trade_id": 1, "ticks": ticks, "lots": 1, "side": 1}
    stream.append({name: np.array([value], np.int64) for name, value in values.items()})
    return stream


def units(currency: str, text: str) -> int:
    """Ledger units."""
    return currency_grid(SCALES[currency]).from_text(text)


def payer(commission: CommissionRates, decimals: int = 8, free: int = 10**12) -> AssetFee:
    """An account with ``free`` units of BNB; at second 100 one BNB is 260 USDT, one BTC 35,000."""
    rates = TapeRates([one_print(BNB, 100, 2600), one_print(BTC, 100, 3_500_000)], SCALES)
    wallet = Wallet({"BNB": SCALES["BNB"]})
    wallet.deposit("BNB", free)
    return AssetFee("BNB", commission, SCALES["BNB"], decimals, rates, wallet)


def standard(rate_e8: int, multiplier_e8: int = 75_000_000) -> CommissionRates:
    """A taker's standard rate and nothing else."""
    return CommissionRates(SideRates(0, rate_e8, 0, 0), NO, NO, multiplier_e8)


def charged(of: AssetFee, received: str, currency: str, at: int = 101 * SECOND) -> int | None:
    """BNB units that a taker's sale or purchase is charged; ``None``: what was received pays."""
    found = of.charge(units(currency, received), currency, SCALES[currency], Side.SELL, Liquidity.TAKER, at)
    return None if found is None else found[0]


@pytest.mark.parametrize(("decimals", "fee"), [(9, "0.000010091"), (8, "0.00001009")])
def test_the_exchanges_example(decimals: int, fee: str) -> None:
    """17,491.25 USDT at 0.00000060 (0.01049475 USDT), 260 and a discount of 0.25 are 0.000010091 BNB as printed."""
    assert charged(payer(standard(60, 25_000_000), decimals), "17491.25", "USDT") == units("BNB", fee)


def test_tax_and_special_commission_are_not_discounted() -> None:
    """1,000 USDT at 10 bp standard x 0.75, 1 bp tax and 2 bp special: 1.05 USDT, 0.00403846 BNB."""
    rates = CommissionRates(
        SideRates(0, 100_000, 0, 0), SideRates(0, 10_000, 0, 0), SideRates(0, 20_000, 0, 0), 75_000_000
    )
    assert charged(payer(rates), "1000", "USDT") == units("BNB", "0.00403846")


def test_a_fee_in_base_goes_through_the_quote() -> None:
    """10 bp of 1 BTC is 35 USDT is 0.134615384... BNB; three quarters of it are 0.10096153."""
    assert charged(payer(standard(100_000)), "1", "BTC") == units("BNB", "0.10096153")


def test_a_short_balance_leaves_the_full_fee_to_the_received_asset() -> None:
    """With exactly the fee free it is paid in BNB, with one unit less it is not."""
    due = units("BNB", "0.03461538")  # 12 / 260 x 0.75
    assert charged(payer(standard(100_000), free=due), "12000", "USDT") == due
    assert charged(payer(standard(100_000), free=due - 1), "12000", "USDT") is None


ETH = Instrument("ETHBNB", "T", "ETH", "BNB", Decimal("0.001"), Decimal("0.01"))


@pytest.mark.parametrize(("second_ask", "fee_asset", "left"), [(10_100, "BNB", "0.003575"), (10_110, "ETH", "0.00135")])
def test_a_fee_in_what_the_order_gives_needs_what_the_order_leaves(second_ask: int, fee_asset: str, left: str) -> None:
    """10 BNB buy 0.99 ETH at market. 0.1 at 10 costs 1 and 0.00075 of fee; 0.89 costs 8.989 or 8.9979, of which 8.9 were set aside.

    Of the free 0.09925 then 0.01025 or 0.00135 are left: the fee of 0.006675 is paid from the first and not from the second.
    """
    venue = Venue(TOUCH, ETH)
    ear = venue.account("a", cash="10")
    scales = {"BNB": ETH.quote_decimals, "ETH": ETH.base_decimals}
    rates = TapeRates([one_print(ETH, 0, 10_000)], scales)
    venue.parties["a"].asset_fee = AssetFee("BNB", standard(100_000), scales["BNB"], 8, rates, venue.wallets["a"])
    venue.now = SECOND
    venue.quote(9_999, 1000, 10_000, 10)
    venue.order("o", Side.BUY, 99)
    venue.quote(second_ask - 10, 1000, second_ask, 100)
    assert ear.fills() == [(10_000, 10), (second_ask, 89)]
    fees = [h.fee for h in ear.of("filled")]
    assert [fee[1] for fee in fees if fee is not None] == ["BNB", fee_asset]
    assert venue.wallets["a"].free["BNB"] == currency_grid(scales["BNB"]).from_text(left)


def test_without_a_fresh_rate_the_received_asset_pays() -> None:
    """A rate of 60 s is used, an older one is not, and neither is one of this very moment."""
    bnb = payer(standard(100_000))
    assert charged(bnb, "12000", "USDT", 160 * SECOND) is not None
    assert charged(bnb, "12000", "USDT", 160 * SECOND + 1) is None
    assert charged(bnb, "12000", "USDT", 100 * SECOND) is None


def test_an_account_without_a_discount_pays_in_what_it_receives() -> None:
    """No multiplier, no other asset."""
    assert charged(payer(CommissionRates(SideRates(0, 100_000, 0, 0), NO, NO, None)), "12000", "USDT") is None


# ---- schedules


def test_a_schedule_is_stated_as_the_exchange_states_rates() -> None:
    """10 bp is 100,000 of 10^-8; what is not given is 0."""
    schedule = FeeSchedule(
        Decimal(10),
        Decimal("7.5"),
        seller_bp=Decimal(1),
        tax=SideBps(buyer_bp=Decimal("0.5")),
        discount=FeeDiscount("BNB"),
    )
    assert commission_rates(schedule) == CommissionRates(
        SideRates(100_000, 75_000, 0, 10_000), SideRates(0, 0, 5_000, 0), NO, 75_000_000
    )


def test_the_full_formula_is_charged_where_it_is_configured() -> None:
    """A taker's sale of 1,000 USDT: 7.5 + 1 bp standard and 0.2 bp special are 0.87 USDT; the worst rate of all trades is a seller's."""
    schedule = FeeSchedule(Decimal(5), Decimal("7.5"), seller_bp=Decimal(1), special=SideBps(taker_bp=Decimal("0.2")))
    fees = fee_calculator(schedule, BTC, SCALES["USDT"])
    sold = fees.fee(Side.SELL, Liquidity.TAKER, units("BTC", "0.1"), units("USDT", "1000"))
    assert sold == (units("USDT", "0.87"), "USDT", SCALES["USDT"])
    assert fees.fee(Side.BUY, Liquidity.MAKER, units("BTC", "1"), 0) == (units("BTC", "0.0005"), "BTC", 8)
    assert fees.worst_rate() == (87_000, 10**8)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"multiplier": "0"}, "multiplier: expected above 0 and at most 1, found 0"),
        ({"multiplier": "1.1"}, "multiplier: expected above 0 and at most 1, found 1.1"),
        ({"multiplier": "0.123456789"}, "multiplier: expected at most 8 decimals, found 0.123456789"),
    ],
)
def test_a_discount_that_is_none_is_refused(wrong: dict[str, str], says: str) -> None:
    """A multiplier lies above 0 and not above 1."""
    with pytest.raises(ValueError, match=says):
        FeeDiscount("BNB", Decimal(wrong["multiplier"]))


def test_rates_finer_than_the_exchanges_are_refused_where_its_formula_is_used() -> None:
    """A rate of 0.00001 bp is less than 10^-8; without tax or discount it stands, as it always did."""
    FeeSchedule(maker_bp=Decimal("0.00001"))
    with pytest.raises(ValueError, match="maker_bp: expected at most 4 decimals, found 0.00001"):
        FeeSchedule(maker_bp=Decimal("0.00001"), discount=FeeDiscount("BNB"))
    with pytest.raises(ValueError, match="buyer_bp: expected 0 to 1000 basis points, found -1"):
        SideBps(buyer_bp=Decimal(-1))
