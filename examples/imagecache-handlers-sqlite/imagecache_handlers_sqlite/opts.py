"""The options of the handler ``sqlite``."""

import copy

from oslo_config import cfg

GROUP = 'imagecache_sqlite'

OPTS: list[cfg.Opt] = [
    cfg.MultiStrOpt(
        'path',
        default=[],
        metavar='FOLDER',
        help='The folder of a pool, which is a store of its own. Name the '
        'option once for each.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options in ``conf`` and nowhere else."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of the options, for oslo-config-generator."""
    return [(GROUP, copy.deepcopy(OPTS))]
