"""Looks: the images of a store, as a search and a read of machines show."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import dataclasses
import datetime
import threading

from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.labels import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Store
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastore_lists import read_datastores
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.datastores import DatastoreFilter
from imagecache_handlers_vmware.image_folders import find_image_folders
from imagecache_handlers_vmware.image_folders import Folder
from imagecache_handlers_vmware.image_folders import ImageFolder
from imagecache_handlers_vmware.import_places import ImportPlace
from imagecache_handlers_vmware.machines import read_machines
from imagecache_handlers_vmware.namespaces import find_stable_path
from imagecache_handlers_vmware.paths import aside_of
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import of_store
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.port.tasks import Waiting
from imagecache_handlers_vmware.refreshing import refresh_datastores
from imagecache_handlers_vmware.searching import search_below
from imagecache_handlers_vmware.users import find_users
from imagecache_handlers_vmware.users import Users


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class CacheOptions:
    """What of a vCenter holds cached images, and what is written off.

    On ``exclusive_stores``, which no other vCenter has, ``ddb.deletable`` is
    lifted where nobody has a clone any more.  ``import_place``: where
    machines are put that disks come with; None: nowhere.
    """

    base_folder: str
    chosen: DatastoreFilter = DatastoreFilter()
    ignored_machines: frozenset[str] = frozenset()
    exclusive_stores: frozenset[str] = frozenset()
    import_place: ImportPlace | None = None
    waiting: Waiting = Waiting()


class Looks:
    """Looks at the stores of one vCenter."""

    def __init__(self, session: Session, options: CacheOptions) -> None:
        self.session = session
        self.options = options
        self._guard = threading.Lock()
        self._known: dict[str, Datastore] = {}

    def stores(self, now: datetime.datetime) -> list[Store]:
        """List the stores, with figures that are not old.

        :raises StoreUnavailable: when vCenter does not tell.
        """
        found = self._read_datastores('vCenter')
        with reading_store('vCenter'):
            has_refreshed = refresh_datastores(self.session, found, now)
        if has_refreshed:
            found = self._read_datastores('vCenter')
        return [one.store for one in found]

    def datastore(self, store: str) -> Datastore:
        """Give the datastore that is a store, as it was last read.

        :raises StoreUnavailable: when there is none of that name.
        """
        with self._guard:
            known = self._known.get(store)
        if known is None:
            self._read_datastores(store)
            with self._guard:
                known = self._known.get(store)
        if known is None:
            raise StoreUnavailable(store, 'there is no such datastore')
        return known

    def base(self, datastore: Datastore) -> DatastorePath:
        return datastore.path(self.options.base_folder)

    def aside(self, datastore: Datastore) -> DatastorePath:
        """Name the folder that evictions move images to.

        It is beside the base, but for vSAN: there it would be an object of
        its own, into which nothing can be renamed.
        """
        base = self.base(datastore)
        return base if datastore.has_namespaces else aside_of(base)

    def folder_of(self, image: CachedImage) -> DatastorePath:
        """Give the folder of an image that was listed.

        :raises ImageNotFound: when no image of ours would be there: what is
            at its location is foreign, or its datastore was renamed.
        """
        datastore = self.datastore(image.store)
        folder = self.base(datastore).join(image.image_id)
        if image.location != str(folder):
            why = f'{image.location} is not where {datastore.name} has it'
            raise ImageNotFound(image.image_id, why)
        return folder

    def images(
        self, store: str, image_ids: Collection[str] | None = None
    ) -> list[CachedImage]:
        """List the cached images of a store: a search, then the machines.

        In this order: a lease may end between the two, and the machine that
        it was for be seen only by the second.

        :raises StoreUnavailable: when any part cannot be read.
        """
        datastore = self.datastore(store)
        base = self.base(datastore)
        with reading_store(store):
            found = self._find_folders(datastore, base)
            if image_ids is not None:
                found = [one for one in found if one.image_id in image_ids]
            users = self.users_of(datastore, found)
        return [_make_image(store, one, users) for one in found]

    def folder(self, store: str, path: DatastorePath) -> list[Folder] | None:
        """List what is in a folder; None: it is not there.

        :raises StoreUnavailable: when it cannot be read.
        """
        with reading_store(store):
            return search_below(
                self.session,
                self.datastore(store),
                path,
                self.options.waiting,
            )

    def users_of(
        self, datastore: Datastore, images: Iterable[ImageFolder]
    ) -> Users:
        """Tell who uses images, where they are or where they are moved to.

        :raises CallError: when that cannot be told.
        """
        known = list(images)
        with_drives = any(image.has_any_iso for image in known)
        machines = read_machines(
            self.session, datastore, with_drives=with_drives
        )
        base, aside = self.base(datastore), self.aside(datastore)
        stable = find_stable_path(
            self.session, datastore, base, is_there=bool(known)
        )
        users = find_users(
            machines, {base, aside, stable}, self.options.ignored_machines
        )
        return users.call_folders(stable, base)

    def _find_folders(
        self, datastore: Datastore, base: DatastorePath
    ) -> list[ImageFolder]:
        folders = search_below(
            self.session, datastore, base, self.options.waiting
        )
        found = find_image_folders(base, folders or ())
        return [one for one in found.values() if one.is_whole]

    def _read_datastores(self, store: str) -> list[Datastore]:
        with reading_store(store):
            found = read_datastores(self.session, self.options.chosen)
        with self._guard:
            self._known = {one.store.name: one for one in found}
        return found


@contextlib.contextmanager
def reading_store(store: str) -> Iterator[None]:
    """Have an error of the port be that of a store that cannot be read."""
    try:
        yield
    except CallError as error:
        raise of_store(store, error) from error


def _make_image(store: str, found: ImageFolder, users: Users) -> CachedImage:
    return CachedImage(
        image_id=found.image_id,
        store=store,
        location=str(found.path),
        size=found.size,
        cached_at=found.cached_at,
        users=users.of_folder(found.path),
        unknown=_why_unknown(found, users),
        marks=Marks.read(found.labels),
    )


def _why_unknown(found: ImageFolder, users: Users) -> str | None:
    if found.foreign:
        name = found.foreign[0]
        return f'{name!r} lies in its folder and is not of the image'
    return users.why_unknown
