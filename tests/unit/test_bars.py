"""Bars of trades, volume and value: when each closes, what is in it, and how they are asked for."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.model.market import Bar, BarKind, BarSpec
from genesis.strategies.base import NoParams, Strategy
from genesis.tape.bars import BarSeries
from tests.kit.runs import FX, START, bars_stream, run, trades_stream

# FX: tick 0.01, lot 0.001.
ROWS = (
    # ns, ticks, lots, side
    (10, 10_000, 3, 1),
    (20, 10_010, 4, 1),
    (30, 9_990, 2, -1),
    (40, 10_020, 9, 1),
    (50, 10_000, 1, -1),
    (50, 10_005, 6, 1),
)


def closed(spec: BarSpec, rows: Iterable[tuple[int, int, int, int]] = ROWS, before: int = 60) -> list[tuple[int, ...]]:
    """(open ns, close ns, open, high, low, close, lots) of the bars that are closed once all before ``before`` has arrived."""
    stream = trades_stream(tuple(rows))
    stream.reveal(stream.recorded)
    series = BarSeries(stream, spec)
    series.update(START + before)
    names = ("time_open", "ts", "open", "high", "low", "close", "lots")
    columns = [(series.columns[n][: series.rows] - (START if n in ("time_open", "ts") else 0)).tolist() for n in names]
    return list(zip(*columns, strict=True))


def test_a_bar_of_so_many_trades_closes_with_the_last_of_them() -> None:
    """Four a bar: the other two are in a bar that is open still."""
    assert closed(BarSpec.parse("4t")) == [(10, 40, 10_000, 10_020, 9_990, 10_020, 18)]
    assert [bar[:2] for bar in closed(BarSpec.parse("2t"))] == [(10, 20), (30, 40), (50, 50)]


def test_a_bar_of_a_volume_closes_with_the_trade_that_reaches_it() -> None:
    """0.007 is 7 lots: 3 + 4 reach it; 2 + 9 do, and the 4 too many count for no other bar; 1 + 6 do."""
    assert closed(BarSpec.parse("0.007v", FX)) == [
        (10, 20, 10_000, 10_010, 10_000, 10_010, 7),
        (30, 40, 9_990, 10_020, 9_990, 10_020, 11),
        (50, 50, 10_000, 10_005, 10_000, 10_005, 7),
    ]


def test_a_bar_of_a_value_closes_with_the_trade_that_reaches_it() -> None:
    """0.3 is 30,000 ticks times lots: 3 at 100.00 are exactly that; then 4 at 100.10; then 2 at 99.90 do not, and 9 more do; 1 + 6 do."""
    assert [bar[:2] + bar[6:] for bar in closed(BarSpec.parse("0.3$", FX))] == [
        (10, 10, 3),
        (20, 20, 4),
        (30, 40, 11),
        (50, 50, 7),
    ]


def test_sums_beyond_a_machine_word_are_exact() -> None:
    """Four trades of 3 x 10^18 ticks times lots each, a bar for every 5 x 10^18: two bars of two, however many arrive at once."""
    rows = [(i, 3 * 10**9, 10**9, 1) for i in range(4)]
    spec = BarSpec(BarKind.DOLLAR, 5 * 10**18)
    assert [bar[:2] for bar in closed(spec, rows)] == [(0, 1), (2, 3)]
    assert [bar[:2] for bar in closed(BarSpec(BarKind.DOLLAR, 2**70), rows)] == []


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("500t", BarSpec(BarKind.TICK, 500)),
        ("2v", BarSpec(BarKind.VOLUME, 2_000)),
        ("0.005v", BarSpec(BarKind.VOLUME, 5)),
        ("250000$", BarSpec(BarKind.DOLLAR, 25_000_000_000)),
        ("0.00001$", BarSpec(BarKind.DOLLAR, 1)),
    ],
)
def test_bars_are_asked_for_in_words(text: str, spec: BarSpec) -> None:
    """Volume in base units, value in quote: whole lots, and multiples of tick times lot."""
    assert BarSpec.parse(text, FX) == spec


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0.0005v", "off the lot"),
        ("0.000001$", "multiple of 0.00001"),
        ("0v", "expected bars such as"),
        ("1.5t", "expected bars such as"),
        ("1.v", "expected bars such as"),
        ("-1v", "expected bars such as"),
        ("v", "expected bars such as"),
        ("1x", "expected bars such as"),
    ],
)
def test_what_is_no_bar_is_refused_in_words(text: str, words: str) -> None:
    """With what was expected and found."""
    with pytest.raises(ValueError, match=words):
        BarSpec.parse(text, FX)


def test_an_amount_needs_its_instrument() -> None:
    """A length of time does not, where nothing but that will do."""
    with pytest.raises(ValueError, match="takes an instrument's lot"):
        BarSpec.parse("2v")


def test_no_volume_bar_is_made_of_bars() -> None:
    """Nobody knows when in a bar its volume was reached."""
    with pytest.raises(ValueError, match="expected time bars of a multiple of 1s, found volume:2"):
        BarSeries(bars_stream([(1, 1, 1, 1, 1)]), BarSpec(BarKind.VOLUME, 2))


class Counts(Strategy):
    """Trades on bars of all three kinds at once: a lot one way or the other with each, by its close and its volume."""

    Params = NoParams

    def on_start(self) -> None:
        for spec in ("5t", "0.06v", "5$"):
            self.subscribe_bars(spec)

    def on_bar(self, bar: Bar) -> None:
        self.note(f"{bar.spec} {bar.time_open - START} {bar.time_close - START} {bar.close} {bar.volume}")
        self.target_position("0.001" if bar.ticks(bar.close) % 2 else "-0.001")


@given(
    st.lists(
        st.tuples(st.sampled_from([0, 1, 20_000_000, 3_000_000_000]), st.integers(-2, 2), st.integers(1, 40)),
        min_size=30,
        max_size=120,
    )
)
@settings(max_examples=25)
def test_counted_bars_are_the_same_however_the_tape_is_cut(steps: list[tuple[int, int, int]]) -> None:
    """One row at a time, seven, all at once: one chain head; and volume bars hold what was traded, up to what the open one holds."""
    rows, time, ticks = [], 0, 10_000
    for gap, move, lots in steps:
        time, ticks = time + gap, ticks + move
        rows.append((time, ticks, lots, 1))
    heads = set()
    for cut in (1, 7, None):
        journal, _ = run([trades_stream(rows)], [("a", Counts((FX,), NoParams()))], cut)
        heads.add((journal.head, journal.length))
    assert len(heads) == 1
    bars = closed(BarSpec.parse("0.06v", FX), rows, time + 1)
    assert all(bar[6] >= 60 for bar in bars)
    assert 0 <= sum(lots for _, _, lots in steps) - sum(bar[6] for bar in bars) < 60
