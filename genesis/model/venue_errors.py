"""What an exchange answers to an order it does not take: one literal table of codes and messages, spot and USD-M futures.

Clients match the English text before the code, so a message is byte-exact, the final full stop included (or its absence).
Sources: binance-spot-api-docs ``errors.md`` and ``faqs/stp_faq.md``; Binance derivatives ``usds-margined-futures/error-code``.
``%s`` stands where the exchange fills in a number of its own.
"""

from __future__ import annotations

import msgspec

from genesis.model.orders import Word


class Market(Word):
    """Which of the exchange's markets a symbol trades on: it decides the wording of refusals."""

    SPOT = "spot"
    USDM = "usd-m"


class Breach(Word):
    """What is wrong with an order, one by one; what follows the dot in a filter's breach is which of its limits."""

    TOO_MANY_NEW_ORDERS = "too many new orders"
    MARKET_CLOSED = "market closed"
    TYPE_MARKET = "market orders not supported"
    TYPE_STOP = "stop loss orders not supported"
    TYPE_STOP_LIMIT = "stop loss limit orders not supported"
    TYPE_TAKE_PROFIT = "take profit orders not supported"
    TYPE_TAKE_PROFIT_LIMIT = "take profit limit orders not supported"
    TYPE_TRAILING_STOP = "trailing stop orders not supported"
    TYPE_OTHER = "order type not supported"
    STP_MODE = "self-trade prevention mode not allowed"
    PRICE_TICK = "PRICE_FILTER.tickSize"
    PRICE_MIN = "PRICE_FILTER.minPrice"
    PRICE_MAX = "PRICE_FILTER.maxPrice"
    TRIGGER_MIN = "PRICE_FILTER.minPrice of stopPrice"
    TRIGGER_MAX = "PRICE_FILTER.maxPrice of stopPrice"
    PERCENT_UP = "PERCENT_PRICE.multiplierUp"
    PERCENT_DOWN = "PERCENT_PRICE.multiplierDown"
    PERCENT_SIDE_UP = "PERCENT_PRICE_BY_SIDE.multiplierUp"
    PERCENT_SIDE_DOWN = "PERCENT_PRICE_BY_SIDE.multiplierDown"
    LOT_STEP = "LOT_SIZE.stepSize"
    LOT_MIN = "LOT_SIZE.minQty"
    LOT_MAX = "LOT_SIZE.maxQty"
    MARKET_LOT_STEP = "MARKET_LOT_SIZE.stepSize"
    MARKET_LOT_MIN = "MARKET_LOT_SIZE.minQty"
    MARKET_LOT_MAX = "MARKET_LOT_SIZE.maxQty"
    MIN_NOTIONAL = "MIN_NOTIONAL.minNotional"
    NOTIONAL_MIN = "NOTIONAL.minNotional"
    NOTIONAL_MAX = "NOTIONAL.maxNotional"
    MAX_NUM_ORDERS = "MAX_NUM_ORDERS"
    MAX_NUM_ALGO_ORDERS = "MAX_NUM_ALGO_ORDERS"
    MAX_POSITION = "MAX_POSITION"
    TRAILING_DELTA = "TRAILING_DELTA"
    WOULD_TRIGGER = "would trigger immediately"
    WOULD_TAKE = "would immediately match and take"
    REDUCE_ONLY = "nothing to reduce"
    INSUFFICIENT_BALANCE = "insufficient balance"
    DUPLICATE = "client order id in use"
    UNKNOWN_ORDER = "unknown order"


class Violation(msgspec.Struct, frozen=True, gc=False):
    """The exchange's refusal of an order. ``filter`` is the filter's published name, empty where no filter is the reason."""

    breach: Breach
    code: int
    message: str
    filter: str = ""


_B = Breach

