"""The page: self-contained, readable by machines for people, and unmoved by hostile text."""

from __future__ import annotations

import re
from decimal import Decimal
from html.parser import HTMLParser

import msgspec
import pytest

from genesis.monitoring.report.page import render
from genesis.monitoring.report.values import (
    BarReturns,
    Cost,
    Fact,
    Gap,
    Line,
    Metrics,
    Note,
    PriceChart,
    Refusal,
    Stop,
    StreamFact,
    Trade,
)
from tests.unit.reporting.made import HOUR, START, fills, run, track, wave

EVIL = "<script>alert(1)</script>\" onload=\"x' onload='y"
_VOID = frozenset({"meta", "br", "line", "rect", "circle", "polyline", "polygon", "path"})


class Page(HTMLParser):
    """Every element with its attributes; refuses tags that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """Attributes of every element of a kind."""
        return [attributes for name, attributes in self.found if name == tag]


def text(html: str) -> str:
    """What is read, with one space between words."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html.partition("</style>")[2]))


def row(html: str, head: str) -> str:
    """The cells of the first row with this head, as text."""
    found = re.search(rf"<tr><th scope='row'>{re.escape(head)}(?:<small>.*?</small>)?</th>(.*?)</tr>", html)
    assert found is not None, head
    return text("</style>" + found[1])


def test_nothing_is_fetched_and_nothing_runs() -> None:
    """No script, no address, no reference out of the page."""
    html = render(run(track(), track("other")))
    page = Page(html)
    assert "http" not in html
    assert not {"script", "link", "iframe", "img", "object"} & {tag for tag, _ in page.found}
    assert "url(" not in html
    assert all((a["href"] or "").startswith("#") for a in page.all("a"))


def test_every_picture_has_a_name_and_every_table_heads() -> None:
    """For those who cannot see the page; links lead somewhere."""
    page = Page(render(run(track(), track("other"))))
    pictures = page.all("svg")
    assert len(pictures) >= 2 * 5
    assert all(p["role"] == "img" and len(p["aria-label"] or "") > 20 for p in pictures)
    assert all("scope" in h for h in page.all("th"))
    ids = [a["id"] for _, a in page.found if "id" in a]
    assert len(ids) == len(set(ids))
    assert {a["href"] for a in page.all("a")} == {f"#{i}" for i in ids}


def test_hostile_text_stays_text() -> None:
    """Names, remarks, details and a file's name: nothing of theirs becomes an element or an attribute."""
    trade = Trade(START, START + HOUR, EVIL, EVIL, "1", "10", "11", "0.1", "0.9", EVIL, 2, True)
    hostile = track(
        EVIL,
        strategy=EVIL,
        version=EVIL,
        params=(Fact(EVIL, EVIL),),
        currency=EVIL,
        tier=EVIL,
        data=(EVIL,),
        prices=(PriceChart(EVIL, wave(50, 10), EVIL, fills(3, 50), fills(3, 50)),),
        bars=BarReturns((0.1, -0.1), EVIL),
        costs=(Cost(EVIL, Decimal(1), Decimal(2), EVIL),),
        refusals=(Refusal(EVIL, 1, START, EVIL),),
        stops=(Stop(START, EVIL, EVIL, EVIL, EVIL),),
        notes=(Note(START, EVIL),),
        note_count=1,
        trades=(trade,),
        trade_count=1,
    )
    html = render(
        run(
            hostile,
            name=EVIL,
            store=EVIL,
            source=EVIL,
            seed=EVIL,
            instruments=(EVIL,),
            execution=(Fact(EVIL, EVIL, EVIL),),
            limits=(Fact(EVIL, EVIL, EVIL),),
            streams=(StreamFact(EVIL, 1, EVIL),),
            gaps=(Gap(EVIL, START, START + HOUR, EVIL),),
        )
    )
    page = Page(html)
    assert "script" not in {tag for tag, _ in page.found}
    assert not [a for _, a in page.found if "onload" in a]
    assert html.count("&lt;script&gt;") >= 30


def test_the_head_says_what_the_run_was() -> None:
    """Chain, seed, source of evidence, that fills are simulated, that times are UTC and results net."""
    words = text(render(run(gaps=(Gap("BTC/bars", START, START + HOUR, "1 bar missing"),))))
    for said in (
        "Every fill in this report is simulated",
        "1,234 entries",
        "cd" * 32,
        "replay",
        "Times are UTC",
        "net of fees",
    ):
        assert said in words
    assert "BTC/bars 2025-01-01 00:00 2025-01-01 01:00 1 h 1 bar missing" in words


