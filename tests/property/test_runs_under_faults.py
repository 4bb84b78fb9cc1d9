"""Random plans over random tapes, whole runs: whatever goes wrong, money is conserved, orders live legally, and the cut of the tape never shows."""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.clock import iso_utc
from genesis.execution.fault_plan import (
    Deliveries,
    Disconnect,
    FaultPlan,
    Gap,
    Halt,
    LostAnswers,
    RateLimit,
    Rejects,
    Span,
    StaleQuotes,
    Timeouts,
)
from genesis.feeds.files.reading import Reading
from genesis.model.events import (
    OrderAccepted,
    OrderCanceled,
    OrderEvent,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderTriggered,
    OrderUnanswered,
)
from genesis.model.run_events import FaultsInjected
from genesis.rng import ClippedNormal
from tests.kit.disturbed import PLAN, TRADERS, entries_of, events_of, prepared, quotes, ran, trades
from tests.kit.runs import START, Memory
from tests.kit.walks import MS, Prints, walks

TRACK = f"own!{PLAN}"
_OF_THE_VENUE = (OrderSubmitted, OrderAccepted, OrderRejected, OrderTriggered, OrderFilled, OrderCanceled, OrderExpired)
WALKS = walks(30, 80, [0, 1, 40 * MS, 300 * MS, 900 * MS], (-1, 1))


@st.composite
def spans(draw: st.DrawFn) -> list[Span]:
    starts = draw(st.lists(st.integers(0, 40_000), max_size=2))
    return [Span(iso_utc(START + a * MS), iso_utc(START + (a + draw(st.integers(1, 9_000))) * MS)) for a in starts]


SHARE = st.sampled_from([Decimal(0), Decimal("0.3"), Decimal(1)])
PLANS = st.builds(
    lambda gap, stale, halt, gone, limit, code, shares, delay: FaultPlan(
        gap=Gap(windows=gap),
        stale_quotes=StaleQuotes(windows=stale),
        halt=Halt(windows=halt),
        disconnect=Disconnect(windows=gone),
        rate_limit=RateLimit(windows=limit, code=code),
        rejects=Rejects(share=min(shares[0], Decimal("0.3"))),
        timeouts=Timeouts(share=shares[1], late_s=ClippedNormal(3, 3, 1, 9)),
        lost_answers=LostAnswers(share=shares[2], recovered_after_s=Decimal(2)),
        reorder=Deliveries(share=shares[3], delay_ms=delay),
        duplicates=Deliveries(share=shares[4], delay_ms=delay),
    ),
    *(spans() for _ in range(5)),
    st.sampled_from([-1015, -1003]),
    st.tuples(*(SHARE for _ in range(5))),
    st.sampled_from([ClippedNormal(300, 300, 1, 2_000), ClippedNormal(40, 0, 40, 40)]),
)
WHO = st.sampled_from(["Restless", "Sleeper", "QuoteFollower", "Raises"])


def readings(rows: Prints) -> list[Reading]:
    return [trades(rows), quotes([(t + 1, p - 1 - n % 2, n, p + 1, n + 3) for t, p, n, _ in rows])]


def run(rows: Prints, plan: FaultPlan, who: str, seed: int, cut: int | None = None) -> Memory:
    return ran(prepared(readings(rows), plan, f"{TRADERS}:{who}", seed), cut)


@given(WALKS, PLANS, WHO, st.integers(0, 3))
@settings(max_examples=10, deadline=None)
def test_the_cut_of_the_tape_never_shows_under_faults(rows: Prints, plan: FaultPlan, who: str, seed: int) -> None:
    """One row at a time, seven rows and everything at once give one chain."""
    heads = {(j.head, j.length) for j in (run(rows, plan, who, seed, cut) for cut in (1, 7, None))}
    assert len(heads) == 1


