"""Whole runs under fault plans, read as ledgers: what the venue did, what the track heard, and when."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from genesis.engine.price_age import oldest_price_ns
from genesis.execution.fault_plan import (
    BUILT_IN,
    UNANSWERED,
    Deliveries,
    Disconnect,
    FaultPlan,
    Gap,
    Halt,
    LostAnswers,
    RateLimit,
    Rejects,
    StaleQuotes,
    Timeouts,
)
from genesis.feeds.faults import fault_reading
from genesis.feeds.files.reading import Reading
from genesis.model.events import (
    OrderCanceled,
    OrderCancelRejected,
    OrderCancelRequested,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderUnanswered,
)
from genesis.model.market import BarSpec
from genesis.model.orders import RejectReason
from genesis.model.run_events import FaultsInjected, GapFound, TapeEnded
from genesis.model.track_events import TrackHalted, TrackStopped
from genesis.rng import ClippedNormal
from genesis.storage.sqlite import StoreReader
from genesis.system.run import run_prepared
from genesis.tape.stream import StreamKind
from tests.kit.disturbed import (
    HERE,
    PLAN,
    TRADERS,
    S,
    entries_of,
    events_of,
    prepared,
    quotes,
    ran,
    span,
    steady,
    trades,
)
from tests.kit.recordings import reading
from tests.kit.runs import START, Memory

MS = S // 1_000
TIMED = f"{HERE}:Timed"


def wave(seconds: int = 60) -> list[Reading]:
    """Ten trades and quotes a second whose price goes up and down by three ticks, with sizes that keep `Restless` busy."""
    tenth, rows, book = S // 10, [], []
    for i in range(10 * seconds):
        ticks = 10_000 + (i % 7) - (i % 4)
        rows.append((i * tenth, ticks, 1 + i * 7 % 23, 1 - 2 * (i % 2)))
        book.append((i * tenth + 1, ticks - 1, 20, ticks + 1, 20))
    return [trades(rows), quotes(book)]


def since(time_ns: int) -> float:
    """Milliseconds after START."""
    return (time_ns - START) / MS


def fills_of(journal: Memory, track: str = f"own!{PLAN}") -> list[OrderFilled]:
    return events_of(journal, OrderFilled, track)


def venue_position(of: Any) -> tuple[int, int]:
    """Lots that the venue says a track holds, and lots that the track heard of."""
    track = of.tracks[-1]
    (desk,) = track.executor._desks.values()
    return desk.party.position, track.desk.position_lots(track.feeds[0].instrument)


# ---- nothing happens


NOTHING = [
    FaultPlan(),
    FaultPlan(rejects=Rejects(), timeouts=Timeouts(), reorder=Deliveries(), gap=Gap(), halt=Halt()),
    # Everything is on, and all of it lies beyond the tape.
    FaultPlan(
        disconnect=Disconnect(windows=[span(900, 960)]),
        halt=Halt(windows=[span(900, 960)]),
        rate_limit=RateLimit(windows=[span(900, 960)]),
        gap=Gap(windows=[span(900, 960)]),
        stale_quotes=StaleQuotes(windows=[span(900, 960)]),
    ),
]


@pytest.mark.parametrize("plan", NOTHING)
@pytest.mark.parametrize("trader", ["Restless", "Sleeper", "QuoteFollower"])
def test_a_plan_in_which_nothing_happens_changes_no_byte(plan: FaultPlan, trader: str) -> None:
    """The entries under the plan are the undisturbed track's, but for the name and the last one, which says that nothing was done."""
    journal = ran(prepared(wave(), plan, f"{TRADERS}:{trader}"))
    disturbed, undisturbed = entries_of(journal, f"own!{PLAN}"), entries_of(journal, "own")
    assert disturbed[:-1] == undisturbed
    assert len(undisturbed) > 50
    (told,) = events_of(journal, FaultsInjected)
    assert (told.injected, told.times, told.hit) == ({}, (), ())
    assert told.oldest_price_ns == told.oldest_price_undisturbed_ns


def test_under_a_plan_a_scope_is_one_of_its_own() -> None:
    """Two buy 30 of the 50 shown: the second gets 20 at the touch and the rest later, undisturbed and under a plan that does nothing alike."""
    made = prepared(steady(20), NOTHING[2], TIMED, params={"at": {"5": "BUY"}, "lots": 30}, scope="one")
    journal = ran(made)
    for name in ("own", "other"):
        assert entries_of(journal, f"{name}!{PLAN}")[:-1] == entries_of(journal, name)
    assert [f.last_lots for f in fills_of(journal)] == [30]
    assert [f.last_lots for f in fills_of(journal, f"other!{PLAN}")][0] == 20


