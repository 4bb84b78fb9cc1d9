"""Recompute the decisions of an export of Genesis with nothing but Python's standard library: python3 -S -E recompute.py -h

verify.py says whether these are the entries that were signed; this says whether what they decide follows from what they hold. It reads the run chain in
order and makes everything again by the rules of docs/PROMOTION.md, docs/LADDER.md and docs/EVIDENCE.md: evidence from the bars' returns, trades from the
trades, verdicts from values and thresholds, every promotion decision from what went into it, every A/B verdict from the variants' bars. What the entries
cannot give is taken from the record, and said at the end. Every finding is a line. Exit code 0: all of it follows, 1: findings, 2: wrong arguments.
"""

import argparse
import hashlib
import json
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from math import isclose, log, sqrt
from pathlib import Path
from typing import Any

Document = dict[str, Any]
BAR_NS, DAY_NS, BARS_A_YEAR = 4 * 3_600 * 10**9, 24 * 3_600 * 10**9, 2190
YEAR = sqrt(BARS_A_YEAR)
# What varies by less than a float's step at 1 does not vary.
NO_DEVIATION = 2.0**-52
LEVELS = {
    "given": ("0.10", "0.05"),
    "balanced": ("0.10", "0.05"),
    "strict": ("0.05", "0.01"),
    "pilot": ("0.20", "0.05"),
}
CAPITAL = ("LIVE", "STABLE", "DEGRADED")
# Who can hold no capital until a person or time lets it begin again is no champion.
OUT = ("DEMOTED", "HALTED", "REJECTED", "ARCHIVED")
# How the first entry names an instrument.
LOT = re.compile(r"(.+) \(tick [0-9.]+, lot ([0-9.]+)\)$")
WORST_FIRST = ("ERROR", "FAILED", "INCONCLUSIVE", "PASSED")
# The table of docs/PROMOTION.md, row by row: what can happen in a stage, and which stage follows.
TABLE = {
    stage: dict(cell.split(":") for cell in f"{cells} halt:HALTED".split())
    for stage, cells in {
        "DRAFT": "register:PAPER archive:ARCHIVED",
        "PAPER": "change:PAPER validate:VALIDATED force:LIVE reject:REJECTED archive:ARCHIVED",
        "VALIDATED": "change:PAPER thaw:PAPER go_live:LIVE force:LIVE archive:ARCHIVED",
        "LIVE": "change:PAPER step_up:LIVE reach_max:STABLE force:LIVE step_down:LIVE give_back:VALIDATED"
        " degrade:DEGRADED demote:DEMOTED archive:ARCHIVED",
        "STABLE": "change:PAPER step_down:LIVE give_back:VALIDATED degrade:DEGRADED demote:DEMOTED archive:ARCHIVED",
        "DEGRADED": "change:PAPER step_down:DEGRADED give_back:VALIDATED recover:LIVE demote:DEMOTED archive:ARCHIVED",
        "DEMOTED": "change:PAPER force:LIVE retry:PAPER reject:REJECTED archive:ARCHIVED",
        "HALTED": "change:HALTED resume:PAPER reject:REJECTED restore:LIVE archive:ARCHIVED",
        "REJECTED": "change:PAPER force:LIVE archive:ARCHIVED",
        "ARCHIVED": "change:PAPER",
    }.items()
}
ACTIONS = (
    "change:demote go_live:join step_up:step_up reach_max:step_up step_down:reduce give_back:demote degrade:reduce "
    "demote:demote resume:demote restore:join archive:demote"
)
ACTION = dict(pair.split(":") for pair in ACTIONS.split())
# Thresholds that a first entry need not tell.
LEAST = {"cost_stress": 1, "data_quality": "0.99"}
FIVE = ("min_trades", "min_days", "min_sharpe", "max_drawdown", "min_win_rate")
INTEGRITY = ("concentration", "cost_stress", "data_quality", "loss_bound", "fidelity")
# Criteria whose value cannot lie below; of one of the user's own nobody knows.
FROM_ZERO = (
    "min_trades",
    "min_days",
    "max_drawdown",
    "min_win_rate",
    "cost_stress",
    "data_quality",
    "loss_bound",
    "fidelity",
)
CAREFUL_FIRST = ("halt", "archive", "demote", "resume", "restore", "promote")


# ---- arithmetic: sums one after the other, so that every machine and every Python comes to the same


def total(values: Iterable[float]) -> float:
    found = 0.0
    for value in values:
        found += value
    return found


def deviation(values: list[float]) -> float:
    """Standard deviation, ddof 1, in two passes."""
    mean = total(values) / len(values)
    return sqrt(total((v - mean) ** 2 for v in values) / (len(values) - 1))


def family(values: list[float]) -> list[float]:
    """Each e-value adjusted: the least mean of it with some of the smaller ones."""
    found = []
    for i, value in enumerate(values):
        others = sorted(v for k, v in enumerate(values) if k != i)
        found.append(min((value + total(others[:m])) / (m + 1) for m in range(len(others) + 1)))
    return found


class Scale:
    """The deviation that a bar is divided by: the root of a running mean of squares, known before the bar."""

    def __init__(self, start: float, least: float, decay: float, start_bars: int = 0) -> None:
        self.square, self.least, self.decay, self.start_bars, self.bars = start * start, least, decay, start_bars, 0

    @property
    def value(self) -> float:
        return max(sqrt(self.square), self.least)

    def scaled(self, change: float) -> float:
        found = change / self.value
        self.bars += 1
        gain = max(1 - self.decay, 1 / (self.start_bars + self.bars)) if self.start_bars else 1 - self.decay
        self.square = (1 - gain) * self.square + gain * change * change
        return found


class Bets:
    """A stake of 1 in equal parts, each bet at its own fraction; what lies above the cap is taken off the table."""

    def __init__(self, rules: Document, clip: float) -> None:
        self.fractions = [min(float(s) / YEAR, float(rules["bet_cap"])) for s in rules["bets_sharpe"]]
        self.clip, self.cap = clip, float(rules["cap"])
        self.parts = [1.0] * len(self.fractions)

    @property
    def value(self) -> float:
        return total(self.parts) / len(self.parts)

    def add(self, x: float) -> None:
        self.parts = [p * max(0.0, 1 + f * min(x, self.clip)) for p, f in zip(self.parts, self.fractions, strict=True)]
        if self.value > self.cap:
            share = self.cap / self.value
            self.parts = [p * share for p in self.parts]


class Futility:
    """The bet against "its annual Sharpe ratio is 1.5 at least"."""

    def __init__(self, start: float) -> None:
        self.asked, self.scale, self.parts = 1.5 / YEAR, Scale(start, 0.5 * start, 0.98), [1.0] * 3
        self.fractions = [min(m * self.asked, 0.12) for m in (1, 2, 4)]

    @property
    def value(self) -> float:
        return total(self.parts) / len(self.parts)

    def add(self, change: float) -> None:
        x = self.scale.scaled(change)
        factors = [1 - min(f * x, 0.88) + f * self.asked for f in self.fractions]
        self.parts = [min(p * factor, 10 / 0.05) for p, factor in zip(self.parts, factors, strict=True)]


def long_run_variance(values: list[float]) -> float:
    """n times the variance of the mean of values that may depend on each other (Newey and West)."""
    n, mean = len(values), total(values) / len(values)
    apart = [v - mean for v in values]
    lags = min(16, int(4 * (n / 100) ** (2 / 9)), n - 1)
    weights = [1.0] + [2 * (1 - k / (lags + 1)) for k in range(1, lags + 1)]
    sums = [total(a * b for a, b in zip(apart[k:], apart, strict=False)) for k in range(lags + 1)]
    return max(0.0, total(w * s / n for w, s in zip(weights, sums, strict=True)))


def reach(variance: float, n: int) -> float:
    """Half the width of the 95 % confidence sequence around the mean of n values."""
    square = (-2 * log(0.05) + log(1 - 2 * log(0.05))) / 540
    spread = n * square + 1
    return sqrt(variance) * sqrt(2 * spread / (n * n * square) * log(sqrt(spread) / 0.05))


# ---- what a track's bars and trades show


class Bars:
    """The evidence of one track since an attempt began: returns of its bars, the stake on them, and what doubts it."""

    def __init__(self, rules: Document) -> None:
        self.rules, self.returns = rules, list[float]()
        self.warmup, self.broken, self.breaks, self.missing = 0, False, 0, 0
        self.index = self.peak = 1.0
        # The greatest fall of the index between ends of bars, as long as none is missing; within a bar it may have been more.
        self.fall, self.whole, self.known = 0.0, True, (0, 0.0)
        self.bound: float | None = None
        self.stake, self.scale = Bets(rules, float(rules["upper_clip"])), Scale(1.0, 0.0, 0.0)
        self.futility: Futility | None = None

    @property
    def e_value(self) -> float:
        return 0.0 if self.broken else self.stake.value

    def add(self, change: float) -> None:
        rules = self.rules
        self.returns.append(change)
        self.index *= 1 + change
        self.peak = max(self.peak, self.index)
        self.fall = max(self.fall, 1 - self.index / self.peak)
        if self.bound is not None:
            self.breaks += change < -self.bound
            self.broken = self.breaks > 0
            self.stake.add(self.scale.scaled(change))
        else:
            self.warmup += 1
            moved = [r for r in self.returns if r]
            if len(moved) >= rules["warmup_bars"] and deviation(moved) > NO_DEVIATION:
                self.bound = float(rules["bound_deviations"]) * deviation(moved)
                self.scale = Scale(deviation(moved), self.bound / float(rules["kappa"]), float(rules["decay"]))
        if self.futility is not None:
            self.futility.add(change)
        elif self.bound is not None and self.spread():
            self.futility = Futility(self.spread())

    def sharpe(self) -> float | None:
        """Annual; none under 42 bars, or where they do not vary."""
        if len(self.returns) < 42 or self.spread() <= NO_DEVIATION:
            return None
        return total(self.returns) / len(self.returns) / self.spread() * YEAR

    def late_fall(self, bars: int) -> float:
        """The deepest fall of the index between ends of bars, over the latest of them."""
        index = peak = 1.0
        fall = 0.0
        for change in self.returns[-bars:]:
            index *= 1 + change
            peak = max(peak, index)
            fall = max(fall, 1 - index / peak)
        return fall

    def scaled_fall(self, q: float) -> float:
        """Below which a healthy strategy of this volatility lies a share q of the time, the ratio shrunk for having been chosen; at most a fifth."""
        days = len(self.returns) / 6
        good = (self.sharpe() or 0.0) * 4 / (4 + 365 / days) if days else 0.0
        return 0.20 if good <= 0 else min(0.20, round(self.spread() * YEAR * log(1 / q) / (2 * good), 6))

    def sharpe_bound(self) -> float | None:
        """The lower end of the ratio's one-sided 95 % interval: 1.645 standard errors of independent returns below it (Mertens)."""
        ratio = self.sharpe()
        if ratio is None:
            return None
        n, mean, one = len(self.returns), total(self.returns) / len(self.returns), ratio / YEAR
        second, third, fourth = (total((r - mean) ** k for r in self.returns) / n for k in (2, 3, 4))
        skewness, kurtosis = third / second**1.5, fourth / second**2
        variance = max(0.0, 1 - skewness * one + (kurtosis - 1) / 4 * one * one)
        return ratio - 1.6448536269514722 * sqrt(variance / n) * YEAR

    def spread(self) -> float:
        """Standard deviation of all bars, worked out once a bar."""
        if self.known[0] != len(self.returns):
            self.known = (len(self.returns), deviation(self.returns))
        return self.known[1]


