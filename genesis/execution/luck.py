"""The profile's draws, and what a slippage draw does to a price."""

from __future__ import annotations

from math import ceil

from genesis.clock import NS_PER_MS
from genesis.execution.profile import ExecutionProfile
from genesis.rng import ClippedNormal, KeyedDraws

SLIPPAGE_SCALE = 10_000  # a draw in basis points times this is a fraction in 1e-8
ONE = 100_000_000


class Luck:
    """The profile's draws for one order, keyed by the moment of its decision, and the spread it assumes."""

    __slots__ = (
        "_draws",
        "_latency",
        "_response",
        "_slippage",
        "half_spread",
        "still_response_ns",
        "_still_ns",
        "_still_slippage",
    )

    def __init__(self, profile: ExecutionProfile, draws: KeyedDraws) -> None:
        self._draws = draws
        self._latency = profile.latency_ms
        self._slippage = profile.slippage_bp
        self._response = profile.response_factor
        # A law without deviation draws the same every time: no hash need be asked.
        self._still_ns = _still(profile.latency_ms, NS_PER_MS)
        self._still_slippage = _still(profile.slippage_bp, SLIPPAGE_SCALE)
        # What every answer then takes to travel back; ``None`` where it is drawn.
        self.still_response_ns = None if self._still_ns is None else int(self._still_ns * self._response)
        # As a fraction in 1e-8, like a slippage draw; rounded against us.
        self.half_spread = ceil(profile.half_spread_bp * SLIPPAGE_SCALE)

    def entry_ns(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """How long the order travels to the venue."""
        if self._still_ns is not None:
            return self._still_ns
        return self._draws.clipped_normal(self._latency, NS_PER_MS, "latency.entry", instrument, decided_ns, ordinal)

    def cancel_ns(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """How long a cancel travels to the venue."""
        if self._still_ns is not None:
            return self._still_ns
        return self._draws.clipped_normal(self._latency, NS_PER_MS, "latency.cancel", instrument, decided_ns, ordinal)

    def response_ns(self, instrument: str, decided_ns: int, ordinal: int, answer: int) -> int:
        """How long the venue's ``answer``-th answer travels back."""
        if self.still_response_ns is not None:
            return self.still_response_ns
        purpose = f"latency.response.{answer}"
        whole = self._draws.clipped_normal(self._latency, NS_PER_MS, purpose, instrument, decided_ns, ordinal)
        return int(whole * self._response)

    def slippage(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """The order's adverse slippage as a fraction in 1e-8."""
        if self._still_slippage is not None:
            return self._still_slippage
        return self._draws.clipped_normal(self._slippage, SLIPPAGE_SCALE, "slippage", instrument, decided_ns, ordinal)


def _still(law: ClippedNormal, scale: int) -> int | None:
    """What a law without deviation draws, as `KeyedDraws.clipped_normal` would; ``None`` for any other."""
    return round(min(max(law.mean, law.low), law.high) * scale) if law.sd == 0 else None


def slipped(ticks: int, side: int, fraction: int) -> int:
    """``ticks`` made worse by ``fraction`` (in 1e-8) and rounded against us to the tick; never below one tick."""
    if side > 0:
        return -(-ticks * (ONE + fraction) // ONE)
    return max(1, ticks * (ONE - fraction) // ONE)
