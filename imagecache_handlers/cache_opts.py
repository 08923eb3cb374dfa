"""The options of our own group that Nova does not have."""

from oslo_config import cfg
from oslo_config import types

GROUP = 'imagecache'

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
        default='age',
        help='Which images go. "age": whatever was unused for its minimum '
        'age goes, as in Nova. "lru", "popularity", "gdsf", or an installed '
        'one: images go in that order, and only to make space or at '
        'max_age_seconds. "protected": nothing goes by itself.',
    ),
    cfg.IntOpt(
        'high_watermark',
        default=100,
        min=0,
        max=100,
        help='Percent of a store in use above which space is made; 100 '
        'never makes space.',
    ),
    cfg.IntOpt(
        'low_watermark',
        default=80,
        min=0,
        max=100,
        help='Percent of a store in use down to which space is made.',
    ),
    cfg.IntOpt(
        'max_age_seconds',
        min=0,
        max=CENTURY,
        help='How long an image may stay unused, whatever the policy; not '
        'set: for ever.',
    ),
    cfg.MultiOpt(
        'protected_images',
        item_type=types.List(),
        default=[],
        metavar='PATTERNS',
        help='Images that never go by themselves: an exact image id, '
        'prefix* or *word*, separated by commas. Given more than once, all '
        'of them count.',
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
        default=300,
        min=1,
        max=CENTURY,
        help='How old an answer about users may be and still prove that an '
        'image has none.',
    ),
]
