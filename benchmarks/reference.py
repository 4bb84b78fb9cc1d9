"""The answer key: orders, fills and P&L of a workload in exact decimals, under each fill convention an engine may follow.

The signals are float averages, computed with the same operations in the same order everywhere; prices, fees and cash are
`decimal.Decimal`. An order whose fill would lie beyond the last row is counted as an order and never filled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

import numpy as np

from benchmarks.workloads import (
    CASH,
    FEE,
    SLOW,
    WARMUP,
    Bars,
    Floats,
    Ints,
    Trades,
    Wakes,
    Workload,
    minute_closes,
    scaled,
)


class Convention(Enum):
    """At which price an order fills that the strategy sends at an event."""

    SAME = "same event"
    NEXT = "next event"
    NEXT_CLOSE = "next close"
    BOOK = "one-tick book"
    PRINTED = "printed size"
    PRINTS = "later prints"


MEANING = {
    Convention.SAME: "the price of the event that gave the signal",
    Convention.NEXT: "the price of the next trade, or the open of the next bar",
    Convention.NEXT_CLOSE: "the close of the next bar",
    Convention.BOOK: "buys at the ask and sells at the bid of a book one tick wide at the signal; on bars the close is the ask",
    Convention.PRINTED: "the same event up to the size that printed there, the rest one tick worse",
    Convention.PRINTS: "what prints on the order's side after the moment of the signal, print by print up to its size, none taken twice",
}


@dataclass(frozen=True)
class Answer:
    """What a right run ends with, summed over the variants; money in quote currency, ``turnover`` the notional traded."""

    orders: int
    fills: int
    position: Decimal
    fees: Decimal
    pnl: Decimal
    turnover: Decimal


@dataclass(frozen=True)
class Decision:
    """An order at a row of the feed."""

    row: int
    buys: bool


Fill = tuple[int, int]  # price in ticks, size in lots
Filler = Callable[[Decision], list[Fill]]


def decisions(prices: list[float], fast: int, slow: int = SLOW) -> Iterator[tuple[int, bool]]:
    """Index and side (True buys) of every order the strategy sends over the prices it sees."""
    fast_weight, slow_weight = 2 / (fast + 1), 2 / (slow + 1)
    fast_keep, slow_keep = 1 - fast_weight, 1 - slow_weight
    fast_mean = slow_mean = prices[0] if prices else 0.0
    holds = False
    for index, price in enumerate(prices):
        fast_mean = fast_weight * price + fast_keep * fast_mean
        slow_mean = slow_weight * price + slow_keep * slow_mean
        if index < WARMUP - 1:
            continue
        if (fast_mean > slow_mean) if not holds else (fast_mean < slow_mean):
            holds = not holds
            yield index, holds


def answers(workload: Workload, n: int | None = None) -> dict[Convention, Answer]:
    """The answer under every convention that has a meaning for this workload, over the first ``n`` rows of its feed."""
    if workload.wakes is Wakes.BAR:
        return _on_bars(workload, workload.bars(n))
    return _on_trades(workload, workload.trades(n))


def _on_bars(workload: Workload, bars: Bars) -> dict[Convention, Answer]:
    decimals = workload.market.price_decimals
    opens, closes = scaled(bars.open, decimals).tolist(), scaled(bars.close, decimals).tolist()
    lots = int(workload.size.scaleb(workload.market.size_decimals))
    last = len(bars) - 1
    fillers: dict[Convention, Filler] = {
        Convention.SAME: lambda d: [(closes[d.row], lots)],
        Convention.NEXT: lambda d: [(opens[d.row + 1], lots)] if d.row < last else [],
        Convention.NEXT_CLOSE: lambda d: [(closes[d.row + 1], lots)] if d.row < last else [],
        Convention.BOOK: lambda d: [(closes[d.row] - (not d.buys), lots)],
    }
    return _settle_all(workload, bars.close, np.arange(len(bars)), fillers, closes)


def _on_trades(workload: Workload, trades: Trades) -> dict[Convention, Answer]:
    market = workload.market
    ticks, bids = scaled(trades.price, market.price_decimals).tolist(), trades.bid_tick.tolist()
    printed = scaled(trades.qty, market.size_decimals).tolist()
    lots = int(workload.size.scaleb(market.size_decimals))
    last = len(trades) - 1
    rows = minute_closes(trades.ts) if workload.wakes is Wakes.MINUTE else np.arange(len(trades))
    fillers: dict[Convention, Filler] = {
        Convention.SAME: lambda d: [(ticks[d.row], lots)],
        Convention.NEXT: lambda d: [(ticks[d.row + 1], lots)] if d.row < last else [],
        Convention.BOOK: lambda d: [(bids[d.row] + d.buys, lots)],
        Convention.PRINTED: lambda d: _by_print(ticks[d.row], printed[d.row], lots, 1 if d.buys else -1),
        Convention.PRINTS: LaterPrints(trades, ticks, printed, lots),
    }
    return _settle_all(workload, trades.price[rows], rows, fillers, ticks)


class LaterPrints:
    """Fills from prints on the order's side after the moment of its decision. One strategy's: what it took is gone."""

    def __init__(self, trades: Trades, ticks: list[int], printed: list[int], lots: int) -> None:
        self._after: list[int] = np.searchsorted(trades.ts, trades.ts, side="right").tolist()
        self._sells: list[bool] = trades.buyer_maker.tolist()
        self._ticks, self._left, self._lots = ticks, printed[:], lots

    def __call__(self, decision: Decision) -> list[Fill]:
        """The pieces of one order; what the feed does not fill is left out."""
        pieces: list[Fill] = []
        wanted = self._lots
        for row in range(self._after[decision.row], len(self._left)):
            if self._sells[row] == decision.buys or not self._left[row]:
                continue
            taken = min(wanted, self._left[row])
            self._left[row] -= taken
            wanted -= taken
            pieces.append((self._ticks[row], taken))
            if not wanted:
                break
        return pieces


def _by_print(ticks: int, printed: int, lots: int, adverse: int) -> list[Fill]:
    if printed >= lots:
        return [(ticks, lots)]
    return [(ticks, printed), (ticks + adverse, lots - printed)]


def _settle_all(
    workload: Workload, prices: Floats, rows: Ints, fillers: dict[Convention, Filler], marks: list[int]
) -> dict[Convention, Answer]:
    """Decide once for each variant, settle under each convention, mark what is held at the last row."""
    seen = prices.tolist()
    sent = [[Decision(int(rows[index]), buys) for index, buys in decisions(seen, fast)] for fast in workload.fasts]
    mark = marks[-1] if marks else 0
    return {
        convention: _total([_settle(workload, variant, fill, mark) for variant in sent])
        for convention, fill in fillers.items()
    }


def _settle(workload: Workload, sent: list[Decision], fill: Filler, mark: int) -> Answer:
    tick, lot = workload.market.tick, Decimal(1).scaleb(-workload.market.size_decimals)
    fills = held = 0
    cash = fees = turnover = Decimal(0)
    for decision in sent:
        pieces = fill(decision)
        fills += len(pieces)
        for ticks, lots in pieces:
            notional = ticks * tick * (lots * lot)
            cash += -notional if decision.buys else notional
            held += lots if decision.buys else -lots
            fees += notional * FEE
            turnover += notional
    pnl = cash - fees + held * lot * (mark * tick)
    return Answer(len(sent), fills, held * lot, fees, pnl, turnover)


def _total(variants: list[Answer]) -> Answer:
    return Answer(
        sum(v.orders for v in variants),
        sum(v.fills for v in variants),
        sum((v.position for v in variants), Decimal(0)),
        sum((v.fees for v in variants), Decimal(0)),
        sum((v.pnl for v in variants), Decimal(0)),
        sum((v.turnover for v in variants), Decimal(0)),
    )


def explain(known: dict[Convention, Answer], pnl: float) -> tuple[Convention, float]:
    """The convention whose P&L lies nearest to ``pnl``, and how far off it is."""
    nearest = min(known, key=lambda c: abs(float(known[c].pnl) - pnl))
    return nearest, pnl - float(known[nearest].pnl)


def tolerance(answer: Answer) -> float:
    """How far an engine's arithmetic may take a P&L from the exact one: floats, and a fee cut to 8 decimals on every fill."""
    return 1e-9 * float(answer.turnover) + 1e-8 * answer.fills + 1e-9 * CASH / 1_000
