"""Tracks that share a liquidity scope compete for one market; tracks of other scopes never notice."""

from __future__ import annotations

from hypothesis import given, settings

from genesis.execution.profile import ExecutionProfile
from genesis.model.events import OrderFilled
from genesis.model.orders import Side
from genesis.rng import ClippedNormal
from genesis.strategies.base import NoParams, Strategy
from tests.kit.runs import FX, Memory, quotes_stream, run, trades_stream
from tests.kit.traders import Once, QuoteFollower, Restless
from tests.kit.walks import USUAL, quotes_of

MS = 1_000_000
EXACT = ExecutionProfile(
    name="exact", latency_ms=ClippedNormal(0, 0, 0, 0), slippage_bp=ClippedNormal(0, 0, 0, 0), taken_half_life_s=0
)
# A second of trades at 100.00, and a quote of 5 a side that is shown anew, with 2 more, at 60 ms.
TRADES = [(i * 10 * MS, 10_000, 1, 1 if i % 2 else -1) for i in range(100)]
QUOTES = [(0, 9_999, 5, 10_001, 5), (60 * MS, 9_999, 5, 10_001, 7)]


def filled(journal: Memory, track: str) -> list[tuple[int, int]]:
    """(ticks, lots) of a track's fills."""
    return [(e.last_ticks, e.last_lots) for e in journal.events if isinstance(e, OrderFilled) and e.track == track]


def buyers() -> list[tuple[str, Strategy]]:
    """Two that want 4 of the 5 lots at the same moment."""
    return [(name, Once((FX,), Once.Params(Side.BUY, 4))) for name in ("first", "second")]


def test_two_tracks_of_one_scope_never_get_more_than_was_displayed() -> None:
    """The first takes 4 of 5, the second what is left, and the rest when the level is shown with 2 more."""
    journal, _ = run(
        [trades_stream(TRADES), quotes_stream(QUOTES)], buyers(), profile=EXACT, scopes={"first": "s", "second": "s"}
    )
    assert filled(journal, "first") == [(10_001, 4)]
    assert filled(journal, "second") == [(10_001, 1), (10_001, 2)]


def test_two_tracks_of_two_scopes_each_have_the_market_to_themselves() -> None:
    """By default as by name."""
    for scopes in (None, {"first": "a", "second": "b"}):
        journal, _ = run([trades_stream(TRADES), quotes_stream(QUOTES)], buyers(), profile=EXACT, scopes=scopes)
        assert [filled(journal, n) for n in ("first", "second")] == [[(10_001, 4)]] * 2


def test_a_scope_of_one_is_as_being_alone() -> None:
    """Not an entry differs."""
    streams = lambda: [trades_stream(TRADES), quotes_stream(QUOTES)]  # noqa: E731
    alone, _ = run(streams(), buyers()[:1])
    named, _ = run(streams(), buyers()[:1], scopes={"first": "s"})
    assert alone.entries == named.entries


class Silent(Strategy):
    """Asks for nothing and orders nothing."""


class AfterAWhile(Strategy):
    """Buys 4 lots half a second after the start."""

    def on_start(self) -> None:
        self.set_timer("now", self.now + 500 * MS)

    def on_timer(self, name: str) -> None:
        self.buy("0.004")


def test_a_track_sees_the_market_of_its_scope_though_the_one_before_it_asks_for_nothing() -> None:
    """It pays what is asked when it buys, not what was asked when the first track last looked."""
    quotes = [(0, 9_999, 5, 10_001, 5), (400 * MS, 10_005, 5, 10_007, 5)]
    tracks: list[tuple[str, Strategy]] = [
        ("first", Silent((FX,), NoParams())),
        ("second", AfterAWhile((FX,), NoParams())),
    ]
    scopes = {"first": "s", "second": "s"}
    journal, _ = run([trades_stream(TRADES), quotes_stream(quotes)], tracks, profile=EXACT, scopes=scopes)
    assert filled(journal, "second") == [(10_007, 4)]


@given(USUAL)
@settings(max_examples=15, deadline=None)
def test_cuts_of_the_tape_change_nothing_in_a_shared_scope(rows: list[tuple[int, int, int, int]]) -> None:
    """One row at a time, seven rows, and everything at once; three busy tracks in one scope."""
    heads = set()
    for cut in (1, 7, None):
        tracks: list[tuple[str, Strategy]] = [
            ("a", Restless((FX,), NoParams())),
            ("b", QuoteFollower((FX,), NoParams())),
            ("c", Restless((FX,), NoParams())),
        ]
        scopes = dict.fromkeys("abc", "s")
        journal, _ = run([trades_stream(rows), quotes_stream(quotes_of(rows))], tracks, cut, scopes=scopes)
        heads.add((journal.head, journal.length))
    assert len(heads) == 1


@given(USUAL)
@settings(max_examples=10, deadline=None)
def test_another_scope_changes_no_entry(rows: list[tuple[int, int, int, int]]) -> None:
    """A track alone writes the same beside a scope of two as without it."""

    def entries_of(names: str) -> list[bytes]:
        kinds = {"a": Restless, "b": Restless, "c": QuoteFollower}
        tracks: list[tuple[str, Strategy]] = [(n, kinds[n]((FX,), NoParams())) for n in names]
        streams = [trades_stream(rows), quotes_stream(quotes_of(rows))]
        journal, _ = run(streams, tracks, scopes={"b": "s", "c": "s"})
        return [e for e, v in zip(journal.entries, journal.events, strict=True) if v.track == "a"]

    assert entries_of("a") == entries_of("abc") == entries_of("bca")
