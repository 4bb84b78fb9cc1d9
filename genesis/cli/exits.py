"""What the process ends with (docs/CLI.md): the table that maps errors to codes."""

from __future__ import annotations

from enum import IntEnum

from genesis.demo.data import DemoDataMissing
from genesis.errors import ConfigError, DataError, GenesisError, IntegrityError, StorageError, StrategyError


class ExitCode(IntEnum):
    """Stable: a script may rely on them."""

    OK = 0
    UNEXPECTED = 1
    CONFIG = 2
    DATA = 3
    STORAGE = 4
    INTEGRITY = 5
    DEMO_DATA_MISSING = 6
    UNHEALTHY = 7
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


class Unhealthy(GenesisError):
    """`genesis doctor` found something that keeps a run from working."""


_CODES: tuple[tuple[type[GenesisError], ExitCode], ...] = (
    (Unhealthy, ExitCode.UNHEALTHY),
    (DemoDataMissing, ExitCode.DEMO_DATA_MISSING),
    (ConfigError, ExitCode.CONFIG),
    (StrategyError, ExitCode.CONFIG),
    (DataError, ExitCode.DATA),
    (StorageError, ExitCode.STORAGE),
    (IntegrityError, ExitCode.INTEGRITY),
)
_SIGNALS = {"SIGINT": ExitCode.INTERRUPTED, "SIGTERM": ExitCode.TERMINATED}


def code_of(error: BaseException) -> ExitCode:
    """The code for an error."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), ExitCode.UNEXPECTED)


def code_of_signal(name: str | None) -> ExitCode:
    """The code for a run that a signal stopped; ``None`` is a run that nothing stopped."""
    return ExitCode.OK if name is None else _SIGNALS[name]
