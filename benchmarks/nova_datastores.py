"""Nova's own pass over the images of a vCenter, beside which ours is measured.

It runs as a program of its own, in an environment that has Nova (34), and
does what it is told in lines of JSON.  Nothing of Nova is changed but that
it finds no volumes: for these it would ask a database.
"""

import sys
import time
from typing import Any

# Before all else of Nova, as its own nova-compute does.
from nova import monkey_patch

monkey_patch.patch('threading')

import nova.conf  # noqa: E402
from nova import config  # noqa: E402
from nova import context  # noqa: E402
from nova import objects  # noqa: E402

# The settings are bound when the driver is imported.
config.parse_args(sys.argv, default_config_files=[], configure_db=False)
objects.register_all()

from nova.virt.vmwareapi import driver  # noqa: E402

from benchmarks.programs import serve_orders  # noqa: E402


class Orders:
    """The orders, by their names."""

    def __init__(self) -> None:
        self._context = context.get_admin_context()
        listed = objects.BlockDeviceMappingList
        listed.bdms_by_instance_uuid = lambda *unused: {}
        self._driver = driver.VMwareVCDriver(None)

    def sweep(self, used: list[str], age: int) -> dict[str, float]:
        """Age the images when instances use some; give what it took."""
        nova.conf.CONF.set_override(
            'remove_unused_original_minimum_age_seconds', age, 'image_cache'
        )
        instances = [describe_instance(*one) for one in enumerate(used, 1)]
        started, cpu = time.perf_counter(), time.process_time()
        self._driver.manage_image_cache(self._context, instances)
        return {
            'seconds': time.perf_counter() - started,
            'cpu': time.process_time() - cpu,
        }


def describe_instance(number: int, image: str) -> Any:
    """Make an instance as nova-api stores it."""
    return objects.Instance(
        id=number,
        uuid=f'00000000-0000-4000-8000-{number:012}',
        host=nova.conf.CONF.host,
        display_name=f'vm {number}',
        image_ref=image,
        kernel_id='',
        ramdisk_id='',
        vm_state='active',
        task_state=None,
    )


if __name__ == '__main__':
    serve_orders(Orders())
