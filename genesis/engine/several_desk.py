"""The desk of a track whose account has several moneys: values are told in its first one, and each asset is free or bound by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from genesis.engine.agenda import Rank
from genesis.engine.desk import TrackDesk
from genesis.engine.feed import InstrumentFeed
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.orders import Side
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
        """On spot what is owned of a position: what was paid or sold elsewhere is not there to be sold, and what was sold is not bought back."""
        if instrument.short_allowed:
            return self.position_lots(instrument)
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
        """(equity, gross): gross adds up what is owned of each traded asset, wherever it came from, and open orders.

        Of two instruments of one asset (a purchase here, a sale there) only what is left counts.
        """
        track, equity = self._track, self.equity_units()
        cash, values = self.worths()
        net: dict[str, int] = {}
        for feed in track.feeds:
            base = feed.instrument.base
            net[base] = net.get(base, 0) + self._told(values[feed.instrument.id], feed.instrument.quote)
        for money, units in cash.items():
            if money in net and money != self._portfolio.currency:
                net[money] += self._told(units, money)
        gross = sum(abs(v) for v in net.values())
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
        holding = self._feed(instrument).holding
        return max(0, self.free_of(instrument.base)) // (holding.lot_units * holding.base_factor)

    def free_of(self, asset: str) -> int:
        """What is owned of an asset less what open spot orders may take of it; beside perpetuals, what their margin leaves."""
        track, portfolio, margin = self._track, self._portfolio, self._track.margin
        if margin is not None and asset == margin.currency:
            return margin.available(self._agenda.now, self._agenda.rank) - self._working_margin(margin)
        free = portfolio.owned_of(asset)
        for state in track.orders.by_id.values():
            intent = state.order.intent
            instrument = intent.instrument
            if instrument.short_allowed or intent.reduce_only:
                continue
            holding = self._feed(instrument).holding
            if intent.side is not _BUY:
                free -= state.leaves * holding.lot_units * holding.base_factor if instrument.base == asset else 0
            elif instrument.quote == asset:
                ticks = intent.limit_ticks or intent.trigger_ticks or self._price(instrument, 1)
                free -= self._feed(instrument).value(ticks, state.leaves)
        return free

    def _working_margin(self, margin: MarginAccount) -> int:
        """As of one money, of the orders that are paid in it."""
        total = 0
        for state in self._track.orders.by_id.values():
            intent = state.order.intent
            if intent.instrument.quote != margin.currency:
                continue
            leg = margin.leg(intent.instrument)
            if not intent.reduce_only and (leg is not None or intent.side is _BUY):
                ticks = intent.limit_ticks or intent.trigger_ticks or self._price(intent.instrument, int(intent.side))
                value = self._feed(intent.instrument).value(ticks, state.leaves)
                total -= -value // (1 if leg is None else leg.contract.leverage)
        return total

    def _told(self, units: int, money: str) -> int:
        """Units of the first money at the rates last looked at."""
        found = self._valuation.rates.convert(units, money, self._portfolio.currency, self._agenda.now)
        return 0 if isinstance(found, NoRate) else found
