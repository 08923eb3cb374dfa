"""Sessions: logins, their ends, and what stands in the way of one."""

import dataclasses

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_vmware.port.address import Address
from imagecache_handlers_vmware.port.dialling import ConnectionOptions
from imagecache_handlers_vmware.port.errors import ReplyLost
from imagecache_handlers_vmware.port.errors import VimFault
from imagecache_handlers_vmware.port.errors import WrongAnswer
from imagecache_handlers_vmware.port import file_requests
from imagecache_handlers_vmware.port.logins import PasswordLogins
from imagecache_handlers_vmware.port.requests import Reference
from imagecache_handlers_vmware.port import searches
from imagecache_handlers_vmware.port import service_requests
from imagecache_handlers_vmware.port.session import Session
from simulator_parts.steering import drop
from simulator_parts.steering import hang
from simulator_parts.steering import reply
from tests.vmware.vcenter import OnVcenter
from vcenter_simulator import steering

READ, MAKE = 'SearchDatastoreSubFolders_Task', 'MakeDirectory'


class OnPort(OnVcenter):
    options = ConnectionOptions(timeout=5, insecure=True)

    def session(self, *, url=None, password=None, **options):
        given = dataclasses.replace(self.options, **options)
        address = Address.parse(url or self.vcenter.url)
        logins = PasswordLogins(
            address,
            self.vcenter.username,
            password or self.vcenter.password,
            given,
        )
        session = Session(address, logins, given)
        self.addCleanup(session.close)
        return session

    def read(self, session):
        datastore = self.actors.datastore()
        browser = datastore.properties['browser']
        reference = Reference(browser.kind, browser.moid)
        request = searches.search_below(reference, '[datastore-0]')
        return session.read(request)

    def make(self, session, name='x'):
        datacenter = self.vcenter.estate.datacenter.reference
        return session.once(
            file_requests.make_directory(
                session.managers.file_manager,
                f'[datastore-0] {name}',
                Reference(datacenter.kind, datacenter.moid),
                parents=False,
            )
        )


class TestSession(OnPort):
    def test_one_login_serves_all_calls(self):
        session = self.session()
        for _ in range(3):
            assert self.read(session)
        assert self.vcenter.counters.of('Login') == 1

    def test_a_wrong_password_is_the_operators_to_mend(self):
        with pytest.raises(ConfigurationError, match='username and password'):
            self.read(self.session(password='wrong'))
        assert self.vcenter.counters.of('Login') == 1

    def test_a_session_that_ended_is_opened_anew_once(self):
        session = self.session()
        self.read(session)
        self.vcenter.world.sessions.end_all()
        assert self.read(session)
        assert self.vcenter.counters.of('Login') == 2

    def test_a_vcenter_that_knows_no_session_is_not_asked_for_ever(self):
        session = self.session()
        self.read(session)
        fault = steering.fail(
            'NotAuthenticated',
            object=self.vcenter.world.root.reference,
            privilegeId='System.View',
        )
        with self.failing(READ, fault), pytest.raises(VimFault):
            self.read(session)
        assert self.vcenter.counters.of('Login') == 2

    def test_a_read_whose_answer_is_lost_is_made_again(self):
        session = self.session()
        self.vcenter.after(READ, drop())
        assert self.read(session)
        assert self.vcenter.counters.of(READ) == 2

    def test_a_change_whose_answer_is_lost_is_not_made_again(self):
        session = self.session()
        self.vcenter.after(MAKE, drop())
        with pytest.raises(ReplyLost):
            self.make(session)
        assert self.vcenter.counters.of(MAKE) == 1

    def test_what_may_not_leave_is_not_sent(self):
        session = self.session()
        self.read(session)

        class Late(Exception):
            pass

        def leave():
            raise Late

        with pytest.raises(Late):
            session.once(service_requests.retrieve_content(), leave)
        assert self.vcenter.counters.of('RetrieveServiceContent') == 1
        # What was begun is of no more use; the next call has its own.
        assert self.read(session)

    def test_logs_out_when_closed_and_makes_no_more_calls(self):
        session = self.session()
        self.read(session)
        session.close()
        session.close()
        assert self.vcenter.world.sessions.all() == []
        with pytest.raises(Unreachable):
            self.read(session)

    def test_a_fault_is_told_with_its_name(self):
        with pytest.raises(VimFault) as raised:
            self.make(self.session(), 'no/such/folder')
        assert raised.value.name == 'FileNotFound'


