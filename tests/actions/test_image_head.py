"""How large the disk in an image is, by as little of it as tells that."""

import contextlib
import itertools
import subprocess

import pytest

from imagecache_handlers.actions.image_head import find_virtual_size
from imagecache_handlers import Checksum
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import SourceError
from imagecache_handlers.staging.stopping import never
from imagecache_handlers import Stopped
from imagecache_handlers import Stretch
from imagecache_handlers.testing.shelf import Shelf
from imagecache_handlers import Unsupported
from tests.actions.incoming import HOUR
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings
from tests.actions.packed_disks import Disks
from tests.actions.packed_disks import make_disk
from tests.actions.packed_disks import RawOnly

MIB = 2**20
DISK = 40 * MIB


class Pieces:
    """A source of one image, in pieces; ``read`` of its bytes were given.

    What follows the bytes, up to the size of the image, is zeros.
    """

    def __init__(self, data, piece, disk_format, size=None, **properties):
        self.data = data
        self.piece = piece
        self.read = 0
        self.ignores_range = False
        self.meta = ImageMeta(
            image_id='a',
            size=size or len(data),
            disk_format=disk_format,
            checksum=Checksum(algorithm='sha256', value='0' * 64),
            properties=properties,
        )

    @contextlib.contextmanager
    def read_from(self, meta, offset):
        start = 0 if self.ignores_range else offset
        yield Stretch(start, self.give(start))

    def give(self, at):
        while at < self.meta.size:
            end = min(at + self.piece, self.meta.size)
            self.read += end - at
            yield self.data[at:end].ljust(end - at, b'\0')
            at = end

    def find(self, should_stop=never):
        return find_virtual_size(self, self.meta, should_stop)


def make(folder, qemu_format, options):
    path = folder / 'disk'
    command = ['qemu-img', 'create', '-q', '-f', qemu_format]
    command += ['-o', options] if options else []
    subprocess.run([*command, str(path), str(DISK)], check=True)  # noqa: S603
    return path.read_bytes()


@pytest.mark.parametrize('piece', [512, 2**16, MIB])
@pytest.mark.parametrize(
    ('disk_format', 'qemu_format', 'options', 'most'),
    [
        ('qcow2', 'qcow2', '', 1),
        ('qcow2', 'qcow2', 'cluster_size=2M', 1),
        ('qcow2', 'qcow2', 'compat=0.10', 1),
        ('vmdk', 'vmdk', 'subformat=monolithicSparse', 1),
        # Its footer is at its end, and says no more than its header.
        ('vmdk', 'vmdk', 'subformat=streamOptimized', 1),
        ('vdi', 'vdi', '', 1),
        ('vhd', 'vpc', 'subformat=dynamic,force_size=on', 1),
        # All that it has is a footer.
        ('vhd', 'vpc', 'subformat=fixed,force_size=on', 1),
        ('vhdx', 'vhdx', '', 4),
        ('vhdx', 'vhdx', 'log_size=16M', 64),
    ],
)
def test_its_ends_tell(
    tmp_path, disk_format, qemu_format, options, most, piece
):
    data = make(tmp_path, qemu_format, options)
    properties = {'vmware_disktype': 'sparse'} if 'vmdk' in disk_format else {}
    # Bytes enough to see that not all of them are asked for.
    size = len(data) if disk_format == 'vhd' else len(data) + 99 * MIB
    source = Pieces(data, piece, disk_format, size, **properties)
    assert source.find() == DISK
    assert source.read <= most * MIB + 2 * max(piece, 512)


JUNK = bytes(range(256)) * 8192


@pytest.mark.parametrize(
    ('disk_format', 'data', 'most'),
    [
        ('qcow2', JUNK, 1),
        ('vmdk', b'KDMV' + JUNK, 1),
        ('vhd', JUNK, 1),
        ('vhdx', JUNK, 64),
        ('vhdx', b'vhdxfile' + JUNK, 64),
    ],
)
def test_what_does_not_tell_costs_no_more(disk_format, data, most):
    """Neither are the others asked for, nor is a hole of a TiB read."""
    source = Pieces(data, MIB, disk_format, 2**40)
    with pytest.raises(Unsupported):
        source.find()
    assert source.read <= (most + 1) * MIB


@pytest.mark.parametrize('size', [2**62, 2**63, 2**70])
@pytest.mark.parametrize('disk_format', ['qcow2', 'vhd'])
def test_what_is_larger_than_any_file_is_refused(disk_format, size):
    source = Pieces(JUNK, MIB, disk_format, size)
    with pytest.raises(Unsupported, match='no file has'):
        source.find()


def test_a_footer_is_not_looked_for_in_all_of_it(tmp_path):
    data = make(tmp_path, 'vpc', 'subformat=fixed,force_size=on')
    source = Pieces(data, MIB, 'vhd')
    source.ignores_range = True
    with pytest.raises(Unsupported):
        source.find()
    assert source.read <= 2 * MIB


def test_it_stops_between_two_pieces():
    source = Pieces(JUNK, 2**16, 'vhdx')
    with pytest.raises(Stopped):
        source.find(lambda: source.read > 3 * 2**16)
    assert source.read == 4 * 2**16


@pytest.mark.parametrize('says_so', [True, False])
@pytest.mark.parametrize(('cuts', 'did'), [(1, 'cached'), (99, 'error')])
def test_a_cut_is_asked_again(tmp_path, says_so, cuts, did):
    """Its disk is no smaller, nor is it none, for a cut of the network."""

    class Cut(Disks):
        left = cuts

        def pieces(self, image_id, at):
            if self.left:
                self.left -= 1
                yield self.images[image_id][:100]
                if says_so:
                    raise SourceError('disks', 'cut off', retry=True)
                return
            yield from super().pieces(image_id, at)

    passed = itertools.count()
    cache = ImageCache(
        RawOnly(Shelf()),
        QUICK,
        monotonic=lambda: float(next(passed)) / 1000,
        sleep=lambda seconds: None,
    )
    source = Cut(a=make_disk(tmp_path))
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert (result.did, 'first' in result.why) == (
        did,
        did == 'error' and not says_so,
    )
