"""Perpetuals: what a position settles and answers for, by the terms that the first entry tells (docs/PAPER_FILLS.md, "Perpetuals")."""

from __future__ import annotations

from fractions import Fraction
from math import ceil, floor

from .comparing import Document

# The venue books to 8 decimals, and every rounding is against the account.
VENUE_UNIT = 10**8


class Contract:
    """Brackets of maintenance margin, the lowest first."""

    def __init__(self, terms: Document) -> None:
        self.brackets = list[tuple[Fraction, Fraction, Fraction]]()
        amount = rate = Fraction(0)
        for tier in terms["margin_tiers"]:
            begins, steeper = Fraction(tier["floor"]), Fraction(tier["maintenance_rate"])
            # The margin has no jump where a bracket begins; a venue may tell the amount that makes it so itself.
            amount += begins * (steeper - rate)
            rate, told = steeper, tier["maintenance_amount"]
            self.brackets.append((begins, rate, amount if told is None else Fraction(told)))

    def maintenance(self, qty: Fraction, mark: Fraction, unit: int) -> Fraction:
        """What a position must be worth to the account, rounded up to a ``unit``-th of its money."""
        notional = abs(qty) * mark
        at = max((i for i, (begins, *_) in enumerate(self.brackets) if begins < notional), default=0)
        _, rate, amount = self.brackets[at]
        return Fraction(ceil((notional * rate - amount) * unit), unit)


def funding(qty: Fraction, mark: Fraction, rate: Fraction, unit: int) -> Fraction:
    """The change of cash at a settlement, in money whose least part is a ``unit``-th: longs pay shorts while the rate is positive."""
    unit = min(unit, VENUE_UNIT)
    return Fraction(floor(-qty * mark * rate * unit), unit)


def units_of(text: str) -> int:
    """How many of the last decimal of a number make one."""
    return int(10 ** len(text.partition(".")[2]))
