"""Notifications: what became of images, as payloads for OpenStack's bus.

Each is a plain dictionary of a known version and at most 16 KiB; where there
is more to tell of, in pages.
"""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import json
from typing import Any

from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report

# An event, and what is told with it.
Notification = tuple[str, dict[str, Any]]
Payload = dict[str, Any]

VERSION = '1.0'
MOST_BYTES = 16 * 1024
# For what is told beside the outcomes of a page.
_ROOM = MOST_BYTES - 1024
_LONGEST_TEXT = 500


def describe_report(
    report: Report, host: str | None, name_of: Callable[[str], str]
) -> Iterator[Notification]:
    """Give ``imagecache.evict``, ``.pressure`` and ``.sweep.end``."""
    outcomes = [_describe_outcome(one, name_of) for one in report.outcomes]
    for one in outcomes:
        if one['did'] == Did.EVICTED.value:
            yield 'imagecache.evict', _begin_payload(host) | one
    for space in report.plan.spaces:
        if space.short:
            payload = _begin_payload(host) | {
                'pool': _cut_text(space.pool),
                'wanted': space.wanted,
                'planned': space.planned,
                'short': space.short,
            }
            yield 'imagecache.pressure', payload
    pages = list(_fill_pages(outcomes)) or [[]]
    for number, page in enumerate(pages, 1):
        payload = _begin_payload(host) | {
            'images': len(report.plan.verdicts),
            'problems': len(report.plan.problems),
            'freed': report.freed,
            'ended_early': report.stopped,
            'page': number,
            'pages': len(pages),
            'outcomes': page,
        }
        yield 'imagecache.sweep.end', payload


def describe_prefetched(result: Prefetched, host: str | None) -> Notification:
    """Give ``imagecache.prefetch.end``."""
    payload = _begin_payload(host) | {
        'image': _cut_text(result.image_id),
        'store': _cut_text(result.store),
        'did': result.did.value,
        'why': _cut_text(result.why),
        'size': result.size,
        'seconds': result.seconds,
    }
    return 'imagecache.prefetch.end', payload


def _begin_payload(host: str | None) -> Payload:
    return {'version': VERSION, 'host': host}


def _describe_outcome(
    outcome: Outcome, name_of: Callable[[str], str]
) -> Payload:
    image = outcome.verdict.image
    return {
        'image': name_of(image.image_id),
        'store': _cut_text(image.store),
        'did': outcome.did.value,
        'reason': outcome.verdict.reason.value,
        'why': _cut_text(outcome.why),
        'freed': outcome.freed,
    }


def _cut_text(text: str) -> str:
    return text[:_LONGEST_TEXT]


def _fill_pages(outcomes: Iterable[Payload]) -> Iterator[list[Payload]]:
    """Give as many outcomes at once as a payload has room for."""
    page: list[Payload] = []
    left = _ROOM
    for one in outcomes:
        # With what stands between two of them.
        size = len(json.dumps(one).encode()) + 2
        if page and size > left:
            yield page
            page, left = [], _ROOM
        page.append(one)
        left -= size
    if page:
        yield page
