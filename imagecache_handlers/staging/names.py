"""Names: what lies in the folder of the stages, and which image it is of.

They are the same at each try, so that the next one, in whatever process,
finds what is there.  An image that has other bytes by now has other names.
"""

import dataclasses
import hashlib
import re
from typing import Self

from imagecache_handlers.model import ImageMeta

# As much of an id as fits, for people.
_SHOWN = 64
_NAME = re.compile(
    r'[A-Za-z0-9_][A-Za-z0-9._-]{0,63}-[0-9a-f]{16}'
    r'(\.[0-9a-f]{16}\.(stage|record|new|made)|\.lock)'
)


@dataclasses.dataclass(frozen=True, slots=True)
class Names:
    """The files of one image: ``stage`` as it came, ``made`` of that."""

    image: str
    content: str

    @classmethod
    def of(cls, meta: ImageMeta) -> Self:
        image = f'{meta.image_id[:_SHOWN]}-{_digest(meta.image_id)}'
        return cls(image, f'{image}.{_digest(identify_content(meta))}')

    @property
    def lock(self) -> str:
        return f'{self.image}.lock'

    @property
    def stage(self) -> str:
        return f'{self.content}.stage'

    @property
    def record(self) -> str:
        return f'{self.content}.record'

    @property
    def new_record(self) -> str:
        return f'{self.content}.new'

    @property
    def made(self) -> str:
        return f'{self.content}.made'

    @property
    def files(self) -> tuple[str, ...]:
        """All but the lock, which its holder removes."""
        return self.stage, self.made, self.new_record, self.record

    def is_older(self, entry: str) -> bool:
        """Tell if that is a file of the same image with other bytes."""
        return (
            is_ours(entry)
            and entry.startswith(f'{self.image}.')
            and entry not in (self.lock, *self.files)
        )


def identify_content(meta: ImageMeta) -> str:
    """Tell images with other bytes apart, as far as that is known."""
    known = meta.checksum
    value = f'{known.algorithm}:{known.value}' if known else 'unknown'
    return f'{meta.size} {value}'


def is_ours(entry: str) -> bool:
    """Tell if a name is one that stages have."""
    return _NAME.fullmatch(entry) is not None


def lock_of(entry: str) -> str:
    """Give the lock that whoever works on that file holds."""
    if entry.endswith('.lock'):
        return entry
    return f'{entry.rsplit(".", 2)[0]}.lock'


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]
