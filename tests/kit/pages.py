"""Pages of the documentation as tests read them: their tables, and numbers as they are written there."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

_DOCS = Path(__file__).parents[2] / "docs"
Row = dict[str, str]


class Page:
    """A page of ``docs/``."""

    def __init__(self, name: str) -> None:
        self.text = (_DOCS / name).read_text(encoding="utf-8")

    def table(self, first: str) -> list[Row]:
        """The rows of the only table whose header begins with ``first``."""
        lines = self.text.splitlines()
        (start,) = [i for i, line in enumerate(lines) if line.startswith(f"| {first} |")]
        names = _cells(lines[start])
        rows = []
        for line in lines[start + 2 :]:
            if not line.startswith("|"):
                break
            rows.append(dict(zip(names, _cells(line), strict=True)))
        return rows

    def section(self, title: str) -> Row:
        """The table ``line | amount`` under a heading."""
        body = self.text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0].splitlines()
        return {name: amount for name, amount in [_cells(line) for line in body if line.startswith("|")][2:]}


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def plain(value: Decimal) -> str:
    """Without trailing zeros, without an exponent."""
    return format(value.normalize() + 0, "f")
