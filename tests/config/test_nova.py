"""Nova's options are followed in every order, and never registered."""

import contextlib
import io
import itertools
import logging
import os
import pathlib
import tempfile
import unittest
from unittest import mock

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from oslo_config import cfg

from imagecache_handlers.config import groups
from imagecache_handlers.config import mistakes
from imagecache_handlers.config import nova as nova_opts
from imagecache_handlers.config.options import GROUP
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings
from imagecache_handlers import ConfigurationError
from imagecache_handlers import loader

INTERVAL = 'manager_interval'
REMOVE = 'remove_unused_base_images'
ORIGINAL = 'remove_unused_original_minimum_age_seconds'
RESIZED = 'remove_unused_resized_minimum_age_seconds'
NAMES = [INTERVAL, REMOVE, ORIGINAL, RESIZED]

OLD = {
    INTERVAL: ('DEFAULT', 'image_cache_manager_interval'),
    REMOVE: ('DEFAULT', REMOVE),
    ORIGINAL: ('DEFAULT', ORIGINAL),
    RESIZED: ('libvirt', RESIZED),
}

OLD_TEXT = f"""
[DEFAULT]
image_cache_manager_interval = 11
{REMOVE} = false
{ORIGINAL} = 13
[libvirt]
{RESIZED} = 14
"""
NEW_TEXT = f"""
[image_cache]
{INTERVAL} = 21
{REMOVE} = false
{ORIGINAL} = 23
{RESIZED} = 24
"""
OWN_TEXT = f"""
[imagecache]
{INTERVAL} = 31
{REMOVE} = true
{ORIGINAL} = 33
{RESIZED} = 34
"""
FILES = {
    'no file': (None, [2400, True, 86400, 3600]),
    'an empty file': ('', [2400, True, 86400, 3600]),
    'old names': (OLD_TEXT, [11, False, 13, 14]),
    'new names': (NEW_TEXT, [21, False, 23, 24]),
    'both': (OLD_TEXT + NEW_TEXT, [21, False, 23, 24]),
    'own group': (OLD_TEXT + NEW_TEXT + OWN_TEXT, [31, True, 33, 34]),
    'one of each': (
        f'[DEFAULT]\nimage_cache_manager_interval = 11\n'
        f'[image_cache]\n{REMOVE} = no\n[imagecache]\n{ORIGINAL} = 33\n',
        [11, False, 33, 3600],
    ),
}


def register_nova(conf):
    """Do what ``nova.conf.imagecache`` does when it is imported."""
    group = cfg.OptGroup(
        'image_cache', title='Image Cache Options', help='A cache.'
    )
    conf.register_group(group)
    conf.register_opts(
        [
            cfg.IntOpt(
                'manager_interval',
                default=2400,
                min=-1,
                deprecated_name='image_cache_manager_interval',
                deprecated_group='DEFAULT',
                help='Number of seconds to wait between runs.',
            ),
            cfg.StrOpt(
                'subdirectory_name',
                default='_base',
                deprecated_name='image_cache_subdirectory_name',
                deprecated_group='DEFAULT',
                help='Where cached images are stored.',
            ),
            cfg.BoolOpt(
                'remove_unused_base_images',
                default=True,
                deprecated_group='DEFAULT',
                help='Should unused base images be removed?',
            ),
            cfg.IntOpt(
                'remove_unused_original_minimum_age_seconds',
                default=(24 * 3600),
                deprecated_group='DEFAULT',
                help='Unused unresized base images.',
            ),
            cfg.IntOpt(
                'remove_unused_resized_minimum_age_seconds',
                default=3600,
                deprecated_group='libvirt',
                help='Unused resized base images.',
            ),
            cfg.IntOpt(
                'precache_concurrency',
                default=1,
                min=1,
                help='Maximum number of compute hosts.',
            ),
        ],
        group=group,
    )


def library_first(arguments):
    conf = cfg.ConfigOpts()
    register_opts(conf)
    register_nova(conf)
    read(conf, arguments)
    return conf


def nova_first(arguments):
    conf = cfg.ConfigOpts()
    register_nova(conf)
    read(conf, arguments)
    register_opts(conf)
    return conf


def library_read_then_nova(arguments):
    conf = standalone(arguments)
    values(conf)
    register_nova(conf)
    return conf


def nova_elsewhere(arguments):
    other = cfg.ConfigOpts()
    register_nova(other)
    read(other, [])
    other.set_override(INTERVAL, 1, group='image_cache')
    return standalone(arguments)


