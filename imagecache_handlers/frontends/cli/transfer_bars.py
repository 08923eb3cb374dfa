"""Transfer bars: images on their way in, live, where somebody sees them."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
from typing import TextIO
from typing import TYPE_CHECKING

from imagecache_handlers.actions.prefetched import Began
from imagecache_handlers.actions.prefetched import Ended
from imagecache_handlers.actions.prefetched import Event
from imagecache_handlers.actions.prefetched import Progress
from imagecache_handlers.actions.prefetched import Tell
from imagecache_handlers.actions.prefetched import Waiting
from imagecache_handlers.frontends.cli.pages.terminal import open_console

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID


@contextlib.contextmanager
def shown(stream: TextIO, otherwise: Tell) -> Iterator[Tell]:
    """Give what is to be told each event, from any thread.

    A terminal has a bar for each image; elsewhere ``otherwise`` is told.
    """
    console = open_console(stream)
    # On a terminal that cannot go back in a line nothing can move.
    if console is not None and not console.is_dumb_terminal:
        with _show_bars(console) as tell:
            yield tell
    else:
        yield otherwise


@contextlib.contextmanager
def _show_bars(console: 'Console') -> Iterator[Tell]:
    from rich import progress

    columns = (
        progress.TextColumn('{task.description}'),
        progress.BarColumn(),
        progress.DownloadColumn(binary_units=True),
        progress.TransferSpeedColumn(),
        progress.TimeRemainingColumn(),
    )
    with progress.Progress(*columns, console=console, transient=True) as bars:
        yield _move_bars(bars)


def _move_bars(bars: 'Bars') -> Callable[[Event], None]:
    tasks: dict[tuple[str, str], TaskID] = {}

    def show_bar(name: str, store: str, text: str, size: int | None) -> None:
        """Have one bar for an image, which begins now."""
        if (name, store) in tasks:
            bars.remove_task(tasks[name, store])
        tasks[name, store] = bars.add_task(text, total=size)

    def tell(event: Event) -> None:
        match event:
            case Waiting(image_id=name, store=store):
                show_bar(name, store, f'{name} waits for others', None)
            case Began(image_id=name, store=store, size=size):
                show_bar(name, store, name, size)
            case Progress(image_id=name, store=store, done=done):
                if (name, store) in tasks:
                    bars.update(tasks[name, store], completed=done)
            case Ended(result=result):
                task = tasks.pop((result.image_id, result.store), None)
                if task is not None:
                    bars.remove_task(task)

    return tell
