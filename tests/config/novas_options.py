"""Options of Nova's in files, and in which orders Nova and we read them."""

import pathlib
import tempfile
import unittest

from oslo_config import cfg

from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings

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
