"""Protected: images that an operator keeps by their names.

A pattern is an exact image id, ``prefix*`` or ``*word*``.  It is anchored
and case-sensitive: ``prefix*`` begins, ``*word*`` contains, nothing else.
"""

from collections.abc import Callable
from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
import dataclasses
from typing import Self

from imagecache_handlers.model import check_image_id


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """The protected patterns, parsed once by ``Patterns.parse``."""

    # What the operator wrote, by the id that a backend lists for it.
    exact: Mapping[str, str] = dataclasses.field(default_factory=dict)
    prefixes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    # Wildcards of ids that a backend lists by other names.
    blind: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, patterns: Iterable[str]) -> Self:
        """Sort patterns by their kind.

        :raises ValueError: when one is of no kind, or protects everything.
        """
        exact: dict[str, str] = {}
        prefixes, words = set(), set()
        for pattern in patterns:
            stem = check_stem(pattern)
            if stem == pattern:
                exact[stem] = pattern
            elif pattern.startswith('*'):
                words.add(stem)
            else:
                prefixes.add(stem)
        return cls(
            exact=exact,
            prefixes=tuple(sorted(prefixes)),
            words=tuple(sorted(words)),
        )

    def __bool__(self) -> bool:
        return bool(self.exact or self.prefixes or self.words)

    def keyed(self, key: Callable[[str], str]) -> Self:
        """Look for exact ids as a backend lists them.

        Wildcards are held against what it lists, whatever ids that stands
        for; where that is something else they are ``blind``.
        """
        exact = {key(one): written for one, written in self.exact.items()}
        blind = [
            pattern
            for pattern, example in self._example_ids()
            if key(example) != example
        ]
        return dataclasses.replace(self, exact=exact, blind=frozenset(blind))

    def _example_ids(self) -> Iterator[tuple[str, str]]:
        """Give each wildcard with an id that it matches."""
        for prefix in self.prefixes:
            yield f'{prefix}*', prefix
        for word in self.words:
            # Where an image id may not begin, a word may.
            yield f'*{word}*', f'_{word}'

    def match(self, image_id: str) -> str | None:
        """Give the first pattern that protects an image."""
        if image_id in self.exact:
            return self.exact[image_id]
        if image_id.startswith(self.prefixes):
            found = next(filter(image_id.startswith, self.prefixes))
            return f'{found}*'
        for word in self.words:
            if word in image_id:
                return f'*{word}*'
        return None

    def find_unmatched(self, image_ids: Collection[str]) -> list[str]:
        """Give the patterns that protect none of these images.

        Of those that are blind this says nothing.
        """
        exact = [
            written
            for one, written in self.exact.items()
            if one not in image_ids
        ]
        prefixes = [
            f'{prefix}*'
            for prefix in self.prefixes
            if not any(one.startswith(prefix) for one in image_ids)
        ]
        words = [
            f'*{word}*'
            for word in self.words
            if not any(word in one for one in image_ids)
        ]
        wild = [one for one in prefixes + words if one not in self.blind]
        return sorted(exact) + wild


def check_stem(pattern: str) -> str:
    """Give what a pattern looks for, without its stars."""
    if pattern.startswith('*') and pattern.endswith('*'):
        stem = pattern[1:-1]
    else:
        stem = pattern.removesuffix('*')
    if not stem:
        raise ValueError(
            f'protected pattern {pattern!r} protects every image: '
            f'set policy = protected if nothing is to go by itself'
        )
    try:
        # A word may begin where an image id may not.
        check_image_id(f'_{stem}' if pattern.startswith('*') else stem)
    except ValueError:
        raise ValueError(
            f'protected pattern {pattern!r} can match no image: write an '
            f'exact image id, prefix* or *word*'
        ) from None
    return stem
