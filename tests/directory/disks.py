"""Disks of instances, as others make them: by qemu-img, or byte by byte."""

import contextlib
import ctypes
import os
import pathlib
import re
import shutil
import signal
import struct
import subprocess
import uuid

# Installed by bindep.txt; without it these tests fail, and say so.
QEMU = shutil.which('qemu-img') or 'qemu-img'
STRACE = shutil.which('strace') or 'strace'

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
    overlay(instances / 'resident' / 'disk', '')


def overlay(path, backing, **changes):
    """Make an overlay that no machine could start from, and nobody tell."""
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(header(str(backing), **changes))


def forget_format(path):
    """Let a qcow2 not say any more which format its backing file has."""
    content = bytearray(path.read_bytes())
    at = content.index(0xE2792ACA.to_bytes(4, 'big'))
    content[at : at + 4] = b'\x12\x34\x56\x78'
    path.write_bytes(content)


def opened(path, folder):
    """Give what QEMU opens in a folder to have a disk whole; None: not so."""
    trace = folder / 'trace'
    done = subprocess.run(  # noqa: S603 -- the real program is the point
        [STRACE, '-f', '-e', 'trace=openat', '-o', trace]
        + [QEMU, 'measure', '-U', '-O', 'raw', path],
        capture_output=True,
        cwd='/',
        timeout=60,
    )
    lines = trace.read_text(errors='surrogateescape').splitlines()
    trace.unlink()
    if done.returncode:
        return None
    found = [re.search(r'"(/[^"]+)".*\) = \d+', line) for line in lines]
    paths = [pathlib.Path(os.path.normpath(one[1])) for one in found if one]
    return {
        one for one in paths if one.is_relative_to(folder) and not one.is_dir()
    }


@contextlib.contextmanager
def held(content):
    """Give a file that holds these bytes, and only in memory."""
    fd = os.memfd_create('disk')
    try:
        os.write(fd, content)
        yield fd
    finally:
        os.close(fd)


def qed(backing, *, raw=False, size=None):
    """Give the header of a qed with a backing file."""
    name = os.fsencode(backing)
    return (
        struct.pack(
            '<4sIIIQQQQQII',
            b'QED\0',
            *(65536, 4, 1, 1 | raw << 2, 0, 0, 65536, 2**20, 64),
            len(name) if size is None else size,
        )
        + name
    )


def vhd(name, locators=(), *, kind=4):
    """Give a VHD that is the difference to another one."""
    footer = struct.pack('>8sIIQ36xI', b'conectix', 2, 1 << 16, 512, kind)
    footer = footer.ljust(512, b'\0')
    at, entries, texts = 2048, b'', b''
    for code, text in locators:
        entries += struct.pack(
            '>4sIIIQ', code, 512, len(text), 0, at + len(texts)
        )
        texts += text
    inner = struct.pack('>8sQQIII', b'cxsparse', 2**64 - 1, 1536, 65536, 1, 0)
    inner = inner.ljust(64, b'\0') + name.encode('utf-16-be').ljust(512, b'\0')
    inner += entries
    return footer + inner.ljust(1024, b'\0') + bytes(512) + texts + footer


def vhdx(pairs, *, has_parent=True):
    """Give a VHDX that is the difference to another one."""
    start = 1 << 20
    head = b'vhdxfile'.ljust(192 << 10, b'\0')
    region = struct.pack('<4sIII', b'regi', 0, 1, 0)
    region += _guid('8B7CA206-4790-4B9A-B8FE-575F050F886E')
    region += struct.pack('<QII', start, 1 << 20, 1)
    locator = _guid('B04AEFB7-D19E-4A81-B789-25B8E9445913')
    locator += struct.pack('<HH', 0, len(pairs))
    at, entries, texts = len(locator) + 12 * len(pairs), b'', b''
    for pair in pairs:
        key, value = (one.encode('utf-16-le') for one in pair)
        entries += struct.pack(
            '<IIHH', at, at + len(key), len(key), len(value)
        )
        texts += key + value
        at += len(key) + len(value)
    locator += entries + texts
    table = struct.pack('<8sHH20x', b'metadata', 0, 1 + bool(pairs))
    table += _guid('CAA16737-FA36-4D43-B3B6-33F0AA44E76B')
    table += struct.pack('<IIII', 65536, 8, 4, 0)
    if pairs:
        table += _guid('A8D35F2D-B30B-454D-ABF7-D3D84834AB0C')
        table += struct.pack('<IIII', 65536 + 8, len(locator), 4, 0)
    items = struct.pack('<II', 1 << 25, has_parent << 1) + locator
    whole = head + region.ljust(start - len(head), b'\0')
    return whole + table.ljust(65536, b'\0') + items


def _guid(text):
    return uuid.UUID(text).bytes_le


def vdi(*, kind=4, parent=bytes(16)):
    """Give the header of a VDI, as VirtualBox makes differences."""
    head = b'<<< Oracle VM VirtualBox Disk Image >>>\n'.ljust(64, b'\0')
    head += struct.pack('<IIII', 0xBEDA107F, 0x10001, 400, kind)
    return (head.ljust(0x1A8, b'\0') + parent).ljust(512, b'\0')


def cowd(parent=''):
    """Give the header of an ESX disk, which has a parent or is the root."""
    head = struct.pack('<4sIIIIIII', b'COWD', 1, 2 + (not parent), *range(5))
    return head + parent.encode().ljust(2048, b'\0')


def descriptor(*lines, parent_id='ffffffff'):
    """Give the text of a VMDK."""
    begin = '# Disk DescriptorFile', 'version=1', 'CID=12345678'
    more = f'parentCID={parent_id}', 'createType="twoGbMaxExtentSparse"'
    return '\n'.join((*begin, *more, *lines, '')).encode()
