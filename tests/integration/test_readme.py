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
DEMO = (ROOT / "docs/DEMO.md").read_text(encoding="utf-8")
PROMISES = (ROOT / "docs/PROMISES.md").read_text(encoding="utf-8")


def shown(document: str, what: str) -> str:
    """The block of a document that claims to be the demo's output, or an excerpt of it."""
    found = re.search(rf"<!-- {what}.*?-->\n```\n(.*?)\n```", document, re.DOTALL)
    assert found is not None
    return found[1]


def comparable(text: str) -> list[str]:
    """Lines without the space that tables are padded with, and without heads: a library's last digit may change those."""
    lines = (re.sub(r"head [0-9a-f]+", "head *", line.strip()) for line in text.splitlines())
    return [line for line in lines if line]


def test_the_demos_output_is_what_it_prints(tmp_path: Path) -> None:
    """Every line of docs/DEMO.md: statements, tables, state, places of the reports; and the README's excerpt stands in it as one piece."""
    if missing_packages():
        pytest.skip(f"not installed: {missing_packages()}")
    done = subprocess.run(
        [sys.executable, "-c", "from genesis.cli.main import main; main()", "demo"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    printed = comparable(done.stdout)
    assert printed == comparable(shown(DEMO, "demo output"))
    excerpt = comparable(shown(README, "demo excerpt"))
    places = [i for i in range(len(printed)) if printed[i : i + len(excerpt)] == excerpt]
    assert len(excerpt) == 8
    assert len(places) == 1


@pytest.mark.parametrize(
    "document", sorted(p.relative_to(ROOT).as_posix() for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
)
def test_every_link_of_a_document_leads_to_something(document: str) -> None:
    """Files and folders of this repository, by links and by paths in code marks."""
    path = ROOT / document
    text = path.read_text(encoding="utf-8")
    linked = [path.parent / name for name in re.findall(r"\]\(([\w./-]+)\)", text)]
    named = [ROOT / name for name in re.findall(r"`((?:tests|docs|benchmarks)/[\w./-]+)`", text)]
    # A decision may be named by its number.
    named = [next(p.parent.glob(f"{p.name}-*.md"), p) for p in named]
    assert [str(p) for p in (*linked, *named) if not p.exists()] == []


def test_every_promise_links_to_its_proof() -> None:
    """Each row of both tables names a test or a measurement, and the README promises nothing that the whole list does not hold."""
    tables = [re.search(r"\| promise \| proof \|\n\|---\|---\|\n((?:\|.*\n)+)", d) for d in (README, PROMISES)]
    rows = [[line.split("|") for line in t[1].splitlines()] for t in tables if t is not None]
    proofs = [
        [set(re.findall(r"\]\((?:\.\./)?((?:tests|benchmarks)/[\w./-]+)\)", r[2])) for r in table] for table in rows
    ]
    assert [len(p) > 5 for p in proofs] == [True, True]
    assert all(found for table in proofs for found in table)
    assert set().union(*proofs[0]) <= set().union(*proofs[1])
