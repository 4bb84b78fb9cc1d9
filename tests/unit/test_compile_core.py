"""What the compiler is told of the core's classes."""

from __future__ import annotations

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
