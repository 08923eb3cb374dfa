"""Libvirt's domains: who uses which image, as a host's libvirt tells."""
