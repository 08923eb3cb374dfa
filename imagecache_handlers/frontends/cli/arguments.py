"""Arguments that users type: times, spans, owners, ids, checked at once."""

import argparse
from collections.abc import Callable
import datetime
import re

from imagecache_handlers.clocks import utc_now
from imagecache_handlers.labels import check_owner
from imagecache_handlers.model import check_image_id

_SPAN = re.compile(r'\+?([1-9][0-9]{0,5})([mhdw])')
_RATE = re.compile(r'([0-9]{1,12})([kMG]?)')
_MULTIPLES = {'': 1, 'k': 2**10, 'M': 2**20, 'G': 2**30}
_UNITS = {'m': 'minutes', 'h': 'hours', 'd': 'days', 'w': 'weeks'}


def later(said: str) -> datetime.datetime:
    """Read a time to come: ISO 8601, or ``+3d`` from now.

    A time without a zone is meant as the host's clock shows it.
    """
    now = utc_now()
    try:
        if said.startswith('+'):
            return now + span(said)
        at = datetime.datetime.fromisoformat(said).astimezone(datetime.UTC)
    except (OverflowError, ValueError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError(
            f'{said!r} is not a time: write 2026-12-01T12:00, or +3d from now '
            f'(m, h, d, w)'
        ) from None
    if at <= now:
        raise argparse.ArgumentTypeError(f'{said} is over already')
    return at


def span(said: str) -> datetime.timedelta:
    """Read a span of time: ``10m``, ``2h``, ``3d`` or ``1w``."""
    found = _SPAN.fullmatch(said)
    if found is None:
        raise argparse.ArgumentTypeError(
            f'{said!r} is not a span of time: write 10m, 2h, 3d or 1w'
        )
    return datetime.timedelta(**{_UNITS[found[2]]: int(found[1])})


def rate(said: str) -> int:
    """Read bytes a second: ``0``, ``500000``, ``50M``; k, M, G are binary."""
    found = _RATE.fullmatch(said)
    if found is None:
        raise argparse.ArgumentTypeError(
            f'{said!r} is not a rate: write bytes a second, as in 50M (k, M, '
            f'G), or 0'
        )
    return int(found[1]) * _MULTIPLES[found[2]]


def owner(said: str) -> str:
    """Read the name of an owner."""
    return _check_argument(check_owner, said)


def image(said: str) -> str:
    """Read the id of an image, or its beginning."""
    return _check_argument(check_image_id, said)


def add_image_to(parser: argparse.ArgumentParser) -> None:
    """Add the argument of commands on one cached image."""
    parser.add_argument(
        'image',
        type=image,
        metavar='IMAGE',
        help='the id of an image, or its beginning',
    )


def _check_argument(check: Callable[[str], str], said: str) -> str:
    try:
        return check(said)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
