"""Directory: the embedded default, for images that are files in a folder."""

from imagecache_handlers.directory.handler import DirectoryHandler
from imagecache_handlers.directory.nova_process import NO_NOVA_HERE

__all__ = ['NO_NOVA_HERE', 'DirectoryHandler']
