"""Uploads: what is taken, where to, and what a broken one leaves."""

import datetime
import hashlib
import io
import unittest

from imagecache_handlers.clocks import Clocks
from imagecache_handlers import ImageBusy
from imagecache_handlers import ImageExists
from imagecache_handlers import ImageMeta
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from imagecache_handlers import Unsupported
from imagecache_handlers_xenapi.disks import STAGING
from tests.xenapi import certificates
from tests.xenapi.pool import Pooled
from xapi_simulator import drop
from xapi_simulator import fail
from xapi_simulator import reply
from xapi_simulator import Scenario

UPLOAD = 'PUT /import_raw_vdi'
TOMORROW = datetime.timedelta(days=1, minutes=1)


def vhd(virtual, more=2**16, kind=3):
    """Give a dynamic VHD, as far as anybody here reads it."""
    footer = b'conectix'.ljust(48, b'\0') + virtual.to_bytes(8, 'big')
    footer = (footer + bytes(4) + kind.to_bytes(4, 'big')).ljust(512, b'\0')
    return footer + b'block' * more + footer


class Died(BaseException):
    """The process ended here."""


class Mortal:
    """A port whose process is killed after so many calls."""

    def __init__(self, port, calls):
        self._port = port
        self._left = calls

    def __getattr__(self, name):
        if name in ('read', 'call', 'once'):
            self._left -= 1
            if self._left < 0:
                raise Died
        return getattr(self._port, name)


class AddCase(Pooled, unittest.TestCase):
    scenario = Scenario()
    srs = ('storage-0',)
    clocks = Clocks()

    def add(self, data, form='raw', *, size=None, handler=None, labels=()):
        handler = handler or self.connect()
        meta = ImageMeta(
            image_id='debian',
            size=len(data) if size is None else size,
            disk_format=form,
        )
        content = io.BytesIO(data)
        return handler.add(meta, content, 'storage-0', labels)

    def content(self, image):
        volume = self.pool.world.disks[self.sr].volumes[image.location]
        return volume.content

    def assertNothingLeft(self):
        self.assertEqual(set(), self.vdis())
        tasks = self.pool.do('task.get_all_records').values()
        # xapi never heard of the upload that one was for.
        told = {task['status'] for task in tasks}
        self.assertLessEqual(told, {'cancelling'})
        self.assertEqual({}, self.pool.do('VBD.get_all_records'))


