"""The report's section on runs under a fault plan: what was injected, what the strategy saw, and the difference, in words and numbers."""

from __future__ import annotations

from typing import Any

import msgspec

from genesis.monitoring.report.fault_section import section
from genesis.monitoring.report.page import render
from genesis.monitoring.report.values import (
    FaultLength,
    FaultSpan,
    FeedFaultFact,
    Gap,
    Orders,
    RunReport,
    Stop,
    UnderFaults,
)
from tests.unit.reporting.made import START, run, track
from tests.unit.reporting.test_page import Page, row, text

S = 1_000_000_000


def under(**changed: Any) -> UnderFaults:
    """A track that lost 50.25 more than undisturbed."""
    made = UnderFaults(
        plan="rough-day",
        about="all of it at once",
        track=track("plain!rough-day", metrics={"equity": "10000.00000000", "trades": 118, "drawdown_max": 0.03}),
        undisturbed=track("plain"),
        feed=(FeedFaultFact("X.Y/trades", "duplicates", 0, 12, 11),),
        injected={"disconnect: order not sent": 3, "timeout": 1},
        lengths=(FaultLength("disconnect", "", 2, 90 * S),),
        hit=(FaultSpan("disconnect", "", START, START + 60 * S, 3),),
        gaps=(Gap("X.Y/trades!rough-day", START, START + 30 * S, "10 trades missing"),),
        orders=Orders(240, {"NOT_CONNECTED": 3}, 5, 1),
        orders_undisturbed=Orders(243, {}, 2, 0),
        cancels_refused=4,
        unanswered=1,
        slowest_fill=12 * S,
        oldest_price=(30 * S, S // 2),
    )
    return msgspec.structs.replace(made, **changed)


def quiet(**changed: Any) -> UnderFaults:
    """A track to which nothing happened."""
    same = track("plain!rough-day")
    nothing: dict[str, Any] = {"feed": (), "injected": {}, "lengths": (), "hit": (), "gaps": ()}
    return under(**{"track": same, **nothing, **changed})


def test_without_a_plan_there_is_no_section() -> None:
    """A run that knows of no plan has the page it always had."""
    assert section(()) == ""
    assert "id='faults'" not in render(run(track()))


def test_both_tracks_stand_side_by_side_with_the_difference() -> None:
    """Equity, drawdown, trades, orders, and how old a held position's price got."""
    html = section((under(),))
    Page(html)
    assert row(html, "equity, net").split() == ["10,050.25", "10,000.00", "−50.25"]
    assert row(html, "max drawdown") == " 2.000 % 3.000 % 1.000 % points "
    assert row(html, "closed trades").split() == ["120", "118", "−2"]
    assert row(html, "orders not taken by the venue").split() == ["0", "3", "3"]
    assert row(html, "orders refused by risk").split() == ["2", "5", "3"]
    assert row(html, "orders open at the end").split() == ["0", "1", "1"]
    assert row(html, "oldest price of a position while it was held") == " 500.0 ms 30 s 30 s longer "


def test_it_says_in_words_what_the_strategy_saw_and_how_it_took_it() -> None:
    """What was injected, refusals by reason, cancels, unanswered orders, gaps, and the difference to the last digit."""
    words = text("</style>" + section((under(),)))
    assert "plain under rough-day went on to the end" in words
    assert "12 messages of the feed were touched; 4 faults fell on orders, cancels and answers." in words
    assert (
        "3 of 240 orders not taken (3 NOT_CONNECTED), 4 cancels not taken, 1 order unanswered in time, 1 gap in its data"
        in words
    )
    assert "a fill heard of at most 12 s after it happened" in words
    assert "It was neither stopped nor halted. It ended with 50.25 USD less than undisturbed." in words
    assert "disconnect: order not sent 3" in words


def test_nothing_happened_is_said_and_is_no_praise() -> None:
    """No window met the tape and no draw fell on anything: the plan proved nothing, and the badge says so."""
    words = text("</style>" + section((quiet(),)))
    assert "nothing happened" in words
    assert "Nothing happened: no window of the plan met the tape" in words
    assert "went on to the end" not in words
    assert "to the last digit" in words


def test_windows_that_caught_nothing_are_told_apart_from_none() -> None:
    """A halt without an order in it is not nothing: resting orders did not match in it."""
    words = text("</style>" + section((quiet(lengths=(FaultLength("halt", "X.Y", 1, 60 * S),)),)))
    assert "windows of the venue met the tape, but no order, cancel or answer was refused, lost or held back" in words


def test_a_stop_under_the_plan_is_told_with_its_reason() -> None:
    """And the badge is not green."""
    stop = Stop(START + S, "STOPPED", "on_order", "KeyError: <b>x</b>", "")
    html = section((under(track=track("plain!rough-day", stops=(stop,))),))
    assert "It was stopped at 2025-01-01 00:00:01 (on_order: KeyError: &lt;b&gt;x&lt;/b&gt;)." in html
    assert "<span class='badge bad'>stopped</span>" in html


def test_a_tape_that_has_not_ended_has_told_nothing_yet() -> None:
    """What is counted at the end is not known before it."""
    words = text("</style>" + section((under(injected=None, lengths=(), hit=(), oldest_price=(None, None)),)))
    assert "not complete" in words
    assert "The tape has not ended" in words


def test_a_better_result_is_no_merit_of_the_faults() -> None:
    """Where the disturbed run came out better, the page says why that can be."""
    better = track("plain!rough-day", metrics={"equity": "10060.00000000"})
    words = text("</style>" + section((under(track=better),)))
    assert "It ended with 9.75 USD more than undisturbed. A strategy goes on from other fills" in words


def test_disturbed_tracks_stand_in_their_section_alone() -> None:
    """Neither in the comparison, nor in the criteria, nor with a section of their own."""
    report: RunReport = msgspec.structs.replace(run(track()), under_faults=(under(),))
    html = render(report)
    Page(html)
    outside = html.replace(section((under(),)), "")
    assert "plain!rough-day" in html
    assert "plain!rough-day" not in outside
    assert "href='#faults'" in outside