def test_results_come_before_what_was_assumed_and_both_before_the_tracks() -> None:
    """In the contents and on the page, in one order."""
    html = render(run(track(), track("other")))
    places = [a["href"] for a in Page(html).all("a")]
    assert places == ["#compare", "#criteria", "#run", "#track-1", "#track-2"]
    found = [html.index(f"id='{(p or '').removeprefix('#')}'") for p in places]
    assert found == sorted(found)


def test_every_picture_scrolls_where_its_labels_would_be_too_small() -> None:
    """Each stands in a frame of its own, which the style lets scroll; on paper none does."""
    html = render(run(track()))
    assert html.count("<div class='draw'><svg") == html.count("<svg") > 0
    screen, _, paper = html.partition("@media print")
    assert ".draw{overflow-x:auto}" in screen
    assert "min-width:760px" in screen
    assert "svg{min-width:0}" in paper


def test_an_unfinished_run_and_a_stopped_track_are_said_first() -> None:
    """Before any number; so are tracks with little at stake, and synthetic ones."""
    poor = track(
        "poor", stops=(Stop(START, "HALTED", "DRAWDOWN", "", ""),), metrics={"exposure_mean": 0.03}, synthetic=True
    )
    words = text(render(run(poor, complete=False))).partition("Comparison Criteria")[0]
    for said in ("not complete", "poor: halted at 2025-01-01 00:00, DRAWDOWN", "poor 3.00 %", "Synthetic"):
        assert said in words
    assert "Read this first" not in text(render(run()))


def test_tracks_stand_beside_buy_and_hold_and_cash() -> None:
    """Each number with its sample and basis; the Sharpe ratio never without error and n."""
    html = render(run())
    found = row(html, "plain")
    for said in ("10,050.25 USD", "0.50 %", "21.00 %", "2.25 ± 0.75 n 60", "62.5 % n 120", "1.75 n 120", "12.35 USD"):
        assert said in found
    assert "gross" in row(html, "buy and hold")
    assert row(html, "cash").split()[:3] == ["—", "no", "budget"]


def test_what_is_undefined_is_a_dash_with_its_reason() -> None:
    """In the comparison and in the list of metrics; never 0."""
    short = {"sharpe": None, "sharpe_stderr": None, "sortino": None, "evidence_bars": 5, "win_rate": None, "trades": 0}
    html = render(run(track(metrics={**short, "profit_factor": None, "var_99": None})))
    found = row(html, "plain")
    assert "— under 42 bars: 5" in found
    assert "— no closed trade" in found
    assert "— not extrapolated from 10 d" in found
    assert "— under 500 bars: 5" in row(html, "VaR 99 %")
    assert "— not recorded in this run&#x27;s samples" in row(html, "volatility")


def test_what_is_held_is_extrapolated_by_its_length() -> None:
    """Sampled by the day it has no bar for a ratio, and yet ten days are ten days; six are too few for either way of sampling."""
    daily = {d: render(run(track(hours=24 * d, hold=wave(24 * d, 0.0, 0.05, every=24)))) for d in (6, 10)}
    assert "not extrapolated from 6 d" in row(daily[6], "buy and hold")
    assert "not extrapolated" not in row(daily[10], "buy and hold")
    assert "under 42 sampled bars" in row(daily[10], "buy and hold")


def test_criteria_show_value_threshold_sample_and_what_is_missing() -> None:
    """And that a live track is never added to paper."""
    html = render(run(track(metrics={"trades": 60, "sharpe": 1.0})))
    words = text(html)
    assert "a live track is never added to paper" in words
    missing = "missing: 40 more trades of 100; about 7 days at this pace"
    assert f"min_trades 60 trades at least 100 trades 60 trades INCONCLUSIVE {missing}" in words
    assert "min_days 10 days at least 7 days 60 evidence bars PASSED" in words
    assert "min_sharpe 1.00 at least 1.50 60 evidence bars FAILED 0.7 standard errors below" in words
    assert "max_drawdown 2.00 % at most 10.00 % 60 evidence bars PASSED" in words
    assert "2 passed, 2 inconclusive, 1 failed" in words
    assert "1 % is known to be missing is no observation and counts for no day" in words
    # Else a narrow screen breaks the words into a column a letter or two wide.
    assert ".criteria td:last-child{width:30%;min-width:15em" in html


def test_drawdown_dates_are_told() -> None:
    """Peak, trough, and recovery or that there is none yet."""
    assert "peak (P) 2025-01-01 05:00, trough (T) 2025-01-01 09:00, not recovered by the last sample" in text(
        render(run())
    )
    back = track(metrics={"drawdown_recovery_ns": START + 30 * HOUR})
    assert "recovery (R) 2025-01-02 06:00" in text(render(run(back)))