def test_a_plan_changes_nothing_of_the_undisturbed_track() -> None:
    """It has the entries of a run without a plan, and the tape ends when it ended; only the order among the tracks' entries is of both."""
    alone, beside = ran(prepared(wave(), None)), ran(prepared(wave(), BUILT_IN["rough-day"]))
    stormy = ran(prepared(wave(), FaultPlan(gap=Gap(windows=[span(20, 90)]), rejects=Rejects(share=Decimal(1)))))
    for journal in (beside, stormy):
        assert entries_of(journal, "own") == entries_of(alone, "own")
        assert journal.events[-1].time == alone.events[-1].time
        assert isinstance(journal.events[-1], TapeEnded)


# ---- the venue


def test_an_order_that_times_out_executes_once() -> None:
    """Bought at 5 s: the venue fills it as it fills the undisturbed order, says -1007, and tells of the fill 3 s late, once."""
    plan = FaultPlan(timeouts=Timeouts(share=Decimal(1), late_s=ClippedNormal(3, 0, 3, 3)))
    run = prepared(steady(20), plan, TIMED, params={"at": {"5": "BUY"}})
    journal = ran(run)
    (undisturbed,), (late,) = fills_of(journal, "own"), fills_of(journal)
    assert (late.time_event, late.last_ticks, late.last_lots) == (
        undisturbed.time_event,
        undisturbed.last_ticks,
        undisturbed.last_lots,
    )
    (unanswered,) = events_of(journal, OrderUnanswered)
    assert (unanswered.code, unanswered.detail) == (-1007, UNANSWERED)
    assert since(unanswered.time) < 5_020
    assert 8_005 < since(late.time) < 8_020
    assert venue_position(run) == (2, 2)
    (told,) = events_of(journal, FaultsInjected)
    assert told.injected == {"timeout": 1}


def test_a_lost_answer_is_found_after_its_time() -> None:
    """Acceptance and fill of one order are both lost; reconciliation finds both 4 s after they happened, in their order."""
    plan = FaultPlan(lost_answers=LostAnswers(share=Decimal(1), recovered_after_s=Decimal(4)))
    journal = ran(prepared(steady(20), plan, TIMED, params={"at": {"5": "BUY"}}))
    (fill,) = fills_of(journal)
    assert fill.time == fill.time_event + 4 * S
    answers = [e for e in journal.events if e.track == f"own!{PLAN}" and getattr(e, "order", None) is not None]
    assert [type(e).__name__ for e in answers] == ["OrderSubmitted", "OrderAccepted", "OrderFilled"]


@pytest.mark.parametrize("trader", ["Restless", "QuoteFollower"])
def test_what_happens_in_a_disconnect_is_heard_after_it_once_and_in_order(trader: str) -> None:
    """10 to 40 s without a connection: nothing is heard in it, then all, as it happened; the venue and the track agree on the position."""
    start, stop = START + 10 * S, START + 40 * S
    run = prepared(wave(), FaultPlan(disconnect=Disconnect(windows=[span(10, 40)])), f"{TRADERS}:{trader}")
    journal = ran(run)
    answers = [e for e in journal.events if e.track == f"own!{PLAN}" and isinstance(e, (OrderFilled, OrderCanceled))]
    assert not any(start <= e.time < stop for e in answers)
    held = [e for e in answers if e.time == stop]
    assert held
    assert [e.time_event for e in held] == sorted(e.time_event for e in held)
    assert all(start - 20 * MS < e.time_event < stop for e in held)
    fills = fills_of(journal)
    assert len({f.fill_id for f in fills}) == len(fills)
    for order in {f.client_order_id for f in fills}:
        own = [f for f in fills if f.client_order_id == order]
        assert [f.number for f in own] == list(range(1, len(own) + 1))
        assert [f.filled_lots for f in own] == [sum(f.last_lots for f in own[: n + 1]) for n in range(len(own))]
    at_venue, heard = venue_position(run)
    assert at_venue == heard == sum(f.last_lots * f.order.intent.side for f in fills)
    unsent = [e for e in events_of(journal, OrderRejected) if e.reason is RejectReason.NOT_CONNECTED]
    assert unsent
    assert all(start <= e.time_event < stop and e.time == e.time_event + MS for e in unsent)


