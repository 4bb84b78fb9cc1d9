"""The pre-trade check of one account: an intent goes in, `None` or a reason comes out, the first that fails, in table order.

Fractions of equity are compared as integers, so the answer is exact. The account is asked only for what a check needs.
"""

from __future__ import annotations

from collections import deque
from decimal import Decimal
from fractions import Fraction
from math import ceil, gcd
from typing import Final

from genesis.clock import NS_PER_MINUTE
from genesis.model.grid import EXACT, FLOOR, plain
from genesis.model.instruments import Calendar, Instrument, InstrumentKind
from genesis.model.orders import DenyReason, OrderIntent, OrderType, Side, TimeInForce
from genesis.risk.limits import Limits
from genesis.risk.tiers import Tier

_PARTS: Final = 10**6
_BUY: Final = Side.BUY
_MARKET: Final = OrderType.MARKET
_GTC: Final = TimeInForce.GTC
_NOTHING: Final = "expected a position to reduce, found none"


class Account:
    """What the gate asks of the account it guards. Values are integers in ledger units of the quote currency.

    A base class and no protocol: a compiled gate calls its methods directly.
    """

    @property
    def now(self) -> int:
        """Engine time."""
        raise NotImplementedError

    def entries_forbidden(self) -> str | None:
        """Why no new entry may be made (halted, stopped, a loss limit), or ``None``."""
        raise NotImplementedError

    def price_to_judge(self, instrument: Instrument, sign: int) -> int | None:
        """Ticks a taker of this side faces now."""
        raise NotImplementedError

    def mid_x2(self, instrument: Instrument) -> int | None:
        """Ticks of twice the mid; ``None`` where no bid and ask are shown."""
        raise NotImplementedError

    def price_age_ns(self, instrument: Instrument) -> int:
        """How old the price that is judged is."""
        raise NotImplementedError

    def market_open(self, instrument: Instrument) -> bool:
        """Whether the instrument's market is open."""
        raise NotImplementedError

    def value(self, instrument: Instrument, ticks: int, lots: int) -> int:
        """What ``lots`` lots are worth at ``ticks``."""
        raise NotImplementedError

    def position_lots(self, instrument: Instrument) -> int:
        """Signed whole lots held."""
        raise NotImplementedError

    def working_lots_on(self, instrument: Instrument, sign: int) -> int:
        """Lots of open orders of one side."""
        raise NotImplementedError

    def market_lots_on(self, instrument: Instrument, sign: int) -> int:
        """Lots of open market orders of one side: what nothing but the way to the venue holds up."""
        raise NotImplementedError

    def open_order_count(self) -> int:
        """Orders that have not ended."""
        raise NotImplementedError

    def same_in_flight(self, intent: OrderIntent) -> bool:
        """Whether an identical order is sent and not yet acknowledged."""
        raise NotImplementedError

    def free_cash(self) -> int:
        """Cash less what open buy orders may still need."""
        raise NotImplementedError

    def money(self, units: int) -> str:
        """An amount of the quote currency in words, with its currency."""
        raise NotImplementedError

    def standing(self) -> tuple[int, int]:
        """(equity, gross): gross is the value of all positions and of open orders that would add to them."""
        raise NotImplementedError

    def fee_bound(self, value: int) -> int:
        """The highest fee on a trade of this value."""
        raise NotImplementedError

    def margin_problem(self, instrument: Instrument, lots: int, ticks: int) -> tuple[DenyReason, str] | None:
        """Why the account's margin cannot bear signed ``lots`` more of a perpetual at ``ticks``."""
        raise NotImplementedError

    def valuation_problem(self) -> str | None:
        """Why the account cannot be valued now; asked of an account of several moneys alone, as are the next three."""
        raise NotImplementedError

    def shortfall(self, instrument: Instrument, lots: int, ticks: int) -> str | None:
        """Why ``lots`` cannot be bought at ``ticks`` with what is free of the quote, in words."""
        raise NotImplementedError

    def free_lots(self, instrument: Instrument) -> int:
        """Whole lots of the base asset that are owned, wherever they came from, and bound by no open order."""
        raise NotImplementedError

    def kept_as_margin(self, instrument: Instrument, lots: int) -> str | None:
        """Why a sale of ``lots`` would take what perpetuals keep of the base asset, in words."""
        raise NotImplementedError


