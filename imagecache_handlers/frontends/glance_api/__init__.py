"""Glance's API: which images it gives out no more."""
