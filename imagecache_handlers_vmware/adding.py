"""Adding: an image comes into a datastore, and is moved to where images lie.

It is made in a folder of Nova's for what is on its way in, so that whatever
is left there is cleaned up by whoever does so.
"""

from collections.abc import Collection
from collections.abc import Iterator
import contextlib
import logging
from typing import BinaryIO
from typing import cast
import uuid

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datacenter_paths import read_path_of
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.disk_kinds import DiskKind
from imagecache_handlers_vmware.disk_kinds import read_kind
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.label_folders import plan_change
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.port import envelopes
from imagecache_handlers_vmware.port.errors import FULL
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import UNNAMED
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.uploads import target_of

LOG = logging.getLogger(__name__)

TEMPORARY = 'vmware_temp'

_CHUNK = 2**20
# How VMDKs begin that are more than the data of a disk.
_SPARSE, _TEXT = (b'KDMV', b'COWD'), b'# Disk DescriptorFile'
# Bytes in which a sparse disk has its descriptor, which may name a parent.
_HEAD, _HINT = 2**16, b'parentfilenamehint'
# Seconds between tries to take half an image back.
_PAUSES = (0.5, 1.0, 2.0)
_KIB = 1024
# A descriptor, and the folders of labels.
_BESIDE = 2**20


