"""Adding: what is made of which bytes, and what is left when that fails."""

import datetime
import io
import pathlib
import subprocess
import tempfile

from imagecache_handlers import ImageExists
from imagecache_handlers import ImageMeta
from imagecache_handlers import NoRoom
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from imagecache_handlers import Unsupported
from imagecache_handlers_vmware.handler import VMwareHandler
from imagecache_handlers_vmware.lease_limit import NovaAge
from imagecache_handlers_vmware.port.uploads import target_of
from simulator_parts import steering
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.datacenters import add_datacenter
from vcenter_simulator.datacenters import add_folder
from vcenter_simulator.datastores.registration import add_datastore
from vcenter_simulator import drop
from vcenter_simulator import fail
from vcenter_simulator.hosts import add_cluster
from vcenter_simulator.hosts import add_host

PUT = 'PUT /folder'
FLAT = b'some data' * 1000
SPARSE = {'vmware_disktype': 'sparse'}
ALL = (
    'MakeDirectory',
    'CreateVirtualDisk_Task',
    PUT,
    'SearchDatastoreSubFolders_Task',
)


class AddCase(OnVcenter):
    def add(
        self,
        data=FLAT,
        form='raw',
        *,
        size=None,
        store=STORE,
        labels=(),
        **properties,
    ):
        meta = ImageMeta(
            image_id='debian',
            size=len(data) if size is None else size,
            disk_format=form,
            properties=properties,
        )
        return self.handler().add(meta, io.BytesIO(data), store, labels)

    def there(self, path=f'{BASE}/debian'):
        place = self.actors.place(f'[{STORE}] {path}')
        return {} if place.node is None else self.actors.tree(str(place))

    def left(self):
        return self.there('vmware_temp')

    def listed(self):
        return list(self.handler().enumerate(STORE))


