"""Adding: an image comes into a datastore, or nothing does."""

from collections.abc import Collection
from collections.abc import Iterator
import contextlib
from typing import BinaryIO

from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.arrival import Arrival
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.disk_kinds import adapter_of
from imagecache_handlers_vmware.disk_kinds import DiskKind
from imagecache_handlers_vmware.disk_kinds import read_kind
from imagecache_handlers_vmware.import_places import find_import_place
from imagecache_handlers_vmware.import_places import FoundPlace
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.port.errors import FULL
from imagecache_handlers_vmware.port.errors import UNNAMED
from imagecache_handlers_vmware.port.errors import VimFault

_KIB = 1024
# What vSAN takes: it has files, but no disks that are some.
_OF_OBJECTS = frozenset({DiskKind.STREAM, DiskKind.ISO})
# A descriptor, and the folders of labels.
_BESIDE = 2**20


def count_room(meta: ImageMeta) -> int:
    """Tell how many bytes an image takes, and while it comes.

    A sparse disk is copied into what a hypervisor runs from; of one that
    comes in by a lease only the disk is ever there.

    :raises Unsupported: when it is of no kind that can be made here: nothing
        is to go for it.
    """
    kind = read_kind(meta)
    adapter_of(meta)
    inside = meta.virtual_size or meta.size
    if kind is DiskKind.STREAM:
        return max(meta.size, inside) + _BESIDE
    disk = -(-meta.size // _KIB) * _KIB
    if kind is DiskKind.SPARSE:
        return disk + inside + _BESIDE
    return disk + _BESIDE


def check_datastore(meta: ImageMeta, datastore: Datastore) -> None:
    """Make sure that an image of its kind can be made on a datastore.

    :raises Unsupported: on vSAN, which has no extents to upload.
    """
    if datastore.has_namespaces and read_kind(meta) not in _OF_OBJECTS:
        why = (
            f'{datastore.store.name} is vSAN, where disks have no extents to '
            f'upload: have it as streamOptimized in the image service'
        )
        raise Unsupported(meta.image_id, why)


class Adding:
    """Makes folders of images."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks

    def measure_room(self, store: str, meta: ImageMeta) -> int:
        """Tell how many bytes an image takes in a store.

        :raises Unsupported: when it cannot be made there.
        :raises StoreUnavailable: when that cannot be told.
        """
        room = count_room(meta)
        datastore = self._looks.datastore(store)
        check_datastore(meta, datastore)
        with reading_store(store):
            self._find_place(meta, datastore)
        return room

    def _find_place(
        self, meta: ImageMeta, datastore: Datastore
    ) -> FoundPlace | None:
        """Tell where its machine is put, if it comes with one."""
        if read_kind(meta) is not DiskKind.STREAM:
            return None
        return find_import_place(
            self._looks.session,
            datastore,
            self._looks.options.import_place,
            meta.image_id,
        )

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
            its content is not what was announced.
        :raises StoreUnavailable: when it cannot be made; nothing is left,
            or debris is.
        :raises Uncertain: when it may be there.
        """
        kind = read_kind(meta)
        adapter_of(meta)  # rather before its bytes have come
        datastore = self._looks.datastore(store)
        check_datastore(meta, datastore)
        with _translate_errors(meta, datastore):
            place = self._find_place(meta, datastore)
            arrival = Arrival(self._looks, datastore, meta, kind, place)
            self._bring_in(arrival, content, labels)

    def _bring_in(
        self, arrival: Arrival, content: BinaryIO, labels: Collection[str]
    ) -> None:
        with arrival.made_folder():
            arrival.write_disk(content)
            arrival.write_labels(labels)
            arrival.check_sizes()
            arrival.publish_folder()


@contextlib.contextmanager
def _translate_errors(meta: ImageMeta, datastore: Datastore) -> Iterator[None]:
    store = datastore.store
    try:
        yield
    except CallError as error:
        if isinstance(error, VimFault) and error.name in FULL:
            free = store.free or 0
            raise NoRoom(
                meta.image_id, store.name, count_room(meta), free
            ) from error
        if isinstance(error, VimFault) and error.name in UNNAMED:
            why = f'no file can be named after it: {error}'
            raise Unsupported(meta.image_id, why) from error
        raise StoreUnavailable(store.name, str(error)) from error