class TestAdd(AddCase):
    def test_raw_bytes_arrive_as_they_are(self):
        data = b'disk' * 700_000
        image = self.add(data)
        self.assertEqual(hashlib.sha256(data).hexdigest(), self.content(image))
        record = self.record(self.ref(image.location))
        self.assertEqual(4 * 2**20, record['virtual_size'])
        self.assertEqual('Glance Image debian', record['name_label'])
        self.assertEqual('root', record['name_description'])
        self.assertNotIn(STAGING, record['other_config'])
        self.assertEqual('debian', record['other_config']['image-id'])
        self.assertIsNotNone(image.cached_at)

    def test_a_vhd_says_how_large_its_disk_is(self):
        data = vhd(10 * 2**30)
        image = self.add(data, 'vhd')
        self.assertEqual(hashlib.sha256(data).hexdigest(), self.content(image))
        record = self.record(self.ref(image.location))
        self.assertEqual(10 * 2**30, record['virtual_size'])

    def test_what_nobody_can_take_is_refused_before_anything_is_made(self):
        for data, form in (
            (b'QFI\xfb', 'qcow2'),
            (b'raw', 'vhd'),
            (vhd(0), 'vhd'),
            (b'conectix', 'vhd'),
        ):
            with self.assertRaises(Unsupported):
                self.add(data, form)
        self.assertEqual(0, self.pool.counters.of('VDI.create'))

    def test_what_is_no_whole_disk_of_its_kind_is_no_image(self):
        whole = vhd(2**30)
        for data, form, why in (
            (b'', 'raw', 'empty'),
            (whole[:-512], 'vhd', 'end is missing'),
            (vhd(2**30, kind=2), 'vhd', 'dynamic'),
            (vhd(2**30, kind=4), 'vhd', 'dynamic'),
            (b'disk' * 2**18 + whole[-512:], 'raw', 'fixed VHD'),
        ):
            with self.assertRaises(Unsupported) as caught:
                self.add(data, form)
            self.assertIn(why, str(caught.exception))
            self.assertNothingLeft()

    def test_more_or_fewer_bytes_than_announced_are_no_image(self):
        for size in 10, 2**20 - 1, 2**20 + 1, 2**24:
            with self.assertRaises(Unsupported):
                self.add(b'x' * 2**20, size=size)
            self.assertNothingLeft()

    def test_a_task_that_fails_fails_the_upload(self):
        # The footer lies: xapi finds out when it has taken some of it.
        self.pool.after('VDI.create', self.shrink)
        with self.assertRaises(StoreUnavailable) as caught:
            self.add(b'x' * 3 * 2**20)
        self.assertIn('VDI_IO_ERROR', str(caught.exception))
        self.assertNothingLeft()

    def shrink(self):
        for ref in self.pool.do('VDI.get_all'):
            self.actors.set('VDI', ref, virtual_size=2**20)

    def test_whatever_fails_leaves_nothing(self):
        for method, fault in {
            'VDI.create': fail('SR_BACKEND_FAILURE_44', '', 'full', ''),
            'task.create': fail('INTERNAL_ERROR', 'no'),
            UPLOAD: drop(),
            'VDI.set_name_label': fail('INTERNAL_ERROR', 'no'),
            'VDI.remove_from_other_config': fail('INTERNAL_ERROR', 'no'),
            'VDI.get_uuid': fail('INTERNAL_ERROR', 'no'),
        }.items():
            with self.subTest(method):
                self.pool.before(method, fault)
                with self.assertRaises(StoreUnavailable):
                    self.add(b'x' * 2**20, labels=['site.a'])
                self.assertNothingLeft()
        self.assertEqual('debian', self.add(b'x' * 2**20).image_id)

    def test_a_lost_name_is_uncertain_and_may_be_there(self):
        for number in 1, 2:
            self.pool.after('VDI.set_name_label', drop(), number)
        with self.assertRaises(Uncertain):
            self.add(b'x' * 2**20)
        [image] = self.connect().enumerate('storage-0')
        self.assertEqual('debian', image.image_id)

    def test_whatever_the_name_fails_with_an_image_is_not_taken_back(self):
        # It was written, a machine has the image, and then we are told no.
        def write_and_use():
            [ref] = self.pool.do('VDI.get_all')
            self.pool.do('VDI.set_name_label', ref, 'Glance Image debian')
            vm = self.actors.attach(ref)
            self.pool.do('VM.hard_shutdown', vm)
            fail('SESSION_INVALID', 'x')()

        self.pool.before('VDI.set_name_label', write_and_use)
        again = fail('SESSION_INVALID', 'x')
        self.pool.before('VDI.set_name_label', again, 2)
        with self.assertRaises(Uncertain):
            self.add(b'x' * 2**20)
        self.assertEqual(1, len(self.vdis()))
        self.assertEqual(0, self.pool.counters.of('Async.VDI.destroy'))

    def test_an_image_that_cannot_be_looked_at_is_uncertain(self):
        broken = fail('INTERNAL_ERROR', 'x')
        self.pool.before('VDI.get_all_records_where', broken, 2)
        with self.assertRaises(Uncertain):
            self.add(b'x' * 2**20)
        self.assertEqual(1, len(self.connect().enumerate('storage-0')))

    def test_half_an_image_that_is_no_longer_ours_is_not_taken_back(self):
        for change in self.adopt, self.publish, self.attach:
            with self.subTest(change.__name__):
                self.start()

                def break_off(change=change):
                    change(*self.pool.do('VDI.get_all'))
                    fail('INTERNAL_ERROR', 'x')()

                self.pool.before('VDI.get_uuid', break_off)
                with self.assertRaises(StoreUnavailable):
                    self.add(b'x' * 2**20)
                self.assertEqual(1, len(self.vdis()))

    def test_an_import_that_holds_the_disk_a_while_is_waited_for(self):
        def break_off():
            [ref] = self.pool.do('VDI.get_all')
            vm = self.attach(ref)
            vbds = self.record(ref)['VBDs']
            self.pool.after('VDI.get_record', lambda: self.leave(vm, vbds), 2)
            fail('INTERNAL_ERROR', 'x')()

        self.pool.before('task.create', break_off)
        with self.assertRaises(StoreUnavailable):
            self.add(b'x' * 2**20)
        self.assertEqual(set(), self.vdis())

    def leave(self, vm, vbds):
        for vbd in vbds:
            self.pool.do('VBD.destroy', vbd)
        self.pool.do('VM.destroy', vm)

    def adopt(self, ref):
        self.actors.set('VDI', ref, other_config={}, name_label='mine')

    def attach(self, ref):
        vm = self.actors.attach(ref)
        self.pool.do('VM.hard_shutdown', vm)
        return vm

    def publish(self, ref):
        self.actors.set('VDI', ref, name_label='Glance Image debian')

    def test_a_lost_creation_is_debris_in_a_day(self):
        self.pool.after('VDI.create', drop())
        with self.assertRaises(Uncertain):
            self.add(b'x' * 2**20)
        handler = self.connect()
        self.assertEqual([], list(handler.enumerate('storage-0')))
        self.assertEqual([], list(handler.debris('storage-0')))
        handler = self.connect(clocks=self.tomorrow())
        [debris] = handler.debris('storage-0')
        self.assertIsNotNone(handler.clean(debris))
        self.assertEqual(set(), self.vdis())

    def tomorrow(self):
        then = datetime.datetime.now(datetime.UTC) + TOMORROW
        return Clocks(now=lambda: then)

    def test_a_death_at_any_call_leaves_debris_or_an_image(self):
        left = []
        for calls in range(1, 20):
            self.start()
            handler = self.connect(Mortal(self.own(), calls))
            try:
                self.add(b'x' * 2**20, handler=handler)
            except Died:
                left.append(self.what_is_left())
            else:
                break
        self.assertEqual(
            ['nothing', 'debris', 'image'], list(dict.fromkeys(left))
        )

    def what_is_left(self):
        handler = self.connect(clocks=self.tomorrow())
        if handler.enumerate('storage-0'):
            return 'image'
        if found := list(handler.debris('storage-0')):
            for one in found:
                handler.clean(one)
            self.assertEqual(set(), self.vdis())
            return 'debris'
        self.assertEqual(set(), self.vdis())
        return 'nothing'

    def test_cleaning_that_fails_says_what_is_known(self):
        for (code, *params), error in (
            (('VDI_IN_USE', 'x', 'destroy'), ImageBusy),
            (('INTERNAL_ERROR', 'x'), Uncertain),
            (('RBAC_PERMISSION_DENIED', 'x', 'no'), StoreUnavailable),
        ):
            self.start()
            handler = self.connect(Mortal(self.own(), 9))
            with self.assertRaises(Died):
                self.add(b'x' * 2**20, handler=handler)
            handler = self.connect(clocks=self.tomorrow())
            [debris] = handler.debris('storage-0')
            self.pool.before('Async.VDI.destroy', fail(code, *params))
            with self.assertRaises(error):
                handler.clean(debris)

    def test_a_copy_of_half_an_image_is_none(self):
        handler = self.connect(Mortal(self.own(), 9))
        with self.assertRaises(Died):
            self.add(b'x' * 2**20, handler=handler)
        [ref] = self.pool.do('VDI.get_all')
        copy = self.pool.do('VDI.copy', ref, self.sr)
        [debris] = self.connect(clocks=self.tomorrow()).debris('storage-0')
        self.assertEqual(self.uuid(ref), debris.location)
        self.assertIn(STAGING, self.record(copy)['other_config'])

    def test_debris_in_use_is_none(self):
        self.pool.after('VDI.create', drop())
        with self.assertRaises(Uncertain):
            self.add(b'x' * 2**20)
        [ref] = self.pool.do('VDI.get_all')
        handler = self.connect(clocks=self.tomorrow())
        [debris] = handler.debris('storage-0')
        self.actors.attach(ref)
        self.assertEqual([], list(handler.debris('storage-0')))
        self.assertEqual(0, handler.clean(debris))
        self.assertEqual({debris.location}, self.vdis())

    def test_an_image_that_is_there_is_not_added_again(self):
        self.cache('debian')
        with self.assertRaises(ImageExists):
            self.add(b'x')
        self.assertEqual(0, self.pool.counters.of('VDI.create'))

    def test_a_role_that_is_too_weak_is_named(self):
        for method in 'VDI.create', 'VDI.add_to_other_config':
            denied = fail('RBAC_PERMISSION_DENIED', method.lower(), 'no')
            self.pool.before(method, denied)
            with self.assertRaises(StoreUnavailable) as caught:
                self.add(b'x')
            self.assertIn('vm-admin', str(caught.exception))

    def test_what_it_takes_is_no_more_than_was_said(self):
        for size in 1, 2**20, 5 * 2**20 + 1:
            handler = self.connect()
            meta = ImageMeta(image_id='debian', size=size, disk_format='raw')
            room = handler.room(meta, 'storage-0')
            image = self.add(b'x' * size)
            self.assertLessEqual(image.size, room)
            self.actors.delete(self.ref(image.location))


