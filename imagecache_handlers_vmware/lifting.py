"""Lifting: a disk that vSphere keeps for a clone that is gone can go.

``ddb.deletable`` stays after the last clone.  It is lifted only where nobody
can have one: not a machine, not a disk that no machine names, and not, by
the operator's word, another vCenter.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import logging

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastore_files import DatastoreFiles
from imagecache_handlers_vmware.datastore_lists import read_every_datastore
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.descriptors import find_parent
from imagecache_handlers_vmware.descriptors import hides_parent
from imagecache_handlers_vmware.descriptors import is_descriptor
from imagecache_handlers_vmware.descriptors import is_descriptor_file
from imagecache_handlers_vmware.folder_requests import Ends
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.image_folders import find_image_folders
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.lifted_flags import LiftedFlags
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.machines import read_machines
from imagecache_handlers_vmware.moves import Move
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.paths import is_below
from imagecache_handlers_vmware.paths import read_path
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.tasks import Endless
from imagecache_handlers_vmware.searching import search_below
from imagecache_handlers_vmware.users import find_users

LOG = logging.getLogger(__name__)

# Disks of a datastore; where there are more, reading them takes too long.
_MOST = 5000

Going = tuple[Move, ImageFolder]


class Lifting:
    """Lifts the flag of images of one datastore that lie aside."""

    def __init__(
        self,
        looks: Looks,
        datastore: Datastore,
        removing: Removing,
        check_time: Callable[[], object],
    ) -> None:
        self._looks = looks
        self._datastore = datastore
        self._removing = removing
        self._check_time = check_time
        files = DatastoreFiles(looks.session, datastore)
        self._flags = LiftedFlags(files, check_time)

    def delete_refused(self, going: Sequence[Going], ends: Ends) -> Ends:
        """Delete disks that were refused, where their flag may be lifted.

        Gives the ends of those that it tried.
        """
        refused = [one for one in going if _is_refused(ends.get(one[0].key))]
        exclusive = self._looks.options.exclusive_stores
        if not refused or self._datastore.store.name not in exclusive:
            return {}
        if self._datastore.has_namespaces:
            LOG.warning(
                'Nothing is lifted on vSAN, where flags cannot be written'
            )
            return {}
        try:
            unneeded = list(self._find_unneeded(refused))
        except CallError as error:
            LOG.warning('Nothing is lifted: %s', error)
            return {}
        found = self._lift_flags(unneeded, ends)
        lifted = {
            move.key: image
            for move, image in unneeded
            if move.key not in found
        }
        found |= dict.fromkeys(lifted)
        found |= self._removing.delete_disks(lifted, self._check_time)
        return found | self._restore_flags(unneeded, found)

    def _lift_flags(self, unneeded: Sequence[Going], ends: Ends) -> Ends:
        """Lift the flags of images; give the errors of those that failed."""
        failed: Ends = {}
        for move, image in unneeded:
            try:
                self._flags.lift_flags(image)
            except VimFault as error:
                # What vSphere refused to delete, it refuses still.
                LOG.warning('%s cannot be lifted: %s', move.source, error)
                failed[move.key] = ends[move.key]
            except ReplyLost as error:
                # What may be written in part is not put back for anybody.
                failed[move.key] = Endless(str(error))
            except (CallError, ImageBusy) as error:
                failed[move.key] = error
        return failed

    def _restore_flags(self, unneeded: Sequence[Going], ends: Ends) -> Ends:
        """Write flags again where the disk stays, as far as that is known."""
        torn: Ends = {}
        for move, image in unneeded:
            end = ends[move.key]
            if end is None or isinstance(end, ReplyLost):
                continue
            try:
                self._flags.restore_flags(image)
            except ReplyLost as error:
                torn[move.key] = Endless(str(error))
        return torn

    def _find_unneeded(self, refused: Sequence[Going]) -> Iterator[Going]:
        """Give the images of which no disk can be a clone.

        :raises CallError: when that cannot be told.
        """
        # Machines that the operator wrote off count here, and what they
        # name before and after the disks were read.
        named = self._read_named(self._datastore)
        parents = [
            parent
            for datastore in read_every_datastore(self._looks.session)
            for parent in self._read_parents(datastore, refused)
        ]
        named |= self._read_named(self._datastore)
        for move, image in refused:
            ids = image.image_id.lower()
            if any(ids in parent for parent in parents):
                LOG.warning('%s is the parent of a disk: kept', move.source)
            elif not any(
                is_below(path, place.path)
                for path in named
                for place in (move.source, move.aside)
            ):
                yield move, image

    def _read_named(self, datastore: Datastore) -> frozenset[str]:
        """Give the paths that machines name, all of which must be read."""
        machines = read_machines(
            self._looks.session, datastore, with_drives=False
        )
        base = self._looks.base(datastore)
        unknown = find_users(machines, [base]).why_unknown
        if unknown:
            raise Incomplete(unknown)
        return frozenset(
            path
            for machine in machines
            for text in machine.files or ()
            if (path := read_path(text, machine.datastore)) is not None
        )

    def _read_parents(
        self, datastore: Datastore, refused: Sequence[Going]
    ) -> list[str]:
        """Give the parents of all disks there but the images' own.

        A clone may lie on any datastore, under any name, and be no machine's
        for a while: each disk is asked itself.  What cannot be read, for
        somebody has it open, a machine must name.
        """
        disks = list(self._find_disks(datastore, refused))
        if len(disks) > _MOST:
            raise Incomplete(f'{datastore.name} has more than {_MOST} disks')
        files = DatastoreFiles(self._looks.session, datastore)
        parents = {path: _read_parent(files, path) for path in disks}
        locked = {path for path, parent in parents.items() if parent is None}
        if locked:
            named = self._read_named(datastore)
            for path in locked:
                if path.path not in named:
                    raise Incomplete(f"{path} is locked, and no machine's")
        return [parent for parent in parents.values() if parent is not None]

    def _find_disks(
        self, datastore: Datastore, refused: Sequence[Going]
    ) -> Iterator[DatastorePath]:
        """Find what may be descriptors, but those of images themselves."""
        folders = search_below(
            self._looks.session,
            datastore,
            datastore.path(''),
            self._looks.options.waiting,
        )
        known = {image.path: set(image.disks) for _, image in refused}
        base = self._looks.base(datastore)
        for image in find_image_folders(base, folders or ()).values():
            known.setdefault(image.path, set()).update(_find_copies(image))
        for folder in folders or ():
            for file in folder.files:
                if is_descriptor_file(
                    file.name, file.size
                ) and file.name not in known.get(folder.path, ()):
                    yield folder.path.join(file.name)


def _read_parent(files: DatastoreFiles, path: DatastorePath) -> str | None:
    """Read which parent a disk has, if any; None: it is locked.

    :raises CallError: when it cannot be told.
    """
    try:
        content = files.read_file(path)
    except VimFault as error:
        if error.name == 'FileLocked':
            return None
        raise
    if not is_descriptor(content):
        raise Incomplete(f'{path} is no descriptor that is known')
    if hides_parent(content):
        raise Incomplete(f'{path} does not name its parent')
    return find_parent(content).lower()


def _is_refused(end: CacheError | None) -> bool:
    return isinstance(end, VimFault) and end.name == 'CannotDeleteFile'


def _find_copies(image: ImageFolder) -> Iterator[str]:
    """Name the disks of an image that have all their bytes themselves."""
    names = {one.name for one in image.folder.files}
    for disk in image.disks:
        if f'{disk.removesuffix(".vmdk")}-flat.vmdk' in names:
            yield disk
