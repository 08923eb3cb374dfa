"""Devices of blocks, and the files that they show: loops above all."""

from collections.abc import Iterator
import os

_BLOCKS = '/sys/dev/block'
# A name that is that long is cut off by the kernel, at a file unlinked it
# says so; neither is then the name of a file.
_DEEPEST = 16


def shown(device: int) -> list[str]:
    """Name the files that a device of blocks shows, itself or by others."""
    return list(_files_shown(_sysfs_folder(device), _DEEPEST))


def is_whole(device: int) -> bool:
    """Tell if a device has the very bytes of the one file that it shows.

    A loop may begin further in, or end before; a partition, or a device of
    devices, has other bytes in any case.
    """
    loop = f'{_sysfs_folder(device)}/loop'
    limits = [
        _read_attribute(f'{loop}/{name}') for name in ('offset', 'sizelimit')
    ]
    return bool(_read_attribute(f'{loop}/backing_file')) and limits == [
        '0',
        '0',
    ]


def _sysfs_folder(device: int) -> str:
    return f'{_BLOCKS}/{os.major(device)}:{os.minor(device)}'


def _files_shown(folder: str, deep: int) -> Iterator[str]:
    # A partition lies within its disk.
    for loop in f'{folder}/loop', f'{folder}/../loop':
        if file := _read_attribute(f'{loop}/backing_file'):
            yield file
            return
    if deep:
        for slave in _list_folder(f'{folder}/slaves'):
            yield from _files_shown(f'{folder}/slaves/{slave}', deep - 1)


def _read_attribute(path: str) -> str:
    try:
        with open(path, 'rb') as file:
            return os.fsdecode(file.read().removesuffix(b'\n'))
    except OSError:
        return ''


def _list_folder(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []
