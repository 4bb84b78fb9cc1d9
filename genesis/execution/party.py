"""An account as the venue sees it on one instrument: its wallet, its position, its fees, what it took lately.

The venue checks what an order needs when it arrives and sets it aside (*locks* it), fills only what can be paid, and releases the rest when the
order ends; so on spot free and locked amounts are never below zero (execution.md 3.3, 7.8: invariants 1 and 2).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

from genesis.errors import IntegrityError
from genesis.execution.fees import FeeCalculator
from genesis.execution.impact import Footprint
from genesis.execution.pricing import FillCost
from genesis.execution.wallet import Wallet
from genesis.model.instruments import Instrument
from genesis.model.orders import Liquidity, Order, RejectReason, Side
from genesis.model.rules import StpMode

if TYPE_CHECKING:
    from genesis.execution.asset_fees import AssetFee
    from genesis.execution.listing_rules import ListingRules
    from genesis.execution.working import Working

_BUY: Final = Side.BUY
_SELL: Final = Side.SELL
Fee = tuple[int, str, int]  # (units, currency, decimals)


class Answers(Protocol):
    """What the venue says to one account. ``time_ns`` is when it happened there."""

    def accepted(self, working: Working, time_ns: int) -> None: ...

    def rejected(self, order: Order, time_ns: int, reason: RejectReason, detail: str) -> None: ...

    def triggered(self, working: Working, time_ns: int, trigger_ticks: int) -> None: ...

    def filled(
        self, working: Working, time_ns: int, ticks: int, lots: int, liquidity: Liquidity, fee: Fee, cost: FillCost
    ) -> None: ...

    def prevented(self, working: Working, time_ns: int, lots: int) -> None: ...

    def canceled(self, working: Working, time_ns: int) -> None: ...

    def expired(self, working: Working, time_ns: int, reason: RejectReason) -> None: ...


class Spot:
    """What a spot order gives and gets: buys give quote, sells give base. Markets that allow short positions have none of this."""

    __slots__ = ("_base_factor", "_base_units", "_quote_units", "base", "quote", "wallet")

    def __init__(self, wallet: Wallet, instrument: Instrument, quote_decimals: int) -> None:
        self.wallet = wallet
        self.base, self.quote = instrument.base, instrument.quote
        self._base_factor = wallet.factor(instrument.base, instrument.base_decimals)
        self._base_units = instrument.lot_units * self._base_factor
        per_tick = instrument.lot_units * instrument.notional_unit(quote_decimals)
        self._quote_units = per_tick * wallet.factor(instrument.quote, quote_decimals)

    def gives(self, sign: int) -> str:
        """The asset an order of this side gives."""
        return self.quote if sign > 0 else self.base

    def needs(self, sign: int, ticks: int, lots: int) -> int:
        """Wallet units of that asset for ``lots`` at ``ticks``, before a fee."""
        return ticks * lots * self._quote_units if sign > 0 else lots * self._base_units

    def held_base_units(self) -> int:
        """Free and locked base asset, in base ledger units of the instrument."""
        return (self.wallet.free[self.base] + self.wallet.locked[self.base]) // self._base_factor

    def book(self, sign: int, ticks: int, lots: int, fee: Fee) -> None:
        """Both assets change hands; the fee is paid in the asset that it names."""
        free = self.wallet.free
        free[self.base] += sign * lots * self._base_units
        free[self.quote] -= sign * ticks * lots * self._quote_units
        units, currency, decimals = fee
        free[currency] -= units * self.wallet.factor(currency, decimals)


class Party:
    """One account on one instrument.

    Args:
        account: its name; in a liquidity scope every account has one.
        answers: who hears what the venue says to it.
        fees: what the venue charges.
        lot_units, notional_unit: base ledger units in a lot, and quote ledger units of a tick times one of them.
        spot: ``None`` where positions may be short and cash is margin, which risk judges.
        self_trade: what happens when a taker meets a resting order of its own account.
        rules: what the exchange asks of a new order; ``None`` where nobody told.
    """

    __slots__ = (
        "_fee_rate",
        "_lot_units",
        "_notional_unit",
        "account",
        "answers",
        "asset_fee",
        "buys",
        "fees",
        "position",
        "rules",
        "self_trade",
        "sells",
        "spot",
    )

    def __init__(
        self,
        account: str,
        answers: Answers,
        fees: FeeCalculator,
        lot_units: int,
        notional_unit: int,
        spot: Spot | None,
        impact_half_life_ns: int,
        self_trade: StpMode = StpMode.EXPIRE_MAKER,
        rules: ListingRules | None = None,
    ) -> None:
        self.account, self.answers, self.fees, self.spot = account, answers, fees, spot
        self._lot_units, self._notional_unit = lot_units, notional_unit
        self.position = 0
        self.buys, self.sells = Footprint(impact_half_life_ns), Footprint(impact_half_life_ns)
        self.self_trade, self.rules = self_trade, rules
        self._fee_rate = fees.quote_rate_on_buys()
        # What may pay the fee instead of the asset received.
        self.asset_fee: AssetFee | None = None

    def fee(self, sign: int, ticks: int, lots: int, liquidity: Liquidity) -> Fee:
        """What the venue charges for a fill."""
        base_units = lots * self._lot_units
        return self.fees.fee(
            _BUY if sign > 0 else _SELL, liquidity, base_units, ticks * base_units * self._notional_unit
        )

    def fee_in_asset(
        self, instead: AssetFee, locked: int, sign: int, ticks: int, lots: int, liquidity: Liquidity, now: int
    ) -> Fee:
        """What the venue charges for a fill of an account that may pay in another asset; ``locked`` is what is set aside for the order."""
        full = self.fee(sign, ticks, lots, liquidity)
        base_units = lots * self._lot_units
        base_received = self.spot is not None and full[1] == self.spot.base
        received = base_units if base_received else ticks * base_units * self._notional_unit
        given = 0
        if self.spot is not None and self.spot.gives(sign) == instead.asset:
            # A market that ran away is paid from what is free, too: the fee must be left.
            given = max(0, self.spot.needs(sign, ticks, lots) - locked)
        found = instead.charge(received, full[1], full[2], _BUY if sign > 0 else _SELL, liquidity, now, given)
        return full if found is None else found

    def needs(self, sign: int, ticks: int, lots: int) -> int:
        """Wallet units to set aside for an order, with the fee where a buyer pays it in quote; 0 where nothing is set aside."""
        if self.spot is None:
            return 0
        need = self.spot.needs(sign, ticks, lots)
        if sign > 0:
            top, bottom = self._fee_rate
            need -= -need * top // bottom
        return need

    def payable(self, locked: int, sign: int, ticks: int) -> int:
        """Lots that what is set aside for an order and what is free beside it can pay at ``ticks``."""
        spot = self.spot
        if spot is None:
            return 2**62 - 1
        return (locked + spot.wallet.free[spot.gives(sign)]) // self.needs(sign, ticks, 1)

    def pay(self, locked: int, sign: int, ticks: int, lots: int, fee: Fee, lock_ticks: int, leaves: int) -> int:
        """Exchange the assets of a fill; what stays set aside for the ``leaves`` lots that still work."""
        spot = self.spot
        if spot is None:
            return 0
        asset = spot.gives(sign)
        spot.wallet.unlock(asset, locked)
        spot.book(sign, ticks, lots, fee)
        if spot.wallet.free[asset] < 0:
            raise IntegrityError(
                f"wallet of {self.account}: expected enough {asset}, found {spot.wallet.free[asset]} units"
            )
        still = min(self.needs(sign, lock_ticks, leaves), spot.wallet.free[asset])
        spot.wallet.lock(asset, still)
        return still

    def base_units(self) -> int:
        """What the account has of the base asset, free and locked, or its position; in base ledger units."""
        if self.spot is None:
            return self.position * self._lot_units
        return self.spot.held_base_units()

    def keep(self, working: Working) -> None:
        """An order became smaller without a fill: what it no longer needs is free again."""
        need = min(working.locked, self.needs(working.sign, working.lock_ticks, working.leaves))
        self.release(working.sign, working.locked - need)
        working.locked = need

    def release(self, sign: int, locked: int) -> None:
        """An order ended: what was set aside for it is free again."""
        if self.spot is not None:
            self.spot.wallet.unlock(self.spot.gives(sign), locked)
