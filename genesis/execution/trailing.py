"""The trigger of a trailing stop, in integers (Binance, ``faqs/trailing-stop-faq.md``).

The order remembers the best trade price since it began to track: the lowest for a buy, the highest for a sell. It triggers at the first trade
that is ``delta_bp`` basis points worse than that. The trigger in ticks is rounded away from the extreme (a buy's up, a sell's down); as trade
prices lie on ticks, this is the exact rule ``price >= extreme x (1 + delta)`` or ``price <= extreme x (1 - delta)``, not an approximation.
"""

from __future__ import annotations

_FULL = 10_000


class TrailingTrigger:
    """The moving trigger of one order; prices in ticks, ``sign`` +1 for a buy, -1 for a sell.

    With an ``activation`` price nothing is tracked until a trade is at or beyond it: at or above where ``activates_above``, else at or
    below. (On the spot market a buy stop loss and a sell take-profit activate above, their counterparts below; on the futures market a
    sell activates above, a buy below.) The trade that activates is the first extreme and cannot trigger.

    ``extreme`` is ``None`` while nothing is tracked; ``trigger`` is then ``None`` too. A trigger of 0 cannot be met: the extreme is so low
    that no tick lies far enough under it.
    """

    __slots__ = ("activates_above", "activation", "delta_bp", "extreme", "sign", "trigger")

    def __init__(self, sign: int, delta_bp: int, activation: int | None = None, activates_above: bool = True) -> None:
        if sign not in (1, -1):
            raise ValueError(f"sign: expected 1 or -1, found {sign}")
        if not 0 < delta_bp < _FULL:
            raise ValueError(f"trailing distance: expected 1 to {_FULL - 1} basis points, found {delta_bp}")
        self.sign = sign
        self.delta_bp = delta_bp
        self.activation = activation
        self.activates_above = activates_above
        self.extreme: int | None = None
        self.trigger: int | None = None

    def on_trade(self, ticks: int) -> bool:
        """A trade at ``ticks``: whether it triggers the order. It is tested against the old trigger before it may move it."""
        if self.extreme is None:
            if self.activates(ticks):
                self._follow(ticks)
            return False
        if self.trigger is not None and (ticks - self.trigger) * self.sign >= 0:
            return True
        if (self.extreme - ticks) * self.sign > 0:
            self._follow(ticks)
        return False

    def activates(self, ticks: int) -> bool:
        """Whether tracking would begin with a trade at ``ticks``."""
        if self.activation is None:
            return True
        return ticks >= self.activation if self.activates_above else ticks <= self.activation

    def _follow(self, ticks: int) -> None:
        self.extreme = ticks
        if self.sign > 0:
            self.trigger = -(-ticks * (_FULL + self.delta_bp) // _FULL)
        else:
            self.trigger = ticks * (_FULL - self.delta_bp) // _FULL
