"""Lent sessions: the login of somebody else, who renews and ends it."""

import threading
import time

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port import lent_sessions
from tests.vmware.lender import Lender
from tests.vmware.port.test_session import OnPort


class TestLentSessions(OnPort):
    def setUp(self):
        super().setUp()
        self.lender = Lender(self.vcenter)

    def open(self, **options):
        given = ConnectionOptions(**{'timeout': 5, 'insecure': True} | options)
        session = lent_sessions.open_session(self.lender, given)
        self.addCleanup(session.close)
        return session

    def logins(self):
        return self.vcenter.counters.of('Login')

    def test_its_login_is_used_and_left_alone(self):
        session = self.open()
        assert self.read(session)
        session.close()
        assert self.logins() == 1
        assert self.vcenter.counters.of('Logout') == 0
        assert self.read(self.open()), 'it is logged in still'

    def test_no_call_of_the_lender_is_needed_while_it_lasts(self):
        session = self.open()
        for _ in range(3):
            self.read(session)
        assert self.vcenter.counters.of('FindByInventoryPath') == 0

    def test_the_lender_logs_in_again_when_it_has_ended(self):
        session = self.open()
        self.read(session)
        self.vcenter.world.sessions.end_all()
        assert self.read(session)
        assert self.logins() == 2

    def test_one_that_the_lender_renewed_is_taken_as_it_is(self):
        session = self.open()
        self.read(session)
        self.vcenter.world.sessions.end_all()
        self.lender.log_in()
        assert self.read(session)
        assert self.vcenter.counters.of('FindByInventoryPath') == 0
        assert self.logins() == 2

    def test_one_that_has_not_logged_in_yet_does_so(self):
        self.lender.vim.cookie = None
        self.vcenter.world.sessions.end_all()
        assert self.read(self.open())

    def test_a_lender_that_cannot_log_in_is_told_of(self):
        session = self.open()
        self.read(session)
        self.vcenter.world.sessions.end_all()
        self.lender.invoke_api = fail_to_log_in
        with pytest.raises(Unreachable, match='InvalidLogin, no such user'):
            self.read(session)

    def test_a_lender_that_never_ends_is_waited_for_in_bounds(self):
        session = self.open()
        self.read(session)
        self.vcenter.world.sessions.end_all()
        hanging = Hanging()
        self.addCleanup(hanging.end.set)
        self.lender.invoke_api = hanging
        session._shared._logins._asking._seconds = 0.2
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(Unreachable, match=r'no answer within 0\.2 s'):
                self.read(session)
        assert time.monotonic() - began < 5
        assert hanging.calls == 1, 'one that hangs is enough'
        hanging.end.set()

    def test_what_is_no_session_is_refused(self):
        with pytest.raises(ConfigurationError, match='a str was lent'):
            lent_sessions.open_session('x', self.options)

    def test_one_that_is_nowhere_is_refused(self):
        self.lender.vim.soap_url = 'vcenter/sdk'
        with pytest.raises(Unreachable, match='at no URL'):
            self.open()


class LoginError(Exception):
    fault_list = ('InvalidLogin',)


def fail_to_log_in(*unused, **how):
    raise LoginError('no such user')


class Hanging:
    """A call that ends when it is told to."""

    def __init__(self):
        self.calls = 0
        self.end = threading.Event()

    def __call__(self, *unused, **how):
        self.calls += 1
        self.end.wait(60)
