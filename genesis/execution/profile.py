"""The assumptions of a simulated venue, each named, with the mission's numbers as defaults."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum

import msgspec

from genesis.model.rules import StpMode
from genesis.rng import ClippedNormal


class FeeCurrency(Enum):
    """In which asset a venue takes its fee: what the order received (spot exchanges) or always the quote."""

    RECEIVED = "received"
    QUOTE = "quote"


class SideBps(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One kind of commission in basis points: a trade pays its maker's or taker's rate plus its buyer's or seller's."""

    maker_bp: Decimal = Decimal(0)
    taker_bp: Decimal = Decimal(0)
    buyer_bp: Decimal = Decimal(0)
    seller_bp: Decimal = Decimal(0)

    def __post_init__(self) -> None:
        _check_bps(self)


class FeeDiscount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Pay the fee in ``asset`` while there is enough of it: the standard commission is multiplied by ``multiplier`` (0.75: a quarter is saved)."""

    asset: str
    multiplier: Decimal = Decimal("0.75")

    def __post_init__(self) -> None:
        if not 0 < self.multiplier <= 1:
            raise ValueError(f"multiplier: expected above 0 and at most 1, found {self.multiplier}")
        _check_fine("multiplier", self.multiplier, 8)


class FeeSchedule(msgspec.Struct, frozen=True):
    """Maker and taker rates in basis points of the notional.

    The fee is truncated to ``decimals`` of its currency, as spot exchanges do (execution.md 3.5). ``buyer_bp`` and ``seller_bp`` complete the
    standard commission, ``tax`` and ``special`` are charged beside it (Binance, ``faqs/commission_faq.md``), and ``discount`` names the asset that
    pays less; a spot account has that only where it has money in the asset.
    """

    maker_bp: Decimal = Decimal(10)
    taker_bp: Decimal = Decimal(10)
    currency: FeeCurrency = FeeCurrency.RECEIVED
    decimals: int = 8
    buyer_bp: Decimal = Decimal(0)
    seller_bp: Decimal = Decimal(0)
    tax: SideBps | None = None
    special: SideBps | None = None
    discount: FeeDiscount | None = None

    def __post_init__(self) -> None:
        _check_bps(self)
        if self.in_full:
            # Commission rates are integers of 10**-8.
            for name in _BPS:
                _check_fine(name, getattr(self, name), 4)
        if not 0 <= self.decimals <= 30:
            raise ValueError(f"decimals: expected 0 to 30, found {self.decimals}")

    @property
    def in_full(self) -> bool:
        """Whether more is charged, or otherwise, than a maker's and a taker's rate."""
        return any((self.buyer_bp, self.seller_bp, self.tax, self.special, self.discount))


_BPS = ("maker_bp", "taker_bp", "buyer_bp", "seller_bp")


def _check_bps(rates: SideBps | FeeSchedule) -> None:
    for name in _BPS:
        rate = getattr(rates, name)
        if not 0 <= rate < 1000:
            raise ValueError(f"{name}: expected 0 to 1000 basis points, found {rate}")
        if isinstance(rates, SideBps):
            _check_fine(name, rate, 4)


def _check_fine(name: str, value: Decimal, decimals: int) -> None:
    if value != round(value, decimals):
        raise ValueError(f"{name}: expected at most {decimals} decimals, found {value}")


class ExecutionProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named set of assumptions. The defaults are ``spec``: the mission's numbers, and nothing that they do not name but a queue.

    Latency (ms): ``latency_ms``, or one of ``latency_samples_ms`` where there are any, is spent on the way in; the answer takes an independent
    draw times ``response_factor`` (or one of ``response_samples_ms``); a cancel travels like an entry (or by ``cancel_samples_ms``).
    With ``tail_probability`` a journey takes ``tail_factor`` times as long.

    Takers: ``slippage_bp`` is drawn once an order, against us to the tick, bounded by the limit; where no bid and ask are shown
    ``half_spread_bp`` comes on top, or what the prints or bars suggest if ``estimate_spread`` and it is more. ``impact_y`` is the constant of the
    square-root law (0: own orders move nothing), ``impact_half_life_s`` how long its footprint takes to halve, ``sigma_prior`` the daily
    volatility (a fraction) assumed before any is known. The worst of walk, draw and impact is paid, never their sum.

    Makers: ``queue`` is ``power3`` (of what leaves unexplained, the share (ahead / level) ** ``queue_n`` left from before us), ``risk_averse``
    (nobody before us leaves) or ``touch`` (nobody is ever before us: an upper bound, for reports); where no queue is displayed
    ``prints_ahead`` median prints stand before us, or with ``only_through`` prints at our own price fill nothing.

    Quantity: one order takes at most ``prints_share`` of a print and ``bar_share`` of a bar's volume (``None``: any). What own orders took of a
    displayed size halves every ``taken_half_life_s`` (0: never) when the size is shown anew. A book older than ``book_fresh_s`` fills
    nothing while prints or bars can. ``self_trade`` says which order ends when an account meets itself.
    """

    name: str = "spec"
    latency_ms: ClippedNormal = ClippedNormal(10, 2, 5, 15)
    latency_samples_ms: tuple[float, ...] = ()
    response_factor: float = 0.5
    response_samples_ms: tuple[float, ...] = ()
    cancel_samples_ms: tuple[float, ...] = ()
    tail_probability: float = 0.0
    tail_factor: float = 10.0
    slippage_bp: ClippedNormal = ClippedNormal(2, 1, 2, 5)
    prints_share: Decimal = Decimal("0.2")
    bar_share: Decimal | None = Decimal("0.1")
    half_spread_bp: Decimal = Decimal(0)
    estimate_spread: bool = False
    impact_y: float = 0.0
    impact_half_life_s: float = 60.0
    sigma_prior: float = 0.03
    queue: str = "power3"
    queue_n: int = 3
    prints_ahead: int = 20
    only_through: bool = False
    taken_half_life_s: float = 2.0
    book_fresh_s: float = 60.0
    self_trade: StpMode = StpMode.EXPIRE_MAKER

    def __post_init__(self) -> None:
        for name, share in (("prints_share", self.prints_share), ("bar_share", self.bar_share)):
            if share is not None and not 0 < share <= 1:
                raise ValueError(f"{name}: expected above 0 and at most 1, found {share}")
        if not 0 <= self.half_spread_bp < 1000:
            raise ValueError(f"half_spread_bp: expected 0 to 1000 basis points, found {self.half_spread_bp}")
        if self.latency_ms.low < 0 or self.slippage_bp.low < 0:
            raise ValueError("latency_ms and slippage_bp: expected a lower bound of 0 or more")
        if self.queue not in QUEUES:
            raise ValueError(f"queue: expected {', '.join(QUEUES)}, found {self.queue}")
        for name, least, most in _RANGES:
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"{name}: expected {least} to {most}, found {value}")
        for name in ("latency_samples_ms", "response_samples_ms", "cancel_samples_ms"):
            if not all(0 <= sample <= _SAMPLE_MS_MAX for sample in getattr(self, name)):
                raise ValueError(f"{name}: expected 0 to {_SAMPLE_MS_MAX} ms each, found {getattr(self, name)}")


