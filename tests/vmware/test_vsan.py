"""vSAN: folders at the top have a uuid, and disks are objects."""

import datetime
import io
import pathlib
import tempfile
from unittest import mock

import pytest

from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import ImageInUse
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers import ImageCache
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Reservation
from imagecache_handlers.prefetch_settings import PrefetchSettings
from imagecache_handlers import Rules
from imagecache_handlers.sources.file import FileSource
from simulator_parts.steering import drop
from tests.vmware.litter import Litterer
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import STALE_CLAIM
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.datastores import browser
from vcenter_simulator.faults import VimFault
from vcenter_simulator.instances import add_instance
from vcenter_simulator.machines.homes import make_folder
from vcenter_simulator.scenario import Scenario
from vcenter_simulator import steering

MOVE, CONVERT = 'MoveDatastoreFile_Task', 'ConvertNamespacePathToUuidPath'
ONLY_THEIRS = 'CreateDirectory', 'DeleteDirectory'
# Whatever is idle may go for what is to come.
CROWDED = Rules(min_age=datetime.timedelta(0), high_watermark=99)
OVER = '20200101t000000z'


class TestVsan(OnVcenter):
    def setUp(self):
        super().setUp()
        self.start(Scenario(kinds=('vsan',)))

    def test_it_is_known_though_it_does_not_tell_what_it_can(self):
        """Else a disk there would be half of one, and debris."""
        self.cache(cached_at=LONG_AGO.timestamp())
        Litterer(self.actors).date(f'[{STORE}] {BASE}/{ONE}')
        ref = self.actors.datastore(STORE).reference
        name = 'capability.topLevelDirectoryCreateSupported'
        self.vcenter.world.missing[ref, name] = VimFault(
            'NoPermission', 'no', object=ref, privilegeId='System.Read'
        )
        handler = self.handler()
        assert list(handler.debris(STORE)) == []
        assert [one.image_id for one in handler.enumerate(STORE)] == [ONE]

    def cache(self, **options):
        return self.actors.cache(ONE, used=2**29, **options)

    def images(self):
        return self.handler().enumerate(STORE)

    def evict(self):
        handler = self.handler()
        return list(handler.evict_many(handler.enumerate(STORE), lambda: True))

    def tree(self):
        return set(self.actors.tree(f'[{STORE}] {BASE}'))

    def test_a_disk_needs_no_extent_and_tells_what_it_takes(self):
        self.cache()
        [image] = self.images()
        assert image.location == f'[{STORE}] {BASE}/{ONE}'
        assert image.size >= 2**29

    def test_a_machine_names_it_by_the_uuid(self):
        self.cache()
        machine = self.actors.spawn(ONE)
        [image] = self.images()
        assert image.users == {machine.name}
        files = machine.read_property('layoutEx').file
        assert not any(f'{BASE}/{ONE}' in one.name for one in files)

    def test_a_uuid_that_is_not_told_is_no_sign_of_idleness(self):
        self.cache()
        self.actors.spawn(ONE, starts=False)
        fault = steering.fail('InvalidDatastorePath', datastorePath='x')
        with self.failing(CONVERT, fault), pytest.raises(StoreUnavailable):
            self.images()

    def test_an_iso_in_a_drive_is_named_by_its_folder(self):
        self.cache(is_iso=True)
        machine = self.actors.boot_iso(ONE)
        [image] = self.images()
        assert image.users == {machine.name}

    def test_an_eviction_leaves_nothing(self):
        self.cache(sizes=(20,))
        [freed] = self.evict()
        assert freed >= 2**29
        assert self.tree() == set()
        assert not self.actors.store(STORE).objects, 'nothing is leaked'

    def test_nothing_is_made_or_deleted_at_the_top(self):
        self.cache()
        before = set(self.actors.store(STORE).root.entries)
        self.evict()
        assert set(self.actors.store(STORE).root.entries) == before
        for method in ONLY_THEIRS:
            assert self.vcenter.counters.of(method) == 0

    def test_a_clone_made_before_the_move_keeps_its_image(self):
        self.cache()
        self.vcenter.before(MOVE, lambda: self.actors.spawn(ONE, starts=False))
        [result] = self.evict()
        assert isinstance(result, ImageInUse)
        assert f'{ONE}/{ONE}.vmdk' in self.tree()

    def test_nova_finds_none_while_it_goes(self):
        self.cache()
        seen = []

        def look():
            seen.append(self.actors.place(f'[{STORE}] {BASE}/{ONE}').node)

        self.vcenter.before('DeleteVirtualDisk_Task', look)
        self.evict()
        assert seen == [None]

    def test_what_a_died_eviction_left_is_finished(self):
        place = self.cache()
        handler = self.handler()
        [image] = handler.enumerate(STORE)
        handler.mark(image, [STALE_CLAIM])
        node = place.store.detach_node(place.parts)
        left = f'{ONE}.{OVER}.5f0c'
        place.store.add_node((*place.parts[:-1], left), node)
        assert not handler.enumerate(STORE), 'it is no image'
        handler.recover(STORE)
        assert self.tree() == set()

    def test_what_a_died_eviction_left_in_use_goes_back(self):
        place = self.cache()
        self.actors.spawn(ONE, starts=False)
        node = place.store.detach_node(place.parts)
        left = f'{ONE}.{OVER}.5f0c'
        place.store.add_node((*place.parts[:-1], left), node)
        self.handler().recover(STORE)
        assert f'{ONE}/{ONE}.vmdk' in self.tree()

    def test_a_search_may_tell_the_uuid(self):
        place = self.cache()
        write = browser.show_results

        def by_uuid(place, *rest):
            stable = place.store.resolve_names(place.parts)
            return write(type(place)(place.store, stable), *rest)

        with mock.patch.object(browser, 'show_results', by_uuid):
            [image] = self.images()
        assert image.location == str(place)

    def test_without_a_base_folder_there_is_no_image(self):
        assert not self.images()

    def test_who_does_not_learn_the_uuid_lists_nothing(self):
        self.cache()
        with (
            self.failing(CONVERT, drop()),
            pytest.raises(StoreUnavailable),
        ):
            self.images()
        self.vcenter.before(CONVERT, refuse)
        with pytest.raises(StoreUnavailable, match='HostNotConnected'):
            self.images()

    def test_a_look_costs_one_call_more(self):
        self.cache()
        handler = self.handler()
        handler.enumerate(STORE)
        self.vcenter.counters.reset()
        handler.enumerate(STORE)
        assert self.vcenter.counters.calls == 4
        assert self.vcenter.counters.of(CONVERT) == 1

    def offer(self):
        data = b'x' * 1024
        meta = ImageMeta(image_id=ONE, size=len(data), disk_format='raw')
        return meta, io.BytesIO(data)

    def test_nothing_is_added_that_has_extents(self):
        meta, content = self.offer()
        self.vcenter.counters.reset()
        with pytest.raises(Unsupported, match='vSAN'):
            self.handler().room(meta, STORE)
        with pytest.raises(Unsupported, match='vSAN'):
            self.handler().add(meta, content, STORE)
        assert content.tell() == 0
        assert self.vcenter.counters.of('MakeDirectory') == 0

    def test_an_iso_is_added(self):
        data = b'x' * 1024
        meta = ImageMeta(image_id=ONE, size=len(data), disk_format='iso')
        handler = self.handler()
        image = handler.add(meta, io.BytesIO(data), STORE, ['pin.ops'])
        assert image.size == 1024
        assert self.tree() == {ONE, f'{ONE}/{ONE}.iso', f'{ONE}/ic-pin.ops'}

    def test_half_an_iso_is_no_image(self):
        data = b'x' * 1024
        meta = ImageMeta(image_id=ONE, size=len(data) + 1, disk_format='iso')
        handler = self.handler()
        with pytest.raises(Unsupported, match='announced'):
            handler.add(meta, io.BytesIO(data), STORE)
        assert self.tree() == set()

    def test_nothing_goes_for_what_cannot_be_added(self):
        self.cache(cached_at=LONG_AGO.timestamp())
        self.actors.age(ONE, LONG_AGO.timestamp())
        cache = ImageCache(self.handler(), CROWDED)
        store = self.actors.store(STORE)
        store.capacity = store.used + 2**20
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, 'disk.raw')
            path.write_bytes(b'x' * 2**21)
            [result] = cache.prefetch(
                [TWO],
                FileSource(str(path)),
                datetime.timedelta(hours=1),
                settings=PrefetchSettings(staging_path=f'{folder}/staging'),
            )
        assert result.did is Got.UNSUPPORTED
        assert 'have it as streamOptimized' in result.why
        assert self.vcenter.counters.of('MakeDirectory') == 0
        assert self.vcenter.counters.of('DeleteVirtualDisk_Task') == 0

    def test_room_is_reserved_in_a_folder_of_its_own(self):
        until = datetime.datetime(2030, 1, 1, tzinfo=datetime.UTC)
        reservations = [
            Reservation(
                image_id=ONE, store=STORE, token=token, size=1, until=until
            )
            for token in ('me', 'you')
        ]
        handler = self.handler()
        for one in reservations:
            handler.reserve(one)
        assert self.vcenter.counters.of('CreateDirectory') == 1
        other = self.handler()
        assert list(other.reservations(STORE)) == reservations
        handler.unreserve(reservations[0])
        assert list(other.reservations(STORE)) == reservations[1:]


