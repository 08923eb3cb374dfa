"""The handler as it is loaded, and what it makes of odd pools."""

import sys
import unittest
from unittest import mock

from oslo_config import cfg
import XenAPI

from imagecache_handlers import ConfigurationError
from imagecache_handlers import HandlerLoadError
from imagecache_handlers import loader
from imagecache_handlers import StoreUnavailable
from imagecache_handlers import Uncertain
from imagecache_handlers_xenapi.handler import XenAPIHandler
from imagecache_handlers_xenapi import opts
from tests.xenapi.pool import Pooled
from xapi_simulator import drop
from xapi_simulator import fail
from xapi_simulator import hang
from xapi_simulator import Scenario

ADD = 'VDI.add_to_other_config'


class LoadCase(Pooled, unittest.TestCase):
    def conf(self, **values):
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[])
        opts.register_opts(conf)
        for name, value in {'insecure': True, **values}.items():
            conf.set_override(name, value, group=opts.GROUP)
        return conf

    def load(self, conf, **resources):
        handler = loader.load_handler('xenapi', conf, **resources)
        self.addCleanup(handler.close)
        self.assertIsInstance(handler, XenAPIHandler)
        return handler

    def lend(self):
        session = XenAPI.Session(self.pool.url)
        self.addCleanup(session('close'))
        session.login_with_password('root', self.pool.password, '1.0', 'nova')
        return session


class TestLoading(LoadCase):
    def test_with_a_login_of_its_own(self):
        conf = self.conf(url=[self.pool.url], password=self.pool.password)
        self.cache('debian')
        handler = self.load(conf)
        self.assertEqual(0, self.pool.counters.calls, 'not before it must')
        [store] = handler.stores()
        self.assertEqual('storage-0', store.name)
        self.assertEqual(1, len(handler.enumerate('storage-0')))

    def test_with_a_session_that_nova_lends(self):
        session = self.lend()
        self.cache('debian')
        conf = self.conf(url=[self.pool.url])
        handler = self.load(conf, session=session)
        self.assertEqual(1, len(handler.enumerate('storage-0')))
        handler.close()
        self.assertEqual(1, len(session.xenapi.pool.get_all()))

    def test_what_is_lent_to_others_is_passed_over(self):
        conf = self.conf(url=[self.pool.url], password=self.pool.password)
        self.load(conf, datastore='something')

    def test_without_a_host_it_says_what_to_set(self):
        with self.assertRaises(ConfigurationError) as caught:
            loader.load_handler('xenapi', self.conf())
        self.assertIn('url', str(caught.exception))

    def test_without_the_sdk_a_lent_session_says_what_to_install(self):
        conf = self.conf(url=[self.pool.url], password='x')
        session = self.lend()
        with (
            mock.patch.dict(sys.modules, {'XenAPI': None}),
            self.assertRaisesRegex(HandlerLoadError, 'XenAPI'),
        ):
            loader.load_handler('xenapi', conf, session=session)

    def test_a_login_of_its_own_does_without(self):
        conf = self.conf(url=[self.pool.url], password=self.pool.password)
        self.cache('debian')
        with mock.patch.dict(sys.modules, {'XenAPI': None}):
            handler = self.load(conf)
            [image] = handler.enumerate('storage-0')
            handler.mark(image, {'pin.ops'})
            [image] = handler.enumerate('storage-0')
        self.assertIn('pin.ops', image.marks.labels)

    def test_without_a_password_it_says_what_to_set(self):
        with self.assertRaises(ConfigurationError) as caught:
            loader.load_handler('xenapi', self.conf(url=[self.pool.url]))
        self.assertIn('[imagecache_xenapi] password', str(caught.exception))

    def test_values_stand_on_lines_of_their_own_or_between_commas(self):
        for srs in ['storage-0, storage-1'], ['storage-0', 'storage-1']:
            conf = self.conf(
                url=[f'http://127.0.0.1:9, {self.pool.url}'],
                password=self.pool.password,
                srs=srs,
            )
            names = [store.name for store in self.load(conf).stores()]
            self.assertEqual(['storage-0', 'storage-1'], names)

    def test_the_options_are_heeded(self):
        conf = self.conf(
            url=[self.pool.url],
            password=self.pool.password,
            srs=['storage-1'],
            newborn_grace_seconds=0,
            timeout_seconds=1,
        )
        [other] = self.pool.do('SR.get_by_name_label', 'storage-1')
        self.cache('debian', sr=other, labels=())
        handler = self.load(conf)
        [image] = handler.enumerate('storage-1')
        self.assertIsNone(image.unknown)
        self.pool.before('VDI.get_all_records_where', hang(3))
        self.pool.before('VDI.get_all_records_where', hang(3), 2)
        with self.assertRaises(StoreUnavailable):
            handler.enumerate('storage-1')


