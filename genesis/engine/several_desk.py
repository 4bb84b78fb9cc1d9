"""The desk of a track whose account has several moneys: values are told in its first one, and each asset is free or bound by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from genesis.engine.agenda import Rank
from genesis.engine.desk import TrackDesk
from genesis.engine.feed import InstrumentFeed
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.orders import DenyReason, Side
from genesis.portfolio.conversion import NoRate
from genesis.portfolio.valuation import Valuation

if TYPE_CHECKING:
    from genesis.engine.margin import MarginAccount
    from genesis.engine.track import Track

_BUY: Final = Side.BUY


class SeveralMoneysDesk(TrackDesk):
    """As `TrackDesk`; what has no rate now is valued at 0 here, because `valuation_problem` is asked first."""

    def __init__(self, track: Track, journalled: bool, valuation: Valuation) -> None:
        super().__init__(track, journalled)
        self._valuation = valuation

    def worths(self) -> tuple[dict[str, int], dict[str, int]]:
        """Cash by money, and the signed value of every position in its quote at the price that closes it, of what is owned (`Portfolio.netted`)."""
        cash, held = self._portfolio.netted()
        values = {}
        for feed in self._track.feeds:
            name = feed.instrument.id
            values[name] = self._value_of(feed, held[name]) if name in held else self.position_value(feed)
        return cash, values

    def _value_of(self, feed: InstrumentFeed, owned: int) -> int:
        """Quote units that ``owned`` base units (at the asset's scale) are worth, rounded down."""
        if not owned:
            return 0
        feed.settle(self._agenda.now, self._agenda.rank)
        return (
            owned * feed.notional_unit * (feed.matcher.touch(-1 if owned > 0 else 1) or 0) // feed.holding.base_factor
        )

    def valued(self) -> int | NoRate:
        """Equity now, or why there is none."""
        cash, values = self.worths()
        return self._valuation.equity(cash, values, self._agenda.now, self._agenda.rank > Rank.ROW)

    def equity_units(self) -> int:
        """Equity now; where it cannot be told, the newest that could."""
        found = self.valued()
        return self._valuation.told if isinstance(found, NoRate) else found

    def closable_lots(self, instrument: Instrument) -> int:
        """On spot what is owned of a position: what was paid or sold elsewhere is not there to be sold, and what was sold is not bought back.

        The margin of open perpetuals stays until they are closed.
        """
        if instrument.short_allowed:
            return self.position_lots(instrument)
        account = self._margin_of(instrument.base)
        if account is not None and account.holds:
            return 0
        holding = self._feed(instrument).holding
        owned = self._portfolio.netted()[1][holding.id]
        return max(0, owned) // (holding.lot_units * holding.base_factor)

    # ---- what risk asks

    def valuation_problem(self) -> str | None:
        """Why there is no equity now."""
        found = self.valued()
        return str(found) if isinstance(found, NoRate) else None

    def value(self, instrument: Instrument, ticks: int, lots: int) -> int:
        """Units of the first money."""
        return self._told(self._feed(instrument).value(ticks, lots), instrument.quote)

    def standing(self) -> tuple[int, int]:
        """(equity, gross): gross adds up what is owned of each traded asset, wherever it came from, perpetuals, and open orders.

        Of two spot instruments of one asset (a purchase here, a sale there) only what is left counts. Perpetuals are never owned: each counts whole,
        because each has a margin to lose.
        """
        track, equity, gross = self._track, self.equity_units(), 0
        cash, values = self.worths()
        net: dict[str, int] = {}
        for feed in track.feeds:
            base = feed.instrument.base
            worth = self._told(values[feed.instrument.id], feed.instrument.quote)
            if feed.leg is not None:
                gross += abs(worth)
            else:
                net[base] = net.get(base, 0) + worth
        for money, units in cash.items():
            if money in net and money != self._portfolio.currency:
                net[money] += self._told(units + self._portfolio.contracts_cost_of(money), money)
        gross += sum(abs(v) for v in net.values())
        if track.orders.by_id:
            gross += sum(track.orders.value(side, self.value, self._price) for side in Side)
        return equity, gross

    def shortfall(self, instrument: Instrument, lots: int, ticks: int) -> str | None:
        """What is missing of the quote."""
        need = self._feed(instrument).value(ticks, lots)
        need += self.fee_bound(need)
        quote = instrument.quote
        free = self.free_of(quote)
        if need <= free:
            return None
        text = currency_grid(self._portfolio.scales[quote]).to_text
        return f"{instrument.id}: expected {text(need)} {quote} free, found {text(free)}"

    def free_lots(self, instrument: Instrument) -> int:
        """Whole lots of the base asset that no open order binds."""
        return max(0, self.free_of(instrument.base)) // self._lot_units(instrument)

    def kept_as_margin(self, instrument: Instrument, lots: int) -> str | None:
        """Why a sale would take what perpetuals, held or ordered, keep of the asset."""
        account = self._margin_of(instrument.base)
        if account is None or lots <= self.free_lots(instrument):
            return None
        orders = self._track.orders.by_id.values()
        if not account.holds and not any(account.leg(s.order.intent.instrument) for s in orders):
            return None
        text = currency_grid(self._portfolio.scales[account.currency]).to_text
        found = f"found {text(self.free_of(account.currency))} that margin leaves"
        sold = lots * self._lot_units(instrument)
        return f"{account.currency} wallet: expected {text(sold)} {account.currency} free, {found}"

    def margin_problem(self, instrument: Instrument, lots: int, ticks: int) -> tuple[DenyReason, str] | None:
        """As of one money; it names the wallet."""
        found = super().margin_problem(instrument, lots, ticks)
        return None if found is None else (found[0], f"{instrument.quote} wallet: {found[1]}")

    def free_of(self, asset: str) -> int:
        """What is owned of an asset less what open spot orders may take of it; beside perpetuals, what their margin leaves."""
        account = self._margin_of(asset)
        if account is not None:
            return account.spendable(self._agenda.now, self._agenda.rank) - self._working_margin(account)
        return self._portfolio.owned_of(asset) - self._bound_of(asset)

    def _bound_of(self, asset: str) -> int:
        """What open spot orders may take of an asset. Of one that is margin a reduce-only sale takes as much as any other."""
        bound, is_margin = 0, self._margin_of(asset) is not None
        for state in self._track.orders.by_id.values():
            intent = state.order.intent
            instrument = intent.instrument
            if instrument.short_allowed or (intent.reduce_only and not is_margin):
                continue
            if intent.side is not _BUY:
                bound += state.leaves * self._lot_units(instrument) if instrument.base == asset else 0
            elif instrument.quote == asset:
                ticks = intent.limit_ticks or intent.trigger_ticks or self._price(instrument, 1)
                bound += self._feed(instrument).value(ticks, state.leaves)
        return bound

    def _working_margin(self, account: MarginAccount) -> int:
        """As of one money: initial margin of the orders on its contracts, and what other orders may take of its currency."""
        total = self._bound_of(account.currency)
        for state in self._track.orders.by_id.values():
            intent = state.order.intent
            instrument = intent.instrument
            leg = account.leg(instrument)
            # What may be short is bought against the same money, but binds nothing at the venue.
            buys = instrument.short_allowed and instrument.quote == account.currency and intent.side is _BUY
            if not intent.reduce_only and (leg is not None or buys):
                ticks = intent.limit_ticks or intent.trigger_ticks or self._price(instrument, int(intent.side))
                value = self._feed(instrument).value(ticks, state.leaves)
                total -= -value // (1 if leg is None else leg.contract.leverage)
        return total

    def _lot_units(self, instrument: Instrument) -> int:
        """A lot at the ledger scale of its asset."""
        holding = self._feed(instrument).holding
        return holding.lot_units * holding.base_factor

    def _told(self, units: int, money: str) -> int:
        """Units of the first money at the rates last looked at."""
        found = self._valuation.rates.convert(units, money, self._portfolio.currency, self._agenda.now)
        return 0 if isinstance(found, NoRate) else found