class Watch:
    """The monitors of a live track that can be made again from the bars of live, twin and reference: edge, gap to the twin, breaches."""

    def __init__(self, reference: Bars, risk: "Risk") -> None:
        start = reference.spread()
        self.scale, self.edge = Scale(start, 0.5 * start, 0.98), [0.0] * 3
        self.gap_scale, self.gap = Scale(0.25 * start, 0.05 * start, 0.99, 12), 0.0
        self.breaches, self.at_risk, self.compared = [0.0] * 4, risk.value, 0
        self.spread, self.index, self.peak = start, 1.0, 1.0
        self.refer(reference)

    def refer(self, reference: Bars) -> None:
        """The ratio to be held against: what the reference has shown, shrunk for having been chosen because it looked good."""
        days = len(reference.returns) / 6
        self.good = max(-40.0, min((reference.sharpe() or 0.0) * 4 / (4 + 365 / days), 40.0)) / YEAR
        drop = max(self.good * YEAR, 2.0) / YEAR
        self.bets = [min(m * drop, 0.12) for m in (0.5, 1.0, 1.5)]
        self.spread = reference.spread() or self.spread

    def fallen(self, change: float) -> None:
        """A bar of the live track, whether or not its twin has one."""
        self.index *= 1 + change
        self.peak = max(self.peak, self.index)

    def drawdown(self, sampled: float | None) -> str | None:
        """The level of a drawdown that a sample of this moment tells; without one, what the ends of bars say at least."""
        limit = 0.20 if self.good <= 0 else min(0.20, round(self.spread * log(100) / (2 * self.good), 6))
        if sampled is not None:
            return "ALARM" if sampled >= limit else "CALM"
        return "ALARM" if 1 - self.index / self.peak >= limit * (1 + 1e-9) else None

    def add(self, live: float, twin: float, risk: "Risk") -> None:
        x = self.scale.scaled(live)
        factors = [1 - min(b * x, 0.88) + b * self.good for b in self.bets]
        self.edge = [min((1 + m) * f, 10 * 3 * BARS_A_YEAR) for m, f in zip(self.edge, factors, strict=True)]
        if live or twin:
            self.compared += 1
            shift = 20 / YEAR
            apart = max(-6.0, min(6.0, self.gap_scale.scaled(live - twin)))
            self.gap = max(0.0, self.gap - shift * (apart + shift / 2))
        if self.at_risk is not None:
            told, breach = 0.01, live < -self.at_risk
            factors = [m if breach else (1 - m * told) / (1 - told) for m in (1.5, 2.0, 3.0, 5.0)]
            most = 10 * 3 * BARS_A_YEAR
            self.breaches = [min((1 + m) * f, most) for m, f in zip(self.breaches, factors, strict=True)]
        self.at_risk = risk.value

    def levels(self) -> dict[str, str]:
        edge, breaches = total(self.edge) / len(self.edge), total(self.breaches) / len(self.breaches)
        return {
            "edge": _level(edge, 0.5 * BARS_A_YEAR, 3 * BARS_A_YEAR),
            "var": _level(breaches, 0.5 * BARS_A_YEAR, 3 * BARS_A_YEAR),
            "gap": _level(self.gap, _page_threshold(20, 0.5), _page_threshold(20, 2)),
        }


class Risk:
    """What one bar in a hundred loses at least, at the volatility of now: the latest 500 bars, each over the deviation known before it."""

    def __init__(self) -> None:
        self.warm, self.recent = list[float](), list[float]()
        self.scale: Scale | None = None

    @property
    def value(self) -> float | None:
        """None under 500 bars after the warm-up."""
        if self.scale is None or len(self.recent) < 500:
            return None
        return max(0.0, -sorted(self.recent[-500:])[4]) * self.scale.value

    def add(self, change: float) -> None:
        if self.scale is not None:
            self.recent.append(self.scale.scaled(change))
            return
        self.warm += [change] if change else []
        if len(self.warm) >= 12 and deviation(self.warm) > NO_DEVIATION:
            self.scale = Scale(deviation(self.warm), 0.25 * deviation(self.warm), 0.94)


def _level(value: float, warn: float, alarm: float) -> str:
    return "ALARM" if value >= alarm else "WARN" if value >= warn else "CALM"


def _page_threshold(drop: float, years: float) -> float:
    """The h at which a CUSUM is wrong once in so many years: 2 / D^2 (e^h - h - 1)."""
    low, high = 0.0, 64.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if 2 / drop**2 * (2.718281828459045**middle - middle - 1) < years else (low, middle)
    return round(high, 6)


class Books:
    """What the entries of one track come to: what it holds and has on its way, capital, costs, equity at the ends of bars.

    Equity is known from the first capital on, by the bars' returns; a bar without one leaves it unknown until a sample tells it.
    """

    def __init__(self, budget: Fraction, currency: str, lots: dict[str, Fraction]) -> None:
        self.currency, self.lots = currency, lots
        self.held, self.working = dict[str, Fraction](), dict[str, tuple[str, int]]()
        # ``flows``: what fills and funding brought and took.
        self.capital, self.paid, self.flows = budget, Fraction(0), Fraction(0)
        # Equity at which the running bar began, capital that came or left since included; of the bar before; costs paid by then.
        self.began: float | None = float(budget)
        self.before: float | None = float(budget)
        self.told_paid = Fraction(0)
        # Whether positions, and whether costs, follow from the entries: fees may be paid in something else than the budget's currency.
        self.exact = self.priced = True
        self.orders, self.size = dict[str, int](), dict[str, Fraction]()

    @property
    def idle(self) -> bool:
        """Flat, and nothing works or is on its way; less than a lot is dust."""
        return not self.working and not any(abs(q) >= self.lots.get(i, 0) for i, q in self.held.items() if q)

    def submitted(self, order: str, intent: Document) -> None:
        name, qty = intent["instrument"], Fraction(intent["qty"])
        self.working[order] = (name, 1 if intent["side"] == "BUY" else -1)
        if not intent["reduce_only"]:
            self.orders[name], self.size[name] = self.orders.get(name, 0) + 1, self.size.get(name, Fraction(0)) + qty

    def ended(self, order: str) -> None:
        self.working.pop(order, None)

    def filled(self, fill: Document) -> None:
        name, sign = self.working[fill["client_order_id"]]
        qty, cost = Fraction(fill["last_qty"]), fill["cost"]
        self.held[name] = self.held.get(name, Fraction(0)) + sign * qty
        self.flows -= sign * qty * Fraction(fill["last_px"]) + Fraction(fill["fee"])
        if fill["fee_currency"] != self.currency:
            self.exact = self.priced = Fraction(fill["fee"]) == 0 and self.priced
        if cost is None:
            self.priced = False
        else:
            beyond = sum(Fraction(cost[c]) for c in ("walk", "slippage", "impact")) + Fraction(cost["spread_x2"]) / 2
            self.paid += Fraction(fill["fee"]) + beyond * qty
        if not Fraction(fill["leaves_qty"]):
            self.ended(fill["client_order_id"])

    def moved(self, amount: Fraction) -> None:
        self.capital += amount
        self.began = None if self.began is None else self.began + float(amount)

    def close(self, change: float | None) -> None:
        """A bar has ended; ``before`` is what it began with."""
        self.before = self.began
        self.began = None if self.began is None or change is None else self.began * (1 + change)

    def costs(self) -> float | None:
        """Fees and what fills cost beyond the price they faced, since this was asked last, as a share of the equity at the bar's start."""
        since, self.told_paid = self.paid - self.told_paid, self.paid
        if not self.priced or (since and self.before is None):
            return None
        return max(0.0, float(since) / self.before) if self.before and self.before > 0 else 0.0

    def settled(self) -> float | None:
        """Equity where nothing is held: capital, and what fills and funding came to."""
        return float(self.capital + self.flows) if self.exact and not any(self.held.values()) else None

    def least(self) -> Fraction:
        """The least share of the budget at which an order of the mean size is twice a lot; a venue's other minima may ask for more."""
        found = [2 * self.lots[n] * k / self.size[n] for n, k in self.orders.items() if self.size[n] and n in self.lots]
        return max(found, default=Fraction(0))


class Pair:
    """A challenger's bars less the champion's: a bet on either side, and the mean difference."""

    def __init__(self, rules: Document) -> None:
        self.rules, self.gaps, self.trades = rules, list[float](), 0
        self.up, self.down = Bets(rules, float(rules["clip"])), Bets(rules, float(rules["clip"]))
        self.scale: Scale | None = None
        self.futility: Futility | None = None

    def add(self, challenger: float, champion: float, trades: int) -> None:
        gap = challenger - champion
        self.gaps.append(gap)
        self.trades += trades
        if self.scale is not None and self.futility is not None:
            x = self.scale.scaled(gap)
            self.up.add(x)
            self.down.add(-x)
            self.futility.add(gap)
            return
        moved = [g for g in self.gaps if g]
        if len(moved) >= self.rules["warmup_bars"] and deviation(moved) > NO_DEVIATION:
            start = deviation(moved)
            self.scale = Scale(start, float(self.rules["floor"]) * start, float(self.rules["decay"]))
            self.futility = Futility(start)

    @property
    def e_value(self) -> float:
        return (self.up.value + self.down.value) / 2

    def result(self, adjusted: float) -> Document:
        """The verdict, and the numbers it stands on."""
        n, mean = len(self.gaps), total(self.gaps) / len(self.gaps) if self.gaps else 0.0
        width = reach(long_run_variance(self.gaps), n) if n >= 42 else None
        doubt = 1.0 if self.futility is None else self.futility.value
        trades = self.trades / 2
        a_trade = n / trades * 1e4 if trades else None
        ends = (None, None) if width is None else (mean - width, mean + width)
        standing = "OPEN" if any(self.gaps) else "ALIKE"
        if doubt >= 1 / 0.05:
            standing = "FUTILE"
        if adjusted >= float(self.rules["decide_at"]) and self.up.value != self.down.value and mean:
            better = self.up.value > self.down.value
            standing = ("BETTER" if better else "WORSE") if better == (mean > 0) else standing
        return {
            "standing": standing, "e_value": self.e_value, "adjusted": adjusted, "futility": doubt, "bars": n,
            "trades": trades, "mean_bp": mean * 1e4, "low_bp": _times(ends[0], 1e4), "high_bp": _times(ends[1], 1e4),
            "trade_bp": _times(mean, a_trade), "trade_low_bp": _times(ends[0], a_trade),
            "trade_high_bp": _times(ends[1], a_trade),
        }  # fmt: skip


