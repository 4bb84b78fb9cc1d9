"""The life of a strategy on the capital ladder, shown on recorded prices: one with a planted edge that dies, and twenty look-alikes without any.

The look-alikes are the hard case, not the easy one: each is told just enough of the future to earn its costs, so that in the mean nothing is left, and
some of them look good for a while.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from statistics import NormalDist, fmean

import msgspec
import numpy as np

from genesis.clock import NS_PER_HOUR
from genesis.config import StrategyConfig
from genesis.config.schema import Variant
from genesis.demo.planted import plant
from genesis.execution.profile import ExecutionProfile, FeeSchedule
from genesis.feeds.files import Reading
from genesis.model.market import BarKind
from genesis.tape.stream import StreamKind

EDGE, LOOK_ALIKES = "edge", "coin"
LOOK_ALIKE_COUNT = 20
# What the one with an edge is told until it dies; afterwards it tosses coins and pays the costs.
TOLD = 0.9
# Entered every twelfth bar and held for ten of them: the bars between fill the order out and the order back.
EVERY, HOLD = 12, 10
_WEIGHT = Decimal("0.08")
_BUDGET = Decimal(10_000)
_BP = 1e4
_DRAWS = 1_000


class Future(msgspec.Struct, frozen=True, eq=False):
    """Prices at which bars close: ``times`` (ns, rising), ``closes`` (ticks), and how many hours a bar lasts."""

    times: tuple[int, ...]
    closes: tuple[int, ...]
    bar_hours: int

    @property
    def dies_ns(self) -> int:
        """When the edge dies: after three quarters of the bars."""
        return self.times[3 * len(self.times) // 4]

    def fair_chance(self, cost_bp: float) -> float:
        """How often one who holds `HOLD` bars has to be right to earn ``cost_bp`` in the mean, and nothing more; 0.5 to 1.

        The mean gain of one who is right with probability p is (2 p - 1) times the mean absolute move.
        """
        closes = np.asarray(self.closes, dtype=np.float64)
        if len(closes) <= HOLD:
            return 1.0
        moves = np.abs(closes[HOLD:] / closes[:-HOLD] - 1) * _BP
        move = float(moves.mean())
        return 1.0 if move <= cost_bp else 0.5 + cost_bp / (2 * move)


def future_of(reading: Reading) -> Future:
    """What is to come of a file of bars or trades; of trades and of bars shorter than an hour the last price of every hour."""
    times, spec = reading.columns["ts"], reading.spec
    of_bars = reading.kind is StreamKind.BARS
    prices = reading.columns["close" if of_bars else "ticks"]
    timed = of_bars and spec is not None and spec.kind is BarKind.TIME
    if of_bars and (spec is None or not timed or spec.step >= NS_PER_HOUR):
        hours = spec.step // NS_PER_HOUR if spec is not None and timed else 1
        return Future(tuple(times.tolist()), tuple(prices.tolist()), hours)
    first, last = -(-int(times[0]) // NS_PER_HOUR), -(-int(times[-1]) // NS_PER_HOUR)
    hours_ns = np.arange(first, last + 1, dtype=np.int64) * NS_PER_HOUR
    at = np.searchsorted(times, hours_ns, side="right") - 1
    return Future(tuple(hours_ns.tolist()), tuple(prices[at].tolist()), 1)


def round_trip_bp(fees: FeeSchedule, profile: ExecutionProfile) -> float:
    """What a taker pays in and out, in the mean: fees, half the spread and slippage, each twice."""
    law, normal = profile.slippage_bp, NormalDist()
    # The mean of the law as it is clipped, over evenly spaced draws.
    draws = (law.mean + law.sd * normal.inv_cdf((i + 0.5) / _DRAWS) for i in range(_DRAWS))
    slippage = fmean(min(max(x, law.low), law.high) for x in draws)
    return 2 * (float(fees.taker_bp) + float(profile.half_spread_bp) + slippage)


def planted_strategies(instrument: str, future: Future, bars: str, cost_bp: float) -> list[StrategyConfig]:
    """The one with an edge, and its look-alikes; what they are told is planted."""
    plant(instrument, future.times, future.closes)
    fair = round(future.fair_chance(cost_bp), 4)
    params: dict[str, object] = {
        "every": EVERY,
        "hold": HOLD * future.bar_hours,
        "bars": bars,
        "weight": _WEIGHT,
        "told": fair,
    }
    edge = {**params, "told": max(TOLD, fair), "dies_ns": future.dies_ns}
    seeds = [Variant(name=f"{n:02d}", params={"seed": n}) for n in range(1, LOOK_ALIKE_COUNT + 1)]

    def strategy(name: str, params: dict[str, object], variants: Sequence[Variant] = ()) -> StrategyConfig:
        return StrategyConfig(
            name=name,
            strategy="genesis.demo.planted:PlantedEdge",
            instruments=[instrument],
            budget=_BUDGET,
            params=params,
            variants=list(variants),
        )

    return [strategy(EDGE, edge), strategy(LOOK_ALIKES, params, seeds)]