def room(meta: ImageMeta) -> int:
    """Tell how many bytes an image takes, and while it comes.

    A sparse disk is copied into what a hypervisor runs from.
    """
    kind = read_kind(meta)
    disk = -(-meta.size // _KIB) * _KIB
    if kind is DiskKind.SPARSE:
        return disk + (meta.virtual_size or meta.size) + _BESIDE
    return disk + _BESIDE


def check_datastore(meta: ImageMeta, datastore: Datastore) -> None:
    """Make sure that images can be made on a datastore.

    :raises Unsupported: on vSAN, which has no extents to upload.
    """
    if datastore.has_namespaces:
        why = (
            f'{datastore.store.name} is vSAN, where disks have no extents to '
            f'upload: have Nova fetch it, by a boot from it, and pin it then'
        )
        raise Unsupported(meta.image_id, why)


class Adding:
    """Makes folders of images."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks

    def add(
        self,
        store: str,
        meta: ImageMeta,
        content: BinaryIO,
        labels: Collection[str],
    ) -> None:
        """Make an image of its content.

        :raises ImageExists: when something is in its place.
        :raises NoRoom: when the datastore is full.
        :raises Unsupported: when it is of no kind that can be made here, or
            its content is not what was announced; on vSAN.
        :raises StoreUnavailable: when it cannot be made; nothing is left,
            or debris is.
        :raises Uncertain: when it may be there.
        """
        kind = read_kind(meta)
        adapter_of(meta)  # rather before its bytes have come
        datastore = self._looks.datastore(store)
        check_datastore(meta, datastore)
        arrival = _Arrival(self._looks, datastore, meta, kind)
        with _translated(meta, datastore), arrival.made_folder():
            arrival.write_disk(content)
            arrival.write_labels(labels)
            arrival.check_sizes()
            arrival.publish_folder()


class _Arrival:
    """One image while it comes into a datastore."""

    def __init__(
        self,
        looks: Looks,
        datastore: Datastore,
        meta: ImageMeta,
        kind: DiskKind,
    ) -> None:
        self._looks = looks
        self._session = looks.session
        self._datastore = datastore
        self._meta = meta
        self._kind = kind
        self._top = datastore.path(TEMPORARY).join(str(uuid.uuid4()))
        self._folder = self._top.join(meta.image_id)
        self._removing = Removing(
            looks.session, datastore, looks.options.waiting
        )
        self._sizes: dict[str, int] = {}

    @contextlib.contextmanager
    def made_folder(self) -> Iterator[None]:
        """Make its temporary folder, and remove it however this ends."""
        try:
            self._removing.make_folders(self._folder)
            yield
        finally:
            # Ctrl-C too: nobody else knows of it.
            self._discard_folder()

    def _discard_folder(self) -> None:
        """Remove it; an upload that broke off holds a file for a while."""
        for pause in (*_PAUSES, None):
            error = self._delete_folder()
            if error is None or _is(error, 'FileNotFound'):
                return
            if pause is not None:
                self._looks.options.waiting.sleep(pause)
        LOG.warning('%s was left behind, as debris: %s', self._top, error)

    def _delete_folder(self) -> CacheError | None:
        try:
            [error] = self._removing.delete_folders([self._top]).values()
        except CacheError as caught:
            return caught
        return error

    def write_disk(self, content: BinaryIO) -> None:
        """Have all bytes on the datastore, as a disk of its kind."""
        image_id = self._meta.image_id
        checked = _Checked(self._meta, self._kind, content)
        content = cast(BinaryIO, checked)
        if self._kind is DiskKind.ISO:
            self._send_file(f'{image_id}.iso', content, self._meta.size)
        elif self._kind is DiskKind.SPARSE:
            self._write_sparse(content)
        else:
            self._write_flat(content)

    def _write_flat(self, content: BinaryIO) -> None:
        image_id = self._meta.image_id
        capacity = -(-self._meta.size // _KIB)
        self._removing.run_task(
            envelopes.create_disk(
                self._session.managers.disk_manager,
                str(self._folder.join(f'{image_id}.vmdk')),
                self._datastore.datacenter,
                adapter=adapter_of(self._meta),
                capacity=capacity,
            )
        )
        # What is found there later has come from here.
        extent = f'{image_id}-flat.vmdk'
        self._delete_file(extent)
        self._send_file(extent, content, capacity * _KIB)

    def _write_sparse(self, content: BinaryIO) -> None:
        name = 'tmp-sparse.vmdk'
        self._send_file(name, content, self._meta.size)
        self._check_size(name)
        self._removing.run_task(
            envelopes.copy_disk(
                self._session.managers.disk_manager,
                str(self._folder.join(name)),
                str(self._folder.join(f'{self._meta.image_id}.vmdk')),
                self._datastore.datacenter,
            )
        )
        self._delete_file(name)
        del self._sizes[name]

    def _delete_file(self, name: str) -> None:
        self._removing.run_task(
            envelopes.delete_file(
                self._session.managers.file_manager,
                str(self._folder.join(name)),
                self._datastore.datacenter,
            )
        )

    def _send_file(self, name: str, content: BinaryIO, size: int) -> None:
        center = read_path_of(self._session, self._datastore.datacenter)
        path = self._folder.join(name)
        target = target_of(path.path, self._datastore.name, center)
        chunks = _whole_chunks(self._meta, content, size)
        self._session.put_file(target, chunks, size)
        self._sizes[name] = size

    def write_labels(self, labels: Collection[str]) -> None:
        """Have its labels lie in its folder before anybody sees it."""
        for name in plan_change(frozenset(), labels, ()).make:
            self._removing.make_folder(self._folder.join(name))

    def check_sizes(self) -> None:
        """Make sure that the datastore has every byte that was sent.

        :raises Incomplete: when it has not: a proxy may answer for it.
        """
        for name in self._sizes:
            self._check_size(name)

    def _check_size(self, name: str) -> None:
        folders = self._looks.folder(self._datastore.store.name, self._folder)
        there = {
            file.name: file.size
            for one in folders or ()
            if one.path == self._folder
            for file in one.files
        }
        size = self._sizes[name]
        if there.get(name) != size:
            raise Incomplete(
                f'{self._folder.join(name)} has {there.get(name)} bytes, not '
                f'the {size} that were sent'
            )

    def publish_folder(self) -> None:
        """Move it to where images lie; nothing there is replaced.

        :raises ImageExists: when something is there.
        :raises Uncertain: when it may be there.
        """
        base = self._looks.base(self._datastore)
        self._removing.make_folders(base)
        target = base.join(self._meta.image_id)
        moves = {self._meta.image_id: (self._folder, target)}
        [error] = self._removing.move_folders(moves).values()
        if error is None:
            return
        if _is(error, 'FileAlreadyExists'):
            raise ImageExists(self._meta.image_id, f'at {target}')
        if isinstance(error, ReplyLost):
            # It may be moved even after a look that still finds it here.
            raise Uncertain(self._meta.image_id, str(error)) from error
        raise error


_ADAPTERS = {
    'lsiLogic': 'lsiLogic',
    'busLogic': 'busLogic',
    'ide': 'ide',
    # Kinds of controllers that disks are not told apart for.
    'lsiLogicsas': 'lsiLogic',
    'paraVirtual': 'lsiLogic',
}


def adapter_of(meta: ImageMeta) -> str:
    """Give the adapter that a disk is made for.

    :raises Unsupported: when vSphere has none of that name.
    """
    name = meta.properties.get('vmware_adaptertype') or 'lsiLogic'
    if name not in _ADAPTERS:
        known = ', '.join(_ADAPTERS)
        why = f'its vmware_adaptertype {name[:100]!r} is none of {known}'
        raise Unsupported(meta.image_id, why)
    return _ADAPTERS[name]


class _Checked:
    """The bytes of an image that begins as its kind does, or of none."""

    def __init__(
        self, meta: ImageMeta, kind: DiskKind, content: BinaryIO
    ) -> None:
        self._meta = meta
        self._kind = kind
        self._content = content
        self._head: bytes | None = None

    def read(self, size: int) -> bytes:
        if self._head is None:
            # Whole, however few bytes come at once.
            self._head = self._read_head()
            if why := _explain_head(self._kind, self._head):
                raise Unsupported(self._meta.image_id, why)
        if self._head:
            piece, self._head = self._head[:size], self._head[size:]
            return piece
        return self._content.read(size)

    def _read_head(self) -> bytes:
        head = b''
        while len(head) < _HEAD:
            piece = self._content.read(_HEAD - len(head))
            if not piece:
                break
            head += piece
        return head


def _explain_head(kind: DiskKind, head: bytes) -> str | None:
    """Say why a file that begins so is not what it passes for."""
    if kind is DiskKind.SPARSE and not head.startswith(_SPARSE):
        return 'its vmware_disktype is sparse, and it has no such header'
    if kind is DiskKind.SPARSE and _HINT in head.lower():
        return 'it names another disk as its parent'
    if kind is DiskKind.FLAT and head.startswith((*_SPARSE, _TEXT)):
        return (
            'it has the header of a sparse VMDK: set its vmware_disktype to '
            'sparse in the image service'
        )
    return None


def _whole_chunks(
    meta: ImageMeta, content: BinaryIO, size: int
) -> Iterator[bytes]:
    """Give all bytes of an image, then zeros up to the size of its disk.

    :raises Unsupported: when they are not as many as announced.
    """
    sent = 0
    while chunk := content.read(_CHUNK):
        sent += len(chunk)
        if sent > meta.size:
            break
        yield chunk
    if sent != meta.size:
        more = 'more' if sent > meta.size else f'{sent}'
        why = f'it has {more} bytes, not the {meta.size} announced'
        raise Unsupported(meta.image_id, why)
    yield bytes(size - meta.size)


@contextlib.contextmanager
def _translated(meta: ImageMeta, datastore: Datastore) -> Iterator[None]:
    store = datastore.store
    try:
        yield
    except CallError as error:
        if isinstance(error, VimFault) and error.name in FULL:
            free = store.free or 0
            raise NoRoom(
                meta.image_id, store.name, room(meta), free
            ) from error
        if isinstance(error, VimFault) and error.name in UNNAMED:
            why = f'no file can be named after it: {error}'
            raise Unsupported(meta.image_id, why) from error
        raise StoreUnavailable(store.name, str(error)) from error


def _is(error: CacheError, name: str) -> bool:
    return isinstance(error, VimFault) and error.name == name
