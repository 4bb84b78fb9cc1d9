"""Whether the exchange takes an order: its filters, on integers, first failure wins; and its words for what its matching engine refuses.

The order of the filters is that of execution by the documentation's list; the exchange does not promise one (docs/EXCHANGE_RULES.md).
The checks are made when the order arrives, against what the market and the account are then.
"""

from __future__ import annotations

from typing import Protocol

from genesis.model.orders import OrderIntent, OrderType
from genesis.model.rules import ExchangeRules, LotRange, StpMode
from genesis.model.venue_errors import Breach, Market, Violation, violation

_TYPE_BREACH = {
    OrderType.MARKET: Breach.TYPE_MARKET,
    OrderType.STOP: Breach.TYPE_STOP,
    OrderType.STOP_LIMIT: Breach.TYPE_STOP_LIMIT,
    OrderType.TAKE_PROFIT: Breach.TYPE_TAKE_PROFIT,
    OrderType.TAKE_PROFIT_LIMIT: Breach.TYPE_TAKE_PROFIT_LIMIT,
    OrderType.TRAILING_STOP: Breach.TYPE_TRAILING_STOP,
}
# The words of the rate limit depend on the limit, which is the account's and not the symbol's.
_ELSEWHERE = (Breach.TOO_MANY_NEW_ORDERS,)
_PLAIN = (OrderType.MARKET, OrderType.LIMIT)
_TAKE_PROFITS = (OrderType.TAKE_PROFIT, OrderType.TAKE_PROFIT_LIMIT)


class References(Protocol):
    """Who knows the average, last and mark price: `genesis.tape.references.TapeReferences`."""

    def reference(self, time_ns: int, minutes: int | None) -> tuple[int, int] | None: ...


def is_algo(kind: OrderType) -> bool:
    """Whether an order counts for MAX_NUM_ALGO_ORDERS: every type that waits for a trigger."""
    return kind not in _PLAIN


def waits_above(kind: OrderType, sign: int) -> bool:
    """Whether a trigger lies above the market: of a buy stop and of a sell take-profit (``sign`` +1 buys, -1 sells)."""
    return (sign > 0) is not (kind in _TAKE_PROFITS)


