"""Image folders: what is an image, what is not, and what it holds."""

import datetime

import pytest

from imagecache_handlers_vmware.image_folders import File
from imagecache_handlers_vmware.image_folders import find_image_folders
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.paths import DatastorePath

BASE = DatastorePath('ds', 'base')
FETCHED = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
LATER = datetime.datetime(2026, 11, 2, tzinfo=datetime.UTC)


def image(*files, folders=(), image_id='i'):
    return ImageFolder(
        image_id=image_id,
        folder=Folder(
            path=BASE.join(image_id),
            files=tuple(
                one if isinstance(one, File) else File(name=one, size=1)
                for one in files
            ),
            folders=folders,
        ),
    )


@pytest.mark.parametrize(
    ('files', 'is_whole'),
    [
        (['i.vmdk', 'i-flat.vmdk'], True),
        (['i.iso'], True),
        # It was being written.
        ([File(name='i.vmdk'), 'i-flat.vmdk'], False),
        (['i.vmdk'], False),
        (['i-flat.vmdk'], False),
        (['i.80.vmdk', 'i.80-flat.vmdk'], False),
        (['j.vmdk', 'j-flat.vmdk'], False),
        (['j.iso'], False),
        ([], False),
    ],
)
def test_a_whole_image_has_its_own_disk_and_extent(files, is_whole):
    assert image(*files).is_whole is is_whole


@pytest.mark.parametrize(
    ('files', 'folders', 'foreign'),
    [
        (['i.vmdk', 'i-flat.vmdk', 'i.80.vmdk', 'i.80-flat.vmdk'], (), ()),
        (['i.vmdk', 'i-flat.vmdk', 'notes.txt'], (), ('notes.txt',)),
        (['i.vmdk', 'i-flat.vmdk', 'vm.vmdk'], (), ('vm.vmdk',)),
        (['i.vmdk'], ('ts-xyz', 'ic-pin.ops', 'vm'), ('vm',)),
        (['i.vmdk', '.lck-3f2a000000000000'], (), ()),
        (['ixvmdk'], (), ('ixvmdk',)),
    ],
)
def test_what_is_not_of_the_image_is_named(files, folders, foreign):
    assert image(*files, folders=folders).foreign == foreign


def test_its_own_disk_is_the_last_to_go():
    found = image('i.vmdk', 'i-flat.vmdk', 'i.80.vmdk', 'i.9.vmdk')
    assert found.disks == ('i.80.vmdk', 'i.9.vmdk', 'i.vmdk')


def test_it_was_fetched_when_its_bytes_were_written():
    # A descriptor is written again when a clone is made.
    found = image(
        File(name='i.vmdk', modified=LATER),
        File(name='i-flat.vmdk', modified=FETCHED, size=7),
    )
    assert found.cached_at == FETCHED
    assert found.size == 7


def test_only_what_lies_in_the_base_under_an_id_is_an_image():
    folders = [
        Folder(path=path)
        for path in [
            BASE,
            BASE.join('i'),
            BASE.join('i'),
            BASE.join('-i'),
            BASE.join('i', 'ts-x'),
            DatastorePath('ds', 'other').join('i'),
            DatastorePath('other', 'base').join('i'),
        ]
    ]
    assert list(find_image_folders(BASE, folders)) == ['i']