# breach: (code, message, filter)
SPOT_ERRORS: dict[Breach, tuple[int, str, str]] = {
    _B.TOO_MANY_NEW_ORDERS: (-1015, "Too many new orders; current limit is %s orders per %s.", ""),
    _B.MARKET_CLOSED: (-2010, "Market is closed.", ""),
    _B.TYPE_MARKET: (-2010, "Market orders are not supported for this symbol.", ""),
    _B.TYPE_STOP: (-2010, "Stop loss orders are not supported for this symbol.", ""),
    _B.TYPE_STOP_LIMIT: (-2010, "Stop loss limit orders are not supported for this symbol.", ""),
    _B.TYPE_TAKE_PROFIT: (-2010, "Take profit orders are not supported for this symbol.", ""),
    _B.TYPE_TAKE_PROFIT_LIMIT: (-2010, "Take profit limit orders are not supported for this symbol.", ""),
    _B.TYPE_TRAILING_STOP: (-2010, "Trailing stop orders are not supported for this symbol.", ""),
    _B.TYPE_OTHER: (-1116, "Invalid orderType.", ""),
    _B.STP_MODE: (-1013, "This symbol does not allow the specified self-trade prevention mode.", ""),
    _B.PRICE_TICK: (-1013, "Filter failure: PRICE_FILTER", "PRICE_FILTER"),
    _B.PRICE_MIN: (-1013, "Filter failure: PRICE_FILTER", "PRICE_FILTER"),
    _B.PRICE_MAX: (-1013, "Filter failure: PRICE_FILTER", "PRICE_FILTER"),
    _B.TRIGGER_MIN: (-1013, "Filter failure: PRICE_FILTER", "PRICE_FILTER"),
    _B.TRIGGER_MAX: (-1013, "Filter failure: PRICE_FILTER", "PRICE_FILTER"),
    _B.PERCENT_UP: (-1013, "Filter failure: PERCENT_PRICE", "PERCENT_PRICE"),
    _B.PERCENT_DOWN: (-1013, "Filter failure: PERCENT_PRICE", "PERCENT_PRICE"),
    _B.PERCENT_SIDE_UP: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", "PERCENT_PRICE_BY_SIDE"),
    _B.PERCENT_SIDE_DOWN: (-1013, "Filter failure: PERCENT_PRICE_BY_SIDE", "PERCENT_PRICE_BY_SIDE"),
    _B.LOT_STEP: (-1013, "Filter failure: LOT_SIZE", "LOT_SIZE"),
    _B.LOT_MIN: (-1013, "Filter failure: LOT_SIZE", "LOT_SIZE"),
    _B.LOT_MAX: (-1013, "Filter failure: LOT_SIZE", "LOT_SIZE"),
    _B.MARKET_LOT_STEP: (-1013, "Filter failure: MARKET_LOT_SIZE", "MARKET_LOT_SIZE"),
    _B.MARKET_LOT_MIN: (-1013, "Filter failure: MARKET_LOT_SIZE", "MARKET_LOT_SIZE"),
    _B.MARKET_LOT_MAX: (-1013, "Filter failure: MARKET_LOT_SIZE", "MARKET_LOT_SIZE"),
    _B.MIN_NOTIONAL: (-1013, "Filter failure: MIN_NOTIONAL", "MIN_NOTIONAL"),
    _B.NOTIONAL_MIN: (-1013, "Filter failure: NOTIONAL", "NOTIONAL"),
    _B.NOTIONAL_MAX: (-1013, "Filter failure: NOTIONAL", "NOTIONAL"),
    _B.MAX_NUM_ORDERS: (-1013, "Filter failure: MAX_NUM_ORDERS", "MAX_NUM_ORDERS"),
    _B.MAX_NUM_ALGO_ORDERS: (-1013, "Filter failure: MAX_NUM_ALGO_ORDERS", "MAX_NUM_ALGO_ORDERS"),
    _B.MAX_POSITION: (-1013, "Filter failure: MAX_POSITION", "MAX_POSITION"),
    _B.TRAILING_DELTA: (-1013, "Filter failure: TRAILING_DELTA", "TRAILING_DELTA"),
    _B.WOULD_TRIGGER: (-2010, "Order would trigger immediately.", ""),
    _B.WOULD_TAKE: (-2010, "Order would immediately match and take.", ""),
    # Spot knows no reduce-only; a strategy of ours may still ask for it, and is answered as on the futures market.
    _B.REDUCE_ONLY: (-2022, "ReduceOnly Order is rejected.", ""),
    _B.INSUFFICIENT_BALANCE: (-2010, "Account has insufficient balance for requested action.", ""),
    _B.DUPLICATE: (-2010, "Duplicate order sent.", ""),
    _B.UNKNOWN_ORDER: (-2011, "Unknown order sent.", ""),
}

