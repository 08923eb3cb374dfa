"""Adoptions: what became of files that were to be images."""

from collections.abc import Collection
from collections.abc import Iterable
from collections.abc import Iterator
import dataclasses
import enum
from typing import Any
from typing import Protocol

from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers import units

COLUMNS = ('file', 'store', 'size', 'image', 'did', 'detail')


class Did(enum.Enum):
    """What became of a file, as programs read it."""

    LEFT = 'left alone'
    REFUSED = 'refused'
    WOULD = 'would be adopted'
    ADOPTED = 'adopted'
    ALREADY = 'an image already'


class File(Protocol):
    """What is shown of a file; ``size`` is what it holds, in bytes."""

    @property
    def store(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Adoption:
    """What becomes of one file; ``why``, unless it is an image then."""

    file: File
    image_id: str
    did: Did = Did.LEFT
    why: str = ''


def rows_of(done: Iterable[Adoption]) -> Iterator[tuple[Any, ...]]:
    """Give the row of each file."""
    for one in done:
        file, image_id = one.file, printable(one.image_id)
        place = printable(file.name), printable(file.store), Size(file.size)
        yield (*place, image_id, one.did.value, printable(one.why))


def page_lines(
    done: Collection[Adoption], *, whole: bool
) -> Iterator[lines.Line]:
    """Give a line for each file; ``whole``: all stores could be read."""
    if not done:
        where = '' if whole else ' in what could be read'
        yield lines.line(f'There is nothing to adopt{where}.')
    for one in done:
        file = one.file
        # Of what is not there no size is known.
        size = f' ({units.size(file.size)})' if file.size else ''
        as_ = f' as {one.image_id}' if one.image_id != file.name else ''
        why = f': {one.why}' if one.why else ''
        text = f'{file.name}{size} in {file.store} {_SAID[one.did]}{as_}{why}'
        yield lines.line(printable(text), _TONES[one.did])


_SAID = {
    Did.LEFT: 'is left alone',
    Did.REFUSED: 'is not adopted',
    Did.WOULD: 'would be adopted',
    Did.ADOPTED: 'is an image now',
    Did.ALREADY: 'is an image already',
}
_TONES = {
    Did.LEFT: lines.Tone.FREE,
    Did.REFUSED: lines.Tone.TROUBLE,
    Did.WOULD: lines.Tone.STAYS,
    Did.ADOPTED: lines.Tone.STAYS,
    Did.ALREADY: lines.Tone.STAYS,
}
