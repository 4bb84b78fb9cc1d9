"""A run's record, entry by entry: experiments, decisions, and the account's room at the end of each moment."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from fractions import Fraction
from math import isclose

from .account import Account
from .arithmetic import BAR_NS, family
from .comparing import Document
from .criteria import Criteria, status_of
from .decision import Decision
from .experiments import Test
from .ladder import CAPITAL, OUT
from .tracks import Tracks
from .version import Version


class Recomputation(Tracks):
    """Reads entries in order; what does not follow is in ``findings``."""

    def __init__(self) -> None:
        super().__init__()
        self.decisions = self.moves = self.verdicts = 0
        self.line = b""
        self.looked = list[Document]()
        self.account: Account | None = None
        self.tests = dict[str, Test]()
        # E of the family's members that were tried in other runs.
        self.elsewhere = list[float]()
        # What a decision leads to comes after all decisions of its moment.
        self.later = list[Callable[[], None]]()

    def read(self, seq: int, line: bytes) -> None:
        self.seq, self.line = seq, line
        entry = json.loads(line)
        if int(entry["time"]) != self.time:
            self.end_moment()
        self.time = int(entry["time"])
        heard = getattr(self, f"_{entry['type']}", None)
        if heard is not None:
            heard(entry["track"], entry["body"])

    def end_moment(self) -> None:
        """What the decisions of a moment lead to, once all of them are made."""
        for name, test in self.tests.items():
            if test.due is not None:
                self.find(f"{name}: {test.due} is the champion by the rules, and nothing says so")
                self.crown(test, test.due)
        if self.looked:
            self.grant()
        if self.later:
            present = {n: v.bars for n, v in self.versions.items()}
            for version in self.versions.values():
                after = version.after or {"fraction": 0, "halted_fraction": 0}
                holds = Fraction(after["fraction"]) or Fraction(after["halted_fraction"])
                version.beside = (version.beside or present) if holds else {}
        for act in self.later:
            act()
        self.later.clear()
        self.looked.clear()

    def _RunStarted(self, _: None, body: Document) -> None:
        super()._RunStarted(_, body)
        self.elsewhere = [float(t["e_value"]) for t in body.get("tried", ())]
        self.promotion, self.criteria = body["promotion"], Criteria(body["criteria"], body.get("own_criteria"), self)
        self.account = Account.of(body, {n: (v.budget, self.books[n].currency) for n, v in self.versions.items()})
        by_itself = self.promotion["auto_promote"] and self.promotion["gates"]["champion_swap"] == "auto"
        for name, told in body.get("experiments", {}).items():
            self.tests[name] = Test(told["tracks"], told["rules"], by_itself)

    def _EvidenceSample(self, track: str, body: Document) -> None:
        super()._EvidenceSample(track, body)
        for name in self.tests:
            self.compare(name)

    def _FamilyEvidence(self, _: None, body: Document) -> None:
        names = list(body["adjusted"])
        values = [self.bars[n].e_value for n in names] + self.elsewhere
        for name, found in zip(names, family(values), strict=False):
            self.expect(f"{name}: adjusted E", found, body["adjusted"][name])

    # -- A/B tests

    def compare(self, name: str) -> None:
        """Take a bar of an experiment once all its variants have told of it; one that a variant lacks is left out."""
        test = self.tests[name]
        last = {n: bar for n in test.names if (bar := self.last_bar.get(n)) is not None and bar[0] == self.time}
        if test.taken == self.time or len(last) < len(test.names):
            return
        test.taken = self.time
        test.add(last)
        stages = {n: str((self.versions[n].after or {"stage": "DRAFT"})["stage"]) for n in test.names}
        test.due = test.successor({n for n, stage in stages.items() if stage in OUT})

    def _VariantsCompared(self, _: None, body: Document) -> None:
        name, told = body["experiment"], body["results"]
        if name not in self.tests:
            self.find(f"{name}: the first entry does not tell the rules of this experiment: it cannot be recomputed")
            return
        test = self.tests[name]
        if told and told[0]["champion"] != test.order[0] and test.due is not None:
            self.tell(f"{test.due} takes the place of {test.order[0]}", name)
            self.crown(test, test.due)
        found = test.results()
        if len(told) != len(found):
            self.find(f"{name}: expected {len(found)} challengers, found {len(told)}")
        for result, one in zip(found, told, strict=False):
            for what, number in result.items():
                self.expect(f"{name}: {result['challenger']}: {what}", number, one[what])
            self.verdicts += 1
            low, high = result["low_bp"], result["high_bp"]
            between = "" if low is None else f", {low:.2f} to {high:.2f}"
            words = f"{result['standing']}, {result['mean_bp']:.2f} bp a bar{between}, E {result['adjusted']:.4g}"
            self.tell(f"{result['challenger']} beside {result['champion']}: {words}", name)

    def crown(self, test: Test, name: str) -> None:
        after = self.versions[test.order[0]].after or {"stage": "DRAFT", "fraction": 0}
        test.crown(name, None if after["stage"] in OUT else Fraction(after["fraction"]))

    # -- promotion

    def _PromotionEvaluated(self, track: str, body: Document) -> None:
        record, version = body["record"], self.versions[track]
        # The record stands in the entry as it was hashed.
        start, end = self.line.find(b',"record":') + len(b',"record":'), self.line.rfind(b'},"time":')
        self.expect(f"{track}: digest", hashlib.sha256(self.line[start:end]).hexdigest(), body["digest"])
        before, facts = record["before"], record["facts"]
        self.expect(f"{track}: time", self.time, facts["time_ns"])
        self.expect(f"{track}: rules", self.promotion, record["rules"])
        if version.after is not None:
            for key in sorted((before.keys() | version.after.keys()) - {"cleared_pnl"}):
                self.expect(f"{track}: {key} before", version.after.get(key), before.get(key))
        elif before["stage"] != "DRAFT":
            self.find(f"{track}: expected a draft at its first look, found {before['stage']}")
        self.known(track, version, facts)
        decision = Decision(record)
        for difference in decision.differences(record):
            self.find(f"{track}: {difference}")
        self.decisions += 1
        if decision.move is not None:
            self.moves += 1
            share = f"{float(decision.target):.1%}"
            self.tell(
                f"{decision.move} to {decision.stands['stage']} at {share}: {'; '.join(record['reasons'])}", track
            )
        version.after, version.decided = record["after"], record if record["move"] else None
        self.looked.append({**record, "seq": self.seq})
        self.later.append(lambda: self.act(track, version, record["action"], record["after"]))

    def act(self, track: str, version: Version, action: str, after: Document) -> None:
        """A step takes the reference anew, another attempt begins without evidence; what stood still is over with the capital."""
        since = int(after["evidence_from_ns"])
        if action == "join" and version.live is not None:
            version.halt = "strategy" if version.stopped else ""
        if after["stage"] not in CAPITAL and after["halt"] is None:
            version.halt = ""
        if action in ("step_up", "reduce") and version.watch is not None:
            version.watch.refer(version.bars)
        if since != version.since:
            version.begin(since)
            self.bars[track] = version.bars

    def known(self, track: str, version: Version, facts: Document) -> None:
        """What went into the decision, as far as the entries before give it."""
        bars = version.bars
        beside = version.beside or {n: v.bars for n, v in self.versions.items()}
        values = [b.e_value for b in beside.values()] + self.elsewhere
        adjusted = family(values)[list(beside).index(track)]
        live = None if version.live is None else self.bars[version.live]
        for what, found in (
            ("version", track), ("identity", version.identity), ("budget", version.budget), ("e_value", bars.e_value),
            ("evidence_from_ns", version.since), ("adjusted", adjusted), ("bound_broken", bars.broken),
            ("futility", None if bars.futility is None else bars.futility.value),
            ("e_live", version.live_evidence(live)),
            ("live_trades", version.live_trades),
        ):  # fmt: skip
            self.expect(f"{track}: {what}", found, facts[what])
        self.money(track, version, facts)
        self.state(track, version, facts)
        levels = {} if version.watch is None else version.watch.levels()
        if version.watch is not None and version.live is not None:
            at, sampled = self.drawdown.get(version.live, (0, 0.0))
            level = version.watch.drawdown(sampled if at == self.time else None) if self.at_bar else None
            levels |= {} if level is None else {"drawdown": level}
        for monitor in facts["monitors"]:
            if monitor["name"] in levels:
                self.expect(f"{track}: {monitor['name']} monitor", levels[monitor["name"]], monitor["level"])
        self.measured(track, version, facts)

    def measured(self, track: str, version: Version, facts: Document) -> None:
        """Criteria are judged at evidence bars; a look between two of them tells what the bar's look told, where there was one."""
        verdicts, own = facts["verdicts"], facts.get("own")
        if not self.at_bar:
            at, *told = version.judged
            if at == self.time // BAR_NS * BAR_NS and told != [verdicts, own]:
                self.find(
                    f"{track}: criteria: between evidence bars expected what the last one told, found other verdicts"
                )
            for verdict in verdicts:
                self.expect(f"{track}: {verdict['criterion']['name']}: status", status_of(verdict), verdict["status"])
            return
        version.judged = (self.time, verdicts, own)
        # An export of an earlier version tells nothing of it.
        if own is not None:
            self.criteria.given(track, version, facts)
        self.expect(f"{track}: criteria", self.criteria.names(), [v["criterion"]["name"] for v in verdicts])
        for verdict in verdicts:
            self.criteria.judged(track, version, verdict)

    def money(self, track: str, version: Version, facts: Document) -> None:
        """Live equity and profit, and the evidence at higher costs."""
        books = None if version.live is None else self.books[version.live]
        told = None if facts["live_equity"] is None else Fraction(facts["live_equity"])
        self.expect(f"{track}: whether it has a live track", books is not None, told is not None)
        earned = version.earned
        if books is not None and told is not None:
            if books.began is None and self.at_bar:
                books.began = float(told)
            if self.at_bar:
                self.expect(f"{track}: live_equity", books.began, float(told))
            earned += told - books.capital
        self.expect(f"{track}: live_pnl", earned, facts["live_pnl"])
        if version.stress is not None:
            found = None if version.bars.bound is None else version.stress.e_value
            if (found is None) != (facts["e_stress"] is None) or not isclose(
                found or 0, facts["e_stress"] or 0, rel_tol=1e-6
            ):
                self.find(f"{track}: e_stress: from the entries before {found}, in the record {facts['e_stress']}")

    def state(self, track: str, version: Version, facts: Document) -> None:
        """Whether the live side is flat, what stopped it, whether the bar could be judged, the least share that can trade."""
        books = None if version.live is None else self.books[version.live]
        if books is None or books.exact:
            self.expect(f"{track}: live_flat", books is None or books.idle, facts["live_flat"])
        kind = facts["halt"]["kind"] if facts["halt"] else ""
        # That a strategy's state could not be copied to go live is told by no entry.
        if kind != version.halt and not (kind == "strategy" and version.live is None):
            self.find(f"{track}: halt: from the entries before {version.halt or None}, in the record {kind or None}")
        _, change, _ = self.last_bar.get(track, (0, None, 0))
        if facts["data"] != "STALE":
            self.expect(f"{track}: data", "DEGRADED" if change is None else "FRESH", facts["data"])
        if Fraction(facts["least_fraction"]) < self.books[track].least():
            self.find(
                f"{track}: least_fraction: its orders ask for {float(self.books[track].least()):.4f}, found {facts['least_fraction']}"
            )

    def grant(self) -> None:
        """The room of each version that was looked at in this moment, from the account and what all hold."""
        if self.account is None:
            return
        if not self.at_bar:
            # What the others are worth between bars is not told: a tier that may have fallen meanwhile is not known any more.
            self.account = self.account if self.account.stands(self.account.initial + self.profit()) else None
            return
        held = {n: f for test in self.tests.values() for n, f in test.followed.items()}
        for seq, name, found, told in self.account.rooms(self.time, self.looked, self.versions, self.earned(), held):
            if found is not None:
                self.findings.append(
                    f"entry {seq}: {name}: room: from the entries before {found}, in the record {told}"
                )

    def profit(self) -> Fraction:
        rates = {} if self.account is None else self.account.rates
        return sum((amount * rates[n] for n, amount in self.earned().items()), Fraction(0))

    def earned(self) -> dict[str, Fraction]:
        """All that live tracks of each version have earned, by what is known now."""
        found = {}
        for name, version in self.versions.items():
            books = None if version.live is None else self.books[version.live]
            open_ = Fraction(0) if books is None or books.began is None else Fraction(books.began) - books.capital
            found[name] = version.earned + open_
        return found

    def _StageChanged(self, track: str, body: Document) -> None:
        version = self.versions[track]
        record, version.decided = version.decided, None
        if record is None:
            self.find(f"{track}: a stage changed without a decision before it")
            return
        before, after = record["before"], record["after"]
        for what, found in (
            ("move", record["move"]), ("action", record["action"]), ("identity", after["identity"]),
            ("stage_before", before["stage"]), ("stage_after", after["stage"]), ("attempt", after["attempt"]),
            ("fraction_before", Fraction(before["fraction"])), ("fraction_after", Fraction(after["fraction"])),
            ("epoch", after["epoch"]), ("forced", after["forced"]), ("reasons", record["reasons"]),
        ):  # fmt: skip
            self.expect(f"{track}: {what}", found, body[what])
