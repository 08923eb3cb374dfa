"""The image caches of vSphere: cached image folders on datastores."""
