"""Exact conversion: text <-> integer units <-> Decimal, never through float.

A `Grid` is the set of multiples of one step (a tick, a lot, a currency unit). Inside the core a price is its number of
ticks; at every boundary it is a Decimal or its text.
"""

from __future__ import annotations

from decimal import (
    MAX_EMAX,
    MIN_EMIN,
    ROUND_CEILING,
    ROUND_FLOOR,
    ROUND_HALF_EVEN,
    Context,
    Decimal,
    Inexact,
    InvalidOperation,
)
from functools import cache
from operator import truediv
from typing import Final

# Wide enough that no sum or product of ours is ever rounded; an inexact result is a bug and raises.
EXACT = Context(prec=80, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[InvalidOperation, Inexact])

# An integer of this many digits is quickly made of a Decimal; a Decimal may have an exponent of any size.
_QUICK_DIGITS = 30
# Beyond these no amount means anything, and an integer power of ten would take the machine down.
_WHOLE_DIGITS_MAX, _DECIMALS_MAX = 60, 400
_SHOWN_MAX = 40
# Below this size an integer is a machine word when compiled.
_WORD: Final = 2**61

FLOOR, CEILING, HALF_EVEN = ROUND_FLOOR, ROUND_CEILING, ROUND_HALF_EVEN


def parse_decimal(text: str) -> Decimal:
    """The exact finite decimal that ``text`` writes, without anything between its digits.

    Raises:
        ValueError: not a number, or not finite.
    """
    # Python reads over an underscore; in a file it may stand for anything.
    if "_" in text:
        raise ValueError(f"expected a decimal number, found {text!r}")
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"expected a decimal number, found {text!r}") from None
    if not value.is_finite():
        raise ValueError(f"expected a finite decimal number, found {text!r}")
    return value


def shortest_decimal(value: float) -> Decimal:
    """The shortest decimal that round-trips to ``value``: what a float source meant.

    Raises:
        ValueError: NaN or infinite.
    """
    return parse_decimal(repr(float(value)))


def plain(value: Decimal) -> str:
    """Plain notation, at the decimal's own scale: ``0.00000718``, never ``7.18E-6``."""
    return format(value, "f")


def quotient(numerator: int, denominator: int) -> float:
    """The nearest float of a ratio of two amounts, compiled or not.

    A compiled ``/`` rounds integers beyond 2^53 to floats before it divides them; amounts in ledger units can be that large.
    """
    if -_WORD < numerator < _WORD and 0 < denominator < _WORD:
        # Mostly both are floats exactly, and then their quotient as floats is the nearest one.
        top, bottom = float(numerator), float(denominator)
        if int(top) == numerator and int(bottom) == denominator:
            return top / bottom
    nearest: float = truediv(numerator, denominator)
    return nearest


class Grid:
    """Multiples of one positive decimal step.

    ``mantissa`` and ``decimals`` write the step as mantissa x 10**-decimals, both integers.
    """

    __slots__ = ("decimals", "denominator", "mantissa", "step")
    denominator: int
    mantissa: int

    def __init__(self, step: Decimal) -> None:
        if not step.is_finite() or step <= 0:
            raise ValueError(f"expected a positive step, found {step}")
        _, digits, exponent = step.normalize(EXACT).as_tuple()
        number = int("".join(map(str, digits)))
        power = int(exponent)
        self.step = step
        self.decimals = max(0, -power)
        self.mantissa = number * 10 ** max(0, power)
        self.denominator = 10**self.decimals

    def __repr__(self) -> str:
        return f"Grid({plain(self.step)})"

    def made_of(self) -> tuple[Decimal]:
        """What an equal one is made of."""
        return (self.step,)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.step == other.step

    def __hash__(self) -> int:
        return hash(self.step)

    def to_decimal(self, units: int) -> Decimal:
        """Exact value of ``units`` steps, at the grid's scale."""
        return Decimal(units * self.mantissa).scaleb(-self.decimals, EXACT)

    def to_text(self, units: int) -> str:
        """Plain notation of ``units`` steps at the grid's scale."""
        n, d = units * self.mantissa, self.decimals
        if not d:
            return str(n)
        digits = str(abs(n))
        if len(digits) <= d:
            digits = digits.zfill(d + 1)
        text = f"{digits[:-d]}.{digits[-d:]}"
        return f"-{text}" if n < 0 else text

    def to_float(self, units: int) -> float:
        """Nearest float of ``units`` steps: for statistics and indicators only."""
        return (units * self.mantissa) / self.denominator

    def from_decimal(self, value: Decimal) -> int:
        """Exact number of steps.

        Raises:
            ValueError: not finite, not a multiple of the step, or of more digits than any amount has.
        """
        if not value.is_finite():
            raise ValueError(f"expected a finite decimal, found {value}")
        if self.mantissa == 1 and value.adjusted() < _QUICK_DIGITS:
            try:
                scaled = EXACT.scaleb(value, self.decimals)
                units = int(scaled)
                if units == scaled:
                    return units
            except Inexact:
                # More digits than `EXACT` has: not quick.
                pass
        units, rest = self._divide(value)
        if rest:
            raise ValueError(f"expected a multiple of {plain(self.step)}, found {plain(value)}")
        return units

    def from_text(self, text: str) -> int:
        """Exact number of steps that ``text`` writes; raises ``ValueError`` as `from_decimal` does."""
        return self.from_decimal(parse_decimal(text))

    def round(self, value: Decimal, rounding: str) -> int:
        """Number of steps nearest to ``value`` in the direction named: `FLOOR`, `CEILING` or `HALF_EVEN`.

        Raises:
            ValueError: another direction, or more digits than any amount has.
        """
        units, rest = self._divide(value)
        if not rest or rounding == FLOOR:
            return units
        if rounding == CEILING:
            return units + 1
        if rounding != HALF_EVEN:
            raise ValueError(f"expected FLOOR, CEILING or HALF_EVEN, found {rounding!r}")
        double = 2 * rest
        return units + (double > 1 or (double == 1 and units % 2 == 1))

    def _divide(self, value: Decimal) -> tuple[int, Decimal]:
        """Floor quotient by the step and the remainder as a fraction of it (exact zero when on the grid)."""
        if not value:
            return 0, Decimal(0)
        sign, digits, exponent = value.as_tuple()
        if value.adjusted() >= _WHOLE_DIGITS_MAX or int(exponent) < -_DECIMALS_MAX:
            most = f"at most {_WHOLE_DIGITS_MAX} digits before the point and {_DECIMALS_MAX} behind it"
            raise ValueError(f"expected a number of {most}, found {_shortened(str(value))}")
        number = int("".join(map(str, digits)) or "0") * (-1 if sign else 1)
        power = int(exponent) + self.decimals
        if power >= 0:
            top, bottom = number * 10**power, self.mantissa
        else:
            top, bottom = number, self.mantissa * 10**-power
        units, rest = divmod(top, bottom)
        if not rest:
            return units, Decimal(0)
        # Only its comparison with one half matters, so three digits that keep that comparison are enough.
        twice = 2 * rest
        return units, Decimal("0.5") if twice == bottom else Decimal("0.25") if twice < bottom else Decimal("0.75")


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}… of {len(text)} characters"


@cache
def currency_grid(scale: int) -> Grid:
    """The ledger grid of a currency kept at ``scale`` decimals."""
    return Grid(Decimal(1).scaleb(-scale))
