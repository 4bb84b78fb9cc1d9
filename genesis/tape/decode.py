"""Rows as frozen events, made once in blocks and shared by every track that reads the same stretch.

Blocks are small enough that the memory of a block let go serves the next one while it is still in the processor's cache, and large enough
that a block's fixed cost is little a row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

_SHIFT = 10
_SIZE = 1 << _SHIFT
_KEPT = 16


class Blocks(Generic[T]):
    """Events of rows in aligned blocks of 1,024; a block still being filled grows, and the oldest blocks are let go.

    ``make(start, stop)`` decodes rows.
    """

    __slots__ = ("_blocks", "_make")

    def __init__(self, make: Callable[[int, int], list[T]]) -> None:
        self._make = make
        self._blocks: dict[int, list[T]] = {}

    def at(self, row: int, rows: int) -> tuple[list[T], int]:
        """The block that holds ``row``, decoded as far as the ``rows`` arrived, and the row's place in it."""
        number = row >> _SHIFT
        first = number << _SHIFT
        block = self._blocks.get(number)
        if block is None:
            if len(self._blocks) >= _KEPT:
                del self._blocks[next(iter(self._blocks))]
            block = self._blocks[number] = []
        need = min(rows - first, _SIZE)
        if len(block) < need:
            block.extend(self._make(first + len(block), first + need))
        return block, row - first
