"""What the documents name, the program has: commands with their options, keys of the configuration, columns of the formats."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from typer.main import get_command

from genesis.cli import main  # noqa: F401 - importing it registers every command
from genesis.cli.app import app
from genesis.config.shape import all_keys
from genesis.feeds.files.formats import LAYOUTS, Format

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted(p.relative_to(ROOT).as_posix() for p in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")))
KEYS = {".".join(map(str, path)) for path in all_keys()}
SECTIONS = {path[0] for path in all_keys()}


def marked(document: str) -> list[str]:
    """Everything between code marks, and every line of a block that is called as a command."""
    text = (ROOT / document).read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    lines = [line.partition("#")[0].strip() for block in blocks for line in block.splitlines()]
    return re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)) + lines


def commands() -> dict[tuple[str, ...], set[str]]:
    """Each command's options; groups have none of their own."""

    def walk(command: object, name: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], set[str]]]:
        yield name, {o for p in command.params for o in (*p.opts, *p.secondary_opts)}  # type: ignore[attr-defined]
        for inner, sub in getattr(command, "commands", {}).items():
            yield from walk(sub, (*name, inner))

    return dict(walk(get_command(app), ()))


KNOWN = commands()


def called(text: str) -> tuple[tuple[str, ...], list[str]] | None:
    """The command that a text calls, with its options; ``None`` where it calls none."""
    found = re.match(r"(?:\S*/)?genesis ((?:[a-z][a-z-]*(?: |$))+)", text)
    if found is None:
        return None
    words = found[1].split()
    name = tuple(words[:2]) if (words[0],) in KNOWN and tuple(words[:2]) in KNOWN else (words[0],)
    return name, re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)


def test_the_program_has_commands_to_compare_with() -> None:
    """Else the tests below would find nothing to object to."""
    assert {("run",), ("audit", "verify"), ("db", "migrate")} <= set(KNOWN)
    assert called("genesis audit verify STORE --head H") == (("audit", "verify"), ["--head"])
    assert called(".venv/bin/genesis run config.yaml") == (("run",), [])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_calls_is_there(document: str) -> None:
    """With the options that it is called with."""
    calls = [c for c in map(called, marked(document)) if c is not None]
    assert [name for name, _ in calls if name not in KNOWN] == []
    assert [(name, o) for name, options in calls for o in options if o not in KNOWN[name]] == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_key_that_a_document_names_is_one(document: str) -> None:
    """``section.key`` in code marks, as far as no module is called so, and the sections of YAML blocks."""
    named = [
        t.replace("[]", "") for t in marked(document) if re.fullmatch(r"[a-z_]+(?:\[\])?(?:\.[a-z_]+(?:\[\])?)+", t)
    ]
    keys = [t for t in named if t.partition(".")[0] in SECTIONS]
    modules = [t for t in keys if (ROOT / "genesis" / (t.replace(".", "/") + ".py")).exists()]
    assert [t for t in keys if t not in KEYS and t not in modules] == []
    text = (ROOT / document).read_text(encoding="utf-8")
    for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
        assert set(yaml.safe_load(block)) <= {path[-1] for path in all_keys()}


def test_the_columns_of_each_format_are_told() -> None:
    """docs/DATA.md has a row for every format that a file can be of, with the columns that it must have."""
    text = (ROOT / "docs" / "DATA.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w/.-]+)` \| ((?:`\w+`(?:, )?)+)", text, re.MULTILINE))
    told = {name: tuple(re.findall(r"`(\w+)`", columns)) for name, columns in rows.items()}
    assert told == {f.value: LAYOUTS[f].required for f in Format if f is not Format.TAPE}
