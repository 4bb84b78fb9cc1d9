"""What was found beside what is told: when the two are the same, and the findings where they are not."""

from __future__ import annotations

from fractions import Fraction
from math import isclose
from typing import Any

Document = dict[str, Any]


def same(found: object, told: object) -> bool:
    """Numbers may stand as text, whole or exact."""
    if isinstance(found, dict) and isinstance(told, dict):
        return found.keys() == told.keys() and all(same(found[k], told[k]) for k in found)
    if found is None or told is None or isinstance(found, bool) or isinstance(told, bool):
        return found is told
    if isinstance(found, float) or isinstance(told, float):
        return isclose(float(str(found)), float(str(told)), rel_tol=1e-9, abs_tol=1e-12)
    if isinstance(found, (int, Fraction)):
        return found == Fraction(str(told))
    return found == told


def shown(value: object) -> object:
    return float(value) if isinstance(value, Fraction) else value


class Remarks:
    """Findings and what there is to tell, each under the number of the entry that is being read."""

    def __init__(self) -> None:
        self.seq, self.time = 0, 0
        self.findings = list[str]()
        self.told = list[str]()

    def find(self, what: str) -> None:
        self.findings.append(f"entry {self.seq}: {what}")

    def expect(self, what: str, found: object, told: object) -> None:
        """``found`` is what the entries before come to, ``told`` what this one says."""
        if not same(found, told):
            self.find(f"{what}: from the entries before {shown(found)}, in the record {shown(told)}")

    def tell(self, what: str, name: str) -> None:
        self.told.append(f"entry {self.seq}: {name}: {what}")
