"""Objects and options of Nova's, in a process that has no database."""

import os
from typing import Any
from unittest import mock

from benchmarks.nova_tree import DISKS_EACH
from benchmarks.nova_tree import name_image
from benchmarks.nova_tree import name_instance


class Nova:
    """Nova's options and objects, in a process that has no database."""

    def __init__(self, folder: str) -> None:
        from nova import monkey_patch

        monkey_patch.patch('threading')
        import nova.conf
        import nova.objects
        import nova.privsep.path

        self.loads = self.queries = 0
        nova.objects.register_all()
        self.conf = nova.conf.CONF
        self.conf([], project='nova', default_config_files=[])
        self.conf.set_override('instances_path', folder)
        self.conf.set_override('host', 'here')
        mock.patch.multiple(
            nova.objects.BlockDeviceMappingList,
            bdms_by_instance_uuid=self._query,
        ).start()
        mock.patch.object(
            nova.objects.Instance, 'obj_load_attr', self._load
        ).start()
        # Its daemon with more rights is not what is measured.
        mock.patch.object(nova.privsep.path, 'utime', os.utime).start()

    def _query(self, *unused: Any) -> dict[str, Any]:
        self.queries += 1
        return {}

    def _load(self, name: str) -> None:
        self.loads += 1
        raise AssertionError(f'{name} is asked of the database')

    def list_instances(self, count: int) -> Any:
        """Give them as Nova's pass does: with the columns of the table."""
        import nova.objects

        instances = [
            nova.objects.Instance(
                id=number,
                uuid=name_instance(number),
                display_name='vm',
                host='here',
                task_state=None,
                vm_state='active',
                image_ref=name_image(number // DISKS_EACH),
                kernel_id='',
                ramdisk_id='',
            )
            for number in range(count)
        ]
        return nova.objects.InstanceList(objects=instances)
