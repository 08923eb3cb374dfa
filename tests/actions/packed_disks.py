"""Disks as images, and backends that do not take each of their formats."""

import dataclasses
import subprocess

from imagecache_handlers import packed_vhd
from imagecache_handlers.testing.memory import MemoryHandler
from tests.actions.incoming import Images


class RawOnly(MemoryHandler):
    """A backend that takes raw disks, and no others."""

    formats = ('raw',)


class Disks(Images):
    """Images of one format, of which only that is known."""

    disk_format = 'qcow2'

    def describe(self, image_id):
        meta = super().describe(image_id)
        return dataclasses.replace(
            meta, disk_format=self.disk_format, virtual_size=None
        )


def make_disk(folder, *options):
    path = folder / 'disk.qcow2'
    command = ['qemu-img', 'create', '-q', '-f', 'qcow2', *options, str(path)]
    subprocess.run([*command, '1M'], check=True)  # noqa: S603
    return path.read_bytes()


class Packs(Images):
    """Images that are tar.gz of VHDs."""

    def describe(self, image_id):
        meta = super().describe(image_id)
        return dataclasses.replace(
            meta, disk_format=packed_vhd.FORMAT, virtual_size=None
        )


class Vhds(MemoryHandler):
    """A backend as XenServer is."""

    formats = ('vhd', 'raw')


class Measuring(MemoryHandler):
    """A backend that takes all formats, and makes room for the disk in one."""

    formats = ('raw', 'qcow2')

    def room(self, meta, store):
        return meta.virtual_size or meta.size
