"""Warned: a warning of a plan, which knows what kind it is."""

import enum
from typing import Self


class WarningKind(enum.StrEnum):
    """What a plan warns of."""

    LABEL = 'label'  # one that is not understood protects nothing
    PATTERN = 'pattern'  # one that protects nothing, or cannot be tested
    SIZE = 'size'  # of a pool, without which watermarks cannot work
    BY_HAND = 'by-hand'  # pins and patterns keep more than ever fits
    STRANGERS = 'strangers'  # a list of users that names nothing cached


class Warned(str):
    """The sentence itself, for people; ``kind`` is for programs."""

    __slots__ = ('kind',)
    kind: WarningKind

    @classmethod
    def of(cls, kind: WarningKind, text: str) -> Self:
        warned = cls(text)
        warned.kind = kind
        return warned
