"""Images that may be somebody's disk: full copies, and what was written to.

Outsiders copy and attach images by hand; what they wrote must not go with
what was cached.
"""

import logging
import threading
import time

from imagecache_handlers import ImageBusy
from imagecache_handlers.labels import seen_label
from imagecache_handlers import Reason
from imagecache_handlers_xenapi.disks import TWIN
from imagecache_handlers_xenapi.disks import WRITABLE
from tests.xenapi.pool import quick
from tests.xenapi.pool import SEEN
from tests.xenapi.test_defects import LONG_AGO
from tests.xenapi.test_users import ASLEEP
from tests.xenapi.test_users import UsersCase
from xapi_simulator import fail

VBDS = 'VBD.get_all_records_where'
ADD = 'VDI.add_to_other_config'
REMOVE = 'VDI.remove_from_other_config'
FIND = 'VDI.get_all_records_where'


class DoubtsCase(UsersCase):
    def label_of(self, ref, label):
        return f'imagecache/{self.uuid(ref)}/{label}'

    def is_labelled(self, ref, label):
        return self.label_of(ref, label) in self.record(ref)['other_config']

    def take_off(self, ref, *keys):
        for name in keys:
            self.pool.do('VDI.remove_from_other_config', ref, name)


class TestCopies(DoubtsCase):
    def twins(self):
        """Copy an image that nobody has labelled; both lie idle for long."""
        image = self.cache('debian', labels=())
        copy = self.pool.do('VDI.copy', image, self.sr)
        for ref in image, copy:
            self.label(ref, SEEN, LONG_AGO)
        return image, copy

    def test_neither_an_image_nor_its_full_copy_goes(self):
        for ref in self.twins():
            self.assertKept(ref, Reason.UNKNOWN)

    def test_the_other_is_named_with_what_to_do(self):
        image, copy = self.twins()
        handler = self.connect()
        for one, other in (image, copy), (copy, image):
            [found] = [
                found
                for found in handler.enumerate('storage-0')
                if found.location == self.uuid(one)
            ]
            self.assertIn(self.uuid(other), found.unknown)
            self.assertIn('take image-id and cached-time off', found.unknown)
            self.assertIn(
                'delete the one that no instance uses', found.unknown
            )
            self.assertIn(
                f'xe vdi-param-remove uuid={found.location} '
                f'param-name=other-config '
                f'param-key={self.label_of(one, TWIN)}',
                found.unknown,
            )

    def test_of_two_that_hosts_cached_in_one_second_as_told(self):
        image = self.idle('debian')
        at = self.record(image)['other_config']['cached-time']
        other = self.actors.cache('debian', self.sr, cached_at=float(at))
        self.label(other, SEEN, LONG_AGO)
        self.sweep()
        self.actors.delete(other)
        self.assertKept(image, Reason.UNKNOWN)
        self.take_off(image, self.label_of(image, TWIN))
        self.assertGoes(image)

    def test_not_even_when_somebody_asks_for_one(self):
        self.twins()
        for image in self.connect().enumerate('storage-0'):
            with self.assertRaises(ImageBusy):
                self.connect().evict(image)

    def test_one_that_lost_its_twin_after_a_sweep_stays(self):
        for gone in 0, 1:
            twins = self.twins()
            self.sweep()
            self.actors.delete(twins[gone])
            left = twins[1 - gone]
            self.assertKept(left, Reason.UNKNOWN)
            self.take_off(left, self.label_of(left, TWIN))
            self.assertGoes(left)

    def test_an_image_goes_once_its_copy_was_told_to_be_one(self):
        image, copy = self.twins()
        self.sweep()
        self.take_off(copy, 'image-id', 'cached-time')
        self.assertKept(image, Reason.UNKNOWN)
        self.take_off(image, self.label_of(image, TWIN))
        self.assertGoes(image)
        self.assertIn(self.uuid(copy), self.vdis())

    def test_times_that_say_nothing_are_one_time(self):
        for text in None, 'x', '':
            refs = self.twins()
            for number, ref in enumerate(refs):
                self.cached_at(ref, text and text * (number + 1))
            for ref in refs:
                self.assertKept(ref, Reason.UNKNOWN)
                self.actors.delete(ref)

    def test_copies_of_other_times_are_surplus(self):
        _, copy = self.twins()
        self.cached_at(copy, '1577836800')
        self.sweep()
        self.assertEqual(set(), self.vdis())

    def test_a_clone_is_no_twin(self):
        image = self.cache('debian', labels=(SEEN, LONG_AGO))
        clone = self.actors.clone(image)
        self.take_off(clone, *self.keys_of(clone, 'imagecache/'))
        self.label(clone, SEEN)
        self.sweep()
        self.assertFalse(self.is_labelled(image, TWIN))

    def keys_of(self, ref, begin):
        config = self.record(ref)['other_config']
        return [name for name in config if name.startswith(begin)]

    def test_nor_is_a_newborn_which_nova_makes_a_disk_of(self):
        image, copy = self.twins()
        young = seen_label(self.clocks.now())
        for ref in copy, image:
            self.take_off(ref, *self.keys_of(ref, 'imagecache/'))
            self.label(ref, young, LONG_AGO)
            self.assertKept(image, Reason.UNKNOWN)
            self.assertFalse(self.is_labelled(image, TWIN))
            self.label(ref, SEEN)
            self.take_off(ref, self.label_of(ref, young))


