"""The handler ``vmware`` keeps every promise of the kit."""

import contextlib
import unittest

from imagecache_handlers.model import ImageMeta
from imagecache_handlers.testing.conformance import HandlerConformance
from imagecache_handlers.testing.conformance import ONE
from imagecache_handlers.testing.conformance import TWO
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port import lent_sessions
from imagecache_handlers_vmware.port.session import Session
from simulator_parts import steering
from tests.vmware.lender import Lender
from tests.vmware.litter import Litterer
from tests.vmware.streams import make_stream
from tests.vmware.streams import PLACE
from tests.vmware.streams import STREAM
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.faults import VimFault
from vcenter_simulator.machines.homes import make_folder
from vcenter_simulator.scenario import Scenario

CHANGES = frozenset(
    {
        'MakeDirectory',
        'MoveDatastoreFile_Task',
        'CreateVirtualDisk_Task',
        'DeleteVirtualDisk_Task',
        'DeleteDatastoreFile_Task',
        'MoveVirtualDisk_Task',
        'CreateDirectory',
        'DeleteDirectory',
        'ImportVApp',
        'HttpNfcLeaseComplete',
        'UnregisterVM',
    }
)

# Of each ability one or two: what is read, written, added and removed by it,
# and what is made of silence.
CHOSEN = frozenset(
    {
        'test_a_batch_removes_each_image_and_tells_its_bytes',
        'test_a_cached_image_is_listed_whole',
        'test_a_sweep_evicts_what_lies_idle_and_nothing_else',
        'test_add_gives_what_is_listed',
        'test_an_add_that_fails_says_so',
        'test_an_image_is_listed_in_its_own_store_only',
        'test_an_outage_is_never_taken_for_an_answer',
        'test_clean_removes_debris_and_nothing_else',
        'test_closing_twice_closes_nobody_else',
        'test_concurrent_marks_lose_nothing',
        'test_evict_keeps_an_image_in_use',
        'test_mark_adds_then_removes',
        'test_recover_settles_what_an_evict_that_died_left',
        'test_stores_have_names_of_their_own',
        'test_threads_share_a_handler_each_in_its_own_store',
        'test_users_are_seen_to_come_and_go',
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

        def doom_put(put):
            def put_doomed(session, *given):
                step()
                put(session, *given)
                step()

            return put_doomed

        Session._make_once = make_doomed
        Session.put_file = doom_put(Session.put_file)
        Session.put_disk = doom_put(Session.put_disk)

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
            *self._make_old_folders(),
        ]
        self._foreign = {str(one): one for one in places}
        return list(self._foreign)

    def _make_old_folders(self):
        """Make what lies where debris does, old as that, and is none."""
        litter = Litterer(self.actors)
        places = [
            f'[{STORE}] {BASE}/notes',
            f'[{STORE}] OSTACK_IMG_golden',
            f'[{STORE}] vmware_temp',
            f'[{STORE}] vmware_temp/notes',
            f'[{STORE}] {BASE}_evict',
            f'[{STORE}] {BASE}_evict/notes',
        ]
        litter.make_folders(*places)
        for place in places:
            litter.date(place)
        return [self.actors.place(one) for one in places]

    def litter(self):
        litter = Litterer(self.actors)
        left = [
            litter.leave_fetch(),
            litter.leave_shadow(),
            litter.leave_half(),
        ]
        for one in left:
            litter.date(one)
        return left

    def foreign_left(self):
        return [
            name
            for name, place in self._foreign.items()
            if place.node is not None
        ]


class TestOverHttp(Kit, HandlerConformance, unittest.TestCase):
    """Password and plain HTTP."""


def choose_promises(kit):
    """Have a kit keep the chosen ones: only the way to vCenter is another.

    What becomes of images is the same by whatever way it is asked for.
    """
    for name in dir(kit):
        if name.startswith('test_') and name not in CHOSEN:
            setattr(kit, name, None)
    return kit


@choose_promises
class TestOnALentSession(Kit, HandlerConformance, unittest.TestCase):
    """What Nova lends: the login of oslo.vmware, and where it is."""

    def start(self, *given, **how):
        super().start(*given, **how)
        # Nova has logged in when it begins to lend, whatever is away then.
        self._lent = Lender(self.vcenter)

    def open_session(self, dialling):
        return lent_sessions.open_session(self._lent, dialling)


class TestOnVsan(Kit, HandlerConformance, unittest.TestCase):
    """Folders at the top have a uuid, and disks no extents."""

    def start(self, *given, **how):
        super().start(Scenario(kinds=('vsan',)), **how)
        with self.vcenter.world.lock:
            make_folder(self.actors.place(f'[{STORE}] {BASE}'))

    def connect(self, **options):
        return super().connect(import_place=PLACE, **options)

    def offer(self, image_id, size=2**18):
        data = make_stream(2 * size, size=size)
        meta = ImageMeta(
            image_id=image_id,
            size=size,
            disk_format='vmdk',
            virtual_size=2 * size,
            properties=STREAM,
        )
        return meta, data

    def litter(self):
        litter = Litterer(self.actors)
        left = [
            litter.leave_shadow(),
            litter.leave_empty(),
            litter.leave_coming(),
        ]
        for one in left:
            litter.date(one)
        return left

    def _make_old_folders(self):
        litter = Litterer(self.actors)
        places = [
            f'[{STORE}] {BASE}/notes',
            f'[{STORE}] {BASE}/{TWO}.coming-5f0c',
        ]
        litter.make_folders(*places)
        with self.vcenter.world.lock:
            golden = f'[{STORE}] OSTACK_IMG_golden'
            make_folder(self.actors.place(golden))
        for place in (*places, golden):
            litter.date(place)
        return [self.actors.place(one) for one in (*places, golden)]


@choose_promises
class TestOverTlsBesideANamesake(Kit, HandlerConformance, unittest.TestCase):
    """TLS, and a datastore of the same name in another datacenter."""

    def start(self, scenario=None, **how):
        super().start(scenario, **{'tls': True, **how})
        self.add_second_datacenter()

    def store(self):
        return f'datacenter-0/{STORE}'
