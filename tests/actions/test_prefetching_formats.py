"""Formats that a backend does not take: converted, unpacked or refused."""

import gzip
import hashlib
import tarfile

import pytest

from imagecache_handlers import ImageCache
from imagecache_handlers import packed_vhd
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import opened
from tests.actions.incoming import put
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings
from tests.actions.packed_disks import Disks
from tests.actions.packed_disks import make_disk
from tests.actions.packed_disks import Packs
from tests.actions.packed_disks import RawOnly
from tests.actions.packed_disks import Vhds
from tests.staging import packed


def test_what_the_backend_does_not_take_is_converted(tmp_path):
    cache = ImageCache(RawOnly(), QUICK)
    source = Disks(a=make_disk(tmp_path))
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert (result.did, result.why) == ('cached', '')
    [image] = cache.find('a')
    assert image.size == 2**20
    zeros = hashlib.sha256(bytes(2**20)).hexdigest()
    assert image.marks.sha256 == zeros


def test_what_leads_elsewhere_is_refused_before_it_is_visible(tmp_path):
    disk = make_disk(tmp_path, '-u', '-F', 'raw', '-b', '/etc/passwd')
    for handler in MemoryHandler(), RawOnly():
        cache = ImageCache(handler, QUICK)
        [result] = cache.prefetch(
            ['a'], Disks(a=disk), HOUR, settings=settings(tmp_path)
        )
        assert result.did == 'refused', result.why
        assert 'backing' in result.why
        assert not cache.inventory().images


def test_what_cannot_be_told_is_refused(tmp_path):
    cache = ImageCache(RawOnly(), QUICK)
    [result] = cache.prefetch(
        ['a'], Disks(a=b'no disk'), HOUR, settings=settings(tmp_path)
    )
    assert result.did == 'refused'
    assert 'do not tell how large' in result.why


def test_a_disk_larger_than_allowed_is_refused(tmp_path):
    cache, _ = opened(tmp_path)
    wanted = settings(tmp_path, max_image_size=2**20 - 1)
    source = Disks(a=make_disk(tmp_path))
    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert result.did == 'refused'


@pytest.mark.parametrize('is_packed', [True, False])
def test_what_its_first_bytes_tell_to_be_too_large_costs_nothing(
    tmp_path, is_packed
):
    vhd = packed.make_vhd(tmp_path, b'abc' * 2**20)
    source = Packs(a=packed.pack(('0.vhd', vhd)))
    if not is_packed:
        source = Disks(a=make_disk(tmp_path))
    shelf = Shelf(total=len(vhd) + 10)
    put(shelf, 'idle', 20)
    cache = ImageCache((Vhds if is_packed else RawOnly)(shelf), QUICK)
    wanted = settings(tmp_path, max_image_size=2**20 - 1)
    [result] = cache.prefetch(['a'], source, HOUR, settings=wanted)
    assert result.did == 'unsupported'
    assert 'is the most' in result.why
    assert source.begun == ['a']
    assert 'at-idle' in shelf.entries


def test_the_disk_of_a_tar_gz_is_what_room_is_made_for(tmp_path):
    vhd = packed.make_vhd(tmp_path, b'abc' * 2**20)
    source = Packs(a=packed.pack(('0.vhd', vhd)))
    assert len(source.images['a']) < len(vhd)
    for total, did in (len(vhd) - 1, 'refused'), (len(vhd), 'cached'):
        cache = ImageCache(Vhds(Shelf(total=total)), QUICK)
        [result] = cache.prefetch(
            ['a'], source, HOUR, settings=settings(tmp_path)
        )
        assert result.did == did, result.why
    [image] = cache.find('a')
    assert image.size == len(vhd)
    assert image.marks.sha256 == hashlib.sha256(vhd).hexdigest()


def test_a_chain_is_unsupported_before_anything_goes_for_it(tmp_path):
    vhd = packed.make_vhd(tmp_path, b'abc' * 2**20)
    child = packed.make_child(vhd)
    source = Packs(a=packed.pack(('0.vhd', child), ('1.vhd', vhd)))
    shelf = Shelf(total=len(vhd) + 10)
    put(shelf, 'idle', 20)
    cache = ImageCache(Vhds(shelf), QUICK)
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'unsupported'
    assert result.why.endswith(packed_vhd.CHAIN)
    assert 'at-idle' in shelf.entries
    assert not shelf.reservations


def test_a_disk_that_cannot_be_in_it_costs_nothing(tmp_path):
    vhd = packed.make_vhd(tmp_path, b'abc' * 2**20)
    entry = tarfile.TarInfo('0.vhd')
    entry.size = 2**30
    source = Packs(a=gzip.compress(entry.tobuf() + vhd))
    shelf = Shelf(total=2**30 + 10)
    put(shelf, 'idle', 20)
    cache = ImageCache(Vhds(shelf), QUICK)
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'unsupported'
    assert 'its disk is said to have 1 GiB' in result.why
    assert 'at-idle' in shelf.entries


@pytest.mark.parametrize('kind', [MemoryHandler, RawOnly])
def test_a_tar_gz_of_vhds_is_for_who_takes_a_vhd(tmp_path, kind):
    source = Packs(a=packed.pack(('0.vhd', b'x')))
    cache = ImageCache(kind(), QUICK)
    [result] = cache.prefetch(['a'], source, HOUR, settings=settings(tmp_path))
    assert result.did == 'unsupported'
    assert 'hosts of XenServer' in result.why
    assert not source.begun
