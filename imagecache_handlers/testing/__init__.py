"""For authors of handlers: the conformance kit, faults, a handler to try."""
