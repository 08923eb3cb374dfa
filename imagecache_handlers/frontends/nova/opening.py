"""Opening: the cache that the options in Nova's configuration ask for."""

from collections.abc import Mapping
import functools
import os
import threading
from typing import Any

from imagecache_handlers.cache import ImageCache
from imagecache_handlers.config.options import register_opts
from imagecache_handlers.config.settings import Settings
from imagecache_handlers.directory import DirectoryHandler
from imagecache_handlers.handler import CacheHandler
from imagecache_handlers import loader


class OpenedCache:
    """A handler, and the cache over it by the rules as they are now."""

    def __init__(
        self, conf: Any, lent: Mapping[str, Any], handler: str | None = None
    ) -> None:
        """Load the handler of that name; None: the one that is set.

        :raises CacheError: when it, or an option of it, cannot be honoured.
        """
        register_opts(conf)
        self.settings = Settings(conf)
        name = handler or self.settings.read_value('handler')
        self.handler: CacheHandler = loader.load_handler(name, conf, **lent)
        self._making = threading.Lock()
        self._cache: ImageCache | None = None
        # Once for all sweeps: each looks at what is installed.
        self._load_order = functools.cache(loader.load_order)
        self._rules = self.settings.make_rules(self._load_order)

    @property
    def cache(self) -> ImageCache:
        """The cache; a new one once the options make other rules.

        :raises CacheError: when an option cannot be honoured.
        """
        rules = self.settings.make_rules(self._load_order)
        # What is on its way counts for all who share one, so there is one.
        with self._making:
            if self._cache is None or rules != self._rules:
                self._rules = rules
                self._cache = ImageCache(self.handler, rules)
            return self._cache

    def has_folder(self, path: str) -> bool:
        """Tell if that folder, by its absolute path, is one of the stores."""
        handler = self.handler
        if not isinstance(handler, DirectoryHandler):
            return False
        return path in map(os.path.abspath, handler.paths)

    @property
    def removes_unused(self) -> bool:
        return self._rules.remove_unused
