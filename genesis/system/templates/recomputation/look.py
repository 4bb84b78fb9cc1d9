"""One look at a version: what is known of it, what the look itself counts, and what the rules ask before anything moves."""

from __future__ import annotations

from fractions import Fraction

from .arithmetic import BAR_NS, DAY_NS
from .comparing import Document
from .ladder import CAPITAL, LEVELS, rungs

WORST_FIRST = ("ERROR", "FAILED", "INCONCLUSIVE", "PASSED")


class Look:
    """Where a version stood before, what was known, and what the rules ask of it; ``stands`` is where it stands now."""

    def __init__(self, record: Document) -> None:
        self.rules, self.facts, self.room = record["rules"], record["facts"], record["room"]
        self.was, self.now = record["before"], int(record["facts"]["time_ns"])
        self.stage = str(self.was["stage"])
        self.stands: Document = {**self.was, "fraction": Fraction(self.was["fraction"])}
        for key in ("committed", "halted_fraction"):
            self.stands[key] = Fraction(self.was[key])
        for key in ("since_ns", "stepped_ns", "evidence_from_ns", "deadline_ns", "asked_again_ns"):
            self.stands[key] = int(self.was[key])
        # The rules' own numbers.
        profile = LEVELS[self.rules["profile"]]
        self.alpha_live = Fraction(self.rules["alpha_live"] or profile[0])
        self.alpha_full = Fraction(self.rules["alpha_full"] or profile[1])
        self.first, self.most = Fraction(self.rules["initial_allocation"]), Fraction(self.rules["max_allocation"])
        self.by_evidence = self.rules["profile"] != "given"
        self.hysteresis = Fraction(self.rules["deramp_hysteresis"])
        self.penalty = Fraction(self.rules["retry_penalty"]) ** (self.was["attempt"] - 1)
        # What the facts say; what was gathered for an earlier attempt decides nothing.
        facts = self.facts
        self.current = int(facts["evidence_from_ns"]) == self.stands["evidence_from_ns"]
        counted = facts["adjusted"] if facts["residual"] is None else min(facts["adjusted"], facts["residual"])
        self.evidence = counted if self.current else 1
        enforced = {v["status"] for v in facts["verdicts"] if v["criterion"]["mode"] == "enforce"}
        worst = next((s for s in WORST_FIRST if s in enforced), None)
        self.status = worst if self.current else "INCONCLUSIVE"
        self.data, self.flat = facts["data"], facts["live_flat"]
        self.unjudged = self.data != "FRESH" or self.status in ("ERROR", "INCONCLUSIVE")
        self.levels = {m["level"] for m in facts["monitors"]}
        self.has_capital = self.stage in CAPITAL

    # -- evidence

    def step_evidence(self) -> float:
        """E for a fraction: at most the paper evidence of going live, frozen, times what live has shown since."""
        frozen, live = self.stands["frozen"], self.facts["e_live"]
        if not self.by_evidence or frozen is None:
            return float(self.evidence)
        return float(min(self.evidence, frozen if live is None else frozen * live))

    def carries(self, fraction: Fraction) -> bool:
        """fraction <= eps E, with every further attempt at a multiple of E."""
        return self.step_evidence() >= float(fraction * self.penalty / self.alpha_full)

    def unopened(self) -> bool:
        """Held by a person's word alone, where the profile asks for evidence to go live and there has not been as much yet."""
        return self.by_evidence and self.stands["frozen"] is None and self.evidence < self.needed_live()

    def exempt(self, fraction: Fraction) -> bool:
        return not self.by_evidence and fraction <= self.first

    def needed_live(self) -> float:
        return float(self.penalty / self.alpha_live)

    def evidenced(self) -> Fraction:
        held: Fraction = self.stands["fraction"]
        if self.stands["forced"] or self.exempt(held) or not self.current or self.carries(held * self.hysteresis):
            return held
        carried = max((r for r in rungs(self.rules) if r < held and self.carries(r)), default=Fraction(0))
        if not carried and (self.exempt(self.first) or self.carries(self.first * self.hysteresis)):
            return min(self.first, held)
        return carried

    # -- the look

    def look(self) -> None:
        stands, facts = self.stands, self.facts
        stands["committed"] = (
            stands["fraction"] if self.has_capital else Fraction(0) if self.flat else stands["committed"]
        )
        stands["proven"] = self.evidence >= float(self.rules["proven_evidence"])
        stands["budget"], stands["live_pnl"] = facts["budget"], facts["live_pnl"]
        if self.room["revoked"]:
            stands["cleared_pnl"] = facts["live_pnl"]
        if self.data != "STALE":
            calm = not self.levels & {"WARN", "ALARM"}
            stands["calm_since_ns"] = (stands["calm_since_ns"] or self.now) if calm else None
        blind = self.stage == "DEGRADED" and self.data != "FRESH"
        if blind and stands["calm_since_ns"] is not None and stands["look_ns"] is not None:
            # Time in which nothing could be seen is no calm time.
            later = int(stands["calm_since_ns"]) + self.now - int(stands["look_ns"])
            stands["calm_since_ns"] = min(self.now, later)
        if stands["look_ns"] is None or self.now // BAR_NS > int(stands["look_ns"]) // BAR_NS:
            stands["look_ns"] = self.now
            if self.has_capital or self.stage in ("PAPER", "VALIDATED"):
                self.count()
        if self.has_capital:
            self.pause_or_go_on()
        elif stands["pause"] == "UNTIL_CLEAR":
            self.unpause()
        if self.has_capital and self.status == "PASSED" and not self.unopened():
            if self.by_evidence and stands["frozen"] is None:
                stands["frozen"] = min(float(self.evidence), self.needed_live())
            stands["forced"] = stands["forced"] and not self.carries(stands["fraction"])

    def count(self) -> None:
        """Looks in a row: in error, undecided, failed; those that can judge nothing leave the failed ones as they are."""
        stands = self.stands
        error = self.data == "STALE" or self.status == "ERROR"
        undecided = self.unjudged and not error
        stands["errors"] = stands["errors"] + 1 if error else 0
        stands["inconclusive"] = stands["inconclusive"] + 1 if undecided else 0
        if not error and not undecided:
            stands["failures"] = stands["failures"] + 1 if self.status == "FAILED" else 0

    def pause_or_go_on(self) -> None:
        if self.stands["pause"] == "UNTIL_RESUMED":
            return
        if not self.unjudged:
            self.unpause()
        elif self.stands["inconclusive"] >= self.rules["inconclusive_limit"]:
            self.stands["pause"] = "UNTIL_RESUMED"
        else:
            self.stands["pause"] = "UNTIL_CLEAR"

    def unpause(self) -> None:
        self.stands["pause"] = "NONE"

    # -- up

    def held_back(self) -> bool:
        """A pause, a monitor, bad data: nothing goes up."""
        return self.stands["pause"] != "NONE" or bool(self.levels & {"WARN", "ALARM"}) or self.data != "FRESH"

    def forbidden(self, target: Fraction) -> bool:
        """Limits, which nobody's word replaces."""
        facts, stands, dwell = self.facts, self.stands, self.rules["min_dwell"]
        real = not facts["venue_simulated"] and (facts["synthetic"] or facts["source"] != "live_feed")
        if stands["fraction"]:
            early = self.now < stands["stepped_ns"] + dwell["days"] * DAY_NS
            early = early or facts["live_trades"] - stands["stepped_trades"] < dwell["trades"]
        else:
            early = not self.flat
        small, no_room = target < Fraction(facts["least_fraction"]), target > Fraction(self.room["fraction"])
        return self.held_back() or real or small or early or no_room

    def lacks(self, target: Fraction) -> bool:
        """Criteria and evidence, for which a person can answer instead."""
        if not self.current or self.status not in ("PASSED", None) or (self.status is None and not self.by_evidence):
            return True
        if not self.stands["fraction"]:
            stress = self.facts["e_stress"]
            dear = stress is not None and stress < 1
            return self.by_evidence and (self.evidence < self.needed_live() or dear)
        live = self.facts["e_live"]
        unborne = target > Fraction(1, 2) and (live is None or live < 1)
        return unborne or self.unopened() or not (self.exempt(target) or self.carries(target))

    def next_step(self) -> Fraction:
        held: Fraction = self.stands["fraction"]
        if held:
            return min(held + Fraction(self.rules["allocation_increment"]), self.most)
        return self.fitting(self.first)

    def fitting(self, target: Fraction) -> Fraction:
        """What there is room for where that is nine tenths of it at least, rounded down to a hundredth of a per cent."""
        room = Fraction(self.room["fraction"])
        if not Fraction(9, 10) * target <= room < target:
            return target
        return Fraction(int(room * 10_000), 10_000) or target

    def by_rule(self, target: Fraction) -> str:
        if not self.stands["fraction"]:
            return "go_live"
        return "reach_max" if target >= self.most else "step_up"

    def enough(self, awaited: Document) -> bool:
        return len(awaited["voices"]) >= (2 if self.rules["four_eyes"] else 1)

    def awaiting(self, move: str, target: Fraction, voices: list[str], forced: bool) -> Document:
        return {"move": move, "fraction": target, "since_ns": self.now, "voices": voices, "forced": forced}

    def restored(self) -> Fraction:
        """What it held before a halt, as far as its position is still there; else the first step."""
        return self.fitting(min(self.stands["halted_fraction"], max(self.first, self.stands["committed"])))

    def hindered(self, move: str, target: Fraction) -> bool:
        if move == "force":
            return target <= self.stands["fraction"] or self.forbidden(target)
        by_risk = (self.was["halt"] or {}).get("kind") == "risk"
        return not target or by_risk or self.held_back() or target > Fraction(self.room["fraction"])
