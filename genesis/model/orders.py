"""Orders: what a strategy wants (`OrderIntent`), what risk approved (`Order`), and the one table of an order's life."""

from __future__ import annotations

from enum import Enum, IntEnum

import msgspec

from genesis.model.instruments import Instrument


class Word(Enum):
    """An enumeration whose members hash by identity: as dictionary keys on the way of an order they cost a fifth."""

    __hash__ = object.__hash__


class Side(IntEnum):
    """The sign of a quantity: buying adds, selling takes away."""

    BUY = 1
    SELL = -1


class OrderType(Word):
    """The field's order types. Stops and take-profits wait for their trigger at the last price."""

    MARKET = "market"
    LIMIT = "limit"
    STOP = "stop"
    STOP_LIMIT = "stop_limit"
    TAKE_PROFIT = "take_profit"
    TAKE_PROFIT_LIMIT = "take_profit_limit"
    TRAILING_STOP = "trailing_stop"

    def __init__(self, word: str) -> None:
        # Plain attributes: a property would be a call on the way of every order.
        # Whether the order names the worst price it accepts, and whether it waits for a trigger price of its own.
        self.has_limit = word in ("limit", "stop_limit", "take_profit_limit")
        self.has_trigger = word in ("stop", "stop_limit", "take_profit", "take_profit_limit")


class TimeInForce(Word):
    """How long an order works: until cancelled, immediate-or-cancel, fill-or-kill."""

    GTC = "GTC"
    IOC = "IOC"
    FOK = "FOK"


class Liquidity(Word):
    """Who waited: a MAKER rested in the book, a TAKER took from it."""

    MAKER = "MAKER"
    TAKER = "TAKER"


# Characters of a strategy's own label.
TAG_MAX = 255


