"""When to give up: a bet that a strategy is not as good as it would have to be.

H0: "the mean given the past is at least m", that of a bar with the annual Sharpe ratio asked for; x is the return over the deviation known before it,
and a gain counts up to c / bet. E = mean over k of product of (1 - min(bet_k x, c) + bet_k m) is an e-process under H0 whatever the distribution: a
strategy that has the ratio is ever given up with probability at most alpha (Ville 1939; Waudby-Smith and Ramdas 2024). Slow by nature: it takes 2 ln(20) / 1.5**2 = 2.7 years at best to doubt a ratio of 1.5 where
there is none, and half a year where it is -2. It removes those who lose; a deadline does the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from genesis.evidence.rules import FutilityRules
from genesis.evidence.scales import RunningScale
from genesis.metrics.ratios import BARS_PER_YEAR

# A stake that has settled the question is not carried further.
WEALTH_CAP = 10.0


class Futility:
    """The wealth of who bets against a strategy; O(bets) a bar.

    Args:
        deviation: of a bar's return, as known now, above 0.
    """

    __slots__ = ("_asked", "_bets", "_cap", "_scale", "_wealths", "rules")

    def __init__(self, rules: FutilityRules, deviation: float) -> None:
        self.rules = rules
        self._bets, self._asked = rules.bets, rules.min_sharpe / sqrt(BARS_PER_YEAR)
        self._scale = RunningScale(deviation, rules.floor * deviation, rules.decay)
        self._wealths = [1.0] * len(rules.bets)
        self._cap = WEALTH_CAP / rules.alpha

    @property
    def value(self) -> float:
        """E against the strategy."""
        total = 0.0
        for wealth in self._wealths:
            total += wealth
        return total / len(self._wealths)

    @property
    def futile(self) -> bool:
        """Whether E has reached 1 / alpha."""
        return self.value >= 1 / self.rules.alpha

    def add(self, change: float) -> None:
        """Take the return of a bar.

        Raises:
            ValueError: it is not finite; a missing bar is an error of that bar, not 0.
        """
        x, most, cap, asked = self._scale.scaled(change), self.rules.lose_most, self._cap, self._asked
        factors = [1 - min(bet * x, most) + bet * asked for bet in self._bets]
        self._wealths = [min(w * factor, cap) for w, factor in zip(self._wealths, factors, strict=True)]

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (*self._scale.save(), *self._wealths)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` gave under the same rules; what follows is bit-identical.

        Raises:
            ValueError: it is of another number of bets.
        """
        if len(state) != 3 + len(self._bets):
            raise ValueError(f"state: expected {len(self._bets)} bets, found {len(state) - 3}")
        self._scale.load(state[:3])
        self._wealths = list(state[3:])
