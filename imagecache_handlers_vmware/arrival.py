"""Arrival: one image while it comes into a datastore.

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
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.model import ImageMeta
from imagecache_handlers_vmware.datacenter_paths import read_path_of
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.debris_rules import TEMPORARY
from imagecache_handlers_vmware.disk_kinds import adapter_of
from imagecache_handlers_vmware.disk_kinds import DiskKind
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_content import CheckedContent
from imagecache_handlers_vmware.image_content import whole_chunks
from imagecache_handlers_vmware.label_folders import plan_change
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port import file_requests
from imagecache_handlers_vmware.port.uploads import target_of

LOG = logging.getLogger(__name__)

# Seconds between tries to take half an image back.
_PAUSES = (0.5, 1.0, 2.0)
_KIB = 1024


class Arrival:
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
        checked = CheckedContent(self._meta, self._kind, content)
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
            file_requests.create_disk(
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
            file_requests.copy_disk(
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
            file_requests.delete_file(
                self._session.managers.file_manager,
                str(self._folder.join(name)),
                self._datastore.datacenter,
            )
        )

    def _send_file(self, name: str, content: BinaryIO, size: int) -> None:
        center = read_path_of(self._session, self._datastore.datacenter)
        path = self._folder.join(name)
        target = target_of(path.path, self._datastore.name, center)
        chunks = whole_chunks(self._meta, content, size)
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


def _is(error: CacheError, name: str) -> bool:
    return isinstance(error, VimFault) and error.name == name