def test_who_tries_again_at_once_while_disconnected_does_not_stand_still() -> None:
    """A strategy that answers every refusal with the same order or cancel: time goes on, and the run ends."""
    plan = FaultPlan(disconnect=Disconnect(windows=[span(6, 6.2)]))
    at = {"5": "BUY", "6": "cancel", "12": "cancel"}
    journal = ran(prepared(steady(15), plan, TIMED, params={"at": at, "rests": 50, "retries": True}))
    refused = events_of(journal, OrderCancelRejected)
    assert [round(since(e.time)) for e in refused] == list(range(6_001, 6_201))
    assert {(e.code, e.detail) for e in refused} == {
        (None, "expected a connection to the venue, found none: nothing was sent")
    }
    (canceled,) = events_of(journal, OrderCanceled)
    assert 6_205 < since(canceled.time) < 6_230


def test_a_cancel_over_the_request_limit_is_refused_and_the_order_works_on() -> None:
    """-1003 in its window, in the venue's words and a journey later; the next cancel ends the order."""
    plan = FaultPlan(rate_limit=RateLimit(windows=[span(6, 7)], code=-1003))
    at = {"5": "BUY", "6": "cancel", "8": "cancel"}
    journal = ran(prepared(steady(15), plan, TIMED, params={"at": at, "rests": 50}))
    (refused,) = events_of(journal, OrderCancelRejected)
    assert refused.code == -1003
    assert refused.detail.startswith("Too much request weight used; current limit is 6000")
    assert 6_007 < since(refused.time) < 6_030
    (canceled,) = events_of(journal, OrderCanceled)
    assert 8_007 < since(canceled.time) < 8_030
    assert len(events_of(journal, OrderCancelRequested)) == 2


@pytest.mark.parametrize("trader", ["Restless", "Sleeper"])
def test_nothing_fills_in_a_halt(trader: str) -> None:
    """10 to 40 s: no fill has its time in the window, orders that arrive are refused, cancels work; before and after it trades as ever."""
    start, stop = START + 10 * S, START + 40 * S
    journal = ran(prepared(wave(), FaultPlan(halt=Halt(windows=[span(10, 40)])), f"{TRADERS}:{trader}"))
    times = [f.time_event for f in fills_of(journal)]
    assert not [t for t in times if start <= t < stop]
    assert min(times) < start
    assert max(times) >= stop
    assert [t for t in (f.time_event for f in fills_of(journal, "own")) if start <= t < stop]
    refused = [e for e in events_of(journal, OrderRejected) if e.reason is RejectReason.MARKET_CLOSED]
    assert refused
    assert all(start <= e.time_event < stop and e.detail == "-2010 Market is closed." for e in refused)


def test_of_a_bar_that_a_halt_touches_nothing_is_filled() -> None:
    """Bars of a minute, halted from 1:30 to 1:31: an order decided at 1:00 would fill in the bar to 2:00 and waits for the next."""
    minute = 60 * S
    rows = [((i + 1) * minute, i * minute, 100 + i, 100 + i, 100 + i, 100 + i, 50) for i in range(6)]
    bars = reading(
        StreamKind.BARS, rows, ("ts", "time_open", "open", "high", "low", "close", "lots"), spec=BarSpec.parse("1m")
    )
    plan = FaultPlan(halt=Halt(windows=[span(90, 91)]))
    journal = ran(prepared([bars], plan, f"{HERE}:BuysOnABar"))
    assert [since(f.time_event) / 60_000 for f in fills_of(journal, "own")] == [2.0]
    assert [since(f.time_event) / 60_000 for f in fills_of(journal)] == [3.0]


def test_a_refused_order_says_code_and_words() -> None:
    """Every order is refused for want of balance, in the venue's words, and none is accepted."""
    plan = FaultPlan(rejects=Rejects(share=Decimal(1), reasons=(RejectReason.INSUFFICIENT_BALANCE,)))
    journal = ran(prepared(steady(20), plan, TIMED, params={"at": {"5": "BUY", "9": "SELL"}}))
    assert [(e.reason, e.detail) for e in events_of(journal, OrderRejected)] == 2 * [
        (RejectReason.INSUFFICIENT_BALANCE, "-2010 Account has insufficient balance for requested action.")
    ]
    assert fills_of(journal) == []
    assert len(fills_of(journal, "own")) == 2


# ---- the feed


