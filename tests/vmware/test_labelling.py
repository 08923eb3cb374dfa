"""Labelling: folders made and removed, on that very image."""

import dataclasses

import pytest

from imagecache_handlers.exceptions import ImageBusy
from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreFull
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers import ImageCache
from imagecache_handlers import Rules
from simulator_parts.steering import drop
from tests.vmware.samples import LONG_AGO
from tests.vmware.samples import ONE
from tests.vmware.vcenter import BASE
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator import steering

MAKE, DELETE = 'MakeDirectory', 'DeleteDatastoreFile_Task'


class TestLabelling(OnVcenter):
    def setUp(self):
        super().setUp()
        self.actors.cache(ONE)
        self.cache = self.handler()
        [self.image] = self.cache.enumerate(STORE)

    def labels(self):
        [image] = self.cache.enumerate(STORE)
        return image.marks.labels

    def test_no_label_is_made_for_an_image_that_is_gone(self):
        self.actors.sweep(ONE)
        with pytest.raises(ImageNotFound):
            self.cache.mark(self.image, ['pin.ops'])
        assert not self.actors.tree(f'[{STORE}] {BASE}')

    def test_taking_a_label_off_an_image_that_is_gone_says_so(self):
        self.actors.sweep(ONE)
        with pytest.raises(ImageNotFound):
            self.cache.mark(self.image, (), ['pin.ops'])

    def test_taking_off_a_label_that_is_gone_is_no_error(self):
        self.cache.mark(self.image, (), ['pin.ops'])
        assert self.labels() == set()

    def test_what_is_elsewhere_is_not_ours(self):
        self.actors.make_folder(f'[{STORE}] other')
        elsewhere = dataclasses.replace(
            self.image, location=f'[{STORE}] other'
        )
        with pytest.raises(ImageNotFound):
            self.cache.mark(elsewhere, ['pin.ops'])
        assert not self.actors.tree(f'[{STORE}] other')

    def test_all_marks_of_nova_go_when_the_age_restarts(self):
        for seconds in 0, 60:
            self.actors.age(ONE, LONG_AGO.timestamp() + seconds)
        [image] = self.cache.enumerate(STORE)
        self.cache.age(image, used=True, now=LONG_AGO)
        assert self.labels() == {'hits.1'}

    def test_an_age_that_ended_with_a_shield_does_not_come_back(self):
        self.actors.age(ONE, LONG_AGO.timestamp())
        self.cache.mark(self.image, ['shield'])
        self.actors.enlist(ONE)
        assert self.labels() == {'unused.ic-20260101t000000z'}
        self.cache.mark(self.image, ['shield'])
        assert self.labels() == {'shield'}

    def test_a_pin_counts_for_nova_before_the_next_sweep(self):
        self.actors.age(ONE, LONG_AGO.timestamp())
        assert ImageCache(self.cache, Rules()).pin(ONE, 'ops')
        [image] = self.cache.enumerate(STORE)
        assert {'pin.ops', 'shield'} <= image.marks.labels

    def test_who_pins_again_writes_the_shield_that_nova_took(self):
        cache = ImageCache(self.cache, Rules())
        assert cache.pin(ONE, 'ops')
        self.actors.enlist(ONE)
        assert self.labels() == {'pin.ops'}
        assert cache.pin(ONE, 'ops')
        assert self.labels() == {'pin.ops', 'shield'}

    def test_what_others_put_into_a_label_stays(self):
        mark = self.actors.age(ONE, LONG_AGO.timestamp())
        self.cache.mark(self.image, ['pin.ops', 'pin.dev'])
        folders = str(mark), f'[{STORE}] {BASE}/{ONE}/ic-pin.ops'
        names = [f'{one}/notes.txt' for one in folders]
        for name in names:
            self.actors.write_file(name, b'mine')
        [image] = self.cache.enumerate(STORE)
        removed = ['pin.ops', 'pin.dev', 'unused.20260101t000000z']
        with pytest.raises(ImageBusy, match='is not empty'):
            self.cache.mark(image, (), removed)
        for name in names:
            assert self.actors.place(name).node is not None
        assert self.labels() == set(removed) - {'pin.dev'}

    def test_a_full_datastore_is_told_as_one(self):
        full = steering.fail('NoDiskSpace', datastore=STORE, file='x')
        with self.failing(MAKE, full), pytest.raises(StoreFull):
            self.cache.mark(self.image, ['pin.ops'])

    def test_a_refusal_changes_nothing(self):
        gone = steering.fail('HostNotConnected')
        with self.failing(MAKE, gone), pytest.raises(StoreUnavailable):
            self.cache.mark(self.image, ['pin.ops'])
        assert self.labels() == set()

    def test_once_a_label_was_made_another_failure_is_uncertain(self):
        self.vcenter.before(MAKE, steering.fail('HostNotConnected'), nth=2)
        with pytest.raises(Uncertain):
            self.cache.mark(self.image, ['pin.a', 'pin.b'])
        assert self.labels() == {'pin.a'}

    def test_a_lost_answer_is_asked_for_again_where_that_is_harmless(self):
        self.vcenter.after(MAKE, drop())
        self.cache.mark(self.image, ['pin.ops'])
        assert self.labels() == {'pin.ops'}

    def test_a_removal_whose_answer_is_lost_is_uncertain(self):
        self.cache.mark(self.image, ['pin.ops'])
        self.vcenter.after(DELETE, drop())
        with pytest.raises(Uncertain):
            self.cache.mark(self.image, (), ['pin.ops'])
        assert self.vcenter.counters.of(DELETE) == 1
