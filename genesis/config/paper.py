"""The configuration of paper trading: criteria, promotion, A/B tests, and the account that live versions share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

import msgspec
from msgspec import Meta

from genesis.config.section import Section
from genesis.paper_trading.promotion_rules import PromotionRules
from genesis.paper_trading.validation_criteria import ValidationCriteria


class AbSection(Section, frozen=True):
    """A/B tests."""

    enabled: bool = True
    max_variants: Annotated[int, Meta(ge=2)] = 3


def _at_par() -> dict[str, Decimal]:
    return {"USDC": Decimal(1), "USDT": Decimal(1)}


class SplitSection(Section, frozen=True):
    """Who approved that the versions of this run are a family of their own, and why: what was tried in other stores is not counted."""

    by: str
    reason: str

    def __post_init__(self) -> None:
        for name, value in (("by", self.by), ("reason", self.reason)):
            if not value.strip():
                raise ValueError(f"{name}: expected some words, found none")


class AccountSection(Section, frozen=True):
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


class PaperSection(Section, frozen=True):
    """The mission's block."""

    enabled: bool = True
    validation_criteria: ValidationCriteria = ValidationCriteria()
    promotion: PromotionRules = PromotionRules()
    ab_testing: AbSection = AbSection()
    account: AccountSection = AccountSection()