def standalone(arguments):
    conf = cfg.ConfigOpts()
    register_opts(conf)
    read(conf, arguments)
    return conf


ORDERS = [
    library_first,
    nova_first,
    library_read_then_nova,
    nova_elsewhere,
    standalone,
]
INSIDE = ORDERS[:3]
OUTSIDE = ORDERS[3:]


def read(conf, arguments):
    # Nothing of this host.
    conf(arguments, default_config_files=[], default_config_dirs=[])


def values(conf, settings=None):
    settings = settings or Settings(conf)
    return [settings.read_value(name) for name in NAMES]


class Folder(unittest.TestCase):
    def setUp(self):
        self.place = pathlib.Path(
            self.enterContext(tempfile.TemporaryDirectory())
        )

    def file(self, text, name='nova.conf'):
        file = self.place / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return f'--config-file={file}'

    def folder(self, text, name='conf.d'):
        self.file(text, f'{name}/a.conf')
        return f'--config-dir={self.place / name}'

    def same(self, expected, arguments):
        for order in ORDERS:
            with self.subTest(order.__name__):
                self.assertEqual(expected, values(order(arguments)))


class TestEveryOrder(Folder):
    def test_every_order_and_file_gives_the_same(self):
        for order, name in itertools.product(ORDERS, FILES):
            with self.subTest(order=order.__name__, file=name):
                text, expected = FILES[name]
                arguments = [] if text is None else [self.file(text)]
                conf = order(arguments)
                self.assertEqual(expected, values(conf))
                self.assertEqual(expected, values(conf, Settings(conf)))

    def test_the_rules_follow(self):
        arguments = [self.file(OLD_TEXT)]
        for order in ORDERS:
            rules = Settings(order(arguments)).make_rules(loader.load_order)
            self.assertFalse(rules.remove_unused)
            self.assertEqual(13, rules.min_age.total_seconds())
            self.assertEqual(14, rules.resized_min_age.total_seconds())

    def test_nothing_is_registered_where_nova_would(self):
        conf = standalone([self.file(NEW_TEXT)])
        values(conf)
        self.assertNotIn(nova_opts.GROUP, conf)
        self.assertNotIn(nova_opts.GROUP, cfg.CONF)

    def test_a_group_of_that_name_with_other_options_is_passed_over(self):
        conf = standalone([self.file(NEW_TEXT)])
        conf.register_opt(cfg.StrOpt('subdirectory_name'), group='image_cache')
        self.assertEqual([21, False, 23, 24], values(conf))

    def test_what_was_never_read_has_the_defaults(self):
        conf = cfg.ConfigOpts()
        register_opts(conf)
        expected = [2400, True, 86400, 3600]
        self.assertEqual(expected, values(conf))
        register_nova(conf)
        self.assertEqual(expected, values(conf))


class TestOverrides(Folder):
    def test_an_override_in_nova_is_followed(self):
        for order in INSIDE:
            with self.subTest(order.__name__):
                conf = order([self.file(NEW_TEXT)])
                ours = Settings(conf)
                values(conf, ours)
                conf.set_override(ORIGINAL, 99, group='image_cache')
                self.assertEqual(99, ours.read_value(ORIGINAL))
                said = ours.look_up(ORIGINAL).origin
                self.assertEqual('the program', said)
                conf.clear_override(ORIGINAL, group='image_cache')
                self.assertEqual(23, ours.read_value(ORIGINAL))

    def test_an_override_of_our_own_wins(self):
        for order in ORDERS:
            with self.subTest(order.__name__):
                conf = order([self.file(NEW_TEXT)])
                conf.set_override(REMOVE, True, group=GROUP)
                self.assertIs(True, Settings(conf).read_value(REMOVE))
                conf.clear_override(REMOVE, group=GROUP)
                self.assertIs(False, Settings(conf).read_value(REMOVE))