def test_a_gap_is_told_of_the_streams_it_took_rows_from_and_of_no_other() -> None:
    """20 to 30 s are missing of the faulted streams; the recorded ones have no gap, and the position's price was 10 s old."""
    plan = FaultPlan(gap=Gap(windows=[span(20, 30)]))
    journal = ran(prepared(steady(60), plan, TIMED, params={"at": {"5": "BUY"}}))
    gaps = [e for e in journal.events if isinstance(e, GapFound)]
    assert [(e.stream, since(e.time_from), since(e.time_to), e.missing) for e in gaps] == [
        (f"EURUSD.FX/quotes!{PLAN}", 20_000, 30_000, None),
        (f"EURUSD.FX/trades!{PLAN}", 20_000, 30_000, 100),
    ]
    (told,) = events_of(journal, FaultsInjected)
    assert told.oldest_price_undisturbed_ns == S // 10
    assert told.oldest_price_ns == 10 * S + S // 10


def test_a_gap_that_goes_on_beyond_the_tape_is_told_when_it_ends() -> None:
    """The window ends after the last row: the gap is told with the tape's last moment."""
    journal = ran(prepared(steady(60), FaultPlan(gap=Gap(windows=[span(50, 90)])), TIMED, params={"at": {"5": "BUY"}}))
    gaps = [e for e in journal.events if isinstance(e, GapFound)]
    assert [since(e.time_to) for e in gaps] == [90_000, 90_000]
    assert {e.time for e in gaps} == {journal.events[-1].time}


def test_a_tape_of_which_nothing_arrives_is_no_tape_to_trade_on() -> None:
    """A gap over the whole tape: no price, so risk refuses every order for want of one; the run ends as the other does."""
    journal = ran(prepared(wave(), FaultPlan(gap=Gap(windows=[span(-1, 90)])), TIMED, params={"at": {"5": "BUY"}}))
    assert events_of(journal, OrderSubmitted) == []
    (told,) = events_of(journal, FaultsInjected)
    assert told.oldest_price_ns is None
    assert len(fills_of(journal, "own")) == 1


@pytest.mark.parametrize("fault", ["gap", "stale_quotes"])
def test_order_by_order_data_are_read_anew_after_a_window(fault: str) -> None:
    """What became of each order in it is known at its end, in its order; none of it is lost, so no order stays for ever."""
    rows = [(i * S, i + 1, 1 + i % 3, 1, 1_000 + i, 5) for i in range(12)]
    orders = reading(StreamKind.ORDERS, rows, ("ts", "order_id", "action", "side", "ticks", "lots"))
    windows = [span(4, 8)]
    gap = FaultPlan(gap=Gap(windows=windows))
    out = fault_reading(orders, gap if fault == "gap" else FaultPlan(stale_quotes=StaleQuotes(windows=windows)), 1)
    assert out.reading.columns["order_id"].tolist() == orders.columns["order_id"].tolist()
    assert [since(t) / 1_000 for t in out.reading.columns["ts"].tolist()] == [0, 1, 2, 3, 8, 8, 8, 8, 8, 9, 10, 11]
    assert [d.messages for d in out.done] == [4]


