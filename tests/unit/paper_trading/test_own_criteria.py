"""A user's own criterion: its code gives a number, nothing that it does ends anything, and what cannot be configured is refused."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from genesis.config import config_yaml, load_config
from genesis.errors import ConfigError, StrategyError
from genesis.paper_trading.own_criteria import Measure, OwnJudge
from genesis.paper_trading.validation_criteria import OwnCriterion, ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Mode, Status, Verdict, Window
from genesis.system.strategies import find_measure

ASKED = OwnCriterion(name="calm", code="calm.py:calm", threshold=Decimal("0.3"), at_most=True)
FOUND = Measurements(window=Window(0, 10), trades=30, bars=42, win_rate=0.25)


class Losses:
    """The share of trades that did not win."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, found: Measurements) -> float:
        self.asked += 1
        return self.asked - (found.win_rate or 0.0)


def judged(measure: Measure | type, found: Measurements = FOUND, asked: OwnCriterion = ASKED) -> Verdict:
    return OwnJudge(asked, measure, "c" * 64).judge(ValidationCriteria(), found)


def fails(found: Measurements) -> float:
    raise SystemExit("out")


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (0.3, Status.PASSED),
        (0, Status.PASSED),
        (-5.0, Status.PASSED),
        (0.3001, Status.FAILED),
        (None, Status.INCONCLUSIVE),
        (float("nan"), Status.ERROR),
        (float("inf"), Status.ERROR),
        (10**400, Status.ERROR),
        ("0.1", Status.ERROR),
        (True, Status.ERROR),
    ],
)
def test_its_value_is_held_against_the_configured_threshold(value: object, status: Status) -> None:
    """The threshold itself passes; nothing is undecided; what is no number is an error that says what was found."""
    found = judged(lambda _: value)
    assert (found.status, found.criterion.threshold, found.criterion.at_most) == (status, 0.3, True)
    if status is Status.ERROR:
        assert found.missing.startswith("a value that can be: expected")


def test_it_waits_for_the_validation_days_like_any_other() -> None:
    """41 of 42 bars are too few to pass, and enough to fail at a maximum."""
    short = msgspec.structs.replace(FOUND, bars=41)
    assert judged(lambda _: 0.1, short).missing == "1 more evidence bars of 42"
    assert judged(lambda _: 0.4, short).status is Status.FAILED
    least = msgspec.structs.replace(ASKED, at_most=False)
    assert judged(lambda _: 0.1, short, least).status is Status.INCONCLUSIVE


def test_warm_up_is_no_time_for_it_either() -> None:
    """41 of 45 bars count, and none of two."""
    warm = msgspec.structs.replace(FOUND, bars=45, warmup_bars=4)
    assert judged(lambda _: 0.1, warm).missing == "1 more evidence bars of 42"
    cold = msgspec.structs.replace(FOUND, bars=2, warmup_bars=4)
    assert judged(lambda _: 0.1, cold).missing == "42 more evidence bars of 42"


def test_it_is_given_by_name_stays_as_it_is_and_is_a_least_value_unless_said() -> None:
    """Nothing by place, nothing afterwards, no key that nobody knows."""
    given = {"name": "calm", "code": "calm.py:calm", "threshold": "0.3"}
    assert not msgspec.convert(given, OwnCriterion).at_most
    with pytest.raises(msgspec.ValidationError, match="unknown field `modes`"):
        msgspec.convert({**given, "modes": "off"}, OwnCriterion)
    with pytest.raises(TypeError, match="positional"):
        OwnCriterion("calm", "calm.py:calm", Decimal("0.3"))  # type: ignore[call-arg]
    with pytest.raises(AttributeError, match="immutable"):
        ASKED.name = "other"  # type: ignore[misc]


def test_one_that_is_off_is_left_out_of_what_a_study_leaves_out() -> None:
    """It is not judged, so nothing of it is missing."""
    off = msgspec.structs.replace(ASKED, name="other", mode=Mode.OFF)
    assert ValidationCriteria(own=(ASKED, off)).unsimulated == ("calm",)


