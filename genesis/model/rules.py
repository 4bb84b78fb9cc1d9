"""What an exchange's information file says of one symbol, as integers of the instrument: prices in ticks, quantities in lots.

Nothing is rounded away: an order's price and quantity lie on tick and lot, so a lower bound between two ticks is the same bound at the
tick above it, and an upper bound the same at the tick below. Source of the filters: binance-spot-api-docs ``filters.md``; of the futures
market's: Binance derivatives ``usds-margined-futures/common-definition``. What is checked, in which order: docs/EXCHANGE_RULES.md.
"""

from __future__ import annotations

import msgspec

from genesis.model.orders import OrderType, Word
from genesis.model.venue_errors import Market


class StpMode(Word):
    """What is done when an order would meet another of the same account; the incoming order's mode decides."""

    NONE = "NONE"
    EXPIRE_TAKER = "EXPIRE_TAKER"
    EXPIRE_MAKER = "EXPIRE_MAKER"
    EXPIRE_BOTH = "EXPIRE_BOTH"
    DECREMENT = "DECREMENT"
    TRANSFER = "TRANSFER"


class PriceRange(msgspec.Struct, frozen=True, gc=False):
    """PRICE_FILTER, of limit and of trigger prices. The tick is the instrument's. ``max_ticks`` ``None``: no upper bound."""

    min_ticks: int
    max_ticks: int | None


class PercentPrice(msgspec.Struct, frozen=True, gc=False):
    """PERCENT_PRICE or PERCENT_PRICE_BY_SIDE: a limit price lies between two multiples of a reference price.

    The multiples are integers over ``scale``. ``minutes`` is what the reference is the average trade price of; 0 is the last
    price, ``None`` the mark price.
    """

    by_side: bool
    bid_up: int
    bid_down: int
    ask_up: int
    ask_down: int
    scale: int
    minutes: int | None


class LotRange(msgspec.Struct, frozen=True, gc=False):
    """LOT_SIZE or MARKET_LOT_SIZE. ``step_lots`` divides a quantity; ``max_lots`` ``None``: no upper bound."""

    min_lots: int
    max_lots: int | None
    step_lots: int


class NotionalRange(msgspec.Struct, frozen=True, gc=False):
    """MIN_NOTIONAL or NOTIONAL: price times quantity, in ticks x lots; ``None``: no bound.

    ``min_to_market`` and ``max_to_market`` say whether an order without a price of its own is held to the bound at its reference
    price (``minutes`` as in `PercentPrice`). ``min_text`` is the lower bound as the file writes it.
    """

    name: str
    min_product: int | None
    max_product: int | None
    min_to_market: bool
    max_to_market: bool
    minutes: int | None
    min_text: str
    reduce_only_exempt: bool


class TrailingRange(msgspec.Struct, frozen=True, gc=False):
    """TRAILING_DELTA, in basis points: ``above`` for orders that wait above the market (buy stops, sell take-profits), else ``below``."""

    min_above: int
    max_above: int
    min_below: int
    max_below: int


class RateLimit(msgspec.Struct, frozen=True, gc=False):
    """At most ``limit`` unfilled new orders in each interval of ``count`` x ``interval`` (``SECOND``, ``MINUTE``, ``DAY``)."""

    limit: int
    interval: str
    count: int
    interval_ns: int


class Precision(msgspec.Struct, frozen=True, gc=False):
    """Decimals the exchange keeps: of the two assets, of their commissions (``None`` where the file says none)."""

    base: int
    quote: int
    base_commission: int | None
    quote_commission: int | None


class ExchangeRules(msgspec.Struct, frozen=True, kw_only=True):
    """One symbol's rules. A filter the file lacks is ``None`` or empty and is not checked.

    ``trading`` is whether ``status`` lets orders in. ``order_types`` are the exchange's own names, ``allowed`` the model's types among
    them. ``order_limits`` are the exchange's on new orders, the same for all its symbols. ``stp_modes`` is empty where the file says nothing of self-trade prevention. ``unknown_filters`` names filters that this
    version does not know and does not check; ``unchecked_filters`` those it knows and has no use for.
    """

    symbol: str
    market: Market
    status: str
    trading: bool
    order_types: tuple[str, ...]
    allowed: tuple[OrderType, ...]
    post_only_allowed: bool
    price: PriceRange
    percent: tuple[PercentPrice, ...] = ()
    lot: LotRange
    market_lot: LotRange | None = None
    notional: tuple[NotionalRange, ...] = ()
    iceberg_parts: int | None = None
    max_orders: int | None = None
    max_algo_orders: int | None = None
    max_iceberg_orders: int | None = None
    max_position: int | None = None
    lot_units: int
    trailing: TrailingRange | None = None
    stp_modes: tuple[StpMode, ...] = ()
    stp_default: StpMode | None = None
    precision: Precision
    order_limits: tuple[RateLimit, ...] = ()
    unknown_filters: tuple[str, ...] = ()
    unchecked_filters: tuple[str, ...] = ()
