"""What is journalled on the way to capital: evidence, comparisons, commands, decisions and the moves they lead to."""

from __future__ import annotations

from genesis.model.events import Event, Wire


class EvidenceSample(Event, frozen=True, gc=False):
    """What a strategy version's evidence bars have shown when one more has closed (docs/EVIDENCE.md).

    The record holds every ``bar_return``, and the run's first entry the rules, so all else can be computed from it again. ``loss_bound`` is a
    fraction of the equity at a bar's start; ratios are annual, ``sharpe_low`` and ``sharpe_high`` their 95 % confidence sequence.
    """

    bar_return: float | None
    bars: int
    warmup_bars: int
    e_value: float
    loss_bound: float | None
    bound_broken: bool
    deviation: float | None
    sharpe: float | None
    sharpe_stderr: float | None
    sharpe_low: float | None
    sharpe_high: float | None
    source: str

    def wire(self) -> Wire:
        return {
            "bar_return": self.bar_return,
            "bars": self.bars,
            "bound_broken": self.bound_broken,
            "deviation": self.deviation,
            "e_value": self.e_value,
            "loss_bound": self.loss_bound,
            "sharpe": self.sharpe,
            "sharpe_high": self.sharpe_high,
            "sharpe_low": self.sharpe_low,
            "sharpe_stderr": self.sharpe_stderr,
            "source": self.source,
            "warmup_bars": self.warmup_bars,
        }


class FamilyEvidence(Event, frozen=True, gc=False):
    """The e-values of one moment's `EvidenceSample` entries, adjusted for how many versions are tried: by track."""

    adjusted: dict[str, float]
    source: str

    def wire(self) -> Wire:
        return {"adjusted": self.adjusted, "source": self.source}


class CommandTaken(Event, frozen=True, gc=False):
    """A command of the inbox was heard. ``taken`` says whether it was done or refused, ``words`` what came of it.

    One for each version that it concerned; ``track`` is ``None`` where it concerned none. ``target`` is what the author wrote, ``None`` for all versions.
    """

    number: int
    command: str
    target: str | None
    author: str
    reason: str
    taken: bool
    words: str

    def wire(self) -> Wire:
        return {
            "author": self.author,
            "command": self.command,
            "number": self.number,
            "reason": self.reason,
            "taken": self.taken,
            "target": self.target,
            "words": self.words,
        }


class PromotionEvaluated(Event, frozen=True, gc=False):
    """A promotion decision whole (docs/PROMOTION.md): rules, facts, room and commands that went in, standings before and after, move, reasons.

    ``record`` is the decision's JSON document, in wire form; ``digest`` is the SHA-256 (hex) of its canonical bytes. The decision can be made again from it alone.
    """

    digest: str
    record: Wire

    def wire(self) -> Wire:
        return {"digest": self.digest, "record": self.record}


class StageChanged(Event, frozen=True, gc=False):
    """A version has moved: the stage, or the capital fraction of its budget, is another one. ``evaluation`` is the digest of the decision.

    ``forced``: the fraction is held by a person's word, not backed by evidence.
    """

    identity: str
    move: str
    action: str
    stage_before: str
    stage_after: str
    fraction_before: str
    fraction_after: str
    attempt: int
    epoch: int
    forced: bool
    reasons: tuple[str, ...]
    evaluation: str

    def wire(self) -> Wire:
        return {
            "action": self.action,
            "attempt": self.attempt,
            "epoch": self.epoch,
            "evaluation": self.evaluation,
            "forced": self.forced,
            "fraction_after": self.fraction_after,
            "fraction_before": self.fraction_before,
            "identity": self.identity,
            "move": self.move,
            "reasons": list(self.reasons),
            "stage_after": self.stage_after,
            "stage_before": self.stage_before,
        }


class VariantsCompared(Event, frozen=True, gc=False):
    """The variants of one strategy, each challenger beside the champion (`genesis.evidence.pair_rules.PairResult`)."""

    experiment: str
    results: tuple[Wire, ...]

    def wire(self) -> Wire:
        return {"experiment": self.experiment, "results": list(self.results)}


class AccountSample(Event, frozen=True, gc=False):
    """What the live tracks of the account do together at the end of an evidence bar, where two or more are live, beside what they may. Amounts are exact text in USD.

    ``lost`` since the UTC day began, of ``lost_max``, which ends the day; ``gross`` with what open orders may add; ``net`` by base asset, of positions alone;
    ``net_max`` is of each asset, ``None`` where there is no such limit.
    """

    tier: str
    equity: str
    lost: str
    lost_max: str
    gross: str
    gross_max: str
    open_orders: int
    open_orders_max: int
    net: dict[str, str]
    net_max: str | None

    def wire(self) -> Wire:
        return {
            "equity": self.equity,
            "gross": self.gross,
            "gross_max": self.gross_max,
            "lost": self.lost,
            "lost_max": self.lost_max,
            "net": self.net,
            "net_max": self.net_max,
            "open_orders": self.open_orders,
            "open_orders_max": self.open_orders_max,
            "tier": self.tier,
        }
