"""A configuration that says only what is otherwise than in the file that it extends."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from genesis.config import load_config
from genesis.errors import ConfigError

BASE = """
run: {name: base, seed: 1}
risk: {fat_finger: 0.02, orders_per_minute: 10}
instruments: [{symbol: A, venue: B, base: A, quote: C}, {symbol: D, venue: B, base: D, quote: C}]
data: [{instrument: A.B, path: a.csv}, {instrument: D.B, path: d.csv}]
"""


def put(folder: Path, **files: str) -> Path:
    """Files by their names without ending; the path of the last one."""
    path = folder
    for name, text in files.items():
        path = folder / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return path


def test_what_a_file_says_stands_over_what_it_extends(tmp_path: Path) -> None:
    """Key by key in sections; a list stands in place of a list; what neither says has its default; the environment is over both."""
    own = (
        "extends: base.yaml\nrun: {seed: 2}\nrisk: {orders_per_minute: 20}\ndata: [{instrument: A.B, path: other.csv}]"
    )
    config = load_config(put(tmp_path, base=BASE, own=own), {"GENESIS__RISK__FAT_FINGER": "0.03"})
    assert (config.run.name, config.run.seed, config.run.store) == ("base", 2, "genesis.db")
    assert (config.risk.fat_finger, config.risk.orders_per_minute) == (Decimal("0.03"), 20)
    assert [i.symbol for i in config.instruments] == ["A", "D"]
    assert [d.path for d in config.data] == ["other.csv"]


def test_files_extend_each_other_from_folder_to_folder(tmp_path: Path) -> None:
    """Each is found beside the one that names it, and the nearest word counts."""
    (tmp_path / "desk").mkdir()
    (tmp_path / "base.yaml").write_text(BASE)
    (tmp_path / "desk" / "desk.yaml").write_text("extends: ../base.yaml\nrun: {name: desk, seed: 3}")
    config = load_config(put(tmp_path, own="extends: desk/desk.yaml\nrun: {seed: 4}"))
    assert (config.run.name, config.run.seed, config.risk.orders_per_minute) == ("desk", 4, 10)


@pytest.mark.parametrize(
    ("own", "words"),
    [
        ("extends: none.yaml", "none.yaml: expected a readable file, found: no such file or directory"),
        ("extends: [base.yaml]", "own.yaml: extends: expected the name of a file, found list"),
        ("extends: own.yaml", "own.yaml: extends: expected files that end somewhere, found own.yaml again"),
        ("extends: base.yaml\nrun: {sed: 1}", "own.yaml over {folder}/base.yaml: run.sed: expected a known key"),
        ("extends: base.yaml\nrisk: 4", "base.yaml: risk: expected `object`, got `int`"),
    ],
)
def test_what_cannot_be_put_over_another_is_refused(tmp_path: Path, own: str, words: str) -> None:
    """With the files, the key, what was expected and what was found."""
    with pytest.raises(ConfigError) as error:
        load_config(put(tmp_path, base=BASE, own=own))
    assert words.format(folder=tmp_path) in str(error.value)


def test_a_file_of_another_one_s_chain_is_no_circle_twice(tmp_path: Path) -> None:
    """Two that extend each other are found at the second, and the file that says so is named."""
    with pytest.raises(
        ConfigError, match=r"two\.yaml: extends: expected files that end somewhere, found one\.yaml again"
    ):
        load_config(put(tmp_path, two="extends: one.yaml", one="extends: two.yaml"))
