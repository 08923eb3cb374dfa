"""For authors of handlers: the conformance kit, a tutorial, and faults."""
