"""What the compiler is told of the core's classes."""

from __future__ import annotations

import re
from enum import Enum
from importlib import import_module

import pytest

import compile_core


def test_every_class_that_may_be_part_of_a_state_says_that_it_can_be_made_without_its_constructor() -> None:
    """Plain classes and those that inherit; not protocols, named tuples or kinds of a dictionary."""
    source = (
        "from __future__ import annotations\n"
        "class A:\n    pass\n"
        "class B(A):\n    pass\n"
        "class P(Protocol):\n    pass\n"
        "class N(NamedTuple):\n    x: int\n"
        "class D(dict[int, str]):\n    pass\n"
    )
    lines = compile_core.marked(source).splitlines()
    after = {lines[i + 1] for i, line in enumerate(lines) if line == "@mypyc_attr(serializable=True)"}
    assert after == {"class A:", "class B(A):"}


def test_the_mark_needs_nothing_when_the_module_runs() -> None:
    """The compiler's package is imported for the type checker alone."""
    lines = compile_core.marked("from __future__ import annotations\nclass A:\n    pass\n").splitlines()
    assert lines[2:4] == ["if _typing.TYPE_CHECKING:", "    from mypy_extensions import mypyc_attr"]


@pytest.mark.parametrize("module", compile_core.MODULES)
def test_no_class_is_marked_that_is_not_compiled_as_a_class(module: str) -> None:
    """The mark would be looked up when the module runs: on an enumeration, an error, a named tuple or a dictionary."""
    path = compile_core.ROOT / "genesis" / module
    lines = compile_core.marked(path.read_text(encoding="utf-8")).splitlines()
    marked = [re.findall(r"\w+", lines[i + 1])[1] for i, x in enumerate(lines) if x == "@mypyc_attr(serializable=True)"]
    found = import_module("genesis." + module.removesuffix(".py").replace("/", "."))
    assert not [n for n in marked if issubclass(getattr(found, n), (Enum, BaseException, tuple, dict))]
