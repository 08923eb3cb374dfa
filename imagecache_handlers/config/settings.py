"""Settings: what the options say, and the rules that they make."""

from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
import datetime
import re
from typing import Any

from oslo_config import cfg

from imagecache_handlers.config import files
from imagecache_handlers.config import nova as nova_opts
from imagecache_handlers.config.nova import NovaOptions
from imagecache_handlers.config.options import BY_NAME
from imagecache_handlers.config.options import GROUP
from imagecache_handlers.config import values
from imagecache_handlers.exceptions import ConfigurationError
from imagecache_handlers.exceptions import HandlerNotFound
from imagecache_handlers.model import Order
from imagecache_handlers.planning.protected import Patterns
from imagecache_handlers.planning.rules import Rules


# Not an order, but the wish that nothing goes by itself.
_PROTECTED = 'protected'

# Which option says what in the rules.
_DURATIONS = {
    'min_age': 'remove_unused_original_minimum_age_seconds',
    'resized_min_age': 'remove_unused_resized_minimum_age_seconds',
    'max_age': 'max_age_seconds',
    'claim_ttl': 'claim_ttl_seconds',
    'clock_skew': 'clock_skew_seconds',
    'evidence_ttl': 'evidence_ttl_seconds',
}
_WATERMARKS = 'low_watermark', 'high_watermark'
_OPTIONS = _DURATIONS | {name: name for name in _WATERMARKS}
_FIELD = re.compile(rf'\b({"|".join(_OPTIONS)})\b')


def unknown_keys(
    conf: cfg.ConfigOpts, groups: Iterable[tuple[str, Iterable[cfg.Opt]]]
) -> list[str]:
    """Name every key in the configuration files that its group lacks.

    ``groups`` are those of all that is installed, see
    ``loader.option_groups``; a group whose name is all but one of theirs is
    named, too.  oslo.config ignores such keys in silence, and a
    protected pattern under a misspelt name protects nothing, as little as one
    in the group of Nova that is called nearly the same.
    """
    known = {group: {opt.dest for opt in opts} for group, opts in groups}
    only_ours = known.get(GROUP, set()) - nova_opts.NAMES
    return [
        *files.unknown(conf, known),
        *files.misplaced(conf, GROUP, only_ours, nova_opts.GROUP),
    ]


def repeated_keys(
    conf: cfg.ConfigOpts, groups: Iterable[tuple[str, Iterable[cfg.Opt]]]
) -> list[str]:
    """Name every option of one value that the files set twice.

    Of those which take several values all count, wherever they stand.
    oslo.config takes the last in silence, and half of what was meant.
    """
    single = {
        group: [opt.dest for opt in opts if not opt.multi]
        for group, opts in groups
    }
    return files.repeated(conf, single)


def value(
    conf: cfg.ConfigOpts, name: str, nova: NovaOptions | None = None
) -> Any:
    """Read an option of our own group, or the one of Nova that it follows.

    Whoever asks again and again keeps a ``nova`` for it.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    given = values.read(conf, GROUP, BY_NAME[name])
    if given is not None or name not in nova_opts.NAMES:
        return given
    return (nova or NovaOptions(conf)).value(name)


def origin(
    conf: cfg.ConfigOpts, name: str, nova: NovaOptions | None = None
) -> str:
    """Say where that value comes from: which key of which file, or what else.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    opt = BY_NAME[name]
    given = values.read(conf, GROUP, opt)
    if given is not None or name not in nova_opts.NAMES:
        return values.origin(conf, GROUP, opt)
    return (nova or NovaOptions(conf)).origin(name)


def rules(
    conf: cfg.ConfigOpts,
    load_order: Callable[[str], Order],
    nova: NovaOptions | None = None,
) -> Rules:
    """Make the rules that the options ask for.

    ``load_order`` finds the order of a policy by its name.

    :raises ConfigurationError: when a value is out of its range, or two
        contradict each other.
    :raises HandlerNotFound: when no policy has that name.
    """
    nova = nova or NovaOptions(conf)
    # All of them: a wrong one that no rule needs is wrong all the same.
    given = {name: value(conf, name, nova) for name in BY_NAME}
    keep = given['policy'] == _PROTECTED
    policy = 'age' if keep else given['policy']
    order = _find_order(load_order, policy)
    protected = _read_patterns(given['protected_images'])
    try:
        return Rules(
            expire_at_min_age=policy == 'age',
            remove_unused=given['remove_unused_base_images'] and not keep,
            high_watermark=given['high_watermark'],
            low_watermark=given['low_watermark'],
            order=order,
            protected=protected,
            **dict(_read_durations(given)),
        )
    except ValueError as error:
        problem = _in_options(conf, nova, str(error))
        raise ConfigurationError(problem) from error


def interval(
    conf: cfg.ConfigOpts, nova: NovaOptions | None = None
) -> datetime.timedelta | None:
    """Give the time from one periodic sweep to the next; None: no sweeps.

    -1 switches them off and 0 means a minute, as they do for Nova.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    seconds = value(conf, 'manager_interval', nova)
    if seconds < 0:
        return None
    return datetime.timedelta(seconds=seconds or 60)


def inherited_never(
    conf: cfg.ConfigOpts, nova: NovaOptions | None = None
) -> str | None:
    """Say where "no sweeps" comes from, if our own option does not say so.

    To Nova it says that another cleaner is at work, and to that cleaner
    nothing.

    :raises ConfigurationError: when it is set to nothing that fits.
    """
    opt = BY_NAME['manager_interval']
    own = values.read(conf, GROUP, opt)
    if own is not None or interval(conf, nova) is not None:
        return None
    return origin(conf, opt.dest, nova)


def _find_order(load_order: Callable[[str], Order], policy: str) -> Order:
    try:
        return load_order(policy)
    except HandlerNotFound as error:
        known = [*error.available, _PROTECTED]
        raise HandlerNotFound(policy, known, error.kind) from error


def _read_patterns(texts: list[str]) -> Patterns:
    try:
        return Patterns.parse(texts)
    except ValueError as error:
        text = f'[{GROUP}] protected_images: {error}'
        raise ConfigurationError(text) from error


def _read_durations(
    given: dict[str, Any],
) -> Iterator[tuple[str, datetime.timedelta]]:
    for field, name in _DURATIONS.items():
        if given[name] is not None:
            yield field, datetime.timedelta(seconds=given[name])


def _in_options(conf: cfg.ConfigOpts, nova: NovaOptions, text: str) -> str:
    """Name options for fields, and where those are set that follow Nova."""
    names = {_OPTIONS[field] for field in _FIELD.findall(text)}
    followed = [
        f'; {name} comes from {nova.origin(name)}'
        for name in sorted(names & nova_opts.NAMES)
        if conf[GROUP][name] is None
    ]
    text = _FIELD.sub(lambda found: _OPTIONS[found[1]], text)
    return f'[{GROUP}] {text}{"".join(followed)}'
