"""What may go wrong on purpose: the values of a fault plan, the venue's refusals by code and message, and the plans that have a name.

A plan is no more than values. What it does to recorded market data is in ``genesis.feeds.faults``, what it does to orders and
answers in ``genesis.execution.faults``; both are functions of (plan, seed, tape) alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from genesis.clock import parse_utc
from genesis.model.orders import RejectReason
from genesis.rng import ClippedNormal
from genesis.tape.stream import StreamKind

PER_DAY_MAX = 1440
LENGTH_MAX_S = 7 * 86_400
DELAY_MAX_MS = 3_600_000

TOO_MANY_ORDERS = -1015
TOO_MUCH_WEIGHT = -1003


class Refusal(msgspec.Struct, frozen=True, gc=False):
    """An order or a cancel that the venue does not take.

    ``message`` is the venue's own, byte for byte; ``code`` is ``None`` where it never got there: then it is known at once, and
    nothing travels.
    """

    reason: RejectReason
    code: int | None
    message: str

    @property
    def detail(self) -> str:
        """Code and message in one line, as an entry keeps it."""
        return self.message if self.code is None else f"{self.code} {self.message}"


# Codes and messages: Binance spot API, errors.md ("10xx" and "Messages for -1010, -2010 and -2011"). Clients compare the message
# with its full stop. The limits filled in for %s are those of execution.md 3.7: 100 orders in 10 seconds, 6,000 of weight a minute.
REFUSALS: dict[RejectReason, Refusal] = {
    r.reason: r
    for r in (
        Refusal(RejectReason.INSUFFICIENT_BALANCE, -2010, "Account has insufficient balance for requested action."),
        Refusal(
            RejectReason.OVERLOADED,
            -1008,
            "Server is currently overloaded with other requests. Please try again in a few minutes.",
        ),
        Refusal(RejectReason.CLOCK, -1021, "Timestamp for this request is outside of the recvWindow."),
    )
}
RATE_LIMITS: dict[int, Refusal] = {
    TOO_MANY_ORDERS: Refusal(
        RejectReason.RATE_LIMIT, TOO_MANY_ORDERS, "Too many new orders; current limit is 100 orders per 10 SECOND."
    ),
    TOO_MUCH_WEIGHT: Refusal(
        RejectReason.RATE_LIMIT,
        TOO_MUCH_WEIGHT,
        "Too much request weight used; current limit is 6000 request weight per 1 MINUTE. Please use WebSocket Streams for live "
        "updates to avoid polling the API.",
    ),
}
# An order is executed all the same (execution.md 3.4): the message alone says nothing of what became of it.
UNANSWERED_CODE = -1007
UNANSWERED = "Timeout waiting for response from backend server. Send status unknown; execution status unknown."
# Where a strategy's `faults` says this, it is spared what the run's says.
NO_PLAN = "none"
MARKET_CLOSED = Refusal(RejectReason.MARKET_CLOSED, -2010, "Market is closed.")
NOT_CONNECTED = Refusal(
    RejectReason.NOT_CONNECTED, None, "expected a connection to the venue, found none: nothing was sent"
)


def _share(share: Decimal) -> None:
    if not 0 <= share <= 1:
        raise ValueError(f"share: expected 0 to 1, found {share}")


def _within(law: ClippedNormal, name: str, above: float, most: float) -> None:
    if not above < law.low <= law.high <= most:
        raise ValueError(f"{name}: expected low above {above} and high at most {most}, found {law.low} and {law.high}")


class Span(msgspec.Struct, frozen=True):
    """A stretch of engine time, [``from``, ``to``), as ISO 8601 text in UTC."""

    start: str = msgspec.field(name="from")
    stop: str = msgspec.field(name="to")

    def __post_init__(self) -> None:
        for name, text in (("from", self.start), ("to", self.stop)):
            try:
                parse_utc(text)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
        if not self.start_ns < self.stop_ns:
            raise ValueError(f"expected from before to, found {self.start} and {self.stop}")

    @property
    def start_ns(self) -> int:
        """Engine time, UTC ns."""
        return parse_utc(self.start)

    @property
    def stop_ns(self) -> int:
        """Engine time, UTC ns."""
        return parse_utc(self.stop)


class Windowed(msgspec.Struct, frozen=True, kw_only=True):
    """A fault that has times: ``windows`` given, and others drawn, ``per_day`` of them on average, each ``length_s`` seconds long."""

    windows: list[Span] = []
    per_day: Decimal = Decimal(0)
    length_s: ClippedNormal = ClippedNormal(60, 20, 10, 180)

    def __post_init__(self) -> None:
        if not 0 <= self.per_day <= PER_DAY_MAX:
            raise ValueError(f"per_day: expected 0 to {PER_DAY_MAX}, found {self.per_day}")
        _within(self.length_s, "length_s", 0, LENGTH_MAX_S)
        # Else windows would touch each other without end.
        most = 86_400 / self.length_s.high
        if self.per_day > most:
            raise ValueError(
                f"per_day: expected at most {most:g}, a day full of windows of {self.length_s.high:g} s, found {self.per_day}"
            )

    @property
    def is_off(self) -> bool:
        """Whether it never happens."""
        return not self.windows and not self.per_day


# What a feed brings. Mark prices and funding are the venue's own bookkeeping: it goes on whatever a client hears.
_FED = (StreamKind.TRADES, StreamKind.ORDERS, StreamKind.QUOTES, StreamKind.DEPTH, StreamKind.BARS)
_DELIVERED = (StreamKind.TRADES, StreamKind.QUOTES, StreamKind.DEPTH)


def _some_of(streams: Sequence[StreamKind], known: Sequence[StreamKind]) -> None:
    for kind in streams:
        if kind not in known:
            raise ValueError(f"streams: expected some of {', '.join(k.value for k in known)}, found {kind.value}")


class Gap(Windowed, frozen=True, kw_only=True):
    """Rows of these instruments (``None``: every one) and streams are missing in a window.

    Where depth or orders are among them the book is read anew at the window's end, as a client does that has connected again.
    """

    instruments: list[str] | None = None
    streams: Annotated[tuple[StreamKind, ...], Meta(min_length=1)] = _FED

    def __post_init__(self) -> None:
        super().__post_init__()
        _some_of(self.streams, _FED)


class StaleQuotes(Windowed, frozen=True, kw_only=True):
    """Quotes, depth and orders stand still in a window while trades go on; what was held back arrives at its end, in order."""

    instruments: list[str] | None = None


class Deliveries(msgspec.Struct, frozen=True, kw_only=True):
    """A share of all messages is delivered otherwise than it should, with a delay of ``delay_ms`` milliseconds.

    A message is a trade, a quote, or the depth rows that arrived together. Bars are made here and are not delivered.
    """

    share: Decimal = Decimal(0)
    delay_ms: ClippedNormal = ClippedNormal(200, 150, 1, 2_000)
    instruments: list[str] | None = None
    streams: Annotated[tuple[StreamKind, ...], Meta(min_length=1)] = _DELIVERED

    def __post_init__(self) -> None:
        _share(self.share)
        _within(self.delay_ms, "delay_ms", 0, DELAY_MAX_MS)
        _some_of(self.streams, _DELIVERED)

    @property
    def is_off(self) -> bool:
        """Whether it never happens."""
        return not self.share


class Rejects(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the orders is refused by the venue, for one of ``reasons`` drawn with equal chances."""

    share: Decimal = Decimal(0)
    reasons: Annotated[tuple[RejectReason, ...], Meta(min_length=1)] = (RejectReason.OVERLOADED, RejectReason.CLOCK)

    def __post_init__(self) -> None:
        _share(self.share)
        for reason in self.reasons:
            if reason not in REFUSALS:
                known = ", ".join(r.value for r in REFUSALS)
                raise ValueError(f"reasons: expected some of {known}, found {reason.value}")

    @property
    def is_off(self) -> bool:
        """Whether it never happens."""
        return not self.share


