"""Every exchange ends: at a moment, at so many bytes, at so much memory."""

import time
import unittest

from imagecache_handlers.transport.errors import Unreachable
from imagecache_handlers_xenapi.port.address import Address
from imagecache_handlers_xenapi.port.dialling import ConnectionOptions
from imagecache_handlers_xenapi.port.errors import ReplyLost
from imagecache_handlers_xenapi.port.errors import WrongAnswer
from imagecache_handlers_xenapi.port.logins import PasswordLogin
from imagecache_handlers_xenapi.port import raw_import
from imagecache_handlers_xenapi.port.session import Session
from tests.xenapi import bad_servers as bad
from tests.xenapi import certificates
from tests.xenapi.pool import Pooled
from xapi_simulator import hang

MIB = bad.MIB
TIMEOUT = 0.5
# Beside the timeout, on a machine with much else to do.
SLACK = 5.0

BODY = bad.success('OpaqueRef:session')
CHUNKED = bad.head('Transfer-Encoding: chunked')
LONG = bad.head(f'Content-Length: {len(BODY)}')


class BoundsCase(unittest.TestCase):
    def serve(self, act, **how):
        server = bad.BadServer(act, **how)
        self.addCleanup(server.stop)
        return server

    def port(self, server, **how):
        how = {'timeout': TIMEOUT, 'insecure': True, **how}
        dialling = ConnectionOptions(**how)
        port = Session(
            PasswordLogin([server.url], 'root', 'x', dialling), dialling
        )
        self.addCleanup(port.close)
        return port

    def assertEnds(self, kind, call, *params, within, words=(), **how):
        """It fails so, in time."""
        began = time.monotonic()
        with self.assertRaises(kind) as caught:
            call(*params, **how)
        self.assertLess(time.monotonic() - began, within)
        said = str(caught.exception)
        for word in words:
            self.assertIn(word, said)
        self.assertEqual(1, len(said.splitlines()))
        self.assertLess(len(said), 400)


class TestTime(BoundsCase):
    """A peer that goes on slowly is no better than one that does not."""

    def assertTimely(self, act, *words, **how):
        server = self.serve(act, **how)
        self.assertEnds(
            Unreachable,
            self.port(server).login,
            within=TIMEOUT + SLACK,
            words=[server.url, *words],
        )

    def test_no_answer(self):
        self.assertTimely(bad.says_nothing, 'no answer within 0.5 s')

    def test_a_status_that_drips(self):
        for act in (
            bad.drips(b'', b'HTTP/1.1 200 OK' * 9),
            bad.drips(b'', b'H'),
        ):
            self.assertTimely(act, 'no end of the answer within 0.5 s')

    def test_headers_that_drip(self):
        act = bad.drips(b'HTTP/1.1 200 OK\r\n', b'X: y\r\n')
        self.assertTimely(act, 'no end of the answer within 0.5 s')

    def test_a_body_that_drips(self):
        for begin in LONG, bad.head(), CHUNKED + b'fff\r\n':
            act = bad.drips(begin, b'<')
            self.assertTimely(act, 'no end of the answer within 0.5 s')

    def test_chunks_that_drip(self):
        act = bad.drips(CHUNKED, b'1\r\n \r\n')
        self.assertTimely(act, 'no end of the answer within 0.5 s')

    def test_news_that_one_may_go_on(self):
        act = bad.drips(b'', b'HTTP/1.1 100 Continue\r\n\r\n')
        self.assertTimely(act, 'no end of the answer within 0.5 s')

    def test_a_handshake_that_drips_or_does_not_come(self):
        certificate = certificates.files(certificates.NAMES)
        for act in bad.drips(bad.HELLO, b'\0'), bad.says_nothing:
            self.assertTimely(
                act,
                'no connection within 0.5 s',
                certificate=certificate,
                rude=True,
            )

    def test_a_request_that_nobody_reads(self):
        server = self.serve(bad.reads_nothing, rude=True)
        connection = ConnectionOptions(timeout=TIMEOUT, insecure=True).connect(
            Address.parse(server.url)
        )
        self.addCleanup(connection.close)
        connection.line.begin(0)
        self.assertEnds(
            TimeoutError,
            connection.line.sendall,
            bytes(64 * MIB),
            within=TIMEOUT + SLACK,
            words=['it takes no request within 0.5 s'],
        )

    def test_each_try_of_a_read_has_the_time(self):
        server = self.serve(bad.drips(LONG, b'<'), welcoming=True)
        port = self.port(server)
        port.login()
        for call in port.call, port.read:
            self.assertEnds(
                ReplyLost,
                call,
                'VDI.get_all',
                within=2 * TIMEOUT + SLACK,
                words=['VDI.get_all at', server.url, 'no end of the answer'],
            )
        self.assertEnds(
            ReplyLost, port.once, 'VDI.get_all', within=TIMEOUT + SLACK
        )

    def test_an_upload_whose_answer_drips_or_that_nobody_reads(self):
        for act, rude in (
            (bad.drips(b'HTTP/1.1 200 OK\r\n', b'X: y\r\n'), True),
            (bad.drips(b'', b'HTTP/1.1 100 Go on\r\n\r\n'), True),
        ):
            server = self.serve(act, rude=rude)
            self.assertEnds(
                ReplyLost,
                raw_import.put,
                self.port(server).connect,
                [Address.parse(server.url)],
                {},
                [b'x'],
                1,
                within=TIMEOUT + SLACK,
                pool=(),
                words=[raw_import.METHOD, server.url],
            )

    def test_a_disk_that_is_taken_in_drips_is_given_up(self):
        def act(sock):
            sock.sendall(bad.head())
            bad.drinks(sock)

        server = self.serve(
            act,
            certificate=certificates.files(certificates.NAMES),
            bodiless=True,
        )
        chunks = [bytes(8 * MIB)] * 8
        began = time.monotonic()
        raw_import.put(
            self.port(server, timeout=3).connect,
            [Address.parse(server.url)],
            {},
            chunks,
            64 * MIB,
            pool=(),
        )
        self.assertLess(time.monotonic() - began, 2 * 3 + SLACK)