class TestSeveralFiles(Folder):
    def test_of_two_files_the_later_counts_whatever_its_names(self):
        new = self.file(NEW_TEXT, 'new.conf')
        old = self.file(OLD_TEXT, 'old.conf')
        self.same([11, False, 13, 14], [new, old])
        self.same([21, False, 23, 24], [old, new])

    def test_the_order_of_files_and_folders_is_that_of_the_line(self):
        file = self.file(NEW_TEXT)
        folder = self.folder(OLD_TEXT)
        self.same([11, False, 13, 14], [file, folder])
        self.same([21, False, 23, 24], [folder, file])
        apart = [part for one in (folder, file) for part in one.split('=')]
        self.same([21, False, 23, 24], apart)

    def test_several_folders_count(self):
        first = self.folder(NEW_TEXT, 'first')
        second = self.folder(f'[image_cache]\n{INTERVAL} = 5\n', 'second')
        self.same([5, False, 23, 24], [first, second])
        self.same([21, False, 23, 24], [second, first])

    def test_hidden_files_and_others_are_no_options(self):
        folder = self.folder(NEW_TEXT)
        self.file(OLD_TEXT, 'conf.d/.z.conf')
        self.file(OLD_TEXT, 'conf.d/z.txt')
        self.same([21, False, 23, 24], [folder])

    def test_defaults_are_read_before_what_was_named(self):
        new = self.file(NEW_TEXT).partition('=')[2]
        folder = self.folder(OLD_TEXT)
        path = folder.partition('=')[2]
        named = f'--config-file={new}'
        for files, folders, line, expected in (
            ([new], [], [], 21),
            ([new], [path], [], 11),
            ([new], ['/no/such/folder'], [], 21),
            ([new], [], [folder], 11),
            # A folder by default, then the file that was named.
            ([], [path], [named], 21),
        ):
            for inside in True, False:
                with self.subTest(line, inside=inside):
                    conf = cfg.ConfigOpts()
                    register_opts(conf)
                    if inside:
                        register_nova(conf)
                    conf(
                        line,
                        default_config_files=files,
                        default_config_dirs=folders,
                    )
                    self.assertEqual(
                        expected, Settings(conf).read_value(INTERVAL)
                    )

    def test_options_of_the_program_on_the_line_are_passed_over(self):
        folder, file = self.folder(OLD_TEXT), self.file(NEW_TEXT)
        conf = cfg.ConfigOpts()
        register_opts(conf)
        conf.register_cli_opt(cfg.StrOpt('connection'))
        conf.register_cli_opt(cfg.BoolOpt('config'))
        read(conf, ['--conn=x', folder, '--config', file])
        self.assertEqual([21, False, 23, 24], values(conf))

    def test_a_shortened_option_still_leads_to_the_file(self):
        file = self.file(NEW_TEXT).replace('--config-file', '--config-f')
        self.same([21, False, 23, 24], [file])

    def test_a_line_with_both_kinds_of_options_leads_to_all_files(self):
        new = self.file(NEW_TEXT, 'new.conf')
        old = self.file(OLD_TEXT, 'old.conf')
        short = old.replace('--config-file', '--config-f')
        self.same([11, False, 13, 14], [new, short])

    def test_no_file_is_found_that_nobody_named(self):
        self.file(NEW_TEXT, 'imagecache.conf')
        self.folder(NEW_TEXT, 'imagecache.conf.d')
        with mock.patch.dict(os.environ, HOME=str(self.place)):
            self.same([2400, True, 86400, 3600], [])

    def test_without_the_line_the_files_are_found_all_the_same(self):
        conf = standalone([self.file(NEW_TEXT)])
        # It is not a part of what oslo.config promises.
        del conf._args
        self.assertEqual([21, False, 23, 24], values(conf))

    def test_a_home_is_found(self):
        with mock.patch.dict(os.environ, HOME=str(self.place)):
            self.file(NEW_TEXT)
            self.same([21, False, 23, 24], ['--config-file=~/nova.conf'])


class TestEnvironment(Folder):
    def test_new_names_count_and_old_ones_do_not(self):
        variables = {
            'OS_IMAGE_CACHE__MANAGER_INTERVAL': '7',
            'OS_DEFAULT__IMAGE_CACHE_MANAGER_INTERVAL': '8',
            f'OS_LIBVIRT__{RESIZED.upper()}': '9',
        }
        file = self.file(NEW_TEXT)
        with mock.patch.dict(os.environ, variables):
            self.same([7, False, 23, 24], [file])
            for order in ORDERS:
                self.assertEqual(
                    'the environment variable '
                    'OS_IMAGE_CACHE__MANAGER_INTERVAL',
                    Settings(order([file])).look_up(INTERVAL).origin,
                )

    def test_our_own_counts_more(self):
        variables = {
            'OS_IMAGE_CACHE__MANAGER_INTERVAL': '7',
            'OS_IMAGECACHE__MANAGER_INTERVAL': '6',
        }
        with mock.patch.dict(os.environ, variables):
            self.same([6, False, 23, 24], [self.file(NEW_TEXT)])

    def test_who_does_not_want_it_does_not_have_it(self):
        conf = cfg.ConfigOpts()
        register_opts(conf)
        conf([self.file(NEW_TEXT)], default_config_dirs=[], use_env=False)
        name = 'OS_IMAGE_CACHE__MANAGER_INTERVAL'
        with mock.patch.dict(os.environ, {name: '7'}):
            self.assertEqual(21, Settings(conf).read_value(INTERVAL))


