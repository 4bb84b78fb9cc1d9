"""The shape of a configuration. Unknown keys are errors; amounts are exact decimals."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from enum import Enum
from functools import cache
from typing import Annotated
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from genesis.errors import ConfigError
from genesis.execution.fault_plan import BUILT_IN, NO_PLAN, FaultPlan
from genesis.execution.perpetual_terms import PerpetualTerms
from genesis.execution.profile import ExecutionProfile, FeeSchedule, LiveAssumptions, Realism
from genesis.feeds.files.formats import OhlcvColumns
from genesis.model.instruments import Calendar, InstrumentKind
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.portfolio.positions import CostMethod
from genesis.portfolio.trades import TradeBasis
from genesis.risk.limits import Limits
from genesis.risk.tiers import Tier
from genesis.storage.address import is_postgres, store_address

MASK = "***"
AUDIT_NAME = "genesis-run"
_ORIGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9._-]+)*")
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")
_MAIL = re.compile(r"[^@\s<>,;\x00-\x1f]+@[^@\s<>,;\x00-\x1f]+")
# It becomes part of a track's name.
_PLAN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_NAME_MAX = 100
# Beyond it no market is traded, and the amounts of statements would leave the decimals' 28 digits.
_MONEY_MAX = Decimal(10) ** 15


class Secret:
    """Text that nobody may see: it shows as ``***`` wherever it is printed. Keys of this type are the secret ones."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text, for the one who signs with it."""
        return self._text

    def spellings(self) -> frozenset[str]:
        """The text, and what Python and JSON make of it in quotes: whoever masks it masks these. Empty for an empty one."""
        quoted = (repr(self._text), json.dumps(self._text), json.dumps(self._text, ensure_ascii=False))
        return frozenset({self._text, *(q[1:-1] for q in quoted)} - {""})

    def __repr__(self) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)


class _Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the configuration."""


class RunSection(_Section, frozen=True):
    """``about`` is a sentence for the report: what the data are and what is assumed of them. ``store`` is the SQLite file.

    ``sample_every``: whole hours (``1h``), or whole minutes that divide an hour (``5m``). ``realistic``: whether every strategy also runs under the
    harder profile beside the run's. ``faults`` names a plan under which every strategy runs once more.
    """

    name: str = "run"
    about: str = ""
    seed: int = 1
    store: str = "genesis.db"
    sample_every: str = "1h"
    realistic: bool = True
    faults: str | None = None


class InstrumentConfig(_Section, frozen=True):
    """One instrument. ``tick`` and ``lot`` may be left out: they are then inferred from the data, and reported.

    ``exchange_info`` is an exchange's information file (docs/DATA.md): tick, lot, minima and the exchange's rules come from it.
    ``perpetual`` are the terms of a perpetual, and of nothing else.
    """

    symbol: str
    venue: str
    base: str
    quote: str
    tick: Decimal | None = None
    lot: Decimal | None = None
    kind: InstrumentKind = InstrumentKind.SPOT
    min_qty: Decimal = Decimal(0)
    max_qty: Decimal | None = None
    min_notional: Decimal = Decimal(0)
    calendar: Calendar = Calendar.ALWAYS
    fees: FeeSchedule = FeeSchedule()
    exchange_info: str | None = None
    perpetual: PerpetualTerms | None = None

    def __post_init__(self) -> None:
        for field in ("symbol", "venue", "base", "quote"):
            _check_word(field, getattr(self, field))

    @property
    def id(self) -> str:
        """``BTCUSDT.BINANCE``."""
        return f"{self.symbol}.{self.venue}"


class DataConfig(_Section, frozen=True):
    """One file, or ``package:NAME/path`` inside an installed package.

    Files of one ``capture`` share a clock; ``policies`` says what is done about bad rows (default: refuse). ``orders`` keeps the
    orders of order-by-order data on the tape, beside the depth and quotes made from them. ``columns`` names the columns of plain OHLCV
    that have none of the usual names.
    """

    instrument: str
    path: str
    format: str | None = None
    interval: str | None = None
    time_format: str | None = None
    capture: str | None = None
    policies: dict[str, str] = {}
    orders: bool = False
    columns: OhlcvColumns | None = None

    @property
    def says_how_to_read(self) -> bool:
        """Whether the file alone does not tell what is read from it."""
        said = (self.format, self.interval, self.time_format, self.capture, self.columns)
        return bool(self.policies) or any(option is not None for option in said)


class Variant(_Section, frozen=True):
    """A named set of parameters over the strategy's own."""

    name: str
    params: dict[str, object] = {}

    def __post_init__(self) -> None:
        _check_name("name", self.name)


