"""Charts of the capital ladder: capital and evidence over time, live beside its twin, and the interval of an A/B test."""

from __future__ import annotations

from math import log10

from genesis.monitoring.report.axes import Scale, padded
from genesis.monitoring.report.ladder_values import Climb, Trial
from genesis.monitoring.report.svg import (
    LEFT,
    RIGHT,
    WIDTH,
    Pane,
    area,
    drawing,
    figure,
    known,
    legend,
    pane,
    time_axis,
    trace,
    triangles,
    value_axis,
)
from genesis.monitoring.report.values import Line
from genesis.monitoring.report.wording import number, safe
from genesis.paper_trading.comparison import Indices
from genesis.paper_trading.verdicts import Window

# Lower evidence than this is drawn here: how far below nothing it is says nothing more.
_LEAST = 0.01
_MOST = 10_000.0
EVIDENCE_DRAWN = "Charts of those that ever held capital, most first. E under 0.01 is drawn at 0.01, over 10,000 at 10,000. E = 1 is no evidence; it begins anew with every attempt."


def climb_chart(climb: Climb, window: Window) -> str:
    """Capital fraction over adjusted evidence on one time axis, with a mark at every move."""
    caption = f"{safe(climb.version)}: capital, % of budget, and adjusted E (logarithmic)"
    if len(known(climb.evidence)) < 2:
        return f"<p class='empty'>{caption}: under two looks, nothing to draw.</p>"
    fractions = Line(climb.fractions.times, tuple(None if v is None else 100 * v for v in climb.fractions.values))
    high = max(20.0, 108 * max((v for _, v in known(climb.fractions)), default=0.0))
    upper = pane(window, 0.0, high, 30, 170)
    body = value_axis(upper.y, " %", 4) + area(upper, fractions, 0.0, "gross-area") + trace(upper, fractions, "line s0")
    body += _marks(upper, climb)
    lower = pane(window, log10(_LEAST), log10(_MOST), 196, 326)
    body += _log_axis(lower.y, (0.01, 0.1, 1, 10, 100, 1_000, 10_000)) + time_axis(upper, 348)
    body += trace(lower, _logs(climb.evidence), "line s1")
    body += legend(
        (
            ("line s0", "capital"),
            ("line s1", "adjusted E"),
        ),
        WIDTH - 220,
        18,
    )
    body += (
        f"<path class='buy' d='M{LEFT + 6} 10l-3.5 6h7z'/><text x='{LEFT + 14}' y='17'>more capital</text>"
        f"<path class='sell' d='M{LEFT + 106} 16l-3.5 -6h7z'/><text x='{LEFT + 114}' y='17'>less or none</text>"
        f"<circle class='other' cx='{LEFT + 206}' cy='13' r='3'/><text x='{LEFT + 214}' y='17'>another move</text>"
    )
    said = ", ".join(f"{m.move} to {m.after}" for m in climb.moves) or "no move"
    return figure(caption, drawing(body, 356, f"{climb.version}: {said}"))


def _marks(p: Pane, climb: Climb) -> str:
    points = [(m.time, 100 * float(m.after), m) for m in climb.moves]
    ups = Line(tuple(t for t, _, m in points if m.rises), tuple(v for _, v, m in points if m.rises))
    downs = Line(tuple(t for t, _, m in points if m.falls), tuple(v for _, v, m in points if m.falls))
    still = [(t, v) for t, v, m in points if not m.rises and not m.falls]
    dots = "".join(
        f"<circle class='other' cx='{x:.1f}' cy='{y:.1f}' r='3'/>" for x, y in (p.at(t, v) for t, v in still)
    )
    return dots + triangles(p, ups, True, "buy") + triangles(p, downs, False, "sell")


def _logs(line: Line) -> Line:
    return Line(line.times, tuple(None if v is None else log10(min(max(v, _LEAST), _MOST)) for v in line.values))


