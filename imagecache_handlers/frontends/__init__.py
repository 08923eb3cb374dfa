"""Callers of the core, which never imports them."""
