"""A plan's values: the venue's words, what is refused, and the plans that have a name."""

from __future__ import annotations

from decimal import Decimal

import pytest

from genesis.clock import parse_utc
from genesis.execution.fault_plan import (
    BUILT_IN,
    MARKET_CLOSED,
    NOT_CONNECTED,
    RATE_LIMITS,
    REFUSALS,
    Deliveries,
    FaultPlan,
    Gap,
    Halt,
    LostAnswers,
    RateLimit,
    Rejects,
    Span,
    Timeouts,
)
from genesis.model.orders import RejectReason
from genesis.rng import ClippedNormal
from genesis.tape.stream import StreamKind


def test_the_venue_speaks_byte_for_byte() -> None:
    """Clients tell errors apart by code and exact message, with the full stop."""
    said = [r.detail for r in (*REFUSALS.values(), *RATE_LIMITS.values(), MARKET_CLOSED)]
    assert said == [
        "-2010 Account has insufficient balance for requested action.",
        "-1008 Server is currently overloaded with other requests. Please try again in a few minutes.",
        "-1021 Timestamp for this request is outside of the recvWindow.",
        "-1015 Too many new orders; current limit is 100 orders per 10 SECOND.",
        "-1003 Too much request weight used; current limit is 6000 request weight per 1 MINUTE. "
        "Please use WebSocket Streams for live updates to avoid polling the API.",
        "-2010 Market is closed.",
    ]


def test_what_never_left_has_no_code() -> None:
    """A lost connection is not the venue's word."""
    assert (NOT_CONNECTED.code, NOT_CONNECTED.reason) == (None, RejectReason.NOT_CONNECTED)
    assert NOT_CONNECTED.detail == "expected a connection to the venue, found none: nothing was sent"


BAD = [
    (lambda: Span("2026-01-02", "2026-01-02"), "expected from before to, found 2026-01-02 and 2026-01-02"),
    (lambda: Span("soon", "2026-01-02"), "from: expected an ISO 8601 date or instant, found 'soon'"),
    (lambda: Gap(per_day=Decimal(1441)), "per_day: expected 0 to 1440, found 1441"),
    (
        lambda: Halt(per_day=Decimal(24), length_s=ClippedNormal(60, 1, 60, 7_200)),
        "per_day: expected at most 12, a day full of windows of 7200 s, found 24",
    ),
    (lambda: Gap(per_day=Decimal(-1)), "per_day: expected 0 to 1440, found -1"),
    (
        lambda: Halt(length_s=ClippedNormal(1, 1, 0, 2)),
        "length_s: expected low above 0 and high at most 604800, found 0 and 2",
    ),
    (lambda: Deliveries(share=Decimal("1.1")), "share: expected 0 to 1, found 1.1"),
    (lambda: Deliveries(streams=(StreamKind.BARS,)), "streams: expected some of trades, quotes, depth, found bars"),
    (
        lambda: Deliveries(delay_ms=ClippedNormal(1, 1, 1, 4_000_000)),
        "delay_ms: expected low above 0 and high at most 3600000, found 1 and 4000000",
    ),
    (
        lambda: Rejects(reasons=(RejectReason.IOC_REST,)),
        "reasons: expected some of INSUFFICIENT_BALANCE, OVERLOADED, CLOCK, found IOC_REST",
    ),
    (lambda: Timeouts(share=Decimal(2)), "share: expected 0 to 1, found 2"),
    (
        lambda: LostAnswers(recovered_after_s=Decimal(0)),
        "recovered_after_s: expected above 0 and at most 604800, found 0",
    ),
    (lambda: RateLimit(code=-2010), "code: expected one of -1015, -1003, found -2010"),
    (lambda: RateLimit(per_day=Decimal(5000)), "per_day: expected 0 to 1440, found 5000"),
]


@pytest.mark.parametrize(("make", "words"), BAD, ids=[words for _, words in BAD])
def test_a_plan_that_cannot_be_is_refused(make, words: str) -> None:  # type: ignore[no-untyped-def]
    """Field, what was expected, what was found."""
    with pytest.raises(ValueError) as error:
        make()
    assert str(error.value) == words


def test_a_span_is_engine_time() -> None:
    """ISO text in UTC, to the nanosecond."""
    span = Span("2026-05-02T02:40:00Z", "2026-05-02T02:40:00.000000001Z")
    assert (span.start_ns, span.stop_ns - span.start_ns) == (parse_utc("2026-05-02T02:40:00"), 1)


def test_a_fault_without_share_windows_or_rate_is_off() -> None:
    """It stands in a plan and never happens."""
    on = Span("2026-01-01", "2026-01-02")
    assert all(f.is_off for f in (Gap(), Halt(), RateLimit(), Deliveries(), Rejects(), Timeouts(), LostAnswers()))
    assert not any(f.is_off for f in (Gap(windows=[on]), Halt(per_day=Decimal(1)), Rejects(share=Decimal("0.1"))))


def test_every_built_in_plan_says_what_it_is_and_does_something() -> None:
    """A name in a report needs a sentence; each fault is in at least one plan."""
    faults = [f for f in FaultPlan.__struct_fields__ if f not in ("about", "seed")]
    for name, plan in BUILT_IN.items():
        happening = [f for f in faults if getattr(plan, f) is not None]
        assert plan.about, name
        assert happening, name
        assert not any(getattr(plan, f).is_off for f in happening), name
    assert all(getattr(BUILT_IN["rough-day"], f) is not None for f in faults)
