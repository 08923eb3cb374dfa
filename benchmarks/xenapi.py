"""Measure the handler ``xenapi`` on simulated pools.

Beside planning stands what no client can do without: fetching the records
of the same VDIs over JSON-RPC, and decoding them.  The pool is a process of
its own.  With ``--evict`` SRs of a pool are swept, in which each destroy
takes 200 ms: several are to take hardly longer than one.  With ``--latency``
one SR is swept in which destroys take no time, and each call so many seconds;
then one beside ``--foreign`` disks, whose bytes are counted.
"""

from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import datetime
import json
import resource
import subprocess
import sys
import time

from benchmarks import output
from imagecache_handlers.actions.report import Did
from imagecache_handlers.cache import ImageCache
from imagecache_handlers.labels import seen_label
from imagecache_handlers.labels import unused_label
from imagecache_handlers.model import Evidence
from imagecache_handlers.planning.rules import Rules
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi.handler import XenAPIHandler
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.connection import MUCH_JSON
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.logins import PasswordLogin
from imagecache_handlers_xenapi.port.session import Session
from xapi_simulator import Scenario
from xapi_simulator import Simulator
from xapi_simulator import Timing

SIZES = (1_000, 10_000)
SRS = (1, 8)
EACH = 25
LONG_AGO = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
DIALLING = ConnectionOptions(timeout=600, insecure=True)


def now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def evidence() -> Evidence:
    return Evidence(complete=True, as_of=now())


def port(url: str, password: str) -> Session:
    return Session(PasswordLogin([url], 'root', password, DIALLING), DIALLING)


@contextlib.contextmanager
def pool(vdis: int) -> Iterator[tuple[str, str]]:
    """Run a pool with so many VDIs, one in five an image; how to log in."""
    command = [sys.executable, '-m', 'xapi_simulator']
    how = f'--images {vdis // 5} --other {vdis - vdis // 5} --seed 1'
    with subprocess.Popen(  # noqa: S603
        [*command, *how.split()], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            if process.stdout is None:
                raise RuntimeError('the pool cannot be heard')
            url = process.stdout.readline().split()[-1]
            password = process.stdout.readline().split()[-1]
            yield url, password
        finally:
            process.kill()


def fetch(session: Session) -> int:
    """Do what no client can do without: fetch, and decode."""
    login = session.login()
    connection = DIALLING.connect(Address.parse(str(login.address)))
    call = {
        'jsonrpc': '2.0',
        'method': 'VDI.get_all_records_where',
        'params': [login.ref, 'true'],
        'id': 1,
    }
    with contextlib.closing(connection):
        connection.line.begin(MUCH_JSON)
        connection.request('POST', '/jsonrpc', json.dumps(call))
        return len(json.loads(connection.getresponse().read())['result'])


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def planning(vdis: int, repeat: int) -> output.Row:
    """Give the row of one size."""
    with (
        pool(vdis) as (url, password),
        contextlib.closing(port(url, password)) as session,
    ):
        if fetch(session) != vdis:
            raise RuntimeError('the pool has other disks than it was told')
        cache = ImageCache(XenAPIHandler(session), Rules())
        acts = (
            lambda: fetch(session),
            lambda: cache.plan(evidence()),
        )
        # In turns, and the quickest of each: other work disturbs all alike.
        rounds = [[seconds(act) for act in acts] for _ in range(repeat)]
        fetched, planned = map(min, zip(*rounds, strict=True))
        plan = cache.plan(evidence())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        'VDIs': vdis,
        'images': len(plan.verdicts),
        'fetch s': fetched,
        'plan s': planned,
        'to fetch': planned / fetched,
        'peak MiB': peak // 1024,
    }


def evicting(
    srs: int,
    each: int,
    destroy: float,
    latency: float = 0.0,
    foreign: int = 0,
) -> output.Row:
    """Sweep several SRs at once, all of whose images are to go."""
    made = Simulator(
        Scenario(images=srs * each, other=foreign, srs=srs, kinds=('nfs',)),
        timing=Timing(work={'VDI.destroy': destroy}, collect=None),
    )
    with made, contextlib.closing(port(made.url, made.password)) as session:
        label(made)
        handler = XenAPIHandler(
            session, srs=[f'storage-{number}' for number in range(srs)]
        )
        cache = ImageCache(handler, Rules(min_age=datetime.timedelta(0)))
        session.login()
        made.timing.latency = latency
        made.counters.reset()
        started = time.perf_counter()
        report = cache.sweep(evidence)
        taken = time.perf_counter() - started
        counts = made.counters.by_method.values()
    did = [one.did for one in report.outcomes]
    if did.count(Did.EVICTED) != srs * each:
        raise RuntimeError(f'evicted {did.count(Did.EVICTED)} of {len(did)}')
    return {
        'SRs': srs,
        'evicted': len(did),
        'seconds': taken,
        's/evicted in an SR': taken / each,
        'calls/evicted': sum(one.calls for one in counts) / len(did),
        'foreign': foreign,
        'latency ms': round(1000 * latency),
        'MB read': sum(one.sent for one in counts) / 1e6,
    }


def label(made: Simulator) -> None:
    """Have all images seen, and idle, for years."""
    for ref, row in made.do('VDI.get_all_records').items():
        labels = {
            key(row['uuid'], one(LONG_AGO)): 'set'
            for one in (seen_label, unused_label)
        }
        made.actors.set(
            'VDI', ref, other_config={**row['other_config'], **labels}
        )


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument('--sizes', nargs='+', type=int, default=SIZES)
    parser.add_argument('--repeat', type=int, default=3)
    parser.add_argument('--evict', action='store_true')
    parser.add_argument('--srs', nargs='+', type=int, default=SRS)
    parser.add_argument('--each', type=int, default=EACH)
    parser.add_argument('--destroy', type=float, default=0.2)
    parser.add_argument('--latency', type=float)
    parser.add_argument('--foreign', type=int, default=5000)
    args = parser.parse_args(argv)
    if args.latency is not None:
        rows = [
            evicting(1, args.each, 0.0, latency=args.latency),
            evicting(1, min(200, args.each), 0.0, foreign=args.foreign),
        ]
    elif args.evict:
        rows = [evicting(srs, args.each, args.destroy) for srs in args.srs]
    else:
        rows = [planning(size, args.repeat) for size in args.sizes]
    output.write(rows, args.json)


if __name__ == '__main__':
    main()