def test_a_track_without_samples_has_words_instead_of_charts() -> None:
    """Nothing drawn, nothing divided by zero."""
    empty = track(
        sampled=False,
        equity=Line(),
        drawdown=Line(),
        gross=Line(),
        net=Line(),
        hold=Line(),
        bars=BarReturns(),
        prices=(),
        costs=(),
        fees=(),
        data=(),
        fill_count=0,
    )
    empty = msgspec.structs.replace(empty, metrics=Metrics({}))
    html = render(run(empty, benchmarks=()))
    assert not Page(html).all("svg")
    assert "plain: no sample yet, nothing can be said about it" in text(html)
    assert "— no sample" in row(html, "plain")


@pytest.mark.parametrize("values", [(0.0,) * 5, (0.01,) * 5, (1e-9, -1e-9) * 3, (0.0, 3.0, 1.0, 2.0, 0.5, -0.5)])
def test_bar_returns_are_drawn_with_their_number(values: tuple[float, ...]) -> None:
    """Whatever they are; zeros are counted in words."""
    words = text(render(run(track(bars=BarReturns(values)))))
    still = sum(v == 0 for v in values)
    if still == len(values):
        assert "all 5 bars are exactly 0" in words
    else:
        assert f"n = {len(values)} bars" in words
    if 0 < still < len(values):
        assert f"{still} of them are exactly 0" in words


def test_a_few_bar_returns_are_said_and_not_drawn() -> None:
    """Four columns are no distribution; five are drawn, with the last mark inside the picture."""
    few, more = (
        render(run(track(bars=BarReturns(v)))) for v in ((0.01, -0.02, 0.0, 0.01), (0.011, 0.02, 0.03, 0.04, 0.05))
    )
    assert "3 of 4 bars moved, too few to draw (1.00 %, −2.00 %, 1.00 %)" in text(few)
    assert "Histogram" not in few
    drawn = more[more.index("Histogram") :]
    marks = re.findall(r"<text x='([\d.]+)' y='250' text-anchor='(\w+)'>", drawn[: drawn.index("</svg>")])
    assert marks
    assert all(anchor == "end" for x, anchor in marks if float(x) > 920)


def test_many_fills_are_thinned_and_counted() -> None:
    """How many are drawn of how many is said."""
    chart = PriceChart("BTCUSD.X", wave(240, 100.0), "Line: samples.", fills(20_000, 240), fills(10_000, 240))
    html = render(run(track(prices=(chart,), fill_count=30_000)))
    assert "400 of 30,000 fills drawn" in text(html)
    markers = sum(d["d"].count("M") for d in Page(html).all("path") if d.get("class") in ("buy", "sell") and d["d"])
    assert markers == 402


def test_a_year_of_six_busy_tracks_stays_under_three_megabytes() -> None:
    """Lines are thinned to what a column of pixels can show."""
    hours = 8760
    tracks = [
        track(
            f"busy.{i}",
            hours,
            prices=(PriceChart("B.X", wave(hours, 9e4), "", fills(15_000, hours), fills(15_000, hours)),),
            metrics={"evidence_bars": 2190},
        )
        for i in range(6)
    ]
    assert len(render(run(*tracks)).encode()) < 3_000_000


def test_many_tracks_have_a_legend_where_labels_would_not_fit() -> None:
    """All of them are named, each beside a piece of its own line: no two of the first 24 and none of them and what is held look alike."""
    html = render(run(*(track(f"t{i}", 48, hold=wave(48, 0.0, 0.01)) for i in range(30))))
    keys = re.findall(r"<span><svg[^>]*><line class='line ([\w ]+)'[^>]*/></svg>([\w ]+)</span>", html)
    assert [name for _, name in keys] == [*(f"t{i}" for i in range(30)), "buy and hold"]
    assert len({looks for looks, _ in keys}) == 25


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("eighteen letters..", "eighteen letters.."),
        ("nineteen letters...", "nineteen letters.…"),
        ("戦" * 10, f"{'戦' * 8}…"),
    ],
)
def test_a_name_beside_its_line_takes_no_more_room_than_there_is(name: str, shown: str) -> None:
    """What does not fit is cut and shown as cut, and a wide character takes the room of two."""
    labels = re.findall(r"<text[^>]*>([^<]*)</text>", render(run(track(name))))
    assert f"{shown} 1.00 %" in labels


def test_tracks_that_a_benchmark_dwarfs_are_drawn_once_more_alone() -> None:
    """On their own scale; where the benchmark is of their size, once is enough."""
    alone = "The same tracks alone, on their own scale"
    assert alone in text(render(run(track(hold=wave(240, 0.0, 0.5)))))
    assert alone not in text(render(run(track(hold=wave(240, 0.0, 0.01)))))
