"""Many rows into one table: a hundred a statement, which costs a third less than one a statement."""

from __future__ import annotations

import sqlite3
from functools import cache
from itertools import compress, cycle
from typing import Protocol

_ROWS_A_STATEMENT = (100, 10, 1)


class Putting(Protocol):
    """A database, as far as it is asked here."""

    def put(self, table: str, columns: int, values: list[object]) -> None:
        """Put rows of ``columns`` values each, one after another in ``values``, into the caller's transaction."""
        ...


class Rows:
    """Rows that wait for one table, each with a value for every column.

    Their values lie one after another in one list: a tuple a row would keep the garbage collector busy.
    """

    __slots__ = ("_columns", "_table", "_values")

    def __init__(self, table: str) -> None:
        self._table, self._columns = table, 0
        self._values: list[object] = []

    def __len__(self) -> int:
        return len(self._values) // self._columns if self._columns else 0

    def append(self, row: tuple[object, ...]) -> None:
        """Let a row wait."""
        self._columns = len(row)
        self._values.extend(row)

    def insert(self, db: Putting) -> None:
        """Put all of them into the caller's transaction; they go on waiting, for another try, until they are cleared."""
        if self._values:
            db.put(self._table, self._columns, self._values)

    def clear(self) -> None:
        """They are in the table for good."""
        self._values.clear()


def put_values(db: sqlite3.Connection, table: str, columns: int, values: list[object]) -> None:
    """Put rows of ``columns`` values each, one after another in ``values``, into a table on SQLite."""
    given = tuple([_has_value(values, columns, place) for place in range(columns)])
    every = all(given)
    if len(values) == columns:
        # An entry that is committed alone, for which somebody waits.
        db.execute(_insert(table, given, 1), values if every else list(compress(values, given)))
        return
    most, done = db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // columns, 0
    for size in _ROWS_A_STATEMENT:
        at_once = min(size, most)
        statement, step = _insert(table, given, at_once), at_once * columns
        while len(values) - done >= step:
            some = values[done : done + step]
            db.execute(statement, some if every else list(compress(some, cycle(given))))
            done += step


def _has_value(values: list[object], columns: int, column: int) -> bool:
    """Whether a column is to be bound: for each ``None`` an adapter is looked for, which costs as much as four texts."""
    return values[column] is not None or any([v is not None for v in values[column::columns]])


@cache
def _insert(table: str, given: tuple[bool, ...], rows: int) -> str:
    row = f"({','.join(['?' if g else 'NULL' for g in given])})"
    return f"INSERT INTO {table} VALUES {','.join([row] * rows)}"  # nosec B608 # names are ours, values are bound
