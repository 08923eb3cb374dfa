"""The image caches of vSphere hosts: cached folders on datastores."""
