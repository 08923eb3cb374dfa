"""Doubts: why an answer of Nova's does not prove that an image has no user."""


class Doubt(Exception):
    """An answer is not what Nova gives, or does not fit the one before.

    What was told until then proves use all the same.
    """
