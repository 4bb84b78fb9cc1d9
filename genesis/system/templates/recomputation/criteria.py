"""The criteria of docs/PROMOTION.md: threshold, value, sample and status of each verdict."""

from __future__ import annotations

from fractions import Fraction
from math import isclose
from typing import Any

from .comparing import Document, Remarks, same
from .version import Version

# Thresholds that a first entry need not tell.
LEAST = {"cost_stress": 1, "data_quality": "0.99"}
FIVE = ("min_trades", "min_days", "min_sharpe", "max_drawdown", "min_win_rate")
INTEGRITY = ("concentration", "cost_stress", "data_quality", "loss_bound", "fidelity")
# Criteria whose value cannot lie below; of one of the user's own nobody knows.
FROM_ZERO = (
    "min_trades",
    "min_days",
    "max_drawdown",
    "min_win_rate",
    "cost_stress",
    "data_quality",
    "loss_bound",
    "fidelity",
)


def status_of(verdict: Document) -> str:
    """What value, threshold and sample say; a value that cannot be is an error."""
    criterion, value, sample = verdict["criterion"], verdict["value"], verdict["sample"]
    most = 1.0 if criterion["name"] in ("min_win_rate", "data_quality") else float("inf")
    least = 0.0 if criterion["name"] in FROM_ZERO else float("-inf")
    # A number that is none has no place in an entry: its verdict tells it in words alone.
    none = value is None and verdict["missing"].startswith("a value that can be")
    if none or (value is not None and not least <= value <= most):
        return "ERROR"
    if value is not None and criterion["at_most"] and value > criterion["threshold"]:
        return "FAILED"
    if value is None or sample["n"] < sample["needed"]:
        return "INCONCLUSIVE"
    met = value <= criterion["threshold"] if criterion["at_most"] else value >= criterion["threshold"]
    return "PASSED" if met else "FAILED"


