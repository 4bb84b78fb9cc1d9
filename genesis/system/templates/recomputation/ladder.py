"""Stages and shares: the table of docs/PROMOTION.md, and the rungs of docs/LADDER.md."""

from __future__ import annotations

from fractions import Fraction

from .comparing import Document

LEVELS = {
    "given": ("0.10", "0.05"),
    "balanced": ("0.10", "0.05"),
    "strict": ("0.05", "0.01"),
    "pilot": ("0.20", "0.05"),
}
CAPITAL = ("LIVE", "STABLE", "DEGRADED")
# Who can hold no capital until a person or time lets it begin again is no champion.
OUT = ("DEMOTED", "HALTED", "REJECTED", "ARCHIVED")
# The table of docs/PROMOTION.md, row by row: what can happen in a stage, and which stage follows.
TABLE = {
    stage: dict(cell.split(":") for cell in f"{cells} halt:HALTED".split())
    for stage, cells in {
        "DRAFT": "register:PAPER archive:ARCHIVED",
        "PAPER": "change:PAPER validate:VALIDATED force:LIVE reject:REJECTED archive:ARCHIVED",
        "VALIDATED": "change:PAPER thaw:PAPER go_live:LIVE force:LIVE archive:ARCHIVED",
        "LIVE": "change:PAPER step_up:LIVE reach_max:STABLE force:LIVE step_down:LIVE give_back:VALIDATED"
        " degrade:DEGRADED demote:DEMOTED archive:ARCHIVED",
        "STABLE": "change:PAPER step_down:LIVE give_back:VALIDATED degrade:DEGRADED demote:DEMOTED archive:ARCHIVED",
        "DEGRADED": "change:PAPER step_down:DEGRADED give_back:VALIDATED recover:LIVE demote:DEMOTED archive:ARCHIVED",
        "DEMOTED": "change:PAPER force:LIVE retry:PAPER reject:REJECTED archive:ARCHIVED",
        "HALTED": "change:HALTED resume:PAPER reject:REJECTED restore:LIVE archive:ARCHIVED",
        "REJECTED": "change:PAPER force:LIVE archive:ARCHIVED",
        "ARCHIVED": "change:PAPER",
    }.items()
}
ACTIONS = (
    "change:demote go_live:join step_up:step_up reach_max:step_up step_down:reduce give_back:demote degrade:reduce "
    "demote:demote resume:demote restore:join archive:demote"
)
ACTION = dict(pair.split(":") for pair in ACTIONS.split())
CAREFUL_FIRST = ("halt", "archive", "demote", "resume", "restore", "promote")


def rungs(rules: Document) -> list[Fraction]:
    """The fractions that a version climbs by."""
    found, rung, most = [], Fraction(rules["initial_allocation"]), Fraction(rules["max_allocation"])
    while rung < most:
        found.append(rung)
        rung += Fraction(rules["allocation_increment"])
    return [*found, most]
