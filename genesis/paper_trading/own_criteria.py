"""A user's own criterion: code that takes the measurements and gives a number, held against a configured threshold like any other."""

from __future__ import annotations

from collections.abc import Callable
from decimal import localcontext

from genesis.errors import ASKED_TO_END
from genesis.paper_trading.judging import IMPOSSIBLE
from genesis.paper_trading.validation_criteria import OwnCriterion, ValidationCriteria
from genesis.paper_trading.verdicts import Measurements, Verdict

Measure = Callable[[Measurements], object]


class OwnJudge:
    """One configured criterion with its code.

    Args:
        asked: its name, threshold and mode.
        measure: a function of the measurements, or a class whose instances are one; an instance is made for each look, so it remembers nothing.
        code: digest (hex) of its code.
    """

    __slots__ = ("_measure", "asked", "code")

    def __init__(self, asked: OwnCriterion, measure: Measure | type, code: str) -> None:
        self.asked, self._measure, self.code = asked, measure, code

    def judge(self, criteria: ValidationCriteria, found: Measurements) -> Verdict:
        """The verdict; whatever its code raises is an `ERROR` of this criterion, and of nothing else."""
        try:
            # Its decimal context is its own: nobody else's numbers depend on it.
            with localcontext():
                measure = self._measure() if isinstance(self._measure, type) else self._measure
                value = measure(found)
        except BaseException as error:
            if isinstance(error, ASKED_TO_END):
                raise
            problem = f"{IMPOSSIBLE}: its code raised {type(error).__name__}: {error}"
            return criteria.judge_own(self.asked, None, found, problem)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
            problem = f"{IMPOSSIBLE}: expected a number or None, found {type(value).__name__}"
            return criteria.judge_own(self.asked, None, found, problem)
        try:
            number = None if value is None else float(value)
        except OverflowError:
            problem = f"{IMPOSSIBLE}: expected a number within a float, found one beyond it"
            return criteria.judge_own(self.asked, None, found, problem)
        return criteria.judge_own(self.asked, number, found)
