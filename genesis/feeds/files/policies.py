"""What can be wrong with a row, and what a user may ask to be done about it. The default is always to refuse."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from genesis.errors import ConfigError


class Problem(Enum):
    """What is wrong with a row."""

    UNREADABLE = "unreadable"  # missing, NaN, not the kind of value, or beyond 64 bits
    OUT_OF_RANGE = "out_of_range"  # a price of zero or less, a negative size
    INCONSISTENT = "inconsistent"  # high below low, open or close outside them
    OFF_TICK = "off_tick"
    OFF_LOT = "off_lot"
    DUPLICATE = "duplicate"  # the same trade id, the same open time of a bar; never the same values
    BACKWARDS = "backwards"  # the time that orders the file steps back


class Policy(Enum):
    """What is done: stop, or repair and report."""

    REFUSE = "refuse"
    DROP = "drop"
    ROUND = "round"  # prices half-even to the tick, sizes down to the lot
    KEEP_FIRST = "keep_first"
    SORT = "sort"  # by time; rows of one time keep their order


ALLOWED: dict[Problem, tuple[Policy, ...]] = {
    Problem.UNREADABLE: (Policy.REFUSE, Policy.DROP),
    Problem.OUT_OF_RANGE: (Policy.REFUSE, Policy.DROP),
    Problem.INCONSISTENT: (Policy.REFUSE, Policy.DROP),
    Problem.OFF_TICK: (Policy.REFUSE, Policy.DROP, Policy.ROUND),
    Problem.OFF_LOT: (Policy.REFUSE, Policy.DROP, Policy.ROUND),
    Problem.DUPLICATE: (Policy.REFUSE, Policy.KEEP_FIRST),
    Problem.BACKWARDS: (Policy.REFUSE, Policy.DROP, Policy.SORT),
}

Policies = Mapping[Problem, Policy]


_DOES = {
    Policy.DROP: "leaves such rows out",
    Policy.ROUND: "rounds them",
    Policy.KEEP_FIRST: "keeps the first of them",
    Policy.SORT: "sorts the file",
}


def repairs(problem: Problem) -> str:
    """What a configuration may ask for instead of a refusal, as an error says it; what loses no row stands first."""
    kind = problem.value
    ways = [policy for policy in reversed(ALLOWED[problem]) if policy in _DOES]
    return "policies: " + ", or ".join(f"{{{kind}: {policy.value}}} {_DOES[policy]}" for policy in ways)


def check_policies(policies: Policies) -> None:
    """Raise `ConfigError` where a policy does not fit its problem."""
    for problem, policy in policies.items():
        if policy not in ALLOWED[problem]:
            allowed = ", ".join(p.value for p in ALLOWED[problem])
            raise ConfigError(f"policy for {problem.value}: expected {allowed}, found {policy.value}")


def parse_policies(given: Mapping[str, str]) -> dict[Problem, Policy]:
    """Policies from text, such as ``{"off_tick": "round"}``.

    Raises:
        ConfigError: an unknown problem or policy, or a policy that does not fit the problem.
    """
    problems = {p.value: p for p in Problem}
    known = {p.value: p for p in Policy}
    out: dict[Problem, Policy] = {}
    for name, policy in given.items():
        if name not in problems:
            raise ConfigError(f"policies: expected one of {', '.join(problems)}, found {name!r}")
        if policy not in known:
            allowed = ", ".join(p.value for p in ALLOWED[problems[name]])
            raise ConfigError(f"policy for {name}: expected {allowed}, found {policy!r}")
        out[problems[name]] = known[policy]
    check_policies(out)
    return out
