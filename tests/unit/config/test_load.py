"""Layers into one frozen configuration; every refusal says where, what was expected and what was found."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from genesis.config import Config, Secret, config_yaml, load_config, plain_config, secret_keys, secrets_of, shape
from genesis.errors import ConfigError
from genesis.paper_trading.verdicts import Mode
from genesis.system.data import data_path
from genesis.system.project import TEMPLATES, init_project


def load(text: str, folder: Path, env: dict[str, str] | None = None) -> Config:
    path = folder / "c.yaml"
    path.write_text(text)
    return load_config(path, env)


def _one(**changed: str) -> str:
    """One strategy, with some of its values replaced."""
    values = {"name": "s", "strategy": "breakout", "instruments": "[A.B]", "budget": "1", **changed}
    return f"strategies: [{{{', '.join(f'{k}: {v}' for k, v in values.items())}}}]"


_FOUR = """
instruments: [{symbol: A, venue: B, base: A, quote: C}]
data: [{instrument: A.B, path: a}]
strategies: [{name: s, strategy: breakout, instruments: [A.B], budget: 1, variants: [{name: a}, {name: b}, {name: c}, {name: d}]}]
"""


@pytest.mark.parametrize(
    ("text", "env", "expected"),
    [
        ("", {"GENESIS__RUN__SED": "1"}, "GENESIS__RUN__SED: run.sed: expected a known key"),
        ("", {"GENESIS__RUN__SEED": "x"}, "GENESIS__RUN__SEED: run.seed: expected `int`, got `str`, found 'x'"),
        ("run: 4", {"GENESIS__RUN__SEED": "1"}, "GENESIS__RUN__SEED: expected a section at run, found a value"),
        ("", {"GENESIS__RUN__SEED": "[1"}, "GENESIS__RUN__SEED: expected a YAML value"),
        (
            "data: []",
            {"GENESIS__DATA__0__PATH": "a"},
            "GENESIS__DATA__0__PATH: expected a place below 0 in data, found 0",
        ),
        ("data: []", {"GENESIS__DATA__X": "a"}, "GENESIS__DATA__X: expected a number for a place in data, found x"),
        (_one(), {"GENESIS__STRATEGIES__X__BUDGET": "5"}, "expected a number for a place in strategies, found x"),
        (
            _one(),
            {"GENESIS__STRATEGIES__0__BUDGET": "NaN"},
            "strategies[0].budget: expected a finite number, found NaN",
        ),
        (_one(budget="Infinity"), {}, "strategies[0].budget: expected a finite number, found Infinity"),
        (_one(balances='{Q: "-inf"}'), {}, "strategies[0].balances.Q: expected a finite number, found -inf"),
        ("risk: {fat_finger: sNaN}", {}, "risk.fat_finger: expected a finite number, found sNaN"),
        ("tiers: [{order_max: NaN}]", {}, "tiers[0].order_max: expected a finite number, found NaN"),
        (
            "paper_trading: {validation_criteria: {min_sharpe: NaN}}",
            {},
            "paper_trading.validation_criteria.min_sharpe: expected a finite number, found NaN",
        ),
        ("run: {seed: 1.5}", {}, "run.seed: expected `int`, got `decimal`, found 1.5"),
        ("run:\n\tseed: 1", {}, "line 2, column 1: expected YAML, which is indented by spaces, found a tab"),
        ("run: {seed: 1, <<: {seed: 2}, seed: 3}", {}, "line 1: expected each key once, found 'seed' again"),
        ("data: [{instrument: A.B, path: a}]", {}, "data[0].instrument: expected one of the instruments, of which"),
        ("? [a]\n: b", {}, "line 1: expected a plain key, found list"),
        ("strategies: [{budget: .NaN}]", {}, "line 1: expected a finite decimal number or quoted text, found .NaN"),
        ("run: {seed: 2020-13-45}", {}, "expected plain YAML"),
        ("execution: {prints_shar: 1}", {}, "execution.prints_shar: expected a known key"),
        ("execution: {latency_ms: {mea: 1}}", {}, "execution.latency_ms.mea: expected a known key"),
        ("tiers: [{nam: a}]", {}, "tiers[0].nam: expected a known key, found 'nam'; did you mean 'name'?"),
        ("frobnicate: 1", {}, "frobnicate: expected a known key, found 'frobnicate'; known here: run, instruments"),
        ("1: 2", {}, "1: expected a known key, found '1'"),
        (
            "paper_trading: {validation_criteria: {win_rate_mod: off}}",
            {},
            "paper_trading.validation_criteria.win_rate_mod: expected a known key, found 'win_rate_mod'; did you mean "
            "'win_rate_mode'?",
        ),
        ("paper_trading: {validation_criteria: {days_mode: never}}", {}, "found 'never'"),
        ("paper_trading: {validation_criteria: {min_win_rate: 1.1}}", {}, "min_win_rate: expected 0 to 1, found 1.1"),
        (_one(budget="1e40"), {}, "strategies[0].budget: expected above 0, at most 1e+15, found 1E+40"),
        (_one(balances="{Q: -1}"), {}, "strategies[0].balances.Q: expected 0 to 1e+15, found -1"),
        (_one(name='""'), {}, "strategies[0].name: expected 1 to 100 printable characters"),
        (_one(name='"a\\nb"'), {}, "no blank at the ends, found 'a\\nb'"),
        (_one(name='"own@realistic"'), {}, "characters without @ and !"),
        (_one(name=f"{'x' * 101}"), {}, f"found '{'x' * 100}…'"),
        (_one(variants='[{name: " a"}]'), {}, "strategies[0].variants[0].name: expected 1 to 100"),
        ("instruments: [{symbol: A, venue: B, base: A, quote: ''}]", {}, "instruments[0].quote: expected 1 to 100"),
        ("instruments: [{symbol: 'A B', venue: B, base: A, quote: Q}]", {}, "without blanks, found 'A B'"),
        ("run: {store: ':memory:'}", {}, "run.store: expected the name of a file, found ':memory:'"),
        ("data: [{instrument: A.B, path: a, columns: {vol: v}}]", {}, "data[0].columns.vol: expected a known key"),
        (_FOUR, {}, "strategies.s.variants: expected at most 3 in one A/B test"),
    ],
)
def test_a_refusal_names_its_place(text: str, env: dict[str, str], expected: str, tmp_path: Path) -> None:
    """The variable where it came by the environment, else the file; the path; what was expected and found."""
    with pytest.raises(ConfigError) as error:
        load(text, tmp_path, env)
    assert expected in str(error.value)
    assert str(error.value).startswith(("GENESIS__", str(tmp_path)))


def test_more_variants_than_one_test_may_have_are_allowed_where_there_is_none(tmp_path: Path) -> None:
    """The limit is of an experiment, not of a run."""
    found = load(_FOUR + "paper_trading: {ab_testing: {enabled: false}}", tmp_path)
    assert len(found.strategies[0].variants) == 4


def test_a_section_may_take_in_another_and_say_otherwise(tmp_path: Path) -> None:
    """YAML's ``<<``: what is written in a section goes before what it takes in, and of several the first goes before."""
    path = tmp_path / "c.yaml"
    path.write_text(
        "instruments: [{symbol: A, venue: B, base: A, quote: C}]\n"
        "data: [{instrument: A.B, path: a}]\n"
        "strategies:\n"
        "  - &first {name: one, strategy: breakout, instruments: [A.B], budget: 1}\n"
        "  - &second {<<: *first, name: two, budget: 2}\n"
        "  - {name: three, <<: [*second, *first]}\n"
    )
    strategies = load_config(path).strategies
    assert [(s.name, s.strategy, s.budget) for s in strategies] == [
        ("one", "breakout", 1),
        ("two", "breakout", 2),
        ("three", "breakout", 2),
    ]