class Criteria:
    """What the first entry asks of every version, held against the verdicts that are told."""

    def __init__(self, asked: Document, own_code: Document | None, remarks: Remarks) -> None:
        self.asked, self.own_code, self.remarks = asked, own_code, remarks

    def names(self) -> list[str]:
        """Names of the criteria that are judged, in order."""
        named = [n for n in FIVE if self.asked[f"{n.partition('_')[2]}_mode"] != "off"]
        named += [n for n in INTEGRITY if self.asked.get(f"{n}_mode", "off") != "off"]
        return named + [o["name"] for o in self.asked.get("own", ()) if o["mode"] != "off"]

    def judged(self, track: str, version: Version, verdict: Document) -> None:
        """A criterion's threshold, value, sample and status."""
        criterion, bars = verdict["criterion"], version.bars
        name, valid = criterion["name"], len(bars.returns) - bars.warmup
        trades, needed = version.trades, self.asked["min_days"] * 6
        own = {o["name"]: o for o in self.asked.get("own", ())}
        if name in own:
            self.judged_own(track, own[name], verdict, valid, needed)
            return
        live = version.watch is not None and version.live is not None
        found = {
            **self.integrity(version, verdict, live),
            "min_trades": (float(trades), trades, self.asked["min_trades"]),
            "min_days": (valid / 6, valid, needed),
            "min_sharpe": (bars.sharpe(), len(bars.returns), max(needed, 42)),
            "max_drawdown": (verdict["value"], valid, needed),
            "min_win_rate": (version.wins / trades if trades else None, trades, self.asked["min_trades"]),
        }
        value, n, least = found[name]
        if name == "min_sharpe" and self.asked.get("sharpe_use") == "lower_bound":
            value, ratio = bars.sharpe_bound(), verdict["value"]
            # Two larger numbers from which it is the difference agree to their last digits, not it.
            value = ratio if value is not None and ratio is not None and abs(value - ratio) <= 1e-9 else value
        asked: object = Fraction(self.asked.get(name, LEAST.get(name, 0)))
        if name == "data_quality":
            asked = Fraction(self.asked.get("min_coverage", LEAST[name]))
        told: object = Fraction(str(criterion["threshold"]))
        if name == "max_drawdown" and self.asked.get("drawdown_limit") == "vol_scaled":
            asked, told = bars.scaled_fall(float(self.asked.get("drawdown_q", "0.01"))), criterion["threshold"]
        if name == "min_win_rate" and self.asked.get("win_rate_margin") is not None:
            asked, told = version.breakeven() + float(self.asked["win_rate_margin"]), criterion["threshold"]
        self.remarks.expect(f"{track}: {name}: threshold", asked, told)
        mode = name.removeprefix("min_").removeprefix("max_")
        counts = self.asked.get(f"{mode}_mode", "off")
        # Where nothing is live there is no gap to count.
        counts = "advisory" if name == "fidelity" and not live and counts == "enforce" else counts
        self.remarks.expect(f"{track}: {name}: mode", counts, criterion["mode"])
        self.remarks.expect(f"{track}: {name}", value, verdict["value"])
        self.remarks.expect(f"{track}: {name}: sample", n, verdict["sample"]["n"])
        self.remarks.expect(f"{track}: {name}: needed", least, verdict["sample"]["needed"])
        self.remarks.expect(f"{track}: {name}: status", status_of(verdict), verdict["status"])
        if name == "max_drawdown":
            self.fallen(track, version, verdict["value"])

    def given(self, track: str, version: Version, facts: Document) -> None:
        """What the user's own criteria were given at an evidence bar, and whose code they are."""
        own, bars, trades = facts["own"], version.bars, version.trades
        live = version.watch is not None and version.live is not None
        closed = len(bars.returns) + bars.missing
        rest = float((version.won - version.lost - sum(version.best, Fraction(0))) / version.budget)
        alarm = version.watch.levels()["gap"] == "ALARM" if version.watch is not None and live else None
        self.remarks.expect(f"{track}: code of the user's own criteria", self.own_code, own["code"])
        fall = next((v["value"] for v in facts["verdicts"] if v["criterion"]["name"] == "max_drawdown"), None)
        for what, found in (
            ("trades", trades), ("bars", len(bars.returns)), ("warmup_bars", bars.warmup), ("sharpe", bars.sharpe()),
            ("win_rate", version.wins / trades if trades else None), ("without_best", rest if trades else None),
            ("breakeven", version.breakeven() if version.won or version.lost else None),
            ("coverage", len(bars.returns) / closed if closed else None), ("gap_alarm", alarm),
            ("bound_breaks", None if bars.bound is None else bars.breaks), ("e_stress", facts["e_stress"]),
            ("gap_bars", version.watch.compared if version.watch is not None and live else 0),
            *([] if fall is None else [("drawdown_max", fall)]),
        ):  # fmt: skip
            self.remarks.expect(f"{track}: given to the user's own criteria: {what}", found, own["given"][what])

    def judged_own(self, track: str, asked: Document, verdict: Document, valid: int, needed: int) -> None:
        """A criterion of the user's own: its value is the record's, all else follows."""
        criterion, name = verdict["criterion"], asked["name"]
        for what, found, told in (
            ("threshold", float(asked["threshold"]), criterion["threshold"]), ("mode", asked["mode"], criterion["mode"]),
            ("at_most", asked["at_most"], criterion["at_most"]), ("sample", valid, verdict["sample"]["n"]),
            ("needed", needed, verdict["sample"]["needed"]), ("status", status_of(verdict), verdict["status"]),
        ):  # fmt: skip
            self.remarks.expect(f"{track}: {name}: {what}", found, told)

    def integrity(self, version: Version, verdict: Document, live: bool) -> dict[str, tuple[Any, int, int]]:
        """Value, sample and what is needed of the criteria beyond the five."""
        bars, told = version.bars, verdict["value"]
        valid, needed, closed = (
            len(bars.returns) - bars.warmup,
            self.asked["min_days"] * 6,
            len(bars.returns) + bars.missing,
        )
        stress = None if bars.bound is None else told if version.stress is None else version.stress.e_value
        if stress is not None and told is not None and isclose(stress, told, rel_tol=1e-6):
            stress = told
        rest = float((version.won - version.lost - sum(version.best, Fraction(0))) / version.budget)
        alarm = float(version.watch.levels()["gap"] == "ALARM") if version.watch is not None and live else None
        return {
            "concentration": (
                rest if version.trades else None, version.trades, max(self.asked["min_trades"], 4)
            ),
            "cost_stress": (stress, valid, needed),
            "data_quality": (len(bars.returns) / closed if closed else None, valid, needed),
            "loss_bound": (None if bars.bound is None else float(bars.breaks), valid, needed),
            "fidelity": (alarm, version.watch.compared if version.watch is not None and live else 0, 0),
        }  # fmt: skip

    def fallen(self, track: str, version: Version, told: float) -> None:
        """The drawdown is marked between bars as well: not less than at their ends, and what the sample of this moment says; of late, no more than that."""
        days = self.asked.get("drawdown_window_days")
        fall = version.bars.fall if days is None else version.bars.late_fall(6 * days)
        if version.bars.whole and told < fall * (1 - 1e-6) - 1e-12:
            self.remarks.find(f"{track}: max_drawdown: at the ends of bars it was {fall:.6g}, found {told}")
        if version.attempt == 1 and version.sampled is not None:
            at, sampled = version.sampled
            if days is not None:
                if at == self.remarks.time and told > sampled * (1 + 1e-9):
                    self.remarks.find(f"{track}: max_drawdown: since the begin it was {sampled}, found {told}")
            elif (at == self.remarks.time and not same(sampled, told)) or told < sampled:
                self.remarks.find(f"{track}: max_drawdown: the last sample says {sampled}, found {told}")
