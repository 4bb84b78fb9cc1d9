"""The commission of a trade by the exchange's full formula, in integers (Binance, ``faqs/commission_faq.md``).

What is received is charged: base of a buy, quote of a sell. The exchange does not say how it rounds to its eight decimals; here the sum is
truncated once, at the end.
"""

from __future__ import annotations

from genesis.model.commission import RATE_SCALE, CommissionRates, SideRates
from genesis.model.orders import Liquidity, Side


def commission(received: int, side: Side, liquidity: Liquidity, rates: CommissionRates) -> int:
    """Commission in the received asset's own units; ``received`` is in those units."""
    total = sum(_rate(kind, side, liquidity) for kind in (rates.standard, rates.tax, rates.special))
    return received * total // RATE_SCALE


def commission_in_discount_asset(
    received: int, side: Side, liquidity: Liquidity, rates: CommissionRates, price: tuple[int, int]
) -> int | None:
    """Commission in units of the discount asset; ``None`` without a discount.

    ``price`` is (numerator, denominator): units of the discount asset for one unit received. Tax and special commission are not
    discounted. Whether the balance covers it is decided trade by trade by the caller; if not, `commission` is due in full.
    """
    if rates.discount is None:
        return None
    standard = _rate(rates.standard, side, liquidity) * rates.discount
    others = (_rate(rates.tax, side, liquidity) + _rate(rates.special, side, liquidity)) * RATE_SCALE
    return received * (standard + others) * price[0] // (RATE_SCALE * RATE_SCALE * price[1])


def _rate(kind: SideRates, side: Side, liquidity: Liquidity) -> int:
    role = kind.maker if liquidity is Liquidity.MAKER else kind.taker
    return role + (kind.buyer if side is Side.BUY else kind.seller)