class TestHonest(Pooled, unittest.TestCase):
    def test_an_answer_that_comes_in_time_is_taken(self):
        self.pool.before('VDI.get_all', hang(0.3))
        port = self.own(dialling=ConnectionOptions(timeout=2, insecure=True))
        self.addCleanup(port.close)
        self.assertEqual([], port.once('VDI.get_all'))

    def test_events_are_waited_for_as_before(self):
        port = self.own(dialling=ConnectionOptions(timeout=1, insecure=True))
        self.addCleanup(port.close)
        task = self.pool.do('task.create', 'work', '')
        with self.assertNoLogs('imagecache_handlers_xenapi', 'DEBUG'):
            batch = port.call('event.from', [f'task/{task}'], '', 0.5)
            port.call('event.from', [f'task/{task}'], batch['token'], 0.5)


class TestDoubled(BoundsCase):
    """What nobody asked for is no answer to the next call."""

    # What a buffer takes at once: the rest waits where no poll sees it.
    BUFFER = 8192

    def twice(self, sock):
        first = bad.success('first')
        spare = self.BUFFER - len(bad.whole(first + bytes(5000))) + 5000
        sock.sendall(
            bad.whole(first + b' ' * spare)
            + bad.whole(bad.success('a stranger'))
        )
        bad.read_request(sock)

    def test_a_second_answer_is_left_unread(self):
        for certificate in None, certificates.files(certificates.NAMES):
            server = self.serve(
                self.twice, welcoming=True, certificate=certificate
            )
            port = self.port(server)
            for _ in range(3):
                self.assertEqual('first', port.call('SR.get_uuid', 'x'))


