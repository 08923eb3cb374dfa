"""The handler ``vmware`` keeps every promise of the kit."""

import contextlib
import unittest

from imagecache_handlers.testing.conformance import HandlerConformance
from imagecache_handlers.testing.conformance import ONE
from imagecache_handlers.testing.conformance import TWO
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.session import Session
from simulator_parts import steering
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.faults import VimFault

CHANGES = frozenset(
    {
        'MakeDirectory',
        'MoveDatastoreFile_Task',
        'DeleteVirtualDisk_Task',
        'DeleteDatastoreFile_Task',
    }
)


class Kit(OnVcenter):
    """What the hooks have in common, however the handler calls."""

    sees_users = True

    def setUp(self):
        super().setUp()
        self._machines = {}
        self._foreign = {}

    def store(self):
        return STORE

    def seed(self, image_id, *, size=2**20):
        self.actors.cache(image_id, capacity=size, used=size)
        return f'[{STORE}] {BASE}/{image_id}'

    def lose(self, image):
        self.actors.delete(image.location)

    def occupy(self, image, user):
        self._machines[image.location, user] = self.actors.spawn(
            image.image_id
        )

    def vacate(self, image, user):
        self.actors.end(self._machines.pop((image.location, user)))
        if image.location in {where for where, _ in self._machines}:
            return
        # vSphere refuses to delete a disk that was ever cloned from, until
        # somebody allows it.
        disk = f'{image.location}/{image.image_id}.vmdk'
        self.actors.set_deletable(disk, is_deletable=True)

    def outages(self):
        fault = VimFault('HostNotConnected', 'The host is gone.')
        return [
            self.failing('*', steering.drop()),
            self.failing('*', self._raising(fault)),
        ]

    def _raising(self, fault):
        def action():
            raise fault

        return action

    def doom(self, step):
        make = Session._make_once

        def make_doomed(session, request, *rest):
            if request.method not in CHANGES:
                return make(session, request, *rest)
            step()
            found = make(session, request, *rest)
            step()
            return found

        Session._make_once = make_doomed

    def failure(self):
        return ReplyLost('the answer was lost')

    @contextlib.contextmanager
    def last_step(self, act):
        self.vcenter.before('MoveDatastoreFile_Task', act)
        yield

    def backend_calls(self):
        return self.vcenter.counters.calls

    def foreign(self):
        if self.actors.place(f'[{STORE}] {BASE}').node is None:
            self.actors.make_folder(f'[{STORE}] {BASE}')
        places = [
            self.actors.make_folder(f'[{STORE}] {BASE}/{TWO}.x'),
            self.actors.make_folder(f'[{STORE}] {BASE}/-{TWO}'),
            self.actors.write_file(f'[{STORE}] {BASE}/{ONE}.vmdk', b'x'),
            self.actors.make_disk(f'[{STORE}] {BASE}/{TWO}.x/{TWO}.vmdk'),
        ]
        self._foreign = {str(one): one for one in places}
        return list(self._foreign)

    def foreign_left(self):
        return [
            name
            for name, place in self._foreign.items()
            if place.node is not None
        ]


class TestOverHttp(Kit, HandlerConformance, unittest.TestCase):
    """Password and plain HTTP."""


class TestOverTlsBesideANamesake(Kit, HandlerConformance, unittest.TestCase):
    """TLS, and a datastore of the same name in another datacenter."""

    def start(self, scenario=None, **how):
        super().start(scenario, **{'tls': True, **how})
        self.add_second_datacenter()

    def store(self):
        return f'datacenter-0/{STORE}'
