"""Rows that wait for a table arrive as they were given, however many and however empty."""

from __future__ import annotations

from contextlib import closing

from hypothesis import given
from hypothesis import strategies as st

from genesis.storage.bulk import Rows
from genesis.storage.database import SqliteDatabase

VALUES = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.text("ab", max_size=2))
COUNTS = st.sampled_from((1, 9, 10, 11, 99, 100, 101, 213))


@given(st.data(), COUNTS)
def test_rows_arrive_as_they_were_given(data: st.DataObject, count: int) -> None:
    """Of any number, in their order, and with columns that nobody gave a value."""
    kinds = data.draw(st.lists(st.sampled_from((st.none(), VALUES)), min_size=3, max_size=3))
    pattern = data.draw(st.lists(st.tuples(*kinds), min_size=1, max_size=5))
    given_rows = [(number, *pattern[number % len(pattern)]) for number in range(count)]
    with closing(table_of(4)) as db:
        rows = Rows("t")
        for row in given_rows:
            rows.append(row)
        rows.insert(db)
        assert db.execute("SELECT * FROM t ORDER BY a").fetchall() == given_rows
        assert len(rows) == count


def test_rows_wait_until_they_are_cleared() -> None:
    """A group that could not be committed is written again; one that was is forgotten."""
    with closing(table_of(2)) as db:
        rows = Rows("t")
        rows.append((1, "one"))
        db.execute("BEGIN")
        rows.insert(db)
        db.execute("ROLLBACK")
        rows.insert(db)
        rows.clear()
        rows.insert(db)
        assert db.execute("SELECT * FROM t").fetchall() == [(1, "one")]


def table_of(columns: int) -> SqliteDatabase:
    db = SqliteDatabase(":memory:", isolation_level=None)
    db.execute(f"CREATE TABLE t ({', '.join('abcd'[:columns])})")
    return db
