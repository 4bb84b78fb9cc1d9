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
        "_cancel",
        "_draws",
        "_entry",
        "_response",
        "_slippage",
        "_still_slippage",
        "_tail_factor",
        "_tail_probability",
        "half_spread",
        "still_response_ns",
    )

    def __init__(self, profile: ExecutionProfile, draws: KeyedDraws) -> None:
        self._draws = draws
        normal = profile.latency_ms
        self._entry = Journey(draws, normal, profile.latency_samples_ms, 1.0)
        self._cancel = Journey(draws, normal, profile.cancel_samples_ms or profile.latency_samples_ms, 1.0)
        factor = 1.0 if profile.response_samples_ms else profile.response_factor
        self._response = Journey(draws, normal, profile.response_samples_ms or profile.latency_samples_ms, factor)
        self._tail_probability, self._tail_factor = profile.tail_probability, profile.tail_factor
        self._slippage = profile.slippage_bp
        # A law without deviation draws the same every time: no hash need be asked.
        self._still_slippage = _still(profile.slippage_bp, SLIPPAGE_SCALE)
        # What every answer takes to travel back; ``None`` where it is drawn.
        self.still_response_ns = None if self._tail_probability else self._response.still_ns
        # As a fraction in 1e-8, like a slippage draw; rounded against us.
        self.half_spread = ceil(profile.half_spread_bp * SLIPPAGE_SCALE)

    def entry_ns(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """How long the order travels to the venue, but for a tail."""
        return self._entry.ns("latency.entry", instrument, decided_ns, ordinal)

    def cancel_ns(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """How long a cancel travels to the venue, but for a tail."""
        return self._cancel.ns("latency.cancel", instrument, decided_ns, ordinal)

    def response_ns(self, instrument: str, decided_ns: int, ordinal: int, answer: int) -> int:
        """How long the venue's ``answer``-th answer travels back."""
        if self.still_response_ns is not None:
            return self.still_response_ns
        purpose = f"latency.response.{answer}"
        return self.stretched(
            self._response.ns(purpose, instrument, decided_ns, ordinal), purpose, instrument, decided_ns, ordinal
        )

    def stretched(self, ns: int, purpose: str, instrument: str, decided_ns: int, ordinal: int) -> int:
        """A journey's time with its tail: rarely, ``tail_factor`` times as long."""
        if not self._tail_probability:
            return ns
        drawn = self._draws.uniform(f"{purpose}.tail", instrument, decided_ns, ordinal)
        return int(ns * self._tail_factor) if drawn < self._tail_probability else ns

    def slippage(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        """The order's adverse slippage as a fraction in 1e-8."""
        if self._still_slippage is not None:
            return self._still_slippage
        return self._draws.clipped_normal(self._slippage, SLIPPAGE_SCALE, "slippage", instrument, decided_ns, ordinal)


class Journey:
    """The law of one direction: a clipped normal, or measured samples of which each is drawn as often as another."""

    __slots__ = ("_draws", "_factor", "_normal", "_samples", "still_ns")

    def __init__(self, draws: KeyedDraws, normal: ClippedNormal, samples_ms: tuple[float, ...], factor: float) -> None:
        self._draws, self._normal, self._factor = draws, normal, factor
        self._samples = sorted(round(ms * NS_PER_MS) for ms in samples_ms)
        still = self._samples[0] if len(set(self._samples)) == 1 else None
        if not self._samples:
            still = _still(normal, NS_PER_MS)
        self.still_ns = None if still is None else int(still * factor)

    def ns(self, purpose: str, instrument: str, decided_ns: int, ordinal: int) -> int:
        """One draw."""
        if self.still_ns is not None:
            return self.still_ns
        draws = self._draws
        if self._samples:
            drawn = self._samples[int(draws.uniform(purpose, instrument, decided_ns, ordinal) * len(self._samples))]
        else:
            drawn = draws.clipped_normal(self._normal, NS_PER_MS, purpose, instrument, decided_ns, ordinal)
        return int(drawn * self._factor)


def _still(law: ClippedNormal, scale: int) -> int | None:
    """What a law without deviation draws, as `KeyedDraws.clipped_normal` would; ``None`` for any other."""
    return round(min(max(law.mean, law.low), law.high) * scale) if law.sd == 0 else None


def slipped(ticks: int, side: int, fraction: int) -> int:
    """``ticks`` made worse by ``fraction`` (in 1e-8) and rounded against us to the tick; never below one tick."""
    if not fraction:
        return ticks
    if side > 0:
        return -(-ticks * (ONE + fraction) // ONE)
    return max(1, ticks * (ONE - fraction) // ONE)