def ensure_unicode(text: str, what: str) -> None:
    """Refuse text that no file, page or journal could hold.

    Raises:
        ValueError: it holds half of a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{what}: expected Unicode text, found {text!r}") from None


class OrderIntent(msgspec.Struct, frozen=True, gc=False):
    """What a strategy wants: integer lots and ticks of its instrument. Risk turns it into an `Order` or a refusal.

    ``limit_ticks`` for limit types, ``trigger_ticks`` for stop and take-profit types, ``trailing_bp`` (basis points of the
    best price since activation) for trailing stops. ``tag`` is the strategy's own label, at most `TAG_MAX` characters.
    """

    instrument: Instrument
    side: Side
    lots: int
    type: OrderType = OrderType.MARKET
    limit_ticks: int | None = None
    trigger_ticks: int | None = None
    trailing_bp: int | None = None
    time_in_force: TimeInForce = TimeInForce.GTC
    post_only: bool = False
    reduce_only: bool = False
    tag: str = ""

    def __post_init__(self) -> None:
        if (
            type(self.lots) is int
            and type(self.side) is Side
            and type(self.tag) is str
            and not self.tag
            and (self.limit_ticks is None or type(self.limit_ticks) is int)
            and (self.trigger_ticks is None or type(self.trigger_ticks) is int)
            and (self.trailing_bp is None or type(self.trailing_bp) is int)
            and type(self.type) is OrderType
            and type(self.time_in_force) is TimeInForce
            and type(self.post_only) is bool
            and type(self.reduce_only) is bool
        ):
            return
        numbers = (self.limit_ticks, self.trigger_ticks, self.trailing_bp)
        if type(self.lots) is not int or type(self.tag) is not str or type(self.side) is not Side:
            raise TypeError(
                "order: expected a Side, whole lots and a text tag, "
                f"found {self.side!r}, {self.lots!r} and {type(self.tag).__name__}"
            )
        if not all(n is None or type(n) is int for n in numbers):
            raise TypeError(f"order: expected whole ticks and basis points, found {numbers}")
        if type(self.type) is not OrderType or type(self.time_in_force) is not TimeInForce:
            raise TypeError(
                f"order: expected an OrderType and a TimeInForce, found {self.type!r} and {self.time_in_force!r}"
            )
        if type(self.post_only) is not bool or type(self.reduce_only) is not bool:
            raise TypeError(
                f"order: expected True or False for post_only and reduce_only, found {self.post_only!r} and {self.reduce_only!r}"
            )
        if len(self.tag) > TAG_MAX:
            raise ValueError(f"tag: expected at most {TAG_MAX} characters, found {len(self.tag)}")
        if not self.tag.isascii():
            ensure_unicode(self.tag, "tag")

    def problem(self) -> str | None:
        """What is malformed about it, in words; ``None`` when well formed."""
        kind = self.type
        if self.lots <= 0:
            return f"quantity: expected more than 0, found {self.instrument.qty_grid.to_text(self.lots)}"
        return self._price_problem(kind) or self._trailing_problem(kind) or self._time_problem(kind)

    def _price_problem(self, kind: OrderType) -> str | None:
        limit, trigger = self.limit_ticks, self.trigger_ticks
        if kind.has_limit:
            if limit is None or limit <= 0:
                return f"limit price: expected a positive price for {kind.value}, found {limit}"
        elif limit is not None:
            return f"limit price: expected none for {kind.value}, found {limit} ticks"
        if kind.has_trigger:
            if trigger is None or trigger <= 0:
                return f"trigger price: expected a positive price for {kind.value}, found {trigger}"
        elif trigger is not None and kind is not OrderType.TRAILING_STOP:
            return f"trigger price: expected none for {kind.value}, found {trigger} ticks"
        return None

    def _trailing_problem(self, kind: OrderType) -> str | None:
        distance = self.trailing_bp
        if kind is OrderType.TRAILING_STOP:
            if not (distance and 0 < distance < 10_000):
                return f"trailing distance: expected 1 to 9999 basis points, found {distance}"
        elif distance is not None:
            return f"trailing distance: expected none for {kind.value}, found {distance}"
        return None

    def _time_problem(self, kind: OrderType) -> str | None:
        until = self.time_in_force
        if self.post_only and (kind is not OrderType.LIMIT or until is not TimeInForce.GTC):
            return f"post only: expected a GTC limit order, found {kind.value} {until.value}"
        if kind is OrderType.MARKET and until is TimeInForce.FOK:
            return "time in force: expected GTC or IOC for market, found FOK"
        return None


class Order(msgspec.Struct, frozen=True, gc=False):
    """An intent that risk approved, with its identity. Only risk makes one.

    ``decided_ns`` is the engine time of the decision, ``ordinal`` the intent's place among those of the same moment: with
    the instrument they key every random draw of this order.
    """

    client_order_id: str
    track: str
    intent: OrderIntent
    decided_ns: int
    ordinal: int


class OrderStatus(Word):
    """Where an order is in its life. *Denied* is by us, *rejected* by the venue."""

    INITIALIZED = "INITIALIZED"
    DENIED = "DENIED"
    SUBMITTED = "SUBMITTED"
    REJECTED = "REJECTED"
    ACCEPTED = "ACCEPTED"
    TRIGGERED = "TRIGGERED"
    PARTIALLY_FILLED = "PARTIALLY_FILLED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    EXPIRED = "EXPIRED"

    def __init__(self, word: str) -> None:
        # No more quantity can work (a late fill may still be reported); sent and not ended.
        self.is_final = word in ("DENIED", "REJECTED", "FILLED", "CANCELED", "EXPIRED")
        self.is_open = word in ("SUBMITTED", "ACCEPTED", "TRIGGERED", "PARTIALLY_FILLED")


class OrderStep(Word):
    """What can happen to an order; each is an event in the journal."""

    DENY = "deny"
    SUBMIT = "submit"
    ACCEPT = "accept"
    REJECT = "reject"
    TRIGGER = "trigger"
    FILL_PART = "fill_part"
    FILL_ALL = "fill_all"
    CANCEL = "cancel"
    EXPIRE = "expire"


_S, _E = OrderStatus, OrderStep

# The life of an order. A pair that is not here cannot happen; meeting it is an IntegrityError.
ORDER_LIFE: dict[tuple[OrderStatus, OrderStep], OrderStatus] = {
    (_S.INITIALIZED, _E.DENY): _S.DENIED,
    (_S.INITIALIZED, _E.SUBMIT): _S.SUBMITTED,
    (_S.SUBMITTED, _E.ACCEPT): _S.ACCEPTED,
    (_S.SUBMITTED, _E.REJECT): _S.REJECTED,
    (_S.SUBMITTED, _E.CANCEL): _S.CANCELED,
    (_S.SUBMITTED, _E.EXPIRE): _S.EXPIRED,
    (_S.ACCEPTED, _E.TRIGGER): _S.TRIGGERED,
    (_S.ACCEPTED, _E.FILL_PART): _S.PARTIALLY_FILLED,
    (_S.ACCEPTED, _E.FILL_ALL): _S.FILLED,
    (_S.ACCEPTED, _E.CANCEL): _S.CANCELED,
    (_S.ACCEPTED, _E.EXPIRE): _S.EXPIRED,
    (_S.TRIGGERED, _E.FILL_PART): _S.PARTIALLY_FILLED,
    (_S.TRIGGERED, _E.FILL_ALL): _S.FILLED,
    (_S.TRIGGERED, _E.CANCEL): _S.CANCELED,
    (_S.TRIGGERED, _E.EXPIRE): _S.EXPIRED,
    (_S.PARTIALLY_FILLED, _E.FILL_PART): _S.PARTIALLY_FILLED,
    (_S.PARTIALLY_FILLED, _E.FILL_ALL): _S.FILLED,
    (_S.PARTIALLY_FILLED, _E.CANCEL): _S.CANCELED,
    (_S.PARTIALLY_FILLED, _E.EXPIRE): _S.EXPIRED,
    # The world really does this: the fill was on its way when the cancel was confirmed.
    (_S.CANCELED, _E.FILL_PART): _S.CANCELED,
    (_S.CANCELED, _E.FILL_ALL): _S.FILLED,
}
# The same table by step: two look-ups by identity, and no pair to be made for them.
ORDER_LIFE_BY_STEP: dict[OrderStep, dict[OrderStatus, OrderStatus]] = {
    step: {before: after for (before, by), after in ORDER_LIFE.items() if by is step} for step in OrderStep
}


class DenyReason(Enum):
    """Why risk refused an intent, in the order in which it is checked: the track's own limits, then those that all live tracks of the account share."""

    MALFORMED = "MALFORMED"
    NO_PRICE = "NO_PRICE"
    TRACK_HALTED = "TRACK_HALTED"
    MARKET_CLOSED = "MARKET_CLOSED"
    STALE_PRICE = "STALE_PRICE"
    QTY_BELOW_MIN = "QTY_BELOW_MIN"
    QTY_ABOVE_MAX = "QTY_ABOVE_MAX"
    NOTIONAL_BELOW_MIN = "NOTIONAL_BELOW_MIN"
    FAT_FINGER = "FAT_FINGER"
    DUPLICATE = "DUPLICATE"
    ORDERS_PER_MINUTE = "ORDERS_PER_MINUTE"
    OPEN_ORDERS = "OPEN_ORDERS"
    NOTHING_TO_REDUCE = "NOTHING_TO_REDUCE"
    SHORT_NOT_ALLOWED = "SHORT_NOT_ALLOWED"
    NO_RATE = "NO_RATE"
    ORDER_SIZE = "ORDER_SIZE"
    GROSS_EXPOSURE = "GROSS_EXPOSURE"
    NET_EXPOSURE = "NET_EXPOSURE"
    INSUFFICIENT_FUNDS = "INSUFFICIENT_FUNDS"
    LEVERAGE = "LEVERAGE"
    MARGIN = "MARGIN"
    DAILY_LOSS = "DAILY_LOSS"
    DRAWDOWN = "DRAWDOWN"
    ACCOUNT_DAILY_LOSS = "ACCOUNT_DAILY_LOSS"
    OPPOSING_ORDER = "OPPOSING_ORDER"
    ACCOUNT_OPEN_ORDERS = "ACCOUNT_OPEN_ORDERS"
    ACCOUNT_GROSS_EXPOSURE = "ACCOUNT_GROSS_EXPOSURE"
    ACCOUNT_NET_EXPOSURE = "ACCOUNT_NET_EXPOSURE"
    STACKED_POSITIONS = "STACKED_POSITIONS"


