"""The parts of the shell: what the log says and hides, when a stop is heard, what a telling journal tells, what doctor judges."""

from __future__ import annotations

import io
import json
import logging
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import redirect_stderr
from pathlib import Path
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from genesis.clock import ManualClock, iso_utc
from genesis.config import Secret
from genesis.config.secrets import MASK
from genesis.engine.journal import NullJournal
from genesis.errors import ConfigError, StorageError, Terminated
from genesis.feeds.replay import Cut
from genesis.model.events import Event
from genesis.model.run_events import GapFound
from genesis.model.track_events import StrategyNote, TrackHalted, TrackOpened, TrackStopped
from genesis.storage.sqlite import SqliteStore, StoreReader
from genesis.system import doctor, log
from genesis.system.doctor import FREE_BYTES, Health
from genesis.system.export import write_whole
from genesis.system.log import LogFormat, LogLevel, conceal, configure_logging, speaker, without_secrets
from genesis.system.stopping import StopRequest, raise_on_sigterm
from genesis.system.telling import TellingJournal
from tests.kit.factories import T0, shared, started
from tests.unit.cli.calling import genesis, project

NOW = 1_700_000_000_120_456_789


@pytest.fixture(autouse=True)
def _own_logging(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(log, "_concealed", set())
    yield
    structlog.reset_defaults()


def said(form: LogFormat, level: LogLevel = LogLevel.INFO, **facts: object) -> str:
    """The one line that comes of an info event."""
    out = io.StringIO()
    with redirect_stderr(out):
        configure_logging(level, form, ManualClock(NOW))
        speaker().info("something", **facts)
    return out.getvalue()


# ---- the log


def test_a_line_is_one_line_for_people_and_one_object_for_programs() -> None:
    """UTC to the millisecond, level, event, then the facts; what would break a line is quoted."""
    facts: dict[str, Any] = {"n": 4, "text": "two words", "lines": "a\nb", "names": ["x", "y"], "none": None}
    text = said(LogFormat.TEXT, **facts)
    assert text == (
        '2023-11-14T22:13:20.120Z info    something              n=4 text="two words" lines="a\\nb" names=x,y none=null\n'
    )
    told = json.loads(said(LogFormat.JSON, **facts))
    assert list(told)[:3] == ["time", "level", "event"]
    assert told == {"time": "2023-11-14T22:13:20.120Z", "level": "info", "event": "something", **facts}


def test_what_a_library_says_is_a_line_like_every_other() -> None:
    """A driver's own warning is no loose text between the objects that a program reads, and no secret passes by it."""
    out = io.StringIO()
    with redirect_stderr(out):
        configure_logging(LogLevel.INFO, LogFormat.JSON, ManualClock(NOW))
        conceal([Secret("hunter2")])
        logging.getLogger("some.driver").warning("lost the connection of %s", "hunter2")
        logging.getLogger("some.driver").info("never mind")
    (line,) = out.getvalue().splitlines()
    told = json.loads(line)
    assert (told["level"], told["event"], told["name"]) == ("warning", "library", "some.driver")
    assert told["said"] == f"lost the connection of {MASK}"


def test_less_important_lines_are_left_out() -> None:
    """By the level that was asked for."""
    assert said(LogFormat.TEXT, LogLevel.DEBUG)
    assert said(LogFormat.TEXT, LogLevel.WARNING) == ""


@pytest.mark.parametrize("form", LogFormat)
def test_secrets_are_masked_by_key_by_type_and_by_text(form: LogFormat) -> None:
    """Also deep inside, and inside another text."""
    conceal([Secret("sesame"), Secret("")])
    line = said(
        form,
        api_key="plain",
        inner={"passphrase": "plain", "list": [Secret("other"), "open sesame!"]},
        error=ValueError("sesame"),
        none={"api_secret": None},
        path=Path("/x/sesame"),
    )
    for hidden in ("plain", "other", "sesame"):
        assert hidden not in line
    assert line.count("***") == 6
    assert without_secrets("open sesame") == "open ***"


def test_nobody_configured_is_warnings_as_text() -> None:
    """A library's user hears of trouble and of nothing else, on standard error."""
    out = io.StringIO()
    with redirect_stderr(out):
        speaker().info("quiet")
        speaker().warning("loud")
    assert out.getvalue().count("\n") == 1
    assert "warning loud" in out.getvalue()


# ---- stopping


def cuts(count: int) -> list[Cut]:
    return [Cut(i, i == count - 1) for i in range(count)]


def test_a_stop_is_obeyed_between_two_batches() -> None:
    """Asked for while a batch is at work, that batch ends and no other begins."""
    stop = StopRequest()
    taken = []
    for cut in stop.heed(cuts(5)):
        taken.append(cut.closed_before)
        if cut.closed_before == 2:
            stop.ask(signal.SIGTERM)
    assert taken == [0, 1, 2]
    assert list(StopRequest().heed(cuts(2))) == cuts(2)


def test_signals_are_heard_inside_and_given_back_after() -> None:
    """The first one is kept; a second SIGINT does not wait."""
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]
    stop = StopRequest()
    with stop.listening():
        os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.by is signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.by is signal.SIGTERM
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before