@given(WALKS, PLANS, WHO, st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_whatever_goes_wrong_money_is_conserved(rows: Prints, plan: FaultPlan, who: str, seed: int) -> None:
    """The ledger balances; what is held is what was heard of; what the venue holds besides is in answers still on their way."""
    made = prepared(readings(rows), plan, f"{TRADERS}:{who}", seed)
    journal = ran(made)
    track = made.tracks[-1]
    assert track.name == TRACK
    track.portfolio.ledger.check()
    fills = events_of(journal, OrderFilled)
    heard = sum(f.last_lots * f.order.intent.side for f in fills)
    (desk,) = track.executor._desks.values()
    waiting = [item for *_, item in track.agenda._heap if isinstance(item, OrderFilled)]
    assert track.desk.position_lots(track.feeds[0].instrument) == heard
    assert desk.party.position == heard + sum(f.last_lots * f.order.intent.side for f in waiting)


@given(WALKS, PLANS, WHO, st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_every_order_lives_legally(rows: Prints, plan: FaultPlan, who: str, seed: int) -> None:
    """Sent first; refused or accepted once and nothing after a refusal; ended once; filled in parts that add up, never twice the same."""
    journal = run(rows, plan, who, seed)
    lives: dict[str, list[OrderEvent]] = defaultdict(list)
    for event in journal.events:
        if isinstance(event, OrderEvent) and event.track == TRACK:
            lives[event.client_order_id].append(event)
    for life in lives.values():
        said = [type(e) for e in life]
        assert said[0] is OrderSubmitted
        assert said.count(OrderSubmitted) == 1
        assert said.count(OrderAccepted) + said.count(OrderRejected) <= 1
        assert said.count(OrderCanceled) + said.count(OrderExpired) + said.count(OrderRejected) <= 1
        if OrderRejected in said:
            assert said[-1] is OrderRejected
            assert OrderFilled not in said
        if OrderUnanswered in said:
            assert said.index(OrderUnanswered) < min(
                (n for n, kind in enumerate(said) if kind in (OrderAccepted, OrderRejected)), default=len(said)
            )
        fills = [e for e in life if isinstance(e, OrderFilled)]
        assert [f.number for f in fills] == list(range(1, len(fills) + 1))
        assert [f.filled_lots for f in fills] == [sum(f.last_lots for f in fills[: n + 1]) for n in range(len(fills))]
        assert [e.time for e in life] == sorted(e.time for e in life)
        times = [e.time_event for e in life if isinstance(e, _OF_THE_VENUE)]
        assert times == sorted(times)


@given(WALKS, PLANS, WHO, st.integers(0, 3))
@settings(max_examples=15, deadline=None)
def test_what_is_refused_not_heard_or_halted_is_so_in_its_window(
    rows: Prints, plan: FaultPlan, who: str, seed: int
) -> None:
    """No answer is heard while disconnected but that nothing was sent, nothing fills in a halt, and every hit lies in a window given."""
    journal = run(rows, plan, who, seed)
    assert plan.disconnect is not None
    assert plan.halt is not None
    gone = [(w.start_ns, w.stop_ns) for w in plan.disconnect.windows]
    halts = [(w.start_ns, w.stop_ns) for w in plan.halt.windows]
    for event in journal.events:
        if event.track != TRACK or not isinstance(event, (OrderFilled, OrderAccepted, OrderCanceled, OrderExpired)):
            continue
        assert not any(a <= event.time < b for a, b in gone)
        if isinstance(event, OrderFilled):
            assert not any(a <= event.time_event < b for a, b in halts)
    (told,) = events_of(journal, FaultsInjected)
    counted = sum(n for name, n in told.injected.items() if ":" in name)
    assert sum(w.hits for w in told.hit) == counted


@given(WALKS, PLANS, WHO, st.integers(0, 3))
@settings(max_examples=8, deadline=None)
def test_a_plan_never_touches_the_track_beside_it(rows: Prints, plan: FaultPlan, who: str, seed: int) -> None:
    """The undisturbed track has the entries of a run that knows of no plan."""
    alone = ran(prepared(readings(rows), None, f"{TRADERS}:{who}", seed))
    assert entries_of(run(rows, plan, who, seed), "own") == entries_of(alone, "own")
