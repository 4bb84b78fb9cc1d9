"""Five versions with an edge on one small account: all want capital at once, and the account has room for three, one of them unproven."""

from __future__ import annotations

from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from genesis.paper_trading.promotion_facts import Evaluation
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.stages import Stage
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare, run_prepared
from tests.kit.planted import HOURLY, configuration, hourly, planted

NAMES = ("a", "b", "c", "d", "e")
EQUITY = Decimal(9_500)
BUDGET = Decimal(10_000)
# A hunter: three live, each at most 30 % of the account, 90 % together.
LIVE, EACH, ALL, UNPROVEN = 3, Decimal("0.30"), Decimal("0.90"), Decimal("0.10")
SLACK = Decimal("0.9")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, market_data) -> list[Evaluation]:  # type: ignore[no-untyped-def]
    """All decisions of 75 days, in their order."""
    folder: Path = tmp_path_factory.mktemp("together")
    data = hourly(market_data(HOURLY), folder, 75)
    strategies = [planted(name, 0.72, seed=i) for i, name in enumerate(NAMES)]
    config = configuration(data, strategies, PromotionRules(account_equity=EQUITY), "together")
    run_prepared(prepare(config, folder), folder / "together.db")
    with StoreReader(folder / "together.db") as reader:
        bodies: list[Any] = [d["body"] for d in reader.events("PromotionEvaluated")]
    return [evaluation_of(b["digest"], b["record"]) for b in bodies]


def test_no_moment_exceeds_a_limit_of_the_account(made: list[Evaluation]) -> None:
    """At every moment with a rise: three live, 30 % each, 90 % in all, 10 % unproven, of what the account is worth then; without one a tenth more by losses alone."""
    last: dict[str, Evaluation] = {}
    rises = 0
    for _, looks in groupby(made, key=lambda e: e.time_ns):
        found = list(looks)
        last |= {e.version: e for e in found}
        equity = EQUITY + sum(e.facts.live_pnl for e in last.values())
        rose = any(e.after.fraction > e.before.fraction for e in found)
        rises += rose
        most = equity if rose else equity / SLACK
        held = {v: e.after.fraction * BUDGET for v, e in last.items()}
        assert sum(e.after.stage.holds_capital for e in last.values()) <= LIVE
        assert max(held.values()) <= EACH * most
        assert sum(held.values()) <= ALL * most
        assert sum(x for v, x in held.items() if not last[v].after.proven) <= UNPROVEN * most
    assert rises >= 4


def test_the_strongest_come_first_and_the_rest_wait_and_say_so(made: list[Evaluation]) -> None:
    """The first to go live is the one with most evidence of those that could; while it is unproven the others are validated and wait for its room, and once three are live, for a place."""
    first = next(e for e in made if e.after.stage.holds_capital)
    same_time = [e for e in made if e.time_ns == first.time_ns and e.before.stage is Stage.VALIDATED]
    assert first.facts.counted == max(e.facts.counted for e in same_time)
    waits = [e for e in made if e.before.stage is Stage.VALIDATED and e.move is None]
    told = {e.room.words.partition(" hold ")[0] for e in waits}
    assert "unproven versions together" in told
    assert "3 of 3 versions are live" in {e.room.words for e in waits}


def test_more_than_one_gets_there(made: list[Evaluation]) -> None:
    """As the first are proven their room is free for the next: three are live in the end."""
    stages = {e.version: e.after.stage for e in made}
    assert sum(stage.holds_capital for stage in stages.values()) == LIVE
