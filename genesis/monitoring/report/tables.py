"""Tables with headers. Cells are HTML already: whoever makes one escapes what is foreign."""

from __future__ import annotations

from collections.abc import Sequence

from genesis.monitoring.report.wording import DASH, safe


def table(
    caption: str, heads: Sequence[str], rows: Sequence[Sequence[str]], css: str = "", numbers: Sequence[int] = ()
) -> str:
    """A table whose first column heads the rows; ``numbers`` are columns that align right."""
    top = "".join(f"<th scope='col'{' class=n' if i in numbers else ''}>{h}</th>" for i, h in enumerate(heads))
    body = "".join(f"<tr>{_row(row, numbers)}</tr>" for row in rows)
    said = f"<caption>{caption}</caption>" if caption else ""
    kind = f" class='{css}'" if css else ""
    return f"<div class='scroll'><table{kind}>{said}<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"


def _row(cells: Sequence[str], numbers: Sequence[int]) -> str:
    return "".join(
        f"<th scope='row'>{c}</th>" if i == 0 else f"<td{' class=n' if i in numbers else ''}>{c}</td>"
        for i, c in enumerate(cells)
    )


def two(main: str, beneath: str = "") -> str:
    """A value with its sample, unit or reason beneath; ``beneath`` is escaped here."""
    return f"{main}<small>{safe(beneath)}</small>" if beneath else main


def dash(why: str) -> str:
    """Undefined, and why."""
    return two(DASH, why)


def badge(text: str, css: str) -> str:
    """A word that stands out."""
    return f"<span class='badge {css}'>{safe(text)}</span>"
