"""One self-contained HTML page of a run: tables, and equity and drawdown drawn as inline SVG. Nothing is fetched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import msgspec

from genesis.clock import iso_utc

_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 900, 220, 80, 28, 10


class TrackReport(msgspec.Struct, frozen=True):
    """A paper track: hourly (time ns, equity, drawdown) and its latest metrics, each with unit and note."""

    name: str
    currency: str
    points: tuple[tuple[int, float, float], ...]
    metrics: tuple[tuple[str, str, str], ...]
    denials: tuple[tuple[str, int, str], ...]


class RunReport(msgspec.Struct, frozen=True):
    """A run: what it was a function of, and its tracks."""

    title: str
    facts: tuple[tuple[str, str], ...]
    tracks: tuple[TrackReport, ...]


def render(report: RunReport) -> str:
    """The page."""
    facts = "".join(f"<tr><th>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in report.facts)
    tracks = "".join(_track(t) for t in report.tracks)
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>{escape(report.title)}</title>"
        f"<style>{_STYLE}</style></head><body><h1>{escape(report.title)}</h1>"
        "<p>Paper: every fill is simulated. Times are UTC; results are net of fees and slippage unless a row says else.</p>"
        f"<table>{facts}</table>{tracks}</body></html>"
    )


def _track(track: TrackReport) -> str:
    rows = "".join(
        f"<tr><td>paper</td><th>{escape(n)}</th><td class='n'>{escape(v)}</td><td>{escape(u)}</td></tr>"
        for n, v, u in track.metrics
    )
    denied = "".join(
        f"<tr><td>{escape(r)}</td><td class='n'>{n}</td><td>{escape(d)}</td></tr>" for r, n, d in track.denials
    )
    refusals = f"<h3>Refused by risk</h3><table>{denied}</table>" if denied else "<p>No order was refused by risk.</p>"
    times = [p[0] for p in track.points]
    equity = _chart(times, [p[1] for p in track.points], f"equity, {track.currency}", "#1f5fa8")
    fall = _chart(times, [-100 * p[2] for p in track.points], "drawdown, % of peak", "#a83232")
    return f"<h2>{escape(track.name)}</h2>{equity}{fall}<table>{rows}</table>{refusals}"


def _chart(times: Sequence[int], values: Sequence[float], label: str, colour: str) -> str:
    """A line with axes; in words where there are too few points to draw one."""
    if len(times) < 2:
        return f"<p>{escape(label)}: fewer than two hourly samples, nothing to draw.</p>"
    low, high = min(values), max(values)
    pad = (high - low) * 0.05 or max(abs(high) * 0.001, 1e-9)
    ticks = _ticks(low - pad, high + pad)
    low, high = min(low - pad, ticks[0]), max(high + pad, ticks[-1])
    start, end = times[0], times[-1]

    def x(t: int) -> float:
        return _LEFT + (t - start) / (end - start) * (_WIDTH - _LEFT - 10)

    def y(v: float) -> float:
        return _TOP + (high - v) / (high - low) * (_HEIGHT - _TOP - _BOTTOM)

    line = " ".join(f"{x(t):.1f},{y(v):.1f}" for t, v in zip(times, values, strict=True))
    grid = "".join(
        f"<line x1='{_LEFT}' x2='{_WIDTH - 10}' y1='{y(v):.1f}' y2='{y(v):.1f}' stroke='#ddd'/>"
        f"<text x='{_LEFT - 6}' y='{y(v) + 4:.1f}' text-anchor='end'>{v:,.6g}</text>"
        for v in ticks
    )
    marks = [start + (end - start) * i // 4 for i in range(5)]
    anchors = ("start", "middle", "middle", "middle", "end")
    dates = "".join(
        f"<text x='{x(t):.1f}' y='{_HEIGHT - 8}' text-anchor='{a}'>{iso_utc(t)[:16].replace('T', ' ')}</text>"
        for t, a in zip(marks, anchors, strict=True)
    )
    return (
        f"<figure><figcaption>{escape(label)} ({len(times)} samples)</figcaption>"
        f"<svg viewBox='0 0 {_WIDTH} {_HEIGHT}' role='img' aria-label='{escape(label)}'>{grid}{dates}"
        f"<polyline fill='none' stroke='{colour}' stroke-width='1.5' points='{line}'/></svg></figure>"
    )


def _ticks(low: float, high: float) -> list[float]:
    """Round values inside [low, high], about five."""
    raw = (high - low) / 5
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw)
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step) + 1)] or [low]


_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;color:#1a1a1a;background:#fff;max-width:960px;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;margin:1em 0}td,th{border-bottom:1px solid #ddd;padding:3px 12px 3px 0;text-align:left;"
    "vertical-align:top;font-weight:normal}th{color:#333}.n{text-align:right;font-variant-numeric:tabular-nums}"
    "svg{width:100%;font:11px system-ui,sans-serif;fill:#444}svg line{fill:none}figure{margin:1em 0}"
    "figcaption{font-weight:600}h2{border-top:2px solid #1a1a1a;padding-top:.6em}"
)
