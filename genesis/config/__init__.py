"""Configuration: file, environment and overrides into frozen values, once."""

from genesis.config.load import (
    built_in_plans,
    built_in_plans_yaml,
    config_yaml,
    load_config,
    plain_config,
    secrets_of,
)
from genesis.config.schema import (
    Config,
    DataConfig,
    InstrumentConfig,
    StrategyConfig,
    inactive_keys,
    secret_keys,
)
from genesis.config.secrets import Secret

__all__ = [
    "Config",
    "DataConfig",
    "InstrumentConfig",
    "Secret",
    "StrategyConfig",
    "built_in_plans",
    "built_in_plans_yaml",
    "config_yaml",
    "inactive_keys",
    "load_config",
    "plain_config",
    "secret_keys",
    "secrets_of",
]
