"""The stand-alone scripts of an export, as a test of the rules they were written from."""

from __future__ import annotations

import json

from genesis.audit.entry import canonical
from genesis.paper_trading.promotion_facts import Evaluation
from genesis.paper_trading.promotion_rules import written
from genesis.storage.address import StoreAddress
from genesis.storage.reader import StoreReader
from genesis.system.templates.recomputation.criteria import status_of
from genesis.system.templates.recomputation.decision import Decision
from genesis.system.templates.recomputation.report import recompute


def assert_follows(evaluation: Evaluation) -> None:
    """What a decision's entry holds leads an implementation that shares no line with ours to the same move, standing, action and answers."""
    record = json.loads(canonical(written(evaluation)))
    assert list(Decision(record).differences(record)) == []
    verdicts = record["facts"]["verdicts"]
    assert [status_of(v) for v in verdicts] == [v["status"] for v in verdicts]


def findings(store: StoreAddress) -> list[str]:
    """What of a whole run does not follow from its own entries, as somebody who has nothing else makes it again."""
    with StoreReader(store) as reader:
        entries = [row.entry for row in reader.entries()]
    return recompute(entries).findings
