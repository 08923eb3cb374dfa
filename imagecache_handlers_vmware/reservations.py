"""Reservations of room: each an empty folder whose name says so.

They lie in a folder of their own beside the images, which every host that
has the datastore sees: ``<base>_coming/<id>.<bytes>.<until>.<token>``.
"""

from collections.abc import Iterator
import contextlib
import datetime

from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import Reservation
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.folder_requests import is_gone
from imagecache_handlers_vmware.folder_requests import Removing
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.looks import reading_store
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import FULL
from imagecache_handlers_vmware.port.errors import UNNAMED
from imagecache_handlers_vmware.port.errors import VimFault

# How long those that expired are kept for whoever may still count them.
_KEPT = datetime.timedelta(days=1)


class Reservations:
    """Writes, lists and removes reservations of one vCenter."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks

    def write_reservation(self, reservation: Reservation) -> None:
        """Put one on record, then remove the earlier ones of its token.

        :raises NoRoom: when the datastore is full.
        :raises StoreUnavailable: when it cannot be written.
        """
        datastore = self._looks.datastore(reservation.store)
        earlier = self._list_all(datastore)
        path = self._find_folder(datastore).join(_write_name(reservation))
        removing = self._make_removing(datastore)
        with (
            reading_store(reservation.store),
            _translate_errors(reservation, datastore),
        ):
            removing.make_folders(path)
        stale = [
            place
            for place, one in earlier.items()
            if one.token == reservation.token and place != path
        ]
        self._remove_folders(datastore, stale)

    def list_reservations(
        self, store: str, now: datetime.datetime
    ) -> Iterator[Reservation]:
        """Give those that can be understood; the oldest are removed.

        :raises StoreUnavailable: when they cannot be read.
        """
        datastore = self._looks.datastore(store)
        found = self._list_all(datastore)
        old = {
            place: one
            for place, one in found.items()
            if now - one.until > _KEPT
        }
        self._remove_folders(datastore, list(old))
        yield from (one for place, one in found.items() if place not in old)

    def remove_reservation(self, reservation: Reservation) -> None:
        """Remove all that a token has put on record.

        :raises StoreUnavailable: when that is not certain.
        """
        datastore = self._looks.datastore(reservation.store)
        ours = [
            place
            for place, one in self._list_all(datastore).items()
            if one.token == reservation.token
        ]
        self._remove_folders(datastore, ours)

    def _list_all(
        self, datastore: Datastore
    ) -> dict[DatastorePath, Reservation]:
        store = datastore.store.name
        parent = self._find_folder(datastore)
        found = self._looks.folder(store, parent) or ()
        return {
            one.path: reservation
            for one in found
            if one.path == parent.join(one.path.name)
            and not (one.files or one.folders)
            and (reservation := _read_name(one.path.name, store)) is not None
        }

    def _remove_folders(
        self, datastore: Datastore, places: list[DatastorePath]
    ) -> None:
        ends = self._make_removing(datastore).delete_folders(places)
        with reading_store(datastore.store.name):
            for error in ends.values():
                if error is not None and not is_gone(error):
                    raise error

    def _make_removing(self, datastore: Datastore) -> Removing:
        looks = self._looks
        return Removing(looks.session, datastore, looks.options.waiting)

    def _find_folder(self, datastore: Datastore) -> DatastorePath:
        base = self._looks.base(datastore)
        return DatastorePath(base.datastore, f'{base.path}_coming')


@contextlib.contextmanager
def _translate_errors(
    reservation: Reservation, datastore: Datastore
) -> Iterator[None]:
    try:
        yield
    except CallError as error:
        if isinstance(error, VimFault) and error.name in FULL:
            free = datastore.store.free or 0
            raise NoRoom(
                reservation.image_id,
                reservation.store,
                reservation.size,
                free,
            ) from error
        if isinstance(error, VimFault) and error.name in UNNAMED:
            why = f'no folder can be named after it: {error}'
            raise Unsupported(reservation.image_id, why) from error
        raise


def _write_name(reservation: Reservation) -> str:
    until = write_time(reservation.until)
    image_id, size = reservation.image_id, reservation.size
    return f'{image_id}.{size}.{until}.{reservation.token}'


def _read_name(name: str, store: str) -> Reservation | None:
    """Read such a name; None: it is not one."""
    image_id, *rest = name.rsplit('.', 3)
    if len(rest) != 3:
        return None
    size, time, token = rest
    until = read_time(time)
    if until is None or not (size.isascii() and size.isdigit()):
        return None
    try:
        return Reservation(
            image_id=image_id,
            store=store,
            token=token,
            size=int(size),
            until=until,
        )
    except ValueError:
        return None