class Test:
    """An A/B test: the champion first, the challengers in the configuration's order; each reign begins with pairs of its own."""

    def __init__(self, names: list[str], rules: Document, by_itself: bool) -> None:
        self.names, self.rules, self.by_itself = names, rules, by_itself
        self.taken, self.closed, self.reigned = 0, dict.fromkeys(names, 0), list[str]()
        self.due: str | None = None
        # Who was proven worse: its successor, and what it held then.
        self.followed = dict[str, tuple[str, Fraction]]()
        self.begin(names[0])

    def begin(self, champion: str) -> None:
        self.order = [champion, *(n for n in self.names if n != champion)]
        self.pairs = [Pair(self.rules) for _ in self.order[1:]]

    def add(self, bars: dict[str, tuple[int, float | None, int]]) -> None:
        changes = {n: change for n, (_, change, _) in bars.items() if change is not None}
        if len(changes) < len(self.names):
            return
        trades = {n: bars[n][2] - self.closed[n] for n in self.names}
        self.closed = {n: bars[n][2] for n in self.names}
        champion = self.order[0]
        for challenger, pair in zip(self.order[1:], self.pairs, strict=True):
            pair.add(changes[challenger], changes[champion], trades[challenger] + trades[champion])

    def results(self) -> list[Document]:
        adjusted = family([p.e_value for p in self.pairs])
        names = {"champion": self.order[0]}
        rows = zip(self.order[1:], self.pairs, adjusted, strict=True)
        return [{**names, "challenger": n, **pair.result(value)} for n, pair, value in rows]

    def successor(self, out: set[str]) -> str | None:
        """Who takes the champion's place: the best of those proven better, or, where it is out, the last good one before it."""
        if not self.by_itself:
            return None
        if self.order[0] in out:
            good = [n for n in self.reigned if n not in out][-1:] or [n for n in self.names if n not in out]
            return good[0] if good else None
        better = [r for r in self.results() if r["standing"] == "BETTER"]
        first = min(better, key=lambda r: (-r["adjusted"], r["challenger"]), default=None)
        return None if first is None or first["challenger"] in out else str(first["challenger"])

    def crown(self, name: str, held: Fraction | None = None) -> None:
        """``held``: of the champion that was proven worse; none where it was out."""
        if held is not None:
            self.followed[self.order[0]] = (name, held)
        self.followed.pop(name, None)
        known = self.followed.keys() | {name}
        self.followed = {n: f for n, f in self.followed.items() if f[0] in known}
        self.reigned = [*(n for n in self.reigned if n != name), self.order[0]]
        self.due = None
        self.begin(name)


def _times(value: float | None, factor: float | None) -> float | None:
    return None if value is None or factor is None else value * factor


# ---- the rules of promotion


def status_of(verdict: Document) -> str:
    """What value, threshold and sample say; a value that cannot be is an error."""
    criterion, value, sample = verdict["criterion"], verdict["value"], verdict["sample"]
    most = 1.0 if criterion["name"] in ("min_win_rate", "data_quality") else float("inf")
    least = 0.0 if criterion["name"] in FROM_ZERO else float("-inf")
    # A number that is none has no place in an entry: its verdict tells it in words alone.
    none = value is None and verdict["missing"].startswith("a value that can be")
    if none or (value is not None and not least <= value <= most):
        return "ERROR"
    if value is not None and criterion["at_most"] and value > criterion["threshold"]:
        return "FAILED"
    if value is None or sample["n"] < sample["needed"]:
        return "INCONCLUSIVE"
    met = value <= criterion["threshold"] if criterion["at_most"] else value >= criterion["threshold"]
    return "PASSED" if met else "FAILED"


