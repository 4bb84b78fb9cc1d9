"""Comparing a run with the record of it."""

from __future__ import annotations

import pytest

from genesis.audit.entry import encode
from genesis.audit.replay import differing_keys, ensure_same, first_difference
from genesis.errors import ConfigError, IntegrityError
from tests.kit.factories import change, filled, note, order, started


def test_the_same_bytes_pass() -> None:
    """Equal entries are nothing to speak of, the first one as any other."""
    for seq in (1, 2):
        ensure_same("run.db", seq, encode(note()), encode(note()))


def test_another_first_entry_is_another_configuration_and_says_which_keys() -> None:
    """The operator learns the store and the dotted paths that differ."""
    stored = encode(started(7, fees={"maker": "0.1"}))
    given = encode(started(8, fees={"maker": "0.2", "taker": None}))
    with pytest.raises(
        ConfigError, match=r"run\.db: .*another configuration: fees\.maker, fees\.taker, run\.seed differ"
    ):
        ensure_same("run.db", 1, stored, given)


def test_many_different_keys_are_counted_not_listed() -> None:
    """The message stays readable when nearly everything differs."""
    stored, given = (encode(started(7, **{f"key{i:02}": v for i in range(20)})) for v in (1, 2))
    with pytest.raises(ConfigError, match="key00, .*key11 and 8 more differ"):
        ensure_same("run.db", 1, stored, given)


def test_a_first_entry_that_differs_outside_its_body_says_so() -> None:
    """A run that begins at another time is another configuration too."""
    with pytest.raises(ConfigError, match="type, time or track differ"):
        ensure_same("run.db", 1, encode(started()), encode(change(started(), time=5)))


def test_another_later_entry_breaks_integrity_and_shows_both_sides_shortly() -> None:
    """The message names the entry, the place, and what stands there now and then; not the whole of long entries."""
    stored, given = encode(filled(order())), encode(filled(order(), ticks=4_300_113))
    with pytest.raises(
        IntegrityError, match=r"run\.db: entry 9: .*43001\.09.*found.*43001\.10.*from byte 29 on"
    ) as told:
        ensure_same("run.db", 9, stored, given)
    assert len(str(told.value)) < 500


def test_where_two_entries_part() -> None:
    """The first different byte, or the length of the one that begins the other."""
    assert [first_difference(b"abc", x) for x in (b"abd", b"xbc", b"ab", b"abcd")] == [2, 0, 2, 3]


def test_lists_differ_by_element_and_missing_elements_count() -> None:
    """A track that was added is named by its place."""
    assert differing_keys({"t": [{"n": 1}, 2]}, {"t": [{"n": 3}, 2, 4]}) == ["t[0].n", "t[2]"]
