"""Lines of text whose parts have a meaning, which a terminal may colour."""

from collections.abc import Iterable
import dataclasses
import enum
from typing import NamedTuple
from typing import TextIO
from typing import TYPE_CHECKING

from imagecache_handlers.frontends.cli.pages.terminal import open_console

if TYPE_CHECKING:
    from rich.console import Console


class Tone(enum.Enum):
    """What a part of a line means."""

    PLAIN = ''
    HEAD = 'bold'
    GOES = 'yellow'
    STAYS = 'green'
    FREE = 'dim'
    TROUBLE = 'bold red'


class Span(NamedTuple):
    """A part of a line."""

    text: str
    tone: Tone = Tone.PLAIN


@dataclasses.dataclass(frozen=True, slots=True)
class Line:
    """One line; as a string it is as clear without its tones."""

    spans: tuple[Span, ...] = ()

    def __str__(self) -> str:
        return ''.join(span.text for span in self.spans)


def line(text: str = '', tone: Tone = Tone.PLAIN) -> Line:
    """Make a line of one part."""
    return Line((Span(text, tone),))


def write(lines: Iterable[Line], stream: TextIO) -> None:
    """Write lines, in colours if a terminal shows them."""
    console = open_console(stream)
    if console is None:
        for one in lines:
            stream.write(f'{one}\n')
    else:
        _draw_lines(lines, console)


def _draw_lines(lines: Iterable[Line], console: 'Console') -> None:
    from rich.text import Text

    for one in lines:
        parts = [(span.text, span.tone.value) for span in one.spans]
        # Already as wide as they shall be: not to be wrapped again.
        console.print(Text.assemble(*parts), soft_wrap=True)
