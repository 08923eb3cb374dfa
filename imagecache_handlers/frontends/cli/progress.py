"""Progress of a sweep, live, where somebody sees it."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import sys
from typing import TYPE_CHECKING

from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.frontends.cli.pages.terminal import open_console
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers import units

if TYPE_CHECKING:
    from rich.console import Console


@contextlib.contextmanager
def shown(plan: Plan) -> Iterator[Callable[[Outcome], object]]:
    """Give what is to be told each outcome."""
    console = open_console(sys.stderr) if plan.evictions else None
    # On a terminal that cannot go back in a line nothing can move.
    if console is not None and not console.is_dumb_terminal:
        with _show_bar(console, len(plan.evictions)) as tell:
            yield tell
    else:
        yield lambda outcome: None


@contextlib.contextmanager
def _show_bar(
    console: 'Console', total: int
) -> Iterator[Callable[[Outcome], object]]:
    from rich import progress

    columns = (
        progress.TextColumn('Evicting'),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn('{task.description}'),
    )
    with progress.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task('', total=total)
        freed: list[int] = []

        def tell(outcome: Outcome) -> None:
            freed.append(outcome.freed or 0)
            told = f'{units.size(sum(freed))} freed'
            bar.update(task, completed=len(freed), description=told)

        yield tell
