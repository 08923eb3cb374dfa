"""Disks of instances, as others make them: by qemu-img, or byte by byte."""

import ctypes
import os
import shutil
import signal
import struct
import subprocess

# Installed by bindep.txt; without it these tests fail, and say so.
QEMU = shutil.which('qemu-img') or 'qemu-img'

_DIE_WITH_PARENT = 1, signal.SIGKILL  # prctl(PR_SET_PDEATHSIG, ...)


def qemu(*arguments, cwd=None):
    """Have qemu-img do something in a folder."""
    subprocess.run(  # noqa: S603 -- the real program is the point
        [QEMU, *map(str, arguments)],
        cwd=cwd,
        check=True,
        stdout=subprocess.DEVNULL,
        timeout=60,
    )


def create(path, backing, form='raw'):
    """Have qemu-img lay an overlay; it dies if whoever asks for it does."""
    subprocess.run(  # noqa: S603 -- the real program is the point
        [QEMU, 'create', '-q', '-f', 'qcow2', '-F', form]
        + ['-b', os.fspath(backing), os.fspath(path)],
        check=True,
        capture_output=True,
        preexec_fn=die_with_parent,
    )


def die_with_parent():
    ctypes.CDLL(None).prctl(*_DIE_WITH_PARENT)


def header(
    backing='',
    *,
    version=3,
    form='raw',
    features=0,
    data_file='',
    offset=None,
    size=None,
    cluster_bits=16,
):
    """Give a header as QEMU writes it, but for what is told."""
    extensions = b''
    for kind, text in (0xE2792ACA, form), (0x44415441, data_file):
        if text:
            named = text.encode()
            padding = bytes(-len(named) % 8)
            extensions += struct.pack('>II', kind, len(named)) + named
            extensions += padding
    extensions += bytes(8)
    length = 104 if version == 3 else 72
    at = length + len(extensions) if backing else 0
    name = backing.encode(errors='surrogateescape')
    fields = struct.pack(
        '>4sIQIIQIIQQIIQ',
        b'QFI\xfb',
        version,
        at if offset is None else offset,
        len(name) if size is None else size,
        cluster_bits,
        2**20,  # bytes of the disk
        *(0, 1, 3 << 16, 1 << 16, 1, 0, 0),
    )
    if version == 3:
        fields += struct.pack('>QQQII', features, 0, 0, 4, length)
    return fields + extensions + name


def resident(instances):
    """Have a disk there that is made of none of ours.

    A look that meets no disk at all proves nothing.
    """
    disk = instances / 'resident' / 'disk'
    disk.parent.mkdir(parents=True, exist_ok=True)
    disk.write_bytes(header())


def overlay(path, backing, **changes):
    """Make an overlay that no machine could start from, and nobody tell."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(header(str(backing), **changes))
