"""The handler that ``imagecache new-handler`` writes keeps every promise."""

from imagecache_handlers.testing.template.kit import TestShelf

__all__ = ['TestShelf']
