"""What is said at a start: what is about to run, what its data lack, and what was repaired."""

from __future__ import annotations

from structlog.typing import FilteringBoundLogger

from genesis.config import inactive_keys
from genesis.model.grid import plain
from genesis.paper_trading.account_rates import ACCOUNT_CURRENCY
from genesis.storage.address import StoreAddress
from genesis.system.prepared import Prepared
from genesis.system.track_kinds import is_reference
from genesis.tape.stream import Stream

# Whole numbers beyond it are not all doubles (IEEE 754 binary64).
_WHOLE_IN_DOUBLES = 2**53
_OF_PRICE_OR_SIZE = ("high", "ticks", "bid_ticks", "ask_ticks", "lots", "bid_lots", "ask_lots")


def _beyond_doubles(stream: Stream) -> bool:
    """Whether a price or size is more of its steps than a double counts, as sums and quotients written digit by digit are."""
    columns = (stream.columns[name] for name in _OF_PRICE_OR_SIZE if name in stream.columns)
    return any(len(column) and int(column.max()) > _WHOLE_IN_DOUBLES for column in columns)


def _stand_apart(stream: Stream) -> bool:
    """Whether no bar begins where another ends."""
    if stream.spec is None or stream.recorded < 2:
        return False
    opened = stream.columns["time_open"]
    return int((opened[1:] - opened[:-1]).min()) > stream.spec.step


def announce(prepared: Prepared, store: StoreAddress, log: FilteringBoundLogger) -> None:
    """Tell the log of a run that is about to start."""
    log.info(
        "run started",
        name=prepared.config.run.name,
        store=str(store),
        config=prepared.digest,
        tracks=len(prepared.tracks),
        no_effect=inactive_keys(),
    )
    criteria = prepared.config.paper_trading.validation_criteria
    if prepared.ladder is not None and criteria.asks_a_share_of_wins:
        log.warning(
            "absolute win rate",
            min_win_rate=str(criteria.min_win_rate),
            so="who wins seldom and much stays on paper whatever it earns; win_rate_margin asks what its own wins and losses need",
        )
    for track, facts in zip(prepared.tracks, prepared.track_facts, strict=True):
        if track.portfolio.valuation is not None and is_reference(facts):
            told = track.portfolio.currency
            log.info("several moneys", track=track.name, told_in=told, so="it stays on paper; capital is given in one")
    for currency, rate in prepared.account_rates.items():
        log.info("account rate", currency=currency, told_in=ACCOUNT_CURRENCY, **rate)
    for traded in {r.instrument.id: r.instrument for r in prepared.readings}.values():
        given = next(i for i in prepared.config.instruments if i.id == traded.id)
        if (given.tick is None or given.lot is None) and given.exchange_info is None:
            log.info("steps inferred", instrument=traded.id, tick=plain(traded.tick), lot=plain(traded.lot))
            if any(s.instrument.id == traded.id and _beyond_doubles(s) for s in prepared.streams):
                log.warning(
                    "steps too fine",
                    instrument=traded.id,
                    so="no price or size of a venue has so many digits: what arithmetic left in the file, it seems; give tick and lot, "
                    "and policies: {off_tick: round, off_lot: round}",
                )
    for instrument, rules in prepared.rules.items():
        if rules.unknown_filters:
            log.warning("unknown filters", instrument=instrument, filters=", ".join(rules.unknown_filters))
    for reading, stream in zip(prepared.readings, prepared.streams, strict=True):
        report = reading.report
        if not stream.has_volume:
            log.warning("no volume", stream=stream.name, so="the size of a bar limits no fill")
        if _stand_apart(stream):
            log.warning(
                "bars stand apart",
                stream=stream.name,
                so="no bar begins where another ends; where they are longer than interval says, a strategy hears of their close before it is known",
            )
        if report.gaps:
            log.warning("gaps found", stream=stream.name, gaps=len(report.gaps), first=report.gaps[0].detail)
        for repair in report.repairs:
            log.warning(
                "rows repaired",
                stream=stream.name,
                problem=repair.problem.value,
                policy=repair.policy.value,
                rows=repair.count,
                example=repair.examples[0] if repair.examples else None,
            )
