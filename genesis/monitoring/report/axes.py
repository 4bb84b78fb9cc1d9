"""From values to pixels: round ticks, times that fall on the calendar, and lines thinned to what a pixel column can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import ceil, floor, log10

import msgspec

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MINUTE, NS_PER_SECOND
from genesis.monitoring.report.values import Line

_STEPS = tuple(
    n * unit
    for unit, sizes in (
        (NS_PER_SECOND, (1, 2, 5, 10, 15, 30)),
        (NS_PER_MINUTE, (1, 2, 5, 10, 15, 30)),
        (NS_PER_HOUR, (1, 2, 3, 6, 12)),
        (NS_PER_DAY, (1, 2, 4, 7, 14)),
    )
    for n in sizes
)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240)
_MONTH_NS = 30 * NS_PER_DAY


class Scale(msgspec.Struct, frozen=True):
    """Maps [``low``, ``high``] onto pixels [``start``, ``end``] (which may run backwards)."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        width = self.high - self.low
        return self.start if width <= 0 else self.start + (value - self.low) / width * (self.end - self.start)


def padded(values: Sequence[float], include: Sequence[float] = (), share: float = 0.06) -> tuple[float, float]:
    """A range that holds every value with some air; never empty."""
    known = [*values, *include] or [0.0]
    low, high = min(known), max(known)
    air = (high - low) * share or max(abs(high) * 0.001, 1e-9)
    return low - air, high + air


def ticks(low: float, high: float, about: int = 5) -> list[float]:
    """Round values inside [low, high], about as many as asked for."""
    if not high > low:
        return [low]
    raw = (high - low) / about
    power = 10.0 ** floor(log10(raw))
    step = next((m * power for m in (1, 2, 5) if m * power >= raw), 10 * power)
    return [i * step for i in range(ceil(low / step), floor(high / step) + 1)] or [low]


def places(values: Sequence[float]) -> int:
    """Decimals that tell neighbouring ticks apart."""
    if len(values) < 2:
        return 2
    step = min(b - a for a, b in zip(values, values[1:], strict=False))
    return min(10, max(0, ceil(-log10(step) - 1e-9)))


def time_ticks(start_ns: int, end_ns: int, about: int = 7) -> list[tuple[int, str]]:
    """(UTC ns, label) at whole minutes, hours, days or months; a label says no more than changes."""
    if end_ns <= start_ns:
        return [(start_ns, _label(start_ns, NS_PER_SECOND, True))]
    raw = (end_ns - start_ns) / about
    step = next((s for s in _STEPS if s >= raw), None)
    if step is None:
        return [(ns, _at(ns).strftime("%Y-%m")) for ns in _months(start_ns, end_ns, raw)]
    first = -(-start_ns // step) * step
    found = list(range(first, end_ns + 1, step))
    return [
        (ns, _label(ns, step, i == 0 or ns // NS_PER_DAY != found[i - 1] // NS_PER_DAY)) for i, ns in enumerate(found)
    ]


def _label(ns: int, step: int, new_day: bool) -> str:
    at = _at(ns)
    if step >= NS_PER_DAY:
        return at.strftime("%Y-%m-%d")
    clock = at.strftime("%H:%M:%S" if step < NS_PER_MINUTE else "%H:%M")
    return f"{at.strftime('%m-%d')} {clock}" if new_day else clock


def _months(start_ns: int, end_ns: int, raw: float) -> Iterator[int]:
    step = next((m for m in _MONTHS if m * _MONTH_NS >= raw), _MONTHS[-1])
    at = _at(start_ns)
    month = -(-(at.year * 12 + at.month - 1) // step) * step
    while month // 12 < 9999:
        ns = int(datetime(month // 12, month % 12 + 1, 1, tzinfo=UTC).timestamp()) * NS_PER_SECOND
        if ns > end_ns:
            return
        if ns >= start_ns:
            yield ns
        month += step


def _at(ns: int) -> datetime:
    return datetime.fromtimestamp(ns // NS_PER_SECOND, UTC)


def thin(line: Line, x: Scale) -> list[list[tuple[float, float]]]:
    """Unbroken pieces of (pixel x, value): of each pixel column the first, least, greatest and last value, in their order."""
    pieces: list[list[tuple[float, float]]] = []
    piece: list[tuple[float, float]] = []
    column: list[tuple[float, float]] = []
    for time, value in zip(line.times, line.values, strict=True):
        at = x(time)
        if column and (value is None or floor(at) != floor(column[0][0])):
            piece.extend(_extremes(column))
            column = []
        if value is None:
            if piece:
                pieces.append(piece)
                piece = []
            continue
        column.append((at, value))
    piece.extend(_extremes(column))
    return [*pieces, piece] if piece else pieces


def _extremes(column: list[tuple[float, float]]) -> list[tuple[float, float]]:
    if len(column) < 3:
        return column
    order = sorted(range(len(column)), key=lambda i: column[i][1])
    return [column[i] for i in sorted({0, order[0], order[-1], len(column) - 1})]


def evenly(line: Line, most: int) -> Line:
    """At most ``most`` of the points, evenly by number, the first and the last among them."""
    n = len(line.times)
    if n <= most:
        return line
    keep = [i * (n - 1) // (most - 1) for i in range(most)]
    return Line(tuple(line.times[i] for i in keep), tuple(line.values[i] for i in keep))
