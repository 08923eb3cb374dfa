"""Importing: streamOptimized disks come in with machines, which go again."""

import io
from unittest import mock

import pytest

from imagecache_handlers import ImageExists
from imagecache_handlers import ImageMeta
from imagecache_handlers import NoRoom
from imagecache_handlers import StoreUnavailable
from imagecache_handlers.transport.bounded_socket import BoundedSocket
from imagecache_handlers import Uncertain
from imagecache_handlers import Unsupported
from imagecache_handlers_vmware.image_content import least_taken
from imagecache_handlers_vmware.import_places import ImportPlace
from imagecache_handlers_vmware import importing
from imagecache_handlers_vmware.port.tasks import Waiting
from simulator_parts.steering import drop
from simulator_parts.steering import reply
from tests.vmware.streams import CAPACITY
from tests.vmware.streams import make_stream
from tests.vmware.streams import PLACE
from tests.vmware.streams import STREAM
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import lease
from vcenter_simulator.machines.machine import Machine
from vcenter_simulator.machines.removal import destroy_machine
from vcenter_simulator.scenario import Scenario
from vcenter_simulator.steering import fail
from vcenter_simulator import upload_requests
from vcenter_simulator.values import DataObject

IMPORT, PUT = 'ImportVApp', 'PUT /nfc'
COMPLETE, ABORT = 'HttpNfcLeaseComplete', 'HttpNfcLeaseAbort'
MOVE_DISK, UNREGISTER = 'MoveVirtualDisk_Task', 'UnregisterVM'
PUBLISH = 'MoveDatastoreFile_Task'
SEARCH = 'SearchDatastoreSubFolders_Task'


class ImportCase(OnVcenter):
    def add(
        self,
        data=None,
        place=PLACE,
        labels=(),
        *,
        size=None,
        image_id='debian',
        **options,
    ):
        data = make_stream() if data is None else data
        handler = self.handler(import_place=place, **options)
        meta = self.describe(data, size, image_id)
        return handler.add(meta, io.BytesIO(data), STORE, labels)

    def describe(self, data, size=None, image_id='debian'):
        return ImageMeta(
            image_id=image_id,
            size=len(data) if size is None else size,
            disk_format='vmdk',
            virtual_size=CAPACITY,
            properties=STREAM,
        )

    def tree(self, path=''):
        place = self.actors.place(f'[{STORE}] {path}')
        return {} if place.node is None else self.actors.tree(str(place))

    def machines(self):
        return [
            one.name
            for one in self.vcenter.world.inventory.all('VirtualMachine')
        ]

    def shadows(self):
        names = self.actors.store(STORE).root.entries.items()
        called = [node.friendly_name or name for name, node in names]
        return [one for one in called if one.startswith('OSTACK_IMG_')]

    def images(self):
        return [one.image_id for one in self.handler().enumerate(STORE)]

    def assert_nothing_left(self):
        assert self.machines() == []
        assert self.shadows() == []
        assert self.tree('vmware_temp') == {}
        assert self.images() == []