def test_the_age_of_a_price_is_that_of_the_last_row_by_then() -> None:
    """Rows at 0, 1 and 5 s: held from 1.5 to 4 s the oldest was 3 s; from 1.5 to 9 s it was 4 s; before the first row there was none."""
    stream = trades([(0, 100, 1, 1), (S, 100, 1, 1), (5 * S, 100, 1, 1)]).stream()
    stream.reveal(3)
    ages = [(1.5, 4.0), (1.5, 9.0), (5.5, 6.0), (0.0, 0.0), (-2.0, -1.0), (-2.0, 0.5)]
    found = [oldest_price_ns(stream, START + int(a * S), START + int(b * S)) for a, b in ages]
    assert found == [3 * S, 4 * S, S, 0, None, S // 2]


# ---- seeds


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_faults() -> None:
    """Of the run, or of the plan where it has one: then the run's changes no fault."""
    plan = FaultPlan(rejects=Rejects(share=Decimal("0.3")), reorder=Deliveries(share=Decimal("0.1")))
    own = FaultPlan(seed=5, rejects=plan.rejects, reorder=plan.reorder)

    def faults(plan: FaultPlan, seed: int) -> tuple[bytes, list[int], Any]:
        run = prepared(wave(), plan, seed=seed)
        journal = ran(run)
        refused = [e.time_event for e in events_of(journal, OrderRejected)]
        return journal.head, refused, run.faulted[0].digest

    assert faults(plan, 1) == faults(plan, 1)
    one, two = faults(plan, 1), faults(plan, 2)
    assert one[0] != two[0]
    assert one[2] != two[2]
    assert faults(own, 1)[2] == faults(own, 2)[2] != one[2]


def test_the_run_says_what_it_is_a_function_of() -> None:
    """The plan's values, whose track it disturbs, and each faulted stream with a digest of its own; without a plan nothing of it."""
    run = prepared(wave(), FaultPlan(about="late", reorder=Deliveries(share=Decimal("0.1"))))
    facts = json.loads(ran(run).entries[0])["body"]
    named = {t["name"]: t.get("faults") for t in facts["tracks"]}
    assert named["own"] is named["own@realistic"] is None
    told = named[f"own!{PLAN}"]
    assert (told["of"], told["plan"], told["values"]["about"]) == ("own", PLAN, "late")
    assert told["values"]["reorder"]["share"] == "0.1"
    assert [s["name"] for s in facts["faulted_streams"]] == [f"EURUSD.FX/{k}!{PLAN}" for k in ("trades", "quotes")]
    assert [s["of"] for s in facts["faulted_streams"]] == [s["name"] for s in facts["streams"]]
    assert all(s["faults"][0]["messages"] > 20 for s in facts["faulted_streams"])
    assert b"fault" not in ran(prepared(wave(), None)).entries[0]


# ---- risk


def test_risk_closes_after_a_disconnect_what_it_could_not_close_in_it() -> None:
    """The strategy raises at 12 s, without a connection until 20 s: tries after 1, 2, 4 and 8 s, and the one at 27 s closes."""
    plan = FaultPlan(disconnect=Disconnect(windows=[span(11, 20)]))
    run = prepared(steady(60), plan, TIMED, params={"at": {"5": "BUY", "12": "raise"}})
    journal = ran(run)
    sent = [since(e.time) for e in events_of(journal, OrderSubmitted)[1:]]
    assert [round(t / 1_000, 1) for t in sent] == [12.0, 13.0, 15.0, 19.0, 27.0]
    assert len(events_of(journal, TrackStopped)) == 1
    assert [round(since(f.time) / 1_000, 1) for f in fills_of(journal)] == [5.0, 27.0]
    assert venue_position(run) == (0, 0)


def test_risk_says_when_it_gives_up() -> None:
    """A venue that takes no order from 6 s on: twelve more tries within 4,095 s, each refused, then it says what is still held."""
    plan = FaultPlan(rate_limit=RateLimit(windows=[span(6, 9_000)]))
    recorded = [trades([(i * S, 10_000, 40, 1 - 2 * (i % 2)) for i in range(5_000)])]
    journal = ran(prepared(recorded, plan, TIMED, params={"at": {"4": "BUY", "12": "raise"}}))
    assert len(events_of(journal, OrderRejected)) == 13
    (gave_up,) = events_of(journal, TrackHalted)
    assert (gave_up.reason, gave_up.detail) == (
        "NOT_FLAT",
        "expected to be flat after 12 more tries, found 2 lots of EURUSD.FX",
    )
    assert 4_107 < since(gave_up.time) / 1_000 < 4_108
    assert events_of(journal, TrackHalted, "own") == []


def test_risk_closes_what_it_hears_of_after_it_had_stopped_the_track() -> None:
    """The order of 11 s executes and is heard of at 20 s, after the stop at 12 s: what it bought is sold again."""
    plan = FaultPlan(timeouts=Timeouts(share=Decimal(1), late_s=ClippedNormal(9, 0, 9, 9)))
    run = prepared(steady(60), plan, TIMED, params={"at": {"11": "BUY", "12": "raise"}})
    journal = ran(run)
    assert [round(since(f.time) / 1_000) for f in fills_of(journal)] == [20, 29]
    assert venue_position(run) == (0, 0)


# ---- recovery


def test_a_run_under_a_plan_that_was_cut_short_goes_on_to_the_same_head(tmp_path: Path) -> None:
    """Stopped in the middle, recovered entry by entry, and finished: the chain of the run that nobody stopped."""
    plan, heads = BUILT_IN["flaky-venue"], []
    for name, until in (("whole", None), ("parts", START + 25 * S)):
        if until is not None:
            assert not run_prepared(prepared(wave(), plan), tmp_path / name, until).complete
        summary = run_prepared(prepared(wave(), plan), tmp_path / name)
        assert summary.complete
        heads.append((summary.head, summary.entries))
        with StoreReader(tmp_path / name) as reader:
            assert reader.verify() == []
            assert [f.track for f in reader.faults()] == [f"own!{PLAN}"]
    assert heads[0] == heads[1]
