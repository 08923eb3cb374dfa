"""Text for a terminal: safe, short enough, and still told apart."""

import unittest

from imagecache_handlers.frontends.cli import text

PRINTABLE = {
    'a b': 'a b',
    'Jürgen': 'Jürgen',
    'a\x1b[31mb': 'a\\x1b[31mb',
    'a\nb\r': 'a\\nb\\r',
    '\u202egnp': '\\u202egnp',
    '\x9b31m': '\\x9b31m',
    '\udcff': '\\udcff',
}

SHORTENED = [
    ((), {}),
    (('a',), {'a': 'a'}),
    (('0123456789',), {'0123456789': '01234567'}),
    (
        ('0123456789', '0123456780'),
        {'0123456789': '0123456789', '0123456780': '0123456780'},
    ),
    (
        ('012345678', '0123456789'),
        {
            '012345678': '012345678',
            '0123456789': '0123456789',
        },
    ),
    (('abc', 'abc'), {'abc': 'abc'}),
    (
        ('c0ffee00-0000-4000-8000-1', 'c0ffee00-0000-4000-8000-2'),
        {
            'c0ffee00-0000-4000-8000-1': 'c0ffee..8000-1',
            'c0ffee00-0000-4000-8000-2': 'c0ffee..8000-2',
        },
    ),
    (
        ('x' * 20 + 'a' + 'y' * 9, 'x' * 20 + 'b' + 'y' * 9),
        {
            'x' * 20 + 'a' + 'y' * 9: 'x' * 20 + 'a',
            'x' * 20 + 'b' + 'y' * 9: 'x' * 20 + 'b',
        },
    ),
]


class TestText(unittest.TestCase):
    def test_controls_are_written_out(self):
        for given, said in PRINTABLE.items():
            with self.subTest(said):
                self.assertEqual(said, text.printable(given))
                self.assertTrue(text.printable(given).isprintable())

    def test_what_is_cut_shows_that_it_is(self):
        self.assertEqual('abcdef', text.fit('abcdef', 6))
        self.assertEqual('ab...', text.fit('abcdef', 5))
        self.assertEqual('...', text.fit('abcdef', 1))

    def test_ids_stay_apart(self):
        for image_ids, short in SHORTENED:
            with self.subTest(image_ids):
                self.assertEqual(short, text.shortened(image_ids))
