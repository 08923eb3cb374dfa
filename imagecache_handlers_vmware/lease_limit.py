"""Lease limit: a lease must not outlast the age at which Nova removes.

A lease restarts Nova's age, and that is all that Nova heeds of it.
"""

from collections.abc import Iterable
import dataclasses
import datetime

from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.labels import Marks


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NovaAge:
    """How long Nova keeps an image that it finds unused, and who says so."""

    age: datetime.timedelta
    origin: str

    def __str__(self) -> str:
        return f'{self.age} ({self.origin})'


def check_leases(
    image_id: str,
    labels: Iterable[str],
    limit: NovaAge | None,
    now: datetime.datetime,
) -> None:
    """Refuse leases of which Nova would heed only a part.

    ``limit`` None: Nova removes nothing.

    :raises Unsupported: when one of the labels is such a lease.
    """
    if limit is None:
        return
    for owner, end in Marks.read(labels).leases.items():
        # The label is rounded up to a second.
        if end - now > limit.age + datetime.timedelta(seconds=1):
            why = (
                f'a lease of {owner} until {end:%Y-%m-%d %H:%M} UTC outlasts '
                f'the age at which Nova removes it, {limit}: ask for less '
                f'time, or pin it'
            )
            raise Unsupported(image_id, why)


def explain_interval(
    interval: datetime.timedelta | None, limit: NovaAge | None
) -> str | None:
    """Say why sweeps are too far apart; None: they are not.

    Nova takes a shield away with each use, and only a sweep writes it again:
    until then Nova's age alone keeps the image.
    """
    if interval is None or limit is None or interval <= limit.age:
        return None
    return (
        f'[imagecache] manager_interval is {interval}, longer than the age '
        f'at which Nova removes images, {limit}: pinned and protected ones '
        f'may go between two sweeps; make it shorter'
    )
