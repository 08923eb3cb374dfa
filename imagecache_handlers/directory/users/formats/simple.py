"""Simple forms of disks: those that name no files, so far as is known."""

from imagecache_handlers.directory.users.formats.values import Disk
from imagecache_handlers.directory.users.formats.values import Header

FORM = 'other'

_LUKS = b'LUKS\xba\xbe'
_BOCHS = b'Bochs Virtual HD Image\0'
_GROWING = 48, 8, b'Growing\0'
_CLOOP = b'#!/bin/sh\n#V2.0 Format\nmodprobe cloop'
_PARALLELS = b'WithoutFreeSpace', b'WithouFreSpacExt'
_DMG = b'koly'
_TRAILER = 512
_DMG_SEGMENTS = slice(60, 64)


def is_one(disk: Disk) -> bool:
    return _form_of(disk) is not None


def read(disk: Disk) -> Header:
    form = _form_of(disk) or FORM
    problems = {'luks': _luks_form, 'bochs': _bochs_form, 'dmg': _dmg_form}
    why = problems[form](disk) if form in problems else ''
    return Header(form, problems=(why,) if why else ())


def _form_of(disk: Disk) -> str | None:
    head = disk.head
    if head.startswith(_LUKS):
        return 'luks'
    if head.startswith(_BOCHS):
        return 'bochs'
    if head.startswith(_CLOOP):
        return 'cloop'
    if head.startswith(_PARALLELS):
        return 'parallels'
    if disk.tail.startswith(_DMG):
        return 'dmg'
    return None


def _luks_form(disk: Disk) -> str:
    # A disk that names files may lie in it.
    return 'it is encrypted, and what lies in it cannot be read'


def _bochs_form(disk: Disk) -> str:
    at, size, growing = _GROWING
    if disk.some(at, size) == growing:
        return ''
    return 'it is a Bochs disk of changes, which does not name its base'


def _dmg_form(disk: Disk) -> str:
    trailer = disk.all(disk.size - _TRAILER, _TRAILER)
    segments = int.from_bytes(trailer[_DMG_SEGMENTS], 'big')
    return 'it has more parts than one' if segments > 1 else ''
