"""What is journalled of a track beside its orders: samples, trades, funding, capital, and what stopped it."""

from __future__ import annotations

from typing import Protocol

from genesis.model.events import Event, TapePosition, Wire
from genesis.model.grid import currency_grid
from genesis.model.instruments import Instrument
from genesis.model.mark_prices import mark_grid
from genesis.model.orders import Side

Told = str | int | float | None


class Metrics(Protocol):
    """Metrics that are worked out when they are read."""

    def metrics(self) -> dict[str, Told]: ...

    def __getitem__(self, name: str, /) -> Told: ...


class MetricSample(Event, frozen=True, gc=False):
    """A track's metrics at an hour of engine time. Money is exact text in ``currency``; undefined is ``None``."""

    currency: str
    metrics: dict[str, Told] | Metrics

    def told(self) -> dict[str, Told]:
        """The metrics by name."""
        metrics = self.metrics
        return metrics if isinstance(metrics, dict) else metrics.metrics()

    def wire(self) -> Wire:
        return {"currency": self.currency, "metrics": dict(self.told())}


class TrackHalted(Event, frozen=True, gc=False):
    """A limit was broken: entries stop, and what ``action`` says is done."""

    reason: str
    detail: str
    action: str

    def wire(self) -> Wire:
        return {"action": self.action, "detail": self.detail, "reason": self.reason}


class TrackStopped(Event, frozen=True, gc=False):
    """A strategy raised: its own track stops and no other. ``error`` is type and message, never a traceback."""

    hook: str
    error: str

    def wire(self) -> Wire:
        return {"error": self.error, "hook": self.hook}


class StrategyNote(Event, frozen=True, gc=False):
    """A remark of the strategy itself (``self.note``), kept with the run."""

    text: str

    def wire(self) -> Wire:
        return {"text": self.text}


class TrackOpened(Event, frozen=True, gc=False):
    """A track began while others ran; ``facts`` are what the first entry says of those that were there from the start."""

    facts: Wire

    def wire(self) -> Wire:
        return dict(self.facts)


class CapitalMoved(Event, frozen=True, gc=False):
    """Capital came to a track, or left it where ``amount`` is below 0: a cash flow, no return.

    ``amount`` and ``equity``, what the account was worth before it, are in 10**-decimals of ``currency``; ``share`` is the share of its
    budget that the track trades from now on, exact text.
    """

    amount: int
    equity: int
    currency: str
    decimals: int
    share: str
    reason: str

    def wire(self) -> Wire:
        text = currency_grid(self.decimals).to_text
        return {
            "amount": text(self.amount),
            "currency": self.currency,
            "equity": text(self.equity),
            "reason": self.reason,
            "share": self.share,
        }


class TrackClosed(Event, frozen=True, gc=False):
    """A track is over: it is flat, nothing works, and its capital has gone back to the account."""

    reason: str

    def wire(self) -> Wire:
        return {"reason": self.reason}


class TradeClosed(Event, frozen=True, gc=False):
    """A trade has ended. Amounts are in 10**-``decimals`` of ``currency``, ``qty`` in base ledger units; ``pnl`` is net of fees and slippage.

    ``funding`` (negative is paid) is told of perpetuals alone; their ``pnl`` is net of it too.
    """

    instrument: Instrument
    side: Side
    time_open: int
    time_close: int
    qty: int
    entry_notional: int
    exit_notional: int
    fees: int
    pnl: int
    currency: str
    decimals: int
    fills: int
    forced: bool
    funding: int | None = None

    def wire(self) -> Wire:
        money = currency_grid(self.decimals).to_text
        funding = {} if self.funding is None else {"funding": money(self.funding)}
        return funding | {
            "currency": self.currency,
            "entry_notional": money(self.entry_notional),
            "exit_notional": money(self.exit_notional),
            "fees": money(self.fees),
            "fills": self.fills,
            "forced": self.forced,
            "instrument": self.instrument.id,
            "pnl": money(self.pnl),
            "qty": currency_grid(self.instrument.base_decimals).to_text(self.qty),
            "side": self.side.name,
            "time_close": self.time_close,
            "time_open": self.time_open,
        }


class FundingPaid(Event, frozen=True, gc=False):
    """Funding of a perpetual was settled and heard. ``change`` of cash (negative is paid) is in 10**-``decimals`` of ``currency``.

    ``time_event`` is the settlement; ``units`` is the position that the venue settled, in signed base ledger units; ``mark`` the mark
    price (`genesis.model.mark_prices`), ``rate_e8`` the rate. ``position`` counts the settlements.
    """

    instrument: Instrument
    time_event: int
    units: int
    mark: int
    rate_e8: int
    change: int
    currency: str
    decimals: int
    position: TapePosition | None = None

    def wire(self) -> Wire:
        return {
            "amount": currency_grid(self.decimals).to_text(self.change),
            "currency": self.currency,
            "instrument": self.instrument.id,
            "mark_px": mark_grid(self.instrument).to_text(self.mark),
            "position": None if self.position is None else self.position.wire(),
            "qty": currency_grid(self.instrument.base_decimals).to_text(self.units),
            "rate": currency_grid(8).to_text(self.rate_e8),
            "time_event": self.time_event,
        }


class Liquidated(Event, frozen=True, gc=False):
    """The margin balance was at or under the maintenance margin: the venue cancels the track's orders and closes a position.

    ``units`` is what is closed, in signed base ledger units, ``mark`` the mark price at which the account was judged; the account's sums
    are in 10**-``decimals`` of ``currency``. ``position`` is of the stream whose row showed that price.
    """

    instrument: Instrument
    units: int
    mark: int
    wallet: int
    unrealized: int
    maintenance: int
    currency: str
    decimals: int
    position: TapePosition | None = None

    def detail(self) -> str:
        """What was found, in words."""
        money = currency_grid(self.decimals).to_text
        found = money(self.wallet + self.unrealized)
        return f"expected a margin balance above the maintenance margin of {money(self.maintenance)}, found {found}"

    def wire(self) -> Wire:
        money = currency_grid(self.decimals).to_text
        return {
            "action": "orders cancelled, position closed by the venue, track halted",
            "currency": self.currency,
            "detail": self.detail(),
            "instrument": self.instrument.id,
            "maintenance_margin": money(self.maintenance),
            "margin_balance": money(self.wallet + self.unrealized),
            "mark_px": mark_grid(self.instrument).to_text(self.mark),
            "position": None if self.position is None else self.position.wire(),
            "qty": currency_grid(self.instrument.base_decimals).to_text(self.units),
            "reason": "LIQUIDATED",
            "unrealized_pnl": money(self.unrealized),
            "wallet_balance": money(self.wallet),
        }