class TestLogins(AddCase):
    def test_a_session_that_ended_before_the_task_was_made(self):
        for method in 'PBD.get_all_records', 'task.create':
            self.start()
            handler = self.connect()
            handler.stores()
            self.pool.before(method, self.actors.end_sessions)
            self.add(b'x', handler=handler)
            self.assertEqual(1, self.pool.counters.of(UPLOAD))

    def test_one_that_ended_after_it_is_opened_once_more(self):
        self.pool.after('task.create', self.actors.end_sessions)
        self.add(b'x' * 2**20)
        self.assertEqual(2, self.pool.counters.of(UPLOAD))
        self.assertEqual(1, self.pool.counters.of('VDI.create'))

    def test_one_that_ends_again_is_an_error(self):
        for number in 1, 2:
            self.pool.after('task.create', self.actors.end_sessions, number)
        with self.assertRaises(StoreUnavailable) as caught:
            self.add(b'x' * 2**20)
        self.assertIn('SESSION_INVALID', str(caught.exception))
        self.assertEqual(2, self.pool.counters.of(UPLOAD))
        self.assertNothingLeft()

    def test_a_task_that_says_so_is_not_begun_anew(self):
        """The bytes were sent: there is nothing to send once more."""

        def lie():
            [task] = self.pool.do('task.get_all')
            error = ('SESSION_INVALID', 'x')
            self.actors.set('task', task, status='failure', error_info=error)

        self.pool.after(UPLOAD, lie)
        with self.assertRaises(StoreUnavailable):
            self.add(b'x' * 2**20)
        self.assertEqual(1, self.pool.counters.of(UPLOAD))


