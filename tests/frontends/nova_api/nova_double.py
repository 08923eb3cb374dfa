"""A Nova's API as far as it is asked here, with what Nova 34 does of its own.

Cells that are down are passed over in each list that is asked for by pages
or with filters, without a word; partial records are in the plain one alone,
and hypervisors are not listed at all then.  Servers that are not in a cell
yet come before all others, in an order of their own.
"""

import dataclasses
import re
import urllib.parse

from tests.keystone_double import describe_service
from tests.keystone_double import KeystoneConnection
from tests.keystone_double import KeystoneServer

NEWEST = 2, 100
IMAGES = [f'1a2b3c4d-0000-4000-8000-{number:012x}' for number in range(40)]


@dataclasses.dataclass(kw_only=True)
class Machine:
    """A row of the table of instances."""

    number: int
    image: str = ''
    kernel: str = ''
    ramdisk: str = ''
    host: str | None = 'kvm-1'
    cell: str = 'cell1'  # '' of those that only a request to build has
    vm_state: str = 'active'
    task_state: str | None = None
    deleted: bool = False

    @property
    def uuid(self):
        # Not in the order in which they were made.
        first = (self.number * 2654435761) % 2**32
        return f'{first:08x}-0000-4000-8000-{self.number:012x}'


def make_machines(count, hosts=3):
    """Make machines on some hosts, in two cells."""
    return [
        Machine(
            number=number,
            image=IMAGES[number % len(IMAGES)],
            host=f'kvm-{number % hosts}',
            cell=f'cell{number % hosts % 2 + 1}',
        )
        for number in range(count)
    ]


class NovaDouble:
    """``requests`` are the paths with their queries, in their order.

    ``meddle`` is given each page that would be sent, with the number of the
    page, and gives what is sent instead.
    """

    def __init__(self, machines, max_limit=1000):
        self.machines = list(machines)
        self.max_limit = max_limit
        self.down = set()
        self.admin = True
        self.tells_attributes = True
        self.newest = NEWEST
        self.requests = []
        self.meddle = lambda number, body: body
        self.before = lambda number: None
        self.pages = 0
        self.extra_hypervisors = []

    # As the connection of ours does it, without a socket in between.

    def ask(self, path, query, version):
        from imagecache_handlers.exceptions import EvidenceUnavailable

        status, body = self.answer(path, dict(query), version)
        if status != 200:
            raise EvidenceUnavailable('Nova', f'{status}')
        return body

    def is_gone(self, path, version):
        return self.answer(path, {}, version)[0] == 404

    def answer(self, path, query, version):
        self.requests.append((path, query))
        if tuple(map(int, version.split('.'))) > self.newest:
            return 406, {'computeFault': {'code': 406}}
        if path == '/servers/detail':
            return self._list_servers(query)
        if path == '/os-hypervisors':
            return self._list_hypervisors(query)
        if path.startswith('/servers/'):
            return self._show_server(path.rpartition('/')[2])
        return 404, {'itemNotFound': {'code': 404}}

    def _list_servers(self, query):
        if not self.admin:
            return 403, {'forbidden': {'code': 403}}
        assert query['sort_key'] == 'uuid'
        assert query['sort_dir'] == 'asc'
        self.before(self.pages)
        limit = min(int(query.get('limit', self.max_limit)), self.max_limit)
        found = self._find_machines(query)
        marker = query.get('marker')
        if marker is not None:
            at = [one.uuid for one in found].index(marker)
            found = found[at + 1 :]
        found = [one for one in found[:limit] if one.cell not in self.down]
        body = {'servers': [self._describe(one) for one in found]}
        if len(found) == limit:
            link = {'rel': 'next', 'href': 'https://elsewhere.example.org/'}
            body['servers_links'] = [link]
        body = self.meddle(self.pages, body)
        self.pages += 1
        return (200, body) if isinstance(body, dict) else (body, {})

    def _find_machines(self, query):
        states = {'soft-delete'} if 'soft_deleted' not in query else set()
        found = [
            one
            for one in self.machines
            if not one.deleted and one.vm_state not in states
        ]
        return sorted(found, key=lambda one: (bool(one.cell), one.uuid))

    def _list_hypervisors(self, query):
        if not self.admin:
            return 403, {'forbidden': {'code': 403}}
        if self.down:
            return 500, {'computeFault': {'code': 500}}
        there = [one for one in self.machines if not one.deleted]
        hosts = {one.host for one in there if one.host}
        records = [
            {
                'id': f'hypervisor-{host}',
                'hypervisor_hostname': f'{host}.example.org',
                'servers': [
                    {'uuid': one.uuid, 'name': 'a'}
                    for one in there
                    if one.host == host
                ],
            }
            for host in sorted({*hosts, *self.extra_hypervisors})
        ]
        limit = min(int(query.get('limit', self.max_limit)), self.max_limit)
        if 'marker' in query:
            at = [one['id'] for one in records].index(query['marker'])
            records = records[at + 1 :]
        body = {'hypervisors': records[:limit]}
        if len(body['hypervisors']) == limit:
            body['hypervisors_links'] = [{'rel': 'next', 'href': 'x'}]
        return 200, body

    def _show_server(self, uuid):
        for one in self.machines:
            if one.uuid == uuid and not one.deleted:
                return 200, {'server': self._describe(one)}
        return 404, {'itemNotFound': {'code': 404}}

    def _describe(self, one):
        if one.cell in self.down:
            return {'id': one.uuid, 'status': 'UNKNOWN', 'tenant_id': 'p'}
        image = {'id': one.image, 'links': []} if one.image else ''
        record = {
            'id': one.uuid,
            'image': image,
            'status': 'RESCUE' if one.vm_state == 'rescued' else 'ACTIVE',
            'OS-EXT-STS:vm_state': one.vm_state,
            'OS-EXT-STS:task_state': one.task_state,
        }
        if self.tells_attributes:
            place = f'{one.host}.example.org' if one.host else None
            record |= {
                'OS-EXT-SRV-ATTR:host': one.host,
                'OS-EXT-SRV-ATTR:hypervisor_hostname': place,
                'OS-EXT-SRV-ATTR:kernel_id': one.kernel,
                'OS-EXT-SRV-ATTR:ramdisk_id': one.ramdisk,
            }
        return record


class _Connection(KeystoneConnection):
    def do_GET(self):
        if self.is_for_keystone:
            self.send_version()
            return
        world = self.world
        world.caching.add(self.headers.get('Cache-Control'))
        if not self.is_welcome:
            self.send(401, {}, {'error': {'code': 401}})
            return
        answer = world.answers.pop(0) if world.answers else None
        self.send(*(answer or self.ask_nova()))

    def ask_nova(self):
        parts = urllib.parse.urlsplit(self.path)
        told = self.headers.get('OpenStack-API-Version', 'compute 2.1')
        version = re.fullmatch(r'compute (\d+\.\d+)', told)[1]
        query = dict(urllib.parse.parse_qsl(parts.query))
        path = parts.path.removeprefix('/v2.1')
        status, body = self.world.nova.answer(path, query, version)
        return status, {'OpenStack-API-Version': f'compute {version}'}, body


class NovaServer(KeystoneServer):
    """The same on a real socket, with a Keystone beside it.

    ``answers`` are sent in place of the next ones: status, headers, body.
    ``caching`` is what requests say of answers that were kept.
    """

    connection = _Connection

    def __init__(self, nova):
        self.nova = nova
        self.answers = []
        self.caching = set()
        super().__init__()

    def list_catalog(self):
        return [describe_service('compute', f'{self.url}/v2.1')]
