"""What the planted edge and its look-alikes went through, in a dozen lines, read from their stores."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import msgspec

from genesis.clock import NS_PER_DAY, iso_utc
from genesis.demo.life import EDGE, LOOK_ALIKES
from genesis.paper_trading.promotion_rules import Profile, percent
from genesis.storage.rows import PromotionRow, StageRow
from genesis.storage.sqlite import StoreReader

_LONGEST = 110
_BRACKETS = re.compile(r" \([^()]*\)")
# After these it is another evidence, or another one that decided.
_ANEW = frozenset({"retry", "step_down"})
_UP = frozenset({"go_live", "step_up", "force"})
# Waverings of one kind in a row are one line.
_ONE_LINE = (frozenset({"step_up", "reach_max"}), frozenset({"degrade", "recover"}), frozenset({"validate", "thaw"}))


class Told(msgspec.Struct, frozen=True):
    """A line of the tale: since when, which version (all of them synthetic), its capital as a share of its budget from then on, and what happened."""

    profile: str
    since: str
    version: str
    capital: str
    what: str


def tale(profile: Profile, store: Path) -> list[Told]:
    """Of one run. Under ``given`` the whole life; under the others what they did otherwise."""
    with StoreReader(store) as reader:
        moves = [s for s in reader.stages() if s.move != "register"]
        looks = {(p.track, p.time): p for p in reader.promotions(EDGE)}
        names = [t.track for t in reader.tracks() if "@" not in t.track]
    own = [s for s in moves if s.track == EDGE]
    lines = [_line(profile, EDGE, group, looks) for group in _grouped(own)]
    if not own:
        lines = [_unmoved(profile, list(looks.values()))]
    elif profile is not Profile.GIVEN:
        lines = [_shortly(profile, own, looks)]
    return [*lines, *_of_look_alikes(profile, moves, [n for n in names if n.startswith(f"{LOOK_ALIKES}.")])]


class Refused(msgspec.Struct, frozen=True):
    """A version that holds no capital, and why not, as was found on a day: the last on which it was looked at, or on which it came where it is for good."""

    version: str
    stage: str
    day: str
    why: str


def refused(store: Path) -> list[Refused]:
    """Every version of a run without capital at its last look, with what is missing, or why it was rejected."""
    with StoreReader(store) as reader:
        last = {p.track: p for p in reader.last_promotions()}
        stages = {s.track: s for s in reader.stages()}
        names = [t.track for t in reader.tracks()]
    found = []
    for name in names:
        look, came = last.get(name), stages.get(name)
        if look is not None and not Decimal(look.fraction):
            told = look if look.reasons or came is None else came
            found.append(Refused(name, look.stage, iso_utc(told.time)[:10], _short("; ".join(told.reasons))))
    return found


def _short(why: str) -> str:
    """Without what stands in brackets: how far from the threshold is in the report."""
    return _cut(_BRACKETS.sub("", why))


def _grouped(moves: Sequence[StageRow]) -> Iterator[list[StageRow]]:
    for _, group in groupby(moves, key=lambda s: next((i for i, kinds in enumerate(_ONE_LINE) if s.move in kinds), s)):
        yield list(group)


def _line(
    profile: Profile, version: str, group: Sequence[StageRow], looks: dict[tuple[str, int], PromotionRow]
) -> Told:
    last = group[-1]
    look = looks.get((version, last.time))
    evidence = "" if look is None or last.move in _ANEW else f", adjusted E {look.e_counted:.3g}"
    if len(group) > 1:
        counts = ", ".join(
            f"{n} times {_name(m)}" if n > 1 else _name(m) for m, n in Counter(s.move for s in group).items()
        )
        what = f"{counts}, until {iso_utc(last.time)[:10]}{evidence}"
    else:
        reason = last.reasons[0].partition(";")[0] if last.reasons else ""
        what = f"{_name(last.move)}{evidence}: {_cut(reason)}" if reason else f"{_name(last.move)}{evidence}"
    return Told(profile.value, iso_utc(group[0].time)[:10], version, percent(Decimal(last.fraction_after)), what)


def _unmoved(profile: Profile, looks: Sequence[PromotionRow]) -> Told:
    """An edge that the data were too few for: it stayed where it began, and the last look says why."""
    why = _short("; ".join(looks[-1].reasons)) if looks else "the data end before the first look"
    return Told(profile.value, "", EDGE, "0 %", f"stays on paper: {why}")


def _shortly(profile: Profile, own: Sequence[StageRow], looks: dict[tuple[str, int], PromotionRow]) -> Told:
    """The same edge under another profile, in one line."""
    first = next((s for s in own if s.move == "go_live"), None)
    if first is None:
        return Told(profile.value, "", EDGE, "0 %", f"never live; in the end {own[-1].stage_after}")
    highest = max(Decimal(s.fraction_after) for s in own)
    look = looks.get((EDGE, first.time))
    evidence = "" if look is None else f" with an adjusted E of {look.e_counted:.3g}"
    what = f"went live{evidence}; in the end {own[-1].stage_after}"
    return Told(profile.value, iso_utc(first.time)[:10], EDGE, f"{percent(highest)} at most", what)


def _of_look_alikes(profile: Profile, moves: Sequence[StageRow], names: Sequence[str]) -> list[Told]:
    own = [s for s in moves if s.track in names]
    live = sorted({s.track for s in own if s.move == "go_live"})
    raised = sorted({s.track for s in own if s.move == "step_up"})
    times = [s.time_held for s in _held(own)]
    highest = max((Decimal(s.fraction_after) for s in own), default=Decimal(0))
    who = f"{LOOK_ALIKES}, {len(names)} of them"
    first = min((s.time for s in own if s.move in _UP), default=None)
    what = f"{len(live)} went live at some time"
    if live:
        what += f" ({sum(s.move == 'go_live' for s in own)} times, {sum(times) / max(1, len(times)) / NS_PER_DAY:.0f} days in the mean)"
    what += f"; {len(raised)} got more than the first step"
    return [Told(profile.value, "" if first is None else iso_utc(first)[:10], who, f"{percent(highest)} at most", what)]


class _Held(msgspec.Struct, frozen=True):
    """How long a look-alike held capital, once."""

    time_held: int


def _held(moves: Sequence[StageRow]) -> list[_Held]:
    since: dict[str, int] = {}
    found = []
    for s in moves:
        if Decimal(s.fraction_after) > 0:
            since.setdefault(s.track, s.time)
        elif s.track in since:
            found.append(_Held(s.time - since.pop(s.track)))
    return found


def _name(move: str) -> str:
    return move.replace("_", " ")


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