class Decision:
    """What becomes of a version at one look, by the rules, from where it stood before and what was known."""

    def __init__(self, record: Document) -> None:
        self.rules, self.facts, self.room = record["rules"], record["facts"], record["room"]
        self.was, self.now = record["before"], int(record["facts"]["time_ns"])
        self.stage = str(self.was["stage"])
        self.stands: Document = {**self.was, "fraction": Fraction(self.was["fraction"])}
        for key in ("committed", "halted_fraction"):
            self.stands[key] = Fraction(self.was[key])
        for key in ("since_ns", "stepped_ns", "evidence_from_ns", "deadline_ns", "asked_again_ns"):
            self.stands[key] = int(self.was[key])
        self.commands, self.heard = record["commands"], dict[int, bool]()
        # The rules' own numbers.
        profile = LEVELS[self.rules["profile"]]
        self.alpha_live = Fraction(self.rules["alpha_live"] or profile[0])
        self.alpha_full = Fraction(self.rules["alpha_full"] or profile[1])
        self.first, self.most = Fraction(self.rules["initial_allocation"]), Fraction(self.rules["max_allocation"])
        self.by_evidence = self.rules["profile"] != "given"
        self.hysteresis = Fraction(self.rules["deramp_hysteresis"])
        self.penalty = Fraction(self.rules["retry_penalty"]) ** (self.was["attempt"] - 1)
        # What the facts say; what was gathered for an earlier attempt decides nothing.
        facts = self.facts
        self.current = int(facts["evidence_from_ns"]) == self.stands["evidence_from_ns"]
        counted = facts["adjusted"] if facts["residual"] is None else min(facts["adjusted"], facts["residual"])
        self.evidence = counted if self.current else 1
        enforced = {v["status"] for v in facts["verdicts"] if v["criterion"]["mode"] == "enforce"}
        worst = next((s for s in WORST_FIRST if s in enforced), None)
        self.status = worst if self.current else "INCONCLUSIVE"
        self.data, self.flat = facts["data"], facts["live_flat"]
        self.unjudged = self.data != "FRESH" or self.status in ("ERROR", "INCONCLUSIVE")
        self.levels = {m["level"] for m in facts["monitors"]}
        self.has_capital = self.stage in CAPITAL
        self.move: str | None = None
        self.action, self.target = "none", self.stands["fraction"]
        self.halt_kind = ""
        self.decide()

    # -- evidence

    def step_evidence(self) -> float:
        """E for a fraction: at most the paper evidence of going live, frozen, times what live has shown since."""
        frozen, live = self.stands["frozen"], self.facts["e_live"]
        if not self.by_evidence or frozen is None:
            return float(self.evidence)
        return float(min(self.evidence, frozen if live is None else frozen * live))

    def carries(self, fraction: Fraction) -> bool:
        """fraction <= eps E, with every further attempt at a multiple of E."""
        return self.step_evidence() >= float(fraction * self.penalty / self.alpha_full)

    def unopened(self) -> bool:
        """Held by a person's word alone, where the profile asks for evidence to go live and there has not been as much yet."""
        return self.by_evidence and self.stands["frozen"] is None and self.evidence < self.needed_live()

    def exempt(self, fraction: Fraction) -> bool:
        return not self.by_evidence and fraction <= self.first

    # -- the look

    def decide(self) -> None:
        self.look()
        wish = self.hear()
        # A broken limit stands before all that persons want but their own halt.
        moved = self.person_takes(wish, "halt") or self.halts("risk")
        moved = moved or self.person_takes(wish, "archive", "demote", "resume") or self.halts()
        if not moved and self.now % BAR_NS == 0:
            # Between evidence bars capital is only taken, by persons and halts.
            moved = self.changes() or self.falls() or self.goes_on(wish)
        if wish is not None:
            self.heard.setdefault(wish, False)
        if not moved:
            self.action = self.unfinished()

    def look(self) -> None:
        stands, facts = self.stands, self.facts
        stands["committed"] = (
            stands["fraction"] if self.has_capital else Fraction(0) if self.flat else stands["committed"]
        )
        stands["proven"] = self.evidence >= float(self.rules["proven_evidence"])
        stands["budget"], stands["live_pnl"] = facts["budget"], facts["live_pnl"]
        if self.room["revoked"]:
            stands["cleared_pnl"] = facts["live_pnl"]
        if self.data != "STALE":
            calm = not self.levels & {"WARN", "ALARM"}
            stands["calm_since_ns"] = (stands["calm_since_ns"] or self.now) if calm else None
        blind = self.stage == "DEGRADED" and self.data != "FRESH"
        if blind and stands["calm_since_ns"] is not None and stands["look_ns"] is not None:
            # Time in which nothing could be seen is no calm time.
            later = int(stands["calm_since_ns"]) + self.now - int(stands["look_ns"])
            stands["calm_since_ns"] = min(self.now, later)
        if stands["look_ns"] is None or self.now // BAR_NS > int(stands["look_ns"]) // BAR_NS:
            stands["look_ns"] = self.now
            if self.has_capital or self.stage in ("PAPER", "VALIDATED"):
                self.count()
        if self.has_capital:
            self.pause_or_go_on()
        elif stands["pause"] == "UNTIL_CLEAR":
            self.unpause()
        if self.has_capital and self.status == "PASSED" and not self.unopened():
            if self.by_evidence and stands["frozen"] is None:
                stands["frozen"] = min(float(self.evidence), self.needed_live())
            stands["forced"] = stands["forced"] and not self.carries(stands["fraction"])

    def count(self) -> None:
        """Looks in a row: in error, undecided, failed; those that can judge nothing leave the failed ones as they are."""
        stands = self.stands
        error = self.data == "STALE" or self.status == "ERROR"
        undecided = self.unjudged and not error
        stands["errors"] = stands["errors"] + 1 if error else 0
        stands["inconclusive"] = stands["inconclusive"] + 1 if undecided else 0
        if not error and not undecided:
            stands["failures"] = stands["failures"] + 1 if self.status == "FAILED" else 0

    def pause_or_go_on(self) -> None:
        if self.stands["pause"] == "UNTIL_RESUMED":
            return
        if not self.unjudged:
            self.unpause()
        elif self.stands["inconclusive"] >= self.rules["inconclusive_limit"]:
            self.stands["pause"] = "UNTIL_RESUMED"
        else:
            self.stands["pause"] = "UNTIL_CLEAR"

    def unpause(self) -> None:
        self.stands["pause"] = "NONE"

    # -- persons

    def hear(self) -> int | None:
        """Take what moves nothing; the place of the one wish for a move that counts."""
        wishes = []
        for i, command in enumerate(self.commands):
            order = command["order"]
            if order in CAREFUL_FIRST and (order != "resume" or self.stage == "HALTED"):
                wishes.append(i)
            else:
                self.heard[i] = self.takes(command)
        if not wishes:
            return None
        chosen = min(wishes, key=lambda i: (CAREFUL_FIRST.index(self.commands[i]["order"]), i))
        self.heard.update((i, False) for i in wishes if i != chosen)
        return chosen

    def takes(self, command: Document) -> bool:
        stands, order, awaited = self.stands, command["order"], self.stands["awaited"]
        if order == "pause":
            if self.stage not in ("REJECTED", "ARCHIVED", "HALTED"):
                stands["pause"] = "UNTIL_RESUMED"
            return stands["pause"] == "UNTIL_RESUMED" and self.stage not in ("REJECTED", "ARCHIVED", "HALTED")
        if order == "resume":
            if stands["pause"] != "UNTIL_RESUMED":
                return False
            self.unpause()
            stands["inconclusive"] = 0
            if self.now >= stands["deadline_ns"]:
                stands["deadline_ns"] = self.now + self.rules["paper_max_days"] * DAY_NS
            return True
        name = _spoken(command["author"])
        if awaited is None or (order == "approve" and name in map(_spoken, awaited["voices"])):
            return False
        if order == "approve":
            stands["awaited"] = {**awaited, "voices": [*awaited["voices"], command["author"]]}
        else:
            stands["awaited"], stands["asked_again_ns"] = None, self.now + self.rules["cooldown_days"] * DAY_NS
        return True

    def person_takes(self, wish: int | None, *orders: str) -> bool:
        order = None if wish is None else self.commands[wish]["order"]
        if wish is None or order not in orders:
            return False
        self.heard[wish] = order in TABLE[self.stage]
        if not self.heard[wish]:
            return False
        if order == "halt":
            return self.halt("risk")
        none = {"halt": None, "halted_fraction": Fraction(0), "ended": None}
        ended = self.stands.get("ended")
        if order == "resume" and ended is not None:
            # Rejected or archived before the halt, and so again.
            return self.go("reject" if ended == "REJECTED" else "archive", Fraction(0), **none)
        return self.go(order, Fraction(0), **(self.again() if order == "resume" else none))

    # -- down

    def halts(self, *kinds: str) -> bool:
        exposed = self.has_capital or self.stands["committed"] > 0
        kind = self.facts["halt"]["kind"] if exposed and self.facts["halt"] else ""
        judged = self.has_capital or self.stage in ("PAPER", "VALIDATED")
        if not kind and self.facts["bound_broken"] and self.current and judged:
            kind = "risk"
        if not kind and self.has_capital and self.stands["errors"] >= self.rules["consecutive_error_limit"]:
            kind = "data"
        held = (self.was["halt"] or {}).get("kind")
        if (
            not kind
            or (kinds and kind not in kinds)
            or (self.stage == "HALTED" and (kind != "risk" or held in (None, "risk")))
        ):
            return False
        return self.halt(kind)

    def halt(self, kind: str) -> bool:
        self.halt_kind = kind
        held = self.stands["halted_fraction"] if self.stage == "HALTED" else self.stands["fraction"]
        ended = self.stage if self.stage in ("REJECTED", "ARCHIVED") else self.stands.get("ended")
        return self.go("halt", Fraction(0), halt=kind, halted_fraction=held, ended=ended)

    def changes(self) -> bool:
        if self.facts["identity"] == self.was["identity"] or "change" not in TABLE[self.stage]:
            return False
        kept = self.was["halt"]["kind"] if self.was["halt"] else None
        new = {"identity": self.facts["identity"], "epoch": self.was["epoch"] + 1, "attempt": 1, "halt": kept}
        return self.go("change", Fraction(0), **(self.anew() | new))

    def falls(self) -> bool:
        """Monitors, failed criteria, evidence and the account: of several the greatest fall counts."""
        stands, held = self.stands, self.stands["fraction"]
        if not self.has_capital:
            return False
        if self.room["revoked"]:
            return self.go("demote", Fraction(0))
        if self.data == "STALE":
            return False
        failed = stands["failures"] >= self.rules["failure_limit"] and not stands["forced"] and not self.carries(held)
        evidenced = self.evidenced()
        if "ALARM" in self.levels or failed or not evidenced:
            return self.go("demote", Fraction(0))
        room = Fraction(self.room["fraction"])
        granted = held if held <= room else max((r for r in rungs(self.rules) if r <= room), default=Fraction(0))
        if not granted:
            return self.go("give_back", Fraction(0))
        warned = "WARN" in self.levels and self.stage != "DEGRADED"
        halved = min(held, max(self.first, held / 2))
        target = min(granted, evidenced, halved if warned else held)
        if warned:
            return self.go("degrade", target)
        return target < held and self.go("step_down", target)

    def evidenced(self) -> Fraction:
        held: Fraction = self.stands["fraction"]
        if self.stands["forced"] or self.exempt(held) or not self.current or self.carries(held * self.hysteresis):
            return held
        carried = max((r for r in rungs(self.rules) if r < held and self.carries(r)), default=Fraction(0))
        if not carried and (self.exempt(self.first) or self.carries(self.first * self.hysteresis)):
            return min(self.first, held)
        return carried

    # -- where a stage leads

    def goes_on(self, wish: int | None) -> bool:
        if self.stage == "DRAFT":
            began = int(self.facts["evidence_from_ns"])
            ends = began + self.rules["paper_max_days"] * DAY_NS
            new = {"identity": self.facts["identity"], "evidence_from_ns": began, "deadline_ns": ends}
            return self.go("register", Fraction(0), **new)
        if (self.stage == "PAPER" and self.ends()) or (self.stage == "VALIDATED" and self.thaws()):
            return True
        if self.person_raises(wish):
            return True
        if self.stage == "PAPER":
            if self.held_back() or self.lacks(self.first):
                return False
            return self.go("validate", Fraction(0), frozen=min(float(self.evidence), self.needed_live()))
        if self.stage == "DEMOTED":
            return self.cools_down()
        if self.stage == "DEGRADED":
            return self.recovers()
        return self.stage in ("VALIDATED", "LIVE") and self.rises()

    def needed_live(self) -> float:
        return float(self.penalty / self.alpha_live)

    def anew(self) -> Document:
        """What every attempt begins with."""
        ends = self.now + self.rules["paper_max_days"] * DAY_NS
        begun = {"evidence_from_ns": self.now, "deadline_ns": ends, "frozen": None, "proven": False}
        none = {"halt": None, "halted_fraction": Fraction(0), "ended": None}
        return begun | none | {"errors": 0, "inconclusive": 0, "failures": 0}

    def again(self) -> Document:
        """The next attempt of the same identity, whoever lets it begin."""
        return self.anew() | {"attempt": self.was["attempt"] + 1}

    def ends(self) -> bool:
        doubt = self.facts["futility"]
        if self.current and doubt is not None and doubt >= 1 / float(self.rules["futility_alpha"]):
            return self.go("reject", Fraction(0))
        if self.now < self.stands["deadline_ns"]:
            return False
        if self.rules["on_expiry"] == "reject":
            return self.go("reject", Fraction(0))
        self.stands["pause"] = "UNTIL_RESUMED"
        return False

    def thaws(self) -> bool:
        if self.data != "FRESH" or not self.current:
            return False
        fallen = self.by_evidence and self.evidence < self.needed_live() * float(self.hysteresis)
        failed = self.stands["failures"] >= self.rules["failure_limit"]
        return (fallen or failed) and self.go("thaw", Fraction(0), frozen=None)

    def cools_down(self) -> bool:
        over = self.stands["since_ns"] + self.rules["cooldown_days"] * DAY_NS
        if self.now < over or not self.flat:
            return False
        if self.was["attempt"] >= self.rules["max_attempts"]:
            return self.go("reject", Fraction(0))
        return self.go("retry", Fraction(0), **self.again())

    def recovers(self) -> bool:
        held, calm = self.stands["fraction"], self.stands["calm_since_ns"]
        days = self.rules["min_dwell"]["days"] * DAY_NS
        if self.held_back() or calm is None or self.now - int(calm) < days:
            return False
        carried = self.stands["forced"] or self.exempt(held) or self.carries(held)
        return carried and self.go("recover", held)

    # -- up

    def held_back(self) -> bool:
        """A pause, a monitor, bad data: nothing goes up."""
        return self.stands["pause"] != "NONE" or bool(self.levels & {"WARN", "ALARM"}) or self.data != "FRESH"

    def forbidden(self, target: Fraction) -> bool:
        """Limits, which nobody's word replaces."""
        facts, stands, dwell = self.facts, self.stands, self.rules["min_dwell"]
        real = not facts["venue_simulated"] and (facts["synthetic"] or facts["source"] != "live_feed")
        if stands["fraction"]:
            early = self.now < stands["stepped_ns"] + dwell["days"] * DAY_NS
            early = early or facts["live_trades"] - stands["stepped_trades"] < dwell["trades"]
        else:
            early = not self.flat
        small, no_room = target < Fraction(facts["least_fraction"]), target > Fraction(self.room["fraction"])
        return self.held_back() or real or small or early or no_room

    def lacks(self, target: Fraction) -> bool:
        """Criteria and evidence, for which a person can answer instead."""
        if not self.current or self.status not in ("PASSED", None) or (self.status is None and not self.by_evidence):
            return True
        if not self.stands["fraction"]:
            stress = self.facts["e_stress"]
            dear = stress is not None and stress < 1
            return self.by_evidence and (self.evidence < self.needed_live() or dear)
        live = self.facts["e_live"]
        unborne = target > Fraction(1, 2) and (live is None or live < 1)
        return unborne or self.unopened() or not (self.exempt(target) or self.carries(target))

    def next_step(self) -> Fraction:
        held: Fraction = self.stands["fraction"]
        if held:
            return min(held + Fraction(self.rules["allocation_increment"]), self.most)
        return self.fitting(self.first)

    def fitting(self, target: Fraction) -> Fraction:
        """What there is room for where that is nine tenths of it at least, rounded down to a hundredth of a per cent."""
        room = Fraction(self.room["fraction"])
        if not Fraction(9, 10) * target <= room < target:
            return target
        return Fraction(int(room * 10_000), 10_000) or target

    def rises(self) -> bool:
        held = self.stands["fraction"]
        if self.stage == "LIVE" and held >= self.most:
            return self.go("reach_max", held)
        target = self.next_step()
        if self.forbidden(target) or self.lacks(target) or not self.is_open(target if held else self.first):
            return False
        return self.up(target, False)

    def by_rule(self, target: Fraction) -> str:
        if not self.stands["fraction"]:
            return "go_live"
        return "reach_max" if target >= self.most else "step_up"

    def up(self, target: Fraction, forced: bool) -> bool:
        forced = forced or self.by_rule(target) not in TABLE[self.stage]
        return self.go("force" if forced else self.by_rule(target), target, forced=forced)

    def is_open(self, target: Fraction) -> bool:
        gate = self.rules["gates"]["each_step" if self.stands["fraction"] else "go_live"]
        awaited = self.stands["awaited"]
        if gate == "auto" and self.rules["auto_promote"]:
            return True
        asked = awaited is not None and Fraction(awaited["fraction"]) == target
        if asked and self.enough(awaited):
            return True
        if self.now >= self.stands["asked_again_ns"] and not asked:
            self.stands["awaited"] = self.awaiting(self.by_rule(target), target, [], False)
        return False

    def enough(self, awaited: Document) -> bool:
        return len(awaited["voices"]) >= (2 if self.rules["four_eyes"] else 1)

    def awaiting(self, move: str, target: Fraction, voices: list[str], forced: bool) -> Document:
        return {"move": move, "fraction": target, "since_ns": self.now, "voices": voices, "forced": forced}

    def person_raises(self, wish: int | None) -> bool:
        command = None if wish is None else self.commands[wish]
        if wish is not None and command is not None and command["order"] in ("promote", "restore"):
            return self.asked(wish, command)
        awaited = self.stands["awaited"]
        if awaited is None or not awaited["forced"] or not self.enough(awaited):
            return False
        target = self.fitting(Fraction(awaited["fraction"]))
        if awaited["move"] == "restore":
            target = min(target, self.restored())
        if self.hindered(awaited["move"], target):
            self.stands["awaited"] = None
            return False
        return self.by_word(awaited["move"], target)

    def asked(self, wish: int, command: Document) -> bool:
        """One step by a person's word, and what evidence does not carry is marked."""
        move = "force" if command["order"] == "promote" else "restore"
        stands = self.stands
        target = self.next_step()
        if move == "restore":
            target = self.restored()
        self.heard[wish] = move in TABLE[self.stage] and not self.hindered(move, target)
        if not self.heard[wish]:
            return False
        awaited = self.awaiting(move, target, [command["author"]], True)
        if not self.enough(awaited):
            stands["awaited"] = awaited
            return False
        return self.by_word(move, target)

    def restored(self) -> Fraction:
        """What it held before a halt, as far as its position is still there; else the first step."""
        return self.fitting(min(self.stands["halted_fraction"], max(self.first, self.stands["committed"])))

    def hindered(self, move: str, target: Fraction) -> bool:
        if move == "force":
            return target <= self.stands["fraction"] or self.forbidden(target)
        by_risk = (self.was["halt"] or {}).get("kind") == "risk"
        return not target or by_risk or self.held_back() or target > Fraction(self.room["fraction"])

    def by_word(self, move: str, target: Fraction) -> bool:
        if move == "restore":
            return self.go("restore", target, halt=None, halted_fraction=Fraction(0), ended=None, errors=0)
        return self.up(target, self.lacks(target))

    # -- the end

    def go(self, move: str, target: Fraction, **changes: object) -> bool:
        stands, stage = self.stands, TABLE[self.stage][move]
        self.move, self.target, held = move, target, stands["fraction"]
        has_capital = stage in CAPITAL
        if stage != self.stage:
            stands.update(since_ns=self.now, awaited=None)
        if target != held:
            stands.update(stepped_ns=self.now, stepped_trades=self.facts["live_trades"], awaited=None)
        if not target:
            stands.update(forced=False, awaited=None)
        if not has_capital and stands["pause"] == "UNTIL_CLEAR":
            self.unpause()
        committed = target if has_capital else Fraction(0) if self.flat else stands["committed"]
        stands.update(stage=stage, fraction=target, committed=committed)
        stands.update(changes)
        self.action = self.action_of(move, held)
        return True

    def action_of(self, move: str, held: Fraction) -> str:
        action = ACTION.get(move, "none")
        if move == "force":
            action = "step_up" if self.has_capital else "join"
        elif move == "halt":
            action = "flatten" if self.halt_kind == "risk" else "hold"
        if action == "flatten" and self.data == "STALE":
            return "hold"
        if action == "step_up" and self.target == held:
            return "none"
        gone = self.flat and not self.has_capital
        return "none" if gone and action in ("demote", "flatten", "hold") else action

    def unfinished(self) -> str:
        """A flattening that waited for prices is due once there are any."""
        if self.stage != "HALTED" or (self.was["halt"] or {}).get("kind") != "risk" or self.flat:
            return "none"
        return "hold" if self.data == "STALE" else "flatten"

    def differences(self, record: Document) -> Iterator[str]:
        """What the record says otherwise."""
        for what, found, told in (("move", self.move, record["move"]), ("action", self.action, record["action"])):
            if found != told:
                yield f"{what}: by the rules {found}, in the record {told}"
        after = record["after"]
        for key, found in self.stands.items():
            told = after.get(key)
            if key == "halt" and found is not None:
                told, found = told and told["kind"], found["kind"] if isinstance(found, dict) else found
            if key in ("pause_words", "version") or _same(found, told):
                continue
            yield f"{key}: by the rules {_shown(found)}, in the record {_shown(told)}"
        for i, answer in enumerate(record["answers"]):
            if self.heard.get(i) != answer["taken"] or answer["command"] != self.commands[i]:
                yield f"command {answer['command']['number']}: not the answer that the rules give"


