"""A simulated pool, and what Nova and others do in it."""

import contextlib
import datetime
import itertools
import socket
import threading
import time
from unittest import mock

from imagecache_handlers.clocks import Clocks
from imagecache_handlers.labels import seen_label
from imagecache_handlers.transport import exchanges
from imagecache_handlers_xenapi.disks import key
from imagecache_handlers_xenapi.handler import XenAPIHandler
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.logins import PasswordLogin
from imagecache_handlers_xenapi.port.session import Session
from xapi_simulator import drop
from xapi_simulator import fail
from xapi_simulator import fixtures
from xapi_simulator import Scenario
from xapi_simulator import Timing

SEEN = seen_label(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))
STORES = ('storage-0', 'storage-1')


def quick(**more):
    """Give times that tests can wait for; nothing is collected by itself."""
    return Timing(
        **{'wrong_password': 0, 'collect': None, 'statistics': None, **more}
    )


class Time:
    """Clocks that a test winds, and that every sleep moves."""

    def __init__(self):
        self.passed = 0.0
        self._base = datetime.datetime.now(datetime.UTC)
        self.clocks = Clocks(
            now=self.now, monotonic=lambda: self.passed, sleep=self.sleep
        )

    def now(self):
        return self._base + datetime.timedelta(seconds=self.passed)

    def sleep(self, seconds):
        self.passed += seconds


class Pooled:
    """For test cases: a pool of their own, and what happens in it."""

    scenario = Scenario(srs=2)
    srs = STORES
    dialling = ConnectionOptions(timeout=10, insecure=True)
    clocks = Clocks(sleep=lambda seconds: time.sleep(seconds / 100))
    # Each image in a second of its own, counted from one moment: seconds of
    # the clock could catch up with it.
    _cached = itertools.count(int(time.time()) - 3600, -1)

    def setUp(self):
        super().setUp()
        self.start()

    def start(self, scenario=None, **how):
        how.setdefault('timing', quick())
        self.pool = fixtures.start(self, scenario or self.scenario, **how)
        self.actors = self.pool.actors
        self.sr = self.actors.default_sr()

    def die_answering(self, number=0):
        """Let a host fail in the midst of an answer, which never comes."""
        # From a thread of its own: it waits for this very answer.
        threading.Thread(target=self.pool.fail_host, args=[number]).start()
        address = self.pool.addresses[number], self.pool.port
        with contextlib.suppress(OSError):
            while True:
                socket.create_connection(address).close()
                time.sleep(0.01)
        drop()()

    def own(self, *urls, username='root', password=None, dialling=None):
        """Give a port with a login of its own."""
        dialling = dialling or self.dialling
        password = password or self.pool.password
        numbers = range(len(self.pool.addresses))
        urls = urls or [self.pool.url_of(number) for number in numbers]
        logins = PasswordLogin(urls, username, password, dialling)
        return Session(logins, dialling)

    def port(self):
        return self.own()

    def connect(self, port=None, *, clocks=None, srs=None, **more):
        handler = XenAPIHandler(
            port or self.port(),
            srs=srs or self.srs,
            clocks=clocks or self.clocks,
            **more,
        )
        self.addCleanup(handler.close)
        return handler

    @contextlib.contextmanager
    def as_it_leaves(self, method, act):
        """Act when the headers of a call have gone, and it has not."""
        leaving = exchanges.body_leaving

        def late(body, leave):
            if method.encode() in body:
                act()
            yield from leaving(body, leave)

        with mock.patch.object(exchanges, 'body_leaving', late):
            yield

    # What others do.

    def record(self, ref):
        return self.pool.do('VDI.get_record', ref)

    def ref(self, uuid):
        return self.pool.do('VDI.get_by_uuid', uuid)

    def vdis(self):
        """Give the uuids of all disks that are no base copies."""
        found = self.pool.do(
            'VDI.get_all_records_where', 'field "managed"="true"'
        )
        return {row['uuid'] for row in found.values()}

    def label(self, ref, *labels):
        record = self.record(ref)
        made = {key(record['uuid'], label): 'set' for label in labels}
        self.actors.set(
            'VDI', ref, other_config={**record['other_config'], **made}
        )

    def cache(self, image_id, *, sr=None, used=2**20, labels=(SEEN,)):
        """Cache an image as Nova does; a sweep has seen it long ago."""
        at = next(self._cached)
        ref = self.actors.cache(
            image_id, sr or self.sr, used=used, cached_at=at
        )
        self.label(ref, *labels)
        return ref

    def uuid(self, ref):
        return self.record(ref)['uuid']

    def disk(self, sr=None, **fields):
        """Make a disk of any look; gives its uuid."""
        ref = self.actors.disk('disk', sr or self.sr)
        self.actors.set('VDI', ref, **fields)
        return self.uuid(ref)

    @contextlib.contextmanager
    def host_away(self, number=0):
        self.pool.fail_host(number)
        try:
            yield
        finally:
            self.pool.heal_host(number)

    @contextlib.contextmanager
    def host_hidden(self, number):
        self.pool.hide_host(number)
        try:
            yield
        finally:
            self.pool.heal_host(number)

    @contextlib.contextmanager
    def failing(self, method, code='INTERNAL_ERROR', *params):
        """Let every call of a method fail for a while."""
        for number in range(1, 200):
            error = fail(code, *(params or ('it is broken',)))
            self.pool.before(method, error, number)
        try:
            yield
        finally:
            self.pool.steering.clear()
