"""Options of the handler, in a group of their own."""

from oslo_config import cfg

# As that of the entry point, its name begins with "imagecache".
GROUP = 'imagecache_shelf'
OPTS: list[cfg.Opt] = [cfg.StrOpt('path', help='The folder of the shelf.')]


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """List them for ``oslo-config-generator`` and ``imagecache config``."""
    return [(GROUP, OPTS)]
