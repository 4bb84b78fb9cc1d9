"""Two live strategies in one small account: each limit that they share bites once, and nothing but the tape decides when.

The account is worth 9,000 USD; live holds 4,000 for each. A lot is worth about a dollar, and live sends two fifths of the lots in a script.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from genesis.audit.entry import encode
from genesis.clock import NS_PER_HOUR, NS_PER_MINUTE
from genesis.engine.engine import Progress
from genesis.model.events import OrderDenied, OrderFilled, OrderSubmitted
from genesis.model.orders import DenyReason
from genesis.model.promotion_events import AccountSample, StageChanged
from genesis.model.track_events import TrackHalted, TrackOpened
from genesis.risk.tiers import Tier
from genesis.storage.sqlite import StoreReader
from genesis.system import run_standing
from genesis.system.prepared import Prepared
from genesis.system.run import run_prepared
from tests.kit.outsider import findings
from tests.kit.resumed import assert_resumes
from tests.kit.runs import Memory
from tests.kit.shared_account import CLOSE, START_NS, TIERS, Script, calm, hour_of, prepared

A: Script = {
    # Sells at 102, above the market.
    200: [("BTCA", -100, 1_020)],
    204: [CLOSE],
    # Two of the three orders that the account may have open.
    206: [("BTCA", -100, 1_030), ("BTCA", -100, 1_040)],
    210: [CLOSE],
    # 2,200 and 2,200 of bitcoin, of 5,400 that all may hold of one asset.
    212: [("BTCA", 5_500, None), ("BTCB", 5_500, None)],
    216: [CLOSE],
    # 2,200 and 2,200 of two that move together, of 6,300 in one direction.
    218: [("ETHA", 5_500, None), ("SOLA", 5_500, None)],
    222: [CLOSE],
    # 6,600 of 9,000 in all; the bitcoins cancel each other out.
    224: [("BTCA", 5_500, None), ("BTCB", -5_500, None), ("ETHA", 5_500, None)],
    228: [CLOSE],
    230: [("ETHA", 5_500, None)],
    # After the fall of hour 233, and on the day after it.
    236: [("BTCA", 100, None)],
    242: [("BTCA", 100, None)],
}
B: Script = {
    # Would buy at 102 what the other one sells there.
    202: [("BTCA", 100, 1_020)],
    204: [CLOSE],
    206: [("BTCA", -100, 1_045)],
    208: [("BTCA", -100, 1_046)],
    210: [CLOSE],
    # 2,000 more is too much; 800 is not.
    214: [("BTCA", 5_000, None), ("BTCA", 2_000, None)],
    216: [CLOSE],
    220: [("ETHA", 5_000, None)],
    222: [CLOSE],
    # Against the other one's ether: 2,000 fits, and 1,000 of solana is too much then.
    226: [("ETHA", -5_000, None), ("SOLA", 2_500, None)],
    228: [CLOSE],
    230: [("SOLA", 5_500, None)],
}
FALL = 233


def falls(symbol: str, hour: int) -> int:
    """Ether and solana lose twelve in a hundred at once."""
    ticks = calm(symbol, hour)
    return ticks if hour < FALL or symbol.startswith("BTC") else ticks * 88 // 100


def ready(folder: Path, scripts: Mapping[str, Script] | None = None) -> Prepared:
    return prepared(folder, scripts or {"a": A, "b": B}, days=11, price=falls)


def played(of: Prepared, rows: int | None = None) -> Memory:
    journal = Memory()
    of.execute(journal, None, None, rows)
    return journal


@pytest.fixture(scope="module")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Memory:
    return played(ready(tmp_path_factory.mktemp("account")))


def refused(journal: Memory, track: str) -> list[tuple[float, DenyReason, str]]:
    """Hour, reason and detail of what was refused to a track."""
    return [
        (hour_of(e.time), e.reason, e.detail) for e in journal.events if isinstance(e, OrderDenied) and e.track == track
    ]


def sent(journal: Memory, track: str, since: int = 0) -> list[tuple[float, str, int]]:
    """Hour, instrument and signed lots of a track's orders."""
    return [
        (hour_of(e.time), e.order.intent.instrument.symbol, int(e.order.intent.side) * e.order.intent.lots)
        for e in journal.events
        if isinstance(e, OrderSubmitted) and e.track == track and hour_of(e.time) >= since
    ]


