"""Text for a terminal: safe, short enough, and still told apart."""

import unittest

from imagecache_handlers.frontends.cli.pages import text

PRINTABLE = {
    'a b': 'a b',
    'Jürgen': 'Jürgen',
    'a\x1b[31mb': 'a\\x1b[31mb',
    'a\nb\r': 'a\\nb\\r',
    '\u202egnp': '\\u202egnp',
    '\x9b31m': '\\x9b31m',
    '\udcff': '\\udcff',
}

ONE = '0123456789abcdef'
TWO = '0123456789abcdee'
LONG = 'c0ffee00-0000-4000-8000-'
LATE = f'c0ffee00-0000-4000-8000-{{}}{"9" * 9}'

SHORTENED = [
    ((), {}),
    (('a',), {'a': 'a'}),
    # A name that somebody chose is not cut: it is what one would type.
    (('debian-12', 'a' * 40), {'debian-12': 'debian-12', 'a' * 40: 'a' * 8}),
    (('ubuntu-24.04-server',), {'ubuntu-24.04-server': 'ubuntu-24.04-server'}),
    ((ONE,), {ONE: '01234567'}),
    ((ONE, ONE), {ONE: '01234567'}),
    ((ONE, TWO), {ONE: '012345..abcdef', TWO: '012345..abcdee'}),
    (
        (f'{LONG}1', f'{LONG}2'),
        {f'{LONG}1': 'c0ffee..8000-1', f'{LONG}2': 'c0ffee..8000-2'},
    ),
    (
        (LATE.format('a'), LATE.format('b')),
        {
            LATE.format('a'): f'{LONG}a',
            LATE.format('b'): f'{LONG}b',
        },
    ),
]

NAME = 'a-very-long-image-name-for-a-distribution-{}-2026-11-22-amd64'
SHORTENED += [
    (('x' * 26, 'debian'), {'x' * 26: 'x' * 26, 'debian': 'debian'}),
    (
        (NAME.format('1'), NAME.format('10')),
        # Nothing shorter tells them apart.
        {one: one for one in (NAME.format('1'), NAME.format('10'))},
    ),
    (
        (NAME.format('1'), 'a-very-long-image-name-for-another-2026-11'),
        {
            NAME.format('1'): 'a-very-long-..-11-22-amd64',
            'a-very-long-image-name-for-another-2026-11': (
                'a-very-long-..ther-2026-11'
            ),
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
        self.assertEqual('abcdef', text.truncate('abcdef', 6))
        self.assertEqual('ab...', text.truncate('abcdef', 5))
        self.assertEqual('...', text.truncate('abcdef', 1))

    def test_ids_stay_apart(self):
        for image_ids, short in SHORTENED:
            with self.subTest(image_ids):
                self.assertEqual(short, text.shortened(image_ids))
