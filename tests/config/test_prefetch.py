"""How images come in is what the options say, or they are refused."""

import datetime

from imagecache_handlers.config.prefetch import read_prefetch
from imagecache_handlers.config.prefetch import read_ttl
from imagecache_handlers.config.settings import Settings
from imagecache_handlers import ConfigurationError
from imagecache_handlers.prefetch_settings import PrefetchSettings
from tests.config.test_settings import Configured

REFUSED = {
    'staging_path = stage': "staging_path 'stage' must begin with a slash",
    'staging_path = ~/stage': 'must begin with a slash',
    'max_image_size_bytes = 0': '[imagecache] max_image_size_bytes',
    'max_image_size_bytes = 1G': '[imagecache] max_image_size_bytes',
    'prefetch_concurrency = 0': 'a whole number from 1 to 64',
    'prefetch_concurrency = 65': 'a whole number from 1 to 64',
    'prefetch_max_rate = -1': '[imagecache] prefetch_max_rate',
    'conversion_memory_bytes = 1024': '[imagecache] conversion_memory_bytes',
    'conversion_timeout_seconds = 0': 'a whole number from 1 to 3153600000',
}
TTL_REFUSED = {
    'prefetch_ttl_seconds = 0': 'a whole number from 1 to 31622400',
    'prefetch_ttl_seconds = 3153600000': 'a whole number from 1 to 31622400',
    'prefetch_ttl_seconds = -5': 'a whole number from 1 to 31622400',
    'prefetch_ttl_seconds = 120': (
        '[imagecache] prefetch_ttl_seconds 120 must be more than twice '
        'clock_skew_seconds 60'
    ),
}


class TestPrefetch(Configured):
    def settings(self, *lines):
        return Settings(self.conf('\n'.join(['[imagecache]', *lines])))

    def test_nothing_set_gives_the_defaults(self):
        self.assertEqual(PrefetchSettings(), read_prefetch(self.settings()))
        self.assertEqual(datetime.timedelta(days=1), read_ttl(self.settings()))

    def test_every_option_has_its_place(self):
        given = self.settings(
            'staging_path = /srv/stage',
            'max_image_size_bytes = 1000',
            'prefetch_concurrency = 4',
            'prefetch_max_rate = 5000',
            'prefetch_ttl_seconds = 7200',
            'conversion_memory_bytes = 1073741824',
            'conversion_timeout_seconds = 60',
        )
        wanted = PrefetchSettings(
            staging_path='/srv/stage',
            max_image_size=1000,
            concurrency=4,
            max_rate=5000,
            conversion_memory=2**30,
            conversion_seconds=60,
        )
        self.assertEqual(wanted, read_prefetch(given))
        self.assertEqual(datetime.timedelta(hours=2), read_ttl(given))

    def test_what_cannot_be_is_refused(self):
        for refused, read in (REFUSED, read_prefetch), (TTL_REFUSED, read_ttl):
            for line, said in refused.items():
                with self.subTest(line):
                    with self.assertRaises(ConfigurationError) as caught:
                        read(self.settings(line))
                    self.assertIn(said, str(caught.exception))

    def test_settings_that_contradict_themselves_cannot_be_made(self):
        for wrong in (
            {'concurrency': 0},
            {'max_rate': -1},
            {'max_image_size': 0},
            {'conversion_memory': 0},
            {'conversion_seconds': 0},
        ):
            with self.subTest(wrong), self.assertRaises(ValueError):
                PrefetchSettings(**wrong)
