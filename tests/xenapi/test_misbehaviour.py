"""A server that does not behave, as the user of ``imagecache plan`` sees it.

A clear line, in time, without much memory; what is cached stays.
"""

import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

from tests.xenapi import bad_servers as bad
from tests.xenapi import certificates

TIMEOUT = 2
# For starting Python, on a machine with much else to do.
SLACK = 25
MEMORY = 200
MIB = bad.MIB

# Runs a command and tells its peak in KiB: of a child that is forked off a
# large process the kernel would tell that one's.
MEASURE = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""

SLOWLY = bad.head('Content-Length: 999999')
CHUNKED = bad.head('Transfer-Encoding: chunked')

# What it does, after the login or not, and what the user reads.
BEHAVIOURS = {
    'never answers': (bad.says_nothing, False, 'no answer within 2 s'),
    'a byte from time to time': (
        bad.drips(SLOWLY, b'<'),
        False,
        'no end of the answer within 2 s',
    ),
    'headers from time to time': (
        bad.drips(b'HTTP/1.1 200 OK\r\n', b'X: y\r\n'),
        False,
        'no end of the answer within 2 s',
    ),
    'an answer without an end': (
        bad.sends_for_ever(bad.head(), b' ' * MIB),
        False,
        'the answer is longer than 1 MiB',
    ),
    'chunks without an end': (
        bad.sends_for_ever(CHUNKED, b'10000\r\n' + b' ' * 65536 + b'\r\n'),
        False,
        'the answer is longer than 1 MiB',
    ),
    '100 MiB': (
        bad.sends_for_ever(
            bad.head(f'Content-Length: {100 * MIB}'), b' ' * MIB
        ),
        False,
        'the answer is longer than 1 MiB',
    ),
    '70,000 headers': (
        bad.sends(b'HTTP/1.1 200 OK\r\n' + b'X: y\r\n' * 70_000 + b'\r\n'),
        False,
        'got more than 100 headers',
    ),
    'hangs up in the middle': (
        bad.sends(SLOWLY + b'<methodResponse>'),
        False,
        'the connection was closed within the answer',
    ),
    'a bomb of entities': (
        bad.sends(bad.whole(bad.bomb())),
        False,
        'it has a document type',
    ),
    'after the login: a byte from time to time': (
        bad.drips(SLOWLY, b'<'),
        True,
        'no end of the answer within 2 s',
    ),
    'after the login: an answer without an end': (
        bad.sends_for_ever(bad.head(), b' ' * MIB),
        True,
        'the answer is longer than 32 MiB',
    ),
    'after the login: lists of lists': (
        bad.sends(bad.whole(bad.LISTS)),
        True,
        'the answer takes more than 144 MiB of memory',
    ),
    'after the login: an emoji': (
        bad.sends(bad.whole(bad.WIDE)),
        True,
        'the answer takes more than 144 MiB of memory',
    ),
    'after the login: hangs up in the middle': (
        bad.sends(SLOWLY + b'{"result":'),
        True,
        'the connection was closed within the answer',
    ),
}


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.conf = pathlib.Path(folder.name) / 'cache.conf'

    def serve(self, act, **how):
        server = bad.BadServer(act, **how)
        self.addCleanup(server.stop)
        return server

    def plan(self, url, *lines, insecure='true', timeout=TIMEOUT):
        """Plan; give code, words, seconds and MiB."""
        self.conf.write_text(
            '\n'.join(
                [
                    '[imagecache]\nhandler = xenapi\n[imagecache_xenapi]',
                    f'url = {url}',
                    f'insecure = {insecure}',
                    f'timeout_seconds = {timeout}',
                    'password = a-secret',
                    *lines,
                    '',
                ]
            )
        )
        command = [sys.executable, '-m', 'imagecache_handlers.frontends.cli']
        began = time.monotonic()
        done = subprocess.run(  # noqa: S603 -- our own program
            [
                *(sys.executable, '-c', MEASURE),
                *(*command, 'plan', '--config-file', str(self.conf)),
            ],
            check=False,
            capture_output=True,
            text=True,
        )
        seconds = time.monotonic() - began
        return done.returncode, done.stderr, seconds, int(done.stdout) / 1024

    def assertClear(self, done, *words, code, within):
        ended, said, seconds, memory = done
        self.assertEqual(code, ended, said)
        lines = [
            line
            for line in said.splitlines()
            if not line.startswith(
                'imagecache: warning: The answer is not understood'
            )
        ]
        self.assertEqual(1, len(lines), said)
        for word in words:
            self.assertIn(word, lines[0])
        self.assertNotIn('a-secret', said)
        self.assertLess(seconds, within + SLACK)
        self.assertLess(memory, MEMORY)


class TestBehaviours(Case):
    def test_each_ends_with_a_clear_line(self):
        for name, (act, welcoming, words) in BEHAVIOURS.items():
            with self.subTest(name):
                server = self.serve(act, welcoming=welcoming)
                timeout = 20 if 'MiB' in words else TIMEOUT
                done = self.plan(server.url, timeout=timeout)
                self.assertClear(
                    done, server.url, words, code=1, within=2 * TIMEOUT
                )

    def test_a_handshake_that_drips(self):
        server = self.serve(
            bad.drips(bad.HELLO, b'\0'),
            rude=True,
            certificate=certificates.files(certificates.NAMES),
        )
        done = self.plan(server.url, insecure='false')
        self.assertClear(
            done, 'no connection within 2 s', code=1, within=TIMEOUT
        )

    def test_plain_text_where_tls_should_be(self):
        server = self.serve(bad.says_nothing)
        url = server.url.replace('http:', 'https:')
        done = self.plan(url, insecure='false')
        self.assertClear(done, url, code=1, within=TIMEOUT)

    def test_a_certificate_of_somebody_else(self):
        server = self.serve(
            bad.says_nothing,
            certificate=certificates.files(certificates.NAMES),
        )
        done = self.plan(server.url, insecure='false')
        self.assertClear(done, 'not trusted', 'ca_file', code=1, within=1)
        self.assertEqual([], server.methods)

    def test_http_without_being_told_to(self):
        server = self.serve(bad.says_nothing)
        done = self.plan(server.url, insecure='false')
        self.assertClear(done, server.url, 'insecure = true', code=2, within=1)
        self.assertEqual([], server.methods)

    def test_a_leader_of_another_name(self):
        body = bad.xml(
            {
                'Status': 'Failure',
                'ErrorDescription': ['HOST_IS_SLAVE', '127.0.0.9'],
            }
        )
        server = self.serve(bad.sends(bad.whole(body)))
        done = self.plan(server.url)
        other = server.url.replace('127.0.0.1', '127.0.0.9')
        self.assertClear(
            done, server.url, f'add {other}', 'follow_any', code=2, within=1
        )
        self.assertEqual(1, len(server.methods))
