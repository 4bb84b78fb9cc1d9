"""Perpetuals worked by hand and against the exchange's published example: funding, margins, liquidation."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.execution.perpetual import Contract, CrossMargin, Held, adverse_mark
from genesis.feeds.files import Format, ReadOptions, read
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import EXAMPLE_TIERS, MarginSchedule, MarginTier, margin_schedule
from genesis.model.mark_prices import mark_grid
from genesis.model.orders import DenyReason

DECIMALS = 16
MONEY = currency_grid(DECIMALS)
BTC = Instrument("BTCUSDT", "USDM", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
ETH = Instrument("ETHUSDT", "USDM", "ETH", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)


def brackets(*rows: tuple[int, int, str, int]) -> MarginSchedule:
    """A schedule of (floor, cap, maintenance rate, leverage)."""
    tiers = [
        MarginTier(floor=Decimal(floor), cap=Decimal(cap), maintenance_rate=Decimal(rate), max_leverage=leverage)
        for floor, cap, rate, leverage in rows
    ]
    return margin_schedule(tiers, "USDT", DECIMALS, "test", "by hand")


BTC_BRACKETS = margin_schedule(EXAMPLE_TIERS, "USDT", DECIMALS, "BTCUSDT", "example")
# The brackets of ETHUSDT in the exchange's example: its fifth and sixth amounts are 35,365 and 135,365.
ETH_BRACKETS = brackets(
    (0, 10_000, "0.005", 75),
    (10_000, 100_000, "0.0065", 50),
    (100_000, 500_000, "0.01", 25),
    (500_000, 1_000_000, "0.02", 10),
    (1_000_000, 2_000_000, "0.05", 5),
    (2_000_000, 5_000_000, "0.1", 4),
    (5_000_000, 10_000_000, "0.125", 3),
)
SIMPLE = brackets((0, 50_000, "0.004", 20), (50_000, 1_000_000, "0.01", 5))
FEE = Decimal("0.0125")


def money(text: str | int | Decimal) -> int:
    """Ledger units."""
    return MONEY.from_decimal(Decimal(text))


def shown(units: int) -> str:
    """Ledger units as plain text without trailing zeros."""
    return format(MONEY.to_decimal(units).normalize(), "f")


def base(text: str | int) -> int:
    """Base ledger units."""
    return currency_grid(8).from_decimal(Decimal(text))


def mark(text: str | int) -> int:
    """Mark units."""
    return mark_grid(BTC).from_decimal(Decimal(text))


def price(units: int | None, places: str = "0.01") -> str:
    """A mark rounded for comparison with a published one."""
    assert units is not None
    return str(mark_grid(BTC).to_decimal(units).quantize(Decimal(places)))


def held(qty: str, entry: str, at: str) -> Held:
    """A position of ``qty`` bought or sold at ``entry``, marked ``at``."""
    return Held(base(qty), money(Decimal(qty) * Decimal(entry)), mark(at))


def contract(schedule: MarginSchedule = SIMPLE, leverage: int = 5, instrument: Instrument = BTC) -> Contract:
    """A contract with a liquidation fee of 1.25 %."""
    return Contract(instrument, schedule, leverage, FEE)


# ---- funding


@pytest.mark.parametrize(
    ("qty", "at", "rate_e8", "change"),
    [
        ("0.5", "37716.8", 10_000, "-1.88584"),  # 18,858.40 x 0.01 %: a long pays
        ("-0.5", "37716.8", 10_000, "1.88584"),  # a short receives it
        ("0.5", "37716.8", -10_000, "1.88584"),  # below 0 it turns round
        ("0.001", "38241.69935461", 6_973, "-0.00266660"),  # 38.24169935461 x 0.006973 % = 0.00266659369...: up
        ("-0.001", "38241.69935461", 6_973, "0.00266659"),  # and down for who receives
        ("0", "38241.69935461", 6_973, "0"),
        ("3", "100", 0, "0"),
    ],
)
def test_funding_by_hand(qty: str, at: str, rate_e8: int, change: str) -> None:
    """Position x mark x rate, to 8 decimals against the account."""
    assert shown(contract().funding(base(qty), mark(at), rate_e8)) == format(Decimal(change).normalize(), "f")


@given(units=st.integers(-(10**12), 10**12), at=st.integers(1, 10**14), rate=st.integers(-3_000_000, 3_000_000))
def test_what_longs_pay_covers_what_shorts_receive(units: int, at: int, rate: int) -> None:
    """The two sides of a settlement never create money, and lose at most one hundred-millionth to rounding."""
    one = contract()
    lost = one.funding(units, at, rate) + one.funding(-units, at, rate)
    assert -money("0.00000001") <= lost <= 0


# ---- the exchange's own example


EXAMPLE = CrossMargin(
    [Contract(BTC, BTC_BRACKETS, 20, FEE), Contract(ETH, ETH_BRACKETS, 4, FEE)],
)
EXAMPLE_HELD = (held("109.488", "32481.980", "31967.27"), held("3683.979", "1456.84", "1335.18"))
EXAMPLE_WALLET = money("1535443.01")


def test_the_exchanges_example_maintenance_margins() -> None:
    """71,200.81144 for BTC and 356,512.508 for ETH; unrealised -56,354.57 and -448,192.89."""
    (btc, eth), (b, e) = EXAMPLE.contracts, EXAMPLE_HELD
    assert shown(btc.maintenance(b.units, b.mark)) == "71200.811444"
    assert shown(eth.maintenance(e.units, e.mark)) == "356512.508122"
    assert MONEY.to_decimal(btc.unrealized(b)).quantize(Decimal("0.01")) == Decimal("-56354.57")
    assert MONEY.to_decimal(eth.unrealized(e)).quantize(Decimal("0.01")) == Decimal("-448192.89")


def test_the_exchanges_example_liquidation_prices() -> None:
    """Cross margin: 26,316.89 for BTC and 1,153.26 for ETH, as published."""
    found = [
        one.liquidation_mark(position.units, position.cost, EXAMPLE.rest(EXAMPLE_WALLET, EXAMPLE_HELD, place))
        for place, (one, position) in enumerate(zip(EXAMPLE.contracts, EXAMPLE_HELD, strict=True))
    ]
    assert [price(m) for m in found] == ["26316.89", "1153.26"]


def test_the_exchanges_example_alone() -> None:
    """With no other contract: 18,778.73 and 1,114.78, as published for isolated margin."""
    found = [
        one.liquidation_mark(position.units, position.cost, EXAMPLE_WALLET)
        for one, position in zip(EXAMPLE.contracts, EXAMPLE_HELD, strict=True)
    ]
    assert [price(m) for m in found] == ["18778.73", "1114.78"]


# ---- by hand


def test_a_margin_statement_by_hand() -> None:
    """1 BTC bought at 40,000 with 10,000 in the wallet, marked at 39,000."""
    account = CrossMargin([contract()])
    said = account.statement(money(10_000), [held("1", "40000", "39000")])
    assert shown(said.unrealized) == "-1000"
    assert shown(said.balance) == "9000"
    assert shown(said.maintenance) == "156"  # 39,000 x 0.4 %
    assert shown(said.initial) == "7800"  # 39,000 / 5
    assert shown(said.available) == "1200"
    assert said.ratio == 156 / 9000


def test_a_flat_account_has_no_margins() -> None:
    """Nothing is held: nothing is needed and nothing is closed. A ratio without a balance is undefined."""
    account = CrossMargin([contract()])
    said = account.statement(money(-1), [Held(0, 0, mark(100))])
    assert (said.maintenance, said.initial, said.ratio) == (0, 0, None)
    assert account.first_to_close(money(-1), [Held(0, 0, mark(100))]) is None


def test_a_long_is_liquidated_where_its_balance_meets_its_margin() -> None:
    """1 BTC at 40,000 with 2,000: 2,000 + M - 40,000 = 0.004 M, so M = 38,000 / 0.996 = 38,152.61044176..."""
    one, account = contract(), CrossMargin([contract()])
    at = one.liquidation_mark(base(1), money(40_000), money(2_000))
    assert price(at, "0.00000001") == "38152.61044176"
    assert at is not None
    assert account.first_to_close(money(2_000), [Held(base(1), money(40_000), at)]) == 0
    assert account.first_to_close(money(2_000), [Held(base(1), money(40_000), at + 1)]) is None


def test_a_short_is_liquidated_in_the_bracket_of_its_price() -> None:
    """1 BTC sold at 45,000 with 10,000: at 0.4 % it would be 54,780.88, above 50,000, so 1 % - 300: (55,000 + 300) / 1.01."""
    one = contract()
    at = one.liquidation_mark(base(-1), money(-45_000), money(10_000))
    assert price(at, "0.00000001") == "54752.47524753"


def test_balance_equal_to_the_margin_is_liquidation() -> None:
    """1 BTC marked at 40,000 needs 160: with a balance of 160 it is closed, with one unit more it is not."""
    account = CrossMargin([contract()])
    position = [held("1", "40000", "40000")]
    assert account.first_to_close(money(160), position) == 0
    assert account.first_to_close(money(160) + 1, position) is None


def test_bankruptcy_is_where_nothing_is_left() -> None:
    """1 BTC at 40,000 with 2,000: long 38,000, short 42,000. A long that owns its whole value cannot be bankrupt."""
    one = contract()
    assert price(one.bankruptcy_mark(base(1), money(40_000), money(2_000))) == "38000.00"
    assert price(one.bankruptcy_mark(base(-1), money(-40_000), money(2_000))) == "42000.00"
    assert one.bankruptcy_mark(base(1), money(40_000), money(40_000)) is None
    assert one.liquidation_mark(base(1), money(40_000), money(40_000)) is None
    assert one.bankruptcy_mark(0, 0, money(1)) is one.liquidation_mark(0, 0, money(1)) is None


def test_the_largest_maintenance_margin_goes_first() -> None:
    """BTC needs 160 and ETH 400: with 560 in the account ETH is closed first, and then BTC may stay."""
    account = CrossMargin([contract(), contract(SIMPLE, 5, ETH)])
    both = [held("1", "40000", "40000"), held("-35", "2000", "2000")]
    assert shown(account.contracts[1].maintenance(both[1].units, both[1].mark)) == "400"  # 70,000 x 1 % - 300
    assert account.first_to_close(money(560), both) == 1
    assert account.first_to_close(money(560) + 1, both) is None
    assert account.first_to_close(money(560), [both[0], Held(0, 0, mark(2000))]) is None


def test_equal_margins_close_in_the_order_of_the_contracts() -> None:
    """Two equal positions: the first."""
    account = CrossMargin([contract(), contract(SIMPLE, 5, ETH)])
    assert account.first_to_close(0, [held("1", "2000", "2000"), held("1", "2000", "2000")]) == 0


def test_the_liquidation_fee_is_on_what_is_closed() -> None:
    """1.25 % of 38,152.6104 is 476.90763; a hundred-millionth is never lost to us."""
    assert shown(contract().liquidation_fee(money("38152.6104"))) == "476.90763"
    assert shown(contract().liquidation_fee(1)) == "0.00000001"


def test_the_worse_extreme_is_the_low_for_a_long_and_the_high_for_a_short() -> None:
    """Between two rows a long fears the low."""
    assert [adverse_mark(1, 90, 110), adverse_mark(-1, 90, 110)] == [90, 110]


# ---- opening


@pytest.mark.parametrize(
    ("wallet", "qty", "at", "fee", "working", "says"),
    [
        ("8000", "1", "40000", "0", "0", None),
        ("7999", "1", "40000", "0", "0", "initial margin: expected at most 7999, found 8000"),
        ("8000", "1", "40000", "1", "0", "initial margin: expected at most 7999, found 8000"),
        ("8000", "1", "40000", "0", "1", "initial margin: expected at most 8000, found 8001"),
        ("8000", "-1", "40000", "0", "0", None),
        ("8100", "1", "40100", "0", "0", "initial margin: expected at most 8000, found 8020"),
        ("8120", "1", "40100", "0", "0", None),  # 100 lost at once, 40,100 / 5 = 8,020
        ("900000", "26", "40000", "0", "0", "leverage: expected at most 0x for a position of 1040000, found 5x"),
    ],
)
def test_an_order_needs_its_margin(wallet: str, qty: str, at: str, fee: str, working: str, says: str | None) -> None:
    """From flat, at five times leverage, with the mark at 40,000."""
    account = CrossMargin([contract()])
    found = account.opening_problem(
        money(wallet), [Held(0, 0, mark(40_000))], 0, base(qty), mark(at), money(fee), money(working)
    )
    reason = DenyReason.LEVERAGE if says and says.startswith("leverage") else DenyReason.MARGIN
    assert found == ((reason, _at_scale(says)) if says else None)


def _at_scale(text: str) -> str:
    """Amounts as the ledger writes them."""
    words = text.split(" ")
    return " ".join(
        MONEY.to_text(money(w.rstrip(","))) + ("," if w.endswith(",") else "") if w.rstrip(",").isdigit() else w
        for w in words
    )


def test_a_reduction_needs_no_margin_and_a_flip_needs_what_is_left() -> None:
    """A long of 2 with nothing to spare may sell 2; selling 3 leads to a short of 1, which needs 8,000."""
    account = CrossMargin([contract()])
    position = [held("2", "40000", "40000")]
    assert account.opening_problem(0, position, 0, base(-2), mark(40_000), 0) is None
    assert account.opening_problem(money(8_000), position, 0, base(-3), mark(40_000), 0) is None
    assert account.opening_problem(money(7_999), position, 0, base(-3), mark(40_000), 0) is not None


def test_leverage_falls_with_the_size_of_the_position() -> None:
    """Twenty times is allowed up to 50,000 and five times beyond: the next coin is refused however much cash there is."""
    account = CrossMargin([contract(SIMPLE, 20)])
    position = [held("1", "40000", "40000")]
    assert account.opening_problem(money(10**6), position, 0, base("0.25"), mark(40_000), 0) is None
    said = account.opening_problem(money(10**6), position, 0, base("0.251"), mark(40_000), 0)
    words = _at_scale("leverage: expected at most 5x for a position of 50040, found 20x")
    assert said == (DenyReason.LEVERAGE, words)


# ---- properties

UNITS = st.integers(1, 10**12)
ENTRY = st.integers(10**6, 10**14)
WALLET = st.integers(0, 10**24)


def _closed(one: Contract, wallet: int, position: Held) -> bool:
    return CrossMargin([one]).first_to_close(wallet, [position]) is not None


@given(units=UNITS, entry=ENTRY, wallet=WALLET)
def test_a_long_is_closed_at_its_liquidation_mark_and_not_above(units: int, entry: int, wallet: int) -> None:
    """The price and the decision are one: at the mark it is closed, one unit above it is not, in whatever bracket."""
    one = contract(BTC_BRACKETS, 20)
    cost = units * entry * one.unit
    at = one.liquidation_mark(units, cost, wallet)
    if at is None:
        assert not _closed(one, wallet, Held(units, cost, 1))
        return
    assert _closed(one, wallet, Held(units, cost, at))
    assert not _closed(one, wallet, Held(units, cost, at + 1))


@given(units=UNITS, entry=ENTRY, wallet=WALLET)
def test_a_short_is_closed_at_its_liquidation_mark_and_not_below(units: int, entry: int, wallet: int) -> None:
    """At the mark it is closed, one unit below it is not."""
    one = contract(BTC_BRACKETS, 20)
    cost = -units * entry * one.unit
    at = one.liquidation_mark(-units, cost, wallet)
    assert at is not None
    assert _closed(one, wallet, Held(-units, cost, at))
    assert at == 0 or not _closed(one, wallet, Held(-units, cost, at - 1))


@given(units=UNITS, entry=ENTRY, wallet=WALLET, side=st.sampled_from((1, -1)))
def test_liquidation_comes_before_bankruptcy(units: int, entry: int, wallet: int, side: int) -> None:
    """A long is liquidated at a higher mark than it is bankrupt at, a short at a lower one."""
    one = contract(BTC_BRACKETS, 20)
    cost = side * units * entry * one.unit
    ruin = one.bankruptcy_mark(side * units, cost, wallet)
    if ruin is not None:
        at = one.liquidation_mark(side * units, cost, wallet)
        assert at is not None
        assert side * at >= side * ruin


# ---- real settlements and marks

FUNDING_FILE = "funding/binance-usdm_BTCUSDT_20231201-20251116.funding.parquet"
MARK_FILE = "candles/binance-usdm/8h-mark/BTCUSDT_20231201-20251116.parquet"


def test_two_years_of_real_funding(market_data: Callable[[str], Path]) -> None:
    """A long of 0.5 BTC over 2,151 settlements pays what decimals say of the raw files, each payment rounded up to 8 decimals."""
    (funding,) = read(market_data(FUNDING_FILE), BTC)
    (marks,) = read(market_data(MARK_FILE), BTC, ReadOptions(format=Format.MARK_CANDLES))
    stream, one = marks.stream(), contract()
    stream.reveal(stream.recorded)
    changes = [
        one.funding(base("0.5"), int(stream.columns["mark"][stream.first_after(ts) - 1]), rate)
        for ts, rate in zip(funding.columns["ts"].tolist(), funding.columns["rate_e8"].tolist(), strict=True)
    ]
    raw, candles = (
        pq.read_table(market_data(FUNDING_FILE)).to_pylist(),
        pq.read_table(market_data(MARK_FILE)).to_pylist(),
    )
    opens = {row["ts_ns"]: Decimal(row["open_e8"]).scaleb(-8) for row in candles}
    owed = [Decimal("0.5") * opens[r["ts_ns"] // 10**9 * 10**9] * Decimal(r["rate_e8"]).scaleb(-8) for r in raw]
    assert [MONEY.to_decimal(c) for c in changes] == [-o.quantize(Decimal("1e-8"), ROUND_CEILING) for o in owed]
    assert len(changes) == 2151


@pytest.mark.parametrize("side", [1, -1])
def test_real_marks_close_an_account_at_its_liquidation_price(side: int, market_data: Callable[[str], Path]) -> None:
    """1 BTC from the first mark with 8,000 in the wallet: the first row whose worse extreme reaches the price, and no other, closes it."""
    (marks,) = read(market_data(MARK_FILE), BTC, ReadOptions(format=Format.MARK_CANDLES))
    mark_, low, high = (marks.columns[n].tolist() for n in ("mark", "low", "high"))
    account, units = CrossMargin([contract(BTC_BRACKETS, 20)]), side * base(1)
    wallet, cost = money(8_000), units * mark_[0] * contract().unit
    price_ = account.contracts[0].liquidation_mark(units, cost, wallet)
    assert price_ is not None
    worst = [adverse_mark(units, a, b) for a, b in zip(low, high, strict=True)]
    closed = [i for i, at in enumerate(worst) if account.first_to_close(wallet, [Held(units, cost, at)]) is not None]
    assert closed == [i for i, at in enumerate(worst) if (at <= price_ if side > 0 else at >= price_)]
    assert bool(closed) == (side < 0)


# ---- refusals

SPOT = Instrument("BTCUSDT", "SPOT", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))
USDC = Instrument("BTCUSDC", "USDM", "BTC", "USDC", Decimal("0.1"), Decimal("0.001"), InstrumentKind.PERPETUAL)
_ONE_TIER = (MarginTier(floor=Decimal(0), cap=Decimal(1000), maintenance_rate=Decimal("0.01"), max_leverage=5),)
COARSE = margin_schedule(_ONE_TIER, "USDT", 10, "coarse", "by hand")
USDC_BRACKETS = margin_schedule(_ONE_TIER, "USDC", DECIMALS, "usdc", "by hand")


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Contract(SPOT, SIMPLE, 1, FEE), "BTCUSDT.SPOT: expected a perpetual, found spot"),
        (lambda: Contract(USDC, SIMPLE, 1, FEE), "BTCUSDC.USDM: expected brackets in USDC, found USDT"),
        (lambda: contract(leverage=21), "BTCUSDT.USDM: leverage: expected 1 to 20, found 21"),
        (lambda: contract(leverage=0), "BTCUSDT.USDM: leverage: expected 1 to 20, found 0"),
        (lambda: Contract(BTC, SIMPLE, 1, Decimal(1)), "liquidation_fee: expected 0 or more, below 1, found 1"),
        (lambda: Contract(BTC, COARSE, 1, FEE), "expected at least 16 decimals for mark prices, found 10"),
        (lambda: CrossMargin([]), "expected contracts of one quote currency and scale, found none"),
        (
            lambda: CrossMargin([contract(), Contract(USDC, USDC_BRACKETS, 1, FEE)]),
            "expected contracts of one quote currency and scale, found USDC at 16 decimals, USDT at 16 decimals",
        ),
    ],
)
def test_what_cannot_be_a_contract_is_refused(make: object, says: str) -> None:
    """Kind, currency, leverage, fee and scale are checked once, at the start."""
    assert callable(make)
    with pytest.raises(ValueError, match=says):
        make()
