"""What a fault plan does to the orders, cancels and answers of one track.

Every decision is a keyed draw of (plan, seed, instrument, moment of the decision, ordinal), or a window of engine time: never of what
happened before. So two variants that act at one moment meet the same fault, and a newcomer shifts nobody's.
"""

from __future__ import annotations

from collections.abc import Sequence

from genesis.clock import NS_PER_MS, NS_PER_SECOND
from genesis.execution.fault_plan import (
    MARKET_CLOSED,
    NOT_CONNECTED,
    RATE_LIMITS,
    REFUSALS,
    TOO_MUCH_WEIGHT,
    FaultPlan,
    Refusal,
    Windowed,
)
from genesis.execution.fault_windows import FaultWindows
from genesis.rng import KeyedDraws

# A connection is one for all instruments.
_CONNECTION = ""
# How long it takes to see that nothing was sent: not no time, or who tries again at once would do so for ever in one moment.
UNSENT_NS = NS_PER_MS


class VenueFaults:
    """The venue half of a plan, for one track. ``injected`` counts what was done, by the name of the fault; ``hit`` what fell into a window.

    Its caller asks, in this order: `on_send` when an order is sent, `on_arrival` when it reaches the venue, `heard` for each answer; `on_cancel`
    when a cancel is sent. `halts_of` is for the one who matches market rows with working orders. Times are engine ns.
    """

    __slots__ = (
        "_disconnect",
        "_draws",
        "_halt",
        "_halts",
        "_late",
        "_lost_ns",
        "_lost_share",
        "_rate_limit",
        "_rate_refusal",
        "_reasons",
        "_reject_share",
        "_timeout_share",
        "hit",
        "injected",
    )

    def __init__(self, plan: FaultPlan, draws: KeyedDraws) -> None:
        self._draws = draws
        self.injected: dict[str, int] = {}
        # By fault, instrument (empty: the connection), start and end.
        self.hit: dict[tuple[str, str, int, int], int] = {}
        rejects, timeouts, lost = plan.rejects, plan.timeouts, plan.lost_answers
        self._reject_share = 0.0 if rejects is None else float(rejects.share)
        self._reasons = () if rejects is None else tuple(REFUSALS[r] for r in rejects.reasons)
        self._timeout_share = 0.0 if timeouts is None else float(timeouts.share)
        self._late = None if timeouts is None else timeouts.late_s
        self._lost_share = 0.0 if lost is None else float(lost.share)
        self._lost_ns = 0 if lost is None else int(lost.recovered_after_s * NS_PER_SECOND)
        self._rate_limit = windows_of(plan.rate_limit, draws, "fault.rate_limit", _CONNECTION)
        self._rate_refusal = None if plan.rate_limit is None else RATE_LIMITS[plan.rate_limit.code]
        self._disconnect = windows_of(plan.disconnect, draws, "fault.disconnect", _CONNECTION)
        self._halt = plan.halt
        self._halts: dict[str, FaultWindows | None] = {}

    def on_send(self, instrument: str, sent_ns: int, ordinal: int) -> Refusal | None:
        """Why an order decided and sent at ``sent_ns`` is not taken; ``None`` where it is.

        Of a refusal without code nothing travels, and it is known `UNSENT_NS` after ``sent_ns``; any other is the venue's answer at arrival.
        """
        if self._hits("disconnect", _CONNECTION, self._disconnect, sent_ns):
            return self._counted("disconnect: order not sent", NOT_CONNECTED)
        if self._hits("rate limit", _CONNECTION, self._rate_limit, sent_ns):
            return self._counted("rate limit: order refused", self._rate_refusal)
        if self._reject_share and self._uniform("fault.reject", instrument, sent_ns, ordinal) < self._reject_share:
            which = self._uniform("fault.reject.reason", instrument, sent_ns, ordinal)
            return self._counted("reject", self._reasons[int(which * len(self._reasons))])
        return None

    def on_cancel(self, sent_ns: int) -> Refusal | None:
        """Why a cancel sent at ``sent_ns`` is not taken: the connection is gone, or the limit is one of all requests."""
        if self._hits("disconnect", _CONNECTION, self._disconnect, sent_ns):
            return self._counted("disconnect: cancel not sent", NOT_CONNECTED)
        refusal = self._rate_refusal
        if refusal is None or refusal.code != TOO_MUCH_WEIGHT:
            return None
        if not self._hits("rate limit", _CONNECTION, self._rate_limit, sent_ns):
            return None
        return self._counted("rate limit: cancel refused", refusal)

    def on_arrival(self, instrument: str, arrival_ns: int) -> Refusal | None:
        """Why the venue refuses an order that reaches it at ``arrival_ns``."""
        if not self._hits("halt", instrument, self.halts_of(instrument), arrival_ns):
            return None
        return self._counted("halt: order refused", MARKET_CLOSED)

    def heard(
        self, instrument: str, happened_ns: int, heard_ns: int, decided_ns: int, ordinal: int, answer: int
    ) -> int:
        """When an answer is heard that happened at ``happened_ns`` and would be heard at ``heard_ns``: then or later.

        ``answer`` counts the answers to the order from 0; the order is named by ``decided_ns`` and ``ordinal``. The caller goes on to let no
        answer to an order overtake an earlier one.
        """
        if answer == 0 and self.times_out(instrument, decided_ns, ordinal):
            heard_ns += self._late_ns(instrument, decided_ns, ordinal)
            self._count("timeout")
        if self._lost_share:
            u = self._uniform(f"fault.lost_answer.{answer}", instrument, decided_ns, ordinal)
            if u < self._lost_share:
                heard_ns = max(heard_ns, happened_ns + self._lost_ns)
                self._count("lost answer")
        if self._hits("disconnect", _CONNECTION, self._disconnect, heard_ns):
            self._count("disconnect: answer held back")
        return self.connected_from(heard_ns)

    def connected_from(self, time_ns: int) -> int:
        """``time_ns``, or the end of the disconnect that covers it."""
        end = None if self._disconnect is None else self._disconnect.end_of(time_ns)
        return time_ns if end is None else end

    def times_out(self, instrument: str, decided_ns: int, ordinal: int) -> bool:
        """Whether the order decided then is executed and not answered in time."""
        share = self._timeout_share
        return share > 0 and self._uniform("fault.timeout", instrument, decided_ns, ordinal) < share

    def times(self, instruments: Sequence[str], start_ns: int, stop_ns: int) -> list[tuple[str, str, int, int]]:
        """Fault, instrument (empty: the connection, one for all), number and whole length in ns of the windows in [``start_ns``, ``stop_ns``)."""
        known = [("disconnect", _CONNECTION, self._disconnect), ("rate limit", _CONNECTION, self._rate_limit)]
        known += [("halt", i, self.halts_of(i)) for i in instruments]
        found = []
        for fault, instrument, windows in known:
            met = [] if windows is None else windows.between(start_ns, stop_ns)
            if met:
                length = sum(min(stop, stop_ns) - max(start, start_ns) for start, stop in met)
                found.append((fault, instrument, len(met), length))
        return found

    def halts_of(self, instrument: str) -> FaultWindows | None:
        """When nothing matches in an instrument; ``None`` where that never happens."""
        if self._halt is None:
            return None
        if instrument not in self._halts:
            applies = self._halt.instruments is None or instrument in self._halt.instruments
            halt = self._halt if applies else None
            self._halts[instrument] = windows_of(halt, self._draws, "fault.halt", instrument)
        return self._halts[instrument]

    # ---- inside

    def _hits(self, fault: str, instrument: str, windows: FaultWindows | None, time_ns: int) -> bool:
        """Whether something that falls on ``time_ns`` falls into a window; it is counted there."""
        if windows is None or windows.end_of(time_ns) is None:
            return False
        window = (fault, instrument, *windows.between(time_ns, time_ns + 1)[0])
        self.hit[window] = self.hit.get(window, 0) + 1
        return True

    def _late_ns(self, instrument: str, decided_ns: int, ordinal: int) -> int:
        if self._late is None:
            return 0
        return self._draws.clipped_normal(
            self._late, NS_PER_SECOND, "fault.timeout.late", instrument, decided_ns, ordinal
        )

    def _uniform(self, purpose: str, instrument: str, time_ns: int, ordinal: int) -> float:
        return self._draws.uniform(purpose, instrument, time_ns, ordinal)

    def _count(self, name: str) -> None:
        self.injected[name] = self.injected.get(name, 0) + 1

    def _counted(self, name: str, refusal: Refusal | None) -> Refusal | None:
        self._count(name)
        return refusal


def venue_faults(plan: FaultPlan, seed: int) -> VenueFaults | None:
    """The venue half of a plan; ``None`` where nothing of it ever happens, so that an empty plan costs and changes nothing."""
    halves = (plan.rejects, plan.timeouts, plan.lost_answers, plan.rate_limit, plan.disconnect, plan.halt)
    if all(fault is None or fault.is_off for fault in halves):
        return None
    return VenueFaults(plan, KeyedDraws(seed if plan.seed is None else plan.seed))


def windows_of(fault: Windowed | None, draws: KeyedDraws, purpose: str, instrument: str) -> FaultWindows | None:
    """The windows of a fault that has times; ``None`` where it has none."""
    if fault is None or fault.is_off:
        return None
    given = [(span.start_ns, span.stop_ns) for span in fault.windows]
    return FaultWindows(given, float(fault.per_day) / 24, fault.length_s, draws, purpose, instrument)
