"""Market impact of our own taker orders: the square-root law, and a footprint that decays.

With c = Y sigma / sqrt(V) (Y of order one, sigma the daily volatility as a fraction, V the daily volume in lots), buying ``m`` lots moves the
price by I(m) = c sqrt(m) (Donier & Bonart 2014; Toth et al. 2011; execution.md 2.1). The law holds *along* a metaorder, so an order of q lots that
follows m lots of ours still remembered pays on average

    2/3 c ((m + q)^1.5 - m^1.5) / q

which is 2/3 I(q) for a fresh order, and makes slicing cost what the whole would have: a hundred small orders at once are one large one. What is
remembered halves every ``half_life_ns``. Each side has a footprint of its own: our buying never makes our selling better.

Where it lies: below about the size of the touch the true law is linear, so small orders pay somewhat too much; recorded prices cannot contain our
impact, so nothing stays of it once it has faded.
"""

from __future__ import annotations

from math import ceil, sqrt

ONE = 100_000_000  # a fraction of price in 1e-8


class Footprint:
    """What one account took on one side of one instrument, fading."""

    __slots__ = ("_half_life_ns", "_lots", "_since")

    def __init__(self, half_life_ns: int) -> None:
        self._half_life_ns = half_life_ns
        self._lots = 0.0
        self._since = 0

    def remembered(self, now_ns: int) -> float:
        """Lots still felt."""
        if not self._lots:
            return 0.0
        halvings, rest = divmod(now_ns - self._since, self._half_life_ns)
        if halvings > 1000:
            return 0.0
        # A chord between the half-lives: no library's power function decides a price, and never less is remembered than was left.
        return self._lots / (1 << halvings) * (1 - rest / self._half_life_ns / 2)

    def add(self, lots: int, now_ns: int) -> None:
        """``lots`` more were taken."""
        self._lots = self.remembered(now_ns) + lots
        self._since = now_ns


class SquareRootImpact:
    """The law with its constant Y; `cost` turns floats at once into an integer."""

    __slots__ = ("_y",)

    def __init__(self, y: float) -> None:
        self._y = y

    def cost(self, lots: int, remembered: float, sigma: float, volume_lots: float) -> int:
        """Average adverse price change of taking ``lots`` after ``remembered`` ones, as a fraction in 1e-8, rounded up.

        ``sigma`` is the daily volatility as a fraction, ``volume_lots`` the lots traded in a day (above 0).
        """
        if lots <= 0 or sigma <= 0 or volume_lots <= 0:
            return 0
        after = remembered + lots
        high, low = sqrt(after), sqrt(remembered)
        # (after^1.5 - remembered^1.5) / lots without the difference of two large numbers, so that more lots never cost less.
        mean = (after + high * low + remembered) / (high + low)
        return ceil(2 / 3 * self._y * sigma / sqrt(volume_lots) * mean * ONE)
