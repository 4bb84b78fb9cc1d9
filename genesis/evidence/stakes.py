"""A stake divided among bets on scaled values: the betting e-process without a declared bound.

E = mean over k of product of max(0, 1 + bet_k x) with x cut from above at ``clip``. A bet is lost whole in a bar with x at or under -1 / bet_k, and no
other with it; where no bar lies further below, E is an e-process of "no x has a positive mean given the past" (Waudby-Smith and Ramdas 2024).
"""

from __future__ import annotations

from collections.abc import Sequence


class Stakes:
    """The wealths, each from 1; their mean never stands above ``cap``: winnings above it are taken off the table."""

    __slots__ = ("_bets", "_cap", "_clip", "wealths")

    def __init__(self, bets: Sequence[float], clip: float, cap: float) -> None:
        self._bets, self._clip, self._cap = tuple(bets), clip, cap
        self.wealths = [1.0] * len(self._bets)

    @property
    def value(self) -> float:
        """E: the mean of the wealths."""
        return self._total(self.wealths) / len(self.wealths)

    def add(self, x: float) -> None:
        """Take a bar's value, scaled by what was known before it."""
        counted = min(x, self._clip)
        after = [w * max(0.0, 1 + bet * counted) for w, bet in zip(self.wealths, self._bets, strict=True)]
        most, now = self._cap * len(after), self._total(after)
        self.wealths = [w * (most / now) for w in after] if now > most else after

    @staticmethod
    def _total(values: Sequence[float]) -> float:
        """Added one after the other: since Python 3.12 ``sum`` of floats compensates, and gives other bits than 3.11."""
        total = 0.0
        for value in values:
            total += value
        return total

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return tuple(self.wealths)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave; what follows is bit-identical.

        Raises:
            ValueError: it is of another number of bets.
        """
        if len(state) != len(self._bets):
            raise ValueError(f"state: expected {len(self._bets)} bets, found {len(state)}")
        self.wealths = list(state)
