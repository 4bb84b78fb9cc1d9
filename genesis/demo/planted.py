"""A strategy with a planted edge, for demonstrations: until a given date it is told a noisy piece of the future. No venue that is not simulated takes it.

It shows what a strategy that is good goes through. With ``told: 0.5`` what it is told is a toss of a coin, and it is a look-alike without any edge.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from genesis.clock import NS_PER_HOUR
from genesis.errors import ConfigError
from genesis.model.market import Bar
from genesis.rng import KeyedDraws
from genesis.strategies.base import Strategy

# What is to come, by instrument id: times (ns) at which bars close, and their closes in ticks. The demonstration fills it, nothing else.
_FUTURES: dict[str, tuple[list[int], list[int]]] = {}
_PURPOSE = "planted"


def plant(instrument_id: str, times: Sequence[int], closes: Sequence[int]) -> None:
    """Let planted strategies know what is to come of an instrument: close times (ns, rising) and closes (ticks)."""
    _FUTURES[instrument_id] = (list(times), list(closes))


class PlantedParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Enter for ``hold`` hours every ``every`` hours; with probability ``told`` in the direction that pays, until ``dies_ns``.

    ``told`` 0.5 is no edge; from engine time ``dies_ns`` on it is 0.5. ``weight`` of equity is traded, and ``seed`` is of what it is told.
    ``every`` counts ``bars``. Where nothing can be sold short it stays out of what it is told will fall.
    """

    told: Annotated[float, Meta(ge=0.5, le=1)] = 0.5
    dies_ns: int = 2**62
    bars: str = "1h"
    hold: Annotated[int, Meta(ge=1)] = 5
    every: Annotated[int, Meta(ge=2)] = 6
    weight: Decimal = Decimal("0.04")
    seed: int = 1


class PlantedEdge(Strategy):
    """Long or short for some hours of every few, as it is told."""

    Params = PlantedParams
    params: PlantedParams
    synthetic = True

    def on_start(self) -> None:
        if self.instrument.id not in _FUTURES:
            raise ConfigError(f"{self.instrument.id}: expected a planted future, which only the demonstration has")
        self._begin(0, 0)
        self.subscribe_bars(self.params.bars)

    def _begin(self, until_ns: int, n: int) -> None:
        self._draws = KeyedDraws(self.params.seed)
        self._until, self._n = until_ns, n

    def on_save(self) -> Mapping[str, Any]:
        return {"until": self._until, "n": self._n}

    def on_load(self, state: Mapping[str, Any]) -> None:
        self._begin(state["until"], state["n"])

    def on_bar(self, bar: Bar) -> None:
        self._n += 1
        if self.open_orders():
            return
        if not self.is_flat():
            if self.now >= self._until:
                self.close()
        elif self._n % self.params.every == 0:
            up = self._rises(self.now)
            if not up and not self.instrument.short_allowed:
                return
            self.target_weight(self.params.weight if up else -self.params.weight)
            self._until = self.now + self.params.hold * NS_PER_HOUR

    def _rises(self, now: int) -> bool:
        """What it is told of the hours to come: the truth, or its opposite."""
        params = self.params
        times, closes = _FUTURES[self.instrument.id]
        here = bisect_right(times, now) - 1
        there = min(bisect_right(times, now + params.hold * NS_PER_HOUR) - 1, len(closes) - 1)
        truth = closes[there] > closes[max(here, 0)]
        honest = params.told if now < params.dies_ns else 0.5
        return truth if self._draws.uniform(_PURPOSE, self.instrument.id, now, 0) < honest else not truth
