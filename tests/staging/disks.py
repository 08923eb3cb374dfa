"""Disks by qemu-img, and headers that no honest tool writes."""

import pathlib
import struct
import subprocess


def make_raw(path: pathlib.Path, size: int = 4 * 2**20) -> bytes:
    """Write a disk with data, holes, and data at its end."""
    content = bytearray(size)
    content[2**20 : 2**20 + 9000] = b'data' * 2250
    content[-512:] = b'e' * 512
    path.write_bytes(content)
    return bytes(content)


def convert(source, target, qemu_format, options=''):
    more = ['-o', options] if options else []
    run('convert', '-f', 'raw', '-O', qemu_format, *more, source, target)


def create(target, qemu_format, size='64M', options='', *more):
    said = ['-o', options] if options else []
    run('create', '-q', '-f', qemu_format, *said, *more, target, size)


def run(*command):
    words = ['qemu-img', *map(str, command)]
    subprocess.run(words, check=True, capture_output=True)  # noqa: S603


def patch(path: pathlib.Path, offset: int, layout: str, *values) -> None:
    with path.open('r+b') as file:
        file.seek(offset)
        file.write(struct.pack(layout, *values))
