"""Numbers, times and foreign text as people read them. Undefined is a dash; what comes from outside is escaped."""

from __future__ import annotations

import unicodedata
from decimal import ROUND_HALF_EVEN, Context, Decimal
from html import escape
from math import floor, log10

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_MS, NS_PER_SECOND, iso_utc

DASH = "—"
MINUS = "−"
_LONGEST = 400
_WIDE = Context(prec=100, rounding=ROUND_HALF_EVEN)
_TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def safe(text: str, longest: int = _LONGEST) -> str:
    """Foreign text for HTML: escaped, shortened, with control, surrogate and direction-turning characters made visible."""
    cut = text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"
    return escape("".join(_visible(c) for c in cut))


def _visible(character: str) -> str:
    if character in "\n\t\r":
        return " "
    if character in _TURNING or unicodedata.category(character) in ("Cc", "Cs"):
        return f"\\u{ord(character):04x}"
    return character


def number(value: float | None, places: int = 2) -> str:
    """A ratio to ``places`` decimals; two significant digits where that would be nothing but zeros."""
    if value is None:
        return DASH
    if value and abs(value) < 10**-places:
        places = 1 - floor(log10(abs(value)))
        if places > 9:
            return _signed(f"{value:.1e}")
    return _signed(f"{value:,.{places}f}")


def fixed(value: float, places: int) -> str:
    """To ``places`` decimals whatever the size: for axes and labels."""
    return _signed(f"{value:,.{places}f}")


def percent(value: float | None, places: int = 2) -> str:
    """A fraction as a percentage."""
    return DASH if value is None else f"{number(100 * value, places)} %"


def money(value: Decimal | None, places: int = 2) -> str:
    """An amount rounded half to even to ``places`` decimals; smaller ones keep two significant digits."""
    if value is None:
        return DASH
    if value and abs(value) < Decimal(1).scaleb(-places):
        places = 1 - value.adjusted()
    return _signed(f"{value.quantize(Decimal(1).scaleb(-places), context=_WIDE):,f}")


def exact(value: Decimal | None) -> str:
    """An amount with every digit that is not a trailing zero, at least two decimals."""
    if value is None:
        return DASH
    whole, _, part = f"{value:,f}".partition(".")
    return _signed(f"{whole}.{part.rstrip('0').ljust(2, '0')}")


def plain(value: Decimal | None) -> str:
    """A price or quantity with every digit that is not a trailing zero."""
    if value is None:
        return DASH
    text = f"{value:,f}"
    return _signed(text.rstrip("0").rstrip(".") if "." in text else text)


def count(value: int | None) -> str:
    """A whole number."""
    return DASH if value is None else _signed(f"{value:,d}")


def moment(ns: int | None) -> str:
    """UTC to the second in which it lies; a run starts a nanosecond before its first row and shows that row's."""
    if ns is None:
        return DASH
    near = ns + NS_PER_MS // 2
    return iso_utc(near - near % NS_PER_SECOND)[:19].replace("T", " ")


def minute(ns: int | None) -> str:
    """UTC to the minute."""
    return DASH if ns is None else moment(ns)[:16]


def span(ns: int | None) -> str:
    """A duration in its two largest units, rounded to the second."""
    if ns is None:
        return DASH
    ns += NS_PER_SECOND // 2
    parts = []
    for size, name in ((NS_PER_DAY, "d"), (NS_PER_HOUR, "h"), (NS_PER_MINUTE, "min"), (NS_PER_SECOND, "s")):
        whole, ns = divmod(ns, size)
        if whole:
            parts.append(f"{whole:,} {name}")
    return " ".join(parts[:2]) or "under 1 s"


def _signed(text: str) -> str:
    """With a minus sign, which zero has not."""
    if not text.startswith("-"):
        return text
    return f"{MINUS}{text[1:]}" if any(c in "123456789" for c in text) else text[1:]
