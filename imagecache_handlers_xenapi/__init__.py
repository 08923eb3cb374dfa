"""XenAPI: the image caches of its hosts, VDIs in storage repositories."""
