"""Arrivals: what became of images that were to come in."""

from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any

from imagecache_handlers.actions.prefetched import Got
from imagecache_handlers.actions.prefetched import Prefetched
from imagecache_handlers.frontends.cli.pages.answer import Size
from imagecache_handlers.frontends.cli.pages import lines
from imagecache_handlers.frontends.cli.pages.text import printable
from imagecache_handlers import units

COLUMNS = ('image', 'store', 'did', 'size', 'seconds', 'tries', 'detail')


def rows_of(done: Iterable[Prefetched]) -> Iterator[tuple[Any, ...]]:
    """Give the row of each result."""
    for one in done:
        yield (
            one.image_id,
            printable(one.store),
            one.did.value,
            Size(one.size),
            round(one.seconds, 1),
            one.tries,
            printable(one.why),
        )


def page_lines(done: Iterable[Prefetched]) -> Iterator[lines.Line]:
    """Give a line for each result."""
    for one in done:
        tone = lines.Tone.STAYS if one.is_there else lines.Tone.TROUBLE
        yield lines.line(sentence(one), tone)


def sentence(one: Prefetched) -> str:
    """Say what became of one image."""
    name, store = printable(one.image_id), printable(one.store)
    if one.did is Got.CACHED:
        here = f', {units.size(one.found)} were here' if one.found else ''
        came = f'{units.size(one.size)} in {one.seconds:.1f} s{here}'
        return f'{name} is cached in {store}: {came}'
    if one.did is Got.EXISTING:
        doubt = f' ({printable(one.why)})' if one.why else ''
        return f'{name} is in {store} already, and kept for longer{doubt}'
    advice = f'. {_ADVICE}' if one.blind else ''
    return f'{name} {_FAILED[one.did]}: {printable(one.why)}{advice}'


_ADVICE = 'Tell who uses what: --in-use, --in-use-complete.'


_FAILED = {
    Got.UNSUPPORTED: 'cannot be cached there',
    Got.REFUSED: 'was refused',
    Got.ERROR: 'could not be fetched',
}
