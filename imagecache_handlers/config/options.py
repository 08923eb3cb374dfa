"""Options: all of our own group, declared."""

import copy

from oslo_config import cfg
from oslo_config import types

GROUP = 'imagecache'

# What nova-compute takes up at SIGHUP is mutable: all that is read anew for
# each sweep, but for what all hosts must change together (claims, clocks) and
# for the handler, which is loaded once. ``imagecache run`` takes up all.

# No time that anybody means is longer; longer ones overflow.
CENTURY = 100 * 365 * 86400

OPTS: list[cfg.Opt] = [
    cfg.StrOpt(
        'handler',
        default='directory',
        help='Name of the handler that reaches the cached images.',
    ),
    cfg.StrOpt(
        'policy',
        mutable=True,
        default='age',
        help='Which images go. "age": whatever was unused for its minimum '
        'age goes, as in Nova. "lru", "popularity", "gdsf", or an installed '
        'one: images go in that order, and only to make space or at '
        'max_age_seconds. "protected": nothing goes by itself.',
    ),
    cfg.IntOpt(
        'high_watermark',
        mutable=True,
        default=100,
        min=0,
        max=100,
        help='Percent of a store in use above which space is made; 100 '
        'never makes space.',
    ),
    cfg.IntOpt(
        'low_watermark',
        mutable=True,
        default=80,
        min=0,
        max=100,
        help='Percent of a store in use down to which space is made.',
    ),
    cfg.IntOpt(
        'max_age_seconds',
        mutable=True,
        min=0,
        max=CENTURY,
        help='How long an image may stay unused, whatever the policy; not '
        'set: for ever.',
    ),
    cfg.MultiOpt(
        'protected_images',
        mutable=True,
        item_type=types.List(),
        default=[],
        metavar='PATTERNS',
        help='Images that never go by themselves: an exact image id, '
        'prefix* or *word*, separated by commas. Given more than once, all '
        'of them count.',
    ),
    cfg.BoolOpt(
        'drop_deleted',
        mutable=True,
        default=False,
        help='Whether images that Glance says are deleted or deactivated go '
        'first of all, whatever the policy, once they are unused for their '
        'minimum age. Glance is asked by "--retired-from glance", as '
        '[imagecache_glance] says.',
    ),
    cfg.IntOpt(
        'claim_ttl_seconds',
        default=600,
        min=1,
        max=CENTURY,
        help='How long a claim to evict an image lasts; every host that '
        'shares a store must use the same value.',
    ),
    cfg.IntOpt(
        'clock_skew_seconds',
        default=60,
        min=0,
        max=CENTURY,
        help='How far apart the clocks of the hosts that share a store may '
        'be.',
    ),
    cfg.IntOpt(
        'evidence_ttl_seconds',
        mutable=True,
        default=300,
        min=1,
        max=CENTURY,
        help='How old an answer about users may be and still prove that an '
        'image has none.',
    ),
    cfg.IntOpt(
        'call_timeout',
        default=600,
        min=0,
        max=CENTURY,
        help='Seconds after which a call of the handler that has not returned '
        'is told on standard error, with its store; 0: never. The call goes '
        'on: what it has done by then only its backend knows.',
    ),
    cfg.BoolOpt(
        'notifications',
        mutable=True,
        default=False,
        help='Whether nova-compute, with a driver of this library, sends '
        'notifications of what became of images. The commands send none.',
    ),
]

_MIB = 2**20
_YEAR = 366 * 24 * 3600

# How images come in ahead of their use.
PREFETCH: list[cfg.Opt] = [
    cfg.StrOpt(
        'staging_path',
        mutable=True,
        metavar='FOLDER',
        help='Folder of this host for images on their way in; it is made '
        'where its parent is there, and must belong to the user that runs '
        'this, alone. Not set: beside the store where the handler has a '
        'place for it, else imagecache-staging in the cache folder of the '
        'user.',
    ),
    cfg.IntOpt(
        'max_image_size_bytes',
        mutable=True,
        min=1,
        help='The size of the largest disk that an image may hold to be '
        'prefetched; not set: any that fits.',
    ),
    cfg.IntOpt(
        'prefetch_concurrency',
        mutable=True,
        default=1,
        min=1,
        max=64,
        help='How many images are prefetched at once.',
    ),
    cfg.IntOpt(
        'prefetch_max_rate',
        mutable=True,
        default=0,
        min=0,
        help='Bytes a second that all images being prefetched may take '
        'together; 0: as fast as they come.',
    ),
    cfg.IntOpt(
        'prefetch_ttl_seconds',
        mutable=True,
        default=24 * 3600,
        min=1,
        max=_YEAR,
        help='How long a prefetched image is kept for its first use, at '
        'least; more than twice clock_skew_seconds. What is to stay is '
        'pinned.',
    ),
    cfg.IntOpt(
        'conversion_memory_bytes',
        mutable=True,
        default=2048 * _MIB,
        min=128 * _MIB,
        help='Address space that the conversion of an image to another '
        'format may take.',
    ),
    cfg.IntOpt(
        'conversion_timeout_seconds',
        mutable=True,
        default=4 * 3600,
        min=1,
        max=CENTURY,
        help='How long such a conversion may take.',
    ),
]

_NOT_SET = ' Not set: what Nova is told by its [image_cache] {0}.'

# The same in our own group, where they are not set unless somebody does.
TWINS: list[cfg.Opt] = [
    cfg.IntOpt(
        'manager_interval',
        min=-1,
        max=CENTURY,
        help='Seconds between two periodic sweeps; -1 for none, 0 for a '
        'minute.'
        + _NOT_SET.format('manager_interval')
        + ' A -1 there leaves the sweeps to another cleaner, as "imagecache '
        'run" is one: it asks for a value here.',
    ),
    cfg.BoolOpt(
        'remove_unused_base_images',
        mutable=True,
        help='Whether unused images go at all.'
        + _NOT_SET.format('remove_unused_base_images'),
    ),
    cfg.IntOpt(
        'remove_unused_original_minimum_age_seconds',
        mutable=True,
        min=0,
        max=CENTURY,
        help='How long an image stays unused before it may go.'
        + _NOT_SET.format('remove_unused_original_minimum_age_seconds'),
    ),
    cfg.IntOpt(
        'remove_unused_resized_minimum_age_seconds',
        mutable=True,
        min=0,
        max=CENTURY,
        help='The same of a file derived from an image.'
        + _NOT_SET.format('remove_unused_resized_minimum_age_seconds'),
    ),
]

OWN = OPTS + PREFETCH + TWINS

BY_NAME = {opt.dest: opt for opt in OWN}


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register our own group in ``conf`` and nowhere else."""
    conf.register_opts(OWN, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of the options, for oslo-config-generator."""
    return [(GROUP, copy.deepcopy(OWN))]
