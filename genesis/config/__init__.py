"""Configuration: file, environment and overrides into frozen values, once."""

from genesis.config.load import load_config, plain_config
from genesis.config.schema import Config, DataConfig, InstrumentConfig, StrategyConfig, inactive_keys

__all__ = [
    "Config",
    "DataConfig",
    "InstrumentConfig",
    "StrategyConfig",
    "inactive_keys",
    "load_config",
    "plain_config",
]
