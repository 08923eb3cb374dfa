"""Plug-ins by name, in processes that have just the ones of a test."""

import pathlib
import subprocess
import sys
import tempfile
import textwrap
import unittest

from imagecache_handlers import loader

ROOT = str(pathlib.Path(loader.__file__).parents[1])

PROGRAM = """
import sys

sys.path[:0] = sys.argv[1:3]
from imagecache_handlers import CacheError, loader

try:
    print('loaded', type({call}).__name__)
except CacheError as error:
    print(type(error).__name__, error)
"""

PLUGIN = '''
    from imagecache_handlers import CacheHandler

    class Good(CacheHandler):
        """A good one.

        And more of it.
        """

        def __init__(self, lent=None):
            self.lent = lent

        @classmethod
        def from_conf(cls, conf, **resources):
            return cls(**resources)

        def enumerate(self, store, image_ids=None):
            return []

        def evict(self, image, alive=None):
            return 0

        def mark(self, image, add=(), remove=()):
            pass

    class Falsy(Good):
        def __len__(self):
            return 0

    class Half(CacheHandler):
        def evict(self, image, alive=None):
            return 0

    class NeedsSdk(Good):
        @classmethod
        def from_conf(cls, conf, **resources):
            import no_such_sdk

    class Other(Good):
        @classmethod
        def from_conf(cls, conf, **resources):
            return 'text'

    def function(conf):
        return Good()

    number = 7
'''

POINTS = """
    [imagecache_handlers]
    good = t_plugin:Good
    falsy = t_plugin:Falsy
    half = t_plugin:Half
    needs = t_plugin:NeedsSdk
    other = t_plugin:Other
    function = t_plugin:function
    number = t_plugin:number
    module = t_plugin
    absent = t_plugin:Absent
    missing = t_missing:Good
    broken = t_broken:Good
    twice = t_plugin:Good

    [imagecache_handlers.policies]
    mine = t_plugin:function
    number = t_plugin:number
"""

TWICE = """
    [imagecache_handlers]
    twice = t_plugin:Falsy
"""


class TestLoader(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)
        self.write('t_plugin.py', PLUGIN)
        self.write('t_missing.py', 'import no_such_sdk\n')
        self.write('t_broken.py', 'raise RuntimeError("broken at import")\n')
        self.distribution('test-one', POINTS, 'missing', 'needs')
        self.distribution('test-two', TWICE)

    def write(self, name, text):
        (self.place / name).write_text(textwrap.dedent(text))

    def distribution(self, name, points, *extras):
        info = self.place / f'{name.replace("-", "_")}-1.dist-info'
        info.mkdir()
        lines = ['Metadata-Version: 2.1', f'Name: {name}', 'Version: 1']
        lines += [f'Provides-Extra: {extra}' for extra in extras]
        (info / 'METADATA').write_text('\n'.join(lines))
        (info / 'entry_points.txt').write_text(textwrap.dedent(points))

    def run_in(self, call):
        program = PROGRAM.replace('{call}', call)
        command = [sys.executable, '-c', program, str(self.place), ROOT]
        done = subprocess.run(  # noqa: S603 -- our own program
            command,
            env={'XDG_CACHE_HOME': str(self.place / 'cache')},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual('', done.stderr)
        return done.stdout.strip()

    def handler(self, name):
        return self.run_in(f'loader.load_handler({name!r}, None)')

    def refused(self, name, *said):
        answer = self.handler(name)
        self.assertTrue(answer.startswith('HandlerLoadError'), answer)
        self.assertEqual(1, len(answer.splitlines()))
        for words in name, *said:
            self.assertIn(words, answer)
        return answer

    def test_a_handler_is_built(self):
        self.assertEqual('loaded Good', self.handler('good'))

    def test_a_handler_that_is_false_is_a_handler(self):
        self.assertEqual('loaded Falsy', self.handler('falsy'))

    def test_what_a_caller_lends_arrives(self):
        said = self.run_in("loader.load_handler('good', None, lent=7).lent")
        self.assertEqual('loaded int', said)

    def test_an_unknown_name_says_which_there_are(self):
        answer = self.handler('nope')
        self.assertTrue(answer.startswith('HandlerNotFound'))
        self.assertIn("no handler is called 'nope'", answer)
        self.assertIn('absent, ', answer)
        self.assertIn(' good, ', answer)

    def test_a_missing_sdk_says_what_to_install(self):
        for name in 'missing', 'needs':
            with self.subTest(name):
                self.refused(
                    name,
                    "No module named 'no_such_sdk'",
                    f"pip install 'test-one[{name}]'",
                )

    def test_a_plugin_that_fails_says_how(self):
        self.refused('broken', 'RuntimeError: broken at import')
        answer = self.refused('absent', 'AttributeError', 'Absent')
        self.assertNotIn('pip', answer)

    def test_what_is_no_handler_is_described(self):
        self.refused('function', 'the function t_plugin.function')
        self.refused('number', 'a int')
        self.refused('module', 'the module t_plugin')
        self.refused('other', 'built a str')

    def test_a_handler_of_two_methods_is_told_the_others(self):
        self.refused('half', 'does not define enumerate, mark')

    def test_a_name_offered_twice_names_both(self):
        self.refused(
            'twice',
            'test-one (t_plugin:Good)',
            'test-two (t_plugin:Falsy)',
        )

    def test_orders(self):
        for name, said in {
            'mine': 'loaded function',
            'number': "HandlerLoadError policy 'number' of test-one 1 cannot "
            'be loaded: it is a int, not a function',
        }.items():
            with self.subTest(name):
                answer = self.run_in(f'loader.load_order({name!r})')
                self.assertEqual(said, answer)

    def test_an_unknown_order_says_which_there_are(self):
        answer = self.run_in("loader.load_order('nope')")
        self.assertIn("no policy is called 'nope'", answer)
        self.assertIn('mine', answer)

    def test_what_is_installed_is_described(self):
        said = self.run_in(
            '"|".join(f"{one.name}~{one.origin}~{one.summary}~{one.problem}"'
            ' for one in loader.plugins(loader.HANDLERS))'.join(
                ('print(', ')')
            )
        )
        rows = {
            row[0]: row[1:]
            for line in said.partition('\n')[0].split('|')
            if (row := line.split('~'))
        }
        self.assertEqual(['test-one 1', 'A good one.', ''], rows['good'])
        self.assertEqual('test-one 1 and test-two 1', rows['twice'][0])
        self.assertIn('uninstall all but one', rows['twice'][2])
        self.assertIn('pip install', rows['missing'][2])
        self.assertIn('broken at import', rows['broken'][2])

    def test_a_list_imports_nothing(self):
        said = self.run_in(
            "'broken' in loader.available(loader.HANDLERS) "
            "and sys.modules.get('t_broken')"
        )
        self.assertEqual('loaded NoneType', said)


class TestImports(unittest.TestCase):
    def test_the_library_itself_imports_no_stevedore_and_no_options(self):
        program = (
            'import sys; sys.path.insert(0, sys.argv[1]); '
            'import imagecache_handlers, imagecache_handlers.directory; '
            'sys.exit("stevedore" in sys.modules or "oslo_config" in '
            'sys.modules)'
        )
        command = [sys.executable, '-c', program, ROOT]
        done = subprocess.run(command, check=False)  # noqa: S603 -- our own
        self.assertEqual(0, done.returncode)
