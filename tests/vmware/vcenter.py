"""A vCenter for each test, and a handler on it."""

import contextlib
import unittest

from imagecache_handlers_vmware.handler import VMwareHandler
from imagecache_handlers_vmware.looks import CacheOptions
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.session import Session
from vcenter_simulator.datacenters import add_datacenter
from vcenter_simulator.datastores.registration import add_datastore
from vcenter_simulator.hosts import add_cluster
from vcenter_simulator.hosts import add_host
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.simulator import Simulator

BASE = 'vmware_base'
STORE = 'datastore-0'


class OnVcenter(unittest.TestCase):
    """Starts a vCenter, and makes handlers that log in to it."""

    def setUp(self):
        super().setUp()
        self.start()

    def start(self, scenario=None, **how):
        self.vcenter = Simulator(
            scenario=scenario or Scenario(), **{'tls': False, **how}
        )
        self.vcenter.start()
        self.addCleanup(self.vcenter.stop)

    def add_second_datacenter(self):
        """Add one whose datastore is called as that of the first."""
        world = self.vcenter.world
        center = add_datacenter(world, world.root.reference, 'datacenter-1')
        cluster = add_cluster(world, center, 'cluster-1')
        host = add_host(world, cluster, 'host-x')
        return add_datastore(world, center, STORE, 'VMFS', 2**40, [host])

    @property
    def actors(self):
        return self.vcenter.actors

    def connect(self, *, nova_age=None, **options):
        dialling = ConnectionOptions(
            timeout=20,
            ca_file=self.vcenter.ca_file,
            insecure=self.vcenter.ca_file is None,
        )
        chosen = CacheOptions(**{'base_folder': BASE, **options})
        session = self.open_session(dialling)
        return VMwareHandler(session, chosen, nova_age=nova_age)

    def open_session(self, dialling):
        address = Address.parse(self.vcenter.url)
        logins = PasswordLogins(
            address, self.vcenter.username, self.vcenter.password, dialling
        )
        return Session(address, logins, dialling)

    def handler(self, **options):
        handler = self.connect(**options)
        self.addCleanup(handler.close)
        return handler

    @contextlib.contextmanager
    def failing(self, method, action):
        """Have every call of a method meet an action."""
        active = True

        def again():
            if active:
                self.vcenter.before(method, again)
                action()

        self.vcenter.before(method, again)
        yield
        active = False
