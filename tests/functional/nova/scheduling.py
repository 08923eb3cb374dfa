"""Scheduling: Nova's API, scheduler, placement and three computes, to order.

A program.  The computes have Nova's fake driver with our mixin, each with a
cache of its own.  Orders come in as lines of JSON, results go out as such.
"""

import datetime
import json
import os
import sys
import time
import types
from typing import Any
from typing import TextIO
import unittest
import warnings

# Before all else of Nova, as its own services do.
from tests.functional.nova.patching import patch_nova

patch_nova()

import nova.conf  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402
from nova.virt import fake  # noqa: E402
import sqlalchemy  # noqa: E402

from imagecache_handlers.clocks import utc_now  # noqa: E402
from imagecache_handlers.frontends.fleet import opts  # noqa: E402
from imagecache_handlers.frontends.fleet.stats import read_stats  # noqa: E402
from imagecache_handlers.frontends.fleet import weigher  # noqa: E402
from imagecache_handlers.frontends.nova import mixin  # noqa: E402
from tests.frontends.nova.things import Api  # noqa: E402
from tests.functional.nova import moving  # noqa: E402

_PASTE = os.path.join(sys.prefix, 'etc', 'nova', 'api-paste.ini')
_WEIGHERS = [
    'nova.scheduler.weights.all_weighers',
    'imagecache_handlers.frontends.fleet.weigher.ImageLocalityWeigher',
]
HOSTS = 'host-1', 'host-2', 'host-3'
GIB = 2**30
OUT: TextIO = os.fdopen(os.dup(1), 'w')
# What Nova's tests log is no result.
os.dup2(2, 1)


class CachingDriver(mixin.ImageCacheMixin, fake.MediumFakeDriver):
    """Nova's fake driver, with a cache in memory."""

    imagecache_handler = 'memory'


sys.modules['nova.virt.caching'] = types.ModuleType('nova.virt.caching')
sys.modules['nova.virt.caching'].CachingDriver = CachingDriver


