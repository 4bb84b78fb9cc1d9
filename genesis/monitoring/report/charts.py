"""The charts: every track's return, a track's equity with its drawdown, price with fills, bar returns, exposure, costs."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10
from statistics import fmean
from unicodedata import east_asian_width

from genesis.monitoring.report.axes import Scale, evenly, padded, places, ticks
from genesis.monitoring.report.svg import (
    LEFT,
    RIGHT,
    WIDTH,
    area,
    drawing,
    figure,
    known,
    legend,
    pane,
    spread,
    time_axis,
    trace,
    triangles,
    value_axis,
)
from genesis.monitoring.report.values import Benchmark, Cost, Line, PriceChart, TrackReport
from genesis.monitoring.report.wording import DASH, fixed, minute, number, percent, safe
from genesis.paper_trading.verdicts import Window

MARKERS_MOST = 400
_LABELS_MOST = 14
_NAME_ROOM = 210
_NAME_LONGEST = 18  # of narrow characters; a wide one takes the room of two
_COLOURS = 8
# How a line looks, before its name.
_SAMPLE = "<svg viewBox='0 0 24 8' aria-hidden='true'><line class='line {}' x1='0' x2='24' y1='4' y2='4'/></svg>"
# A benchmark this many times as wide as all tracks together leaves them flat: they get a chart of their own.
_FLAT = 4.0
_FEW = 20
# Fewer returns are no distribution: they are said in words.
_BARS_LEAST = 5


def returns_chart(tracks: Sequence[TrackReport], benchmarks: Sequence[Benchmark], window: Window) -> str:
    """Return so far of every track, net, beside the benchmarks; the tracks alone once more where those dwarf them."""
    lines = [(f"s{i % _COLOURS} d{i // _COLOURS % 3}", t.name, _as_return(t)) for i, t in enumerate(tracks)]
    beside = [("hold", b.name, _percent(b.line)) for b in benchmarks if b.line.times]
    if not any(len(known(line)) > 1 for _, _, line in lines):
        return "<p class='empty'>Return of all tracks: no samples, nothing to draw.</p>"
    together = _returns(
        "Return of all tracks, %, net of costs, beside buy and hold before costs", [*lines, *beside], window
    )
    if not beside or _width(beside) < _FLAT * _width(lines):
        return together
    return together + _returns("The same tracks alone, on their own scale, %, net of costs", lines, window)


def _as_return(track: TrackReport) -> Line:
    first = float(track.budget)
    return Line(
        track.equity.times,
        tuple(None if v is None or not first else 100 * (v / first - 1) for v in track.equity.values),
    )


def _percent(line: Line) -> Line:
    return Line(line.times, tuple(None if v is None else 100 * v for v in line.values))


def _width(lines: Sequence[tuple[str, str, Line]]) -> float:
    values = [v for _, _, line in lines for _, v in known(line)]
    return max(values) - min(values) if values else 0.0


def _returns(caption: str, lines: Sequence[tuple[str, str, Line]], window: Window) -> str:
    values = [v for _, _, line in lines for _, v in known(line)]
    labelled = len(lines) <= _LABELS_MOST
    right = _NAME_ROOM if labelled else RIGHT
    low, high = padded(values, (0.0,))
    p = pane(window, low, high, 14, 322, right)
    body = value_axis(p.y, " %", 6, right) + time_axis(p, 344)
    body += "".join(trace(p, line, f"line {css}") for css, _, line in lines)
    ends = [(css, name, known(line)[-1]) for css, name, line in lines if known(line)]
    said = ", ".join(f"{name} {number(end[1])} %" for _, name, end in ends)
    if labelled:
        heights = spread([p.y(end[1]) for _, _, end in ends], 15, 14, 326)
        for (css, name, end), height in zip(ends, heights, strict=True):
            at, y = p.at(*end)
            body += (
                f"<polyline class='line {css} thin' points='{at:.1f},{y:.1f} {at + 10:.1f},{height:.1f} {at + 20:.1f},{height:.1f}'/>"
                f"<text x='{at + 24:.1f}' y='{height + 4:.1f}'>{safe(_short(name))} {fixed(end[1], 2)} %</text>"
            )
    key = (
        ""
        if labelled
        else "<p class='key'>"
        + " ".join(f"<span>{_SAMPLE.format(css)}{safe(name)}</span>" for css, name, _ in ends)
        + "</p>"
    )
    return figure(caption, drawing(body, 352, f"{caption}. At the end: {said}")) + key


def _short(name: str) -> str:
    kept, room = "", _NAME_LONGEST
    for character in name:
        room -= 2 if east_asian_width(character) in "WF" else 1
        if room < 0:
            return f"{kept[:-1]}…"
        kept += character
    return kept


def equity_chart(track: TrackReport) -> str:
    """Equity over drawdown on one time axis, with the maximum drawdown's peak, trough and recovery."""
    points = known(track.equity)
    caption = f"Equity, {safe(track.currency)}, net, and drawdown, % of peak"
    if len(points) < 2:
        return f"<p class='empty'>{caption}: no samples, nothing to draw.</p>"
    low, high = padded([v for _, v in points], (float(track.budget),))
    upper = pane(track.window, low, high, 20, 216)
    falls = Line(track.drawdown.times, tuple(None if v is None else -100 * v for v in track.drawdown.values))
    deepest = track.metrics.fraction("drawdown_max") or 0.0
    least, _ = padded([v for _, v in known(falls)], (0.0, -100 * deepest))
    lower = pane(track.window, least, 0.0, 244, 336)
    budget = upper.y(float(track.budget))
    body = _fall_band(track, upper.x.start, upper.x.end, upper.x)
    body += value_axis(upper.y) + value_axis(lower.y, " %", 3) + time_axis(upper, 358)
    body += f"<line class='budget' x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{budget:.1f}' y2='{budget:.1f}'/>"
    body += (
        trace(upper, track.equity, "line s0") + area(lower, falls, 0.0, "fall-area") + trace(lower, falls, "line fall")
    )
    body += _fall_letters(track, upper.x, lower.y)
    words = _fall_words(track)
    first, last = points[0][1], points[-1][1]
    label = f"Equity of {track.name} from {first:,.2f} to {last:,.2f} {track.currency}, {len(points)} points. {words}"
    few = " The line joins its points; what lay between them was not sampled." if len(points) < _FEW else ""
    return figure(
        f"{caption} <span class='n'>({len(points):,} points, dashed: budget)</span>",
        drawing(body, 366, label),
        f"{safe(words)}{few}",
    )