def test_off_is_a_mode_and_no_truth_value(tmp_path: Path) -> None:
    """``off`` needs no quotes in the file or the environment, and is still there when the configuration is shown and loaded again."""
    text = "paper_trading: {validation_criteria: {win_rate_mode: off, days_mode: advisory}}"
    found = load(text, tmp_path, {"GENESIS__PAPER_TRADING__VALIDATION_CRITERIA__TRADES_MODE": "off"})
    criteria = found.paper_trading.validation_criteria
    assert (criteria.win_rate_mode, criteria.days_mode, criteria.trades_mode) == (Mode.OFF, Mode.ADVISORY, Mode.OFF)
    assert criteria.sharpe_mode is Mode.ENFORCE
    assert load(config_yaml(found), tmp_path) == found


def test_the_environment_reaches_list_items_and_keys_in_any_case(tmp_path: Path) -> None:
    """A place in a list is a number; a key that the file has is found whatever its case."""
    text = """
instruments: [{symbol: A, venue: V, base: A, quote: Q}]
data: [{instrument: A.V, path: a.csv}]
venues: {BINANCE: {api_key: k}}
"""
    env = {"GENESIS__DATA__0__PATH": "b.csv", "GENESIS__VENUES__BINANCE__API_SECRET": "0123: [x"}
    config = load(text, tmp_path, env)
    assert config.data[0].path == "b.csv"
    assert {n: (v.api_key, v.api_secret) for n, v in config.venues.items()} == {
        "BINANCE": (Secret("k"), Secret("0123: [x"))
    }


def test_what_is_shown_loads_again_as_the_same_configuration(tmp_path: Path) -> None:
    """Nothing is lost or rounded on the way through `show-config`, but secrets."""
    init_project(tmp_path)
    config = load_config(tmp_path / "config.yaml")
    again = load(config_yaml(config), tmp_path)
    assert again == config
    assert plain_config(again) == plain_config(config)
    assert again.execution.prints_share == Decimal("0.2")


