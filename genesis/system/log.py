"""How the shell speaks: structlog, configured once; lines on standard error, for people or as JSON.

A line tells what the chains already hold or what concerns this process alone; it is never the record of anything.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Iterable, MutableMapping
from contextlib import suppress
from enum import Enum
from typing import Any

import structlog
from structlog.typing import FilteringBoundLogger

from genesis.clock import NS_PER_MS, NS_PER_SECOND, Clock, SystemClock, iso_utc
from genesis.config.schema import secret_keys
from genesis.config.secrets import MASK, Secret

_WIDTH = 22


class LogFormat(Enum):
    """How a line looks."""

    TEXT = "text"
    JSON = "json"


class LogLevel(Enum):
    """The least important lines that are written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


_NUMBERS = {
    LogLevel.DEBUG: logging.DEBUG,
    LogLevel.INFO: logging.INFO,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.ERROR: logging.ERROR,
}
# Texts that must not be seen whatever key they stand under: a library's error may quote one.
_concealed: set[str] = set()


class _Lines(structlog.WriteLogger):
    """Writes lines; one that cannot be written (a full disk, a reader that has gone) stops nobody's run, for the log is no record."""

    def msg(self, message: str) -> None:
        """Write a line where that is possible."""
        with suppress(OSError):
            super().msg(message)

    log = debug = info = warn = warning = error = critical = fatal = failure = err = exception = msg


class _OfLibraries(logging.Handler):
    """What a library tells by the standard library's logging is a line like every other."""

    def emit(self, record: logging.LogRecord) -> None:
        """Hand it on."""
        speaker().log(record.levelno, "library", name=record.name, said=record.getMessage())


def configure_logging(level: LogLevel, form: LogFormat, clock: Clock) -> None:
    """Set level and form for the whole process; a later call replaces an earlier one."""

    def stamp(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        seconds, rest = divmod(clock.now_ns(), NS_PER_SECOND)
        event["time"] = f"{iso_utc(seconds * NS_PER_SECOND).removesuffix('Z')}.{rest // NS_PER_MS:03d}Z"
        return event

    # Else Python writes them to standard error by itself, as text among the lines.
    root = logging.getLogger()
    if not any(isinstance(handler, _OfLibraries) for handler in root.handlers):
        root.addHandler(_OfLibraries())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            stamp,
            _mask,
            _as_json if form is LogFormat.JSON else _as_text,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_NUMBERS[level]),
        # Looked up at every line: a progress bar and a test put another stream in its place.
        logger_factory=lambda *_: _Lines(sys.stderr),
        cache_logger_on_first_use=False,
    )


def speaker() -> FilteringBoundLogger:
    """The shell's logger; where nobody configured one it tells warnings and errors as text."""
    if not structlog.is_configured():
        configure_logging(LogLevel.WARNING, LogFormat.TEXT, SystemClock())
    logger: FilteringBoundLogger = structlog.get_logger()
    return logger


def conceal(secrets: Iterable[Secret]) -> None:
    """Never let these texts into a line."""
    for secret in secrets:
        _concealed.update(secret.spellings())


def without_secrets(text: str) -> str:
    """``text`` with every concealed text masked."""
    for secret in sorted(_concealed, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text


def _mask(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, Secret) or (value is not None and key in secret_keys()):
        return MASK
    if isinstance(value, dict):
        return {k: _masked(str(k), v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked("", v) for v in value]
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return without_secrets(str(value))


def _as_json(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    first = {name: event.pop(name) for name in ("time", "level", "event")}
    return json.dumps({**first, **event}, default=str)


def _as_text(_: Any, __: str, event: MutableMapping[str, Any]) -> str:
    time, level, what = (event.pop(name) for name in ("time", "level", "event"))
    pairs = " ".join(f"{key}={_word(value)}" for key, value in event.items())
    return f"{time} {level:<7} {what:<{_WIDTH}} {pairs}".rstrip()


def _word(value: Any) -> str:
    """One word, or quoted: a line stays one line, and a program can still split it."""
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        value = ",".join(value)
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    plain = text and text.isprintable() and not any(c in text for c in ' "=')
    return text if plain else json.dumps(text, ensure_ascii=False)
