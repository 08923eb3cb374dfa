"""Loading: the source that the options, or one word of a person, name."""

from oslo_config import cfg

from imagecache_handlers.source import RangedSource
from imagecache_handlers.sources.file import FileSource
from imagecache_handlers.sources.glance import GlanceSource
from imagecache_handlers.sources.login_loading import load_login
from imagecache_handlers.sources.services import GLANCE
from imagecache_handlers.sources.url import UrlSource


def load_source(conf: cfg.ConfigOpts) -> RangedSource:
    """Build the source that ``[imagecache_glance]`` describes.

    Nobody is asked anything yet.

    :raises ConfigurationError: when an option is missing or of no use.
    """
    return GlanceSource(load_login(conf, GLANCE))


def name_source(place: str, checksum: str | None = None) -> RangedSource:
    """Build the source that one word names: a URL, or else a path.

    :raises SourceError: when ``checksum`` is of no use; a URL has to have
        one.
    """
    if '://' not in place:
        return FileSource(place, checksum)
    return UrlSource(place, checksum or '')
