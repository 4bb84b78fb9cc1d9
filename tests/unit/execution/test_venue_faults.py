"""The venue half of a plan: each fault changes what it must, and nothing else."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.clock import NS_PER_DAY, NS_PER_HOUR, NS_PER_MS, NS_PER_SECOND, iso_utc
from genesis.execution.fault_plan import (
    BUILT_IN,
    MARKET_CLOSED,
    NOT_CONNECTED,
    RATE_LIMITS,
    REFUSALS,
    Disconnect,
    FaultPlan,
    Halt,
    LostAnswers,
    RateLimit,
    Refusal,
    Rejects,
    Span,
    Timeouts,
)
from genesis.execution.faults import VenueFaults, venue_faults
from genesis.model.orders import RejectReason
from genesis.rng import ClippedNormal

T = 20_500 * NS_PER_DAY
S = NS_PER_SECOND
ID = "BTCUSDT.BINANCE"


def span(start_s: int, stop_s: int) -> Span:
    return Span(iso_utc(T + start_s * S), iso_utc(T + stop_s * S))


def faults(seed: int = 1, **plan: Any) -> VenueFaults:
    made = venue_faults(FaultPlan(**plan), seed)
    assert made is not None
    return made


def is_halted(of: VenueFaults, instrument: str, time_ns: int) -> bool:
    halts = of.halts_of(instrument)
    return halts is not None and halts.end_of(time_ns) is not None


def refusals(of: VenueFaults, orders: int = 2_000, instrument: str = ID) -> list[Refusal | None]:
    """What is said to one order a second."""
    return [of.on_send(instrument, T + i * S, 1) for i in range(orders)]


def test_a_plan_in_which_nothing_happens_is_no_object() -> None:
    """So that without faults nobody is asked anything."""
    assert venue_faults(FaultPlan(), 1) is None
    assert (
        venue_faults(FaultPlan(rejects=Rejects(), timeouts=Timeouts(), halt=Halt(), disconnect=Disconnect()), 1) is None
    )
    assert venue_faults(BUILT_IN["feed-gap"], 1) is None


# ---- rejects


def test_a_share_of_the_orders_is_refused_in_the_venues_words() -> None:
    """A tenth of 2,000: 200, give or take four deviations of 13.4; both reasons about equally often."""
    of = faults(rejects=Rejects(share=Decimal("0.1"), reasons=(RejectReason.CLOCK, RejectReason.INSUFFICIENT_BALANCE)))
    found = [r for r in refusals(of) if r is not None]
    assert 147 <= len(found) <= 253
    assert set(found) == {REFUSALS[RejectReason.CLOCK], REFUSALS[RejectReason.INSUFFICIENT_BALANCE]}
    assert 0.35 < sum(r.code == -1021 for r in found) / len(found) < 0.65
    assert of.injected == {"reject": len(found)}


def test_a_refusal_is_drawn_from_the_moment_and_not_from_what_came_before() -> None:
    """Asked backwards, the same orders are refused; another ordinal, instrument or seed is other luck."""
    plan: dict[str, Any] = {"rejects": Rejects(share=Decimal("0.3"))}
    forwards, backwards = faults(**plan), faults(**plan)
    said = refusals(forwards, 500)
    assert [backwards.on_send(ID, T + i * S, 1) for i in reversed(range(500))] == said[::-1]
    assert [faults(**plan).on_send(ID, T + i * S, 2) for i in range(500)] != said
    assert refusals(faults(**plan), 500, "ETHUSDT.BINANCE") != said
    assert refusals(faults(seed=2, **plan), 500) != said


def test_a_plan_may_have_a_seed_of_its_own() -> None:
    """Then the run's seed does not matter."""
    plan = FaultPlan(seed=9, rejects=Rejects(share=Decimal("0.3")))
    one, two = venue_faults(plan, 1), venue_faults(plan, 2)
    assert one is not None
    assert two is not None
    assert refusals(one, 300) == refusals(two, 300)


def test_rejects_touch_no_answer_no_cancel_and_no_market() -> None:
    """They refuse orders and do nothing else."""
    of = faults(rejects=Rejects(share=Decimal(1)))
    assert of.on_cancel(T) is None
    assert of.on_arrival(ID, T) is None
    assert of.heard(ID, T, T + 5, T, 1, 0) == T + 5
    assert of.halts_of(ID) is None


# ---- timeouts and lost answers