class TestBadAnswers(OnPort):
    options = ConnectionOptions(timeout=1, insecure=True)

    def test_silence_ends_in_time(self):
        session = self.session()
        self.read(session)
        with (
            self.failing(READ, hang(2)),
            pytest.raises(ReplyLost, match='within 1 s'),
        ):
            self.read(session)

    def test_what_is_not_soap_is_not_an_answer(self):
        for action in (
            steering.unavailable(),
            steering.unavailable('<html>Service Unavailable</html>'),
            reply(b'<html>sign in</html>'),
            reply(b''),
            reply(b'<?xml version="1.0"?><x>' + b'\xff' * 9),
            reply(b'<a/>', 302, Location='https://elsewhere.example'),
        ):
            session = self.session()
            self.read(session)
            with self.failing(READ, action), pytest.raises(ReplyLost):
                self.read(session)

    def test_another_server_is_told_from_a_vcenter(self):
        other = reply(b'<html/>')
        with (
            self.failing('RetrieveServiceContent', other),
            pytest.raises(WrongAnswer, match='to something else'),
        ):
            self.read(self.session())


class TestDialling(OnPort):
    def test_nobody_there(self):
        url = self.vcenter.url
        self.vcenter.stop()
        with pytest.raises(Unreachable):
            self.read(self.session(url=url))

    def test_a_password_is_not_sent_in_clear_unless_told(self):
        with pytest.raises(ConfigurationError, match='in clear'):
            self.session(insecure=False)

    def test_no_password_is_told_at_once(self):
        address = Address.parse(self.vcenter.url)
        with pytest.raises(ConfigurationError, match='username and password'):
            PasswordLogins(address, 'root', '', self.options)


class TestTls(OnPort):
    options = ConnectionOptions(timeout=5)

    def start(self, scenario=None, **how):
        super().start(scenario, tls=True, **how)

    def test_an_authority_that_is_known_is_trusted(self):
        session = self.session(ca_file=self.vcenter.ca_file)
        assert self.read(session)

    def test_one_that_is_not_known_is_not(self):
        with pytest.raises(Unreachable, match='set ca_file'):
            self.read(self.session())
        assert not self.vcenter.counters.of('Login')

    def test_insecure_takes_any(self):
        assert self.read(self.session(insecure=True))

    def test_the_environment_overrules_neither(self):
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv('REQUESTS_CA_BUNDLE', '/nonexistent')
            patch.setenv('SSL_CERT_FILE', str(self.vcenter.ca_file))
            patch.setenv('https_proxy', 'http://127.0.0.1:1')
            session = self.session(ca_file=self.vcenter.ca_file)
            assert self.read(session)


class TestFiles(OnPort):
    """Small files over HTTP."""

    target = '/folder/x.vmdk?dcPath=datacenter-0&dsName=datastore-0'

    def setUp(self):
        super().setUp()
        self.actors.write_file('[datastore-0] x.vmdk', b'text')

    def test_who_refuses_a_file_is_not_asked_on_the_same_connection(self):
        session = self.session()
        for method, content in ('PUT', b'new'), ('GET', None):
            self.vcenter.before(f'{method} /folder', reply(b'no', 403))
            with pytest.raises(VimFault, match='NoPermission'):
                session.access_file(method, self.target, content)
            [*idle] = session._connections._idle
            assert all(one.is_stale for one in idle)
            assert session.access_file('GET', self.target) == b'text'

    def test_a_file_that_is_too_long_is_told_by_its_own_limit(self):
        self.actors.write_file('[datastore-0] x.vmdk', b'x' * 2**20)
        with pytest.raises(WrongAnswer, match='is longer than 64 KiB'):
            self.session().access_file('GET', self.target)

    def test_a_disk_is_not_sent_in_the_clear_unasked(self):
        session = self.session()
        session._options = ConnectionOptions()
        address = Address.parse('http://127.0.0.1:9')
        with pytest.raises(Unreachable, match='in the clear'):
            session.put_disk(address, '/nfc/x', [b'x'], 1)