class _Rules:
    """An instrument's minima and maxima as integers, so that an order within them costs three comparisons."""

    __slots__ = ("always_open", "instrument", "lots_max", "lots_min", "notional_min", "perpetual", "short_allowed")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.lots_min = _least(instrument.min_qty, instrument.lot)
        self.lots_max = None if instrument.max_qty is None else instrument.qty_grid.round(instrument.max_qty, FLOOR)
        # In ticks times lots.
        self.notional_min = _least(instrument.min_notional, EXACT.multiply(instrument.tick, instrument.lot))
        self.always_open = instrument.calendar is Calendar.ALWAYS
        self.short_allowed = instrument.short_allowed
        self.perpetual = instrument.kind is InstrumentKind.PERPETUAL


class RiskGate:
    """Checks intents of one account against its tier and limits."""

    __slots__ = (
        "_fat",
        "_gross",
        "_last_rules",
        "_limits",
        "_net",
        "_open_max",
        "_order",
        "_per_minute",
        "_rules",
        "_stale",
        "_times",
        "tier",
    )

    def __init__(self, tier: Tier, limits: Limits) -> None:
        self.tier = tier
        self._limits = limits
        self._fat = _parts(limits.fat_finger)
        self._order = _parts(tier.order_max)
        self._gross = _parts(tier.gross_exposure_max)
        self._net = None if limits.net_exposure_max is None else _parts(limits.net_exposure_max)
        self._open_max, self._per_minute = tier.open_orders_max, limits.orders_per_minute
        self._stale = limits.stale_after_ns
        self._times: deque[int] = deque()
        self._rules: dict[str, _Rules] = {}
        self._last_rules: _Rules | None = None

    def check(self, intent: OrderIntent, account: Account) -> tuple[DenyReason, str] | None:
        """The first reason against the intent, with the limit and what was found; ``None`` when it may be sent."""
        instrument, lots, limit = intent.instrument, intent.lots, intent.limit_ticks
        sign = 1 if intent.side is _BUY else -1
        if intent.type is not _MARKET or not _is_plain(intent, lots, limit):
            problem = intent.problem()
            if problem is not None:
                return DenyReason.MALFORMED, problem
        touch = account.price_to_judge(instrument, sign)
        if touch is None:
            return DenyReason.NO_PRICE, f"{instrument.id}: expected a price, found none yet"
        rules = self._rules_of(instrument)
        judged = limit or intent.trigger_ticks or touch
        held = account.position_lots(instrument)
        closes = (held < 0 < sign or sign < 0 < held) and (lots <= abs(held) or intent.reduce_only)
        sent = reduces = closes
        if closes and rules.short_allowed and not intent.reduce_only:
            # Other exits may be under way: together they must not open what none of them opens alone.
            sent = lots + account.market_lots_on(instrument, sign) <= abs(held)
            reduces = lots + account.working_lots_on(instrument, sign) <= abs(held)
        refusal = self._market(instrument, account, sent, rules)
        if refusal is None and (
            lots < rules.lots_min
            or (rules.lots_max is not None and lots > rules.lots_max)
            or judged * lots < rules.notional_min
        ):
            refusal = self._size(intent, judged)
        if refusal is None and limit is not None:
            refusal = self._price(intent, account.mid_x2(instrument) or 2 * touch)
        if refusal is None:
            refusal = self._traffic(intent, account)
        if refusal is None and ((sign < 0 and not rules.short_allowed) or intent.reduce_only):
            refusal = self._holdings(intent, account, held, sign)
        if refusal is None and not reduces:
            refusal = self._exposure(instrument, lots, sign, account, judged, held, closes, rules)
        return refusal

    def _rules_of(self, instrument: Instrument) -> _Rules:
        last = self._last_rules
        if last is not None and last.instrument is instrument:
            return last
        rules = self._rules.get(instrument.id)
        if rules is None:
            rules = self._rules[instrument.id] = _Rules(instrument)
        self._last_rules = rules
        return rules

    def sent(self, now: int) -> None:
        """Remember that an order was sent, for the cap on orders a minute."""
        self._times.append(now)

    # ---- the checks, in order

    def _market(
        self, instrument: Instrument, account: Account, closes: bool, rules: _Rules
    ) -> tuple[DenyReason, str] | None:
        forbidden = None if closes else account.entries_forbidden()
        if forbidden is not None:
            return DenyReason.TRACK_HALTED, forbidden
        if not rules.always_open and not account.market_open(instrument):
            return DenyReason.MARKET_CLOSED, f"{instrument.id}: expected an open market, found it closed"
        stale = self._stale
        if stale is not None and account.price_age_ns(instrument) > stale:
            age = account.price_age_ns(instrument)
            return DenyReason.STALE_PRICE, f"expected a price younger than {stale} ns, found {age} ns"
        return None

    def _size(self, intent: OrderIntent, judged: int) -> tuple[DenyReason, str] | None:
        instrument = intent.instrument
        qty = instrument.qty_grid.to_decimal(intent.lots)
        if qty < instrument.min_qty:
            return DenyReason.QTY_BELOW_MIN, f"expected at least {instrument.min_qty}, found {qty}"
        if instrument.max_qty is not None and qty > instrument.max_qty:
            return DenyReason.QTY_ABOVE_MAX, f"expected at most {instrument.max_qty}, found {qty}"
        if instrument.min_notional and not intent.reduce_only:
            notional = EXACT.multiply(instrument.price_grid.to_decimal(judged), qty)
            if notional < instrument.min_notional:
                return DenyReason.NOTIONAL_BELOW_MIN, f"expected at least {instrument.min_notional}, found {notional}"
        return None

    def _price(self, intent: OrderIntent, mid_x2: int) -> tuple[DenyReason, str] | None:
        """A limit far from the market as it is when the order begins to work: now, or where its trigger is met."""
        limit, trigger = intent.limit_ticks, intent.trigger_ticks
        around = mid_x2 if trigger is None else 2 * trigger
        if limit is None or not _exceeds(abs(2 * limit - around), around, self._fat):
            return None
        grid = intent.instrument.price_grid
        where = "with the market at" if trigger is None else "with its trigger at"
        found = f"found {grid.to_text(limit)} {where} {plain(EXACT.divide(grid.to_decimal(around), Decimal(2)))}"
        of = "the market" if trigger is None else "its trigger"
        return DenyReason.FAT_FINGER, f"expected a limit within {self._limits.fat_finger:%} of {of}, {found}"

    def _traffic(self, intent: OrderIntent, account: Account) -> tuple[DenyReason, str] | None:
        found = account.open_order_count()
        if found and account.same_in_flight(intent):
            return DenyReason.DUPLICATE, "expected a new order, found the same one sent and not yet acknowledged"
        times, oldest = self._times, account.now - NS_PER_MINUTE
        while times and times[0] <= oldest:
            times.popleft()
        if len(times) >= self._per_minute:
            return DenyReason.ORDERS_PER_MINUTE, f"expected at most {self._per_minute} a minute"
        if found >= self._open_max:
            return DenyReason.OPEN_ORDERS, f"expected fewer than {self._open_max} open, found {found}"
        return None

    def _holdings(self, intent: OrderIntent, account: Account, held: int, sign: int) -> tuple[DenyReason, str] | None:
        """Whether there is what is to be reduced or, as no more than is held may be, sold."""
        if intent.reduce_only:
            return (DenyReason.NOTHING_TO_REDUCE, _NOTHING) if held * sign >= 0 else None
        free = held - account.working_lots_on(intent.instrument, -1)
        return _short(intent, free) if intent.lots > free else None

    def _exposure(
        self,
        instrument: Instrument,
        lots: int,
        sign: int,
        account: Account,
        judged: int,
        held: int,
        closes: bool,
        rules: _Rules,
    ) -> tuple[DenyReason, str] | None:
        equity, gross = account.standing()
        value = account.value(instrument, judged, lots)
        if not closes and _exceeds(value, equity, self._order):
            return DenyReason.ORDER_SIZE, _share(value, equity, self.tier.order_max, "an order")
        after = abs(held + sign * lots)
        gross += value if not held else account.value(instrument, judged, after - abs(held))
        if _exceeds(gross, equity, self._gross):
            return DenyReason.GROSS_EXPOSURE, _share(gross, equity, self.tier.gross_exposure_max, "gross exposure")
        net = 0 if self._net is None else account.value(instrument, judged, after)
        if self._net is not None and _exceeds(net, equity, self._net):
            limit = self._limits.net_exposure_max or Decimal(0)
            return DenyReason.NET_EXPOSURE, _share(net, equity, limit, "net exposure per asset")
        if sign > 0 and not rules.short_allowed:
            refusal = self._funds(instrument, lots, judged, value, account)
            if refusal is not None:
                return refusal
        return account.margin_problem(instrument, sign * lots, judged) if rules.perpetual else None

    def _funds(
        self, instrument: Instrument, lots: int, judged: int, value: int, account: Account
    ) -> tuple[DenyReason, str] | None:
        need = value + account.fee_bound(value)
        free = account.free_cash()
        if need > free:
            return DenyReason.INSUFFICIENT_FUNDS, f"expected {account.money(need)} free, found {account.money(free)}"
        return None


