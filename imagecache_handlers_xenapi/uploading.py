"""Uploading: the bytes of an image go into a disk, by which host and task."""

from collections.abc import Iterable
from collections.abc import Iterator
import contextlib
import logging

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.port import Port
from imagecache_handlers_xenapi.port import raw_import
from imagecache_handlers_xenapi.port.tasks import TaskLost
from imagecache_handlers_xenapi.port.tasks import Tasks
from imagecache_handlers_xenapi.storage_repositories import Repository

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
            self._upload_by_hosts(repository, meta, ref, chunks)
        except raw_import.LoggedOut as error:
            # No byte was sent yet, and the next call logs in again.
            LOG.debug('Trying once more: %s', error)
            self._upload_by_hosts(repository, meta, ref, chunks)

    def _upload_by_hosts(
        self,
        repository: Repository,
        meta: ImageMeta,
        ref: str,
        chunks: Iterable[bytes],
    ) -> None:
        homes, pool = self._hosts_of(repository)
        with self._upload_task(meta.image_id) as task:
            # Not before: what came up to here may have logged in anew.
            login = self._port.login()
            query = {
                'session_id': login.ref,
                'task_id': task,
                'vdi': ref,
                'format': meta.disk_format,
            }
            addresses = _reachable_hosts(login.address, homes)
            raw_import.put(
                self._port.connect,
                addresses,
                query,
                chunks,
                meta.size,
                pool=pool,
            )
            self._follow_task(task)

    def _hosts_of(
        self, repository: Repository
    ) -> tuple[list[str | None], list[str]]:
        """Give the addresses of hosts that see the SR, and of all hosts.

        None is the leader.

        The leader comes first: it answers, and by a name that we trust.

        :raises Unreachable: when none does.
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
            raise Unreachable('no host of the pool has the SR plugged')
        others = [
            hosts[one]['address'] for one in hosts if one in seeing - leaders
        ]
        leader: list[str | None] = [None] if seeing & leaders else []
        return [*leader, *others], [one['address'] for one in hosts.values()]

    @contextlib.contextmanager
    def _upload_task(self, image_id: str) -> Iterator[str]:
        task = self._port.once('task.create', 'import of an image', image_id)
        try:
            yield task
        except TaskLost as error:
            raise ReplyLost(f'{raw_import.METHOD}: {error}') from error
        # Ctrl-C too: xapi would wait for the rest.
        except BaseException:
            self._tasks.cancel(task)
            raise
        finally:
            self._tasks.forget(task)

    def _follow_task(self, task: str) -> None:
        end = self._clocks.monotonic() + _PATIENCE
        if not self._tasks.follow(task, raw_import.METHOD, end):
            raise ReplyLost(f'{raw_import.METHOD} does not end')


def _reachable_hosts(
    leader: Address, homes: Iterable[str | None]
) -> list[Address]:
    """Give where hosts are reached from here.

    :raises Unreachable: when none is.
    """
    found = []
    for home in homes:
        try:
            found.append(leader if home is None else leader.at(home))
        except ValueError as error:
            LOG.warning('A host that has the SR plugged: %s', error)
    if not found:
        raise Unreachable('no host that has the SR plugged has an address')
    return found
