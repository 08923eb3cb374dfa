"""Machine paths: those by which machines name what lies on a datastore."""

from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.namespaces import find_stable_path
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.session import Session


class MachinePaths:
    """The paths of one datastore; what was asked for is not asked again."""

    def __init__(self, session: Session, datastore: Datastore) -> None:
        self._session = session
        self._datastore = datastore
        self._stable: dict[DatastorePath, DatastorePath] = {}

    def name_all(self, *paths: DatastorePath) -> tuple[DatastorePath, ...]:
        """Give the paths by which machines name what lies there.

        On vSAN that is by the uuid of the folder at the top.

        :raises CallError: when that cannot be told.
        """
        stable = {self._find_stable(one): None for one in paths}
        return tuple(dict.fromkeys((*paths, *stable)))

    def _find_stable(self, path: DatastorePath) -> DatastorePath:
        name, _, rest = path.path.partition('/')
        top = self._datastore.path(name)
        if top not in self._stable:
            self._stable[top] = find_stable_path(
                self._session, self._datastore, top, is_there=True
            )
        found = self._stable[top]
        return found.join(rest) if rest else found