class SeveralMoneysGate(RiskGate):
    """Checks intents of an account of several moneys: shares of equity need a valuation, a buy needs the money it is paid in.

    What may be sold on spot is what is owned of the asset, not what this instrument bought, and what no perpetual keeps as margin.
    """

    def _holdings(self, intent: OrderIntent, account: Account, held: int, sign: int) -> tuple[DenyReason, str] | None:
        if intent.reduce_only and held * sign >= 0:
            return DenyReason.NOTHING_TO_REDUCE, _NOTHING
        if sign > 0 or intent.instrument.short_allowed:
            return None
        kept = account.kept_as_margin(intent.instrument, min(intent.lots, held) if intent.reduce_only else intent.lots)
        if kept is not None:
            return DenyReason.MARGIN, kept
        free = intent.lots if intent.reduce_only else account.free_lots(intent.instrument)
        return _short(intent, free) if intent.lots > free else None

    def _exposure(
        self,
        instrument: Instrument,
        lots: int,
        sign: int,
        account: Account,
        judged: int,
        held: int,
        closes: bool,
        rules: _Rules,
    ) -> tuple[DenyReason, str] | None:
        problem = account.valuation_problem()
        if problem is not None:
            return DenyReason.NO_RATE, problem
        return super()._exposure(instrument, lots, sign, account, judged, held, closes, rules)

    def _funds(
        self, instrument: Instrument, lots: int, judged: int, value: int, account: Account
    ) -> tuple[DenyReason, str] | None:
        short = account.shortfall(instrument, lots, judged)
        return None if short is None else (DenyReason.INSUFFICIENT_FUNDS, short)


