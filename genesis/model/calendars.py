"""When a market is open. Closed is not a gap, and no order is sent into it."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from genesis.clock import NS_PER_HOUR, NS_PER_SECOND
from genesis.model.instruments import Calendar

FX_ZONE = "America/New_York"
FX_TURN_HOUR = 17
_FRIDAY, _SATURDAY, _SUNDAY = 4, 5, 6


def is_open(calendar: Calendar, time_ns: int) -> bool:
    """Whether the market is open at ``time_ns``. ``fx`` closes from Friday 17:00 to Sunday 17:00 New York time."""
    if calendar is Calendar.ALWAYS:
        return True
    # The market turns on full hours of New York time, which are full hours of UTC: one answer serves the hour.
    return _fx_open(time_ns // NS_PER_HOUR)


@lru_cache(maxsize=1024)
def _fx_open(hour: int) -> bool:
    moment = datetime.fromtimestamp(hour * NS_PER_HOUR // NS_PER_SECOND, UTC).astimezone(ZoneInfo(FX_ZONE))
    day = moment.weekday()
    if day == _FRIDAY:
        return moment.hour < FX_TURN_HOUR
    return day != _SATURDAY and (day != _SUNDAY or moment.hour >= FX_TURN_HOUR)
