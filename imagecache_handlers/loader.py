"""Loader: from a name to an installed plug-in; only it imports stevedore."""

from collections.abc import Callable
from collections.abc import Iterator
import dataclasses
import importlib.metadata
import inspect
from typing import Any

from stevedore import named

from imagecache_handlers.exceptions import HandlerLoadError
from imagecache_handlers.exceptions import HandlerNotFound
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.model import Order

# The entry points of handlers: classes, built by ``from_conf``.
HANDLERS = 'imagecache_handlers'
# The entry points of policies: functions, see ``model.Order``.
POLICIES = 'imagecache_handlers.policies'
# The entry points of lists of options, as oslo-config-generator reads them;
# those of caches and handlers begin with this library's group.
OPTIONS = 'oslo.config.opts'
_OURS = 'imagecache'

_KINDS = {HANDLERS: 'handler', POLICIES: 'policy'}


def available(namespace: str) -> list[str]:
    """List the names that are installed, without importing any."""
    return sorted({point.name for point in _entry_points(namespace)})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """What is installed under one name; ``problem``: why it is of no use."""

    name: str
    origin: str  # the distribution and its version
    summary: str = ''
    problem: str = ''


def plugins(namespace: str) -> list[Plugin]:
    """Describe what is installed, by name; what cannot be loaded, too."""
    return [_describe_plugin(namespace, name) for name in available(namespace)]


def _describe_plugin(namespace: str, name: str) -> Plugin:
    origin = ' and '.join(
        sorted(
            {
                f'{one.name} {one.version}'
                for one in _distributions_of(namespace, name)
            }
        )
    )
    try:
        found = _load_plugin(namespace, name)
    except HandlerLoadError as error:
        return Plugin(name=name, origin=origin, problem=error.why)
    first = (inspect.getdoc(found) or '').partition('\n')[0]
    return Plugin(name=name, origin=origin, summary=first)


def load_handler(name: str, conf: Any, **resources: Any) -> CacheHandler:
    """Build the handler of that name from its options.

    :raises HandlerNotFound: when nothing of that name is installed.
    :raises HandlerLoadError: when it is installed and cannot be used.
    :raises ConfigurationError: when one of its options cannot be honoured.
    """
    plugin = _load_plugin(HANDLERS, name)
    if not (isinstance(plugin, type) and issubclass(plugin, CacheHandler)):
        raise _wrong_plugin(
            HANDLERS, name, plugin, 'a subclass of CacheHandler'
        )
    if inspect.isabstract(plugin):
        missing = ', '.join(sorted(plugin.__abstractmethods__))
        raise HandlerLoadError(
            name, f'{_describe(plugin)} does not define {missing}'
        )
    try:
        handler = plugin.from_conf(conf, **resources)
    except ImportError as error:
        # A handler imports its SDK no sooner than when it is built.
        raise HandlerLoadError(
            name, _cause_text(HANDLERS, name, error)
        ) from error
    # Asked by its type: a handler that is false is a handler all the same.
    if not isinstance(handler, CacheHandler):
        raise _wrong_plugin(
            HANDLERS, name, handler, 'a CacheHandler', 'built '
        )
    return handler


def load_order(name: str) -> Order:
    """Give the order of the policy of that name.

    :raises HandlerNotFound: when nothing of that name is installed.
    :raises HandlerLoadError: when it is installed and cannot be used.
    """
    order: Order = _load_plugin(POLICIES, name)
    if not callable(order):
        raise _wrong_plugin(POLICIES, name, order, 'a function')
    return order


def option_groups() -> list[tuple[str, list[Any]]]:
    """Give the groups of options of everything that is installed.

    What cannot be loaded is left out: its options cannot be judged.
    """
    names = [one for one in available(OPTIONS) if one.startswith(_OURS)]
    manager = _manager(OPTIONS, names, lambda *_: None)
    return [group for one in manager for group in one.plugin()]


def _load_plugin(namespace: str, name: str) -> Any:
    kind = _KINDS[namespace]
    offered = [p for p in _entry_points(namespace) if p.name == name]
    if not offered:
        raise HandlerNotFound(name, available(namespace), kind)
    if len(offered) > 1:
        both = ' and '.join(_origins_of(namespace, name))
        why = f'it is offered twice, by {both}: uninstall all but one'
        raise HandlerLoadError(name, why, kind)
    failures: list[BaseException] = []
    manager = _manager(
        namespace,
        [name],
        # Without it stevedore only logs the cause.
        lambda _manager, _point, error: failures.append(error),
    )
    if failures:
        why = _cause_text(namespace, name, failures[0])
        raise HandlerLoadError(name, why, kind) from failures[0]
    return manager[name].plugin


def _manager(
    namespace: str,
    names: list[str],
    on_failure: Callable[..., None] | None = None,
) -> named.NamedExtensionManager[Any]:
    return named.NamedExtensionManager(
        namespace,
        names,
        on_load_failure_callback=on_failure,
        on_missing_entrypoints_callback=None,
    )


def _entry_points(namespace: str) -> list[importlib.metadata.EntryPoint]:
    return _manager(namespace, []).list_entry_points()


def _cause_text(namespace: str, name: str, error: BaseException) -> str:
    """Say what failed and, if something is not installed, what to install."""
    text = f'{type(error).__name__}: {error}'
    if not isinstance(error, ImportError):
        return text
    for distribution in _distributions_of(namespace, name):
        if name in (distribution.metadata.get_all('Provides-Extra') or ()):
            return f"{text}; pip install '{distribution.name}[{name}]'"
    return text


def _distributions_of(
    namespace: str, name: str
) -> Iterator[importlib.metadata.Distribution]:
    # Asked only to explain: stevedore's entry points come from its cache and
    # do not know their distribution.
    points = importlib.metadata.entry_points(group=namespace, name=name)
    for point in points:
        if point.dist is not None:
            yield point.dist


def _origins_of(namespace: str, name: str) -> list[str]:
    points = importlib.metadata.entry_points(group=namespace, name=name)
    return sorted(
        {
            f'{point.dist.name if point.dist else "?"} ({point.value})'
            for point in points
        }
    )


def _wrong_plugin(
    namespace: str, name: str, found: object, wanted: str, verb: str = ''
) -> HandlerLoadError:
    why = f'it {verb or "is "}{_describe(found)}, not {wanted}'
    return HandlerLoadError(name, why, _KINDS[namespace])


def _describe(found: object) -> str:
    if inspect.ismodule(found):
        return f'the module {found.__name__}'
    if isinstance(found, type) or inspect.isroutine(found):
        what = 'class' if isinstance(found, type) else 'function'
        return f'the {what} {found.__module__}.{found.__qualname__}'
    return f'a {type(found).__name__}'
