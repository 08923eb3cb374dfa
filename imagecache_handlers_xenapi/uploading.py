"""The bytes of an image on their way into a disk: by which host, and task."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import logging

from imagecache_handlers.model import ImageMeta
from imagecache_handlers_xenapi.address import Address
from imagecache_handlers_xenapi.failures import Away
from imagecache_handlers_xenapi.failures import Lost
from imagecache_handlers_xenapi.repositories import Repository
from imagecache_handlers_xenapi.session import Port
from imagecache_handlers_xenapi.tasks import TaskLost
from imagecache_handlers_xenapi.tasks import Tasks
from imagecache_handlers_xenapi.timing import Clocks
from imagecache_handlers_xenapi import transfer

LOG = logging.getLogger(__name__)

# Seconds for xapi to be done once it has all bytes.
_PATIENCE = 600.0


class Uploads:
    """Fills disks, each as a task of its own."""

    def __init__(self, port: Port, clocks: Clocks) -> None:
        self._port = port
        self._clocks = clocks
        self._tasks = Tasks(port, clocks)

    def upload(
        self,
        repository: Repository,
        meta: ImageMeta,
        ref: str,
        chunks: Iterable[bytes],
    ) -> None:
        """Fill a disk; when this returns, xapi has taken every byte.

        What ``chunks`` raises ends it at once.

        :raises CallError: when it has not, or may not have.
        """
        try:
            self._upload(repository, meta, ref, chunks)
        except transfer.LoggedOut as error:
            # No byte was sent yet, and the next call logs in again.
            LOG.debug('Once more: %s', error)
            self._upload(repository, meta, ref, chunks)

    def _upload(
        self,
        repository: Repository,
        meta: ImageMeta,
        ref: str,
        chunks: Iterable[bytes],
    ) -> None:
        homes, pool = self._homes(repository)
        with self._task(meta.image_id) as task:
            # Not before: what came up to here may have logged in anew.
            login = self._port.login()
            query = {
                'session_id': login.ref,
                'task_id': task,
                'vdi': ref,
                'format': meta.disk_format,
            }
            addresses = _reached(login.address, homes)
            transfer.put(
                self._port.connect,
                addresses,
                query,
                chunks,
                meta.size,
                pool=pool,
            )
            self._follow(task)

    def _homes(
        self, repository: Repository
    ) -> tuple[list[str | None], list[str]]:
        """Give the addresses of hosts that see the SR, and of all hosts.

        None is the leader.

        The leader comes first: it answers, and by a name that we trust.

        :raises Away: when none does.
        """
        pools = self._port.read('pool.get_all_records').values()
        leaders = {pool['master'] for pool in pools}
        plugs = self._port.read('PBD.get_all_records').values()
        hosts = self._port.read('host.get_all_records')
        seeing = {
            plug['host']
            for plug in plugs
            if plug['SR'] == repository.ref and plug['currently_attached']
        }
        if not seeing:
            raise Away('no host of the pool has the SR plugged')
        others = [
            hosts[one]['address'] for one in hosts if one in seeing - leaders
        ]
        leader: list[str | None] = [None] if seeing & leaders else []
        return [*leader, *others], [one['address'] for one in hosts.values()]

    @contextlib.contextmanager
    def _task(self, image_id: str) -> Iterator[str]:
        task = self._port.once('task.create', 'import of an image', image_id)
        try:
            yield task
        except TaskLost as error:
            raise Lost(f'{transfer.METHOD}: {error}') from error
        except BaseException:
            # Ctrl-C too: xapi would wait for the rest.
            self._tasks.cancel(task)
            raise
        finally:
            self._tasks.forget(task)

    def _follow(self, task: str) -> None:
        end = self._clocks.monotonic() + _PATIENCE
        if not self._tasks.follow(task, transfer.METHOD, end):
            raise Lost(f'{transfer.METHOD} does not end')


def _reached(leader: Address, homes: Iterable[str | None]) -> list[Address]:
    """Give where hosts are reached from here.

    :raises Away: when none is.
    """
    found = []
    for home in homes:
        try:
            found.append(leader if home is None else leader.at(home))
        except ValueError as error:
            LOG.warning('A host that has the SR plugged: %s', error)
    if not found:
        raise Away('no host that has the SR plugged has an address')
    return found
