"""The story end to end, over recorded markets: a run and its report, seven days against the criteria, a kill and a restart; then the capital ladder over 120 days of BTC/USDT, with
edges that are planted: paper, validated, live, steps, A/B, an edge that dies, demotion, return, comparison with the twin, and every decision made again from its record.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from genesis.audit.entry import decode
from genesis.clock import NS_PER_DAY, NS_PER_HOUR, ManualClock, iso_utc, parse_utc
from genesis.config import load_config
from genesis.evidence.families import closed_adjustment
from genesis.paper_trading.promotion_manager import recompute
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.promotion_rules import Profile, PromotionRules
from genesis.storage.inbox import leave_command
from genesis.storage.rows import StageRow
from genesis.storage.sqlite import StoreReader
from genesis.system.reporting import write_report
from genesis.system.run import RunSummary, prepare, run_config, run_prepared, run_prepared_async
from genesis.system.stopping import StopRequest
from tests.kit.planted import FIRST_NS, HOURLY, configuration, hourly, planted, variants
from tests.kit.recorded_run import MISSION_BLOCK, TRADES, recorded_project
from tests.unit.cli.calling import genesis

CANDLES = "candles/binance-spot/1h/BTCUSDT_20170817-20230630.parquet"
CANDLES_FROM = parse_utc("2017-08-17T04:00:00Z")


def test_sixty_hours_of_trades_become_a_run_and_a_report(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Own and built-in strategies run over real trades; money, samples, chain and report are there."""
    path = recorded_project(tmp_path, market_data(TRADES))
    summary = run_config(load_config(path), tmp_path)
    assert summary.complete
    names = ("cross.fast", "cross.slow", "own")
    assert summary.tracks == (*names, *(f"{n}@realistic" for n in names))
    reader = StoreReader(tmp_path / "genesis.db")
    assert reader.verify() == []
    assert len(reader.rows("samples", "own")) == 60
    for track in summary.tracks:
        found = reader.latest_sample(track)
        assert found is not None
        assert found.metrics["trades"] == len([t for t in reader.trades(track) if t.time_close <= found.time])
    page = write_report(tmp_path / "genesis.db", tmp_path / "report.html").read_text()
    assert "cross.fast" in page
    assert "<svg" in page
    assert "http" not in page


