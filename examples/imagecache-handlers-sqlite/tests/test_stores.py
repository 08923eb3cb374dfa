"""Pools as stores, and the options that name them."""

from oslo_config import cfg

from imagecache_handlers.config import groups
from imagecache_handlers import exceptions
from imagecache_handlers import loader
from imagecache_handlers_sqlite.handler import SqliteHandler
from imagecache_handlers_sqlite.pool import Pool

from tests.pooled import Pooled


class TestStores(Pooled):
    def test_pools_on_one_file_system_share_its_space(self):
        one, two = self.connect().stores()
        self.assertEqual(one.pool, two.pool)
        self.assertEqual((one.total, one.problem), (two.total, None))

    def test_a_pool_that_is_away_is_a_problem_and_no_other_is(self):
        handler = self.connect()
        self.other.folder.rename(self.root / 'away')
        here, away = handler.stores()
        self.assertIsNone(here.problem)
        self.assertIn('unable to open', away.problem)
        self.assertEqual([], list(self.root.glob('other')))

    def test_a_pool_that_is_named_twice_is_one_store(self):
        link = self.root / 'link'
        link.symlink_to(self.pool.folder)
        self.assertEqual(1, len(SqliteHandler(self.pool, Pool(link)).stores()))


class TestOptions(Pooled):
    def load(self, *lines):
        file = self.root / 'cache.conf'
        file.write_text('\n'.join(['[imagecache_sqlite]', *lines]))
        conf = cfg.ConfigOpts()
        conf([f'--config-file={file}'])
        return loader.load_handler('sqlite', conf)

    def test_each_path_is_a_store(self):
        paths = [str(self.pool.folder), str(self.other.folder)]
        handler = self.load(*[f'path = {path}' for path in paths])
        self.assertEqual(paths, [store.name for store in handler.stores()])

    def test_no_path_is_an_error_that_says_what_to_set(self):
        with self.assertRaisesRegex(
            exceptions.ConfigurationError, r'set \[imagecache_sqlite\] path'
        ):
            self.load()

    def test_the_library_knows_the_options(self):
        self.assertIn('imagecache_sqlite', dict(groups.load_groups()))
