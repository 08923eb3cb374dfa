# ruff: noqa: E402 -- without Nova nothing else of it can be imported
"""Fleets of Nova's own HostStates, of any load, with an image on some hosts.

They need Nova (34) and no service; what is random in them goes by a seed.
"""

import dataclasses
import datetime
import random
from typing import Any
import uuid

from benchmarks.needs import need_nova

need_nova()

import nova.conf
from nova import objects
from nova.scheduler import host_manager

from imagecache_handlers.frontends.fleet.digest import make_digest
from imagecache_handlers.frontends.fleet import opts
from imagecache_handlers.frontends.fleet.stats import write_stats
from imagecache_handlers.model import CachedImage

CONF = nova.conf.CONF
GIB = 2**30
IMAGE, OTHER = (str(uuid.UUID(int=number)) for number in (1, 2))
HOUR = datetime.timedelta(hours=1)
# What a host has had before: nothing; up to 20 servers; as many, on hosts of
# half the size; these, all of this image where it is cached; on hosts of
# different sizes, up to as many more as they are larger.
LOADS = 'empty', 'loaded', 'full', 'own', 'uneven'
FLAVORS = (1024, 1, 10), (2048, 2, 20), (4096, 4, 40)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """So many hosts, so many of which have the image, and their load."""

    hosts: int
    holders: int
    load: str
    seed: int

    def make_hosts(self, chance: random.Random) -> tuple[list[Any], set[str]]:
        """Give the hosts, and the names of those that have it."""
        names = [f'host-{number}' for number in range(self.hosts)]
        holders = set(chance.sample(names, self.holders))
        return [
            make_host(name, self.load, name in holders, chance)
            for name in names
        ], holders


def set_up() -> None:
    """Have Nova ready, with no configuration but its defaults."""
    opts.register_opts(CONF)
    CONF([], project='nova', default_config_files=[])
    objects.register_all()


def make_host(
    name: str, load: str, has_image: bool, chance: random.Random
) -> Any:
    """Make a host with what its load says."""
    large = {'full': 0.5, 'own': 0.5}.get(load, 1.0)
    if load == 'uneven':
        large = chance.choice([0.5, 1.0, 2.0])
    identity = str(uuid.UUID(int=chance.getrandbits(128)))
    state = host_manager.HostState(name, name, identity)
    state.total_usable_ram_mb = state.free_ram_mb = int(131072 * large)
    state.free_disk_mb = int(1200 * 1024 * large)
    state.vcpus_total, state.vcpus_used = int(128 * large), 0
    state.cpu_allocation_ratio = 1.0
    state.hypervisor_version = 1
    state.instances = {}
    state.num_io_ops = state.num_instances = 0
    state.stats = tell_image() if has_image else {}
    is_own = load == 'own' and has_image
    most = {'empty': 0, 'uneven': int(20 * large)}.get(load, 20)
    for _ in range(chance.randint(0, most)):
        image = IMAGE if is_own else OTHER
        flavor = chance.choice(FLAVORS)
        add_server(state, image, flavor, 5 * HOUR, chance)
    tell_usage(state)
    return state


def add_server(
    state: Any,
    image: str,
    flavor: tuple[int, int, int],
    age: datetime.timedelta,
    chance: random.Random,
) -> None:
    memory, cores, disk = flavor
    state.free_ram_mb -= memory
    state.vcpus_used += cores
    state.free_disk_mb -= disk * 1024
    state.num_instances += 1
    know_server(state, image, age, chance)


def know_server(
    state: Any, image: str, age: datetime.timedelta, chance: random.Random
) -> None:
    """Have the scheduler know a server, as computes tell it when built."""
    launched = datetime.datetime.now(datetime.UTC) - age
    server = objects.Instance(
        uuid=str(uuid.UUID(int=chance.getrandbits(128))),
        image_ref=image,
        launched_at=launched,
    )
    state.instances[server.uuid] = server


def tell_image() -> dict[str, str]:
    image = CachedImage(image_id=IMAGE, store='s', location='l', size=GIB)
    now = datetime.datetime.now(datetime.UTC)
    return write_stats(make_digest([image], generation=0, as_of=now))


def tell_usage(state: Any) -> None:
    """Put into its stats what a host tells once servers were claimed."""
    told = {'num_instances': str(state.num_instances)}
    state.stats = {**state.stats, **told}


def make_request(size: int) -> Any:
    return objects.RequestSpec(
        image=objects.ImageMeta(
            id=IMAGE, size=size, properties=objects.ImageMetaProps()
        ),
        flavor=objects.Flavor(
            memory_mb=1024, vcpus=1, root_gb=10, ephemeral_gb=0, swap=0
        ),
        is_bfv=False,
        numa_topology=None,
        pci_requests=None,
        instance_group=None,
    )


def has_room(state: Any) -> bool:
    """Tell what placement would."""
    cores = state.vcpus_total * state.cpu_allocation_ratio
    return bool(
        state.free_ram_mb >= 1024
        and state.free_disk_mb >= 10240
        and state.vcpus_used < cores
    )
