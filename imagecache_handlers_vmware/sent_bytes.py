"""Sent bytes: whether a datastore has all that was sent to it."""

import dataclasses

from imagecache_handlers_vmware.datastores import Datastore
from imagecache_handlers_vmware.looks import Looks
from imagecache_handlers_vmware.paths import DatastorePath
from imagecache_handlers_vmware.port.errors import Incomplete
from imagecache_handlers_vmware.port.tasks import Looking
from imagecache_handlers_vmware.searching import search_disks

# Seconds after which a datastore tells what was written to it.
_LATEST = 30.0


class SentBytes:
    """What is to lie in one folder, of an image that comes in."""

    def __init__(
        self, looks: Looks, datastore: Datastore, folder: DatastorePath
    ) -> None:
        self._looks = looks
        self._datastore = datastore
        self._folder = folder
        self._sizes: dict[str, int | None] = {}
        self._least: dict[str, int] = {}

    def expect_file(self, name: str, size: int) -> None:
        """Have a file be there, with so many bytes."""
        self._sizes[name] = size

    def expect_disk(self, name: str, least: int) -> None:
        """Have a descriptor be there, whose disk takes so much at least.

        How long a descriptor is, nobody knows.
        """
        self._sizes[name] = None
        self._least[name] = least

    def forget_file(self, name: str) -> None:
        """Have a file be gone again."""
        del self._sizes[name]

    def check_all(self) -> None:
        """Make sure that all of it is there.

        :raises Incomplete: when it is not: a proxy may answer for what it
            has not kept, and a host for what it has not written.
        """
        for name in self._sizes:
            self.check_file(name)
        for name, least in self._least.items():
            if least:
                self._check_disk(self._folder.join(name), least)

    def check_file(self, name: str) -> None:
        """Make sure that one of the files is there.

        :raises Incomplete: when it is not.
        """
        folders = self._looks.folder(self._datastore.store.name, self._folder)
        there = {
            file.name: file.size
            for one in folders or ()
            if one.path == self._folder
            for file in one.files
        }
        size, found = self._sizes[name], there.get(name)
        if found is None or size not in (None, found):
            raise Incomplete(
                f'{self._folder.join(name)} has {found} bytes, not '
                f'the {size or "ones"} that were sent'
            )

    def _check_disk(self, disk: DatastorePath, least: int) -> None:
        """Make sure that a disk is written, which is as long without.

        What it takes of its datastore may be told late.
        """
        looking, taken = self._begin_looking(), 0
        while looking.may_look():
            taken = self._measure_disk(disk)
            if taken >= least:
                return
        raise Incomplete(
            f'{disk} takes {taken} bytes of its datastore, and {least} at '
            f'least were sent: the host that took them has not written them'
        )

    def _begin_looking(self) -> Looking:
        waiting = self._looks.options.waiting
        seconds = min(_LATEST, waiting.seconds)
        return Looking(dataclasses.replace(waiting, seconds=seconds))

    def _measure_disk(self, disk: DatastorePath) -> int:
        found = search_disks(
            self._looks.session,
            self._datastore,
            disk.parent,
            self._looks.options.waiting,
        )
        return found.get(disk, 0)
