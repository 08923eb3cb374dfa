"""Libvirt compute: Nova's compute manager and libvirt driver, to order.

A program: ``DRIVER INSTANCES``.  Nova's own tests have all but libvirtd and
QEMU for it: API, conductor, scheduler, placement and databases.  Orders come
in as lines of JSON, results go out as such.
"""

import hashlib
import json
import logging
import os
import sys
import threading
import time
from typing import Any
from typing import TextIO
import unittest

# Before all else of Nova, as its own nova-compute does.
from tests.functional.nova.patching import patch_nova

patch_nova()

import fixtures  # noqa: E402
import nova.conf  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402
from nova.objects import instance as nova_instance  # noqa: E402
from nova import service as nova_service  # noqa: E402
from nova.tests import fixtures as nova_fixtures  # noqa: E402
from nova.tests.functional.libvirt import base  # noqa: E402
from oslo_service import service as oslo_service  # noqa: E402
import sqlalchemy  # noqa: E402

from imagecache_handlers.frontends.fleet.stats import read_stats  # noqa: E402
from imagecache_handlers.frontends.nova import launching  # noqa: E402
from imagecache_handlers.frontends.nova import reading_again  # noqa: E402

_PASTE = os.path.join(sys.prefix, 'etc', 'nova', 'api-paste.ini')
DRIVER, INSTANCES = sys.argv[1:3]
OUT: TextIO = os.fdopen(os.dup(1), 'w')
# What Nova's tests log is no result.
os.dup2(2, 1)


class Api:
    """Nova's image API with one image of so many bytes."""

    def __init__(self, image_id: str, data: bytes) -> None:
        self.image_id = image_id
        self.data = data
        self.downloads = 0

    def get(self, context: Any, image_id: str) -> dict[str, Any]:
        assert image_id == self.image_id
        return {
            'id': image_id,
            'status': 'active',
            'size': len(self.data),
            'disk_format': 'raw',
            'container_format': 'bare',
            'os_hash_algo': 'sha512',
            'os_hash_value': hashlib.sha512(self.data).hexdigest(),
            'properties': {},
        }

    def download(self, context: Any, image_id: str) -> Any:
        self.downloads += 1
        return iter([self.data[:1000], self.data[1000:]])


class Bare(fixtures.Fixture):
    """Does nothing."""


class Launched(oslo_service.ServiceBase):
    """Nova's compute service, which has been started before."""

    def __init__(self, service: Any) -> None:
        self.service = service
        # Of what else is waited for, its timers, Nova's tests have none.
        self.ended = threading.Event()

    def start(self) -> None:
        """It has been."""

    def stop(self) -> None:
        self.service.stop()
        self.ended.set()

    def wait(self) -> None:
        # From now on signals are heard.
        say('serving')
        self.ended.wait()

    def reset(self) -> None:
        self.service.reset()


class Compute(base.ServersTestBase):
    """The orders, by their names."""

    microversion = 'latest'
    ADMIN_API = True

    def setUp(self) -> None:
        launching.add_drivers()
        self.loads: list[str] = []
        self.queries = self.asked = 0
        # It would keep us from the devices that lend images.
        self.useFixture(
            fixtures.MockPatchObject(nova_fixtures, 'SysFsPoisonFixture', Bare)
        )
        self.flags(api_paste_config=_PASTE, group='wsgi')
        super().setUp()
        self.flags(instances_path=INSTANCES)
        # What Nova asks its helper for, it does itself.
        self.useFixture(nova_fixtures.PrivsepFixture())

    def _setup_compute_service(self) -> None:
        self.flags(compute_driver=DRIVER)

    def runTest(self) -> None:
        self.start_compute()
        self.manager = self.computes['compute1'].manager
        self.driver = self.manager.driver
        self.admin = context.get_admin_context()
        self._tell_ours()
        self._count_questions()
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

    def _tell_ours(self) -> None:
        """Have what we log on standard error, whatever Nova's tests do."""
        log = logging.getLogger('imagecache_handlers')
        log.addHandler(logging.StreamHandler(sys.stderr))
        log.propagate = False
        log.setLevel(logging.INFO)

    def _count_questions(self) -> None:
        load = nova_instance.Instance.obj_load_attr

        def counted(instance: Any, name: str) -> None:
            self.loads.append(name)
            load(instance, name)

        nova_instance.Instance.obj_load_attr = counted
        is_set = nova_instance.Instance.obj_attr_is_set

        def counted_asking(instance: Any, name: str) -> bool:
            self.asked += name in ('image_ref', 'kernel_id', 'ramdisk_id')
            return bool(is_set(instance, name))

        nova_instance.Instance.obj_attr_is_set = counted_asking

        def count(*unused: Any) -> None:
            self.queries += 1

        sqlalchemy.event.listen(
            sqlalchemy.engine.Engine, 'before_cursor_execute', count
        )

    def do_told(self, images: list[str]) -> list[bool] | None:
        """Let a minute pass, and tell what the scheduler hears of these.

        None: it was told nothing.
        """
        self._run_periodics()
        [node] = objects.ComputeNodeList.get_all(self.admin)
        assert node.stats['uptime']
        digest = read_stats(node.stats)
        return digest and [digest.has_image(image) for image in images]

    def do_boot(self, image: str) -> str:
        server = self._create_server(image_uuid=image, networks='none')
        return str(server['id'])

    def do_know(self, uuids: list[str], image: str) -> None:
        """Have the database know instances of that image on this host."""
        for uuid in uuids:
            objects.Instance(
                self.admin,
                uuid=uuid,
                host='compute1',
                image_ref=image,
                project_id='project',
                user_id='user',
            ).create()

    def do_read_again(self) -> list[str]:
        """Read Nova's list once more, as a long pass does."""
        listed = objects.InstanceList.get_by_filters(
            self.admin, {'host': 'compute1'}, expected_attrs=[]
        )
        again = reading_again.read_again(self.admin, listed, 'compute1')
        assert again is not None
        return [str(instance.uuid) for instance in again]

    def do_sweep(self) -> dict[str, Any]:
        """Run Nova's pass, and tell what it asked the database for."""
        self.loads.clear()
        self.queries = self.asked = 0
        start = time.monotonic()
        self.manager._run_image_cache_manager_pass(self.admin)
        return {
            'seconds': time.monotonic() - start,
            'loads': list(self.loads),
            'queries': self.queries,
            'asked': self.asked,
        }

    def do_cache(self, image: str, size: int) -> list[Any]:
        """Have it cached as by request, twice; with the downloads."""
        api = Api(image, os.urandom(size))
        self.driver.image_api = lambda: api
        said = [
            self.manager.cache_images(self.admin, [image])[image]
            for _ in range(2)
        ]
        return [*said, api.downloads]

    def do_precache(self, image: str, size: int) -> list[int]:
        """Ask the real API, with two computes; tell what each fetched."""
        self.start_compute('compute2')
        name = self.api.post_aggregate({'aggregate': {'name': 'all'}})['id']
        apis = []
        for host, compute in self.computes.items():
            self.api.add_host_to_aggregate(name, host)
            apis.append(Api(image, os.urandom(size)))
            compute.driver.image_api = lambda api=apis[-1]: api
        self.api.api_post(
            f'/os-aggregates/{name}/images', {'cache': [{'id': image}]}
        )
        return [api.downloads for api in apis]

    def do_notified(self) -> list[str]:
        """Tell what a sweep sends by the real oslo.messaging."""
        from oslo_messaging.notify import _impl_test

        self.flags(driver=['test'], group='oslo_messaging_notifications')
        self.flags(notifications=True, group='imagecache')
        _impl_test.reset()
        self.driver.manage_image_cache(self.admin, [])
        return [
            message['event_type']
            for _, message, *_ in _impl_test.NOTIFICATIONS
            if message['publisher_id'].startswith('imagecache.')
        ]

    def do_serve(self, options: str) -> None:
        """Serve as nova-compute does, until a signal, and sweep all along.

        ``options`` is the file that SIGHUP has it read: Nova's tests read
        none by themselves.
        """
        nova.conf.CONF.default_config_files = [options]
        launched = Launched(self.computes['compute1'])
        threading.Thread(
            target=self._sweep_on, args=[launched], daemon=True
        ).start()
        try:
            nova_service.serve(launched, workers=1, no_fork=True)
            nova_service.wait()
        except SystemExit as error:
            # Before Nova's tests tidy up, which nova-compute does not.
            os._exit(int(error.code or 0))

    def do_stand_still(self) -> None:
        """Have a sweep wait, once an image went, until it is to end."""
        manager = self.driver.image_cache_manager
        kind = type(manager.open_cache().handler)
        evict_many = kind.evict_many

        def stand_still(handler: Any, images: Any, in_time: Any) -> Any:
            # One by one, else all of so few go in one step.
            for image in images:
                yield from evict_many(handler, [image], in_time)
                say('standing')
                while in_time():
                    time.sleep(0.05)

        kind.evict_many = stand_still

    def _sweep_on(self, launched: Launched) -> None:
        while not launched.ended.is_set():
            self.driver.manage_image_cache(self.admin, [])
            time.sleep(0.1)

    def do_usage(self) -> int:
        return int(self.driver.image_cache_manager.get_disk_usage())

    def do_capable(self) -> bool:
        return bool(self.driver.capabilities['has_imagecache'])

    def do_set(self, group: str, name: str, value: Any) -> None:
        self.flags(**{name: value}, group=group)

    def do_name(self) -> str:
        return type(self.driver).__module__


def say(what: Any) -> None:
    OUT.write(json.dumps(what) + '\n')
    OUT.flush()


def main() -> None:
    result = unittest.TestResult()
    Compute().run(result)
    for _, text in result.errors + result.failures:
        sys.stderr.write(text)


if __name__ == '__main__':
    main()
