"""Numbers of an instrument as exact text, each made once and kept while there are few: entries and the tables made of them say the same ones.

Memories of pure functions: full, emptied or fresh, the texts are the same.
"""

from __future__ import annotations

from typing import NamedTuple

from genesis.model.grid import Grid
from genesis.model.instruments import Instrument

_TEXTS_KEPT = 4_096
_INSTRUMENTS_KEPT = 256


class Texts(dict[int, str]):
    """Plain notation of a grid's values, by their number of steps."""

    def __init__(self, grid: Grid) -> None:
        super().__init__()
        self._grid = grid

    def __missing__(self, units: int) -> str:
        if len(self) >= _TEXTS_KEPT:
            self.clear()
        text = self[units] = self._grid.to_text(units)
        return text


class InstrumentTexts(NamedTuple):
    """Prices by ticks and quantities by lots. Holding the instrument keeps its ``id()`` its own."""

    instrument: Instrument
    price: Texts
    qty: Texts


# By object identity, because hashing an instrument costs more than the work that is saved.
_KNOWN: dict[int, InstrumentTexts] = {}


def texts_of(instrument: Instrument) -> InstrumentTexts:
    """The texts of one instrument."""
    found = _KNOWN.get(id(instrument))
    if found is None:
        if len(_KNOWN) >= _INSTRUMENTS_KEPT:
            _KNOWN.clear()
        found = InstrumentTexts(instrument, Texts(instrument.price_grid), Texts(instrument.qty_grid))
        _KNOWN[id(instrument)] = found
    return found
