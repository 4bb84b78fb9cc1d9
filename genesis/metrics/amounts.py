"""Exact arithmetic on money for the metrics: 34 significant digits, quotients rounded half to even, whatever the ambient context says."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import isfinite

Amount = int | Decimal

_CONTEXT = Context(prec=34, rounding=ROUND_HALF_EVEN)


def exact(amount: Amount) -> Decimal:
    """As a Decimal."""
    return _CONTEXT.create_decimal(amount)


def total(amount: Amount, more: Amount) -> Amount:
    """Sum: of integers an integer, else a Decimal."""
    if type(amount) is int and type(more) is int:
        return amount + more
    return _CONTEXT.add(Decimal(amount), Decimal(more))


def mean(amount: Decimal, n: int) -> Decimal | None:
    """``amount`` over ``n``; ``None`` for none."""
    return _CONTEXT.divide(amount, Decimal(n)) if n else None


def ratio(part: Amount, whole: Amount) -> float | None:
    """Part of a whole as a float; ``None`` unless the whole is above 0 and the ratio within a float."""
    if whole <= 0:
        return None
    result = float(_CONTEXT.divide(Decimal(part), Decimal(whole)))
    return result if isfinite(result) else None
