"""The options of every cache, and the rules that they make."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import copy
import datetime
import difflib
import os
import re
from typing import Any

from oslo_config import cfg

from imagecache_handlers import directory_opts
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.orders import Order
from imagecache_handlers.patterns import Patterns
from imagecache_handlers.rules import Rules

GROUP = 'imagecache'

# No time that anybody means is longer; longer ones overflow.
_CENTURY = 100 * 365 * 86400

_OWN: list[cfg.Opt] = [
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
        max=_CENTURY,
        help='How long an image may stay unused, whatever the policy; not '
        'set: for ever.',
    ),
    cfg.ListOpt(
        'protected_images',
        default=[],
        help='Images that never go by themselves: an exact image id, '
        'prefix* or *word*, separated by commas.',
    ),
    cfg.IntOpt(
        'claim_ttl_seconds',
        default=600,
        min=1,
        max=_CENTURY,
        help='How long a claim to evict an image lasts; every host that '
        'shares a store must use the same value.',
    ),
    cfg.IntOpt(
        'clock_skew_seconds',
        default=60,
        min=0,
        max=_CENTURY,
        help='How far apart the clocks of the hosts that share a store may '
        'be.',
    ),
    cfg.IntOpt(
        'evidence_ttl_seconds',
        default=300,
        min=1,
        max=_CENTURY,
        help='How old an answer about users may be and still prove that an '
        'image has none.',
    ),
]

_NOVAS = '[image_cache] {0} of Nova has the same meaning.'

# Twins of Nova's options; not set means what Nova means.
_TWINS: list[cfg.Opt] = [
    cfg.IntOpt(
        'manager_interval',
        min=-1,
        max=_CENTURY,
        help='Seconds between two passes where something runs them; -1 '
        'never, 0 as often as may be. ' + _NOVAS.format('manager_interval'),
    ),
    cfg.BoolOpt(
        'remove_unused_base_images',
        help='Whether unused images go at all. '
        + _NOVAS.format('remove_unused_base_images'),
    ),
    cfg.IntOpt(
        'remove_unused_original_minimum_age_seconds',
        min=0,
        max=_CENTURY,
        help='How long an image stays unused before it may go. '
        + _NOVAS.format('remove_unused_original_minimum_age_seconds'),
    ),
    cfg.IntOpt(
        'remove_unused_resized_minimum_age_seconds',
        min=0,
        max=_CENTURY,
        help='The same of a file derived from an image. '
        + _NOVAS.format('remove_unused_resized_minimum_age_seconds'),
    ),
]

# What Nova's twin of an option is where Nova's files do not set it.
_NOVA_DEFAULTS = {
    'manager_interval': 2400,
    'remove_unused_base_images': True,
    'remove_unused_original_minimum_age_seconds': 86400,
    'remove_unused_resized_minimum_age_seconds': 3600,
}

# Which option says what in the rules.
_DURATIONS = {
    'min_age': 'remove_unused_original_minimum_age_seconds',
    'resized_min_age': 'remove_unused_resized_minimum_age_seconds',
    'max_age': 'max_age_seconds',
    'claim_ttl': 'claim_ttl_seconds',
    'clock_skew': 'clock_skew_seconds',
    'evidence_ttl': 'evidence_ttl_seconds',
}
_OPTIONS = _DURATIONS | {'low': 'low_watermark', 'high': 'high_watermark'}
_FIELD = re.compile(rf'\b({"|".join(_OPTIONS)})\b')


def register_opts(conf: cfg.ConfigOpts) -> None:
    """Register our own group in ``conf`` and nowhere else."""
    conf.register_opts(_OWN + _TWINS, group=GROUP)


def list_opts() -> list[tuple[str, list[cfg.Opt]]]:
    """Give copies of the options, for oslo-config-generator."""
    groups = [
        (GROUP, _OWN + _TWINS),
        (directory_opts.GROUP, directory_opts.OPTS),
    ]
    return copy.deepcopy(groups)


def rules(conf: cfg.ConfigOpts, load_order: Callable[[str], Order]) -> Rules:
    """Make the rules that the options ask for.

    ``load_order`` finds the order of a policy by its name.

    :raises ConfigurationError: when a value is out of its range, or two
        contradict each other.
    """
    keep = value(conf, 'policy') == 'protected'
    policy = 'age' if keep else value(conf, 'policy')
    protected = _protected(conf)
    try:
        return Rules(
            expire=policy == 'age',
            remove=value(conf, 'remove_unused_base_images') and not keep,
            high=value(conf, 'high_watermark'),
            low=value(conf, 'low_watermark'),
            order=load_order(policy),
            protected=protected,
            **dict(_durations(conf)),
        )
    except ValueError as error:
        text = _FIELD.sub(lambda found: _OPTIONS[found[1]], str(error))
        raise ConfigurationError(f'[{GROUP}] {text}') from error


def _protected(conf: cfg.ConfigOpts) -> Patterns:
    try:
        return Patterns.parse(value(conf, 'protected_images'))
    except ValueError as error:
        text = f'[{GROUP}] protected_images: {error}'
        raise ConfigurationError(text) from error


def value(conf: cfg.ConfigOpts, name: str) -> Any:
    """Read an option of our own group.

    :raises ConfigurationError: when the file gives it no fitting value.
    """
    try:
        given = conf[GROUP][name]
    except cfg.ConfigSourceValueError as error:
        raise ConfigurationError(str(error)) from error
    # The one place to look at Nova's own options.
    return _NOVA_DEFAULTS.get(name) if given is None else given


def _durations(conf: cfg.ConfigOpts) -> Iterator[tuple[str, Any]]:
    for field, name in _DURATIONS.items():
        seconds = value(conf, name)
        if seconds is not None:
            yield field, datetime.timedelta(seconds=seconds)


def unknown(
    conf: cfg.ConfigOpts,
    groups: Iterable[tuple[str, Iterable[cfg.Opt]]] | None = None,
) -> list[str]:
    """Name every key of our groups in the configuration files that is none.

    oslo.config passes over such keys in silence, and a protected pattern
    under a misspelt name protects nothing.
    """
    known = {
        group: {opt.dest for opt in opts}
        for group, opts in (list_opts() if groups is None else groups)
    }
    return [
        f'{path}: [{section}] {key} is no option{_near(key, known[section])}'
        for path in _files(conf)
        for section, keys in _sections(path)
        for key in keys
        if key not in known.get(section, keys)
    ]


def _near(key: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(key, known, n=1)
    return f': did you mean {near[0]}?' if near else ''


def _files(conf: cfg.ConfigOpts) -> Iterator[str]:
    # It has neither before it has read any.
    yield from getattr(conf, 'config_file', None) or ()
    for folder in getattr(conf, 'config_dir', None) or ():
        for name in sorted(os.listdir(folder)):
            if name.endswith('.conf'):
                yield os.path.join(folder, name)


def _sections(path: str) -> Iterator[tuple[str, Iterable[str]]]:
    sections: dict[str, dict[str, Any]] = {}
    cfg.ConfigParser(path, sections).parse()
    for section, keys in sections.items():
        # As oslo.config does, for which [ImageCache] is the same group.
        yield section.lower(), keys
