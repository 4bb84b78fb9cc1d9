"""Fees in a third asset at a discount, as exchanges charge them in their own token (BNB).

The standard fee is worked out in the received asset, converted at the rate of the moment, times the discount, and truncated
(execution.md 3.5; Binance spot documentation, "Commission Rates": in its arithmetic the discount is a multiplier). If the balance is
short of it, the full fee is taken from the received asset instead; that is decided for each trade. So it is where the tape shows no
fresh rate: what the venue would have charged is then unknown, and the dearer answer stands.
"""

from __future__ import annotations

from decimal import Decimal

from genesis.model.grid import currency_grid
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.currencies import Rates

_DISCOUNT_DECIMALS = 8


class AssetFee:
    """The asset that pays, at which discount.

    Args:
        asset: ``BNB``.
        discount: what the standard fee is multiplied by, above 0 and at most 1 (0.75: a quarter is saved), of at most 8 decimals.
        decimals: ledger scale of the asset.
        fee_decimals: a fee is truncated to this many decimals.

    Raises:
        ValueError: the discount is out of its bounds or too fine, or fees are finer than the ledger.
    """

    __slots__ = ("_discount", "_step", "asset", "decimals")

    def __init__(self, asset: str, discount: Decimal, decimals: int, fee_decimals: int = 8) -> None:
        if not 0 < discount <= 1:
            raise ValueError(f"{asset}: discount: expected above 0 and at most 1, found {discount}")
        if not 0 <= fee_decimals <= decimals:
            raise ValueError(f"{asset}: fee_decimals: expected 0 to {decimals}, found {fee_decimals}")
        self.asset, self.decimals = asset, decimals
        self._discount = currency_grid(_DISCOUNT_DECIMALS).from_decimal(discount)
        self._step = int(10 ** (decimals - fee_decimals))

    def fee(self, full: int, received: str, balance: int, rates: Rates, now: int) -> int | None:
        """Ledger units of the asset to charge instead of ``full``, ledger units of ``received``; ``None``: the received asset pays.

        ``balance`` is the asset's cash. A rebate (below 0) stays in the received asset.
        """
        if full <= 0:
            return None
        ratio = rates.ratio(received, self.asset, now, True)
        if isinstance(ratio, NoRate):
            return None
        exact = full * ratio[0] * self._discount // (ratio[1] * 10**_DISCOUNT_DECIMALS)
        fee = exact - exact % self._step
        return fee if fee <= balance else None

    def value(self, fee: int, currency: str, rates: Rates, now: int) -> int | NoRate:
        """What a fee costs a trade in ledger units of ``currency``: what buying the asset back takes, rounded up."""
        owed = rates.convert(-fee, self.asset, currency, now)
        return owed if isinstance(owed, NoRate) else -owed
