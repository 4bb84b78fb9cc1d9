"""The gatekeeper's first path, end to end: a run under configured criteria, its evidence recorded bar by bar and told to a person."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from genesis.config import inactive_keys, load_config
from genesis.evidence.families import closed_adjustment
from genesis.evidence.gathering import Evidence
from genesis.evidence.rules import BettingRules, Source
from genesis.evidence.superiority import Superiority, superiority
from genesis.model.promotion_events import PromotionEvaluated, StageChanged
from genesis.storage.sqlite import StoreReader
from genesis.system.run import prepare
from tests.kit.held_project import TRACKS, documents, finished, project
from tests.kit.runs import Memory
from tests.unit.cli.calling import genesis


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run under the defaults; not to be changed."""
    return finished(tmp_path_factory.mktemp("gate") / "run")


def test_all_evidence_can_be_computed_again_from_the_record_alone(store: Path) -> None:
    """The first entry's rules and the bars' returns give every e-value, bound and interval, and the family's adjustment, to the last bit."""
    entries = list(documents(store))
    first = entries[0]["body"]
    texts = first["evidence"]["rules"]
    numbers: dict[str, Any] = {
        k: tuple(map(float, v)) if isinstance(v, list) else type(getattr(BettingRules(), k))(v)
        for k, v in texts.items()
    }
    rules = BettingRules(**numbers)
    again = {name: Evidence(rules, Source(first["evidence"]["source"])) for name in TRACKS}
    moment: dict[str, float] = {}
    families = 0
    for entry in entries:
        body = entry["body"]
        if entry["type"] == "EvidenceSample":
            evidence = again[entry["track"]]
            evidence.add(float(body["bar_return"]))
            found = (evidence.e_value, evidence.bars, evidence.warmup_bars, evidence.loss_bound, evidence.bound_broken)
            keys = ("e_value", "bars", "warmup_bars", "loss_bound", "bound_broken")
            assert found == tuple(body[k] for k in keys)
            ratios = ("sharpe", "sharpe_stderr", "sharpe_low", "sharpe_high")
            assert (evidence.sharpe() or (None,) * 4) == tuple(body[k] for k in ratios)
            moment[entry["track"]] = evidence.e_value
        elif entry["type"] == "FamilyEvidence":
            families += 1
            assert list(body["adjusted"]) == sorted(moment) == sorted(TRACKS)
            adjusted = dict(zip(moment, closed_adjustment(list(moment.values())), strict=True))
            assert body["adjusted"] == adjusted
    assert families == again["held.short"].bars == 45 * 6
    assert again["held.short"].loss_bound is not None


def test_a_bar_s_return_is_that_of_the_equity_sampled(store: Path) -> None:
    """Where samples stand at a bar's ends the journalled returns compound to the equity between them."""
    with StoreReader(store) as reader:
        samples, evidence = reader.samples("held.short"), reader.evidence("held.short")
    equity = {s.time: float(s.metrics["equity"]) for s in samples}
    growth, last = 1.0, 100_000.0
    for e in evidence:
        assert e.bar_return is not None
        growth *= 1 + e.bar_return
        if e.time in equity:
            assert equity[e.time] / last == pytest.approx(growth, rel=1e-12)
            growth, last = 1.0, equity[e.time]
    assert last != 100_000


def test_only_reference_tracks_gather_evidence(store: Path) -> None:
    """The realistic twins run and are in no family."""
    with StoreReader(store) as reader:
        tracks = [t.track for t in reader.tracks()]
        gathered = {e.track for e in reader.evidence()}
    assert [t for t in tracks if "@" not in t] == TRACKS
    assert any("@realistic" in t for t in tracks)
    assert gathered == set(TRACKS)


