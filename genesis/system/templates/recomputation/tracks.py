"""What the entries tell of the tracks of a run: money, bars, trades, and what stops them."""

from __future__ import annotations

import re
from fractions import Fraction

from .arithmetic import BAR_NS
from .books import Books
from .comparing import Document, Remarks
from .evidence import Bars
from .perpetuals import Contract, funding, units_of
from .version import Version

# How the first entry names an instrument.
LOT = re.compile(r"(.+) \(tick [0-9.]+, lot ([0-9.]+)\)$")


class Tracks(Remarks):
    """Takes entries by their type, in order; each is held against what the entries before it come to."""

    def __init__(self) -> None:
        super().__init__()
        self.versions = dict[str, Version]()
        self.bars = dict[str, Bars]()
        self.books = dict[str, Books]()
        self.equity = dict[str, tuple[int, float]]()
        self.drawdown = dict[str, tuple[int, float]]()
        self.closed = dict[str, int]()
        self.last_bar = dict[str, tuple[int, float | None, int]]()
        # Of a track beside a version: the version, and the track's role.
        self.of = dict[str, tuple[str, str]]()

    @property
    def at_bar(self) -> bool:
        """Whether this moment ends a bar, as all looks do but those that wait for fresh prices to flatten."""
        return self.time % BAR_NS == 0

    # -- what a run begins with

    def _RunStarted(self, _: None, body: Document) -> None:
        self.rules = body["evidence"]["rules"]
        told = [LOT.match(i) for i in body["instruments"]]
        self.contracts = {name: Contract(terms) for name, terms in body.get("perpetuals", {}).items()}
        self.lots = {found[1]: Fraction(found[2]) for found in told if found}
        for track in body["tracks"]:
            name = track["name"]
            if track["beside"] is None and "faults" not in track:
                self.bars[name] = Bars(self.rules)
                if "balances" not in track:
                    self.versions[name] = Version(track, self.rules, self.time)
                    self.bars[name] = self.versions[name].bars
                    self.books[name] = self.opened(track["budget"])

    def opened(self, budget: str) -> Books:
        amount, currency = budget.split()
        return Books(Fraction(amount), currency, self.lots)

    def _TrackOpened(self, track: str, body: Document) -> None:
        version = self.versions[body["of"]]
        self.books[track] = self.opened(f"0 {body['budget'].split()[1]}")
        self.of[track] = (body["of"], body["role"])
        self.bars[track] = Bars(self.rules)
        if body["role"] == "live":
            version.live, version.live_since, version.stopped = track, version.since, False
            version.watch_by(self.time)

    def _TrackClosed(self, track: str, _: Document) -> None:
        name, role = self.of.get(track, ("", ""))
        if role == "live":
            version = self.versions[name]
            version.live_before = version.live_evidence(self.bars[track])
            version.live = version.watch = None

    def _CapitalMoved(self, track: str, body: Document) -> None:
        books, amount, equity = self.books[track], Fraction(body["amount"]), Fraction(body["equity"])
        if body["reason"] in ("the end", "a step down") and books.began is not None:
            self.expect(f"{track}: equity", books.began, float(equity))
        name, role = self.of.get(track, ("", ""))
        if body["reason"] == "the end" and role == "live":
            self.versions[name].earned += equity - books.capital
        books.moved(amount)

    # -- orders, and what stops a live track

    def _OrderSubmitted(self, track: str, body: Document) -> None:
        if track in self.books:
            self.books[track].submitted(body["client_order_id"], body["intent"])

    def _OrderFilled(self, track: str, body: Document) -> None:
        if track in self.books:
            self.books[track].filled(body)

    def _OrderCanceled(self, track: str, body: Document) -> None:
        if track in self.books:
            self.books[track].ended(body["client_order_id"])

    _OrderExpired = _OrderRejected = _OrderCanceled

    def _FundingPaid(self, track: str, body: Document) -> None:
        books = self.books.get(track)
        if books is None:
            return
        qty, mark, rate = (Fraction(body[n]) for n in ("qty", "mark_px", "rate"))
        held = books.at(body["instrument"], int(body["time_event"]))
        if qty not in held:
            self.expect(f"{track}: funding: position", held[0], body["qty"])
        self.expect(f"{track}: funding", funding(qty, mark, rate, units_of(body["amount"])), body["amount"])
        books.flows += Fraction(body["amount"])

    def _TrackHalted(self, track: str, body: Document) -> None:
        if body["reason"] not in ("ACCOUNT_DAILY_LOSS", "DAILY_LOSS", "LOSS_BOUND"):
            self.stop(track, {"MARK_PRICE": "data", "NOT_FLAT": "integrity"}.get(body["reason"], "risk"))

    def _TrackStopped(self, track: str, _: Document) -> None:
        self.stop(track, "strategy")

    def _Liquidated(self, track: str, body: Document) -> None:
        if track in self.books:
            self.liquidated(track, self.books[track], body)
        self.stop(track, "risk")

    def liquidated(self, track: str, books: Books, body: Document) -> None:
        """The position, its margin by the brackets, and the account at the mark of this moment, which must not be above it."""
        name, mark, balance = body["instrument"], Fraction(body["mark_px"]), Fraction(body["margin_balance"])
        told = Fraction(body["wallet_balance"]) + Fraction(body["unrealized_pnl"])
        self.expect(f"{track}: liquidation: position", books.held.get(name, Fraction(0)), body["qty"])
        self.expect(f"{track}: liquidation: margin balance of wallet and profit", told, body["margin_balance"])
        found = books.valued_at({name: mark})
        # Where several are held the marks of the others are the tape's.
        if found is not None:
            needed = self.contracts[name].maintenance(Fraction(body["qty"]), mark, units_of(body["maintenance_margin"]))
            self.expect(f"{track}: liquidation: margin balance", found, body["margin_balance"])
            self.expect(f"{track}: liquidation: maintenance margin", needed, body["maintenance_margin"])
        if balance > Fraction(body["maintenance_margin"]):
            self.find(
                f"{track}: liquidation: expected a margin balance of no more than {body['maintenance_margin']}, found {body['margin_balance']}"
            )

    def stop(self, track: str, kind: str) -> None:
        name, role = self.of.get(track, ("", ""))
        if role == "live":
            # A broken limit is what counts, whatever else befalls the track after it.
            self.versions[name].halt = "risk" if self.versions[name].halt == "risk" else kind
            self.versions[name].stopped |= kind == "strategy"

    # -- what is observed

    def _TradeClosed(self, track: str, body: Document) -> None:
        self.closed[track] = self.closed.get(track, 0) + 1
        if track in self.versions:
            version, earned = self.versions[track], Fraction(body["pnl"])
            version.trades, version.wins, version.losses = (
                version.trades + 1, version.wins + (earned > 0), version.losses + (earned < 0)
            )  # fmt: skip
            version.best = sorted([*version.best, earned])[-3:]
            version.won, version.lost = version.won + max(earned, Fraction(0)), version.lost - min(earned, Fraction(0))
        name, role = self.of.get(track, ("", ""))
        if role == "live":
            self.versions[name].live_trades += 1

    def _MetricSample(self, track: str, body: Document) -> None:
        metrics = body["metrics"]
        if track in self.versions and "drawdown_max" in metrics:
            self.versions[track].sampled = (self.time, metrics["drawdown_max"])
        if track in self.books and self.time % BAR_NS == 0 and metrics.get("equity") is not None:
            self.equity[track] = (self.time, float(metrics["equity"]))
            self.drawdown[track] = (self.time, metrics["drawdown"])
            if self.last_bar.get(track, (0,))[0] == self.time:
                self.valued(track)

    def valued(self, track: str) -> None:
        """Bar and sample of a moment are there: the returns lead to the equity that the sample tells."""
        books, (_, sampled) = self.books[track], self.equity[track]
        if books.began is not None:
            self.expect(f"{track}: equity by the bars' returns", books.began, sampled)
        books.began = sampled

    def _EvidenceSample(self, track: str, body: Document) -> None:
        bars, change = self.bars[track], body["bar_return"]
        self.book(track, change)
        if change is None:
            # A run that begins in the middle of a bar lacks no data of it.
            bars.whole, bars.missing = False, bars.missing + (track in self.last_bar)
        else:
            bars.add(change)
            if track in self.versions:
                self.versions[track].risk.add(change)
        several = len(bars.returns) > 1
        for what, found in (
            ("bars", len(bars.returns)), ("warmup_bars", bars.warmup), ("loss_bound", bars.bound),
            ("e_value", bars.e_value), ("bound_broken", bars.broken), ("sharpe", bars.sharpe()),
            ("deviation", bars.spread() if several else None),
        ):  # fmt: skip
            self.expect(f"{track}: {what}", found, body[what])
        if track in self.versions and self.versions[track].live is not None:
            self.versions[track].watch_by(self.time)
        self.last_bar[track] = (self.time, change, self.closed.get(track, 0))
        if self.equity.get(track, (0,))[0] == self.time:
            self.valued(track)
        self.watch(self.of.get(track, ("", ""))[0])

    def book(self, track: str, change: float | None) -> None:
        """What the bar did to equity, and to the evidence at higher costs; the fall of a live track."""
        books, version = self.books.get(track), self.versions.get(track)
        if books is not None:
            books.close(change)
            settled = books.settled()
            if settled is not None and books.began is not None:
                self.expect(f"{track}: equity by the fills", settled, books.began)
            if version is not None and version.stress is not None:
                costs = books.costs()
                if costs is None:
                    version.stress = None
                elif change is not None:
                    version.stress.add(change - 0.5 * costs)
        owner = self.versions.get(self.of.get(track, ("", ""))[0])
        if owner is not None and owner.live == track and owner.watch is not None and change is not None:
            owner.watch.fallen(change)

    def watch(self, name: str) -> None:
        """Once live and twin have told of the same bar."""
        version = self.versions.get(name)
        if version is None or version.live is None or version.watch is None:
            return
        live, twin = (self.last_bar.get(t) for t in (version.live, version.live.replace("@live", "@twin")))
        if live is None or twin is None or not version.watched_from < live[0] == twin[0] == self.time:
            return
        if live[1] is not None and twin[1] is not None:
            version.watch.add(live[1], twin[1], version.risk)
