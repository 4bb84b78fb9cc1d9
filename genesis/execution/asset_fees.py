"""Fees in a third asset at a discount, as exchanges charge them in their own token (BNB).

The commission of what was received is worked out by the exchange's full formula (`genesis.execution.commission`): the standard part times the
discount, tax and special commission undiscounted, converted at the rate of the moment, and truncated. If the account's free balance is
short of it, the full commission is taken from the received asset instead; that is decided for each trade (execution.md 3.5; Binance spot
documentation, ``faqs/commission_faq.md``). So it is where the tape shows no fresh rate: what the venue would have charged is then unknown, and
the dearer answer stands.
"""

from __future__ import annotations

from genesis.execution.commission import commission_in_discount_asset
from genesis.execution.wallet import Wallet
from genesis.model.commission import CommissionRates
from genesis.model.orders import Liquidity, Side
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.tape_rates import TapeRates


class AssetFee:
    """The asset that pays for an account's trades while there is enough of it.

    Args:
        asset: ``BNB``.
        commission: the account's rates, with the discount.
        decimals: ledger scale of the asset.
        fee_decimals: a fee is truncated to this many decimals, of the asset's at most.
        rates: what an amount received is worth in the asset.
        wallet: the account's, whose free balance decides.
    """

    __slots__ = ("_commission", "_factor", "_rates", "_step", "_wallet", "asset", "decimals")

    def __init__(
        self,
        asset: str,
        commission: CommissionRates,
        decimals: int,
        fee_decimals: int,
        rates: TapeRates,
        wallet: Wallet,
    ) -> None:
        self.asset, self.decimals = asset, decimals
        self._commission, self._rates, self._wallet = commission, rates, wallet
        self._factor = wallet.factor(asset, decimals)
        self._step = int(10 ** max(0, decimals - fee_decimals))

    def charge(
        self, received: int, currency: str, decimals: int, side: Side, liquidity: Liquidity, now: int, given: int = 0
    ) -> tuple[int, str, int] | None:
        """The fee of a trade at ``now`` as (units, asset, decimals); ``None``: what was received pays in full.

        ``received`` is in 10**-``decimals`` of ``currency``; ``given`` what the trade itself takes of the asset's free balance, in wallet units. The
        rate is that of the rows before ``now``.
        """
        rates = self._rates
        rates.look(now)
        ratio = rates.ratio(currency, self.asset, now, True)
        if isinstance(ratio, NoRate):
            return None
        finer = int(10 ** (rates.decimals_of(currency) - decimals))
        exact = commission_in_discount_asset(received * finer, side, liquidity, self._commission, ratio)
        if exact is None:
            return None
        fee = exact - exact % self._step
        if fee * self._factor > self._wallet.free[self.asset] - given:
            return None
        return fee, self.asset, self.decimals
