"""How far queue models and book walks are from what really happened: ``python -m benchmarks.fidelity`` (``make fidelity``).

Prints the page and writes it to ``benchmarks/FIDELITY.md``. Reads recorded data from ``GENESIS_TEST_DATA`` (default: ``../shared/data``
beside the repository).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness import machine
from benchmarks.shadows import (
    GRACE_NS,
    MODELS,
    TRADES_LAST,
    UNHELD,
    Fills,
    HalfHour,
    Life,
    Population,
    Replay,
    population,
    reachable,
)
from benchmarks.walked import CAPTURES, LAGS_NS, Walked, walked
from benchmarks.workloads import real_folder
from genesis.demo.data import BTCUSD
from genesis.errors import DataError
from genesis.feeds.files import ReadOptions, align_capture, read
from genesis.tape.stream import ORDER_DELETED

PAGE = Path(__file__).resolve().parent / "FIDELITY.md"
BASE = "bitstamp_BTCUSD_20260502T0236"
TRUTH = "the real orders"
SECOND = 1_000_000_000
MARKS_S = (1, 5, 30)
HORIZONS_S = (1, 5, 30, 60)
FALSE_WEIGHT = 2
Got = Callable[[Life], Fills]


def main() -> int:
    """Measure, print and write; 1 where data are missing."""
    folder = real_folder()
    try:
        hour = half_hour(folder)
        takers = [walked(folder, capture, lag) for capture in CAPTURES for lag in LAGS_NS]
    except (DataError, OSError) as error:
        print(f"no measurement: {error}", file=sys.stderr)
        return 1
    text = page(hour, takers)
    print(text)
    PAGE.write_text(text, encoding="utf-8")
    return 0


def half_hour(folder: Path) -> HalfHour:
    """The half hour of every order event, on the exchange's clock; raises `DataError` where a file is missing or broken."""
    orders = read(folder / f"l3/{BASE}.l3.parquet", BTCUSD, ReadOptions(orders=True))
    trades = read(folder / f"trades/{BASE}.trades.parquet", BTCUSD)
    return HalfHour(*align_capture((*orders, *trades)))


def page(hour: HalfHour, takers: Sequence[Walked]) -> str:
    """The whole page as Markdown."""
    people = population(hour)
    lives = reachable(hour, people.lives)
    Replay(hour, lives).run()
    parts = [_heading(hour), _sample(hour, people, lives), who_was_filled(lives), _times(hour, people, lives)]
    parts += [_marks(hour, lives), _bracket(lives), _fifo(hour, lives), _short(lives)]
    for life in lives:
        life.shadows = {}
    Replay(hour, lives).run(TRADES_LAST)
    parts += [_news_first(lives), _takers(takers)]
    return "\n\n".join(parts) + "\n"


# ---- the parts of the page


def _heading(hour: HalfHour) -> str:
    return f"""# Fidelity: paper fills beside what really happened

Commit {machine().commit}. `python -m benchmarks.fidelity` (`make fidelity`) writes this page. What the models assume: `docs/QUEUE.md`.

## Queue models beside real orders

Data: `l3/{BASE}.l3.parquet` (SHA-256 `{hour.orders.report.sha256[:16]}`) and `trades/{BASE}.trades.parquet`
(SHA-256 `{hour.trades.report.sha256[:16]}`): every order event and trade of Bitstamp BTC/USD for half an hour of 2026-05-02. One tick is 1 USD,
about 0.13 bp, so that queues are long and matter.

A shadow order stands in the place of each real limit order that rested: same size, price and moment; the real order's own lots count
as behind it. What the real order traded is the truth. The models see what a paper venue sees: a millisecond's trades, then the sizes displayed at
its end (`fifo` also the order events). A cancel of the real order cancels the shadow, before the trades of that millisecond; beside a filled
real order the shadow may rest {GRACE_NS // SECOND} s longer. `benchmarks/shadows.py` holds the rules."""


