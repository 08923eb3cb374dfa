"""Mentions: the paths in a definition of libvirt that are not of its disks.

What is handed to QEMU as it stands may be a disk like any other; so may the
file of a file system.
"""

import re
from xml.etree import ElementTree

from imagecache_handlers.directory.users.formats.values import is_path

# The disks of a machine, of which more is known than that a path is there.
DISKS = frozenset(['disk', 'mirror', 'backingStore', 'dataStore'])
# What these have, and whatever lies in them, is a disk for nobody.
_NEVER = frozenset(
    [
        'acpi',
        'audio',
        'binary',
        'bootloader',
        'channel',
        'cmdline',
        'console',
        'description',
        'dtb',
        'emulator',
        'graphics',
        'init',
        'initarg',
        'initdir',
        'initenv',
        'initrd',
        'interface',
        'kernel',
        'lease',
        'loader',
        'log',
        'memory',
        'memoryBacking',
        'metadata',
        'monitor',
        'nvram',
        'parallel',
        'rng',
        'rom',
        'seclabel',
        'serial',
        'shmem',
        'smartcard',
        'sysinfo',
        'title',
        'tpm',
        'varstore',
    ]
)
_BETWEEN = re.compile(r'[,="\'{}\[\]]')
_COLON = re.compile(r':(?=/)')
_IS_RAW = re.compile(r'\bformat=raw\b|"(?:driver|format)": *"raw"')


def all_of(tree: ElementTree.Element) -> dict[str, str | None]:
    """Give all paths; None as a form is for what never is a disk.

    A form is '' where it is open: what QEMU is told by an argument is raw
    if that says so of the only path in it.
    """
    found: dict[str, str | None] = {}
    pending = [(tree, False)]
    for element, is_never in pending:
        is_never |= _element_name(element) in _NEVER | DISKS
        for told in (element.text or '', *element.attrib.values()):
            paths = _paths_in(told.strip())
            form = 'raw' if len(paths) == 1 and _IS_RAW.search(told) else ''
            for path in paths:
                known = found.setdefault(path, None)
                if not is_never:
                    # What is told in two ways is as open as can be.
                    found[path] = form if known in (None, form) else ''
        pending += [(one, is_never) for one in element]
    return found


def _element_name(element: ElementTree.Element) -> str:
    """Give the name of an element, whatever its namespace."""
    return element.tag.rpartition('}')[2]


def _paths_in(told: str) -> list[str]:
    if '/' not in told:
        return []
    # QEMU has a comma in a value written twice; no text of XML has a NUL.
    kept = told.replace(',,', '\0')
    parts = [told, *_BETWEEN.split(told), *_BETWEEN.split(kept)]
    # The name of a file may have an equals sign in it.
    parts += [one.partition('=')[2] for one in kept.split(',')]
    parts += [piece for one in parts for piece in _COLON.split(one)]
    whole = dict.fromkeys(one.replace('\0', ',') for one in parts)
    return [one for one in whole if one.startswith('/') and is_path(one)]