def _log_axis(y: Scale, values: tuple[float, ...]) -> str:
    return "".join(
        f"<line class='{'zero' if v == 1 else 'grid'}' x1='{LEFT}' x2='{WIDTH - RIGHT}' y1='{y(log10(v)):.1f}' y2='{y(log10(v)):.1f}'/>"
        f"<text x='{LEFT - 7}' y='{y(log10(v)) + 4:.1f}' text-anchor='end'>{v:,g}</text>"
        for v in values
    )


def beside_chart(name: str, found: Indices) -> str:
    """Index of live and twin over their gap, from the pair's first bar to its last."""
    caption = f"{safe(name)}: live and its twin, return so far in %, and the gap in bp (live less twin)"
    if len(found.times) < 2:
        return f"<p class='empty'>{caption}: under two evidence bars, nothing to draw.</p>"
    window = Window(found.times[0], found.times[-1])
    live, twin = (Line(found.times, tuple(100 * (v - 1) for v in values)) for values in (found.live, found.twin))
    gap = Line(
        found.times, tuple(1e4 * (a / b - 1) if b else None for a, b in zip(found.live, found.twin, strict=True))
    )
    upper = pane(window, *padded([v for line in (live, twin) for _, v in known(line)], (0.0,)), 26, 200)
    lower = pane(window, *padded([v for _, v in known(gap)], (0.0,)), 226, 326)
    body = value_axis(upper.y, " %", 5) + value_axis(lower.y, " bp", 3) + time_axis(upper, 348)
    body += trace(upper, twin, "line hold") + trace(upper, live, "line s1")
    body += area(lower, gap, 0.0, "fall-area") + trace(lower, gap, "line fall")
    body += legend((("line s1", "live"), ("line hold", "twin on paper"), ("line fall", "gap")), LEFT + 4, 16)
    ends = (
        f"live {number(known(live)[-1][1])} %, twin {number(known(twin)[-1][1])} %, gap {number(known(gap)[-1][1])} bp"
    )
    return figure(caption, drawing(body, 356, f"{name}: {ends}"), f"At the end: {ends}.")


def trial_chart(trial: Trial) -> str:
    """Mean advantage of a challenger with its confidence sequence, as they were told day by day, for as long as the two were compared."""
    caption = (
        f"{safe(trial.challenger)} less {safe(trial.champion)}, bp an evidence bar, with its 95 % confidence sequence"
    )
    points = [
        (m, low, high)
        for (_, m), (_, low), (_, high) in zip(known(trial.mean), known(trial.low), known(trial.high), strict=False)
    ]
    if len(known(trial.low)) < 2 or not points:
        return f"<p class='empty'>{caption}: under 42 bars, no interval yet.</p>"
    # The first intervals are wide beyond all measure, and would leave the rest flat.
    later = known(trial.low)[len(known(trial.low)) // 5 :], known(trial.high)[len(known(trial.high)) // 5 :]
    least, most = padded([v for line in later for _, v in line], (0.0,))
    p = pane(Window(trial.mean.times[0], trial.mean.times[-1]), least, most, 26, 200)

    def inside(line: Line) -> Line:
        return Line(line.times, tuple(None if v is None else min(max(v, least), most) for v in line.values))

    body = value_axis(p.y, " bp", 5) + time_axis(p, 222)
    body += (
        trace(p, inside(trial.low), "line s0 d1")
        + trace(p, inside(trial.high), "line s0 d1")
        + trace(p, inside(trial.mean), "line s0")
    )
    body += legend((("line s0", "mean"), ("line s0 d1", "ends of the interval")), LEFT + 4, 16)
    note = "The interval holds at all times at once, so it may be watched. It is for the eye: what may be acted on is decided by E. Ends beyond the picture are drawn at its edge."
    return figure(caption, drawing(body, 230, f"{trial.challenger} less {trial.champion}: {trial.words}"), note)
