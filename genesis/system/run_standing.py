"""How the tracks of a run stand, in a word each, and what live ones use of what they share."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from genesis.monitoring.report.values import Metrics, measurements_of
from genesis.paper_trading.promotion_rules import percent
from genesis.paper_trading.validation_criteria import ValidationCriteria
from genesis.paper_trading.verdicts import Mode, Verdict, Window, overall
from genesis.storage.rows import SampleRow
from genesis.storage.sqlite import StoreReader
from genesis.system.track_kinds import roles


def latest_samples(store: StoreReader) -> dict[str, SampleRow | None]:
    """Every track with its last sample, in the configuration's order."""
    return {t.track: store.latest_sample(t.track) for t in store.tracks()}


def account(store: StoreReader) -> dict[str, Any] | None:
    """What the live tracks of the account did together when they were last looked at, with its ``time``; ``None`` where no two were ever live."""
    if list(roles(store).values()).count("live") < 2:
        return None
    found = store.newest("AccountSample")
    return None if found is None else {"time": int(found["time"]), **found["body"]}


def stages(store: StoreReader) -> dict[str, str]:
    """Where every version stands on the capital ladder, in a word, and its capital where it has any."""
    return {
        p.track: p.stage if not float(p.fraction) else f"{p.stage} {percent(Decimal(p.fraction))}"
        for p in store.last_promotions()
    }


def standing(
    sample: SampleRow,
    start_ns: int,
    criteria: ValidationCriteria,
    warmup_bars: int,
    decided: Sequence[Verdict] = (),
) -> str:
    """The enforced criteria in a word, that of the worst verdict; with how many have it."""
    window = Window(start_ns, sample.time)
    verdicts = criteria.judge_sample(measurements_of(Metrics(sample.metrics), window, warmup_bars), decided)
    judged = [v.status for v in verdicts if v.criterion.mode is Mode.ENFORCE]
    worst = overall(verdicts)
    return "none enforced" if worst is None else f"{worst.value} {judged.count(worst)} of {len(judged)}"