class TestKinds(AddCase):
    def test_raw_bytes_become_a_flat_disk_that_nova_would_use(self):
        image = self.add(labels=['site.a'])
        self.assertEqual(
            {'debian.vmdk', 'debian-flat.vmdk', 'ic-site.a'},
            set(self.there()),
        )
        self.assertEqual([image], self.listed())
        self.assertEqual({}, self.left())
        machine = self.actors.spawn('debian')
        self.assertTrue(self.listed()[0].users)
        self.actors.end(machine)

    def test_its_bytes_are_padded_to_whole_kibibytes(self):
        self.add()
        data = self.read('debian-flat.vmdk')
        self.assertEqual(9 * 1024, len(data))
        self.assertEqual(FLAT.ljust(9 * 1024, b'\0'), data)

    def read(self, name):
        session = self.handler()._session
        path = f'{BASE}/debian/{name}'
        target = target_of(path, STORE, 'datacenter-0')
        return session.access_file('GET', target)

    def test_every_flat_disktype_is_one(self):
        kinds = (None, 'preallocated', 'thin', 'thick', 'eagerZeroedThick')
        for kind in kinds:
            with self.subTest(kind):
                self.start()
                given = {'vmware_disktype': kind} if kind else {}
                self.add(form='vmdk', **given)
                self.assertIn('debian-flat.vmdk', self.there())

    def test_the_adapter_is_what_the_image_wants(self):
        for name, adapter in (
            ('', 'lsilogic'),
            ('ide', 'ide'),
            ('busLogic', 'buslogic'),
            ('paraVirtual', 'lsilogic'),
        ):
            with self.subTest(name):
                self.start()
                self.add(vmware_adaptertype=name)
                data = self.read('debian.vmdk')
                self.assertIn(f'adapterType = "{adapter}"', data.decode())

    def test_a_sparse_disk_is_made_what_a_hypervisor_runs(self):
        data = self.make_sparse()
        self.add(data, 'vmdk', **SPARSE)
        self.assertEqual(
            {'debian.vmdk', 'debian-flat.vmdk'}, set(self.there())
        )
        self.assertEqual(1, len(self.listed()))

    def test_a_sparse_disk_takes_its_file_and_all_that_is_in_it(self):
        for size, room in (None, 2 * 2**20), (2**30, 2**20 + 2**30):
            meta = ImageMeta(
                image_id='debian',
                size=2**20,
                disk_format='vmdk',
                virtual_size=size,
                properties=SPARSE,
            )
            found = self.handler().room(meta, STORE)
            self.assertTrue(room < found < room + 2**21, found)

    def test_there_is_no_room_for_what_cannot_be_made(self):
        for properties in (
            {'vmware_adaptertype': 'virtio'},
            {'vmware_disktype': 'streamOptimized'},
        ):
            meta = ImageMeta(
                image_id='debian',
                size=1,
                disk_format='vmdk',
                properties=properties,
            )
            with self.assertRaises(Unsupported):
                self.handler().room(meta, STORE)

    def test_a_sparse_disk_that_passes_for_flat_is_refused(self):
        for given in ({}, {'vmware_disktype': 'thin'}):
            with self.subTest(**given):
                with self.assertRaisesRegex(Unsupported, 'sparse'):
                    self.add(self.make_sparse(), 'vmdk', **given)
                self.assertEqual([], self.listed())

    def test_a_header_that_comes_in_pieces_is_seen(self):
        class Pieces(io.BytesIO):
            def read(self, size=-1):
                return super().read(min(size, 3) if self.tell() < 3 else size)

        content = b'KDMV' + bytes(1020)
        meta = ImageMeta(
            image_id='debian', disk_format='vmdk', size=len(content)
        )
        with self.assertRaisesRegex(Unsupported, 'sparse'):
            self.handler().add(meta, Pieces(content), STORE)

    def test_a_text_that_names_the_disk_of_another_is_refused(self):
        text = (
            b'# Disk DescriptorFile\nversion=1\nparentCID=fffffffe\n'
            b'parentFileNameHint="/vmfs/volumes/x/victim/v.vmdk"\n'
        )
        extent = b'# Disk DescriptorFile\nRW 1 FLAT "/vmfs/volumes/x/y"\n'
        for content in (text, extent, b'KDMV' + bytes(508) + text):
            with self.subTest(content[:4]):
                with self.assertRaises(Unsupported):
                    self.add(content, 'vmdk', **SPARSE)
                self.assertEqual([], self.listed())

    def make_sparse(self):
        path = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        disk = path / 'disk.vmdk'
        options = ['-f', 'vmdk', '-o', 'subformat=monolithicSparse']
        subprocess.run(  # noqa: S603
            ['qemu-img', 'create', '-q', *options, disk, '1M'],  # noqa: S607
            check=True,
        )
        return disk.read_bytes()

    def test_an_iso_is_a_file(self):
        self.add(form='iso')
        self.assertEqual({'debian.iso'}, set(self.there()))
        self.assertEqual(1, len(self.listed()))

    def test_what_cannot_be_made_is_refused_before_a_byte_is_sent(self):
        for form, properties in (
            ('qcow2', {}),
            ('vmdk', {'vmware_disktype': 'streamOptimized'}),
            ('vmdk', {'vmware_disktype': '../x'}),
            ('raw', {'vmware_adaptertype': 'floppy'}),
        ):
            with self.subTest(form, **properties):
                with self.assertRaises(Unsupported):
                    self.add(form=form, **properties)
                self.assertEqual({}, self.left())
                self.assertNotIn(PUT, self.vcenter.counters.by_method)

    def test_in_a_datacenter_deep_in_folders_with_names_that_are_quoted(self):
        world = self.vcenter.world
        root, name = world.root.reference, 'a folder & more'
        folder = add_folder(world, root, name, ('Datacenter',)).reference
        center = add_datacenter(world, folder, 'Süd')
        host = add_host(world, add_cluster(world, center, 'b'), 'host-x')
        add_datastore(world, center, 'neu (2)', 'VMFS', 2**40, [host])
        self.add(store='neu (2)')
        [image] = self.handler().enumerate('neu (2)')
        self.assertEqual('debian', image.image_id)


