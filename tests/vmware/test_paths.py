"""Datastore paths: written, and read back whatever the names are."""

from hypothesis import given
from hypothesis import strategies as st
import pytest

from imagecache_handlers_vmware.paths import aside_of
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
