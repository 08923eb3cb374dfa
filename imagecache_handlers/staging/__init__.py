"""Staging: an image on its way in, on this host."""
