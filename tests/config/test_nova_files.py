"""Files and folders of Nova's options count in the order of the line."""

import os
from unittest import mock

from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from oslo_config import cfg

from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings
from tests.config.novas_options import Folder
from tests.config.novas_options import INTERVAL
from tests.config.novas_options import library_first
from tests.config.novas_options import NAMES
from tests.config.novas_options import NEW_TEXT
from tests.config.novas_options import OLD
from tests.config.novas_options import OLD_TEXT
from tests.config.novas_options import read
from tests.config.novas_options import register_nova
from tests.config.novas_options import REMOVE
from tests.config.novas_options import standalone
from tests.config.novas_options import values


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
