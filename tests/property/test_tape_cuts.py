"""However the tape is cut, the run is the same, byte for byte; and what is jumped over did not matter."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genesis.engine.lane import Lane
from genesis.strategies.base import NoParams
from genesis.tape.stream import before
from tests.kit.runs import FX, quotes_stream, run, trades_stream
from tests.kit.traders import QuoteFollower, Restless, Sleeper
from tests.kit.walks import USUAL, Prints, quotes_of


@given(USUAL)
@settings(max_examples=40)
def test_cuts_of_a_trade_tape_give_the_same_chain(rows: Prints) -> None:
    """One row at a time, seven rows, and everything at once end with one chain head."""
    heads = set()
    for cut in (1, 7, None):
        tracks = [("a", Restless((FX,), NoParams())), ("b", Sleeper((FX,), NoParams()))]
        journal, _ = run([trades_stream(rows)], tracks, cut)
        heads.add((journal.head, journal.length))
    assert len(heads) == 1


@given(USUAL)
@settings(max_examples=30)
def test_cuts_of_a_quote_and_trade_tape_give_the_same_chain(rows: Prints) -> None:
    """The same holds with a book: quotes and trades merged."""
    heads = set()
    for cut in (1, 7, None):
        tracks = [("a", Restless((FX,), NoParams())), ("b", QuoteFollower((FX,), NoParams()))]
        journal, _ = run([trades_stream(rows), quotes_stream(quotes_of(rows))], tracks, cut)
        heads.add((journal.head, journal.length))
    assert len(heads) == 1


@given(USUAL, st.lists(st.integers(1, 12), min_size=1, max_size=30))
@settings(max_examples=30)
def test_cuts_of_changing_size_give_the_same_chain(rows: Prints, sizes: list[int]) -> None:
    """Batches as large as the last one's duration suggests, whatever that was, end with the chain of one batch."""
    heads = set()
    for cut in (itertools.cycle(sizes).__next__, None):
        tracks = [("a", Restless((FX,), NoParams())), ("b", QuoteFollower((FX,), NoParams()))]
        journal, _ = run([trades_stream(rows), quotes_stream(quotes_of(rows))], tracks, cut)
        heads.add((journal.head, journal.length))
    assert len(heads) == 1


def every_row(lane: Lane, time_ns: int, included: bool) -> int:
    """As `Lane.next_row` if every row mattered."""
    stream, row = lane.stream, lane.cursor
    return row if row < before(stream.times, row, stream.rows, time_ns, included) else -1


@given(USUAL)
@settings(max_examples=30)
def test_the_search_by_column_finds_what_the_single_row_finds(rows: Prints) -> None:
    """A track that looks at every row and one that jumps write the same entries."""
    jumping, _ = run([trades_stream(rows)], [("a", Sleeper((FX,), NoParams()))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Lane, "next_row", every_row)
        looking, _ = run([trades_stream(rows)], [("a", Sleeper((FX,), NoParams()))])
    assert jumping.entries == looking.entries


@given(USUAL)
@settings(max_examples=25)
def test_adding_or_reordering_tracks_changes_no_entry_of_another(rows: Prints) -> None:
    """A track's entries are the same alone, first or last."""

    def entries_of(names: str) -> list[bytes]:
        kinds = {"a": Restless, "b": Sleeper}
        journal, _ = run([trades_stream(rows)], [(n, kinds[n]((FX,), NoParams())) for n in names])
        return [e for e, v in zip(journal.entries, journal.events, strict=True) if v.track == "a"]

    assert entries_of("a") == entries_of("ab") == entries_of("ba")


@given(USUAL, st.integers(1, 19))
@settings(max_examples=25)
def test_the_future_changes_no_entry_of_the_past(rows: Prints, keep: int) -> None:
    """Scrambling the tape after a time changes nothing that was written before it."""
    time = rows[keep][0]
    scrambled = [(t, p if t <= time else p + 500, s, d) for t, p, s, d in rows]
    first, _ = run([trades_stream(rows)], [("a", Restless((FX,), NoParams()))])
    second, _ = run([trades_stream(scrambled)], [("a", Restless((FX,), NoParams()))])

    def before(journal):  # type: ignore[no-untyped-def]
        from tests.kit.runs import START

        return [e for e, v in zip(journal.entries, journal.events, strict=True) if v.time <= START + time]

    assert before(first) == before(second)
