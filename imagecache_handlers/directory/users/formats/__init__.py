"""Formats: which files a disk names, by its form."""
