"""Options make rules, or say what is wrong with them."""

import datetime
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from oslo_config import cfg

from imagecache_handlers.config import groups
from imagecache_handlers.config import mistakes
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings
from imagecache_handlers import ConfigurationError
from imagecache_handlers import HandlerNotFound
from imagecache_handlers import loader
from imagecache_handlers.planning import policies
from imagecache_handlers import Rules

MINIMUM = 'remove_unused_original_minimum_age_seconds'
RESIZED = 'remove_unused_resized_minimum_age_seconds'

REFUSED = {
    'high_watermark = 101': 'high_watermark',
    'low_watermark = -1': 'low_watermark',
    'high_watermark = many': 'high_watermark',
    'high_watermark = 70': 'low_watermark',
    'max_age_seconds = 3600': MINIMUM,
    'max_age_seconds = -1': 'max_age_seconds',
    'max_age_seconds = 99999999999999': 'max_age_seconds',
    f'{MINIMUM} = -1': MINIMUM,
    # No rule needs it.
    'manager_interval = -2': 'manager_interval',
    f'{RESIZED} = -1': RESIZED,
    'remove_unused_base_images = perhaps': 'remove_unused_base_images',
    'claim_ttl_seconds = 240': 'claim_ttl_seconds',
    'clock_skew_seconds = 150': 'claim_ttl_seconds',
    'evidence_ttl_seconds = 0': 'evidence_ttl_seconds',
    'protected_images = *': 'protected_images',
    'protected_images = a*b': 'protected_images',
    # Not taken for the name of a field of the rules.
    'protected_images = low**': 'low**',
}


