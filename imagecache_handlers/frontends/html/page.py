"""Page: hosts as one file of HTML, without scripts or foreign resources."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import datetime

import jinja2

from imagecache_handlers.frontends.html.hosts import Host
from imagecache_handlers.frontends.html.hosts import HostImage
from imagecache_handlers.frontends.html import shares
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers import units

# Of what goes next, and of what is big, a page shows so many.
_SHOWN = 25
# A high watermark that never is reached.
_OFF = 100
# What was planned longer ago is no news.
_NEW = datetime.timedelta(days=1)

# Why an image stays, and which command changes that.
_MEANINGS = {
    Reason.IN_USE: ('somebody uses it', 'imagecache show IMAGE'),
    Reason.BUSY: ('something is being done to it', 'imagecache show IMAGE'),
    Reason.UNKNOWN: (
        'nobody knows whether it is used; the plan says why',
        'imagecache plan',
    ),
    Reason.LEASED: (
        'something is being made from it',
        'imagecache release IMAGE --owner OWNER',
    ),
    Reason.UNDELETABLE: ('the backend refuses', 'imagecache show IMAGE'),
    Reason.PINNED: (
        'somebody wants it kept',
        'imagecache unpin IMAGE --owner OWNER',
    ),
    Reason.PROTECTED: ('a pattern of protected_images names it', ''),
    Reason.DISABLED: ('remove_unused_base_images is off', ''),
    Reason.TOO_YOUNG: (
        'it has not been unused for long enough',
        'imagecache evict IMAGE --force',
    ),
    Reason.DUPLICATE: ('another copy serves', ''),
    Reason.EXPIRED: ('it was unused for long enough', ''),
    Reason.SPACE: ('it makes room', ''),
    Reason.NOT_NEEDED: (
        'nothing needs its space',
        'imagecache evict IMAGE',
    ),
    Reason.ASKED: ('somebody asked for it', ''),
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """What one reason keeps, or lets go, on a host."""

    reason: str
    means: str
    command: str
    count: int
    size: int


def render_page(hosts: Collection[Host], now: datetime.datetime) -> str:
    """Give the file, whatever is in the names and texts of these hosts."""
    environment = jinja2.Environment(
        autoescape=True,
        loader=jinja2.PackageLoader(__package__, ''),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters.update(
        size=units.size, moment=_write_moment, shares=shares.make_shares
    )
    template = environment.get_template('report.html')
    return template.render(
        hosts=hosts,
        now=now,
        kept_by_reason=_group_reasons,
        next_to_go=_choose_next,
        biggest_idle=_choose_idle,
        is_old=lambda host: now - host.at > _NEW,
    )


def _write_moment(at: datetime.datetime) -> str:
    return at.astimezone().isoformat(sep=' ', timespec='minutes')


def _group_reasons(host: Host) -> Iterator[Kept]:
    """Give what each reason keeps, the most bytes first."""
    counts: dict[Reason, int] = {}
    sizes: dict[Reason, int] = {}
    for image in host.images:
        counts[image.reason] = counts.get(image.reason, 0) + 1
        sizes[image.reason] = sizes.get(image.reason, 0) + image.size
    for reason in sorted(sizes, key=lambda one: (-sizes[one], one)):
        means, command = _MEANINGS[reason]
        yield Kept(
            reason=reason.value,
            means=means,
            command=command,
            count=counts[reason],
            size=sizes[reason],
        )


def _choose_next(host: Host) -> list[HostImage]:
    """Give what goes now, in its order, then what may go soonest."""
    now = [one for one in host.images if one.rank is not None]
    now.sort(key=lambda one: one.rank or 0)
    later = [
        one
        for one in host.images
        if not one.goes and one.until and _may_go(host)
    ]
    later.sort(key=lambda one: one.until or datetime.datetime.max)
    return [*now, *later][:_SHOWN]


def _may_go(host: Host) -> bool:
    """Tell if anything there goes by its age, or to make room."""
    has_marks = any(
        one.high is not None and one.high < _OFF for one in host.stores
    )
    return host.goes_by_age is not False or has_marks


def _choose_idle(host: Host) -> list[HostImage]:
    """Give the biggest of those that nobody uses, as far as is known."""
    idle: Iterable[HostImage] = (
        one
        for one in host.images
        if shares.kind_of(one) not in ('in use', 'unknown')
    )
    return sorted(idle, key=lambda one: -one.size)[:_SHOWN]
