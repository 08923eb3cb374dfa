"""Terminal: what rich finds out of one, for whoever draws on it."""

import shutil
from typing import TextIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console


def open_console(stream: TextIO) -> 'Console | None':
    """Give what draws on a stream; None: it is not a terminal.

    Whether somebody sees colours there, and wants to, rich decides (TERM,
    NO_COLOR).  It takes long to import, so that nothing else is asked of it.
    """
    if not stream.isatty():
        return None
    from rich.console import Console

    # A terminal, or COLUMNS, may say that it is narrower than one column.
    width = shutil.get_terminal_size((80, 24)).columns
    console = Console(file=stream, highlight=False, width=width)
    if console.no_color:
        # It would leave bold and dim, and these are wanted as little.
        return Console(
            file=stream, highlight=False, width=width, color_system=None
        )
    return console
