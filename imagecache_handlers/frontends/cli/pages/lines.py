"""Lines of text whose parts have a meaning, which a terminal may colour."""

from collections.abc import Iterable
import dataclasses
import enum
import os
import shutil
from typing import NamedTuple
from typing import TextIO


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
    if coloured(stream):
        _draw_lines(lines, stream)
        return
    for one in lines:
        stream.write(f'{one}\n')


def coloured(stream: TextIO) -> bool:
    """Tell if somebody sees colours there, and wants to."""
    dumb = os.environ.get('TERM') in ('dumb', 'unknown')
    wanted = not os.environ.get('NO_COLOR')
    return stream.isatty() and wanted and not dumb


def _draw_lines(lines: Iterable[Line], stream: TextIO) -> None:
    from rich.console import Console
    from rich.text import Text

    # A terminal, or COLUMNS, may say that it is narrower than one column.
    width = shutil.get_terminal_size((80, 24)).columns
    console = Console(file=stream, highlight=False, width=width)
    for one in lines:
        parts = [(span.text, span.tone.value) for span in one.spans]
        # Already as wide as they shall be: not to be wrapped again.
        console.print(Text.assemble(*parts), soft_wrap=True)
