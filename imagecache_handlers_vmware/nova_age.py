"""Nova age: read from Nova's options, as far as it removes images."""

import datetime

from oslo_config import cfg

from imagecache_handlers.config.nova import NovaOptions
from imagecache_handlers.config import values
from imagecache_handlers_vmware.lease_limit import NovaAge

_AGE = 'remove_unused_original_minimum_age_seconds'
_GROUP, _INTERVAL = 'imagecache', 'manager_interval'
_OWN = cfg.IntOpt(_INTERVAL)


def read_nova_age(conf: cfg.ConfigOpts) -> NovaAge | None:
    """Read at which age Nova removes an image; None: it removes none.

    :raises ConfigurationError: when Nova is told what it does not take.
    """
    nova = NovaOptions(conf)
    is_removing = nova.read_value('remove_unused_base_images')
    if not is_removing or nova.read_value(_INTERVAL) < 0:
        return None
    given = nova.look_up(_AGE)
    seconds = nova.read_value(_AGE)
    origin = f'{given.origin} of {_AGE}'
    return NovaAge(age=datetime.timedelta(seconds=seconds), origin=origin)


def read_interval(conf: cfg.ConfigOpts) -> datetime.timedelta | None:
    """Read how far apart sweeps are; None: there are none by themselves.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    own = None
    if _GROUP in conf and _INTERVAL in conf[_GROUP]:
        own = values.read(conf, _GROUP, _OWN)
    seconds = NovaOptions(conf).read_value(_INTERVAL) if own is None else own
    if seconds < 0:
        return None
    return datetime.timedelta(seconds=seconds or 60)
