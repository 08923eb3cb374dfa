"""Option matrix: what our options are, by files and by Nova's own nova.conf.

A program: ``ORDER FILE..``.  ORDER says who comes first into the process,
Nova's options or ours; what we read, and Nova, goes out as JSON, file by file.
"""

import json
import sys
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings

_NAMES = (
    'manager_interval',
    'remove_unused_base_images',
    'remove_unused_original_minimum_age_seconds',
)


def main() -> None:
    order, *files = sys.argv[1:]
    read = [read_options(order, file) for file in files]
    print(json.dumps(read))


def read_options(order: str, file: str) -> dict[str, Any]:
    conf = cfg.ConfigOpts()
    if order == 'nova':
        register_novas(conf)
    parse(conf, file)
    register_opts(conf)
    settings = Settings(conf)
    if order == 'ours':
        register_novas(conf)
    return {
        'ours': {name: settings.read_value(name) for name in _NAMES},
        'nova': {name: conf.image_cache[name] for name in _NAMES},
    }


def register_novas(conf: cfg.ConfigOpts) -> None:
    from nova.conf import imagecache

    imagecache.register_opts(conf)


def parse(conf: cfg.ConfigOpts, file: str) -> None:
    conf(
        [f'--config-file={file}'],
        default_config_files=[],
        default_config_dirs=[],
    )


if __name__ == '__main__':
    main()
