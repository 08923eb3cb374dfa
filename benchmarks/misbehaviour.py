"""Run the command against pools that do not behave, one after the other.

For each the table tells how many seconds it took until the command ended,
its peak of memory, the last line that its user read (complaints before
tables), and what was left behind in the pool: sessions that are open, claims
of removals, images.  A child that does not end is killed at a limit, and the
table says so.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import pathlib
import sys
import tempfile
from typing import Any
from unittest import mock

from benchmarks import bad_servers
from benchmarks import child
from benchmarks import output
from benchmarks import xenapi
from xapi_simulator import fail
from xapi_simulator import hang
from xapi_simulator.interface import Interface
from xapi_simulator import Scenario
from xapi_simulator import Simulator
from xapi_simulator import Timing
from xapi_simulator import When
from xapi_simulator import XapiError

COMMAND = (sys.executable, '-m', 'imagecache_handlers.frontends.cli')
CONFIGURATION = """\
[imagecache]
handler = xenapi
[imagecache_xenapi]
url = {url}
password = {password}
timeout_seconds = {timeout}
insecure = {insecure}
"""
IMAGES = 50
LONG_AGO = '1577836800'


@dataclasses.dataclass(frozen=True, kw_only=True)
class Stage:
    """Somebody who does not behave, and what the user does there."""

    url: str
    pool: Simulator | None = None
    command: str = 'plan'
    insecure: bool = True
    interrupt: float | None = None

    @property
    def password(self) -> str:
        return self.pool.password if self.pool else 'none'


Staged = contextlib.AbstractContextManager[Stage]
Edit = Callable[[str, Any], Any]


@contextlib.contextmanager
def pool(images: int = 3, hosts: int = 1, **how: Any) -> Iterator[Simulator]:
    """Run a pool all of whose images are to go."""
    timing = Timing(collect=None)
    scenario = Scenario(images=images, hosts=hosts)
    with Simulator(scenario, timing=timing, **how) as made:
        xenapi.label(made)
        for vdi, row in made.do('VDI.get_all_records').items():
            marks = {**row['other_config'], 'cached-time': LONG_AGO}
            made.actors.set('VDI', vdi, other_config=marks)
        yield made


@contextlib.contextmanager
def served(answer: bad_servers.Answer) -> Iterator[Stage]:
    with bad_servers.serve(answer) as url:
        yield Stage(url=url)


@contextlib.contextmanager
def plain_http() -> Iterator[Stage]:
    with pool() as made:
        yield Stage(url=made.url, pool=made, insecure=False)


@contextlib.contextmanager
def another_leader() -> Iterator[Stage]:
    """Let the only host that is configured name one that is not."""
    with pool(hosts=2) as made:
        yield Stage(url=made.url_of(1), pool=made)


@contextlib.contextmanager
def tasks_without_end() -> Iterator[Stage]:
    with pool(IMAGES, tasks=When.TOLD) as made:
        yield Stage(url=made.url, pool=made, command='sweep')


@contextlib.contextmanager
def busy_store() -> Iterator[Stage]:
    """Have another operation of the SR go on all the time."""
    with pool(IMAGES) as made:
        made.timing.queue_limit = 0
        held = 'SR', made.actors.default_sr(), 'scan'
        queues = made.world.queues
        with queues.operation('OpaqueRef:other', lambda: None, held):
            yield Stage(url=made.url, pool=made, command='sweep')


@contextlib.contextmanager
def away_store() -> Iterator[Stage]:
    """Have storage work be handed to a host that nobody can reach."""
    with pool(IMAGES, hosts=2) as made:
        host = made.host(1)
        for number in range(1, 20 * IMAGES):
            error = fail('CANNOT_CONTACT_HOST', host)
            made.after('VDI.destroy#begun', error, number)
        yield Stage(url=made.url, pool=made, command='sweep')


@contextlib.contextmanager
def edited(edit: Edit, images: int, command: str) -> Iterator[Stage]:
    """Change what the pool answers before it is sent."""
    answer = Interface.answer

    def other(self: Interface, host: str, method: str, sent: Any) -> Any:
        return edit(method, answer(self, host, method, sent))

    with pool(images) as made, mock.patch.object(Interface, 'answer', other):
        yield Stage(url=made.url, pool=made, command=command)


def bare_tasks(method: str, result: Any) -> Any:
    """Answer about tasks as some stand-ins for xapi do."""
    if method == 'event.from':
        raise XapiError('MESSAGE_METHOD_UNKNOWN', method)
    if method == 'task.get_record':
        kept = 'uuid', 'name_label', 'status', 'result'
        return {name: result[name] for name in kept}
    return result


def wrong_records(method: str, result: Any) -> Any:
    """Answer with records that are none."""
    return [[1]] if '.get_all_records' in method else result


def wrong_tasks(method: str, result: Any) -> Any:
    """Answer about tasks with what is no record at all."""
    tasks = 'event.from', 'task.get_record'
    return [1] if method in tasks else result


@contextlib.contextmanager
def told_to_end() -> Iterator[Stage]:
    """Have a host hang, and the user lose patience."""
    with pool() as made:
        made.before('Async.VDI.destroy', hang(5))
        yield Stage(url=made.url, pool=made, command='sweep', interrupt=3)


MISBEHAVIOURS: dict[str, Callable[[], Staged]] = {
    'http without insecure': plain_http,
    'a leader of another name': another_leader,
    f'a byte every {bad_servers.EVERY} s': lambda: served(bad_servers.drip),
    'an answer without end': lambda: served(bad_servers.endless),
    'an answer of 100 MiB': lambda: served(bad_servers.large),
    'closes in the middle': lambda: served(bad_servers.broken),
    'tasks that never end': tasks_without_end,
    'the store is busy': busy_store,
    'the store is out of reach': away_store,
    'tasks without error_info': lambda: edited(bare_tasks, IMAGES, 'sweep'),
    'records of a wrong shape': lambda: edited(wrong_records, 3, 'plan'),
    'tasks of a wrong shape': lambda: edited(wrong_tasks, IMAGES, 'sweep'),
    'hangs, and is told to end': told_to_end,
}


def measure(name: str, timeout: int, limit: float) -> output.Row:
    """Give the row of one misbehaviour."""
    with (
        MISBEHAVIOURS[name]() as stage,
        tempfile.TemporaryDirectory() as folder,
    ):
        conf = pathlib.Path(folder) / 'cache.conf'
        conf.write_text(
            CONFIGURATION.format(
                url=stage.url,
                password=stage.password,
                timeout=timeout,
                insecure=str(stage.insecure).lower(),
            )
        )
        limits = child.Limits(seconds=limit, interrupt=stage.interrupt)
        command = [*COMMAND, stage.command, '--config-file', str(conf)]
        before = images(stage.pool)
        ending = child.run(command, limits)
        left = left_behind(stage.pool, before)
    return {
        'misbehaviour': name,
        'command': stage.command,
        'ended': ending.how,
        'seconds': ending.seconds,
        'peak MiB': ending.peak // child.MIB,
        'left behind': left,
        'the user read': ending.said,
    }


def images(made: Simulator | None) -> int:
    return len(made.do('VDI.get_all')) if made else 0


def left_behind(made: Simulator | None, before: int) -> str:
    if made is None:
        return 'nothing was there'
    rows = made.do('VDI.get_all_records').values()
    labels = [key for row in rows for key in row['other_config']]
    claims = sum('claim.' in key for key in labels)
    sessions = len(made.world.records.rows('session'))
    return (
        f'{sessions} sessions, {claims} claims, '
        f'{images(made)} of {before} images'
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--limit', type=float, default=60.0, metavar='S')
    parser.add_argument('--timeout', type=int, default=1, metavar='S')
    parser.add_argument(
        '--only', nargs='+', choices=MISBEHAVIOURS, default=MISBEHAVIOURS
    )
    args = parser.parse_args(argv)
    rows = [measure(one, args.timeout, args.limit) for one in args.only]
    output.write(rows, args.json)


if __name__ == '__main__':
    main()