def test_a_strategy_that_never_moves_stays_in_its_warm_up(store: Path) -> None:
    """Flat bars are no warm-up, so there is no bound, no bet, E is 1, and none of its bars is a validation day."""
    found = genesis("criteria", store, "--json").json["tracks"]["held.never"]
    evidence = found["evidence"]
    assert (evidence["e_value"], evidence["loss_bound"], evidence["moved"]) == (1.0, None, 0)
    assert evidence["warmup_bars"] == evidence["bars"]
    days = next(v for v in found["verdicts"] if v["criterion"]["name"] == "min_days")
    assert (days["value"], days["status"]) == (0.0, "INCONCLUSIVE")
    assert "no bet yet" in " ".join(evidence["words"])


def test_the_words_say_what_a_strategy_without_edge_would_do(store: Path) -> None:
    """The probability of the words is one over E; the source, what it opens, what is missing and how long are said."""
    answer = genesis("criteria", store, "--json").json
    assert answer["source"] == "replay"
    for name in TRACKS[:2]:
        evidence = answer["tracks"][name]["evidence"]
        words = " ".join(evidence["words"])
        e = evidence["e_value"]
        if e > 1:
            assert evidence["chance_without_edge"] == pytest.approx(1 / e)
            assert "without any edge reaches this with probability at most" in words
        else:
            assert "no evidence of an edge" in words
        assert "opens simulated venues only" in words
        assert "20 % an adjusted E of 4" in words
        assert "at this pace" in words
        assert evidence["adjusted"] <= e
    assert answer["discovered"] == []
    assert "of the 3 versions tried" in genesis("criteria", store).out
    shown = genesis("criteria", store, "--track", "held.long").out
    assert "held.long" in shown
    assert "held.short" not in shown
    assert "INCONCLUSIVE" in shown
    wrong = genesis("criteria", store, "--track", "nobody")
    assert (wrong.code, "expected one of held.short" in wrong.error) == (2, True)


@pytest.mark.skipif(find_spec("arch") is None, reason="arch is not installed: the extra 'statistics'")
def test_all_versions_are_tested_beside_cash_where_that_is_asked(store: Path, tmp_path: Path) -> None:
    """On the evidence bars that were recorded, with the run's seed, those left out that never moved; not asked it is not there."""
    assert "superiority" not in genesis("criteria", store, "--json").json
    found = genesis("criteria", store, "--superiority", "--json").json["superiority"]
    with StoreReader(store) as reader:
        returns = [[e.bar_return for e in reader.evidence(t) if e.bar_return is not None] for t in TRACKS[:2]]
    direct = superiority(np.array(returns).T, np.zeros(len(returns[0])), TRACKS[:2], seed=1)
    assert isinstance(direct, Superiority)
    assert found == {**json.loads(msgspec.json.encode(direct)), "words": list(direct.sentences)}
    assert f"(StepM): {', '.join(direct.better) or 'none'}" in genesis("criteria", store, "--superiority").out
    young = finished(tmp_path / "young", "", 24)
    assert "is not tested: needs 42 bars, found" in genesis("criteria", young, "--superiority").out


def test_configured_thresholds_have_an_effect_and_stay_with_the_run(tmp_path: Path) -> None:
    """Status, criteria and report judge by what the run was started under, whatever the file says later."""
    loose = "min_trades: 5, min_days: 1, min_sharpe: -50, min_win_rate: 0, max_drawdown: 0.9"
    passed, strict = finished(tmp_path / "a", loose, 24 * 20), finished(tmp_path / "b", "", 24 * 20)
    assert "paper_trading.validation_criteria" not in inactive_keys()
    (tmp_path / "a" / "config.yaml").write_text("broken")

    def standing(store: Path) -> str:
        return next(line for line in genesis("status", store).out.splitlines() if "held.short" in line)

    assert "PASSED 5 of 5" in standing(passed)
    assert "PASSED 5 of 5" not in standing(strict)
    assert genesis("criteria", passed, "--json").json["criteria"]["min_trades"] == 5
    page = tmp_path / "page.html"
    assert genesis("report", passed, "--out", page).code == 0
    html = page.read_text()
    assert "at least 5 trades" in html
    assert "Evidence of held.short" in html
    assert "opens simulated venues only" in html


