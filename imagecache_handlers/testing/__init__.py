"""Testing: a kit for authors of handlers, faults, and a handler to try."""
