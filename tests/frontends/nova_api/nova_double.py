"""A Nova's API as far as it is asked here, with what Nova 34 does of its own.

Cells that are down are passed over in each list that is asked for by pages
or with filters, without a word; partial records are in the plain one alone,
and hypervisors are not listed at all then.  Servers that are not in a cell
yet come before all others, in an order of their own.
"""

import dataclasses
import http.server
import json
import re
import threading
import urllib.parse

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


class NovaServer:
    """The same on a real socket, with a Keystone beside it.

    ``answers`` are sent in place of the next ones: status, headers, body.
    ``caching`` is what requests say of answers that were kept.
    """

    def __init__(self, nova):
        self.nova = nova
        self.tokens = None  # those that are taken; None: any
        self.given = 0
        self.answers = []
        self.caching = set()

        class Handler(_Handler):
            server_of_test = self

        self._server = _Server(('127.0.0.1', 0), Handler)
        self.url = f'http://127.0.0.1:{self._server.server_address[1]}'
        threading.Thread(
            target=self._server.serve_forever, args=[0.01], daemon=True
        ).start()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self._server.shutdown()
        self._server.server_close()


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *ignored):
        """Say nothing of clients that have gone."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    server_of_test: NovaServer

    def log_message(self, *ignored):
        pass

    def do_GET(self):
        world = self.server_of_test
        parts = urllib.parse.urlsplit(self.path)
        if parts.path.startswith('/v3'):
            links = [{'rel': 'self', 'href': f'{world.url}/v3/'}]
            version = {'id': 'v3.14', 'status': 'stable', 'links': links}
            self.send(200, {}, {'version': version})
            return
        world.caching.add(self.headers.get('Cache-Control'))
        token = self.headers.get('X-Auth-Token')
        if world.tokens is not None and token not in world.tokens:
            self.send(401, {}, {'error': {'code': 401}})
            return
        answer = world.answers.pop(0) if world.answers else None
        self.send(*(answer or self.ask_nova(parts)))

    def ask_nova(self, parts):
        told = self.headers.get('OpenStack-API-Version', 'compute 2.1')
        version = re.fullmatch(r'compute (\d+\.\d+)', told)[1]
        query = dict(urllib.parse.parse_qsl(parts.query))
        path = parts.path.removeprefix('/v2.1')
        status, body = self.server_of_test.nova.answer(path, query, version)
        return status, {'OpenStack-API-Version': f'compute {version}'}, body

    def do_POST(self):
        world = self.server_of_test
        self.rfile.read(int(self.headers['Content-Length']))
        world.given += 1
        token = f'token-{world.given}'
        if world.tokens is not None:
            world.tokens.add(token)
        endpoint = {
            'id': 'e',
            'interface': 'public',
            'region': 'R',
            'region_id': 'R',
            'url': f'{world.url}/v2.1',
        }
        found = {
            'methods': ['password'],
            'expires_at': '2099-01-01T00:00:00.000000Z',
            'issued_at': '2026-01-01T00:00:00.000000Z',
            'user': {'id': 'u', 'name': 'n', 'domain': {'id': 'd'}},
            'catalog': [
                {'id': 'c', 'type': 'compute', 'endpoints': [endpoint]}
            ],
        }
        self.send(201, {'X-Subject-Token': token}, {'token': found})

    def send(self, status, headers, body):
        content = (
            body if isinstance(body, bytes) else json.dumps(body).encode()
        )
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header('Content-Length', str(len(content)))
        self.end_headers()
        self.wfile.write(content)
