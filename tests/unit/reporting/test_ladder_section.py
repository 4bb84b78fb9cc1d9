"""The capital ladder on the page."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

from genesis.evidence.monitor_rules import MeanGap
from genesis.monitoring.report.ladder_section import links, section
from genesis.monitoring.report.ladder_values import Beside, Climb, Commanded, Ladder, Moved, Trial, Watched
from genesis.monitoring.report.page import render
from genesis.monitoring.report.values import Line
from genesis.monitoring.report.wording import minute
from genesis.paper_trading.comparison import Attribution, Side, SideBySide, indices, of_bars
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.verdicts import Window
from tests.unit.reporting.made import HOUR, START, run, track

WINDOW = Window(START, START + 100 * 4 * HOUR)
TIMES = tuple(START + i * 4 * HOUR for i in range(1, 101))


def moved(day: int, move: str, before: str, after: str, **changed: Any) -> Moved:
    told: dict[str, Any] = {
        "time": START + day * 24 * HOUR,
        "move": move,
        "stage_before": "PAPER",
        "stage_after": "LIVE",
        "before": before,
        "after": after,
        "attempt": 1,
        "forced": False,
        "reasons": ("because <it> may",),
    }
    return Moved(**{**told, **changed})


def climb(name: str = "a", **changed: Any) -> Climb:
    told: dict[str, Any] = {
        "version": name,
        "synthetic": False,
        "stage": "LIVE",
        "fraction": "0.2",
        "attempt": 1,
        "forced": False,
        "e_value": 9.0,
        "e_adjusted": 4.5,
        "e_residual": 4.25,
        "e_counted": 4.25,
        "missing": ("for 30 % an E of 6",),
        "call": "",
        "moves": (
            moved(2, "go_live", "0", "0.1"),
            moved(6, "step_up", "0.1", "0.2"),
            moved(9, "recover", "0.2", "0.2"),
        ),
        "fractions": Line(TIMES, tuple(0.1 if i < 30 else 0.2 for i in range(100))),
        "evidence": Line(TIMES, tuple(1 + i / 25 for i in range(100))),
    }
    return Climb(**{**told, **changed})


def side(name: str, pnl: str) -> Side:
    return Side(
        track=name,
        capital=Decimal(1000),
        pnl=Decimal(pnl),
        of_bars=of_bars([0.001, -0.0005] * 30),
        trades=4,
        wins=3,
        orders=8,
        refused=1,
        filled=8,
        fill_rate=1.0,
        slippage_bp=2.5,
        cost_bp=2.75,
        fees=Decimal("0.5"),
        fee_bp=1.0,
        delay_ns=12_345_678,
        metrics={"equity": "1001.5", "trades": 4},
    )


def pair(**changed: Any) -> SideBySide:
    zero = Decimal(0)
    told: dict[str, Any] = {
        "strategy": "a",
        "attempt": 1,
        "synthetic": False,
        "currency": "USDT",
        "start_ns": START,
        "end_ns": START + 90 * HOUR,
        "closed": False,
        "share": "1/5",
        "live": side("a@live", "1.25"),
        "twin": side("a@twin", "1.5"),
        "paper": of_bars([0.001] * 60),
        "gap": MeanGap(-0.0001, -0.0002, -0.00005, 60),
        "both": 8,
        "live_only": 0,
        "twin_only": 1,
        "attribution": Attribution(
            gap=Decimal("-0.25"),
            missed=zero,
            price=Decimal("-0.2"),
            fees=Decimal("-0.05"),
            funding=zero,
            timing=zero,
            valuation=zero,
        ),
        "indices": indices(TIMES, [0.001] * 100, [0.0011] * 100),
    }
    return SideBySide(**{**told, **changed})


def page(**parts: Any) -> str:
    return section(Ladder("given", PromotionRules().words(), **parts), WINDOW)


def text(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_without_a_ladder_there_is_no_section() -> None:
    """Nor a link to one; and a page of one is whole."""
    assert (section(None, WINDOW), links(None)) == ("", [])
    assert "id='promotion'" in render(run(track()), Ladder("given", PromotionRules().words()))
    assert links(Ladder("given", ())) == [("promotion", "Promotion")]


def test_every_version_says_where_it_stands_and_what_is_missing() -> None:
    """Its stage, capital and the E that decides, with the two of which it is the smaller; one without anything missing says why it stands there; a call of a person is not to be overlooked."""
    rejected = climb(
        "b", stage="REJECTED", fraction="0", missing=(), moves=(moved(3, "reject", "0", "0", reasons=("futile",)),)
    )
    words = text(page(climbs=(climb(), rejected, climb("c", call="data stale", forced=True))))
    assert "for 30 % an E of 6" in words
    assert "REJECTED 0 % 4.25 raw 4.50, hedged 4.25 1 futile" in words
    assert "a person is called: data stale" in words
    assert "forced" in words


def test_what_was_told_the_future_is_marked_wherever_it_is_named() -> None:
    """In the standings, at every move and beside its twin."""
    html = page(climbs=(climb(synthetic=True),), beside=(Beside(pair(synthetic=True), None, ()),))
    assert html.count("synthetic") == 1 + 3 + 1


def test_a_chart_marks_rises_falls_and_other_moves() -> None:
    """One triangle for each rise, none for a fall where there was none, a dot for a move without capital; only those that held capital are drawn."""
    html = page(climbs=(climb(), climb("b", moves=(), fraction="0", stage="PAPER")))
    assert html.count("<svg") == 1
    marks = re.findall(r"<path class='buy' d='([^']+)'/>", html)
    assert sorted(m.count("M") for m in marks) == [1, 2]
    assert html.count("<circle class='other'") == 2


def test_more_than_six_are_said_and_not_drawn() -> None:
    """The rest are in the table of moves."""
    html = page(climbs=tuple(climb(f"v{i}") for i in range(8)))
    assert html.count("<svg") == 6
    assert "2 further versions held capital and are not drawn" in html


def test_live_stands_beside_its_twin_with_the_gap_in_words_and_money() -> None:
    """The interval and what it means, the parts and their sum, monitors with their level, and the cause."""
    seen = (Watched("gap", "WARN", "gap: warn at 5"), Watched("cause", "CALM", "worse execution"))
    words = text(page(climbs=(climb(),), beside=(Beside(pair(), START + 80 * HOUR, seen),)))
    assert "Live less twin: −1.000 bp an evidence bar, mean of 60 bars" in words
    assert "−2.000 to −0.500: live does worse" in words
    assert "1 by the twin alone" in words
    assert "live less twin −0.25 the exact sum of the lines above" in words
    assert "gap WARN gap: warn at 5" in words
    assert "All of them together: worse execution" in words
    assert "12.3 ms" in words


def test_few_bars_give_no_interval() -> None:
    """It says so instead of a number."""
    few = pair(gap=MeanGap(0.0, None, None, 5), indices=indices(TIMES[:1], [0.0], [0.0]))
    words = text(page(beside=(Beside(few, None, ()),)))
    assert "too few for an interval" in words
    assert "under two evidence bars, nothing to draw" in words
    assert "No monitor has looked at it yet" in words


def test_an_ab_test_has_its_answer_and_its_interval() -> None:
    """The sentence as it was told; without an interval there is nothing to draw."""
    lines = {
        n: Line(TIMES, tuple(v / (i + 1) for i in range(100)))
        for n, v in (("mean", 1.0), ("low", -9.0), ("high", 11.0))
    }
    trial = Trial(
        experiment="x",
        champion="x.a",
        challenger="x.b",
        standing="OPEN",
        adjusted=1.5,
        bars=100,
        trades=20.0,
        words="x.b earns 1 bp more",
        **lines,
    )
    html = page(trials=(trial,))
    assert "x.b earns 1 bp more." in text(html)
    assert html.count("<svg") == 1
    assert links(Ladder("given", (), trials=(trial,)))[-1] == ("trials", "A/B tests")
    assert "not been compared" not in text(html)
    later = Window(START, TIMES[-1] + 8 * 24 * HOUR)
    assert f"That was said last on {minute(TIMES[-1])}: since then the two have not been compared." in text(
        section(Ladder("given", (), trials=(trial,)), later)
    )


def test_commands_name_author_and_reason_and_foreign_text_is_escaped() -> None:
    """Also what a person wrote."""
    html = page(commands=(Commanded(START, "demote", "a", "ann <x>", "an & b", True, "done"),), climbs=(climb(),))
    assert "ann &lt;x&gt;" in html
    assert "an &amp; b" in html
    assert "because &lt;it&gt; may" in html
