"""What the entries of one track come to, in money."""

from __future__ import annotations

from fractions import Fraction

from .comparing import Document


class Books:
    """What the entries of one track come to: what it holds and has on its way, capital, costs, equity at the ends of bars.

    Equity is known from the first capital on, by the bars' returns; a bar without one leaves it unknown until a sample tells it.
    """

    def __init__(self, budget: Fraction, currency: str, lots: dict[str, Fraction]) -> None:
        self.currency, self.lots = currency, lots
        self.held, self.working = dict[str, Fraction](), dict[str, tuple[str, int]]()
        # ``flows``: what fills and funding brought and took.
        self.capital, self.paid, self.flows = budget, Fraction(0), Fraction(0)
        # Equity at which the running bar began, capital that came or left since included; of the bar before; costs paid by then.
        self.began: float | None = float(budget)
        self.before: float | None = float(budget)
        self.told_paid = Fraction(0)
        # Whether positions, and whether costs, follow from the entries: fees may be paid in something else than the budget's currency.
        self.exact = self.priced = True
        self.orders, self.size = dict[str, int](), dict[str, Fraction]()
        # When at the venue, and how much, signed.
        self.fills = dict[str, list[tuple[int, Fraction]]]()

    @property
    def idle(self) -> bool:
        """Flat, and nothing works or is on its way; less than a lot is dust."""
        return not self.working and not any(abs(q) >= self.lots.get(i, 0) for i, q in self.held.items() if q)

    def submitted(self, order: str, intent: Document) -> None:
        name, qty = intent["instrument"], Fraction(intent["qty"])
        self.working[order] = (name, 1 if intent["side"] == "BUY" else -1)
        if not intent["reduce_only"]:
            self.orders[name], self.size[name] = self.orders.get(name, 0) + 1, self.size.get(name, Fraction(0)) + qty

    def ended(self, order: str) -> None:
        self.working.pop(order, None)

    def filled(self, fill: Document) -> None:
        name, sign = self.working[fill["client_order_id"]]
        qty, cost = Fraction(fill["last_qty"]), fill["cost"]
        self.held[name] = self.held.get(name, Fraction(0)) + sign * qty
        self.fills.setdefault(name, []).append((int(fill["time_event"]), sign * qty))
        self.flows -= sign * qty * Fraction(fill["last_px"]) + Fraction(fill["fee"])
        if fill["fee_currency"] != self.currency:
            self.exact = self.priced = Fraction(fill["fee"]) == 0 and self.priced
        if cost is None:
            self.priced = False
        else:
            beyond = sum(Fraction(cost[c]) for c in ("walk", "slippage", "impact")) + Fraction(cost["spread_x2"]) / 2
            self.paid += Fraction(fill["fee"]) + beyond * qty
        if not Fraction(fill["leaves_qty"]):
            self.ended(fill["client_order_id"])

    def moved(self, amount: Fraction) -> None:
        self.capital += amount
        self.began = None if self.began is None else self.began + float(amount)

    def close(self, change: float | None) -> None:
        """A bar has ended; ``before`` is what it began with."""
        self.before = self.began
        self.began = None if self.began is None or change is None else self.began * (1 + change)

    def costs(self) -> float | None:
        """Fees and what fills cost beyond the price they faced, since this was asked last, as a share of the equity at the bar's start."""
        since, self.told_paid = self.paid - self.told_paid, self.paid
        if not self.priced or (since and self.before is None):
            return None
        return max(0.0, float(since) / self.before) if self.before and self.before > 0 else 0.0

    def settled(self) -> float | None:
        """Equity where nothing is held: capital, and what fills and funding came to."""
        return float(self.capital + self.flows) if self.exact and not any(self.held.values()) else None

    def at(self, name: str, time: int) -> tuple[Fraction, Fraction]:
        """What was held when the venue settled: before, and after what filled in that very moment. Asked in the order of time."""
        fills = self.fills.get(name, [])
        before, after = (sum((qty for at, qty in fills if at < time + tie), Fraction(0)) for tie in (0, 1))
        self.fills[name] = [(time, after), *(fill for fill in fills if fill[0] > time)]
        return before, after

    def valued_at(self, marks: dict[str, Fraction]) -> Fraction | None:
        """Equity at these marks; none where something else is held, or what it cost does not follow."""
        held = {name: qty for name, qty in self.held.items() if qty}
        if not self.exact or held.keys() - marks.keys():
            return None
        return self.capital + self.flows + sum((qty * marks[name] for name, qty in held.items()), Fraction(0))

    def least(self) -> Fraction:
        """The least share of the budget at which an order of the mean size is twice a lot; a venue's other minima may ask for more."""
        found = [2 * self.lots[n] * k / self.size[n] for n, k in self.orders.items() if self.size[n] and n in self.lots]
        return max(found, default=Fraction(0))
