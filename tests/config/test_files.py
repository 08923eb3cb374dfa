"""Every option of ours that is set twice is joined or refused."""

import os
import pathlib
import tempfile
import unittest
from unittest import mock

from oslo_config import cfg

from imagecache_handlers.config import groups
from imagecache_handlers.config import mistakes
from imagecache_handlers.config.settings import Settings
from imagecache_handlers.config import values as config_values
from imagecache_handlers import loader

GROUPS = groups.load_groups()
OPTIONS = [(group, opt) for group, those in GROUPS for opt in those]
MANY = [(group, opt) for group, opt in OPTIONS if opt.multi]
ONE = [(group, opt) for group, opt in OPTIONS if not opt.multi]


class Files(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)
        self.folder = self.place / 'conf.d'
        self.folder.mkdir()

    def write(self, name, group, *lines):
        file = self.place / name
        file.write_text('\n'.join([f'[{group}]', *lines, '']))
        return file

    def conf(self, *arguments):
        conf = cfg.ConfigOpts()
        for group, those in GROUPS:
            conf.register_opts(those, group=group)
        conf(list(map(str, arguments)), default_config_dirs=[])
        return conf

    def two_files(self, group, key, *values):
        """Give the ways to set an option twice, and what names it so."""
        lines = [f'{key} = {value}' for value in values]
        one = self.write('one.conf', group, *lines)
        parts = f'[{group}]', lines[0], f'[{group.title()}]', lines[1], ''
        split = self.place / 'split.conf'
        split.write_text('\n'.join(parts))
        for name, line in zip('ab', lines, strict=True):
            self.write(f'conf.d/{name}.conf', group, line)
        return {
            f'--config-file={one}': [str(one)],
            f'--config-file={split}': [str(split)],
            f'--config-dir={self.folder}': [
                str(self.folder / 'a.conf'),
                str(self.folder / 'b.conf'),
            ],
        }


class TestOne(Files):
    def test_each_of_one_value_is_refused_with_its_places(self):
        for group, opt in ONE:
            for argument, places in self.two_files(
                group, opt.dest, 7, 8
            ).items():
                with self.subTest(group, option=opt.dest, argument=argument):
                    conf = self.conf(argument)
                    [said] = mistakes.find_repeated(conf, GROUPS)
                    self.assertIn(f'[{group}] {opt.dest} is set', said)
                    for place in places:
                        self.assertIn(place, said)

    def test_the_same_in_two_files_of_a_folder_says_the_same(self):
        self.two_files('imagecache', 'policy', 'lru', 'lru')
        conf = self.conf(f'--config-dir={self.folder}')
        self.assertEqual([], mistakes.find_repeated(conf, GROUPS))

    def test_a_file_that_is_named_later_has_its_way(self):
        names = [
            self.write(f'{name}.conf', 'imagecache', f'policy = {name}')
            for name in ('lru', 'age')
        ]
        self.write('conf.d/c.conf', 'imagecache', 'policy = gdsf')
        conf = self.conf(
            *(f'--config-file={name}' for name in names),
            f'--config-dir={self.folder}',
        )
        self.assertEqual([], mistakes.find_repeated(conf, GROUPS))
        self.assertEqual('gdsf', Settings(conf).read_value('policy'))


class TestMany(Files):
    def test_there_are_some(self):
        names = {opt.dest for _, opt in MANY}
        self.assertLessEqual({'path', 'protected_images', 'srs'}, names)

    def test_each_of_several_values_has_all_of_them(self):
        for group, opt in MANY:
            ways = self.two_files(group, opt.dest, '/a,/b', '/c')
            for argument in ways:
                with self.subTest(group, option=opt.dest, argument=argument):
                    conf = self.conf(argument)
                    self.assertEqual([], mistakes.find_repeated(conf, GROUPS))
                    found = config_values.read(conf, group, opt)
                    self.assertEqual('/a,/b,/c', ','.join(found))

    def test_files_that_are_named_are_joined_too(self):
        files = [
            self.write(
                f'{name}.conf', 'imagecache', f'protected_images={name}'
            )
            for name in ('one', 'two')
        ]
        conf = self.conf(*(f'--config-file={file}' for file in files))
        found = Settings(conf).read_value('protected_images')
        self.assertEqual(['one', 'two'], found)
        protected = Settings(conf).make_rules(loader.load_order).protected
        for name in 'one', 'two':
            self.assertEqual(name, protected.match(name))

    def test_a_variable_is_one_text(self):
        for group, opt in MANY:
            name = f'OS_{group}__{opt.dest}'.upper()
            with mock.patch.dict(os.environ, {name: '/a,/b'}):
                found = config_values.read(self.conf(), group, opt)
            self.assertEqual('/a,/b', ','.join(found))
