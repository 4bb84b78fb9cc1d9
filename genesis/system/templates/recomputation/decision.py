"""What becomes of a version at one look."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from .arithmetic import BAR_NS, DAY_NS
from .comparing import Document, same, shown
from .ladder import ACTION, CAPITAL, CAREFUL_FIRST, TABLE, rungs
from .look import Look


def spoken(name: str) -> str:
    """A person's name whatever the letters' size and the blanks."""
    return " ".join(name.split()).casefold()


class Decision(Look):
    """What becomes of a version at one look, by the rules, from where it stood before and what was known."""

    def __init__(self, record: Document) -> None:
        super().__init__(record)
        self.commands, self.heard = record["commands"], dict[int, bool]()
        self.move: str | None = None
        self.action, self.target = "none", self.stands["fraction"]
        self.halt_kind = ""
        self.decide()

    def decide(self) -> None:
        self.look()
        wish = self.hear()
        # A broken limit stands before all that persons want but their own halt.
        moved = self.person_takes(wish, "halt") or self.halts("risk")
        moved = moved or self.person_takes(wish, "archive", "demote", "resume") or self.halts()
        if not moved and self.now % BAR_NS == 0:
            # Between evidence bars capital is only taken, by persons and halts.
            moved = self.changes() or self.falls() or self.goes_on(wish)
        if wish is not None:
            self.heard.setdefault(wish, False)
        if not moved:
            self.action = self.unfinished()

    # -- persons

    def hear(self) -> int | None:
        """Take what moves nothing; the place of the one wish for a move that counts."""
        wishes = []
        for i, command in enumerate(self.commands):
            order = command["order"]
            if order in CAREFUL_FIRST and (order != "resume" or self.stage == "HALTED"):
                wishes.append(i)
            else:
                self.heard[i] = self.takes(command)
        if not wishes:
            return None
        chosen = min(wishes, key=lambda i: (CAREFUL_FIRST.index(self.commands[i]["order"]), i))
        self.heard.update((i, False) for i in wishes if i != chosen)
        return chosen

    def takes(self, command: Document) -> bool:
        stands, order, awaited = self.stands, command["order"], self.stands["awaited"]
        if order == "pause":
            if self.stage not in ("REJECTED", "ARCHIVED", "HALTED"):
                stands["pause"] = "UNTIL_RESUMED"
            return stands["pause"] == "UNTIL_RESUMED" and self.stage not in ("REJECTED", "ARCHIVED", "HALTED")
        if order == "resume":
            if stands["pause"] != "UNTIL_RESUMED":
                return False
            self.unpause()
            stands["inconclusive"] = 0
            if self.now >= stands["deadline_ns"]:
                stands["deadline_ns"] = self.now + self.rules["paper_max_days"] * DAY_NS
            return True
        name = spoken(command["author"])
        if awaited is None or (order == "approve" and name in map(spoken, awaited["voices"])):
            return False
        if order == "approve":
            stands["awaited"] = {**awaited, "voices": [*awaited["voices"], command["author"]]}
        else:
            stands["awaited"], stands["asked_again_ns"] = None, self.now + self.rules["cooldown_days"] * DAY_NS
        return True

    def person_takes(self, wish: int | None, *orders: str) -> bool:
        order = None if wish is None else self.commands[wish]["order"]
        if wish is None or order not in orders:
            return False
        # What a halt flattens is flat before anything less is done with it.
        leaves = order in ("archive", "resume") and self.is_being_flattened()
        self.heard[wish] = order in TABLE[self.stage] and not leaves
        if not self.heard[wish]:
            return False
        if order == "halt":
            return self.halt("risk")
        none = {"halt": None, "halted_fraction": Fraction(0), "ended": None}
        ended = self.stands.get("ended")
        if order == "resume" and ended is not None:
            # Rejected or archived before the halt, and so again.
            return self.go("reject" if ended == "REJECTED" else "archive", Fraction(0), **none)
        return self.go(order, Fraction(0), **(self.again() if order == "resume" else none))

    # -- down

    def halts(self, *kinds: str) -> bool:
        """A halt that is found, of one of the kinds, of any where none is named."""
        exposed = self.has_capital or self.stands["committed"] > 0
        kind = self.facts["halt"]["kind"] if exposed and self.facts["halt"] else ""
        judged = self.has_capital or self.stage in ("PAPER", "VALIDATED")
        if not kind and self.facts["bound_broken"] and self.current and judged:
            kind = "risk"
        if not kind and self.has_capital and self.stands["errors"] >= self.rules["consecutive_error_limit"]:
            kind = "data"
        held = (self.was["halt"] or {}).get("kind")
        if not kind or (kinds and kind not in kinds):
            return False
        if self.stage == "HALTED" and (kind != "risk" or held in (None, "risk")):
            return False
        return self.halt(kind)

    def halt(self, kind: str) -> bool:
        self.halt_kind = kind
        held = self.stands["halted_fraction"] if self.stage == "HALTED" else self.stands["fraction"]
        ended = self.stage if self.stage in ("REJECTED", "ARCHIVED") else self.stands.get("ended")
        return self.go("halt", Fraction(0), halt=kind, halted_fraction=held, ended=ended)

    def changes(self) -> bool:
        if self.facts["identity"] == self.was["identity"] or "change" not in TABLE[self.stage]:
            return False
        kept = self.was["halt"]["kind"] if self.was["halt"] else None
        new = {"identity": self.facts["identity"], "epoch": self.was["epoch"] + 1, "attempt": 1, "halt": kept}
        return self.go("change", Fraction(0), **(self.anew() | new))

    def falls(self) -> bool:
        """Monitors, failed criteria, evidence and the account: of several the greatest fall counts."""
        stands, held = self.stands, self.stands["fraction"]
        if not self.has_capital:
            return False
        if self.room["revoked"]:
            return self.go("demote", Fraction(0))
        if self.data == "STALE":
            return False
        failed = stands["failures"] >= self.rules["failure_limit"] and not stands["forced"] and not self.carries(held)
        evidenced = self.evidenced()
        if "ALARM" in self.levels or failed or not evidenced:
            return self.go("demote", Fraction(0))
        room = Fraction(self.room["fraction"])
        granted = held if held <= room else max((r for r in rungs(self.rules) if r <= room), default=Fraction(0))
        if not granted:
            return self.go("give_back", Fraction(0))
        warned = "WARN" in self.levels and self.stage != "DEGRADED"
        halved = min(held, max(self.first, held / 2))
        target = min(granted, evidenced, halved if warned else held)
        if warned:
            return self.go("degrade", target)
        return target < held and self.go("step_down", target)

    # -- where a stage leads

    def goes_on(self, wish: int | None) -> bool:
        if self.stage == "DRAFT":
            began = int(self.facts["evidence_from_ns"])
            ends = began + self.rules["paper_max_days"] * DAY_NS
            new = {"identity": self.facts["identity"], "evidence_from_ns": began, "deadline_ns": ends}
            return self.go("register", Fraction(0), **new)
        if (self.stage == "PAPER" and self.ends()) or (self.stage == "VALIDATED" and self.thaws()):
            return True
        if self.person_raises(wish):
            return True
        if self.stage == "PAPER":
            if self.held_back() or self.lacks(self.first):
                return False
            return self.go("validate", Fraction(0), frozen=min(float(self.evidence), self.needed_live()))
        if self.stage == "DEMOTED":
            return self.cools_down()
        if self.stage == "DEGRADED":
            return self.recovers()
        return self.stage in ("VALIDATED", "LIVE") and self.rises()

    def anew(self) -> Document:
        """What every attempt begins with."""
        ends = self.now + self.rules["paper_max_days"] * DAY_NS
        begun = {"evidence_from_ns": self.now, "deadline_ns": ends, "frozen": None, "proven": False}
        none = {"halt": None, "halted_fraction": Fraction(0), "ended": None}
        return begun | none | {"errors": 0, "inconclusive": 0, "failures": 0}

    def again(self) -> Document:
        """The next attempt of the same identity, whoever lets it begin."""
        return self.anew() | {"attempt": self.was["attempt"] + 1}

    def ends(self) -> bool:
        doubt = self.facts["futility"]
        if self.current and doubt is not None and doubt >= 1 / float(self.rules["futility_alpha"]):
            return self.go("reject", Fraction(0))
        if self.now < self.stands["deadline_ns"]:
            return False
        if self.rules["on_expiry"] == "reject":
            return self.go("reject", Fraction(0))
        self.stands["pause"] = "UNTIL_RESUMED"
        return False

    def thaws(self) -> bool:
        if self.data != "FRESH" or not self.current:
            return False
        fallen = self.by_evidence and self.evidence < self.needed_live() * float(self.hysteresis)
        failed = self.stands["failures"] >= self.rules["failure_limit"]
        return (fallen or failed) and self.go("thaw", Fraction(0), frozen=None)

    def cools_down(self) -> bool:
        over = self.stands["since_ns"] + self.rules["cooldown_days"] * DAY_NS
        if self.now < over or not self.flat:
            return False
        if self.was["attempt"] >= self.rules["max_attempts"]:
            return self.go("reject", Fraction(0))
        return self.go("retry", Fraction(0), **self.again())

    def recovers(self) -> bool:
        held, calm = self.stands["fraction"], self.stands["calm_since_ns"]
        days = self.rules["min_dwell"]["days"] * DAY_NS
        if self.held_back() or calm is None or self.now - int(calm) < days:
            return False
        carried = self.stands["forced"] or self.exempt(held) or self.carries(held)
        return carried and self.go("recover", held)

    def rises(self) -> bool:
        held = self.stands["fraction"]
        if self.stage == "LIVE" and held >= self.most:
            return self.go("reach_max", held)
        target = self.next_step()
        if self.forbidden(target) or self.lacks(target) or not self.is_open(target if held else self.first):
            return False
        return self.up(target, False)

    def up(self, target: Fraction, forced: bool) -> bool:
        forced = forced or self.by_rule(target) not in TABLE[self.stage]
        return self.go("force" if forced else self.by_rule(target), target, forced=forced)

    def is_open(self, target: Fraction) -> bool:
        gate = self.rules["gates"]["each_step" if self.stands["fraction"] else "go_live"]
        awaited = self.stands["awaited"]
        if gate == "auto" and self.rules["auto_promote"]:
            return True
        asked = awaited is not None and Fraction(awaited["fraction"]) == target
        if asked and self.enough(awaited):
            return True
        if self.now >= self.stands["asked_again_ns"] and not asked:
            self.stands["awaited"] = self.awaiting(self.by_rule(target), target, [], False)
        return False

    def person_raises(self, wish: int | None) -> bool:
        command = None if wish is None else self.commands[wish]
        if wish is not None and command is not None and command["order"] in ("promote", "restore"):
            return self.asked(wish, command)
        awaited = self.stands["awaited"]
        if awaited is None or not awaited["forced"] or not self.enough(awaited):
            return False
        target = self.fitting(Fraction(awaited["fraction"]))
        if awaited["move"] == "restore":
            target = min(target, self.restored())
        if self.hindered(awaited["move"], target):
            self.stands["awaited"] = None
            return False
        return self.by_word(awaited["move"], target)

    def asked(self, wish: int, command: Document) -> bool:
        """One step by a person's word, and what evidence does not carry is marked."""
        move = "force" if command["order"] == "promote" else "restore"
        stands = self.stands
        target = self.next_step()
        if move == "restore":
            target = self.restored()
        self.heard[wish] = move in TABLE[self.stage] and not self.hindered(move, target)
        if not self.heard[wish]:
            return False
        awaited = self.awaiting(move, target, [command["author"]], True)
        if not self.enough(awaited):
            stands["awaited"] = awaited
            return False
        return self.by_word(move, target)

    def by_word(self, move: str, target: Fraction) -> bool:
        if move == "restore":
            return self.go("restore", target, halt=None, halted_fraction=Fraction(0), ended=None, errors=0)
        return self.up(target, self.lacks(target))

    # -- the end

    def go(self, move: str, target: Fraction, **changes: object) -> bool:
        stands, stage = self.stands, TABLE[self.stage][move]
        self.move, self.target, held = move, target, stands["fraction"]
        has_capital = stage in CAPITAL
        if stage != self.stage:
            stands.update(since_ns=self.now, awaited=None)
        if target != held:
            stands.update(stepped_ns=self.now, stepped_trades=self.facts["live_trades"], awaited=None)
        if not target:
            stands.update(forced=False, awaited=None)
        if not has_capital and stands["pause"] == "UNTIL_CLEAR":
            self.unpause()
        committed = target if has_capital else Fraction(0) if self.flat else stands["committed"]
        stands.update(stage=stage, fraction=target, committed=committed)
        stands.update(changes)
        self.action = self.action_of(move, held)
        return True

    def action_of(self, move: str, held: Fraction) -> str:
        action = ACTION.get(move, "none")
        if move == "force":
            action = "step_up" if self.has_capital else "join"
        elif move == "halt":
            action = "flatten" if self.halt_kind == "risk" else "hold"
        if action == "flatten" and self.data == "STALE":
            return "hold"
        if action == "step_up" and self.target == held:
            return "none"
        gone = self.flat and not self.has_capital
        return "none" if gone and action in ("demote", "flatten", "hold") else action

    def unfinished(self) -> str:
        """A flattening that waited for prices is due once there are any."""
        if not self.is_being_flattened():
            return "none"
        return "hold" if self.data == "STALE" else "flatten"

    def is_being_flattened(self) -> bool:
        return self.stage == "HALTED" and (self.was["halt"] or {}).get("kind") == "risk" and not self.flat

    def differences(self, record: Document) -> Iterator[str]:
        """What the record says otherwise."""
        for what, found, told in (("move", self.move, record["move"]), ("action", self.action, record["action"])):
            if found != told:
                yield f"{what}: by the rules {found}, in the record {told}"
        after = record["after"]
        for key, found in self.stands.items():
            told = after.get(key)
            if key == "halt" and found is not None:
                told, found = told and told["kind"], found["kind"] if isinstance(found, dict) else found
            if key in ("pause_words", "version") or same(found, told):
                continue
            yield f"{key}: by the rules {shown(found)}, in the record {shown(told)}"
        for i, answer in enumerate(record["answers"]):
            if self.heard.get(i) != answer["taken"] or answer["command"] != self.commands[i]:
                yield f"command {answer['command']['number']}: not the answer that the rules give"