class TestReading(Folder):
    def test_files_are_read_again_only_by_another(self):
        for order in OUTSIDE:
            with self.subTest(order.__name__):
                conf = order([self.file(OLD_TEXT)])
                ours = Settings(conf)
                self.assertEqual(11, ours.read_value(INTERVAL))
                self.file(NEW_TEXT)
                conf.reload_config_files()
                self.assertEqual(11, ours.read_value(INTERVAL))
                self.assertEqual(21, Settings(conf).read_value(INTERVAL))

    def test_inside_nova_reading_again_is_seen(self):
        for order in INSIDE:
            with self.subTest(order.__name__):
                conf = order([self.file(OLD_TEXT)])
                ours = Settings(conf)
                self.assertEqual(11, ours.read_value(INTERVAL))
                self.file(NEW_TEXT)
                conf.reload_config_files()
                self.assertEqual(21, ours.read_value(INTERVAL))

    def test_none_changes_by_mutation(self):
        logging.disable(logging.CRITICAL)
        self.addCleanup(logging.disable, logging.NOTSET)
        for order in ORDERS:
            with self.subTest(order.__name__):
                conf = order([self.file(OLD_TEXT)])
                ours = Settings(conf)
                values(conf, ours)
                self.file(NEW_TEXT)
                conf.mutate_config_files()
                expected = [11, False, 13, 14]
                self.assertEqual(expected, values(conf, ours))

    # Where oslo.log is installed it says everything once in a process.
    @mock.patch.object(cfg, 'oslo_log', None)
    def test_an_old_name_is_complained_of_once(self):
        for order in ORDERS:
            with self.subTest(order.__name__):
                conf = order([self.file(OLD_TEXT)])
                ours = Settings(conf)
                with self.assertLogs('oslo_config') as caught:
                    # It warns of every name once, and again if read anew.
                    conf.reload_config_files()
                    for _ in range(3):
                        values(conf, ours)
                        ours.make_rules(loader.load_order)
                        ours.look_up(INTERVAL)
                text = '"image_cache_manager_interval" from group "DEFAULT"'
                said = [line for line in caught.output if text in line]
                self.assertEqual(1, len(said), caught.output)
                self.assertIn('"image_cache"', said[0])

    def test_our_own_names_are_never_called_for(self):
        with self.assertNoLogs('oslo_config'):
            values(standalone([self.file(OWN_TEXT + OLD_TEXT)]))

    def test_a_file_that_is_gone_is_refused(self):
        conf = standalone([self.file(NEW_TEXT)])
        (self.place / 'nova.conf').unlink()
        with self.assertRaisesRegex(ConfigurationError, 'nova.conf'):
            Settings(conf).read_value(INTERVAL)

    def test_a_pipe_is_refused_for_it_is_empty_the_second_time(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.write(writing, NEW_TEXT.encode())
        os.close(writing)
        conf = standalone([f'--config-file=/dev/fd/{reading}'])
        for ask in (
            lambda: Settings(conf).read_value(REMOVE),
            lambda: mistakes.find_unknown(conf, groups.load_groups()),
        ):
            with self.assertRaisesRegex(ConfigurationError, 'is a pipe'):
                ask()


class TestOrigin(Folder):
    def test_it_names_the_key_and_the_file(self):
        nova = self.file(OLD_TEXT + NEW_TEXT).partition('=')[2]
        mine = self.file(
            f'[imagecache]\n{REMOVE} = true\npolicy = lru\n'
            f'[libvirt]\n{RESIZED} = 3\n[image_cache]\n[DEFAULT]\n',
            'mine.conf',
        ).partition('=')[2]
        for order in ORDERS:
            conf = order([f'--config-file={nova}', f'--config-file={mine}'])
            for name, said in {
                # Not in the later file, though it has the same groups.
                INTERVAL: f'[image_cache] {INTERVAL} in {nova}',
                REMOVE: f'[imagecache] {REMOVE} in {mine}',
                RESIZED: f'[libvirt] {RESIZED} in {mine}',
                'policy': f'[imagecache] policy in {mine}',
                'handler': 'the default',
            }.items():
                with self.subTest(name, order=order.__name__):
                    self.assertEqual(said, Settings(conf).look_up(name).origin)

    def test_a_default_of_nova_is_named_so(self):
        for order in ORDERS:
            said = Settings(order([])).look_up(INTERVAL).origin
            self.assertEqual("Nova's default", said)

    def test_an_override_is_the_program(self):
        conf = standalone([])
        conf.set_override('handler', 'memory', group=GROUP)
        self.assertEqual(
            'the program', Settings(conf).look_up('handler').origin
        )


class TestRefusals(Folder):
    def refused(self, text, expected):
        for order in ORDERS:
            with self.subTest(text, order=order.__name__):
                file = self.file(text)
                with self.assertRaises(ConfigurationError) as caught:
                    Settings(order([file])).make_rules(loader.load_order)
                self.assertEqual(expected, str(caught.exception))

    def test_what_nova_refuses_is_refused(self):
        nova = self.place / 'nova.conf'
        self.refused(
            f'[DEFAULT]\n{REMOVE} = perhaps\n',
            f'[DEFAULT] {REMOVE} in {nova}: perhaps is not true or false',
        )
        self.refused(
            f'[image_cache]\n{ORIGINAL} = $unheard_of\n',
            f'[image_cache] {ORIGINAL} in {nova}: $unheard_of is not a '
            f'whole number',
        )

    def test_what_nova_takes_and_we_cannot_is_refused_with_advice(self):
        nova = self.place / 'nova.conf'
        for number in '-1', '99999999999999':
            self.refused(
                f'[DEFAULT]\n{ORIGINAL} = {number}\n',
                f'[DEFAULT] {ORIGINAL} in {nova}: {number} is not a whole '
                f'number from 0 to 3153600000: change it, or set '
                f'[imagecache] {ORIGINAL}',
            )

    def test_a_contradiction_to_nova_says_where_that_is_set(self):
        nova = self.place / 'nova.conf'
        self.refused(
            f'[image_cache]\n{ORIGINAL} = 7200\n'
            f'[imagecache]\nmax_age_seconds = 3600\n',
            f'[imagecache] max_age_seconds 3600 is below {ORIGINAL} '
            f'7200, which keeps every image longer: raise '
            f'max_age_seconds; {ORIGINAL} comes from [image_cache] '
            f'{ORIGINAL} in {nova}',
        )

    def test_whoever_asks_for_a_wrong_value_is_told(self):
        file = self.file(f'[image_cache]\n{INTERVAL} = -2\n')
        said = '-2 is not a whole number of at least -1'
        for order in library_first, nova_first, standalone:
            conf = order([file])
            ours = Settings(conf)
            for ask in ours.read_value, ours.look_up:
                with self.assertRaisesRegex(ConfigurationError, said):
                    ask(INTERVAL)


PLACES = [
    *[('imagecache', name, name) for name in NAMES],
    *[('image_cache', name, name) for name in NAMES],
    *[('Image_Cache', name, name) for name in NAMES],
    *[(*place, name) for name, place in OLD.items()],
]


@st.composite
def lines(draw):
    """Some files and folders, what is set in each, and how they are named."""
    return draw(
        st.lists(
            st.tuples(
                st.sampled_from(['file', 'dir']),
                st.sets(st.sampled_from(PLACES), max_size=6),
                st.booleans(),
            ),
            max_size=5,
        )
    )


class TestAnyLine(Folder):
    @settings(max_examples=200, deadline=None)
    @given(lines())
    def test_it_is_as_oslo_config_itself_has_it(self, line):
        arguments: list[str] = []
        for number, (kind, places, apart) in enumerate(line, 1):
            text = ''.join(
                # A switch can tell only two files apart.
                f'[{group}]\n{key} = '
                f'{number % 2 if name == REMOVE else number}\n'
                for group, key, name in sorted(places)
            )
            if kind == 'file':
                option = self.file(text, f'{number}.conf')
            else:
                option = self.folder(text, f'{number}.d')
            arguments += option.split('=') if apart else [option]
        inside, outside = library_first(arguments), standalone(arguments)
        self.assertEqual(values(inside), values(outside))
        for name in NAMES:
            said = Settings(outside).look_up(name).origin
            self.assertEqual(Settings(inside).look_up(name).origin, said)
            if name != REMOVE and ' in ' in said:
                last = Settings(outside).read_value(name)
                self.assertIn(f'/{last}.', said)


class TestSilence(Folder):
    def test_nothing_is_printed(self):
        said = io.StringIO()
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            values(standalone([self.file(NEW_TEXT)]))
        self.assertEqual('', said.getvalue())