def _sample(hour: HalfHour, people: Population, lives: Sequence[Life]) -> str:
    filled = sum(bool(life.truth.lots) for life in people.lives.values())
    whole = sum(life.truth.lots == life.lots for life in people.lives.values())
    out = "; ".join(f"{n:,} {why}" for why, n in sorted(people.left_out.items(), key=lambda item: -item[1]))
    return f"""**Sample**: {len(people.lives):,} orders rested; {filled} of them traded, {whole} wholly, in {hour.trades.rows} trades. Left out: {out}.
A trade came to the price, or beyond it, of {len(lives)} orders while they rested; nothing could fill the others in any model, and nothing did.
Rates below are of these {len(lives)}. The sample is one venue, one half hour: a difference of two or three orders between models is noise."""


def who_was_filled(lives: Sequence[Life]) -> str:
    """The section with the table of fills, of the lives that a trade came to."""
    rows = [_fill_row(name, got, lives) for name, got in _all()]
    names = (
        "",
        "fill rate",
        "false fills",
        "missed fills",
        "lots, of the true lots",
        "fills exact in time and lots",
        "Brier, false 2:1",
    )
    return f"""### Who was filled

A false fill: the model gave lots, the real order got none. A missed one: the reverse. The Brier score is the mean over the {len(lives)} orders of
(filled or not, model minus truth) squared, a false fill counted twice; 0 is perfect.

{_table(names, rows)}"""


def _fill_row(name: str, got: Got, lives: Sequence[Life]) -> list[str]:
    filled = [life for life in lives if got(life).lots]
    false = sum(not life.truth.lots for life in filled)
    missed = sum(bool(life.truth.lots) and not got(life).lots for life in lives)
    true_lots = sum(life.truth.lots for life in lives)
    exact = sum(bool(life.truth.lots) and got(life).parts == life.truth.parts for life in lives)
    brier = (FALSE_WEIGHT * false + missed) / len(lives)
    share = sum(got(life).lots for life in lives) / true_lots
    rate = f"{len(filled) / len(lives):.3f} ({len(filled)})"
    return [name, rate, str(false), str(missed), f"{share:.3f}", str(exact), f"{brier:.4f}"]


def _times(hour: HalfHour, people: Population, lives: Sequence[Life]) -> str:
    untouched = [life for life in people.lives.values() if life.row not in {one.row for one in lives}]
    rows = []
    for name, got in _all():
        errors = _errors(got, lives)
        late = f"{np.median(errors):,.0f} / {np.percentile(errors, 90):,.0f} / {max(errors):,.0f}"
        curve = kaplan_meier(*_waits(hour, got, lives, untouched), [s * SECOND for s in HORIZONS_S])
        rows.append([name, str(len(errors)), late, *(f"{100 * p:.2f} %" for p in curve)])
    names = (
        "",
        "filled in both",
        "error of the first fill, ms: median / 90 % / most",
        *(f"filled by {s} s" for s in HORIZONS_S),
    )
    return f"""### When

The error is that of the first fill's time, absolute, over orders filled in both. *Filled by* is the Kaplan-Meier estimate over all
{len(people.lives):,} orders that rested, withdrawals censored: the chance of a first fill by then, were nobody to withdraw.

{_table(names, rows)}"""


def _errors(got: Got, lives: Sequence[Life]) -> list[float]:
    pairs = [(got(life).first, life.truth.first) for life in lives]
    return [abs(ours - true) / 1e6 for ours, true in pairs if ours is not None and true is not None]


def _waits(hour: HalfHour, got: Got, lives: Sequence[Life], untouched: Sequence[Life]) -> tuple[list[int], list[bool]]:
    waits, seen = [], []
    for life in lives:
        first = got(life).first
        waits.append((life.ends(hour.last) if first is None else first) - life.born)
        seen.append(first is not None)
    waits += [life.ends(hour.last) - life.born for life in untouched]
    return waits, seen + [False] * len(untouched)


