"""The options of the handler ``directory``."""

from oslo_config import cfg

GROUP = 'imagecache_directory'

OPTS: list[cfg.Opt] = [
    cfg.MultiStrOpt(
        'path',
        default=[],
        metavar='FOLDER',
        help='A folder with cached images. Each is a store of its own; name '
        'the option once for each. Folders on one file system share its '
        'free space.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options in ``conf`` and nowhere else."""
    conf.register_opts(OPTS, group=GROUP)
