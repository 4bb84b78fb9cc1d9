"""Commands on their way into a run: taken once, and where they were taken when the run is made again."""

from __future__ import annotations

from genesis.paper_trading.promotion_facts import Order
from genesis.storage.rows import CommandRow, TakenRow
from genesis.system.commands import InboxCommands

T = 1_700_000_000_000_000_000


def recorded(number: int, time_ns: int, command: str = "halt", target: str | None = None) -> TakenRow:
    return TakenRow(1, "a", time_ns, number, command, target, "ann", "so I want it", True, "done")


def waiting(number: int, command: str = "pause") -> CommandRow:
    return CommandRow(number, command, "a", "bob", "because", 0, None)


def test_a_command_for_all_versions_is_recorded_by_each_and_taken_once() -> None:
    """Three entries of one command are one command when the run is made again."""
    commands = InboxCommands(
        [recorded(7, T), recorded(7, T), recorded(7, T), recorded(8, T, "pause", "a")], T, lambda: []
    )
    assert [(c.number, c.order) for c in commands(T)] == [(7, Order.HALT), (8, Order.PAUSE)]
    assert list(commands(T - 1)) == []


def test_what_was_recorded_is_not_taken_from_the_inbox_again() -> None:
    """And what waits is taken once, after the record's end."""
    commands = InboxCommands([recorded(7, T)], T, lambda: [waiting(7), waiting(9)])
    assert [c.number for c in commands(T)] == [7]
    assert [c.number for c in commands(T + 1)] == [9]
    assert list(commands(T + 2)) == []