@pytest.mark.parametrize(
    ('size', 'capacity', 'least'),
    [
        # Nothing but its tables: no byte of the disk was written.
        (0, 2**40, 0),
        (2**17, 2**20, 0),
        (2**28, 2**40, 0),
        # cirros, and an image of some size.
        (2**24, 112 * 2**20, (2**24 - 2**17 - 28 * 2**10) // 16),
        (2**30, 2**34, (2**30 - 2**17 - 2**22) // 16),
    ],
)
def test_what_was_sent_takes_room(size, capacity, least):
    assert least_taken(size, capacity) == least


class TestImporting(ImportCase):
    def test_the_disk_is_what_nova_would_use(self):
        image = self.add(labels=['site.a'])
        assert set(self.tree(f'{BASE}/debian')) == {
            'debian.vmdk',
            'debian-flat.vmdk',
            'ic-site.a',
        }
        assert image.size >= CAPACITY
        assert self.machines() == self.shadows() == []
        assert self.tree('vmware_temp') == {}
        machine = self.actors.spawn('debian')
        [image] = self.handler().enumerate(STORE)
        assert image.users == {machine.name}

    def test_the_room_is_that_of_the_disk_in_it(self):
        handler = self.handler(import_place=PLACE)
        meta = self.describe(make_stream())
        room = handler.room(meta, STORE)
        assert CAPACITY <= room < CAPACITY + 2**21
        assert room >= self.add().size


class TestRefused(ImportCase):
    def test_without_a_place_for_machines(self):
        with pytest.raises(Unsupported, match='set import_pool'):
            self.add(place=None)
        with pytest.raises(Unsupported, match='set import_pool'):
            self.handler().room(self.describe(make_stream()), STORE)

    def test_a_place_that_is_none(self):
        for pool, folder, why in (
            ('datacenter-0/host/cluster-0', PLACE.folder, 'no resource pool'),
            ('datacenter-0/host/nope', PLACE.folder, 'no resource pool'),
            (PLACE.pool, 'datacenter-0/nope', 'no folder'),
            (PLACE.pool, PLACE.pool, 'no folder'),
            (PLACE.pool, 'datacenter-1/vm', "in datacenter 'datacenter-0'"),
            ('datacenter-0x/host', PLACE.folder, 'in datacenter'),
        ):
            place = ImportPlace(pool=pool, folder=folder)
            handler = self.handler(import_place=place)
            with pytest.raises(Unsupported, match=why):
                handler.room(self.describe(make_stream()), STORE)
            with pytest.raises(Unsupported, match=why):
                self.add(place=place)
        assert self.vcenter.counters.of(IMPORT) == 0

    def test_what_is_no_such_disk(self):
        parent = b'parentFileNameHint="/vmfs/volumes/x/victim.vmdk"'
        for data, why in (
            (b'KDMV', 'has no header'),
            (b'', 'has no header'),
            (b'x' * 4096, 'has no header'),
            (b'COWD' + bytes(600), 'has no header'),
            (make_stream(flags=3), 'another'),
            (make_stream(flags=0x10003), 'another'),
            (make_stream(0), 'another'),
            (make_stream(text=parent), 'parent'),
        ):
            with pytest.raises(Unsupported, match=why):
                self.add(data)
        assert self.vcenter.counters.of(IMPORT) == 0
        self.assert_nothing_left()

    def test_more_or_fewer_bytes_than_announced(self):
        data = make_stream()
        for size in (len(data) - 1, len(data) + 1):
            with pytest.raises(Unsupported, match='announced'):
                self.add(data, size=size)
            self.assert_nothing_left()


class TestTrouble(ImportCase):
    def test_faults_at_any_step_leave_nothing(self):
        for method in (IMPORT, PUT, COMPLETE, MOVE_DISK):
            self.vcenter.before(method, fail('HostNotConnected'))
            with pytest.raises(StoreUnavailable):
                self.add()
            self.assert_nothing_left()

    def test_what_breaks_off_leaves_nothing(self):
        for place in 'before', 'after':
            self.start()
            getattr(self.vcenter, place)(PUT, drop())
            with pytest.raises(StoreUnavailable):
                self.add()
            self.assert_nothing_left()

    def test_a_yes_to_what_was_not_taken_is_not_believed(self):
        """An extent is as long as its disk, whatever has come of it."""
        send = BoundedSocket.sendall

        def send_head(line, data):
            if bytes(data).startswith(b'KDMV'):
                raise BrokenPipeError
            send(line, data)

        self.vcenter.before(PUT, reply(b''))
        with (
            mock.patch.object(BoundedSocket, 'sendall', send_head),
            pytest.raises(StoreUnavailable, match='before all was sent'),
        ):
            self.add()
        self.assert_nothing_left()

    def test_what_a_host_took_and_did_not_write_is_missed(self):
        """It says that it has done so, and the disk is as long without."""
        nothing = mock.patch.object(lease.Upload, 'take_data')
        with nothing, pytest.raises(StoreUnavailable, match='not written'):
            self.add(make_stream(size=2**20), waiting=Waiting(seconds=0.1))
        self.assert_nothing_left()

    def test_what_it_takes_is_told_late(self):
        """As file systems do that write in groups."""

        def tell():
            stage = self.tree('vmware_temp')
            [extent] = [one for one in stage if one.endswith('-flat.vmdk')]
            place = self.actors.place(f'[{STORE}] vmware_temp/{extent}')
            place.read_file().allocated = CAPACITY

        def tell_later():
            self.vcenter.after(SEARCH, tell, nth=3)

        self.vcenter.before(COMPLETE, tell_later)
        with mock.patch.object(lease.Upload, 'take_data'):
            self.add(make_stream(size=2**20))
        assert self.images() == ['debian']

    def test_a_lost_answer_to_the_end_of_the_lease_is_looked_for(self):
        self.vcenter.after(COMPLETE, drop())
        self.add()
        assert self.images() == ['debian']
        assert self.machines() == self.shadows() == []

    def test_one_that_did_not_end_is_given_up(self):
        self.vcenter.before(COMPLETE, drop())
        with pytest.raises(StoreUnavailable):
            self.add()
        self.assert_nothing_left()

    def test_the_disk_is_found_before_its_files_are_told(self):
        """What vCenter lists as files of a machine may be of a while ago."""
        show = Machine.shows['layoutEx']
        shows = {'layoutEx': lambda one: show(one).replace(file=())}
        with mock.patch.dict(Machine.shows, shows):
            self.add()
        assert self.images() == ['debian']
        assert self.machines() == self.shadows() == []

    def test_a_disk_elsewhere_is_not_taken(self):
        """Nor does the folder go in which that lies."""
        self.actors.cache('other')
        before = self.tree(BASE)

        def put_elsewhere():
            [one] = self.vcenter.world.inventory.all('VirtualMachine')
            disk = self.actors.make_disk(f'[{STORE}] {BASE}/stray.vmdk')
            one.disks[0].chain = (disk,)
            one.note_change()

        self.vcenter.after(COMPLETE, put_elsewhere)
        with pytest.raises(StoreUnavailable, match='the disk of an imported'):
            self.add()
        assert before.items() <= self.tree(BASE).items()

    def test_a_full_datastore_has_no_room(self):
        full = fail('NoDiskSpace', file='x', datastore=STORE)
        for method in IMPORT, PUT, MOVE_DISK:
            self.vcenter.before(method, full)
            with pytest.raises(NoRoom):
                self.add()
            self.assert_nothing_left()

    def test_what_nova_fetched_meanwhile_stays(self):
        self.vcenter.before(PUBLISH, lambda: self.actors.cache('debian'))
        with pytest.raises(ImageExists):
            self.add(labels=['site.a'])
        assert 'ic-site.a' not in self.tree(f'{BASE}/debian')
        assert self.machines() == self.shadows() == []

    def test_ctrl_c_gives_it_up(self):
        class Broken(io.BytesIO):
            def read(self, size=-1):
                if self.tell():
                    raise KeyboardInterrupt
                return super().read(size)

        data = make_stream(size=2**18)
        handler = self.handler(import_place=PLACE)
        with pytest.raises(KeyboardInterrupt):
            handler.add(self.describe(data), Broken(data), STORE)
        self.assert_nothing_left()


class TestLeases(ImportCase):
    def lease(self):
        [lease] = self.vcenter.world.inventory.all('HttpNfcLease')
        return lease

    def begin_as(self, state, nth=2):
        """Have the lease be of another state first, for some looks."""

        def begin():
            lease = self.lease()
            lease.state = state
            self.vcenter.before('RetrievePropertiesEx', ready, nth=nth)

        def ready():
            self.lease().state = 'ready'

        self.vcenter.after(IMPORT, begin)

    def test_one_that_is_not_ready_is_waited_for(self):
        self.begin_as('initializing', nth=3)
        self.add()
        assert self.images() == ['debian']

    def test_one_that_never_is_ends_the_wait(self):
        self.begin_as('initializing', nth=99)
        handler = self.handler(
            import_place=PLACE, waiting=Waiting(seconds=0.1)
        )
        data = make_stream()
        with pytest.raises(StoreUnavailable, match='not ready'):
            handler.add(self.describe(data), io.BytesIO(data), STORE)
        assert self.vcenter.counters.of(PUT) == 0

    def test_one_that_failed_says_why(self):
        def fail_lease():
            lease = self.lease()
            lease.state = 'error'
            lease.properties['error'] = DataObject(
                'NoDiskSpace', file='x', datastore=STORE
            )
            destroy_machine(self.vcenter.world, lease.machine)

        self.vcenter.after(IMPORT, fail_lease)
        with self.assertNoLogs(), pytest.raises(NoRoom):
            self.add()
        self.assert_nothing_left()

    def test_it_is_told_that_the_disk_still_comes(self):
        data = make_stream(size=3 * 2**20)
        with mock.patch.object(importing, '_SILENCE', -1):
            self.add(data)
        assert self.vcenter.counters.of('HttpNfcLeaseProgress') == 5
        assert self.images() == ['debian']
        assert self.lease().percent == 99

    def test_the_disk_takes_the_place_of_the_empty_one(self):
        """And its address is all that a host is told."""
        seen = []
        receive, show = upload_requests._receive_disk, lease._show_upload

        def note(connection):
            seen.append(connection.headers)
            receive(connection)

        def show_host(upload):
            shown = show(upload)
            url = self.vcenter.url.replace('127.0.0.1', 'localhost')
            return shown.replace(url=f'{url}{upload.path}')

        with mock.patch.object(upload_requests, '_receive_disk', note):
            self.add()
            with mock.patch.object(lease, '_show_upload', show_host):
                self.add(image_id='other')
        assert [one['Overwrite'] for one in seen] == ['t', 't']
        assert [bool(one['Cookie']) for one in seen] == [True, False]

    def test_an_address_that_is_none_is_not_sent_to(self):
        show = lease._show_upload
        for url, why in (
            ('https://', 'names no host'),
            ('ftp://x/nfc', 'must begin with'),
            ('', 'must begin with'),
            ('https://[::1/nfc', 'Invalid IPv6 URL'),
        ):

            def show_other(upload, url=url):
                return show(upload).replace(url=url)

            with (
                mock.patch.object(lease, '_show_upload', show_other),
                pytest.raises(StoreUnavailable, match=why),
            ):
                self.add()
            self.assert_nothing_left()


class TestOnVsan(ImportCase):
    def start(self, *given, **how):
        super().start(Scenario(kinds=('vsan',)), **how)

    def test_the_base_is_made_for_it(self):
        image = self.add(labels=['site.a'])
        assert set(self.tree(f'{BASE}/debian')) == {'debian.vmdk', 'ic-site.a'}
        assert image.location == f'[{STORE}] {BASE}/debian'
        assert len(self.actors.store(STORE).objects) == 1
        assert self.machines() == self.shadows() == []

    def test_faults_at_any_step_leave_no_object(self):
        for method in (IMPORT, PUT, COMPLETE, MOVE_DISK, PUBLISH):
            self.vcenter.before(method, fail('HostNotConnected'))
            with pytest.raises(StoreUnavailable):
                self.add()
            self.assert_nothing_left()
            assert not self.actors.store(STORE).objects, method
            assert self.tree(BASE) == {}

    def test_a_disk_that_cannot_go_keeps_its_descriptor(self):
        """Without it nothing leads to its object any more."""
        for method in MOVE_DISK, 'DeleteVirtualDisk_Task':
            self.vcenter.before(method, fail('HostNotConnected'))
        with self.assertLogs() as logs, pytest.raises(StoreUnavailable):
            self.add()
        [shadow] = self.shadows()
        assert f'{shadow}.vmdk' in self.tree(shadow)
        assert 'was left behind, as debris' in logs.output[0]

    def test_what_a_host_did_not_write_is_missed(self):
        nothing = mock.patch.object(lease.Upload, 'take_data')
        with nothing, pytest.raises(StoreUnavailable, match='not written'):
            self.add(make_stream(size=2**20), waiting=Waiting(seconds=0.1))
        self.assert_nothing_left()
        assert not self.actors.store(STORE).objects

    def test_its_age_begins_when_it_has_come(self):
        """Nova takes what is on its way for an image that nobody uses."""

        def mark():
            [stage] = [one for one in self.tree(BASE) if '/' not in one]
            self.actors.make_folder(
                f'[{STORE}] {BASE}/{stage}/ts-2026-01-01-00-00-00'
            )

        self.vcenter.before(COMPLETE, mark)
        self.add(labels=['site.a'])
        assert set(self.tree(f'{BASE}/debian')) == {'debian.vmdk', 'ic-site.a'}

    def test_a_disk_within_another_folder_is_not_taken(self):
        """At the top there is a uuid, which could be that of the base."""
        self.actors.cache('other')

        def put_elsewhere():
            [one] = self.vcenter.world.inventory.all('VirtualMachine')
            disk = self.actors.place(f'[{STORE}] {BASE}/other/other.vmdk')
            one.disks[0].chain = (disk,)
            one.note_change()

        self.vcenter.after(COMPLETE, put_elsewhere)
        with pytest.raises(StoreUnavailable, match='the disk of an imported'):
            self.add()
        assert 'other/other.vmdk' in self.tree(BASE)

    def test_the_machine_of_another_is_left_alone(self):
        """An answer that names it is not believed: nor is its disk taken."""
        self.vcenter.before(UNREGISTER, fail('HostNotConnected'))
        with pytest.raises(StoreUnavailable):
            self.add(image_id='other')
        [other] = self.vcenter.world.inventory.all('VirtualMachine')

        def mix_up():
            for one in self.vcenter.world.inventory.all('HttpNfcLease'):
                one.machine = other

        self.vcenter.after(IMPORT, mix_up)
        with pytest.raises(StoreUnavailable, match='is not the one'):
            self.add()
        assert other.name in self.machines()
        assert f'{other.name}.vmdk' in self.tree(other.name)

    def test_a_move_that_moved_nothing_is_seen(self):
        """vSphere says that it has done it, and the disk is not there."""

        def lose():
            [stage] = [one for one in self.tree(BASE) if 'vmdk' in one]
            self.actors.delete(f'[{STORE}] {BASE}/{stage}')

        self.vcenter.after(MOVE_DISK, lose)
        with pytest.raises(StoreUnavailable, match='has None bytes'):
            self.add()
        self.assert_nothing_left()


class TestLateMoves(ImportCase):
    """The last step may be done though nobody heard of it, or later."""

    def move_late(self):
        """Do what was asked for, when nobody waits for it any more."""
        base = self.actors.place(f'[{STORE}] {BASE}')
        for name, place in self.list_stages():
            node = place.store.detach_node(place.parts)
            base.store.add_node(base.child(name).parts, node)

    def list_stages(self):
        top = self.actors.place(f'[{STORE}] vmware_temp')
        for one in list(top.node.entries):
            yield 'debian', top.child(one).child('debian')

    def test_what_is_moved_late_is_whole(self):
        self.vcenter.before(PUBLISH, drop())
        with self.assertLogs() as logs, pytest.raises(Uncertain):
            self.add()
        assert 'may be left, as debris' in logs.output[0]
        assert self.images() == []
        self.move_late()
        assert self.images() == ['debian']

    def test_what_cannot_be_looked_for_stays(self):
        blind = fail('HostNotConnected')
        search = 'SearchDatastoreSubFolders_Task'

        def blind_and_drop():
            self.vcenter.before(search, blind)
            drop()()

        self.vcenter.before(PUBLISH, blind_and_drop)
        with pytest.raises(Uncertain):
            self.add()
        self.move_late()
        assert self.images() == ['debian']

    def test_what_was_moved_leaves_nothing_else(self):
        self.vcenter.after(PUBLISH, drop())
        with self.assertNoLogs(), pytest.raises(Uncertain):
            self.add()
        assert self.images() == ['debian']
        assert self.tree('vmware_temp') == {}

    def test_what_takes_too_long_is_cancelled(self):
        self.vcenter.timing.work[PUBLISH] = 60
        handler = self.handler(
            import_place=PLACE, waiting=Waiting(seconds=0.1)
        )
        data = make_stream()
        with pytest.raises(StoreUnavailable, match='RequestCanceled'):
            handler.add(self.describe(data), io.BytesIO(data), STORE)
        self.assert_nothing_left()


class TestLateMovesOnVsan(TestLateMoves):
    def start(self, *given, **how):
        super().start(Scenario(kinds=('vsan',)), **how)

    def list_stages(self):
        base = self.actors.place(f'[{STORE}] {BASE}')
        for one in list(base.node.entries):
            yield 'debian', base.child(one)
