"""Tree of images and disks, as Nova's libvirt driver lays it."""

import hashlib
import pathlib

from benchmarks.directory_place import make_overlay
from benchmarks.directory_place import write_disk

DISKS_EACH = 5


def name_image(number: int) -> str:
    return f'image-{number:06}'


def name_instance(number: int) -> str:
    return f'00000000-0000-4000-8000-{number:012}'


def build_tree(folder: pathlib.Path, instances: int) -> None:
    """Lay images as Nova does, and disks on them."""
    base = folder / '_base'
    base.mkdir()
    (folder / 'locks').mkdir()
    for number in range(instances):
        image = name_image(number // DISKS_EACH).encode()
        path = base / hashlib.sha1(image, usedforsecurity=False).hexdigest()
        path.write_bytes(b'an image')
        place = folder / name_instance(number)
        place.mkdir()
        write_disk(str(place / 'disk'), make_overlay(str(path)))
