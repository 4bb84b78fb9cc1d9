"""Why an amount has no value in another currency: an answer, not an exception. The valuation that asked is then an error."""

from __future__ import annotations

from enum import Enum

import msgspec

from genesis.clock import NS_PER_SECOND


class RateProblem(Enum):
    """No instruments lead from one currency to the other; one of them has no price yet; its price is too old."""

    NO_PATH = "NO_PATH"
    NO_PRICE = "NO_PRICE"
    STALE = "STALE"


class NoRate(msgspec.Struct, frozen=True):
    """``instrument`` is the one that is missing its price (empty without a path), ``age_ns`` how old the price is."""

    problem: RateProblem
    source: str
    target: str
    instrument: str = ""
    age_ns: int | None = None
    limit_ns: int | None = None

    def __str__(self) -> str:
        pair = f"{self.source} to {self.target}"
        if self.problem is RateProblem.NO_PATH:
            return f"{pair}: expected instruments on the tape that lead there, found none"
        if self.age_ns is None or self.limit_ns is None:
            return f"{pair}: expected a price of {self.instrument}, found none yet"
        age, limit = (f"{ns // NS_PER_SECOND} s" for ns in (self.age_ns, self.limit_ns))
        return f"{pair}: expected a price of {self.instrument} of at most {limit}, found one {age} old"