def test_the_template_shows_the_defaults_and_explains_every_key(tmp_path: Path) -> None:
    """A key that is added and not explained fails here; so does a default that moves."""
    init_project(tmp_path)
    text = (tmp_path / TEMPLATES[0]).read_text()
    for path in shape.all_keys():
        assert f"{path[-1]}" in text, shape.show(path)
    config, usual = load_config(tmp_path / TEMPLATES[0]), Config()
    for name in ("execution", "risk", "paper_trading", "tiers", "venues"):
        assert getattr(config, name) == getattr(usual, name)


def test_a_path_may_lie_in_an_installed_package(tmp_path: Path) -> None:
    """Found without importing it; else it is relative to the configuration."""
    assert data_path(tmp_path, "a/b.csv") == tmp_path / "a/b.csv"
    assert data_path(tmp_path, "package:genesis/config/load.py").is_file()
    for wrong in ("package:no_such_package/x", "package:../x", "package:"):
        with pytest.raises(ConfigError, match="expected the package"):
            data_path(tmp_path, wrong)


# ---- secrets


def test_secret_keys_are_those_of_the_type() -> None:
    """By declaration, not by name."""
    assert secret_keys() == {"api_key", "api_secret", "passphrase", "url", "token", "password"}
    assert shape.is_secret(("venues", "X", "api_key"))
    assert not shape.is_secret(("venues", "X"))
    assert all(shape.touches_secret(p) for p in ((), ("venues",), ("venues", "X"), ("venues", "X", "api_key")))
    assert not any(shape.touches_secret(p) for p in (("run",), ("run", "seed"), ("strategies", 0), ("nowhere", "x")))


def test_a_secret_shows_as_stars() -> None:
    """However it is printed; equal texts are equal secrets."""
    secret = Secret("sesame")
    assert {str(secret), repr(secret), f"{secret}", "%s" % secret} == {"***"}  # noqa: UP031
    assert (secret == Secret("sesame"), secret == "sesame", len({secret, Secret("sesame")})) == (True, False, 1)
    assert not hasattr(secret, "__dict__")


LETTERS = st.text("ÄÖÜ♠♥♦♣", min_size=4, max_size=12)


@given(
    LETTERS,
    st.sampled_from(
        [
            "venues: {{x: {{api_secret: '{0}'}}}}",
            "venues: {{x: {{api_secret: ['{0}']}}}}",
            "venues: {{x: {{api_secret: {{'{0}': 1}}}}}}",
            "venues: {{x: {{api_key: '{0}', passphrase: 4}}}}",
            "venues: {{x: ['{0}'], y: {{api_key: 1}}}}",
            "venues: ['{0}']",
            "venues: {{x: {{api_secret: *{0}}}}}",
            "venues: {{x: {{api_secret: '{0}}}}}",
            'venues: {{x: {{api_secret: "\\{0}"}}}}',
            "venues: {{x: {{api_secret: '{0}', api_secret: '{0}'}}}}",
            "audit: {{publish: {{web_hook: {{url: 'ftp://{0}'}}}}}}",
            "audit: {{publish: {{web_hook: {{url: 'https://ann:{0}@h/'}}}}}}",
            "audit: {{publish: {{web_hook: {{url: 'https://h/', token: ['{0}']}}}}}}",
            "audit: {{publish: {{web_hook: ['{0}']}}}}",
            "audit: {{publish: {{mail: {{host: h, sender: a@b, to: [c@d], password: '{0}'}}}}}}",
        ],
    ),
)
def test_no_refusal_shows_a_secret(tmp_path_factory: pytest.TempPathFactory, secret: str, text: str) -> None:
    """Well formed or not, of the right type or not: what stands under a secret key is never in a message."""
    config, refused = None, None
    try:
        config = load(text.format(secret), tmp_path_factory.getbasetemp())
    except ConfigError as error:
        refused = error
    if config is None:
        assert refused is not None
        assert secret not in str(refused)
        assert (refused.__cause__, refused.__suppress_context__) == (None, True)
    else:
        assert [s.reveal() for s in secrets_of(config)] == [secret]
        assert secret not in repr(config) + repr(plain_config(config)) + config_yaml(config)


def test_every_secret_of_a_configuration_is_known() -> None:
    """Whatever the venue, however many."""
    config = msgspec.convert(
        {"venues": {"a": {"api_key": "1", "passphrase": "2"}, "b": {"api_secret": "3"}}},
        Config,
        dec_hook=lambda kind, value: Secret(value) if kind is Secret else value,
    )
    assert sorted(s.reveal() for s in secrets_of(config)) == ["1", "2", "3"]