class OrderFilters:
    """The rules of one symbol, ready to be asked about orders. It keeps no state of its own."""

    __slots__ = ("_market", "_refusals", "_rules")

    def __init__(self, rules: ExchangeRules) -> None:
        self._rules = rules
        self._market = rules.market
        self._refusals: dict[Breach, Violation] = {b: self._refusal(b) for b in Breach if b not in _ELSEWHERE}

    def refusal(self, breach: Breach) -> Violation:
        """The exchange's words for ``breach`` on this symbol; ``KeyError`` for the rate limit's, which are not its own."""
        return self._refusals[breach]

    def check(
        self,
        intent: OrderIntent,
        time_ns: int,
        references: References,
        open_orders: int,
        open_algo_orders: int,
        base_units: int,
        mode: StpMode,
    ) -> Violation | None:
        """The first filter the order breaks at its arrival, ``None`` when it passes all.

        ``open_orders`` and ``open_algo_orders`` are the account's on this symbol without this one. ``base_units`` is its position for
        MAX_POSITION in base ledger units: free and locked balance and the quantities of all open buys. ``mode`` is the self-trade prevention
        that the order asks for.
        """
        breach = (
            self._admitted(intent)
            or self._prevention(mode)
            or self._price(intent)
            or self._percent(intent, time_ns, references)
            or self._lots(intent)
            or self._notional(intent, time_ns, references)
            or self._counts(intent, open_orders, open_algo_orders)
            or self._position(intent, base_units)
            or self._trailing(intent)
        )
        return None if breach is None else self._refusals[breach]

    # ---- one filter each

    def _admitted(self, intent: OrderIntent) -> Breach | None:
        """The symbol's status and the order types it takes."""
        rules = self._rules
        if not rules.trading:
            return Breach.MARKET_CLOSED
        if intent.post_only and not rules.post_only_allowed:
            return Breach.TYPE_OTHER
        return None if intent.type in rules.allowed else _TYPE_BREACH.get(intent.type, Breach.TYPE_OTHER)

    def _prevention(self, mode: StpMode) -> Breach | None:
        """The self-trade prevention the symbol allows; a file that lists none allows all."""
        modes = self._rules.stp_modes
        return Breach.STP_MODE if modes and mode not in modes else None

    def _price(self, intent: OrderIntent) -> Breach | None:
        """PRICE_FILTER, of the limit price and of the trigger."""
        bounds = self._rules.price
        least, most = bounds.min_ticks, bounds.max_ticks
        limit, trigger = intent.limit_ticks, intent.trigger_ticks
        if limit is not None:
            if limit < least:
                return Breach.PRICE_MIN
            if most is not None and limit > most:
                return Breach.PRICE_MAX
        if trigger is not None:
            if trigger < least:
                return Breach.TRIGGER_MIN
            if most is not None and trigger > most:
                return Breach.TRIGGER_MAX
        return None

    def _percent(self, intent: OrderIntent, time_ns: int, references: References) -> Breach | None:
        """PERCENT_PRICE and PERCENT_PRICE_BY_SIDE, of the limit price: price x scale x lots against sum x multiple."""
        limit = intent.limit_ticks
        if limit is None:
            return None
        for rule in self._rules.percent:
            reference = references.reference(time_ns, rule.minutes)
            if reference is None:
                continue
            total, lots = reference
            up, down = (rule.bid_up, rule.bid_down) if int(intent.side) > 0 else (rule.ask_up, rule.ask_down)
            scaled = limit * rule.scale * lots
            if scaled > total * up:
                return Breach.PERCENT_SIDE_UP if rule.by_side else Breach.PERCENT_UP
            if scaled < total * down:
                return Breach.PERCENT_SIDE_DOWN if rule.by_side else Breach.PERCENT_DOWN
        return None

    def _lots(self, intent: OrderIntent) -> Breach | None:
        """LOT_SIZE of every order, then MARKET_LOT_SIZE of market orders."""
        number = _outside(self._rules.lot, intent.lots)
        if number:
            return (Breach.LOT_MIN, Breach.LOT_MAX, Breach.LOT_STEP)[number - 1]
        market = self._rules.market_lot
        if market is not None and intent.type is OrderType.MARKET:
            number = _outside(market, intent.lots)
            if number:
                return (Breach.MARKET_LOT_MIN, Breach.MARKET_LOT_MAX, Breach.MARKET_LOT_STEP)[number - 1]
        return None

    def _notional(self, intent: OrderIntent, time_ns: int, references: References) -> Breach | None:
        """MIN_NOTIONAL and NOTIONAL: at the limit price, or, where the filter says so, at the reference of an order without one."""
        limit = intent.limit_ticks
        for rule in self._rules.notional:
            if rule.reduce_only_exempt and intent.reduce_only:
                continue
            least = rule.min_product if limit is not None or rule.min_to_market else None
            most = rule.max_product if limit is not None or rule.max_to_market else None
            price = (limit, 1) if limit is not None else references.reference(time_ns, rule.minutes)
            if price is None:
                continue
            product = price[0] * intent.lots
            if least is not None and product < least * price[1]:
                return Breach.MIN_NOTIONAL if rule.name == "MIN_NOTIONAL" else Breach.NOTIONAL_MIN
            if most is not None and product > most * price[1]:
                return Breach.NOTIONAL_MAX
        return None

    def _counts(self, intent: OrderIntent, open_orders: int, open_algo_orders: int) -> Breach | None:
        """MAX_NUM_ORDERS and MAX_NUM_ALGO_ORDERS: the open orders and this one."""
        rules = self._rules
        if rules.max_orders is not None and open_orders >= rules.max_orders:
            return Breach.MAX_NUM_ORDERS
        if rules.max_algo_orders is not None and is_algo(intent.type) and open_algo_orders >= rules.max_algo_orders:
            return Breach.MAX_NUM_ALGO_ORDERS
        return None

    def _position(self, intent: OrderIntent, base_units: int) -> Breach | None:
        """MAX_POSITION, of buys: what is held, what open buys may still bring, and this order."""
        most = self._rules.max_position
        if most is None or int(intent.side) < 0:
            return None
        return Breach.MAX_POSITION if base_units + intent.lots * self._rules.lot_units > most else None

    def _trailing(self, intent: OrderIntent) -> Breach | None:
        """TRAILING_DELTA: a trailing stop of ours is the exchange's stop loss with a delta."""
        bounds, delta = self._rules.trailing, intent.trailing_bp
        if bounds is None or delta is None:
            return None
        above = waits_above(intent.type, int(intent.side))
        least, most = (bounds.min_above, bounds.max_above) if above else (bounds.min_below, bounds.max_below)
        return None if least <= delta <= most else Breach.TRAILING_DELTA

    def _refusal(self, breach: Breach) -> Violation:
        if breach is Breach.MIN_NOTIONAL and self._market is Market.USDM:
            return violation(self._market, breach, next((n.min_text for n in self._rules.notional), "0"))
        return violation(self._market, breach)


def _outside(bounds: LotRange, lots: int) -> int:
    """0 inside, 1 under the minimum, 2 over the maximum, 3 off the step."""
    if lots < bounds.min_lots:
        return 1
    if bounds.max_lots is not None and lots > bounds.max_lots:
        return 2
    return 3 if lots % bounds.step_lots else 0
