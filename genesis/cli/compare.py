"""`genesis compare`: every live track beside its paper twin."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import msgspec
import typer

from genesis.cli.app import Json, StorePath, app
from genesis.cli.output import print_json, print_table, say
from genesis.clock import NS_PER_MS, NS_PER_SECOND, iso_utc
from genesis.paper_trading.comparison import PARTS, OfBars, Side, SideBySide
from genesis.storage.sqlite import StoreReader
from genesis.system.comparing import comparisons

_NONE = "—"


@app.command()
def compare(
    store: StorePath,
    strategy: Annotated[str | None, typer.Argument(help="one strategy version only")] = None,
    every_metric: Annotated[bool, typer.Option("--all", help="every metric of the last samples, too")] = False,
    as_json: Json = False,
) -> None:
    """Every live track beside its paper twin: same bars, same decisions, and where the gap between them comes from."""
    with StoreReader(store) as reader, reader.one_view():
        found = comparisons(reader, strategy)
    if as_json:
        print_json([_document(c) for c in found])
        return
    if not found:
        say("no live track yet: nothing to compare")
    for each in found:
        _show(each, every_metric)


def _document(c: SideBySide) -> dict[str, Any]:
    """For a program: money as exact text, the win rates beside the counts that they come from."""
    document: dict[str, Any] = msgspec.to_builtins(c, builtin_types=())
    for name, side in (("live", c.live), ("twin", c.twin)):
        document[name]["win_rate"] = side.win_rate
    return document


def _show(c: SideBySide, every_metric: bool) -> None:
    mark = " (synthetic: told the future)" if c.synthetic else ""
    state = "closed" if c.closed else f"at {c.share} of the budget"
    say(
        f"\n{c.strategy}{mark}, live track {c.attempt}: {iso_utc(c.start_ns)} to {iso_utc(c.end_ns)}, {state}; money in {c.currency}, net"
    )
    print_table(rows_of(c))
    say(gap_words(c))
    say(f"decisions: {c.both} taken by both, {c.live_only} by live alone, {c.twin_only} by the twin alone")
    print_table(
        [
            *({"live minus twin": n, "money": f"{v:f}", "what it is": PARTS[n]} for n, v in c.attribution.parts()),
            {"live minus twin": "in all", "money": f"{c.attribution.gap:f}", "what it is": "the exact sum of these"},
        ]
    )
    if every_metric:
        names = [n for n in c.live.metrics if n in c.twin.metrics]
        print_table([{"metric": n, "live": c.live.metrics[n], "twin": c.twin.metrics[n]} for n in names])


def rows_of(c: SideBySide) -> list[dict[str, str]]:
    """Measures of both sides, and of the reference track where they are of the same bars."""

    def row(name: str, live: str, twin: str, paper: str = "") -> dict[str, str]:
        return {"measure": name, "live": live, "twin": twin, "paper, whole budget": paper}

    def bars(name: str, told: Callable[[OfBars], str]) -> dict[str, str]:
        return row(name, told(c.live.of_bars), told(c.twin.of_bars), told(c.paper))

    def sides(name: str, told: Callable[[Side], str]) -> dict[str, str]:
        return row(name, told(c.live), told(c.twin))

    return [
        sides("capital, paid in less returned", lambda s: _money(s.capital)),
        sides("profit", lambda s: _money(s.pnl)),
        sides(
            "return, of the capital at each time, at the last sample", lambda s: _percent(s.metrics.get("total_return"))
        ),
        bars("return, of valid evidence bars", lambda b: _percent(b.total_return)),
        bars("bars", lambda b: f"{b.bars:,}"),
        bars("Sharpe (se)", _sharpe),
        bars("max drawdown, of bars", lambda b: _percent(b.drawdown)),
        sides("max drawdown, of marks", lambda s: _percent(s.metrics.get("drawdown_max"))),
        sides("trades", lambda s: f"{s.trades:,}"),
        sides("win rate", lambda s: _percent(s.win_rate, 1)),
        sides("orders", lambda s: f"{s.orders:,}"),
        sides("refused by risk", lambda s: f"{s.refused:,}"),
        sides("fill rate, by quantity", lambda s: _percent(s.fill_rate, 1)),
        sides("slippage, bp a side", lambda s: _number(s.slippage_bp)),
        sides("all costs beyond the price faced, bp a side", lambda s: _number(s.cost_bp)),
        sides("fees", lambda s: _money(s.fees)),
        sides("fees, bp a side", lambda s: _number(s.fee_bp)),
        sides("decision to fill, median", _delay),
    ]


def gap_words(c: SideBySide) -> str:
    """The paired gap in a sentence."""
    gap = c.gap
    text = f"live minus twin: {gap.mean * 1e4:+.3f} bp an evidence bar in the mean of {gap.bars:,} bars in which either held something"
    if gap.low is None or gap.high is None:
        return f"{text}; under 42 such bars, so no interval"
    return f"{text}, 95 % confidence sequence {gap.low * 1e4:+.3f} to {gap.high * 1e4:+.3f}"


def _sharpe(b: OfBars) -> str:
    return _NONE if b.sharpe is None or b.stderr is None else f"{b.sharpe:.2f} ({b.stderr:.2f})"


def _delay(s: Side) -> str:
    if s.delay_ns is None:
        return _NONE
    whole, rest = divmod(s.delay_ns, NS_PER_SECOND)
    return f"{whole:,} s {rest // NS_PER_MS} ms" if whole else f"{rest / NS_PER_MS:.1f} ms"


def _money(value: Decimal) -> str:
    return f"{value:,.4f}"


def _percent(value: Any, digits: int = 3) -> str:
    return _NONE if value is None else f"{float(value):.{digits}%}"


def _number(value: float | None) -> str:
    return _NONE if value is None else f"{value:.3f}"
