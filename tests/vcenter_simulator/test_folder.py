"""``/folder``: files over HTTP, by cookie, ticket or password."""

import base64
import http.client
import urllib.parse

from tests.vcenter_simulator.clients import SESSIONS
from tests.vcenter_simulator.clients import VcenterCase
from tests.vcenter_simulator.clients import VIM
from vcenter_simulator import drop
from vcenter_simulator import fail
from vcenter_simulator.privileges import READ_ONLY
from vcenter_simulator import unavailable
from vcenter_simulator import User

CUT = http.client.RemoteDisconnected, ConnectionError


class FolderCase(VcenterCase):
    how = {'users': {'guest': User('secret', READ_ONLY)}}

    def path(self, name, datacenter='datacenter-0', datastore='datastore-0'):
        query = urllib.parse.urlencode(
            {'dcPath': datacenter, 'dsName': datastore}
        )
        return f'/folder/{urllib.parse.quote(name)}?{query}'

    def put(self, name, body=b'content', client=None, **where):
        answer, _ = (client or self.client).request(
            'PUT', self.path(name, **where), body
        )
        return answer.status

    def get(self, name, client=None, **where):
        answer, data = (client or self.client).request(
            'GET', self.path(name, **where)
        )
        return answer.status, data


class TestFiles(FolderCase):
    def test_what_was_put_is_read_again(self):
        self.assertEqual(201, self.put('a/b.txt'))
        self.assertEqual((200, b'content'), self.get('a/b.txt'))
        self.assertEqual(200, self.put('a/b.txt', b'other'))
        self.assertEqual((200, b'other'), self.get('a/b.txt'))

    def test_its_size_without_it(self):
        self.put('a', b'x' * 1000)
        answer, data = self.client.request('HEAD', self.path('a'))
        self.assertEqual(200, answer.status)
        self.assertEqual('1000', answer.getheader('Content-Length'))
        self.assertEqual(b'', data)
        answer, _ = self.client.request('HEAD', self.path('b'))
        self.assertEqual(404, answer.status)

    def test_names_of_every_kind(self):
        for name in ('a b', 'ä%2f', '[x] y', 'x' * 200, '%', 'a+b', '\'"&'):
            with self.subTest(name):
                self.assertEqual(201, self.put(name, name.encode()))
                self.assertEqual((200, name.encode()), self.get(name))

    def test_many_blocks_and_none(self):
        data = bytes(range(256)) * 1024
        self.put('big', data)
        self.assertEqual((200, data), self.get('big'))
        self.assertEqual(201, self.put('empty', b''))
        self.assertEqual((200, b''), self.get('empty'))

    def test_what_is_not_there(self):
        self.assertEqual(404, self.get('nowhere')[0])
        self.assertEqual(404, self.get('a', datastore='other')[0])
        self.assertEqual(404, self.get('a', datacenter='other')[0])
        self.assertEqual(404, self.put('a', datastore='other'))

    def test_a_folder_is_not_a_file(self):
        self.put('folder/a')
        self.assertEqual(400, self.get('folder')[0])
        self.assertEqual(409, self.put('folder'))

    def test_what_leads_elsewhere_or_says_too_little(self):
        self.assertIn(self.get('../a')[0], (400, 404))
        self.assertIn(self.put('../a'), (400, 404))
        for path in ('/folder/a', '/folder?dcPath=a&dsName=b', '/folder'):
            answer, _ = self.client.request('GET', path)
            self.assertEqual(400, answer.status, path)

    def test_a_length_is_needed(self):
        self.client.http.putrequest('PUT', self.path('a'))
        self.client.http.putheader('Cookie', self.client.cookie)
        self.client.http.endheaders()
        self.assertEqual(400, self.client.http.getresponse().status)


class TestAccess(FolderCase):
    def setUp(self):
        super().setUp()
        self.put('a')
        self.stranger = self.new_client()

    def ticket(self):
        [found] = self.client.call(
            'AcquireGenericServiceTicket',
            SESSIONS,
            '<spec xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            'xsi:type="SessionManagerHttpServiceRequestSpec">'
            '<method>httpPut</method><url>http://x/folder/a</url></spec>',
        )
        return f'vmware_cgi_ticket="{found.findtext(f"{VIM}id")}"'

    def test_without_anything_nobody_gets_in(self):
        self.assertEqual(401, self.get('a', self.stranger)[0])
        self.assertEqual(401, self.put('b', client=self.new_client()))
        self.assertEqual(404, self.get('b')[0])

    def test_a_ticket_is_good_once_and_for_a_while(self):
        self.stranger.cookie = self.ticket()
        self.assertEqual((200, b'content'), self.get('a', self.stranger))
        self.assertEqual(401, self.get('a', self.stranger)[0])
        other = self.new_client()
        other.cookie = self.ticket()
        self.vcenter.clock.advance(self.vcenter.timing.ticket_end + 1)
        self.assertEqual(401, self.get('a', other)[0])

    def test_a_name_and_password_do_as_well(self):
        for password, status in (self.vcenter.password, 200), ('x', 401):
            secret = f'{self.vcenter.username}:{password}'.encode()
            header = f'Basic {base64.b64encode(secret).decode()}'
            client = self.new_client()
            answer, _ = client.request(
                'GET', self.path('a'), Authorization=header
            )
            self.assertEqual(status, answer.status)
        for header in 'Basic', 'Basic x', 'Basic 8J+', 'Bearer x':
            client = self.new_client()
            answer, _ = client.request(
                'GET', self.path('a'), Authorization=header
            )
            self.assertEqual(401, answer.status)

    def test_a_dead_session_is_none(self):
        self.world.sessions.end_all()
        self.assertEqual(401, self.get('a')[0])

    def test_who_may_not_work_there(self):
        guest = self.new_client()
        guest.log_in('guest', 'secret')
        self.assertEqual(403, self.put('b', client=guest))
        self.assertEqual(404, self.get('b')[0])


class TestSteering(FolderCase):
    def test_a_cut_loses_the_answer_or_the_work(self):
        self.vcenter.before('PUT /folder', drop())
        with self.assertRaises(CUT):
            self.put('a')
        self.assertEqual(404, self.get('a', self.logged_in())[0])
        self.vcenter.after('PUT /folder', drop())
        with self.assertRaises(CUT):
            self.put('a')
        self.assertEqual(200, self.get('a', self.logged_in())[0])

    def test_an_upload_that_breaks_off_leaves_what_came(self):
        self.client.http.putrequest('PUT', self.path('a'))
        self.client.http.putheader('Content-Length', '100000')
        self.client.http.putheader('Cookie', self.client.cookie)
        self.client.http.endheaders(b'x' * 1000)
        self.client.close()
        other = self.logged_in()
        for _ in range(500):
            status, data = self.get('a', other)
            if status == 200 and data:
                break
        self.assertEqual(b'x' * 1000, data[:1000])

    def test_faults_are_statuses(self):
        for fault, status in (
            (fail('FileLocked', file='a'), 409),
            (fail('HostCommunication'), 500),
            (unavailable(), 503),
        ):
            self.vcenter.before('PUT /folder', fault)
            self.assertEqual(status, self.put('a', client=self.logged_in()))

    def test_they_are_counted(self):
        self.put('a', b'x' * 1000)
        self.get('a')
        counts = self.vcenter.counters.by_method
        self.assertEqual(1000, counts['PUT /folder'].received)
        self.assertEqual(1000, counts['GET /folder'].sent)

    def logged_in(self):
        client = self.new_client()
        client.log_in()
        return client
