"""One entry of ``symbols`` in an exchange's information file, field by field."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from genesis.errors import DataError
from genesis.model.grid import parse_decimal

# More than any price or size has; a number with more would only cost memory.
_DIGITS = 30


class SymbolEntry:
    """Reads fields of an entry and of its filters; every complaint is a `DataError` that names the file, the symbol, the filter and the field.

    Args:
        entry: as the file has it; its ``symbol`` is a text.
        source: the file.
    """

    def __init__(self, entry: Mapping[str, Any], source: str) -> None:
        self._entry, self.source = entry, source
        self.name: str = entry["symbol"]

    def has(self, field: str) -> bool:
        """Whether the entry itself has the field, whatever it says."""
        return field in self._entry

    def said(self, field: str, otherwise: object = None) -> Any:
        """What the entry itself says, whatever it is; ``otherwise`` where it says nothing."""
        return self._entry.get(field, otherwise)

    @cached_property
    def filters(self) -> dict[str, dict[str, Any]]:
        """What the entry says of each filter, by the filter's name.

        Raises:
            DataError: a list of them is not there, is malformed, or lacks those that every symbol has.
        """
        filters = self._entry.get("filters")
        if not isinstance(filters, list):
            raise self.complaint("filters", "a list", filters)
        out: dict[str, dict[str, Any]] = {}
        for number, item in enumerate(filters):
            kind = item.get("filterType") if isinstance(item, dict) else None
            if not isinstance(kind, str):
                raise self.complaint(f"filters[{number}].filterType", "a filter's name", item)
            if kind in out:
                raise self.complaint(f"filters[{number}].filterType", "each filter once", f"{kind} again")
            out[kind] = item
        for needed in ("PRICE_FILTER", "LOT_SIZE"):
            if needed not in out:
                raise self.complaint("filters", needed, ", ".join(out) or "none")
        return out

    def _field(self, name: str, field: str) -> Any:
        if field not in self.filters[name]:
            raise self.complaint(f"{name}.{field}", "a value", None)
        return self.filters[name][field]

    def amount(self, name: str, field: str, *, positive: bool = False) -> Decimal:
        """A decimal written as text, at least 0."""
        value = self._field(name, field)
        expected = "a decimal above 0" if positive else "a decimal of 0 or more"
        if not isinstance(value, str):
            raise self.complaint(f"{name}.{field}", f"{expected}, as text", value)
        try:
            amount = parse_decimal(value)
        except ValueError:
            raise self.complaint(f"{name}.{field}", expected, value) from None
        if amount < 0 or (positive and not amount):
            raise self.complaint(f"{name}.{field}", expected, value)
        if not -_DIGITS <= int(amount.as_tuple().exponent) <= amount.adjusted() <= _DIGITS:
            raise self.complaint(f"{name}.{field}", f"a decimal of at most {_DIGITS} digits on either side", value)
        return amount

    def whole(self, name: str, field: str) -> int:
        """A whole number of a filter, at least 0."""
        value = self._field(name, field)
        if type(value) is not int or value < 0:
            raise self.complaint(f"{name}.{field}", "a whole number of 0 or more", value)
        return value

    def least_notional(self, name: str) -> Decimal:
        """The futures market writes ``notional`` where the spot market writes ``minNotional``."""
        return self.amount(name, "notional" if "notional" in self.filters[name] else "minNotional")

    def count(self, name: str, *fields: str) -> int | None:
        """The first of ``fields`` that the filter has: the futures market writes ``limit`` for every count."""
        if name not in self.filters:
            return None
        return self.whole(name, next((f for f in fields if f in self.filters[name]), fields[0]))

    def minutes(self, name: str) -> int:
        """Over how many minutes a filter's mean price is taken."""
        return self.whole(name, "avgPriceMins")

    def flag(self, name: str, field: str) -> bool:
        """True or false, of a filter."""
        value = self._field(name, field)
        if not isinstance(value, bool):
            raise self.complaint(f"{name}.{field}", "true or false", value)
        return value

    def own_whole(self, field: str) -> int:
        """A whole number of the entry itself, at least 0."""
        value = self._entry.get(field)
        if type(value) is not int or value < 0:
            raise self.complaint(field, "a whole number of 0 or more", value)
        return value

    def word(self, field: str) -> str:
        """A text of the entry itself, not empty."""
        value = self._entry.get(field)
        if not isinstance(value, str) or not value:
            raise self.complaint(field, "text", value)
        return value

    def names(self, field: str) -> tuple[str, ...]:
        """A list of texts of the entry itself."""
        value = self._entry.get(field)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self.complaint(field, "a list of names", value)
        return tuple(value)

    def complaint(self, field: str, expected: str, found: object) -> DataError:
        """What is wrong with a field; whoever found it raises it."""
        return DataError(self.name, source=self.source, field=field, expected=expected, found=shown(found))


def shown(value: object) -> str:
    """A value of the file as a message tells it."""
    text = "nothing" if value is None else value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
