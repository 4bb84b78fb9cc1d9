"""The door for chance: keyed draws, no generator state.

A draw is a function of (family seed, purpose, instrument, engine time of the decision, ordinal of the intent in that
moment). It never depends on strategy, account or order id: variants that act at the same moment meet the same luck, and a
newcomer shifts nobody's. The value is the inverse normal of a BLAKE2b hash, clipped, and turned at once into an integer.
"""

from __future__ import annotations

import hashlib
from statistics import NormalDist

import msgspec
import numpy as np

_STANDARD_NORMAL = NormalDist()
_SCALE = 2.0**-53
# What `study` gives.
Chance = np.random.Generator


class ClippedNormal(msgspec.Struct, frozen=True):
    """A normal with ``mean`` and ``sd`` kept within ``low`` to ``high``; all in the caller's unit (ms, bp)."""

    mean: float
    sd: float
    low: float
    high: float

    def __post_init__(self) -> None:
        if self.sd < 0 or not self.low <= self.high:
            raise ValueError(f"expected sd >= 0 and low <= high, found sd {self.sd}, low {self.low}, high {self.high}")


class KeyedDraws:
    """Draws of one family; equal keys give equal values for ever."""

    __slots__ = ("_seeded", "seed")

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._seeded = hashlib.blake2b(f"genesis.rng.1|{seed}|".encode(), digest_size=8)

    def made_of(self) -> tuple[int]:
        """What an equal one is made of."""
        return (self.seed,)

    def __deepcopy__(self, memo: dict[int, object]) -> KeyedDraws:
        """It has no state that changes: a copy of a strategy that draws draws the same."""
        return self

    def uniform(self, purpose: str, instrument: str, time_ns: int, ordinal: int) -> float:
        """A uniform draw in (0, 1)."""
        h = self._seeded.copy()
        h.update(f"{purpose}|{instrument}|{time_ns}|{ordinal}".encode())
        bits = int.from_bytes(h.digest(), "big") >> 11
        return (bits + 0.5) * _SCALE

    def clipped_normal(
        self, law: ClippedNormal, scale: int, purpose: str, instrument: str, time_ns: int, ordinal: int
    ) -> int:
        """One draw of ``law`` times ``scale``, rounded to the nearest integer (half to even)."""
        if law.sd == 0:
            x = law.mean
        else:
            u = self.uniform(purpose, instrument, time_ns, ordinal)
            x = law.mean + law.sd * _STANDARD_NORMAL.inv_cdf(u)
        return round(min(max(x, law.low), law.high) * scale)


def study(seed: int) -> Chance:
    """Chance for a simulation about strategies that do not exist; never for a run, whose draws are keyed.

    Draws of one seed are the same for ever under one version of numpy; another may give others.
    """
    return np.random.default_rng(seed)
