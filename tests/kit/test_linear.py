"""A look at some images of the handler ``memory`` costs what these are."""

import time

import pytest

from imagecache_handlers.testing.memory import MemoryHandler
from imagecache_handlers.testing.shelf import Entry
from imagecache_handlers.testing.shelf import Shelf

LOOKS = 300


def handler_of(count):
    shelf = Shelf()
    for number in range(count):
        shelf.entries[f'{number}'] = Entry(image_id=f'i{number}', size=1)
    return MemoryHandler(shelf)


def seconds_of_looks(handler):
    began = time.process_time()
    for number in range(LOOKS):
        assert len(handler.enumerate('shelf', [f'i{number}'])) == 1
    return time.process_time() - began


@pytest.mark.alone
def test_a_look_takes_no_longer_where_there_are_more():
    few, many = handler_of(500), handler_of(20_000)
    shortest = min(seconds_of_looks(few) for _ in range(3))
    assert min(seconds_of_looks(many) for _ in range(3)) < 5 * shortest


def test_what_was_replaced_is_not_found_by_its_old_id():
    handler = handler_of(3)
    handler.shelf.entries['1'] = Entry(image_id='new', size=1)
    del handler.shelf.entries['2']
    found = handler.enumerate('shelf', ['i0', 'i1', 'i2', 'new'])
    assert {image.image_id for image in found} == {'i0', 'new'}
