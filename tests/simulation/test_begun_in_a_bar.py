"""A run that begins in the middle of an evidence bar: that bar is no observation, no day and no bet, and nothing of it is missing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from genesis.clock import NS_PER_HOUR, NS_PER_MINUTE
from genesis.paper_trading.verdicts import Mode
from genesis.storage.sqlite import StoreReader
from genesis.system.reporting import read_report
from genesis.system.run import prepare, run_prepared
from tests.kit.swings import BAR_NS, DAYS, NEVER_NS, START_NS, decisions, prepared, sound

BARS = DAYS * 6
WARM_UP = 12


def begun(folder: Path, after_ns: int) -> Path:
    """A run over four days of candles from so long after midnight on, judged by the quality of its data too."""
    config = prepared(folder, NEVER_NS, begin_ns=START_NS + after_ns).config
    judged = msgspec.structs.replace(
        config.paper_trading.validation_criteria, data_quality_mode=Mode.ENFORCE, min_days=1
    )
    paper = msgspec.structs.replace(config.paper_trading, validation_criteria=judged)
    run = msgspec.structs.replace(config.run, sample_every="4h")
    run_prepared(prepare(msgspec.structs.replace(config, run=run, paper_trading=paper), folder), folder / "frozen.db")
    return folder / "frozen.db"


def returns(store: Path) -> list[tuple[int, float | None, int]]:
    """Of each evidence bar of the reference: when it ended, its return, and how many there were."""
    with StoreReader(store) as reader:
        return [(row.time, row.bar_return, row.bars) for row in reader.evidence("swings")]


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return begun(tmp_path_factory.mktemp("late"), NS_PER_HOUR)


def test_the_bar_in_which_a_run_begins_is_no_observation(late: Path) -> None:
    """It trades in the three hours that it sees, and they are no return; every bar after them is one, in the record, in the metrics and in the report."""
    (first, *rest) = returns(late)
    assert first == (START_NS + BAR_NS, None, 0)
    assert [bars for _, change, bars in rest if change is not None] == list(range(1, BARS))
    with StoreReader(late) as reader:
        assert [f for f in reader.fills("swings") if f.time < START_NS + BAR_NS] != []
        assert reader.samples("swings")[-1].metrics["evidence_bars"] == BARS - 1
        report = read_report(reader)
    (track,) = report.tracks
    assert [b.bars for b in report.benchmarks] == [track.metrics.whole("evidence_bars")] * 2


def test_nothing_of_it_is_missing(late: Path) -> None:
    """The data of all bars were whole, says the criterion, and whoever has the entries alone."""
    last = decisions(late)[-1]
    (quality,) = [v for v in last.facts.verdicts if v.criterion.name == "data_quality"]
    assert quality.value == 1.0
    assert quality.sample.n == BARS - 1 - WARM_UP
    sound(late)


@pytest.mark.parametrize(("minutes", "valid"), [(0, True), (2, True), (3, False)])
def test_a_hundredth_of_a_bar_may_be_lacking(minutes: int, valid: bool, tmp_path: Path) -> None:
    """As of any other bar: two minutes are less than a hundredth of four hours, three are more."""
    (first, *_) = returns(begun(tmp_path, minutes * NS_PER_MINUTE))
    assert (first[1] is not None, first[2]) == (valid, int(valid))
