"""Instants as text: exact to the nanosecond both ways, and refused with what was found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.clock import NS_PER_DAY, NS_PER_SECOND, iso_utc, parse_utc

DAY = 1_735_689_600 * NS_PER_SECOND  # 2025-01-01


@given(st.integers(0, 4_102_444_800 * NS_PER_SECOND))
def test_what_is_shown_is_read_as_the_same_instant(ns: int) -> None:
    """Up to the year 2100, with and without a fraction."""
    assert parse_utc(iso_utc(ns)) == ns


@pytest.mark.parametrize(
    ("text", "ns"),
    [
        ("2025-01-01", DAY),
        ("2025-01-01 00:00", DAY),
        ("2025-01-01T00:00:00Z", DAY),
        (" 2025-01-01T01:00:00+01:00 ", DAY),
        ("2025-01-01T00:00:00.5z", DAY + NS_PER_SECOND // 2),
        ("2025-01-01T23:59:59.999999999", DAY + NS_PER_DAY - 1),
    ],
)
def test_the_forms_that_are_read(text: str, ns: int) -> None:
    """A date, a minute, a second or less; UTC where no zone is written."""
    assert parse_utc(text) == ns


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2025-13-01", "2025-02-30", "2025-01-01T25:00", "01.02.2025", "1735689600"]
)
def test_what_is_no_instant_is_refused_and_shown(text: str) -> None:
    """Also what looks like one."""
    with pytest.raises(ValueError, match="expected an ISO 8601 date or instant, found") as refused:
        parse_utc(text)
    assert repr(text) in str(refused.value)