def test_seven_days_are_forty_two_valid_bars_after_the_warm_up(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """A real market by the hour under the mission's block: when the 41st has closed the seven days are not over, when the 42nd has they are."""
    path, store = tmp_path / "config.yaml", tmp_path / "genesis.db"
    path.write_text(
        f"""
run: {{realistic: false}}
instruments: [{{symbol: BTCUSDT, venue: BINANCE, base: BTC, quote: USDT, tick: 0.01, lot: 0.000001, kind: fx}}]
data: [{{instrument: BTCUSDT.BINANCE, path: {market_data(CANDLES)}}}]
strategies:
  - name: cross
    strategy: ma_crossover
    instruments: [BTCUSDT.BINANCE]
    budget: 10000
    params: {{bars: 1h, short: true, fast: 3, slow: 8}}
{MISSION_BLOCK}"""
    )
    found = []
    # The bar closes at hour 224; what happens at the very moment of ``--until`` is left out.
    for hours in (224, 225):
        run_config(load_config(path), tmp_path, until_ns=CANDLES_FROM + hours * NS_PER_HOUR)
        with StoreReader(store) as reader:
            shown = reader.rows("evidence", "cross")
        assert all(r["bar_return"] is not None for r in shown)
        verdict = genesis("criteria", store, "--json").json["tracks"]["cross"]["verdicts"][1]
        assert verdict["sample"]["n"] == len(shown) - int(str(shown[-1]["warmup_bars"]))
        found.append((verdict["criterion"]["name"], verdict["sample"]["n"], verdict["status"]))
    assert found == [("min_days", 41, "INCONCLUSIVE"), ("min_days", 42, "PASSED")]


async def test_other_tasks_of_the_shell_work_beside_a_run(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Between two batches they have their turn; the run is the one that nobody worked beside."""
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    for folder in (alone, beside):
        folder.mkdir()
        recorded_project(folder, market_data(TRADES))
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    prepared = prepare(load_config(beside / "config.yaml"), beside)
    summary = await run_prepared_async(prepared, beside / "genesis.db", StopRequest())
    task.cancel()
    expected = await asyncio.to_thread(run_config, load_config(alone / "config.yaml"), alone)
    assert (summary.complete, summary.head) == (True, expected.head)
    assert turns > 10


def test_stopping_at_a_time_and_going_on_is_the_same_run(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """``--until`` leaves a prefix of the chain; a later start completes it to the same head."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    heads = []
    for folder in (whole, parts):
        folder.mkdir()
        config = load_config(recorded_project(folder, market_data(TRADES)))
        if folder is parts:
            assert not run_config(config, folder, until_ns=1_570_838_400_000_000_000).complete
        heads.append(run_config(config, folder).head)
    assert heads[0] == heads[1]


def kill_and_compare(folder: Path, data: Path, kills: int, seed: int) -> None:
    """SIGKILL the process at random moments until it has finished; the chain is that of the run nobody disturbed."""
    quiet, beaten = folder / "quiet", folder / "beaten"
    heads = []
    chance = random.Random(seed)
    for place in (quiet, beaten):
        place.mkdir()
        path = recorded_project(place, data)
        command = [sys.executable, "-m", "tests.kit.slow_run", str(path)]
        left = kills if place is beaten else 0
        while left:
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={**os.environ, "GENESIS_CUT": "60"})
            store = place / "genesis.db"
            while not store.exists() and process.poll() is None:
                time.sleep(0.01)
            time.sleep(chance.uniform(0.0, 0.7))
            process.send_signal(signal.SIGKILL)
            process.wait()
            left -= 1
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        reader = StoreReader(place / "genesis.db")
        assert reader.verify() == []
        heads.append((reader.head(), reader.rows("fills"), reader.rows("orders"), reader.rows("samples")))
    assert heads[0] == heads[1]


def test_sigkill_at_twelve_moments_leaves_the_same_chain(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """Kill it anywhere, start again: the run chain and the tables are byte for byte the same."""
    kill_and_compare(tmp_path, market_data(TRADES), 12, 11)


@pytest.mark.slow
def test_sigkill_at_three_hundred_moments_leaves_the_same_chain(tmp_path: Path, market_data) -> None:  # type: ignore[no-untyped-def]
    """The same, three hundred times."""
    kill_and_compare(tmp_path, market_data(TRADES), 300, 12)


# ---- the capital ladder

DAYS = 120
DIES_NS = FIRST_NS + 60 * NS_PER_DAY


class Story(NamedTuple):
    """A finished run, its store, and what is needed to run it again."""

    folder: Path
    data: Path
    summary: RunSummary

    @property
    def store(self) -> Path:
        return self.folder / "story.db"


def play(folder: Path, data: Path, name: str, until_ns: int | None = None, **rules: Any) -> RunSummary:
    """Run, or go on with, the four versions."""
    strategies = [
        planted("good", 0.8),
        planted("fades", 0.8, dies_ns=DIES_NS, seed=2),
        variants("pair", (0.5, 0.75), seed=3),
    ]
    config = configuration(data, strategies, PromotionRules(**rules), name)
    return run_prepared(prepare(config, folder), folder / f"{name}.db", until_ns)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, market_data) -> Story:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("story")
    data = hourly(market_data(HOURLY), folder, DAYS)
    return Story(folder, data, play(folder, data, "story"))


def stages(store: Path, version: str) -> list[StageRow]:
    with StoreReader(store) as reader:
        return [s for s in reader.stages(version) if s.move != "register"]


def test_a_strategy_with_an_edge_climbs_step_by_step(story: Story) -> None:
    """Validated after 100 trades, live at 10 %, then 10 % more each time, three days apart at least; never two steps at once."""
    climbed = stages(story.store, "good")
    assert [s.move for s in climbed[:4]] == ["validate", "go_live", "step_up", "step_up"]
    fractions = [Decimal(s.fraction_after) for s in climbed if s.move in ("go_live", "step_up")]
    assert fractions[0] == Decimal("0.1")
    assert all(b - a == Decimal("0.1") for a, b in zip(fractions, fractions[1:], strict=False))
    assert fractions[-1] >= Decimal("0.5")
    steps = [s.time for s in climbed if s.move in ("go_live", "step_up")]
    assert all(b - a >= 3 * NS_PER_DAY for a, b in zip(steps, steps[1:], strict=False))


def test_without_an_edge_it_stays_on_paper(story: Story) -> None:
    """The coin of the pair moves nowhere up; what it lacks is in its last evaluation."""
    assert [s.move for s in stages(story.store, "pair.05") if s.move in ("go_live", "step_up")] == []
    with StoreReader(story.store) as reader:
        last = reader.promotions("pair.05")[-1]
    assert last.stage in ("PAPER", "REJECTED")


def test_an_edge_that_dies_is_noticed_and_the_capital_is_taken_back(story: Story) -> None:
    """It dies on day 60: halved at the warning, demoted at the alarm, closed, and back on paper for another attempt after the cool-down."""
    moves = [(s.move, s.time) for s in stages(story.store, "fades")]
    names = [m for m, _ in moves]
    assert names[-3:] == ["degrade", "demote", "retry"]
    degraded, demoted, again = (t for _, t in moves[-3:])
    assert DIES_NS < degraded < demoted
    assert again - demoted >= 7 * NS_PER_DAY
    with StoreReader(story.store) as reader:
        closed = [s.track for s in reader.stops() if s.kind == "CLOSED"]
        returned = [c for c in reader.capital("fades@live") if c.reason == "the end"]
    assert closed == ["fades@live", "fades@twin"]
    assert len(returned) == 1


def test_a_lost_edge_is_seen_where_it_is_lost_and_nowhere_else(story: Story) -> None:
    """While both edges live nobody loses capital; the one that goes on living keeps it to the end, the one that dies is the only one demoted."""
    down = {"degrade", "demote", "step_down", "give_back"}
    lost = {n: [s.time for s in stages(story.store, n) if s.move in down] for n in ("good", "fades")}
    assert lost["good"] == []
    assert min(lost["fades"]) > DIES_NS
    with StoreReader(story.store) as reader:
        demoted = {s.track for s in reader.stages() if s.move == "demote"}
    assert demoted == {"fades"}


def test_live_stands_beside_its_twin_order_by_order(story: Story) -> None:
    """Every decision of the one is one of the other, and the parts of the gap add up to it, to the last digit."""
    (shown,) = genesis("compare", story.store, "good", "--json").json
    assert (shown["live_only"], shown["twin_only"], shown["both"] > 100) == (0, 0, True)
    parts = shown["attribution"]
    assert sum(Decimal(v) for k, v in parts.items() if k != "gap") == Decimal(parts["gap"]) != 0


def test_capital_follows_the_fractions(story: Story) -> None:
    """What was moved to the live track of the good one, in all, is its fraction of the budget of 10,000."""
    with StoreReader(story.store) as reader:
        moved = sum(Decimal(c.amount) for c in reader.capital("good@live"))
    last = stages(story.store, "good")[-1]
    assert moved == Decimal(last.fraction_after) * 10_000


def test_every_decision_can_be_made_again_from_its_record_alone(story: Story) -> None:
    """All evaluations of the store, recomputed from their entries, come out the same."""
    with StoreReader(story.store) as reader:
        records = reader.events("PromotionEvaluated")
    assert len(records) > 400
    for document in records:
        body: Any = document["body"]
        evaluation = evaluation_of(body["digest"], body["record"])
        assert recompute(evaluation) == evaluation


def test_another_attempt_lowers_nobody_who_is_live(story: Story) -> None:
    """After the failed one began anew, the good one, live since before, is adjusted beside the E with which that attempt ended, to the last bit."""
    again = next(s.time for s in stages(story.store, "fades") if s.move == "retry")
    with StoreReader(story.store) as reader:
        shown = {name: {e.time: e.e_value for e in reader.evidence(name)} for name in ("fades", "pair.05", "pair.075")}
        bodies: list[Any] = [d["body"] for d in reader.events("PromotionEvaluated")]
    made = [evaluation_of(b["digest"], b["record"]) for b in bodies]
    good = [e for e in made if e.version == "good" and e.time_ns > again]
    assert len(good) > 6
    for e in good:
        beside = [shown["fades"][again], *(shown[name][e.time_ns] for name in ("pair.05", "pair.075"))]
        assert e.facts.adjusted == closed_adjustment([e.facts.e_value, *beside])[0]
        assert shown["fades"][e.time_ns] != shown["fades"][again]


def test_live_and_twin_decide_the_same_and_differ_by_the_venue_alone(story: Story) -> None:
    """Orders of the good one are sent at the same moments to the same side; live fills dearer."""
    with StoreReader(story.store) as reader:
        live, twin = (reader.orders(f"good@{role}") for role in ("live", "twin"))
        costs = {role: [Decimal(f.slippage or 0) for f in reader.fills(f"good@{role}")] for role in ("live", "twin")}
    assert len(live) > 300
    moments = [{(o.time_submitted, o.side) for o in orders} for orders in (live, twin)]
    assert len(moments[0] & moments[1]) > 0.98 * len(moments[0] | moments[1])
    assert sum(costs["live"]) > sum(costs["twin"])


def test_the_better_variant_is_found_and_said_in_words(story: Story) -> None:
    """0.75 against 0.5: better, with an interval above zero, and it may be acted on."""
    with StoreReader(story.store) as reader:
        rows = reader.comparisons()
    result = next(r for row in rows for r in row.results if r["standing"] == "BETTER")
    assert (result["champion"], result["challenger"]) == ("pair.05", "pair.075")
    assert result["trade_low_bp"] > 0
    assert "may be acted on now" in result["words"]


def test_the_better_variant_takes_the_place_of_the_champion(story: Story) -> None:
    """At the bar at which it is proven, and a new test begins from nothing; the one before it gets no capital any more, and is told for whose sake."""
    with StoreReader(story.store) as reader:
        rows = reader.comparisons()
        bodies: list[Any] = [d["body"] for d in reader.events("PromotionEvaluated")]
    at = next(i for i, row in enumerate(rows) if row.results[0]["standing"] == "BETTER")
    (after,) = rows[at + 1].results
    assert rows[at + 1].time == rows[at].time
    assert (after["champion"], after["challenger"], after["bars"], after["e_value"]) == ("pair.075", "pair.05", 0, 1.0)
    assert {r["champion"] for row in rows[at + 1 :] for r in row.results} == {"pair.075"}
    made = [evaluation_of(b["digest"], b["record"]) for b in bodies]
    told = [e.room for e in made if e.version == "pair.05" and e.time_ns > rows[at].time]
    assert len(told) > 1
    assert {room.fraction for room in told} == {0}
    assert told[0].words.startswith("pair.075 is proven better (E ")
    assert told[0].words.endswith("and is the champion of pair; of 0 % it held 0 % are left to it")


def test_a_restart_in_the_middle_changes_nothing(story: Story) -> None:
    """Stopped on day 50, with live tracks open, and run on: the same chain."""
    first = play(story.folder, story.data, "again", FIRST_NS + 50 * NS_PER_DAY)
    assert not first.complete
    second = play(story.folder, story.data, "again")
    assert second.complete
    assert (second.entries, _tail(story.folder / "again.db")) == (story.summary.entries, _tail(story.store))


def _tail(store: Path) -> list[bytes]:
    """Bytes of all entries but the first, which names the run."""
    db = sqlite3.connect(store)
    try:
        return [row[0] for row in db.execute("SELECT bytes FROM entries WHERE seq > 1 ORDER BY seq")]
    finally:
        db.close()


def test_a_person_can_stop_a_rise_and_the_record_says_who_and_why(story: Story) -> None:
    """Paused on day 30 through the inbox: no step from then on; taken once, where the run stood, also when run again. A word that is no order waits for the evidence bar and is refused."""
    play(story.folder, story.data, "paused", FIRST_NS + 30 * NS_PER_DAY)
    store = story.folder / "paused.db"
    leave_command(store, "hurry", "good", "bob", "it is late", ManualClock(1))
    leave_command(store, "pause", "good", "ann", "an audit", ManualClock(1))
    play(story.folder, story.data, "paused", FIRST_NS + 60 * NS_PER_DAY)
    play(story.folder, story.data, "paused", FIRST_NS + 61 * NS_PER_DAY)
    rises = [s for s in stages(store, "good") if s.move == "step_up"]
    assert all(s.time <= FIRST_NS + 30 * NS_PER_DAY for s in rises), [iso_utc(s.time) for s in rises]
    with StoreReader(store) as reader:
        taken, refused = reader.events("CommandTaken")
        _, row = reader.commands()
        assert reader.status().waiting_commands == 0
        entry: Any = decode(next(iter(reader.entries(row.taken_at_seq or 0))).entry)
    body: Any = taken["body"]
    assert (body["author"], body["reason"], body["taken"]) == ("ann", "an audit", True)
    assert entry["type"] == "CommandTaken"
    assert [int(d["time"]) - FIRST_NS - 30 * NS_PER_DAY for d in (taken, refused)] == [-1, 0]
    no_order: Any = refused["body"]
    assert (no_order["number"], no_order["author"], no_order["taken"]) == (1, "bob", False)
    assert no_order["words"].endswith("found hurry")


def test_under_balanced_going_live_takes_evidence(story: Story) -> None:
    """The same strategies under `balanced`: whoever goes live has an adjusted E of 10 at that moment, and the coin never does."""
    play(story.folder, story.data, "balanced", FIRST_NS + 60 * NS_PER_DAY, profile=Profile.BALANCED)
    with StoreReader(story.folder / "balanced.db") as reader:
        records = reader.events("PromotionEvaluated")
    went = []
    for document in records:
        body: Any = document["body"]
        evaluation = evaluation_of(body["digest"], body["record"])
        if evaluation.move is not None and evaluation.move.value == "go_live":
            went.append(evaluation.version)
            assert evaluation.facts.counted >= 10
    assert "good" in went
    assert "pair.05" not in went
