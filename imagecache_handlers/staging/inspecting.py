"""Inspecting: what a staged file really is, before anything opens it."""

from collections.abc import Callable
import dataclasses
import os
from typing import Any
from typing import BinaryIO

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.staging import headers
from imagecache_handlers.staging.limits import Limits
from imagecache_handlers.staging.odd_vmdk import explain_odd_vmdk
from imagecache_handlers.staging.vhdx_tables import explain_tables
from imagecache_handlers import units

# As large as the library itself reads: it finds some headers by parts only.
_PIECE = 2**12
# What a guest sees of these is the file as it is.
_PLAIN = frozenset({'raw', 'iso', 'gpt'})
_RAW_NAMES = frozenset({'raw', 'ami', 'ari', 'aki', 'ploop'})
_FLAT = frozenset({'preallocated', 'thin', 'thick', 'eagerZeroedThick'})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """The format of a file, and the size of the disk in it."""

    disk_format: str
    virtual_size: int


def inspect_file(
    file: BinaryIO, meta: ImageMeta, limits: Limits, known: int | None = None
) -> Inspected:
    """Tell what a file is; it is not if it could lead elsewhere.

    ``known``: only so many of its first bytes are here (None: all of them).

    :raises Unsupported: when it names other files, is of another format
        than declared, encrypted, or too large.
    :raises ConfigurationError: when the library that inspects is missing.
    """

    def refuse(why: str) -> Unsupported:
        return Unsupported(meta.image_id, why)

    found = _find_formats(file, known, refuse)
    disk_format = _name_format(file, found, meta, refuse)
    size = os.fstat(file.fileno()).st_size
    virtual_size = size
    if disk_format in found:
        inspector = found[disk_format]
        if why := headers.explain_danger(disk_format, inspector):
            raise refuse(why)
        if disk_format not in _PLAIN:
            virtual_size = headers.tell_size(disk_format, inspector)
    elif disk_format == 'vhd':
        virtual_size = size - headers.FOOTER
    _check_size(virtual_size, size, limits, refuse)
    return Inspected(disk_format=disk_format, virtual_size=virtual_size)


def check_announced(meta: ImageMeta, limits: Limits) -> None:
    """Refuse by what is announced what is too large for its content, too.

    :raises Unsupported: when its file, or the disk in it, is.
    """
    size = meta.virtual_size or 0
    if _name_declared(meta) in _PLAIN:
        size = max(size, meta.size)
    most = limits.max_image_size
    if most is not None and size > most:
        told = f'it is announced with {units.size(size)}'
        raise Unsupported(
            meta.image_id, f'{told}, and {units.size(most)} is the most'
        )


def _find_formats(
    file: BinaryIO, known: int | None, refuse: Callable[[str], Unsupported]
) -> dict[str, Any]:
    """Give an inspector of each format that the file looks like."""
    try:
        from oslo_utils.imageutils import format_inspector as library
    except ImportError as error:
        raise ConfigurationError(
            f'images cannot be inspected ({error}): '
            f'install imagecache-handlers[prefetch]'
        ) from error
    if why := explain_odd_vmdk(file.fileno()):
        raise refuse(why)
    if why := explain_tables(file.fileno()):
        raise refuse(why)
    # It closes what it reads.
    reader = open(file.fileno(), 'rb', closefd=False)  # noqa: SIM115
    wrapper = library.InspectWrapper(reader)
    try:
        left = os.fstat(file.fileno()).st_size if known is None else known
        while left > 0 and not wrapper.formats:
            left -= len(wrapper.read(_PIECE)) or left
        wrapper.close()
        return {str(one): one for one in wrapper.formats or ()}
    except (
        library.ImageFormatError,
        ValueError,
        OverflowError,
        # Of what begins as a vmdk in words, and goes on as none.
        AttributeError,
    ) as error:
        raise refuse(f'its header cannot be read: {error}') from error


def _name_format(
    file: BinaryIO,
    found: dict[str, Any],
    meta: ImageMeta,
    refuse: Callable[[str], Unsupported],
) -> str:
    """Give the format, which is to be the declared one."""
    declared = _name_declared(meta)
    others = sorted(found.keys() - _PLAIN)
    if 'luks' in others:
        raise refuse('it is encrypted')
    if others and len(found) > 1:
        raise refuse(f'it is of several formats: {", ".join(sorted(found))}')
    if others:
        return _match_other(others[0], declared, refuse)
    if declared == 'vhd' and headers.is_fixed_vhd(file):
        return 'vhd'
    if declared == 'iso' and 'iso' not in found:
        raise refuse('it is declared iso, and is none')
    if declared == 'vmdk' and 'vmware_disktype' not in meta.properties:
        # Nova's default: the data of a disk, and nothing else.
        return 'raw'
    if declared not in _PLAIN:
        raise refuse(
            f'it is declared {declared}, and has no such header: declare it '
            f'raw in the image service, if that is what it is'
        )
    return declared


def _name_declared(meta: ImageMeta) -> str:
    declared = meta.disk_format
    flat = meta.properties.get('vmware_disktype') in _FLAT
    if declared in _RAW_NAMES or (declared == 'vmdk' and flat):
        return 'raw'
    return 'vhd' if declared == 'vpc' else declared


def _match_other(
    found: str, declared: str, refuse: Callable[[str], Unsupported]
) -> str:
    if found == declared:
        return found
    why = f'it is declared {declared}, and its header says {found}'
    if declared in _PLAIN:
        # Whoever wrote that header could have a hypervisor open any file.
        why = f'{why}, which may name files of the host'
    raise refuse(
        f'{why}: declare it {found} in the image service, if that is right'
    )


def _check_size(
    virtual_size: int,
    size: int,
    limits: Limits,
    refuse: Callable[[str], Unsupported],
) -> None:
    told = f'the disk in it has {units.size(virtual_size)}'
    most = limits.max_image_size
    if most is not None and virtual_size > most:
        raise refuse(f'{told}, and {units.size(most)} is the most')
    if virtual_size > max(limits.growth_from, size * limits.most_growth):
        raise refuse(
            f'{told}, its file {units.size(size)}: over '
            f'{limits.most_growth:,} times as much'
        )
