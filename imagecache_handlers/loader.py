"""Loader: from a name to an installed plug-in that is what it should be."""

from collections.abc import Iterable
import dataclasses
import importlib.metadata
import inspect
from typing import Any

from imagecache_handlers import entry_points
from imagecache_handlers.exceptions import HandlerLoadError
from imagecache_handlers.exceptions import HandlerNotFound
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import Order

HANDLERS = entry_points.HANDLERS
POLICIES = entry_points.POLICIES

# What the lists of options of caches and handlers begin with.
_OURS = 'imagecache'
# The newest edition of the handlers' contract.
CONTRACT = 2


def available(namespace: str) -> list[str]:
    """List the names that are installed, without importing any."""
    return sorted(
        {point.name for point in entry_points.list_entry_points(namespace)}
    )


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """What is installed under one name; ``problem``: why it is of no use.

    ``contract`` is the edition that a handler was written for; None: that
    is not known, or it is not a handler.
    """

    name: str
    origin: str  # the distribution and its version
    summary: str = ''
    problem: str = ''
    contract: int | None = None


def plugins(namespace: str) -> list[Plugin]:
    """Describe what is installed, by name; what cannot be loaded, too."""
    return [_describe_plugin(namespace, name) for name in available(namespace)]


def _describe_plugin(namespace: str, name: str) -> Plugin:
    offered = entry_points.find_points(namespace, name)
    origin = ' and '.join(
        sorted({entry_points.origin_of(point) for point in offered})
    )
    try:
        found = _load_checked(namespace, name)
    except HandlerLoadError as error:
        return Plugin(name=name, origin=origin, problem=error.why)
    first = (inspect.getdoc(found) or '').partition('\n')[0]
    return Plugin(
        name=name,
        origin=origin,
        summary=first,
        contract=found.contract if namespace == HANDLERS else None,
    )


def load_handler(name: str, conf: Any, **resources: Any) -> CacheHandler:
    """Build the handler of that name from its options.

    :raises HandlerNotFound: when nothing of that name is installed.
    :raises HandlerLoadError: when it is installed and cannot be used.
    :raises ConfigurationError: when one of its options cannot be honoured.
    """
    plugin = _load_checked(HANDLERS, name)
    [point] = entry_points.find_points(HANDLERS, name)
    # A handler imports its SDK no sooner than when it is built.
    handler = entry_points.call_plugin(
        HANDLERS, point, lambda: plugin.from_conf(conf, **resources)
    )
    # Asked by its type: a handler that is false is a handler all the same.
    if not isinstance(handler, CacheHandler):
        why = entry_points.not_wanted(handler, 'a CacheHandler', 'built ')
        raise entry_points.load_error(HANDLERS, point, why)
    return handler


def load_order(name: str) -> Order:
    """Give the order of the policy of that name.

    :raises HandlerNotFound: when nothing of that name is installed.
    :raises HandlerLoadError: when it is installed and cannot be used.
    """
    order: Order = _load_checked(POLICIES, name)
    return order


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class OptionList:
    """The options that a package says it has; ``problem``: why not these.

    A group, and its options, may yet be anything.
    """

    name: str
    origin: str
    groups: tuple[tuple[Any, list[Any]], ...] = ()
    problem: str = ''


def load_options() -> list[OptionList]:
    """Load the lists of options of everything that is installed."""
    return [
        _load_option_list(point)
        for point in entry_points.list_entry_points(entry_points.OPTIONS)
        if point.name.startswith(_OURS)
    ]


def options_of(lists: Iterable[OptionList], handler: str) -> list[OptionList]:
    """Find the lists that came with a handler, in its package.

    One that is named as another handler of the same package is that one's.
    """
    points = entry_points.list_entry_points(HANDLERS)
    origins = {
        entry_points.origin_of(one) for one in points if one.name == handler
    }
    others = {f'{_OURS}_{one.name}' for one in points if one.name != handler}
    others.add(_OURS)
    return [
        one
        for one in lists
        if one.origin in origins and one.name not in others
    ]


def _load_option_list(point: importlib.metadata.EntryPoint) -> OptionList:
    def load() -> tuple[tuple[Any, list[Any]], ...]:
        return tuple((group, list(opts)) for group, opts in point.load()())

    origin = entry_points.origin_of(point)
    try:
        groups = entry_points.call_plugin(entry_points.OPTIONS, point, load)
    except HandlerLoadError as error:
        return OptionList(name=point.name, origin=origin, problem=error.why)
    return OptionList(name=point.name, origin=origin, groups=groups)


def _load_checked(namespace: str, name: str) -> Any:
    """Load a plug-in that is what its namespace is for."""
    plugin = _load_plugin(namespace, name)
    check = _refuse_handler if namespace == HANDLERS else _refuse_order
    if why := check(plugin):
        [point] = entry_points.find_points(namespace, name)
        raise entry_points.load_error(namespace, point, why)
    return plugin


def _refuse_handler(plugin: Any) -> str:
    """Say why something cannot be built as a handler; empty: it can."""
    if not (isinstance(plugin, type) and issubclass(plugin, CacheHandler)):
        return entry_points.not_wanted(plugin, 'a subclass of CacheHandler')
    if inspect.isabstract(plugin):
        missing = ', '.join(sorted(plugin.__abstractmethods__))
        return (
            f'{entry_points.describe_object(plugin)} does not define {missing}'
        )
    if plugin.contract not in range(1, CONTRACT + 1):
        return (
            f'it was written for contract {plugin.contract!r}, and this '
            f'release knows those up to {CONTRACT}: upgrade '
            f'imagecache-handlers'
        )
    return ''


def _refuse_order(plugin: Any) -> str:
    return (
        ''
        if callable(plugin)
        else entry_points.not_wanted(plugin, 'a function')
    )


def _load_plugin(namespace: str, name: str) -> Any:
    kind = entry_points.KINDS[namespace]
    offered = entry_points.find_points(namespace, name)
    if not offered:
        raise HandlerNotFound(name, available(namespace), kind)
    if len(offered) > 1:
        both = ' and '.join(
            sorted(
                {
                    f'{entry_points.package_of(one)} ({one.value})'
                    for one in offered
                }
            )
        )
        why = f'it is offered twice, by {both}: uninstall all but one'
        raise HandlerLoadError(name, why, kind)
    return entry_points.call_plugin(
        namespace,
        offered[0],
        lambda: entry_points.import_plugin(namespace, name),
    )