# The futures market says which limit of a filter was broken; what it words as the spot market does is taken from there.
USDM_ERRORS: dict[Breach, tuple[int, str, str]] = SPOT_ERRORS | {
    _B.MARKET_CLOSED: (-4141, "Symbol is closed", ""),
    _B.TYPE_MARKET: (-1116, "Invalid orderType.", ""),
    _B.TYPE_STOP: (-1116, "Invalid orderType.", ""),
    _B.TYPE_STOP_LIMIT: (-1116, "Invalid orderType.", ""),
    _B.TYPE_TAKE_PROFIT: (-1116, "Invalid orderType.", ""),
    _B.TYPE_TAKE_PROFIT_LIMIT: (-1116, "Invalid orderType.", ""),
    _B.TYPE_TRAILING_STOP: (-1116, "Invalid orderType.", ""),
    _B.STP_MODE: (-5039, "Invalid self trade prevention mode", ""),
    _B.PRICE_TICK: (-4014, "Price not increased by tick size.", "PRICE_FILTER"),
    _B.PRICE_MIN: (-4013, "Price less than min price.", "PRICE_FILTER"),
    _B.PRICE_MAX: (-4002, "Price greater than max price.", "PRICE_FILTER"),
    _B.TRIGGER_MIN: (-4013, "Price less than min price.", "PRICE_FILTER"),
    _B.TRIGGER_MAX: (-4007, "Stop price greater than max price.", "PRICE_FILTER"),
    _B.PERCENT_UP: (-4016, "Price is higher than mark price multiplier cap.", "PERCENT_PRICE"),
    _B.PERCENT_DOWN: (-4024, "Price is lower than mark price multiplier floor.", "PERCENT_PRICE"),
    _B.LOT_STEP: (-4023, "Qty not increased by step size.", "LOT_SIZE"),
    _B.LOT_MIN: (-4004, "Quantity less than min quantity.", "LOT_SIZE"),
    _B.LOT_MAX: (-4005, "Quantity greater than max quantity.", "LOT_SIZE"),
    _B.MARKET_LOT_STEP: (-4023, "Qty not increased by step size.", "MARKET_LOT_SIZE"),
    _B.MARKET_LOT_MIN: (-4004, "Quantity less than min quantity.", "MARKET_LOT_SIZE"),
    _B.MARKET_LOT_MAX: (-4005, "Quantity greater than max quantity.", "MARKET_LOT_SIZE"),
    _B.MIN_NOTIONAL: (
        -4164,
        "Order's notional must be no smaller than %s (unless you choose reduce only)",
        "MIN_NOTIONAL",
    ),
    _B.MAX_NUM_ORDERS: (-2025, "Reach max open order limit.", "MAX_NUM_ORDERS"),
    _B.MAX_NUM_ALGO_ORDERS: (-4045, "Reach max stop order limit.", "MAX_NUM_ALGO_ORDERS"),
    _B.WOULD_TRIGGER: (-2021, "Order would immediately trigger.", ""),
    _B.WOULD_TAKE: (
        -5022,
        "Due to the order could not be executed as maker, the Post Only order will be rejected.",
        "",
    ),
    _B.INSUFFICIENT_BALANCE: (-2019, "Margin is insufficient.", ""),
    _B.DUPLICATE: (-4116, "clientOrderId is duplicated", ""),
}


def violation(market: Market, breach: Breach, *numbers: object) -> Violation:
    """The refusal of ``breach`` on ``market``; ``numbers`` fill the message's ``%s`` in order.

    Raises:
        TypeError: not as many numbers as the message has places.
    """
    code, message, name = (SPOT_ERRORS if market is Market.SPOT else USDM_ERRORS)[breach]
    return Violation(breach, code, message % numbers, name)
