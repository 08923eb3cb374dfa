"""The list of who uses which image, as people write it."""

import datetime
import io
import pathlib
import tempfile
import types
import unittest
from unittest import mock

from imagecache_handlers import ConfigurationError
from imagecache_handlers.frontends import in_use_list

NOW = datetime.datetime(2026, 11, 22, 8, 22, tzinfo=datetime.UTC)
LATER = NOW + datetime.timedelta(hours=1)

READ = {
    '': {},
    '# nothing\n\n   \n\t\n': {},
    'a': {'a': {'somebody'}},
    'a vm-1': {'a': {'vm-1'}},
    '  a   vm-1,vm-2  # two\n': {'a': {'vm-1', 'vm-2'}},
    'a vm-1\r\nb vm-2\r\n': {'a': {'vm-1'}, 'b': {'vm-2'}},
    'a vm-1\nb\na vm-2': {'a': {'vm-1', 'vm-2'}, 'b': {'somebody'}},
    '\ufeffa vm-1': {'a': {'vm-1'}},
    '#a vm-1': {},
    'a#b': {'a': {'somebody'}},
    'a Jürgen': {'a': {'Jürgen'}},
}

REFUSED = {
    'a\n../b vm-1': 'line 2',
    'a vm-1, vm-2': 'line 1: expected ID',
    'a\n\n# x\nb vm-1,': 'line 4',
    'a ,': 'line 1',
    'a v\x1bm': 'line 1',
    '-': 'line 1',
    'x' * 256: 'line 1',
}


class TestInUseList(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.file = pathlib.Path(place.name) / 'in-use'
        self.now = NOW

    def list(self, name=None, complete=False):
        return in_use_list.InUseList(
            name or str(self.file), complete=complete, clock=lambda: self.now
        )

    def test_what_is_read(self):
        for content, users in READ.items():
            with self.subTest(content):
                self.file.write_text(content, encoding='utf-8')
                self.assertEqual(users, self.list()().users)

    def test_what_is_refused_names_file_and_line(self):
        for content, said in REFUSED.items():
            with self.subTest(content):
                self.file.write_text(content)
                with self.assertRaises(ConfigurationError) as caught:
                    self.list()()
                self.assertIn(f'{self.file}, {said}', str(caught.exception))

    def test_it_is_complete_only_if_it_is_said_to_be(self):
        self.file.write_text('a')
        self.assertFalse(self.list()().complete)
        self.assertTrue(self.list(complete=True)().complete)

    def test_a_complete_list_of_nothing_must_say_so(self):
        self.file.write_text('')
        with self.assertRaises(ConfigurationError) as caught:
            self.list(complete=True)()
        self.assertIn('is empty', str(caught.exception))
        self.file.write_text('# nothing is in use\n')
        self.assertEqual({}, self.list(complete=True)().users)

    def test_a_file_is_read_again_whenever_it_is_asked(self):
        asked = self.list()
        self.file.write_text('a')
        self.assertEqual(NOW, asked().as_of)
        self.file.write_text('b')
        self.now = LATER
        again = asked()
        self.assertEqual(LATER, again.as_of)
        self.assertEqual({'b'}, set(again.users))

    def test_standard_input_is_read_once_and_ages(self):
        asked = self.list('-')
        stdin = types.SimpleNamespace(buffer=io.BytesIO(b'a vm-1\n'))
        with mock.patch('sys.stdin', stdin):
            first = asked()
            self.now = LATER
            self.assertEqual(first, asked())
        self.assertEqual({'a': {'vm-1'}}, first.users)
        self.assertEqual(NOW, first.as_of)

    def test_it_is_as_old_as_when_reading_began(self):
        def slow(name):
            self.now = LATER
            return 'a'

        with mock.patch.object(in_use_list, '_read_content', slow):
            self.assertEqual(NOW, self.list(complete=True)().as_of)

    def test_what_cannot_be_read_is_named(self):
        with self.assertRaises(ConfigurationError) as caught:
            self.list()()
        said = f'cannot read {self.file}: No such file or directory'
        self.assertEqual(said, str(caught.exception))
        self.file.write_bytes(b'a vm-\xff\n')
        with self.assertRaises(ConfigurationError) as caught:
            self.list()()
        self.assertIn(f'{self.file} is not UTF-8 text', str(caught.exception))

    def test_nobody_asked_proves_nothing(self):
        said = in_use_list.nobody_asked(lambda: NOW)
        self.assertEqual(({}, False, NOW), (said.users, said.complete, NOW))