class Timeouts(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the orders is executed and not answered in time (-1007): its first answer comes ``late_s`` seconds late."""

    share: Decimal = Decimal(0)
    late_s: ClippedNormal = ClippedNormal(10, 5, 1, 60)

    def __post_init__(self) -> None:
        _share(self.share)
        _within(self.late_s, "late_s", 0, LENGTH_MAX_S)

    @property
    def is_off(self) -> bool:
        """Whether it never happens."""
        return not self.share


class LostAnswers(msgspec.Struct, frozen=True, kw_only=True):
    """A share of the answers is lost; what they said is found by reconciliation ``recovered_after_s`` seconds after it happened."""

    share: Decimal = Decimal(0)
    recovered_after_s: Decimal = Decimal(30)

    def __post_init__(self) -> None:
        _share(self.share)
        if not 0 < self.recovered_after_s <= LENGTH_MAX_S:
            raise ValueError(
                f"recovered_after_s: expected above 0 and at most {LENGTH_MAX_S}, found {self.recovered_after_s}"
            )

    @property
    def is_off(self) -> bool:
        """Whether it never happens."""
        return not self.share


class RateLimit(Windowed, frozen=True, kw_only=True):
    """New orders are refused in a window: with -1015 they alone, with -1003 cancels too."""

    code: int = TOO_MANY_ORDERS

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.code not in RATE_LIMITS:
            raise ValueError(f"code: expected one of {', '.join(map(str, RATE_LIMITS))}, found {self.code}")


class Disconnect(Windowed, frozen=True, kw_only=True):
    """In a window nothing is sent and no answer is heard; what is open stays open at the venue, and is heard of afterwards."""


class Halt(Windowed, frozen=True, kw_only=True):
    """Trading in these instruments (``None``: every one) is halted in a window: orders are refused, nothing matches, cancels work."""

    instruments: list[str] | None = None


class FaultPlan(msgspec.Struct, frozen=True, kw_only=True):
    """Faults on purpose, for the feed and for the venue; what is ``None`` does not happen.

    ``seed``: of the plan's draws; ``None`` is the run's own. ``about`` is a sentence for the report.
    """

    about: str = ""
    seed: int | None = None
    gap: Gap | None = None
    stale_quotes: StaleQuotes | None = None
    reorder: Deliveries | None = None
    duplicates: Deliveries | None = None
    rejects: Rejects | None = None
    timeouts: Timeouts | None = None
    lost_answers: LostAnswers | None = None
    rate_limit: RateLimit | None = None
    disconnect: Disconnect | None = None
    halt: Halt | None = None


# The plans that have a name everywhere. Their rates are far above what a healthy venue shows: a short tape must meet them too.
BUILT_IN: dict[str, FaultPlan] = {
    "feed-gap": FaultPlan(
        about="every half hour on average, nothing arrives for 10 s to 5 min",
        gap=Gap(per_day=Decimal(48), length_s=ClippedNormal(60, 60, 10, 300)),
    ),
    "stale-quotes": FaultPlan(
        about="every quarter of an hour on average, quotes and depth stand still for 5 to 60 s while trades go on",
        stale_quotes=StaleQuotes(per_day=Decimal(96), length_s=ClippedNormal(20, 15, 5, 60)),
    ),
    "messy-feed": FaultPlan(
        about="one message in fifty is up to 2 s late, one in fifty is delivered twice",
        reorder=Deliveries(share=Decimal("0.02")),
        duplicates=Deliveries(share=Decimal("0.02")),
    ),
    "flaky-venue": FaultPlan(
        about="one order in twenty is refused, one in fifty is executed and not answered in time, one answer in fifty is lost",
        rejects=Rejects(share=Decimal("0.05")),
        timeouts=Timeouts(share=Decimal("0.02")),
        lost_answers=LostAnswers(share=Decimal("0.02")),
    ),
    "rate-limit": FaultPlan(
        about="every half hour on average, new orders are refused for 5 to 60 s",
        rate_limit=RateLimit(per_day=Decimal(48), length_s=ClippedNormal(10, 10, 5, 60)),
    ),
    "disconnects": FaultPlan(
        about="every half hour on average, the connection to the venue is gone for 5 s to 5 min",
        disconnect=Disconnect(per_day=Decimal(48), length_s=ClippedNormal(45, 45, 5, 300)),
    ),
    "halted-market": FaultPlan(
        about="every four hours on average, trading is halted for 5 min to an hour",
        halt=Halt(per_day=Decimal(6), length_s=ClippedNormal(900, 600, 300, 3_600)),
    ),
    "rough-day": FaultPlan(
        about="all of it at once: about every hour a gap, stale quotes, a refusing venue or a lost connection, twice a day a halt",
        gap=Gap(per_day=Decimal(12), length_s=ClippedNormal(60, 60, 10, 300)),
        stale_quotes=StaleQuotes(per_day=Decimal(24), length_s=ClippedNormal(20, 15, 5, 60)),
        reorder=Deliveries(share=Decimal("0.005")),
        duplicates=Deliveries(share=Decimal("0.005")),
        rejects=Rejects(share=Decimal("0.02")),
        timeouts=Timeouts(share=Decimal("0.01")),
        lost_answers=LostAnswers(share=Decimal("0.01")),
        rate_limit=RateLimit(per_day=Decimal(12), length_s=ClippedNormal(10, 10, 5, 60)),
        disconnect=Disconnect(per_day=Decimal(12), length_s=ClippedNormal(45, 45, 5, 300)),
        halt=Halt(per_day=Decimal(2), length_s=ClippedNormal(900, 600, 300, 3_600)),
    ),
}
