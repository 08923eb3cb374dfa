"""Twenty calls in a row, each with what a real pool answers to it."""

import unittest

import XenAPI

from tests.xapi_simulator.clients import PoolCase
from tests.xapi_simulator.clients import quick
from xapi_simulator import fixtures
from xapi_simulator import pytest_fixtures
from xapi_simulator import Scenario
from xapi_simulator import User

IMAGE = 'c0ffee00-0000-4000-8000-000000000001'
GIB = 2**30


class TestTwentyCalls(PoolCase):
    scenario = Scenario(hosts=2)

    def test_a_day_of_an_image(self):
        x, sr = self.xapi, self.sr
        record = {
            'name_label': 'staging',
            'SR': sr,
            'virtual_size': str(GIB),
            'type': 'User',
            'sharable': False,
            'read_only': False,
            'other_config': {},
        }
        # 1: a slave sends everybody to the master.
        slave = XenAPI.Session(self.pool.url_of(1))
        self.addCleanup(slave('close'))
        self.assertFails(
            ['HOST_IS_SLAVE', '127.0.0.1'],
            slave.login_with_password,
            'root',
            self.pool.password,
        )
        # 2: a disk is made, its type in either case.
        image = x.VDI.create(record)
        self.assertTrue(image.startswith('OpaqueRef:'))
        # 3: what it is: integers are text, the type is lower case.
        made = x.VDI.get_record(image)
        self.assertEqual(str(GIB), made['virtual_size'])
        self.assertEqual('user', made['type'])
        self.assertEqual((True, False), (made['managed'], made['missing']))
        # 4: a name is set.
        self.assertEqual(
            '', x.VDI.set_name_label(image, f'Glance Image {IMAGE}')
        )
        # 5: the mark of an image is set.
        x.VDI.add_to_other_config(image, 'image-id', IMAGE)
        # 6: and cannot be set again.
        self.assertFails(
            ['MAP_DUPLICATE_KEY', 'VDI', 'other_config', image, 'image-id'],
            x.VDI.add_to_other_config,
            image,
            'image-id',
            IMAGE,
        )
        # 7: it is found by what it is called, namespaced.
        name = f'field "name__label"="Glance Image {IMAGE}"'
        here = f'field "SR"="{sr}"'
        self.assertEqual(
            [image], list(x.VDI.get_all_records_where(f'{name} and {here}'))
        )
        # 8: but not by one key of a map.
        self.assertFails(
            ['INTERNAL_ERROR', 'missing field', 'image-id', ''],
            x.VDI.get_all_records_where,
            f'field "image-id"="{IMAGE}"',
        )
        # 9: a clone wears the mark.
        clone = x.VDI.clone(image)
        self.assertEqual({'image-id': IMAGE}, x.VDI.get_other_config(clone))
        # 10: both have a parent that is hidden.
        hidden = x.VDI.get_all_records_where('field "managed"="false"')
        [(base, parent)] = hidden.items()
        self.assertEqual(
            {'vhd-parent': parent['uuid']}, x.VDI.get_sm_config(image)
        )
        # 11: which nobody destroys by hand.
        self.assertFails(['VDI_NOT_MANAGED', base], x.VDI.destroy, base)
        # 12: the clone is attached, and so in use.
        vm = self.pool.actors.attach(clone)
        self.assertFails(
            ['VDI_IN_USE', clone, 'destroy'], x.VDI.destroy, clone
        )
        # 13: halted, its machine stands in no destroy's way.
        x.VM.hard_shutdown(vm)
        task = x.Async.VDI.destroy(clone)
        # 14: the task succeeds, and says nothing.
        done = self.follow(task)
        self.assertEqual(('success', ''), (done['status'], done['result']))
        # 15: a task that was destroyed is gone.
        self.assertFails(
            ['HANDLE_INVALID', 'task', task], x.task.get_status, task
        )
        # 16: the machine lost its disk.
        self.assertEqual([], x.VM.get_VBDs(vm))
        # 17: the base goes later, and then the image has no parent.
        self.pool.actors.coalesce()
        self.assertEqual({}, x.VDI.get_sm_config(image))
        self.assertFails(
            ['UUID_INVALID', 'VDI', parent['uuid']],
            x.VDI.get_by_uuid,
            parent['uuid'],
        )
        # 18: the image itself is destroyed, at once.
        x.VDI.destroy(image)
        self.assertFails(
            ['HANDLE_INVALID', 'VDI', image], x.VDI.get_record, image
        )
        # 19: the space is seen after an update.
        x.SR.update(sr)
        self.assertEqual('0', x.SR.get_physical_utilisation(sr))
        # 20: nobody asks without a session.
        answer = self.json('1.0').raw('session.logout', self.session)
        self.assertEqual('', answer['result'])
        answer = self.json('1.0').raw('VDI.get_all', self.session)
        self.assertEqual(['SESSION_INVALID', self.session], answer['error'])


class TestFixtures(unittest.TestCase):
    def test_a_pool_ends_with_its_test(self):
        inner = unittest.TestCase()
        pool = fixtures.start(inner, Scenario(images=1), timing=quick())
        session = XenAPI.Session(pool.url)
        self.addCleanup(session('close'))
        session.login_with_password('root', pool.password)
        self.assertEqual(1, len(session.xenapi.VDI.get_all()))
        session('close')()
        inner.doCleanups()
        with self.assertRaises(OSError):
            session.xenapi.VDI.get_all()

    def test_users_come_on_top_of_root(self):
        users = {'nova': User('secret', 'vm-admin')}
        pool = fixtures.start(self, users=users, timing=quick())
        for name, password in ('root', pool.password), ('nova', 'secret'):
            session = XenAPI.Session(pool.url)
            self.addCleanup(session('close'))
            session.login_with_password(name, password)


pytest_plugins = ['pytester']


def test_pytest_finds_the_fixtures(pytester):
    pytester.makeconftest(f'pytest_plugins = [{pytest_fixtures.__name__!r}]')
    pytester.makepyfile(
        """
        def test_one(xapi):
            assert xapi.url.startswith('http://127.0.0.1:')

        def test_two(start_xapi):
            assert len(start_xapi().addresses) == 1
        """
    )
    pytester.runpytest_inprocess().assert_outcomes(passed=2)
