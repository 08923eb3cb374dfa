"""The same world on vSAN: disks without extents, and what goes in the base."""

import contextlib

from imagecache_handlers_vmware.paths import AsideName
from tests.vmware.others import BASE
from tests.vmware.world import World
from vcenter_simulator.faults import VimFault as Refused
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.simulator import Simulator


class VsanWorld(World):
    """A disk is its descriptor; evictions rename within the base folder."""

    def __init__(self, rules, **how):
        scenario = Scenario(seed=1, kinds=('vsan',))
        super().__init__(rules, vcenter=Simulator(scenario=scenario), **how)

    def all_images(self):
        return {one for one in self.all_left() if AsideName.read(one) is None}

    def all_left(self):
        return set(getattr(self.node(BASE), 'entries', {}))

    def extent(self, image):
        return self.node(BASE, image, f'{image}.vmdk')

    def has_clones(self, path, node):
        return node in self.needed.values()

    def allow_all(self):
        for name in self.all_left():
            self.allow_removal(name.partition('.')[0], BASE, name)

    def allow_removal(self, image, *place):
        top, name = place or (BASE, image)
        disk = self.node(top, name, f'{image}.vmdk')
        if disk is not None and disk not in self.needed.values():
            path = f'[{self.store_name}] {top}/{name}/{image}.vmdk'
            with contextlib.suppress(Refused):
                self.actors.set_deletable(path, is_deletable=True)
