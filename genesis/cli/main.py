"""``genesis``: tables for people, ``--json`` for programs, stable exit codes (docs/CLI.md)."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from typing import NoReturn

import typer

from genesis.cli import audit, compare, criteria, db, policy, promotion, running, starting, status, store  # noqa: F401 - importing them registers their commands
from genesis.cli.app import LEVEL_VARIABLE, app
from genesis.cli.exits import ExitCode, code_of
from genesis.cli.output import (
    OutputLost,
    ReaderGone,
    give_up_standard_output,
    leave_standard_error,
    nothing_left_to_say,
    prepare_standard_streams,
)
from genesis.errors import ASKED_TO_END, GenesisError, Terminated
from genesis.system.log import LogLevel, without_secrets
from genesis.system.stopping import raise_on_sigterm

# Typer carries its command-line library inside since 0.29 and imports it before; its base class is found by shape.
_USAGE = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")

_FIRST = (
    "init",
    "doctor",
    "demo",
    "check_config",
    "show_config",
    "run",
    "status",
    "criteria",
    "compare",
    "why",
    "report",
)
app.registered_commands.sort(key=lambda c: _FIRST.index(n) if (n := c.callback.__name__) in _FIRST else len(_FIRST))  # type: ignore[union-attr]


def main() -> NoReturn:
    """Entry point: an error is one line on stderr and an exit code, never a traceback for what is expected."""
    prepare_standard_streams()
    raise_on_sigterm()
    as_json = "--json" in sys.argv
    try:
        code = _ended(app(standalone_mode=False))
        nothing_left_to_say()
    except (ReaderGone, BrokenPipeError):
        give_up_standard_output()
        code = ExitCode.PIPE_CLOSED
    except OutputLost as error:
        give_up_standard_output()
        code = code_of(error)
        _tell(str(error), code, as_json)
    except GenesisError as error:
        code = code_of(error)
        _tell(str(error), code, as_json)
    except ASKED_TO_END as error:
        code = ExitCode.TERMINATED if isinstance(error, Terminated) else ExitCode.INTERRUPTED
        _tell("interrupted" if code is ExitCode.INTERRUPTED else "terminated", code, as_json)
    except Exception as error:  # noqa: BLE001 - the last place where it can be told in one line
        code = _unexpected(error, as_json)
    leave_standard_error()
    sys.exit(code)


def _ended(result: object) -> ExitCode:
    return ExitCode(result) if isinstance(result, int) else ExitCode.OK


def _unexpected(error: Exception, as_json: bool) -> ExitCode:
    if isinstance(error, _USAGE):
        text = error.format_message()  # type: ignore[attr-defined]
        if type(error).__name__ == "NoArgsIsHelpError" and not as_json:
            _on_standard_error(text)
        else:
            _tell(f"{' '.join(text.split())} (genesis --help lists what there is)", ExitCode.CONFIG, as_json)
        return ExitCode.CONFIG
    if type(error).__name__ == "Abort":
        _tell("interrupted", ExitCode.INTERRUPTED, as_json)
        return ExitCode.INTERRUPTED
    if os.environ.get(LEVEL_VARIABLE, "").lower() == LogLevel.DEBUG.value:
        traceback.print_exception(error)
    words = f"unexpected {type(error).__name__}: {error}; {LEVEL_VARIABLE}={LogLevel.DEBUG.value} shows where"
    _tell(words, ExitCode.UNEXPECTED, as_json)
    return ExitCode.UNEXPECTED


def _tell(text: str, code: ExitCode, as_json: bool) -> None:
    line = " ".join(without_secrets(text).split())
    _on_standard_error(json.dumps({"error": line, "exit_code": int(code)}) if as_json else f"genesis: {line}")


def _on_standard_error(text: str) -> None:
    # Where it cannot be written the exit code alone tells.
    with suppress(OSError):
        print(text, file=sys.stderr, flush=True)
