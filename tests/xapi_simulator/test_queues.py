"""Storage operations exclude each other in one SR, and wait inside xapi."""

import threading
import time

import pytest
import XenAPI

from tests.xapi_simulator.clients import PoolCase
from tests.xapi_simulator.clients import quick
from xapi_simulator import Scenario

pytestmark = pytest.mark.alone

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
WORK = 0.2


class TestExclusion(PoolCase):
    scenario = Scenario(srs=2, images=4)

    def setUp(self):
        self.start(timing=quick(work={'VDI.destroy': WORK}))
        rows = self.xapi.VDI.get_all_records()
        self.here = [r for r in rows if rows[r]['SR'] == self.sr]
        self.there = [r for r in rows if rows[r]['SR'] != self.sr]

    def timed(self, *vdis):
        began = time.monotonic()
        tasks = [self.xapi.Async.VDI.destroy(vdi) for vdi in vdis]
        for task in tasks:
            self.assertEqual('success', self.follow(task)['status'])
        return time.monotonic() - began

    def test_two_destroys_in_one_sr_take_turns(self):
        self.assertGreater(self.timed(*self.here), 2 * WORK)

    def test_two_srs_work_side_by_side(self):
        for number in 1, 2:
            self.held('VDI.destroy', number)
        for vdi in self.here[0], self.there[0]:
            self.xapi.Async.VDI.destroy(vdi)
        # At one moment, in one snapshot, both are at it.
        self.wait_for(
            lambda: all(
                row['current_operations']
                for row in self.xapi.SR.get_all_records().values()
            )
        )

    def test_what_goes_on_is_shown_what_waits_is_not(self):
        end = self.held('VDI.destroy')
        tasks = [self.xapi.Async.VDI.destroy(vdi) for vdi in self.here]
        self.wait_for(lambda: self.xapi.SR.get_current_operations(self.sr))
        sr = self.xapi.SR.get_current_operations(self.sr)
        self.assertEqual(['vdi_destroy'], list(sr.values()))
        self.assertIn(next(iter(sr)), tasks)
        rows = self.xapi.VDI.get_all_records()
        shown = [rows[vdi]['current_operations'] for vdi in self.here]
        self.assertIn({}, shown)
        self.assertIn(['destroy'], [list(one.values()) for one in shown])
        end.set()
        for task in tasks:
            self.follow(task)
        self.assertEqual({}, self.xapi.SR.get_current_operations(self.sr))

    def soon(self, end):
        timer = threading.Timer(WORK, end.set)
        self.addCleanup(timer.join)
        timer.start()

    def test_a_scan_waits_for_a_destroy(self):
        end = self.held('VDI.destroy')
        task = self.xapi.Async.VDI.destroy(self.here[0])
        self.wait_for(lambda: self.xapi.SR.get_current_operations(self.sr))
        self.soon(end)
        self.xapi.SR.scan(self.sr)
        self.assertNotIn(self.here[0], self.xapi.VDI.get_all())
        self.assertEqual('success', self.follow(task)['status'])

    def test_an_unplug_waits_and_a_plug_does_not(self):
        end = self.held('VDI.destroy')
        [pbd] = self.xapi.SR.get_PBDs(self.sr)
        task = self.xapi.Async.VDI.destroy(self.here[0])
        self.wait_for(lambda: self.xapi.SR.get_current_operations(self.sr))
        self.xapi.PBD.plug(pbd)
        self.assertEqual('pending', self.xapi.task.get_status(task))
        self.soon(end)
        self.xapi.PBD.unplug(pbd)
        self.assertEqual('success', self.follow(task)['status'])

    def test_who_waited_too_long_hears_who_was_in_the_way(self):
        self.pool.timing.queue_limit = WORK / 4
        self.held('VDI.destroy')
        task = self.xapi.Async.VDI.destroy(self.here[0])
        self.wait_for(lambda: self.xapi.SR.get_current_operations(self.sr))
        self.assertFails(
            [
                'OTHER_OPERATION_IN_PROGRESS',
                'SR',
                self.sr,
                'vdi_destroy',
                task,
            ],
            self.xapi.VDI.clone,
            self.here[1],
        )

    def test_what_is_true_is_looked_at_again_after_the_wait(self):
        first, second = (
            self.xapi.Async.VDI.destroy(self.here[0]) for _ in range(2)
        )
        ends = sorted(self.follow(one)['status'] for one in (first, second))
        self.assertEqual(['failure', 'success'], ends)

    def test_a_disk_attached_meanwhile_is_not_destroyed(self):
        vdi = self.here[0]
        self.pool.after(
            'VDI.destroy#begun', lambda: self.pool.actors.attach(vdi)
        )
        record = self.follow(self.xapi.Async.VDI.destroy(vdi))
        self.assertEqual(['VDI_IN_USE', vdi, 'destroy'], record['error_info'])

    def test_a_client_that_gave_up_cancels_nothing(self):
        client = self.json()
        client._connection.timeout = WORK / 4
        end = self.held('VDI.destroy')
        with self.assertRaises(TimeoutError):
            client.call('VDI.destroy', self.here[0])
        end.set()
        self.wait_for(lambda: self.gone(self.here[0]))

    def test_an_sr_that_nobody_sees_cannot_be_worked_on(self):
        self.pool.actors.plug(self.sr, attached=False)
        for call in self.xapi.VDI.destroy, self.xapi.VDI.clone:
            self.assertFails(['SR_HAS_NO_PBDS', self.sr], call, self.here[0])

    def test_some_types_take_no_orders(self):
        host = self.pool.world.master
        iso = self.pool.world.add_sr('iso', 'iso', hosts=(host,))
        udev = self.pool.world.add_sr('usb', 'udev', hosts=(host,))
        cd = self.pool.actors.disk('cd', iso)
        stick = self.pool.actors.disk('stick', udev)
        destroy = self.xapi.VDI.destroy
        self.assertFails(['SR_OPERATION_NOT_SUPPORTED', iso], destroy, cd)
        self.assertFails(['VDI_IS_A_PHYSICAL_DEVICE', stick], destroy, stick)

    def gone(self, vdi):
        try:
            self.xapi.VDI.get_uuid(vdi)
        except XenAPI.Failure:
            return True
        return False


