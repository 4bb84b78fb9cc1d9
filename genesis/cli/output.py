"""Printing: tables for people, JSON for programs, both on standard output and nothing else there."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from genesis.clock import iso_utc
from genesis.errors import StorageError

# Where nothing shows its width (a file, a pipe) no cell is cut or folded.
_WIDE = 4_000


class ReaderGone(Exception):
    """Whoever read standard output has closed it: nothing more can be said there."""


class OutputLost(StorageError):
    """Standard output cannot be written, on a full disk for one."""


@contextmanager
def _telling() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise ReaderGone from None
    except OSError as error:
        found = (error.strerror or str(error)).lower()
        raise OutputLost(f"standard output: expected room for what is told there, found: {found}") from None


def nothing_left_to_say() -> None:
    """Send what was told to where it is read.

    Raises:
        ReaderGone, OutputLost: it cannot be sent.
    """
    with _telling():
        sys.stdout.flush()


def give_up_standard_output() -> None:
    """What is left in the buffer must not be tried again at the interpreter's end."""
    _give_up(sys.stdout)


def leave_standard_error() -> None:
    """What a full disk or a reader that has gone left in its buffer is told to nobody: tried at the interpreter's end, it would change the exit code."""
    try:
        sys.stderr.flush()
    except OSError:
        _give_up(sys.stderr)


def _give_up(stream: TextIO) -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def prepare_standard_streams() -> None:
    """Bear with what a process may be started with.

    A standard stream that is closed: what is told there is told to nobody, and no file of ours takes its number. An output that cannot show every
    letter: the others are shown by their code, as on standard error.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode))  # noqa: SIM115 - as long as the process lives
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


class _Console(Console):
    """Prints text as it is: a name or a reason that looks like a style or an emoji's code is none."""

    def __init__(self, width: int | None = None) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, width=width)

    def on_broken_pipe(self) -> None:
        raise ReaderGone


def console() -> Console:
    """Standard output."""
    found = _Console()
    return found if found.is_terminal else _Console(_WIDE)


def print_plain(text: str) -> None:
    """Text as it is, and a line's end."""
    with _telling():
        print(text, flush=True)


def print_json(value: object) -> None:
    """One document on one line."""
    shows_all = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().startswith("utf")
    print_plain(json.dumps(value, ensure_ascii=not shows_all))


def progress_bar(as_json: bool) -> Progress:
    """A bar where somebody looks at it: never in a file, a pipe or beside JSON."""
    target = Console(stderr=True)
    return Progress(console=target, disable=as_json or not target.is_terminal, transient=True)


def say(text: str) -> None:
    """A sentence for people."""
    with _telling():
        console().print(text, soft_wrap=True)


def print_table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = (), nothing: str = "nothing yet") -> None:
    """A table of rows; ``columns`` chooses and orders them, else all of them are shown."""
    listed = list(rows)
    if not listed:
        say(nothing)
        return
    names = list(columns) or list(dict.fromkeys(k for row in listed for k in row))
    print_cells(names, [[cell(n, row.get(n)) for n in names] for row in listed])


def print_cells(headings: Sequence[str], rows: Sequence[Sequence[str]], title: str | None = None) -> None:
    """A table of texts, one row beneath the other; where the terminal is too narrow for its words, one cell beneath the other.

    A cell may be folded and is never cut: half a number is another number.
    """
    table = Table(box=SIMPLE_HEAD, padding=(0, 1, 0, 0), title=title)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    for row in rows:
        table.add_row(*row)
    target = console()
    if target.measure(table, options=target.options.update_width(_WIDE)).minimum <= target.width:
        with _telling():
            target.print(table)
        return
    longest = max(map(len, headings))
    if title is not None:
        say(f"\n{title}")
    for row in rows:
        say("")
        for heading, text in zip(headings, row, strict=False):
            say(f"{heading:<{longest}}  {text}")
    say("")


def cell(name: str, value: Any) -> str:
    """A value for a person: undefined is empty, times are UTC."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else ""
    if isinstance(value, int) and (name.startswith("time") or name == "wall_time"):
        return iso_utc(value)
    if isinstance(value, Mapping):
        return ", ".join(f"{v} {k}" for k, v in value.items())
    return str(value)