class StrategyConfig(_Section, frozen=True):
    """A strategy: a built-in or entry-point name, or ``path/to/file.py:ClassName``; each variant is a track of its own.

    ``budget`` is in ``budget_currency``, the quote of the first instrument where that is not said. ``balances`` are what the account has beside it of
    other moneys (of a fee's asset, of another quote), and ``rates`` instruments that it does not trade and whose prices convert between its moneys.
    ``faults`` names the plan under which it runs once more, beside the undisturbed track; ``None`` is the run's, ``none`` no plan.
    Strategies of one ``liquidity_scope`` compete for the same displayed size and prints; without one each track is alone.
    """

    name: str
    strategy: str
    instruments: list[str]
    budget: Decimal
    budget_currency: str | None = None
    balances: dict[str, Decimal] = {}
    rates: list[str] = []
    params: dict[str, object] = {}
    variants: list[Variant] = []
    liquidity_scope: str | None = None
    lots: CostMethod = CostMethod.AVERAGE
    trade_basis: TradeBasis = TradeBasis.FLAT_TO_FLAT
    faults: str | None = None

    def __post_init__(self) -> None:
        if not 0 < self.budget <= _MONEY_MAX:
            raise ValueError(f"budget: expected above 0, at most {_MONEY_MAX:.0e}, found {self.budget}")
        if not self.instruments:
            raise ValueError("instruments: expected one or more, found none")
        out = next((c for c, amount in self.balances.items() if not 0 <= amount <= _MONEY_MAX), None)
        if out is not None:
            raise ValueError(f"balances.{out}: expected 0 to {_MONEY_MAX:.0e}, found {self.balances[out]}")
        _check_name("name", self.name)


def _check_name(field: str, name: str) -> None:
    """A name stands in tables, files and messages, and is part of a track's name, where @ and ! have a meaning."""
    if name != name.strip() or not 0 < len(name) <= _NAME_MAX or not name.isprintable() or set(name) & set("@!"):
        shown = name if len(name) <= _NAME_MAX else f"{name[:_NAME_MAX]}…"
        raise ValueError(
            f"{field}: expected 1 to {_NAME_MAX} printable characters without @ and !, no blank at the ends, found {shown!r}"
        )


def _check_word(field: str, word: str) -> None:
    if not word or len(word) > _NAME_MAX or not word.isprintable() or any(c.isspace() for c in word):
        raise ValueError(
            f"{field}: expected 1 to {_NAME_MAX} printable characters without blanks, found {word[:200]!r}"
        )


class AbSection(_Section, frozen=True):
    """A/B tests."""

    enabled: bool = True
    max_variants: Annotated[int, Meta(ge=2)] = 3


def _at_par() -> dict[str, Decimal]:
    return {"USDC": Decimal(1), "USDT": Decimal(1)}


class SplitSection(_Section, frozen=True):
    """Who approved that the versions of this run are a family of their own, and why: what was tried in other stores is not counted."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        for name, value in (("by", self.by), ("reason", self.reason)):
            if not value.strip():
                raise ValueError(f"{name}: expected some words, found none")


class AccountSection(_Section, frozen=True):
    """The account that live versions share.

    ``assumed_rates``: USD that one unit of a currency is taken to be worth where no instrument of the tape says it. ``trials``: the ledger of every version that was
    ever tried in the account, relative to the configuration; stores that share it share a family.
    """

    assumed_rates: dict[str, Decimal] = msgspec.field(default_factory=_at_par)
    trials: str = "trials.jsonl"
    split: SplitSection | None = None

    def __post_init__(self) -> None:
        if not self.trials.strip():
            raise ValueError("trials: expected the path of a file, found none")
        for currency, rate in self.assumed_rates.items():
            if not 0 < rate < Decimal("Infinity"):
                raise ValueError(f"assumed_rates.{currency}: expected above 0, found {rate}")


class PaperSection(_Section, frozen=True):
    """The mission's block."""

    enabled: bool = True
    validation_criteria: ValidationCriteria = ValidationCriteria()
    promotion: PromotionRules = PromotionRules()
    ab_testing: AbSection = AbSection()
    account: AccountSection = AccountSection()