def test_modes_decide_what_counts(tmp_path: Path) -> None:
    """An advisory criterion is shown as such and leaves the standing alone; one that is off is not judged; with none enforced nobody passes."""
    loose = "min_trades: 5, min_days: 1, min_sharpe: -50, max_drawdown: 0.9, min_win_rate: 1"
    store = finished(tmp_path / "a", f"{loose}, win_rate_mode: advisory, drawdown_mode: off", 24 * 20)
    assert "PASSED 3 of 3" in genesis("status", store).out
    shown = genesis("criteria", store).out
    assert "FAILED (advisory)" in shown
    assert "max_drawdown" not in shown
    every = ", ".join(f"{m}_mode: advisory" for m in ("trades", "days", "sharpe", "drawdown", "win_rate"))
    none = finished(tmp_path / "b", every, 24 * 20)
    assert "none enforced" in genesis("status", none).out
    assert "no criterion is enforced" in genesis("criteria", none).out


def test_evidence_is_exported_with_the_other_tables(store: Path, tmp_path: Path) -> None:
    """A row a bar and track; the family's e-values as a document."""
    for table, rows in (("evidence", 3 * 270), ("families", 270)):
        out = tmp_path / f"{table}.json"
        assert genesis("export", store, table, "--out", out, "--format", "json", "--json").json["rows"] == rows
    last = json.loads((tmp_path / "families.json").read_text())[-1]
    assert sorted(last["adjusted"]) == sorted(TRACKS)


def test_stopped_and_taken_up_again_it_is_the_same_evidence(tmp_path: Path, store: Path) -> None:
    """A run cut in two by --until ends with the same chain head."""
    path = project(tmp_path / "parts") / "config.yaml"
    assert genesis("run", path, "--until", "2025-01-20T05:30:00Z").code == 0
    assert genesis("run", path).code == 0
    with StoreReader(tmp_path / "parts" / "genesis.db") as parts, StoreReader(store) as whole:
        assert parts.head() == whole.head()


def recorded(folder: Path, rows: int | None) -> Memory:
    """The entries of a run whose tape is cut into ``rows`` rows."""
    journal = Memory()
    prepare(load_config(folder / "config.yaml"), folder).execute(journal, rows=rows)
    return journal


def test_cuts_of_the_tape_change_no_evidence(tmp_path: Path) -> None:
    """A row at a time, seven, and everything at once end with one chain head: a family's samples are never split."""
    folder = project(tmp_path / "cuts", hours=24 * 8)
    found = [recorded(folder, rows) for rows in (1, 7, None)]
    assert len({(j.head, j.length) for j in found}) == 1
    kinds = [type(e).__name__ for e in found[0].events]
    assert kinds.count("FamilyEvidence") * 3 == kinds.count("EvidenceSample") == 8 * 6 * 3


def test_another_version_changes_the_family_and_no_track(tmp_path: Path) -> None:
    """What is adjusted is an entry of the run; a track's own entries are those it has alone."""
    many, one = project(tmp_path / "many", hours=24 * 8), project(tmp_path / "one", hours=24 * 8)
    text = (one / "config.yaml").read_text()
    alone = text.replace(", {name: long, params: {every: 11}}, {name: never, params: {every: 100000}}", "")
    assert alone != text
    (one / "config.yaml").write_text(alone)

    def of_short(folder: Path) -> list[bytes]:
        journal = recorded(folder, None)
        # What is decided about it is the account's, and weighs all versions.
        decided = (PromotionEvaluated, StageChanged)
        pairs = zip(journal.entries, journal.events, strict=True)
        return [e for e, v in pairs if v.track == "held.short" and not isinstance(v, decided)]

    assert of_short(many) == of_short(one)
