"""Our library on a vCenter of its own process, and what its acts take."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Sequence
import contextlib
import dataclasses
import datetime
import pathlib
import re
import threading
import time
from typing import Any
from typing import IO
from typing import Self
from unittest import mock
from xml.etree import ElementTree

from benchmarks.programs import Program
from imagecache_handlers.actions.report import Did
from imagecache_handlers.cache import ImageCache
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers.transport.exchanges import at_any_time
from imagecache_handlers_vmware.handler import VMwareHandler
from imagecache_handlers_vmware import looks
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.connection import Connection
from imagecache_handlers_vmware.port.connection import make_post
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.requests import Request
from imagecache_handlers_vmware.port.session import Session
from imagecache_handlers_vmware.searching import search_below

BASE = 'vmware_base'
WRITES = frozenset(
    {
        'MakeDirectory',
        'MoveDatastoreFile_Task',
        'DeleteVirtualDisk_Task',
        'DeleteDatastoreFile_Task',
    }
)
_PEAK = re.compile(r'^Vm(HWM|RSS):\s+(\d+) kB$', re.MULTILINE)
# A task, or the token of a page.
_NAMED = re.compile(r'task-\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}')


@dataclasses.dataclass(frozen=True, kw_only=True)
class Taken:
    """What an act took: calls and bytes as vCenter counted them.

    ``peak`` is the memory of the process at most, ``more`` how much of that
    the act added, both in bytes.
    """

    calls: int
    writes: int
    bytes: int
    seconds: float
    cpu: float
    peak: int = 0
    more: int = 0
    user_reads: int = 0
    batches: int = 0

    @classmethod
    def read(
        cls, program: Program, seconds: float, cpu: float, **more: int
    ) -> Self:
        counts = program.do('count')
        return cls(
            calls=sum(calls for calls, _ in counts.values()),
            writes=sum(
                calls for name, (calls, _) in counts.items() if name in WRITES
            ),
            bytes=sum(size for _, size in counts.values()),
            seconds=seconds,
            cpu=cpu,
            **more,
        )


class Client(contextlib.AbstractContextManager['Client']):
    """The library at a vCenter, logged in."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self.session = make_session(program)
        self.handler = VMwareHandler(
            self.session, CacheOptions(base_folder=BASE)
        )
        self._stores = [one.name for one in self.handler.stores()]

    def __exit__(self, *_: object) -> None:
        self.handler.close()

    def take(self, act: Callable[[], object]) -> Taken:
        """Give what an act took."""
        self._program.do('reset')
        forget_peak()
        before = read_memory()['RSS']
        with self._counting() as counts:
            started, cpu = time.perf_counter(), time.process_time()
            act()
            seconds = time.perf_counter() - started
            cpu = time.process_time() - cpu
        peak = read_memory()['HWM']
        return Taken.read(
            self._program,
            seconds,
            cpu,
            peak=peak,
            more=peak - before,
            **counts,
        )

    @contextlib.contextmanager
    def _counting(self):  # type: ignore[no-untyped-def]
        counts = {'user_reads': 0, 'batches': 0}
        guard = threading.Lock()
        read, evict = looks.read_machines, self.handler.evict_many

        def count(name: str, call: Callable[..., Any]) -> Callable[..., Any]:
            def counted(*args: Any, **how: Any) -> Any:
                with guard:
                    counts[name] += 1
                return call(*args, **how)

            return counted

        with (
            mock.patch.object(
                looks, 'read_machines', count('user_reads', read)
            ),
            mock.patch.object(
                self.handler, 'evict_many', count('batches', evict)
            ),
        ):
            yield counts

    def _cache(self, age: float = 86400) -> ImageCache:
        return ImageCache(
            self.handler, Rules(min_age=datetime.timedelta(seconds=age))
        )

    def sweep(self, used: Iterable[str], age: float, *stores: str) -> None:
        """Sweep all stores, or those named; nothing may fail."""
        report = self._cache(age).sweep(
            lambda: make_evidence(used), stores or None
        )
        if any(one.did is Did.FAILED for one in report.outcomes):
            raise RuntimeError('an image could not be evicted')

    def plan(self, used: Iterable[str]) -> None:
        self._cache().plan(make_evidence(used))

    def hold_and_release(self, image: str) -> None:
        cache = self._cache()
        if not cache.hold(image, 'vm', datetime.timedelta(minutes=10)):
            raise RuntimeError(f'{image} is not held')
        cache.release(image, 'vm')

    def pin_and_unpin(self, image: str) -> None:
        cache = self._cache()
        if not cache.pin(image, 'ops'):
            raise RuntimeError(f'{image} is not pinned')
        cache.unpin(image, 'ops')

    def ask_each(self) -> None:
        """Search each image's folder by itself, as Nova's pass does."""
        own = self.handler._looks
        datastore = own.datastore(self._stores[0])
        for image in self._program.do('list_images'):
            path = own.base(datastore).join(image)
            search_below(self.session, datastore, path, own.options.waiting)

    def record(self, act: Callable[[], object]) -> list[Request]:
        """Give the requests that an act made."""
        made: list[Request] = []
        exchange = Connection.exchange

        def recorded(one: Connection, request: Request, *rest: Any) -> Any:
            made.append(request)
            return exchange(one, request, *rest)

        with mock.patch.object(Connection, 'exchange', recorded):
            act()
        return made


def fetch_alone(program: Program, requests: Sequence[Request]) -> Taken:
    """Make requests again, and parse what comes for nothing.

    Tasks, and pages that are to come, have other names by now.
    """
    session = make_session(program)
    login = session._shared.obtain_login()
    program.do('reset')
    with contextlib.closing(
        Connection(session.address, session._options)
    ) as connection:
        started, cpu = time.perf_counter(), time.process_time()
        name = ''
        for request in requests:
            content = (
                _NAMED.sub(name, request.content) if name else request.content
            )
            again = dataclasses.replace(request, content=content)
            post = make_post(again, login.cookie, at_any_time)
            with connection._exchange(post) as answer:
                name = _find_name(answer)
        seconds = time.perf_counter() - started
        cpu = time.process_time() - cpu
    taken = Taken.read(program, seconds, cpu)
    session.close()
    return taken


def _find_name(answer: IO[bytes]) -> str:
    """Parse an answer, and give the name of a task or page that is in it."""
    name = ''
    for _, element in ElementTree.iterparse(answer):  # noqa: S314
        if element.tag.endswith(('returnval', 'token')):
            name = element.text or name
        element.clear()
    return name


def make_session(program: Program) -> Session:
    login = program.do('tell_login')
    dialling = ConnectionOptions(timeout=600, ca_file=login['ca_file'])
    address = Address.parse(login['url'])
    logins = PasswordLogins(
        address, login['username'], login['password'], dialling
    )
    return Session(address, logins, dialling)


def make_evidence(used: Iterable[str]) -> Evidence:
    return Evidence(
        users={one: frozenset({'an instance'}) for one in used},
        complete=True,
        as_of=datetime.datetime.now(datetime.UTC),
    )


def forget_peak() -> None:
    """Have the peak of this process be what it takes now."""
    pathlib.Path('/proc/self/clear_refs').write_text('5')


def read_memory() -> dict[str, int]:
    """Give the peak (HWM) and what is taken now (RSS), in bytes."""
    status = pathlib.Path('/proc/self/status').read_text()
    return {name: int(kib) * 1024 for name, kib in _PEAK.findall(status)}
