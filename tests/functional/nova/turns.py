"""Turns: Nova's own driver and two hosts of ours at one simulated vCenter.

Time passes only when it is told to, for Nova as well.  A promise that breaks
raises ``Loss``.
"""

import contextlib
import dataclasses
import datetime
import math
from typing import Any

from imagecache_handlers import Patterns
from imagecache_handlers import Rules
from tests.functional.nova.driving import driving
from tests.vmware.others import BASE
from tests.vmware.others import STORE
from tests.vmware.world import Loss
from tests.vmware.world import SECOND
from tests.vmware.world import World
from vcenter_simulator.datastores.chains import extent_place
from vcenter_simulator.datastores.chains import read_disk
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.simulator import Simulator
from vcenter_simulator.timing import Timing

AGE = 900
# A sweep comes that often at least, as the page on vCenters asks for.
INTERVAL = 600
FOREVER = 1e9
WRITES = (
    'MakeDirectory',
    'MoveDatastoreFile_Task',
    'DeleteVirtualDisk_Task',
    'DeleteDatastoreFile_Task',
)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Instance:
    """An instance of Nova's: its number there, and its machine."""

    number: int
    image: str
    machine: Any


class Turns(World):
    """What Nova does beside what the hosts do, and the truth about it."""

    driver: Any = None

    def __init__(self, vcenter, protected):
        rules = Rules(
            min_age=AGE * SECOND, protected=Patterns.parse(protected)
        )
        super().__init__(rules, batch=3, skew=0, vcenter=vcenter)
        self.protected = {}  # image: its folder, once it was seen
        self.instances = []
        self.spawned = 0
        self.used = {}  # image: when Nova last took it into use
        self.swept = self.monotonic()

    def clear(self):
        """Begin anew: no image, no instance, no promise."""
        for instance in list(self.instances):
            self.shut(instance)
        for promises in self.protected, self.grants, self.pins:
            promises.clear()
        for image in self.list_images():
            self.forgive(image)
            self.actors.sweep(image)
        self.swept = self.monotonic()

    # What Nova does.

    def boot(self, image):
        self.spawned += 1
        self.tell_time()
        name = self.driver.do(
            'spawn',
            number=self.spawned,
            image=image,
            properties={'vmware_disktype': 'sparse'},
            size=1 << 16,
        )
        machine = self.find_machine(name)
        instance = Instance(number=self.spawned, image=image, machine=machine)
        self.instances.append(instance)
        self.needed[machine] = self.find_extent(machine)
        self.used[image] = self.monotonic()
        self.tally['booted'] += 1

    def shut(self, instance):
        self.instances.remove(instance)
        del self.needed[instance.machine]
        self.driver.do('destroy', number=instance.number, image=instance.image)

    def age(self, age=AGE):
        """Have Nova go through its images, as its periodic task does."""
        before = self.list_images()
        granted = dict(self.grants), dict(self.pins)
        self.tell_time()
        used = [one.image for one in self.instances]
        self.driver.do('sweep', used=used, age=age)
        self.tally['aged away'] += len(before - self.list_images())
        self.forget_overtaken(granted)

    def forget_overtaken(self, granted):
        """Forget what was granted after Nova had looked, and deletes.

        Of all that Nova does this alone cannot be kept from an image.
        """
        for before, now in zip(granted, (self.grants, self.pins), strict=True):
            for key in [one for one in now if now[one] != before.get(one)]:
                if self.folder(key[0]) is not now[key][0]:
                    del now[key]
                    self.tally['overtaken'] += 1

    def boot_and_shut(self, image):
        self.boot(image)
        self.shut(self.instances[-1])

    def tell_time(self):
        self.driver.do('set_clock', moment=self.monotonic())

    # What a host does.

    def sweep(self, host, script=()):
        there = self.list_images()
        super().sweep(host, list(script))
        self.swept = self.monotonic()
        for image in there - self.list_images():
            if not script and self.swept - self.used[image] < AGE:
                raise Loss(f'{image} went too soon after its use')

    def pin(self, host, image, owner, script):
        super().pin(host, image, owner, script)
        self.tally['pinned'] += (image, owner) in self.pins

    def wait(self, seconds):
        """Let time pass; a sweep comes before, if it would come too late."""
        if self.monotonic() + seconds - self.swept >= INTERVAL:
            self.sweep(self.hosts[0])
        self.advance(seconds)

    def finish_age(self, image):
        """Let time pass, without a sweep, until its mark is old enough."""
        self.forgive(image)
        self.advance(AGE + 1)

    # The truth.

    def find_machine(self, name):
        found: Any = self.vcenter.world.inventory.all('VirtualMachine')
        [machine] = [one for one in found if one.traits.instance_uuid == name]
        return machine

    def find_extent(self, machine):
        """Give the file that holds the bytes of the cached image."""
        [disk] = machine.disks
        base = disk.chain[-1]
        if base.parts[0] != BASE:
            raise Loss(f'{machine.name} is a clone of {base}')
        extent = extent_place(base, read_disk(base))
        return extent and extent.node

    def path(self, image):
        return f'[{STORE}] {BASE}/{image}'

    def name_mark(self):
        """Name the mark of what is unused since now; we round up."""
        moment = math.ceil(self.monotonic())
        now = datetime.datetime.fromtimestamp(moment, datetime.UTC)
        return f'{now:ts-%Y-%m-%d-%H-%M-%S}'

    def read_mark(self, image):
        """Name the mark that our handler reads."""
        [found] = self.hosts[0].cache.find(image)
        return f'{found.marks.unused_since:ts-%Y-%m-%d-%H-%M-%S}'

    def list_images(self):
        return set(getattr(self.node(BASE), 'entries', {}))

    def list_labels(self, image):
        """Name the folders in an image's folder."""
        entries = getattr(self.folder(image), 'entries', {})
        return sorted(
            name for name, one in entries.items() if hasattr(one, 'entries')
        )

    def check(self):
        super().check()
        for machine, extent in self.needed.items():
            # It names what it was made from, and not what came later.
            if self.find_extent(machine) is not extent:
                raise Loss(f'{machine.name} has another image below it')
        for image, folder in self.protected.items():
            if self.folder(image) is not folder:
                raise Loss(f'{image} is protected, and was removed')

    def protect(self, image):
        self.protected[image] = self.folder(image)

    def count_writes(self, work):
        before = sum(map(self.vcenter.counters.of, WRITES))
        work()
        return sum(map(self.vcenter.counters.of, WRITES)) - before

    def forgive(self, image):
        """Lift what vSphere keeps a disk for that was ever cloned from."""
        if any(one.image == image for one in self.instances):
            return
        for name in getattr(self.folder(image), 'entries', {}):
            if name.endswith('.vmdk') and not name.endswith('-flat.vmdk'):
                path = f'{self.path(image)}/{name}'
                self.actors.set_deletable(path, is_deletable=True)


@contextlib.contextmanager
def taking_turns(place, protected=()):
    """Start a vCenter, Nova's driver on it, and the hosts of ours."""
    vcenter = Simulator(
        scenario=Scenario(seed=1),
        timing=Timing(idle_end=FOREVER, ticket_end=FOREVER),
        tls=True,
    )
    # Nova uploads images to it: it takes a host's name for its address.
    vcenter.estate.cluster.hosts[0].properties['name'] = 'localhost'
    vcenter.start()
    world = Turns(vcenter, protected)
    try:
        with driving(
            place,
            port=vcenter.port,
            user=vcenter.username,
            password=vcenter.password,
            cluster='cluster-0',
            certificate=vcenter.ca_file,
        ) as world.driver:
            yield world
    finally:
        world.close()