class TestCopy(PoolCase):
    scenario = Scenario(srs=2, images=1)

    def test_a_copy_wears_the_marks_before_it_has_the_bytes(self):
        self.pool.timing.work['VDI.copy'] = 2
        [image] = self.xapi.VDI.get_all()
        other = next(s for s in self.xapi.SR.get_all() if s != self.sr)
        task = self.xapi.Async.VDI.copy(image, other)
        while not (found := self.xapi.SR.get_VDIs(other)):
            time.sleep(0.01)
        half = self.xapi.VDI.get_record(found[0])
        self.assertIn('image-id', half['other_config'])
        self.assertLess(int(half['physical_utilisation']), 2**30)
        operations = self.xapi.VDI.get_current_operations(image)
        self.assertEqual({task: 'copy'}, operations)
        # What excludes others is the control domain, which reads it.
        self.assertFails(
            ['VDI_IN_USE', image, 'destroy'], self.xapi.VDI.destroy, image
        )
        record = self.follow(task)
        self.assertEqual(f'<value>{found[0]}</value>', record['result'])
        self.assertEqual([], self.xapi.VDI.get_VBDs(image))

    def test_a_disk_may_be_in_use_for_a_moment_after_its_copy(self):
        self.pool.timing.release = 2
        [image] = self.xapi.VDI.get_all()
        self.xapi.VDI.copy(image, self.sr)
        destroy = self.xapi.VDI.destroy
        self.assertFails(['VDI_IN_USE', image, 'destroy'], destroy, image)
        time.sleep(2.1)
        destroy(image)

    def test_a_cancelled_copy_leaves_nothing(self):
        self.pool.timing.work['VDI.copy'] = 5
        [image] = self.xapi.VDI.get_all()
        task = self.xapi.Async.VDI.copy(image, self.sr)
        time.sleep(0.1)
        self.xapi.task.cancel(task)
        record = self.follow(task)
        self.assertEqual('cancelled', record['status'])
        self.assertEqual(['TASK_CANCELLED', task], record['error_info'])
        self.assertEqual([image], self.xapi.VDI.get_all())


class TestClients(PoolCase):
    def test_many_clients_leave_a_pool_that_adds_up(self):
        image = self.pool.actors.cache(IMAGE)
        troubles = []

        def work():
            try:
                xapi = self.login()
                for _ in range(8):
                    clone = xapi.VDI.clone(image)
                    xapi.VDI.set_name_label(clone, '')
                    xapi.VDI.remove_from_other_config(clone, 'image-id')
                    xapi.VDI.destroy(clone)
            except Exception as error:
                troubles.append(error)

        threads = [threading.Thread(target=work) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([], troubles)
        self.pool.actors.coalesce()
        self.assertEqual([image], self.xapi.SR.get_VDIs(self.sr))
        self.assertEqual({}, self.xapi.VDI.get_sm_config(image))
        disk = self.pool.world.disks[self.sr]
        self.assertEqual(1, len(disk.volumes))
        self.assertEqual(sum(v.used for v in disk.volumes.values()), disk.used)
