"""Given hash: what a person says of an image that is there already."""

import dataclasses
import hashlib

import pytest

from imagecache_handlers import Checksum
from imagecache_handlers import ImageCache
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.actions.incoming import put
from tests.actions.incoming import QUICK
from tests.actions.incoming import settings

HERE, OTHER = 'a' * 64, 'b' * 64


class Given(Images):
    """A source whose one image has the hash that a person gave."""

    def __init__(self, checksum, disk_format):
        super().__init__(a=b'a')
        self.checksum = checksum
        self.disk_format = disk_format

    def describe(self, image_id):
        meta = super().describe(image_id)
        return dataclasses.replace(meta, disk_format=self.disk_format)


class RawOnly(MemoryHandler):
    formats = ('raw',)


SHA512 = hashlib.sha512(b'a').hexdigest()


@pytest.mark.parametrize(
    ('known', 'given', 'form', 'did', 'why'),
    [
        (HERE, f'sha256:{HERE}', 'raw', 'existing', ''),
        (HERE, f'sha256:{OTHER}', 'raw', 'error', f'{HERE}, not {OTHER}'),
        (HERE, f'sha256:{OTHER}', 'qcow2', 'existing', 'was converted'),
        (HERE, f'sha512:{SHA512}', 'raw', 'existing', 'no sha512'),
        (None, f'sha256:{OTHER}', 'raw', 'existing', 'no hash of it'),
    ],
)
def test_it_is_compared_where_it_can_be(
    tmp_path, known, given, form, did, why
):
    shelf = Shelf()
    put(shelf, 'a', 1, *([f'sha256.{known}'] if known else []))
    algorithm, _, value = given.partition(':')
    checksum = Checksum(algorithm=algorithm, value=value)
    [result] = ImageCache(RawOnly(shelf), QUICK).prefetch(
        ['a'], Given(checksum, form), HOUR, settings=settings(tmp_path)
    )
    assert result.did == did
    assert why in result.why
    assert bool(result.why) == bool(why)
    leased = any('lease' in one for one in shelf.entries['at-a'].labels)
    assert leased == (did == 'existing')
