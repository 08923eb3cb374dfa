"""Folders that whoever embeds the handler lends to it."""

import unittest

from oslo_config import cfg

from imagecache_handlers import ConfigurationError
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.directory.lent import fill_options

NOVA = {'instances_path': '/i', 'subdirectory_name': '_base'}
NONE = {'path': [], 'layout': 'plain', 'instance_paths': []}

# What is set, what is lent, and what comes of it.
FILLED = (
    ({}, {}, {}),
    ({}, {'paths': ['/d']}, {'path': ['/d']}),
    (
        {},
        NOVA,
        {'path': ['/i/_base'], 'layout': 'nova', 'instance_paths': ['/i']},
    ),
    (
        {'instance_paths': ['/j']},
        NOVA,
        {
            'path': ['/i/_base'],
            'layout': 'nova',
            'instance_paths': ['/i', '/j'],
        },
    ),
    ({'path': ['/own']}, NOVA | {'paths': ['/d']}, {'path': ['/own']}),
    ({}, {'instances_path': '/i', 'subdirectory_name': None}, {}),
    ({}, {'session': object()}, {}),
)


class TestLent(unittest.TestCase):
    def test_what_is_lent_counts_where_no_path_is_set(self):
        for given, lent, filled in FILLED:
            with self.subTest(given=given, lent=lent):
                options = NONE | given
                self.assertEqual(options | filled, fill_options(options, lent))
                self.assertEqual(NONE | given, options)

    def test_a_handler_of_lent_folders(self):
        conf = cfg.ConfigOpts()
        conf([], default_config_files=[], default_config_dirs=[])
        handler = DirectoryHandler.from_conf(conf, paths=['/d'])
        self.assertEqual(('/d',), handler.paths)
        self.assertEqual('/d', handler.stores()[0].name)
        handler = DirectoryHandler.from_conf(conf, **NOVA)
        self.assertEqual(('/i/_base',), handler.paths)
        self.assertEqual(40, len(handler.key('a')))
        with self.assertRaisesRegex(ConfigurationError, 'set'):
            DirectoryHandler.from_conf(conf)
