"""The betting e-process: what a gambler's stake of 1 has become who bet, bar by bar and at fair odds, on a strategy's edge.

Waudby-Smith and Ramdas 2024 (JRSSB 86); Shafer 2021. E = mean over k of product over t of (1 + bet_k x_t), where the scaled return x_t is at
least -kappa and every bet is under 1 / kappa. Whatever the distribution and however bars depend on each other: if no bar's return has a
positive mean given the past, E is a supermartingale that starts at 1, and it ever reaches 1 / a with probability at most a (Ville 1939).

The design keeps logarithms of the wealths; here they are the wealths themselves. With the cap they cannot overflow, and then only additions,
products, quotients and roots remain, which every machine rounds alike: the entries made of them are the same everywhere, to the last bit.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from genesis.evidence.rules import BettingRules
from genesis.metrics.returns import check_return


class BettingProcess:
    """The wealths of one strategy version; O(bets) a bar.

    Args:
        rules: fixed before the first return.
        loss_bound: worst loss of one bar, a fraction of the equity at its start; fixed now, and enforced by whoever limits risk.
        variance: of a bar's return, as known now; it is only where the running variance starts.

    Raises:
        ValueError: a bound or variance that is not above 0.
    """

    __slots__ = ("_bets", "_cap", "_clip", "_decay", "_floor", "_variance", "_wealths", "broken", "loss_bound")

    def __init__(self, rules: BettingRules, loss_bound: float, variance: float) -> None:
        if not loss_bound > 0 or not variance > 0:
            raise ValueError(f"loss bound and variance: expected above 0, found {loss_bound} and {variance}")
        self._bets = rules.bets
        self._cap, self._clip, self._decay = rules.cap, rules.upper_clip, rules.decay
        self._floor = loss_bound / rules.kappa
        self._wealths = [1.0] * len(rules.bets)
        self._variance = variance
        self.loss_bound = loss_bound
        self.broken = False

    @property
    def value(self) -> float:
        """E: the mean of the wealths. 0 for ever once the loss bound was broken, because then nothing was proven."""
        return _total(self._wealths) / len(self._wealths)

    @property
    def scale(self) -> float:
        """What the next bar's return is divided by: known before it, and at least the loss bound over kappa."""
        return max(sqrt(self._variance), self._floor)

    def add(self, change: float) -> None:
        """Take the return of a bar.

        Raises:
            ValueError: it is not finite; a missing bar is an error of that bar, not 0.
        """
        check_return(change)
        scaled = min(change / self.scale, self._clip)
        self._variance = self._decay * self._variance + (1 - self._decay) * change * change
        if change < -self.loss_bound:
            self.broken = True
        if self.broken:
            self._wealths = [0.0] * len(self._wealths)
            return
        wealths = [w * (1 + bet * scaled) for w, bet in zip(self._wealths, self._bets, strict=True)]
        most, now = self._cap * len(wealths), _total(wealths)
        self._wealths = [w * (most / now) for w in wealths] if now > most else wealths

    def save(self) -> tuple[float, ...]:
        """State as plain numbers, for `load`."""
        return (self.loss_bound, self._variance, float(self.broken), *self._wealths)

    def load(self, state: Sequence[float]) -> None:
        """Take the state that `save` of a process under the same rules gave; what follows is bit-identical.

        Raises:
            ValueError: it is of another number of bets, or of another loss bound.
        """
        bound, variance, broken, *wealths = state
        if len(wealths) != len(self._wealths) or bound != self.loss_bound:
            raise ValueError(
                f"state: expected {len(self._wealths)} bets under a loss bound of {self.loss_bound}, found "
                f"{len(wealths)} under {bound}"
            )
        self._variance, self.broken, self._wealths = variance, bool(broken), list(wealths)


def _total(values: Sequence[float]) -> float:
    """Added one after the other: since Python 3.12 ``sum`` of floats compensates, and gives other bits than 3.11."""
    total = 0.0
    for value in values:
        total += value
    return total
