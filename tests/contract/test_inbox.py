"""The inbox is vouched for by both chains: whoever takes a command away, puts one in or changes one is found out."""

from __future__ import annotations

import pytest

from genesis.audit.verify import Finding, Part
from genesis.clock import ManualClock
from genesis.model.promotion_events import CommandTaken
from genesis.storage.address import StoreAddress
from genesis.storage.inbox import leave_command
from genesis.storage.opening import open_store
from genesis.storage.reader import StoreReader
from genesis.system.keys import check_signature
from tests.contract.places import edit
from tests.kit.factories import T0, note

CLOCK = ManualClock(T0)


def commanded(address: StoreAddress) -> None:
    """Four commands: one heard by two versions, one refused by the run, two that wait."""
    with open_store(address, CLOCK, "desk-1") as store:
        store.journal.append([note()])
        store.journal.commit()
    for command, target in (("pause", None), ("fly", "own"), ("halt", "own"), ("resume", None)):
        leave_command(address, command, target, "ann", f"to {command}", CLOCK)
    with open_store(address, CLOCK, "desk-1") as store:
        store.journal.append([note()])
        for track, number, command, target, taken in (
            ("own", 1, "pause", None, True),
            ("other", 1, "pause", None, True),
            (None, 2, "fly", "own", False),
        ):
            heard = CommandTaken(T0, track, number, command, target, "ann", f"to {command}", taken, "so it is")
            store.journal.append([heard])
            store.journal.take_command(number)
        store.journal.commit()


def findings(address: StoreAddress) -> list[Finding]:
    with StoreReader(address) as reader:
        return [f for f in reader.audit(check_signature).findings if f.part is Part.INBOX]


def test_commands_that_were_left_heard_and_refused_leave_nothing_to_find(address: StoreAddress) -> None:
    """Each was noted when it was left; those that were heard, refused ones too, are entries with author and reason."""
    commanded(address)
    assert findings(address) == []
    with StoreReader(address) as reader:
        left = [o.facts for o in reader.operations() if o.kind == "command"]
        assert [e["body"]["number"] for e in reader.events("CommandTaken")] == [1, 1, 2]
    assert left[2] == {"author": "ann", "command": "halt", "number": 3, "reason": "to halt", "target": "own"}


@pytest.mark.parametrize(
    ("statement", "number", "words"),
    [
        (
            "DELETE FROM inbox WHERE number = 1",
            1,
            "expected what was recorded by entry 3, pause all of ann (to pause), found no row",
        ),
        ("DELETE FROM inbox WHERE number = 2", 2, "expected what was left, fly own of ann (to fly), found no row"),
        ("DELETE FROM inbox WHERE number = 3", 3, "expected what was left, halt own of ann (to halt), found no row"),
        (
            "DELETE FROM inbox WHERE number = 4",
            4,
            "expected what was left, resume all of ann (to resume), found no row",
        ),
        ("DELETE FROM inbox", 4, "found no row"),
        ("UPDATE inbox SET author = 'bob' WHERE number = 1", 1, "found pause all of bob (to pause)"),
        ("UPDATE inbox SET reason = 'news' WHERE number = 3", 3, "found halt own of ann (news)"),
        ("UPDATE inbox SET target = 'other' WHERE number = 3", 3, "found halt other of ann (to halt)"),
        (
            "UPDATE inbox SET taken_at_seq = NULL WHERE number = 1",
            1,
            "expected it recorded by entry 3, found it waiting",
        ),
        ("UPDATE inbox SET taken_at_seq = 1 WHERE number = 3", 3, "expected it waiting, found it recorded by entry 1"),
        (
            "INSERT INTO inbox VALUES (5, 'promote', 'own', 'ann', 'mine', 0, NULL)",
            5,
            "nobody is noted to have left a command, found promote own of ann (mine)",
        ),
    ],
)
def test_what_another_hand_did_to_the_inbox_is_found(
    address: StoreAddress, statement: str, number: int, words: str
) -> None:
    """Taken away, heard or not; changed; put in: each finding names the command."""
    commanded(address)
    edit(address, statement)
    found = findings(address)
    assert any(f.seq == number and words in f.problem for f in found), found


def test_a_row_that_is_gone_from_a_store_that_noted_none_is_found_by_the_gap(address: StoreAddress) -> None:
    """As versions left it that did not note commands in the operations chain: the others' numbers tell."""
    commanded(address)
    edit(address, "DELETE FROM operations WHERE seq > 0")
    assert findings(address) == []
    edit(address, "DELETE FROM inbox WHERE number = 3")
    assert [f.problem for f in findings(address)] == [
        "inbox: command 3: expected it, for numbers are given without a gap, found no row"
    ]
