"""The page of a study of promotion policies: who gets capital and when, and what a stricter or laxer alpha would change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from genesis.monitoring.report.axes import Scale, ticks
from genesis.monitoring.report.page import STYLE
from genesis.monitoring.report.svg import LEFT, WIDTH, drawing, figure, spread, value_axis
from genesis.monitoring.report.tables import table, two
from genesis.monitoring.report.wording import DASH, fixed, safe
from genesis.paper_trading.policy_values import Outcome, Rate, World

_RIGHT, _TOP, _BOTTOM = 230, 14, 262
_COLOURS = 8
_NAMES = {"symmetric": "symmetric", "small_wins": "small wins", "trend": "trend"}
Points = Sequence[tuple[float, float]]


def render(
    name: str,
    words: Sequence[str],
    world: World,
    outcomes: Sequence[Outcome],
    by_alpha: Mapping[str, Sequence[Outcome]],
) -> str:
    """The page as HTML.

    Args:
        name: of the configuration.
        words: what the profile guarantees, in sentences.
        outcomes: of the configuration as it is.
        by_alpha: the same strategies under other levels; one at least, or none is drawn.
    """
    guarantees = "".join(f"<li>{safe(w)}</li>" for w in words)
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'><meta name='color-scheme' content='light dark'>"
        f"<title>Genesis: promotion policy of {safe(name)}</title><style>{STYLE}</style></head><body>"
        f"<header><p class='brand'>Genesis · promotion policy</p></header><main><h1>{safe(name)}</h1>"
        f"<p class='lead'>{safe(setting(world))}</p><ul>{guarantees}</ul>"
        f"{outcome_table(outcomes)}{over_time(outcomes, world)}{over_alpha(by_alpha)}</main>"
        f"<footer><p>{safe(LIMITS)}</p></footer></body></html>\n"
    )


LIMITS = (
    "Simulated strategies: 20 % volatility a year that clusters, fat tails, autocorrelation as named, no jumps, no edge that comes and goes. "
    "Monitors, tiers and a venue that costs more than paper are left out: all of them only take capital away. Persons approve at once what gates ask."
)


def setting(world: World) -> str:
    """The world in a sentence."""
    alike = (
        "one version alone" if world.members == 1 else f"{world.members} look-alikes, correlation {world.correlation:g}"
    )
    return (
        f"{world.families:,} families of {alike}, {world.trades_a_day} trades a day, {world.days} days, autocorrelation "
        f"{world.autocorrelation:g}, seed {world.seed}. Errors are one standard error."
    )


def named(outcome: Outcome) -> str:
    """``symmetric, Sharpe 3``."""
    return f"{_NAMES[outcome.strategy.payoff.value]}, Sharpe {outcome.strategy.sharpe:g}"


def rate(found: Rate) -> str:
    """``12.0 ± 1.5 %``."""
    return f"{100 * found.value:.1f} ± {100 * found.stderr:.1f} %"


def outcome_table(outcomes: Sequence[Outcome]) -> str:
    """What became of each strategy."""
    rows = [
        [
            safe(named(o)),
            two(rate(o.live), "wrong" if not o.strategy.has_edge else "power"),
            rate(o.above_first),
            rate(o.full),
            rate(o.any_live),
            DASH if o.days_to_live is None else f"{o.days_to_live:.0f}",
            rate(o.decided),
            f"{100 * o.mean_share:.2f} ± {100 * o.mean_share_stderr:.2f} %",
        ]
        for o in outcomes
    ]
    heads = (
        "strategy",
        "ever live",
        "above the first step",
        "all of its budget",
        "any without edge in its family live",
        "median days to live",
        "live or rejected",
        "mean share of budget at work",
    )
    return table("", heads, rows, "compare", tuple(range(1, len(heads))))


def over_time(outcomes: Sequence[Outcome], world: World) -> str:
    """Share of families whose strategy has been live, by day."""
    lines = [(named(o), list(enumerate((100 * v for v in o.live_by_day), 1))) for o in outcomes]
    return _lines("Ever live by day, % of families", lines, (0, world.days), "day", " d")


def over_alpha(by_alpha: Mapping[str, Sequence[Outcome]]) -> str:
    """Share ever live, and mean share of the budget at work, by alpha; a strategy a line."""
    if not by_alpha:
        return ""
    levels = sorted(by_alpha, key=float)
    names = [named(o) for o in by_alpha[levels[0]]]
    live, share = [], []
    for i, name in enumerate(names):
        live.append((name, [(float(a), 100 * by_alpha[a][i].live.value) for a in levels]))
        share.append((name, [(float(a), 100 * by_alpha[a][i].mean_share) for a in levels]))
    across = (0.0, float(levels[-1]) * 1.02)
    return _lines("Ever live by alpha, % of families", live, across, "alpha", "") + _lines(
        "Mean share of the budget at work by alpha, %", share, across, "alpha", ""
    )


def _lines(caption: str, lines: Sequence[tuple[str, Points]], across: tuple[float, float], what: str, unit: str) -> str:
    x = Scale(*across, LEFT, WIDTH - _RIGHT)
    most = max((v for _, points in lines for _, v in points), default=0.0)
    y = Scale(0.0, max(most * 1.06, 1.0), _BOTTOM, _TOP)
    body = value_axis(y, " %", 6, _RIGHT)
    for mark in ticks(*across, 8):
        body += f"<text x='{x(mark):.1f}' y='{_BOTTOM + 18}' text-anchor='middle'>{mark:g}{unit}</text>"
    heights = spread([y(points[-1][1]) for _, points in lines], 14, _TOP, _BOTTOM)
    for i, ((name, points), height) in enumerate(zip(lines, heights, strict=True)):
        css = f"s{i % _COLOURS} d{i // _COLOURS % 3}"
        path = " ".join(f"{x(a):.1f},{y(v):.1f}" for a, v in points)
        end, at = x(points[-1][0]), y(points[-1][1])
        body += (
            f"<polyline class='line {css}' points='{path}'/>"
            f"<polyline class='line {css} thin' points='{end:.1f},{at:.1f} {end + 8:.1f},{height:.1f} {end + 16:.1f},{height:.1f}'/>"
            f"<text x='{end + 20:.1f}' y='{height + 4:.1f}'>{safe(name)} {fixed(points[-1][1], 1)} %</text>"
        )
    said = "; ".join(f"{name}: {points[-1][1]:.1f} % at {what} {points[-1][0]:g}" for name, points in lines)
    return figure(safe(caption), drawing(body, _BOTTOM + 26, f"{caption}. {said}"))
