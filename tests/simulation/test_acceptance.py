"""The error rates and delays of the shipped statistics lie within the bounds of the design (M1 to M16; docs/EVIDENCE.md has the table)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.kit import acceptance as acc

FEW = {
    "M1": 400,
    "M2": 400,
    "M3": 150,
    "M4": 100,
    "M5": 30,
    "M6": 10,
    "M7": 100,
    "M8": 100,
    "M9": 100,
    "M10": 100,
    "M11": 100,
    "M12": 200,
    "M13": 60,
    "M14": 40,
    "M15": 25,
    "M16": 20_000,
}
Measure = Callable[[int], acc.Measured | tuple[acc.Measured, ...]]
NAMES = [name for name, _, _ in acc.FULL]


@pytest.mark.parametrize(("name", "measure"), [(name, measure) for name, measure, _ in acc.FULL], ids=NAMES)
def test_a_few_cases_are_within_four_standard_errors_of_the_bounds(name: str, measure: Measure) -> None:
    """So few cases measure little, but they catch a statistic that has come apart."""
    results = [found for _, found in acc.results(name, measure, FEW[name])]
    assert results
    assert [found for found in results if not found.within(4)] == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "measure", "n"), acc.FULL, ids=NAMES)
def test_all_cases_are_within_the_bounds(name: str, measure: Measure, n: int) -> None:
    """As in the table of docs/EVIDENCE.md."""
    results = [found for _, found in acc.results(name, measure, n)]
    assert results
    assert [found for found in results if not found.within()] == []


def test_the_page_holds_every_measurement_within_its_bounds() -> None:
    """A row for each, in order, and the bounds of the code."""
    page = acc.PAGE.read_text(encoding="utf-8")
    rows = page.split(acc.BEGIN)[1].split(acc.END)[0].splitlines()[2:]
    assert list(dict.fromkeys(row.split(" | ")[0].strip("| ") for row in rows)) == NAMES
    few = {name: acc.results(name, measure, 200)[0][1] for name, measure, _ in acc.FULL if name in ("M1", "M2", "M12")}
    for row in rows:
        name, what, *_, bound = (cell.strip() for cell in row.strip("|").split("|"))
        if name in few:
            assert (what, bound) == (few[name].what, few[name].bounds)
