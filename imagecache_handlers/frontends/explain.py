"""Explaining: verdicts and shortages in words, in the zone of ``now``."""

from collections.abc import Collection
import datetime

from imagecache_handlers.model import Retired
from imagecache_handlers.planning.verdicts import Blocked
from imagecache_handlers.planning.verdicts import Blocker
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Space
from imagecache_handlers.planning.verdicts import Verdict
from imagecache_handlers import units

_NAMED = 3  # more than these are only counted

_WHY = {
    Reason.IN_USE: 'used by {who}',
    Reason.BUSY: '{who} is about to evict it',
    Reason.UNKNOWN: 'users unknown',
    Reason.LEASED: 'held by {who}',
    Reason.UNDELETABLE: 'cannot be removed',
    Reason.PINNED: 'pinned by {who}',
    Reason.PROTECTED: 'protected by the pattern',
    Reason.DISABLED: 'removal is switched off',
    Reason.TOO_YOUNG: 'too young',
    Reason.DUPLICATE: 'another copy in its store serves',
    Reason.EXPIRED: 'old enough to go',
    Reason.SPACE: 'goes to make space',
    Reason.ASKED: 'evicted on request',
    Reason.NOT_NEEDED: 'nothing needs its space',
}

# The same of many images: what keeps their bytes.
_MANY = _WHY | {
    Reason.BUSY: 'busy',
    Reason.UNDELETABLE: 'that cannot be removed',
    Reason.PROTECTED: 'protected',
    Reason.DISABLED: 'kept, for removal is switched off',
}


def why(blocker: Blocker, now: datetime.datetime) -> str:
    """Say why an image stays: who uses it, which pin, until when."""
    text = _WHY[blocker.reason]
    if blocker.reason is Reason.BUSY and not blocker.who:
        text = 'busy'
    text = text.format(who=names(blocker.who))
    if blocker.detail:
        join = ' ' if blocker.reason is Reason.PROTECTED else ': '
        text = f'{text}{join}{blocker.detail}'
    if blocker.until is None:
        return text
    return f'{text} until {moment(blocker.until, now)}'


def sentence(verdict: Verdict, now: datetime.datetime) -> str:
    """Say why an image stays or goes, by the hardest of its reasons.

    And that it is retired, if it is.
    """
    told = f'; {retired(verdict.retired)}' if verdict.retired else ''
    if verdict.blockers:
        return f'{why(verdict.blockers[0], now)}{told}'
    text = _WHY[verdict.reason]
    since = verdict.image.marks.unused_since
    if since is None:
        return f'{text}{told}'
    return f'{text}, unused since {moment(since, now)}{told}'


def retired(how: Retired) -> str:
    """Say how an image is given out no more."""
    return f'{how.value} in Glance'


def shortage(space: Space, now: datetime.datetime) -> str:
    """Say what a pool wants freed, what is planned, and what is in the way.

    For instance: wanted 40 GiB, planned 6 GiB: 34 GiB too young, the first
    at 14:02; 12 GiB pinned by ops.
    """
    wanted, planned = units.size(space.wanted), units.size(space.planned)
    text = f'wanted {wanted}, planned {planned}'
    if not space.short:
        return text
    kept = '; '.join(_kept_text(blocked, now) for blocked in space.blocked)
    return f'{text}: {kept or "no other image is kept here"}'


def _kept_text(blocked: Blocked, now: datetime.datetime) -> str:
    text = _MANY[blocked.reason].format(who=names(blocked.who))
    text = f'{units.size(blocked.size)} {text}'
    if blocked.first is None:
        return text
    return f'{text}, the first at {moment(blocked.first, now)}'


def names(who: Collection[str]) -> str:
    """Name a few; nobody named is somebody all the same."""
    listed = sorted(who)[:_NAMED]
    if len(who) > _NAMED:
        listed.append(f'{len(who) - _NAMED} more')
    return ', '.join(listed) or 'somebody'


def moment(at: datetime.datetime, now: datetime.datetime) -> str:
    """Write a time as ``HH:MM`` if it is today, else as its date."""
    at = _in_zone(at, now)
    return f'{at:%H:%M}' if at.date() == now.date() else at.date().isoformat()


def span(time: datetime.timedelta) -> str:
    """Write a length of time in whole days, hours or minutes."""
    minutes = max(0, int(time.total_seconds() // 60))
    for unit, length in (('day', 24 * 60), ('hour', 60)):
        # Two of the larger say as much as many of the smaller.
        if minutes >= 2 * length:
            return f'{minutes // length} {unit}s'
    return '1 minute' if minutes == 1 else f'{minutes} minutes'


def _in_zone(
    at: datetime.datetime, now: datetime.datetime
) -> datetime.datetime:
    try:
        return at.astimezone(now.tzinfo)
    except OverflowError:
        # The first or last day that there is, in another zone.
        return at
