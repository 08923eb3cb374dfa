"""Sessions: who is logged in, until when, and what they may."""

from tests.vcenter_simulator.clients import one_spec
from tests.vcenter_simulator.clients import ROOT
from tests.vcenter_simulator.clients import SERVICE
from tests.vcenter_simulator.clients import SESSIONS
from tests.vcenter_simulator.clients import VcenterCase
from tests.vcenter_simulator.clients import VIM
from vcenter_simulator.inventory import ManagedObject
from vcenter_simulator.privileges import READ_ONLY
from vcenter_simulator import User


class TestLogin(VcenterCase):
    def test_a_session_is_told_of_and_its_cookie_sent(self):
        client = self.new_client()
        session = client.log_in()
        self.assertEqual(
            self.vcenter.username, session.findtext(f'{VIM}userName')
        )
        self.assertRegex(client.cookie, '^vmware_soap_session="[0-9a-f]{32}"$')
        self.assertNotIn(session.findtext(f'{VIM}key'), client.cookie)

    def test_it_tells_from_where_and_by_what_it_came(self):
        client = self.new_client()
        client.agent = 'some client'
        session = client.log_in()
        self.assertEqual('127.0.0.1', session.findtext(f'{VIM}ipAddress'))
        self.assertEqual('some client', session.findtext(f'{VIM}userAgent'))

    def test_a_wrong_password_or_name_or_a_second_login_are_refused(self):
        other = self.new_client()
        self.assertFaults('InvalidLogin', other.log_in, password='x')
        self.assertFaults('InvalidLogin', other.log_in, user='x')
        self.assertFaults('InvalidLogin', self.client.log_in)

    def test_without_a_session_only_what_is_open_to_everybody(self):
        other = self.new_client()
        [content] = other.call('RetrieveServiceContent', SERVICE)
        self.assertEqual('group-d1', content.findtext(f'{VIM}rootFolder'))
        fault = self.assertFaults(
            'NotAuthenticated', other.call, 'CurrentTime', SERVICE
        )
        self.assertEqual('ServiceInstance', fault.field('object'))
        self.assertEqual('System.View', fault.field('privilegeId'))

    def test_logout_ends_it(self):
        self.client.call('Logout', SESSIONS)
        self.assertFaults(
            'NotAuthenticated', self.client.call, 'CurrentTime', SERVICE
        )

    def test_a_hostile_cookie_is_nobodys(self):
        for cookie in '', ';;=', 'vmware_soap_session="', '\xff', 'a=b; c':
            self.client.cookie = cookie
            self.assertFaults(
                'NotAuthenticated', self.client.call, 'CurrentTime', SERVICE
            )


class TestEnd(VcenterCase):
    def is_active(self, session, client=None):
        [active] = (client or self.client).call(
            'SessionIsActive',
            SESSIONS,
            f'<sessionID>{session.findtext(f"{VIM}key")}</sessionID>'
            f'<userName>{session.findtext(f"{VIM}userName")}</userName>',
        )
        return active.text == 'true'

    def test_idle_time_ends_a_session_and_use_keeps_it(self):
        idle = self.vcenter.timing.idle_end
        for _ in range(3):
            self.vcenter.clock.advance(idle - 1)
            self.client.call('CurrentTime', SERVICE)
        self.vcenter.clock.advance(idle + 1)
        self.assertFaults(
            'NotAuthenticated', self.client.call, 'CurrentTime', SERVICE
        )

    def test_others_see_whether_it_is_there(self):
        other = self.new_client()
        session = other.log_in()
        self.assertTrue(self.is_active(session))
        other.call('Logout', SESSIONS)
        self.assertFalse(self.is_active(session))

    def test_others_can_end_it(self):
        other = self.new_client()
        key = other.log_in().findtext(f'{VIM}key')
        argument = f'<sessionId>{key}</sessionId>'
        self.client.call('TerminateSession', SESSIONS, argument)
        self.assertFaults(
            'NotAuthenticated', other.call, 'CurrentTime', SERVICE
        )
        self.assertFaults(
            'NotFound',
            self.client.call,
            'TerminateSession',
            SESSIONS,
            argument,
        )

    def test_property_reads_of_a_dead_session_are_empty_and_no_fault(self):
        self.world.sessions.end_all()
        self.assertEqual([], self.client.retrieve(one_spec(ROOT, 'name')))

    def test_a_restart_ends_all(self):
        self.vcenter.restart()
        self.assertFaults(
            'NotAuthenticated', self.client.call, 'CurrentTime', SERVICE
        )


class TestPrivileges(VcenterCase):
    how = {'users': {'guest': User('secret', READ_ONLY)}}

    def setUp(self):
        super().setUp()
        self.guest = self.new_client()
        self.guest.log_in('guest', 'secret')
        self.folder = self.world.inventory.add(
            ManagedObject('Folder', 'group-v3', name='vm', parent=ROOT)
        ).reference

    def test_a_role_bounds_what_may_be_done(self):
        fault = self.assertFaults(
            'NoPermission',
            self.guest.call,
            'CreateFolder',
            self.folder,
            '<name>new</name>',
        )
        self.assertEqual(self.folder.moid, fault.field('object'))
        self.assertEqual('Folder.Create', fault.field('privilegeId'))

    def test_what_may_not_be_read_is_missing_with_the_reason(self):
        role = frozenset({'System.View'})
        self.world.privileges.grant('guest', self.folder, role)
        values, missing = self.read(
            self.folder, 'name', 'overallStatus', client=self.guest
        )
        self.assertEqual({'name'}, set(values))
        self.assertEqual({'overallStatus': 'NoPermission'}, missing)

    def test_roles_are_inherited_and_taken_back(self):
        self.world.privileges.grant('guest', ROOT, frozenset())
        _, missing = self.read(self.folder, 'name', client=self.guest)
        self.assertEqual({'name': 'NoPermission'}, missing)
        self.world.privileges.grant('guest', self.folder, READ_ONLY)
        values, _ = self.read(self.folder, 'name', client=self.guest)
        self.assertEqual('vm', values['name'].text)
        self.world.privileges.forget('guest', self.folder)
        self.world.privileges.forget('guest', ROOT)
        values, _ = self.read(self.folder, 'name', client=self.guest)
        self.assertEqual('vm', values['name'].text)

    def test_a_session_sees_itself_and_only_some_see_others(self):
        values, missing = self.read(
            SESSIONS, 'currentSession', 'sessionList', client=self.guest
        )
        name = values['currentSession'].findtext(f'{VIM}userName')
        self.assertEqual('guest', name)
        self.assertEqual({'sessionList': 'NoPermission'}, missing)
        values, _ = self.read(SESSIONS, 'sessionList')
        self.assertEqual(2, len(values['sessionList']))
