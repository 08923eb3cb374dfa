"""Frontends: callers of the core, which never imports them."""
