"""W5: the rule of the market maker, who can run it, and how its results are judged."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from benchmarks.captures import CAPTURES
from benchmarks.engines import OURS, Engine
from benchmarks.genesis_driver import PROFILE, profile_named
from benchmarks.genesis_maker import Quoting, outcome
from benchmarks.harness import Machine, Measurement
from benchmarks.measure import Sample
from benchmarks.realism import cost
from benchmarks.report import judge
from benchmarks.workloads import WORKLOADS, DataMissing, Maker
from tests.kit.runs import FX, quotes_stream, run, trades_stream

MS = 1_000_000
RULE = Maker("risk_averse", limit=1)


def quoting(quotes: list[tuple[int, int, int, int, int]], trades: list[tuple[int, int, int, int]]) -> Quoting:
    """The rule over quotes of (ms, bid, lots, ask, lots) and trades of (ms, ticks, lots, taker)."""
    strategy = Quoting(FX, RULE, 1)
    streams = [
        trades_stream([(t * MS, a, b, c) for t, a, b, c in trades]),
        quotes_stream([(t * MS, a, b, c, d) for t, a, b, c, d in quotes]),
    ]
    run(streams, [("maker", strategy)], profile=PROFILE)
    return strategy


def test_the_maker_stands_on_both_sides_and_follows_the_touch_alone() -> None:
    """Two orders at first, none for a change of size, two when both prices moved."""
    strategy = quoting(
        [(1, 10_000, 5, 10_010, 5), (2, 10_000, 4, 10_010, 5), (3, 10_001, 5, 10_011, 5)],
        [(9, 10_005, 1, 1)],
    )
    assert (strategy.sent, strategy.fills, strategy.held) == (4, 0, 0)


def test_the_maker_stops_at_its_limit_and_counts_what_it_paid() -> None:
    """A seller takes five at the bid and one of ours: then only the ask is quoted, at the next wake."""
    strategy = quoting(
        [(1, 10_000, 5, 10_010, 5), (3, 10_000, 4, 10_010, 5), (4, 10_001, 4, 10_011, 5)],
        [(2, 10_000, 6, -1), (9, 10_005, 1, 1)],
    )
    assert (strategy.fills, strategy.held, strategy.cash) == (1, 1, -10_000)
    # Two at first, the ask again when it moved; no bid at the limit.
    assert strategy.sent == 3


def test_the_result_is_marked_at_the_middle_and_pays_its_fees() -> None:
    """One lot of 0.001 bought at 100.00, marked at 100.06: 0.00006 less a fee of 2 basis points of 0.1."""
    strategy = quoting(
        [(1, 10_000, 5, 10_010, 5), (3, 10_000, 4, 10_010, 5), (4, 10_001, 4, 10_011, 5)],
        [(2, 10_000, 6, -1), (9, 10_005, 1, 1)],
    )
    capture = replace(CAPTURES[0], market=replace(CAPTURES[0].market, price_decimals=2, size_decimals=3))
    found = outcome([(capture, strategy)], RULE)
    assert (found.orders, found.fills, found.position) == (3, 1, 0.001)
    assert found.pnl == pytest.approx(float(Decimal("0.00006") - Decimal("0.00002")), abs=1e-15)


def test_an_engine_without_a_book_says_why_it_cannot_run_the_maker() -> None:
    """And one with a book refuses a queue that it does not know."""
    without = Engine("x", "X", "x.driver", "default")
    with pytest.raises(LookupError, match="keeps no order book"):
        without.driver("risk_averse")
    with_book = replace(without, book_module="x.book", queues=("risk_averse",))
    assert (with_book.driver(None), with_book.driver("risk_averse")) == ("x.driver", "x.book")
    with pytest.raises(LookupError, match="and not power3"):
        with_book.driver("power3")


def sample(seconds: float, orders: int = 3, pnl: float = -1.0) -> Sample:
    """What a run measured, with nobody else at work."""
    return Sample("1", "3.11", "w5", 100, seconds, seconds, 0, 0, 1, 1, 1, 0, orders, 2, 0.0, pnl)


def test_a_maker_without_a_reference_must_still_give_the_same_result_in_every_round() -> None:
    """Its orders hang on its fills, so another engine's count is no objection; another round's is."""
    machine = Machine("cpu", 2, 8, "Linux", "3.11", "abc")
    found = Measurement(
        "w5", None, 2, machine, {OURS.name: "Genesis"}, {OURS.name: None}, {OURS.name: [sample(1), sample(2)]}
    )
    assert judge(found, WORKLOADS["w5"], OURS.name).objection is None
    found.samples[OURS.name].append(sample(1, orders=4))
    assert judge(found, WORKLOADS["w5"], OURS.name).objection == "not comparable: other results in other rounds"


def test_the_cost_of_realism_is_time_over_time_round_by_round() -> None:
    """1.5 and 1.2 times."""
    plain, real = [sample(2.0), sample(1.0)], [sample(3.0), sample(1.2)]
    assert cost(plain, real) == pytest.approx([1.5, 1.2])


def test_a_profile_nobody_knows_is_refused_by_name() -> None:
    """With the names that are known."""
    assert profile_named(None) is PROFILE
    assert profile_named("spec").name == "spec"
    with pytest.raises(DataMissing, match="expected spec.*found dreamy"):
        profile_named("dreamy")
