"""A new handler from a fresh environment: written, installed, kit run."""

import json
import pathlib
import re
import tempfile
import unittest

import pytest

from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.frontends.cli.commands.new_handler import check_name
from tests.docs.newcomer import Newcomer
from tests.frontends.cli.command import Command

PAGE = """\
.. code-block:: shell

    imagecache new-handler wine_rack --into there

.. code-block:: shell

    cd there/imagecache-wine_rack
    python -m pip install --quiet --editable .
    imagecache handlers -f json

.. code-block:: shell

    cd there/imagecache-wine_rack
    imagecache conformance tests.test_handler -f json

.. code-block:: shell

    cd there/imagecache-wine_rack
    sed -i 's/return found.size/return found.size > 0/' \\
        imagecache_wine_rack/handler.py
    imagecache conformance tests.test_handler || echo it ended with $?
"""


@pytest.mark.alone
class TestFromNothing(unittest.TestCase):
    """As somebody does it who has only installed the library."""

    @classmethod
    def setUpClass(cls):
        root = cls.enterClassContext(tempfile.TemporaryDirectory())
        page = pathlib.Path(root, 'page.rst')
        page.write_text(PAGE)
        done = Newcomer(pathlib.Path(root)).follow(page)
        cls.written, cls.listed, cls.kept, cls.broken = [
            one.said for one in done
        ]

    def test_it_says_what_to_do_next(self):
        self.assertIn('cd there/imagecache-wine_rack', self.written)
        self.assertIn('imagecache conformance tests', self.written)

    def test_it_installs_and_lists(self):
        # What pip warns of stands before it.
        listed = self.listed[self.listed.index('[\n') :]
        rows = {row['name']: row for row in json.loads(listed)}
        row = rows['wine_rack']
        self.assertEqual('imagecache-wine_rack 0.1', row['from'].lower())
        self.assertEqual('', row['problem'])

    def test_it_keeps_every_promise(self):
        rows = json.loads(self.kept)
        states = {row['state'] for row in rows}
        self.assertEqual({'proved', 'declared absent'}, states)
        self.assertEqual({'TestWineRack'}, {row['kit'] for row in rows})
        proved = [row for row in rows if row['state'] == 'proved']
        self.assertGreater(len(proved), 70)
        for row in rows:
            self.assertEqual(row['state'] == 'proved', row['why'] == '')

    def test_a_promise_that_is_broken_is_shown_with_its_calls(self):
        self.assertIn('it ended with 1', self.broken)
        self.assertRegex(self.broken, r'evict +17 proved|evict +1 failed')
        words = ' '.join(self.broken.split())
        self.assertRegex(
            words,
            r'obligation: evict: what an evict frees is told in bytes '
            r'step: the only one call: evict\(.*enumerate',
        )


class TestRefusals(Command):
    def test_what_cannot_name_a_handler_is_refused(self):
        for name in 'a b', '../up', 'class', 'Big', '1st', 'x' * 41, '':
            done = self.run_bare('new-handler', name)
            self.refused(done, 2, 'cannot name a handler')
        done = self.run_bare('new-handler', 'memory')
        self.refused(done, 2, 'a handler memory is installed already')
        for name in 'handlers', 'handlers_xenapi':
            with self.assertRaisesRegex(ConfigurationError, 'would replace'):
                check_name(name)

    def test_nothing_is_written_over(self):
        for code in 0, 2:
            done = self.run_bare('new-handler', 'cellar')
            self.assertEqual(code, done.returncode)
        self.refused(done, 2, 'the package cannot be written')

    def test_what_has_no_kit_is_refused(self):
        (self.root / 'empty.py').write_text('')
        (self.root / 'broken.py').write_text('1 +\n')
        for module, said in {
            'no_such': 'cannot be imported from here: No module named',
            'broken': 'cannot be imported from here: invalid syntax',
            '.x': 'cannot be imported from here',
            'empty': 'has no kit',
        }.items():
            self.refused(self.run_bare('conformance', module), 2, said)

    def test_names_become_titles(self):
        self.assertEqual(0, self.run_bare('new-handler', 'a_b').returncode)
        written = self.root / 'imagecache-a_b'
        text = ''.join(
            path.read_text() for path in written.rglob('*') if path.is_file()
        )
        self.assertIn('class ABHandler(CacheHandler)', text)
        self.assertFalse(re.findall('template|Shelf|_shelf', text))