def test_a_timeout_makes_the_first_answer_late_and_refuses_nothing() -> None:
    """The order executes (execution.md 3.4, -1007); what is heard of it first comes 2 to 5 s late, the later answers in time."""
    of = faults(timeouts=Timeouts(share=Decimal(1), late_s=ClippedNormal(3, 1, 2, 5)))
    assert refusals(of, 50) == [None] * 50
    late = [of.heard(ID, T + i, T + i + 7, T + i, 1, 0) - (T + i + 7) for i in range(50)]
    assert 2 * S <= min(late) < max(late) <= 5 * S
    assert of.heard(ID, T, T + 7, T, 1, 1) == T + 7
    assert of.injected == {"timeout": 50}


def test_a_lost_answer_is_found_so_many_seconds_after_it_happened() -> None:
    """Not after it would have been heard: reconciliation asks what the venue knows."""
    of = faults(lost_answers=LostAnswers(share=Decimal(1), recovered_after_s=Decimal("1.5")))
    assert of.heard(ID, T, T + 5 * NS_PER_MS, T, 1, 0) == T + 1_500 * NS_PER_MS
    assert of.heard(ID, T, T + 2 * S, T, 1, 3) == T + 2 * S
    assert of.injected == {"lost answer": 2}


def test_each_answer_to_an_order_may_be_lost_by_itself() -> None:
    """A quarter of 1,000 answers to one order: 250, give or take four deviations of 13.7."""
    of = faults(lost_answers=LostAnswers(share=Decimal("0.25")))
    lost = [n for n in range(1_000) if of.heard(ID, T, T + 5, T, 1, n) != T + 5]
    assert 195 <= len(lost) <= 305
    assert of.injected == {"lost answer": len(lost)}


# ---- windows


@pytest.mark.parametrize(("code", "cancel"), [(-1015, None), (-1003, RATE_LIMITS[-1003])])
def test_a_rate_limit_refuses_orders_in_its_window(code: int, cancel: Refusal | None) -> None:
    """-1015 counts orders alone; -1003 counts requests, and a cancel is one."""
    of = faults(rate_limit=RateLimit(windows=[span(10, 20)], code=code))
    assert [of.on_send(ID, T + s * S, 1) for s in (9, 10, 19, 20)] == [None, RATE_LIMITS[code], RATE_LIMITS[code], None]
    assert [of.on_cancel(T + s * S) for s in (9, 15, 20)] == [None, cancel, None]
    assert of.heard(ID, T + 15 * S, T + 16 * S, T, 1, 0) == T + 16 * S
    assert of.on_arrival(ID, T + 15 * S) is None


def test_while_disconnected_nothing_is_sent_and_nothing_is_heard() -> None:
    """Orders and cancels are known not to have left; answers wait for the connection."""
    of = faults(disconnect=Disconnect(windows=[span(10, 20)]))
    assert [of.on_send(ID, T + s * S, 1) for s in (9, 10, 20)] == [None, NOT_CONNECTED, None]
    assert [of.on_cancel(T + s * S) for s in (9, 19, 20)] == [None, NOT_CONNECTED, None]
    heard = [of.heard(ID, T, T + s * S, T, 1, 0) - T for s in (9, 10, 19, 20)]
    assert heard == [9 * S, 20 * S, 20 * S, 20 * S]
    assert of.halts_of(ID) is None
    assert of.on_arrival(ID, T + 15 * S) is None
    assert of.injected == {
        "disconnect: answer held back": 2,
        "disconnect: cancel not sent": 1,
        "disconnect: order not sent": 1,
    }


