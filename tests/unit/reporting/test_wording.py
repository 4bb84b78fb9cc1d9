"""Numbers as people read them, and foreign text that can do no harm."""

from __future__ import annotations

from decimal import Decimal

import pytest

from genesis.monitoring.report.wording import (
    DASH,
    count,
    exact,
    fixed,
    minute,
    moment,
    money,
    number,
    percent,
    plain,
    safe,
    span,
)

HOUR = 3_600_000_000_000


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, DASH),
        (0.0, "0.00"),
        (-0.0, "0.00"),
        (1234.567, "1,234.57"),
        (-1.5, "−1.50"),
        (0.00417, "0.0042"),
        (-0.0000031, "−0.0000031"),
        (1e-12, "1.0e-12"),
    ],
)
def test_a_number_has_as_many_digits_as_say_something(value: float | None, shown: str) -> None:
    """Two decimals, or two significant digits where those would be zeros; undefined is a dash."""
    assert number(value) == shown


def test_a_fraction_is_shown_in_percent() -> None:
    """Undefined stays a dash, without a unit."""
    assert percent(0.05) == "5.00 %"
    assert percent(-0.000082) == "−0.0082 %"
    assert percent(None) == DASH


@pytest.mark.parametrize(
    ("value", "rounded", "full"),
    [
        (None, DASH, DASH),
        (Decimal("9986.6965150100000"), "9,986.70", "9,986.69651501"),
        (Decimal("0.125"), "0.12", "0.125"),
        (Decimal("-0.00417"), "−0.0042", "−0.00417"),
        (Decimal("-0.0000"), "0.00", "0.00"),
        (Decimal("123456789012345678901234567890.55"), "123,456,789,012,345,678,901,234,567,890.55",
         "123,456,789,012,345,678,901,234,567,890.55"),
    ],
)  # fmt: skip
def test_money_is_rounded_half_to_even_or_shown_in_full(value: Decimal | None, rounded: str, full: str) -> None:
    """No digit passes through a float."""
    assert (money(value), exact(value)) == (rounded, full)


@pytest.mark.parametrize(
    ("value", "shown"), [("424.00000000", "424"), ("100", "100"), ("0.00999000", "0.00999"), ("-1200.50", "−1,200.5")]
)
def test_quantities_and_prices_have_no_trailing_zeros(value: str, shown: str) -> None:
    """A lot of 1 is shown as whole."""
    assert plain(Decimal(value)) == shown


def test_labels_keep_their_decimals() -> None:
    """On an axis every label has the same, and zero has no sign."""
    assert (fixed(-0.004, 2), fixed(-1234.5, 1), count(-3), count(None)) == ("0.00", "−1,234.5", "−3", DASH)


def test_times_are_utc_and_a_run_starts_at_its_first_row() -> None:
    """A nanosecond before the hour is shown as the hour."""
    start = 1_735_689_600_000_000_000
    assert moment(start - 1) == "2025-01-01 00:00:00"
    assert minute(start + 61_000_000_000) == "2025-01-01 00:01"
    assert (moment(None), minute(None)) == (DASH, DASH)


@pytest.mark.parametrize(
    ("ns", "shown"),
    [(None, DASH), (0, "under 1 s"), (29 * 60 * 10**9 + 59_999_999_999, "30 min"), (26 * HOUR + 5, "1 d 2 h"), (HOUR + 10**9, "1 h 1 s")],
)  # fmt: skip
def test_a_duration_has_two_units_at_most(ns: int | None, shown: str) -> None:
    """The largest ones, rounded to the second."""
    assert span(ns) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<script>alert('x')</script>", "&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;"),
        ('" onload="x', "&quot; onload=&quot;x"),
        ("a\x00b\x1bc", "a\\u0000b\\u001bc"),
        ("pay\u202e001", "pay\\u202e001"),
        ("\ud800", "\\ud800"),
        ("Grüße, „Ω“\n", "Grüße, „Ω“ "),
    ],
)
def test_foreign_text_is_escaped_and_hides_nothing(text: str, shown: str) -> None:
    """Markup, control characters, lone surrogates and characters that turn the direction become visible."""
    assert safe(text) == shown


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    """It cannot fill the page."""
    assert safe("x" * 5000) == "x" * 400 + "… (5,000 characters)"