def kaplan_meier(waits: Sequence[int], seen: Sequence[bool], horizons: Sequence[int]) -> list[float]:
    """The chance that it happened by each horizon; ``seen`` is false where the wait was cut short (censored at the end of its time).

    Kaplan and Meier (1958): one minus the product over the times t of (1 - happened at t / still waiting at t).
    """
    order = np.argsort(np.array(waits), kind="stable")
    times, happened = np.array(waits)[order], np.array(seen)[order]
    out = []
    for horizon in horizons:
        survival = 1.0
        for t in np.unique(times[happened & (times <= horizon)]):
            waiting = len(times) - int(np.searchsorted(times, t))
            survival *= 1 - int((happened & (times == t)).sum()) / waiting
        out.append(1 - survival)
    return out


def _marks(hour: HalfHour, lives: Sequence[Life]) -> str:
    rows = []
    for name, got in _all():
        fills = [(life, first) for life in lives if (first := got(life).first) is not None]
        cells = []
        for seconds in MARKS_S:
            marks = _mark_outs(hour, fills, seconds * SECOND)
            cells.append(f"{np.mean(marks):+.3f} ± {np.std(marks, ddof=1) / len(marks) ** 0.5:.3f} ({len(marks)})")
        rows.append([name, *cells])
    return f"""### What the fill was worth

Mark-out: the middle of the best quotes some seconds after an order's first fill, less its price, in its favour, in basis points; mean ± standard
error (fills). Fills that come in one sweep are not independent, so that the error is understated.

{_table(("", *(f"after {s} s" for s in MARKS_S)), rows)}"""


def _mark_outs(hour: HalfHour, fills: Sequence[tuple[Life, int]], after_ns: int) -> list[float]:
    """Basis points, of the fills that are followed by ``after_ns`` of recording."""
    quotes = hour.quotes.columns
    out = []
    for life, ts in fills:
        if ts + after_ns > hour.last:
            continue
        row = int(np.searchsorted(quotes["ts"], ts + after_ns, side="right")) - 1
        twice = int(quotes["bid_ticks"][row] + quotes["ask_ticks"][row])
        out.append(10_000 * (twice - 2 * life.ticks) * life.side / (2 * life.ticks))
    return out


def _bracket(lives: Sequence[Life]) -> str:
    low, high = (sum(life.shadows[m].lots for life in lives) for m in ("risk_averse", "touch"))
    true = sum(life.truth.lots for life in lives)
    inside = sum(life.shadows["risk_averse"].lots <= life.truth.lots <= life.shadows["touch"].lots for life in lives)
    under = sum(life.truth.lots < life.shadows["risk_averse"].lots for life in lives)
    coin = BTCUSD.qty_grid.to_text
    return f"""### The bracket

From risk averse to touch: {coin(low)} to {coin(high)} BTC filled; the truth is {coin(true)}. Order by order the truth lies inside for {inside} of {len(lives)};
{under} got less than risk averse gave, {len(lives) - inside - under} got more than touch gave."""


def _fifo(hour: HalfHour, lives: Sequence[Life]) -> str:
    filled = [life for life in lives if life.truth.lots]
    exact = [life for life in filled if life.shadows["fifo"].parts == life.truth.parts]
    false = [life for life in lives if not life.truth.lots and life.shadows["fifo"].lots]
    wrong = [life for life in filled if life not in exact] + false
    text = f"""### With the orders themselves

{len(exact)} of {len(filled)} real orders that traded are reproduced by `fifo` in every part: the same lots in the same millisecond. {len(false)} of the other
{len(lives) - len(filled)} that a trade came to were filled falsely."""
    stale = stale_levels(hour)
    lines = [_unlike(life, stale) for life in wrong]
    return "\n".join([text, *([""] if lines else []), *lines])


def stale_levels(hour: HalfHour) -> set[tuple[int, int]]:
    """Side and price of the orders whose delete was missed: the deletes that the reader added."""
    columns = hour.orders.columns
    added = np.flatnonzero(np.diff(columns["seq"]) == 0) + 1
    added = added[columns["action"][added] == ORDER_DELETED]
    return set(zip(columns["side"][added].tolist(), columns["ticks"][added].tolist(), strict=True))


