"""Statistics of closed trades (definitions.md, 'Trade'): the net P&L of each, in one currency.

Open trades are excluded, forced exits count. P&L is an integer of ledger units or a Decimal; money made of it is a Decimal in the same unit,
of at most 34 significant digits, a quotient rounded half to even. Ratios are floats. Undefined is ``None``.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from genesis.metrics.amounts import Amount, exact, mean, ratio, total
from genesis.metrics.trade_stats import TradeStats as TradeStats


class TradeTally:
    """Closed trades, counted and added up as they come; O(1) a trade. ``gross_loss`` is 0 or negative."""

    __slots__ = ("_best", "duration_ns", "gross_loss", "gross_profit", "_worst", "forced", "losses", "n", "wins")

    def __init__(self) -> None:
        self.n = self.wins = self.losses = self.forced = 0
        self.duration_ns = 0
        self.gross_profit: Amount = 0
        self.gross_loss: Amount = 0
        self._best: Amount = 0
        self._worst: Amount = 0

    def add(self, pnl: Amount, duration_ns: int, forced: bool = False) -> None:
        """Take a closed trade: P&L net of fees, slippage and funding; ``duration_ns`` from its open to its close.

        Raises:
            ValueError: P&L that is not finite, or a negative duration.
        """
        if type(pnl) is not int and not Decimal(pnl).is_finite():
            raise ValueError(f"pnl: expected a finite amount, found {pnl}")
        if duration_ns < 0:
            raise ValueError(f"duration_ns: expected 0 or more, found {duration_ns}")
        self.n += 1
        self.forced += forced
        self.duration_ns += duration_ns
        if pnl > 0:
            self.wins += 1
            self.gross_profit = total(self.gross_profit, pnl)
            self._best = max(self._best, pnl)
        elif pnl < 0:
            self.losses += 1
            self.gross_loss = total(self.gross_loss, pnl)
            self._worst = min(self._worst, pnl)

    def stats(self) -> TradeStats:
        """The statistics of the trades taken so far."""
        n, wins, losses = self.n, self.wins, self.losses
        profit, loss = exact(self.gross_profit), exact(self.gross_loss)
        net = exact(total(profit, loss))
        return TradeStats(
            n=n,
            wins=wins,
            losses=losses,
            forced=self.forced,
            net_pnl=net,
            gross_profit=profit,
            gross_loss=loss,
            win_rate=wins / n if n else None,
            profit_factor=ratio(profit, loss.copy_abs()),
            expectancy=mean(net, n),
            average_win=mean(profit, wins),
            average_loss=mean(loss, losses),
            largest_win=exact(self._best) if wins else None,
            largest_loss=exact(self._worst) if losses else None,
            average_duration_ns=self.duration_ns // n if n else None,
        )


def breakeven_rate(wins: int, won: Amount, losses: int, lost: Amount) -> float | None:
    """Share of trades that has to win at their mean win W and mean loss L so that nothing is lost: L / (W + L) (statistics.md 4.1).

    ``won`` is all that was won by ``wins`` trades, ``lost``, 0 or negative, all that was lost by ``losses``. ``None`` where nothing was.
    """
    win = Fraction(won) / wins if wins else Fraction(0)
    loss = -Fraction(lost) / losses if losses else Fraction(0)
    return float(loss / (win + loss)) if win + loss else None


def trade_stats(trades: Iterable[tuple[Amount, int]]) -> TradeStats:
    """Statistics of closed trades given as (net P&L, duration in ns).

    Raises:
        ValueError: as `TradeTally.add`.
    """
    tally = TradeTally()
    for pnl, duration_ns in trades:
        tally.add(pnl, duration_ns)
    return tally.stats()
