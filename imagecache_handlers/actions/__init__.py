"""Actions: the protocol by which images are kept and go."""