class VenueSection(_Section, frozen=True):
    """Keys of an account at a real venue. Best given by the environment: ``GENESIS__VENUES__BINANCE__API_SECRET``."""

    api_key: Secret | None = None
    api_secret: Secret | None = None
    passphrase: Secret | None = None


def check_origin(name: str) -> str:
    """``name`` itself, where it may begin the origin of checkpoints (c2sp.org/tlog-checkpoint).

    Raises:
        ValueError: it may not.
    """
    if not _ORIGIN.fullmatch(name):
        raise ValueError(f"expected letters, digits, dots, dashes and slashes such as example.com/desk, found '{name}'")
    return name


class SnapshotsSection(_Section, frozen=True):
    """Snapshots of a run's state (docs/STORAGE.md), which leave no trace in the run chain.

    One is taken when ``every_entries`` more are durable, and at a clean stop; the last ``keep`` are kept. ``every_entries`` 0: none is taken.
    """

    every_entries: Annotated[int, Meta(ge=0)] = 50_000
    keep: Annotated[int, Meta(ge=1)] = 2


class StorageSection(_Section, frozen=True):
    """What a live account brings with it that has outgrown a file (docs/STORAGE.md). Where the store is says ``run.store``.

    From ``outgrown_usd`` of live equity on a store in a file is warned of; with ``require_postgres`` no version rises meanwhile.
    """

    require_postgres: bool = False
    outgrown_usd: Decimal = Decimal(2000)
    snapshots: SnapshotsSection = SnapshotsSection()

    def __post_init__(self) -> None:
        if not self.outgrown_usd > 0:
            raise ValueError(f"outgrown_usd: expected above 0, found {self.outgrown_usd}")


class _RemoteSection(_Section, frozen=True):
    """How long somebody else's machine is waited for: ``timeout_s`` a try, ``attempts`` tries at one checkpoint.

    ``ca_file``: certificates (PEM) to trust in place of the system's.
    """

    timeout_s: Annotated[int, Meta(ge=1, le=60)] = 10
    attempts: Annotated[int, Meta(ge=1, le=10)] = 3
    ca_file: str | None = None


class WebHookSection(_RemoteSection, frozen=True, kw_only=True):
    """Checkpoints are posted to ``url``, which is secret because a hook's address often is its key; ``token`` is sent as a bearer's.

    Raises:
        ValueError: an address that is not https, nor http to this machine itself.
    """

    url: Secret
    token: Secret | None = None

    def __post_init__(self) -> None:
        # A configuration that was shown loads again; where it is to publish, it is told that the address was masked.
        if self.url.reveal() == MASK:
            return
        parts = urlsplit(self.url.reveal())
        here = parts.scheme == "http" and parts.hostname in _THIS_MACHINE
        if not parts.hostname or not (parts.scheme == "https" or here) or parts.username is not None:
            raise ValueError(
                "url: expected https://host/path without user and password, or http to 127.0.0.1, found another address"
            )


class MailSecurity(Enum):
    """How a mail server is spoken to; never in the open. ``tls``: from the first byte, ``starttls``: after the greeting."""

    TLS = "tls"
    STARTTLS = "starttls"


class MailSection(_RemoteSection, frozen=True, kw_only=True):
    """Checkpoints are mailed by ``host`` from ``sender`` to all of ``to``. ``port``: by default 465, with ``starttls`` 587.

    Raises:
        ValueError: an address with a line break or without an @, nobody to send to, or a user without a password.
    """

    host: str
    sender: str
    to: list[str]
    port: Annotated[int, Meta(ge=1, le=65_535)] | None = None
    security: MailSecurity = MailSecurity.TLS
    user: str | None = None
    password: Secret | None = None

    def __post_init__(self) -> None:
        if not self.to:
            raise ValueError("to: expected one address or more, found none")
        for address in (self.sender, *self.to):
            if not _MAIL.fullmatch(address):
                raise ValueError(f"sender, to: expected addresses such as ann@example.com, found {address!r}")
        if (self.user is None) != (self.password is None):
            raise ValueError("user, password: expected both or neither, found one of them")


