"""Counting: every server that is on a hypervisor, from another list of Nova's.

The list of servers passes over a cell that does not answer, without a word
wherever it is asked for by pages; this one fails then.  So who is on a
hypervisor before the servers are listed, and is not among them, has gone
meanwhile, or the list is not whole.
"""

from collections.abc import Collection
import dataclasses
import urllib.parse

from imagecache_handlers.frontends.nova_api.connection import Asked
from imagecache_handlers.frontends.nova_api.doubts import Doubt
from imagecache_handlers.frontends.nova_api.listing import LIMIT
from imagecache_handlers.frontends.nova_api.listing import read_page
from imagecache_handlers.frontends.nova_api.servers import read_id

# The first in which one without servers says so.
_VERSION = '2.75'
# A page is of a thousand of them.
_MOST_PAGES = 100
# Each of those who are missing takes a request.
_MOST_MISSING = 20
# As an empty list in a file.
_NOBODY = (
    'it knows no server: if really none is there, confirm it by --in-use with '
    'a list of a comment alone'
)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Hypervisors by name, and the servers on them by id."""

    hypervisors: frozenset[str]
    servers: frozenset[str]


def count_servers(nova: Asked) -> Counted:
    """Count the servers that are on any hypervisor.

    :raises Doubt: when some may have been left out.
    """
    names: set[str] = set()
    servers: set[str] = set()
    seen: set[str] = set()
    after: dict[str, str] = {}
    for _ in range(_MOST_PAGES):
        query = {'with_servers': 'true', 'limit': str(LIMIT), **after}
        body = nova.ask('/os-hypervisors', query, _VERSION)
        records, has_next = read_page(body, 'hypervisors')
        for record in records:
            found = read_id(record, 'hypervisor')
            if found in seen:
                raise Doubt('the list of hypervisors names one twice')
            seen.add(found)
            names.add(str(record.get('hypervisor_hostname')))
            servers |= _list_servers(record.get('servers'))
        if not has_next:
            return Counted(
                hypervisors=frozenset(names), servers=frozenset(servers)
            )
        after = {'marker': read_id(records[-1], 'hypervisor')}
    raise Doubt('the list of hypervisors has no end')


def _list_servers(found: object) -> set[str]:
    if not isinstance(found, list):
        raise Doubt('a hypervisor does not tell the servers on it')
    # Here the id has another name.
    named = [
        {'id': one.get('uuid') if isinstance(one, dict) else None}
        for one in found
    ]
    return {read_id(one, 'server') for one in named}


def check_count(
    nova: Asked,
    counted: Counted,
    listed: Collection[str],
    used: Collection[str],
) -> None:
    """Check that all were listed that are on a hypervisor, and the reverse.

    And that some server was: a list of nobody may be that of another cloud.
    ``listed`` are the servers by id, ``used`` the hypervisors that they are
    on.

    :raises Doubt: naming one that was not.
    """
    if not counted.hypervisors:
        raise Doubt(
            'it knows no hypervisor: is it the right cloud, or region?'
        )
    if not listed:
        raise Doubt(_NOBODY)
    if strangers := set(used) - counted.hypervisors:
        raise Doubt(
            f'servers are on {min(strangers)}, which is none of the '
            f'hypervisors that are listed'
        )
    missing = sorted(counted.servers - set(listed))
    if len(missing) > _MOST_MISSING:
        raise Doubt(
            f'{len(missing)} servers on hypervisors are not in the list of '
            f'servers, such as {missing[0]}'
        )
    for server_id in missing:
        path = f'/servers/{urllib.parse.quote(server_id, safe="")}'
        if not nova.is_gone(path, '2.69'):
            raise Doubt(
                f'server {server_id} is there, and not in the list of servers'
            )
