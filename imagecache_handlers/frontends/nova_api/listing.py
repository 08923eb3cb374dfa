"""Listing: all servers, page by page, each joined to the one before.

A page begins with the last server of the one before it, for that is what is
asked for: so no page can be left out, repeated, or given for another.
"""

from collections.abc import Callable
from collections.abc import Iterator
import time
from typing import Any

from imagecache_handlers.frontends.nova_api.connection import Asked
from imagecache_handlers.frontends.nova_api.doubts import Doubt
from imagecache_handlers.frontends.nova_api.servers import read_id

# Nova sends no more than its [api] max_limit, which is that by default.
LIMIT = 1000
# In pages of one server the next one could not begin with the last.
_LEAST = 2
_SECONDS = 1800.0
# Partial records of a cell that is down are in no list that is asked for by
# pages: `counting` finds that out.
_VERSION = '2.69'
_QUERY = {
    'all_tenants': 'true',
    # Their disks are there until Nova reclaims them.
    'soft_deleted': 'true',
    'sort_key': 'uuid',
    'sort_dir': 'asc',
    'limit': str(LIMIT),
}


class Listing:
    """The records of all servers, each given once.

    :raises Doubt: as soon as what comes cannot be all of them.
    """

    def __init__(
        self, nova: Asked, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._nova = nova
        self._clock = clock
        self._end = clock() + _SECONDS
        self._seen: set[str] = set()
        self._size: int | None = None

    def __iter__(self) -> Iterator[dict[str, Any]]:
        marker = last = None
        while True:
            records, has_next = self._ask_page(marker)
            ids = [read_id(one, 'server') for one in records]
            fresh = self._join_page(ids, last)
            self._check_size(ids, has_next)
            self._seen.update(ids)
            yield from records[fresh:]
            if not has_next:
                return
            marker, last = ids[-2], ids[-1]

    def _ask_page(
        self, marker: str | None
    ) -> tuple[list[dict[str, Any]], bool]:
        if self._clock() > self._end:
            raise Doubt(f'the list of servers takes more than {_SECONDS:g} s')
        after = {} if marker is None else {'marker': marker}
        body = self._nova.ask('/servers/detail', _QUERY | after, _VERSION)
        return read_page(body, 'servers')

    def _join_page(self, ids: list[str], last: str | None) -> int:
        """Tell with which record the page goes on after the one before."""
        fresh = 0 if last is None else 1
        if ids[:fresh] != ([] if last is None else [last]):
            raise Doubt(
                f'a page of servers does not begin with {last}, where the '
                f'one before it ended: one was left out, or is another'
            )
        new = set(ids[fresh:])
        if len(new) < len(ids) - fresh or new & self._seen:
            raise Doubt('the list of servers names one twice')
        return fresh

    def _check_size(self, ids: list[str], has_next: bool) -> None:
        """Check that only the last page is shorter than the first."""
        if self._size is None:
            self._size = len(ids) if has_next else LIMIT
        if len(ids) > self._size or has_next and len(ids) < self._size:
            raise Doubt(f'a page has {len(ids)} servers, not {self._size}')
        if not has_next and len(ids) == self._size:
            raise Doubt('a page is full, and none is said to follow')
        if has_next and len(ids) < _LEAST:
            raise Doubt('pages of one server: raise [api] max_limit of Nova')


def read_page(
    body: dict[str, Any], name: str
) -> tuple[list[dict[str, Any]], bool]:
    """Give the records of a page, and whether another one follows.

    :raises Doubt: when that is no page of them.
    """
    records, links = body.get(name), body.get(f'{name}_links', [])
    if not isinstance(records, list) or not isinstance(links, list):
        raise Doubt(f'an answer of Nova has no list of {name}')
    has_next = 'next' in map(_read_relation, links)
    if has_next and not records:
        raise Doubt(f'a page without {name} is said to be followed by another')
    return records, has_next


def _read_relation(link: object) -> str:
    relation = link.get('rel') if isinstance(link, dict) else None
    if not isinstance(relation, str):
        raise Doubt('a link to another page is not one')
    return relation.lower()