class PublishSection(_Section, frozen=True):
    """Where signed checkpoints go: appended to ``file``, posted to a web hook, mailed."""

    file: str | None = None
    web_hook: WebHookSection | None = None
    mail: MailSection | None = None


class RetentionSection(_Section, frozen=True, kw_only=True):
    """Entries older than ``days`` of engine time are moved into an archive in ``folder`` when a run ends."""

    days: Annotated[int, Meta(ge=1)]
    folder: str = "archives"


class AuditSection(_Section, frozen=True):
    """Signed checkpoints (docs/AUDIT.md). They leave no trace in the run chain.

    ``keys`` is the folder of the signing key, which is made on first use. ``name`` begins the origin of the checkpoints.
    ``checkpoint_every``: entries between two of them, 0 for none while a run is at work. ``publish``: where they go; text alone is a file.
    ``retention``: how long entries stay in the store, ``None`` for ever.
    """

    keys: str = "keys"
    name: str = AUDIT_NAME
    checkpoint_every: Annotated[int, Meta(ge=0)] = 0
    publish: str | PublishSection | None = None
    retention: RetentionSection | None = None

    def __post_init__(self) -> None:
        check_origin(self.name)
        if self.retention is not None and not self.checkpoint_every:
            raise ValueError(
                "checkpoint_every: expected above 0 where retention is set, for only what was signed is archived, found 0"
            )

    @property
    def publishing(self) -> PublishSection:
        """Where checkpoints go, however it was written."""
        if isinstance(self.publish, PublishSection):
            return self.publish
        return PublishSection(file=self.publish)


