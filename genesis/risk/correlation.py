"""How alike the returns of instruments are, from one fixed block of their latest bars."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from math import fsum, sqrt

# Seven days of evidence bars: fewer say nothing about anything (definitions.md, "Clock and returns").
LEAST_BARS = 42


class Correlations:
    """Pearson's correlation of simple returns over the latest ``bars`` bars that both instruments have.

    Prices are kept, not sums: a value is worked out over one block in its order, so it never depends on when it is asked for.
    """

    __slots__ = ("_bars", "_closes")

    def __init__(self, bars: int) -> None:
        self._bars = bars
        self._closes: dict[str, deque[int | None]] = {}

    def close_bar(self, ticks: Mapping[str, int | None]) -> None:
        """Take every instrument's price at the end of a bar; ``None`` where there is none yet. Name the same instruments each time."""
        for name, price in ticks.items():
            self._closes.setdefault(name, deque(maxlen=self._bars + 1)).append(price)

    def of(self, one: str, other: str) -> float | None:
        """From -1 to 1; ``None`` under `LEAST_BARS` bars, or where one of the prices has not moved."""
        pairs = self._returns(one, other)
        if len(pairs) < LEAST_BARS:
            return None
        mean_x, mean_y = (fsum(p[i] for p in pairs) / len(pairs) for i in (0, 1))
        xx, yy = fsum((x - mean_x) ** 2 for x, _ in pairs), fsum((y - mean_y) ** 2 for _, y in pairs)
        xy = fsum((x - mean_x) * (y - mean_y) for x, y in pairs)
        return xy / sqrt(xx * yy) if xx > 0 and yy > 0 else None

    def _returns(self, one: str, other: str) -> list[tuple[float, float]]:
        xs, ys = (list(self._closes.get(n, ())) for n in (one, other))
        common = min(len(xs), len(ys))
        found, before = [], None
        for x, y in zip(xs[len(xs) - common :], ys[len(ys) - common :], strict=True):
            now = (x, y) if x and y else None
            if now is not None and before is not None:
                found.append((now[0] / before[0] - 1, now[1] / before[1] - 1))
            before = now
        return found