class TestTrouble(AddCase):
    def test_a_lease_that_nova_does_not_heed_is_refused(self):
        made = self.connect()
        age = NovaAge(age=datetime.timedelta(hours=1), origin='nova.conf')
        options = made._looks.options
        handler = VMwareHandler(made._session, options, nova_age=age)
        self.addCleanup(handler.close)
        meta = ImageMeta(image_id='debian', size=1024, disk_format='raw')
        label = 'lease.vm.20990101t000000z'
        with self.assertRaisesRegex(Unsupported, 'outlasts the age'):
            handler.add(meta, io.BytesIO(bytes(1024)), STORE, [label])
        self.assertEqual({}, self.left())

    def test_what_is_there_already_stays(self):
        self.actors.cache('debian')
        before = self.listed()
        with self.assertRaises(ImageExists):
            self.add()
        self.assertEqual(before, self.listed())

    def test_what_nova_fetched_meanwhile_stays(self):
        self.vcenter.before(
            'MoveDatastoreFile_Task', lambda: self.actors.cache('debian')
        )
        with self.assertRaises(ImageExists):
            self.add(labels=['site.a'])
        self.assertNotIn('ic-site.a', self.there())
        self.assertEqual({}, self.left())

    def test_a_folder_that_is_no_image_is_not_replaced(self):
        self.actors.make_folder(f'[{STORE}] {BASE}')
        self.actors.make_folder(f'[{STORE}] {BASE}/debian')
        with self.assertRaises(ImageExists):
            self.add()
        self.assertEqual({}, self.there())

    def test_a_full_datastore_has_no_room(self):
        full = fail('NoDiskSpace', file='x', datastore=STORE)
        for method in ALL[:3]:
            with self.subTest(method):
                self.vcenter.before(method, full)
                with self.assertRaises(NoRoom):
                    self.add()
                self.assertEqual([], self.listed())
                self.assertEqual({}, self.left())

    def test_faults_before_it_is_published_leave_nothing(self):
        for method in ALL:
            for action in (drop(), fail('HostNotConnected')):
                with self.subTest(method):
                    self.start()
                    with (
                        self.failing(method, action),
                        self.assertRaises(StoreUnavailable),
                    ):
                        self.add()
                    self.assertEqual([], self.listed())

    def test_who_may_not_work_there_is_told(self):
        self.vcenter.before(PUT, steering.reply(b'', 403))
        with self.assertRaisesRegex(StoreUnavailable, 'NoPermission'):
            self.add()

    def test_a_proxy_that_says_yes_and_keeps_nothing_is_not_believed(self):
        self.vcenter.before(PUT, steering.reply(b'', 201))
        with self.assertRaisesRegex(StoreUnavailable, 'were sent'):
            self.add()
        self.assertEqual([], self.listed())
        self.assertEqual({}, self.left())

    def test_a_lost_answer_of_the_last_step_is_uncertain(self):
        self.vcenter.after('MoveDatastoreFile_Task', drop())
        with self.assertRaises(Uncertain):
            self.add()
        self.assertEqual(1, len(self.listed()))

    def test_more_or_fewer_bytes_than_announced_are_refused(self):
        for size in (len(FLAT) - 1, len(FLAT) + 1, 10 * len(FLAT)):
            with self.subTest(size):
                with self.assertRaisesRegex(Unsupported, 'announced'):
                    self.add(size=size)
                self.assertEqual([], self.listed())
                self.assertEqual({}, self.left())

    def test_it_is_listed_only_once_labelled(self):
        seen = []
        self.vcenter.after(
            'MoveDatastoreFile_Task',
            lambda: seen.extend(self.there()),
        )
        self.add(labels=['lease.me.20990101t000000z'])
        self.assertIn('ic-lease.me.20990101t000000z', seen)
