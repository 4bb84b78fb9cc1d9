"""Pieces of inline SVG: a plot's frame with its axes, lines, markers and captions. Colours are the page's classes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from genesis.monitoring.report.axes import Scale, places, thin, ticks, time_ticks
from genesis.monitoring.report.values import Line
from genesis.monitoring.report.wording import fixed, safe
from genesis.paper_trading.verdicts import Window

WIDTH = 960
LEFT, RIGHT = 76, 14


class Pane(msgspec.Struct, frozen=True):
    """A plot's rectangle: engine time across, values up."""

    x: Scale
    y: Scale
    window: Window

    def at(self, time: float, value: float) -> tuple[float, float]:
        """Pixels of a point."""
        return self.x(time), self.y(value)


def pane(window: Window, low: float, high: float, top: int, bottom: int, right: int = RIGHT) -> Pane:
    """A pane between two heights, over the whole width."""
    x = Scale(window.start_ns, window.end_ns, LEFT, WIDTH - right)
    return Pane(x, Scale(low, high, bottom, top), window)


def value_axis(y: Scale, suffix: str = "", about: int = 5, right: int = RIGHT) -> str:
    """Grid lines with their values; ``suffix`` is the unit."""
    marks = ticks(y.low, y.high, about)
    digits = places(marks)
    parts = []
    for v in marks:
        at = y(v)
        label = f"{fixed(v, digits)}{suffix}"
        parts.append(
            f"<line class='{'zero' if v == 0 else 'grid'}' x1='{LEFT}' x2='{WIDTH - right}' y1='{at:.1f}' y2='{at:.1f}'/>"
            f"<text x='{LEFT - 7}' y='{at + 4:.1f}' text-anchor='end'>{label}</text>"
        )
    return "".join(parts)


def time_axis(p: Pane, y: float, tick_top: float | None = None) -> str:
    """Dates under a plot, with a faint line up to ``tick_top`` where that is given."""
    parts = []
    for ns, label in time_ticks(p.window.start_ns, p.window.end_ns):
        at = p.x(ns)
        if tick_top is not None:
            parts.append(f"<line class='grid' x1='{at:.1f}' x2='{at:.1f}' y1='{tick_top:.0f}' y2='{y - 14:.1f}'/>")
        anchor = "start" if at < LEFT + 24 else "end" if at > WIDTH - 40 else "middle"
        parts.append(f"<text x='{at:.1f}' y='{y:.1f}' text-anchor='{anchor}'>{label}</text>")
    return "".join(parts)


def trace(p: Pane, line: Line, css: str) -> str:
    """A line; a piece of one point is a dot."""
    parts = []
    for piece in thin(line, p.x):
        points = [(x, p.y(v)) for x, v in piece]
        if len(points) == 1:
            parts.append(f"<circle class='{css} dot' cx='{points[0][0]:.1f}' cy='{points[0][1]:.1f}' r='2'/>")
            continue
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        parts.append(f"<polyline class='{css}' points='{path}'/>")
    return "".join(parts)


def area(p: Pane, line: Line, base: float, css: str) -> str:
    """The surface between a line and a value."""
    parts = []
    for piece in thin(line, p.x):
        if len(piece) < 2:
            continue
        path = " ".join(f"{x:.1f},{p.y(v):.1f}" for x, v in piece)
        floor = p.y(base)
        parts.append(
            f"<polygon class='{css}' points='{piece[0][0]:.1f},{floor:.1f} {path} {piece[-1][0]:.1f},{floor:.1f}'/>"
        )
    return "".join(parts)


def triangles(p: Pane, line: Line, up: bool, css: str) -> str:
    """Markers in one path: pointing up at their point from below, or down from above."""
    sign = 1 if up else -1
    path = "".join(f"M{x:.1f} {y:.1f}l-3.5 {6 * sign}h7z" for x, y in (p.at(t, v) for t, v in known(line)))
    return f"<path class='{css}' d='{path}'/>" if path else ""


def known(line: Line) -> list[tuple[int, float]]:
    """Points that have a value."""
    return [(t, v) for t, v in zip(line.times, line.values, strict=True) if v is not None]


def legend(items: Sequence[tuple[str, str]], x: float, y: float, step: Callable[[str], float] | None = None) -> str:
    """Names beside samples of their lines, in a row; (css class, name)."""
    parts = []
    for css, name in items:
        parts.append(
            f"<line class='{css}' x1='{x:.0f}' x2='{x + 18:.0f}' y1='{y - 4:.0f}' y2='{y - 4:.0f}'/>"
            f"<text x='{x + 23:.0f}' y='{y:.0f}'>{safe(name)}</text>"
        )
        x += 40 + (step(name) if step else 6.6 * len(name))
    return "".join(parts)


def drawing(body: str, height: int, label: str) -> str:
    """The picture, named for those who cannot see it, in a frame that scrolls where it is narrow. ``label`` is escaped here."""
    words = safe(label, 600)
    return f"<div class='draw'><svg viewBox='0 0 {WIDTH} {height}' role='img' aria-label=\"{words}\">{body}</svg></div>"


def figure(caption: str, picture: str, note: str = "") -> str:
    """A picture under its caption; both texts are HTML already."""
    below = f"<p class='note'>{note}</p>" if note else ""
    return f"<figure><figcaption>{caption}</figcaption>{picture}{below}</figure>"


def spread(heights: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Heights moved apart to at least ``gap``, in their order, as near to where they were as [top, bottom] allows."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    placed = [0.0] * len(heights)
    last = top - gap
    for i in order:
        placed[i] = last = max(heights[i], last + gap)
    last = bottom + gap
    for i in reversed(order):
        placed[i] = last = min(placed[i], last - gap)
    return placed
