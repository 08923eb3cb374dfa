"""Nova's files are read once, and again only where Nova does so."""

import logging
import os
from unittest import mock

from oslo_config import cfg

from imagecache_handlers.config import groups
from imagecache_handlers.config import mistakes
from imagecache_handlers.config.settings import Settings
from imagecache_handlers import ConfigurationError
from imagecache_handlers import loader
from tests.config.novas_options import Folder
from tests.config.novas_options import INSIDE
from tests.config.novas_options import INTERVAL
from tests.config.novas_options import NEW_TEXT
from tests.config.novas_options import OLD_TEXT
from tests.config.novas_options import ORDERS
from tests.config.novas_options import OUTSIDE
from tests.config.novas_options import OWN_TEXT
from tests.config.novas_options import REMOVE
from tests.config.novas_options import standalone
from tests.config.novas_options import values


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