class TestWhereTo(AddCase):
    scenario = Scenario(hosts=2, srs=3)
    srs = ('storage-0', 'storage-1', 'storage-2')

    def test_a_local_sr_is_reached_at_its_host(self):
        for store in self.srs:
            self.assertEqual(store, self.add_to(store).store)
        self.assertEqual(3, self.pool.counters.of(UPLOAD))

    def add_to(self, store):
        meta = ImageMeta(image_id='debian', size=3, disk_format='raw')
        return self.connect().add(meta, io.BytesIO(b'raw'), store)

    def test_a_redirect_is_followed(self):
        [sr] = self.pool.do('SR.get_by_name_label', 'storage-1')
        [plug] = self.pool.do('SR.get_PBDs', sr)
        home = self.pool.do('PBD.get_host', plug)
        other = next(
            one for one in self.pool.do('host.get_all') if one != home
        )

        def move(host):
            self.actors.set('PBD', plug, host=host)

        # The SR moves to another host just after we have looked.
        self.pool.after('host.get_all_records', lambda: move(other))
        self.assertEqual('storage-1', self.add_to('storage-1').store)
        self.assertEqual(2, self.pool.counters.of(UPLOAD))

    def test_a_redirect_to_no_host_of_the_pool_is_refused(self):
        """The login would go there: it is in the query."""
        for host in '127.0.0.9', 'localhost.evil', '::1':
            shown = f'[{host}]' if ':' in host else host
            target = {'Location': f'https://{shown}/import_raw_vdi?x=y'}
            self.pool.before(UPLOAD, reply(b'', 302, **target))
            with self.assertRaises(StoreUnavailable) as caught:
                self.add_to('storage-0')
            self.assertIn('not a host of the pool', str(caught.exception))
            self.assertIn(host, str(caught.exception))
        self.assertEqual(3, self.pool.counters.of(UPLOAD))

    def test_a_host_that_is_away_gives_way_to_the_next(self):
        self.start(Scenario(hosts=3))
        self.unplug(0)
        with self.host_hidden(1):
            self.assertEqual('storage-0', self.add_to('storage-0').store)
        self.assertEqual(1, self.pool.counters.of(UPLOAD))

    def test_hosts_that_are_all_away_are_named(self):
        self.start(Scenario(hosts=3))
        self.unplug(0)
        with (
            self.host_hidden(1),
            self.host_hidden(2),
            self.assertRaises(StoreUnavailable) as caught,
        ):
            self.add_to('storage-0')
        for number in 1, 2:
            self.assertIn(self.pool.url_of(number), str(caught.exception))
        self.assertNothingLeft()

    def test_a_host_without_an_address_is_passed_over(self):
        self.start(Scenario(hosts=3))
        self.unplug(0)
        for number, address in (1, ''), (2, 'a/b'):
            self.actors.set('host', self.pool.host(number), address=address)
            if number == 1:
                self.assertEqual('storage-0', self.add_to('storage-0').store)
                self.actors.delete(self.ref(*self.vdis()))
        with self.assertRaises(StoreUnavailable):
            self.add_to('storage-0')
        self.assertNothingLeft()

    def unplug(self, number):
        for ref, plug in self.pool.do('PBD.get_all_records').items():
            if plug['host'] == self.pool.host(number):
                self.actors.set('PBD', ref, currently_attached=False)

    def test_the_leader_is_reached_by_the_name_that_was_given(self):
        # Its certificate may be for that, not for the address xapi tells.
        self.start(Scenario(hosts=2))
        port = self.own(self.pool.url.replace('127.0.0.1', 'localhost'))
        asked = []

        def connect(address, real=port.connect):
            asked.append(address.host)
            return real(address)

        port.connect = connect
        self.add(b'x', handler=self.connect(port))
        self.assertEqual(['localhost'], asked)

    def test_over_tls(self):
        certificate, secret = certificates.files(certificates.NAMES)
        self.start(certificate=certificate, key=secret)
        self.dialling = certificates.dialling()
        self.test_a_local_sr_is_reached_at_its_host()
