"""Measure the handler ``vmware`` on a simulated vCenter, a process by itself.

``passes`` (the default): passes over images of which half are in use.  Beside
each stands the pass of Nova's own driver on the same images, if ``--nova``
names a Python that has Nova; else a bare loop that asks about every image on
a connection of ours, as Nova does with a slower one.  ``calls``: what single
acts take.  ``large``: a look at many images and machines, beside fetching the
same bytes and parsing them for nothing.  ``stores``: a pass over several
datastores on a slow line, beside the slowest of them alone.
"""

from collections.abc import Iterator
from collections.abc import Sequence
import contextlib
import dataclasses
import time

from benchmarks.needs import need_nova_of
from benchmarks.nova_driver import driving
from benchmarks import output
from benchmarks.programs import Program
from benchmarks.vcenter import vcenter
from benchmarks.vmware_client import Client
from benchmarks.vmware_client import fetch_alone
from benchmarks.vmware_client import Taken

PASSES = ('first', 'unchanged', 'expiry')
DAY = 86400


@dataclasses.dataclass(frozen=True, kw_only=True)
class Size:
    """How much there is, and how long a task of vCenter takes."""

    images: int
    machines: int = 0
    work: float = 0.0


def main(argv: Sequence[str] | None = None) -> None:
    parser = output.parser(__doc__)
    parser.add_argument(
        'what',
        nargs='?',
        choices=('passes', 'calls', 'large', 'stores'),
        default='passes',
    )
    parser.add_argument('--images', type=int, default=1000)
    parser.add_argument('--machines', type=int, default=0)
    parser.add_argument(
        '--work', type=float, default=0.0, help='seconds, of every task'
    )
    parser.add_argument(
        '--latency', type=float, default=0.05, help='seconds, of every call'
    )
    parser.add_argument('--stores', type=int, default=4)
    parser.add_argument('--nova', help='a Python that has Nova')
    args = parser.parse_args(argv)
    need_nova_of(args.nova)
    size = Size(images=args.images, machines=args.machines, work=args.work)
    if args.what == 'passes':
        rows = measure_passes(size, args.nova)
    elif args.what == 'calls':
        rows = measure_calls(size)
    elif args.what == 'large':
        rows = [measure_look(size)]
    else:
        rows = measure_stores(size, args.stores, args.latency)
    output.write(rows, args.json)


# Passes, beside another's.


def measure_passes(size: Size, nova: str | None) -> list[output.Row]:
    ours, others = pass_by_us(size), pass_by_others(size, nova)
    return [
        {
            'pass': name,
            'images': size.images,
            'VMs': size.machines,
            'task ms': round(1000 * size.work),
            'calls': our.calls,
            'writes': our.writes,
            'user reads': our.user_reads,
            'batches': our.batches,
            'MB': our.bytes / 1e6,
            's': our.seconds,
            'cpu s': our.cpu,
            'other': 'Nova' if nova else 'bare loop',
            'its calls': its.calls,
            'its s': its.seconds,
            'its cpu s': its.cpu,
            'times its s': its.seconds / our.seconds,
            'times its cpu': its.cpu / our.cpu,
        }
        for name, our, its in zip(PASSES, ours, others, strict=True)
    ]


