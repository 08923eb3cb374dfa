"""Options of fleets: of the weigher in Nova's scheduler."""

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
        default=10.0,
        help='How much ImageLocalityWeigher counts beside the other weighers '
        'of the scheduler: Nova has four that draw away from a host with '
        'much to do, each by 1.0. 0: nothing. The metadata of an aggregate '
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
]


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register the options in ``conf`` and nowhere else."""
    conf.register_opts(OPTS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of the options, for oslo-config-generator."""
    return [(GROUP, copy.deepcopy(OPTS))]
