"""The application and the options that several commands share."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from genesis.clock import SystemClock, parse_utc
from genesis.errors import ConfigError
from genesis.storage.address import store_address
from genesis.system.log import LogFormat, LogLevel, configure_logging

HELP = {"help_option_names": ["-h", "--help"]}

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings=HELP,
)

Json = Annotated[bool, typer.Option("--json", help="print JSON for a program")]
Force = Annotated[bool, typer.Option("--force", help="overwrite the file")]
Archive = Annotated[Path | None, typer.Option("--archive", help="the archive that holds old entries")]
ConfigPath = Annotated[Path, typer.Argument(help="a YAML configuration")]
# Any, for Typer takes no union where it reads types; it is what the parser returns, a `StoreAddress`.
StorePath = Annotated[
    Any, typer.Argument(parser=store_address, metavar="STORE", help="a run's store: a file, or postgresql://...")
]
TrackName = Annotated[str | None, typer.Option("--track", help="one track only")]
Level = Annotated[LogLevel | None, typer.Option("--log-level", help="the least important lines; default info")]
Form = Annotated[LogFormat | None, typer.Option("--log-format", help="default text, with --json json")]

_Choice = TypeVar("_Choice", LogLevel, LogFormat)

LEVEL_VARIABLE, FORMAT_VARIABLE = "GENESIS_LOG_LEVEL", "GENESIS_LOG_FORMAT"


class _Chosen:
    """What stood before the command's name."""

    level: LogLevel | None = None
    form: LogFormat | None = None


_before = _Chosen()


@app.callback()
def genesis(log_level: Level = None, log_format: Form = None) -> None:
    """Prove a trading strategy on paper, and record every decision."""
    _before.level, _before.form = log_level, log_format
    set_up_logging(False)


def set_up_logging(as_json: bool, level: LogLevel | None = None, form: LogFormat | None = None) -> None:
    """Configure the shell's voice: the command's options, else those before its name, else the environment's."""
    level = level or _before.level or _from_environment(LEVEL_VARIABLE, LogLevel) or LogLevel.INFO
    usual = LogFormat.JSON if as_json else LogFormat.TEXT
    form = form or _before.form or _from_environment(FORMAT_VARIABLE, LogFormat) or usual
    configure_logging(level, form, SystemClock())


def instant(option: str, text: str | None) -> int | None:
    """UTC ns of an option's text; ``None`` where it was not given.

    Raises:
        ConfigError: not an ISO 8601 date or instant.
    """
    if text is None:
        return None
    try:
        return parse_utc(text)
    except ValueError as error:
        raise ConfigError(f"{option}: {error}") from None


def _from_environment(name: str, kind: type[_Choice]) -> _Choice | None:
    text = os.environ.get(name)
    if not text:
        return None
    known = {member.value: member for member in kind}
    if text.lower() not in known:
        raise ConfigError(f"{name}: expected one of {', '.join(known)}, found {text!r}")
    return known[text.lower()]
