"""docs/EXCHANGE_RULES.md says what the code says."""

from __future__ import annotations

import re
from pathlib import Path

from genesis.model.margin import EXAMPLE_NAME, EXAMPLE_SOURCE, EXAMPLE_TIERS, margin_schedule
from genesis.model.venue_errors import SPOT_ERRORS, USDM_ERRORS, Breach

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "EXCHANGE_RULES.md").read_text(encoding="utf-8")


def rows_after(title: str) -> list[list[str]]:
    """The cells of the first table under a heading."""
    table = TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[1:]]


def test_every_breach_has_its_row_with_both_markets_words() -> None:
    """Each breach once, with code and message as in the table of the code."""
    rows = rows_after("In the order of checking")

    assert sorted(row[0] for row in rows) == sorted(b.value for b in Breach)
    for name, _, spot, usdm, _ in rows:
        breach = Breach(name)
        wanted = [f"{code} `{message}`" for code, message, _ in (SPOT_ERRORS[breach], USDM_ERRORS[breach])]
        assert [spot, spot if usdm == "the same" else usdm] == wanted


def test_every_test_it_names_exists() -> None:
    """A rule's test can be found by its name, a module's by its path."""
    tests = "".join(
        path.read_text(encoding="utf-8")
        for folder in ("execution", "model")
        for path in (ROOT / "tests" / "unit" / folder).glob("test_*.py")
    )
    named = re.findall(r"`(test_\w+)`", TEXT)

    assert [name for name in named if f"def {name}(" not in tests] == []
    assert len(named) == len(Breach)
    assert [path for path in re.findall(r"`((?:tests|genesis)/[\w/]+\.py)`", TEXT) if not (ROOT / path).is_file()] == []


def test_the_example_brackets_are_those_of_the_code() -> None:
    """Every number of the table, and its date."""
    schedule = margin_schedule(EXAMPLE_TIERS, "USDT", 0, EXAMPLE_NAME, EXAMPLE_SOURCE)

    assert rows_after("Margin brackets") == [
        [f"{b.floor:,}", f"{b.cap:,}", f"{b.rate_ppm / 10_000:.2f} %", f"{b.amount:,}", str(b.max_leverage)]
        for b in schedule.brackets
    ]
    assert "2021-03-18" in EXAMPLE_SOURCE