def _unlike(life: Life, stale: set[tuple[int, int]]) -> str:
    price = BTCUSD.price_grid.to_text(life.ticks)
    what = f"- Order {life.order_id} at {price}: really {_shown(life.truth)}, `fifo` {_shown(life.shadows['fifo'])}: "
    if (life.side, life.ticks) in stale:
        return what + "a stale order, whose delete the recording lacks, stands before it for ever."
    return what + "not explained."


def _shown(fills: Fills) -> str:
    return BTCUSD.qty_grid.to_text(fills.lots) + " BTC" if fills.parts else "nothing"


def _short(lives: Sequence[Life]) -> str:
    short = [life for life in lives if life.displayed < life.standing]
    false = {
        name: [life for life in lives if life.shadows[name].lots and not life.truth.lots]
        for name in ("risk_averse", "power n=3")
    }
    told = "; ".join(
        f"{name}: {sum(life in short for life in of)} of its {len(of)} false fills" for name, of in false.items()
    )
    return f"""### False fills of the models that are fed sizes

{len(short)} of the {len(lives)} came behind fewer lots than stood there, because orders of their own millisecond were not displayed yet. {told}. The others come from
withdrawals behind the order that the power put before it."""


def _news_first(lives: Sequence[Life]) -> str:
    rows = [_fill_row(name, got, lives)[:4] for name, got in [*_all()[1:], (UNHELD, _of(UNHELD))]]
    return f"""### The same, sizes first

On Binance spot half of all prints arrive when the best quote has already left their price (below). Here each millisecond's orders and displayed sizes
come before its trades. The estimates hold a print against the decrease that no earlier print explains; the last line is without that.

{_table(("", "fill rate", "false fills", "missed fills"), rows)}"""


def _takers(takers: Sequence[Walked]) -> str:
    names = (
        "capture",
        "book seen before",
        "trades",
        "of them late",
        "takers",
        "exact",
        "real less walked, ticks: 5 / 25 / 50 / 75 / 95 %",
        "mean ticks",
        "mean bp",
        "larger than the book / before it",
    )
    return f"""## Takers beside the book they met

Trades of one side and one moment of the exchange are one taker. Each is priced again by a walk of the best quote and the depth behind it, as displayed
when its first trade arrived, or 10 ms earlier, about when a paper order that arrives then was decided. Positive: the taker really paid
more a lot than the walk. *Late* are trades that arrive when the best quote has already left their price: at 0 ms the walk then starts behind what the
taker took and looks dear, which is the reason to walk a book that is older than the print. What is left at 10 ms is the market's own move.
Data: the four captures of 2024-08-08, `trades/`, `l1/` and `l2/`.

{_table(names, [taker_row(found) for found in takers])}"""


def taker_row(found: Walked) -> list[str]:
    """One capture at one lag, as the page shows it."""
    worse = np.array(found.worse)
    return [
        found.capture,
        f"{found.lag_ns // 1_000_000} ms",
        f"{found.trades:,}",
        f"{100 * found.late / found.trades:.1f} %",
        f"{len(worse):,}",
        f"{100 * float((worse == 0).mean()):.1f} %",
        " / ".join(f"{v:+,.1f}" for v in np.percentile(worse, [5, 25, 50, 75, 95])),
        f"{worse.mean():+.2f}",
        f"{np.mean(found.bp):+.3f}",
        f"{found.beyond} / {found.early}",
    ]


# ---- small helpers


def _all() -> list[tuple[str, Got]]:
    """The truth, then every model: its name and what it gave."""
    return [(TRUTH, lambda life: life.truth), *((name, _of(name)) for name in MODELS)]


def _of(model: str) -> Got:
    return lambda life: life.shadows[model]


def _table(names: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [names, ["---"] + ["---:"] * (len(names) - 1), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())
