"""What one key of a configuration says about another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from genesis.config.instruments import InstrumentConfig
from genesis.config.schema import Config
from genesis.config.strategies import StrategyConfig
from genesis.errors import ConfigError
from genesis.execution.fault_plan import BUILT_IN, NO_PLAN, FaultPlan
from genesis.model.instruments import InstrumentKind
from genesis.storage.address import is_postgres, store_address

# It becomes part of a track's name.
_PLAN_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def check_agreement(config: Config) -> None:
    """Hold every key against the others that it has to agree with.

    Raises:
        ConfigError: two that do not agree; it names the path, expected and found.
    """
    _check_store(config.run.store)
    if config.tiers is not None and not config.tiers:
        raise ConfigError("tiers: expected at least one, or null for the built-in ones, found none")
    if config.execution.name == config.realistic.name:
        raise ConfigError(
            f"execution.name: expected another name than that of the profile beside it, found {config.execution.name}"
        )
    ids = [i.id for i in config.instruments]
    _check_once("instruments", ids)
    _check_once("strategies", [s.name for s in config.strategies])
    for instrument in config.instruments:
        _check_kind(instrument)
    for i, data in enumerate(config.data):
        _check_known(f"data[{i}].instrument", data.instrument, ids)
    for strategy in config.strategies:
        _check_instruments(config, strategy, ids)
    _check_experiments(config)
    for name, plan in config.fault_plans.items():
        _check_plan(name, plan, ids)
    _check_plan_names(config)


def _check_store(store: str) -> None:
    if store.strip() in ("", ".", "..", ":memory:"):
        raise ConfigError(f"run.store: expected the name of a file, found '{store}'")
    try:
        is_postgres(store) and store_address(store)
    except ConfigError as error:
        raise ConfigError(f"run.{error}") from None


def _check_once(what: str, values: Sequence[str]) -> None:
    twice = {v for v in values if values.count(v) > 1}
    if twice:
        raise ConfigError(f"{what}: expected each once, found {', '.join(sorted(twice))} again")


def _check_known(path: str, wanted: str, ids: Sequence[str]) -> None:
    if wanted not in ids:
        known = ", ".join(ids) or "the instruments, of which there are none"
        raise ConfigError(f"{path}: expected one of {known}, found {wanted}")


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


def _check_instruments(config: Config, strategy: StrategyConfig, ids: Sequence[str]) -> None:
    """Everything that a strategy trades or is valued by is known, and has data."""
    for key, listed in (("instruments", strategy.instruments), ("rates", strategy.rates)):
        for wanted in listed:
            _check_known(f"strategies.{strategy.name}.{key}", wanted, ids)
            if all(d.instrument != wanted for d in config.data):
                raise ConfigError(f"data: expected a file for {wanted}, found none")


def _check_experiments(config: Config) -> None:
    """The variants of a strategy are one A/B test, which has its limit; the run has none."""
    ab = config.paper_trading.ab_testing
    if not ab.enabled or not config.paper_trading.enabled:
        return
    for strategy in config.strategies:
        if len(strategy.variants) > ab.max_variants:
            raise ConfigError(
                f"strategies.{strategy.name}.variants: expected at most {ab.max_variants} in one A/B test "
                f"(paper_trading.ab_testing.max_variants, the champion counted), found {len(strategy.variants)}; raise it, or set "
                "ab_testing.enabled to false"
            )


def _check_plan(name: str, plan: FaultPlan, ids: Sequence[str]) -> None:
    if name in BUILT_IN or name == NO_PLAN or not _PLAN_NAME.fullmatch(name):
        raise ConfigError(
            f"fault_plans.{name}: expected a name of its own, of letters, digits, - and _, found '{name}'; "
            f"taken: {', '.join((*BUILT_IN, NO_PLAN))}"
        )
    for field in plan.__struct_fields__:
        for wanted in getattr(getattr(plan, field), "instruments", None) or []:
            _check_known(f"fault_plans.{name}.{field}.instruments", wanted, ids)


def _check_plan_names(config: Config) -> None:
    names = (*config.all_plans(), NO_PLAN)
    for path, wanted in _asked_plans(config):
        if wanted is not None and wanted not in names:
            raise ConfigError(f"{path}: expected one of {', '.join(names)}, found {wanted}")


def _asked_plans(config: Config) -> Iterator[tuple[str, str | None]]:
    yield "run.faults", config.run.faults
    for strategy in config.strategies:
        yield f"strategies.{strategy.name}.faults", strategy.faults