class RejectReason(Enum):
    """Why a venue (or the simulated one) rejected or expired an order at arrival.

    ``NOT_CONNECTED`` alone is no answer of the venue: the order never left. ``CLOCK``: its timestamp was outside the venue's window.
    """

    WOULD_TAKE = "WOULD_TAKE"
    WOULD_TRIGGER_IMMEDIATELY = "WOULD_TRIGGER_IMMEDIATELY"
    REDUCE_ONLY = "REDUCE_ONLY"
    INSUFFICIENT_BALANCE = "INSUFFICIENT_BALANCE"
    IOC_REST = "IOC_REST"
    FOK_UNFILLED = "FOK_UNFILLED"
    NO_LIQUIDITY = "NO_LIQUIDITY"
    SELF_TRADE = "SELF_TRADE"
    FILTER = "FILTER"
    RATE_LIMIT = "RATE_LIMIT"
    MARKET_CLOSED = "MARKET_CLOSED"
    OVERLOADED = "OVERLOADED"
    CLOCK = "CLOCK"
    NOT_CONNECTED = "NOT_CONNECTED"


class Approved(msgspec.Struct, frozen=True, gc=False):
    """Risk's yes: the order that may be sent."""

    order: Order


class Refused(msgspec.Struct, frozen=True, gc=False):
    """Risk's no: the reason and, in words, the limit and what was found."""

    intent: OrderIntent
    reason: DenyReason
    detail: str
