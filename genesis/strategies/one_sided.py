"""What the built-in strategies on bars share: one side of the market at a time, with one share of equity."""

from __future__ import annotations

from decimal import Decimal

from genesis.model.market import BarSpec
from genesis.strategies.base import Strategy


def check_weight(weight: Decimal) -> None:
    """A share of equity; ``ValueError`` unless above 0 and at most 1."""
    if not 0 < weight <= 1:
        raise ValueError(f"weight: expected above 0 and at most 1, found {weight}")


def check_bars(bars: str) -> None:
    """A length of bars; ``ValueError`` unless as `BarSpec.parse` takes it."""
    try:
        BarSpec.parts(bars)
    except ValueError as error:
        raise ValueError(f"bars: {error}") from None


class OneSided(Strategy):
    """Long, short or flat. A position it no longer wants is closed in any case; the one it wants is opened where risk allows it."""

    _side = 0

    def _take_side(self, side: int, weight: Decimal) -> None:
        """Be on ``side`` (1 long, -1 short, 0 flat) with ``weight`` of equity.

        A close that was refused (the market is shut, say) is asked for again at the next bar; an entry that was refused is not chased.
        """
        if side == self._side and not self._holds_what_it_left():
            return
        self._side = side
        if side:
            self.turn_to_weight(side * weight)
        else:
            self.target_position(0)

    def _holds_what_it_left(self) -> bool:
        lots = self.desk.position_lots(self.instrument) + self.desk.working_lots(self.instrument)
        return lots != 0 if self._side == 0 else lots * self._side < 0