def _short(intent: OrderIntent, free: int) -> tuple[DenyReason, str]:
    text = intent.instrument.qty_grid.to_text
    return (
        DenyReason.SHORT_NOT_ALLOWED,
        f"expected at most {text(max(0, free))} held and free, found {text(intent.lots)}",
    )


def _is_plain(intent: OrderIntent, lots: int, limit: int | None) -> bool:
    """A market order with nothing beside it: most orders, and nothing in them can be malformed."""
    return (
        lots > 0
        and limit is None
        and intent.time_in_force is _GTC
        and intent.trigger_ticks is None
        and intent.trailing_bp is None
        and not intent.post_only
    )


def _parts(fraction: Decimal) -> tuple[int, int]:
    """A fraction in millionths, in lowest terms: its products with amounts mostly stay within a machine word."""
    parts = int(EXACT.multiply(fraction, Decimal(_PARTS)))
    common = gcd(parts, _PARTS)
    return parts // common, _PARTS // common


def _exceeds(value: int, whole: int, limit: tuple[int, int]) -> bool:
    return value * limit[1] > whole * limit[0]


def _least(amount: Decimal, step: Decimal) -> int:
    """The least number of steps that is not under ``amount``."""
    return ceil(Fraction(amount) / Fraction(step))


def _share(value: int, equity: int, limit: Decimal, what: str) -> str:
    found = "equity that is not positive" if equity <= 0 else f"{value * 10_000 // equity / 100:.2f} %"
    return f"expected {what} of at most {limit:%} of equity, found {found}"
