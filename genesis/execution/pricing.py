"""What a taker pays, and where each part of it comes from."""

from __future__ import annotations

from genesis.execution.luck import slipped
from genesis.execution.tier import Confidence, Tier


class FillCost:
    """Where a fill's price comes from, in ticks a lot; positive is against us.

    For a taker, from the price it faced when it decided to the price it pays::

        drift + spread + walk + slippage + impact

    ``drift`` is what the market did from the decision to the fill, and what being late cost. ``spread_x2`` is twice the half spread: what a taker pays
    (a maker earns: below zero) against the mid at its arrival; where no bid and ask are shown it is the spread assumed on top of a print, and part of the sum.
    """

    __slots__ = ("confidence", "drift", "impact", "slippage", "spread_x2", "tier", "walk")

    def __init__(
        self,
        tier: Tier,
        confidence: Confidence,
        drift: int = 0,
        spread_x2: int = 0,
        walk: int = 0,
        slippage: int = 0,
        impact: int = 0,
    ) -> None:
        self.tier, self.confidence = tier, confidence
        self.drift, self.spread_x2, self.walk = drift, spread_x2, walk
        self.slippage, self.impact = slippage, impact


class TakerPrice:
    """The price of one taker at one moment: the worst of the level it takes, the draw, its own impact, and what being late costs.

    They are never added up, but for the assumed spread, which lies under draw and impact (execution.md 2.5).

    Args:
        base: ticks of the touch, the print or the bar's open.
        half_spread, slippage, impact: fractions in 1e-8.
        worst: what a late order must pay at least, ``None`` for one in time.
    """

    __slots__ = ("_base", "_drawn", "_least", "_moved", "_sign", "_spread")

    def __init__(
        self, sign: int, base: int, half_spread: int, slippage: int, impact: int, worst: int | None = None
    ) -> None:
        self._sign, self._base = sign, base
        self._spread = slipped(base, sign, half_spread) if half_spread else base
        self._drawn = slipped(base, sign, half_spread + slippage)
        self._moved = slipped(self._spread, sign, impact) if impact else self._spread
        # What it pays at least, whatever level it takes: the worst of the three.
        least = max(self._drawn * sign, self._moved * sign)
        self._least = sign * (least if worst is None else max(least, worst * sign))

    def at(self, level: int) -> int:
        """Ticks paid for lots of a level."""
        return self._least if (self._least - level) * self._sign > 0 else level

    def cost(
        self, level: int, decision: int | None, mid_x2: int | None, tier: Tier, confidence: Confidence
    ) -> FillCost:
        """The parts of `at` for the same level."""
        sign = self._sign
        base, spread = self._base * sign, self._spread * sign
        if self._least == level == self._base:
            # Nothing was drawn, moved or walked, and nothing was late: most fills under a profile without them.
            drift = 0 if decision is None else base - decision * sign
            return FillCost(tier, confidence, drift, 0 if mid_x2 is None else 2 * base - mid_x2 * sign)
        walked = max(spread, level * sign)
        drawn = max(walked, self._drawn * sign)
        moved = max(drawn, self._moved * sign)
        late = self.at(level) * sign - moved
        drift = late if decision is None else late + base - decision * sign
        spread_x2 = 2 * (spread - base) if mid_x2 is None else 2 * base - mid_x2 * sign
        return FillCost(tier, confidence, drift, spread_x2, walked - spread, drawn - walked, moved - drawn)