class TestDebris(OnVcenter):
    def start(self, *given, **how):
        super().start(Scenario(kinds=('vsan',)), **how)
        with self.vcenter.world.lock:
            make_folder(self.actors.place(f'[{STORE}] {BASE}'))
        self.litterer = Litterer(self.actors)

    def debris(self):
        return {one.location for one in self.handler().debris(STORE)}

    def clean(self):
        handler = self.handler()
        return [handler.clean(one) for one in handler.debris(STORE)]

    def test_what_is_cut_off_is_found_and_goes_without_a_trace(self):
        left = {
            self.litterer.leave_shadow(),
            self.litterer.leave_empty(),
            self.litterer.leave_coming(),
        }
        for one in left:
            self.litterer.date(one)
        assert self.debris() == left
        assert all(freed is not None for freed in self.clean())
        assert self.debris() == set()
        assert not self.actors.store(STORE).objects
        assert list(self.actors.store(STORE).root.entries) == [
            self.actors.store(STORE).resolve_names((BASE,))[0]
        ]

    def test_a_disk_that_could_not_be_deleted_keeps_its_descriptor(self):
        """Without it nothing leads to its object any more."""
        for leave, disk in (
            (self.litterer.leave_coming, f'{TWO}.vmdk'),
            (self.litterer.leave_shadow, 'disk.vmdk'),
        ):
            place = leave()
            self.litterer.date(place)
            self.vcenter.before('DeleteVirtualDisk_Task', refuse)
            with pytest.raises(CacheError, match='HostNotConnected'):
                self.clean()
            assert self.actors.place(f'{place}/{disk}').node
            self.litterer.date(place)
            self.clean()
            assert not self.actors.store(STORE).objects

    def test_what_is_new_is_none(self):
        self.litterer.leave_shadow()
        self.litterer.leave_empty()
        self.litterer.leave_coming()
        assert self.debris() == set()

    def test_what_a_machine_names_by_uuid_is_none(self):
        for leave, disk in (
            (self.litterer.leave_coming, f'{TWO}.vmdk'),
            (self.litterer.leave_shadow, 'disk.vmdk'),
        ):
            place = leave()
            with self.vcenter.world.lock:
                machine = add_instance(
                    self.vcenter.world,
                    self.vcenter.estate.cluster,
                    self.actors.place(f'{place}/{disk}'),
                    starts=False,
                )
            self.litterer.date(place)
            assert self.debris() == set(), place
            assert machine.reference


def refuse():
    raise VimFault('HostNotConnected', 'The host is gone.')
