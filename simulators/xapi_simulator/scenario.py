"""What a pool looks like at the start: hosts, SRs, images, and the rest."""

import dataclasses
import time

from xapi_simulator import chains
from xapi_simulator import power
from xapi_simulator.storage import FIXED
from xapi_simulator.values import NULL
from xapi_simulator.world import World

GIB = 2**30
_HOUR = 3600


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """How much of everything.

    The first SR is the default one and shared by all hosts, the others are
    local to one host each, in turn; ``kinds`` are their types, in turn.  Of
    each image there are ``clones``, disks of running machines; ``other`` are
    disks that have nothing to do with images.  ``size`` is that of each SR
    in bytes; without it there is room for twice as much.  A ``seed`` gives
    the same uuids and references again.
    """

    images: int = 0
    clones: int = 0
    other: int = 0
    hosts: int = 1
    srs: int = 1
    kinds: tuple[str, ...] = ('nfs', 'ext', 'lvm')
    size: int | None = None
    seed: int | None = None

    def __post_init__(self) -> None:
        if self.hosts < 1 or self.srs < 1 or not self.kinds:
            raise ValueError('a pool has a host, an SR and types of SRs')

    @property
    def room(self) -> int:
        """The size of each SR."""
        if self.size is not None:
            return self.size
        return max(2**40, 2 * GIB * (self.images + self.other + 1))


def build(world: World, scenario: Scenario, addresses: list[str]) -> None:
    """Fill an empty pool."""
    hosts = tuple(world.add_host(address) for address in addresses)
    srs = _add_srs(world, scenario, hosts)
    default = srs[0]
    world.records.write(
        'pool',
        world.pool,
        default_SR=default,
        suspend_image_SR=default,
        crash_dump_SR=default,
    )
    usable = [sr for sr in srs if world.disks[sr].kind not in FIXED] or [NULL]
    with world.records.bulk():
        _add_disks(world, scenario, usable, hosts)
    for vdi, row in world.records.rows('VDI').items():
        if row['VBDs']:
            world.show_operations(vdi)
    for sr in srs:
        chains.refresh(world, sr)


def _add_disks(
    world: World, scenario: Scenario, srs: list[str], hosts: tuple[str, ...]
) -> None:
    for number in range(scenario.images):
        sr = srs[number % len(srs)]
        image = add_image(world, sr, world.records.new_uuid())
        for _ in range(scenario.clones):
            _add_instance(world, image, hosts[number % len(hosts)])
    for number in range(scenario.other):
        _add_other(world, srs[number % len(srs)], number)


def _add_srs(
    world: World, scenario: Scenario, hosts: tuple[str, ...]
) -> list[str]:
    srs = []
    for number in range(scenario.srs):
        kind = scenario.kinds[number % len(scenario.kinds)]
        local = (hosts[number % len(hosts)],)
        srs.append(
            world.add_sr(
                f'storage-{number}',
                kind,
                hosts=local if number else hosts,
                size=scenario.room,
            )
        )
    return srs


def add_image(
    world: World,
    sr: str,
    image_id: str,
    size: int = 10 * GIB,
    used: int = GIB,
    cached_at: float | None = None,
) -> str:
    """Add a cached image as Nova leaves one behind."""
    cached = time.time() - _HOUR if cached_at is None else cached_at
    vdi = chains.create(
        world,
        sr,
        size,
        {
            'name_label': f'Glance Image {image_id}',
            'name_description': 'root',
            'other_config': {
                'image-id': image_id,
                'cached-time': str(int(cached)),
            },
        },
    )
    chains.write(world, vdi, used)
    return vdi


def _add_instance(world: World, image: str, host: str) -> None:
    disk = chains.branch(world, image, 'scenario', {})
    marks = dict(world.records.get('VDI', image)['other_config'])
    # Nova removes the one and forgets the other.
    del marks['image-id']
    world.records.write('VDI', disk, other_config=marks)
    add_machine(world, disk, host)


def add_machine(world: World, disk: str, host: str) -> str:
    """Add a running machine that has a disk attached."""
    number = world.records.count('VM')
    vm = world.records.create(
        'VM',
        name_label=f'instance-{number:08x}',
        power_state='Running',
        resident_on=host,
        allowed_operations=power.ALLOWED['Running'],
    )
    world.records.create(
        'VBD', VM=vm, VDI=disk, userdevice='0', currently_attached=True
    )
    world.show_operations(disk)
    return vm


def _add_other(world: World, sr: str, number: int) -> None:
    fields = {'name_label': f'volume-{number}'}
    vdi = chains.create(world, sr, 20 * GIB, fields)
    chains.write(world, vdi, GIB // 2)