def test_each_limit_of_the_account_bites_once(journal: Memory) -> None:
    """Five entries of b are refused, each by another limit, with what was allowed and what was found."""
    told = refused(journal, "b@live")
    assert [(h, r) for h, r, _ in told] == [
        (202.0, DenyReason.OPPOSING_ORDER),
        (208.0, DenyReason.ACCOUNT_OPEN_ORDERS),
        (214.0, DenyReason.ACCOUNT_NET_EXPOSURE),
        (220.0, DenyReason.STACKED_POSITIONS),
        (226.0, DenyReason.ACCOUNT_GROSS_EXPOSURE),
    ]
    details = [d for _, _, d in told]
    assert details[0].endswith("found a sell order of a@live at 102.0")
    assert details[1] == "expected fewer than 3 open orders of all live tracks, found 3"
    # 4,400 lots at 100.2 and 2,000 more at 100.2, of 60 % of an account that nothing has happened to yet.
    assert details[2] == (
        "expected net exposure of all live tracks to BTC of at most 60 % of equity (5400.00 USD), found 6412.80 USD"
    )
    assert details[3].startswith("expected positions that move together (ETHA.X, SOLA.X, long ETHA.X) of at most 70 %")
    assert details[4].startswith("expected gross exposure of all live tracks of at most 100 % of equity")


def test_what_is_refused_to_live_is_refused_to_its_twin(journal: Memory) -> None:
    """In the same words, and so both send the same orders until the venue makes a difference; the reference is asked nothing of it."""
    assert refused(journal, "b@twin") == refused(journal, "b@live")
    for name in ("a", "b"):
        assert sent(journal, f"{name}@twin") == sent(journal, f"{name}@live")
        assert [r for _, r, _ in refused(journal, name) if r.value.startswith(("ACCOUNT", "OPPOSING", "STACKED"))] == []


def test_what_fits_is_sent_beside_what_does_not(journal: Memory) -> None:
    """800 lots of bitcoin at the hour at which 2,000 were refused, 2,000 of ether sold short beside solana that was refused."""
    orders = sent(journal, "b@live")
    assert (214.0, "BTCA", 800) in orders
    assert (226.0, "ETHA", -2_000) in orders
    assert not any(symbol == "SOLA" for h, symbol, _ in orders if h < 230)


def test_the_day_s_loss_ends_the_day_for_all(journal: Memory) -> None:
    """2,200 each of two that fall by twelve in a hundred: 532.40 lost at that price and 10.20 before, of 450 allowed. All four tracks are flattened at that hour, and nobody is demoted for it."""
    halted = [e for e in journal.events if isinstance(e, TrackHalted)]
    assert [(hour_of(e.time), e.track, e.reason) for e in halted] == [
        (FALL + 1, name, "ACCOUNT_DAILY_LOSS") for name in ("a@live", "a@twin", "b@live", "b@twin")
    ]
    assert halted[0].detail == (
        "expected all live tracks to lose under 5 % of the account at the day's start (450.00 USD), found 542.60 USD"
    )
    for name, symbol in (("a", "ETHA"), ("b", "SOLA")):
        for role in ("live", "twin"):
            assert (FALL + 1, symbol, -2_200) in sent(journal, f"{name}@{role}")
    moves = [e.move for e in journal.events if isinstance(e, StageChanged) and hour_of(e.time) >= FALL]
    assert "halt" not in moves
    assert "demote" not in moves


def test_no_entry_until_the_day_ends_and_then_again(journal: Memory) -> None:
    """Hour 236 is of the same day; at hour 242 the next one is two hours old."""
    assert [(h, r) for h, r, _ in refused(journal, "a@live")] == [(236.0, DenyReason.TRACK_HALTED)]
    assert [(h, s) for h, s, _ in sent(journal, "a@live", 236)] == [(242.0, "BTCA")]


