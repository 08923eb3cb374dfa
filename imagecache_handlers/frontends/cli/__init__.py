"""The command ``imagecache``."""
