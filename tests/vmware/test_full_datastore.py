"""A full datastore takes no folder more, and can be swept all the same."""

import datetime
import io

import pytest

from imagecache_handlers import Did
from imagecache_handlers import Evidence
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import NoRoom
from imagecache_handlers.exceptions import StoreFull
from imagecache_handlers import ImageCache
from imagecache_handlers import ImageMeta
from imagecache_handlers import Rules
from imagecache_handlers import utc_now
from simulator_parts.steering import drop
from tests.vmware.litter import Litterer
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.samples import TWO
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import steering

CLAIM, NEXT = 'claim.5f0c.20990101t000000z', 'claim.5f0c.20990102t000000z'
OTHER = 'claim.77aa.20990101t000000z'
MARK, UNUSED = 'ts-2026-01-01-00-00-00', 'unused.20260101t000000z'
MOVE = 'MoveDatastoreFile_Task'


class OnFull(OnVcenter):
    def setUp(self):
        super().setUp()
        self.old(ONE)

    def old(self, image):
        self.actors.cache(image, cached_at=LONG_AGO.timestamp())
        self.actors.age(image, LONG_AGO.timestamp())

    def fill(self):
        """Let it have no room for a folder any more."""
        store = self.actors.store(STORE)
        store.capacity = store.used
        store.entry_limit = store.entry_count

    def folders(self, image=ONE):
        found = self.actors.tree(f'[{STORE}] {BASE}/{image}')
        return {one for one in found if not one.endswith('.vmdk')}

    def labels(self, handler):
        [image] = handler.enumerate(STORE, [ONE])
        return image.marks.labels


class TestClaims(OnFull):
    def setUp(self):
        super().setUp()
        self.cache = self.handler()
        [self.image] = self.cache.enumerate(STORE)

    def test_a_claim_shares_the_folder_of_another_label(self):
        self.fill()
        self.cache.mark(self.image, [CLAIM])
        assert self.labels(self.cache) == {UNUSED, CLAIM}
        # Nova takes it for its mark, of the time that it was of.
        [folder] = self.folders()
        assert folder.startswith('ts-')
        assert folder.lstrip('ts-') == MARK.removeprefix('ts-')  # noqa: B005

    def test_withdrawn_it_leaves_the_folder_to_that_label(self):
        self.fill()
        self.cache.mark(self.image, [CLAIM])
        [image] = self.cache.enumerate(STORE)
        self.cache.mark(image, (), [CLAIM])
        assert self.folders() == {MARK}

    def test_it_can_be_renewed(self):
        self.fill()
        self.cache.mark(self.image, [CLAIM])
        [image] = self.cache.enumerate(STORE)
        self.cache.mark(image, [NEXT], [CLAIM])
        assert self.labels(self.cache) == {UNUSED, NEXT}

    def test_a_use_takes_the_other_label_away_and_leaves_the_claim(self):
        self.fill()
        self.cache.mark(self.image, [CLAIM])
        [image] = self.cache.enumerate(STORE)
        self.cache.mark(image, (), [UNUSED])
        assert self.labels(self.cache) == {CLAIM}

    def test_both_can_be_taken_away_together(self):
        self.fill()
        self.cache.mark(self.image, [CLAIM])
        [image] = self.cache.enumerate(STORE)
        self.cache.mark(image, (), [UNUSED, CLAIM])
        assert self.folders() == set()

    def test_a_label_that_came_meanwhile_is_no_trouble(self):
        self.fill()
        self.cache.mark(self.image, [CLAIM])
        self.actors.store(STORE).entry_limit += 1
        self.actors.store(STORE).capacity += 2**20
        self.actors.make_folder(f'[{STORE}] {BASE}/{ONE}/{MARK}')
        [image] = self.cache.enumerate(STORE)
        self.cache.mark(image, (), [CLAIM])
        assert self.folders() == {MARK}

    def test_of_two_hosts_one_comes_first(self):
        self.fill()
        second = self.handler()
        [image] = second.enumerate(STORE)

        def come():
            second.mark(image, [OTHER])

        self.vcenter.before(MOVE, come)
        with pytest.raises(StoreFull):
            self.cache.mark(self.image, [CLAIM])
        assert self.labels(self.cache) == {UNUSED, OTHER}

    def test_where_no_label_is_there_it_is_said(self):
        self.actors.enlist(ONE)
        self.fill()
        with pytest.raises(StoreFull, match='make some room'):
            self.cache.mark(self.image, [CLAIM])

    def test_pins_and_leases_are_refused_as_ever(self):
        self.fill()
        for label in 'pin.ops', 'lease.a.20990101t000000z':
            with pytest.raises(StoreFull):
                self.cache.mark(self.image, [label])
        assert self.folders() == {MARK}

    def test_for_an_image_that_is_gone_nothing_is_renamed(self):
        self.fill()
        full = steering.fail('NoDiskSpace', datastore=STORE, file='x')
        self.actors.sweep(ONE)
        with (
            self.failing('MakeDirectory', full),
            pytest.raises(ImageNotFound),
        ):
            self.cache.mark(self.image, [CLAIM])
        assert self.vcenter.counters.of(MOVE) == 0


