"""Prefetch: how the options want images to come in, and for how long."""

import datetime
import os

from imagecache_handlers.config.options import GROUP
from imagecache_handlers.config.settings import Settings
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.prefetch_settings import PrefetchSettings


def read_prefetch(settings: Settings) -> PrefetchSettings:
    """Give what the options say of images on their way in.

    :raises ConfigurationError: when one is set to nothing that fits.
    """
    folder = settings.read_value('staging_path')
    if folder is not None and not os.path.isabs(folder):
        raise ConfigurationError(
            f'[{GROUP}] staging_path {folder!r} must begin with a slash'
        )
    return PrefetchSettings(
        staging_path=folder,
        concurrency=settings.read_value('prefetch_concurrency'),
        max_rate=settings.read_value('prefetch_max_rate'),
        max_image_size=settings.read_value('max_image_size_bytes'),
        conversion_memory=settings.read_value('conversion_memory_bytes'),
        conversion_seconds=settings.read_value('conversion_timeout_seconds'),
    )


def read_ttl(settings: Settings) -> datetime.timedelta:
    """Give how long what is prefetched is kept for its first use.

    :raises ConfigurationError: when that is set to nothing that fits.
    """
    ttl = settings.read_value('prefetch_ttl_seconds')
    skew = settings.read_value('clock_skew_seconds')
    if ttl <= 2 * skew:
        raise ConfigurationError(
            f'[{GROUP}] prefetch_ttl_seconds {ttl} must be more than twice '
            f'clock_skew_seconds {skew}'
        )
    return datetime.timedelta(seconds=ttl)
