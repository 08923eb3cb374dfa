"""The image caches of XenAPI hosts: cached VDIs in storage repositories."""
