"""The shape of a configuration. Unknown keys are errors; amounts are exact decimals."""

from __future__ import annotations

from functools import cache

import msgspec

from genesis.config.audit import (
    AuditSection,
    MailSection,
    MailSecurity,
    PublishSection,
    RetentionSection,
    WebHookSection,
)
from genesis.config.instruments import DataConfig, InstrumentConfig
from genesis.config.paper import AbSection, AccountSection, PaperSection, SplitSection
from genesis.config.secrets import Secret
from genesis.config.section import Section
from genesis.config.storage import SnapshotsSection, StorageSection
from genesis.config.strategies import StrategyConfig, Variant
from genesis.errors import ConfigError
from genesis.execution.fault_plan import BUILT_IN, NO_PLAN, FaultPlan
from genesis.execution.profile import ExecutionProfile, LiveAssumptions, Realism
from genesis.risk.limits import Limits
from genesis.risk.tiers import Tier

__all__ = [
    "AbSection",
    "AccountSection",
    "AuditSection",
    "Config",
    "DataConfig",
    "InstrumentConfig",
    "MailSection",
    "MailSecurity",
    "PaperSection",
    "PublishSection",
    "RetentionSection",
    "RunSection",
    "SnapshotsSection",
    "SplitSection",
    "StorageSection",
    "StrategyConfig",
    "Variant",
    "VenueSection",
    "WebHookSection",
    "inactive_keys",
    "secret_keys",
]


class RunSection(Section, frozen=True):
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


class VenueSection(Section, frozen=True):
    """Keys of an account at a real venue. Best given by the environment: ``GENESIS__VENUES__BINANCE__API_SECRET``."""

    api_key: Secret | None = None
    api_secret: Secret | None = None
    passphrase: Secret | None = None


class Config(Section, frozen=True):
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
