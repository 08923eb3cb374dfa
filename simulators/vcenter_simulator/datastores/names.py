"""Names of files: patterns that match them, and types that they tell."""

from collections.abc import Sequence
import functools
import re

FOLDER = 'Folder'
DISK = 'VmDisk'
PLAIN = ''

# The end of a name, and what stands before FileInfo and FileQuery.
_ENDINGS = {
    '.flp': 'FloppyImage',
    '.img': 'FloppyImage',
    '.iso': 'IsoImage',
    '.log': 'VmLog',
    '.nvram': 'VmNvram',
    '.vmdk': DISK,
    '.vmsn': 'VmSnapshot',
    '.vmtx': 'TemplateConfig',
    '.vmx': 'VmConfig',
}
_EXTENT = re.compile(r'-(?:flat|delta|sesparse|rdmp?|s\d{3}|f\d{3})\.vmdk$')


def file_kind(name: str) -> str:
    """Tell by its name what a file is; an extent is nothing special."""
    if _EXTENT.search(name):
        return PLAIN
    _, dot, ending = name.rpartition('.')
    return _ENDINGS.get(f'{dot}{ending}'.lower(), PLAIN)


@functools.lru_cache(maxsize=256)
def compile_patterns(
    patterns: tuple[str, ...], ignores_case: bool
) -> re.Pattern[str] | None:
    """Make one expression of patterns; None where all names match.

    Only ``*`` and ``?`` have a meaning.
    """
    if not patterns or '*' in patterns:
        return None
    flags = re.DOTALL | (re.IGNORECASE if ignores_case else 0)
    return re.compile('|'.join(map(_translate, patterns)), flags)


def matches_kind(kind: str, kinds: Sequence[str]) -> bool:
    """Tell if a file is asked for; one that is PLAIN by PLAIN alone."""
    return not kinds or PLAIN in kinds or kind in kinds


def _translate(pattern: str) -> str:
    parts = re.split(r'([*?])', pattern)
    wild = {'*': '.*', '?': '.'}
    return ''.join(wild.get(part) or re.escape(part) for part in parts)
