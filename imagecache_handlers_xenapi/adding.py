"""Adding: an image comes into an SR, and bears its name once all is done."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import logging
import secrets
from typing import BinaryIO

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.labels import seen_label
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_xenapi.destroying import Removals
from imagecache_handlers_xenapi.disks import CACHED
from imagecache_handlers_xenapi.disks import DESCRIPTION
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import IMAGE
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi.disks import name_of
from imagecache_handlers_xenapi.disks import STAGING
from imagecache_handlers_xenapi.disks import staging_name
from imagecache_handlers_xenapi import labelling
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.storage_repositories import Repository
from imagecache_handlers_xenapi.uploading import Uploads

LOG = logging.getLogger(__name__)

FORMATS = ('raw', 'vhd')

_CHUNK = 2**20
_BLOCK = 2**21  # of a VHD, and what sizes of disks are rounded up to
_PER_BLOCK = 4096  # its bitmap, its entry in the table, and alignment
_HEADERS = 2**22
_COOKIE = b'conectix'
_FOOTER = 512
_SIZE = slice(48, 56)
_KIND = slice(60, 64)
_DYNAMIC = 3

# Seconds between tries to take half an image back.
_PAUSES = (0.5, 1.0, 2.0, 4.0)


def room(meta: ImageMeta) -> int:
    """Tell how many bytes an image takes as a VHD."""
    blocks = -(-meta.size // _BLOCK)
    return blocks * (_BLOCK + _PER_BLOCK) + _HEADERS


class Adding:
    """Makes disks of images."""

    def __init__(self, port: Port, clocks: Clocks, removals: Removals) -> None:
        self._port = port
        self._clocks = clocks
        self._removals = removals
        self._uploads = Uploads(port, clocks)

    def add(
        self,
        repository: Repository,
        meta: ImageMeta,
        content: BinaryIO,
        labels: Iterable[str],
    ) -> str:
        """Make a disk of an image; gives its uuid.

        :raises Unsupported: when xapi does not take it.
        :raises StoreUnavailable: when it cannot be done; nothing is left, or
            debris is.
        :raises Uncertain: when it may be there.
        """
        if meta.disk_format not in FORMATS:
            known = ' and '.join(FORMATS)
            why = f'it is {meta.disk_format}, and xapi takes {known}'
            raise Unsupported(meta.image_id, why)
        first = content.read(_FOOTER)
        virtual = _virtual_size(meta, first)
        store = repository.store.name
        try:
            ref = self._create_disk(repository, meta, virtual)
        except CallError as error:
            raise errors.of_write(meta.image_id, store, error) from error
        with self._discarded_on_error(ref, meta.image_id):
            try:
                uuid = self._label_disk(ref, labels)
                self._uploads.upload(
                    repository,
                    meta,
                    ref,
                    _checked_chunks(meta, first, content),
                )
                self._prepare_disk(meta, ref)
            except CallError as error:
                raise errors.of_store(store, error) from error
        self._publish_disk(repository, meta, ref)
        return uuid

    def _create_disk(
        self, repository: Repository, meta: ImageMeta, virtual: int
    ) -> str:
        now = write_time(self._clocks.now())
        token = f'{meta.image_id} {now} {secrets.token_hex(4)}'
        ref: str = self._port.once(
            'VDI.create',
            {
                'name_label': staging_name(meta.image_id),
                'name_description': DESCRIPTION,
                'SR': repository.ref,
                'virtual_size': str(virtual),
                'type': 'user',
                'sharable': False,
                'read_only': False,
                'other_config': {STAGING: token},
                'xenstore_data': {},
                'sm_config': {},
                'tags': [],
            },
        )
        return ref

    @contextlib.contextmanager
    def _discarded_on_error(self, ref: str, image_id: str) -> Iterator[None]:
        """Remove a disk again if it does not become an image."""
        try:
            yield
        # Ctrl-C too: nobody else knows of that disk.
        except BaseException:
            self._discard_disk(ref, image_id)
            raise

    def _discard_disk(self, ref: str, image_id: str) -> bool:
        """Remove half an image; False: it is there, as debris or as more."""
        for pause in _PAUSES:
            try:
                disk = Disk(ref, self._port.call('VDI.get_record', ref))
                if disk.record['name_label'] != staging_name(image_id):
                    LOG.warning(
                        'VDI %s is not a half-made image: it stays', disk.uuid
                    )
                    return False
                # The import itself has one, until it has noticed.
                if not disk.vbds:
                    self._removals.destroy(disk)
                    return True
            except CacheError as error:
                if errors.is_gone(error, ref):
                    return True
                LOG.debug('A half-made image stays for now: %s', error)
            self._clocks.sleep(pause)
        LOG.warning('Half an image was left behind: debris, in a day')
        return False

    def _label_disk(self, ref: str, labels: Iterable[str]) -> str:
        """Label a disk, so that each copy of it is known for one.

        It is seen from now on, for it is not a clone.  Gives its uuid.
        """
        uuid: str = self._port.call('VDI.get_uuid', ref)
        seen = seen_label(self._clocks.now())
        for label in sorted({seen, *labels}):
            labelling.write(self._port, ref, key(uuid, label))
        return uuid

    def _prepare_disk(self, meta: ImageMeta, ref: str) -> None:
        """Make it all that an image is, but for the name."""
        cached = str(int(self._clocks.now().timestamp()))
        labelling.write(self._port, ref, CACHED, cached)
        self._port.call('VDI.remove_from_other_config', ref, STAGING)
        labelling.write(self._port, ref, IMAGE, meta.image_id)

    def _publish_disk(
        self, repository: Repository, meta: ImageMeta, ref: str
    ) -> None:
        """Write the name: from here on others may use the image.

        Nova finds it by that alone, and we by that too, so nothing is ever
        an image for one of us only.  What may bear it is not taken back.
        """
        name = name_of(meta.image_id)
        try:
            self._port.call('VDI.set_name_label', ref, name)
        except CallError as error:
            refused = isinstance(error, XapiFailure)
            if refused and self._discard_disk(ref, meta.image_id):
                raise errors.of_store(repository.store.name, error) from error
            raise Uncertain(meta.image_id, str(error)) from error


def _virtual_size(meta: ImageMeta, first: bytes) -> int:
    if not meta.size:
        raise Unsupported(meta.image_id, 'it is empty')
    if meta.disk_format == 'raw':
        return -(-meta.size // _BLOCK) * _BLOCK
    size = int.from_bytes(first[_SIZE], 'big')
    kind = int.from_bytes(first[_KIND], 'big')
    if not first.startswith(_COOKIE) or kind != _DYNAMIC or not size:
        why = 'it does not begin with the footer of a dynamic VHD'
        raise Unsupported(meta.image_id, why)
    return size


def _checked_chunks(
    meta: ImageMeta, first: bytes, content: BinaryIO
) -> Iterator[bytes]:
    """Give all bytes, and an error unless they are as many as announced."""
    sent, chunk, end = 0, first, b''
    while chunk:
        sent += len(chunk)
        if sent > meta.size:
            break
        yield chunk
        end = (end + chunk)[-_FOOTER:]
        chunk = content.read(_CHUNK)
    if sent != meta.size:
        more = 'more' if sent > meta.size else f'{sent}'
        why = f'it has {more} bytes, not the {meta.size} announced'
        raise Unsupported(meta.image_id, why)
    _check_end(meta, end)


def _check_end(meta: ImageMeta, end: bytes) -> None:
    """Make sure of the footer, which ends every VHD and no raw image."""
    is_vhd = end.startswith(_COOKIE)
    if meta.disk_format == 'vhd' and not is_vhd:
        raise Unsupported(meta.image_id, 'it is a VHD whose end is missing')
    if meta.disk_format == 'raw' and is_vhd:
        why = 'it is a fixed VHD: convert it to raw, or to a dynamic one'
        raise Unsupported(meta.image_id, why)