def test_a_connection_is_one_for_all_instruments() -> None:
    """Drawn windows of disconnects and rate limits do not depend on the instrument; those of halts do."""
    of = faults(disconnect=Disconnect(per_day=Decimal(400)), halt=Halt(per_day=Decimal(400)))
    times = [T + i * NS_PER_HOUR // 60 for i in range(600)]
    sent = [[of.on_send(i, t, 1) for t in times] for i in ("A.X", "B.X")]
    assert sent[0] == sent[1]
    assert set(sent[0]) == {NOT_CONNECTED, None}
    halted = [[is_halted(of, i, t) for t in times] for i in ("A.X", "B.X")]
    assert halted[0] != halted[1]
    assert all(True in h and False in h for h in halted)


def test_in_a_halt_orders_are_refused_and_cancels_and_answers_go_through() -> None:
    """-2010 "Market is closed." at arrival, whenever it was sent; of the other instruments nothing is halted."""
    of = faults(halt=Halt(windows=[span(10, 20)], instruments=[ID]))
    assert [of.on_arrival(ID, T + s * S) for s in (9, 10, 20)] == [None, MARKET_CLOSED, None]
    assert [is_halted(of, ID, T + s * S) for s in (9, 10, 19, 20)] == [False, True, True, False]
    assert of.halts_of("ETHUSDT.BINANCE") is None
    assert of.on_send(ID, T + 15 * S, 1) is None
    assert of.on_cancel(T + 15 * S) is None
    assert of.heard(ID, T, T + 15 * S, T, 1, 0) == T + 15 * S


def test_a_bar_that_a_halt_touches_is_known() -> None:
    """[open, close) and the window share a moment."""
    of = faults(halt=Halt(windows=[span(10, 20)]))
    bars = [(0, 10), (5, 11), (12, 15), (19, 30), (20, 30), (0, 60)]
    halts = of.halts_of(ID)
    assert halts is not None
    assert [bool(halts.between(T + a * S, T + b * S)) for a, b in bars] == [False, True, True, True, False, True]


def test_the_windows_of_a_run_are_counted_and_measured() -> None:
    """For whoever tells what was injected: the connection's once, a halt's for each instrument it concerns, each as far as it met the run."""
    of = faults(
        disconnect=Disconnect(windows=[span(10, 20)]),
        rate_limit=RateLimit(windows=[span(30, 40), span(50, 65), span(90, 95)]),
        halt=Halt(windows=[span(15, 25)], instruments=["A.X"]),
    )
    assert of.times(["A.X", "B.X"], T, T + 60 * S) == [
        ("disconnect", "", 1, 10 * S),
        ("rate limit", "", 2, 20 * S),
        ("halt", "A.X", 1, 10 * S),
    ]


def test_what_falls_into_a_window_is_counted_there() -> None:
    """Orders and cancels that were not sent and answers that had to wait, by the window that did it."""
    of = faults(disconnect=Disconnect(windows=[span(10, 20), span(30, 40)]), halt=Halt(windows=[span(50, 60)]))
    of.on_send(ID, T + 12 * S, 1)
    of.on_cancel(T + 15 * S)
    of.heard(ID, T, T + 39 * S, T, 1, 0)
    of.on_arrival(ID, T + 55 * S)
    of.on_arrival(ID, T + 65 * S)
    assert of.hit == {
        ("disconnect", "", T + 10 * S, T + 20 * S): 2,
        ("disconnect", "", T + 30 * S, T + 40 * S): 1,
        ("halt", ID, T + 50 * S, T + 60 * S): 1,
    }


# ---- the whole


def delivered(of: VenueFaults, answers: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """(heard, order, number) of answers (happened, order, number) in the order in which a track hears them.

    As the executor does it: no answer to an order overtakes an earlier one, and what is heard at one moment comes as it happened.
    """
    last: dict[int, int] = {}
    out = []
    for happened, order, number in answers:
        at = max(of.heard(ID, happened, happened + 5 * NS_PER_MS, T + order, 1, number), last.get(order, 0))
        last[order] = at
        out.append((at, order, number))
    return sorted(out, key=lambda answer: answer[0])


@given(
    st.lists(st.tuples(st.integers(0, 600), st.integers(0, 3)), min_size=1, max_size=40),
    st.integers(0, 9),
    st.sampled_from(["rough-day", "flaky-venue", "disconnects"]),
)
def test_no_answer_is_lost_or_heard_twice_and_an_orders_answers_keep_their_order(
    happened: list[tuple[int, int]], seed: int, plan: str
) -> None:
    """Whatever the plan does to their times; none is heard before it would have been, or while disconnected."""
    of = venue_faults(BUILT_IN[plan], seed)
    assert of is not None
    count: dict[int, int] = {}
    answers = []
    for second, order in sorted(happened):
        answers.append((T + second * S, order, count.get(order, 0)))
        count[order] = count.get(order, 0) + 1
    heard = delivered(of, answers)
    assert sorted((o, n) for _, o, n in heard) == sorted((o, n) for _, o, n in answers)
    for order in count:
        assert [n for _, o, n in heard if o == order] == list(range(count[order]))
    times = {(o, n): t for t, o, n in answers}
    assert all(at >= times[o, n] + 5 * NS_PER_MS for at, o, n in heard)
    assert all(of.on_cancel(at) is not NOT_CONNECTED for at, _, _ in heard)


def test_after_a_disconnect_everything_is_heard_as_it_happened() -> None:
    """Two orders' answers of the window come at its end, in the order of the venue."""
    of = faults(disconnect=Disconnect(windows=[span(10, 20)]))
    answers = [(T + 9 * S, 1, 0), (T + 11 * S, 2, 0), (T + 12 * S, 1, 1), (T + 19 * S, 2, 1), (T + 21 * S, 1, 2)]
    end = T + 20 * S
    assert delivered(of, answers) == [
        (T + 9 * S + 5 * NS_PER_MS, 1, 0),
        (end, 2, 0),
        (end, 1, 1),
        (end, 2, 1),
        (T + 21 * S + 5 * NS_PER_MS, 1, 2),
    ]
