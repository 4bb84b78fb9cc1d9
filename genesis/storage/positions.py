"""What fills come to, per track and instrument: exact sums for people to look at. The ledger of a track is another thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from genesis.model.grid import EXACT, plain
from genesis.storage.rows import FillRow, PositionRow

_NOTHING = Decimal(0)


class _Sums:
    __slots__ = ("fees", "fills", "notional", "qty", "time_last")

    def __init__(self) -> None:
        self.qty = {"BUY": _NOTHING, "SELL": _NOTHING}
        self.notional = {"BUY": _NOTHING, "SELL": _NOTHING}
        self.fees: dict[str, Decimal] = {}
        self.fills = self.time_last = 0

    def add(self, fill: FillRow) -> None:
        qty = Decimal(fill.last_qty)
        self.qty[fill.side] = EXACT.add(self.qty[fill.side], qty)
        worth = EXACT.multiply(qty, Decimal(fill.last_px))
        self.notional[fill.side] = EXACT.add(self.notional[fill.side], worth)
        paid = self.fees.get(fill.fee_currency, _NOTHING)
        self.fees[fill.fee_currency] = EXACT.add(paid, Decimal(fill.fee))
        self.fills += 1
        self.time_last = max(self.time_last, fill.time)

    def held(self, money: str) -> Decimal:
        """Bought less sold, less the fees that were not paid in ``money`` but taken from what was bought."""
        found = EXACT.subtract(self.qty["BUY"], self.qty["SELL"])
        for currency, fee in self.fees.items():
            found = found if currency == money else EXACT.subtract(found, fee)
        return found


def fold_fills(fills: Iterable[FillRow], money: Mapping[str, str]) -> list[PositionRow]:
    """One row a (track, instrument) that ever traded, in the order of their first fills; flat ones have ``qty`` 0.

    ``money`` is by track the one currency of an account that has one alone: a fee in anything else was taken from what was bought.
    """
    sums: dict[tuple[str, str], _Sums] = {}
    for fill in fills:
        sums.setdefault((fill.track, fill.instrument), _Sums()).add(fill)
    return [
        PositionRow(
            track,
            instrument,
            plain(EXACT.subtract(s.qty["BUY"], s.qty["SELL"])),
            None if track not in money else plain(s.held(money[track])),
            plain(s.qty["BUY"]),
            plain(s.notional["BUY"]),
            plain(s.qty["SELL"]),
            plain(s.notional["SELL"]),
            {currency: plain(fee) for currency, fee in s.fees.items()},
            s.fills,
            s.time_last,
        )
        for (track, instrument), s in sums.items()
    ]
