"""Compute: Nova's driver of one vCenter, at the command of a test.

A program: orders come in as lines of JSON, results go out as such. It knows
no vCenter but the one that the file of its settings names.
"""

import datetime
import io
import json
import sys
from typing import Any
import uuid

# Before all else of Nova, as its own nova-compute does.
from tests.functional.nova.patching import patch_nova

patch_nova()

import nova.conf  # noqa: E402
from nova import config  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402

# The settings are bound when the driver is imported.
config.parse_args(sys.argv, default_config_files=[], configure_db=False)
objects.register_all()

from nova.compute import provider_tree  # noqa: E402
from nova.virt import driver  # noqa: E402
from nova.virt.vmwareapi import images  # noqa: E402
from oslo_utils import timeutils  # noqa: E402

from imagecache_handlers.frontends.fleet.stats import read_stats  # noqa: E402
from imagecache_handlers.frontends.nova import launching  # noqa: E402
from tests.functional.nova.vmware_images import ImageService  # noqa: E402
from tests.functional.nova.vmware_images import make_image  # noqa: E402

launching.add_drivers()

PROJECT = '5d6d8d1f2c5c4a4f9a3c53b2c7a0e111'


class Glance:
    """One image for whoever asks: Glance is not what is tried here."""

    def __init__(self) -> None:
        self.data = b''

    def get(self, *unused: Any, **how: Any) -> dict[str, Any]:
        return {'size': len(self.data), 'disk_format': 'vmdk'}

    def download(self, *unused: Any, **how: Any) -> Any:
        source = io.BytesIO(self.data)
        return iter(lambda: source.read(65536), b'')


class Compute:
    """The orders, by their names."""

    def __init__(self) -> None:
        self.context = context.get_admin_context()
        self.glance = images.IMAGE_API = Glance()
        # Without a database an instance has no volumes.
        listed = objects.BlockDeviceMappingList
        listed.bdms_by_instance_uuid = lambda *unused: {}
        self.driver = driver.load_compute_driver(None)

    def set_clock(self, moment: float) -> None:
        """Let it be that many seconds since 1970, until told again."""
        now = datetime.datetime.fromtimestamp(moment, datetime.UTC)

        def utcnow(with_timezone: bool = False) -> datetime.datetime:
            return now if with_timezone else now.replace(tzinfo=None)

        timeutils.utcnow = utcnow

    def sweep(self, used: list[str], age: int) -> None:
        """Let Nova age its images, when instances use some of them."""
        nova.conf.CONF.set_override(
            'remove_unused_original_minimum_age_seconds', age, 'image_cache'
        )
        instances = [
            describe_instance(number, image)
            for number, image in enumerate(used, 1)
        ]
        self.driver.manage_image_cache(self.context, instances)

    def report(self) -> dict[str, Any]:
        """Tell what the last sweep of ours did."""
        report = self.driver.image_cache_manager.report
        return {
            'size': sum(one.image.size for one in report.plan.verdicts),
            'problems': dict(report.plan.problems),
            'did': sorted(one.did.value for one in report.outcomes),
        }

    def cache(
        self, image: str, properties: dict[str, str], size: int, ttl: int
    ) -> list[str]:
        """Have it cached by request, twice, as Nova's manager does."""
        nova.conf.CONF.set_override('prefetch_ttl_seconds', ttl, 'imagecache')
        data = make_image(properties, size)
        api = ImageService(image, data, properties)
        self.driver.image_api = lambda: api
        found = []
        for _ in range(2):
            try:
                cached = self.driver.cache_image(self.context, image)
                found.append('cached' if cached else 'existing')
            except NotImplementedError as error:
                found.append(f'unsupported: {error}')
        return found

    def reserve(self, wanted: bool) -> int:
        """Give the GiB of disk that placement is told to be reserved."""
        nova.conf.CONF.set_override(
            'reserve_disk_resource_for_image_cache', wanted, 'workarounds'
        )
        [node] = self.driver.get_available_nodes()
        tree = provider_tree.ProviderTree()
        tree.new_root(node, str(uuid.uuid4()))
        self.driver.update_provider_tree(tree, node)
        return int(tree.data(node).inventory['DISK_GB']['reserved'])

    def spawn(
        self, number: int, image: str, properties: dict[str, str], size: int
    ) -> str:
        self.glance.data = make_image(properties, size)
        instance = describe_instance(number, image)
        meta = {
            'id': image,
            'name': 'image',
            'size': size,
            'disk_format': properties.pop('disk_format', 'vmdk'),
            'container_format': 'bare',
            'properties': properties,
        }
        self.driver.spawn(
            self.context,
            instance,
            objects.ImageMeta.from_dict(meta),
            injected_files=[],
            admin_password='',
            allocations={},
            network_info=[],
        )
        return str(instance.uuid)

    def destroy(self, number: int, image: str) -> None:
        instance = describe_instance(number, image)
        self.driver.destroy(self.context, instance, network_info=[])

    def told(self, images: list[str]) -> list[bool] | None:
        """Tell which of these it tells the scheduler; None: it tells none."""
        [node] = self.driver.get_available_nodes()
        digest = read_stats(
            self.driver.get_available_resource(node).get('stats')
        )
        return digest and [digest.has_image(image) for image in images]

    def list(self) -> list[str]:
        return sorted(self.driver.list_instances())


def describe_instance(number: int, image: str) -> Any:
    """Make an instance as nova-api stores it."""
    return objects.Instance(
        id=number,
        uuid=f'00000000-0000-4000-8000-{number:012}',
        host=nova.conf.CONF.host,
        node='node',
        display_name=f'vm {number}',
        hostname=f'vm-{number}',
        image_ref=image,
        kernel_id='',
        ramdisk_id='',
        config_drive='',
        project_id=PROJECT,
        user_id='user',
        os_type=None,
        vm_state='active',
        task_state=None,
        vcpus=1,
        memory_mb=64,
        root_gb=1,
        ephemeral_gb=0,
        metadata={},
        system_metadata={},
        numa_topology=None,
        flavor=describe_flavor(),
    )


def describe_flavor() -> Any:
    return objects.Flavor(
        id=1,
        flavorid='1',
        name='small',
        memory_mb=64,
        vcpus=1,
        root_gb=1,
        ephemeral_gb=0,
        swap=0,
        extra_specs={},
    )


def main() -> None:
    compute = Compute()
    print(json.dumps('ready'), flush=True)
    for line in sys.stdin:
        name, arguments = json.loads(line)
        try:
            result = {'result': getattr(compute, name)(**arguments)}
        except Exception as error:
            result = {'error': f'{type(error).__name__}: {error}'}
            nova_log(error)
        print(json.dumps(result), flush=True)


def nova_log(error: Exception) -> None:
    import traceback

    traceback.print_exception(error)


if __name__ == '__main__':
    main()
