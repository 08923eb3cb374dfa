"""What is added counts as what is prefetched: one rule for both."""

import contextlib
import dataclasses
import datetime
import io

import pytest

from imagecache_handlers.clocks import utc_now
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import NoRoom
from imagecache_handlers import Reservation
from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Shelf
from tests.actions.incoming import put
from tests.actions.incoming import QUICK


class Sized:
    """A source of so many bytes."""

    def __init__(self, size):
        self.size = size

    def opened(self, image_id):
        meta = ImageMeta(image_id=image_id, size=self.size, disk_format='raw')
        return contextlib.nullcontext((meta, io.BytesIO(bytes(self.size))))


def reserve(shelf, size, name='x', seconds=3600):
    until = utc_now() + datetime.timedelta(seconds=seconds)
    shelf.reservations[name] = Reservation(
        image_id=name, store='shelf', token='t', size=size, until=until
    )


def cache_of(shelf, **rules):
    return ImageCache(
        MemoryHandler(shelf),
        dataclasses.replace(QUICK, **rules),
        sleep=lambda seconds: None,
    )


def test_nothing_is_added_above_the_high_watermark():
    shelf = Shelf(total=100)
    put(shelf, 'old', 80)
    cache = cache_of(shelf, high_watermark=85)
    with pytest.raises(NoRoom) as caught:
        cache.add('a', Sized(18))
    assert str(caught.value) == (
        "no room for image 'a' in 'shelf': it takes 18 bytes there, and 5 "
        'are free (5 B are free below the high watermark)'
    )
    assert not shelf.reservations
    # It makes no room by itself: nobody was asked who uses the others.
    assert list(shelf.entries) == ['at-old']
    cache.add('a', Sized(5))
    assert not shelf.reservations


def test_what_others_have_reserved_is_not_given_again():
    shelf = Shelf(total=100)
    reserve(shelf, 50)
    cache = cache_of(shelf)
    with pytest.raises(NoRoom, match='50 B more are reserved'):
        cache.add('a', Sized(51))
    cache.add('a', Sized(50))
    reserve(shelf, 50, seconds=-1)
    cache.add('b', Sized(50))


def test_its_own_room_is_reserved_while_it_comes():
    shelf = Shelf(total=100)
    seen = []

    class Looking(MemoryHandler):
        def add(self, meta, content, store, labels=()):
            seen.extend(shelf.reservations.values())
            return super().add(meta, content, store, labels)

    ImageCache(Looking(shelf), QUICK).add('a', Sized(7))
    [one] = seen
    assert (one.image_id, one.store, one.size) == ('a', 'shelf', 7)
    assert not shelf.reservations


def test_what_somebody_else_has_on_its_way_is_busy():
    shelf = Shelf(total=100)
    reserve(shelf, 7, 'a')
    with pytest.raises(ImageBusy, match='on its way'):
        cache_of(shelf).add('a', Sized(7))
    assert list(shelf.reservations) == ['a']


def test_a_failure_gives_its_room_back():
    class Failing(MemoryHandler):
        def add(self, meta, content, store, labels=()):
            raise KeyError('a bug')

    shelf = Shelf(total=100)
    with pytest.raises(Exception, match='a bug'):
        ImageCache(Failing(shelf), QUICK).add('a', Sized(7))
    assert not shelf.reservations