class TestSize(BoundsCase):
    """Bytes are counted, whatever the headers promise."""

    def assertSmall(self, act, *words, kind=Unreachable):
        server = self.serve(act)
        self.assertEnds(
            kind,
            self.port(server, timeout=20).login,
            within=5,
            words=[server.url, *words],
        )

    def test_a_length_that_is_promised_is_not_waited_for(self):
        for length in 100 * MIB, 10**18, MIB + 1:
            act = bad.drips(bad.head(f'Content-Length: {length}'), b' ')
            self.assertSmall(act, 'the answer is longer than 1 MiB')

    def test_an_answer_without_an_end(self):
        for begin, piece in (
            (bad.head(), b' ' * MIB),
            (bad.head('Content-Length: -5'), b' ' * MIB),
            (CHUNKED, b'10000\r\n' + b' ' * 65536 + b'\r\n'),
            (CHUNKED + b'fffffffffffffff\r\n', b' ' * MIB),
            (CHUNKED + b'-1\r\n', b' ' * MIB),
            (b'', b'HTTP/1.1 100 Continue\r\n\r\n' * 1000),
            (CHUNKED + b'0\r\n', b'X: y\r\n' * 1000),
        ):
            act = bad.sends_for_ever(begin, piece)
            self.assertSmall(act, 'the answer is longer than 1 MiB')

    def test_a_page_beside_a_call_is_bounded_too(self):
        begin = b'HTTP/1.1 500 No\r\n\r\n'
        act = bad.sends_for_ever(begin, b' ' * MIB)
        self.assertSmall(act, 'the answer is longer than 1 MiB')

    def test_headers_without_an_end(self):
        begin = b'HTTP/1.1 200 OK\r\n'
        for piece in b'X: y\r\n' * 1000, b'x' * MIB:
            self.assertSmall(bad.sends_for_ever(begin, piece), 'got more than')
        act = bad.sends_for_ever(b'HTTP/1.1 ', b'2' * MIB)
        self.assertSmall(act, 'got more than')
        act = bad.sends(begin + b'X: y\r\n' * 70_000 + b'\r\n')
        self.assertSmall(act, 'got more than')

    def test_chunks_that_make_no_sense(self):
        for chunk in b'-5\r\n', b'x\r\n', b'\r\n':
            self.assertSmall(bad.sends(CHUNKED + chunk + b' ' * 99))

    def test_a_connection_that_is_closed_in_the_middle(self):
        for act in (
            bad.sends(),
            bad.sends(b'HTTP/1.1 200'),
            bad.sends(b'HTTP/1.1 200 OK\r\nX: '),
            bad.sends(LONG + BODY[:-9]),
            bad.sends(CHUNKED + b'5\r\n  '),
        ):
            self.assertSmall(act)
        act = bad.sends(LONG + BODY[:-9])
        self.assertSmall(act, 'closed within the answer')

    def test_a_small_call_after_the_login_stays_small(self):
        act = bad.sends(bad.head(f'Content-Length: {2 * MIB}'))
        server = self.serve(act, welcoming=True)
        port = self.port(server, timeout=20)
        for call in port.call, port.once:
            self.assertEnds(
                WrongAnswer,
                call,
                'VDI.get_uuid',
                within=5,
                words=['VDI.get_uuid at', 'the answer is longer than 1 MiB'],
            )

    def test_much_is_read_at_once_but_not_without_an_end(self):
        for content, words in (
            (bad.head(), 'the answer is longer than 32 MiB'),
            (bad.head(f'Content-Length: {33 * MIB}'), 'longer than 32 MiB'),
        ):
            act = bad.sends_for_ever(content, b' ' * MIB)
            port = self.port(self.serve(act, welcoming=True), timeout=20)
            self.assertEnds(
                WrongAnswer,
                port.read,
                'VDI.get_all_records',
                within=20,
                words=['VDI.get_all_records', words],
            )

    def test_what_is_larger_than_a_mib_is_read(self):
        many = [f'OpaqueRef:{number}' for number in range(100_000)]
        act = bad.sends(bad.whole(bad.result(many)))
        port = self.port(self.serve(act, welcoming=True), timeout=20)
        self.assertEqual(many, port.read('SR.get_VDIs', 'x'))


class TestContent(BoundsCase):
    """What is small on the wire and large in memory is not decoded."""

    def test_xml_that_grows(self):
        for body, words in (
            (bad.bomb(), 'it has a document type'),
            (bad.nested_xml(10_000), 'nested too deeply'),
            (bad.nested_xml(15_000)[:MIB], ''),
        ):
            server = self.serve(bad.sends(bad.whole(body)))
            self.assertEnds(
                Unreachable,
                self.port(server, timeout=60).login,
                within=20,
                words=[server.url, words],
            )

    def test_ends_with_text_between_them_take_no_time(self):
        count = MIB // 24
        body = b'<value>' * count + b'x</value>' * count
        server = self.serve(bad.sends(bad.whole(body)))
        login = self.port(server, timeout=60).login
        self.assertEnds(Unreachable, login, within=20)

    def test_json_that_grows(self):
        for body, words in (
            (bad.LISTS, 'takes more than 144 MiB'),
            (bad.TEXTS, 'takes more than 144 MiB'),
            (bad.WIDE, 'takes more than 144 MiB'),
            (b'{"result": ' + b'[' * 10 * MIB, ''),
            (b'{"result": ' + b'{"a":' * 2**20, ''),
            (b'{"result": ' + b'7' * 10 * MIB + b'}', 'not JSON'),
        ):
            act = bad.sends(bad.whole(body))
            port = self.port(self.serve(act, welcoming=True), timeout=60)
            self.assertEnds(
                WrongAnswer, port.read, 'VDI.get_all', within=60, words=[words]
            )

    def test_xml_of_many_small_things(self):
        def act(sock):
            sock.sendall(bad.head('Content-Length: 1') + b'<')
            # JSON is given up, and XML asked for.
            bad.read_request(sock)
            sock.sendall(bad.whole(bad.STRUCTS))

        port = self.port(self.serve(act, welcoming=True), timeout=60)
        self.assertEnds(
            WrongAnswer,
            port.read,
            'VDI.get_all',
            within=60,
            words=['takes more than 144 MiB'],
        )

    def test_an_error_of_more_than_texts_is_none(self):
        deep = '[' * 500 + ']' * 500
        body = f'{{"error": {{"message": "NO", "data": [{deep}]}}}}'.encode()
        act = bad.sends(bad.whole(body))
        port = self.port(self.serve(act, welcoming=True), timeout=60)
        self.assertEnds(
            WrongAnswer,
            port.read,
            'VDI.get_all',
            within=20,
            words=['an error that is not a list of texts'],
        )
