"""Devices of blocks, and the files that they show: loops above all."""

from collections.abc import Iterator
import os

_BLOCKS = '/sys/dev/block'
# A name that is that long is cut off by the kernel, at a file unlinked it
# says so; neither is then the name of a file.
_DEEPEST = 16


def shown(device: int) -> list[str]:
    """Name the files that a device of blocks shows, itself or by others."""
    return list(_files(_folder(device), _DEEPEST))


def is_whole(device: int) -> bool:
    """Tell if a device has the very bytes of the one file that it shows.

    A loop may begin further in, or end before; a partition, or a device of
    devices, has other bytes in any case.
    """
    loop = f'{_folder(device)}/loop'
    limits = [_read(f'{loop}/{name}') for name in ('offset', 'sizelimit')]
    return bool(_read(f'{loop}/backing_file')) and limits == ['0', '0']


def _folder(device: int) -> str:
    return f'{_BLOCKS}/{os.major(device)}:{os.minor(device)}'


def _files(folder: str, deep: int) -> Iterator[str]:
    # A partition lies within its disk.
    for loop in f'{folder}/loop', f'{folder}/../loop':
        if file := _read(f'{loop}/backing_file'):
            yield file
            return
    if deep:
        for slave in _listed(f'{folder}/slaves'):
            yield from _files(f'{folder}/slaves/{slave}', deep - 1)


def _read(path: str) -> str:
    try:
        with open(path, 'rb') as file:
            return os.fsdecode(file.read().removesuffix(b'\n'))
    except OSError:
        return ''


def _listed(path: str) -> list[str]:
    try:
        return sorted(os.listdir(path))
    except OSError:
        return []
