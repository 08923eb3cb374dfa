"""One process of Nova's libvirt driver: spawns, requests and passes at once.

A program, ``INSTANCES``: for each line that comes in a process works until it
is killed, and tells what it has done, a JSON object a line; the first line is
its number, the last one is null.  All that a spawn does with files is Nova's:
it fetches, converts, locks, and has qemu-img make the disk.  There is no
libvirtd after that.
"""

import datetime
import hashlib
import json
import os
import pathlib
import random
import shutil
import sys
import threading
import time
import types
from typing import Any
import uuid

# Before all else of Nova, as its own nova-compute does.
from tests.functional.nova.patching import patch_nova

patch_nova()

# Nova's driver wants it to be there, and asks it nothing before a guest.
sys.modules.setdefault('libvirt', types.ModuleType('libvirt'))

import nova.conf  # noqa: E402
from nova import config  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402
import nova.privsep  # noqa: E402
from nova.virt import fake  # noqa: E402
from nova.virt import images  # noqa: E402
from nova.virt.libvirt import driver  # noqa: E402

from imagecache_handlers.actions.report import Did  # noqa: E402
from imagecache_handlers.exceptions import CacheError  # noqa: E402
from imagecache_handlers.frontends.nova import holding  # noqa: E402
from imagecache_handlers.frontends.nova import libvirt  # noqa: E402
from tests.directory.disks import die_with_parent  # noqa: E402
from tests.functional.nova.one_images import content_of  # noqa: E402
from tests.functional.nova.one_images import IMAGES  # noqa: E402

# Fewer disks would look as if a mount had gone.
FEWEST, MOST = 6, 9
LEASE = datetime.timedelta(seconds=30)
DISK = {'disk': {'bus': 'virtio', 'dev': 'vda', 'type': 'disk'}}
SETTINGS = """\
[DEFAULT]
instances_path = {instances}
host = compute
transport_url = fake://
[imagecache]
remove_unused_original_minimum_age_seconds = 0
clock_skew_seconds = 0
prefetch_ttl_seconds = 1
"""


class Api:
    """Nova's image API, with all of the images."""

    def get(self, context: Any, image_id: str, **how: Any) -> dict[str, Any]:
        data = content_of(image_id)
        return {
            'id': image_id,
            'status': 'active',
            'size': len(data),
            'disk_format': 'raw',
            'container_format': 'bare',
            'os_hash_algo': 'sha512',
            'os_hash_value': hashlib.sha512(data).hexdigest(),
            'properties': {},
        }

    def download(
        self,
        context: Any,
        image_id: str,
        data: Any = None,
        dest_path: str | None = None,
        trusted_certs: Any = None,
    ) -> Any:
        pieces = content_of(image_id)
        if dest_path is None:
            return iter([pieces[:1000], pieces[1000:]])
        pathlib.Path(dest_path).write_bytes(pieces)
        return None


class DiskDriver(driver.LibvirtDriver):  # type: ignore[misc]
    """Nova's driver, whose spawn ends once its disks are made."""

    def spawn(self, context: Any, instance: Any, *unused: Any) -> None:
        self._create_image(context, instance, DISK)


class OurDriver(libvirt.LibvirtImageCacheMixin, DiskDriver):
    """The same with our cache, put together as ``imagecache_libvirt`` is."""

    def image_api(self) -> Any:
        return Api()


class Process:
    def __init__(self, instances: pathlib.Path) -> None:
        self.instances = instances
        self.context = context.get_admin_context()
        self.driver = OurDriver(fake.FakeVirtAPI())
        self.done = dict.fromkeys(
            ('spawned', 'failed', 'cached', 'swept', 'evicted'), 0
        )
        self.living = [
            path
            for path in instances.iterdir()
            if (path / 'disk').exists() and path.name != 'resident'
        ]

    def run(self) -> None:
        for work in self.spawn, self.spawn, self.request, self.sweep:
            threading.Thread(target=self.repeat, args=[work]).start()
        while True:
            time.sleep(0.2)
            say(self.done)

    def repeat(self, work: Any) -> None:
        while True:
            try:
                work()
            except CacheError as error:
                print(f'{work.__name__}: {error}', file=sys.stderr)
            time.sleep(random.uniform(0, 0.1))

    def spawn(self) -> None:
        """Make an instance's disk, and let the oldest go."""
        instance = describe_instance(random.choice(IMAGES))
        try:
            self.driver.spawn(self.context, instance)
        # Nova's errors for a base that went have no base of their own.
        except Exception as error:
            print(f'spawn: {error!r}', file=sys.stderr)
            self.done['failed'] += 1
            shutil.rmtree(self.instances / instance.uuid, ignore_errors=True)
            return
        self.done['spawned'] += 1
        self.living.append(self.instances / instance.uuid)
        if len(self.living) > MOST:
            while len(self.living) > FEWEST:
                shutil.rmtree(self.living.pop(0))

    def request(self) -> None:
        image_id = random.choice(IMAGES)
        self.done['cached'] += self.driver.cache_image(self.context, image_id)

    def sweep(self) -> None:
        # Nova's database knows of none of them: all is seen on the disks.
        self.driver.manage_image_cache(self.context, [])
        report = self.driver.image_cache_manager.report
        self.done['swept'] += 1
        did = [one.did for one in report.outcomes]
        self.done['evicted'] += did.count(Did.EVICTED)


def describe_instance(image_id: str) -> Any:
    """Make an instance as nova-api stores it."""
    return objects.Instance(
        uuid=str(uuid.uuid4()),
        host='compute',
        image_ref=image_id,
        kernel_id='',
        ramdisk_id='',
        config_drive='',
        os_type=None,
        vm_mode=None,
        vm_state='building',
        task_state='spawning',
        trusted_certs=None,
        migration_context=None,
        system_metadata={},
        # Of no size of its own: a disk is as large as its image.
        flavor=objects.Flavor(root_gb=0, ephemeral_gb=0, swap=0),
    )


def say(what: Any) -> None:
    OUT.write(json.dumps(what) + '\n')
    OUT.flush()


def main(instances: pathlib.Path) -> None:
    file = instances.parent / 'nova.conf'
    file.write_text(SETTINGS.format(instances=instances))
    config.parse_args(['nova', '--config-file', str(file)], configure_db=False)
    objects.register_all()
    # What Nova asks its helper for, it does itself.
    nova.privsep.sys_admin_pctxt.set_client_mode(False)
    images.IMAGE_API = Api()
    # Who was killed in a spawn would hold its image for an hour.
    holding._TTL = LEASE
    for _ in sys.stdin:
        # To load Nova takes longer than all that one does.
        if (number := os.fork()) == 0:
            work(instances)
        os.waitpid(number, 0)
        say(None)


def work(instances: pathlib.Path) -> None:
    die_with_parent()
    say(os.getpid())
    Process(instances).run()


if __name__ == '__main__':
    OUT = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    main(pathlib.Path(sys.argv[1]))
