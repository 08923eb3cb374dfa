"""The code in the author guide runs, and what it quotes is there."""

import configparser
import pathlib
import tempfile
import textwrap
import traceback
import unittest

from tests.docs.reading import cases
from tests.docs.reading import directives
from tests.docs.reading import quoted
from tests.docs.reading import ROOT
from tests.docs.reading import run

PAGE = ROOT / 'doc' / 'source' / 'author.rst'


class TestAuthorGuide(unittest.TestCase):
    def test_its_code_runs_and_its_kit_passes(self):
        suite = cases(run(PAGE))
        self.assertGreater(suite.countTestCases(), 50)
        result = unittest.TestResult()
        suite.run(result)
        self.assertEqual([], result.failures + result.errors)
        self.assertEqual([], result.skipped)

    def test_what_it_quotes_is_there(self):
        self.assertGreater(quoted(PAGE), 5)

    def test_its_entry_point_is_in_our_namespace(self):
        ours = configparser.ConfigParser()
        ours.read(ROOT / 'setup.cfg')
        [[_, _, body]] = directives(PAGE, 'code-block', 'ini')
        theirs = configparser.ConfigParser()
        theirs.read_string(textwrap.dedent(body))
        for group in theirs['options.entry_points']:
            self.assertIn(group, ours['options.entry_points'])


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
