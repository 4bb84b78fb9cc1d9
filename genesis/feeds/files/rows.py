"""The rows of one file on their way to a stream: every check refuses the file, or repairs by policy and reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from genesis.clock import iso_utc
from genesis.errors import DataError
from genesis.feeds.files.exact import (
    OFF_GRID,
    UNREADABLE,
    decimals_of,
    flags,
    number_wanted,
    numbers,
    round_units,
    shown,
    to_units,
)
from genesis.feeds.files.formats import OWN_COLUMNS, missing_column
from genesis.feeds.files.policies import Policies, Policy, Problem, check_policies, repairs
from genesis.feeds.files.reading import EXAMPLES, GapInfo, Latency, ReadReport, Repair
from genesis.feeds.files.tables import Table
from genesis.feeds.files.times import ISO, TIMESTAMP, UNITS, to_ns, unit_of
from genesis.model.grid import FLOOR, HALF_EVEN, Grid, plain
from genesis.tape.stream import ABSENT, Column

Mask = NDArray[np.bool_]
_E8 = "_e8"
_ONE = Decimal(1)

_MESSAGES = {
    Problem.UNREADABLE: "unreadable value",
    Problem.OUT_OF_RANGE: "value out of range",
    Problem.INCONSISTENT: "inconsistent bar",
    Problem.OFF_TICK: "price off the tick",
    Problem.OFF_LOT: "size off the lot",
    Problem.DUPLICATE: "duplicate",
    Problem.BACKWARDS: "time goes backwards",
}


def scale_of(field: str) -> int:
    """How many decimals the integers of a column stand for: 8 where its name says ``_e8``, else none."""
    return 8 if field.endswith(_E8) else 0


def _absent(column: pa.Array, units: Column, faults: NDArray[np.uint8]) -> tuple[Column, NDArray[np.uint8]]:
    """Nothing is no fault: `ABSENT`."""
    missing: Mask = flags(column.is_null())
    if pa.types.is_string(column.type):
        missing = missing | flags(pc.equal(column, ""))
    return np.where(missing, ABSENT, units), np.where(missing, np.uint8(0), faults)


def _time_wanted(known: str) -> str:
    if known in UNITS:
        return f"a time in {known}"
    if known == ISO:
        return "a time in ISO 8601, or its form given as `time_format`"
    return "a time" if known == TIMESTAMP else f"a time of the form {known}"


def header_line(table: Table) -> int | None:
    """The line of the header, where the file has one."""
    return 1 if table.first_line > 1 else None


class Rows:
    """Surviving rows as named int64 columns of equal length.

    ``index`` holds the survivors' places in the table. A check looks at survivors only, so a dropped row is reported
    once, for the first thing that is wrong with it.

    Raises, in every method: `DataError` for a bad row whose policy is to refuse, and for a missing column.
    """

    def __init__(self, table: Table, policies: Policies) -> None:
        check_policies(policies)
        if table.format not in OWN_COLUMNS:
            error = missing_column(table.source, header_line(table), table.format, list(table.columns))
            if error is not None:
                raise error
        self.table, self.policies = table, policies
        self.index: Column = np.arange(table.rows, dtype=np.int64)
        self.columns: dict[str, Column] = {}
        self.repairs: list[Repair] = []
        self.duplicates = 0
        self.time_unit = "ns"
        self._check_ragged()

    def __len__(self) -> int:
        return len(self.index)

    def __getitem__(self, name: str) -> Column:
        return self.columns[name]

    def has(self, field: str) -> bool:
        """Whether the file has this column."""
        return bool(field) and field in self.table.columns

    def raw(self, field: str) -> pa.Array:
        """The surviving values of a column as the file has them."""
        if not self.has(field):
            raise DataError(
                "missing column",
                source=self.table.source,
                line=header_line(self.table),
                field=field,
                expected=field,
                found=", ".join(self.table.columns),
            )
        column = self.table.columns[field]
        return column if len(self.index) == len(column) else column.take(pa.array(self.index))

    def lines(self) -> Column:
        """The survivors' places in the file."""
        return self.table.lines()[self.index]

    # ---- reading values

    def price(self, name: str, field: str, grid: Grid, least: int = 1) -> None:
        """Read a price column as ticks: on the tick, more than zero, or zero too with ``least=0``."""
        self._on_grid(name, field, grid, Problem.OFF_TICK, least)

    def size(self, name: str, field: str, grid: Grid, least: int = 0) -> None:
        """Read a size column as lots: on the lot, zero or more, or more than zero with ``least=1``."""
        self._on_grid(name, field, grid, Problem.OFF_LOT, least)

    def signed(self, name: str, field: str, grid: Grid) -> None:
        """Read a column of numbers of either sign as units of ``grid``; one off the grid is repaired as a price is."""
        self._on_grid(name, field, grid, Problem.OFF_TICK, None)

    def integer(self, name: str, field: str, optional: bool = False) -> None:
        """Read a column of integers; a missing value is refused, or `ABSENT` where the column is ``optional``."""
        column = self.raw(field)
        units, faults = to_units(column, Grid(_ONE))
        if optional:
            units, faults = _absent(column, units, faults)
        self.columns[name] = units
        self.check(Problem.UNREADABLE, faults != 0, field, "a whole number", lambda i: self._shown(field, i))

    def time(self, name: str, field: str, time_format: str | None = None, optional: bool = False) -> None:
        """Read a time column as UTC ns; its unit is told by magnitude unless ``time_format`` names it.

        A missing time is refused, or `ABSENT` where the column is ``optional``.
        """
        column = self.raw(field)
        if pa.types.is_temporal(column.type):
            known = TIMESTAMP
        elif field.endswith("_ns"):
            known = "ns"
        else:
            known = time_format or self._unit(field, column)
        if not optional:
            self.time_unit = known
        try:
            units, faults = to_ns(column, known)
        except pa.ArrowException as error:
            raise self.refuse("unreadable time", None, field, "times that fit 64 bits of ns", str(error)) from None
        if optional:
            units, faults = _absent(column, units, faults)
        self.columns[name] = units
        self.check(Problem.UNREADABLE, faults != 0, field, _time_wanted(known), lambda i: self._shown(field, i))

    def codes(self, name: str, field: str, meaning: Mapping[str, int]) -> None:
        """Read a column of few words as integers; case does not matter, and a word without meaning is unreadable."""
        coded = self.raw(field).cast(pa.string()).dictionary_encode(null_encoding="encode")
        words = [(word or "").strip().lower() for word in coded.dictionary.to_pylist()]
        codes = np.array([meaning.get(word, ABSENT) for word in words], np.int64)
        self.columns[name] = codes[numbers(coded.indices)]
        expected = " or ".join(word for word in meaning if word)
        bad = self.columns[name] == ABSENT
        self.check(Problem.UNREADABLE, bad, field, expected, lambda i: self._shown(field, i))

    # ---- checking rows against each other

    def in_order(self, name: str, field: str) -> None:
        """Rows must not step back in the time ``name``; repaired by `Policy.DROP` or `Policy.SORT`."""
        times = self.columns[name]
        if bool((times[1:] >= times[:-1]).all()):
            return
        peak = np.maximum.accumulate(times)
        back = times < peak

        def expected(i: int) -> str:
            return f"{iso_utc(int(peak[i]))} or later"

        def found(i: int) -> str:
            return iso_utc(int(times[i]))

        if self._policy(Problem.BACKWARDS, back, field, expected, found) is Policy.SORT:
            self._take(np.argsort(times, kind="stable"))

    def unique(self, keys: Column, field: str, what: str, among: Mask | None = None) -> None:
        """Rows must differ in ``keys`` (among the rows given); repaired by `Policy.KEEP_FIRST`."""
        if len(keys) < 2 or (among is None and bool((keys[1:] > keys[:-1]).all())):
            return
        candidates = np.flatnonzero(among) if among is not None else np.arange(len(keys))
        _, first, inverse = np.unique(keys[candidates], return_index=True, return_inverse=True)
        again = np.ones(len(candidates), np.bool_)
        again[first] = False
        bad = np.zeros(len(keys), np.bool_)
        bad[candidates[again]] = True
        self.duplicates += int(np.count_nonzero(bad))
        lines = self.lines()
        first_line = np.zeros(len(keys), np.int64)
        first_line[candidates] = lines[candidates[first[inverse]]]

        def found(i: int) -> str:
            return f"{what} {self._shown(field, i)} again, first at {int(first_line[i])}"

        if self._policy(Problem.DUPLICATE, bad, field, lambda i: f"one row of each {what}", found) is Policy.KEEP_FIRST:
            self._take(np.flatnonzero(~bad))

    def check(self, problem: Problem, bad: Mask, field: str, expected: str, found: Callable[[int], str]) -> None:
        """Refuse or drop the rows marked ``bad``; ``found(i)`` says what survivor i has."""
        self._policy(problem, bad, field, lambda i: expected, found)

    def refuse(
        self, message: str, i: int | None, field: str | None, expected: str, found: str, advice: str | None = None
    ) -> DataError:
        """The error that refuses the file, whatever the policies, for survivor ``i`` or (``None``) as a whole."""
        line, source = None if i is None else int(self.lines()[i]), self.table.source
        return DataError(message, source=source, line=line, field=field, expected=expected, found=found, advice=advice)

    def report(
        self,
        clock: str,
        *,
        offset_ns: int | None = None,
        latency: Latency | None = None,
        event_steps_back: int = 0,
        gaps: tuple[GapInfo, ...] = (),
        facts: Mapping[str, int | str] | None = None,
    ) -> ReadReport:
        """What was read of this file, with what only the format's reader knows."""
        table = self.table
        return ReadReport(
            source=table.source,
            sha256=table.sha256,
            format=table.format.value,
            container=table.container,
            time_unit=self.time_unit,
            rows_read=table.rows + len(table.ragged),
            rows_kept=len(self),
            clock=clock,
            offset_ns=offset_ns,
            latency=latency,
            event_steps_back=event_steps_back,
            duplicates=self.duplicates,
            repairs=tuple(self.repairs),
            gaps=gaps,
            facts=facts or {},
        )

    # ---- the machinery

    def _policy(
        self, problem: Problem, bad: Mask, field: str, expected: Callable[[int], str], found: Callable[[int], str]
    ) -> Policy | None:
        """Apply the policy: raise, or note the repair and drop where that is the policy. ``None``: nothing is wrong."""
        rows = np.flatnonzero(bad)
        if not len(rows):
            return None
        policy = self.policies.get(problem, Policy.REFUSE)
        if policy is Policy.REFUSE:
            i = int(rows[0])
            # Where every row is bad it is the file that is another one, and to leave them out would leave nothing.
            advice = repairs(problem) if len(rows) < len(self) else None
            raise self.refuse(_MESSAGES[problem], i, field, expected(i), found(i), advice)
        lines = self.lines()
        examples = tuple(
            f"line {lines[i]}: {field}: expected {expected(i)}, found {found(i)}" for i in rows[:EXAMPLES].tolist()
        )
        self._note(problem, policy, len(rows), examples)
        if policy is Policy.DROP:
            self._take(np.flatnonzero(~bad))
        return policy

    def _on_grid(self, name: str, field: str, grid: Grid, problem: Problem, least: int | None) -> None:
        scale = scale_of(field)
        units, faults = to_units(self.raw(field), grid, scale)
        self.columns[name] = units
        if not faults.any() and (least is None or not len(units) or units.min() >= least):
            return
        self.columns["faults"] = faults.astype(np.int64)

        def found(i: int) -> str:
            return self._shown(field, i)

        def readable(i: int) -> str:
            held = decimals_of(self.raw(field).slice(i, 1), scale) != {None}
            return f"less than 2^63 steps of {plain(grid.step)}" if held else number_wanted(found(i))

        self._policy(Problem.UNREADABLE, self["faults"] == UNREADABLE, field, readable, found)
        if least is not None:
            expected = "more than 0" if least else "0 or more"
            # Off the grid the units are the floor: a positive value below one step has 0 and is no zero.
            low = (self[name] < 0) | ((self[name] < least) & (self["faults"] != OFF_GRID))
            self.check(Problem.OUT_OF_RANGE, low, field, expected, found)
        off = self["faults"] == OFF_GRID
        policy = self._policy(problem, off, field, lambda i: f"a multiple of {plain(grid.step)}", found)
        if policy is Policy.ROUND:
            self._round(name, field, grid, problem)
            if problem is Problem.OFF_TICK and least is not None:
                self.check(Problem.OUT_OF_RANGE, self[name] < least, field, f"at least {plain(grid.step)}", found)
        del self.columns["faults"]

    def _round(self, name: str, field: str, grid: Grid, problem: Problem) -> None:
        off = np.flatnonzero(self["faults"] == OFF_GRID)
        rounding = HALF_EVEN if problem is Problem.OFF_TICK else FLOOR
        values = self.raw(field).take(pa.array(off))
        scale = scale_of(field)
        rounded = self[name].copy()
        rounded[off] = round_units(values, grid, rounding, scale)
        self.columns[name] = rounded

    def _unit(self, field: str, column: pa.Array) -> str:
        unit, odd = unit_of(column)
        if unit is None or odd is not None:
            i = odd or 0
            before = shown(column, 0)
            expected = "a time since 1973" if unit is None else f"a time in {unit}, as {before} is"
            raise self.refuse("unknown time unit", i, field, expected, shown(column, i))
        return unit

    def _take(self, places: Column) -> None:
        self.index = self.index[places]
        self.columns = {name: column[places] for name, column in self.columns.items()}

    def _note(self, problem: Problem, policy: Policy, count: int, examples: tuple[str, ...]) -> None:
        for i, old in enumerate(self.repairs):
            if old.problem is problem:
                merged = (old.examples + examples)[:EXAMPLES]
                self.repairs[i] = Repair(problem, policy, old.count + count, merged)
                return
        self.repairs.append(Repair(problem, policy, count, examples))

    def _shown(self, field: str, i: int) -> str:
        return shown(self.table.columns[field], int(self.index[i]), scale_of(field))

    def _check_ragged(self) -> None:
        ragged = self.table.ragged
        if not ragged:
            return
        if self.policies.get(Problem.UNREADABLE, Policy.REFUSE) is Policy.REFUSE:
            row = ragged[0]
            raise DataError(
                "bad row",
                source=self.table.source,
                line=row.line,
                field="columns",
                expected=f"{row.expected} columns",
                found=str(row.found),
                advice=repairs(Problem.UNREADABLE),
            )
        examples = tuple(f"line {r.line}: expected {r.expected} columns, found {r.found}" for r in ragged[:EXAMPLES])
        self._note(Problem.UNREADABLE, Policy.DROP, len(ragged), examples)