def test_the_record_tells_what_the_account_used(journal: Memory) -> None:
    """At hour 232 it holds 4,404.40 long of ether and solana and has lost 10.20 that day; at midnight the loss of the day that ends is told."""
    samples = {hour_of(e.time): e for e in journal.events if isinstance(e, AccountSample)}
    assert min(samples) == 176.0
    at = samples[232.0]
    assert (at.tier, at.equity, at.lost, at.lost_max) == ("small", "8989.80", "10.20", "450.00")
    assert (at.gross, at.gross_max, at.net) == ("4404.40", "8989.80", {"ETH": "2202.20", "SOL": "2202.20"})
    assert (at.open_orders, at.open_orders_max, at.net_max) == (0, 3, "5393.88")
    assert samples[240.0].lost == samples[236.0].lost
    assert float(samples[244.0].lost) == 0


def test_how_the_tape_is_cut_changes_no_entry(journal: Memory, tmp_path: Path) -> None:
    """One row at a time, seven, or all at once."""
    heads = {played(ready(tmp_path / str(rows)), rows).head for rows in (1, 7)}
    assert heads == {journal.head}


def test_stopped_anywhere_and_made_again_it_is_the_same_run(tmp_path: Path) -> None:
    """While orders of both rest, right before the fall, and after the halt while its day lasts: entries and state go on as if nothing had been."""
    number = 0

    def fresh() -> Prepared:
        nonlocal number
        number += 1
        return ready(tmp_path / str(number))

    # Seven rows a batch of four instruments.
    assert_resumes(fresh, 7, 23, [4 * h // 7 for h in (178, 203, 232, 236)])


def die_after(folder: Path, store: Path, hour: int) -> None:
    """Run until all before that hour is durable, and be killed."""

    def durable(progress: Progress) -> None:
        if progress.closed_before > START_NS + hour * NS_PER_HOUR:
            os.kill(os.getpid(), signal.SIGKILL)

    run_prepared(ready(folder), store, rows=4, on_progress=durable)


def test_a_run_that_is_killed_and_started_again_ends_with_the_same_chain(tmp_path: Path, journal: Memory) -> None:
    """Killed while orders of both rest, right after the halt, and on the day after it; each start goes on from the last snapshot. An outsider finds nothing wrong, and the last account is shown."""
    store = tmp_path / "shared.db"
    for hour in (203, FALL + 1, 241):
        process = multiprocessing.get_context("fork").Process(target=die_after, args=(tmp_path, store, hour))
        process.start()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        with StoreReader(store) as reader:
            assert reader.snapshots()
    run_prepared(ready(tmp_path), store)
    assert findings(store) == []
    with StoreReader(store) as reader:
        assert [bytes(r.entry) for r in reader.entries()] == journal.entries
        shown = run_standing.account(reader)
        resumed = [o for o in reader.operations() if "snapshot" in str(o)]
    assert resumed
    last = [e for e in journal.events if isinstance(e, AccountSample)][-1]
    assert shown == {"time": last.time, **last.wire()}


def test_who_is_on_paper_alone_changes_nothing(tmp_path: Path, journal: Memory) -> None:
    """A third strategy that never trades, and so never leaves paper, leaves live tracks as they were."""
    beside = played(ready(tmp_path, {"a": A, "b": B, "c": {168 + 1: [], 168 + 3: []}}))
    for name in ("a@live", "a@twin", "b@live", "b@twin"):
        told = [[encode(e) for e in j.events if e.track == name] for j in (journal, beside)]
        assert told[0] == told[1]
        assert len(told[0]) > 20


def test_who_is_live_alone_is_refused_by_no_other(tmp_path: Path) -> None:
    """Without a, all that b asks for fits, and no account is told of."""
    alone = played(ready(tmp_path, {"b": B}))
    assert refused(alone, "b@live") == []
    assert [e for e in alone.events if isinstance(e, AccountSample)] == []
    assert len([e for e in alone.events if isinstance(e, OrderFilled) and e.track == "b@live"]) > 8
    assert [e.track for e in alone.events if isinstance(e, TrackOpened)] == ["b@live", "b@twin"]


SHORT: Script = {13: [("ETHA", 5_500, None)], 14: [("ETHA", -2_500, None)]}
LONG: Script = {13: [("SOLA", 5_500, None)]}
# Two minutes after half past two.
SINKS = 14 * 60 + 32


def sinks(symbol: str, minute: int) -> int:
    """From that minute on every minute takes two in a hundred of what ether and solana cost, six times."""
    ticks = 1_000 + minute // 60 % 3
    return ticks if symbol.startswith("BTC") else ticks - 20 * min(6, max(0, minute - SINKS + 1))


def test_the_account_is_looked_at_every_minute(tmp_path: Path) -> None:
    """2,200 lots of solana, and 1,200 of ether after 1,000 were sold at 14:00, lose 2 USD in a hundred lots a minute, 68 in all, for six minutes.

    450 are never lost; of 300 allowed 340 are at the end of the fifth minute, 14:37, and all is sold with the next row.
    """
    tiers = [msgspec.structs.replace(TIERS[0], daily_loss_max=Decimal(300) / 9_000), TIERS[1]]

    def run(folder: Path, allowed: Sequence[Tier], rows: int | None) -> Memory:
        scripts = {"a": SHORT, "b": LONG}
        return played(prepared(folder, scripts, 1, sinks, tiers=allowed, live_hour=12, minutes=1), rows)

    assert not any(isinstance(e, TrackHalted) for e in run(tmp_path / "most", TIERS, None).events)
    whole = run(tmp_path / "less", tiers, None)
    halted = [e for e in whole.events if isinstance(e, TrackHalted)]
    assert [(e.time - START_NS) / NS_PER_MINUTE for e in halted] == [SINKS + 5] * 4
    assert {e.track for e in halted} == {"a@live", "a@twin", "b@live", "b@twin"}
    filled = [e for e in whole.events if isinstance(e, OrderFilled) and e.time > halted[0].time and e.track == "b@live"]
    assert [(e.time - START_NS) / NS_PER_MINUTE for e in filled] == [SINKS + 6]
    assert run(tmp_path / "cut", tiers, 3).head == whole.head


def test_what_has_no_fresh_price_is_sold_once_it_has(tmp_path: Path) -> None:
    """Solana shows no price for ten minutes, ether falls by twelve meanwhile: a is flattened at once, b loses its entries alone, and sells when solana is traded again."""
    tiers = [msgspec.structs.replace(TIERS[0], daily_loss_max=Decimal(100) / 9_000), TIERS[1]]
    frozen = {"SOLA": range(SINKS - 2, SINKS + 8)}
    scripts = {"a": SHORT, "b": LONG}

    def run(folder: Path, rows: int | None) -> Memory:
        return played(prepared(folder, scripts, 1, sinks, tiers=tiers, live_hour=12, minutes=1, frozen=frozen), rows)

    whole = run(tmp_path / "whole", None)
    halted = [e for e in whole.events if isinstance(e, TrackHalted)]
    # 24 a minute of 1,200 lots of ether.
    assert [((e.time - START_NS) / NS_PER_MINUTE, e.track, e.action) for e in halted] == [
        (SINKS + 5, "a@live", "entries cancelled, flattened at market"),
        (SINKS + 5, "a@twin", "entries cancelled, flattened at market"),
        (SINKS + 5, "b@live", "entries cancelled, flattened as soon as its prices are fresh"),
        (SINKS + 5, "b@twin", "entries cancelled, flattened as soon as its prices are fresh"),
    ]
    orders = [
        ((e.time - START_NS) / NS_PER_MINUTE, e.track)
        for e in whole.events
        if isinstance(e, OrderSubmitted) and e.order.intent.tag == "flatten"
    ]
    assert orders[:2] == [(SINKS + 5, "a@live"), (SINKS + 5, "a@twin")]
    assert orders[2:] == [(SINKS + 9, "b@live"), (SINKS + 9, "b@twin")]
    assert run(tmp_path / "cut", 5).head == whole.head


def test_an_account_in_usd_of_strategies_in_another_money(tmp_path: Path, journal: Memory) -> None:
    """Budgets of 10,000 USDT at half a dollar, on an account of 4,500 USD: all that was refused is refused for half the amounts."""
    told = refused(
        played(prepared(tmp_path, {"a": A, "b": B}, 11, falls, quote="USDT", rate="0.5")),
        "b@live",
    )
    assert [t[:2] for t in told] == [t[:2] for t in refused(journal, "b@live")]
    assert told[2][2] == (
        "expected net exposure of all live tracks to BTC of at most 60 % of equity (2700.00 USD), found 3206.40 USD"
    )
