"""Nova's own manager of ``_base``, beside which ours is measured.

It runs as a program of its own, in an environment that has Nova (34): on a
tree as ``benchmarks.directory`` builds it, with one instance for each disk.
Nova asks ``qemu-img`` about every disk, in a process each; what that takes
is told apart, for with ``--spared`` a few lines of Python read the name from
the header instead.  It prints JSON.
"""

import argparse
import json
import os
import struct
import time
import types
from typing import Any
from unittest import mock

_BACKING = struct.Struct('>8xQI')


def _read_backing_name(path: str, **_: Any) -> str:
    with open(path, 'rb') as file:
        at, size = _BACKING.unpack(file.read(_BACKING.size))
        file.seek(at)
        return os.path.basename(file.read(size).decode())


def _list_instances(folder: str) -> list[types.SimpleNamespace]:
    return [
        types.SimpleNamespace(
            uuid=name,
            name=name,
            host='here',
            task_state=None,
            vm_state='active',
            image_ref='',
            kernel_id=None,
            ramdisk_id=None,
        )
        for name in sorted(os.listdir(folder))
        if name.startswith('instance-')
    ]


def run_manager(folder: str, *, spared: bool) -> dict[str, float]:
    """Give the seconds of one pass that removes what nobody uses.

    Those on its own processor are without ``qemu-img``'s.
    """
    # It cannot be installed beside us: who runs this has it.
    import nova.conf  # type: ignore[import-not-found]
    import nova.objects  # type: ignore[import-not-found]
    import nova.privsep.path  # type: ignore[import-not-found]
    from nova.virt.libvirt import imagecache  # type: ignore[import-not-found]

    nova.objects.register_all()
    nova.conf.CONF([], project='nova', default_config_files=[])
    nova.conf.CONF.set_override('instances_path', folder)
    nova.conf.CONF.set_override('host', 'here')
    mappings = nova.objects.BlockDeviceMappingList
    patches = [
        mock.patch.object(mappings, 'bdms_by_instance_uuid', lambda *_: {}),
        # Its daemon with more rights is not what is measured.
        mock.patch.object(nova.privsep.path, 'utime', os.utime),
    ]
    if spared:
        utils = imagecache.libvirt_utils
        reading = mock.patch.object(
            utils, 'get_disk_backing_file', _read_backing_name
        )
        patches.append(reading)
    for patch in patches:
        patch.start()
    instances = _list_instances(folder)
    started, cpu = time.perf_counter(), time.process_time()
    imagecache.ImageCacheManager().update(None, instances)
    return {
        'seconds': time.perf_counter() - started,
        'cpu': time.process_time() - cpu,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('instances')
    parser.add_argument('--spared', action='store_true')
    args = parser.parse_args()
    base = os.path.join(args.instances, '_base')
    before = len(os.listdir(base))
    taken = run_manager(args.instances, spared=args.spared)
    removed = before - len(os.listdir(base))
    print(json.dumps({**taken, 'removed': removed}))


if __name__ == '__main__':
    main()
