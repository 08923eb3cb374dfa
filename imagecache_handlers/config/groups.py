"""Groups: the options of all that is installed, by their groups."""

from collections.abc import Iterator
import logging

from oslo_config import cfg

from imagecache_handlers.config.options import GROUP
from imagecache_handlers.exceptions import HandlerLoadError
from imagecache_handlers import loader
from imagecache_handlers.loader import OptionList

LOG = logging.getLogger(__name__)

Group = tuple[str, list[cfg.Opt]]


def load_groups(handler: str | None = None) -> list[Group]:
    """Give the groups of options of everything that is installed.

    What cannot be loaded is left out, with a warning that names it: its
    options cannot be judged.

    :raises HandlerLoadError: when those of this handler cannot be loaded.
    """
    lists = loader.load_options()
    own = [] if handler is None else loader.options_of(lists, handler)
    groups: list[Group] = []
    for one in lists:
        why = _refuse_list(one)
        if not why:
            groups += _named_groups(one)
        elif one in own:
            raise HandlerLoadError(handler or '', why, origin=one.origin)
        else:
            LOG.warning(
                '%s of %s is passed over: %s', one.name, one.origin, why
            )
    return groups


def load_groups_of(handler: str) -> list[Group]:
    """Give the groups of the options that came with a handler."""
    lists = loader.options_of(loader.load_options(), handler)
    return [
        group
        for one in lists
        if not _refuse_list(one)
        for group in _named_groups(one)
    ]


def problem_of(handler: str) -> str:
    """Say what is wrong with the options of a handler; empty: nothing."""
    lists = loader.options_of(loader.load_options(), handler)
    return next(filter(None, map(_refuse_list, lists)), '')


def _refuse_list(options: OptionList) -> str:
    """Say why a list of options is of no use; empty: it is one."""
    if options.problem:
        return f'its options cannot be listed: {options.problem}'
    for group, those in _named_groups(options):
        if not group.startswith(GROUP):
            return (
                f'its options stand in [{group}]: a group of its own begins '
                f'with {GROUP}'
            )
        if not all(isinstance(opt, cfg.Opt) for opt in those):
            return f'in [{group}] is what is not an option of oslo.config'
    return ''


def _named_groups(options: OptionList) -> Iterator[Group]:
    """Name the groups, each given by its name or as an object."""
    for group, those in options.groups:
        name = group.name if isinstance(group, cfg.OptGroup) else group
        yield str(name or 'DEFAULT'), those
