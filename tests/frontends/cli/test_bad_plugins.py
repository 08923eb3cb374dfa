"""Packages that break at their import or in their options, and their names."""

import os

from tests.frontends.cli.packages import Packages
from tests.frontends.cli.packages import SOUND

LEAVES = 'import sys\nsys.exit({code})\n'

# What a package has in its module ``PLACE``, and what is said of it.
BAD_HANDLERS = {
    'leaves': (LEAVES.format(code=''), 'it ends the program, with None'),
    'leaves0': (LEAVES.format(code='0'), 'it ends the program, with 0'),
    'asserts': ('assert not 1, "no"\n', 'AssertionError: no'),
    'raises': ('1 / 0\n', 'ZeroDivisionError'),
    'function': ('def Handler(conf):\n    pass\n', 'it is the function'),
    'abstract': (
        'from imagecache_handlers import CacheHandler\n'
        'class Handler(CacheHandler):\n'
        '    def evict(self, image, alive=None):\n        return 0\n',
        'does not define enumerate, mark',
    ),
    'later': (
        f'{SOUND}\nclass Handler(Sound):\n    contract = 9\n',
        'written for contract 9',
    ),
}
# The same of its options.
BAD_OPTIONS = {
    'optleaves': ('def list_opts():\n    raise SystemExit\n', 'with None'),
    'optimport': (LEAVES.format(code="'bye'"), "with 'bye'"),
    'optraises': ('def list_opts():\n    return 1 / 0\n', 'ZeroDivision'),
    'optnone': ('def list_opts():\n    pass\n', 'TypeError'),
    'optlazily': (
        'def list_opts():\n    yield "imagecache_optlazily", []\n    1 / 0\n',
        'ZeroDivision',
    ),
    'optelse': (
        'def list_opts():\n    return [("imagecache_optelse", ["path"])]\n',
        'not an option of oslo.config',
    ),
    'optnova': (
        'def list_opts():\n    return [(None, [])]\n',
        'its options stand in [DEFAULT]',
    ),
}


class TestHandlers(Packages):
    def setUp(self):
        super().setUp()
        for name, (text, _) in BAD_HANDLERS.items():
            self.install(name, handler=text)
        self.install('sound')

    def test_each_is_named_with_its_package_and_the_others_work(self):
        rows = self.handlers()
        for name, (_, said) in BAD_HANDLERS.items():
            with self.subTest(name):
                self.assertIn(said, rows[name]['problem'])
                self.assertEqual(f'{name}-kit 3', rows[name]['from'])
                self.assertIsNone(rows[name]['contract'])
                done = self.run_there('plan', '--handler', name)
                self.refused(done, 2, f"'{name}' of {name}-kit 3", said)
        self.assertEqual('', rows['sound']['problem'])
        done = self.run_there('plan', '--handler', 'sound')
        self.assertEqual((0, ''), (done.returncode, done.stderr))

    def test_the_contract_is_shown(self):
        rows = self.handlers()
        self.assertEqual(2, rows['sound']['contract'])
        self.assertEqual(2, rows['directory']['contract'])
        page = self.run_there('handlers').stdout
        self.assertIn('from sound-kit 3, for contract 2', page)


class TestOptions(Packages):
    def test_each_is_named_with_its_package_and_the_others_work(self):
        for name, (text, said) in BAD_OPTIONS.items():
            self.install(name, options=text)
            with self.subTest(name):
                done = self.run_there('plan', '--handler', name)
                self.refused(done, 2, f"'{name}' of {name}-kit 3", said)
                self.assertIn(said, self.handlers()[name]['problem'])
                # A line of warning, for its keys cannot be judged.
                done = self.run_there('plan')
                self.assertEqual(0, done.returncode, done.stderr)
                self.assertIn('Nothing would be evicted', done.stdout)
                self.refused(done, 0, f'imagecache_{name} of {name}-kit 3')
            self.info_of(name).rename(self.root / name)

    def test_a_group_may_be_an_object(self):
        self.install(
            'object',
            options=(
                'from oslo_config import cfg\n'
                'def list_opts():\n'
                '    group = cfg.OptGroup("imagecache_object")\n'
                '    return [(group, [cfg.StrOpt("path", default="/x")])]\n'
            ),
        )
        with open(self.conf, 'a') as file:
            file.write('[imagecache_object]\npaht = /y\n')
        said = 'paht is not an option: did you mean path?'
        self.refused(self.run_there('plan'), 2, said)
        self.configure()
        done = self.run_there('config', '--handler', 'object')
        self.assertEqual((0, ''), (done.returncode, done.stderr))
        self.assertIn('[imagecache_object]\n# the default\npath', done.stdout)


class TestExits(Packages):
    def install_method(self, text):
        self.install(
            'quits',
            handler=f'{SOUND}\nimport sys\n'
            f'class Handler(Sound):\n    {text}\n',
        )

    def test_a_handler_that_exits_as_it_is_built_is_refused(self):
        self.install_method(
            'from_conf = classmethod(lambda cls, conf, **lent: sys.exit(0))'
        )
        done = self.run_there('plan', '--handler', 'quits')
        self.refused(done, 2, "'quits' of quits-kit 3", 'with 0')

    def test_one_that_fails_as_it_is_built_is_named(self):
        self.install_method(
            'from_conf = classmethod(lambda cls, conf, **lent: 1 / 0)'
        )
        done = self.run_there('plan', '--handler', 'quits')
        self.refused(done, 2, "'quits' of quits-kit 3", 'ZeroDivisionError')

    def test_one_that_exits_later_has_failed(self):
        for code in '', '0', '2', "'bye'":
            with self.subTest(code):
                self.install_method(f'stores = lambda self: sys.exit({code})')
                done = self.run_there('plan', '--handler', 'quits')
                said = f'the handler quits called sys.exit({code or None})'
                self.refused(done, 1, said)
                self.info_of('quits').rename(self.root / f'quits{code}')
                (self.site / 'quits').rename(self.root / f'of{code}')


class TestCommands(Packages):
    def test_what_ends_the_program_without_a_number_has_failed(self):
        for name, code in ('silent', ''), ('talks', r"'bye\n'"):
            with self.subTest(name):
                self.install_command(name, LEAVES.format(code=code))
                done = self.run_there(name)
                self.refused(done, 1, f'was ended: {code or None}')


class TestRemoval(Packages):
    def offer(self, name, seconds):
        """Have the package offer that name, changed so many seconds ago."""
        points = self.info_of('sound') / 'entry_points.txt'
        points.write_text(
            f'[imagecache_handlers]\n{name} = sound.handler:Handler\n'
        )
        # All within two minutes that a 32-bit float cannot tell apart.
        os.utime(points, (2**30 + seconds, 2**30 + seconds))

    def test_what_a_package_offers_is_what_it_offers_now(self):
        self.install('sound')
        self.offer('before', 1)
        self.assertIn('before', self.handlers())
        self.offer('after', 60)
        found = self.handlers()
        self.assertIn('after', found)
        self.assertNotIn('before', found)
        done = self.run_there('plan', '--handler', 'before')
        self.refused(done, 2, "no handler is called 'before'")
        done = self.run_there('plan', '--handler', 'after')
        self.assertEqual((0, ''), (done.returncode, done.stderr))

    def test_what_was_removed_just_now_is_not_there(self):
        self.install('sound')
        self.assertIn('sound', self.handlers())
        self.info_of('sound').rename(self.root / 'removed')
        self.assertNotIn('sound', self.handlers())
