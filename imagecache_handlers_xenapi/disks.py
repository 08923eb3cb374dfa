"""Disks: records of VDIs as values, judged by mark and shape, not trusted."""

from collections.abc import Mapping
import dataclasses
import datetime
import re
from typing import Any

from imagecache_handlers.labels import LABEL
from imagecache_handlers.labels import Marks
from imagecache_handlers.labels import read_time
from imagecache_handlers.model import IMAGE_ID
from imagecache_handlers_xenapi.chain import Node

Record = Mapping[str, Any]

PARENT = 'vhd-parent'
IMAGE = 'image-id'
CACHED = 'cached-time'
STAGING = 'imagecache-staging'
DESCRIPTION = 'root'

# Labels of images that may be somebody's disk by now, until an operator takes
# them off: a machine could write to it; it is a full copy, or has one.
WRITABLE, TWIN = 'writable', 'twin'
DOUBTS = frozenset({WRITABLE, TWIN})

_OURS = 'imagecache/'
_KEY = re.compile(r'imagecache/([0-9a-f-]{36})/(.+)')
_TYPES = frozenset({'user', 'system'})
_FORMATS = frozenset({'', 'vhd'})
_DATALESS = 'cbt_metadata'
_SECONDS = re.compile(r'\d{1,11}', flags=re.ASCII)


_HALF = ' (imagecache staging)'


def name_of(image_id: str) -> str:
    """Give the name of a cached image, as Nova gives it."""
    return f'Glance Image {image_id}'


def staging_name(image_id: str) -> str:
    """Give the name of an image that is not whole yet."""
    return name_of(image_id) + _HALF


@dataclasses.dataclass(frozen=True, slots=True)
class Disk:
    """One VDI: its reference and its record, as read at one moment."""

    ref: str
    record: Record

    @property
    def uuid(self) -> str:
        return str(self.record['uuid'])

    @property
    def sr(self) -> str:
        return str(self.record['SR'])

    @property
    def other_config(self) -> Mapping[str, str]:
        given: Mapping[str, str] = self.record['other_config']
        return given

    @property
    def parent(self) -> str | None:
        return self.record['sm_config'].get(PARENT) or None

    @property
    def size(self) -> int:
        # A decimal text in XML-RPC, and -1 where the SR cannot say.
        return max(0, int(self.record['physical_utilisation']))

    @property
    def vbds(self) -> frozenset[str]:
        return frozenset(self.record['VBDs'])

    @property
    def busy(self) -> str | None:
        """Say which operation runs on it."""
        running = sorted(set(self.record['current_operations'].values()))
        return f'{", ".join(running)} under way' if running else None

    @property
    def image_id(self) -> str | None:
        """Say which image it caches; None: it caches none, or is not ours."""
        image_id = self.other_config.get(IMAGE)
        # Most disks are none: whoever asks of all is told quickly.
        if image_id is None or self.is_copy or STAGING in self.other_config:
            return None
        ours = IMAGE_ID.fullmatch(image_id) and self._has_shape(image_id)
        return image_id if ours else None

    def _has_shape(self, image_id: str) -> bool:
        record = self.record
        return bool(
            record['name_label'] == name_of(image_id)
            and record['managed']
            and not record['missing']
            and not record['is_a_snapshot']
            and record['type'] in _TYPES
        )

    @property
    def is_copy(self) -> bool:
        """Tell if it wears a label of another disk: a clone copies them."""
        return bool(self.sources)

    @property
    def sources(self) -> frozenset[str]:
        """Give the disks that its labels name, beside itself."""
        named = {
            found[1]
            for key in self.other_config
            if key.startswith(_OURS) and (found := _KEY.fullmatch(key))
        }
        return frozenset(named - {self.uuid})

    @property
    def trace(self) -> str | None:
        """Give what Nova leaves on each clone of an image, as it is."""
        return self.other_config.get(CACHED) or None

    @property
    def labels(self) -> frozenset[str]:
        own = key(self.uuid, '')
        return frozenset(
            label
            for one in self.other_config
            if one.startswith(own)
            and LABEL.fullmatch(label := one.removeprefix(own))
        )

    @property
    def marks(self) -> Marks:
        return Marks.read(self.labels)

    @property
    def doubt(self) -> str | None:
        """Say why it may be somebody's disk that only looks like an image."""
        found = sorted(self.labels & DOUBTS)
        if not found:
            return None
        return (
            f'{_DOUBTS[found[0]]}: if it is the image and nothing else, take '
            f'{key(self.uuid, found[0])} off its other-config, else image-id'
        )

    @property
    def may_share(self) -> bool:
        """Tell if it is a disk of its own, with bytes, and no base copy."""
        record = self.record
        return bool(record['managed'] and record['type'] != _DATALESS)

    @property
    def format_problem(self) -> str | None:
        form = self.record['sm_config'].get('image-format', '').lower()
        if form in _FORMATS:
            return None
        return f'nobody can tell who shares a disk of format {form!r}'

    @property
    def cached_at(self) -> datetime.datetime | None:
        """Say when Nova cached it; what is garbage says nothing."""
        text = self.other_config.get(CACHED, '')
        if not _SECONDS.fullmatch(text):
            return None
        return datetime.datetime.fromtimestamp(int(text), datetime.UTC)

    @property
    def staged_at(self) -> datetime.datetime | None:
        """Say when we began to make it; None: it is not a half-made image."""
        name = self.record['name_label']
        if self.is_copy or not _is_half(name):
            return None
        if STAGING not in self.other_config:
            # Whoever made it died between taking off the tag and the name.
            return self.cached_at if self.labels else None
        found = _STAGED.fullmatch(self.other_config[STAGING])
        if found is None or name != staging_name(found[1]):
            return None
        return None if IMAGE in self.other_config else read_time(found[2])


_DOUBTS = {
    TWIN: 'it was seen beside a full copy, and may be that copy',
    WRITABLE: 'a machine was seen that could write to it',
}


def _is_half(name: str) -> bool:
    return name.startswith(name_of('')) and name.endswith(_HALF)


_STAGED = re.compile(r'(\S{1,255}) (\S+) [0-9a-f]+')


def node(record: Record) -> Node:
    """Give what a chain needs to know of a record."""
    return Node(
        record['uuid'],
        record['sm_config'].get(PARENT) or None,
        max(0, int(record['physical_utilisation'])),
    )


def key(uuid: str, label: str) -> str:
    """Give the key of ``other_config`` that is a label of that very disk."""
    return f'imagecache/{uuid}/{label}'


def may_be_ours(record: Record) -> bool:
    """Tell quickly of most disks that they are none of ours."""
    marks = record['other_config']
    return IMAGE in marks or STAGING in marks or _is_half(record['name_label'])