class Cloud(moving.MovingCloud):
    """The orders, by their names."""

    microversion = 'latest'
    ADMIN_API = True

    def setUp(self) -> None:
        opts.register_opts(nova.conf.CONF)
        self.flags(api_paste_config=_PASTE, group='wsgi')
        self.flags(weight_classes=_WEIGHERS, group='filter_scheduler')
        self.flags(compute_driver='caching.CachingDriver')
        super().setUp()

    def _setup_compute_service(self) -> Any:
        started = [self._start_compute(host) for host in HOSTS]
        return started[0]

    def runTest(self) -> None:
        self.admin = context.get_admin_context()
        # Nova's tests make errors of them; its shelving has one.
        warnings.simplefilter('ignore', sqlalchemy.exc.SADeprecationWarning)
        self.written = self.groups = 0
        self.flavor = self._create_flavor(memory_mb=64, vcpu=1, disk=5)
        sqlalchemy.event.listen(
            sqlalchemy.engine.Engine, 'before_cursor_execute', self._count
        )
        for number in range(1, 20):
            self._create_image(f'00000000-0000-4000-8000-{number:012}')
        say('ready')
        for line in sys.stdin:
            name, arguments = json.loads(line)
            try:
                result = {'result': getattr(self, f'do_{name}')(**arguments)}
            except Exception as error:
                result = {'error': f'{type(error).__name__}: {error}'}
                import traceback

                traceback.print_exception(error)
            say(result)
        # With all that was started, which takes Nova seconds to wind up.
        os._exit(0)

    def _count(self, connection: Any, cursor: Any, text: str, *_: Any) -> None:
        self.written += text.startswith('UPDATE compute_nodes')

    def _create_image(self, image: str) -> None:
        self.glance.create(
            None,
            {
                'id': image,
                'name': image,
                'size': 4 * GIB,
                'status': 'active',
                'container_format': 'bare',
                'disk_format': 'raw',
                'min_ram': 0,
                'min_disk': 0,
                'is_public': True,
                'properties': {},
            },
        )

    def do_boot(self, image: str) -> list[str]:
        """Boot a server, and tell its id and host."""
        server = self._create_server(
            image_uuid=image, flavor_id=self.flavor, networks='none'
        )
        return [server['id'], server['OS-EXT-SRV-ATTR:host']]

    def do_delete(self, servers: list[str]) -> None:
        for server in servers:
            self.api.delete_server(server)
        for server in servers:
            self._wait_until_deleted({'id': server, 'status': 'ACTIVE'})

    def do_boot_from_volume(self, image: str) -> list[str]:
        """Boot a server from a volume that is made of an image."""
        wanted = self._build_server(networks='none', flavor_id=self.flavor)
        del wanted['imageRef']
        wanted['block_device_mapping_v2'] = [
            {
                'source_type': 'image',
                'destination_type': 'volume',
                'boot_index': 0,
                'uuid': image,
                'volume_size': 1,
            }
        ]
        made = self.api.post_server({'server': wanted})
        server = self._wait_for_state_change(made, 'ACTIVE')
        return [server['id'], server['OS-EXT-SRV-ATTR:host']]

    def do_sweep(self, image: str, host: str) -> None:
        """Have one host sweep until it has evicted what no lease keeps.

        It is seen unused first, and its age begins with the next second.
        """
        manager = self.computes[host].manager
        opened = manager.driver.image_cache_manager.open_cache()
        for found in opened.cache.find(image):
            for owner in found.marks.leases:
                opened.cache.release(image, owner)
        name = 'remove_unused_original_minimum_age_seconds'
        self.flags(**{name: 0}, group='image_cache')
        while opened.cache.find(image):
            manager._run_image_cache_manager_pass(self.admin)
            time.sleep(0.1)

    def do_precache(self, image: str, hosts: list[str]) -> None:
        """Ask the real API to have an image cached on these hosts."""
        group = self._make_group(hosts, {})
        for host in hosts:
            api = Api(image, b'image')
            self.computes[host].driver.image_api = lambda api=api: api
        self.api.api_post(
            f'/os-aggregates/{group}/images', {'cache': [{'id': image}]}
        )
        for host in hosts:
            self.api.remove_host_from_aggregate(group, host)

    def do_group(self, hosts: list[str], metadata: dict[str, str]) -> int:
        return self._make_group(hosts, metadata)

    def do_ungroup(self, group: int, host: str) -> None:
        self.api.remove_host_from_aggregate(group, host)

    def _make_group(self, hosts: list[str], metadata: dict[str, str]) -> int:
        self.groups += 1
        name = f'group-{self.groups}'
        group = self.api.post_aggregate({'aggregate': {'name': name}})['id']
        if metadata:
            self.api.post_aggregate_action(
                group, {'set_metadata': {'metadata': metadata}}
            )
        for host in hosts:
            self.api.add_host_to_aggregate(group, host)
        return int(group)

    def do_minute(self) -> int:
        """Let a minute pass; tell how often a host was written anew."""
        self.written = 0
        self._run_periodics()
        return self.written

    def do_told(self, host: str, image: str) -> bool | None:
        """Tell what a host has told of an image; None: it told nothing."""
        cell = self.host_mappings[host].cell_mapping
        with context.target_cell(self.admin, cell) as inside:
            [node] = objects.ComputeNodeList.get_all_by_host(inside, host)
        digest = read_stats(node.stats)
        return None if digest is None else digest.has_image(image)

    def do_count_fresh(self, host: str, image: str) -> int | None:
        """Count what the scheduler takes for new servers of an image."""
        manager = self.scheduler.manager.host_manager
        states = manager.get_host_states_by_uuids(
            self.admin, None, objects.RequestSpec(requested_destination=None)
        )
        [state] = [one for one in states if one.host == host]
        since = utc_now() - datetime.timedelta(hours=1)
        return weigher._count_fresh(state, image, since)

    def do_set(self, name: str, value: Any) -> None:
        self.flags(**{name: value}, group=opts.GROUP)


def say(what: Any) -> None:
    OUT.write(json.dumps(what) + '\n')
    OUT.flush()


def main() -> None:
    result = unittest.TestResult()
    Cloud().run(result)
    for _, text in result.errors + result.failures:
        sys.stderr.write(text)


if __name__ == '__main__':
    main()
