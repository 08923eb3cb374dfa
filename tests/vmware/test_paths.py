"""Datastore paths: written, and read back whatever the names are."""

import datetime

from hypothesis import given
from hypothesis import strategies as st
import pytest

from imagecache_handlers.model import IMAGE_ID
from imagecache_handlers_vmware.paths import aside_of
from imagecache_handlers_vmware.paths import AsideName
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import read_path

NAMES = st.text(
    st.characters(exclude_categories=['C', 'Z'], exclude_characters='/'),
    min_size=1,
    max_size=20,
)


@given(NAMES, st.lists(NAMES, max_size=4))
def test_what_is_written_is_read_back(datastore, names):
    path = DatastorePath(datastore).join(*names)
    assert read_path(str(path), datastore) == '/'.join(names)


@pytest.mark.parametrize(
    ('text', 'path'),
    [
        ('[ds] base/id/', 'base/id'),
        ('[ds]', ''),
        ('[ds] ', ''),
        ('[ds1] base/id', None),
        ('[ds]1] base/id', None),
        ('base/id', None),
        ('', None),
    ],
)
def test_a_path_is_read_on_its_datastore_only(text, path):
    assert read_path(text, 'ds') == path


def test_a_name_with_brackets_is_told_from_its_beginning():
    assert read_path('[a] b] c/d', 'a] b') == 'c/d'


def test_evictions_move_images_beside_the_base():
    base = DatastorePath('ds', 'vmware_base')
    assert aside_of(base) == DatastorePath('ds', 'vmware_base_evict')


def test_the_name_of_a_path_is_its_last_part():
    assert DatastorePath('ds', 'a/b').name == 'b'


@given(st.from_regex(IMAGE_ID, fullmatch=True))
def test_the_name_of_what_was_moved_aside_is_read_back(image_id):
    until = datetime.datetime(2026, 11, 29, tzinfo=datetime.UTC)
    name = AsideName(image_id, until)
    assert AsideName.read(str(name)) == name


@pytest.mark.parametrize(
    'name', ['', 'notes', 'i.5f0c', 'i.20260101t000000.5f0c', '.x.y', '-i.x.y']
)
def test_other_names_are_not_of_evictions(name):
    assert AsideName.read(name) is None
