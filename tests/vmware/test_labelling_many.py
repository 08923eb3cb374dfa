"""Labels of many images: a few at once, each with its own result."""

import threading
import time

import pytest

from imagecache_handlers.exceptions import ImageNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.model import CachedImage
from imagecache_handlers_vmware.labelling_many import label_images
from tests.vmware.samples import CLAIM
from tests.vmware.vcenter import OnVcenter
from tests.vmware.vcenter import STORE
from vcenter_simulator.scenario import Scenario
from vcenter_simulator import steering

IMAGES = [
    CachedImage(image_id=f'{n}', store='s', location=f'{n}', size=1)
    for n in range(20)
]


class Counting:
    """Counts who is at work, and has each wait for the others."""

    def __init__(self, most):
        self.lock = threading.Lock()
        self.now = self.most = 0
        self.seen = []
        self.barrier = threading.Barrier(most)

    def label(self, image):
        with self.lock:
            self.seen.append(image)
            self.now += 1
            self.most = max(self.most, self.now)
        self.barrier.wait(5)
        with self.lock:
            self.now -= 1


def test_as_many_as_may_be_are_under_way():
    counting = Counting(4)
    assert list(label_images(IMAGES, counting.label, 4)) == [None] * 20
    assert counting.most == 4
    assert {one.image_id for one in counting.seen} == {
        one.image_id for one in IMAGES
    }


def test_errors_are_results_in_the_order_of_the_images():
    def label(image):
        time.sleep(0.01 if image.image_id == '1' else 0)
        if int(image.image_id) % 2:
            raise ImageNotFound(image.image_id)

    found = list(label_images(IMAGES, label, 4))
    assert [getattr(one, 'image_id', None) for one in found] == [
        one.image_id if int(one.image_id) % 2 else None for one in IMAGES
    ]


@pytest.mark.parametrize('in_flight', [1, 4])
def test_closed_early_no_more_is_begun(in_flight):
    seen = []
    results = label_images(IMAGES, seen.append, in_flight)
    next(results)
    results.close()
    assert len(seen) == in_flight


class TestOnVcenter(OnVcenter):
    def setUp(self):
        super().setUp()
        self.start(Scenario(images=40))
        self.cache = self.handler()
        self.images = self.cache.enumerate(STORE)
        self.vcenter.counters.reset()

    def test_each_label_is_a_call_and_nothing_else(self):
        found = list(self.cache.mark_many(self.images, [CLAIM]))
        assert found == [None] * 40
        assert self.vcenter.counters.calls == 40
        for image in self.cache.enumerate(STORE):
            assert image.marks.labels == {CLAIM}

    def test_what_is_refused_says_so_alone(self):
        lost = steering.fail('HostNotConnected')
        self.vcenter.before('MakeDirectory', lost, nth=7)
        found = list(self.cache.mark_many(self.images, [CLAIM]))
        [error] = [one for one in found if one is not None]
        assert isinstance(error, StoreUnavailable)
        marked = [
            CLAIM in one.marks.labels for one in self.cache.enumerate(STORE)
        ]
        assert sum(marked) == 39
