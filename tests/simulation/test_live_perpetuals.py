"""A perpetual on the ladder: a live track and its twin trade a share of it, settle their own funding, answer for their own margin, and give all capital back."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from genesis.audit.entry import encode
from genesis.clock import NS_PER_HOUR
from genesis.engine.engine import TradingEngine
from genesis.engine.step import Tape
from genesis.engine.track import Track
from genesis.execution.perpetual_terms import MarkedBy, PerpetualTerms
from genesis.execution.profile import FeeCurrency, FeeSchedule
from genesis.feeds.replay import Replay
from genesis.model.events import OrderDenied, OrderFilled
from genesis.model.instruments import Instrument, InstrumentKind
from genesis.model.margin import MarginTier
from genesis.model.money import Money
from genesis.model.run_events import RunStarted
from genesis.model.track_events import CapitalMoved, FundingPaid, Liquidated, TrackClosed
from genesis.monitoring.strategy_monitor import StrategyMonitor
from genesis.paper_trading.live_pair import LIVE, LivePair
from genesis.paper_trading.simulator import PaperTradingSimulator
from genesis.strategies.base import NoParams, Strategy
from genesis.system.templates.recomputation.tracks import Tracks
from genesis.tape.stream import Stream
from tests.kit.runs import START, UNBOUNDED, Memory, bars_stream, funding_stream, marks_stream
from tests.simulation.test_live_pair import DRAWS, EXACT, WORSE, EverySix, Plan, Promoter

PERP = Instrument("BTCUSDT", "F", "BTC", "USDT", Decimal("0.01"), Decimal("0.001"), InstrumentKind.PERPETUAL)
TERMS = PerpetualTerms(
    margin_tiers=(MarginTier(floor=Decimal(0), cap=Decimal(10**6), maintenance_rate=Decimal("0.01"), max_leverage=20),),
    leverage=10,
    marked_by=MarkedBy.LAST_PRICE,
    mark_age_max_s=7200,
)


class OnLadder(Promoter):
    """As the ladder does, a live track keeps the tier of its reference."""

    def _open(self, name: str, role: str, strategy: Strategy, capital: Money, start_ns: int) -> Track:
        profile, draws = (WORSE, DRAWS) if role == LIVE else (None, None)
        return self._simulator.add(
            name, strategy, capital, profile=profile, start_ns=start_ns, draws=draws, tier=UNBOUNDED
        )


class Heavy(EverySix):
    """Eight times what it has."""

    LOTS = 8_000_000


def streams(days: int, prices: list[int]) -> list[Stream]:
    """Hourly bars and marks, and a settlement of 0.01 % every four hours."""
    rows = [(p, p, p, p, 10**9) for p in prices]
    at = [(i * NS_PER_HOUR, p * 10**6, p * 10**6, p * 10**6) for i, p in enumerate(prices)]
    settled = [(i * NS_PER_HOUR, 10_000) for i in range(1, 24 * days, 4)]
    return [bars_stream(rows, "1h", PERP), marks_stream(at, PERP), funding_stream(settled, PERP)]


def play(
    kind: type[Strategy], days: int, plan: Plan, prices: list[int]
) -> tuple[Memory, PaperTradingSimulator, LivePair]:
    tape = Tape(found := streams(days, prices))
    fees = {PERP.id: FeeSchedule(Decimal(0), Decimal(0), FeeCurrency.QUOTE)}
    simulator = PaperTradingSimulator(
        tape, StrategyMonitor(), 7, START - 1, EXACT, None, (UNBOUNDED,), fees, terms={PERP.id: TERMS}
    )
    simulator.add("s", kind((PERP,), NoParams()), Money("100000", "USDT"))
    journal, promoter = Memory(), OnLadder(simulator, plan, 4)
    engine = TradingEngine(tape, simulator.tracks, journal, RunStarted(START - 1, None, {}), overseer=promoter)
    engine.run(Replay(found).cut(None))
    assert promoter.pair is not None
    return journal, simulator, promoter.pair


def flows(journal: Memory, track: str) -> list[Decimal]:
    return [
        Decimal(e.amount).scaleb(-e.decimals)
        for e in journal.events
        if isinstance(e, CapitalMoved) and e.track == track
    ]


def test_live_and_twin_settle_a_tenth_and_give_everything_back() -> None:
    """A tenth of the lots, a tenth of the funding; after the demotion both are flat, and what is moved out is what came in with all they made."""
    prices = [10_000 + 10 * (i % 7) for i in range(24 * 5)]
    journal, simulator, pair = play(EverySix, 5, {10: lambda pair, now: pair.demote(now, "demoted")}, prices)

    paid = {
        name: [e for e in journal.events if isinstance(e, FundingPaid) and e.track == name]
        for name in ("s", "s@live", "s@twin")
    }
    assert paid["s@live"]
    by_time = {e.time_event: e for e in paid["s"]}
    for event in (*paid["s@live"], *paid["s@twin"]):
        whole = by_time[event.time_event]
        assert (event.units, whole.units) == (15 * 10**5, 155 * 10**5)
        assert event.change * 155 == pytest.approx(whole.change * 15, abs=155 * 10**8)
    assert [e.track for e in journal.events if isinstance(e, TrackClosed)] == ["s@live", "s@twin"]
    assert [t.name for t in simulator.tracks] == ["s"]
    for track in pair.tracks:
        assert track.is_idle
        came, *_, left = flows(journal, track.name)
        made = sum(e.change for e in journal.events if isinstance(e, FundingPaid) and e.track == track.name)
        made += track.portfolio.realized_units - track.portfolio.fees_units
        unit = Decimal(10) ** -track.portfolio.decimals
        assert -left == came + made * unit
        track.portfolio.ledger.check()


def test_a_live_track_answers_for_its_own_margin() -> None:
    """Eight times leverage and a fall of 12 %: live and twin are liquidated on their own tenth, as the reference is on its whole."""
    prices = [10_000] * 44 + [8_800] * 52
    journal, _, _ = play(Heavy, 4, {}, prices)

    gone = {e.track: e for e in journal.events if isinstance(e, Liquidated)}
    assert set(gone) == {"s", "s@live", "s@twin"}
    assert {e.time for e in gone.values()} == {gone["s"].time}
    assert gone["s@twin"].units * 10 == gone["s"].units
    assert all(e.wallet + e.unrealized <= e.maintenance for e in gone.values())
    forced = [e for e in journal.events if isinstance(e, OrderFilled) and e.order.intent.tag == "liquidation"]
    assert {e.track for e in forced} == set(gone)
    refused = {e.track for e in journal.events if isinstance(e, OrderDenied) and e.detail.startswith("liquidated: ")}
    assert refused == set(gone)


# ---- an outsider, from the entries alone

RULES = {"bet_cap": "0.12", "bets_sharpe": ["1.5", "3.0"], "cap": "4000.0", "upper_clip": "6.0"}
FIRST = {
    "evidence": {"rules": RULES},
    "instruments": [f"{PERP.id} (tick 0.01, lot 0.001)"],
    "perpetuals": {
        PERP.id: {
            "margin_tiers": [{"floor": "0", "maintenance_amount": None, "maintenance_rate": "0.01"}],
        }
    },
    "tracks": [{"beside": None, "budget": "100000 USDT", "name": "s", "version": "one"}],
}


def told(journal: Memory) -> list[dict[str, Any]]:
    """The entries of a run, the first of them with what a configuration would tell."""
    entries = [json.loads(encode(event)) for event in journal.events]
    return [{**entries[0], "body": FIRST}, *entries[1:]]


def made_again(entries: list[dict[str, Any]]) -> Tracks:
    made = Tracks()
    for made.seq, entry in enumerate(entries, 1):
        made.time = int(entry["time"])
        heard = getattr(made, f"_{entry['type']}", None)
        if heard is not None:
            heard(entry["track"], entry["body"])
    return made


def findings(entries: list[dict[str, Any]]) -> list[str]:
    return [f.partition(": ")[2] for f in made_again(entries).findings]


def altered(entries: list[dict[str, Any]], kind: str, **values: str) -> list[dict[str, Any]]:
    """With other values in the first entry of a kind that is of the live track."""
    place = next(i for i, e in enumerate(entries) if (e["type"], e["track"]) == (kind, "s@live"))
    body = {**entries[place]["body"], **values}
    return [*entries[:place], {**entries[place], "body": body}, *entries[place + 1 :]]


def test_an_outsider_makes_a_liquidation_again() -> None:
    """Position, margin balance and maintenance margin of reference, live and twin follow from fills, fees, funding, capital and the brackets; what was altered does not."""
    prices = [10_000] * 44 + [8_800] * 52
    journal, _, _ = play(Heavy, 4, {}, prices)
    entries = told(journal)
    assert sum(e["type"] == "Liquidated" for e in entries) == 3
    made = made_again(entries)
    assert made.findings == []
    for track in ("s", "s@live", "s@twin"):
        equity = [e["body"]["metrics"]["equity"] for e in entries if (e["type"], e["track"]) == ("MetricSample", track)]
        # What the venue took for it is in the fee of the fill that closed the position.
        assert made.books[track].settled() == pytest.approx(float(equity[-1]), rel=1e-12)
    balance = next(e["body"] for e in entries if (e["type"], e["track"]) == ("Liquidated", "s@live"))
    for values, words in (
        ({"qty": "700.00000000"}, "liquidation: position: from the entries before 800.0"),
        ({"margin_balance": balance["maintenance_margin"]}, "liquidation: margin balance of wallet and profit"),
        (
            {"maintenance_margin": "1.0000000000000000"},
            "liquidation: maintenance margin: from the entries before 704.0",
        ),
        ({"mark_px": "99.00000000"}, "liquidation: margin balance: from the entries before"),
        ({"margin_balance": "9000.0000000000000000"}, "liquidation: expected a margin balance of no more than 704.0"),
    ):
        assert any(f.startswith(f"s@live: {words}") for f in findings(altered(entries, "Liquidated", **values))), words


def test_an_outsider_makes_funding_again() -> None:
    """What a live track settles is its position by the fills, times mark and rate, rounded against it; what was altered is named."""
    prices = [10_000 + 10 * (i % 7) for i in range(24 * 5)]
    journal, _, _ = play(EverySix, 5, {}, prices)
    entries = told(journal)
    assert findings(entries) == []
    paid = next(e["body"] for e in entries if (e["type"], e["track"]) == ("FundingPaid", "s@live"))
    for values, words in (
        ({"amount": "0.0000000000000000"}, "funding: from the entries before -"),
        ({"qty": "99.00000000"}, f"funding: position: from the entries before {float(paid['qty'])}"),
        ({"rate": "0.00020000"}, "funding: from the entries before -"),
    ):
        assert any(f.startswith(f"s@live: {words}") for f in findings(altered(entries, "FundingPaid", **values))), words
