"""The image caches of hypervisor hosts: what is in them, why, how long.

Importing this loads neither stevedore nor oslo.config; ``loader`` and
``opts`` do.
"""

from imagecache_handlers.cache import ImageCache
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
from imagecache_handlers.exceptions import StoreBusy
from imagecache_handlers.exceptions import StoreNotFound
from imagecache_handlers.exceptions import StoreUnavailable
from imagecache_handlers.exceptions import Uncertain
from imagecache_handlers.exceptions import Unfinished
from imagecache_handlers.exceptions import Unsupported
from imagecache_handlers.findings import Inventory
from imagecache_handlers.handler import always
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers.handler import check_claimed
from imagecache_handlers.marks import Marks
from imagecache_handlers.model import CachedImage
from imagecache_handlers.model import Debris
from imagecache_handlers.model import Evidence
from imagecache_handlers.model import Host
from imagecache_handlers.model import ImageMeta
from imagecache_handlers.model import Store
from imagecache_handlers.patterns import Patterns
from imagecache_handlers.rules import Rules
from imagecache_handlers.verdicts import Blocked
from imagecache_handlers.verdicts import Blocker
from imagecache_handlers.verdicts import Change
from imagecache_handlers.verdicts import Did
from imagecache_handlers.verdicts import Left
from imagecache_handlers.verdicts import Outcome
from imagecache_handlers.verdicts import Plan
from imagecache_handlers.verdicts import Reason
from imagecache_handlers.verdicts import Report
from imagecache_handlers.verdicts import Space
from imagecache_handlers.verdicts import Verdict

__all__ = [
    'Blocked',
    'Blocker',
    'CacheError',
    'CacheHandler',
    'CachedImage',
    'Cancelled',
    'Change',
    'ConfigurationError',
    'Debris',
    'Did',
    'Evidence',
    'HandlerFailed',
    'HandlerLoadError',
    'HandlerNotFound',
    'Host',
    'ImageBusy',
    'ImageCache',
    'ImageExists',
    'ImageInUse',
    'ImageMeta',
    'ImageNotFound',
    'Inventory',
    'Left',
    'Marks',
    'NoRoom',
    'NotSupported',
    'NotUnderstood',
    'Outcome',
    'Patterns',
    'Plan',
    'Reason',
    'Report',
    'Rules',
    'Space',
    'Store',
    'StoreBusy',
    'StoreNotFound',
    'StoreUnavailable',
    'Uncertain',
    'Unfinished',
    'Unsupported',
    'Verdict',
    'always',
    'check_claimed',
]
