"""Arrival: one image while it comes into a datastore."""

from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import BinaryIO
from typing import cast

from imagecache_handlers.exceptions import ImageExists
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.model import ImageMeta
from imagecache_handlers_vmware.datacenter_paths import read_path_of
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.disk_kinds import adapter_of
from imagecache_handlers_vmware.disk_kinds import DiskKind
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import is_taken
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_content import CheckedContent
from imagecache_handlers_vmware.image_content import least_taken
from imagecache_handlers_vmware.image_content import whole_chunks
from imagecache_handlers_vmware.import_places import FoundPlace
from imagecache_handlers_vmware.importing import Importing
from imagecache_handlers_vmware.label_folders import plan_change
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port import file_requests
from imagecache_handlers_vmware.port.uploads import target_of
from imagecache_handlers_vmware.sent_bytes import SentBytes
from imagecache_handlers_vmware.stage_folders import StageFolder

_KIB = 1024


class Arrival:
    """One image while it comes into a datastore."""

    def __init__(
        self,
        looks: Looks,
        datastore: Datastore,
        meta: ImageMeta,
        kind: DiskKind,
        place: FoundPlace | None,
    ) -> None:
        self._looks = looks
        self._session = looks.session
        self._datastore = datastore
        self._meta = meta
        self._kind = kind
        self._place = place
        self._removing = Removing(
            looks.session, datastore, looks.options.waiting
        )
        self._stage = StageFolder(
            looks, datastore, meta.image_id, self._removing
        )
        self._folder = self._stage.path
        self._sent = SentBytes(looks, datastore, self._folder)

    def made_folder(self) -> AbstractContextManager[object]:
        """Make its temporary folder, and remove it however this ends."""
        return self._stage.made()

    def write_disk(self, content: BinaryIO) -> None:
        """Have all bytes on the datastore, as a disk of its kind."""
        image_id = self._meta.image_id
        checked = CheckedContent(self._meta, self._kind, content)
        content = cast(BinaryIO, checked)
        if self._kind is DiskKind.ISO:
            self._send_file(f'{image_id}.iso', content, self._meta.size)
        elif self._kind is DiskKind.SPARSE:
            self._write_sparse(content)
        elif self._place is not None:
            self._write_stream(content, checked.measure_disk(), self._place)
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
        self._sent.check_file(name)
        self._removing.run_task(
            file_requests.copy_disk(
                self._session.managers.disk_manager,
                str(self._folder.join(name)),
                str(self._folder.join(f'{self._meta.image_id}.vmdk')),
                self._datastore.datacenter,
            )
        )
        self._delete_file(name)
        self._sent.forget_file(name)

    def _write_stream(
        self, content: BinaryIO, capacity: int, place: FoundPlace
    ) -> None:
        size, name = self._meta.size, f'{self._meta.image_id}.vmdk'
        importing = Importing(self._looks, self._datastore, self._removing)
        chunks = whole_chunks(self._meta, content, size)
        with importing.imported_disk(
            place, chunks, size=size, capacity=capacity
        ) as disk:
            self._removing.run_task(
                file_requests.move_disk(
                    self._session.managers.disk_manager,
                    str(disk),
                    str(self._folder.join(name)),
                    self._datastore.datacenter,
                )
            )
        self._sent.expect_disk(name, least_taken(size, capacity))
        if not self._datastore.has_namespaces:
            extent = f'{self._meta.image_id}-flat.vmdk'
            self._sent.expect_file(extent, -(-capacity // _KIB) * _KIB)

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
        self._sent.expect_file(name, size)

    def write_labels(self, labels: Collection[str]) -> None:
        """Have its labels lie in its folder before anybody sees it."""
        if self._datastore.has_namespaces:
            self._drop_marks()
        for name in plan_change(frozenset(), labels, ()).make:
            self._removing.make_folder(self._folder.join(name))

    def _drop_marks(self) -> None:
        """Take away what Nova has marked it with: it sees it on its way.

        Its age, and a lease, are to begin when it is an image.
        """
        store, stage = self._datastore.store.name, self._folder
        found = self._looks.folder(store, stage) or ()
        marks = [one.path for one in found if one.path.parent == stage]
        for end in self._removing.delete_folders(marks).values():
            if end is not None and not is_gone(end):
                raise end

    def check_sizes(self) -> None:
        """Make sure that the datastore has every byte that was sent.

        :raises Incomplete: when it has not.
        """
        self._sent.check_all()

    def publish_folder(self) -> None:
        """Move it to where images lie; nothing there is replaced.

        :raises ImageExists: when something is there.
        :raises Uncertain: when it may be there.
        """
        base = self._looks.base(self._datastore)
        self._removing.make_folders(base)
        target = base.join(self._meta.image_id)
        moves = {self._meta.image_id: (self._folder, target)}
        ends = self._removing.move_folders(moves, cancels=True)
        [error] = ends.values()
        if error is None:
            return
        if is_taken(error):
            raise ImageExists(self._meta.image_id, f'at {target}')
        if isinstance(error, ReplyLost):
            # It may be moved even after a look that still finds it here.
            raise Uncertain(self._meta.image_id, str(error)) from error
        raise error
