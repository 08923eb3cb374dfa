"""Options of fleets: what hosts tell, Nova's weigher, the board of all."""

import copy

from oslo_config import cfg

GROUP = 'imagecache_fleet'

OPTS: list[cfg.Opt] = [
    cfg.BoolOpt(
        'tell_scheduler',
        default=True,
        help='Whether nova-compute, with a driver of this package, tells in '
        'the stats of its host what is cached there: at most 8 KiB, by which '
        'ImageLocalityWeigher goes.',
    ),
    cfg.FloatOpt(
        'image_locality_weight_multiplier',
        default=20.0,
        help='How much ImageLocalityWeigher counts beside the other weighers '
        'of the scheduler: Nova has four that draw away from a host with '
        'much to do, each by 1.0. 10 is enough for images from 4 GiB on. 0: '
        'nothing. The metadata of an aggregate '
        'may have the same name and overrule it for its hosts.',
    ),
    cfg.IntOpt(
        'digest_max_age_seconds',
        default=7200,
        min=60,
        max=366 * 24 * 3600,
        help='How old what a host told of its cache may be: older than that '
        'it counts half, and at twice that age nothing. More than '
        'manager_interval of the hosts, and ten minutes.',
    ),
    cfg.StrOpt(
        'backend_url',
        secret=True,
        metavar='URL',
        help='Where the hosts of the fleet leave notes for each other: '
        'etcd3+http://HOST:2379, etcd3+https://HOST:2379?ca_cert=FILE'
        '&cert_cert=FILE&cert_key=FILE, redis://:PASSWORD@HOST:6379/0 or '
        'rediss://..?ssl_ca_certs=FILE. It may have a password, and is never '
        'shown; what is special in URLs is percent-encoded in it. Not set: '
        'this host is in no fleet.',
    ),
    cfg.StrOpt(
        'group',
        default='default',
        help='Which fleet, of several that share the backend; one for each '
        'cell of Nova.',
    ),
    cfg.StrOpt(
        'host',
        metavar='NAME',
        help='What this host is called there. Not set: its host name.',
    ),
    cfg.StrOpt(
        'shared_store',
        metavar='NAME',
        help='What people call the store of this host, if others share it. '
        'Hosts know that they do by what the store itself says.',
    ),
    cfg.IntOpt(
        'member_ttl_seconds',
        default=50,
        min=3,
        max=3600,
        help='How long a host that says nothing counts as alive, and what it '
        'was given to do as taken. It says something after two fifths of '
        'that.',
    ),
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options in ``conf`` and nowhere else."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of the options, for oslo-config-generator."""
    return [(GROUP, copy.deepcopy(OPTS))]
