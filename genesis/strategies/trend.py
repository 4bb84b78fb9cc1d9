"""A moving-average crossover and a channel breakout: the two oldest ways to follow a trend."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from genesis.model.market import Bar
from genesis.strategies.indicators import EMA, RollingMax, RollingMin
from genesis.strategies.one_sided import OneSided, check_bars, check_weight


class CrossoverParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``fast`` and ``slow`` are EMA periods in bars; ``weight`` is the share of equity held; ``short`` also sells short."""

    bars: str = "1h"
    fast: Annotated[int, Meta(ge=1)] = 20
    slow: Annotated[int, Meta(ge=2)] = 50
    weight: Decimal = Decimal("0.05")
    short: bool = False

    def __post_init__(self) -> None:
        check_bars(self.bars)
        check_weight(self.weight)
        if self.fast >= self.slow:
            raise ValueError(f"fast: expected less than slow {self.slow}, found {self.fast}")


class MovingAverageCrossover(OneSided):
    """Long while the fast EMA of closes is above the slow one, else flat (or short)."""

    Params = CrossoverParams
    params: CrossoverParams

    def on_start(self) -> None:
        self._begin()
        self.subscribe_bars(self.params.bars)

    def _begin(self) -> None:
        self._fast, self._slow = EMA(self.params.fast), EMA(self.params.slow)
        self._seen = 0
        self._side = 0

    def on_save(self) -> Mapping[str, Any]:
        return {"fast": self._fast.save(), "slow": self._slow.save(), "seen": self._seen, "side": self._side}

    def on_load(self, state: Mapping[str, Any]) -> None:
        self._begin()
        self._fast.load(state["fast"])
        self._slow.load(state["slow"])
        self._seen, self._side = state["seen"], state["side"]

    def on_bar(self, bar: Bar) -> None:
        fast, slow = self._fast.update(bar.close), self._slow.update(bar.close)
        self._seen += 1
        if fast is None or slow is None or self._seen < self.params.slow or fast == slow:
            return
        down = -1 if self.params.short else 0
        self._take_side(1 if fast > slow else down, self.params.weight)


class BreakoutParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Enter on a new high of ``entry`` bars, leave on a new low of ``leave`` bars; ``weight`` is the share of equity held."""

    bars: str = "1h"
    entry: Annotated[int, Meta(ge=2)] = 48
    leave: Annotated[int, Meta(ge=2)] = 24
    weight: Decimal = Decimal("0.05")
    short: bool = False

    def __post_init__(self) -> None:
        check_bars(self.bars)
        check_weight(self.weight)


class Breakout(OneSided):
    """Donchian channel: the close beyond the highest high (lowest low) of the bars before it."""

    Params = BreakoutParams
    params: BreakoutParams

    def on_start(self) -> None:
        self._begin()
        self.subscribe_bars(self.params.bars)

    def _begin(self) -> None:
        p = self.params
        self._entry = RollingMax(p.entry), RollingMin(p.entry)
        self._leave = RollingMax(p.leave), RollingMin(p.leave)
        self._side = 0

    def on_save(self) -> Mapping[str, Any]:
        return {"channels": [c.save() for c in (*self._entry, *self._leave)], "side": self._side}

    def on_load(self, state: Mapping[str, Any]) -> None:
        self._begin()
        for channel, saved in zip((*self._entry, *self._leave), state["channels"], strict=True):
            channel.load(saved)
        self._side = state["side"]

    def on_bar(self, bar: Bar) -> None:
        high, low = self._entry[0].value, self._entry[1].value
        leave_high, leave_low = self._leave[0].value, self._leave[1].value
        ready = self._entry[0].ready and self._leave[0].ready
        for channel in (self._entry, self._leave):
            channel[0].update(bar.high)
            channel[1].update(bar.low)
        if not ready or high is None or low is None or leave_high is None or leave_low is None:
            return
        side = self._side
        if bar.close > high:
            side = 1
        elif bar.close < low:
            side = -1 if self.params.short else 0
        elif (side > 0 and bar.close < leave_low) or (side < 0 and bar.close > leave_high):
            side = 0
        self._take_side(side, self.params.weight)
