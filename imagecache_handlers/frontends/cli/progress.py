"""Progress of a sweep, live, where somebody sees it."""

from collections.abc import Callable
from collections.abc import Iterator
import contextlib
import os
import shutil
import sys

from imagecache_handlers.actions.report import Outcome
from imagecache_handlers.planning.verdicts import Plan
from imagecache_handlers import units


@contextlib.contextmanager
def shown(plan: Plan) -> Iterator[Callable[[Outcome], object]]:
    """Give what is to be told each outcome."""
    dumb = os.environ.get('TERM') in ('dumb', 'unknown')
    if plan.evictions and sys.stderr.isatty() and not dumb:
        with _show_bar(len(plan.evictions)) as tell:
            yield tell
    else:
        yield lambda outcome: None


@contextlib.contextmanager
def _show_bar(total: int) -> Iterator[Callable[[Outcome], object]]:
    from rich.console import Console
    from rich import progress

    columns = (
        progress.TextColumn('Evicting'),
        progress.BarColumn(),
        progress.MofNCompleteColumn(),
        progress.TextColumn('{task.description}'),
    )
    width = shutil.get_terminal_size((80, 24)).columns
    console = Console(stderr=True, width=width)
    with progress.Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task('', total=total)
        freed: list[int] = []

        def tell(outcome: Outcome) -> None:
            freed.append(outcome.freed or 0)
            told = f'{units.size(sum(freed))} freed'
            bar.update(task, completed=len(freed), description=told)

        yield tell
