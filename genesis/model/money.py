"""`Money`, `Price` and `Quantity`: three types, because mixing them is how money gets lost.

A price times a quantity goes through the instrument (`Instrument.notional`); a price difference is a plain Decimal; a ratio
of prices is not a price. None of them is ever made from a float.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Self

from genesis.model.grid import EXACT, parse_decimal, plain


def exact_decimal(value: object, what: str) -> Decimal:
    """``value`` as an exact finite Decimal; text, int, Decimal, Price and Quantity are exact, a float is not.

    Raises:
        TypeError: a float or anything else that does not say an exact number.
        ValueError: text that is no finite number.
    """
    if isinstance(value, Decimal):
        return parse_decimal(str(value))
    if isinstance(value, (Price, Quantity)):
        return value.value
    if isinstance(value, int) and not isinstance(value, bool):
        return Decimal(value)
    if isinstance(value, str):
        return parse_decimal(value)
    raise TypeError(f"{what}: expected Decimal, int or text, found {type(value).__name__} {value!r}")


class _Exact:
    """What Price and Quantity share: one exact decimal, comparable with its own kind only."""

    __slots__ = ("value",)
    value: Decimal

    def __init__(self, value: Decimal | int | str) -> None:
        object.__setattr__(self, "value", exact_decimal(value, type(self).__name__.lower()))

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __repr__(self) -> str:
        return f"{type(self).__name__}('{plain(self.value)}')"

    def __str__(self) -> str:
        return plain(self.value)

    def __float__(self) -> float:
        return float(self.value)

    def made_of(self) -> tuple[Decimal]:
        """What an equal one is made of."""
        return (self.value,)

    def __hash__(self) -> int:
        return hash((type(self), self.value))

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self.value == other.value

    def _same(self, other: Any, operation: str) -> Decimal:
        if type(other) is not type(self):
            raise TypeError(
                f"{operation}: expected {type(self).__name__} on both sides, found {type(other).__name__}"
                "; a price times a quantity goes through the instrument"
            )
        return other.value

    def __lt__(self, other: Self) -> bool:
        return self.value < self._same(other, "<")

    def __le__(self, other: Self) -> bool:
        return self.value <= self._same(other, "<=")

    def __gt__(self, other: Self) -> bool:
        return self.value > self._same(other, ">")

    def __ge__(self, other: Self) -> bool:
        return self.value >= self._same(other, ">=")


class Price(_Exact):
    """An exact price in quote currency for one unit of base."""

    __slots__ = ()

    def __sub__(self, other: Price) -> Decimal:
        """The difference of two prices: a plain Decimal, not a price."""
        return EXACT.subtract(self.value, self._same(other, "-"))


class Quantity(_Exact):
    """An exact amount of the base asset."""

    __slots__ = ()

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(EXACT.add(self.value, self._same(other, "+")))

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(EXACT.subtract(self.value, self._same(other, "-")))

    def __neg__(self) -> Quantity:
        return Quantity(EXACT.minus(self.value))

    def __bool__(self) -> bool:
        return bool(self.value)


class Money:
    """An exact amount of one currency; two currencies never add."""

    __slots__ = ("amount", "currency")
    amount: Decimal
    currency: str

    def __init__(self, amount: Decimal | int | str, currency: str) -> None:
        object.__setattr__(self, "amount", exact_decimal(amount, "money"))
        object.__setattr__(self, "currency", currency)

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError("Money is frozen")

    def __repr__(self) -> str:
        return f"Money('{plain(self.amount)}', '{self.currency}')"

    def __str__(self) -> str:
        return f"{plain(self.amount)} {self.currency}"

    def made_of(self) -> tuple[Decimal, str]:
        """What an equal one is made of."""
        return self.amount, self.currency

    def __hash__(self) -> int:
        return hash((self.amount, self.currency))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Money) and (self.amount, self.currency) == (other.amount, other.currency)

    def _same(self, other: Money, operation: str) -> Decimal:
        if not isinstance(other, Money) or other.currency != self.currency:
            raise TypeError(f"{operation}: expected {self.currency} on both sides, found {other}")
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(EXACT.add(self.amount, self._same(other, "+")), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(EXACT.subtract(self.amount, self._same(other, "-")), self.currency)

    def __neg__(self) -> Money:
        return Money(EXACT.minus(self.amount), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other, "<")

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other, "<=")
