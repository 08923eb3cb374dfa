"""API cells: Nova's API over two cells, asked who uses what.

A program.  Nova's own tests have all but hypervisors for it: API, conductor,
scheduler, placement, databases, and a fixture by which a cell is down.
"""

import datetime
import json
import os
import sys
from typing import Any
import unittest
import urllib.parse

# Before all else of Nova, as its own services do.
from tests.functional.nova.patching import patch_nova

patch_nova()

import fixtures  # noqa: E402
from nova import objects  # noqa: E402
from nova.tests import fixtures as nova_fixtures  # noqa: E402
from nova.tests.functional import integrated_helpers  # noqa: E402

from imagecache_handlers.exceptions import EvidenceUnavailable  # noqa: E402
from imagecache_handlers.frontends.nova_api import users  # noqa: E402

_PASTE = os.path.join(sys.prefix, 'etc', 'nova', 'api-paste.ini')
# Of those that Nova's tests have in their image service.
IMAGE = '155d900f-4e14-4e4c-a73d-069cbf4541e6'
OTHER = 'a2459075-d96c-40d5-893e-577ff92e721c'
VERSION = 'OpenStack-API-Version'


class Bare(fixtures.Fixture):
    """Does nothing."""


class Asked:
    """Asks by the client of Nova's tests, which needs no socket.

    ``before`` is called before each page, by its number in its list.
    """

    def __init__(self, api: Any) -> None:
        self.api = api
        self.pages = 0
        self.before = lambda page: None

    def ask(self, path: str, query: Any, version: str) -> Any:
        if path == '/servers/detail':
            self.pages = self.pages + 1 if 'marker' in query else 0
            self.before(self.pages)
        answer = self._request(path, query, version)
        if answer.status_code != 200:
            raise EvidenceUnavailable('Nova', str(answer.status_code))
        return json.loads(answer.content)

    def is_gone(self, path: str, version: str) -> bool:
        return bool(self._request(path, {}, version).status_code == 404)

    def _request(self, path: str, query: Any, version: str) -> Any:
        before, self.api.microversion = self.api.microversion, version
        try:
            answer = self.api.api_request(
                f'{path.removeprefix("/")}?{urllib.parse.urlencode(query)}'
            )
        finally:
            self.api.microversion = before
        assert answer.headers[VERSION] == f'compute {version}'
        return answer


class Cells(integrated_helpers._IntegratedTestBase):
    """Two cells with a host each, and pages of four servers."""

    ADMIN_API = True
    NUMBER_OF_CELLS = 2
    microversion = 'latest'

    def setUp(self) -> None:
        # It would make errors of what newer libraries warn of.
        self.useFixture(
            fixtures.MockPatchObject(nova_fixtures, 'WarningsFixture', Bare)
        )
        self.flags(api_paste_config=_PASTE, group='wsgi')
        self.flags(compute_driver='fake.MediumFakeDriver')
        self.flags(max_limit=4, group='api')
        self.flags(instances=-1, group='quota')
        self.flags(reclaim_instance_interval=3600)
        super().setUp()

    def _setup_compute_service(self) -> Any:
        self._start_compute('host2', cell_name='cell2')
        return self._start_compute('host1', cell_name='cell1')

    def boot(self, count: int, image: str = IMAGE) -> list[str]:
        """Boot servers, on one host and the other by turns."""
        return [
            self._create_server(
                networks='none', host=f'host{number % 2 + 1}', image_uuid=image
            )['id']
            for number in range(count)
        ]

    def ask(self, asked: Any = None) -> Any:
        now = datetime.datetime.now(datetime.UTC)
        nova = asked or Asked(self.api)
        return users.NovaUsers(nova, complete=True, clock=lambda: now)()

    def cell_down(self) -> Any:
        return nova_fixtures.DownCellFixture([self.cell_mappings['cell2']])

    def test_all(self) -> None:
        """One after another, for it takes long until all of it runs."""
        servers = self.boot(6)
        self.check_users(servers)
        self.check_cell_that_is_down()
        self.check_cell_that_is_down_for_one_page()

    def check_users(self, servers: list[str]) -> None:
        [shelved, deleted, waiting] = self.boot(3, OTHER)
        self.api.post_server_action(shelved, {'shelve': {}})
        self._wait_for_state_change({'id': shelved}, 'SHELVED_OFFLOADED')
        self.api.delete_server(waiting)
        self._wait_for_state_change({'id': waiting}, 'SOFT_DELETED')
        self.api.post_server_action(deleted, {'forceDelete': {}})
        self._wait_until_deleted({'id': deleted})
        said = self.ask()
        self.assertEqual(set(servers), said.users[IMAGE])
        self.assertEqual({shelved, waiting}, said.users[OTHER])
        self.assertTrue(said.complete)
        self.api.post_server_action(servers[0], {'rescue': {}})
        self._wait_for_state_change({'id': servers[0]}, 'RESCUE')
        self.assertFalse(self.ask().complete)
        self.api.post_server_action(servers[0], {'unrescue': None})
        self._wait_for_state_change({'id': servers[0]}, 'ACTIVE')

    def check_cell_that_is_down(self) -> None:
        with self.cell_down(), self.assertRaises(EvidenceUnavailable):
            self.ask()
        # What a list by pages does not tell.
        query = {'all_tenants': 1, 'limit': 4}
        with self.cell_down():
            page = Asked(self.api).ask('/servers/detail', query, '2.69')
        self.assertTrue(page['servers'])
        self.assertTrue(all('image' in one for one in page['servers']))

    def check_cell_that_is_down_for_one_page(self) -> None:
        asked = Asked(self.api)
        downs: list[Any] = []

        def before(page: int) -> None:
            while downs:
                downs.pop().cleanUp()
            if page == 1:
                downs.append(self.cell_down())
                downs[0].setUp()

        asked.before = before
        try:
            self.assertFalse(self.ask(asked).complete)
        except EvidenceUnavailable:
            # The marker of that page was in that cell.
            before(0)
        self.assertTrue(self.ask().complete)


if __name__ == '__main__':
    objects.register_all()
    unittest.main()