class TestMarks(LoadCase):
    scenario = Scenario()
    srs = ('storage-0',)

    def setUp(self):
        super().setUp()
        self.handler = self.connect()
        self.cache('debian')
        [self.image] = self.handler.enumerate('storage-0')

    def labels(self):
        [image] = self.handler.enumerate('storage-0')
        return image.marks.labels

    def test_a_label_that_may_have_been_written_is_uncertain(self):
        self.pool.after(ADD, drop())
        for number in 2, 3:
            self.pool.before(ADD, fail('SESSION_INVALID', 'x'), number)
        with self.assertRaises(Uncertain):
            self.handler.mark(self.image, {'pin.ops'})
        self.assertIn('pin.ops', self.labels())

    def test_so_is_half_of_what_was_asked_for(self):
        self.pool.before(ADD, fail('INTERNAL_ERROR', 'x'), 2)
        with self.assertRaises(Uncertain):
            self.handler.mark(self.image, {'pin.ops', 'site.a'})
        self.assertIn('pin.ops', self.labels())

    def test_nothing_is_no_more_than_a_trouble_of_the_store(self):
        self.pool.before(ADD, fail('INTERNAL_ERROR', 'x'))
        with self.assertRaises(StoreUnavailable):
            self.handler.mark(self.image, {'pin.ops'})
        self.assertNotIn('pin.ops', self.labels())


class TestOddPools(LoadCase):
    scenario = Scenario()
    srs = ('storage-0',)

    def test_an_sr_that_was_forgotten_is_not_empty(self):
        handler = self.connect()
        handler.stores()
        self.pool.world.records.delete('SR', self.sr)
        with self.assertRaises(StoreUnavailable):
            handler.enumerate('storage-0')

    def test_an_sr_that_came_back_is_found_again(self):
        handler = self.connect()
        handler.stores()
        self.pool.world.records.delete('SR', self.sr)
        with self.assertRaises(StoreUnavailable):
            handler.enumerate('storage-0')
        pool = self.pool
        again = pool.world.add_sr('storage-0', hosts=(pool.host(0),))
        self.cache('debian', sr=again)
        self.assertEqual(1, len(handler.enumerate('storage-0')))

    def test_an_sr_that_is_renamed_within_a_pass_is_the_same(self):
        self.cache('debian')
        handler = self.connect()
        handler.stores()
        self.actors.set('SR', self.sr, name_label='other')
        [image] = handler.enumerate('storage-0')
        handler.mark(image, {'site.a'})

    def test_an_empty_sr_is_empty(self):
        self.assertEqual([], list(self.connect().enumerate('storage-0')))

    def test_a_disk_that_moved_is_gone_from_here(self):
        self.start(Scenario(srs=2))
        handler = self.connect(srs=['storage-0', 'storage-1'])
        ref = self.cache('debian', labels=())
        [image] = handler.enumerate('storage-0')
        [other] = self.pool.do('SR.get_by_name_label', 'storage-1')
        self.actors.move(ref, other)
        self.assertEqual(0, handler.evict(image))
        self.assertEqual(1, len(handler.enumerate('storage-1')))