def _fall_dates(track: TrackReport) -> tuple[int | None, int | None, int | None]:
    m = track.metrics
    return m.whole("drawdown_from_ns"), m.whole("drawdown_trough_ns"), m.whole("drawdown_recovery_ns")


def _fall_words(track: TrackReport) -> str:
    peak, trough, recovery = _fall_dates(track)
    deepest = track.metrics.fraction("drawdown_max")
    if not deepest or peak is None or trough is None:
        return (
            "No drawdown so far."
            if deepest == 0
            else f"Maximum drawdown {percent(deepest)}; its dates are not recorded."
        )
    back = f"recovery (R) {minute(recovery)}" if recovery is not None else "not recovered by the last sample"
    return (
        f"Maximum drawdown {percent(deepest)}: peak (P) {minute(peak)}, trough (T) {minute(trough)}, {back}. "
        "It is measured at every fill and mark, so it may lie between two samples of the line."
    )


def _fall_band(track: TrackReport, start: float, end: float, x: Scale) -> str:
    peak, trough, recovery = _fall_dates(track)
    if peak is None or trough is None:
        return ""
    left = max(start, x(peak))
    right = end if recovery is None else min(end, x(recovery))
    return f"<rect class='band' x='{left:.1f}' y='20' width='{max(1.0, right - left):.1f}' height='316'/>"


def _fall_letters(track: TrackReport, x: Scale, y: Scale) -> str:
    peak, trough, recovery = _fall_dates(track)
    deepest = track.metrics.fraction("drawdown_max")
    if peak is None or trough is None or deepest is None:
        return ""
    at, low = x(trough), y(-100 * deepest)
    body = f"<circle class='trough' cx='{at:.1f}' cy='{low:.1f}' r='3.5'/>"
    body += f"<text class='letter' x='{at:.1f}' y='{low - 8:.1f}' text-anchor='middle'>T</text>"
    left = x(peak)
    body += f"<text class='letter' x='{max(left, LEFT) + 3:.1f}' y='16'>P</text>"
    if recovery is not None:
        right = max(x(recovery), left + 16)
        body += f"<text class='letter' x='{right - 3:.1f}' y='16' text-anchor='end'>R</text>"
    return body


