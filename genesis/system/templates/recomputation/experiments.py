"""A/B tests: pairs of challenger and champion, their verdicts, and who takes the champion's place."""

from __future__ import annotations

from fractions import Fraction

from .arithmetic import NO_DEVIATION, Bets, Futility, Scale, deviation, family, long_run_variance, reach, total
from .comparing import Document


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
