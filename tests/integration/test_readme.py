"""What the README shows is what the program prints."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from genesis.demo.data import missing_packages

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shown() -> str:
    """The block of the README that claims to be the demo's output."""
    found = re.search(r"<!-- demo output.*?-->\n```\n(.*?)\n```", README, re.DOTALL)
    assert found is not None
    return found[1]


def comparable(text: str) -> list[str]:
    """Lines without the space that tables are padded with, and without heads: a library's last digit may change those."""
    lines = (re.sub(r"head [0-9a-f]+", "head *", line.strip()) for line in text.splitlines())
    return [line for line in lines if line]


def test_the_demos_output_in_the_readme_is_what_it_prints(tmp_path: Path) -> None:
    """Every line: statements, tables, state, places of the reports."""
    if missing_packages():
        pytest.skip(f"not installed: {missing_packages()}")
    done = subprocess.run(
        [sys.executable, "-c", "from genesis.cli.main import main; main()", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert comparable(done.stdout) == comparable(shown())


def test_every_file_the_readme_names_exists() -> None:
    """Proofs and documents are links to something."""
    named = set(re.findall(r"`((?:tests|docs|benchmarks)/[\w./-]+)`", README)) | set(
        re.findall(r"\]\(([\w./-]+)\)", README)
    )
    assert named
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []
