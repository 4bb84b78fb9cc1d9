"""Text, decimals, ticks and money: exact both ways, or refused by name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.model.grid import CEILING, FLOOR, HALF_EVEN, Grid, currency_grid, parse_decimal, plain, shortest_decimal
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.market import BarKind, BarSpec
from genesis.model.money import Money, Price, Quantity

STEPS = [Decimal(s) for s in ("0.01", "0.5", "0.00000001", "1", "25", "100", "1E+3", "0.0025", "1.0")]
steps = st.sampled_from(STEPS)
counts = st.integers(-(10**25), 10**25)
BTC = Instrument("BTCUSDT", "X", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"))


@given(steps, counts)
def test_steps_to_decimal_to_text_and_back_lose_nothing(step: Decimal, n: int) -> None:
    """A number of steps is what it was, whichever way it went out; its text is plain and of the grid's scale."""
    grid = Grid(step)
    value, text = grid.to_decimal(n), grid.to_text(n)
    assert value == step * n
    assert grid.from_decimal(value) == n == grid.from_text(text)
    assert text == plain(value) == format(value, "f")
    assert grid.to_float(n) == float(value)


@given(steps, counts, st.integers(1, 9))
def test_what_lies_between_two_steps_is_refused_and_rounded_as_named(step: Decimal, n: int, tenths: int) -> None:
    """Down, up, or to the nearest with halves to the even one; a value on the grid stays in all three."""
    grid = Grid(step)
    between = step * n + step * tenths / 10
    with pytest.raises(ValueError, match="expected a multiple of"):
        grid.from_decimal(between)
    nearest = n + (tenths > 5 or (tenths == 5 and n % 2 == 1))
    assert [grid.round(between, way) for way in (FLOOR, CEILING, HALF_EVEN)] == [n, n + 1, nearest]
    assert {grid.round(step * n, way) for way in (FLOOR, CEILING, HALF_EVEN)} == {n}


def test_numbers_far_from_the_grid_are_exact_too() -> None:
    """More digits than a machine word holds, and exponents of any size."""
    grid = Grid(Decimal("0.01"))
    for text in ("1" * 40, "-" + "9" * 31 + ".99", "1E+28", "1E+29", "1E+45"):
        assert grid.to_decimal(grid.from_text(text)) == Decimal(text)
    with pytest.raises(ValueError, match="expected a multiple of 0.01"):
        grid.from_text("1E-40")


@pytest.mark.parametrize("text", ["1e999999999", "-1e60", "9" * 5_000, "1e-999999999", "0." + "1" * 5_000])
@pytest.mark.parametrize("step", ["0.01", "0.0025", "1E+3"])
def test_a_number_of_more_digits_than_any_amount_has_is_refused_at_once(step: str, text: str) -> None:
    """A slip of the pen ends in one sentence: neither in hours of multiplying nor in the words of a library."""
    with pytest.raises(ValueError, match="expected a number of at most 60 digits before the point and 400 behind it"):
        Grid(Decimal(step)).from_text(text)
    with pytest.raises(ValueError, match="expected a number of at most 60 digits before the point and 400 behind it"):
        Grid(Decimal(step)).round(Decimal(text), FLOOR)


def test_nothing_is_nothing_whatever_its_exponent() -> None:
    """A zero may be written with any exponent."""
    assert [Grid(Decimal("0.01")).from_text(text) for text in ("0e999999999", "-0", "0e-999999999")] == [0, 0, 0]


def test_a_number_has_nothing_between_its_digits() -> None:
    """An underscore is no digit, and no thousands separator is guessed."""
    with pytest.raises(ValueError, match="expected a decimal number, found '1_010.5'"):
        parse_decimal("1_010.5")


@pytest.mark.parametrize(
    ("step", "decimals", "mantissa"), [("0.01", 2, 1), ("0.0025", 4, 25), ("1E+3", 0, 1_000), ("1.0", 0, 1)]
)
def test_a_grid_writes_its_step_as_integers(step: str, decimals: int, mantissa: int) -> None:
    """mantissa / 10**decimals, without trailing zeros."""
    grid = Grid(Decimal(step))
    assert (grid.decimals, grid.mantissa, grid.denominator) == (decimals, mantissa, 10**decimals)


def test_grids_of_one_step_are_equal() -> None:
    """Whatever scale the step is written in; and a currency's grid has its decimals."""
    assert Grid(Decimal("0.10")) == Grid(Decimal("0.1")) != Grid(Decimal("0.2"))
    assert len({Grid(Decimal("0.10")), Grid(Decimal("0.1"))}) == 1
    assert Grid(Decimal(1)) != 1
    assert currency_grid(8).to_text(-1) == "-0.00000001"


