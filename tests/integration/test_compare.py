"""What a risk manager sees of the ladder: `genesis compare`, the report, and tables that never mix live with paper."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from genesis.clock import NS_PER_DAY, ManualClock
from genesis.config.schema import PaperSection
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.storage.inbox import leave_command
from genesis.storage.sqlite import StoreReader
from genesis.system.comparing import comparisons
from genesis.system.reporting import read_report, write_report
from genesis.system.run import prepare, run_prepared
from tests.kit.planted import FIRST_NS, HOURLY, configuration, hourly, planted, variants
from tests.unit.cli.calling import genesis

DAYS = 60


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, market_data) -> Path:  # type: ignore[no-untyped-def]
    """Two months: one with an edge that dies on day 30, and a pair; on day 40 somebody demotes the better of the pair."""
    folder = tmp_path_factory.mktemp("compare")
    data = hourly(market_data(HOURLY), folder, DAYS)
    strategies = [
        planted("fades", 0.85, dies_ns=FIRST_NS + 35 * NS_PER_DAY),
        variants("pair", (0.5, 0.8), seed=3),
    ]
    config = configuration(data, strategies, PromotionRules(), "run")
    path = folder / "run.db"
    run_prepared(prepare(config, folder), path, FIRST_NS + 40 * NS_PER_DAY)
    leave_command(path, "demote", "pair.08", "ann", "a <b>doubt</b>", ManualClock(1))
    run_prepared(prepare(config, folder), path)
    return path


def test_the_gap_adds_up_and_comes_from_the_venue(store: Path) -> None:
    """Every decision is taken by both; the one whose fills cost more beyond the price faced loses by price, and nothing is unexplained."""
    with StoreReader(store) as reader:
        found = comparisons(reader)
    assert [c.live.track for c in found] == ["fades@live", "pair.08@live"]
    for c in found:
        assert (c.live_only, c.twin_only, c.attribution.valuation) == (0, 0, 0)
        assert c.both == c.live.orders + c.live.refused == c.twin.orders + c.twin.refused > 50
        assert sum((v for _, v in c.attribution.parts()), Decimal(0)) == c.attribution.gap == c.live.pnl - c.twin.pnl
        assert c.live.cost_bp is not None
        assert c.twin.cost_bp is not None
        assert (c.attribution.price < 0) == (c.live.cost_bp > c.twin.cost_bp)
        assert c.live.of_bars.bars == c.twin.of_bars.bars == len(c.indices.times)


def test_a_closed_pair_says_what_came_of_it(store: Path) -> None:
    """Demoted by a person: closed, and all capital less what came back is its profit."""
    with StoreReader(store) as reader:
        (found,) = comparisons(reader, "pair.08")
        flows = sum((Decimal(c.amount) for c in reader.capital("pair.08@live")), Decimal(0))
    assert found.closed
    assert found.live.pnl == -flows


def test_the_command_prints_tables_or_json(store: Path) -> None:
    """Money is exact text in JSON; a table has the parts; an unknown name is an error that lists the known ones."""
    document: Any = genesis("compare", store, "pair.08", "--json").json
    assert [d["strategy"] for d in document] == ["pair.08"]
    parts = document[0]["attribution"]
    assert sum(Decimal(v) for k, v in parts.items() if k != "gap") == Decimal(parts["gap"])
    assert document[0]["synthetic"] is True
    shown = genesis("compare", store).out
    assert "synthetic" in shown
    assert "the exact sum of these" in shown
    assert "expected one of fades, pair.05, pair.08, found nobody" in genesis("compare", store, "nobody").err


def test_live_is_never_among_paper(store: Path) -> None:
    """Not in the table of paper, the criteria, the report's comparison or its benchmarks; positions say whose they are."""
    status = genesis("status", store).out
    paper, live = status.split("live (simulated venue) and twins")
    assert "@live" not in paper
    assert "pair.08@live" in live
    roles = {n: t["role"] for n, t in genesis("status", store, "--json").json["tracks"].items()}
    assert (roles["pair.08"], roles["pair.08@live"], roles["pair.08@twin"]) == ("paper", "live", "twin")
    assert all("@live" not in n and "@twin" not in n for n in genesis("criteria", store, "--json").json["tracks"])
    with StoreReader(store) as reader:
        report = read_report(reader)
    assert [t.name for t in report.tracks] == ["fades", "pair.05", "pair.08"]
    rows = genesis("positions", store, "--json").json
    assert {r["track"]: r["role"] for r in rows}["fades@twin"] == "twin"


def test_every_exported_row_says_whose_it_is(store: Path, tmp_path: Path) -> None:
    """Paper, live or twin, and that it was told the future; decisions are of versions."""
    for table in ("fills", "samples", "capital", "promotions"):
        out = tmp_path / f"{table}.json"
        genesis("export", store, table, "--out", out, "--format", "json")
        rows = json.loads(out.read_text(encoding="utf-8"))
        assert all(r["synthetic"] is True for r in rows)
        if table == "promotions":
            assert "role" not in rows[0]
        else:
            found = {r["role"] for r in rows if "@live" in r["track"] or "@twin" in r["track"]}
            assert found == {"live", "twin"}
            assert {r["role"] for r in rows if "@" not in r["track"]} <= {"paper"}


def test_the_page_tells_the_life(store: Path, tmp_path: Path) -> None:
    """Guarantees, every version's stage, moves with their reasons, live beside paper, the test's answer, the command with author and reason."""
    page = write_report(store, tmp_path / "page.html").read_text(encoding="utf-8")
    for words in (
        "Profile given: the enforced criteria alone open the first 10 %",
        "id='promotion'",
        "id='beside'",
        "id='trials'",
        "criteria and evidence allow 20 %",
        "95 % confidence sequence",
        "the exact sum of the lines above",
        "a &lt;b&gt;doubt&lt;/b&gt;",
        "All of them together",
    ):
        assert words in page, words
    sections = re.findall(r"<section class='track'><h2 id='track-\d+'>([^<]+)", page)
    assert [s.strip() for s in sections] == ["fades", "pair.05", "pair.08"]
    assert "What is assumed of the live venue" in page
    assert "href='http" not in page


def test_without_a_ladder_there_is_nothing_of_it(tmp_path: Path, market_data: Any) -> None:
    """`paper_trading.enabled: false` leaves the sections out, and compare says that nothing is live."""
    data = hourly(market_data(HOURLY), tmp_path, 5)
    config = configuration(data, [planted("p", 0.8)], PromotionRules(), "off")
    config = msgspec.structs.replace(config, paper_trading=PaperSection(enabled=False))
    path = tmp_path / "off.db"
    run_prepared(prepare(config, tmp_path), path)
    page = write_report(path, tmp_path / "page.html").read_text(encoding="utf-8")
    assert "id='promotion'" not in page
    assert "nothing to compare" in genesis("compare", path).out
