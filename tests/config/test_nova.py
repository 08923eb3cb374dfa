"""Nova's options are followed in every order, and never registered."""

import contextlib
import io
import itertools
import os
from unittest import mock

from oslo_config import cfg

from imagecache_handlers.config import nova as nova_opts
from imagecache_handlers.config.options import GROUP
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings
from imagecache_handlers import loader
from tests.config.novas_options import FILES
from tests.config.novas_options import Folder
from tests.config.novas_options import INSIDE
from tests.config.novas_options import INTERVAL
from tests.config.novas_options import NEW_TEXT
from tests.config.novas_options import OLD_TEXT
from tests.config.novas_options import ORDERS
from tests.config.novas_options import ORIGINAL
from tests.config.novas_options import register_nova
from tests.config.novas_options import REMOVE
from tests.config.novas_options import RESIZED
from tests.config.novas_options import standalone
from tests.config.novas_options import values


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


class TestSilence(Folder):
    def test_nothing_is_printed(self):
        said = io.StringIO()
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
        ):
            values(standalone([self.file(NEW_TEXT)]))
        self.assertEqual('', said.getvalue())
