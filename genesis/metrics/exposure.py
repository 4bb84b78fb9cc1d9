"""Exposure, turnover and time in market. Money is an integer of ledger units or a Decimal, all of it in one currency; ratios are floats."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import msgspec

from genesis.metrics.amounts import Amount, ratio, total


class Exposure(msgspec.Struct, frozen=True):
    """``gross`` adds the sizes of all positions, ``net`` their signed values; both fractions of equity (1.0 is all of it)."""

    gross: float
    net: float


def exposure(position_values: Iterable[Amount], equity: Amount) -> Exposure | None:
    """Exposure of signed position values (short is negative) at their marks; ``None`` when equity is not above 0."""
    values = [Decimal(v) for v in position_values]
    gross, net = total(v.copy_abs() for v in values), total(values)
    share_gross, share_net = ratio(gross, equity), ratio(net, equity)
    return None if share_gross is None or share_net is None else Exposure(share_gross, share_net)


def turnover_ratio(traded_notional: Amount, average_equity: Amount) -> float | None:
    """Turnover over the whole evaluation: notional bought plus notional sold, over average equity; in times of equity.

    ``None`` when average equity is not above 0.
    """
    return ratio(traded_notional, average_equity)


class TimeWeighted:
    """Mean of a step function of engine time: a value holds until the next one.

    With 1 while there is a position and 0 while flat it is time in market; with gross exposure it is time-weighted gross exposure.
    """

    __slots__ = ("_area", "_since_ns", "_start_ns", "_value")

    def __init__(self, start_ns: int, value: float = 0) -> None:
        self._start_ns = self._since_ns = start_ns
        self._value = value
        self._area: float = 0

    def change(self, time_ns: int, value: float) -> None:
        """From ``time_ns`` on the value is ``value``.

        Raises:
            ValueError: the time lies before the last change.
        """
        if time_ns < self._since_ns:
            raise ValueError(f"time_ns: expected {self._since_ns} or later, found {time_ns}")
        self._area += self._value * (time_ns - self._since_ns)
        self._since_ns, self._value = time_ns, value

    def mean(self, now_ns: int) -> float | None:
        """Mean from the start to ``now_ns``, which is not before the last change; ``None`` while no time has passed."""
        if now_ns <= self._start_ns:
            return None
        return (self._area + self._value * (now_ns - self._since_ns)) / (now_ns - self._start_ns)

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (self._start_ns, self._since_ns, self._value, self._area)

    def load(self, state: tuple[float, ...]) -> None:
        """Take the state that `save` gave; what follows is bit-identical."""
        start_ns, since_ns, self._value, self._area = state
        self._start_ns, self._since_ns = int(start_ns), int(since_ns)
