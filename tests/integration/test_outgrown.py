"""A live account that outgrows a file: a warning for people, and where it is asked for, no step up before the move."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from genesis.audit.entry import decode
from genesis.clock import NS_PER_DAY, ManualClock
from genesis.config.schema import StorageSection
from genesis.paper_trading.promotion_manager import recompute
from genesis.paper_trading.promotion_record import evaluation_of
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.storage.address import PostgresAddress, StoreAddress
from genesis.storage.reader import StoreReader
from genesis.system.doctor import Health, _store
from genesis.system.moving import move
from genesis.system.outgrown import OUTGROWN
from genesis.system.run import RunSummary, prepare, run_prepared
from tests.kit.planted import FIRST_NS, HOURLY, configuration, hourly, planted

DAYS = 40
MOVED_NS = FIRST_NS + 30 * NS_PER_DAY


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, market_data) -> Path:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("outgrown")
    return hourly(market_data(HOURLY), folder, DAYS)


def run(
    folder: Path, data: Path, store: StoreAddress, storage: StorageSection, until_ns: int | None = None
) -> RunSummary:
    config = configuration(data, [planted("good", 0.8)], PromotionRules(), "story")
    return run_prepared(prepare(msgspec.structs.replace(config, storage=storage), folder), store, until_ns)


def moves(store: StoreAddress) -> list[tuple[str, int]]:
    with StoreReader(store) as reader:
        return [(s.move, s.time) for s in reader.stages("good")]


def test_live_equity_above_the_bound_is_noted_once_and_shows_in_doctor(data: Path, tmp_path: Path) -> None:
    """In the operations chain, not in the run's; a bound that is not reached notes nothing and changes no entry."""
    high = StorageSection(outgrown_usd=Decimal(10**9))
    outgrown, small = tmp_path / "outgrown.db", tmp_path / "small.db"
    heads = [run(tmp_path, data, outgrown, StorageSection()).head, run(tmp_path, data, small, high).head]
    assert run(tmp_path, data, outgrown, StorageSection()).head == heads[0] == heads[1]
    assert "go_live" in dict(moves(outgrown))
    with StoreReader(outgrown) as reader:
        (noted,) = [o for o in reader.operations() if o.kind == OUTGROWN]
    assert Decimal(str(noted.facts["equity"])) >= Decimal(str(noted.facts["bound"])) == 2000
    with StoreReader(small) as reader:
        assert OUTGROWN not in [o.kind for o in reader.operations()]
    check = next(iter(_store(outgrown, (), 0)))
    assert (check.health, "outgrown a file" in check.found) == (Health.WARNING, True)
    assert "genesis db migrate" in check.advice
    assert next(iter(_store(small, (), 0))).health is Health.OK


def test_required_postgres_refuses_every_step_up_until_the_run_has_moved(
    data: Path, tmp_path: Path, postgres: PostgresAddress
) -> None:
    """Held back on the file and told why; on the server it rises; made again from its start, there, it decides the same."""
    required = StorageSection(require_postgres=True)
    store = tmp_path / "story.db"
    run(tmp_path, data, store, required, MOVED_NS)
    assert {"go_live", "step_up"}.isdisjoint(dict(moves(store)))
    with StoreReader(store) as reader:
        told = [reason for p in reader.promotions("good") for reason in p.reasons]
        assert any("storage.require_postgres: from 2000 USD on the store must be on PostgreSQL" in w for w in told)
    move(store, postgres, ManualClock())
    summary = run(tmp_path, data, postgres, required)
    assert summary.complete
    live = [t for m, t in moves(postgres) if m == "go_live"]
    assert live
    assert min(live) > MOVED_NS - NS_PER_DAY
    again = run(tmp_path, data, postgres, required)
    assert (again.head, again.entries) == (summary.head, summary.entries)
    with StoreReader(postgres) as reader:
        for document in reader.events("PromotionEvaluated"):
            body = decode(msgspec.json.encode(document))["body"]
            assert isinstance(body, dict)
            evaluation = evaluation_of(body["digest"], body["record"])
            assert recompute(evaluation) == evaluation
