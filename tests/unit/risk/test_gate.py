"""Every pre-trade check at its bound: what just passes, what just does not, and which of several reasons is given."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from genesis.clock import NS_PER_MINUTE
from genesis.model.instruments import Calendar, Instrument, InstrumentKind
from genesis.model.orders import DenyReason, OrderIntent, OrderType, Side, TimeInForce
from genesis.risk.gate import Account, RiskGate, SeveralMoneysGate
from genesis.risk.limits import Limits
from genesis.risk.tiers import Tier

# A tick times a lot is one ledger unit, so values can be read off: 10 lots at 100 ticks are 1,000 units.
RULES: dict[str, Any] = {"min_qty": Decimal(2), "max_qty": Decimal(500), "min_notional": Decimal(1_000)}
FX = Instrument("AB", "X", "A", "B", Decimal(1), Decimal(1), InstrumentKind.FX, calendar=Calendar.FX, **RULES)
SPOT = Instrument("CB", "X", "C", "B", Decimal(1), Decimal(1), **RULES)
PERPETUAL = Instrument("PB", "X", "P", "B", Decimal(1), Decimal(1), InstrumentKind.PERPETUAL, **RULES)
TIER = Tier(
    name="t",
    from_usd=Decimal(0),
    strategies=1,
    budget_max=Decimal(1),
    order_max=Decimal("0.1"),
    gross_exposure_max=Decimal("0.5"),
    leverage=None,
    open_orders_max=3,
    daily_loss_max=Decimal("0.05"),
    drawdown_halt=Decimal("0.2"),
)
LIMITS = Limits(fat_finger=Decimal("0.05"), orders_per_minute=2, stale_after_ns=5, net_exposure_max=Decimal("0.2"))


@dataclass
class Told(Account):
    """An account that answers as it is told: 100,000 units of equity, in cash, the market at 100."""

    equity: int = 100_000
    gross: int = 0
    touch: int | None = 100
    twice_mid: int | None = None
    age_ns: int = 0
    is_open: bool = True
    forbidden: str | None = None
    held: int = 0
    working: dict[int, int] = field(default_factory=dict)
    market: dict[int, int] = field(default_factory=dict)
    orders: int = 0
    same: bool = False
    cash: int = 100_000
    fee_part: int = 1_000
    margin: tuple[DenyReason, str] | None = None
    rate: str | None = None
    short_of: str | None = None
    kept: str | None = None
    owned: int = 0
    at: int = 0

    @property
    def now(self) -> int:
        return self.at

    def entries_forbidden(self) -> str | None:
        return self.forbidden

    def price_to_judge(self, instrument: Instrument, sign: int) -> int | None:
        return self.touch

    def mid_x2(self, instrument: Instrument) -> int | None:
        return self.twice_mid

    def price_age_ns(self, instrument: Instrument) -> int:
        return self.age_ns

    def market_open(self, instrument: Instrument) -> bool:
        return self.is_open

    def value(self, instrument: Instrument, ticks: int, lots: int) -> int:
        return ticks * lots

    def position_lots(self, instrument: Instrument) -> int:
        return self.held

    def working_lots_on(self, instrument: Instrument, sign: int) -> int:
        return self.working.get(sign, 0)

    def market_lots_on(self, instrument: Instrument, sign: int) -> int:
        return self.market.get(sign, 0)

    def open_order_count(self) -> int:
        return self.orders

    def same_in_flight(self, intent: OrderIntent) -> bool:
        return self.same

    def free_cash(self) -> int:
        return self.cash

    def money(self, units: int) -> str:
        return f"{units} USDT"

    def standing(self) -> tuple[int, int]:
        return self.equity, self.gross

    def fee_bound(self, value: int) -> int:
        return value // self.fee_part

    def margin_problem(self, instrument: Instrument, lots: int, ticks: int) -> tuple[DenyReason, str] | None:
        return None if self.margin is None else (self.margin[0], self.margin[1].format(lots, ticks))

    def valuation_problem(self) -> str | None:
        return self.rate

    def shortfall(self, instrument: Instrument, lots: int, ticks: int) -> str | None:
        return self.short_of

    def free_lots(self, instrument: Instrument) -> int:
        return self.owned

    def kept_as_margin(self, instrument: Instrument, lots: int) -> str | None:
        return None if self.kept is None else self.kept.format(lots)


def why(
    lots: int,
    instrument: Instrument = FX,
    side: Side = Side.BUY,
    limits: Limits = LIMITS,
    how: dict[str, Any] | None = None,
    **account: Any,
) -> DenyReason | None:
    """The reason against an order of an account that differs from the plain one as told."""
    refusal = RiskGate(TIER, limits).check(OrderIntent(instrument, side, lots, **(how or {})), Told(**account))
    return None if refusal is None else refusal[0]


LONG, SHORT = {"held": 50, "gross": 5_000}, {"held": -50, "gross": 5_000}
TABLE: list[tuple[str, dict[str, Any], dict[str, Any], DenyReason]] = [
    # what, just allowed, just not, the reason
    ("a price", {"lots": 20}, {"lots": 20, "touch": None}, DenyReason.NO_PRICE),
    ("a halt", {"lots": 20}, {"lots": 20, "forbidden": "halted"}, DenyReason.TRACK_HALTED),
    (
        "a halt and a close",
        {"lots": 50, "side": Side.SELL, "forbidden": "halted", **LONG},
        {"lots": 51, "side": Side.SELL, "forbidden": "halted", **LONG},
        DenyReason.TRACK_HALTED,
    ),
    (
        "a halt and a close beside another",
        {"lots": 20, "side": Side.SELL, "forbidden": "halted", "market": {-1: 30}, **LONG},
        {"lots": 20, "side": Side.SELL, "forbidden": "halted", "market": {-1: 31}, **LONG},
        DenyReason.TRACK_HALTED,
    ),
    (
        "a halt and a reduction of more than is held",
        {"lots": 80, "side": Side.SELL, "forbidden": "halted", "how": {"reduce_only": True}, **LONG},
        {"lots": 80, "side": Side.SELL, "forbidden": "halted", **LONG},
        DenyReason.TRACK_HALTED,
    ),
    (
        "a halt and a close of what is owed",
        {"lots": 50, "forbidden": "halted", **SHORT},
        {"lots": 51, "forbidden": "halted", **SHORT},
        DenyReason.TRACK_HALTED,
    ),
    (
        "a halt and a close of what is owed beside another",
        {"lots": 20, "forbidden": "halted", "market": {1: 30}, **SHORT},
        {"lots": 20, "forbidden": "halted", "market": {1: 31}, **SHORT},
        DenyReason.TRACK_HALTED,
    ),
    (
        "a halt and more of what is held",
        {"lots": 20, "side": Side.SELL, "forbidden": "halted", **LONG},
        {"lots": 20, "side": Side.BUY, "forbidden": "halted", **LONG},
        DenyReason.TRACK_HALTED,
    ),
    (
        "a halt and more of what is owed",
        {"lots": 20, "side": Side.BUY, "forbidden": "halted", **SHORT},
        {"lots": 20, "side": Side.SELL, "forbidden": "halted", **SHORT},
        DenyReason.TRACK_HALTED,
    ),
    (
        "a halt and a reduction of the last lot",
        {"lots": 2, "side": Side.SELL, "forbidden": "halted", "held": 1, "how": {"reduce_only": True}},
        {"lots": 2, "side": Side.SELL, "forbidden": "halted", "how": {"reduce_only": True}},
        DenyReason.TRACK_HALTED,
    ),
    (
        "a halt and a reduction of the last lot that is owed",
        {"lots": 2, "forbidden": "halted", "held": -1, "how": {"reduce_only": True}},
        {"lots": 2, "forbidden": "halted", "how": {"reduce_only": True}},
        DenyReason.TRACK_HALTED,
    ),
    ("a closed market", {"lots": 20}, {"lots": 20, "is_open": False}, DenyReason.MARKET_CLOSED),
    (
        "a closed market and what spot holds",
        {"lots": 20, "instrument": SPOT, "side": Side.SELL, **LONG},
        {"lots": 20, "instrument": replace(SPOT, calendar=Calendar.FX), "side": Side.SELL, "is_open": False, **LONG},
        DenyReason.MARKET_CLOSED,
    ),
    ("a price's age", {"lots": 20, "age_ns": 5}, {"lots": 20, "age_ns": 6}, DenyReason.STALE_PRICE),
    (
        "the least quantity",
        {"lots": 2, "touch": 500},
        {"lots": 1, "touch": 1_000},
        DenyReason.QTY_BELOW_MIN,
    ),
    (
        "the largest quantity",
        {"lots": 500, "touch": 5},
        {"lots": 501, "touch": 5},
        DenyReason.QTY_ABOVE_MAX,
    ),
    ("the least notional", {"lots": 10}, {"lots": 9}, DenyReason.NOTIONAL_BELOW_MIN),
    (
        "the least notional at its limit",
        {"lots": 10, "how": {"type": OrderType.LIMIT, "limit_ticks": 100}},
        {"lots": 10, "how": {"type": OrderType.LIMIT, "limit_ticks": 99}},
        DenyReason.NOTIONAL_BELOW_MIN,
    ),
    (
        "the least notional at its trigger",
        {"lots": 10, "how": {"type": OrderType.STOP, "trigger_ticks": 100}},
        {"lots": 10, "how": {"type": OrderType.STOP, "trigger_ticks": 99}},
        DenyReason.NOTIONAL_BELOW_MIN,
    ),
    (
        "the least notional of a reduction",
        {"lots": 9, "side": Side.SELL, "how": {"reduce_only": True}, **LONG},
        {"lots": 9, "side": Side.SELL, **LONG},
        DenyReason.NOTIONAL_BELOW_MIN,
    ),
    (
        "a limit above the market",
        {"lots": 20, "how": {"type": OrderType.LIMIT, "limit_ticks": 105}},
        {"lots": 20, "how": {"type": OrderType.LIMIT, "limit_ticks": 106}},
        DenyReason.FAT_FINGER,
    ),
    (
        "a limit below the market",
        {"lots": 20, "side": Side.SELL, "how": {"type": OrderType.LIMIT, "limit_ticks": 95}},
        {"lots": 20, "side": Side.SELL, "how": {"type": OrderType.LIMIT, "limit_ticks": 94}},
        DenyReason.FAT_FINGER,
    ),
    (
        "a limit above the mid, which the spread puts under the ask",
        {"lots": 20, "twice_mid": 181, "how": {"type": OrderType.LIMIT, "limit_ticks": 95}},
        {"lots": 20, "twice_mid": 180, "how": {"type": OrderType.LIMIT, "limit_ticks": 95}},
        DenyReason.FAT_FINGER,
    ),
    (
        "a limit above its trigger, wherever the market is",
        {"lots": 20, "how": {"type": OrderType.STOP_LIMIT, "trigger_ticks": 140, "limit_ticks": 147}},
        {"lots": 20, "how": {"type": OrderType.STOP_LIMIT, "trigger_ticks": 140, "limit_ticks": 148}},
        DenyReason.FAT_FINGER,
    ),
    (
        "a limit below its trigger",
        {
            "lots": 20,
            "side": Side.SELL,
            "how": {"type": OrderType.TAKE_PROFIT_LIMIT, "trigger_ticks": 120, "limit_ticks": 114},
        },
        {
            "lots": 20,
            "side": Side.SELL,
            "how": {"type": OrderType.TAKE_PROFIT_LIMIT, "trigger_ticks": 120, "limit_ticks": 113},
        },
        DenyReason.FAT_FINGER,
    ),
    ("the same again", {"lots": 20, "orders": 1}, {"lots": 20, "orders": 1, "same": True}, DenyReason.DUPLICATE),
    ("open orders", {"lots": 20, "orders": 2}, {"lots": 20, "orders": 3}, DenyReason.OPEN_ORDERS),
    (
        "a reduction of something",
        {"lots": 20, "side": Side.SELL, "how": {"reduce_only": True}, **LONG},
        {"lots": 20, "side": Side.SELL, "how": {"reduce_only": True}},
        DenyReason.NOTHING_TO_REDUCE,
    ),
    (
        "a reduction on the side that is held",
        {"lots": 20, "side": Side.SELL, "how": {"reduce_only": True}, **LONG},
        {"lots": 20, "side": Side.BUY, "how": {"reduce_only": True}, **LONG},
        DenyReason.NOTHING_TO_REDUCE,
    ),
    (
        "what spot holds",
        {"lots": 50, "instrument": SPOT, "side": Side.SELL, **LONG},
        {"lots": 51, "instrument": SPOT, "side": Side.SELL, **LONG},
        DenyReason.SHORT_NOT_ALLOWED,
    ),
    (
        "what spot holds free",
        {"lots": 30, "instrument": SPOT, "side": Side.SELL, "working": {-1: 20}, **LONG},
        {"lots": 31, "instrument": SPOT, "side": Side.SELL, "working": {-1: 20}, **LONG},
        DenyReason.SHORT_NOT_ALLOWED,
    ),
    ("an order's size", {"lots": 100}, {"lots": 101}, DenyReason.ORDER_SIZE),
    (
        "an order's size at its limit",
        {"lots": 98, "how": {"type": OrderType.LIMIT, "limit_ticks": 102}},
        {"lots": 99, "how": {"type": OrderType.LIMIT, "limit_ticks": 102}},
        DenyReason.ORDER_SIZE,
    ),
    (
        "a close of any size",
        {"lots": 200, "side": Side.SELL, "held": 200, "gross": 20_000},
        {"lots": 201, "side": Side.SELL, "held": 200, "gross": 20_000},
        DenyReason.ORDER_SIZE,
    ),
    ("gross exposure", {"lots": 100, "gross": 40_000}, {"lots": 100, "gross": 40_001}, DenyReason.GROSS_EXPOSURE),
    (
        "gross exposure after a turn",
        {"lots": 100, "side": Side.SELL, "held": 40, "gross": 48_000},
        {"lots": 100, "side": Side.SELL, "held": 40, "gross": 48_001},
        DenyReason.GROSS_EXPOSURE,
    ),
    (
        "gross exposure after a turn to long",
        {"lots": 100, "held": -40, "gross": 48_000},
        {"lots": 100, "held": -40, "gross": 48_001},
        DenyReason.GROSS_EXPOSURE,
    ),
    (
        "a close of what is owed that all others leave room for",
        {"lots": 10, "held": -220, "gross": 22_000, "working": {1: 210}},
        {"lots": 10, "held": -220, "gross": 22_000, "working": {1: 211}},
        DenyReason.NET_EXPOSURE,
    ),
    (
        "the largest quantity, where there is one",
        {"lots": 501, "touch": 5, "instrument": replace(FX, max_qty=None)},
        {"lots": 501, "touch": 5},
        DenyReason.QTY_ABOVE_MAX,
    ),
    (
        "net exposure of one asset",
        {"lots": 100, "held": 100, "gross": 10_000},
        {"lots": 100, "held": 101, "gross": 10_100},
        DenyReason.NET_EXPOSURE,
    ),
    (
        "a close under net exposure, beside another",
        {"lots": 20, "side": Side.SELL, "held": 220, "gross": 22_000, "working": {-1: 201}},
        {"lots": 10, "side": Side.SELL, "held": 220, "gross": 22_000, "working": {-1: 211}},
        DenyReason.NET_EXPOSURE,
    ),
    (
        "a close that all others leave room for",
        {"lots": 10, "side": Side.SELL, "held": 220, "gross": 22_000, "working": {-1: 210}},
        {"lots": 10, "side": Side.SELL, "held": 220, "gross": 22_000, "working": {-1: 211}},
        DenyReason.NET_EXPOSURE,
    ),
    (
        "the least quantity between two lots",
        {"lots": 3, "instrument": replace(FX, lot=Decimal("0.1"), min_qty=Decimal("0.25"), min_notional=Decimal(0))},
        {"lots": 2, "instrument": replace(FX, lot=Decimal("0.1"), min_qty=Decimal("0.25"), min_notional=Decimal(0))},
        DenyReason.QTY_BELOW_MIN,
    ),
    (
        "the least notional of the least quantity",
        {"lots": 2, "touch": 500},
        {"lots": 2, "touch": 499},
        DenyReason.NOTIONAL_BELOW_MIN,
    ),
    (
        "the least notional of the largest quantity",
        {"lots": 500, "touch": 2},
        {"lots": 500, "touch": 1},
        DenyReason.NOTIONAL_BELOW_MIN,
    ),
    (
        "free cash with the fee",
        {"lots": 100, "instrument": SPOT, "cash": 10_010},
        {"lots": 100, "instrument": SPOT, "cash": 10_009},
        DenyReason.INSUFFICIENT_FUNDS,
    ),
    (
        "margin",
        {"lots": 100, "margin": (DenyReason.MARGIN, "none left")},
        {"lots": 100, "instrument": PERPETUAL, "margin": (DenyReason.MARGIN, "none left")},
        DenyReason.MARGIN,
    ),
]


@pytest.mark.parametrize(("what", "allowed", "denied", "reason"), TABLE, ids=[row[0] for row in TABLE])
def test_each_check_holds_at_its_bound(
    what: str, allowed: dict[str, Any], denied: dict[str, Any], reason: DenyReason
) -> None:
    """One step on this side is sent, one step beyond is refused for this reason and no other."""
    assert (why(**allowed), why(**denied)) == (None, reason)


@pytest.mark.parametrize(
    ("order_max", "equity", "lots", "touch", "allowed"),
    [
        ("0.15", 100_000, 150, 100, True),
        ("0.15", 100_000, 151, 100, False),
        ("0.012345", 1_000_000, 15, 823, True),
        ("0.012345", 1_000_000, 2, 6_173, False),
        # What is finer than a millionth is cut, so that no more is allowed than is said.
        ("0.0123459", 10_000_000, 5, 24_690, True),
        ("0.0123459", 10_000_000, 5, 24_691, False),
    ],
)
def test_a_share_of_equity_is_counted_in_millionths(
    order_max: str, equity: int, lots: int, touch: int, allowed: bool
) -> None:
    """15 % of 100,000 are 15,000; 12,345 millionths of a million are 12,345, and one unit more is too much."""
    gate = RiskGate(msgspec.structs.replace(TIER, order_max=Decimal(order_max)), LIMITS)
    refusal = gate.check(OrderIntent(FX, Side.BUY, lots), Told(equity=equity, touch=touch))
    assert (refusal is None) is allowed
    assert refusal is None or refusal[0] is DenyReason.ORDER_SIZE


def test_free_cash_is_asked_only_of_who_pays_the_price() -> None:
    """A purchase on spot pays; one on margin does not."""
    assert why(20, SPOT, cash=0) is DenyReason.INSUFFICIENT_FUNDS
    assert why(20, FX, cash=0) is None


@pytest.mark.parametrize(
    "how",
    [
        {"type": OrderType.LIMIT},
        {"type": OrderType.MARKET, "limit_ticks": 100},
        {"type": OrderType.MARKET, "trigger_ticks": 100},
        {"type": OrderType.MARKET, "trailing_bp": 10},
        {"type": OrderType.MARKET, "time_in_force": TimeInForce.FOK},
        {"type": OrderType.MARKET, "post_only": True},
    ],
)
def test_what_contradicts_itself_is_malformed(how: dict[str, Any]) -> None:
    """Also where a plain market order would do."""
    assert why(20, how=how) is DenyReason.MALFORMED
    assert why(0) is DenyReason.MALFORMED


def test_orders_of_the_last_minute_are_counted() -> None:
    """Two a minute: the third waits until the first is a whole minute old."""
    gate, intent = RiskGate(TIER, LIMITS), OrderIntent(FX, Side.BUY, 20)
    gate.sent(0)
    gate.sent(7)
    before, after = (gate.check(intent, Told(at=NS_PER_MINUTE - 1)), gate.check(intent, Told(at=NS_PER_MINUTE)))
    assert before is not None
    assert before[0] is DenyReason.ORDERS_PER_MINUTE
    assert after is None


def test_a_gate_keeps_the_rules_of_each_instrument_apart() -> None:
    """Asked of one, then of another, then of the first again."""
    fine = replace_rules(FX, min_qty=Decimal(0), min_notional=Decimal(0))
    gate = RiskGate(TIER, LIMITS)
    answers = [gate.check(OrderIntent(i, Side.BUY, 1), Told()) for i in (FX, fine, FX, fine)]
    assert [a is None for a in answers] == [False, True, False, True]


def replace_rules(instrument: Instrument, **changed: Any) -> Instrument:
    """The same with other minima, under another name."""
    return replace(instrument, symbol="OTHER", **changed)


def test_the_first_reason_in_the_order_of_the_table_is_given() -> None:
    """Everything against it, then one thing less after the other: the reasons come in the order of `DenyReason`."""
    account: dict[str, Any] = {
        "touch": None,
        "forbidden": "halted",
        "is_open": False,
        "age_ns": 6,
        "orders": 3,
        "same": True,
        "equity": 1_000,
        "gross": 900,
        "cash": 0,
    }
    limit = {"type": OrderType.LIMIT, "limit_ticks": 200}
    order: dict[str, Any] = {"lots": 501, "instrument": SPOT, "how": {"type": OrderType.LIMIT}}
    steps: list[dict[str, Any]] = [
        {"how": limit},
        {"touch": 100},
        {"forbidden": None},
        {"age_ns": 5},
        {"lots": 500},
        {"how": {"type": OrderType.LIMIT, "limit_ticks": 105}},
        {"same": False},
        {"orders": 0},
        {"lots": 10, "equity": 10_000, "gross": 9_000, "how": {}},
        {"gross": 0, "held": 100},
        {"held": 0},
    ]
    found = [why(**order, **account)]
    for step in steps:
        for key, value in step.items():
            (order if key in ("lots", "how") else account)[key] = value
        found.append(why(**order, **account))
    assert found == [
        DenyReason.MALFORMED,
        DenyReason.NO_PRICE,
        DenyReason.TRACK_HALTED,
        DenyReason.STALE_PRICE,
        DenyReason.QTY_ABOVE_MAX,
        DenyReason.FAT_FINGER,
        DenyReason.DUPLICATE,
        DenyReason.OPEN_ORDERS,
        DenyReason.ORDER_SIZE,
        DenyReason.GROSS_EXPOSURE,
        DenyReason.NET_EXPOSURE,
        DenyReason.INSUFFICIENT_FUNDS,
    ]
    members = list(DenyReason)
    assert [r for r in members if r in found] == found


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        ({"owned": 20}, None),
        ({"owned": 19}, DenyReason.SHORT_NOT_ALLOWED),
        ({"owned": 0, "held": 50, "how": {"reduce_only": True}}, None),
        ({"owned": 50, "how": {"reduce_only": True}}, DenyReason.NOTHING_TO_REDUCE),
        # What this instrument bought counts for nothing where it is no longer owned.
        ({"owned": 0, "held": 50}, DenyReason.SHORT_NOT_ALLOWED),
        ({"owned": 20, "rate": "no rate"}, DenyReason.NO_RATE),
    ],
)
def test_an_account_of_several_moneys_sells_what_it_owns(account: dict[str, Any], reason: DenyReason | None) -> None:
    """Wherever it came from; and where it cannot be valued nothing that adds to it is sent."""
    told = {k: v for k, v in account.items() if k != "how"}
    intent = OrderIntent(SPOT, Side.SELL, 20, **account.get("how", {}))
    refusal = SeveralMoneysGate(TIER, LIMITS).check(intent, Told(**told))
    assert (None if refusal is None else refusal[0]) is reason


def test_an_account_of_several_moneys_buys_with_what_it_is_paid_in() -> None:
    """The quote that is free decides, whatever the cash of the currency in which it is told."""
    gate, intent = SeveralMoneysGate(TIER, LIMITS), OrderIntent(SPOT, Side.BUY, 20)
    assert gate.check(intent, Told(cash=0)) is None
    assert gate.check(intent, Told(short_of="no USDT")) == (DenyReason.INSUFFICIENT_FUNDS, "no USDT")


@pytest.mark.parametrize(("reduce_only", "asked"), [(False, 40), (True, 30)])
def test_what_margin_keeps_is_not_for_sale(reduce_only: bool, asked: int) -> None:
    """Neither plainly nor reduce-only, where no more than what is held is asked about; a buy is not asked."""
    gate, account = SeveralMoneysGate(TIER, LIMITS), Told(held=30, owned=100, kept="{} of the margin")
    sale = OrderIntent(SPOT, Side.SELL, 40, reduce_only=reduce_only)
    assert gate.check(sale, account) == (DenyReason.MARGIN, f"{asked} of the margin")
    assert gate.check(OrderIntent(SPOT, Side.BUY, 40), account) is None


def test_what_is_no_sale_on_spot_is_asked_neither_for_margin_nor_for_a_price() -> None:
    """A purchase that reduces what is owed, a reduction on margin, and a sale of what is owned but was not bought here."""
    gate = SeveralMoneysGate(TIER, LIMITS)
    owing = OrderIntent(SPOT, Side.BUY, 20, reduce_only=True)
    assert gate.check(owing, Told(held=-20, kept="{} of the margin")) is None
    assert gate.check(OrderIntent(FX, Side.SELL, 20, reduce_only=True), Told(held=20, kept="{}")) is None
    assert gate.check(OrderIntent(SPOT, Side.SELL, 20), Told(owned=20, short_of="no USDT")) is None


def test_a_limit_of_nothing_is_a_limit() -> None:
    """Where no net exposure is allowed the least order is too much, and the refusal says nought per cent."""
    gate = RiskGate(TIER, msgspec.structs.replace(LIMITS, net_exposure_max=Decimal(0)))
    assert gate.check(OrderIntent(FX, Side.BUY, 20), Told()) == (
        DenyReason.NET_EXPOSURE,
        "expected net exposure per asset of at most 0% of equity, found 2.00 %",
    )


def test_margin_is_asked_for_signed_lots_at_the_price_that_is_judged() -> None:
    """100 sold at a limit of 99 are -100 at 99; bought at market they are 100 at 100."""
    gate, account = RiskGate(TIER, LIMITS), Told(margin=(DenyReason.MARGIN, "{} at {}"))
    sale = OrderIntent(PERPETUAL, Side.SELL, 100, OrderType.LIMIT, 99)
    assert gate.check(sale, account) == (DenyReason.MARGIN, "-100 at 99")
    assert gate.check(OrderIntent(PERPETUAL, Side.BUY, 100), account) == (DenyReason.MARGIN, "100 at 100")


def test_a_refusal_says_what_was_expected_and_what_was_found() -> None:
    """In plain numbers of the instrument and per cent of equity."""
    gate = RiskGate(TIER, LIMITS)
    told = [
        gate.check(OrderIntent(FX, Side.BUY, 101), Told()),
        gate.check(OrderIntent(FX, Side.BUY, 100), Told(gross=41_000)),
        gate.check(OrderIntent(FX, Side.BUY, 100), Told(held=110, gross=11_000)),
        gate.check(OrderIntent(FX, Side.BUY, 100), Told(equity=0)),
        gate.check(OrderIntent(FX, Side.BUY, 100), Told(equity=1)),
        gate.check(OrderIntent(FX, Side.BUY, 102), Told(equity=10_000)),
        gate.check(OrderIntent(FX, Side.BUY, 31), Told(equity=30_000)),
        gate.check(OrderIntent(SPOT, Side.SELL, 51), Told(held=50, working={-1: 60})),
        gate.check(OrderIntent(FX, Side.BUY, 20, OrderType.LIMIT, 106), Told()),
    ]
    assert [t and t[1] for t in told] == [
        "expected an order of at most 10% of equity, found 10.10 %",
        "expected gross exposure of at most 50% of equity, found 51.00 %",
        "expected net exposure per asset of at most 20% of equity, found 21.00 %",
        "expected an order of at most 10% of equity, found equity that is not positive",
        "expected an order of at most 10% of equity, found 1000000.00 %",
        "expected an order of at most 10% of equity, found 102.00 %",
        "expected an order of at most 10% of equity, found 10.33 %",
        "expected at most 0 held and free, found 51",
        "expected a limit within 5% of the market, found 106 with the market at 100",
    ]
