"""Mean reversion: buy what fell far below its recent mean, leave when it is back."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from genesis.model.market import Bar
from genesis.strategies.indicators import ZScore
from genesis.strategies.one_sided import OneSided, check_bars, check_weight


class ReversionParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``window`` bars of closes; enter at ``entry`` deviations from the mean, leave within ``leave`` of it."""

    bars: str = "1h"
    window: Annotated[int, Meta(ge=3)] = 48
    entry: Annotated[float, Meta(gt=0)] = 2.0
    leave: Annotated[float, Meta(ge=0)] = 0.5
    weight: Decimal = Decimal("0.05")
    short: bool = False

    def __post_init__(self) -> None:
        check_bars(self.bars)
        check_weight(self.weight)
        if self.leave >= self.entry:
            raise ValueError(f"leave: expected less than entry {self.entry}, found {self.leave}")


class MeanReversion(OneSided):
    """Long (or short) against a close that is ``entry`` standard deviations away from its mean."""

    Params = ReversionParams
    params: ReversionParams

    def on_start(self) -> None:
        self._z = ZScore(self.params.window)
        self._side = 0
        self.subscribe_bars(self.params.bars)

    def on_save(self) -> Mapping[str, Any]:
        return {"z": self._z.save(), "side": self._side}

    def on_load(self, state: Mapping[str, Any]) -> None:
        self._z = ZScore(self.params.window)
        self._z.load(state["z"])
        self._side = state["side"]

    def on_bar(self, bar: Bar) -> None:
        z = self._z.update(bar.close)
        if z is None:
            return
        p, side = self.params, self._side
        if z <= -p.entry:
            side = 1
        elif z >= p.entry:
            side = -1 if p.short else 0
        elif abs(z) <= p.leave:
            side = 0
        self._take_side(side, p.weight)
