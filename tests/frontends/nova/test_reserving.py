"""What the cache takes is reserved at placement, where Nova is told so."""

import types
import unittest

from oslo_config import cfg

from imagecache_handlers.frontends.nova.reserving import reserve_cache
from tests.frontends.nova.things import nova_options

GIB = 2**30
OPTION = 'reserve_disk_resource_for_image_cache'
# The bytes of the cache, what the driver reserved of how much, and the sum.
TABLE = (
    (0, 1, 100, 1),
    (1, 1, 100, 2),
    (GIB, 1, 100, 2),
    (GIB + 1, 0, 100, 2),
    # No more than there is: placement would refuse all of it.
    (200 * GIB, 1, 100, 100),
)


class Tree:
    """Nova's tree of providers, by its shape."""

    def __init__(self, **inventory):
        self.inventory = inventory

    def data(self, node):
        assert node == 'node'
        return types.SimpleNamespace(inventory=dict(self.inventory))

    def update_inventory(self, node, inventory):
        assert node == 'node'
        self.inventory = inventory


class TestReserving(unittest.TestCase):
    def setUp(self):
        self.conf = nova_options()

    def switch(self, on):
        self.conf.register_opts([cfg.BoolOpt(OPTION)], group='workarounds')
        self.conf.set_override(OPTION, on, group='workarounds')

    def reserve(self, usage, reserved, total):
        cpus = {'total': 4, 'reserved': 0}
        disk = {'total': total, 'reserved': reserved, 'min_unit': 1}
        tree = Tree(VCPU=cpus, DISK_GB=disk)
        reserve_cache(self.conf, tree, 'node', usage)
        found = tree.inventory['DISK_GB'].pop('reserved')
        rest = {'VCPU': cpus, 'DISK_GB': {'total': total, 'min_unit': 1}}
        self.assertEqual(rest, tree.inventory)
        return found

    def test_whole_gibibytes(self):
        self.switch(True)
        for usage, reserved, total, expected in TABLE:
            with self.subTest(usage):
                found = self.reserve(usage, reserved, total)
                self.assertEqual(expected, found)

    def test_only_where_it_is_wanted(self):
        self.assertEqual(1, self.reserve(GIB, 1, 100))
        self.switch(False)
        self.assertEqual(1, self.reserve(GIB, 1, 100))

    def test_a_node_without_disk(self):
        self.switch(True)
        tree = Tree(VCPU={'total': 4})
        reserve_cache(self.conf, tree, 'node', GIB)
        self.assertEqual({'VCPU': {'total': 4}}, tree.inventory)
