"""The embedded default: images that are files in a folder."""

from imagecache_handlers.directory.handler import DirectoryHandler

__all__ = ['DirectoryHandler']
