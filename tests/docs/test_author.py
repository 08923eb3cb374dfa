"""The code in the author guide runs, and what it quotes is there."""

import pathlib
import re
import tempfile
import textwrap
import traceback
import unittest

from tests.docs.newcomer import Newcomer
from tests.docs.reading import quoted
from tests.docs.reading import ROOT
from tests.docs.reading import run

PAGE = ROOT / 'doc' / 'source' / 'author.rst'


class TestAuthorGuide(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        root = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.done = Newcomer(pathlib.Path(root)).follow(PAGE)

    def said(self, language):
        return [done.said for done in self.done if done.language == language]

    def test_its_kit_passes(self):
        kit, _ = self.said('shell')
        [count] = re.findall(r'^  in all +(\d+) proved', kit, re.MULTILINE)
        self.assertGreater(int(count), 50)
        self.assertIn('declared absent: add: ', kit)
        self.assertNotIn('failed', kit)
        self.assertNotIn('not examined', kit)
        # Nor does what the kit breaks on purpose look like a defect.
        self.assertNotIn('unavailable', kit)

    def test_its_handler_works_where_it_is_installed(self):
        *_, plan = self.said('shell')
        self.assertIn('debian-12', plan)

    def test_every_block_is_done(self):
        blocks = PAGE.read_text().count('.. code-block::')
        self.assertEqual(blocks, len(self.done))
        self.assertNotRegex(PAGE.read_text(), r'[^.]::\n')

    def test_what_it_quotes_is_there(self):
        self.assertEqual(5, quoted(PAGE))


class TestNewcomer(unittest.TestCase):
    """A page that does not work is found out."""

    def setUp(self):
        root = self.enterContext(tempfile.TemporaryDirectory())
        self.root = pathlib.Path(root)
        self.newcomer = Newcomer(self.root)

    def follow(self, *lines):
        page = self.root / 'page.rst'
        page.write_text('\n'.join([*lines, '']))
        return self.newcomer.follow(page)

    def test_blocks_are_done_in_their_order(self):
        done = self.follow(
            '.. code-block:: python',
            '    :caption: there/it.py',
            '',
            '    IT = 1',
            '',
            '.. code-block:: shell',
            '',
            '    cat there/it.py',
            '',
            '.. code-block:: python',
            '',
            '    from there.it import IT',
            '    print(IT)',
        )
        self.assertEqual(['', 'IT = 1\n', '1\n'], [it.said for it in done])

    def test_a_block_that_fails_is_found(self):
        for language, text in ('shell', 'false; true'), ('python', '1 / 0'):
            with self.assertRaisesRegex(AssertionError, 'line 1 fails'):
                self.follow(f'.. code-block:: {language}', '', f'    {text}')

    def test_what_nobody_can_run_is_found(self):
        with self.assertRaisesRegex(LookupError, 'line 1: .* cobol'):
            self.follow('.. code-block:: cobol', '', '    STOP RUN.')


class TestReader(unittest.TestCase):
    """A page that is wrong does not pass."""

    def page(self, text):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        page = pathlib.Path(folder.name) / 'page.rst'
        page.write_text(textwrap.dedent(text))
        return page

    def test_a_block_that_fails_is_found_by_its_line(self):
        page = self.page("""\
            Text.

            .. code-block:: python

                works = True

            More.

            .. code-block:: python
               :caption: broken

               assert not works
            """)
        try:
            run(page)
        except AssertionError as error:
            [*_, last] = traceback.extract_tb(error.__traceback__)
            self.assertEqual((str(page), 12), (last.filename, last.lineno))
        else:
            self.fail('the second block was not run')

    def test_other_languages_are_not_run(self):
        page = self.page("""\
            .. code-block:: ini

                [options]
            """)
        self.assertEqual({'__name__': 'page'}, run(page))

    def test_a_quote_of_nothing_is_found(self):
        for option in ':pyobject: Nothing', ':start-after: no' + ' such line':
            page = self.page(f"""\
                .. literalinclude:: {__file__}
                   {option}
                """)
            with self.assertRaises(LookupError):
                quoted(page)