def _spoken(name: str) -> str:
    """A person's name whatever the letters' size and the blanks."""
    return " ".join(name.split()).casefold()


def _same(found: object, told: object) -> bool:
    """Numbers may stand as text, whole or exact."""
    if isinstance(found, dict) and isinstance(told, dict):
        return found.keys() == told.keys() and all(_same(found[k], told[k]) for k in found)
    if found is None or told is None or isinstance(found, bool) or isinstance(told, bool):
        return found is told
    if isinstance(found, float) or isinstance(told, float):
        return isclose(float(str(found)), float(str(told)), rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(found, (int, Fraction)):
        return found == Fraction(str(told))
    return found == told


def _shown(value: object) -> object:
    return float(value) if isinstance(value, Fraction) else value


# ---- the account's room


class Account:
    """Tier and room of the account, in USD: what each version may hold when all of them want some (docs/LADDER.md).

    Only where every budget is in USD or in a money whose rate the first entry assumes; other rates are of the tape.
    """

    def __init__(self, rules: Document, tiers: list[Document], rates: dict[str, Fraction], initial: Fraction) -> None:
        self.rules, self.tiers, self.rates, self.initial = rules, tiers, rates, initial
        self.place: int | None = None
        self.closes, self.equity = [0] * len(tiers), initial

    @classmethod
    def of(cls, body: Document, budgets: dict[str, tuple[Fraction, str]]) -> "Account | None":
        assumed = {c: Fraction(r["assumed"]) for c, r in body.get("account_rates", {}).items() if "assumed" in r}
        known, rules = {"USD": Fraction(1), **assumed}, body["promotion"]
        if "storage" in body or any(currency not in known for _, currency in budgets.values()):
            return None
        rates = {n: known[currency] for n, (_, currency) in budgets.items()}
        total_ = sum((budget * rates[n] for n, (budget, _) in budgets.items()), Fraction(0))
        told = rules["account_equity"]
        return cls(rules, body["tiers"], rates, total_ if told is None else Fraction(told))

    def stands(self, equity: Fraction) -> bool:
        """Whether the tier is out of danger by a twentieth."""
        bound = (
            Fraction(self.tiers[self.place]["from_usd"]) if self.place is not None and self.place >= 0 else Fraction(0)
        )
        return equity >= Fraction(19, 20) * bound

    def look(self, time: int, equity: Fraction) -> None:
        """Down at once under nine tenths of a bound, up after seven days that closed at it."""
        bounds = [Fraction(t["from_usd"]) for t in self.tiers]
        if self.place is None:
            self.place = max((i for i, bound in enumerate(bounds) if self.initial >= bound), default=-1)
        while self.place >= 0 and equity < Fraction(9, 10) * bounds[self.place]:
            self.closes[self.place] = 0
            self.place -= 1
        if time % DAY_NS == 0:
            self.closes = [n + 1 if equity >= bound else 0 for n, bound in zip(self.closes, bounds, strict=True)]
            self.place = max([self.place, *(i for i, n in enumerate(self.closes) if n >= 7)])

    def rooms(
        self, time: int, looked: list[Document], versions: "dict[str, Version]", earned: dict[str, Fraction],
        followed: dict[str, tuple[str, Fraction]],
    ) -> Iterator[tuple[int, str, object, object]]:  # fmt: skip
        """(entry, version, what was found or None where it agrees, what is told) of each decision, in their order."""
        # Between evidence bars it is what it was.
        if time % BAR_NS == 0:
            self.equity = self.initial + sum((e * self.rates[n] for n, e in earned.items()), Fraction(0))
            self.look(time, self.equity)
        stands = {n: v.after for n, v in versions.items() if v.after is not None}
        stands |= {record["facts"]["version"]: record["before"] for record in looked}
        facts = {record["facts"]["version"]: record["facts"] for record in looked}
        most = {n: self.limit(stands[after], held) for n, (after, held) in followed.items() if after in stands}
        place = self.place if self.place is not None else -1
        tier = self.tiers[place] if place >= 0 else None
        allotment = Allotment(self.rules, tier, self.rates, self.equity, stands, facts)
        for record in looked:
            name, told = record["facts"]["version"], record["room"]
            room = min(allotment.room(name), most.get(name, Fraction(10)))
            if not isclose(float(room), float(told["fraction"]), rel_tol=1e-9, abs_tol=1e-12):
                yield record["seq"], name, f"{float(room):.9g}", told["fraction"]
            gone = allotment.lost and not allotment.proven[name]
            if gone != bool(told["revoked"]):
                yield record["seq"], name, "revoked" if gone else "not revoked", told["revoked"] or "not revoked"
            allotment.take(record["after"])

    def limit(self, successor: Document, held: Fraction) -> Fraction:
        """What a former champion may hold: what it held less what its successor holds and may take next."""
        fraction = Fraction(successor["fraction"])
        step = Fraction(self.rules["allocation_increment"] if fraction else self.rules["initial_allocation"])
        return max(Fraction(0), held - fraction - (step if successor["stage"] in (*CAPITAL, "VALIDATED") else 0))


class Limits:
    """What may be held, in money, and how much of it is."""

    def __init__(self, rules: Document, tier: Document | None, equity: Fraction, unproven_equity: Fraction) -> None:
        self.versions = tier["strategies"] if tier else 0
        self.each = Fraction(tier["budget_max"]) * equity if tier else Fraction(0)
        self.all = min(Fraction(1), Fraction(tier["gross_exposure_max"]) if tier else Fraction(1)) * equity
        self.unproven_most = Fraction(rules["unproven_capital_max"]) * unproven_equity
        self.live, self.held, self.unproven = 0, Fraction(0), Fraction(0)

    def put(self, amount: Fraction, proven: bool, live: int) -> None:
        self.held, self.live = self.held + amount, self.live + live
        self.unproven += 0 if proven else amount

    def left(self, proven: bool) -> Fraction:
        if self.live >= self.versions:
            return Fraction(0)
        found = [self.each, self.all - self.held] + ([] if proven else [self.unproven_most - self.unproven])
        return max(Fraction(0), min(found))


class Allotment:
    """One moment's room: what is held is kept before anything rises, the strongest evidence first."""

    def __init__(
        self, rules: Document, tier: Document | None, rates: dict[str, Fraction], equity: Fraction,
        stands: dict[str, Document], facts: dict[str, Document],
    ) -> None:  # fmt: skip
        self.rules, self.rates, self.stands, self.facts = rules, rates, dict(stands), facts
        self.proven = {n: self.is_proven(n) for n in stands}
        losses = -sum((self.unproven_profit(n) for n, proven in self.proven.items() if not proven), Fraction(0))
        at_stake = any(self.committed(n) for n, proven in self.proven.items() if not proven)
        self.lost = at_stake and losses > Fraction(rules["unproven_loss_max"]) * equity
        self.limits = Limits(rules, tier, equity, equity)
        for name in stands:
            self.put(name, 1)
        # What is held may stand until equity is under nine tenths of what it asks; who has just become unproven gains nothing by that.
        tolerant = equity / Fraction(9, 10)
        fallen = any(s["proven"] and not self.proven[n] for n, s in stands.items())
        self.kept = self.keep(Limits(rules, tier, tolerant, equity if fallen else tolerant))

    def evidence(self, name: str) -> float:
        facts = self.facts[name]
        counted = facts["adjusted"] if facts["residual"] is None else min(facts["adjusted"], facts["residual"])
        return counted if int(facts["evidence_from_ns"]) == int(self.stands[name]["evidence_from_ns"]) else 1.0

    def is_proven(self, name: str) -> bool:
        if name in self.facts:
            return self.evidence(name) >= float(self.rules["proven_evidence"])
        return bool(self.stands[name]["proven"])

    def is_clear(self, name: str) -> bool:
        """Whether it is proven by so much that it may rise for it."""
        return self.evidence(name) >= 1.5 * float(self.rules["proven_evidence"])

    def worth(self, name: str, fraction: Fraction) -> Fraction:
        """That share of its budget, in USD."""
        budget = self.facts[name]["budget"] if name in self.facts else self.stands[name]["budget"]
        return fraction * Fraction(budget) * self.rates[name]

    def unproven_profit(self, name: str) -> Fraction:
        earned = self.facts[name]["live_pnl"] if name in self.facts else self.stands[name]["live_pnl"]
        return (Fraction(earned) - Fraction(self.stands[name]["cleared_pnl"])) * self.rates[name]

    def committed(self, name: str) -> Fraction:
        """The share that is or may still be in the market."""
        stands = self.stands[name]
        if stands["stage"] in CAPITAL:
            return Fraction(stands["fraction"])
        flat = name in self.facts and self.facts[name]["live_flat"]
        return Fraction(0) if flat else Fraction(stands["committed"])

    def put(self, name: str, sign: int) -> None:
        amount = self.committed(name)
        self.limits.put(sign * self.worth(name, amount), self.proven[name], sign if amount else 0)

    def keep(self, limits: Limits) -> dict[str, Fraction]:
        order = sorted(self.facts, key=lambda n: (-self.evidence(n), n))
        holders = [n for n in order if self.stands[n]["stage"] in CAPITAL]
        kept = {}
        for name, stands in self.stands.items():
            amount = self.committed(name)
            if name not in holders and amount:
                if stands["stage"] == "HALTED":
                    kept[name] = self.fitting(limits, name)
                limits.put(self.worth(name, amount), self.proven[name], 1)
        for name in holders:
            kept[name] = self.fitting(limits, name)
            limits.put(self.worth(name, kept[name]), self.proven[name], 1 if kept[name] else 0)
        return kept

    def fitting(self, limits: Limits, name: str) -> Fraction:
        """What it holds, or the rung of the ladder that fits."""
        held, left = self.held(name), limits.left(self.proven[name])
        if self.worth(name, held) <= left:
            return held
        share = left / self.worth(name, Fraction(1))
        return max((r for r in rungs(self.rules) if r <= share), default=Fraction(0))

    def held(self, name: str) -> Fraction:
        stands = self.stands[name]
        return self.committed(name) if stands["stage"] == "HALTED" else Fraction(stands["fraction"])

    def room(self, name: str) -> Fraction:
        kept, held = self.kept.get(name), self.held(name)
        if kept is not None and kept < held:
            return kept
        self.put(name, -1)
        left = self.limits.left(self.is_clear(name))
        self.put(name, 1)
        return max(held, min(left / self.worth(name, Fraction(1)), Fraction(self.rules["max_allocation"])))

    def take(self, after: Document) -> None:
        """Count a version as its decision left it."""
        name = after["version"]
        self.put(name, -1)
        self.stands[name] = after
        self.put(name, 1)


def rungs(rules: Document) -> list[Fraction]:
    """The fractions that a version climbs by."""
    found, rung, most = [], Fraction(rules["initial_allocation"]), Fraction(rules["max_allocation"])
    while rung < most:
        found.append(rung)
        rung += Fraction(rules["allocation_increment"])
    return [*found, most]


# ---- the record, entry by entry


class Version:
    """One strategy version: what its reference track has shown in this attempt, and its live side."""

    def __init__(self, facts: Document, rules: Document, start: int) -> None:
        self.identity, self.budget, self.rules = facts["version"], Fraction(facts["budget"].split()[0]), rules
        self.since, self.bars, self.attempt = start, Bars(rules), 1
        self.trades = self.wins = self.losses = self.live_trades = 0
        self.won = self.lost = Fraction(0)
        self.best = list[Fraction]()
        # Of the bars of all attempts.
        self.risk = Risk()
        # The attempts that were there when it went live, while it holds capital.
        self.beside: dict[str, Bars] = {}
        self.sampled: tuple[int, float] | None = None
        # At half as much again of costs; none where they do not follow from the entries.
        self.stress: Bars | None = Bars(rules)
        self.halt, self.stopped, self.earned = "", False, Fraction(0)
        self.after: Document | None = None
        self.live: str | None = None
        self.watch: Watch | None = None
        self.watched_from = start
        # E of the live tracks of this attempt that are closed, multiplied; and the attempt in which the present one was opened.
        self.live_before: float | None = None
        self.live_since = start
        self.decided: Document | None = None

    def begin(self, now: int) -> None:
        self.since, self.bars, self.attempt = now, Bars(self.rules), self.attempt + 1
        self.stress = None if self.stress is None else Bars(self.rules)
        self.trades = self.wins = self.losses = 0
        self.won = self.lost = Fraction(0)
        self.best = []
        self.sampled = self.live_before = None

    def breakeven(self) -> float:
        """The share of trades that has to win at the mean win and the mean loss of all so that nothing is lost: L / (W + L)."""
        win = self.won / self.wins if self.wins else Fraction(0)
        loss = self.lost / self.losses if self.losses else Fraction(0)
        return float(loss / (win + loss)) if win + loss else 0.0

    def live_evidence(self, live: "Bars | None") -> float | None:
        """E of all live tracks of this attempt, one after the other."""
        if live is None or self.live_since != self.since or live.bound is None:
            return self.live_before
        return live.e_value * (1.0 if self.live_before is None else self.live_before)

    def watch_by(self, now: int) -> None:
        """From the next bar on, as soon as the reference varies."""
        if self.watch is None and len(self.bars.returns) > 1 and self.bars.spread():
            self.watch, self.watched_from = Watch(self.bars, self.risk), now


class Recomputation:
    """Reads entries in order; what does not follow is in ``findings``."""

    def __init__(self) -> None:
        self.findings = list[str]()
        self.told = list[str]()
        self.decisions = self.moves = self.verdicts = 0
        self.versions = dict[str, Version]()
        self.bars = dict[str, Bars]()
        self.books = dict[str, Books]()
        self.equity = dict[str, tuple[int, float]]()
        self.drawdown = dict[str, tuple[int, float]]()
        self.looked = list[Document]()
        self.account: Account | None = None
        self.closed = dict[str, int]()
        self.last_bar = dict[str, tuple[int, float | None, int]]()
        self.tests = dict[str, Test]()
        self.of = dict[str, tuple[str, str]]()
        self.seq, self.time, self.line = 0, 0, b""
        # What a decision leads to comes after all decisions of its moment.
        self.later = list[Callable[[], None]]()

    def find(self, what: str) -> None:
        self.findings.append(f"entry {self.seq}: {what}")

    def expect(self, what: str, found: object, told: object) -> None:
        """``found`` is what the entries before come to, ``told`` what this one says."""
        if not _same(found, told):
            self.find(f"{what}: from the entries before {_shown(found)}, in the record {_shown(told)}")

    def read(self, seq: int, line: bytes) -> None:
        self.seq, self.line = seq, line
        entry = json.loads(line)
        if int(entry["time"]) != self.time:
            self.end_moment()
        self.time = int(entry["time"])
        heard = getattr(self, f"_{entry['type']}", None)
        if heard is not None:
            heard(entry["track"], entry["body"])

    @property
    def at_bar(self) -> bool:
        """Whether this moment ends a bar, as all looks do but those that wait for fresh prices to flatten."""
        return self.time % BAR_NS == 0

    def end_moment(self) -> None:
        """What the decisions of a moment lead to, once all of them are made."""
        for name, test in self.tests.items():
            if test.due is not None:
                self.find(f"{name}: {test.due} is the champion by the rules, and nothing says so")
                self.crown(test, test.due)
        if self.looked:
            self.grant()
        if self.later:
            present = {n: v.bars for n, v in self.versions.items()}
            for version in self.versions.values():
                after = version.after or {"fraction": 0, "halted_fraction": 0}
                holds = Fraction(after["fraction"]) or Fraction(after["halted_fraction"])
                version.beside = (version.beside or present) if holds else {}
        for act in self.later:
            act()
        self.later.clear()
        self.looked.clear()

    # -- what a run begins with

    def _RunStarted(self, _: None, body: Document) -> None:
        self.rules, self.criteria = body["evidence"]["rules"], body["criteria"]
        self.own_code = body.get("own_criteria")
        self.promotion = body["promotion"]
        told = [LOT.match(i) for i in body["instruments"]]
        self.lots = {found[1]: Fraction(found[2]) for found in told if found}
        for track in body["tracks"]:
            name = track["name"]
            if track["beside"] is None and "faults" not in track:
                self.bars[name] = Bars(self.rules)
                if "balances" not in track:
                    self.versions[name] = Version(track, self.rules, self.time)
                    self.bars[name] = self.versions[name].bars
                    self.books[name] = self.opened(track["budget"])
        self.account = Account.of(body, {n: (v.budget, self.books[n].currency) for n, v in self.versions.items()})
        by_itself = self.promotion["auto_promote"] and self.promotion["gates"]["champion_swap"] == "auto"
        for name, told in body.get("experiments", {}).items():
            self.tests[name] = Test(told["tracks"], told["rules"], by_itself)

    def opened(self, budget: str) -> Books:
        amount, currency = budget.split()
        return Books(Fraction(amount), currency, self.lots)

    def _TrackOpened(self, track: str, body: Document) -> None:
        version = self.versions[body["of"]]
        self.books[track] = self.opened(f"0 {body['budget'].split()[1]}")
        self.of[track] = (body["of"], body["role"])
        self.bars[track] = Bars(self.rules)
        if body["role"] == "live":
            version.live, version.live_since, version.stopped = track, version.since, False
            version.watch_by(self.time)

    def _TrackClosed(self, track: str, _: Document) -> None:
        name, role = self.of.get(track, ("", ""))
        if role == "live":
            version = self.versions[name]
            version.live_before = version.live_evidence(self.bars[track])
            version.live = version.watch = None

    def _CapitalMoved(self, track: str, body: Document) -> None:
        books, amount, equity = self.books[track], Fraction(body["amount"]), Fraction(body["equity"])
        if body["reason"] in ("the end", "a step down") and books.began is not None:
            self.expect(f"{track}: equity", books.began, float(equity))
        name, role = self.of.get(track, ("", ""))
        if body["reason"] == "the end" and role == "live":
            self.versions[name].earned += equity - books.capital
        books.moved(amount)

    # -- orders, and what stops a live track

    def _OrderSubmitted(self, track: str, body: Document) -> None:
        if track in self.books:
            self.books[track].submitted(body["client_order_id"], body["intent"])

    def _OrderFilled(self, track: str, body: Document) -> None:
        if track in self.books:
            self.books[track].filled(body)

    def _OrderCanceled(self, track: str, body: Document) -> None:
        if track in self.books:
            self.books[track].ended(body["client_order_id"])

    _OrderExpired = _OrderRejected = _OrderCanceled

    def _FundingPaid(self, track: str, body: Document) -> None:
        if track in self.books:
            self.books[track].flows += Fraction(body["amount"])

    def _TrackHalted(self, track: str, body: Document) -> None:
        if body["reason"] not in ("DAILY_LOSS", "LOSS_BOUND"):
            self.stop(track, {"MARK_PRICE": "data", "NOT_FLAT": "integrity"}.get(body["reason"], "risk"))

    def _TrackStopped(self, track: str, _: Document) -> None:
        self.stop(track, "strategy")

    def _Liquidated(self, track: str, _: Document) -> None:
        # What the venue takes for it is told by no fill.
        if track in self.books:
            self.books[track].exact = False
        self.stop(track, "risk")

    def stop(self, track: str, kind: str) -> None:
        name, role = self.of.get(track, ("", ""))
        if role == "live":
            # A broken limit is what counts, whatever else befalls the track after it.
            self.versions[name].halt = "risk" if self.versions[name].halt == "risk" else kind
            self.versions[name].stopped |= kind == "strategy"

    # -- what is observed

    def _TradeClosed(self, track: str, body: Document) -> None:
        self.closed[track] = self.closed.get(track, 0) + 1
        if track in self.versions:
            version, earned = self.versions[track], Fraction(body["pnl"])
            version.trades, version.wins, version.losses = (
                version.trades + 1, version.wins + (earned > 0), version.losses + (earned < 0)
            )  # fmt: skip
            version.best = sorted([*version.best, earned])[-3:]
            version.won, version.lost = version.won + max(earned, Fraction(0)), version.lost - min(earned, Fraction(0))
        name, role = self.of.get(track, ("", ""))
        if role == "live":
            self.versions[name].live_trades += 1

    def _MetricSample(self, track: str, body: Document) -> None:
        metrics = body["metrics"]
        if track in self.versions and "drawdown_max" in metrics:
            self.versions[track].sampled = (self.time, metrics["drawdown_max"])
        if track in self.books and self.time % BAR_NS == 0 and metrics.get("equity") is not None:
            self.equity[track] = (self.time, float(metrics["equity"]))
            self.drawdown[track] = (self.time, metrics["drawdown"])
            if self.last_bar.get(track, (0,))[0] == self.time:
                self.valued(track)

    def valued(self, track: str) -> None:
        """Bar and sample of a moment are there: the returns lead to the equity that the sample tells."""
        books, (_, sampled) = self.books[track], self.equity[track]
        if books.began is not None:
            self.expect(f"{track}: equity by the bars' returns", books.began, sampled)
        books.began = sampled

    def _EvidenceSample(self, track: str, body: Document) -> None:
        bars, change = self.bars[track], body["bar_return"]
        self.book(track, change)
        if change is None:
            bars.whole, bars.missing = False, bars.missing + 1
        else:
            bars.add(change)
            if track in self.versions:
                self.versions[track].risk.add(change)
        several = len(bars.returns) > 1
        for what, found in (
            ("bars", len(bars.returns)), ("warmup_bars", bars.warmup), ("loss_bound", bars.bound),
            ("e_value", bars.e_value), ("bound_broken", bars.broken), ("sharpe", bars.sharpe()),
            ("deviation", bars.spread() if several else None),
        ):  # fmt: skip
            self.expect(f"{track}: {what}", found, body[what])
        if track in self.versions and self.versions[track].live is not None:
            self.versions[track].watch_by(self.time)
        self.last_bar[track] = (self.time, change, self.closed.get(track, 0))
        if self.equity.get(track, (0,))[0] == self.time:
            self.valued(track)
        self.watch(self.of.get(track, ("", ""))[0])
        for name in self.tests:
            self.compare(name)

    def book(self, track: str, change: float | None) -> None:
        """What the bar did to equity, and to the evidence at higher costs; the fall of a live track."""
        books, version = self.books.get(track), self.versions.get(track)
        if books is not None:
            books.close(change)
            settled = books.settled()
            if settled is not None and books.began is not None:
                self.expect(f"{track}: equity by the fills", settled, books.began)
            if version is not None and version.stress is not None:
                costs = books.costs()
                if costs is None:
                    version.stress = None
                elif change is not None:
                    version.stress.add(change - 0.5 * costs)
        owner = self.versions.get(self.of.get(track, ("", ""))[0])
        if owner is not None and owner.live == track and owner.watch is not None and change is not None:
            owner.watch.fallen(change)

    def watch(self, name: str) -> None:
        """Once live and twin have told of the same bar."""
        version = self.versions.get(name)
        if version is None or version.live is None or version.watch is None:
            return
        live, twin = (self.last_bar.get(t) for t in (version.live, version.live.replace("@live", "@twin")))
        if live is None or twin is None or not version.watched_from < live[0] == twin[0] == self.time:
            return
        if live[1] is not None and twin[1] is not None:
            version.watch.add(live[1], twin[1], version.risk)

    def _FamilyEvidence(self, _: None, body: Document) -> None:
        names = list(body["adjusted"])
        for name, found in zip(names, family([self.bars[n].e_value for n in names]), strict=True):
            self.expect(f"{name}: adjusted E", found, body["adjusted"][name])

    # -- A/B tests

    def compare(self, name: str) -> None:
        """Take a bar of an experiment once all its variants have told of it; one that a variant lacks is left out."""
        test = self.tests[name]
        last = {n: bar for n in test.names if (bar := self.last_bar.get(n)) is not None and bar[0] == self.time}
        if test.taken == self.time or len(last) < len(test.names):
            return
        test.taken = self.time
        test.add(last)
        stages = {n: str((self.versions[n].after or {"stage": "DRAFT"})["stage"]) for n in test.names}
        test.due = test.successor({n for n, stage in stages.items() if stage in OUT})

    def _VariantsCompared(self, _: None, body: Document) -> None:
        name, told = body["experiment"], body["results"]
        if name not in self.tests:
            self.find(f"{name}: the first entry does not tell the rules of this experiment: it cannot be recomputed")
            return
        test = self.tests[name]
        if told and told[0]["champion"] != test.order[0] and test.due is not None:
            self.tell(f"{test.due} takes the place of {test.order[0]}", name)
            self.crown(test, test.due)
        found = test.results()
        if len(told) != len(found):
            self.find(f"{name}: expected {len(found)} challengers, found {len(told)}")
        for result, one in zip(found, told, strict=False):
            for what, number in result.items():
                self.expect(f"{name}: {result['challenger']}: {what}", number, one[what])
            self.verdicts += 1
            low, high = result["low_bp"], result["high_bp"]
            between = "" if low is None else f", {low:.2f} to {high:.2f}"
            words = f"{result['standing']}, {result['mean_bp']:.2f} bp a bar{between}, E {result['adjusted']:.4g}"
            self.tell(f"{result['challenger']} beside {result['champion']}: {words}", name)

    def crown(self, test: Test, name: str) -> None:
        after = self.versions[test.order[0]].after or {"stage": "DRAFT", "fraction": 0}
        test.crown(name, None if after["stage"] in OUT else Fraction(after["fraction"]))

    def tell(self, what: str, name: str) -> None:
        self.told.append(f"entry {self.seq}: {name}: {what}")

    # -- promotion

    def _PromotionEvaluated(self, track: str, body: Document) -> None:
        record, version = body["record"], self.versions[track]
        # The record stands in the entry as it was hashed.
        start, end = self.line.find(b',"record":') + len(b',"record":'), self.line.rfind(b'},"time":')
        self.expect(f"{track}: digest", hashlib.sha256(self.line[start:end]).hexdigest(), body["digest"])
        before, facts = record["before"], record["facts"]
        self.expect(f"{track}: time", self.time, facts["time_ns"])
        self.expect(f"{track}: rules", self.promotion, record["rules"])
        if version.after is not None:
            for key in sorted((before.keys() | version.after.keys()) - {"cleared_pnl"}):
                self.expect(f"{track}: {key} before", version.after.get(key), before.get(key))
        elif before["stage"] != "DRAFT":
            self.find(f"{track}: expected a draft at its first look, found {before['stage']}")
        self.known(track, version, facts)
        decision = Decision(record)
        for difference in decision.differences(record):
            self.find(f"{track}: {difference}")
        self.decisions += 1
        if decision.move is not None:
            self.moves += 1
            share = f"{float(decision.target):.1%}"
            self.tell(
                f"{decision.move} to {decision.stands['stage']} at {share}: {'; '.join(record['reasons'])}", track
            )
        version.after, version.decided = record["after"], record if record["move"] else None
        self.looked.append({**record, "seq": self.seq})
        self.later.append(lambda: self.act(track, version, record["action"], record["after"]))

    def act(self, track: str, version: Version, action: str, after: Document) -> None:
        """A step takes the reference anew, another attempt begins without evidence; what stood still is over with the capital."""
        since = int(after["evidence_from_ns"])
        if action == "join" and version.live is not None:
            version.halt = "strategy" if version.stopped else ""
        if after["stage"] not in CAPITAL and after["halt"] is None:
            version.halt = ""
        if action in ("step_up", "reduce") and version.watch is not None:
            version.watch.refer(version.bars)
        if since != version.since:
            version.begin(since)
            self.bars[track] = version.bars

    def known(self, track: str, version: Version, facts: Document) -> None:
        """What went into the decision, as far as the entries before give it."""
        bars = version.bars
        beside = version.beside or {n: v.bars for n, v in self.versions.items()}
        adjusted = family([b.e_value for b in beside.values()])[list(beside).index(track)]
        live = None if version.live is None else self.bars[version.live]
        for what, found in (
            ("version", track), ("identity", version.identity), ("budget", version.budget), ("e_value", bars.e_value),
            ("evidence_from_ns", version.since), ("adjusted", adjusted), ("bound_broken", bars.broken),
            ("futility", None if bars.futility is None else bars.futility.value),
            ("e_live", version.live_evidence(live)),
            ("live_trades", version.live_trades),
        ):  # fmt: skip
            self.expect(f"{track}: {what}", found, facts[what])
        self.money(track, version, facts)
        self.state(track, version, facts)
        levels = {} if version.watch is None else version.watch.levels()
        if version.watch is not None and version.live is not None:
            at, sampled = self.drawdown.get(version.live, (0, 0.0))
            level = version.watch.drawdown(sampled if at == self.time else None) if self.at_bar else None
            levels |= {} if level is None else {"drawdown": level}
        for monitor in facts["monitors"]:
            if monitor["name"] in levels:
                self.expect(f"{track}: {monitor['name']} monitor", levels[monitor["name"]], monitor["level"])
        self.given(track, version, facts)
        self.expect(f"{track}: criteria", self.asked(), [v["criterion"]["name"] for v in facts["verdicts"]])
        for verdict in facts["verdicts"]:
            self.judged(track, version, verdict)

    def given(self, track: str, version: Version, facts: Document) -> None:
        """What the user's own criteria were given, and whose code they are; between evidence bars it is what it was at the last one."""
        own, bars, trades = facts.get("own"), version.bars, version.trades
        # An export of an earlier version tells nothing of it.
        if own is None or not self.at_bar:
            return
        live = version.watch is not None and version.live is not None
        closed = len(bars.returns) + bars.missing
        rest = float((version.won - version.lost - sum(version.best, Fraction(0))) / version.budget)
        alarm = version.watch.levels()["gap"] == "ALARM" if version.watch is not None and live else None
        self.expect(f"{track}: code of the user's own criteria", self.own_code, own["code"])
        for what, found in (
            ("trades", trades), ("bars", len(bars.returns)), ("warmup_bars", bars.warmup), ("sharpe", bars.sharpe()),
            ("win_rate", version.wins / trades if trades else None), ("without_best", rest if trades else None),
            ("breakeven", version.breakeven() if version.won or version.lost else None),
            ("coverage", len(bars.returns) / closed if closed else None), ("gap_alarm", alarm),
            ("bound_breaks", None if bars.bound is None else bars.breaks), ("e_stress", facts["e_stress"]),
            ("gap_bars", version.watch.compared if version.watch is not None and live else 0),
        ):  # fmt: skip
            self.expect(f"{track}: given to the user's own criteria: {what}", found, own["given"][what])
        fall = next((v["value"] for v in facts["verdicts"] if v["criterion"]["name"] == "max_drawdown"), None)
        if fall is not None:
            self.expect(f"{track}: given to the user's own criteria: drawdown", fall, own["given"]["drawdown_max"])

    def money(self, track: str, version: Version, facts: Document) -> None:
        """Live equity and profit, and the evidence at higher costs."""
        books = None if version.live is None else self.books[version.live]
        told = None if facts["live_equity"] is None else Fraction(facts["live_equity"])
        self.expect(f"{track}: whether it has a live track", books is not None, told is not None)
        earned = version.earned
        if books is not None and told is not None:
            if books.began is None and self.at_bar:
                books.began = float(told)
            if self.at_bar:
                self.expect(f"{track}: live_equity", books.began, float(told))
            earned += told - books.capital
        self.expect(f"{track}: live_pnl", earned, facts["live_pnl"])
        if version.stress is not None:
            found = None if version.bars.bound is None else version.stress.e_value
            if (found is None) != (facts["e_stress"] is None) or not isclose(
                found or 0, facts["e_stress"] or 0, rel_tol=1e-6
            ):
                self.find(f"{track}: e_stress: from the entries before {found}, in the record {facts['e_stress']}")

    def state(self, track: str, version: Version, facts: Document) -> None:
        """Whether the live side is flat, what stopped it, whether the bar could be judged, the least share that can trade."""
        books = None if version.live is None else self.books[version.live]
        if books is None or books.exact:
            self.expect(f"{track}: live_flat", books is None or books.idle, facts["live_flat"])
        kind = facts["halt"]["kind"] if facts["halt"] else ""
        # That a strategy's state could not be copied to go live is told by no entry.
        if kind != version.halt and not (kind == "strategy" and version.live is None):
            self.find(f"{track}: halt: from the entries before {version.halt or None}, in the record {kind or None}")
        _, change, _ = self.last_bar.get(track, (0, None, 0))
        if facts["data"] != "STALE":
            self.expect(f"{track}: data", "DEGRADED" if change is None else "FRESH", facts["data"])
        if Fraction(facts["least_fraction"]) < self.books[track].least():
            self.find(
                f"{track}: least_fraction: its orders ask for {float(self.books[track].least()):.4f}, found {facts['least_fraction']}"
            )

    def grant(self) -> None:
        """The room of each version that was looked at in this moment, from the account and what all hold."""
        if self.account is None:
            return
        if not self.at_bar:
            # What the others are worth between bars is not told: a tier that may have fallen meanwhile is not known any more.
            self.account = self.account if self.account.stands(self.account.initial + self.profit()) else None
            return
        held = {n: f for test in self.tests.values() for n, f in test.followed.items()}
        for seq, name, found, told in self.account.rooms(self.time, self.looked, self.versions, self.earned(), held):
            if found is not None:
                self.findings.append(
                    f"entry {seq}: {name}: room: from the entries before {found}, in the record {told}"
                )

    def profit(self) -> Fraction:
        rates = {} if self.account is None else self.account.rates
        return sum((amount * rates[n] for n, amount in self.earned().items()), Fraction(0))

    def earned(self) -> dict[str, Fraction]:
        """All that live tracks of each version have earned, by what is known now."""
        found = {}
        for name, version in self.versions.items():
            books = None if version.live is None else self.books[version.live]
            open_ = Fraction(0) if books is None or books.began is None else Fraction(books.began) - books.capital
            found[name] = version.earned + open_
        return found

    def judged(self, track: str, version: Version, verdict: Document) -> None:
        """A criterion's threshold, value, sample and status."""
        criterion, bars = verdict["criterion"], version.bars
        name, valid = criterion["name"], len(bars.returns) - bars.warmup
        trades, needed = version.trades, self.criteria["min_days"] * 6
        own = {o["name"]: o for o in self.criteria.get("own", ())}
        if name in own:
            self.judged_own(track, own[name], verdict, valid, needed)
            return
        live = version.watch is not None and version.live is not None
        found = {
            **self.integrity(version, verdict, live),
            "min_trades": (float(trades), trades, self.criteria["min_trades"]),
            "min_days": (valid / 6, valid, needed),
            "min_sharpe": (bars.sharpe(), len(bars.returns), max(needed, 42)),
            "max_drawdown": (verdict["value"], valid, needed),
            "min_win_rate": (version.wins / trades if trades else None, trades, self.criteria["min_trades"]),
        }
        value, n, least = found[name]
        if name == "min_sharpe" and self.criteria.get("sharpe_use") == "lower_bound":
            value, ratio = bars.sharpe_bound(), verdict["value"]
            # Two larger numbers from which it is the difference agree to their last digits, not it.
            value = ratio if value is not None and ratio is not None and abs(value - ratio) <= 1e-9 else value
        asked: object = Fraction(self.criteria.get(name, LEAST.get(name, 0)))
        if name == "data_quality":
            asked = Fraction(self.criteria.get("min_coverage", LEAST[name]))
        told: object = Fraction(str(criterion["threshold"]))
        if name == "max_drawdown" and self.criteria.get("drawdown_limit") == "vol_scaled":
            asked, told = bars.scaled_fall(float(self.criteria.get("drawdown_q", "0.01"))), criterion["threshold"]
        if name == "min_win_rate" and self.criteria.get("win_rate_margin") is not None:
            asked, told = version.breakeven() + float(self.criteria["win_rate_margin"]), criterion["threshold"]
        self.expect(f"{track}: {name}: threshold", asked, told)
        mode = name.removeprefix("min_").removeprefix("max_")
        counts = self.criteria.get(f"{mode}_mode", "off")
        # Where nothing is live there is no gap to count.
        counts = "advisory" if name == "fidelity" and not live and counts == "enforce" else counts
        self.expect(f"{track}: {name}: mode", counts, criterion["mode"])
        self.expect(f"{track}: {name}", value, verdict["value"])
        self.expect(f"{track}: {name}: sample", n, verdict["sample"]["n"])
        self.expect(f"{track}: {name}: needed", least, verdict["sample"]["needed"])
        self.expect(f"{track}: {name}: status", status_of(verdict), verdict["status"])
        if name == "max_drawdown":
            self.fallen(track, version, verdict["value"])

    def asked(self) -> list[str]:
        """Names of the criteria that are judged, in order."""
        named = [n for n in FIVE if self.criteria[f"{n.partition('_')[2]}_mode"] != "off"]
        named += [n for n in INTEGRITY if self.criteria.get(f"{n}_mode", "off") != "off"]
        return named + [o["name"] for o in self.criteria.get("own", ()) if o["mode"] != "off"]

    def judged_own(self, track: str, asked: Document, verdict: Document, valid: int, needed: int) -> None:
        """A criterion of the user's own: its value is the record's, all else follows."""
        criterion, name = verdict["criterion"], asked["name"]
        for what, found, told in (
            ("threshold", float(asked["threshold"]), criterion["threshold"]), ("mode", asked["mode"], criterion["mode"]),
            ("at_most", asked["at_most"], criterion["at_most"]), ("sample", valid, verdict["sample"]["n"]),
            ("needed", needed, verdict["sample"]["needed"]), ("status", status_of(verdict), verdict["status"]),
        ):  # fmt: skip
            self.expect(f"{track}: {name}: {what}", found, told)

    def integrity(self, version: Version, verdict: Document, live: bool) -> dict[str, tuple[Any, int, int]]:
        """Value, sample and what is needed of the criteria beyond the five."""
        bars, told = version.bars, verdict["value"]
        valid, needed, closed = (
            len(bars.returns) - bars.warmup,
            self.criteria["min_days"] * 6,
            len(bars.returns) + bars.missing,
        )
        stress = None if bars.bound is None else told if version.stress is None else version.stress.e_value
        if stress is not None and told is not None and isclose(stress, told, rel_tol=1e-6):
            stress = told
        rest = float((version.won - version.lost - sum(version.best, Fraction(0))) / version.budget)
        alarm = float(version.watch.levels()["gap"] == "ALARM") if version.watch is not None and live else None
        return {
            "concentration": (
                rest if version.trades else None, version.trades, max(self.criteria["min_trades"], 4)
            ),
            "cost_stress": (stress, valid, needed),
            "data_quality": (len(bars.returns) / closed if closed else None, valid, needed),
            "loss_bound": (None if bars.bound is None else float(bars.breaks), valid, needed),
            "fidelity": (alarm, version.watch.compared if version.watch is not None and live else 0, 0),
        }  # fmt: skip

    def fallen(self, track: str, version: Version, told: float) -> None:
        """The drawdown is marked between bars as well: not less than at their ends, and what the sample of this moment says; of late, no more than that."""
        days = self.criteria.get("drawdown_window_days")
        fall = version.bars.fall if days is None else version.bars.late_fall(6 * days)
        if version.bars.whole and told < fall * (1 - 1e-6) - 1e-12:
            self.find(f"{track}: max_drawdown: at the ends of bars it was {fall:.6g}, found {told}")
        if version.attempt == 1 and version.sampled is not None:
            at, sampled = version.sampled
            if days is not None:
                if at == self.time and told > sampled * (1 + 1e-9):
                    self.find(f"{track}: max_drawdown: since the begin it was {sampled}, found {told}")
            elif (at == self.time and not _same(sampled, told)) or told < sampled:
                self.find(f"{track}: max_drawdown: the last sample says {sampled}, found {told}")

    def _StageChanged(self, track: str, body: Document) -> None:
        version = self.versions[track]
        record, version.decided = version.decided, None
        if record is None:
            self.find(f"{track}: a stage changed without a decision before it")
            return
        before, after = record["before"], record["after"]
        for what, found in (
            ("move", record["move"]), ("action", record["action"]), ("identity", after["identity"]),
            ("stage_before", before["stage"]), ("stage_after", after["stage"]), ("attempt", after["attempt"]),
            ("fraction_before", Fraction(before["fraction"])), ("fraction_after", Fraction(after["fraction"])),
            ("epoch", after["epoch"]), ("forced", after["forced"]), ("reasons", record["reasons"]),
        ):  # fmt: skip
            self.expect(f"{track}: {what}", found, body[what])


def broken_links(entries: list[bytes], hashes: list[bytes]) -> Iterator[str]:
    """Entries whose hash is not that of the entry and the one before (genesis/audit/chain.py)."""
    head = bytes(32)
    for seq, (entry, told) in enumerate(zip(entries, hashes, strict=False), 1):
        linked = b"genesis.run-chain.1\0" + head + len(entry).to_bytes(8, "big") + entry
        if hashlib.sha256(linked).hexdigest().encode() != told:
            yield f"entry {seq}: it and the entry before make another hash than the listed one"
        try:
            head = bytes.fromhex(told.decode("latin-1"))
        except ValueError:
            yield f"entry {seq}: expected a hash in hex"
    if len(entries) != len(hashes):
        yield f"expected a hash for each of {len(entries)} entries, found {len(hashes)}"


def recompute(entries: list[bytes]) -> Recomputation:
    made = Recomputation()
    for seq, line in enumerate(entries, 1):
        try:
            made.read(seq, line)
        except (ArithmeticError, AttributeError, KeyError, LookupError, TypeError, ValueError) as error:
            made.findings.append(f"entry {seq}: cannot be read: {type(error).__name__}: {error}")
    made.end_moment()
    return made


def _lines(place: Path, name: str) -> list[bytes]:
    if place.is_dir():
        return (place / name).read_bytes().splitlines()
    with zipfile.ZipFile(place) as packed:
        return packed.read(name).splitlines()


NOT_RECOMPUTED = (
    "taken from the record: prices, and with them what equity was between two moments at which nothing was held; E against the benchmark; drawdown within a "
    "bar between samples; whether a gap in the data reaches to a look; values of a user's own criteria (their code is not in the export; what it was given is, and is checked), with volatility and the ratio's error; rates between moneys that the first entry does not assume, and the room where one counts"
)

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("export", type=Path, help="an export, packed or unpacked")
    parser.add_argument("--quiet", action="store_true", help="findings and sums alone, not every move and verdict")
    given = parser.parse_args()
    stored = _lines(given.export, "entries.jsonl")
    links = list(broken_links(stored, _lines(given.export, "entries.hashes")))
    result = recompute(stored)
    problems = [*links, *result.findings]
    print("\n".join([*([] if given.quiet else result.told), *problems, NOT_RECOMPUTED]))
    print(f"{result.decisions} decisions, {result.moves} moves, {result.verdicts} A/B verdicts recomputed")
    print(f"{len(problems)} findings" if problems else "all of it follows")
    sys.exit(1 if problems else 0)