def test_an_instance_is_made_for_every_look() -> None:
    """What a class remembers is of one look: the same measurements have the same value, however often it was asked."""
    judge = OwnJudge(ASKED, Losses, "c" * 64)
    values = [judge.judge(ValidationCriteria(), FOUND).value for _ in range(3)]
    assert values == [0.75, 0.75, 0.75]


def test_whatever_it_raises_is_its_own_error() -> None:
    """Even what would end a process."""
    found = judged(fails)
    assert (found.status, found.value) == (Status.ERROR, None)
    assert found.words == "a value that can be: its code raised SystemExit: out"

    def stops(found: Measurements) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        judged(stops)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "min_sharpe"}, "name: expected small letters, digits and underscores, and none of Genesis' own"),
        ({"name": "Calm"}, "name: expected small letters"),
        ({"name": ""}, "name: expected small letters"),
        ({"threshold": Decimal("NaN")}, "threshold: expected a finite number, found NaN"),
    ],
)
def test_names_and_thresholds_that_cannot_be_are_refused(changed: dict[str, Any], words: str) -> None:
    """A name of its own, and a number."""
    with pytest.raises(ValueError, match=words):
        OwnCriterion(**{"name": "calm", "code": "calm.py:calm", "threshold": Decimal(1), **changed})


def test_each_name_once() -> None:
    """Two criteria of one name could not be told apart."""
    with pytest.raises(ValueError, match="own: expected each name once, found calm, calm"):
        ValidationCriteria(own=(ASKED, ASKED))


def test_it_is_configured_in_a_line(tmp_path: Path) -> None:
    """Name, code, threshold and mode; an unknown key is named with its place."""
    line = "{name: calm, code: 'calm.py:calm', threshold: 0.3, at_most: true, mode: advisory}"
    (tmp_path / "c.yaml").write_text(f"paper_trading: {{validation_criteria: {{own: [{line}]}}}}\n")
    found = load_config(tmp_path / "c.yaml").paper_trading.validation_criteria
    assert found.own == (msgspec.structs.replace(ASKED, mode=Mode.ADVISORY),)
    assert found.unsimulated == ("calm",)
    shown = config_yaml(load_config(tmp_path / "c.yaml"))
    (tmp_path / "again.yaml").write_text(shown)
    assert load_config(tmp_path / "again.yaml").paper_trading.validation_criteria == found
    (tmp_path / "c.yaml").write_text("paper_trading: {validation_criteria: {own: [{name: calm, cod: x}]}}\n")
    with pytest.raises(ConfigError, match=r"own\[0\]"):
        load_config(tmp_path / "c.yaml")


def test_its_code_is_found_in_a_file_or_a_module(tmp_path: Path) -> None:
    """What is no function of the measurements is refused before anything runs."""
    (tmp_path / "mine.py").write_text(
        "def calm(found):\n    return 0.1\n\n\nclass Empty:\n    pass\n\n\nasync def late(found):\n    return 1\n\n\nNUMBER = 3\n"
    )
    assert judged(find_measure("mine.py:calm", tmp_path)).value == 0.1
    assert find_measure(f"{__name__}:Losses", tmp_path) is Losses
    for name, words in {
        "mine.py:nothing": "expected a function of the measurements or a class of one, found none",
        "mine.py:NUMBER": "found 3",
        "mine.py:Empty": "expected a class whose instances can be called",
        "mine.py:late": "expected a plain function, found one that would never run",
        "nowhere.py:calm": "expected a Python file, found none",
        "no.such.module:calm": "criterion: expected a module no.such.module",
        "not_installed": "found none",
    }.items():
        with pytest.raises(StrategyError, match=words):
            find_measure(name, tmp_path)


def test_an_installed_package_may_offer_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the name of an entry point of the group genesis.criteria."""
    offered = tmp_path / "offers_calm-1.0.dist-info"
    offered.mkdir()
    (offered / "METADATA").write_text("Metadata-Version: 2.1\nName: offers-calm\nVersion: 1.0\n")
    (offered / "entry_points.txt").write_text("[genesis.criteria]\noffered_calm = offers_calm:calm\n")
    (tmp_path / "offers_calm.py").write_text("def calm(found):\n    return 0.2\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert judged(find_measure("offered_calm", tmp_path)).value == 0.2