def price_chart(chart: PriceChart, window: Window) -> str:
    """An instrument's price and the fills in it, at their own price and time."""
    bought, sold = len(chart.buys.times), len(chart.sells.times)
    total = bought + sold
    most = max(2, MARKERS_MOST * bought // total) if total else 2
    buys, sells = evenly(chart.buys, most), evenly(chart.sells, max(2, MARKERS_MOST - most))
    shown = len(buys.times) + len(sells.times)
    values = [v for line in (chart.line, buys, sells) for _, v in known(line)]
    caption = f"Price of {safe(chart.instrument)} and fills"
    if not values:
        return f"<p class='empty'>{caption}: no price was sampled and nothing was filled.</p>"
    low, high = padded(values)
    p = pane(window, low, high, 26, 262)
    body = value_axis(p.y) + time_axis(p, 284) + trace(p, chart.line, "line price")
    body += triangles(p, buys, True, "buy") + triangles(p, sells, False, "sell")
    body += (
        f"<path class='buy' d='M{LEFT + 6} 10l-3.5 6h7z'/><text x='{LEFT + 14}' y='16'>{bought:,} buys</text>"
        f"<path class='sell' d='M{LEFT + 106} 16l-3.5 -6h7z'/><text x='{LEFT + 114}' y='16'>{sold:,} sells</text>"
    )
    cut = f"{shown:,} of {total:,} fills drawn, evenly by number. " if shown < total else ""
    label = f"{bought} buys and {sold} sells of {chart.instrument} on its price. {chart.origin}"
    return figure(
        f"{caption} <span class='n'>({total:,} fills)</span>", drawing(body, 292, label), f"{cut}{safe(chart.origin)}"
    )


def histogram(track: TrackReport) -> str:
    """Evidence-bar returns in columns of a round width; bars that are exactly 0 are counted in words."""
    values = track.bars.values
    moved = [100 * v for v in values if v]
    still, n = len(values) - len(moved), f"n = {len(values):,} bars"
    caption = "Returns of evidence bars (4 h, UTC), % of equity, net"
    if not moved:
        why = track.bars.lacking or (f"all {still:,} bars are exactly 0" if still else "no bar was sampled")
        return f"<p class='empty'>{caption}: nothing to draw, {safe(why)}.</p>"
    if len(moved) < _BARS_LEAST:
        told = ", ".join(percent(v) for v in values if v)
        return f"<p class='empty'>{caption}: {len(moved)} of {n[4:]} moved, too few to draw ({told}).</p>"
    step, first, counts = _columns(moved)
    x = Scale(first * step, (first + len(counts)) * step, LEFT, WIDTH - RIGHT)
    y = Scale(0, max(counts) * 1.08, 232, 22)
    body = _count_axis(y)
    for i, height in enumerate(counts):
        left, right, top = x((first + i) * step), x((first + i + 1) * step), min(y(height), 230.5)
        css = "loss" if first + i < 0 else "gain"
        if height:
            body += f"<rect class='{css}' x='{left + 0.5:.1f}' y='{top:.1f}' width='{max(0.5, right - left - 1):.1f}' height='{232 - top:.1f}'/>"
    marks = ticks(x.low, x.high, 8)
    digits = places(marks)
    body += "".join(_percent_mark(x(v), f"{fixed(v, digits)} %") for v in marks)
    var = track.metrics.fraction("var_95")
    uprights = [("mean", 100 * fmean(values), "start")]
    uprights += [] if var is None else [("VaR 95 %", -100 * var, "end")]
    body += "".join(_upright(x, v, name, 14, side) for name, v, side in uprights if x.low <= v <= x.high)
    zero = f"; {still:,} of them are exactly 0 (no position, or a closed market) and are not drawn" if still else ""
    note = f"Worst {percent(min(values))}, best {percent(max(values))}, mean {percent(fmean(values))}."
    if track.bars.lacking:
        note += f" {safe(track.bars.lacking)}."
    label = f"Histogram of evidence-bar returns of {track.name}, {n}{zero}. {note}"
    return figure(f"{caption} <span class='n'>({n}{zero})</span>", drawing(body, 258, label), note)


def _percent_mark(at: float, label: str) -> str:
    anchor = "start" if at < LEFT + 24 else "end" if at > WIDTH - 40 else "middle"
    return f"<text x='{at:.1f}' y='250' text-anchor='{anchor}'>{label}</text>"


def _columns(values: Sequence[float]) -> tuple[float, int, list[int]]:
    """(column width, index of the first column, counts); 12 to 60 columns, none of which straddles 0."""
    ordered = sorted(values)
    n = len(ordered)
    middle = ordered[min(n - 1, 3 * n // 4)] - ordered[n // 4]
    width = ordered[-1] - ordered[0] or abs(ordered[0])
    raw = min(max(2 * middle / n ** (1 / 3), width / 60), width / 12)
    power = 10.0 ** floor(log10(raw))
    step = next((m * power for m in (1, 2, 5) if m * power >= raw), 10 * power)
    first, last = floor(ordered[0] / step), floor(ordered[-1] / step)
    counts = [0] * (last - first + 1)
    for v in ordered:
        counts[floor(v / step) - first] += 1
    return step, first, counts


def _count_axis(y: Scale) -> str:
    whole = [v for v in ticks(0, y.high, 4) if v == floor(v)]
    return "".join(
        f"<line class='{'zero' if v == 0 else 'grid'}' x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y(v):.1f}' y2='{y(v):.1f}'/>"
        f"<text x='{LEFT - 7}' y='{y(v) + 4:.1f}' text-anchor='end'>{v:,.0f}</text>"
        for v in whole
    )


def _upright(x: Scale, value: float, name: str, y: int, anchor: str = "start") -> str:
    at = x(value)
    shift = 4 if anchor == "start" else -4
    return (
        f"<line class='upright' x1='{at:.1f}' x2='{at:.1f}' y1='{y - 8}' y2='232'/>"
        f"<text x='{at + shift:.1f}' y='{y}' text-anchor='{anchor}'>{name}</text>"
    )


def exposure_chart(track: TrackReport) -> str:
    """Gross and net exposure over time, % of equity."""
    gross, net = _percent(track.gross), _percent(track.net)
    caption = "Exposure, % of equity"
    points = known(gross)
    if len(points) < 2:
        return f"<p class='empty'>{caption}: under two samples, nothing to draw.</p>"
    low, high = padded([v for line in (gross, net) for _, v in known(line)], (0.0,))
    p = pane(track.window, low, high, 26, 176)
    body = value_axis(p.y, " %", 4) + time_axis(p, 198)
    body += area(p, gross, 0.0, "gross-area") + trace(p, gross, "line gross") + trace(p, net, "line net")
    body += legend((("line gross", "gross"), ("line net", "net")), LEFT + 4, 14)
    mean, share = track.metrics.fraction("exposure_mean"), track.metrics.fraction("time_in_market")
    words = f"Mean gross exposure {percent(mean)} of budget, in the market {percent(share, 1)} of the time."
    if len(points) < _FEW:
        words += " The line joins its points; what lay between them was not sampled."
    label = f"Exposure of {track.name}: at most {number(max(v for _, v in points))} % gross. {words}"
    return figure(f"{caption} <span class='n'>({len(points):,} samples)</span>", drawing(body, 206, label), words)


def cost_chart(costs: Sequence[Cost], currency: str) -> str:
    """Costs side by side, in basis points of turnover."""
    drawn = [(c, float(c.basis_points)) for c in costs if c.basis_points is not None]
    if not drawn:
        return ""
    widest = max(max(v for _, v in drawn), 0.0), min(min(v for _, v in drawn), 0.0)
    x = Scale(widest[1], widest[0] or 1.0, 120 if widest[1] == 0 else 190, WIDTH - 210)
    body = ""
    for i, (cost, value) in enumerate(drawn):
        top = 8 + 28 * i
        left, right = sorted((x(0), x(value)))
        body += (
            f"<text x='112' y='{top + 14}' text-anchor='end'>{safe(cost.name)}</text>"
            f"<rect class='cost' x='{left:.1f}' y='{top}' width='{max(0.8, right - left):.1f}' height='19'/>"
            f"<text x='{x(max(0.0, value)) + 8:.1f}' y='{top + 14}'>{number(value)} bp</text>"
        )
    height = 12 + 28 * len(drawn)
    body += f"<line class='zero' x1='{x(0):.1f}' x2='{x(0):.1f}' y1='2' y2='{height - 4}'/>"
    said = ", ".join(f"{c.name} {number(v)} bp" for c, v in drawn)
    return drawing(body, height, f"Costs in basis points of turnover: {said or DASH}")