@pytest.mark.parametrize("step", ["0", "-1", "NaN", "Infinity"])
def test_a_step_is_above_nothing(step: str) -> None:
    """And finite."""
    with pytest.raises(ValueError, match="expected a positive step"):
        Grid(Decimal(step))


@pytest.mark.parametrize("text", ["", "x", "NaN", "Infinity", "-inf", "1,5"])
def test_text_that_is_no_finite_number_is_refused(text: str) -> None:
    """Also a decimal that is none."""
    with pytest.raises(ValueError, match="expected a"):
        parse_decimal(text)
    if text.lower().strip("-") in ("nan", "infinity", "inf"):
        with pytest.raises(ValueError, match="expected a finite decimal"):
            Grid(Decimal(1)).from_decimal(Decimal(text))


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_means_the_shortest_decimal_that_is_it(value: float) -> None:
    """It comes back as the same float, and in no more digits than Python shows."""
    assert float(shortest_decimal(value)) == value
    assert shortest_decimal(0.1) == Decimal("0.1")


@pytest.mark.parametrize("kind", [Price, Quantity])
@pytest.mark.parametrize("wrong", [1.0, True, None, b"1"])
def test_no_price_or_quantity_is_made_of_what_is_not_exact(kind: Any, wrong: object) -> None:
    """A float, a truth value, nothing, bytes."""
    with pytest.raises(TypeError, match="expected Decimal, int or text"):
        kind(wrong)
    with pytest.raises(TypeError, match="money: expected Decimal, int or text"):
        Money(wrong, "USD")  # type: ignore[arg-type]


def test_prices_compare_and_subtract_among_themselves_alone() -> None:
    """A difference of prices is a plain number, and a price is no quantity."""
    low, high = Price("1.10"), Price(2)
    amount: Any = Quantity(1)
    assert (low < high, low <= high, low > high, low >= high) == (True, True, False, False)
    assert (low < low, low <= low, low > low, low >= low) == (False, True, False, True)  # noqa: PLR0124 - what equals it
    assert high - low == Decimal("0.90")
    assert type(high - low) is Decimal
    assert Price("1.1") == low != Quantity("1.1")
    for compared in (lambda: low < amount, lambda: low - amount, lambda: low >= amount.value):
        with pytest.raises(TypeError, match="expected Price on both sides"):
            compared()
    assert (str(Price("1E-7")), repr(low), float(high)) == ("0.0000001", "Price('1.10')", 2.0)


def test_quantities_add_and_change_sign() -> None:
    """Exactly, beyond the digits of a float; nothing is false."""
    big = Quantity("12345678901234567890.00000001")
    assert (big + Quantity("0.00000001") - big, -big + big) == (Quantity("0.00000001"), Quantity(0))
    assert bool(big) is True
    assert bool(Quantity("0.000")) is False
    with pytest.raises(TypeError, match="expected Quantity on both sides"):
        big + Price(1)  # type: ignore[operator]


def test_money_of_two_currencies_never_meets() -> None:
    """Not in sums, differences or comparisons; equal amounts of two currencies are not equal."""
    one, two, other = Money("1.00", "USD"), Money(2, "USD"), Money(1, "USDT")
    number: Any = 1
    assert (one + two, two - one, -one) == (Money(3, "USD"), Money(1, "USD"), Money(-1, "USD"))
    assert (one < two, two < one, one < one, one <= one, two <= one) == (True, False, False, True, False)  # noqa: PLR0124
    assert one == Money(1, "USD") != other
    assert (str(one), repr(other)) == ("1.00 USD", "Money('1', 'USDT')")
    for met in (
        lambda: one + other,
        lambda: one - other,
        lambda: one < other,
        lambda: one <= other,
        lambda: one + number,
    ):
        with pytest.raises(TypeError, match="expected USD on both sides"):
            met()


@pytest.mark.parametrize(("value", "name"), [(Price(1), "value"), (Quantity(1), "value"), (Money(1, "USD"), "amount")])
def test_what_is_exact_stays_what_it_is(value: object, name: str) -> None:
    """No amount changes alone."""
    with pytest.raises(AttributeError, match="frozen"):
        setattr(value, name, Decimal(2))


