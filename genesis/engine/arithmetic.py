"""The decimal arithmetic of one track's strategy, kept apart from everybody else's.

Python has one decimal context for all: a strategy that lowers its precision for itself would round the account's capital, and its neighbour's
orders, and how much of them would depend on how the tape was cut.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Context, getcontext, setcontext
from typing import ClassVar

from genesis.invariants import ensure


class Arithmetic:
    """The context that a strategy finds whenever it is called: Python's own, until it changes it, and from then on as it left it."""

    # A changed one is no state that is kept: no snapshot is taken while there is one.
    made_anew: ClassVar[Mapping[str, object]] = {"_inside": None, "_outside": None}
    __slots__ = ("_inside", "_outside")

    def __init__(self) -> None:
        self._inside: Context | None = None
        self._outside: Context | None = None

    def enter(self) -> None:
        """From here on the strategy's context is the one in force, until `leave`."""
        self._outside = getcontext()
        setcontext(Context() if self._inside is None else self._inside)

    def leave(self) -> None:
        """The context that was in force at `enter` is again, whatever became of the other one."""
        outside = self._outside
        ensure(outside is not None, "decimal context: expected to have been entered before it is left")
        self._inside = getcontext()
        if outside is not None:
            setcontext(outside)

    def begin_as(self, other: Arithmetic) -> None:
        """Begin with a context such as ``other`` has now."""
        self._inside = None if other._inside is None else other._inside.copy()

    @property
    def is_changed(self) -> bool:
        """Whether the strategy has changed it."""
        return self._inside is not None and _rules(self._inside) != _rules(Context())


def _rules(context: Context) -> tuple[object, ...]:
    """What decides a result; which conditions have been met on the way does not."""
    kept = (context.prec, context.rounding, context.Emin, context.Emax, context.capitals, context.clamp)
    return (*kept, tuple(s for s, is_trapped in context.traps.items() if is_trapped))
