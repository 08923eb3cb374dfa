"""Sweeps of a pool whose leader, certificate or SRs change meanwhile.

Each is tried at every call of a sweep: before the first, the second, and so
on until there is none left.  What is true the simulator's disks tell.
"""

import contextlib
import datetime
import itertools
from unittest import mock

from imagecache_handlers import CacheError
from imagecache_handlers_xenapi import destroying
from tests.xenapi import certificates
from tests.xenapi.pool import SEEN
from tests.xenapi.test_defects import LONG_AGO
from tests.xenapi.test_defects import SweepCase
from xapi_simulator import Scenario

ENOUGH = 200


class PoolCase(SweepCase):
    """A pool with two idle images, and one that an instance uses."""

    def fill(self, scenario, sr='storage-0', **how):
        self.start(scenario, **how)
        [self.sr] = self.pool.do('SR.get_by_name_label', sr)
        self.images = [self.idle('debian'), self.idle('alpine')]
        self.used = self.idle('golden')
        self.instance = self.actors.spawn(self.used)

    def at_every_call(self, fill, act):
        """Give each moment of a sweep at which that happens."""
        for nth in itertools.count(1):
            fill()
            self.pool.before('*', act, nth)
            with self.subTest(call=nth):
                yield
            if self.pool.steering.waiting:
                # It would have come after the end.
                self.assertGreater(nth, 5)
                return
            self.assertLess(nth, ENOUGH)

    def assertKept(self):
        """Whoever uses bytes of an image has them still."""
        for ref in self.used, self.instance:
            row = self.pool.world.records.get('VDI', ref)
            chain = self.pool.world.disks[row['SR']].chain(row['uuid'])
            self.assertGreater(sum(one.used for one in chain), 2**20)

    def ours(self):
        urls = [self.pool.url_of(n) for n in range(len(self.pool.addresses))]
        return self.connect(self.own(*urls))

    def swept(self, handler):
        with contextlib.suppress(CacheError):
            return self.sweep(handler)


