"""Commands on their way into a run: taken once, and where they were taken when the run is made again."""

from __future__ import annotations

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
    assert [(c.number, c.command) for c in commands.at_bar(T)] == [(7, "halt"), (8, "pause")]
    assert list(commands.at_bar(T - 1)) == []


def test_what_was_recorded_is_not_taken_from_the_inbox_again() -> None:
    """And what waits is taken once, after the record's end."""
    commands = InboxCommands([recorded(7, T)], T, lambda: [waiting(7), waiting(9)])
    assert [c.number for c in commands.at_bar(T)] == [7]
    assert [c.number for c in commands.at_bar(T + 1)] == [9]
    assert list(commands.at_bar(T + 2)) == []


def test_a_word_that_is_no_order_is_handed_on_to_be_refused() -> None:
    """From the inbox, and from the record where it was refused before."""
    commands = InboxCommands([recorded(7, T, "sell")], T, lambda: [waiting(7, "sell"), waiting(9, "hurry")])
    assert [(c.number, c.command) for c in commands.at_bar(T)] == [(7, "sell")]
    assert [(c.number, c.command) for c in commands.at_bar(T + 1)] == [(9, "hurry")]
