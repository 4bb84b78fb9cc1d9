"""What all indicators share: the latest value, and a state of plain numbers."""

from __future__ import annotations

from collections.abc import Sequence

State = Sequence[float]


def period_of(n: int, name: str = "period", least: int = 1) -> int:
    """``n`` itself, where a window or an average can be that long.

    Raises:
        ValueError: it is no integer, or under ``least``.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < least:
        raise ValueError(f"{name}: expected an integer of {least} or more, found {n!r}")
    return n


def expect_size(state: State, size: int, name: str) -> None:
    """Refuse a state of another size.

    Raises:
        ValueError: it has more or fewer numbers.
    """
    if len(state) != size:
        raise ValueError(f"{name} state: expected {size} numbers, found {len(state)}")


def packed(x: float | None) -> list[float]:
    """A number that may be missing as two that are not: `unpacked` gives it back."""
    return [0.0, 0.0] if x is None else [1.0, x]


def unpacked(pair: State) -> float | None:
    """What `packed` was given."""
    return pair[1] if pair[0] else None


class Indicator:
    """The latest value; ``None`` until it is warm or where it is undefined."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value: float | None = None

    @property
    def ready(self) -> bool:
        """Whether there is a value."""
        return self.value is not None