@contextlib.contextmanager
def filled(size: Size) -> Iterator[tuple[Program, list[str]]]:
    """Run a vCenter; half of its images are those that are in use."""
    with vcenter(size.images) as program:
        images = program.do('list_images')
        used = images[: size.images // 2]
        program.do('spawn', images=used, machines=size.machines)
        program.do('slow_down', work=size.work)
        yield program, used


def pass_by_us(size: Size) -> list[Taken]:
    with filled(size) as (program, used), Client(program) as client:
        taken = [client.take(lambda: client.sweep(used, DAY))]
        taken.append(client.take(lambda: client.sweep(used, DAY)))
        # The age of what was marked just now has to be over.
        time.sleep(2)
        taken.append(client.take(lambda: client.sweep(used, 0)))
        left = program.do('list_images')
    check_expiry(left, used)
    return taken


def pass_by_others(size: Size, nova: str | None) -> list[Taken]:
    with filled(size) as (program, used):
        if nova is None:
            with Client(program) as client:
                taken = client.take(client.ask_each)
            return [taken] * len(PASSES)
        with driving(program, nova) as driver:
            return [
                take_nova(program, driver, used, age) for age in (DAY, DAY, 0)
            ]


def take_nova(
    program: Program, driver: Program, used: list[str], age: int
) -> Taken:
    time.sleep(0 if age else 2)
    program.do('reset')
    told = driver.do('sweep', used=used, age=age)
    if not age:
        check_expiry(program.do('list_images'), used)
    return Taken.read(program, told['seconds'], told['cpu'])


def check_expiry(left: list[str], used: list[str]) -> None:
    if sorted(left) != sorted(used):
        raise RuntimeError(f'{len(left)} images are left of {len(used)} used')


# Acts.


def measure_calls(size: Size) -> list[output.Row]:
    with filled(size) as (program, used), Client(program) as client:
        idle = next(
            one for one in program.do('list_images') if one not in used
        )
        client.sweep(used, DAY)
        acts = {
            'hold and release': lambda: client.hold_and_release(idle),
            'pin and unpin': lambda: client.pin_and_unpin(idle),
        }
        return [
            {
                'act': name,
                'calls': one.calls,
                'writes': one.writes,
                's': one.seconds,
            }
            for name, act in acts.items()
            for one in [client.take(act)]
        ]


# A large look.


def measure_look(size: Size) -> output.Row:
    with filled(size) as (program, used), Client(program) as client:
        client.plan(used)
        recorded = client.record(lambda: client.plan(used))
        rounds = [
            (
                client.take(lambda: client.plan(used)),
                fetch_alone(program, recorded),
            )
            for _ in range(3)
        ]
    looks, alone = zip(*rounds, strict=True)
    # The quickest of each: other work disturbs both alike.
    look = min(looks, key=lambda one: one.cpu)
    floor = min(alone, key=lambda one: one.cpu)
    if floor.bytes != look.bytes:
        raise RuntimeError(f'{floor.bytes} bytes are not {look.bytes}')
    return {
        'images': size.images,
        'VMs': size.machines,
        'calls': look.calls,
        'MB': look.bytes / 1e6,
        'plan s': min(one.seconds for one in looks),
        'floor s': min(one.seconds for one in alone),
        'plan cpu s': look.cpu,
        'floor cpu s': floor.cpu,
        'times its cpu': look.cpu / floor.cpu,
        'peak MiB': max(one.peak for one in looks) // 2**20,
        'more MiB': max(one.more for one in looks) // 2**20,
    }


# Several datastores.


def measure_stores(
    size: Size, stores: int, latency: float
) -> list[output.Row]:
    """Give the rows of each datastore alone, and of all together."""
    names = [f'datastore-{number}' for number in range(stores)]
    with (
        vcenter(size.images, size.machines, stores) as program,
        Client(program) as client,
    ):
        for name in names:
            client.sweep((), DAY, name)
        program.do('slow_down', latency=latency, work=size.work)
        # In turns, and the quickest of each: other work disturbs all.
        rounds = [
            [
                client.take(lambda to=to: client.sweep((), DAY, *to))
                for to in (*((name,) for name in names), ())
            ]
            for _ in range(3)
        ]
    *alone, together = (
        min(some, key=lambda one: one.seconds)
        for some in zip(*rounds, strict=True)
    )
    slowest = max(one.seconds for one in alone)
    return [
        {
            'stores': name,
            'images': size.images,
            'latency ms': round(1000 * latency),
            'calls': one.calls,
            's': one.seconds,
            'to slowest': one.seconds / slowest,
        }
        for name, one in [*zip(names, alone, strict=True), ('all', together)]
    ]


if __name__ == '__main__':
    main()