class Config(_Section, frozen=True):
    """A whole run."""

    run: RunSection = RunSection()
    instruments: list[InstrumentConfig] = []
    data: list[DataConfig] = []
    strategies: list[StrategyConfig] = []
    execution: ExecutionProfile = ExecutionProfile()
    realism: Realism = Realism()
    live_venue: LiveAssumptions = LiveAssumptions()
    risk: Limits = Limits()
    tiers: list[Tier] | None = None
    paper_trading: PaperSection = PaperSection()
    venues: dict[str, VenueSection] = {}
    audit: AuditSection = AuditSection()
    storage: StorageSection = StorageSection()
    fault_plans: dict[str, FaultPlan] = {}

    def plan_of(self, strategy: StrategyConfig) -> tuple[str, FaultPlan] | None:
        """Name and values of the fault plan under which a strategy runs once more; ``None`` where it does not."""
        name = strategy.faults or self.run.faults
        return None if name is None or name == NO_PLAN else (name, self.all_plans()[name])

    def all_plans(self) -> dict[str, FaultPlan]:
        """The built-in fault plans and the configuration's own, by name."""
        return {**BUILT_IN, **self.fault_plans}

    @property
    def realistic(self) -> ExecutionProfile:
        """The profile whose result stands beside every track's.

        Raises:
            ConfigError: a value of ``realism`` out of its range.
        """
        try:
            return self.realism.over(self.execution)
        except ValueError as error:
            raise ConfigError(f"realism: {error}") from None

    @property
    def live_profile(self) -> ExecutionProfile:
        """The profile of the simulated live venue.

        Raises:
            ConfigError: a value of ``live_venue`` out of its range.
        """
        try:
            return self.live_venue.over(self.execution)
        except ValueError as error:
            raise ConfigError(f"live_venue: {error}") from None

    def check(self) -> None:
        """What one key says about another; raises `ConfigError`."""
        if self.run.store.strip() in ("", ".", "..", ":memory:"):
            raise ConfigError(f"run.store: expected the name of a file, found '{self.run.store}'")
        try:
            is_postgres(self.run.store) and store_address(self.run.store)
        except ConfigError as error:
            raise ConfigError(f"run.{error}") from None
        if self.tiers is not None and not self.tiers:
            raise ConfigError("tiers: expected at least one, or null for the built-in ones, found none")
        if self.execution.name == self.realistic.name:
            raise ConfigError(
                f"execution.name: expected another name than that of the profile beside it, found {self.execution.name}"
            )
        ids = [i.id for i in self.instruments]
        for what, values in (("instruments", ids), ("strategies", [s.name for s in self.strategies])):
            twice = {v for v in values if values.count(v) > 1}
            if twice:
                raise ConfigError(f"{what}: expected each once, found {', '.join(sorted(twice))} again")
        for instrument in self.instruments:
            _check_kind(instrument)
        for i, data in enumerate(self.data):
            if data.instrument not in ids:
                known = ", ".join(ids) or "the instruments, of which there are none"
                raise ConfigError(f"data[{i}].instrument: expected one of {known}, found {data.instrument}")
        for strategy in self.strategies:
            self._check_instruments(strategy, ids)
        self._check_experiments()
        self._check_faults(ids)

    def _check_instruments(self, strategy: StrategyConfig, ids: list[str]) -> None:
        """Everything that a strategy trades or is valued by is known, and has data."""
        for key, listed in (("instruments", strategy.instruments), ("rates", strategy.rates)):
            for wanted in listed:
                if wanted not in ids:
                    raise ConfigError(
                        f"strategies.{strategy.name}.{key}: expected one of {', '.join(ids)}, found {wanted}"
                    )
                if all(d.instrument != wanted for d in self.data):
                    raise ConfigError(f"data: expected a file for {wanted}, found none")

    def _check_experiments(self) -> None:
        """The variants of a strategy are one A/B test, which has its limit; the run has none."""
        ab = self.paper_trading.ab_testing
        if not ab.enabled or not self.paper_trading.enabled:
            return
        for strategy in self.strategies:
            if len(strategy.variants) > ab.max_variants:
                raise ConfigError(
                    f"strategies.{strategy.name}.variants: expected at most {ab.max_variants} in one A/B test "
                    f"(paper_trading.ab_testing.max_variants, the champion counted), found {len(strategy.variants)}; raise it, or set "
                    "ab_testing.enabled to false"
                )

    def _check_faults(self, ids: list[str]) -> None:
        for name, plan in self.fault_plans.items():
            if name in BUILT_IN or name == NO_PLAN or not _PLAN_NAME.fullmatch(name):
                raise ConfigError(
                    f"fault_plans.{name}: expected a name of its own, of letters, digits, - and _, found '{name}'; "
                    f"taken: {', '.join((*BUILT_IN, NO_PLAN))}"
                )
            for field in plan.__struct_fields__:
                for wanted in getattr(getattr(plan, field), "instruments", None) or []:
                    if wanted not in ids:
                        known = ", ".join(ids) or "the instruments, of which there are none"
                        raise ConfigError(
                            f"fault_plans.{name}.{field}.instruments: expected one of {known}, found {wanted}"
                        )
        wants = [("run.faults", self.run.faults), *((f"strategies.{s.name}.faults", s.faults) for s in self.strategies)]
        for path, plan_name in wants:
            if plan_name is not None and plan_name != NO_PLAN and plan_name not in self.all_plans():
                raise ConfigError(
                    f"{path}: expected one of {', '.join((*self.all_plans(), NO_PLAN))}, found {plan_name}"
                )


def _check_kind(instrument: InstrumentConfig) -> None:
    """What only one kind of instrument has stands with that kind."""
    where, kind = f"instruments.{instrument.id}", instrument.kind
    if (kind is InstrumentKind.PERPETUAL) is not (instrument.perpetual is not None):
        wanted = "none for" if instrument.perpetual else "margin_tiers and leverage for"
        found = "some" if instrument.perpetual else "none"
        raise ConfigError(f"{where}.perpetual: expected {wanted} kind {kind.value}, found {found}")
    if instrument.fees.discount is not None and kind is not InstrumentKind.SPOT:
        raise ConfigError(
            f"{where}.fees.discount: expected none for kind {kind.value}, "
            f"found {instrument.fees.discount.asset}: it is simulated on spot alone"
        )


def inactive_keys() -> list[str]:
    """Keys that are validated and have no effect yet."""
    return [
        "venues",
    ]


@cache
def secret_keys() -> frozenset[str]:
    """Names of the keys whose values are secret, by their type."""
    sections = (VenueSection, WebHookSection, MailSection)
    return frozenset(f.name for s in sections for f in msgspec.structs.fields(s) if f.type in (Secret, Secret | None))