QUEUES = ("risk_averse", "power3", "touch")
_SAMPLE_MS_MAX = 3_600_000
_RANGES = (
    ("response_factor", 0, 100),
    ("tail_probability", 0, 1),
    ("tail_factor", 1, 10_000),
    ("impact_y", 0, 100),
    ("impact_half_life_s", 0.001, 86_400),
    ("sigma_prior", 0, 10),
    ("queue_n", 1, 16),
    ("prints_ahead", 0, 100_000),
    ("taken_half_life_s", 0, 86_400),
    ("book_fresh_s", 0.001, 86_400),
)


class Realism(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the profile ``realistic`` adds to the configured one: tails, impact and the careful queue. None of it is ever in our favour."""

    tail_probability: float = 0.002
    tail_factor: float = 10.0
    impact_y: float = 0.8
    queue: str = "risk_averse"
    only_through: bool = True
    estimate_spread: bool = True

    def over(self, profile: ExecutionProfile) -> ExecutionProfile:
        """``profile`` with these assumptions, under the name ``realistic``.

        Raises:
            ValueError: a value out of its range.
        """
        return msgspec.structs.replace(profile, name="realistic", **msgspec.structs.asdict(self))


class LiveAssumptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the simulated live venue does otherwise than the paper venue: slower, dearer and thinner; a strategy is never told.

    Until real venues are connected, live tracks trade there. Its luck is drawn from ``seed`` and is not the paper venue's.
    """

    latency_ms: ClippedNormal = ClippedNormal(15, 4, 8, 40)
    slippage_bp: ClippedNormal = ClippedNormal(2, 1.2, 2, 6)
    tail_probability: float = 0.002
    tail_factor: float = 10.0
    impact_y: float = 0.8
    queue: str = "risk_averse"
    only_through: bool = True
    prints_share: Decimal = Decimal("0.1")
    bar_share: Decimal | None = Decimal("0.05")
    seed: int = 20_001

    def over(self, profile: ExecutionProfile) -> ExecutionProfile:
        """``profile`` with these assumptions, under the name ``live``.

        Raises:
            ValueError: a value out of its range.
        """
        values = msgspec.structs.asdict(self)
        del values["seed"]
        return msgspec.structs.replace(profile, name="live", **values)