class TestLeaders(PoolCase):
    def fill_two_hosts(self):
        self.fill(Scenario(hosts=2))

    def lead(self):
        self.pool.promote(1)

    def test_another_host_may_lead_at_any_moment(self):
        for _ in self.at_every_call(self.fill_two_hosts, self.lead):
            handler = self.ours()
            self.swept(handler)
            self.assertKept()
            # Whoever leads now, the next pass reaches.
            report = self.sweep(handler)
            self.assertEqual({}, dict(report.plan.problems))
            self.assertKept()

    def test_both_may_lead_in_turns(self):
        self.fill_two_hosts()
        for nth in range(1, 40, 3):
            lead = (nth // 3) % 2
            self.pool.before(
                '*', lambda lead=lead: self.pool.promote(lead), nth
            )
        handler = self.ours()
        for _ in range(4):
            self.swept(handler)
            self.assertKept()


class TestCertificates(PoolCase):
    def fill_safely(self):
        cert, key = certificates.files(certificates.NAMES)
        self.fill(Scenario(), certificate=cert, key=key)

    def change(self):
        self.pool.present(*certificates.files(certificates.NAMES + ',DNS:x'))

    def test_another_certificate_may_be_shown_at_any_moment(self):
        for _ in self.at_every_call(self.fill_safely, self.change):
            port = self.own(self.pool.url, dialling=certificates.dialling())
            self.swept(self.connect(port))
            self.assertKept()


class TestRepositories(PoolCase):
    def fill_two(self):
        self.fill(Scenario(srs=2, hosts=2), 'storage-1')
        self.forgotten = self.sr
        [self.sr] = self.pool.do('SR.get_by_name_label', 'storage-0')
        self.images = [self.idle('fedora')]
        self.used = self.idle('gold')
        self.instance = self.actors.spawn(self.used)

    def forget(self):
        self.actors.plug(self.forgotten, attached=False)
        self.pool.do('SR.forget', self.forgotten)

    def test_an_sr_may_be_forgotten_at_any_moment(self):
        for _ in self.at_every_call(self.fill_two, self.forget):
            uuid = self.uuid(self.images[0])
            srs = 'storage-0', 'storage-1'
            self.swept(self.connect(srs=srs))
            self.assertKept()
            [left] = self.pool.world.forgotten.values() or [None]
            if left is not None:
                users = [one for one in left.volumes.values() if one.parent]
                for one in users:
                    self.assertTrue(list(left.chain(one.uuid)))
            self.swept(self.connect(srs=srs))
            self.assertNotIn(uuid, self.vdis())

    def test_what_comes_back_is_nobodys_image(self):
        self.fill(Scenario())
        sr, uuid = self.sr, self.record_of_sr()['uuid']
        before = set(self.pool.world.disks[sr].volumes)
        self.forgotten = sr
        self.forget()
        how = 'storage-0', '', 'nfs', 'user', True, {}
        sr = self.pool.do('SR.introduce', uuid, *how)
        for host in self.pool.do('host.get_all'):
            record = {'host': host, 'SR': sr, 'device_config': {}}
            self.pool.do('PBD.plug', self.pool.do('PBD.create', record))
        self.pool.do('SR.scan', sr)
        self.swept(self.connect())
        self.assertEqual(before, set(self.pool.world.disks[sr].volumes))

    def record_of_sr(self):
        return self.pool.do('SR.get_record', self.sr)

    def test_the_host_of_an_sr_is_out_of_reach(self):
        self.fill_two()
        away = [
            self.uuid(ref)
            for ref in self.pool.do('SR.get_VDIs', self.forgotten)
        ]
        self.pool.fail_host(1)
        # So long a destroy whose end nobody saw may be worked on.
        soon = datetime.timedelta(seconds=2)
        self.enterContext(mock.patch.object(destroying, '_FORGOTTEN', soon))
        uuid = self.uuid(self.images[0])
        self.swept(self.connect(srs=('storage-0', 'storage-1')))
        self.assertNotIn(uuid, self.vdis())
        disks = self.pool.world.disks[self.forgotten].volumes
        self.assertLessEqual(set(away), set(disks))
        self.pool.heal_host(1)
        self.assertKept()


class TestMachines(PoolCase):
    """Whose disk a machine has, in whatever state and copy, is in use."""

    def setUp(self):
        super().setUp()
        self.idle_image = self.idle('debian')
        self.disk = self.actors.spawn(self.idle_image)
        [vbd] = self.pool.do('VDI.get_VBDs', self.disk)
        self.vm = self.pool.do('VBD.get_VM', vbd)

    def assertInUse(self):
        self.actors.coalesce()
        image = self.image(self.idle_image)
        self.assertTrue(image.users)
        self.sweep()
        self.assertIn(image.location, self.vdis())

    def assertFree(self):
        self.actors.coalesce()
        uuid = self.uuid(self.idle_image)
        self.assertEqual(frozenset(), self.image(self.idle_image).users)
        # As a sweep long ago left it.
        marks = {'image-id': 'debian', 'cached-time': '1577836800'}
        self.actors.set('VDI', self.idle_image, other_config=marks)
        self.label(self.idle_image, SEEN, LONG_AGO)
        self.sweep()
        self.assertNotIn(uuid, self.vdis())

    def test_a_suspended_machine(self):
        self.pool.do('VM.suspend', self.vm)
        self.assertInUse()
        self.actors.end(self.vm)
        self.assertFree()

    def test_a_snapshot_or_a_checkpoint_whose_machine_is_gone(self):
        for method in 'snapshot', 'checkpoint':
            more = ([],) if method == 'snapshot' else ()
            snap = self.pool.do(f'VM.{method}', self.vm, 'kept', *more)
            disk = self.pool.do(
                'VBD.get_VDI', self.pool.do('VM.get_VBDs', snap)[0]
            )
            self.actors.end(self.vm)
            self.assertInUse()
            self.vm = self.pool.do('VM.clone', snap, 'again')
            self.pool.do('VM.destroy', snap)
            self.pool.do('VDI.destroy', disk)
            self.assertInUse()
            self.pool.do('VM.set_is_a_template', self.vm, False)
            if method == 'snapshot':
                self.pool.do('VM.start', self.vm, False, False)
            else:
                self.pool.do('VM.resume', self.vm, False, False)
        self.actors.end(self.vm)
        self.assertFree()

    def test_a_machine_that_is_reverted(self):
        snap = self.pool.do('VM.snapshot', self.vm, 'kept', [])
        found = []

        def look():
            found.append(self.image(self.idle_image).users)

        self.pool.after('VM.revert#destroyed', look)
        self.pool.do('VM.revert', snap)
        self.assertTrue(*found)
        self.assertInUse()

    def test_a_backup_keeps_no_image_once_its_data_is_gone(self):
        self.pool.do('VDI.enable_cbt', self.disk)
        snap = self.pool.do('VDI.snapshot', self.disk, {})
        self.actors.end(self.vm)
        self.assertInUse()
        self.pool.do('VDI.data_destroy', snap)
        self.assertFree()

    def test_a_copy_of_a_machine_that_has_the_image_itself(self):
        """The copy wears all marks, and nothing of it tells that it does."""
        vm = self.actors.attach(self.idle_image)
        self.pool.do('VM.hard_shutdown', vm)
        looked = []

        def look():
            self.sweep()
            looked.append(self.vdis())

        before = self.vdis()
        for point in 'disks', 'vbds':
            self.pool.after(f'VM.clone#{point}', look)
        clone = self.pool.do('VM.clone', vm, 'second')
        self.assertEqual(2, len(looked))
        for seen in looked:
            self.assertLess(before, seen)
        disk = self.pool.do(
            'VBD.get_VDI', self.pool.do('VM.get_VBDs', clone)[0]
        )
        for _ in range(2):
            self.sweep(grace=datetime.timedelta(0))
            self.assertIn(self.uuid(disk), self.vdis())
