"""Whatever a fetch meets, each cache is as clean after it as before."""

import contextlib
import hashlib
import random

import pytest

from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from imagecache_handlers import SourceError
from tests.actions.incoming import HOUR
from tests.actions.incoming import Images
from tests.staging.sources import random_bytes

SIZE = 10_000
CONTENT = random_bytes(SIZE)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PLACES = sorted(random.Random(2).sample(range(SIZE), 200))


class Cut(Images):
    """A source that gives up for good at one byte, the first time."""

    def __init__(self, place):
        super().__init__(piece=1000, a=CONTENT)
        self.place = place

    def pieces(self, image_id, at):
        for piece in super().pieces(image_id, at):
            if self.place is not None and at + len(piece) > self.place:
                yield piece[: self.place - at]
                self.place = None
                raise SourceError(image_id, 'cut off')
            yield piece
            at += len(piece)


class Lying(Images):
    """A source whose bytes are not those that it has described."""

    def __init__(self, given):
        super().__init__(piece=1000, a=CONTENT)
        self.given = given

    @contextlib.contextmanager
    def read_from(self, meta, offset):
        with super().read_from(meta, offset) as stretch:
            # By now it has other ones.
            self.images['a'] = self.given
            yield stretch
            self.images['a'] = CONTENT


@contextlib.contextmanager
def opened(folder):
    folder.mkdir()
    with contextlib.closing(DirectoryHandler([str(folder)])) as handler:
        yield ImageCache(handler, Rules())


def is_clean(cache):
    inventory = cache.inventory()
    return not (inventory.images or inventory.problems or cache.debris().items)


def test_a_cut_at_each_of_200_places_leaves_200_caches_clean(tmp_path):
    clean = whole = 0
    for place in PLACES:
        source = Cut(place)
        with opened(tmp_path / str(place)) as cache:
            [first] = cache.prefetch(['a'], source, HOUR)
            clean += first.did == 'error' and is_clean(cache)
            [second] = cache.prefetch(['a'], source, HOUR)
            # All that came is gone on from.
            whole += (second.did, second.found) == ('cached', place)
            [image] = cache.find('a')
            assert image.marks.sha256 == SHA256
    assert (clean, whole) == (200, 200)


@pytest.mark.parametrize(
    'given', [CONTENT + b'x', b'x' + CONTENT[1:], CONTENT[:-1] + b'x']
)
def test_other_bytes_than_were_described_leave_it_clean(tmp_path, given):
    with opened(tmp_path / 'store') as cache:
        [result] = cache.prefetch(['a'], Lying(given), HOUR)
        assert result.did == 'error'
        assert is_clean(cache)
        [result] = cache.prefetch(['a'], Images(a=CONTENT), HOUR)
        assert (result.did, result.found) == ('cached', 0)