class TestRefusals(OnFull):
    """That vSphere refuses an image is told there, too."""

    def setUp(self):
        super().setUp()
        self.actors.make_folder(f'[{STORE}] {BASE}_evict')
        disk = f'[{STORE}] {BASE}/{ONE}/{ONE}.vmdk'
        self.actors.set_deletable(disk, is_deletable=False)

    def sweep(self):
        cache = ImageCache(self.handler(), Rules())
        cache.sweep(lambda: Evidence(complete=True, as_of=utc_now()))

    def label(self, name):
        self.actors.make_folder(f'[{STORE}] {BASE}/{ONE}/ic-{name}')

    def check_told(self, *others):
        """See that it is told, that it tells this, and is not tried again."""
        self.sweep()
        [image] = self.handler().enumerate(STORE, [ONE])
        assert image.undeletable
        told = {one for one in self.folders() if 'ic-undeletable' not in one}
        assert told == set(others)
        moves = self.vcenter.counters.of(MOVE)
        self.sweep()
        assert self.vcenter.counters.of(MOVE) == moves

    def test_an_earlier_refusal_gives_way(self):
        self.label('undeletable.20260601t000000z')
        self.label('hits.3')
        self.fill()
        self.check_told(MARK, 'ic-hits.3')
        assert 'ic-undeletable.20260601t000000z' not in self.folders()

    def test_a_claim_of_before_it_was_full_gives_way(self):
        self.label('hits.3')
        self.vcenter.before(MOVE, self.fill)
        self.check_told(MARK, 'ic-hits.3')

    def test_what_shares_the_folder_of_a_claim_gives_way(self):
        self.label('hits.3')
        self.fill()
        self.check_told(MARK)

    def test_one_with_a_mark_alone_gives_that(self):
        self.fill()
        self.check_told()


class TestSweeps(OnFull):
    def sweep(self, **rules):
        rules = {'min_age': datetime.timedelta(0), **rules}
        cache = ImageCache(self.handler(), Rules(**rules))
        report = cache.sweep(lambda: Evidence(complete=True, as_of=utc_now()))
        return {one.verdict.image.image_id: one for one in report.outcomes}

    def images(self):
        return {
            one
            for one in self.actors.tree(f'[{STORE}] {BASE}')
            if '/' not in one
        }

    def test_a_sweep_frees_space(self):
        self.old(TWO)
        self.actors.make_folder(f'[{STORE}] {BASE}_evict')
        self.fill()
        free = self.actors.store(STORE).free
        assert {one.did for one in self.sweep().values()} == {Did.EVICTED}
        assert self.actors.store(STORE).free - free > 2 * 2**30

    def test_without_a_folder_aside_a_mark_is_given_for_it(self):
        self.old(TWO)
        self.actors.cache('in-use')
        self.actors.spawn('in-use')
        self.fill()
        found = self.sweep()
        # One of them gave its mark, and begins its age anew.
        assert {one.did for one in found.values()} == {
            Did.EVICTED,
            Did.KEPT,
        }
        [left] = self.images() - {'in-use'}
        assert self.folders(left) == set()
        self.sweep()
        assert len(self.folders(left)) == 1

    def test_an_image_that_stays_gives_its_mark_first(self):
        self.actors.cache(TWO)
        self.actors.age(TWO, datetime.datetime.now().timestamp())
        self.fill()
        found = self.sweep(min_age=datetime.timedelta(days=1))
        assert found[ONE].did is Did.EVICTED
        assert self.images() == {TWO}
        assert self.folders(TWO) == set()

    def test_a_single_image_does_not_give_the_mark_that_it_goes_by(self):
        self.fill()
        found = self.sweep()
        assert 'make some room' in found[ONE].why
        assert self.folders() == {MARK}

    def test_a_mark_that_tells_another_host_s_claim_is_not_given(self):
        self.old(TWO)
        first, second = self.handler(), self.handler()
        images = {one.image_id: one for one in first.enumerate(STORE)}
        self.fill()
        first.mark(images[ONE], [CLAIM])
        second.mark(images[TWO], [OTHER])
        found = second.enumerate(STORE, {TWO})
        with pytest.raises(StoreFull):
            list(second.evict_many(found, lambda: True))
        assert CLAIM in self.labels(first)

    def test_a_lost_answer_ends_well(self):
        self.old(TWO)
        self.actors.make_folder(f'[{STORE}] {BASE}_evict')
        self.fill()
        self.vcenter.after(MOVE, drop())
        self.sweep()
        self.sweep()
        assert self.images() == set()

    def test_an_image_that_a_dead_host_claimed_can_be_claimed(self):
        self.actors.make_folder(f'[{STORE}] {BASE}_evict')
        self.fill()
        handler = self.handler()
        [image] = handler.enumerate(STORE)
        handler.mark(image, ['claim.5f0c.20200101t000000z'])
        assert self.sweep()[ONE].did is Did.EVICTED

    def test_the_next_sweep_restores_what_a_claim_replaced(self):
        self.fill()
        handler = self.handler()
        [image] = handler.enumerate(STORE)
        handler.mark(image, ['claim.5f0c.20200101t000000z'])
        self.sweep(min_age=datetime.timedelta(days=9999))
        assert self.folders() == {MARK}

    def test_debris_that_is_half_an_image_goes(self):
        litterer = Litterer(self.actors)
        litterer.date(litterer.leave_half())
        self.fill()
        handler = self.handler()
        [debris] = handler.debris(STORE)
        assert handler.clean(debris)
        assert self.images() == {ONE}
        # It went by the folder aside, for which the image gave its mark.
        assert self.folders() == set()

    def test_nothing_is_added(self):
        self.fill()
        meta = ImageMeta(image_id=TWO, size=1024, disk_format='raw')
        content = io.BytesIO(bytes(1024))
        with pytest.raises(NoRoom):
            self.handler().add(meta, content, STORE)
        assert self.images() == {ONE}
        assert self.folders() == {MARK}
