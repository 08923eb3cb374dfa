"""Command line: ``imagecache``."""
