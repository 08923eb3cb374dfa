"""Glance image: what Glance says of one, checked and as a value."""

from collections.abc import Mapping
import logging
import re
from typing import Any

from imagecache_handlers.checksum import Checksum
from imagecache_handlers.exceptions import SourceError
from imagecache_handlers.model import ImageMeta
from imagecache_handlers import packed_vhd

LOG = logging.getLogger(__name__)

_GIB = 2**30
# A disk that anybody has is smaller.
_MOST_BYTES = 2**63 - 1
_WORD = re.compile(r'[a-z0-9][a-z0-9_.+-]{0,31}', re.ASCII)
# In each of these it may yet become active.
_COMING = 'saving', 'importing', 'uploading'
# What Glance itself says of each image; the rest are properties.
_OWN = frozenset(
    {
        *('checksum', 'container_format', 'created_at', 'direct_url'),
        *('disk_format', 'file', 'id', 'locations', 'metadata', 'min_disk'),
        *('min_ram', 'name', 'os_hash_algo', 'os_hash_value', 'os_hidden'),
        *('owner', 'protected', 'schema', 'self', 'size', 'status', 'stores'),
        *('tags', 'updated_at', 'virtual_size', 'visibility'),
    }
)


def read_image(body: Any, image_id: str, source: str) -> ImageMeta:
    """Read the body that describes an image.

    :raises SourceError: when it is not one that can be fetched and verified.
    """
    if not isinstance(body, dict):
        raise SourceError(source, 'it describes no image: is it Glance?')
    if body.get('id') != image_id:
        raise SourceError(source, 'it describes another image, or none')
    _check_state(body, source)
    try:
        disk_format = _read_format(body, source)
        is_packed = disk_format == packed_vhd.FORMAT
        return ImageMeta(
            image_id=image_id,
            size=_read_count(body, 'size'),
            disk_format=disk_format,
            # What Glance finds in a tar.gz is no disk.
            virtual_size=None if is_packed else _read_virtual_size(body),
            min_disk=_read_min_disk(body),
            checksum=_read_checksum(body, source),
            properties=_read_properties(body),
        )
    except ValueError as error:
        raise SourceError(source, str(error)) from error


def _check_state(body: Mapping[str, Any], source: str) -> None:
    status = body.get('status')
    if status != 'active':
        why = f'its status is {status!r:.100}: only active ones are fetched'
        raise SourceError(source, why, retry=status in _COMING)


def _read_format(body: Mapping[str, Any], source: str) -> str:
    """Give the format; a vhd in an ovf is what Nova's XenAPI plug-in packs."""
    disk_format = _read_word(body, 'disk_format')
    container = body.get('container_format')
    if container == 'ovf' and disk_format == 'vhd':
        return packed_vhd.FORMAT
    if container != 'bare':
        raise SourceError(
            source,
            f'its container_format is {container!r:.100}: only bare ones are '
            f'what a hypervisor boots from',
        )
    return disk_format


def _read_count(body: Mapping[str, Any], key: str) -> int:
    found = body.get(key)
    # True is a number to Python.
    if type(found) is not int or not 0 <= found <= _MOST_BYTES:
        raise ValueError(f'its {key} is {found!r:.100}: no number of bytes')
    return found


def _read_virtual_size(body: Mapping[str, Any]) -> int | None:
    if body.get('virtual_size') is None:
        return None
    # Glance says 0 of what it could not look into.
    return _read_count(body, 'virtual_size') or None


def _read_min_disk(body: Mapping[str, Any]) -> int:
    """Tell the bytes: Glance counts in GiB."""
    if body.get('min_disk') is None:
        return 0
    return _read_count(body, 'min_disk') * _GIB


def _read_word(body: Mapping[str, Any], key: str) -> str:
    found = body.get(key)
    if not isinstance(found, str) or not _WORD.fullmatch(found):
        raise ValueError(f'its {key} is {found!r:.100}')
    return found


def _read_checksum(body: Mapping[str, Any], source: str) -> Checksum:
    """Give the best hash; an unknown algorithm is not passed over."""
    algorithm, value = body.get('os_hash_algo'), body.get('os_hash_value')
    if algorithm is None and value is None:
        algorithm, value = 'md5', body.get('checksum')
        LOG.warning(
            '%s: it has an MD5 sum only, which proves nothing against who '
            'wants to deceive: have it uploaded again',
            source,
        )
    if not isinstance(algorithm, str) or not isinstance(value, str):
        raise ValueError('it has no hash that its bytes could be verified by')
    return Checksum(algorithm=algorithm, value=value.lower())


def _read_properties(body: Mapping[str, Any]) -> dict[str, str]:
    return {
        key: value
        for key, value in body.items()
        if key not in _OWN and isinstance(value, str)
    }