def test_another_thread_cannot_listen_and_runs_all_the_same() -> None:
    """Signals are the main thread's; elsewhere the request is made by hand."""
    inside: list[bool] = []

    def work() -> None:
        with StopRequest().listening():
            inside.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [True]


def test_sigterm_unwinds_when_nothing_runs() -> None:
    """Like SIGINT does, so that locks and files are given back."""
    before = signal.getsignal(signal.SIGTERM)
    try:
        raise_on_sigterm()
        with pytest.raises(Terminated):
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)


# ---- telling


class Flaky(NullJournal):
    """Counts; fails to commit as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        super().__init__()
        self.failures = failures

    def commit(self) -> None:
        if self.failures:
            self.failures -= 1
            raise StorageError("full")


EVENTS: Sequence[Event] = (
    StrategyNote(1, "a", "n"),
    TrackStopped(2, "a", "on_bar", "ValueError: x"),
    TrackHalted(3, "b", "daily_loss", "5 %", "flatten"),
    GapFound(4, None, "s", 1, 2, None, "d"),
)


def test_an_entry_is_told_when_it_is_durable_and_once() -> None:
    """Not before its commit, not when the commit fails, not again."""
    with capture_logs() as lines:
        journal = TellingJournal(Flaky(1), 0, structlog.get_logger())
        journal.append(EVENTS)
        assert lines == []
        with pytest.raises(StorageError):
            journal.commit()
        assert [x["event"] for x in lines] == ["commit failed"]
        journal.commit()
        journal.commit()
    assert [(x["event"], x["log_level"]) for x in lines[1:]] == [
        ("track stopped", "warning"),
        ("track halted", "warning"),
        ("gap", "debug"),
    ]


@pytest.mark.parametrize("held", range(5))
def test_what_an_earlier_process_wrote_is_not_told_again(held: int) -> None:
    """However the group lies over the end of what was held."""
    with capture_logs() as lines:
        journal = TellingJournal(NullJournal(), held, structlog.get_logger())
        journal.append(EVENTS)
        journal.commit()
    assert [x["event"] for x in lines] == ["track stopped", "track halted", "gap"][max(0, held - 1) :]


# ---- status


def test_what_stops_a_track_again_and_again_is_one_line(tmp_path: Path) -> None:
    """Of the last time, with how often and since when; another reason or another track is another line."""
    path, hour = tmp_path / "run.db", 3_600_000_000_000
    halts = [TrackHalted(T0 + i * hour, "ema.slow", "LOSS_BOUND", f"found {i}", "flattened") for i in range(3)]
    others = (
        TrackHalted(T0 + hour, "ema.slow", "DRAWDOWN", "found 12 %", "flattened"),
        TrackHalted(T0 + hour, "ema.fast", "LOSS_BOUND", "found 9", "flattened"),
    )
    with SqliteStore.open(path, ManualClock(NOW), "host") as store:
        store.journal.append([started(), *halts, *others])
        store.journal.commit()
    assert [line for line in genesis("status", path).out.splitlines() if "HALTED" in line] == [
        f"ema.slow: HALTED 3 times since {iso_utc(T0)}, the last at {iso_utc(T0 + 2 * hour)}, LOSS_BOUND: found 2",
        f"ema.slow: HALTED at {iso_utc(T0 + hour)}, DRAWDOWN: found 12 %",
        f"ema.fast: HALTED at {iso_utc(T0 + hour)}, LOSS_BOUND: found 9",
    ]


def test_what_live_tracks_do_together_is_shown_beside_what_they_may(tmp_path: Path) -> None:
    """The newest of two samples: a row a limit, net exposure by asset; nothing of it where one track alone is live."""
    opened = [
        TrackOpened(T0, f"{n}@live", {"budget": "1 USDT", "of": n, "role": "live"}) for n in ("ema.fast", "ema.slow")
    ]
    for path, tracks in ((tmp_path / "two.db", opened), (tmp_path / "one.db", opened[:1])):
        with SqliteStore.open(path, ManualClock(NOW), "host") as store:
            store.journal.append([started(), *tracks, shared(T0), shared(T0 + 1, lost="14.25")])
            store.journal.commit()
    shown = [line.split() for line in genesis("status", tmp_path / "two.db").out.splitlines()]
    assert [line for line in shown if line and line[0] in ("equity", "lost", "gross", "open", "net")] == [
        ["equity", "2500.00", "—"],
        ["lost", "today", "14.25", "125.00"],
        ["gross", "exposure", "900.00", "2250.00"],
        ["open", "orders", "2", "20"],
        ["net", "BTC", "600.00", "—"],
        ["net", "ETH", "-300.00", "—"],
    ]
    told = json.loads(genesis("status", tmp_path / "two.db", "--json").out)["account"]
    assert (told["time"], told["lost"], told["net"]) == (T0 + 1, "14.25", {"BTC": "600.00", "ETH": "-300.00"})
    assert json.loads(genesis("status", tmp_path / "one.db", "--json").out)["account"] is None


# ---- doctor


@pytest.mark.parametrize(
    ("name", "least", "health"),
    [
        ("msgspec", "0.1", Health.OK),
        ("msgspec", "999.0", Health.ERROR),
        ("no-such-package-anywhere", "1", Health.ERROR),
    ],
)
def test_a_package_is_judged_by_its_version(name: str, least: str, health: Health) -> None:
    """Too old and missing are errors that say how to install it."""
    check = doctor.package_check(name, least)
    assert check.health is health
    assert (f"pip install '{name}>={least}'" in check.advice) == (health is Health.ERROR)


def test_versions_are_compared_as_numbers() -> None:
    """0.10 is newer than 0.9; 1.0 is 1; a local part does not count."""
    assert doctor.numbers("0.10") > doctor.numbers("0.9")
    assert doctor.numbers("1.0") == doctor.numbers("1")
    assert doctor.numbers("2.1+local9") == doctor.numbers("2.1")


def test_less_than_a_gigabyte_is_a_warning() -> None:
    """At the bound it is well."""
    assert doctor.disk_check(FREE_BYTES).health is Health.OK
    assert doctor.disk_check(FREE_BYTES - 1).health is Health.WARNING


# ---- files


def test_a_file_is_whole_or_not_there(tmp_path: Path) -> None:
    """Whatever is raised half-way leaves what was there, and no other file."""
    out = tmp_path / "x"

    def half(path: Path) -> None:
        path.write_text("half")
        raise OSError(28, "No space left on device")

    for _ in range(2):
        before = out.read_text() if out.exists() else None
        with pytest.raises(StorageError, match="no space left on device"):
            write_whole(out, True, half)
        assert (out.read_text() if out.exists() else None) == before
        out.write_text("mine")
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    with pytest.raises(ConfigError, match="--force"):
        write_whole(out, False, half)


def test_a_stop_inside_what_is_stored_reports_what_is_durable(tmp_path: Path) -> None:
    """``--until`` before the end of an earlier run compares a part of it and takes nothing away."""
    config = project(tmp_path)
    whole = genesis("run", config, "--json").json
    part = genesis("run", config, "--until", "2022-12-01T05:00:00Z", "--json").json
    assert (part["entries"], part["head"]) == (whole["entries"], whole["head"])
    with StoreReader(tmp_path / "genesis.db") as reader:
        assert reader.status().complete
