"""An account's commission rates on one symbol (Binance, ``faqs/commission_faq.md``), as integers of 10**-8."""

from __future__ import annotations

import msgspec

RATE_SCALE = 100_000_000


class SideRates(msgspec.Struct, frozen=True, gc=False):
    """One kind of commission: a trade pays its maker's or taker's rate plus its buyer's or seller's, each in 10**-8."""

    maker: int
    taker: int
    buyer: int
    seller: int


class CommissionRates(msgspec.Struct, frozen=True, gc=False):
    """Standard, tax and special commission, and what is charged of the standard one when it is paid in the discount asset.

    ``discount`` multiplies the standard commission (in 10**-8; 0.25 is 25,000,000): the documentation's arithmetic multiplies by it,
    although one of its sentences speaks of a reduction. ``None``: no discount for this account and symbol.
    """

    standard: SideRates
    tax: SideRates
    special: SideRates
    discount: int | None = None
