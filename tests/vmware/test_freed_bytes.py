"""What an image takes of a datastore, as a table of values."""

import pytest

from imagecache_handlers_vmware.freed_bytes import sum_taken
from imagecache_handlers_vmware.image_folders import File
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.paths import DatastorePath

PATH = DatastorePath('ds', 'base_evict/a')


@pytest.mark.parametrize(
    ('sizes', 'taken', 'total'),
    [
        ({'a.vmdk': 5, 'a-flat.vmdk': 1000}, {}, 1005),
        ({'a.vmdk': 5, 'a-flat.vmdk': 1000}, {'a.vmdk': 300}, 300),
        ({'a.vmdk': 5, 'a-flat.vmdk': 1000}, {'a.vmdk': 0}, 5),
        ({'a.vmdk': 5}, {'a.vmdk': 300}, 300),
        (
            {
                'a.vmdk': 5,
                'a-flat.vmdk': 1000,
                'a.20.vmdk': 6,
                'a.20-flat.vmdk': 2000,
            },
            {'a.vmdk': 300, 'a.20.vmdk': 400},
            700,
        ),
        ({'a.iso': 77}, {}, 77),
    ],
)
def test_a_disk_takes_what_its_datastore_says(sizes, taken, total):
    files = tuple(File(name=name, size=size) for name, size in sizes.items())
    image = ImageFolder(image_id='a', folder=Folder(path=PATH, files=files))
    disks = {PATH.join(name): size for name, size in taken.items()}
    assert sum_taken(image, disks) == total
