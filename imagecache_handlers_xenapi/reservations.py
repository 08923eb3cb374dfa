"""Reservations of room: each a small disk that says so, in the very SR.

It looks like half an image, which nobody takes for one: what is never given
back is debris in a day.  A disk needs no higher role than an eviction does,
and outlives a restart of xapi, as a task would not.
"""

from collections.abc import Iterator
import datetime
import logging
import secrets

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.labels import read_time
from imagecache_handlers.labels import write_time
from imagecache_handlers.model import Reservation
from imagecache_handlers.transport.errors import CallError
from imagecache_handlers_xenapi.destroying import Removals
from imagecache_handlers_xenapi.disks import Disk
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi.disks import STAGING
from imagecache_handlers_xenapi.disks import staging_name
from imagecache_handlers_xenapi import labelling
from imagecache_handlers_xenapi.port import errors
from imagecache_handlers_xenapi.port.errors import XapiFailure
from imagecache_handlers_xenapi.port import filters
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.storage_repositories import Repository

LOG = logging.getLogger(__name__)

_DESCRIPTION = 'imagecache reservation of room'
_RESERVED = 'reserved'
_SMALLEST = 2**21
_FULL = 'SR_BACKEND_FAILURE_44'


class Reservations:
    """Writes, lists and removes reservations, one disk for each writing."""

    def __init__(self, port: Port, clocks: Clocks, removals: Removals) -> None:
        self._port = port
        self._clocks = clocks
        self._removals = removals

    def write_reservation(
        self, repository: Repository, reservation: Reservation
    ) -> None:
        """Put one on record, then remove the earlier ones of its token.

        :raises NoRoom: when the SR is full.
        :raises StoreUnavailable: when it cannot be written.
        """
        store = repository.store
        try:
            earlier = self._disks_of(repository, reservation.token)
            self._create_disk(repository, reservation)
            for disk in earlier:
                self._remove_disk(disk)
        except CallError as error:
            if isinstance(error, XapiFailure) and error.code == _FULL:
                image_id, size = reservation.image_id, reservation.size
                raise NoRoom(
                    image_id, store.name, size, store.free or 0
                ) from error
            raise errors.of_store(store.name, error) from error

    def list_reservations(
        self, repository: Repository
    ) -> Iterator[Reservation]:
        """Give those that can be understood.

        :raises StoreUnavailable: when they cannot be read.
        """
        store = repository.store.name
        with errors.reading(store):
            disks = self._find_disks(repository)
        for disk in disks:
            found = _read_reservation(disk, store)
            if found is not None:
                yield found

    def remove_reservation(
        self, repository: Repository, reservation: Reservation
    ) -> None:
        """Remove all that a token has put on record.

        :raises StoreUnavailable: when that is not certain.
        """
        with errors.reading(repository.store.name):
            for disk in self._disks_of(repository, reservation.token):
                self._remove_disk(disk)

    def _create_disk(
        self, repository: Repository, reservation: Reservation
    ) -> None:
        image_id = reservation.image_id
        now = write_time(self._clocks.now())
        ref = self._port.once(
            'VDI.create',
            {
                'name_label': staging_name(image_id),
                'name_description': _DESCRIPTION,
                'SR': repository.ref,
                'virtual_size': str(_SMALLEST),
                'type': 'user',
                'sharable': False,
                'read_only': False,
                'other_config': {
                    STAGING: f'{image_id} {now} {secrets.token_hex(4)}'
                },
                'xenstore_data': {},
                'sm_config': {},
                'tags': [],
            },
        )
        # Under a key with its own uuid: a clone of it reserves nothing.
        uuid = self._port.call('VDI.get_uuid', ref)
        labelling.write(
            self._port, ref, key(uuid, _RESERVED), _write_text(reservation)
        )

    def _disks_of(self, repository: Repository, token: str) -> list[Disk]:
        store = repository.store.name
        return [
            disk
            for disk in self._find_disks(repository)
            if (found := _read_reservation(disk, store)) is not None
            and found.token == token
        ]

    def _find_disks(self, repository: Repository) -> list[Disk]:
        found = self._port.read(
            'VDI.get_all_records_where',
            filters.equals(SR=repository.ref, name__description=_DESCRIPTION),
        )
        return [Disk(ref, record) for ref, record in found.items()]

    def _remove_disk(self, disk: Disk) -> None:
        try:
            self._removals.destroy(disk)
        except CallError as error:
            if not errors.is_gone(error, disk.ref, disk.uuid):
                raise


def _write_text(reservation: Reservation) -> str:
    until = write_time(reservation.until)
    return f'{reservation.token} {reservation.size} {until}'


def _read_reservation(disk: Disk, store: str) -> Reservation | None:
    """Read what a disk says; one that is of no use is left to the debris."""
    try:
        return _parse_reservation(disk, store)
    except ValueError as error:
        LOG.warning('VDI %s is not a reservation: %s', disk.uuid, error)
        return None


def _parse_reservation(disk: Disk, store: str) -> Reservation | None:
    text = disk.other_config.get(key(disk.uuid, _RESERVED))
    if text is None or disk.staged_at is None:
        return None
    token, size, time = text.split(' ')
    until: datetime.datetime | None = read_time(time)
    if until is None or not (size.isascii() and size.isdigit()):
        raise ValueError(f'{text[:200]!r} cannot be understood')
    image_id = disk.other_config[STAGING].split(' ')[0]
    return Reservation(
        image_id=image_id,
        store=store,
        token=token,
        size=int(size),
        until=until,
    )
