"""The image caches of hypervisor hosts: what is in them, why, how long.

Importing this loads nothing else: each name is imported from its module when
it is asked for first.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagecache_handlers.actions.prefetched import Began
    from imagecache_handlers.actions.prefetched import Ended
    from imagecache_handlers.actions.prefetched import Got
    from imagecache_handlers.actions.prefetched import Prefetched
    from imagecache_handlers.actions.prefetched import Progress
    from imagecache_handlers.actions.prefetched import Waiting
    from imagecache_handlers.actions.report import Did
    from imagecache_handlers.actions.report import Outcome
    from imagecache_handlers.actions.report import Report
    from imagecache_handlers.actions.retiring import Retirements
    from imagecache_handlers.actions.slow_calls import RunningCalls
    from imagecache_handlers.actions.stores import Inventory
    from imagecache_handlers.actions.verifying import Proof
    from imagecache_handlers.actions.verifying import Verified
    from imagecache_handlers.cache import ImageCache
    from imagecache_handlers.checksum import Checksum
    from imagecache_handlers.clocks import utc_now
    from imagecache_handlers.exceptions import CacheError
    from imagecache_handlers.exceptions import Cancelled
    from imagecache_handlers.exceptions import ConfigurationError
    from imagecache_handlers.exceptions import HandlerFailed
    from imagecache_handlers.exceptions import HandlerLoadError
    from imagecache_handlers.exceptions import HandlerNotFound
    from imagecache_handlers.exceptions import ImageBusy
    from imagecache_handlers.exceptions import ImageExists
    from imagecache_handlers.exceptions import ImageInUse
    from imagecache_handlers.exceptions import ImageNotFound
    from imagecache_handlers.exceptions import NoRoom
    from imagecache_handlers.exceptions import NotSupported
    from imagecache_handlers.exceptions import NotUnderstood
    from imagecache_handlers.exceptions import SourceError
    from imagecache_handlers.exceptions import Stopped
    from imagecache_handlers.exceptions import StoreBusy
    from imagecache_handlers.exceptions import StoreFull
    from imagecache_handlers.exceptions import StoreNotFound
    from imagecache_handlers.exceptions import StoreUnavailable
    from imagecache_handlers.exceptions import TooLate
    from imagecache_handlers.exceptions import Uncertain
    from imagecache_handlers.exceptions import Undeletable
    from imagecache_handlers.exceptions import Unfinished
    from imagecache_handlers.exceptions import Unsupported
    from imagecache_handlers.handler import always
    from imagecache_handlers.handler import CacheHandler
    from imagecache_handlers.handler import check_claimed
    from imagecache_handlers.labels import check_label
    from imagecache_handlers.labels import Marks
    from imagecache_handlers.model import CachedImage
    from imagecache_handlers.model import Debris
    from imagecache_handlers.model import Evidence
    from imagecache_handlers.model import Host
    from imagecache_handlers.model import ImageMeta
    from imagecache_handlers.model import Reservation
    from imagecache_handlers.model import Retired
    from imagecache_handlers.model import Store
    from imagecache_handlers.planning.protected import Patterns
    from imagecache_handlers.planning.rules import Rules
    from imagecache_handlers.planning.verdicts import Blocked
    from imagecache_handlers.planning.verdicts import Blocker
    from imagecache_handlers.planning.verdicts import Change
    from imagecache_handlers.planning.verdicts import Left
    from imagecache_handlers.planning.verdicts import Plan
    from imagecache_handlers.planning.verdicts import Reason
    from imagecache_handlers.planning.verdicts import Space
    from imagecache_handlers.planning.verdicts import Verdict
    from imagecache_handlers.prefetch_settings import PrefetchSettings
    from imagecache_handlers.source import Hole
    from imagecache_handlers.source import LocalFile
    from imagecache_handlers.source import RangedSource
    from imagecache_handlers.source import Stretch

__all__ = [
    'Began',
    'Blocked',
    'Blocker',
    'CacheError',
    'CacheHandler',
    'CachedImage',
    'Cancelled',
    'Change',
    'Checksum',
    'ConfigurationError',
    'Debris',
    'Did',
    'Ended',
    'Evidence',
    'Got',
    'HandlerFailed',
    'HandlerLoadError',
    'HandlerNotFound',
    'Hole',
    'Host',
    'ImageBusy',
    'ImageCache',
    'ImageExists',
    'ImageInUse',
    'ImageMeta',
    'ImageNotFound',
    'Inventory',
    'Left',
    'LocalFile',
    'Marks',
    'NoRoom',
    'NotSupported',
    'NotUnderstood',
    'Outcome',
    'Patterns',
    'Plan',
    'PrefetchSettings',
    'Prefetched',
    'Progress',
    'Proof',
    'RangedSource',
    'Reason',
    'Report',
    'Reservation',
    'Retired',
    'Retirements',
    'Rules',
    'RunningCalls',
    'SourceError',
    'Space',
    'Stopped',
    'Store',
    'StoreBusy',
    'StoreFull',
    'StoreNotFound',
    'StoreUnavailable',
    'Stretch',
    'TooLate',
    'Uncertain',
    'Undeletable',
    'Unfinished',
    'Unsupported',
    'Verdict',
    'Verified',
    'Waiting',
    'always',
    'check_claimed',
    'check_label',
    'utc_now',
]

# The module of each name that is not an error.
_MODULES = {
    'actions.prefetched': 'Began Ended Got Prefetched Progress Waiting',
    'actions.report': 'Did Outcome Report',
    'actions.retiring': 'Retirements',
    'actions.slow_calls': 'RunningCalls',
    'actions.stores': 'Inventory',
    'actions.verifying': 'Proof Verified',
    'cache': 'ImageCache',
    'checksum': 'Checksum',
    'clocks': 'utc_now',
    'handler': 'always CacheHandler check_claimed',
    'labels': 'check_label Marks',
    'model': (
        'CachedImage Debris Evidence Host ImageMeta Reservation Retired Store'
    ),
    'planning.protected': 'Patterns',
    'planning.rules': 'Rules',
    'planning.verdicts': (
        'Blocked Blocker Change Left Plan Reason Space Verdict'
    ),
    'prefetch_settings': 'PrefetchSettings',
    'source': 'Hole LocalFile RangedSource Stretch',
}
_HOMES = {
    name: module
    for module, names in _MODULES.items()
    for name in names.split()
}


# Those that check types read the imports above.
if not TYPE_CHECKING:

    def __getattr__(name):
        """Import a public name at its first use, and keep it."""
        if name not in __all__:
            text = f'module {__name__!r} has no attribute {name!r}'
            raise AttributeError(text)
        home = _HOMES.get(name, 'exceptions')
        found = getattr(importlib.import_module(f'{__name__}.{home}'), name)
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