class TestWriters(DoubtsCase):
    def attached(self, mode='RW'):
        ref = self.idle('debian')
        vm = self.actors.attach(ref)
        self.pool.do('VM.hard_shutdown', vm)
        [vbd] = self.record(ref)['VBDs']
        self.actors.set('VBD', vbd, mode=mode)
        return ref, vbd

    def test_one_that_a_machine_could_write_to_stays_for_good(self):
        ref, vbd = self.attached()
        self.assertKept(ref, Reason.IN_USE)
        self.pool.do('VBD.destroy', vbd)
        for _ in range(2):
            self.assertKept(ref, Reason.UNKNOWN)
        self.take_off(ref, self.label_of(ref, WRITABLE))
        self.assertGoes(ref)

    def test_what_to_do_about_it_is_told(self):
        ref, vbd = self.attached()
        self.sweep()
        self.pool.do('VBD.destroy', vbd)
        [image] = self.connect().enumerate('storage-0')
        self.assertIn(self.label_of(ref, WRITABLE), image.unknown)
        with self.assertRaises(ImageBusy):
            self.connect().evict(image)

    def test_one_that_it_could_only_read_goes(self):
        ref, vbd = self.attached('RO')
        self.assertKept(ref, Reason.IN_USE)
        self.pool.do('VBD.destroy', vbd)
        self.assertGoes(ref)

    def test_what_went_before_it_was_read_is_in_use_for_that_sweep(self):
        ref, vbd = self.attached('RO')
        self.pool.before(VBDS, lambda: self.pool.do('VBD.destroy', vbd))
        self.assertKept(ref, Reason.IN_USE)
        self.assertFalse(self.is_labelled(ref, WRITABLE))
        self.assertGoes(ref)

    def test_of_two_the_one_that_was_read_says_what_it_is(self):
        ref, gone = self.attached('RO')
        self.actors.attach(ref)
        self.pool.before(VBDS, lambda: self.pool.do('VBD.destroy', gone))
        self.assertKept(ref, Reason.IN_USE)
        self.assertTrue(self.is_labelled(ref, WRITABLE))

    def test_a_spawn_that_copies_ends_within_a_look(self):
        """Nova with use_cow_images = False: VDI.copy has the image RO."""
        self.start(timing=quick(work={'VDI.copy': 2.0}))
        ref = self.idle('debian')
        spawn = threading.Thread(target=self.copy_and_untag, args=[ref])
        spawn.start()
        while spawn.is_alive() and not self.record(ref)['VBDs']:
            time.sleep(0.01)
        self.assertTrue(spawn.is_alive(), 'the copy ended unseen')
        self.pool.before(VBDS, spawn.join)
        self.sweep()
        self.assertEqual(1, self.pool.counters.of(VBDS))
        self.assertFalse(self.is_labelled(ref, WRITABLE))

    def copy_and_untag(self, ref):
        self.actors.untag(self.pool.do('VDI.copy', ref, self.sr))

    def written_to(self, ref):
        """Give a machine an image, and take it away once it was seen."""

        def attach():
            self.pool.do('VM.hard_shutdown', self.actors.attach(ref))
            made.extend(self.record(ref)['VBDs'])

        made = []
        return made, attach

    def assertSeenWritten(self, ref, made):
        self.assertEqual(1, len(made))
        self.assertTrue(self.is_labelled(ref, WRITABLE))
        self.pool.do('VBD.destroy', made[0])
        self.assertKept(ref, Reason.UNKNOWN)

    def test_what_a_look_of_the_batch_saw_written_to_stays(self):
        ref = self.idle('debian')
        made, attach = self.written_to(ref)
        self.pool.before(ADD, attach)
        self.assertSwept(self.sweep(), debian='kept')
        self.assertSeenWritten(ref, made)

    def test_so_does_what_the_last_look_saw(self):
        ref = self.idle('debian')
        made, attach = self.written_to(ref)
        # The plan, before the claims, the batch, and the last.
        self.pool.before(FIND, attach, 4)
        self.assertSwept(self.sweep(), debian='kept')
        self.assertSeenWritten(ref, made)

    def test_it_is_labelled_while_it_is_claimed(self):
        ref = self.idle('debian')
        made, attach = self.written_to(ref)
        self.pool.before(ADD, attach)
        self.pool.before(REMOVE, lambda: labelled.append(self.is_marked(ref)))
        labelled = []
        self.sweep()
        self.assertEqual([True], labelled[:1])

    def is_marked(self, ref):
        return self.is_labelled(ref, WRITABLE)

    def test_what_could_not_be_labelled_is_by_the_next_mark(self):
        ref, vbd = self.attached()
        handler = self.connect()
        [image] = handler.enumerate('storage-0')
        with self.failing(ADD):
            handler.record_host('storage-0')
        self.pool.do('VBD.destroy', vbd)
        self.assertFalse(self.is_labelled(ref, WRITABLE))
        handler.mark(image, remove=['pin.ops'])
        self.assertTrue(self.is_labelled(ref, WRITABLE))

    def test_one_that_is_gone_is_not_labelled_for_ever(self):
        ref, vbd = self.attached()
        self.idle('alpine')
        handler = self.connect()
        images = list(handler.enumerate('storage-0'))
        self.pool.do('VBD.destroy', vbd)
        self.actors.delete(ref)
        for _ in range(2):
            list(handler.mark_many(images, remove=['pin.ops']))
        self.assertEqual(1, self.pool.counters.of(ADD))

    def test_a_plan_writes_nothing(self):
        ref, _ = self.attached()
        self.connect().enumerate('storage-0')
        self.assertFalse(self.is_labelled(ref, WRITABLE))

    def test_one_that_cannot_be_labelled_keeps_no_other_from_it(self):
        refs = [self.attached()[0] for _ in range(2)]
        handler = self.connect()
        self.pool.before(ADD, fail('INTERNAL_ERROR', 'x'))
        logging.disable(logging.NOTSET)
        with self.assertLogs('imagecache_handlers_xenapi', 'WARNING') as log:
            handler.record_host('storage-0')
        labelled = [self.is_labelled(ref, WRITABLE) for ref in refs]
        self.assertEqual([False, True], sorted(labelled))
        self.assertIn('INTERNAL_ERROR', str(log.output))
        self.sweep()
        self.assertTrue(all(self.is_labelled(ref, WRITABLE) for ref in refs))

    def test_modes_are_read_only_of_what_is_attached_and_not_labelled(self):
        self.idle('alpine')
        self.connect().enumerate('storage-0')
        self.assertEqual(0, self.pool.counters.of(VBDS))
        self.attached()
        self.sweep()
        self.assertEqual(1, self.pool.counters.of(VBDS))
        self.pool.counters.reset()
        self.sweep()
        self.assertEqual(0, self.pool.counters.of(VBDS))
        self.assertEqual(1, self.pool.counters.of(ASLEEP))
