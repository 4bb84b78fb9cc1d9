"""Evidence under dearer trading: would the edge be there if fees and slippage were half as high again?"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source

FACTOR = 1.5


class StressedEvidence:
    """A second `Evidence` of the same bars, whose returns have paid ``factor`` times the fees and slippage that the strategy paid.

    Raises:
        ValueError: a factor that is not above 1.
    """

    __slots__ = ("evidence", "factor")

    def __init__(self, rules: BettingRules, source: Source, factor: float = FACTOR) -> None:
        if factor <= 1:
            raise ValueError(f"factor: expected above 1, found {factor}")
        self.factor = factor
        self.evidence = Evidence(rules, source)

    @property
    def e_value(self) -> float:
        """E under stress; integrity asks for 1 or more."""
        return self.evidence.e_value

    def add(self, change: float, costs: float) -> None:
        """Take a bar's return, net of costs, and these costs: fees and slippage of its fills over the equity at its start, 0 or more.

        Raises:
            ValueError: costs under 0, or a return that is not finite.
        """
        if not costs >= 0:
            raise ValueError(f"costs: expected 0 or more, found {costs}")
        self.evidence.add(change - (self.factor - 1) * costs)

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return self.evidence.save()

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical."""
        self.evidence.load(state)