class Configured(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = pathlib.Path(place.name)

    def conf(self, text, name='imagecache.conf'):
        file = self.place / name
        file.write_text(text)
        conf = cfg.ConfigOpts()
        register_opts(conf)
        conf([f'--config-file={file}'])
        return conf

    def rules(self, *lines, load_order=lambda name: getattr(policies, name)):
        text = '\n'.join(['[imagecache]', *lines])
        return Settings(self.conf(text)).make_rules(load_order)


class TestRules(Configured):
    def test_nothing_set_gives_the_defaults_of_the_rules(self):
        self.assertEqual(Rules(), self.rules())

    def test_every_option_has_its_place(self):
        rules = self.rules(
            'policy = lru',
            'high_watermark = 90',
            'low_watermark = 70',
            'max_age_seconds = 864000',
            'protected_images = golden*, *base*, exact',
            'remove_unused_base_images = false',
            f'{MINIMUM} = 7200',
            f'{RESIZED} = 60',
            'claim_ttl_seconds = 1200',
            'clock_skew_seconds = 30',
            'evidence_ttl_seconds = 20',
            'drop_deleted = true',
        )
        self.assertEqual((90, 70), (rules.high_watermark, rules.low_watermark))
        self.assertEqual(policies.lru, rules.order)
        self.assertFalse(rules.remove_unused)
        self.assertTrue(rules.drop_deleted)
        self.assertFalse(rules.expire_at_min_age)
        for name in 'golden-1', 'a-base-b', 'exact':
            self.assertTrue(rules.protected.match(name))
        seconds = {
            'max_age': 864000,
            'min_age': 7200,
            'resized_min_age': 60,
            'claim_ttl': 1200,
            'clock_skew': 30,
            'evidence_ttl': 20,
        }
        for field, count in seconds.items():
            with self.subTest(field):
                given = getattr(rules, field)
                self.assertEqual(datetime.timedelta(seconds=count), given)

    def test_only_the_policy_age_expires(self):
        for name in 'age', 'lru', 'popularity', 'gdsf':
            with self.subTest(name):
                rules = self.rules(f'policy = {name}')
                self.assertEqual(name == 'age', rules.expire_at_min_age)
                self.assertEqual(getattr(policies, name), rules.order)
                self.assertTrue(rules.remove_unused)

    def test_protected_is_no_order_but_keeps_everything(self):
        asked = []

        def load_order(name):
            asked.append(name)
            return policies.age

        rules = self.rules('policy = protected', load_order=load_order)
        self.assertFalse(rules.remove_unused)
        self.assertEqual(['age'], asked)

    def test_what_cannot_be_is_refused_with_the_names_of_options(self):
        for line, named in REFUSED.items():
            with self.subTest(line):
                with self.assertRaises(ConfigurationError) as caught:
                    self.rules(line)
                said = str(caught.exception)
                self.assertIn(named, said)
                self.assertIn('imagecache', said)
                self.assertNotIn('\n', said)

    def test_no_field_of_the_rules_is_named(self):
        with self.assertRaises(ConfigurationError) as caught:
            self.rules('high_watermark = 70')
        self.assertEqual(
            '[imagecache] the watermarks must be 0 <= low_watermark <= '
            'high_watermark <= 100 percent, not low_watermark 80 and '
            'high_watermark 70: set low_watermark no higher than '
            'high_watermark',
            str(caught.exception),
        )

    def test_a_value_out_of_range_is_shown_with_its_place_and_range(self):
        file = self.place / 'imagecache.conf'
        for name, text, fitting in (
            ('high_watermark', '101', 'a whole number from 0 to 100'),
            ('low_watermark', 'many', 'a whole number from 0 to 100'),
            ('low_watermark', '$other', 'a whole number from 0 to 100'),
            ('claim_ttl_seconds', '0', 'a whole number from 1 to 3153600000'),
            ('remove_unused_base_images', 'perhaps', 'true or false'),
        ):
            with self.subTest(name, text=text):
                with self.assertRaises(ConfigurationError) as caught:
                    self.rules(f'{name} = {text}')
                self.assertEqual(
                    f'[imagecache] {name} in {file}: {text} is not {fitting}',
                    str(caught.exception),
                )

    def test_of_a_key_that_is_repeated_the_last_is_shown(self):
        with self.assertRaises(ConfigurationError) as caught:
            self.rules('high_watermark = 101', 'high_watermark = 102')
        self.assertIn(': 102 is not', str(caught.exception))

    def test_a_contradiction_names_what_to_change(self):
        with self.assertRaises(ConfigurationError) as caught:
            self.rules('max_age_seconds = 60', f'{MINIMUM} = 120')
        self.assertEqual(
            f'[imagecache] max_age_seconds 60 is below {MINIMUM} '
            f'120, which keeps every image longer: raise '
            f'max_age_seconds',
            str(caught.exception),
        )

    def test_a_contradiction_has_the_values_as_they_were_written(self):
        name = 'OS_IMAGECACHE__CLOCK_SKEW_SECONDS'
        with (
            mock.patch.dict(os.environ, {name: '0150'}),
            self.assertRaises(ConfigurationError) as caught,
        ):
            self.rules('claim_ttl_seconds = +600', 'clock_skew_seconds = 1')
        self.assertIn(
            '[imagecache] claim_ttl_seconds +600 must be more than four '
            'times clock_skew_seconds 0150: half of it',
            str(caught.exception),
        )

    def test_a_value_that_the_program_set_is_told_as_it_is(self):
        conf = self.conf('')
        conf.set_override('low_watermark', 90, group='imagecache')
        conf.set_override('high_watermark', 85, group='imagecache')
        with self.assertRaises(ConfigurationError) as caught:
            Settings(conf).make_rules(loader.load_order)
        said = 'not low_watermark 90 and high_watermark 85: set'
        self.assertIn(said, str(caught.exception))

    def test_a_value_out_of_range_may_be_in_the_environment(self):
        name = 'OS_IMAGECACHE__HIGH_WATERMARK'
        with (
            mock.patch.dict(os.environ, {name: '101'}),
            self.assertRaises(ConfigurationError) as caught,
        ):
            self.rules('high_watermark = 90')
        self.assertEqual(
            f'the environment variable {name}: 101 is not a whole number '
            f'from 0 to 100',
            str(caught.exception),
        )

    def test_a_value_that_refers_to_nothing_is_refused(self):
        with self.assertRaises(ConfigurationError) as caught:
            self.rules('policy = $other')
        file = self.place / 'imagecache.conf'
        said = str(caught.exception)
        self.assertIn(f'[imagecache] policy in {file}', said)
        self.assertIn('other', said)

    def test_a_policy_that_is_none_is_refused_with_those_there_are(self):
        with self.assertRaises(HandlerNotFound) as caught:
            self.rules('policy = nope', load_order=loader.load_order)
        self.assertEqual('policy', caught.exception.kind)
        self.assertEqual('nope', caught.exception.name)
        known = ['age', 'gdsf', 'lru', 'popularity', 'protected']
        self.assertLessEqual(set(known), set(caught.exception.available))


class TestRegistration(Configured):
    def test_it_may_be_done_twice(self):
        conf = cfg.ConfigOpts()
        register_opts(conf)
        register_opts(conf)

    def test_nothing_is_registered_anywhere_else(self):
        register_opts(cfg.ConfigOpts())
        self.assertNotIn('imagecache', cfg.CONF)

    def test_the_list_is_a_copy(self):
        before = counts()
        for _, options in groups.load_groups():
            options.clear()
        self.assertEqual(before, counts())
        self.assertEqual(23, before['imagecache'])

    def test_every_option_has_help(self):
        for _, options in groups.load_groups():
            for option in options:
                self.assertTrue(option.help, option.name)

    def test_what_is_not_set_follows_nova(self):
        conf = self.conf('')
        self.assertEqual(2400, Settings(conf).read_value('manager_interval'))
        self.assertIsNone(conf.imagecache.manager_interval)


def counts():
    return {group: len(options) for group, options in groups.load_groups()}


class TestSample(Configured):
    def sample(self):
        """Have oslo.config's own program write a file with every option."""
        file = self.place / 'sample.conf'
        subprocess.run(  # noqa: S603 -- its own arguments
            [
                sys.executable,
                '-m',
                'oslo_config.generator',
                '--namespace=imagecache',
                '--namespace=imagecache_directory',
                '--namespace=imagecache_fleet',
                '--namespace=imagecache_glance',
                '--namespace=imagecache_nova',
                '--namespace=imagecache_vmware',
                '--namespace=imagecache_xenapi',
                f'--output-file={file}',
            ],
            check=True,
        )
        return file.read_text()

    def test_it_has_every_option_and_says_the_defaults(self):
        text = self.sample()
        for group, options in groups.load_groups():
            self.assertIn(f'\n[{group}]\n', f'\n{text}')
            for option in options:
                self.assertRegex(text, rf'(?m)^#{option.dest} =')
        conf = self.conf(text, 'as-it-is.conf')
        self.assertEqual(Rules(), Settings(conf).make_rules(loader.load_order))

    def test_it_can_be_read_back_with_every_default_set(self):
        text = re.sub('(?m)^#(?=[a-z_]+ = (?!<))', '', self.sample())
        conf = self.conf(text, 'all-set.conf')
        self.assertEqual([], mistakes.find_unknown(conf, groups.load_groups()))
        self.assertEqual(Rules(), Settings(conf).make_rules(loader.load_order))
        for name in 'handler', 'high_watermark', 'claim_ttl_seconds':
            self.assertIn('all-set.conf', Settings(conf).look_up(name).origin)


class TestInterval(Configured):
    def test_minus_one_is_never_and_zero_a_minute_as_for_nova(self):
        for text, seconds in (
            ('', 2400),
            ('[imagecache]\nmanager_interval = 7\n', 7),
            ('[imagecache]\nmanager_interval = 0\n', 60),
            ('[image_cache]\nmanager_interval = 0\n', 60),
            ('[DEFAULT]\nimage_cache_manager_interval = 9\n', 9),
        ):
            with self.subTest(text):
                interval = Settings(self.conf(text)).sweep_interval()
                self.assertEqual(seconds, interval.total_seconds())
        for group in 'imagecache', 'image_cache':
            text = f'[{group}]\nmanager_interval = -1\n'
            self.assertIsNone(Settings(self.conf(text)).sweep_interval())


class TestCallTimeout(Configured):
    def test_zero_is_never_and_ten_minutes_the_default(self):
        for text, seconds in ('', 600), ('call_timeout = 7', 7):
            conf = self.conf(f'[imagecache]\n{text}\n')
            found = Settings(conf).call_timeout()
            self.assertEqual(datetime.timedelta(seconds=seconds), found)
        conf = self.conf('[imagecache]\ncall_timeout = 0\n')
        self.assertIsNone(Settings(conf).call_timeout())


class TestUnknown(Configured):
    def test_known_keys_are_known(self):
        names = [
            opt.dest for _, group in groups.load_groups() for opt in group
        ]
        conf = self.conf(
            '[imagecache]\npolicy = age\nhigh_watermark = 3\n'
            '[imagecache_directory]\npath = /a\npath = /b\n'
            '[imagecache_rbd]\nanything = 1\n[DEFAULT]\nother = 1\n'
        )
        self.assertEqual([], mistakes.find_unknown(conf, groups.load_groups()))
        self.assertIn('path', names)

    def test_a_typing_error_is_named_with_its_file(self):
        conf = self.conf('[imagecache]\nprotected_image = golden*\n')
        file = self.place / 'imagecache.conf'
        self.assertEqual(
            [
                f'{file}: [imagecache] protected_image is not an option: did '
                f'you mean protected_images?'
            ],
            mistakes.find_unknown(conf, groups.load_groups()),
        )

    def test_every_file_and_group_is_looked_through(self):
        folder = self.place / 'conf.d'
        folder.mkdir()
        (folder / 'a.conf').write_text('[imagecache_directory]\nPath = /a\n')
        (folder / 'b.conf').write_text('[ImageCache]\nzzz = 1\n')
        (folder / 'c.txt').write_text('[imagecache]\nnone = 1\n')
        conf = cfg.ConfigOpts()
        register_opts(conf)
        conf([f'--config-dir={folder}'])
        said = mistakes.find_unknown(conf, groups.load_groups())
        self.assertEqual(2, len(said))
        self.assertIn('[imagecache_directory] Path', said[0])
        self.assertTrue(said[1].endswith('[imagecache] zzz is not an option'))

    def test_every_folder_of_several_is_looked_through(self):
        folders = [self.place / name for name in ('a.d', 'b.d')]
        for folder in folders:
            folder.mkdir()
            (folder / 'x.conf').write_text('[imagecache]\nzzz = 1\n')
        conf = cfg.ConfigOpts()
        register_opts(conf)
        conf([f'--config-dir={folder}' for folder in folders])
        self.assertEqual(
            [
                f'{folder}/x.conf: [imagecache] zzz is not an option'
                for folder in folders
            ],
            mistakes.find_unknown(conf, groups.load_groups()),
        )

    def test_ours_in_the_group_of_nova_are_named(self):
        file = self.place / 'x.conf'
        file.write_text(
            '[image_cache]\nmanager_interval = 60\nprotected_images = a*\n'
        )
        conf = cfg.ConfigOpts()
        register_opts(conf)
        conf([f'--config-file={file}'])
        self.assertEqual(
            [
                f'{file}: [image_cache] protected_images is an option of '
                f'[imagecache]: move it there'
            ],
            mistakes.find_unknown(conf, groups.load_groups()),
        )

    def test_the_home_is_found(self):
        (self.place / 'x.conf').write_text('[imagecache]\nzzz = 1\n')
        conf = cfg.ConfigOpts()
        register_opts(conf)
        with mock.patch.dict(os.environ, HOME=str(self.place)):
            conf(['--config-file=~/x.conf'])
            self.assertEqual(
                1, len(mistakes.find_unknown(conf, groups.load_groups()))
            )

    def test_the_groups_to_look_at_may_be_given(self):
        conf = self.conf('[imagecache_x]\nnear = 1\n[zzz]\nz = 1\n')
        known = [('imagecache_x', [cfg.StrOpt('nearby')])]
        (said,) = mistakes.find_unknown(conf, known)
        self.assertIn('[imagecache_x] near is not an option', said)
        self.assertIn('did you mean nearby?', said)

    def test_a_conf_that_has_read_no_file_has_none(self):
        conf = cfg.ConfigOpts()
        register_opts(conf)
        self.assertEqual([], mistakes.find_unknown(conf, groups.load_groups()))

    def test_a_group_that_is_all_but_one_of_ours_is_named(self):
        for name, mean in (
            ('imagecache_directroy', 'imagecache_directory'),
            ('imagecach', 'imagecache'),
            ('imagescache', 'imagecache'),
        ):
            conf = self.conf(f'[{name}]\npath = /a\n')
            (said,) = mistakes.find_unknown(conf, groups.load_groups())
            self.assertTrue(
                said.endswith(
                    f'[{name}] is not a group of options: did you mean {mean}?'
                ),
                said,
            )

    def test_the_groups_of_others_are_theirs(self):
        conf = self.conf(
            ''.join(
                f'[{name}]\nx = 1\n'
                for name in (
                    'image_cache',
                    'glance',
                    'cache',
                    'imagecache_rbd',
                    'imagecache_s3',
                    'directory',
                    'DEFAULT',
                )
            )
        )
        self.assertEqual([], mistakes.find_unknown(conf, groups.load_groups()))
