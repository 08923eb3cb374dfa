"""What is told of images on OpenStack's bus."""

import json
import sys
import types
import unittest

from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.actions.report import Did
from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.actions.report import Report
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.frontends.nova.manager import ImageCacheManager
from imagecache_handlers.frontends.nova import notifications
from imagecache_handlers.model import CachedImage
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers.planning.verdicts import Reason
from imagecache_handlers.planning.verdicts import Space
from imagecache_handlers.planning.verdicts import Verdict
from tests.directory.place import THEN
from tests.frontends.nova.things import Api
from tests.frontends.nova.things import nova_options


def outcome(number, did=Did.EVICTED, why=''):
    image = CachedImage(
        image_id=f'{number:040x}', store='/s', location='l', size=7
    )
    verdict = Verdict(
        image=image, evict=True, reason=Reason.EXPIRED, rank=number
    )
    return Outcome(verdict=verdict, did=did, freed=7, why=why)


def describe(outcomes=(), **plan):
    report = Report(plan=Plan(now=THEN, **plan), outcomes=tuple(outcomes))
    names = {f'{1:040x}': 'debian'}
    return list(
        notifications.describe_report(
            report, 'here', lambda key: names.get(key, key)
        )
    )


class TestNotifications(unittest.TestCase):
    def test_a_sweep_that_did_nothing(self):
        [(event, payload)] = describe()
        self.assertEqual('imagecache.sweep.end', event)
        expected = {
            'version': '1.0',
            'host': 'here',
            'images': 0,
            'problems': 0,
            'freed': 0,
            'ended_early': False,
            'page': 1,
            'pages': 1,
            'outcomes': [],
        }
        self.assertEqual(expected, payload)

    def test_each_image_that_went_and_then_all(self):
        kept = outcome(2, Did.KEPT, why='in use')
        told = describe([outcome(1), kept])
        [went, (_, all_of_them)] = told
        expected = {
            'version': '1.0',
            'host': 'here',
            'image': 'debian',
            'store': '/s',
            'did': 'evicted',
            'reason': 'expired',
            'why': '',
            'freed': 7,
        }
        self.assertEqual(('imagecache.evict', expected), went)
        self.assertEqual(
            ['debian', f'{2:040x}'],
            [one['image'] for one in all_of_them['outcomes']],
        )
        self.assertEqual(14, all_of_them['freed'])

    def test_a_pool_that_stays_too_full(self):
        short = Space(pool='p', wanted=9, planned=4)
        enough = Space(pool='q', wanted=4, planned=4)
        [(event, payload), _] = describe(spaces=(short, enough))
        self.assertEqual('imagecache.pressure', event)
        self.assertEqual(
            ('p', 9, 4, 5),
            tuple(
                payload[key] for key in ('pool', 'wanted', 'planned', 'short')
            ),
        )

    def test_no_payload_is_longer_than_a_bus_takes(self):
        many = [outcome(number, why='é' * 9999) for number in range(300)]
        told = describe(many)
        ends = [one for event, one in told if event.endswith('sweep.end')]
        self.assertLess(1, len(ends))
        self.assertEqual(
            [(page, len(ends)) for page in range(1, len(ends) + 1)],
            [(one['page'], one['pages']) for one in ends],
        )
        found = [one for end in ends for one in end['outcomes']]
        self.assertEqual(300, len(found))
        for _, payload in told:
            size = len(json.dumps(payload).encode())
            self.assertLessEqual(size, notifications.MOST_BYTES)

    def test_an_image_by_request(self):
        result = Prefetched(
            image_id='a', store='s', did=Got.ERROR, why='x' * 999, size=5
        )
        event, payload = notifications.describe_prefetched(result, None)
        self.assertEqual('imagecache.prefetch.end', event)
        self.assertEqual('error', payload['did'])
        self.assertEqual(500, len(payload['why']))


class Messaging(types.ModuleType):
    """Stands for oslo.messaging, and keeps what is sent."""

    def __init__(self):
        super().__init__('oslo_messaging')
        self.sent = []
        self.fails = False

    def get_notification_transport(self, conf):
        return types.SimpleNamespace(cleanup=lambda: None)

    def Notifier(self, transport, publisher_id):
        self.publisher = publisher_id
        return types.SimpleNamespace(info=self.info)

    def info(self, context, event, payload):
        if self.fails:
            raise ConnectionError('no bus')
        self.sent.append(event)


class TestSending(unittest.TestCase):
    def setUp(self):
        self.messaging = Messaging()
        self.assertNotIn('oslo_messaging', sys.modules)
        sys.modules['oslo_messaging'] = self.messaging
        self.addCleanup(sys.modules.pop, 'oslo_messaging')
        self.conf = nova_options()
        register_opts(self.conf)
        self.manager = ImageCacheManager(self.conf, handler='memory')

    def turn_on(self):
        self.conf.set_override('notifications', True, group='imagecache')

    def work(self):
        self.manager.cache_image('context', 'a', Api('a', b'data'))
        self.manager.update('context', [])

    def test_nothing_is_sent_unless_wanted(self):
        self.work()
        self.assertEqual([], self.messaging.sent)

    def test_what_is_sent(self):
        self.turn_on()
        self.work()
        self.assertEqual(
            ['imagecache.prefetch.end', 'imagecache.sweep.end'],
            self.messaging.sent,
        )
        self.assertEqual('imagecache.compute', self.messaging.publisher)

    def test_what_cannot_be_sent_ends_no_sweep(self):
        self.turn_on()
        self.messaging.fails = True
        with self.assertLogs(level='WARNING') as log:
            self.work()
        self.assertIn('no bus', str(log))
        self.assertEqual(1, len(self.manager.report.plan.verdicts))
