"""The handler ``xenapi`` keeps every promise of the kit, however it calls."""

import unittest

import XenAPI

from imagecache_handlers.testing.conformance import HandlerConformance
from imagecache_handlers.testing.conformance import ONE
from imagecache_handlers.testing.conformance import TWO
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi.disks import name_of
from imagecache_handlers_xenapi.disks import STAGING
from imagecache_handlers_xenapi.disks import staging_name
from imagecache_handlers_xenapi.port import lent_sessions
from tests.xenapi import certificates
from tests.xenapi.pool import Pooled


class Kit(Pooled):
    """What the hooks have in common, however the handler calls."""

    sees_users = True
    holds_copies = True
    doom = None
    absent = {
        'doom': 'each call is whole at the host; see test_machine',
        'use_at_last': 'a clone shares the base copy, which stays',
        'pin_at_last': 'no destroy reads labels; while a claim lives, no '
        'pin is granted',
    }

    def setUp(self):
        super().setUp()
        self._machines = {}
        self._foreign = {}

    def store(self):
        return 'storage-0'

    def seed(self, image_id, *, size=2**20):
        return self.uuid(self.cache(image_id, used=size))

    def lose(self, image):
        self.actors.delete(self.ref(image.location))

    def occupy(self, image, user):
        disk = self.actors.spawn(self.ref(image.location))
        self._machines[image.location, user] = disk

    def vacate(self, image, user):
        self.actors.end_disk(self._machines.pop((image.location, user)))

    def outages(self):
        return [
            self.host_away(),
            self.failing('VDI.get_all_records_where'),
        ]

    def last_step(self, act):
        return self.as_it_leaves('Async.VDI.destroy', act)

    def backend_calls(self):
        return self.pool.counters.calls

    def foreign(self):
        marked = {'image-id': ONE}
        named = {'name_label': name_of(ONE)}
        stranger = '11111111-1111-4111-8111-111111111111'
        looks = (
            {'name_label': ''},
            {'other_config': marked},
            named,
            {**named, 'other_config': {'image-id': TWO}},
            {**named, 'other_config': marked, 'managed': False},
            {**named, 'other_config': marked, 'missing': True},
            {**named, 'other_config': marked, 'is_a_snapshot': True},
            {**named, 'other_config': marked, 'type': 'metadata'},
            {
                **named,
                'other_config': {**marked, key(stranger, 'site.a'): 'set'},
            },
            {'other_config': {STAGING: f'{ONE} 20200101t000000z 0badcafe'}},
            {'name_label': staging_name(ONE)},
            {
                'name_label': name_of('../../etc/passwd'),
                'other_config': {'image-id': '../../etc/passwd'},
            },
            {
                'name_label': name_of('" or true or "'),
                'other_config': {'image-id': '" or true or "'},
            },
            {
                'name_label': name_of('x' * 256),
                'other_config': {'image-id': 'x' * 256},
            },
        )
        made = [self.disk(**look) for look in looks]
        self._foreign |= {one: self._facts(one) for one in made}
        return made

    def foreign_left(self):
        there = self.pool.do('VDI.get_all_records_where', 'true')
        uuids = {row['uuid'] for row in there.values()}
        return [
            uuid
            for uuid, facts in self._foreign.items()
            if uuid in uuids and facts == self._facts(uuid)
        ]

    def litter(self):
        old = f'{ONE} 20200101t000000z 0badcafe'
        return [
            self.disk(
                name_label=staging_name(ONE), other_config={STAGING: old}
            )
        ]

    def _facts(self, uuid):
        return self.record(self.ref(uuid))


class TestOverJson(Kit, HandlerConformance, unittest.TestCase):
    """Reads over JSON-RPC, all else over XML-RPC."""


class TestOverXmlOnly(Kit, HandlerConformance, unittest.TestCase):
    """A host of old."""

    def start(self, scenario=None, **how):
        super().start(scenario, jsonrpc=False, **how)


class TestOverTls(Kit, HandlerConformance, unittest.TestCase):
    """A certificate that signs itself, and is trusted by name."""

    def start(self, scenario=None, **how):
        self.dialling = certificates.dialling()
        certificate, secret = certificates.files(certificates.NAMES)
        super().start(scenario, certificate=certificate, key=secret, **how)


class OsXenapi:
    """The public surface of os_xenapi's session."""

    def __init__(self, session, url):
        self._session = session
        self.master_url = url

    def get_session_id(self):
        return self._session.handle


class TestOnALentPool(Kit, HandlerConformance, unittest.TestCase):
    """What Nova lends: its login, and where it is."""

    def start(self, *given, **how):
        super().start(*given, **how)
        # Nova has logged in when it begins to lend, whatever is away then.
        self._lent = self.lend()

    def port(self):
        return lent_sessions.port(
            OsXenapi(self._lent, self.pool.url), self.dialling
        )

    def lend(self):
        session = XenAPI.Session(self.pool.url)
        self.addCleanup(session('close'))
        session.login_with_password('root', self.pool.password, '1.0', 'nova')
        return session


class TestOnAPlainSession(TestOnALentPool):
    """A session that makes the calls itself."""

    def port(self):
        return lent_sessions.port(self._lent, self.dialling, self.pool.url)
