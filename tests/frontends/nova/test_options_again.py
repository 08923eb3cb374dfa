"""Options that change while nova-compute runs: what SIGHUP takes up.

Nova's launcher calls ``mutate_config_files`` then, which lets mutable options
change and tells of the others.
"""

from imagecache_handlers import CacheError
from imagecache_handlers.config.options import BY_NAME
from imagecache_handlers.frontends.nova.manager import ImageCacheManager
from tests.directory.place import sha1
from tests.frontends.nova.things import HostPlace
from tests.frontends.nova.things import nova_options

# What every option is set to while the service runs.
NEW = {
    'handler': 'memory',
    'policy': 'lru',
    'high_watermark': 90,
    'low_watermark': 70,
    'max_age_seconds': 5,
    'protected_images': ['golden-*'],
    'claim_ttl_seconds': 700,
    'clock_skew_seconds': 61,
    'evidence_ttl_seconds': 301,
    'call_timeout': 1,
    'notifications': True,
    'staging_path': '/staging',
    'max_image_size_bytes': 7,
    'prefetch_concurrency': 2,
    'prefetch_max_rate': 3,
    'prefetch_ttl_seconds': 4000,
    'conversion_memory_bytes': 2**28,
    'conversion_timeout_seconds': 9,
    'manager_interval': 11,
    'remove_unused_base_images': False,
    'remove_unused_original_minimum_age_seconds': 12,
    'remove_unused_resized_minimum_age_seconds': 13,
    'drop_deleted': True,
}
# Loaded once, common to all hosts, or of no use inside of Nova.
FIXED = {
    *('handler', 'claim_ttl_seconds', 'clock_skew_seconds'),
    *('call_timeout', 'manager_interval'),
}
AGE = 'remove_unused_original_minimum_age_seconds'


class TestOptionsAgain(HostPlace):
    def setUp(self):
        super().setUp()
        self.file_of_options = self.root / 'nova.conf'
        self.write()
        self.conf = nova_options(self.instances, file=self.file_of_options)
        self.manager = ImageCacheManager(self.conf)

    def write(self, *lines, group='imagecache'):
        text = '\n'.join([f'[{group}]', *lines, ''])
        self.file_of_options.write_text(text)

    def hang_up(self, *lines, **where):
        self.write(*lines, **where)
        self.conf.mutate_config_files()

    def reasons(self):
        report = self.manager.update('context', [])
        return {one.reason.value for one in report.plan.verdicts}

    def test_each_option_is_taken_up_or_told_to_be_ignored(self):
        self.assertEqual(set(BY_NAME), set(NEW))
        settings = self.manager.open_cache().settings
        before = {name: settings.read_value(name) for name in NEW}
        lines = [f'{name} = {value}' for name, value in NEW.items()]
        lines[5] = 'protected_images = golden-*'
        with self.assertLogs('oslo_config', 'WARNING') as log:
            self.hang_up(*lines)
        for name, value in NEW.items():
            with self.subTest(name):
                expected = before[name] if name in FIXED else value
                self.assertEqual(expected, settings.read_value(name))
                self.assertNotEqual(before[name], value)
                told = f'immutable option imagecache.{name}' in str(log)
                self.assertEqual(name in FIXED, told)

    def test_the_next_pass_goes_by_them(self):
        self.lay(sha1('image'))
        self.assertEqual({'too-young'}, self.reasons())
        self.hang_up(f'protected_images = {sha1("image")}')
        self.assertEqual({'protected'}, self.reasons())
        self.hang_up('remove_unused_base_images = false')
        self.assertEqual({'disabled'}, self.reasons())
        self.hang_up()
        self.assertEqual({'too-young'}, self.reasons())

    def test_with_wrong_ones_nothing_goes_until_they_are_right(self):
        self.lay(sha1('image'))
        self.assertEqual({'too-young'}, self.reasons())
        for wrong, why in (
            (f'{AGE} = soon', 'soon'),
            (f'{AGE} = -5', '-5'),
            ('policy = none', "'none'"),
            ('high_watermark = 50', 'low_watermark'),
        ):
            with self.subTest(wrong):
                self.hang_up(wrong)
                with self.assertRaisesRegex(CacheError, why):
                    self.manager.update('context', [])
        self.hang_up('high_watermark = 90')
        self.assertEqual({'too-young'}, self.reasons())

    def test_novas_own_are_not_taken_up_as_nova_has_it(self):
        self.lay(sha1('image'))
        with self.assertLogs('oslo_config', 'WARNING') as log:
            self.hang_up(
                'remove_unused_base_images = false', group='image_cache'
            )
        self.assertIn('immutable option image_cache.remove', str(log))
        self.assertEqual({'too-young'}, self.reasons())
