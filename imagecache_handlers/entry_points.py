"""Entry points that are installed, whatever the packages behind them do."""

from collections.abc import Callable
import functools
import importlib.metadata
import inspect
import sys
from typing import Any
from typing import TypeVar

from stevedore import named

from imagecache_handlers.exceptions import CacheError
from imagecache_handlers.exceptions import HandlerLoadError

# The entry points of handlers: classes, built by ``from_conf``.
HANDLERS = 'imagecache_handlers'
# The entry points of policies: functions, see ``model.Order``.
POLICIES = 'imagecache_handlers.policies'
# The entry points of lists of options, as oslo-config-generator reads them.
OPTIONS = 'oslo.config.opts'

# What their plug-ins are called.
KINDS = {
    HANDLERS: 'handler',
    POLICIES: 'policy',
    OPTIONS: 'list of options',
}

T = TypeVar('T')


class Installed(named.NamedExtensionManager[Any]):
    """Plug-ins as stevedore loads them, of those that are installed now.

    Its own list comes from a cache on disk, which cannot tell two moments
    apart that lie less than two minutes from each other.
    """

    def list_entry_points(self) -> list[importlib.metadata.EntryPoint]:
        return list_entry_points(self.namespace)


def list_entry_points(namespace: str) -> list[importlib.metadata.EntryPoint]:
    """List the entry points of a namespace, without importing any."""
    return list(_scan_installed(tuple(sys.path)).select(group=namespace))


@functools.lru_cache(maxsize=1)
def _scan_installed(path: tuple[str, ...]) -> Any:
    # Once in a process: what it has imported it keeps as well.  The type is
    # not the same in every Python; each can select.
    return importlib.metadata.entry_points()


def import_plugin(namespace: str, name: str) -> Any:
    """Import what one entry point names; raises whatever that raises."""

    def fail(_manager: object, _point: object, error: BaseException) -> None:
        # Without it stevedore only logs the cause.
        raise error

    manager = Installed(namespace, [name], on_load_failure_callback=fail)
    return manager[name].plugin


def call_plugin(
    namespace: str,
    point: importlib.metadata.EntryPoint,
    call: Callable[[], T],
) -> T:
    """Call what a package brings, so that it fails by its name only."""
    try:
        return call()
    except CacheError:
        raise
    except (Exception, SystemExit) as error:
        # Whatever it does at its import or in its options: who asked for
        # another plug-in is not to suffer.
        why = _cause_text(point, error)
        raise load_error(namespace, point, why) from error


def find_points(
    namespace: str, name: str
) -> list[importlib.metadata.EntryPoint]:
    """Find all that offer a name: more than one is a mistake of somebody."""
    return [one for one in list_entry_points(namespace) if one.name == name]


def load_error(
    namespace: str, point: importlib.metadata.EntryPoint, why: str
) -> HandlerLoadError:
    """Make an error that names the plug-in and its package."""
    kind = KINDS[namespace]
    return HandlerLoadError(point.name, why, kind, origin_of(point))


def _cause_text(
    point: importlib.metadata.EntryPoint, error: BaseException
) -> str:
    """Say what failed and, if something is not installed, what to install."""
    if isinstance(error, SystemExit):
        return f'it ends the program, with {error.code!r}'
    text = f'{type(error).__name__}: {error}'
    if isinstance(error, ImportError) and point.dist is not None:
        extras = point.dist.metadata.get_all('Provides-Extra') or ()
        if point.name in extras:
            wanted = f'{point.dist.name}[{point.name}]'
            return f"{text}; pip install '{wanted}'"
    return text


def package_of(point: importlib.metadata.EntryPoint) -> str:
    """Name the distribution that an entry point belongs to."""
    return point.dist.name if point.dist else '?'


def origin_of(point: importlib.metadata.EntryPoint) -> str:
    """Name that distribution and its version."""
    return f'{point.dist.name} {point.dist.version}' if point.dist else '?'


def not_wanted(found: object, wanted: str, verb: str = 'is ') -> str:
    """Say what something is that should have been something else."""
    return f'it {verb}{describe_object(found)}, not {wanted}'


def describe_object(found: object) -> str:
    """Name an object by its kind, and by where it was defined."""
    if inspect.ismodule(found):
        return f'the module {found.__name__}'
    if isinstance(found, type) or inspect.isroutine(found):
        what = 'class' if isinstance(found, type) else 'function'
        return f'the {what} {found.__module__}.{found.__qualname__}'
    return f'a {type(found).__name__}'
