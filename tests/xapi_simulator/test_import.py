"""``PUT /import_raw_vdi``: yes at once, and the truth in the task."""

import base64
import contextlib
import hashlib
import http.client
import io
import socket
import struct
import tarfile
import time

import pytest

from tests.xapi_simulator.clients import PoolCase
from xapi_simulator import Scenario
from xapi_simulator import User

pytestmark = pytest.mark.alone

MIB = 2**20
LIMIT = 10 * MIB


def vhd(size):
    """Make the beginning of a dynamic VHD of this virtual size."""
    footer = b'conectix'.ljust(48, b'\0') + struct.pack('>Q', size)
    return footer.ljust(512, b'\0') + b'blocks'


def tar(*sizes):
    """Make an archive of blocks named by their numbers."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode='w') as archive:
        for number, size in enumerate(sizes):
            member = tarfile.TarInfo(f'Ref:4/{number:08}')
            member.size = size
            archive.addfile(member, io.BytesIO(b'x' * size))
    return file.getvalue()


class TestImport(PoolCase):
    scenario = Scenario(hosts=2, srs=2)

    def setUp(self):
        self.start(users={'reader': User('secret', 'read-only')})
        self.vdi = self.create(self.sr)
        self.task = self.xapi.task.create('import', 'of a test')

    def create(self, sr):
        return self.xapi.VDI.create(
            {
                'SR': sr,
                'virtual_size': str(LIMIT),
                'type': 'user',
                'sharable': False,
                'read_only': False,
                'other_config': {'importing': 'me'},
            }
        )

    def put(self, body, number=0, headers=(), session=None, **query):
        fields = {
            'session_id': self.session if session is None else session,
            'task_id': self.task,
            'vdi': self.vdi,
            **query,
        }
        text = '&'.join(
            f'{key}={fields[key]}' for key in fields if fields[key]
        )
        connection = http.client.HTTPConnection(
            self.pool.addresses[number], self.pool.port, timeout=10
        )
        with contextlib.closing(connection):
            path = f'/import_raw_vdi?{text}'
            # What fails in the middle cuts the connection, maybe too early
            # for the answer that was sent before: the task knows.
            with contextlib.suppress(ConnectionError):
                connection.request('PUT', path, body, dict(headers))
                answer = connection.getresponse()
                answer.read()
                return answer

    def ended(self):
        record = self.follow(self.task)
        return record['status'], record['error_info']

    def content(self):
        return self.pool.actors.content(self.vdi)

    def test_bytes_arrive(self):
        body = b'disk' * MIB
        self.assertEqual(200, self.put(body).status)
        self.assertEqual(('success', []), self.ended())
        self.assertEqual(hashlib.sha256(body).hexdigest(), self.content())
        used = int(self.xapi.VDI.get_physical_utilisation(self.vdi))
        self.assertGreater(used, 4 * MIB)

    def test_yes_is_said_before_a_byte_was_read(self):
        query = f'session_id={self.session}&vdi={self.vdi}'
        with socket.create_connection(
            ('127.0.0.1', self.pool.port), timeout=10
        ) as connection:
            connection.sendall(
                f'PUT /import_raw_vdi?{query}&task_id={self.task} HTTP/1.1\r\n'
                f'Host: a\r\nContent-Length: {2 * MIB}\r\n\r\n'.encode()
            )
            self.assertIn(b' 200 ', connection.recv(4096))
            # Half of it: who could know what becomes of it?
            connection.sendall(bytes(MIB))
            self.wait_for(lambda: self.xapi.task.get_progress(self.task) > 0.4)
            self.assertEqual('pending', self.xapi.task.get_status(self.task))
            [vbd] = self.xapi.VDI.get_VBDs(self.vdi)
            self.assertTrue(self.xapi.VBD.get_currently_attached(vbd))
            self.assertFails(
                ['VDI_IN_USE', self.vdi, 'destroy'],
                self.xapi.VDI.destroy,
                self.vdi,
            )
        self.assertEqual(
            ('failure', ['VDI_IO_ERROR', 'Device I/O errors']), self.ended()
        )
        self.assertEqual([], self.xapi.VDI.get_VBDs(self.vdi))

    def test_more_than_fits_fails_in_the_middle(self):
        self.put(bytes(LIMIT + 1))
        self.assertEqual(
            ('failure', ['VDI_IO_ERROR', 'Device I/O errors']), self.ended()
        )

    def test_a_cancelled_import_says_so(self):
        self.xapi.task.cancel(self.task)
        self.put(bytes(MIB))
        self.assertEqual(
            ('cancelled', ['TASK_CANCELLED', self.task]), self.ended()
        )

    def test_a_vhd_tells_its_own_size(self):
        self.put(vhd(LIMIT), format='vhd')
        self.assertEqual(('success', []), self.ended())

    def test_a_vhd_that_is_none_or_too_large_fails(self):
        for body in vhd(2 * LIMIT), b'QFI\xfb'.ljust(600):
            self.task = self.xapi.task.create('import', 'again')
            self.put(body, format='vhd')
            self.assertEqual('failure', self.ended()[0])

    def test_a_tar_holds_numbered_blocks(self):
        self.put(tar(MIB, MIB, 512), format='tar')
        self.assertEqual(('success', []), self.ended())

    def test_a_tar_that_is_none_fails(self):
        for body in b'no tar at all', tar(*[MIB] * 11):
            self.task = self.xapi.task.create('import', 'again')
            self.put(body, format='tar')
            self.assertEqual('failure', self.ended()[0])

    def test_other_formats_and_chunks_are_refused(self):
        self.assertEqual(404, self.put(b'a', format='qcow2').status)
        self.assertEqual('failure', self.ended()[0])
        self.task = self.xapi.task.create('import', 'again')
        self.assertEqual(404, self.put(iter([b'a', b'b'])).status)
        self.assertEqual('failure', self.ended()[0])
        self.task = self.xapi.task.create('import', 'again')
        self.assertEqual(404, self.put(b'a', chunked='true').status)
        self.assertEqual('failure', self.ended()[0])

    def test_a_no_is_heard_though_the_body_was_not_read(self):
        with socket.create_connection(
            ('127.0.0.1', self.pool.port), timeout=10
        ) as connection:
            connection.sendall(
                b'PUT /import_raw_vdi?vdi=a HTTP/1.1\r\n'
                b'Host: a\r\nContent-Length: 600000\r\n\r\n'
            )
            for _ in range(6):
                connection.sendall(bytes(100000))
                time.sleep(0.02)
            self.assertIn(b' 401 ', connection.recv(4096))

    def test_a_host_that_cannot_see_the_sr_names_one_that_can(self):
        local = next(s for s in self.xapi.SR.get_all() if s != self.sr)
        self.vdi = self.create(local)
        answer = self.put(b'')
        self.assertEqual(302, answer.status)
        where = answer.getheader('Location')
        self.assertTrue(
            where.startswith(f'{self.pool.url_of(1)}/import_raw_vdi?')
        )
        self.assertIn(f'task_id={self.task}', where)
        self.assertEqual('pending', self.xapi.task.get_status(self.task))
        self.assertEqual(200, self.put(b'x' * MIB, number=1).status)
        self.assertEqual(('success', []), self.ended())

    def test_a_slave_takes_it_though_it_answers_no_call(self):
        self.assertEqual(200, self.put(b'x' * MIB, number=1).status)
        self.assertEqual(('success', []), self.ended())

    def test_who_is_nobody_may_not(self):
        self.assertEqual(401, self.put(b'a', session='OpaqueRef:no').status)
        reader = self.login(name='reader', password='secret')
        self.assertEqual(403, self.put(b'a').status)
        self.assertTrue(reader)

    def test_a_password_will_do(self):
        text = base64.b64encode(f'root:{self.pool.password}'.encode())
        headers = {'Authorization': f'Basic {text.decode()}'}
        answer = self.put(b'x' * MIB, headers=headers, session='')
        self.assertEqual(200, answer.status)
        self.assertEqual(('success', []), self.ended())

    def test_a_uuid_will_do_and_cookies_too(self):
        self.vdi, ref = self.xapi.VDI.get_uuid(self.vdi), self.vdi
        headers = {'Cookie': f'session_id={self.session}'}
        self.put(b'x' * MIB, headers=headers, session='')
        self.assertEqual(('success', []), self.ended())
        self.vdi = ref
        self.assertTrue(self.content())

    def test_an_attached_disk_is_in_use(self):
        self.pool.actors.attach(self.vdi)
        self.assertEqual(500, self.put(b'a').status)
        self.assertEqual(
            ('failure', ['VDI_IN_USE', self.vdi, 'attach']), self.ended()
        )

    def test_a_disk_that_is_gone_is_told_in_the_task(self):
        self.xapi.VDI.destroy(self.vdi)
        self.assertEqual(500, self.put(b'a').status)
        self.assertEqual(
            ('failure', ['HANDLE_INVALID', 'VDI', self.vdi]), self.ended()
        )

    def test_an_sr_alone_makes_a_new_disk(self):
        self.vdi = None
        uuid = self.xapi.SR.get_uuid(self.sr)
        self.assertEqual(200, self.put(b'x' * MIB, sr_uuid=uuid).status)
        record = self.follow(self.task)
        [made] = self.xapi.VDI.get_by_name_label('Imported VDI')
        self.assertEqual(f'<value>{made}</value>', record['result'])