def test_an_instrument_converts_on_its_own_steps() -> None:
    """Price in ticks, quantity in lots, and their product in quote currency, exactly."""
    assert (BTC.ticks("60000.01"), BTC.lots(Decimal("0.003"))) == (6_000_001, 3)
    assert BTC.notional(BTC.price(6_000_001), BTC.quantity(3)) == Money("180.00003", "USDT")
    assert (BTC.base_decimals, BTC.quote_decimals, BTC.lot_units) == (8, 10, 100_000)
    assert BTC.notional_unit(10) == 1
    assert BTC.notional_unit(12) == 100
    with pytest.raises(ValueError, match="expected at least 10 decimals, found 9"):
        BTC.notional_unit(9)
    with pytest.raises(ValueError, match=r"BTCUSDT\.X: price off the tick: expected a multiple of 0.01, found 1.005"):
        BTC.ticks("1.005")
    with pytest.raises(ValueError, match=r"BTCUSDT\.X: quantity off the lot: expected a multiple of 0.001"):
        BTC.lots("0.0005")


def test_a_float_becomes_a_price_by_a_named_rounding_alone() -> None:
    """0.29 is the decimal that it shows, not the binary fraction beneath."""
    assert [BTC.round_price(1.015, way).value for way in (FLOOR, CEILING, HALF_EVEN)] == [
        Decimal("1.01"),
        Decimal("1.02"),
        Decimal("1.02"),
    ]
    assert BTC.round_price(0.29, FLOOR) == Price("0.29")
    assert BTC.round_quantity("0.0019", FLOOR) == Quantity("0.001")
    with pytest.raises(TypeError, match="price: expected Decimal, int or text, found float"):
        BTC.ticks(0.29)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="FLOOR, CEILING or HALF_EVEN"):
        BTC.round_price(1.015, "ROUND_UP")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"tick": Decimal(0)}, "tick: expected 1E-18 to 1E.12, found 0"),
        ({"lot": Decimal("1E-19")}, "lot: expected 1E-18"),
        ({"lot": Decimal("1E+13")}, "lot: expected 1E-18"),
        ({"tick": Decimal("NaN")}, "tick: expected 1E-18"),
        ({"min_qty": Decimal("-0.1")}, "min_qty: expected 0 or more"),
        ({"min_notional": Decimal(-1)}, "min_notional: expected 0 or more"),
        ({"max_qty": Decimal(0)}, "max_qty: expected above 0"),
        ({"max_qty": Decimal(1), "min_qty": Decimal(2)}, "max_qty: expected above 0 and not under min_qty"),
    ],
)
def test_an_instruments_rules_must_make_sense(changed: dict[str, Any], said: str) -> None:
    """Field, expected and found."""
    rules: dict[str, Any] = {"tick": Decimal(1), "lot": Decimal(1), **changed}
    with pytest.raises(ValueError, match=said):
        Instrument("A", "X", "A", "B", **rules)


def test_the_bounds_of_an_instruments_rules_are_within() -> None:
    """The finest and coarsest step, and a largest quantity that is the smallest."""
    fine = Instrument("A", "X", "A", "B", Decimal("1E-18"), Decimal("1E+12"), max_qty=Decimal(2), min_qty=Decimal(2))
    assert (fine.id, fine.quote_decimals) == ("A.X", 26)
    assert [
        i.short_allowed
        for i in (fine, *(Instrument("A", "X", "A", "B", Decimal(1), Decimal(1), k) for k in InstrumentKind))
    ] == [
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize(
    ("text", "kind", "step", "shown"),
    [
        ("1s", BarKind.TIME, 10**9, "1s"),
        ("60s", BarKind.TIME, 60 * 10**9, "1m"),
        ("90m", BarKind.TIME, 5_400 * 10**9, "90m"),
        ("48h", BarKind.TIME, 2 * 86_400 * 10**9, "2d"),
        ("500t", BarKind.TICK, 500, "500t"),
    ],
)
def test_a_length_of_bars_is_read_and_shown_in_its_largest_unit(
    text: str, kind: BarKind, step: int, shown: str
) -> None:
    """And what is shown is read as the same."""
    spec = BarSpec.parse(text)
    assert (spec.kind, spec.step, str(spec)) == (kind, step, shown)
    assert BarSpec.parse(shown) == spec


@pytest.mark.parametrize("text", ["", "m", "0m", "-1m", "1.5h", "1 h", "1w", "1ns", "²m", "m1"])
def test_what_is_no_length_of_bars_is_refused(text: str) -> None:
    """With what one looks like."""
    with pytest.raises(ValueError, match=r"expected bars such as 1m, 4h, 1d, 500t, 12.5v or 250000\$, found '"):
        BarSpec.parse(text)
