"""Columns and texts a block at a time, each small enough to stay in the processor's cache while it is worked on."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

ROWS = 16_384
_BYTES = 1 << 16


def blocks(rows: int) -> Iterator[slice]:
    """``rows`` rows in blocks of `ROWS`, one after another."""
    for start in range(0, rows, ROWS):
        yield slice(start, start + ROWS)


def has_only(text: NDArray[np.uint8], allowed: Callable[[NDArray[np.uint8]], NDArray[np.bool_]]) -> bool:
    """Whether every byte of a text is one of those that ``allowed`` finds in an array of them."""
    return all(bool(allowed(text[at : at + _BYTES]).all()) for at in range(0, len(text), _BYTES))
