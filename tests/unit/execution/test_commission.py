"""Commission by the full formula: the exchange's worked example (binance-spot-api-docs ``faqs/commission_faq.md``)."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.execution.commission import commission, commission_in_discount_asset
from genesis.model.commission import CommissionRates, SideRates
from genesis.model.orders import Liquidity, Side

# "0.00000010" is 10, "0.01000000" is 1,000,000, and a discount of 0.25 is 25,000,000.
STANDARD = SideRates(10, 20, 30, 40)
SPECIAL = SideRates(1_000_000, 2_000_000, 3_000_000, 4_000_000)
TAX = SideRates(112, 114, 118, 116)
NO = SideRates(0, 0, 0, 0)
EXAMPLE = CommissionRates(STANDARD, TAX, SPECIAL, 25_000_000)
BNB = (1, 260)
# 35,000 x 0.49975 = 17,491.25 USDT received, here at 12 decimals to see what the example rounds.
DECIMALS = 12
RECEIVED = 17_491_250_000_000_000


def only(kind: str, **values: object) -> CommissionRates:
    """The example with one kind of commission."""
    rates = {"standard": NO, "tax": NO, "special": NO} | {kind: getattr(EXAMPLE, kind)}
    return msgspec.structs.replace(EXAMPLE, **rates, **values)


def paid(rates: CommissionRates) -> Decimal:
    return Decimal(commission(RECEIVED, Side.SELL, Liquidity.TAKER, rates)).scaleb(-DECIMALS)


def paid_in_bnb(rates: CommissionRates) -> Decimal:
    units = commission_in_discount_asset(RECEIVED, Side.SELL, Liquidity.TAKER, rates, BNB)
    assert units is not None
    return Decimal(units).scaleb(-DECIMALS)


def test_each_kind_in_the_received_asset() -> None:
    """Taker plus seller: 0.01049475 standard, 0.040229875 tax (printed 0.04022988), 1049.475 special, all in USDT."""
    assert paid(only("standard")) == Decimal("0.01049475")
    assert paid(only("tax")) == Decimal("0.040229875")
    assert paid(only("special")) == Decimal("1049.475")
    assert paid(EXAMPLE) == Decimal("0.01049475") + Decimal("0.040229875") + Decimal("1049.475")


def test_the_discount_multiplies_the_standard_commission_alone() -> None:
    """At 260 USDT a BNB: 0.000040364 x 0.25 = 0.000010091 standard, 0.00015473 tax, 4.036442308 special, 4.036607129 in all."""
    nine = Decimal("0.000000001")

    assert paid_in_bnb(only("standard", discount=100_000_000)).quantize(nine) == Decimal("0.000040364")
    assert paid_in_bnb(only("standard")).quantize(nine) == Decimal("0.000010091")
    assert paid_in_bnb(only("tax")).quantize(Decimal("0.00000001")) == Decimal("0.00015473")
    assert paid_in_bnb(only("special")).quantize(nine) == Decimal("4.036442308")
    # The example adds parts it has rounded; the exact sum is 4.0366071286, which it prints the same.
    assert paid_in_bnb(EXAMPLE).quantize(nine) == Decimal("4.036607129")


def test_at_the_exchanges_eight_decimals_it_is_truncated() -> None:
    """17,491.25 USDT in units of 10^-8: 4.03660712 BNB."""
    units = commission_in_discount_asset(1_749_125_000_000, Side.SELL, Liquidity.TAKER, EXAMPLE, BNB)

    assert units == 403_660_712


@pytest.mark.parametrize(
    ("side", "liquidity", "rate"),
    [
        (Side.BUY, Liquidity.MAKER, 40),
        (Side.BUY, Liquidity.TAKER, 50),
        (Side.SELL, Liquidity.MAKER, 50),
        (Side.SELL, Liquidity.TAKER, 60),
    ],
)
def test_role_and_side_add_up(side: Side, liquidity: Liquidity, rate: int) -> None:
    """A trade pays maker or taker, and buyer or seller."""
    assert commission(100_000_000, side, liquidity, only("standard")) == rate


def test_without_a_discount_nothing_is_paid_in_its_asset() -> None:
    """The account pays in what it receives."""
    rates = msgspec.structs.replace(EXAMPLE, discount=None)

    assert commission_in_discount_asset(RECEIVED, Side.SELL, Liquidity.TAKER, rates, BNB) is None


RATES = st.builds(SideRates, *(st.integers(0, 10**7) for _ in range(4)))


@given(
    st.integers(0, 10**18),
    st.sampled_from(Side),
    st.sampled_from(Liquidity),
    st.builds(CommissionRates, RATES, RATES, RATES, st.integers(0, 10**8)),
    st.tuples(st.integers(1, 10**9), st.integers(1, 10**9)),
)
def test_it_is_the_exact_amount_cut_to_a_unit(
    received: int, side: Side, liquidity: Liquidity, rates: CommissionRates, price: tuple[int, int]
) -> None:
    """Both amounts are the floor of the exact fraction, and a discount never costs more than none."""
    roles = [
        (r.maker if liquidity is Liquidity.MAKER else r.taker) + (r.buyer if side is Side.BUY else r.seller)
        for r in (rates.standard, rates.tax, rates.special)
    ]
    exact = Fraction(received * sum(roles), 10**8)
    discounted = Fraction(received) * (
        Fraction(roles[0] * (rates.discount or 0), 10**16) + Fraction(roles[1] + roles[2], 10**8)
    )
    found = commission_in_discount_asset(received, side, liquidity, rates, price)

    assert commission(received, side, liquidity, rates) == exact.__floor__()
    assert found == (discounted * Fraction(*price)).__floor__()
    assert found is not None
    assert found <= (exact * Fraction(*price)).__floor__()
